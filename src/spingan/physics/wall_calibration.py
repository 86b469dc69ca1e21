"""The compact wall's constants from runs of the solver, judged on runs that the fit did not see.

A run of the solver is boiled down to a `WallObservation`; `fit_constants` changes the factors of `WallConstants` until
the model's rest states have the observed positions and widths. Nothing else is free: stiffness, ends and stray field
follow from the device.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import least_squares

from spingan.errors import UserError
from spingan.input_files import read_text, reason
from spingan.output import write_text
from spingan.physics.typed import typed
from spingan.physics.wall import WallConstants, WallModel, WallState, at_rest, settle
from spingan.yaml_text import parse_yaml

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

    def residuals(factors: NDArray[np.float64]) -> NDArray[np.float64]:
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
