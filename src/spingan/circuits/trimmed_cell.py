"""Paper S's cells with the auto-zero of `auto_zero`: residual offset, time, energy, area, and the activation."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.auto_zero import (
    EDGE_S,
    HOLD_S,
    STORED,
    AutoZero,
    CycleRun,
    cycle,
    cycle_netlist,
    hold_for,
    made_cell,
    run_cycle,
    run_deck,
    sampled_noise_v,
    storing_s,
)
from spingan.circuits.cell_activation import DIGITS, averaging_items, cell_curve, cell_energy
from spingan.circuits.domain_wall_response import SETTLED, Waveform
from spingan.circuits.domain_wall_study import RISE_S, CellStudy
from spingan.circuits.instances import in_batches
from spingan.circuits.monte_carlo import Mismatch, Samples
from spingan.circuits.subcircuit import CAPACITANCE_F_PER_M2, LAYOUT_FACTOR
from spingan.circuits.trim_result import Costs, TrimResult, about_zero, item, trimmed_spread, with_sampled_noise
from spingan.devices.noise_statistics import share_left
from spingan.devices.wall_curve import drive_energies
from spingan.errors import UserError
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation, EnergyItem, Settling

METHOD = "auto-zero by output-offset storage"
LARGEST_HOLD_F = 1e-11  # ten times what the printed leaky ReLU asks for; assumed
BATCH = 10  # cells in a run: all wait for the one that changes fastest


@dataclass(frozen=True, eq=False)
class Timing:
    """The drawn trimmed cell: its reset, the capacitor's time constant, and its evaluations.

    Attributes:
        open_s, rest_s: when the switch opens, and how long after it the output takes to come to rest: what the switch
            injects moves the inverter's end of the capacitor, too, which the inverter takes back.
        runs: a reset and an evaluation for each end of the study's steps from zero.
        window_s: the evaluation at full scale.
        passed: share of the inverter's output that comes through the capacitor.
        zero_v: the output at zero input, with what the switch injects.
    """

    open_s: float
    rest_s: float
    constant_s: float
    runs: dict[float, CycleRun]
    settled: dict[float, float]
    window_s: float
    passed: float
    zero_v: float


def trim_cell(
    study: CellStudy,
    devices: Samples,
    mismatch: Mismatch,
    name: str,
    *,
    hold_s: float | None = None,
    hold_f: float | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> TrimResult:
    """Put the auto-zero behind a cell, and store the offsets of its instances.

    Each instance goes from full scale back to zero while the switch is closed; it opens; the output is read where the
    drawn cell's evaluation ends. The instance then stays at full scale for the hold time, where the switch leaks most,
    and is read once more at zero. Gain and slope are those of the instances' transfers,
    as the drawn capacitor passes them.

    Args:
        devices: the Monte Carlo of the cell without the auto-zero.
        mismatch: of those, and of the switches.
        name: of the activation.
        hold_s: None: 10 ns, and the time that the output of a noisy device is averaged.
        hold_f: None: the smallest capacitor whose sampled noise is 0.4 % of full scale.

    Raises:
        UserError: A hold time or capacitor that is none, an output that hardly moves, a reset that takes too long; and
            as `run`.
    """
    began = time.perf_counter()
    cell, cards, curve, out = study.cell, study.cards, study.device.table(), study.transfer
    at_zero_v = out.at(out.output_v, 0.0)
    gain = out.at(np.gradient(out.output_v, out.divider_v), 0.0)
    wanted_f = hold_for(study.span_v, gain)
    if hold_f is None and not wanted_f < LARGEST_HOLD_F:
        raise UserError(
            f"{cell.name}: its output moves by {abs(study.span_v) * 1e3:.3g} mV from zero to full scale: a capacitor "
            f"whose noise is small beside that has {wanted_f * 1e12:.3g} pF",
            "The inverter stands at a rail, and cannot be trimmed: take one inverter, or another cell",
        )
    zero = AutoZero(
        hold_f=wanted_f if hold_f is None else hold_f,
        reference_v=at_zero_v,
        hold_s=HOLD_S + study.averaging_s if hold_s is None else hold_s,
    )
    timing = _timing(study, zero)
    open_s = timing.open_s
    back = study.moved(study.full_scale_a, 0.0).waveform
    there = _at_full_scale(study, zero.hold_s, timing.rest_s + timing.window_s)
    wait_s = timing.rest_s + timing.window_s
    end_s = open_s + EDGE_S + wait_s + float(there.time_s[-1])
    through = cycle(curve, back, there, open_s, end_s, wait_s)
    reads = np.array([through.begins_s, end_s])
    count = len(devices.gain) + len(devices.lost)
    made = [made_cell(cell, zero, cards, mismatch, devices.seed, number) for number in range(count)]

    def held(batch: range) -> NDArray[np.float64]:
        """(cells, 2) the outputs at both times."""
        netlist = cycle_netlist(cell, cards, curve, zero, through, [made[number] for number in batch])
        (plot,) = run_deck(netlist).plots
        return np.stack([np.interp(reads, plot["time"], plot[f"v(held_{n})"]) for n in range(len(batch))])

    stored_v, lost = in_batches(held, count, workers, "stored offsets", progress, BATCH)
    span_v = study.span_v * timing.passed
    offset, late = (stored_v - timing.zero_v).T / span_v
    all_lost = tuple(sorted({*devices.lost, *lost}))
    kept = [at for at, number in enumerate(_numbers(count, devices.lost)) if number not in lost]
    also = [at for at, number in enumerate(_numbers(count, lost)) if number not in devices.lost]
    values = devices.values[kept]
    moved = values - values[:, [values.shape[1] // 2]] + offset[also][:, None]
    u, nominal, seed = devices.u, devices.nominal, devices.seed
    before = about_zero(u, nominal, values, values[:, values.shape[1] // 2], seed, all_lost)
    after = about_zero(u, nominal, moved, offset[also], seed, all_lost)
    sampled = sampled_noise_v(zero.hold_f, gain) * timing.passed, _sampled_of_device_v(study, timing)
    activation = _activation(study, zero, timing, after, name, sampled)
    bare_j, averaging_s = sum(one.energy_j for one in cell_energy(study)), study.averaging_s
    return TrimResult(
        name=cell.name,
        method=METHOD,
        cards=cards.name,
        full_scale_before_v=study.span_v,
        full_scale_v=span_v,
        hold_f=zero.hold_f,
        hold_s=zero.hold_s,
        before=before,
        after=after,
        droop=(late - offset)[also],
        injection=(timing.zero_v - at_zero_v) / span_v,
        sampled_noise_v=float(np.hypot(*sampled)),
        costs_before=Costs(study.reset_s, study.window_s + averaging_s, bare_j, _area_m2(study, None)),
        costs_after=Costs(
            activation.reset.time_s or 0.0,
            timing.window_s + averaging_s,
            activation.energy_j or 0.0,
            activation.area_m2,
        ),
        lost=all_lost,
        activation=activation,
        seconds=time.perf_counter() - began,
    )


def _at_full_scale(study: CellStudy, hold_s: float, back_s: float) -> Waveform:
    """The conductance jumps to full scale, and after the hold time back to zero for a while."""
    curve = study.device.table()
    zero, full = (float(np.interp(at, curve.current_a, curve.conductance_s)) for at in (0.0, study.full_scale_a))
    times = np.array([0.0, RISE_S, hold_s, hold_s + RISE_S, hold_s + RISE_S + back_s])
    return Waveform("full scale", times, np.array([zero, full, full, zero, zero]))


def _numbers(count: int, without: tuple[int, ...]) -> list[int]:
    return [number for number in range(count) if number not in without]


def _timing(study: CellStudy, zero: AutoZero) -> Timing:
    """The drawn cell's cycles. The switch opens when the offset is stored and the untrimmed cell would be back."""
    cell, cards, curve, full = study.cell, study.cards, study.device.table(), study.full_scale_a
    back = study.moved(full, 0.0).waveform
    stored, constant = storing_s(cell, cards, curve, zero, back, study.span_v)
    open_s = max(stored, study.reset_s)
    length_s = float(back.time_s[-1])
    rest = run_cycle(cell, cards, curve, zero, cycle(curve, back, None, open_s, open_s + EDGE_S + length_s))
    rest_s = rest.settled_s(rest.held_v, STORED * abs(study.span_v), open_s + EDGE_S)
    runs = {}
    for step in (one for one in study.steps if one.from_a == 0.0):
        end_s = open_s + EDGE_S + rest_s + float(step.waveform.time_s[-1])
        through = cycle(curve, back, step.waveform, open_s, end_s, rest_s)
        runs[step.to_a] = run_cycle(cell, cards, curve, zero, through)
    settled = {
        end: found.settled_s(found.held_v, SETTLED * abs(study.span_v), found.through.begins_s)
        for end, found in runs.items()
    }
    window_s = max(settled[end] for end in settled if abs(end) == full)
    read_s = open_s + EDGE_S + rest_s + window_s
    zero_v, still_v = (float(np.interp(read_s, rest.time_s, values)) for values in (rest.held_v, rest.output_v))
    moved_v = [float(values[-1]) for values in (runs[full].held_v, runs[full].output_v)]
    return Timing(
        open_s=open_s,
        rest_s=rest_s,
        constant_s=constant,
        runs=runs,
        settled=settled,
        window_s=window_s,
        passed=(moved_v[0] - zero_v) / (moved_v[1] - still_v),
        zero_v=zero_v,
    )


