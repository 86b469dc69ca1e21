"""One image on several technologies, a graphics card and a processor, side by side."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spingan.costs.account import FullBill
from spingan.costs.library_file import Machine
from spingan.costs.refresh import FADED, holds_s
from spingan.spec.synapse import Synapse

PAPER_S = "skyrmion-published-array"
"""The technology that takes paper S at its word, and counts all: its devices, in tiles that their resistances allow."""
PAPER_S_WITHOUT_LIMIT = "skyrmion-published"
"""The same devices, read as if an array could be as large as its layer."""
PAPER_S_SYNAPSES = ("skyrmion_published", "skyrmion_published_siemens")


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
        ratio_without_limit: The same, were paper S's devices not limited to small tiles.
    """

    net: str
    rows: tuple[Row, ...]
    best: str | None
    ratio: float | None
    ratio_without_limit: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def technology_row(bill: FullBill, synapse: Synapse | None) -> Row:
    """A technology's drawing as a row. States that fade while an image is drawn miss what keeps them."""
    account = bill.drawing
    energyless = tuple(dict.fromkeys(f"{item.item}: {item.missing}" for item in account.items if item.missing))
    held_s, every_s = holds_s(synapse), bill.refresh_interval_s
    if held_s is not None and held_s < min(account.time_s, every_s or account.time_s):
        until = f"an image takes {account.time_s * 1e9:,.0f} ns"
        until += "" if every_s is None else f", a refresh comes every {every_s * 1e9:,.0f} ns"
        energyless += (f"refresh: states lose {FADED:.0%} in {held_s * 1e9:.3g} ns, {until}",)
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


def side_by_side(net: str, bills: Sequence[tuple[FullBill, Synapse | None]], machines: Sequence[Row]) -> SideBySide:
    """The rows of technologies and machines, and the ratio to paper S's devices.

    Args:
        bills: Each with its technology's synapse.
    """
    rows = [technology_row(bill, synapse) for bill, synapse in bills]
    others = [
        row
        for row, (_, synapse) in zip(rows, bills, strict=True)
        if synapse is not None and synapse.name not in PAPER_S_SYNAPSES and row.energy_j and not row.missing
    ]
    best = min(others, key=lambda row: row.energy_j or 0.0, default=None)
    energies = {row.name: row.energy_j for row in rows}
    least_j = None if best is None else best.energy_j
    ratio, without_limit = (
        least_j / paper_j if least_j and (paper_j := energies.get(name)) else None
        for name in (PAPER_S, PAPER_S_WITHOUT_LIMIT)
    )
    return SideBySide(net, (*rows, *machines), None if best is None else best.name, ratio, without_limit)
