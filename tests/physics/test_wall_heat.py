"""The compact wall in heat: Boltzmann's statistics, and the motion of the four coordinates that it stands for."""

import math

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

from spingan.errors import UserError
from spingan.physics import wall_kernels
from spingan.physics.constants import BOLTZMANN
from spingan.physics.film import Film
from spingan.physics.wall import WallModel, energy_j
from spingan.physics.wall_heat import HeatConstants, wander, warm_wall

FILM = Film(580e3, 15e-12, 2.4e-3, 0.6e6, 0.3, 1e-9, "test")
DRIVE_T = 0.01


def well() -> WallModel:
    """80 nm with a parabola of anisotropy around the middle and pinned ends."""
    x = np.arange(80) + 0.5
    bias = np.zeros(80)
    bias[:3], bias[-3:] = 0.5, -0.5
    return WallModel(FILM, 16e-9, 1e-9, 0.65e6 + 0.5e6 * ((x - 40) / 40) ** 2, bias)


def linear(model: WallModel, drive_t: float, rest: np.ndarray, temperature_k: float) -> tuple[np.ndarray, np.ndarray]:
    """Motion (4, 4) in 1/ns and covariance (4, 4) of small deviations from rest in nm and rad, fluctuation-dissipation.

    The covariance solves J C + C Jᵀ = -2 kT M⁻¹ α Γ M⁻ᵀ, with J from the rates of the integrator.
    """
    unit, work = np.array([1e-9, 1.0, 1e-9, 1.0]), np.empty((8, len(model.anisotropy_j_per_m3)))
    motion = np.empty((4, 4))
    for column, step in enumerate((1e-5, 1e-5, 1e-5, 1e-5)):
        ends = np.empty((2, 4))
        for end, sign in zip(ends, (1, -1), strict=True):
            moved = rest.copy()
            moved[column] += sign * step * unit[column]
            wall_kernels.rates(moved, *model.track(drive_t), work, end)
        motion[:, column] = (ends[0] - ends[1]) / unit / (2 * step) * 1e-9
    friction, turning = np.empty((4, 4)), np.empty(4)
    wall_kernels.forces(rest, *model.track(drive_t), work, np.empty(4), friction, turning)
    drag = FILM.gilbert_damping * friction
    matrix = drag.copy()
    matrix[:, 1] -= turning
    matrix[1, :] += turning
    inverse = np.linalg.inv(matrix)
    noise = 2 * BOLTZMANN * temperature_k * inverse @ drag @ inverse.T / np.outer(unit, unit) * 1e-9
    return motion, solve_continuous_lyapunov(motion, -noise)


def memory_s(path: np.ndarray, every_s: float, lags: int) -> float:
    """Integral of the autocorrelation of (times, walls) over so many lags."""
    path = path - path.mean()
    products = [np.mean(path[: len(path) - lag] * path[lag:]) for lag in range(lags)]
    return (sum(products) / products[0] - 0.5) * every_s


@pytest.fixture(scope="module")
def cold():
    """Walls under a drive at 20 K, where the well is still a parabola."""
    return warm_wall(well(), DRIVE_T, 42e-9, 20.0)


def test_two_coordinates_wander_as_the_four_that_they_stand_for(cold):
    motion, covariance = linear(well(), DRIVE_T, cold.rest.vector, 20.0)
    run = wander(cold, 300, 2e-9, every_s=4e-12, warm_up_s=0.3e-9)
    # 300 walls over 2 ns, 60 ps of memory: 5,000 independent samples, 1 % of an rms; the parabola bends by as much
    assert run.positions_m.std() * 1e9 == pytest.approx(math.sqrt(covariance[0, 0]), rel=0.04)
    assert run.angles_rad.std() == pytest.approx(math.sqrt(covariance[1, 1]), rel=0.04)
    expected = -np.linalg.solve(motion, covariance)[0, 0] / covariance[0, 0] * 1e-9
    assert memory_s(run.positions_m, 4e-12, 120) == pytest.approx(expected, rel=0.08)


