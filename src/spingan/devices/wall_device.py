"""A domain-wall device as a value: track, anisotropy profile, detectors and drive; the two printed ones; its file.

Coordinates: x along the track from its left end, y across, z the film's normal. A positive current moves the wall to
larger x.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import yaml
from numpy.typing import ArrayLike

from spingan.errors import UserError
from spingan.input_files import exists, read_text
from spingan.output import write_text
from spingan.physics.film import Film
from spingan.physics.mesh import Array
from spingan.physics.typed import typed
from spingan.yaml_text import parse_yaml

TorqueConvention = Literal["textbook", "printed-formula", "magnet-section"]
"""How a printed current becomes a spin current through the interface (docs/derivations.md, section 1).

`textbook`: theta J in the heavy metal; `printed-formula`: theta P J in the heavy metal; `magnet-section`: theta P I
over the magnet's section, the only one that fits paper S's wall positions.
"""
CONVENTIONS: tuple[TorqueConvention, ...] = get_args(TorqueConvention)

ROUNDING_M = 1e-13  # a ten-thousandth of a nanometre: decimal places in a file, not a difference


@dataclass(frozen=True)
class AnisotropyProfile:
    """Uniaxial anisotropy along the track: flat between two parabolas that rise towards the ends.

    K(x) = flat + (left_peak - flat) ((left_end - x) / left_end)^2 for x < left_end, likewise on the right from
    right_start to the track's end, and flat between. A peak may equal flat.

    Raises:
        UserError: An anisotropy that is not positive, zones that overlap or leave the track, or a peak over a zone of
            no length, which is a jump.
    """

    flat_j_per_m3: float
    left_peak_j_per_m3: float
    left_end_m: float
    right_peak_j_per_m3: float
    right_start_m: float
    length_m: float

    def __post_init__(self) -> None:
        for name in ("flat_j_per_m3", "left_peak_j_per_m3", "right_peak_j_per_m3", "length_m"):
            must_be_positive(f"the profile's {name}", getattr(self, name))
        if not 0 <= self.left_end_m <= self.right_start_m <= self.length_m:
            raise UserError(
                f"the profile's left_end_m {self.left_end_m:g} and right_start_m {self.right_start_m:g} do not lie in "
                f"this order within 0..{self.length_m:g} m",
                "The left parabola ends before the right one starts, both on the track",
            )
        sides = (
            ("left", self.left_peak_j_per_m3, self.left_end_m),
            ("right", self.right_peak_j_per_m3, self.length_m - self.right_start_m),
        )
        for side, peak, zone in sides:
            if zone == 0 and peak != self.flat_j_per_m3:
                raise UserError(
                    f"the profile jumps at its {side} end from {self.flat_j_per_m3:g} to {peak:g} J/m³ within 0 m",
                    "Give the parabola a length, or let its peak equal flat_j_per_m3",
                )

    def __call__(self, x_m: ArrayLike) -> Array:
        """Anisotropy in J/m³ at places `x_m` of any shape, in metres."""
        x = np.asarray(x_m, dtype=np.float64)
        k = np.full(x.shape, self.flat_j_per_m3)
        if self.left_end_m > 0:
            left = np.clip((self.left_end_m - x) / self.left_end_m, 0.0, None)
            k = k + (self.left_peak_j_per_m3 - self.flat_j_per_m3) * left**2
        if self.right_start_m < self.length_m:
            right = np.clip((x - self.right_start_m) / (self.length_m - self.right_start_m), 0.0, None)
            k = k + (self.right_peak_j_per_m3 - self.flat_j_per_m3) * right**2
        return k


@dataclass(frozen=True)
class Detector:
    """A tunnel junction over a rectangle of the track; its fixed layer lies along the left domain."""

    name: str
    x0_m: float
    x1_m: float
    y0_m: float
    y1_m: float

    @property
    def corners_m(self) -> tuple[float, float, float, float]:
        """Its edges: x0, x1, y0, y1."""
        return self.x0_m, self.x1_m, self.y0_m, self.y1_m

    @property
    def area_m2(self) -> float:
        """Area of the junction."""
        return (self.x1_m - self.x0_m) * (self.y1_m - self.y0_m)


@dataclass(frozen=True)
class ExchangeBias:
    """Fields along z over `length_m` at both ends, each along the domain that it pins."""

    length_m: float
    field_t: float


@dataclass(frozen=True)
class WallDevice:
    """A domain-wall device: all that the solver, the compact model and the exports need.

    `half_bias_voltage_v` is the bias at which the TMR has fallen to half; None: no fall, for want of a figure. The read
    voltage's sign: positive pulls the track towards the detectors' fixed layers. `bias_current_a` adds to every input.
    `left_domain` is the sign of m_z in the left domain.

    Raises:
        UserError: A quantity out of its range, or a detector or pinned end that leaves the track.
    """

    name: str
    length_m: float
    width_m: float
    film: Film
    profile: AnisotropyProfile
    detectors: tuple[Detector, ...]
    exchange_bias: ExchangeBias
    heavy_metal_resistivity_ohm_m: float
    heavy_metal_thickness_m: float
    spin_hall_angle: float
    polarization: float
    field_like_ratio: float
    ra_parallel_ohm_m2: float
    half_bias_voltage_v: float | None
    read_voltage_v: float
    bias_current_a: float = 0.0
    left_domain: Literal[1, -1] = 1

    def __post_init__(self) -> None:
        if not self.name or set(self.name) & set("/\\") or self.name.startswith("."):
            problem = f"a device's name is {self.name!r}, which names no file"
            raise UserError(problem, "Give letters, digits, - and _: curves bear it")
        for name in (
            "length_m", "width_m", "heavy_metal_resistivity_ohm_m", "heavy_metal_thickness_m", "ra_parallel_ohm_m2",
            "spin_hall_angle",
        ):  # fmt: skip
            must_be_positive(f"{self.name}: {name}", getattr(self, name))
        if not 0 < self.polarization < 1:
            raise UserError(
                f"{self.name}: polarization {self.polarization:g} is not between 0 and 1", "Give a fraction"
            )
        if self.half_bias_voltage_v is not None:
            must_be_positive(f"{self.name}: half_bias_voltage_v", self.half_bias_voltage_v)
        if self.left_domain not in (1, -1):
            raise UserError(f"{self.name}: left_domain is {self.left_domain}", "It is 1 (up) or -1 (down)")
        if abs(self.profile.length_m - self.length_m) > ROUNDING_M:
            raise UserError(
                f"{self.name}: the profile is {self.profile.length_m:g} m long, the track {self.length_m:g} m",
                "Give both the same length",
            )
        if not 0 <= 2 * self.exchange_bias.length_m < self.length_m:
            raise UserError(
                f"{self.name}: pinned ends of {self.exchange_bias.length_m:g} m leave nothing of {self.length_m:g} m",
                "Shorten exchange_bias.length_m",
            )
        if not self.detectors:
            raise UserError(f"{self.name}: it has no detector", "Give one at least: without it there is no output")
        for detector in self.detectors:
            inside_x = -ROUNDING_M <= detector.x0_m < detector.x1_m <= self.length_m + ROUNDING_M
            inside_y = -ROUNDING_M <= detector.y0_m < detector.y1_m <= self.width_m + ROUNDING_M
            if not (inside_x and inside_y):
                raise UserError(
                    f"{self.name}: detector {detector.name} from ({detector.x0_m:g}, {detector.y0_m:g}) to "
                    f"({detector.x1_m:g}, {detector.y1_m:g}) m is not a rectangle on the track of {self.length_m:g} x "
                    f"{self.width_m:g} m",
                    "Its corners rise, and stay on the track",
                )

    @property
    def heavy_metal_resistance_ohm(self) -> float:
        """Resistance of the heavy metal along the track: resistivity times length over section."""
        section_m2 = self.width_m * self.heavy_metal_thickness_m
        return self.heavy_metal_resistivity_ohm_m * self.length_m / section_m2

    @property
    def detector_area_m2(self) -> float:
        """Area of all detectors together."""
        return sum(detector.area_m2 for detector in self.detectors)


def must_be_positive(what: str, value: float) -> None:
    """Refuse a quantity that is not a finite number above zero.

    Raises:
        UserError: It is not.
    """
    if not (value > 0 and np.isfinite(value)):
        raise UserError(f"{what} is {value:g}", "It must be above 0")


WALL_FILM = Film(
    saturation_magnetization_a_per_m=580e3,  # paper S, IV-D
    exchange_stiffness_j_per_m=15e-12,  # paper S, IV-D
    interfacial_dmi_j_per_m2=3e-3,  # paper S, IV-D
    anisotropy_j_per_m3=0.6e6,  # paper S, IV-D
    gilbert_damping=0.3,  # paper S, IV-D
    thickness_m=1e-9,  # 2300 and 1640 nm³ over the printed areas: paper S, IV-D
    source=(
        "paper S, IV-D: Ms, A, D, alpha, the constant Ku; thickness from the printed volumes "
        "(docs/derivations.md, section 1)"
    ),
)
# Paper S prints that a 3 nm exchange-bias layer pins both ends (III-B), and no field. Assumed: 0.29 mJ/m² of interface
# energy, within the 0.1 to 0.5 mJ/m² common for Co on an antiferromagnet, over Ms x 1 nm.
EXCHANGE_BIAS = ExchangeBias(length_m=3e-9, field_t=0.5)
# The divider puts 0.31 to 0.35 V on the junctions: docs/derivations.md, section 1. Its polarity is not recoverable.
READ_VOLTAGE_V = 0.33

LEAKY_RELU = WallDevice(
    name="leaky_relu",
    length_m=100e-9,  # paper S, III-B
    width_m=23e-9,  # paper S, III-B
    film=WALL_FILM,
    profile=AnisotropyProfile(
        flat_j_per_m3=0.6e6,  # paper S, III-B
        left_peak_j_per_m3=1.25e6,  # paper S, III-B; the parabolas: docs/derivations.md, section 1
        left_end_m=21e-9,  # paper S, III-B
        right_peak_j_per_m3=1.25e6,  # paper S, III-B
        right_start_m=68e-9,  # paper S, III-B
        length_m=100e-9,
    ),
    # Paper S, III-B: 9 nm x 7 nm and 14 nm x 23 nm; "1 nm to 7 nm" counts the cells 1 to 7, so that they begin at 0.
    detectors=(Detector("left", 4e-9, 13e-9, 0.0, 7e-9), Detector("right", 83e-9, 97e-9, 0.0, 23e-9)),
    exchange_bias=EXCHANGE_BIAS,
    heavy_metal_resistivity_ohm_m=83e-8,  # paper S, IV-D; unit from its 850.75 ohm: docs/derivations.md, section 1
    heavy_metal_thickness_m=4e-9,  # paper S, IV-D
    spin_hall_angle=0.3,  # paper S, IV-D
    polarization=0.614,  # paper S, IV-D
    field_like_ratio=0.2,  # paper S, IV-D prints "( ) = 0.2", read as this: docs/derivations.md, section 1
    ra_parallel_ohm_m2=2e-12,  # reproduces the printed conductances: docs/derivations.md, section 1
    half_bias_voltage_v=None,  # not printed
    read_voltage_v=READ_VOLTAGE_V,
)

RELU = replace(  # film, heavy metal and drive as the leaky device's: paper S, IV-D; junction and reading: assumed
    LEAKY_RELU,
    name="relu",
    length_m=82e-9,  # paper S, IV-D1
    width_m=20e-9,  # paper S, IV-D1
    # Not printed. Assumed: one well without a flat zone, so that the wall has one rest point, as "self-reset" (paper S,
    # III-B) demands; the leaky device's lowest and highest anisotropy; its bottom a wall's width before the detector.
    profile=replace(LEAKY_RELU.profile, left_end_m=54e-9, right_start_m=54e-9, length_m=82e-9),
    detectors=(Detector("right", 63e-9, 79e-9, 0.0, 20e-9),),  # 63 to 79 nm: paper S, III-B; the whole width: assumed
    # "In the presence of a bias current": paper S, III-B; not printed. Assumed: it brings the wall's edge to the
    # detector, so that the conductance bends near zero input.
    bias_current_a=5e-6,
)

KIND = "wall-device"
TEMPLATE = "spingan device new FILE"


def write_wall_device(device: WallDevice, path: str | Path) -> None:
    """Write `device` to the YAML file `path`; `read_wall_device` gives back an equal value.

    Raises:
        UserError: The file cannot be written.
    """
    content = {"kind": KIND} | asdict(device)
    content["detectors"] = list(content["detectors"])
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def new_wall_device(path: str | Path, like: WallDevice) -> None:
    """Begin a device of one's own: `like`, written to a file that is not there yet.

    Raises:
        UserError: The file is there already, or cannot be written.
    """
    if exists(path):
        raise UserError(f"{path} is there already", "Choose another name, or move it away")
    write_wall_device(like, path)


def read_wall_device(path: str | Path) -> WallDevice:
    """The wall device in the YAML file `path`.

    Raises:
        UserError: The file cannot be read, lacks a key, has one too many, or says something impossible.
    """
    where = f"device file {path}"
    content, lines = parse_yaml(read_text(path, where), where, TEMPLATE)
    if content.pop("kind", None) != KIND:
        raise UserError(f"{where}: its kind is not {KIND}", f'It must say "kind: {KIND}", as what {TEMPLATE} writes')
    return typed(WallDevice, content, where, f"See the form that {TEMPLATE} writes", lines)
