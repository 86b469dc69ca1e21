"""A domain wall in a narrow track as four numbers: position q, in-plane angle φ, width Δ and tilt χ.

The wall is taken to be straight, with a hyperbolic-tangent profile and one in-plane angle:

    m_z = -s tanh v,  (m_x, m_y) = sech v (cos φ, sin φ),  v = [(x - q) cos χ + (y - w/2) sin χ] / Δ,

with s the sign of m_z left of it. Its energy is the micromagnetic one integrated over the finite track: exchange A/Δ²,
interfacial DMI s D cos(φ - χ)/Δ, the anisotropy K(x) and the exchange bias B(x) cell by cell, and the demagnetising
energy of the width-averaged wall with Newell's factors between the columns of the track.

Projecting Gilbert's equation on ∂m/∂ξ (Thiele, Phys. Rev. Lett. 30, 230 (1973), for any set of coordinates Tretiakov et
al., Phys. Rev. Lett. 100, 127204 (2008)) gives (α friction + gyration) dξ/dt = force, with friction and gyration the
integrals (Ms/γ) ∫ ∂m/∂ξ_i·∂m/∂ξ_j dV and (Ms/γ) ∫ m·(∂m/∂ξ_j x ∂m/∂ξ_i) dV, and the force -∂E/∂ξ plus the work of the
spin-orbit field a m x p. For an infinite track these are the equations of Boulle et al., Phys. Rev. Lett. 111, 217203
(2013) for (q, φ, χ), with the width as a fourth coordinate; here every integral is done over the real track, by
midpoints along it and by Gauss-Legendre across it, so that ends, profile and bias need no stiffness of their own.

What the straight wall leaves out (magnetisation canted at the edges by the DMI, and in the domains by the drive) is
in `WallConstants`, which `wall_calibration` fits to runs of the solver.
"""

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from spingan.errors import UserError
from spingan.physics import wall_kernels as kernels
from spingan.physics.demag import newell_tensor
from spingan.physics.film import Film
from spingan.physics.mesh import Array

TORQUE_TOLERANCE_T = 1e-4  # as the solver's relaxation: a wall that still moves at 0.1 nm/ns counts as at rest
LONGEST_S = 20e-9  # twice the printed reset time of 10 ns (paper S, V-A3)
STEP_TOLERANCE = 1e-2  # nm or rad a step
REST_TORQUE_T = 1e-6  # Newton's method doubles its digits with each step: a tight bound costs one more
FACTORS = 50  # columns: tables of demagnetising factors come in multiples of so many
LARGEST_MOVE_NM = 3.0  # of a step of Newton's method: half a wall's Δ, so that it stays in the valley it began in


@dataclass(frozen=True)
class WallConstants:
    """What a straight wall leaves out, as factors on its terms; 1 is the bare model.

    Attributes:
        drive: on the spin-orbit torque.
        dmi: on the DMI's energy.
        exchange: on the exchange energy.
        domain_magnetisation: width-averaged |m_z| of a domain, which the edges' canting makes less than 1; it scales
            what a detector sees and moves nothing.
    """

    drive: float = 1.0
    dmi: float = 1.0
    exchange: float = 1.0
    domain_magnetisation: float = 1.0


