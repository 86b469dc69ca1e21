"""A printed number beside ours: a row of the comparison that every device command prints."""

from dataclasses import asdict, dataclass
from typing import Any

DIGITS = 12  # more are rounding noise: 304.99999999999994 ns are 305


@dataclass(frozen=True)
class Row:
    """One quantity as printed and as found, in `unit`; None: not printed, or not found, and `note` says why.

    Both numbers are kept to 12 significant digits.
    """

    quantity: str
    printed: float | None
    ours: float | None
    unit: str
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("printed", "ours"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(
                    self, name, type(value)(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
                )

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-able values."""
        return asdict(self)
