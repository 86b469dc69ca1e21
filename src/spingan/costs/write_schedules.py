"""Write schedules: in which order the devices of a network's arrays get their pulses, and what that costs.

A schedule is a rule over arrays of any size: how many rows and columns of an array are written at once, and whether the
layers are written together or one after another. Every device gets one pulse in each update, of either sign, so all
schedules use the same energy and differ in time, power and current.

Plain values without torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from spingan.costs.components import Price
from spingan.costs.counts import ModelCounts
from spingan.errors import UserError
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology

Share = int | Fraction
"""So many rows (or columns) of an array, or that part of them, rounded up."""


@dataclass(frozen=True)
class WritableArray:
    """Arrays of one size that belong to one layer, each with drivers of its own: `count` of `rows` x `columns`."""

    layer: str
    rows: int
    columns: int
    count: int = 1

    @property
    def devices(self) -> int:
        """Devices in all of them."""
        return self.rows * self.columns * self.count


@dataclass(frozen=True)
class WriteSchedule:
    """How the devices of each array are written: `rows` x `columns` of them at once, the layers together or in turn."""

    name: str
    rows: Share
    columns: Share
    layers: Literal["parallel", "series"]

    def block(self, array: WritableArray) -> tuple[int, int]:
        """Rows and columns of one array that are written at once.

        Raises:
            UserError: The array is smaller.
        """
        return tuple(
            self._share(share, size, what, array)
            for share, size, what in ((self.rows, array.rows, "rows"), (self.columns, array.columns, "columns"))
        )  # pyright: ignore[reportReturnType]

    def _share(self, share: Share, size: int, what: str, array: WritableArray) -> int:
        if isinstance(share, Fraction):
            return math.ceil(share * size)
        if share > size:
            raise UserError(
                f"schedule {self.name} writes {share} {what} at once, "
                f"and layer {array.layer} has arrays of {array.rows} rows x {array.columns} columns",
                f"Write at most {size} {what} at once, or take a schedule that goes by parts of an array.",
            )
        return share


@dataclass(frozen=True)
class Pulse:
    """One write of one device: its time, and its energy and current at the lowest and highest conductance.

    Attributes:
        width_s: How long it lasts; power is energy over it.
        time_s: From the start of one pulse to the start of the next.
        energy_j: (at Gmin, at Gmax), or None: unknown.
        current_a: (at Gmin, at Gmax), or None: unknown.
    """

    width_s: float
    time_s: float
    energy_j: tuple[float, float] | None
    current_a: tuple[float, float] | None


@dataclass(frozen=True)
class ScheduleCost:
    """What one schedule does to a network, and what it costs. Pairs are for all devices at Gmin and all at Gmax.

    Attributes:
        rows_at_once, columns_at_once: In the largest array.
        devices_at_once: Most devices written at one moment, in all arrays.
        pulses: Pulse times that one update takes.
        devices: Devices written in one update, each once.
        update_time_s, time_s: Time of one update, and of all.
        peak_power_w: While most devices are written; mean_power_w: energy over time.
        update_energy_j, energy_j: Of one update, and of all.
        line_current_a: Largest current in one row's wire, all its devices at Gmax.
        endurance_used: Writes that each device sees over those that it stands, or None: not known.
    """

    schedule: str
    layers: str
    rows_at_once: int
    columns_at_once: int
    devices_at_once: int
    pulses: int
    devices: int
    updates: int
    write_time_s: float
    update_time_s: float
    time_s: float
    peak_power_w: tuple[float, float] | None
    mean_power_w: tuple[float, float] | None
    update_energy_j: tuple[float, float] | None
    energy_j: tuple[float, float] | None
    line_current_a: float | None
    endurance_used: float | None


@dataclass(frozen=True)
class ScheduleTable:
    """Every schedule at every write time, on one network's arrays."""

    name: str
    technology: str
    arrays: tuple[WritableArray, ...]
    updates: int
    updates_basis: str
    costs: tuple[ScheduleCost, ...]
    notes: tuple[str, ...]