@dataclass(frozen=True, eq=False)
class WallModel:
    """A track with one wall in it.

    Attributes:
        film: the magnet.
        width_m: width of the track, across y.
        cell_m: length of a column; the track is as long as all of them.
        anisotropy_j_per_m3: (n,) uniaxial anisotropy at the columns' centres.
        bias_field_t: (n,) exchange-bias field along z.
        left_domain: +1 or -1, the sign of m_z left of the wall.
        polarisation: (2,) in-plane unit vector of the spin current.
        field_like_ratio: field-like over damping-like amplitude.
        field_t: (3,) uniform applied field.
        constants: calibrated factors.

    Raises:
        UserError: arrays of different lengths, or a column larger than the exchange length.
    """

    film: Film
    width_m: float
    cell_m: float
    anisotropy_j_per_m3: Array
    bias_field_t: Array
    left_domain: int = 1
    polarisation: tuple[float, float] = (0.0, -1.0)
    field_like_ratio: float = 0.0
    field_t: tuple[float, float, float] = (0.0, 0.0, 0.0)
    constants: WallConstants = field(default_factory=WallConstants)

    def __post_init__(self) -> None:
        anisotropy = np.ascontiguousarray(self.anisotropy_j_per_m3, dtype=np.float64)
        bias = np.ascontiguousarray(self.bias_field_t, dtype=np.float64)
        if anisotropy.ndim != 1 or anisotropy.shape != bias.shape:
            raise UserError(
                f"wall: anisotropy has shape {anisotropy.shape}, exchange bias {bias.shape}",
                "Give one number a column of the track in each.",
            )
        if not self.cell_m <= self.film.exchange_length_m:
            raise UserError(
                f"wall: columns of {self.cell_m * 1e9:g} nm are longer than the exchange length, "
                f"{self.film.exchange_length_m * 1e9:.3g} nm",
                "Use shorter columns.",
            )
        object.__setattr__(self, "anisotropy_j_per_m3", anisotropy)
        object.__setattr__(self, "bias_field_t", bias)

    @property
    def length_m(self) -> float:
        """Length of the track."""
        return len(self.anisotropy_j_per_m3) * self.cell_m

    @property
    def shape_factors(self) -> Array:
        """(3, 2n - 1) demagnetising factors between columns, see `column_factors`."""
        return column_factors(len(self.anisotropy_j_per_m3), self.cell_m, self.width_m, self.film.thickness_m)

    def track(self, drive_t: float) -> tuple[Array, Array, Array, Array]:
        """What the kernels take of it at a damping-like amplitude of `drive_t` tesla."""
        return self.anisotropy_j_per_m3, self.bias_field_t, self.shape_factors, self.parameters(drive_t)

    def parameters(self, drive_t: float) -> Array:
        """(PARAMETERS,) the numbers that the kernels take, at a damping-like amplitude of `drive_t` tesla."""
        p = np.zeros(kernels.PARAMETERS)
        p[kernels.EXCHANGE] = self.constants.exchange * self.film.exchange_stiffness_j_per_m
        p[kernels.DMI] = self.constants.dmi * self.film.interfacial_dmi_j_per_m2
        p[kernels.MAGNETISATION] = self.film.saturation_magnetization_a_per_m
        p[kernels.DAMPING] = self.film.gilbert_damping
        p[kernels.LEFT] = self.left_domain
        p[kernels.TRACK_WIDTH], p[kernels.CELL] = self.width_m, self.cell_m
        p[kernels.THICKNESS] = self.film.thickness_m
        p[kernels.DAMPING_LIKE] = self.constants.drive * drive_t
        p[kernels.FIELD_LIKE] = self.constants.drive * drive_t * self.field_like_ratio
        p[kernels.POLARISATION_X], p[kernels.POLARISATION_Y] = self.polarisation
        p[kernels.FIELD_X], p[kernels.FIELD_Y], p[kernels.FIELD_Z] = self.field_t
        return p


@dataclass(frozen=True)
class WallState:
    """The wall's four coordinates. `kept` is False once the wall has left the track, spread over it or lain down.

    Attributes:
        width_m: Δ of the tanh profile; the wall is π Δ wide.
        time_s: since the start of the run that led here.
        torque_t: largest |dm/dt| / γ.
        settled: whether the torque fell below the tolerance in the time given.
    """

    position_m: float
    angle_rad: float
    width_m: float
    tilt_rad: float
    time_s: float = 0.0
    torque_t: float = math.inf
    settled: bool = False
    kept: bool = True

    @property
    def vector(self) -> Array:
        """(4,) position, angle, width, tilt."""
        return np.array([self.position_m, self.angle_rad, self.width_m, self.tilt_rad])


@dataclass(frozen=True, eq=False)
class WallRun:
    """A wall's path: `time_s` (n,), `states` (n, 4) position, angle, width, tilt, and the last state."""

    time_s: Array
    states: Array
    last: WallState


