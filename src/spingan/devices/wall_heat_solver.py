"""A wall in heat in the solver: runs of its place and conductance, and the compact wall's fit to them.

The thermal field of every cell is Brown's (`physics.llg.thermal_field_t`). Its spin waves reach down to the size of a
cell, so that a run belongs to its cells, too: a calibration names them.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spingan.devices.noise_statistics import Estimate, in_blocks, noise_of
from spingan.devices.wall_study import Setup
from spingan.devices.wall_system import conductance_s, wall_position_m
from spingan.errors import UserError
from spingan.input_files import read_text
from spingan.output import write_text
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.evolve import evolve
from spingan.physics.mesh import Array
from spingan.physics.typed import typed
from spingan.physics.wall_heat import HeatConstants
from spingan.yaml_text import parse_yaml

EVERY_S = 4e-12  # between two looks: a twentieth of the memory of the papers' walls
PART_S = 0.1e-9  # between two looks whether the wall is still there
WARM_UP_S = 0.3e-9  # four memories of the papers' walls before anything counts
BLOCK_S = 0.8e-9  # of a long run, ten memories: one block of its statistics
TURN_RAD = 0.75  # of the fastest spin wave in a step; half of what Heun's scheme still holds at a damping of 0.3
CLEAR_M = 18e-9  # from the wall, three width parameters: there m_z is a domain's
END_M = 8e-9  # from the ends, whose cells are pinned and canted
KIND = "wall-heat-calibration"


@dataclass(frozen=True, eq=False)
class ThermalRun:
    """What a run of the solver saw; where the wall was lost the run ends.

    Attributes:
        time_s: (n,).
        position_m: (n,).
        conductance_s: (n,).
        domain: (n,) width-averaged |m_z| of the domains; nan where the wall leaves none.
        m: (3, ny, nx) where it ended, to go on from.
        lost: whether the wall was lost at its end.
    """

    time_s: Array
    position_m: Array
    conductance_s: Array
    domain: Array
    m: Array
    lost: bool


def thermal_step_s(setup: Setup) -> float:
    """The step in which the mesh's fastest spin wave, the one of opposite neighbours, turns by `TURN_RAD`."""
    film, grid = setup.device.film, setup.mesh
    stiffness = 8 * film.exchange_stiffness_j_per_m / film.saturation_magnetization_a_per_m
    field_t = stiffness * (1 / grid.dx_m**2 + 1 / grid.dy_m**2)
    return TURN_RAD * (1 + film.gilbert_damping**2) / (GYROMAGNETIC_RATIO_RAD_PER_S_T * field_t)


def thermal_run(
    setup: Setup, current_a: float, start: Array, temperature_k: float, duration_s: float, seed: int = 0
) -> ThermalRun:
    """Follow a wall in heat under a current, in the solver.

    Args:
        start: (3, ny, nx), see `wall_study.place_wall`, or another run's `m`.

    Raises:
        UserError: As `wall_system.system` and the solver.
    """
    seen: list[tuple[float, float, float, float]] = []
    grid, device = setup.mesh, setup.device
    inner = (grid.x_m > END_M) & (grid.x_m < device.length_m - END_M)
    m, begun = start, 0.0

    def look(time_s: float, m: Array) -> float:
        place = wall_position_m(m, grid)
        far = inner & (np.abs(grid.x_m - place) > CLEAR_M)
        domain = float(np.abs(m[2].mean(axis=0)[far]).mean()) if far.any() else math.nan
        if time_s > 0:
            seen.append((begun + time_s, place, conductance_s(device, m, grid), domain))
        return place

    with setup.under(current_a) as problem:
        hot = replace(problem, temperature_k=temperature_k)
        for part in range(max(1, round(duration_s / PART_S))):
            begun = part * PART_S
            run = evolve(
                hot,
                m,
                PART_S,
                every_s=EVERY_S,
                fixed_step_s=thermal_step_s(setup),
                observers={"place": look},
                seed=int(np.random.SeedSequence([seed, part]).generate_state(1)[0]),
                time_limit_s=setup.time_limit_s,
            )
            m = run.m
            if math.isnan(seen[-1][1]):
                break
    columns = np.array(seen).T
    lost = np.flatnonzero(np.isnan(columns[1]))
    end = int(lost[0]) if lost.size and lost[-1] == columns.shape[1] - 1 else columns.shape[1]
    kept = columns[:, :end]
    return ThermalRun(kept[0], kept[1], kept[2], kept[3], m, end < columns.shape[1])


