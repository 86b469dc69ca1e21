"""Both readings of the synapse's polarisation: sweep, working point, operation, heat and levels of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spingan.devices.skyrmion_synapse import PRINTED, SMALL, SkyrmionSynapse
from spingan.devices.skyrmion_synapse_run import Operation, bench, operate
from spingan.devices.skyrmion_synapse_solver import Comparison, Nucleation, compare, nucleate
from spingan.devices.skyrmion_synapse_study import (
    ROOM_TEMPERATURE_K,
    SWEEP_STEP_S,
    Advance,
    Heat,
    Levels,
    Point,
    PulseEnergy,
    designed,
    hold,
    level_table,
    pulse_energy,
    sweep,
    working_point,
)
from spingan.physics.skyrmion_calibration import SkyrmionCalibration

VORTEX_FACTORS = (1, 2, 4, 8, 10, 12)  # times the printed density
RADIAL_FACTORS = (0.5, 0.75, 1, 1.5, 2)
SMALL_FACTOR = 4.0  # times the printed density, so that the small disc's skyrmions move far in a nanosecond
SMALL_DURATION_S = 1e-9
SMALL_CELL_M = 1.5e-9


@dataclass(frozen=True, eq=False)
class Variant:
    """One polarisation of the disc: its sweep, and what it does at its working point."""

    name: str
    calibration: SkyrmionCalibration
    seeds: int
    printed_drive: Operation
    printed_heated: Operation
    """The same at room temperature, one seed."""
    points: tuple[Point, ...]
    operation: Operation
    heat: Heat
    levels: Levels

    @property
    def device(self) -> SkyrmionSynapse:
        """At the working point."""
        return self.operation.device

    @property
    def point(self) -> Point:
        """The working point."""
        return working_point(self.points)

    @property
    def energy(self) -> PulseEnergy:
        """Of one pulse at the working point."""
        return pulse_energy(self.device)

    @property
    def energy_per_state_j(self) -> float:
        """Perpendicular reading: all pulses of the potentiation over the states that they wrote."""
        first = self.operation.phases[0]
        return self.energy.perpendicular_j * first.periods / (len(self.levels.conductance_s) - 1)


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that one call of the command finds."""

    calibration: SkyrmionCalibration
    seed: int
    variants: tuple[Variant, ...]
    """The vortex of paper S, then the radial polarisation."""
    nucleation: Nucleation | None = None
    comparison: Comparison | None = None


def characterise(
    calibration: SkyrmionCalibration, seed: int, seeds: int, workers: int, advance: Advance, solver: bool
) -> Study:
    """Run the disc of paper S under a vortex and under a radial polarisation.

    Args:
        seed: First of the heat's seeds.
        seeds: Number of runs with heat.
        workers: Threads.
        advance: Called with (what, done, total).
        solver: Also nucleate skyrmions, and run the small disc, in the micromagnetic solver: minutes.
    """
    variants = []
    choices = (
        ("skyrmion_simulated", PRINTED, VORTEX_FACTORS),
        ("skyrmion_designed", designed(PRINTED), RADIAL_FACTORS),
    )
    for number, (name, device, factors) in enumerate(choices):
        advance("polarisations", number, 2)
        points = sweep(device, calibration, advance, factors, workers)
        variants.append(_variant(name, device, points, calibration, range(seed, seed + seeds), workers, advance))
    advance("polarisations", 2, 2)
    nucleation = comparison = None
    if solver:
        advance("in the solver", 0, 2)
        nucleation = nucleate(PRINTED, seed=seed)
        advance("in the solver", 1, 2)
        fast = designed(SMALL).with_drive(SMALL.current_density_a_per_m2 * SMALL_FACTOR)
        comparison = compare(fast, calibration, SMALL_DURATION_S, SMALL_CELL_M)
        advance("in the solver", 2, 2)
    return Study(calibration, seed, tuple(variants), nucleation, comparison)


def _variant(
    name: str,
    device: SkyrmionSynapse,
    points: tuple[Point, ...],
    calibration: SkyrmionCalibration,
    seeds: Sequence[int],
    workers: int,
    advance: Advance,
) -> Variant:
    chosen = working_point(points)
    at = bench(device.with_drive(chosen.current_density_a_per_m2, chosen.gilbert_damping), calibration)
    done = operate(at)
    printed = bench(device, calibration)
    heat = hold(at, done, seeds, advance, workers)
    return Variant(
        name=name,
        calibration=calibration,
        seeds=len(seeds),
        printed_drive=operate(printed),
        printed_heated=operate(
            printed,
            temperature_k=ROOM_TEMPERATURE_K,
            generator=np.random.default_rng(seeds[0]),
            step_s=SWEEP_STEP_S,
        ),
        points=points,
        operation=done,
        heat=heat,
        levels=level_table(done, calibration, heat),
    )
