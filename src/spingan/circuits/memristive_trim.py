"""Paper M's activation cells with the auto-zero of `memristive_auto_zero`: instances, costs, and the activation."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.auto_zero import LONGEST_S, STORED, must_be_a_hold
from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.cell_bench import PULSE_S, SETTLED
from spingan.circuits.instances import in_batches, must_have_a_covariance
from spingan.circuits.memristive_activations import relu_activation, tanh_activation
from spingan.circuits.memristive_auto_zero import (
    APART_S,
    NO_MISMATCH,
    Made,
    Phases,
    Trimmable,
    instances_netlist,
    trimmable,
)
from spingan.circuits.monte_carlo import Mismatch, Samples, default_mismatch
from spingan.circuits.ngspice import dc_line, run
from spingan.circuits.raw_file import Plot
from spingan.circuits.subcircuit import Subcircuit
from spingan.circuits.trim_result import Costs, TrimResult, about_zero, item, trimmed_spread, with_sampled_noise
from spingan.errors import UserError
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation, EnergyItem, Settling

HOLD_S = PULSE_S  # a pulse of the paper
POINTS = 21  # of an instance's DC transfer without the auto-zero
LEVELS = 5  # of an instance's transfer in time, over plus and minus full scale
LEVEL_S = 40e-9  # at each, and before a reading: over twice what the slower cell takes to settle
RAMP_S = 36e-6  # of the drawn cell's transfer, from rail to rail: its delay of 1.5 ns is 0.08 mV of it
MARGIN = 1.5  # of the drawn cell's time to store its offset, for cells that are slower; assumed
BATCH = 1  # cells in a run: all wait for the one that changes fastest
TIME_LIMIT_S = 300.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """The drawn trimmed cell.

    Attributes:
        open_s: when the sampling switch opens.
        pulses: a reset and a pulse of 100 ns to minus and plus full scale, by the sign.
    """

    cell: Subcircuit
    open_s: float
    pulses: dict[int, Plot]
    phases: dict[int, Phases]

    @property
    def clocks(self) -> tuple[str, ...]:
        """The cell's clocks: its ports that neither signals nor supplies go to."""
        return tuple(port for port in self.cell.ports[2:] if not port.startswith(("vdd", "vss")))

    def settled_s(self, sign: int) -> float:
        """When the output stays within 1 % of its change of its last value."""
        plot, begins = self.pulses[sign], self.phases[sign].begins_s
        output = plot["v(out_0)"]
        change = output[-1] - np.interp(begins, plot["time"], output)
        off = (np.abs(output - output[-1]) > SETTLED * abs(change)) & (plot["time"] >= begins)
        return float(plot["time"][np.flatnonzero(off)[-1]]) - begins if off.any() else 0.0