def schedule_cost(
    schedule: WriteSchedule,
    arrays: Sequence[WritableArray],
    pulse: Pulse,
    updates: int,
    endurance_writes: float | None = None,
) -> ScheduleCost:
    """What `updates` updates of all devices cost under a schedule.

    An array of R x C written r x c at once takes ceil(R / r) x ceil(C / c) pulses. The arrays of one layer are written
    together; the layers together (the longest decides) or one after another (their pulses add up).

    Raises:
        UserError: No array, fewer than one update, or a schedule that is wider than an array.
    """
    if not arrays:
        raise UserError("there is no array to write", "Name a net with convolutions or dense layers.")
    if updates < 1:
        raise UserError(f"{updates} updates", "Ask for at least one.")
    blocks = [schedule.block(array) for array in arrays]
    pulses_of: dict[str, int] = {}
    at_once_of: dict[str, int] = {}
    for array, (rows, columns) in zip(arrays, blocks, strict=True):
        pulses = math.ceil(array.rows / rows) * math.ceil(array.columns / columns)
        pulses_of[array.layer] = max(pulses_of.get(array.layer, 0), pulses)
        at_once_of[array.layer] = at_once_of.get(array.layer, 0) + rows * columns * array.count
    together = schedule.layers == "parallel"
    pulses = max(pulses_of.values()) if together else sum(pulses_of.values())
    at_once = sum(at_once_of.values()) if together else max(at_once_of.values())
    devices = sum(array.devices for array in arrays)
    largest = max(range(len(arrays)), key=lambda number: arrays[number].devices)
    update_time_s = pulses * pulse.time_s
    update_energy_j = _times(pulse.energy_j, devices)
    return ScheduleCost(
        schedule=schedule.name,
        layers=schedule.layers,
        rows_at_once=blocks[largest][0],
        columns_at_once=blocks[largest][1],
        devices_at_once=at_once,
        pulses=pulses,
        devices=devices,
        updates=updates,
        write_time_s=pulse.width_s,
        update_time_s=update_time_s,
        time_s=updates * update_time_s,
        peak_power_w=_times(pulse.energy_j, at_once / pulse.width_s),
        mean_power_w=_times(update_energy_j, 1 / update_time_s),
        update_energy_j=update_energy_j,
        energy_j=_times(update_energy_j, updates),
        line_current_a=None if pulse.current_a is None else max(width for _, width in blocks) * pulse.current_a[1],
        endurance_used=None if endurance_writes is None else updates / endurance_writes,
    )


def _times(pair: tuple[float, float] | None, factor: float) -> tuple[float, float] | None:
    return None if pair is None else (pair[0] * factor, pair[1] * factor)


def write_pulse(synapse: Synapse, time_s: float | None = None) -> Pulse:
    """One write pulse of a synapse, for `time_s` or its own width.

    With a write voltage the energy is V² G t; else it is the synapse's own energy of a write, which holds for its own
    pulse alone. A pulse whose energy is not known still has a time.

    Raises:
        UserError: No time is given and the synapse has none, a time that is not positive, or a time other than its own
            for a synapse without write voltage.
    """
    write = synapse.write
    own_s = write.pulse_width_s
    if time_s is None:
        time_s = own_s
    if time_s is None:
        raise UserError(f"synapse {synapse.name} has no write pulse", "Give a write time, such as --write-time-ns 10.")
    if not (math.isfinite(time_s) and time_s > 0):
        raise UserError(f"a write time of {time_s * 1e9:g} ns", "Give one above zero.")
    period_s = write.pulse_period_s if write.pulse_period_s is not None and time_s == own_s else time_s
    if write.pulse_amplitude_v is not None and synapse.basis != "normalised":
        volts = abs(write.pulse_amplitude_v)
        ends = synapse.conductance[0], synapse.conductance[-1]
        lowest, highest = (volts**2 * conductance * time_s for conductance in ends)
        return Pulse(time_s, period_s, (lowest, highest), (volts * ends[0], volts * ends[1]))
    if time_s != own_s:
        raise UserError(
            f"synapse {synapse.name} has no write voltage in siemens, so its pulse of another length is not known",
            "Leave --write-time-ns out, or give the synapse pulse_amplitude_v and conductances in siemens.",
        )
    energy = write.energy_j
    return Pulse(time_s, period_s, None if energy is None else (energy, energy), None)