def test_without_a_drive_the_place_is_boltzmann_distributed():
    """Also where the well is no parabola: against the table's own energy, summed over its angles."""
    wall = warm_wall(well(), 0.0, 40e-9, 300.0)
    run = wander(wall, 400, 2e-9, every_s=20e-12, warm_up_s=0.5e-9)
    model, states = well(), wall.states
    energy = np.array([[energy_j(model, _state(state)) for state in row] for row in states])
    weight = np.exp(-(energy - energy.min()) / (BOLTZMANN * 300)).sum(axis=1)
    mean = weight @ wall.positions_m / weight.sum()
    expected = math.sqrt(weight @ (wall.positions_m - mean) ** 2 / weight.sum())
    assert np.isnan(run.lost_s).all()
    assert run.positions_m.std() == pytest.approx(expected, rel=0.04)
    assert run.positions_m.mean() == pytest.approx(mean, abs=0.04 * expected)


def _state(vector):
    from spingan.physics.wall import WallState

    return WallState(*vector.tolist())


def test_the_step_does_not_matter(cold):
    paths = [
        wander(cold, 300, 1e-9, every_s=4e-12, warm_up_s=0.3e-9, step_s=step).positions_m for step in (4e-12, 1e-12)
    ]
    assert paths[0].std() == pytest.approx(paths[1].std(), rel=0.05)
    assert memory_s(paths[0], 4e-12, 80) == pytest.approx(memory_s(paths[1], 4e-12, 80), rel=0.1)


def test_the_calibrated_factors_scale_variance_and_times():
    base, hot = (warm_wall(well(), 0.0, 40e-9, 20.0, HeatConstants(energy=e)) for e in (1.0, 4.0))
    slow = warm_wall(well(), 0.0, 40e-9, 20.0, HeatConstants(drag=2.0))
    assert hot.diffusion == pytest.approx(4 * base.diffusion)
    assert slow.velocity == pytest.approx(base.velocity / 2)
    assert slow.diffusion == pytest.approx(base.diffusion / 2)


@pytest.mark.parametrize("changes", [{"energy": -1.0}, {"drag": 0.0}, {"dimming_per_k": math.nan}])
def test_factors_that_make_no_sense_are_refused(changes):
    with pytest.raises(UserError, match=f"heat constants: {next(iter(changes))} is"):
        HeatConstants(**changes)


def test_the_same_seed_is_the_same_noise_and_no_heat_is_none(cold):
    one, same, other = (wander(cold, 3, 0.1e-9, seed=seed).positions_m for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    frozen = wander(warm_wall(well(), DRIVE_T, 42e-9, 0.0), 3, 0.1e-9)
    assert frozen.positions_m == pytest.approx(np.full_like(frozen.positions_m, cold.rest.position_m), abs=0.02e-9)


def test_a_wall_that_leaves_the_track_is_lost_from_then_on():
    hot = warm_wall(well(), 0.0, 40e-9, 6000.0)  # no film bears it: the barrier of 40 kT at 300 K is 2 kT here
    run = wander(hot, 50, 1e-9, every_s=20e-12)
    gone = np.isfinite(run.lost_s)
    assert gone.sum() > 25
    for wall in np.flatnonzero(gone):
        assert np.array_equal(np.isnan(run.positions_m[:, wall]), run.time_s >= run.lost_s[wall] - 1e-18)
    assert np.isfinite(run.positions_m[:, ~gone]).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"walls": 0}, "walls is 0"),
        ({"duration_s": -1e-9}, "duration_s is -1e-09"),
        ({"every_s": 1e-12}, "1 ps is shorter than the step of 2 ps"),
    ],
)
def test_bad_arguments_are_named(cold, arguments, words):
    with pytest.raises(UserError, match=words):
        wander(cold, **{"walls": 3, "duration_s": 1e-10, **arguments})


def test_a_temperature_below_zero_or_a_drive_that_takes_the_wall_away_is_refused():
    with pytest.raises(UserError, match="temperature is -5 K"):
        warm_wall(well(), 0.0, 40e-9, -5.0)
    with pytest.raises(UserError, match="leaves the track"):
        warm_wall(well(), 0.5, 40e-9, 300.0)
