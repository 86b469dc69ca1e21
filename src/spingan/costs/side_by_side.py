"""One image on several technologies, a graphics card and a processor, side by side."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spingan.costs.account import FullBill
from spingan.costs.components import Machine

PAPER_S = "skyrmion-published"
"""The technology that takes paper S at its word: its printed devices, and everything else counted by the library."""
PAPER_S_SYNAPSE = "skyrmion_published"


@dataclass(frozen=True)
class Row:
    """One image on one piece of hardware. None is not counted.

    Attributes:
        largest, share: The item that uses most, and its part of the energy.
        missing: Why the energy is a lower bound, for items that a drawing needs.
        basis: Where the figures are from, and what is assumed.
    """

    name: str
    kind: Literal["technology", "gpu", "cpu"]
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    time_s: float | None
    area_m2: float | None
    power_w: float | None
    largest: str = ""
    share: float | None = None
    missing: tuple[str, ...] = ()
    basis: str = ""


@dataclass(frozen=True)
class SideBySide:
    """The rows, and the best technology here against paper S's devices taken at their word.

    Attributes:
        best: The technology of least energy whose bill has every item; None where there is none but paper S's.
        ratio: Its energy over that of paper S's devices, everything counted on both sides.
    """

    net: str
    rows: tuple[Row, ...]
    best: str | None
    ratio: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def technology_row(bill: FullBill) -> Row:
    """A technology's drawing as a row."""
    account = bill.drawing
    energyless = tuple(dict.fromkeys(f"{item.item}: {item.missing}" for item in account.items if item.missing))
    low, high = account.total("energy_low_j"), account.total("energy_high_j")
    area_m2 = account.total("area_m2")
    return Row(
        bill.technology, "technology", account.energy_j, low, high, account.time_s, area_m2, account.power_w,
        *account.largest, energyless, "the bill's own items and sources",
    )  # fmt: skip


def machine_row(name: str, machine: Machine, useful_macs: int) -> Row:
    """A machine that does nothing but the net's multiplications and additions, without inserted zeros.

    From its peak, energy and time are lower bounds. A machine whose figures are from memory has none.
    """
    basis = f"{machine.conditions}; {machine.source}"
    if machine.sure == "memory":
        reason = (f"{name} has figures from memory, unchecked",)
        return Row(name, machine.kind, None, None, None, None, None, None, missing=reason, basis=basis)
    rate, best, power_w = machine.operations_per_s, machine.best_operations_per_s, machine.power_w
    time_s = None if rate is None else 2 * useful_macs / rate
    each, least = machine.energy_per_mac_j, machine.energy_per_mac_low_j
    if each is None and rate is not None and power_w is not None:
        each, least = 2 * power_w / rate, 2 * power_w / (best or rate)
    energy_j = None if each is None else useful_macs * each
    low_j = energy_j if least is None else useful_macs * least
    missing = ("memory, idle units, launches: at its peak, so the true energy and time are higher",)
    return Row(name, machine.kind, energy_j, low_j, None, time_s, None, power_w, missing=missing, basis=basis)


def measured_row(time_s: float, how: str) -> Row:
    """This processor, whose time was measured; nobody measured its power."""
    missing = ("energy: no power meter",)
    return Row("this processor, measured", "cpu", None, None, None, time_s, None, None, missing=missing, basis=how)


def side_by_side(net: str, bills: Sequence[tuple[FullBill, str | None]], machines: Sequence[Row]) -> SideBySide:
    """The rows of technologies and machines, and the ratio to paper S's devices.

    Args:
        bills: Each with the name of its technology's synapse.
    """
    rows = [technology_row(bill) for bill, _ in bills]
    paper = next((row for row in rows if row.name == PAPER_S), None)
    others = [
        row
        for row, (_, synapse) in zip(rows, bills, strict=True)
        if synapse not in (None, PAPER_S_SYNAPSE) and row.energy_j and not row.missing
    ]
    best = min(others, key=lambda row: row.energy_j or 0.0, default=None)
    ratio = None
    if best is not None and paper is not None and paper.energy_j and best.energy_j is not None:
        ratio = best.energy_j / paper.energy_j
    return SideBySide(net, (*rows, *machines), None if best is None else best.name, ratio)
