"""Tracks of other widths and thicknesses: how the film scales, and the compact wall's constants on them.

`python -m spingan.devices.wall_tracks FILE` makes the table in `curves/` anew, a minute of a core: the designed leaky
ReLU's profile on tracks of each width and thickness, fourteen currents of the solver on each.
"""

import sys
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spingan.devices.published import CURVES
from spingan.devices.wall_compact import calibrate_wall
from spingan.devices.wall_device import Detector, WallDevice, read_wall_device
from spingan.errors import UserError
from spingan.extras import needs
from spingan.input_files import read_text
from spingan.output import write_text
from spingan.physics.film import Film
from spingan.physics.typed import typed
from spingan.physics.wall import WallConstants
from spingan.yaml_text import parse_yaml

with needs("the physics of devices"):
    from scipy.interpolate import RegularGridInterpolator

FILE = CURVES / "wall_tracks.yaml"
KIND = "wall-track-calibrations"
WIDTHS_M = (10e-9, 24e-9, 50e-9, 100e-9)
THICKNESSES_M = (0.9e-9, 1.0e-9, 1.2e-9)  # at 0.8 nm the film of paper S breaks into spirals
CELL_M = 2e-9  # a quarter of the exchange length: at 24 nm the factors are those of 1 nm cells within 2 %


@dataclass(frozen=True)
class TrackCalibration:
    """One track's constants, and the largest error of the compact wall in position over currents not fitted."""

    width_m: float
    thickness_m: float
    constants: WallConstants
    largest_error_m: float


def film_of_thickness(film: Film, thickness_m: float) -> Film:
    """The film at another thickness. DMI and anisotropy come from its interfaces, so both fall as 1 / thickness.

    The rule is that of any interface term; for the anisotropy, of which a part may be the volume's, it is assumed.
    """
    ratio = film.thickness_m / thickness_m
    return replace(
        film,
        thickness_m=thickness_m,
        interfacial_dmi_j_per_m2=film.interfacial_dmi_j_per_m2 * ratio,
        anisotropy_j_per_m3=film.anisotropy_j_per_m3 * ratio,
    )


def with_track(device: WallDevice, width_m: float, thickness_m: float) -> WallDevice:
    """A device on a track of another width and thickness; its junctions become one over the right half."""
    ratio = device.film.thickness_m / thickness_m
    profile = replace(
        device.profile,
        flat_j_per_m3=device.profile.flat_j_per_m3 * ratio,
        left_peak_j_per_m3=device.profile.left_peak_j_per_m3 * ratio,
        right_peak_j_per_m3=device.profile.right_peak_j_per_m3 * ratio,
    )
    junction = Detector("right", device.length_m / 2, device.length_m, 0.0, width_m)
    film = film_of_thickness(device.film, thickness_m)
    return replace(device, width_m=width_m, film=film, profile=profile, detectors=(junction,))


def calibrate_track(width_m: float, thickness_m: float) -> TrackCalibration:
    """Fourteen runs of the solver on one track, under the push per section that ±20 µA are on the designed device.

    Raises:
        UserError: As `calibrate_wall`.
    """
    designed = read_wall_device(CURVES / "leaky_relu_designed_device.yaml")
    device = replace(with_track(designed, width_m, thickness_m), name="track")
    range_a = 20e-6 * width_m / designed.width_m * thickness_m / designed.film.thickness_m
    found = calibrate_wall(device, range_a=range_a, cell_m=CELL_M)
    return TrackCalibration(width_m, thickness_m, found.constants, found.largest_error_m)


def track_constants(width_m: float, thickness_m: float) -> WallConstants:
    """The compact wall's constants on a track, straight between those calibrated.

    Raises:
        UserError: A width or thickness outside the calibrated ones.
    """
    widths, thicknesses, table = _table()
    for what, value, known in (("width", width_m, widths), ("thickness", thickness_m, thicknesses)):
        if not known[0] * (1 - 1e-9) <= value <= known[-1] * (1 + 1e-9):
            raise UserError(
                f"the compact wall was not calibrated for a {what} of {value * 1e9:g} nm",
                f"Stay within {known[0] * 1e9:g} to {known[-1] * 1e9:g} nm, or calibrate further tracks: "
                "python -m spingan.devices.wall_tracks FILE.",
            )
    here = np.clip([width_m, thickness_m], [widths[0], thicknesses[0]], [widths[-1], thicknesses[-1]])
    return WallConstants(*(float(value) for value in RegularGridInterpolator((widths, thicknesses), table)(here)[0]))


@lru_cache(maxsize=1)
def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Widths (n,), thicknesses (k,), and constants (n, k, 4) in the order of `WallConstants`."""
    found = {(track.width_m, track.thickness_m): track for track in read_tracks(FILE)}
    widths, thicknesses = (sorted({place[axis] for place in found}) for axis in (0, 1))
    table = [[list(asdict(found[w, t].constants).values()) for t in thicknesses] for w in widths]
    return np.array(widths), np.array(thicknesses), np.array(table)


def read_tracks(path: str | Path) -> tuple[TrackCalibration, ...]:
    """The calibrations in the YAML file `path`.

    Raises:
        UserError: It cannot be read, or does not hold them.
    """
    where, again = f"calibration {path}", "Make it anew: python -m spingan.devices.wall_tracks FILE"
    content, _ = parse_yaml(read_text(path, where), where, again)
    if content.get("kind") != KIND or not isinstance(content.get("tracks"), list):
        raise UserError(f"{where}: its kind is not {KIND}, or it has no tracks", again)
    return tuple(typed(TrackCalibration, row, f"{where}: a track", again) for row in content["tracks"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m spingan.devices.wall_tracks FILE")
    made = [calibrate_track(width_m, thickness_m) for width_m in WIDTHS_M for thickness_m in THICKNESSES_M]
    source = (
        f"spingan's solver, {CELL_M * 1e9:g} nm cells, magnet-section; profile of leaky_relu_0p2, 100 nm long; DMI and "
        "anisotropy as 1 / thickness"
    )
    content: dict[str, Any] = {"kind": KIND, "source": source, "tracks": [asdict(track) for track in made]}
    write_text(sys.argv[1], yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))
