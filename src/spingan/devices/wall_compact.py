"""A wall device in the compact model, and its calibration: the same currents in milliseconds instead of minutes.

`python -m spingan.devices.wall_compact` makes the calibrations in `curves/` anew.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spingan.devices.published import CURVES
from spingan.devices.wall_device import LEAKY_RELU, RELU, TorqueConvention, WallDevice
from spingan.devices.wall_study import TORQUE_TOLERANCE_T, Setup, place_wall, rest_chain, run_tasks
from spingan.devices.wall_system import system, wall_position_m
from spingan.errors import UserError
from spingan.extras import needs
from spingan.input_files import read_text, reason
from spingan.output import write_text
from spingan.physics.mesh import Array, Mesh
from spingan.physics.typed import typed
from spingan.physics.wall import WallConstants, WallModel, WallState, at_rest, settle
from spingan.progress import Progress, no_progress
from spingan.yaml_text import parse_yaml

with needs("the physics of devices"):
    from scipy.optimize import least_squares

KIND = "wall-calibration"
FITTED = ("drive", "dmi", "exchange")
LOWEST, HIGHEST = 0.7, 1.3  # a factor further from 1 would mean that the model lacks something, not a correction
WIDTH_WEIGHT = 0.5  # a nanometre of width counts half a nanometre of position: only the detectors see it
STIFFNESS_NM = 0.5  # what a factor 10 % from 1 costs, so that what the runs do not decide stays at 1


@dataclass(frozen=True)
class WallObservation:
    """A rest state of the solver.

    Attributes:
        drive_t: amplitude of the damping-like torque.
        position_m: where the width-averaged m_z is zero.
        width_m: Δ of the tanh that fits the width-averaged m_z around it.
        domain_magnetisation: the width-averaged |m_z| in the flatter domain.
    """

    drive_t: float
    position_m: float
    width_m: float
    domain_magnetisation: float


@dataclass(frozen=True)
class WallCalibration:
    """Fitted constants, and how well they do.

    Attributes:
        device: name of the device that the runs were made with.
        constants: the factors.
        fitted, judged: the solver's states that the fit used and did not use.
        fitted_error_m, judged_error_m: model less solver for each of them, in position.
        source: which runs, with which solver settings.
    """

    device: str
    constants: WallConstants
    fitted: tuple[WallObservation, ...]
    judged: tuple[WallObservation, ...]
    fitted_error_m: tuple[float, ...]
    judged_error_m: tuple[float, ...]
    source: str

    @property
    def largest_error_m(self) -> float:
        """The largest error in position, in metres, over the runs that the fit did not use (or all, if it used all)."""
        return max(abs(error) for error in self.judged_error_m or self.fitted_error_m)


def fit_constants(model: WallModel, fitted: Sequence[WallObservation]) -> WallConstants:
    """The factors with which `model` meets the observed positions and widths best, in the least-squares sense.

    Raises:
        UserError: No observation.
    """
    if not fitted:
        raise UserError("wall calibration: there is no run to fit", "Give at least one current that holds the wall")
    domain = float(np.mean([observation.domain_magnetisation for observation in fitted]))

    def residuals(factors: Array) -> Array:
        constants = WallConstants(**dict(zip(FITTED, factors.tolist(), strict=True)))
        trial = replace(model, constants=constants)
        states = [modelled(trial, observation) for observation in fitted]
        pairs = list(zip(states, fitted, strict=True))
        positions = [(state.position_m - seen.position_m) * 1e9 for state, seen in pairs]
        widths = [(state.width_m - seen.width_m) * 1e9 * WIDTH_WEIGHT for state, seen in pairs]
        return np.array([*positions, *widths, *((factors - 1) / 0.1 * STIFFNESS_NM)])

    best = least_squares(residuals, np.ones(len(FITTED)), bounds=(LOWEST, HIGHEST), diff_step=1e-3)
    factors = dict(zip(FITTED, best.x.tolist(), strict=True))
    return WallConstants(**factors, domain_magnetisation=domain)


def modelled(model: WallModel, observation: WallObservation) -> WallState:
    """The model's rest state under an observation's drive, reached from the observed position."""
    begin = replace(at_rest(model, observation.position_m), width_m=observation.width_m)
    return settle(model, observation.drive_t, begin, torque_tolerance_t=1e-5)


def errors_m(model: WallModel, observations: Sequence[WallObservation]) -> tuple[float, ...]:
    """Model less solver in position for each observation; nan where the model loses the wall."""
    states = [modelled(model, observation) for observation in observations]
    return tuple(
        state.position_m - seen.position_m if state.kept else float("nan")
        for state, seen in zip(states, observations, strict=True)
    )


def write_wall_calibration(calibration: WallCalibration, path: str | Path) -> None:
    """Write `calibration` to the YAML file `path`; `read_wall_calibration` gives back an equal value.

    Raises:
        UserError: The file cannot be written.
    """
    content: dict[str, Any] = {
        "kind": KIND,
        "device": calibration.device,
        "source": calibration.source,
        "constants": asdict(calibration.constants),
        "largest_error_m": calibration.largest_error_m,
        "fitted": _rows(calibration.fitted, calibration.fitted_error_m),
        "judged": _rows(calibration.judged, calibration.judged_error_m),
    }
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def _rows(observations: Sequence[WallObservation], errors: Sequence[float]) -> list[dict[str, float]]:
    return [asdict(seen) | {"error_m": error} for seen, error in zip(observations, errors, strict=True)]


def read_wall_calibration(path: str | Path) -> WallCalibration:
    """The calibration in the YAML file `path`.

    Raises:
        UserError: It cannot be read, or is not a calibration.
    """
    where, again = f"calibration {path}", "Make it anew: spingan calibrate wall"
    content, _ = parse_yaml(read_text(path, where), where, "spingan calibrate wall")
    if content.get("kind") != KIND:
        raise UserError(f"{where}: its kind is not {KIND}", "Make one with: spingan calibrate wall")
    try:
        errors = {role: tuple(float(row.pop("error_m")) for row in content[role]) for role in ("fitted", "judged")}
        constants, device, source = content["constants"], str(content["device"]), str(content["source"])
    except Exception as error:  # whatever a user may have put there
        problem = f"{where} lacks a part, or holds one that is not a number: {reason(error)}"
        raise UserError(problem, again) from error
    fitted, judged = (
        tuple(typed(WallObservation, row, f"{where}: a {role} run", again) for row in content[role])
        for role in ("fitted", "judged")
    )
    return WallCalibration(
        device=device,
        constants=typed(WallConstants, constants, f"{where}: constants", again),
        fitted=fitted,
        judged=judged,
        fitted_error_m=errors["fitted"],
        judged_error_m=errors["judged"],
        source=source,
    )


CALIBRATION_RANGE_A = 34.5e-6  # paper S, III-B: driven from -34.5 to 34.5 µA
FITTED_SHARES = (-1.0, -0.7, -0.4, -0.2, 0.2, 0.4, 0.7, 1.0)  # of the range, on both sides of the valley
JUDGED_SHARES = (-0.85, -0.55, -0.3, 0.3, 0.55, 0.85)  # between them


def drive_t(device: WallDevice, current_a: float, convention: TorqueConvention) -> float:
    """Amplitude of the damping-like torque in tesla for an input current, as the solver is given it.

    Raises:
        UserError: As `wall_device.system`.
    """
    return _drive_per_ampere(device, convention) * (current_a + device.bias_current_a)


@lru_cache(maxsize=64)
def _drive_per_ampere(device: WallDevice, convention: TorqueConvention) -> float:
    unit_a = 1e-6
    torque = system(device, unit_a - device.bias_current_a, convention).torques[0]
    return float(np.asarray(torque.field_t)) / unit_a


def compact_model(
    device: WallDevice, cell_m: float = 1e-9, constants: WallConstants | None = None, across_m: float | None = None
) -> WallModel:
    """The compact wall of a device, with the constants of its calibration, or bare.

    Columns are `cell_m` long. The model has none across the track: `across_m` only must divide the width, too.

    Raises:
        UserError: As `wall_device.system`.
    """
    problem = system(device, -device.bias_current_a, "magnet-section", cell_m, across_m=across_m)
    polarisation = np.asarray(problem.torques[0].polarisation)
    bias = np.asarray(problem.exchange_bias_field_t)
    return WallModel(
        film=device.film,
        width_m=device.width_m,
        cell_m=cell_m,
        anisotropy_j_per_m3=problem.cell_anisotropy_j_per_m3[0],
        bias_field_t=bias[2, 0],
        left_domain=device.left_domain,
        polarisation=(float(polarisation[0]), float(polarisation[1])),
        field_like_ratio=device.field_like_ratio,
        constants=constants or WallConstants(),
    )


def compact_sweep(
    device: WallDevice,
    currents_a: Sequence[float],
    convention: TorqueConvention,
    start_m: float,
    constants: WallConstants | None = None,
) -> tuple[WallState, ...]:
    """Where the compact wall settles under each current, each begun where the last ended; shorter if it is lost.

    Raises:
        UserError: As `compact_model` and `settle`.
    """
    model = compact_model(device, constants=constants)
    here = at_rest(model, start_m)
    states: list[WallState] = []
    for current_a in currents_a:
        here = settle(model, drive_t(device, current_a, convention), here)
        states.append(here)
        if not here.kept:
            break
    return tuple(states)


def observe(m: Array, grid: Mesh, drive: float) -> WallObservation:
    """What the calibration keeps of a solver's state with one wall: (3, ny, nx) magnetisation under `drive` tesla.

    Raises:
        UserError: There is no wall.
    """
    position = wall_position_m(m, grid)
    if math.isnan(position):
        raise UserError("wall calibration: a run has no wall left", "Take smaller currents")
    across = m[2].mean(axis=0)
    far = np.abs(grid.x_m - position) > 15e-9  # three wall widths: the tanh is within 1 % of its end
    inner = (grid.x_m > 8e-9) & (grid.x_m < grid.nx * grid.dx_m - 8e-9)  # clear of the pinned and canted ends
    chosen = far & inner if np.any(far & inner) else far
    domain = float(np.abs(across[chosen]).mean())
    near = np.abs(across) < 0.8 * domain
    slope = np.polyfit((grid.x_m[near] - position) * 1e9, np.arctanh(across[near] / domain), 1)[0]
    return WallObservation(drive, position, 1e-9 / abs(float(slope)), domain)


def calibrate_wall(
    device: WallDevice,
    convention: TorqueConvention = "magnet-section",
    *,
    range_a: float | None = None,
    cell_m: float = 1e-9,
    workers: int = 1,
    time_limit_s: float = 3600.0,
    progress: Progress = no_progress,
) -> WallCalibration:
    """Fit the compact wall's constants to fourteen short runs of the solver, six of them kept back to judge.

    Each side of the profile is driven outwards from its own start, so two processes share the work.

    Args:
        range_a: largest current; the runs lie at fixed shares of it. None: 34.5 µA less the device's bias current.
        progress: called with (what, done, total).

    Raises:
        UserError: A current that annihilates the wall, the solver's time limit, and as `wall_device.system`.
    """
    setup = Setup(device, convention, cell_m, time_limit_s=time_limit_s)
    if range_a is None:
        range_a = CALIBRATION_RANGE_A - abs(device.bias_current_a)
    shares = sorted({*FITTED_SHARES, *JUDGED_SHARES}, key=abs)
    sides = [[share for share in shares if share > 0], [share for share in shares if share < 0]]
    middle = (device.profile.left_end_m + device.profile.right_start_m) / 2
    model = compact_model(device, cell_m)
    tasks = []
    for side in sides:
        # A start where the bare model puts the wall: the run then only corrects it.
        guess = settle(model, drive_t(device, side[0] * range_a, convention), middle)
        begin = place_wall(setup, guess.position_m if guess.kept else middle)
        tasks.append((rest_chain, (setup, [share * range_a for share in side], begin)))
    seen: dict[float, WallObservation] = {}
    for side, runs in zip(sides, run_tasks(tasks, workers, "solver", progress), strict=True):
        for share, run in zip(side, runs, strict=False):
            if run.annihilated:
                raise UserError(
                    f"wall calibration: {share * range_a * 1e6:.3g} µA annihilates {device.name}'s wall",
                    f"Calibrate over less than {range_a * 1e6:.3g} µA",
                )
            seen[share] = observe(run.m, setup.mesh, drive_t(device, share * range_a, convention))
    return calibration_from(
        device,
        [seen[share] for share in FITTED_SHARES],
        [seen[share] for share in JUDGED_SHARES],
        f"spingan's solver, {cell_m * 1e9:g} nm cells, {convention}, currents to ±{range_a * 1e6:g} µA, relaxed until "
        f"no cell's torque was above {TORQUE_TOLERANCE_T:g} T",
        cell_m,
    )


def calibration_from(
    device: WallDevice,
    fitted: Sequence[WallObservation],
    judged: Sequence[WallObservation],
    source: str,
    cell_m: float = 1e-9,
) -> WallCalibration:
    """Fit to `fitted`, judge on `judged`.

    Raises:
        UserError: As `fit_constants`.
    """
    constants = fit_constants(compact_model(device, cell_m), fitted)
    model = compact_model(device, cell_m, constants)
    return WallCalibration(
        device=device.name,
        constants=constants,
        fitted=tuple(fitted),
        judged=tuple(judged),
        fitted_error_m=errors_m(model, fitted),
        judged_error_m=errors_m(model, judged),
        source=source,
    )


def shipped_constants(name: str) -> WallConstants:
    """The constants that come with the package for a device, `leaky_relu` or `relu`.

    Raises:
        UserError: There are none for it.
    """
    file = CURVES / f"wall_calibration_{name}.yaml"
    if not file.exists():
        raise UserError(f"no calibration is shipped for {name}", "Make one: spingan calibrate wall")
    return read_wall_calibration(file).constants


if __name__ == "__main__":
    for printed in (LEAKY_RELU, RELU):
        write_wall_calibration(calibrate_wall(printed), CURVES / f"wall_calibration_{printed.name}.yaml")