def write_price(technology: Technology) -> tuple[Price, float | None, Literal["pulse", "state", "unknown"]]:
    """The price of a write, the time of a pulse, and what the price is of: by step tables, else by the pulse.

    From step tables low and high are the least and the largest of all steps, and the value is their mean; from a write
    voltage they are those of the smallest and the largest conductance.
    """
    synapse = technology.synapse
    if synapse is None:
        return Price(None, missing=f"{technology.name} has no synapse"), None, "unknown"
    source = synapse.source or synapse.name
    try:
        pulse = write_pulse(synapse)
    except UserError as error:
        pulse, missing = None, error.problem
    else:
        missing = f"{synapse.name} has neither a write voltage nor an energy"
    time_s = None if pulse is None else pulse.time_s
    tables = [table for table in (synapse.step_up_energy_j, synapse.step_down_energy_j) if table is not None]
    if tables:
        steps = [energy_j for table in tables for energy_j in table]
        return Price(math.fsum(steps) / len(steps), min(steps), max(steps), source=source), time_s, "pulse"
    if pulse is None or pulse.energy_j is None:
        return Price(None, source=source, missing=missing), time_s, "unknown"
    low, high = pulse.energy_j
    by_voltage = pulse.current_a is not None  # else the energy is the file's own
    per = "pulse" if by_voltage else synapse.write.energy_per or "unknown"
    return Price((low + high) / 2, low, high, source=source), time_s, per


def writable_arrays(counts: ModelCounts) -> tuple[WritableArray, ...]:
    """The arrays of a counted net as they are written: physical columns, without references, cut into tiles.

    Tiles are full but for those at the lower and right edges.

    Raises:
        UserError: An array has empty places, a shared window's: schedules write whole blocks.
    """
    arrays = []
    for layer in counts.layers:
        for array in () if layer.array is None else layer.array.each:
            if array.empty_places:
                raise UserError(
                    f"layer {layer.name}'s shared window has empty places, and a schedule writes whole blocks",
                    "Give the layer an array for each phase: transposed: polyphase.",
                )
            per_weight = array.weight_cells // array.weights // array.tiles_per_weight  # in one tile
            for rows, down in _pieces(array.rows, array.tile_rows or array.rows):
                for weights, across in _pieces(array.columns, array.weights_across or array.columns):
                    number = down * across * array.arrays * array.tiles_per_weight
                    arrays.append(WritableArray(layer.name, rows, weights * per_weight, number))
    return tuple(arrays)


def _pieces(size: int, largest: int) -> list[tuple[int, int]]:
    """(size, number) of the pieces that `size` is cut into."""
    whole, rest = divmod(size, largest)
    return [piece for piece in ((largest, whole), (rest, 1 if rest else 0)) if piece[1]]


def schedule_table(
    arrays: Sequence[WritableArray],
    technology: Technology,
    *,
    updates: int,
    updates_basis: str,
    write_times_s: Sequence[float] = (),
    schedules: Sequence[WriteSchedule],
    name: str = "net",
) -> ScheduleTable:
    """Every schedule at every write time; without write times at the synapse's own pulse.

    Raises:
        UserError: The technology has no synapse, or as `schedule_cost` and `write_pulse` say.
    """
    synapse = technology.synapse
    if synapse is None:
        raise UserError(
            f"technology {technology.name} has no synapse, so nothing is written",
            "Name one that has: --set technology=NAME.",
        )
    times: Sequence[float | None] = write_times_s or (None,)
    pulses = [write_pulse(synapse, time_s) for time_s in times]
    costs = tuple(
        schedule_cost(schedule, arrays, pulse, updates, synapse.endurance_writes)
        for schedule in schedules
        for pulse in pulses
    )
    return ScheduleTable(
        name, technology.name, tuple(arrays), updates, updates_basis, costs, tuple(_notes(synapse, schedules, costs))
    )


def _notes(synapse: Synapse, schedules: Sequence[WriteSchedule], costs: Sequence[ScheduleCost]) -> list[str]:
    notes = [
        "Every device gets one pulse an update, so all schedules use the same energy; they differ in time and power."
    ]
    if any(isinstance(schedule.rows, Fraction) for schedule in schedules):
        notes.append(
            "Half an array at once holds for an update that is the product of a row and a column vector: a dense "
            "layer's for one image. A convolution's is a sum over its positions; it counts as one here, as in paper M."
        )
    write = synapse.write
    if write.pulse_amplitude_v is not None and write.threshold_v is not None:
        half_v = abs(write.pulse_amplitude_v) / 2
        relation = "below" if half_v < write.threshold_v else "not below"
        notes.append(
            f"Devices that share one line with a written one see half the voltage, {half_v:g} V, {relation} "
            f"the threshold of {write.threshold_v:g} V; the current through them is not counted."
        )
    if write.access in ("reset_then_up", "program_and_verify"):
        notes.append(f"{synapse.name} is written by {write.access}: its resets and checks are not counted.")
    if synapse.endurance_writes is None:
        notes.append(f"endurance: not counted, {synapse.name} does not say how many writes it stands")
    if costs and costs[0].energy_j is None:
        notes.append(f"energy and power: not counted, {synapse.name} has neither a write voltage nor an energy")
    return notes
