"""The path of least energy between two states of rest, and the barrier on it: the nudged elastic band.

Images of the magnetisation along a path go down the energy's slope across the path, with springs between them that keep
them apart along it: H. Jónsson et al. in Classical and Quantum Dynamics in Condensed Phase Simulations (1998), with the
tangents of Henkelman and Jónsson, J. Chem. Phys. 113, 9978 (2000). Then the highest image climbs: it goes up along the
path and down across it, until no cell feels a torque: Henkelman, Uberuaga and Jónsson, J. Chem. Phys. 113, 9901 (2000).
There it is at a saddle, whatever the number of images. For magnets: Bessarab, Uzdin and Jónsson, Comput. Phys. Commun.
196, 335 (2015).

The mean time until heat carries the state over the barrier is Arrhenius' exp(ΔE / kT) / f0. The attempt frequency f0
is given, not worked out: the fluctuations about the rest state and about the saddle, which make it, are not in here. It
is the largest uncertainty by far, so that a time has its low and high end.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.constants import BOLTZMANN, ELECTRON_CHARGE
from spingan.physics.evolve import unit_vectors
from spingan.physics.field import energies_j
from spingan.physics.kernels import combine, normalise
from spingan.physics.llg import motion
from spingan.physics.mesh import Array
from spingan.physics.relax import (
    ACCURACY,
    MOST_STAGES,
    STRAY_STEP,
    chebyshev_step,
    relax,
    step_error,
    step_factor,
    stiffness_t,
)
from spingan.physics.system import System

with needs("the physics of devices"):
    from scipy.interpolate import interp1d

IMAGES = 12
LONGEST_STEP = 2.0  # in 1/T, of a descent with the same tangents
SPRING = 0.25  # share of the difference between an image's distances to its neighbours that a step takes away
SETTLED = 0.02  # of the barrier: how little it changes while the path goes down for `STILL`, before an image climbs
STILL = 10.0  # in 1/T: modes of 0.1 T have decayed by a factor e
SAME = 0.1  # of a unit vector in any cell: below it two states of rest are one, short of the last digits of `relax`
VALLEY = 0.5  # of the barrier: how deep a valley on the way ends the path
TORQUE_TOLERANCE_T = 5e-3  # at the saddle; the energy errs with its square: 0.002 kT at 300 K for 200 cells of 0.5 nm³


@dataclass(frozen=True)
class AttemptFrequency:
    """Attempts a second over a barrier, and the range in which it may lie.

    Raises:
        UserError: They are not positive, or do not rise.
    """

    low_hz: float
    usual_hz: float
    high_hz: float
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.low_hz <= self.usual_hz <= self.high_hz < math.inf:
            raise UserError(
                f"attempt frequency: {self.low_hz:g}, {self.usual_hz:g}, {self.high_hz:g} Hz do not rise from above 0",
                "Give the lowest, the usual and the highest.",
            )


MAGNETS = AttemptFrequency(
    low_hz=1e9,  # the usual one of magnetic recording: W. F. Brown, Phys. Rev. 130, 1677 (1963) onwards
    usual_hz=1e10,  # between the two: assumed
    high_hz=1e12,  # of an antiskyrmion's collapse, M. N. Potkina et al., arXiv:1906.06383, abstract: 1e-12 s
    source="1e9 Hz as in magnetic recording to 1e12 Hz as for a collapse (arXiv:1906.06383), 1e10 Hz between them",
)


@dataclass(frozen=True, eq=False)
class EnergyPath:
    """A path of least energy from one state of rest to another.

    Attributes:
        images: (n, 3, ny, nx) magnetisation along it.
        distance: (n,) along it, in rad: the root of the sum of all cells' squared turns.
        energy_j: (n,) above the first image.
        saddle: (3, ny, nx) at its highest point.
        saddle_j: the energy there, above the first image.
        torque_t: the largest torque at the saddle.
        sweeps: steps of all images.
        seconds: wall-clock time.
    """

    images: Array
    distance: Array
    energy_j: Array
    saddle: Array
    saddle_j: float
    torque_t: float
    sweeps: int
    seconds: float

    @property
    def barrier_j(self) -> float:
        """Energy of the saddle above the first image."""
        return self.saddle_j

    @property
    def return_barrier_j(self) -> float:
        """Energy of the saddle above the last image."""
        return self.saddle_j - float(self.energy_j[-1])


@dataclass(frozen=True)
class Lifetime:
    """How long a barrier holds at a temperature: mean times in seconds, `low_s` by the highest attempt frequency."""

    barrier_j: float
    temperature_k: float
    frequency: AttemptFrequency

    @property
    def barrier_ev(self) -> float:
        """The barrier in electronvolts."""
        return self.barrier_j / ELECTRON_CHARGE

    @property
    def barrier_kt(self) -> float:
        """The barrier over the thermal energy; infinite at 0 K."""
        thermal = BOLTZMANN * self.temperature_k
        return self.barrier_j / thermal if thermal > 0 else math.inf

    @property
    def mean_s(self) -> float:
        """With the usual attempt frequency; infinite beyond what a float holds."""
        return self._time_s(self.frequency.usual_hz)

    @property
    def low_s(self) -> float:
        """With the highest attempt frequency."""
        return self._time_s(self.frequency.high_hz)

    @property
    def high_s(self) -> float:
        """With the lowest attempt frequency."""
        return self._time_s(self.frequency.low_hz)

    def _time_s(self, frequency_hz: float) -> float:
        exponent = self.barrier_kt - math.log(frequency_hz)
        return math.exp(exponent) if exponent < 700 else math.inf


def lifetime(barrier_j: float, temperature_k: float, frequency: AttemptFrequency = MAGNETS) -> Lifetime:
    """Arrhenius' mean time over a barrier.

    Raises:
        UserError: A barrier or temperature below 0, or not finite.
    """
    for name, value in (("the barrier", barrier_j), ("the temperature", temperature_k)):
        if not (math.isfinite(value) and value >= 0):
            raise UserError(f"lifetime: {name} is {value:g}", "It must be 0 or more.")
    return Lifetime(barrier_j, temperature_k, frequency)


def energy_path(
    system: System,
    guess: Sequence[Array],
    *,
    images: int = IMAGES,
    torque_tolerance_t: float = TORQUE_TOLERANCE_T,
    time_limit_s: float = 600.0,
) -> EnergyPath:
    """The path of least energy that a guess leads to, between the states of rest that its ends lead to.

    Temperature does not count. Of several paths it is the one down the hill from the guess. Where it comes through a
    third valley it ends there: what is beyond it takes its own time.

    Args:
        system: without torques, which have no energy.
        guess: two or more magnetisations (3, ny, nx) along a path, along which each cell turns little by little.
        images: of the path.
        torque_tolerance_t: at the saddle.

    Raises:
        UserError: The system has torques, too few images, both ends lead to one state, a barrier narrower than the
            images show, or no saddle after `time_limit_s` of wall-clock time.
    """
    start = time.perf_counter()
    if system.torques:
        raise UserError("energy path: the system has torques, which have no energy", "Look at it without a current.")
    if images < 5 or len(guess) < 3:
        raise UserError(
            f"energy path: {images} images from a guess of {len(guess)} states", "Give 5 images and 3 states or more."
        )
    ends = [relax(system, guess[index], time_limit_s=time_limit_s).m for index in (0, -1)]
    if np.abs(ends[0] - ends[1]).max() < SAME:
        raise UserError(
            "energy path: both ends lead to the same state of rest", "Begin it from states in different valleys."
        )
    states = [ends[0], *(unit_vectors(one, system) for one in guess[1:-1]), ends[1]]
    band = _Band(system, states, images)
    seen: list[tuple[float, float]] = []
    climbing, torque = None, math.inf
    while torque > torque_tolerance_t:
        if time.perf_counter() - start > time_limit_s:
            raise UserError(
                f"energy path: after {time_limit_s:g} s the largest torque at the top is {torque:.2e} T, and should be "
                f"{torque_tolerance_t:.2e} T",
                "Raise time_limit_s or torque_tolerance_t, take larger cells, or begin from a better guess.",
            )
        band.move(climbing)
        valley = _valley(band.energy_j)
        if valley is not None:
            before = [np.array(band.ready.grid.cells(one, 3)) for one in band.path[: valley + 1]]
            end = relax(system, before[-1], time_limit_s=time_limit_s).m
            band, seen, climbing, torque = _Band(system, [*before[:-1], end], images), [], None, math.inf
            continue
        energy = band.energy_j
        seen.append((band.flown, float(energy.max())))
        if climbing is None:
            lately = [top for when, top in seen if when > band.flown - STILL]
            if band.flown > STILL and np.ptp(lately) <= SETTLED * (energy.max() - energy[0]):
                climbing = int(energy.argmax())
        if climbing is not None:
            if climbing in (0, images - 1):
                raise UserError(
                    f"energy path: it falls from image to image, so that {images} images do not show its barrier",
                    "Give more images, or smaller cells.",
                )
            torque = band.torque_t(climbing)
    top = int(band.energy_j.argmax()) if climbing is None else climbing  # None: already at rest there
    cells = band.ready.grid.cells
    whole = np.stack([np.array(cells(one, 3)) for one in band.path])
    return EnergyPath(
        images=whole,
        distance=np.concatenate([[0.0], np.cumsum(band.distances)]),
        energy_j=band.energy_j - band.energy_j[0],
        saddle=whole[top],
        saddle_j=float(band.energy_j[top] - band.energy_j[0]),
        torque_t=band.torque_t(top),
        sweeps=band.sweeps,
        seconds=time.perf_counter() - start,
    )


class _Band:
    """Images between two states that stay; `path` is (n, padded and flat)."""

    def __init__(self, system: System, states: Sequence[Array], images: int) -> None:
        self.system, self.ready = system, motion(system)
        self.path = _evenly(np.stack([self.ready.grid.padded(one) for one in states]), images)
        self.stiffness = stiffness_t(self.ready)
        longest = 0.653 * (MOST_STAGES**2 - 1) / self.stiffness
        lagged = STRAY_STEP / self.ready.moment_t if self.ready.convolver else math.inf
        self.longest = min(longest, LONGEST_STEP, lagged)
        self.steps = np.full(images, 1 / self.stiffness)  # each image its own: those on a cliff's edge take short ones
        size = 3 * self.ready.grid.layer
        self.k, self.work = np.zeros(2 * size), np.zeros((4, size))
        self.flown, self.sweeps = 0.0, 0
        self.energy_j = self._energies_j()

    @property
    def distances(self) -> Array:
        """(n - 1,) from each image to the next, in rad: by the chord of each cell, which turns little."""
        return _distances(self.path)

    def torque_t(self, number: int) -> float:
        """The largest torque in an image."""
        self.ready.update_demag(self.path[number])
        return self.ready.descent(self.path[number], self.k)

    def move(self, climbing: int | None) -> None:
        """A step of every image but the ends: down across the path, up along it for the one that is climbing."""
        tangents, distances, top = self._tangents(), self.distances, int(self.energy_j.argmax())
        for number in range(1, len(self.path) - 1):
            pull = SPRING * (distances[number] - distances[number - 1]) / self.steps[number]
            step = self._move(number, tangents[number], (-2.0, 0.0) if number == climbing else (-1.0, pull))
            self.flown += step if number == top else 0.0
        self.flown += self.longest if top in (0, len(self.path) - 1) else 0.0
        self.sweeps += 1
        self.energy_j = self._energies_j()

    def _move(self, number: int, tangent: Array, along: tuple[float, float]) -> float:
        """A step of one image, cut until its error is small; its length."""
        image, (share, pull), step = self.path[number], along, float(self.steps[number])

        def slope(state: Array, k: Array) -> None:
            self.ready.descent(state, k)
            k = k[: state.size]
            k += (share * float(k @ tangent) + pull) * tangent

        self.ready.update_demag(image)
        slope(image, self.k)
        while True:
            trial = chebyshev_step(slope, image, self.k, self.work, step, self.stiffness)
            normalise(trial)
            slope(trial, self.k[image.size :])
            combine(image, trial, np.array([-1.0]), self.work[3])
            error = step_error(self.k, self.work[3], step, self.ready.grid.layer)
            if error <= ACCURACY:
                image[:] = trial
                self.steps[number] = min(self.longest, step * step_factor(error))
                return step
            step *= step_factor(error)

    def _tangents(self) -> Array:
        """(n, ...) unit vectors along the path, towards the higher neighbour; both count at an extremum."""
        path, energy = self.path, self.energy_j
        result = np.zeros_like(path)
        for number in range(1, len(path) - 1):
            ahead, behind = path[number + 1] - path[number], path[number] - path[number - 1]
            rise, fall = energy[number + 1] - energy[number], energy[number - 1] - energy[number]
            if rise > 0 > fall:
                tangent = ahead
            elif fall > 0 > rise:
                tangent = behind
            else:
                most, least = max(abs(rise), abs(fall)), min(abs(rise), abs(fall))
                weights = (most, least) if rise > fall else (least, most)
                tangent = weights[0] * ahead + weights[1] * behind
            layer = self.ready.grid.layer
            spins, turns = path[number].reshape(3, layer), tangent.reshape(3, layer)
            turns = turns - (spins * turns).sum(axis=0) * spins
            result[number] = (turns / max(float(np.linalg.norm(turns)), 1e-300)).ravel()
        return result

    def _energies_j(self) -> Array:
        cells = self.ready.grid.cells
        return np.array([energies_j(self.system, np.array(cells(one, 3)))["total"] for one in self.path])


def _valley(energy_j: Array) -> int | None:
    """The first image between the ends that lies in a valley of its own, half as deep as the barrier on both sides."""
    before = np.maximum.accumulate(energy_j)
    beyond = np.maximum.accumulate(energy_j[::-1])[::-1]
    depth = VALLEY * (energy_j.max() - energy_j[0])
    inside = np.flatnonzero((before - energy_j > depth) & (beyond - energy_j > depth))
    if depth <= 0 or not inside.size:
        return None
    first = inside[: 1 + int(np.argmax(np.diff(inside, append=inside[-1] + 2) > 1))]  # of several the first
    return int(first[np.argmin(energy_j[first])])


def _distances(path: Array) -> Array:
    return np.sqrt(((path[1:] - path[:-1]) ** 2).sum(axis=1))


def _evenly(path: Array, images: int) -> Array:
    """The path again with images at equal distances."""
    along = np.concatenate([[0.0], np.cumsum(_distances(path))])
    along += np.arange(len(path)) * 1e-9 * along[-1]  # of states that are the same, one follows the other
    result = np.stack(
        [np.ascontiguousarray(one) for one in interp1d(along, path, axis=0)(np.linspace(0, along[-1], images))]
    )
    for one in result:
        normalise(one)
    return result
