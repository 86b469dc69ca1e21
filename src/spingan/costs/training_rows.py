"""Training with one image on the chip, beside it, and on machines, side by side; and how long devices last by it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from spingan.costs.account import FullBill
from spingan.costs.components import Library
from spingan.costs.counts import ModelCounts
from spingan.costs.side_by_side import machine_row

YEAR_S = 365.25 * 86_400.0


@dataclass(frozen=True)
class TrainingRow:
    """Training with one image. None is not counted.

    Attributes:
        name: `on the chip, RULE`, `beside the chip`, or a machine.
        pulses: On all devices, an image.
        basis: Where the figures are from.
    """

    name: str
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    time_s: float | None
    pulses: float | None
    basis: str


@dataclass(frozen=True)
class TrainingCompared:
    """Rows, and how long devices last.

    Attributes:
        lifetime_epochs: Until a device has had the writes that it stands; None where the writes were not counted.
        lifetime_years: The same, training without a pause in the time of the bill.
    """

    rows: tuple[TrainingRow, ...]
    lifetime_epochs: float | None
    lifetime_years: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def compare_training(
    bills: Mapping[str, FullBill],
    counts: Mapping[str, ModelCounts],
    library: Library,
    *,
    images: int,
    lifetime_epochs: float | None,
) -> TrainingCompared:
    """Bills of one net by the way it is trained, the first being that of the devices' lifetime; and all machines.

    Args:
        images: Of an epoch.
        lifetime_epochs: Epochs until a device has had the writes that it stands, counted in a training.
    """
    rows = [_row(name, bill) for name, bill in bills.items()]
    macs = training_macs(counts, library)
    for name, machine in library.machines.items():
        row = machine_row(name, machine, macs)
        basis = "; ".join((*row.missing, row.basis))
        rows.append(TrainingRow(name, row.energy_j, row.energy_low_j, row.energy_high_j, row.time_s, None, basis))
    time_s = rows[0].time_s
    years = None if lifetime_epochs is None or not time_s else lifetime_epochs * images * time_s / YEAR_S
    return TrainingCompared(tuple(rows), lifetime_epochs, years)


def training_macs(counts: Mapping[str, ModelCounts], library: Library) -> int:
    """Multiplications of training with one image, without inserted zeros: forward, back, and the gradients."""
    total = 0.0
    for net, model in counts.items():
        passes = library.passes[net]
        total += model.total("useful_macs") * (passes.forward + passes.backward + passes.gradients)
    return round(total)


def _row(name: str, bill: FullBill) -> TrainingRow:
    account = bill.training
    assert account is not None
    writes: Sequence[float] = [item.count for item in account.items if item.item.endswith("writes")]
    energy, low, high = (account.total(field) for field in ("energy_j", "energy_low_j", "energy_high_j"))
    basis = "the bill's own items and sources"
    return TrainingRow(name, energy or None, low, high, account.time_s or None, sum(writes) or None, basis)
