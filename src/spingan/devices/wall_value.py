"""A domain-wall device as a value: its track, its anisotropy profile, its detectors, and how it is driven."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spingan.errors import UserError
from spingan.physics.film import Film

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

    def __call__(self, x_m: ArrayLike) -> NDArray[np.float64]:
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
            raise UserError(
                f"a device's name is {self.name!r}, which names no file",
                "Give letters, digits, - and _: curves bear it",
            )
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