@dataclass(frozen=True)
class HeatObservation:
    """What runs of the solver say of a wall under one current at one temperature.

    Attributes:
        mean_m, rms_m, memory_s: of its place, each with its interval.
        mean_s, rms_s: of the conductance.
        domain: mean |m_z| of the domains.
        duration_s: of all runs together, the warm-up left out.
        seed: of the first run.
    """

    current_a: float
    temperature_k: float
    mean_m: Estimate
    rms_m: Estimate
    memory_s: Estimate
    mean_s: Estimate
    rms_s: Estimate
    domain: float
    duration_s: float
    seed: int


def observe(runs: Sequence[ThermalRun], current_a: float, temperature_k: float, seed: int) -> HeatObservation:
    """The statistics of runs under one current, the first 0.3 ns of each left out, in whole blocks of 0.8 ns.

    A run that lost its wall counts until the last block before that.

    Raises:
        UserError: They hold fewer than two blocks.
    """
    place, conductance, domain = [], [], []
    length = round(BLOCK_S / EVERY_S)
    for run in runs:
        counts = (run.time_s > WARM_UP_S) & np.isfinite(run.position_m)
        for values, into in ((run.position_m, place), (run.conductance_s, conductance), (run.domain, domain)):
            into.append(in_blocks(values[counts, None], length))
    seen, read = (noise_of(np.concatenate(blocks, axis=1), EVERY_S) for blocks in (place, conductance))
    domains = np.concatenate(domain, axis=1)
    return HeatObservation(
        current_a=current_a,
        temperature_k=temperature_k,
        mean_m=seen.mean,
        rms_m=seen.rms,
        memory_s=seen.memory_s,
        mean_s=read.mean,
        rms_s=read.rms,
        domain=float(np.nanmean(domains)),
        duration_s=domains.size * EVERY_S,
        seed=seed,
    )


@dataclass(frozen=True)
class HeatCalibration:
    """Constants of the compact wall in heat, and the runs of the solver that they come from.

    Attributes:
        device: name of the device that the runs were made with.
        cell_m, across_m: their cells, along the track and across it.
        constants: the factors.
        observations: what the runs saw.
        rms_error, memory_error: compact wall over solver, less 1, for each of them.
        source: which runs, with which solver settings.
    """

    device: str
    cell_m: float
    across_m: float
    constants: HeatConstants
    observations: tuple[HeatObservation, ...]
    rms_error: tuple[float, ...]
    memory_error: tuple[float, ...]
    source: str


def write_heat_calibration(calibration: HeatCalibration, path: str | Path) -> None:
    """Write `calibration` to the YAML file `path`; `read_heat_calibration` gives back an equal value.

    Raises:
        UserError: The file cannot be written.
    """
    content: dict[str, Any] = {"kind": KIND} | asdict(calibration)
    for name in ("observations", "rms_error", "memory_error"):
        content[name] = list(content[name])
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def read_heat_calibration(path: str | Path) -> HeatCalibration:
    """The calibration in the YAML file `path`.

    Raises:
        UserError: It cannot be read, or is not a calibration.
    """
    where, again = f"calibration {path}", "Make it anew: python -m spingan.devices.wall_heat_calibration FILE"
    content, lines = parse_yaml(read_text(path, where), where, again)
    if content.pop("kind", None) != KIND:
        raise UserError(f"{where}: its kind is not {KIND}", again)
    return typed(HeatCalibration, content, where, again, lines)
