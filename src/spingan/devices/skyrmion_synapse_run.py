"""The synapse at work: pulses in, skyrmions under the junction and conductance against time out; its working point."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spingan.devices.skyrmion_synapse import (
    SkyrmionSynapse,
    conductance_s,
    covered_share,
    ground,
    polarisation,
    track_places_m,
)
from spingan.physics import thiele
from spingan.physics.bilayer import CO_PT_BILAYER, CO_PT_CO, COBALT, stack_resistance_area_ohm_m2
from spingan.physics.mesh import Array
from spingan.physics.skyrmion_calibration import SkyrmionCalibration
from spingan.physics.thiele import ThieleRun
from spingan.progress import Progress

Task = TypeVar("Task")
Result = TypeVar("Result")

RELAXATION_S = 10e-9  # after injection: paper S, III-A
STEP_S = 5e-12  # half of it moves the number under the junction by less than 0.1: tests/devices
RECORD_S = 0.5e-9


@dataclass(frozen=True)
class Phase:
    """A number of pulse periods with one sign of the current: 1 inwards, -1 outwards, 0 none."""

    name: str
    periods: int
    sign: int


OPERATION = (
    Phase("potentiation", 57, 1),  # 57 periods of 2.5 ns: the printed maximum at 142.57 ns
    Phase("short-term state", 4, 0),  # its length is not printed: the rest of 122 periods, in two equal parts
    Phase("depression", 57, -1),  # as many as up: assumed
    Phase("reset", 4, 0),
)
"""122 periods: the printed 305 ns."""


@dataclass(frozen=True, eq=False)
class Operation:
    """What a synapse did: k moments, n skyrmions."""

    device: SkyrmionSynapse
    phases: tuple[Phase, ...]
    run: ThieleRun
    covered: Array
    """(k, n) share of each skyrmion under the junction; 0 for one that is lost."""
    conductance_s: Array
    """(k,)"""

    @property
    def time_s(self) -> Array:
        """(k,)"""
        return self.run.time_s

    @property
    def number(self) -> Array:
        """(k,) skyrmions under the junction, partly covered ones in parts."""
        return self.covered.sum(axis=1)

    @property
    def lost(self) -> int:
        """Skyrmions that reached the edge."""
        return int((~self.run.alive[-1]).sum())

    def phase_end_s(self, name: str) -> float:
        """When the first phase of that name is over."""
        periods = 0
        for phase in self.phases:
            periods += phase.periods
            if phase.name == name:
                return periods * self.device.pulse_period_s
        raise ValueError(f"no phase {name}")

    def number_at(self, time_s: float) -> float:
        """Skyrmions under the junction at a time."""
        return float(np.interp(time_s, self.time_s, self.number))

    @property
    def rising(self) -> NDArray[np.bool_]:
        """(k,) the moments of the potentiation."""
        return self.time_s <= self.phase_end_s("potentiation")

    @property
    def potentiated(self) -> float:
        """Skyrmions under the junction when the potentiation ends."""
        return self.number_at(self.phase_end_s("potentiation"))

    @property
    def deviation(self) -> float:
        """Largest deviation of the number against time in potentiation from a line, in parts of all skyrmions."""
        time_s, number = self.time_s[self.rising], self.number[self.rising]
        line = np.polyval(np.polyfit(time_s, number, 1), time_s)
        return float(np.abs(line - number).max() / self.device.skyrmions)


def torques_t(device: SkyrmionSynapse, phases: Sequence[Phase], step_s: float) -> Array:
    """Torque field in each step of the pulse train; a pulse begins each period."""
    each = round(device.pulse_period_s / step_s)
    on = np.arange(each) + 0.5 < device.pulse_width_s / step_s
    signs = np.concatenate([np.full(phase.periods, float(phase.sign)) for phase in phases])
    return np.outer(signs, on).ravel() * device.torque_t(device.current_density_a_per_m2)


@dataclass(frozen=True, eq=False)
class Bench:
    """A device with what all its runs share."""

    device: SkyrmionSynapse
    calibration: SkyrmionCalibration
    skyrmion: thiele.Skyrmion
    ground: thiele.Landscape
    polarisation: thiele.Polarisation


def bench(device: SkyrmionSynapse, calibration: SkyrmionCalibration, grains: Array | None = None) -> Bench:
    """The device's landscape, drive and skyrmion, from the calibration at its damping; `grains` as `ground`."""
    skyrmion = calibration.skyrmion().with_damping(device.film.gilbert_damping)
    landscape = ground(device, calibration, grains=grains)
    return Bench(device, calibration, skyrmion, landscape, polarisation(device, calibration))


def relaxed_places_m(at: Bench, generator: np.random.Generator | None = None, temperature_k: float = 0.0) -> Array:
    """(n, 2) places after the printed 10 ns of relaxation on the track."""
    rest = np.zeros(round(RELAXATION_S / STEP_S))
    run = thiele.run(
        at.skyrmion,
        track_places_m(at.device),
        rest,
        STEP_S,
        ground=at.ground,
        temperature_k=temperature_k,
        generator=generator,
        every=len(rest),
    )
    return run.positions_m[-1]


