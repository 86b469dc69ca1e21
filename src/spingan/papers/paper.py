"""The numbers that paper S prints about energy."""

from dataclasses import dataclass
from functools import cache

from spingan.errors import UserError
from spingan.papers.printed import load_yaml


@dataclass(frozen=True)
class PrintedCell:
    """One row of Table I of paper S with the net that explains it.

    Attributes:
        net: Counts of leaky ReLU, ReLU and trainable values that the row follows from (docs/derivations.md, section 3).
        table: Printed figures as text, by quantity and unit (`forward_nj`).
        notes: Where the row contradicts itself or the text.
    """

    key: str
    dataset: str
    net: dict[str, int]
    table: dict[str, str]
    notes: tuple[str, ...]

    @property
    def update_energy_j(self) -> float:
        """The printed energy of one update of all trainable values."""
        return float(self.table["update_nj"]) * 1e-9

    @property
    def implied_update_j(self) -> float:
        """The same over the trainable values: what one of them would cost."""
        return self.update_energy_j / self.net["trainable"]


@dataclass(frozen=True)
class PaperNumbers:
    """What paper S prints about energy."""

    source: str
    leaky_relu_energy_j: float
    relu_energy_j: float
    state_update_energy_j: float
    weight_bits: int
    optimiser_updates: int
    backward_per_forward: int
    cells: dict[str, PrintedCell]
    notes: tuple[str, ...]

    def cell(self, key: str) -> PrintedCell:
        """The row of Table I of that recipe.

        Raises:
            UserError: The table has no such row.
        """
        if key not in self.cells:
            raise UserError(f"the paper's Table I has no row {key!r}", f"Choose one of: {', '.join(self.cells)}.")
        return self.cells[key]


@cache
def paper_numbers() -> PaperNumbers:
    """The figures of `paper_numbers.yaml`, in SI units where they are not kept as printed."""
    data = load_yaml("paper_numbers.yaml")
    devices = data["devices"]
    return PaperNumbers(
        source=data["source"],
        leaky_relu_energy_j=float(devices["leaky_relu_energy_pj"]) * 1e-12,
        relu_energy_j=float(devices["relu_energy_fj"]) * 1e-15,
        state_update_energy_j=float(devices["state_update_energy_fj"]) * 1e-15,
        weight_bits=int(devices["weight_bits"]),
        optimiser_updates=int(data["optimiser_updates"]),
        backward_per_forward=int(data["backward_per_forward"]),
        cells={
            key: PrintedCell(key, cell["dataset"], cell["net"], cell["table_1"], tuple(cell["notes"]))
            for key, cell in data["cells"].items()
        },
        notes=tuple(data["notes"]),
    )


_NETS = {"fashion-mnist": "fashion", "anime-faces": "colour-64"}  # of the rows of Table I
_TECHNOLOGIES = ("skyrmion-published", "skyrmion-published-smooth")  # the paper's devices, as printed


def printed_row(data: str, net: str, technology: str) -> str | None:
    """The row of Table I about that image set; None where the paper prints none for such a net on such devices."""
    same = _NETS.get(data) == net and technology in _TECHNOLOGIES
    return data if same and data in paper_numbers().cells else None
