"""Tunnel junctions: conductance against angle, area and bias, over a map of magnetisation or a covered area.

Julliere's ratio [1] with Slonczewski's dependence on the angle [2], each cell a junction of its own beside the others.

[1] M. Julliere, Phys. Lett. A 54, 225 (1975).  [2] J. C. Slonczewski, Phys. Rev. B 39, 6995 (1989), eq. 4.2.
"""

import numpy as np
from numpy.typing import ArrayLike

from spingan.physics.mesh import Array, Mesh


def julliere_tmr(polarization: float) -> float:
    """Tunnel magnetoresistance (R_AP - R_P) / R_P of two equal electrodes: 2 P^2 / (1 - P^2) [1].

    Raises:
        ValueError: `polarization` is not within 0..1, 1 excluded.
    """
    if not 0 <= polarization < 1:
        raise ValueError(f"polarization {polarization} is not within 0..1")
    return 2 * polarization**2 / (1 - polarization**2)


def biased_tmr(tmr: float, bias_v: float, half_bias_v: float | None) -> float:
    """TMR at a bias: TMR / (1 + (V / V_half)^2), the usual empirical fall; `half_bias_v` None: unknown, no fall.

    Raises:
        ValueError: `half_bias_v` is not positive.
    """
    return float(_biased_tmr(tmr, np.asarray(bias_v, dtype=np.float64), half_bias_v))


def _biased_tmr(tmr: float, bias_v: Array, half_bias_v: float | None) -> Array:
    """`biased_tmr` at biases of any shape."""
    if half_bias_v is None:
        return np.full(bias_v.shape, tmr)
    if half_bias_v <= 0:
        raise ValueError(f"half_bias_v {half_bias_v} is not positive")
    return np.asarray(tmr / (1 + (bias_v / half_bias_v) ** 2))


def conductance_per_area(
    cos_angle: ArrayLike,
    ra_parallel_ohm_m2: float,
    polarization: float,
    bias_v: float | Array = 0.0,
    half_bias_v: float | None = None,
) -> Array:
    """Conductance per area, in S/m², against the cosine of the angle between the layers, of any shape.

    The bias is one for all, or one for each of the angles.

    g = (g_P + g_AP) / 2 + (g_P - g_AP) / 2 cos(angle) [2], g_P = 1 / RA and g_AP = g_P / (1 + TMR at the bias). At low
    bias this is g_P (1 + P^2 cos) / (1 + P^2). The parallel state's own fall with bias is left out.

    Raises:
        ValueError: RA, polarisation or V_half out of their range.
    """
    if ra_parallel_ohm_m2 <= 0:
        raise ValueError(f"ra_parallel_ohm_m2 {ra_parallel_ohm_m2} is not positive")
    tmr = _biased_tmr(julliere_tmr(polarization), np.asarray(bias_v, dtype=np.float64), half_bias_v)
    parallel = 1 / ra_parallel_ohm_m2
    antiparallel = parallel / (1 + tmr)
    cosine = np.asarray(cos_angle, dtype=np.float64)
    return (parallel + antiparallel) / 2 + (parallel - antiparallel) / 2 * cosine


def map_conductance_s(
    cos_angle: Array,
    covered_area_m2: Array,
    ra_parallel_ohm_m2: float,
    polarization: float,
    bias_v: float = 0.0,
    half_bias_v: float | None = None,
) -> float:
    """Conductance, in siemens, of a junction over a map: every cell conducts by its own angle.

    Args:
        cos_angle: (ny, nx) cosine between the free cell and the fixed layer.
        covered_area_m2: (ny, nx) area of each cell that the junction covers, see `cell_coverage`.

    Raises:
        ValueError: As `conductance_per_area`.
    """
    per_area = conductance_per_area(cos_angle, ra_parallel_ohm_m2, polarization, bias_v, half_bias_v)
    return float(np.sum(per_area * covered_area_m2))


def partly_reversed_conductance_s(
    area_m2: float, reversed_area_m2: ArrayLike, ra_parallel_ohm_m2: float, polarization: float
) -> Array:
    """Conductance, in siemens, of a junction over parallel magnetisation with a part reversed, as by n skyrmions.

    `reversed_area_m2`, of any shape, is the integral of (1 - cos angle) / 2 over the junction: for a skyrmion a little
    more than the area within its m_z = 0 contour.

    Raises:
        ValueError: More area reversed than there is, or less than none; and as `conductance_per_area`.
    """
    reversed_area = np.asarray(reversed_area_m2, dtype=np.float64)
    if np.any(reversed_area < 0) or np.any(reversed_area > area_m2):
        raise ValueError(f"the reversed area must lie within 0..{area_m2} m²")
    up, down = conductance_per_area(np.array([1.0, -1.0]), ra_parallel_ohm_m2, polarization)
    return up * (area_m2 - reversed_area) + down * reversed_area


def cell_coverage(mesh: Mesh, x0_m: float, x1_m: float, y0_m: float, y1_m: float) -> Array:
    """Fraction (ny, nx) of every cell that lies in the rectangle from (x0, y0) to (x1, y1), in metres."""
    along = _overlap(mesh.nx, mesh.dx_m, x0_m, x1_m)
    across = _overlap(mesh.ny, mesh.dy_m, y0_m, y1_m)
    return np.outer(across, along)


def _overlap(count: int, cell_m: float, start_m: float, end_m: float) -> Array:
    edges = np.arange(count + 1) * cell_m
    covered = np.minimum(edges[1:], end_m) - np.maximum(edges[:-1], start_m)
    # Sums of decimal lengths leave 1e-16 of a cell here and there: rounded away.
    return np.round(np.clip(covered / cell_m, 0.0, 1.0), 12)


def read_current_density(voltage_v: float, ra_parallel_ohm_m2: float, polarization: float) -> float:
    """Current density through a junction whose layers stand at right angles, in A/m²: V / (RA (1 + P^2)).

    It sets the torque on the free layer at every angle: at a given voltage Slonczewski's damping-like torque is
    hbar P J / 2 e times the sine of the angle with this J, since the current's rise towards parallel layers and the
    fall of its spin's share cancel [3]. Elastic tunnelling; the field-like part, even in the voltage, is left out.

    [3] J. C. Slonczewski, Phys. Rev. B 71, 024411 (2005).
    """
    return voltage_v * float(conductance_per_area(0.0, ra_parallel_ohm_m2, polarization))