def _sampled_of_device_v(study: CellStudy, timing: Timing) -> float:
    """The device's own noise at rest that the capacitor samples, rms in volts at the output; 0 where it is unknown.

    What an average leaves of it is taken back to the noise at once; the capacitor's time constant averages a little.
    """
    known = cell_curve(study, "sampled").output_noise
    if known is None:
        return 0.0
    rms_v = float(known.at(0.0)) * timing.passed
    if known.bandwidth_hz is None:
        return rms_v
    memory_s = 1 / (4 * known.bandwidth_hz)
    at_once_v = rms_v / float(share_left((known.averaging_time_s or 0.0) / memory_s))
    return at_once_v * float(np.sqrt(memory_s / (memory_s + timing.constant_s)))


def _energy(study: CellStudy, zero: AutoZero, timing: Timing) -> tuple[EnergyItem, ...]:
    """A cycle's items: the evaluation at full scale, and the reset until the switch opens."""
    found, window_s = timing.runs[study.full_scale_a], timing.window_s
    begins = found.through.begins_s
    made = f"ngspice, cards {study.cards.name}, {METHOD}"

    def part(name: str, power_w: NDArray[np.float64], from_s: float, to_s: float) -> EnergyItem:
        return item(name, found.energy_j(power_w, from_s, to_s), to_s - from_s, made)

    items = [
        part("divider", found.divider_w, begins, begins + window_s),
        part("inverters", found.inverters_w, begins, begins + window_s),
        part("reset: divider and inverters", found.divider_w + found.inverters_w, 0.0, begins),
        part("reset: clock and reference", found.clock_w + found.reference_w, 0.0, begins),
    ]
    wall = study.device.wall
    if wall is not None:
        items.append(drive_energies(wall, study.full_scale_a, study.convention, window_s)[1])
        if wall.bias_current_a:
            idle = drive_energies(wall, 0.0, study.convention, begins)[1]
            items.append(idle.model_copy(update={"name": f"reset: {idle.name}", "source": "the bias current stays on"}))
    return (*items, *preset_items(study), *averaging_items(study))