def column_factors(columns: int, cell_m: float, width_m: float, thickness_m: float) -> Array:
    """(3, 2 columns - 1) demagnetising factors xx, yy, zz between columns of a track; the middle is a column's own.

    Newell, Williams and Dunlop, J. Geophys. Res. 98, 9551 (1993), for blocks cell x width x thickness: the exact
    energy of a magnetisation that does not change across the track. A column's own zz is given less 1: that 1 is the
    thin film's local factor, which the kernels count point by point; what remains is long-ranged, so that for a tilted
    wall the width's average will do.
    """
    longest = FACTORS * -(-columns // FACTORS)  # tracks of many lengths share one table
    middle = longest - 1
    table = _column_factors(longest, cell_m, width_m, thickness_m)
    return np.ascontiguousarray(table[:, middle - columns + 1 : middle + columns])


@lru_cache(maxsize=256)
def _column_factors(columns: int, cell_m: float, width_m: float, thickness_m: float) -> Array:
    xx, yy, zz, _ = newell_tensor(columns, 1, cell_m, width_m, thickness_m)
    zz[0, 0] -= 1.0
    half = np.concatenate([xx, yy, zz]).astype(np.float64)
    return np.ascontiguousarray(np.concatenate([half[:, :0:-1], half], axis=1))


def at_rest(model: WallModel, position_m: float) -> WallState:
    """A straight Néel wall of the film's own width at `position_m`, with the sense that the DMI asks for."""
    column = min(max(int(position_m / model.cell_m), 0), len(model.anisotropy_j_per_m3) - 1)
    local = replace(model.film, anisotropy_j_per_m3=float(model.anisotropy_j_per_m3[column]))
    sense = model.left_domain * math.copysign(1.0, model.film.interfacial_dmi_j_per_m2)
    return WallState(position_m, math.pi if sense > 0 else 0.0, local.wall_width_m / math.pi, 0.0)


def settle(
    model: WallModel,
    drive_t: float,
    start: WallState | float,
    *,
    torque_tolerance_t: float = TORQUE_TOLERANCE_T,
    longest_s: float = LONGEST_S,
) -> WallState:
    """Where the wall comes to rest under a damping-like amplitude of `drive_t` tesla, and after what time.

    Args:
        start: a state, or a position in metres for a wall at rest there.

    Returns:
        The last state; see its `settled` and `kept`.

    Raises:
        UserError: the start lies outside the track.
    """
    return run(model, drive_t, start, longest_s, torque_tolerance_t=torque_tolerance_t, keep=0).last


def run(
    model: WallModel,
    drive_t: float,
    start: WallState | float,
    duration_s: float,
    *,
    torque_tolerance_t: float = 0.0,
    keep: int = 20_000,
) -> WallRun:
    """The wall's path for `duration_s` under a constant drive; for a pulse, run again from `last`.

    Args:
        torque_tolerance_t: stop once the largest |dm/dt| / γ falls below it.
        keep: most steps to record.

    Raises:
        UserError: the start lies outside the track.
    """
    begin = start if isinstance(start, WallState) else at_rest(model, start)
    if not 0 < begin.position_m < model.length_m:
        raise UserError(
            f"wall: the start at {begin.position_m * 1e9:g} nm is outside the track, 0 to {model.length_m * 1e9:g} nm",
            "Begin inside it.",
        )
    state = begin.vector
    times, path = np.empty(keep), np.empty((keep, 4))
    outcome, time_s, torque_t, steps = kernels.integrate(
        state,
        *model.track(drive_t),
        duration_s,
        torque_tolerance_t,
        STEP_TOLERANCE,
        times,
        path,
    )
    last = WallState(
        *(float(value) for value in state),
        time_s=time_s,
        torque_t=torque_t,
        settled=outcome == kernels.SETTLED,
        kept=outcome != kernels.LOST,
    )
    steps = min(steps, keep)
    return WallRun(times[:steps], path[:steps], last)


def rest_state(model: WallModel, drive_t: float, start: WallState) -> WallState:
    """The rest state next to `start` without following the motion there: for sweeps in small steps of the drive.

    Newton's method; where it does not converge, the motion is followed after all (`settle`).
    """
    state = start.vector
    outcome, torque_t = kernels.balance(
        state,
        *model.track(drive_t),
        REST_TORQUE_T,
        LARGEST_MOVE_NM,
    )
    if outcome == kernels.SETTLED:
        return WallState(*(float(value) for value in state), torque_t=torque_t, settled=True)
    return settle(model, drive_t, start)


def energy_j(model: WallModel, state: WallState) -> float:
    """The wall's energy in joules, up to a constant of the track."""
    n = len(model.anisotropy_j_per_m3)
    return kernels.forces(
        state.vector,
        *model.track(0.0),
        np.empty((8, n)),
        np.empty(4),
        np.empty((4, 4)),
        np.empty(4),
    )


def magnetisation_z(model: WallModel, state: WallState, x_m: ArrayLike, y_m: ArrayLike) -> Array:
    """m_z at points of the track, of the shape that `x_m` and `y_m` broadcast to."""
    along = (np.asarray(x_m, float) - state.position_m) * math.cos(state.tilt_rad)
    across = (np.asarray(y_m, float) - model.width_m / 2) * math.sin(state.tilt_rad)
    profile = np.tanh((along + across) / state.width_m)
    return -model.left_domain * model.constants.domain_magnetisation * profile
