"""A domain wall in heat without random numbers: its places' distribution, what averages leave, how soon it is lost.

`wall_heat` follows walls in time. A search over thousands of devices needs the same averages in milliseconds. Here
width and tilt follow position and angle as there, the angle is in equilibrium at each position, and the position is an
overdamped particle,

    ζ(q) q' = F(q) + B f(q) + η,    ζ = α Γ_qq,    <η η> = 2 kT ζ δ(t - t'),

with F the force without a drive and f that of a damping-like amplitude of 1 T, both averaged over the angle, and ζ the
friction of the position. How a wall rings is lost, and not what a long average of its place says: at zero frequency the
gyration drops out of M q' = F + η. Everything then follows from U = -∫ (F + B f) dq by quadrature [1]:

- the places are Boltzmann distributed in the well, p ~ exp(-U / kT);
- the autocorrelation of a signal s(q) has the integral ∫ H² / (D p) dq, H(q) = ∫ (s - <s>) p up to q, D = kT / ζ;
- a wall leaves the well over one side at the rate 1 / (∫ exp(-U / kT) dq ∫ exp(U / kT) / D dq), the flux over
  population, first integral over the well, second over the barrier.

`HeatConstants` enter as in `wall_heat`.

[1] H. Risken, The Fokker-Planck Equation (1989), sections 5.10 (rates) and 7.3 (correlation times).
"""

import math
from dataclasses import dataclass

import numpy as np

from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics import wall_heat_kernels as kernels
from spingan.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.mesh import Array
from spingan.physics.wall import WallModel, at_rest
from spingan.physics.wall_heat import END_M, REACH_RAD, HeatConstants, around_the_middle

with needs("the physics of devices"):
    from scipy.interpolate import CubicSpline

SPACING_M = 4e-9  # of the forces, which change over a wall's width: 15 nm
ANGLES = 5  # from straight to REACH_RAD; the other sense is its mirror image
FINE_M = 0.5e-9  # of the quadrature over the places: a quarter of the stiffest well's rms
STEEP = 500.0  # kT: an energy beyond it counts as this, so that exponentials stay numbers


@dataclass(frozen=True, eq=False)
class Landscape:
    """A wall's forces along its track at a temperature.

    Attributes:
        states: (m, k, 4) position, angle, width and tilt of a wall at places and angles.
        chance: (m, k) of each angle at a place; adds to 1 over the angles.
        position_m: (n,) fine places, rising, evenly spaced.
        force_n: (n,) without a drive.
        force_n_per_t: (n,) of a damping-like amplitude of 1 T.
        drag_kg_per_s: (n,) ζ, the friction.
        thermal_j: kT, times the constants' factor.
    """

    states: Array
    chance: Array
    position_m: Array
    force_n: Array
    force_n_per_t: Array
    drag_kg_per_s: Array
    thermal_j: float

    def averaged(self, table: Array) -> Array:
        """(n,) a table (m, k) over `states`, averaged over the angle, at the fine places."""
        return _finer(self.states[:, 0, 0], (self.chance * table).sum(axis=1), self.position_m)


def _finer(coarse_m: Array, values: Array, fine_m: Array) -> Array:
    return np.asarray(CubicSpline(coarse_m, values)(fine_m), dtype=np.float64)