def presets(study: CellStudy) -> bool:
    """Whether the reset drives the device to minus full scale first: a plain return to zero leaves its memory."""
    return not cell_curve(study, "memory").single_valued


def preset_s(study: CellStudy) -> float:
    """How long that takes from full scale, at most: back to zero, and on; 0 where there is no need for it."""
    if not presets(study):
        return 0.0
    full = study.full_scale_a
    return study.settled_s(study.step(full, 0.0)) + study.settled_s(study.step(0.0, -full))


def preset_items(study: CellStudy) -> tuple[EnergyItem, ...]:
    """What the preset draws: the cell while the device moves, and the drive to minus full scale all the while."""
    window_s, full, wall = preset_s(study), study.full_scale_a, study.device.wall
    if not window_s:
        return ()
    moves = study.step(full, 0.0), study.step(0.0, -full)
    cell_j = sum(sum(move.energies_j(study.settled_s(move))) for move in moves)
    items = [item("reset: preset, divider and inverters", cell_j, window_s, "ngspice, both steps until they settle")]
    if wall is not None:
        drive = drive_energies(wall, -full, study.convention, window_s)[1]
        items.append(drive.model_copy(update={"name": f"reset: preset, {drive.name}"}))
    return tuple(items)


def _area_m2(study: CellStudy, zero: AutoZero | None) -> float | None:
    """The cell's area, with the auto-zero's switch and capacitor if there is one; None where it is not known."""
    bare = cell_curve(study, "area").area_m2
    if bare is None or zero is None:
        return bare
    gate_m2 = zero.switch_ratio * study.cards.technology.length_m**2
    return bare + LAYOUT_FACTOR * gate_m2 + zero.hold_f / CAPACITANCE_F_PER_M2


