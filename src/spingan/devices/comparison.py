"""A printed number beside ours: a row of the comparison that every device command prints."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One quantity as printed and as found, in `unit`; None: not printed, or not found, and `note` says why."""

    quantity: str
    printed: float | None
    ours: float | None
    unit: str
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-able values."""
        return asdict(self)