def landscape(model: WallModel, temperature_k: float, constants: HeatConstants = HeatConstants()) -> Landscape:
    """The landscape of a track, from one table of the compact wall's forces without a drive.

    Raises:
        UserError: A temperature that is not above 0, or a wall whose width or tilt has no place of rest in the middle
            of the track.
    """
    if not (math.isfinite(temperature_k) and temperature_k > 0):
        raise UserError(f"wall: the temperature is {temperature_k:g} K", "It must be above 0, in kelvin.")
    thermal = BOLTZMANN * temperature_k * constants.energy
    count = math.floor((model.length_m - 2 * END_M) / SPACING_M + 1e-6)
    first = (model.length_m - count * SPACING_M) / 2
    coarse = np.asarray(first + np.arange(count + 1) * SPACING_M, dtype=np.float64)
    neutral = at_rest(model, float(coarse[len(coarse) // 2]))
    turned = np.linspace(0.0, REACH_RAD, ANGLES)
    shape = (len(coarse), ANGLES)
    force, states, found = np.empty((*shape, 2)), np.empty((*shape, 4)), np.empty(shape, dtype=bool)
    kernels.tabulate(coarse, neutral.angle_rad + turned, neutral.vector, *model.track(0.0), force, states, found)
    kept = around_the_middle(found[:, 0] & found[:, 1])
    coarse, force, states, found = coarse[kept], force[kept], states[kept], found[kept]
    found = np.logical_and.accumulate(found, axis=1)  # beyond a gap no angle counts
    states[~found] = states[:, :1].repeat(ANGLES, axis=1)[~found]
    force[~found] = 0.0
    chance, middle = _chances(force[:, :, 1], found, turned[1], thermal), neutral.angle_rad
    cells = math.floor((coarse[-1] - coarse[0]) / FINE_M + 1e-6)
    fine = np.asarray(coarse[0] + FINE_M * np.arange(cells + 1), dtype=np.float64)
    width = _finer(coarse, states[:, 0, 2], fine)  # friction is that of the straight wall, in `wall_heat` of the rest
    left, right = fine / width, (model.length_m - fine) / width
    volume = model.film.saturation_magnetization_a_per_m * model.width_m * model.film.thickness_m
    x, y = model.polarisation
    sense = -model.left_domain * (x * math.sin(middle) - y * math.cos(middle))
    facing = _finer(coarse, (chance * np.cos(turned)).sum(axis=1), fine)
    inside = 2 * (np.arctan(np.tanh(left / 2)) + np.arctan(np.tanh(right / 2)))  # ∫ sech v dv along the track
    friction = volume / GYROMAGNETIC_RATIO_RAD_PER_S_T * (np.tanh(left) + np.tanh(right)) / width
    mirrored = states * np.array([1.0, 1.0, 1.0, -1.0])
    mirrored[:, :, 1] = 2 * middle - mirrored[:, :, 1]
    return Landscape(
        np.concatenate([states, mirrored], axis=1),
        np.concatenate([chance, chance], axis=1) / 2,
        fine,
        _finer(coarse, (chance * force[:, :, 0]).sum(axis=1), fine),
        volume * model.constants.drive * sense * inside * facing,
        model.film.gilbert_damping * friction * constants.drag,
        thermal,
    )


def _chances(torque: Array, found: Array, step_rad: float, thermal_j: float) -> Array:
    """(m, k) how probable each of the angles is, from the torques on it, by the trapezoidal rule."""
    climb = np.cumsum((torque[:, 1:] + torque[:, :-1]) / 2, axis=1) * step_rad / thermal_j
    climb = np.concatenate([np.zeros((len(torque), 1)), np.where(found[:, 1:], climb, -STEEP)], axis=1)
    weight = np.exp(np.clip(climb, -STEEP, STEEP))
    weight[:, 0] /= 2  # straight is its own mirror image
    weight = np.where(found, weight, 0.0)
    return weight / weight.sum(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class WarmWells:
    """Walls at a temperature under several drives, one row each.

    Attributes:
        position_m: (n,).
        share: (drives, n) of the time that the wall spends at each place while it is in its well; adds to 1.
        diffusion: (n,) in m²/s.
        rest_m: (drives,) the bottom of the well; nan: there is none, the wall is lost at once.
        loss_per_s: (drives,) the rate of losses over either side; inf where there is no well.
    """

    position_m: Array
    share: Array
    diffusion: Array
    rest_m: Array
    loss_per_s: Array

    def averages(self, signal: Array) -> tuple[Array, Array, Array]:
        """Mean, standard deviation and memory in s, (drives,) each, of a signal (n,) of the place.

        The memory is the integral of the normalised autocorrelation, as of `devices.noise_statistics.Noise`. All are
        nan where there is no well.
        """
        step = self.position_m[1] - self.position_m[0]
        mean = self.share @ signal
        off = signal[None, :] - mean[:, None]
        variance = (self.share * off**2).sum(axis=1)
        gathered = np.cumsum(self.share * off, axis=1)
        density = self.share / step
        here = density > 1e-12 * density.max(axis=1, keepdims=True)
        inner = np.where(here, gathered**2 / np.where(here, density * self.diffusion, 1.0), 0.0)
        memory = inner.sum(axis=1) * step / np.maximum(variance, 1e-300)
        lost = np.isnan(self.rest_m)
        return tuple(np.where(lost, np.nan, part) for part in (mean, np.sqrt(variance), memory))  # pyright: ignore


def warm_wells(track: Landscape, drives_t: Array) -> WarmWells:
    """The wells of a landscape under damping-like amplitudes (drives,) in tesla, at least one of them 0.

    The well of a drive is the one into which the wall slides from its rest without one.

    Raises:
        UserError: No well without a drive.
    """
    thermal, places, step = track.thermal_j, track.position_m, FINE_M
    diffusion = thermal / track.drag_kg_per_s
    start = _slide(track.force_n, len(places) // 2)
    if start is None:
        raise UserError(
            "wall: without a drive it leaves the track", "Pin it better, or give the anisotropy a valley inside it."
        )
    share = np.zeros((len(drives_t), len(places)))
    rest, loss = np.full(len(drives_t), np.nan), np.full(len(drives_t), np.inf)
    for row, drive_t in enumerate(drives_t):
        force = track.force_n + drive_t * track.force_n_per_t
        bottom = _slide(force, start)
        if bottom is None:
            share[row, start] = 1.0
            continue
        energy = -np.concatenate([[0.0], np.cumsum((force[1:] + force[:-1]) / 2)]) * step / thermal
        energy -= energy[bottom]
        low, high = int(energy[: bottom + 1].argmax()), bottom + int(energy[bottom:].argmax())
        weight = np.exp(-np.clip(energy[low : high + 1], -STEEP, STEEP))
        population = weight.sum() * step
        share[row, low : high + 1] = weight * step / population
        rest[row] = places[bottom]
        climb = np.exp(np.clip(energy, -STEEP, STEEP)) / diffusion
        loss[row] = sum(
            1 / (population * max(float(part.sum()) * step, 1e-300)) for part in (climb[: bottom + 1], climb[bottom:])
        )
    return WarmWells(places, share, diffusion, rest, loss)


def _slide(force: Array, start: int) -> int | None:
    """Where a wall comes to rest along a table of forces (n,), from the index `start`; None: it reaches an end."""
    ahead = np.flatnonzero(force[start:] <= 0) if force[start] > 0 else np.flatnonzero(force[: start + 1] >= 0)
    if not ahead.size:
        return None
    found = start + int(ahead[0]) if force[start] > 0 else int(ahead[-1])
    return found if 0 < found < len(force) - 1 else None
