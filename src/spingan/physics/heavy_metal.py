"""Currents in the heavy metal under a magnet: what the magnet takes of them, and where a read current goes.

A track is a resistor along x, from the left terminal at 0 to the right one, which is ground. Junctions on it lead to a
third terminal. Kirchhoff's law in every column says where the currents flow.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.mesh import Array

with needs("the physics of devices"):
    from scipy.linalg import solve_banded
    from scipy.special import ive


def heavy_metal_share(
    metal_thickness_m: float, metal_resistivity_ohm_m: float, magnet_thickness_m: float, magnet_resistivity_ohm_m: float
) -> float:
    """Part of a current along both layers that the heavy metal carries; the magnet carries the rest.

    Two sheets in parallel: conductance of each is its thickness over its resistivity.

    Raises:
        UserError: A thickness or resistivity that is not above 0.
    """
    layers = {
        "the heavy metal's thickness": metal_thickness_m,
        "the heavy metal's resistivity": metal_resistivity_ohm_m,
        "the magnet's thickness": magnet_thickness_m,
        "the magnet's resistivity": magnet_resistivity_ohm_m,
    }
    for what, value in layers.items():
        if not (math.isfinite(value) and value > 0):
            raise UserError(f"{what} is {value:g}", "It must be above 0")
    metal = metal_thickness_m / metal_resistivity_ohm_m
    return metal / (metal + magnet_thickness_m / magnet_resistivity_ohm_m)


@dataclass(frozen=True, eq=False)
class TerminalCurrents:
    """A track with three terminals.

    Attributes:
        along_a: (n,) current along the track in each column, towards larger x: the mean of both its ends.
        potential_v: (n,) of the columns, over ground.
        left_a: into the left terminal.
        read_a: from the third terminal into the track.
        right_a: out of the right terminal; the sum of the two.
        heat_w: in the track.
    """

    along_a: Array
    potential_v: Array
    left_a: float
    read_a: float
    right_a: float
    heat_w: float


def three_terminals(
    current_a: float,
    column_ohm: float,
    junction_s: ArrayLike,
    read_v: float,
    source_ohm: float | None = None,
) -> TerminalCurrents:
    """Currents of a track whose left terminal is fed, whose right one is ground, and whose junctions lie at `read_v`.

    Args:
        current_a: of the source at the left terminal.
        column_ohm: resistance of the track along one column.
        junction_s: (n,) conductance of the junctions over each column.
        read_v: voltage of the third terminal over ground.
        source_ohm: resistance parallel to the source, to ground; None: an ideal current source.

    Raises:
        UserError: A resistance that is not above 0, or a conductance below 0.
    """
    junction = np.asarray(junction_s, dtype=np.float64)
    if not (math.isfinite(column_ohm) and column_ohm > 0):
        raise UserError(f"a column's resistance is {column_ohm:g} ohm", "It must be above 0")
    if source_ohm is not None and not (math.isfinite(source_ohm) and source_ohm > 0):
        raise UserError(f"the source's resistance is {source_ohm:g} ohm", "It must be above 0")
    if not np.all(np.isfinite(junction) & (junction >= 0)):
        raise UserError("a junction's conductance is negative, or no number", "It must be 0 or more, in siemens")
    between = 1 / column_ohm
    ends = 2 / column_ohm  # half a column lies between the first or last centre and its terminal
    feed = 0.0 if source_ohm is None else 1 / (source_ohm + column_ohm / 2)
    injected = current_a if source_ohm is None else current_a * source_ohm * feed
    n = len(junction)
    bands = np.zeros((3, n))
    bands[0, 1:] = bands[2, :-1] = -between
    bands[1] = junction
    bands[1, :-1] += between
    bands[1, 1:] += between
    bands[1, 0] += feed
    bands[1, -1] += ends
    source = junction * read_v
    source[0] += injected
    potential = solve_banded((1, 1), bands, source)
    left_a = injected - feed * float(potential[0])
    inflow = junction * (read_v - potential)
    faces = left_a + np.concatenate([[0.0], np.cumsum(inflow)])
    steps = np.full(n + 1, column_ohm)
    steps[0] = steps[-1] = column_ohm / 2
    return TerminalCurrents(
        along_a=(faces[:-1] + faces[1:]) / 2,
        potential_v=potential,
        left_a=left_a,
        read_a=float(inflow.sum()),
        right_a=float(ends * potential[-1]),
        heat_w=float(np.sum(faces**2 * steps)),
    )


def disc_contact_ohm(sheet_ohm: float, resistance_area_ohm_m2: float, radius_m: float, rim_m: float) -> float:
    """Resistance from a round junction of `radius_m` through the sheet under it to a ring at `rim_m`, in ohm.

    Under the junction the sheet's potential obeys V'' + V'/r = V R / RA: modified Bessel functions of
    r √(R / RA), as in a round contact [1]; outside it the current spreads, R ln(rim / radius) / 2π.

    [1] G. K. Reeves, Solid-State Electron. 23, 487 (1980).

    Raises:
        UserError: A quantity that is not above 0, or a rim inside the junction.
    """
    for what, value in (("sheet_ohm", sheet_ohm), ("RA", resistance_area_ohm_m2), ("radius_m", radius_m)):
        if not (math.isfinite(value) and value > 0):
            raise UserError(f"round junction: {what} is {value:g}", "It must be above 0")
    if rim_m < radius_m:
        raise UserError(f"the contact's ring at {rim_m:g} m lies within the junction of {radius_m:g} m", "Widen it")
    length_m = math.sqrt(resistance_area_ohm_m2 / sheet_ohm)
    x = radius_m / length_m
    under = sheet_ohm / (2 * math.pi * x) * float(ive(0, x) / ive(1, x))
    return under + sheet_ohm / (2 * math.pi) * math.log(rim_m / radius_m)


def strip_thermal_resistance_k_per_w(
    length_m: float, width_m: float, oxide_m: float, conductivity_w_per_m_k: float
) -> float:
    """Thermal resistance of a strip on an oxide over a heat sink, in K/W, its ends and the substrate left out.

    1 / (κ L (π / ln(6 (d / w + 1)) + w / d)): A. D. Liao et al., Phys. Rev. Lett. 106, 256801 (2011), quoted from
    memory.

    Raises:
        UserError: A quantity that is not above 0.
    """
    for what, value in (
        ("length_m", length_m), ("width_m", width_m), ("oxide_m", oxide_m), ("conductivity", conductivity_w_per_m_k),
    ):  # fmt: skip
        if not (math.isfinite(value) and value > 0):
            raise UserError(f"thermal resistance: {what} is {value:g}", "It must be above 0")
    shape = math.pi / math.log(6 * (oxide_m / width_m + 1)) + width_m / oxide_m
    return 1 / (conductivity_w_per_m_k * length_m * shape)
