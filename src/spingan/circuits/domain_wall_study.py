"""One of paper S's cells from end to end: its transfer, its answers to steps of the input, its windows."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from spingan.circuits.cards import GENERIC_16NM, Cards
from spingan.circuits.cell_devices import PRINTED_CELLS, SLOPES, CellDevice, CellFunction
from spingan.circuits.cell_fit import fit_cell
from spingan.circuits.domain_wall_cells import Cell, DeviceTable, Transfer, transfer
from spingan.circuits.domain_wall_response import SETTLED, STEP_S, Response, Waveform, respond, wall_waveform
from spingan.devices.wall_device import TorqueConvention
from spingan.errors import UserError
from spingan.progress import Progress, no_progress

FOLLOWED_S = 2e-9  # after a step: several times the settling of every device here
RISE_S = 1e-12  # of the conductance where the wall's motion is not known: twice the step, a jump to the circuit


@dataclass(frozen=True, eq=False)
class Step:
    """The cell's answer to a step of the input."""

    from_a: float
    to_a: float
    waveform: Waveform
    response: Response


@dataclass(frozen=True, eq=False)
class CellStudy:
    """A cell with a device in it.

    Attributes:
        transfer: on the device's rising branch; `falling` on the other one, where it has a memory.
        other: the transfer with two inverters instead of one, or with one instead of two.
        steps: from zero to plus and minus full scale and back, then to the curve's ends; by the wall's own motion where
            `device.wall` is known, else by a jump of the conductance.
        jump: the conductance jumps from zero's to full scale's: what the circuit alone delays.
    """

    function: CellFunction
    cell: Cell
    device: CellDevice
    convention: TorqueConvention
    cards: Cards
    transfer: Transfer
    falling: Transfer | None
    other: Transfer
    steps: tuple[Step, ...]
    jump: Response

    @property
    def full_scale_a(self) -> float:
        """The input that stands for 1."""
        return self.device.curve.input_full_scale

    @property
    def slope(self) -> float:
        """What the paper claims below zero."""
        return SLOPES[self.function]

    @property
    def span_v(self) -> float:
        """From the output at zero to that at full scale."""
        out = self.transfer
        return out.at(out.output_v, self.full_scale_a) - out.at(out.output_v, 0.0)

    def step(self, from_a: float, to_a: float) -> Response:
        """The response to a step that the study has."""
        return self.moved(from_a, to_a).response

    def moved(self, from_a: float, to_a: float) -> Step:
        """A step that the study has, with the conductance's way."""
        return next(step for step in self.steps if (step.from_a, step.to_a) == (from_a, to_a))

    @property
    def window_s(self) -> float:
        """How long an evaluation takes: until the output stays within 1 % of the span after a step to full scale."""
        return max(self.settled_s(self.step(0.0, end)) for end in self._full_scales)

    @property
    def averaging_s(self) -> float:
        """How long the output is averaged once it has settled: as long as the noise of the curve's file holds for."""
        noise = self.device.curve.output_noise
        return 0.0 if noise is None else noise.averaging_time_s or 0.0

    @property
    def reset_s(self) -> float:
        """How long the output takes back to zero from either full scale, likewise."""
        return max(self.settled_s(self.step(end, 0.0)) for end in self._full_scales)

    def caveats(self) -> tuple[str, ...]:
        """What a reader of the numbers should know: levels and times come from two models of the wall."""
        if self.device.wall is None:
            return ()
        out, step = self.transfer, self.step(0.0, self.full_scale_a).output_v
        ends = (out.at(out.output_v, at) for at in (0.0, self.full_scale_a))
        apart = " and ".join(
            f"{by_time * 1e3:.4g} mV at {name} (transfer: {by_curve * 1e3:.4g} mV)"
            for name, by_time, by_curve in zip(("zero", "full scale"), (step[0], step[-1]), ends, strict=True)
        )
        return (
            "Levels are those of the device's curve; delays, settling and energies follow the compact wall, whose "
            f"steps in time begin and end at {apart}.",
        )

    @property
    def _full_scales(self) -> list[float]:
        return [step.to_a for step in self.steps if abs(step.to_a) == self.full_scale_a]

    def settled_s(self, response: Response) -> float:
        """When a response's output comes within 1 % of the span of its last value, for good.

        At least the longest step of the simulation: an output that hardly moves has settled, but not in no time.
        """
        off = np.abs(response.output_v - response.output_v[-1]) > SETTLED * abs(self.span_v)
        return float(response.time_s[np.flatnonzero(off)[-1] + 1]) if off.any() else STEP_S


