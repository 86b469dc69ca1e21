"""Programming: all weights are written once, by pulses, verifying reads and resets, and again and again for years.

The pulses are those of `spingan.arrays.writing.level_writes`: from the smallest conductance on, all levels alike.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from spingan.arrays.writing import LevelWrites, level_writes
from spingan.costs.account import Item, Programming, priced
from spingan.costs.components import Price
from spingan.costs.counts import ModelCounts
from spingan.costs.full_bill import Parts
from spingan.costs.write_schedules import Pulse, WriteSchedule, schedule_cost, writable_arrays, write_price
from spingan.errors import UserError
from spingan.spec.technology import Technology

ROW_BY_ROW = WriteSchedule("row by row", 1, Fraction(1), "parallel")
_YEAR_S = 365.25 * 86_400.0


def programming(model: ModelCounts, parts: Parts) -> Programming:
    """Writing all weights of a counted net once."""
    synapse, cells = parts.technology.synapse, model.total("weight_cells")
    price, _, per = write_price(parts.technology)
    if synapse is None:
        return Programming((priced("programming, pulses", "all layers", cells, price),))
    writes = level_writes(synapse)  # pyright: ignore[reportArgumentType]
    mean = {name: float(getattr(writes, name).mean()) for name in ("pulses", "verifies", "resets")}
    if writes.given_up:
        unreached = f"{writes.given_up} of {writes.pulses.size} simulated devices do not reach their level"
        price = Price(None, source=price.source, missing=unreached)
    pulses = _pulses(cells, price, per, writes)
    assumed = not writes.simulated and synapse.write.access != "program_and_verify"
    verifies = priced(
        "programming, verifies", "all layers", cells * mean["verifies"], parts.read(),
        low=0.0 if assumed else None,
        note="reads of single cells, no converter" + ("; low: none is read" if assumed else ""),
    )  # fmt: skip
    items = [pulses, verifies]
    if mean["resets"]:
        reset_j = synapse.write.reset_energy_j
        of_reset = Price(reset_j, reset_j, reset_j, source=synapse.source or synapse.name)
        of_reset = replace(of_reset, missing=f"{synapse.name} does not say what a reset costs")
        items.append(priced("programming, resets", "all layers", cells * mean["resets"], of_reset))
    time_s = _time_s(model, parts, writes)
    return Programming(tuple(items), time_s, **mean, error_rms=writes.error_rms, basis=writes.basis)


def _pulses(cells: int, price: Price, per: str, writes: LevelWrites) -> Item:
    """The energy of the pulses: that of the steps met where these have one, else so many times that of a pulse.

    An energy of a state is spent once a device, however many pulses it takes. Where the synapse does not say whether
    its energy is that of a pulse or of a state, low and high are the two.
    """
    title, layer, pulses = "programming, pulses", "all layers", float(writes.pulses.mean())
    count = 1.0 if per == "state" else pulses
    low, high = (min(pulses, 1.0), max(pulses, 1.0)) if per == "unknown" else (count, count)
    note = "one state a device, however many pulses it takes" if per == "state" else writes.basis
    item = priced(title, layer, cells * count, price, low=cells * low, high=cells * high, note=note)
    if per != "pulse" or writes.pulse_energy_j is None or item.missing:
        return item
    ends = item.energy_low_j or 0.0, cells * float(writes.pulse_energy_j.mean()), item.energy_high_j or 0.0
    return replace(item, energy_j=sorted(ends)[1])  # between its ends, whatever the last bit of a sum


def _time_s(model: ModelCounts, parts: Parts, writes: LevelWrites) -> float | None:
    """Seconds row by row; None where a pulse's, a read's or a reset's is unknown, or pulses do not reach a level."""
    synapse, (_, pulse_s, _), read_s = parts.technology.synapse, write_price(parts.technology), parts.read().time_s
    assert synapse is not None
    reset_s = synapse.write.reset_time_s if writes.resets.any() else 0.0
    rows = rows_in_turn(model, parts.technology)
    if pulse_s is None or read_s is None or reset_s is None or rows is None or writes.given_up:
        return None
    each = writes.pulses * pulse_s + writes.verifies * read_s + writes.resets * reset_s
    return rows * float(each.max())


def rows_in_turn(model: ModelCounts, technology: Technology) -> int | None:
    """Rows that are written one after another, all arrays at once: those of the tallest; None: a row has gaps."""
    if not model.arrays or any(array.empty_places for array in model.arrays):
        return None
    arrays = writable_arrays(model)
    return schedule_cost(ROW_BY_ROW, arrays, Pulse(1.0, 1.0, None, None), updates=1).pulses


@dataclass(frozen=True)
class Rewriting:
    """What it costs to write devices again and again.

    Attributes:
        every_s: Time from one writing to the next.
        energy_j_per_year: Of all devices, pulses and what else is known; None where that of the pulses is not.
        endurance_years: Until a device has had its writes; None where these, or the pulses' number, are unknown.
        lacks: What is not in the energy.
        basis: How the pulses are known.
    """

    every_s: float
    energy_j_per_year: float | None
    endurance_years: float | None
    lacks: tuple[str, ...]
    basis: str


def rewriting(model: ModelCounts, parts: Parts, every_s: float) -> Rewriting:
    """What it costs to program a net every `every_s` seconds.

    Raises:
        UserError: No time to write in.
    """
    if not every_s > 0 or math.isinf(every_s):
        raise UserError(f"devices cannot be written every {every_s:g} s", "Give a time above 0.")
    once, synapse, writes = programming(model, parts), parts.technology.synapse, _YEAR_S / every_s
    energy_j = None if once.whole.energy_j is None else once.whole.energy_j * writes
    stands, lasts = None if synapse is None else synapse.endurance_writes, None
    moved = (once.pulses or 0.0) + (once.resets or 0.0)
    if stands is not None and moved and once.error_rms is not None and not once.missing:
        lasts = stands / moved / writes
    return Rewriting(every_s, energy_j, lasts, once.lacks, once.basis)
