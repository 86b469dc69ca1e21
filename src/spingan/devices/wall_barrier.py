"""How well a wall device holds its wall without a current: the barrier at each end of the track, and the mean time."""

from dataclasses import replace

import numpy as np

from spingan.devices.escape import Escape
from spingan.devices.wall_device import WallDevice
from spingan.devices.wall_study import Setup, Task, rest, run_tasks
from spingan.physics.energy_path import IMAGES, energy_path, lifetime
from spingan.physics.states import wall
from spingan.progress import Progress, no_progress

BEYOND_M = 12e-9  # how far out of the track the guess puts a wall at last: two width parameters
ENDS = ("left", "right")


def wall_escape(setup: Setup, end: str, temperature_k: float, images: int = IMAGES) -> Escape:
    """The barrier between a wall at rest without a current and a track without it, over one end.

    A device's bias current is left out: a torque has no energy.

    Args:
        setup: with the device as it is at the temperature.
        end: left or right.

    Raises:
        UserError: No wall rests there, or as `energy_path`.
    """
    device = replace(setup.device, bias_current_a=0.0)
    still = replace(setup, device=device)
    with still.under(0.0) as problem:
        settled = rest(still, (device.profile.left_end_m + device.profile.right_start_m) / 2)
        goal = -BEYOND_M if end == "left" else device.length_m + BEYOND_M
        guess = [settled.m]
        guess += [_wall_at(device, still, place) for place in np.linspace(settled.position_m, goal, 2 * images)[1:]]
        path = energy_path(replace(problem, torques=()), guess, images=images, time_limit_s=setup.time_limit_s)
    return Escape(f"wall, over the {end} end", path, lifetime(path.barrier_j, temperature_k), setup.cell_m)


def _wall_at(device: WallDevice, setup: Setup, place_m: float) -> np.ndarray:
    angle = np.pi if (device.left_domain > 0) != (device.film.interfacial_dmi_j_per_m2 < 0) else 0.0
    return wall(setup.mesh, place_m, device.film.wall_width_m, device.left_domain, angle)


def wall_escapes(
    setup: Setup, temperature_k: float, workers: int = 1, progress: Progress = no_progress
) -> list[Escape]:
    """Both ends, the easier first, from as many processes as `workers`; `progress` is called with (what, done, total).

    Raises:
        UserError: As `wall_escape`.
    """
    tasks: list[Task] = [(wall_escape, (setup, end, temperature_k)) for end in ENDS]
    return sorted(run_tasks(tasks, workers, "barriers", progress), key=lambda one: one.time.barrier_j)