def operate(
    at: Bench,
    phases: Sequence[Phase] = OPERATION,
    *,
    places_m: Array | None = None,
    alive: NDArray[np.bool_] | None = None,
    temperature_k: float = 0.0,
    generator: np.random.Generator | None = None,
    step_s: float = STEP_S,
) -> Operation:
    """Send pulses through the synapse.

    Args:
        phases: The pulses.
        places_m: (n, 2) places at the start; by default the relaxed ones.
        alive: (n,) which of them there are.
        temperature_k: Above 0, `generator` draws the heat.
        step_s: Of the Thiele integration.
    """
    start = relaxed_places_m(at, generator, temperature_k) if places_m is None else places_m
    run = thiele.run(
        at.skyrmion,
        start,
        torques_t(at.device, phases, step_s),
        step_s,
        polarisation=at.polarisation,
        ground=at.ground,
        temperature_k=temperature_k,
        generator=generator,
        every=round(RECORD_S / step_s),
        alive=alive,
    )
    shape = at.calibration.texture
    covered = covered_share(at.device, run.positions_m, np.sqrt(shape.reversed_area_m2 / np.pi)) * run.alive
    conductance = conductance_s(at.device, covered.sum(axis=1), shape.reversed_area_m2)
    return Operation(at.device, tuple(phases), run, covered, conductance)


DAMPINGS = (0.1, 0.2, 0.3)  # what Co/Pt is given in the literature: docs/derivations.md, section 2
SWEEP_STEP_S = 10e-12
EMPTIED = 4.0  # skyrmions that may be left in after depression, for an operation to count as whole: assumed
MOST_OF_ALL = 0.9  # of the skyrmions must come in, likewise


@dataclass(frozen=True)
class Point:
    """One current density and damping: how many came in, and how many were left at the end."""

    current_density_a_per_m2: float
    gilbert_damping: float
    potentiated: float
    left: float
    lost: int
    closest_m: float
    deviation: float
    """Of the number against time in potentiation from a straight line, the largest, in parts of all skyrmions."""
    skyrmions: int

    @property
    def works(self) -> bool:
        """Nearly all came in, nearly all left again, and none was lost."""
        return self.lost == 0 and self.left <= EMPTIED and self.potentiated >= MOST_OF_ALL * self.skyrmions

    @property
    def swing(self) -> float:
        """Skyrmions that came in and left again; none where some were lost."""
        return 0.0 if self.lost else max(self.potentiated - self.left, 0.0)

    def to_dict(self) -> dict[str, float]:
        """As JSON-able values."""
        return asdict(self)


def sweep(
    device: SkyrmionSynapse,
    calibration: SkyrmionCalibration,
    advance: Progress,
    factors: Sequence[float],
    workers: int = 1,
    dampings: Sequence[float] = DAMPINGS,
) -> tuple[Point, ...]:
    """Run the whole operation, without heat, over current densities and dampings.

    Args:
        factors: Current densities, over the device's own.
        advance: Called with (what, done, total).
        workers: Threads; the kernels let go of Python's lock.
    """

    def one(pair: tuple[float, float]) -> Point:
        factor, damping = pair
        there = device.with_drive(device.current_density_a_per_m2 * factor, damping)
        done = operate(bench(there, calibration), step_s=SWEEP_STEP_S)
        return Point(
            there.current_density_a_per_m2,
            damping,
            done.potentiated,
            float(done.number[-1]),
            done.lost,
            done.run.closest_m,
            done.deviation,
            device.skyrmions,
        )

    pairs = list(product(factors, dampings))
    return tuple(in_threads(one, pairs, workers, "current densities and dampings", advance))


def in_threads(
    one: Callable[[Task], Result], tasks: Sequence[Task], workers: int, what: str, advance: Progress
) -> list[Result]:
    """What `one` returns for each task, in their order; `advance` is told of `what` as each ends."""
    done: list[Result] = []
    with ThreadPoolExecutor(workers) as pool:
        for result in pool.map(one, tasks):
            done.append(result)
            advance(what, len(done), len(tasks))
    return done


def working_point(points: Sequence[Point]) -> Point:
    """Of those that work the one nearest to a straight line; where none does, the one with the largest swing."""
    working = [point for point in points if point.works]
    if working:
        return min(working, key=lambda point: point.deviation)
    return max(points, key=lambda point: point.swing)


@dataclass(frozen=True)
class PulseEnergy:
    """Joule heat of one pulse, by both readings of the write current's direction, in J."""

    perpendicular_j: float
    """Through the disc and a Co/Pt bilayer, Valet-Fert."""
    perpendicular_three_layers_j: float
    """Through the stack as paper S, III-A has it: free layer, heavy metal, reference layer."""
    in_plane_j: float
    """Along the magnet, a square as wide as the disc."""


def pulse_energy(device: SkyrmionSynapse) -> PulseEnergy:
    """E = I² R t of one pulse (paper S, eq. 1)."""
    density, width = device.current_density_a_per_m2, device.pulse_width_s
    across = density**2 * device.area_m2 * width
    in_plane_a = density * 2 * device.radius_m * device.film.thickness_m
    # A square's sheet resistance: resistivity over thickness; the layer holds both.
    sheet_ohm = COBALT.resistance_area_ohm_m2 * (1 - COBALT.asymmetry**2) / device.film.thickness_m**2
    return PulseEnergy(
        across * stack_resistance_area_ohm_m2(CO_PT_BILAYER),
        across * stack_resistance_area_ohm_m2(CO_PT_CO),
        in_plane_a**2 * sheet_ohm * width,
    )


def designed(device: SkyrmionSynapse) -> SkyrmionSynapse:
    """The same disc with a radial polarisation, whose force runs along the track, and the spiral's other sense.

    The vortex of paper S pushes skyrmions against the rails: only the spiral's slope moves them on. A radial
    polarisation pushes along the track. The spiral's sense is chosen so that the Magnus force pulls those that leave
    the track further in, not back out.
    """
    name = "skyrmion synapse, radial polarisation"
    return replace(device, name=name, polarisation_angle_rad=math.pi / 2, handedness=-1)