def cell_for(function: CellFunction, device: CellDevice, fitted: bool, cards: Cards, seed: int = 0) -> Cell:
    """The cell as the paper prints it, or with a divider that is fitted to the device (`cell_fit.fit_cell`).

    Raises:
        UserError: As `fit_cell`.
    """
    cell = PRINTED_CELLS[function]
    if not fitted:
        return cell
    return fit_cell(cell, device.table(), device.curve.input_full_scale, SLOPES[function], cards, seed)[0]


def study_cell(
    function: CellFunction,
    device: CellDevice,
    *,
    fitted: bool = False,
    inverters: Literal[1, 2] = 1,
    convention: TorqueConvention = "magnet-section",
    cards: Cards = GENERIC_16NM,
    seed: int = 0,
    progress: Progress = no_progress,
) -> CellStudy:
    """Simulate a cell in ngspice with a device in it: as printed, or with a divider fitted to the device's curve.

    Args:
        fitted: search resistor, rails and width (`cell_fit.fit_cell`); it has one inverter.
        convention: how an input becomes a spin current, for the wall's motion and the heavy metal's heat.
        seed: of that search.

    Raises:
        UserError: A fitted cell with two inverters; a curve without zero between its ends; and as `fit_cell`,
            `transfer`, `wall_waveform` and `respond`.
    """
    curve = device.curve
    lowest, highest = curve.input[0], curve.input[-1]
    if not lowest < 0 < highest:
        raise UserError(
            f"{curve.name} covers {lowest * 1e6:g} to {highest * 1e6:g} µA: zero is not between them",
            "Give a curve of both directions of the current",
        )
    if fitted and inverters == 2:
        raise UserError("a fitted cell has one inverter", "Leave --inverters pair out, or take --cell printed")
    cell = replace(cell_for(function, device, fitted, cards, seed), inverters=inverters)
    rising = device.table()
    falling = device.table("falling") if curve.has_memory else None
    return CellStudy(
        function=function,
        cell=cell,
        device=device,
        convention=convention,
        cards=cards,
        transfer=transfer(cell, rising, lowest, highest, cards=cards),
        falling=None if falling is None else transfer(cell, falling, lowest, highest, cards=cards),
        other=transfer(replace(cell, inverters=3 - inverters), rising, lowest, highest, cards=cards),
        steps=_steps(cell, device, rising, convention, cards, progress),
        jump=respond(cell, _jump(rising, 0.0, curve.input_full_scale), cards=cards, fall=rising.fall),
    )


def _steps(
    cell: Cell,
    device: CellDevice,
    curve: DeviceTable,
    convention: TorqueConvention,
    cards: Cards,
    progress: Progress,
) -> tuple[Step, ...]:
    full, lowest, highest = device.curve.input_full_scale, device.curve.input[0], device.curve.input[-1]
    ends = [end for end in (full, -full) if lowest <= end <= highest]
    wanted = [pair for end in ends for pair in ((0.0, end), (end, 0.0))]
    wanted += [(0.0, end) for end in (highest, lowest) if end not in ends]
    steps = []
    for done, (from_a, to_a) in enumerate(wanted):
        progress("steps in time", done, len(wanted))
        if device.wall is None or device.constants is None:
            waveform = _jump(curve, from_a, to_a)
        else:
            waveform = wall_waveform(
                device.wall, device.constants, convention, from_a, to_a, device.start_m, FOLLOWED_S
            )
        steps.append(Step(from_a, to_a, waveform, respond(cell, waveform, cards=cards, fall=curve.fall)))
    progress("steps in time", len(wanted), len(wanted))
    return tuple(steps)


def _jump(curve: DeviceTable, from_a: float, to_a: float) -> Waveform:
    before, after = (float(np.interp(at, curve.current_a, curve.conductance_s)) for at in (from_a, to_a))
    times = np.array([0.0, RISE_S, FOLLOWED_S])
    return Waveform(f"{curve.name}, a jump", times, np.array([before, after, after]))
