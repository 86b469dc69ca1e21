"""The compact wall in heat fitted to runs of the thermal solver.

`python -m spingan.devices.wall_heat_calibration FILE` makes one of the designed leaky ReLU from 48 ns of the solver, in
some minutes of a free core. That in `curves/` is of the same kind; its runs were made in parts.
"""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spingan.devices.published import CURVES
from spingan.devices.wall_compact import compact_model
from spingan.devices.wall_device import TorqueConvention, WallDevice, read_wall_device
from spingan.devices.wall_heat import WarmPlan, WarmPoint, constants_of, warm_point
from spingan.devices.wall_heat_solver import (
    HeatCalibration,
    HeatObservation,
    observe,
    thermal_run,
    thermal_step_s,
    write_heat_calibration,
)
from spingan.devices.wall_study import Setup, rest, settle
from spingan.errors import UserError
from spingan.physics.wall import WallConstants
from spingan.physics.wall_heat import HeatConstants

ROUNDS = 3  # of the fit: the rms is nearly, and the memory quite, what the factors ask for
WALLS = 200  # of the compact ensemble in the fit: 10 ns of each leave 1 % of an rms open


def modelled(
    device: WallDevice,
    wall: WallConstants,
    heat: HeatConstants,
    observation: HeatObservation,
    convention: TorqueConvention,
) -> WarmPoint:
    """The compact wall under an observation's current and temperature."""
    current = observation.current_a
    full = max(abs(current), 1e-9)
    plan = WarmPlan(observation.temperature_k, tuple(sorted({0.0, current, full})), full, walls=WALLS)
    warm = plan.law.film_at(device.film, observation.temperature_k)
    if warm != device.film:
        raise UserError(
            f"the runs at {observation.temperature_k:g} K were made with the film of {plan.law.reference_k:g} K",
            f"Calibrate at {plan.law.reference_k:g} K",
        )
    point = warm_point(device, compact_model(device, constants=wall), heat, plan, current, convention)
    if not isinstance(point, WarmPoint):
        raise UserError(f"at {current * 1e6:g} µA the compact wall is lost at once", "Calibrate at smaller currents")
    return point


def fit_heat(
    device: WallDevice,
    wall: WallConstants,
    observations: Sequence[HeatObservation],
    convention: TorqueConvention = "magnet-section",
) -> tuple[HeatConstants, tuple[WarmPoint, ...]]:
    """The factors with which the compact wall has the observed rms and memory in the geometric mean.

    Every observation counts the same: what the straight wall lacks differs between currents by more than the intervals.
    `dimming_per_k` is what the domains lack of the m_z that they have at 0 K (`wall.domain_magnetisation`).

    Returns:
        The factors, and the compact wall with them at each observation.

    Raises:
        UserError: No observation, or as `warm_point`.
    """
    if not observations:
        raise UserError("heat calibration: there is no run to fit", "Give one that keeps its wall")
    share = [1 - seen.domain / wall.domain_magnetisation for seen in observations]
    dimming = float(np.mean([part / seen.temperature_k for part, seen in zip(share, observations, strict=True)]))
    heat = HeatConstants(dimming_per_k=max(0.0, dimming))
    points: tuple[WarmPoint, ...] = ()
    for last in (*(False,) * ROUNDS, True):
        points = tuple(modelled(device, wall, heat, seen, convention) for seen in observations)
        if last:
            break
        pairs = list(zip(points, observations, strict=True))
        rms = float(np.mean([math.log(seen.rms_m.value / point.position_m.rms.value) for point, seen in pairs]))
        memory = float(
            np.mean([math.log(seen.memory_s.value / point.position_m.memory_s.value) for point, seen in pairs])
        )
        heat = HeatConstants(heat.energy * math.exp(2 * rms), heat.drag * math.exp(memory), heat.dimming_per_k)
    return heat, points


def calibration_from(
    setup: Setup, wall: WallConstants, observations: Sequence[HeatObservation], source: str
) -> HeatCalibration:
    """Fit to observations that were made with `setup`.

    Raises:
        UserError: As `fit_heat`.
    """
    heat, points = fit_heat(setup.device, wall, observations, setup.convention)
    pairs = list(zip(points, observations, strict=True))
    return HeatCalibration(
        device=setup.device.name,
        cell_m=setup.cell_m,
        across_m=setup.across_m or setup.cell_m,
        constants=heat,
        observations=tuple(observations),
        rms_error=tuple(point.position_m.rms.value / seen.rms_m.value - 1 for point, seen in pairs),
        memory_error=tuple(point.position_m.memory_s.value / seen.memory_s.value - 1 for point, seen in pairs),
        source=source,
    )


def calibrate_heat(
    setup: Setup, currents_a: Sequence[float], temperature_k: float, duration_s: float, seed: int = 0
) -> HeatCalibration:
    """Run the thermal solver under each current, and fit the compact wall to what it saw.

    Raises:
        UserError: As `thermal_run`, `observe` and `fit_heat`.
    """
    wall, _, _ = constants_of(setup.device)
    profile = setup.device.profile
    start = rest(setup, (profile.left_end_m + profile.right_start_m) / 2).m
    observations = []
    for number, current_a in enumerate(currents_a):
        begin = settle(setup, current_a, start).m if current_a else start
        run = thermal_run(setup, current_a, begin, temperature_k, duration_s, seed + number)
        observations.append(observe((run,), current_a, temperature_k, seed + number))
    source = (
        f"spingan's solver, {setup.cell_m * 1e9:g} x {(setup.across_m or setup.cell_m) * 1e9:g} nm cells, steps of "
        f"{thermal_step_s(setup) * 1e15:.3g} fs, {setup.convention}"
    )
    return calibration_from(setup, wall, observations, source)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m spingan.devices.wall_heat_calibration FILE")
    designed = Setup(read_wall_device(CURVES / "leaky_relu_designed_device.yaml"), cell_m=2e-9, across_m=2.3e-9)
    made = calibrate_heat(designed, (-10e-6, 0.0, 10e-6, 20e-6), 300.0, 12e-9)
    write_heat_calibration(made, Path(sys.argv[1]))
