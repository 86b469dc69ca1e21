"""Paper S's cells in time: the device's conductance by the compact wall model, output and power step by step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import GENERIC_16NM, Cards
from spingan.circuits.domain_wall_cells import BiasFall, Cell, circuit_lines, must_be_conductances, supplied_powers
from spingan.circuits.messages import one_line
from spingan.circuits.ngspice import pairs, run
from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_system import conductance_s
from spingan.errors import UserError
from spingan.physics.mesh import Mesh
from spingan.physics.wall import WallConstants, WallState, at_rest, magnetisation_z, settle
from spingan.physics.wall import run as run_wall

STEP_S = 0.5e-12  # paper S, IV-D2
SETTLED = 0.01  # of the output's change: within it the output counts as settled; assumed
TOLERANCES = ".options reltol=1e-4 vntol=1e-8"  # a tenth of a thousandth of the divider's swing
TIME_LIMIT_S = 300.0


@dataclass(frozen=True, eq=False)
class Waveform:
    """A device's conductance, in siemens, against time, in seconds: (n,) each; time rises from 0.

    Raises:
        UserError: Fewer than two points, a time that does not rise from 0, or a conductance that is not positive.
    """

    name: str
    time_s: NDArray[np.float64]
    conductance_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        must_be_conductances(self.name, self.conductance_s, self.time_s, "times")
        if self.time_s[0] != 0 or not np.all(np.diff(self.time_s) > 0):
            raise UserError(f"{self.name}: the times do not rise from 0", "Begin at 0 s, and give each time once")


@dataclass(frozen=True, eq=False)
class Response:
    """A cell in time: (n,) arrays, and the seconds that ngspice took.

    Powers are those of `Transfer`. Nothing loads the output: what the next stage is made of is not printed.
    """

    cards: str
    time_s: NDArray[np.float64]
    divider_v: NDArray[np.float64]
    output_v: NDArray[np.float64]
    divider_w: NDArray[np.float64]
    inverters_w: NDArray[np.float64]
    seconds: float

    @property
    def delay_s(self) -> float:
        """When the output is half way from its first value to its last: the wall's way and the circuit's together.

        A waveform that jumps shows the circuit's alone.

        Raises:
            UserError: The output does not move.
        """
        change = self.output_v[-1] - self.output_v[0]
        moved = (self.output_v - self.output_v[0]) / change if change else np.zeros_like(self.output_v)
        beyond = np.flatnonzero(moved >= 0.5)
        if beyond.size == 0:
            raise UserError("the cell's output does not move: it has no delay", "Give a waveform that changes")
        at = int(beyond[0])
        return float(np.interp(0.5, moved[at - 1 : at + 1], self.time_s[at - 1 : at + 1]))

    @property
    def settled_s(self) -> float:
        """When the output comes within 1 % of its change of its last value, for good."""
        off = np.abs(self.output_v - self.output_v[-1]) > SETTLED * abs(self.output_v[-1] - self.output_v[0])
        return float(self.time_s[np.flatnonzero(off)[-1]]) if off.any() else 0.0

    def energies_j(self, window_s: float) -> tuple[float, float]:
        """What divider and inverters draw from 0 to `window_s`, in joules.

        Raises:
            UserError: The window is not above 0, or longer than the response.
        """
        if not 0 < window_s <= self.time_s[-1] * (1 + 1e-9):
            raise UserError(
                f"a window of {window_s * 1e9:g} ns is not within the response's {self.time_s[-1] * 1e9:g} ns",
                "Ask for a shorter one, or simulate for longer",
            )
        times = np.append(self.time_s[self.time_s < window_s], window_s)
        divider, inverters = (
            float(np.trapezoid(np.interp(times, self.time_s, power), times))
            for power in (self.divider_w, self.inverters_w)
        )
        return divider, inverters


def respond(
    cell: Cell, waveform: Waveform, step_s: float = STEP_S, cards: Cards = GENERIC_16NM, fall: BiasFall | None = None
) -> Response:
    """The cell while its device's conductance follows a waveform, from rest at the waveform's first value.

    Args:
        step_s: ngspice's longest time step.
        fall: the device's bias dependence, if the waveform is that at low bias.

    Raises:
        UserError: A step that does not fit into the waveform, and as `run`.
    """
    result = run(response_netlist(cell, waveform, step_s, cards, fall), time_limit_s=TIME_LIMIT_S)
    (plot,) = result.plots
    divider_w, inverters_w = supplied_powers(cell, plot.vectors)
    return Response(
        cards=cards.name,
        time_s=plot["time"],
        divider_v=plot["v(mid)"],
        output_v=plot["v(out)"],
        divider_w=divider_w,
        inverters_w=inverters_w,
        seconds=result.seconds,
    )


def response_netlist(cell: Cell, waveform: Waveform, step_s: float, cards: Cards, fall: BiasFall | None) -> str:
    """What `respond` runs: a volt at the node `g` stands for a millisiemens.

    Raises:
        UserError: A step that does not fit into the waveform.
    """
    end_s = float(waveform.time_s[-1])
    if not 0 < step_s < end_s:
        raise UserError(
            f"a step of {step_s * 1e12:g} ps does not fit into {waveform.name}'s {end_s * 1e12:g} ps",
            "Give a step above 0 and shorter than the waveform",
        )
    lines = [
        f"* {cell.name} with {one_line(waveform.name)}, cards {cards.name}; a volt at g stands for a millisiemens",
        circuit_lines(cell, cards, "v(g)*1e-3", fall),
        f"vg g 0 pwl({pairs(waveform.time_s, waveform.conductance_s * 1e3, ' ')})",
        TOLERANCES,
        f".tran {step_s:.9e} {end_s:.9e} 0 {step_s:.9e}",
    ]
    return "\n".join(lines)


SAMPLES = 1000  # at most, of the wall's path, equally many steps apart: these are short where the wall is fast
THINNED = 1e-4  # of the conductance's change: what leaving a point of the waveform out may cost


def wall_waveform(
    device: WallDevice,
    constants: WallConstants,
    convention: TorqueConvention,
    from_a: float,
    to_a: float,
    start_m: float,
    duration_s: float,
) -> Waveform:
    """The conductance for `duration_s` after the input jumps from one current to another.

    Args:
        start_m: where the wall is placed before it settles at the first current.

    Raises:
        UserError: The wall is lost on the way, or does not settle at the first current; and as `compact_model`.
    """
    model = compact_model(device, constants=constants)
    before = settle(model, drive_t(device, from_a, convention), at_rest(model, start_m))
    if not (before.kept and before.settled):
        what = "is lost" if not before.kept else "does not settle"
        raise UserError(f"{device.name}: the wall {what} at {from_a * 1e6:g} µA", "Begin at another current or place")
    path = run_wall(model, drive_t(device, to_a, convention), before, duration_s)
    if not path.last.kept:
        raise UserError(f"{device.name}: the wall is lost on the way to {to_a * 1e6:g} µA", "Keep to smaller currents")
    times = np.concatenate([[0.0], path.time_s[path.time_s > 0]])
    states = np.concatenate([[before.vector], path.states[path.time_s > 0]])
    grid = Mesh(round(device.length_m / model.cell_m), round(device.width_m / model.cell_m), model.cell_m, model.cell_m)
    chosen = np.unique(np.linspace(0, times.size - 1, SAMPLES).astype(np.int64))

    def conductance(vector: NDArray[np.float64]) -> float:
        mz = magnetisation_z(model, WallState(*vector.tolist()), grid.x_m, grid.y_m[:, None])
        return conductance_s(device, np.stack([np.zeros_like(mz), np.zeros_like(mz), mz]), grid)

    at, values = times[chosen], np.array([conductance(states[place]) for place in chosen])
    kept = thinned(at, values, THINNED * float(np.ptp(values)))
    return Waveform(f"{device.name}, {from_a * 1e6:g} to {to_a * 1e6:g} µA", at[kept], values[kept])


def thinned(x: NDArray[np.float64], y: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """The points to keep, by their places, so that straight lines between them miss no other by over `tolerance`."""
    keep = {0, x.size - 1}
    open_parts = [(0, x.size - 1)]
    while open_parts:
        first, last = open_parts.pop()
        inside = slice(first + 1, last)
        straight = np.interp(x[inside], x[[first, last]], y[[first, last]])
        misses = np.abs(y[inside] - straight)
        if misses.size and misses.max() > tolerance:
            worst = first + 1 + int(misses.argmax())
            keep.add(worst)
            open_parts += [(first, worst), (worst, last)]
    return np.array(sorted(keep))
