"""The device's conductance in time after its input current jumps, by the compact wall's own dynamics."""

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.domain_wall_response import Waveform
from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_device import TorqueConvention, WallDevice, conductance_s
from spingan.errors import UserError
from spingan.physics.mesh import Mesh
from spingan.physics.wall import WallConstants, WallState, at_rest, magnetisation_z, run, settle

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
    path = run(model, drive_t(device, to_a, convention), before, duration_s)
    if not path.last.kept:
        raise UserError(f"{device.name}: the wall is lost on the way to {to_a * 1e6:g} µA", "Keep to smaller currents")
    times = np.concatenate([[0.0], path.time_s[path.time_s > 0]])
    states = np.concatenate([[before.vector], path.states[path.time_s > 0]])
    grid = Mesh(round(device.length_m / model.cell_m), round(device.width_m / model.cell_m), model.cell_m, model.cell_m)
    chosen = np.unique(np.linspace(0, times.size - 1, SAMPLES).astype(np.int64))

    def conductance(vector: NDArray[np.float64]) -> float:
        position, angle, width, tilt = vector.tolist()
        mz = magnetisation_z(model, WallState(position, angle, width, tilt), grid.x_m, grid.y_m[:, None])
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
