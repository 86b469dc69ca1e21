"""The synapse at work: pulses in, skyrmions under the junction and conductance against time out."""

from collections.abc import Sequence
from dataclasses import dataclass

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
from spingan.physics.skyrmion_calibration import SkyrmionCalibration
from spingan.physics.thiele import ThieleRun

Array = NDArray[np.float64]

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


def bench(device: SkyrmionSynapse, calibration: SkyrmionCalibration) -> Bench:
    """The device's landscape, drive and skyrmion, from the calibration at the device's damping."""
    return Bench(
        device,
        calibration,
        calibration.skyrmion().with_damping(device.film.gilbert_damping),
        ground(device, calibration),
        polarisation(device, calibration),
    )


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