def trim_memristive_cell(
    name: str,
    instances: int,
    cards: Cards = GENERIC_180NM,
    *,
    mismatch: Mismatch | None = None,
    hold_s: float | None = None,
    hold_f: float | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> TrimResult:
    """Trim instances of a cell with mismatch, each through a reset and a staircase of inputs in time.

    The offset is read, and once more after the hold time at full scale.

    Args:
        name: relu-switch or tanh.
        mismatch: of transistors, and of the tanh's resistor; None: the documented one of the node.
        hold_s: None: 100 ns, a pulse of the paper.
        hold_f: None: as the noise that it samples asks (tanh), 1 pF (ReLU).

    Raises:
        UserError: The cell has no auto-zero, too few instances, a hold time or capacitor that is none; and as `run`.
    """
    began = time.perf_counter()
    must_have_a_covariance(instances)
    must_be_a_hold(hold_s, hold_f)
    kind = trimmable(name)
    bare = (relu_activation if kind.function == "relu" else tanh_activation)(cards)
    full_v, span_v = bare.input_full_scale, bare.output_full_scale - bare.output_zero
    near_v = np.interp([-0.01 * full_v, 0.01 * full_v], bare.input, bare.rising)
    gain = float(np.ptp(near_v)) / (0.02 * full_v) if kind.function == "tanh" else 1.0
    hold = kind.hold_for(span_v, gain) if hold_f is None else hold_f
    held_s = HOLD_S if hold_s is None else hold_s
    drawn = _drawn(kind, hold, full_v, span_v / gain, cards)
    made = [Made(mismatch or default_mismatch(cards.node), seed, number) for number in range(instances)]

    u = np.linspace(-1, 1, LEVELS)
    grid = np.linspace(-1, 1, POINTS)
    read_at = int(np.argmin(np.abs(grid - kind.read_u)))

    def still(some: Sequence[Made]) -> NDArray[np.float64]:
        """(cells, points) of the untrimmed cells: their transfers."""
        analysis = dc_line("vin", -full_v, full_v, grid.size)
        netlist = instances_netlist(kind.bench.cell, kind.bench, cards, some, ["vin in 0 0"], analysis)
        (plot,) = run(netlist, time_limit_s=TIME_LIMIT_S).plots
        return np.stack([plot[f"v(out_{one.number})"] for one in some])

    # Read, full scale for the hold time, read again, and the transfer.
    steps = np.concatenate([[0.0, LEVEL_S, LEVEL_S + held_s], 2 * LEVEL_S + held_s + LEVEL_S * np.arange(LEVELS)])
    levels_v = np.concatenate([[kind.read_u, 1.0, kind.read_u], u]) * full_v
    ends = np.append(steps[1:], steps[-1] + LEVEL_S)
    phases = Phases(full_v, drawn.open_s, steps, levels_v, drawn.open_s + 4 * APART_S + float(ends[-1]))
    reads = phases.begins_s + np.delete(ends, 1)

    def moved(some: Sequence[Made]) -> NDArray[np.float64]:
        """(cells, 2 + levels) of the trimmed cells: the offset at both readings, and the transfer."""
        plot = _in_time(drawn.cell, kind, cards, some, phases)
        return np.stack([np.interp(reads, plot["time"], plot[f"v(out_{one.number})"]) for one in some])

    def both(batch: range) -> NDArray[np.float64]:
        some = [made[number] for number in batch]
        return np.concatenate([still(some), moved(some)], axis=1)

    one = [Made(NO_MISMATCH, seed, 0)]
    exact = np.concatenate([still(one), moved(one)], axis=1)[0]
    found, lost = in_batches(both, instances, workers, "cells before and after", progress, BATCH)
    points = grid.size
    still_v, moved_v = exact[:points], exact[points + 2 :]
    trimmed_span_v = float(moved_v[-1] - moved_v[LEVELS // 2])
    before_v = (found[:, read_at] - exact[read_at]) / span_v
    first, late = ((found[:, points + n] - exact[points + n]) / trimmed_span_v for n in (0, 1))
    before = _about(grid, still_v, found[:, :points], before_v, seed, lost)
    after = _about(u, moved_v, found[:, points + 2 :], first, seed, lost)
    sampled_v = kind.sampled_noise_v(hold, gain)
    activation = _activation(kind, bare, drawn, hold, held_s, sampled_v, cards)
    return TrimResult(
        name=name,
        method=kind.method,
        cards=cards.name,
        full_scale_before_v=span_v,
        full_scale_v=trimmed_span_v,
        hold_f=hold,
        hold_s=held_s,
        before=before,
        after=after,
        droop=late - first,
        injection=float(moved_v[LEVELS // 2] / trimmed_span_v),
        sampled_noise_v=sampled_v,
        costs_before=Costs(0.0, PULSE_S, bare.energy_j or 0.0, bare.area_m2),
        costs_after=Costs(drawn.open_s + 3 * APART_S, PULSE_S, activation.energy_j or 0.0, activation.area_m2),
        lost=lost,
        activation=activation.model_copy(update={"spread": trimmed_spread(after)}),
        seconds=time.perf_counter() - began,
    )


def _about(
    u: NDArray[np.float64],
    exact_v: NDArray[np.float64],
    values_v: NDArray[np.float64],
    offset: NDArray[np.float64],
    seed: int,
    lost: tuple[int, ...],
) -> Samples:
    zero_v, full_v = exact_v[u.size // 2], exact_v[-1]
    nominal, values = ((volts - zero_v) / (full_v - zero_v) for volts in (exact_v, values_v))
    return about_zero(u, nominal, values, offset, seed, lost)


def _in_time(cell: Subcircuit, kind: Trimmable, cards: Cards, some: Sequence[Made], phases: Phases) -> Plot:
    step = min(phases.end_s / 50, 20e-9)
    analysis = f".tran {step:.6e} {phases.end_s:.9e} 0 {step:.6e}"
    netlist = instances_netlist(cell, kind.bench, cards, some, phases.sources(cards), analysis)
    (plot,) = run(netlist, time_limit_s=TIME_LIMIT_S).plots
    return plot


def _drawn(kind: Trimmable, hold_f: float, full_v: float, input_span_v: float, cards: Cards) -> Drawn:
    """How long the drawn cell stores its offset after full scale, and its pulses after that."""
    cell, one = kind.with_hold(hold_f), [Made(NO_MISMATCH, 0, 0)]
    nothing = np.array([])
    length_s = 200e-9
    while True:
        plot = _in_time(cell, kind, cards, one, Phases(full_v, None, nothing, nothing, length_s))
        ends = [0.0 if node == "0" else plot[f"v(n0_{node})"] for node in kind.stored]
        stored_v = np.asarray(ends[0] - ends[1])
        off = np.abs(stored_v - stored_v[-1]) > STORED * abs(input_span_v)
        open_s = float(plot["time"][np.flatnonzero(off)[-1] + 1])
        if open_s < length_s / 2:
            open_s *= MARGIN
            break
        length_s *= 4
        if length_s > LONGEST_S:
            raise UserError(
                f"the offset is not stored within {LONGEST_S * 1e6:g} µs on {hold_f * 1e15:.3g} fF",
                "Give a smaller capacitor: --hold-ff",
            )
    phases = {
        sign: Phases(full_v, open_s, np.array([0.0]), np.array([sign * full_v]), open_s + 3 * APART_S + PULSE_S)
        for sign in (-1, 1)
    }
    return Drawn(cell, open_s, {sign: _in_time(cell, kind, cards, one, phases[sign]) for sign in phases}, phases)


def _activation(
    kind: Trimmable, bare: Activation, drawn: Drawn, hold_f: float, hold_s: float, sampled_v: float, cards: Cards
) -> Activation:
    """The trimmed cell's transfer by a slow ramp, and what a reset and a pulse to full scale take."""
    rail, open_s = cards.technology.supply_v / 2, drawn.open_s
    ramp = np.array([0.0, 1e-6]), np.array([-rail, -rail])
    phases = Phases(bare.input_full_scale, open_s, *ramp, open_s + 4 * APART_S + 1e-6 + RAMP_S)
    sources = phases.sources(cards)
    start_s = phases.begins_s + 1e-6
    head = sources[-1].rstrip(")")
    sources[-1] = f"{head} {start_s + 2e-9:.9e} {-rail:.6e} {start_s + RAMP_S:.9e} {rail:.6e})"
    one = [Made(NO_MISMATCH, 0, 0)]
    analysis = f".tran 2e-8 {start_s + RAMP_S:.9e} 0 2e-8"
    (plot,) = run(
        instances_netlist(drawn.cell, kind.bench, cards, one, sources, analysis), time_limit_s=TIME_LIMIT_S
    ).plots
    late = plot["time"] >= start_s + 2e-9
    output = np.interp(bare.input, plot["v(in)"][late], plot["v(out_0)"][late]).round(9) + 0.0
    items, end = _energy(kind, drawn, cards), bare.input_full_scale
    noise = with_sampled_noise(bare.output_noise, sampled_v, f"the auto-zero samples {sampled_v:.3g} V rms")
    settled = tuple(drawn.settled_s(sign) for sign in (-1, 1))
    plot = drawn.pulses[1]
    found = bare.model_dump() | {
        "name": f"{bare.name}_trimmed",
        "rising": tuple(output.tolist()),
        "output_zero": float(np.interp(0.0, bare.input, output)),
        "output_full_scale": float(np.interp(end, bare.input, output)),
        "reset": {
            "required": True,
            "time_s": drawn.phases[1].begins_s,
            "energy_j": sum(part.energy_j for part in items if part.name.startswith("reset")),
            "residual": STORED,
        },
        "settling": Settling(input=(-end, end), time_s=settled),
        "energy_items": items,
        "delay_s": settled[1],
        "output_noise": noise,
        "area_m2": drawn.cell.area_m2(cards),
        "notes": (
            f"{kind.method[0].upper()}{kind.method[1:]}: {hold_f * 1e15:.3g} fF, sampled for {open_s * 1e9:.3g} ns of "
            f"reset with the input at 0 V. The offset holds for {hold_s * 1e9:g} ns: a new reset must come before.",
            *bare.notes,
        ),
    }
    return Activation.model_validate(found)


def _energy(kind: Trimmable, drawn: Drawn, cards: Cards) -> tuple[EnergyItem, ...]:
    """What a pulse to full scale and the reset before it draw, each pair of supplies and the clocks by themselves."""
    plot, begins = drawn.pulses[1], drawn.phases[1].begins_s
    rail = cards.technology.supply_v / 2
    made = f"ngspice, cards {cards.name}, {kind.method}"
    times = plot["time"]

    def energy(power_w: NDArray[np.float64], from_s: float, to_s: float) -> float:
        inside = times[(times > from_s) & (times < to_s)]
        at = np.concatenate([[from_s], inside, [to_s]])
        return float(np.trapezoid(np.interp(at, times, power_w), at))

    supplies = sum(
        (rail * (plot[f"i(vvss{end})"] - plot[f"i(vvdd{end})"]) for end in drawn.cell.supplies), np.zeros(times.size)
    )
    clocks = sum((np.maximum(-plot[f"i(v{name})"], 0.0) for name in drawn.clocks), np.zeros(times.size)) * 2 * rail
    return (
        item("supplies", energy(supplies, begins, begins + PULSE_S), PULSE_S, made),
        item("reset: supplies", energy(supplies, 0.0, begins), begins, made),
        item("reset: clocks", energy(clocks, 0.0, begins), begins, made),
    )