def _activation(
    study: CellStudy, zero: AutoZero, timing: Timing, after: Samples, name: str, sampled: tuple[float, float]
) -> Activation:
    bare = cell_curve(study, name)
    shift = zero.reference_v

    def through(volts: tuple[float, ...]) -> tuple[float, ...]:
        passed = timing.zero_v + timing.passed * (np.array(volts) - shift)
        return tuple(passed.round(DIGITS).tolist())

    rising = through(bare.rising)
    items = _energy(study, zero, timing)
    ends = sorted(timing.settled)
    noise = None if bare.output_noise is None else bare.output_noise.scaled(timing.passed)
    said = f"the auto-zero samples {sampled[0]:.3g} V rms of the circuit and {sampled[1]:.3g} V of the device at rest"
    notes = (
        f"{METHOD[0].upper()}{METHOD[1:]}: {zero.hold_f * 1e15:.3g} fF behind the inverter, an n-channel switch of "
        f"{zero.switch_ratio:g} (width over length) to {zero.reference_v * 1e3:.4g} mV, which opens after "
        f"{timing.open_s * 1e9:.3g} ns of reset; {zero.load_f * 1e15:g} fF of load, which must draw no current.",
        f"The offset holds for {zero.hold_s * 1e9:g} ns: a new reset must come before.",
        *bare.notes,
    )
    residual, preset = bare.reset.residual, preset_s(study)
    if preset:
        full_ua = study.full_scale_a * 1e6
        notes = (
            f"The reset begins with {preset * 1e9:.3g} ns at -{full_ua:g} µA, so that the device always returns to "
            "zero from below, on the branch `rising`: this clears its memory.",
            *notes,
        )
        residual = 0.0
    found = bare.model_dump() | {
        "rising": rising,
        "falling": None if bare.falling is None else through(bare.falling),
        "output_zero": float(np.interp(0.0, bare.input, rising)),
        "output_full_scale": float(np.interp(study.full_scale_a, bare.input, rising)),
        "reset": bare.reset.model_copy(
            update={
                "required": True,
                "residual": None if residual is None else residual + STORED,
                "time_s": preset + timing.runs[study.full_scale_a].through.begins_s,
                "energy_j": sum(one.energy_j for one in items if one.name.startswith("reset")),
            }
        ),
        "settling": Settling(input=tuple(ends), time_s=tuple(timing.settled[end] for end in ends)),
        "energy_items": items,
        "delay_s": timing.window_s + study.averaging_s,
        "output_noise": with_sampled_noise(noise, float(np.hypot(*sampled)), said),
        "spread": trimmed_spread(after),
        "area_m2": _area_m2(study, zero),
        "notes": notes,
    }
    return Activation.model_validate(found)
