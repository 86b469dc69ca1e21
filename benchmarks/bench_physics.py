"""What the solver costs: one right-hand side, its parts, its growth with the mesh, and a step in time; one thread.

Every group runs interleaved in this process: each variant in turn, medians over the rounds. Run it on an idle machine;
`--rounds` trades time for steadiness, `--json` prints one object. A group is a function of the rounds that returns
rows; `GROUPS` lists them. `--slow` adds what takes minutes, once each, with two worker processes: then the table holds
every target of the physics.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

import numba
import numpy as np

from spingan.devices import domain_wall
from spingan.devices.skyrmion_synapse import PRINTED, shipped_calibration
from spingan.devices.skyrmion_synapse_run import bench, operate
from spingan.devices.wall_characteristic import from_rest
from spingan.devices.wall_compact import calibrate_wall, compact_sweep, shipped_constants
from spingan.devices.wall_device import LEAKY_RELU
from spingan.devices.wall_study import LONGEST_S, Setup, run_tasks, settle
from spingan.physics.convolve import convolve
from spingan.physics.evolve import evolve
from spingan.physics.film import Film
from spingan.physics.llg import Motion, motion
from spingan.physics.mesh import Mesh
from spingan.physics.skyrmion_calibration import calibrate_skyrmion
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import wall
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.6e6, 0.3, 1e-9, "paper S, IV-C and docs/derivations.md, section 1")
TARGET_COMPACT_MS, TARGET_THIELE_MS = 500.0, 3_000.0  # issue 3
TARGET_CURVE_MS, TARGET_RESETS_MS, TARGET_CALIBRATION_MS = 120_000.0, 900_000.0, 900_000.0  # issue 3
TARGET_DISTANCE_NM = 1.5  # issue 3
SLOW_WORKERS = 2
TARGETS_MS = {(100, 23): 0.35, (325, 325): 30.0}  # issue 3
GROWTH = (32, 56, 100, 178, 316)  # square meshes of 10^3 to 10^5 cells


@dataclass(frozen=True)
class Row:
    """One figure; `target` is None where nothing was promised, `ns_per_cell` where cells do not count."""

    what: str
    variant: str
    value: float
    ns_per_cell: float | None
    target: float | None = None
    unit: str = "ms"


def interleaved_ms(variants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each variant; they take turns, so that whatever slows the machine slows all of them."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for run in variants.values():
        run()
    for _ in range(rounds):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(measured) for name, measured in times.items()}


def problem(nx: int, ny: int) -> tuple[System, np.ndarray]:
    """A wall in a film of 1 nm cells, with every term but temperature: a torque and an exchange bias among them."""
    mesh = Mesh(nx, ny, 1e-9, 1e-9)
    torque = SpinTorque((0, 1, 0), 0.05, field_like_ratio=0.2)
    system = System(mesh, FILM, exchange_bias_field_t=(0, 0, 0.01), torques=(torque,))
    return system, wall(mesh, mesh.nx * mesh.dx_m / 2, FILM.wall_width_m)


def right_hand_side(nx: int, ny: int) -> tuple[Motion, np.ndarray, np.ndarray]:
    """A system ready to be timed: the motion, its padded magnetisation, and room for its velocity."""
    system, m = problem(nx, ny)
    ready = motion(system)
    return ready, ready.grid.padded(m), np.zeros(3 * ready.grid.layer)


def parts(rounds: int) -> list[Row]:
    """The whole right-hand side against its target, and its two parts."""
    rows = []
    for (nx, ny), target in TARGETS_MS.items():
        ready, m, k = right_hand_side(nx, ny)
        assert ready.convolver is not None
        convolver = ready.convolver
        variants = {
            "whole": lambda ready=ready, m=m, k=k: ready.velocity(m, k),
            "stray field": lambda c=convolver, m=m, stray=ready.stray: convolve(c, m, stray),
            "local fields and torques": lambda ready=ready, m=m, k=k: ready.descent(m, k),
        }
        for name, value in interleaved_ms(variants, rounds).items():
            promised = target if name == "whole" else None
            rows.append(Row(f"right-hand side, {nx} x {ny}", name, value, 1e6 * value / (nx * ny), promised))
    return rows


def growth(rounds: int) -> list[Row]:
    """The right-hand side from 10^3 to 10^5 cells."""
    ready = {n: right_hand_side(n, n) for n in GROWTH}
    variants = {f"{n} x {n}": lambda n=n: ready[n][0].velocity(*ready[n][1:]) for n in GROWTH}
    medians = interleaved_ms(variants, rounds)
    return [
        Row("growth", name, value, 1e6 * value / n**2) for (name, value), n in zip(medians.items(), GROWTH, strict=True)
    ]


def steps(rounds: int) -> list[Row]:
    """A step in time, six right-hand sides and what is around them, from runs of 1 ps."""
    system, m = problem(100, 23)
    counts: list[int] = []
    duration = 1e-12
    value = interleaved_ms({"step": lambda: counts.append(evolve(system, m, duration).steps)}, max(3, rounds // 10))[
        "step"
    ]
    count = counts[-1]
    per_step = value / count
    length = f"{1e15 * duration / count:.0f} fs each"
    return [Row("step, 100 x 23", f"Dormand-Prince, {length}", per_step, 1e6 * per_step / 2300)]


def compact(rounds: int) -> list[Row]:
    """The compact wall: the leaky ReLU's currents, up and down again."""
    constants = shipped_constants(LEAKY_RELU.name)
    up = domain_wall.LEAKY_PLAN.currents_a

    def both() -> None:
        for currents in (up, up[::-1]):
            assert len(compact_sweep(LEAKY_RELU, currents, "magnet-section", domain_wall.START_M, constants)) == len(up)

    value = interleaved_ms({"both": both}, max(3, rounds // 10))["both"]
    return [Row("compact wall", f"{len(up)} currents, up and down", value, None, TARGET_COMPACT_MS)]


def thiele(rounds: int) -> list[Row]:
    """The Thiele model: the printed synapse's whole operation."""
    at = bench(PRINTED, shipped_calibration())
    value = interleaved_ms({"run": lambda: operate(at)}, max(3, rounds // 10))["run"]
    return [Row("Thiele", f"{PRINTED.skyrmions} skyrmions, 305 ns", value, None, TARGET_THIELE_MS)]


def curve(_rounds: int) -> list[Row]:
    """The leaky ReLU's currents in the solver, each from rest to where its wall settles; how far off the compact wall
    is there; and 10 ns without a current after both ends."""
    setup, plan = Setup(LEAKY_RELU), replace(domain_wall.LEAKY_PLAN, probes_a=())
    began = time.perf_counter()
    found = from_rest(setup, plan, SLOW_WORKERS, lambda *_: None)
    rows = [_once("solver", f"{len(found)} currents settled", began, TARGET_CURVE_MS)]
    model = compact_sweep(
        LEAKY_RELU, plan.currents_a, setup.convention, domain_wall.START_M, shipped_constants(LEAKY_RELU.name)
    )
    held = [(found[i], state) for i, state in zip(plan.currents_a, model, strict=True) if found[i].still and i]
    off_nm = max(abs(run.position_m - state.position_m) for run, state in held) * 1e9
    rows.append(Row("compact wall", f"off at {len(held)} settled currents", off_nm, None, TARGET_DISTANCE_NM, "nm"))
    began = time.perf_counter()
    ends = [found[i].m for i in (plan.currents_a[0], plan.currents_a[-1])]
    run_tasks([(settle, (setup, 0.0, end, LONGEST_S, 0.0)) for end in ends], SLOW_WORKERS)
    return [*rows, _once("solver", "10 ns after both ends", began, TARGET_RESETS_MS)]


def calibrations(_rounds: int) -> list[Row]:
    """The fits of both compact models to the solver; the target is for their sum."""
    began = time.perf_counter()
    calibrate_wall(LEAKY_RELU, workers=SLOW_WORKERS)
    between = _once("calibration", "wall", began)
    middle = time.perf_counter()
    calibrate_skyrmion(PRINTED.film)
    skyrmion = _once("calibration", "skyrmion", middle)
    return [between, skyrmion, _once("calibration", "both", began, TARGET_CALIBRATION_MS)]


def _once(what: str, variant: str, began_s: float, target_ms: float | None = None) -> Row:
    return Row(what, variant, 1e3 * (time.perf_counter() - began_s), None, target_ms)


GROUPS: tuple[Callable[[int], list[Row]], ...] = (parts, growth, steps, compact, thiele)
SLOW_GROUPS: tuple[Callable[[int], list[Row]], ...] = (curve, calibrations)


def format_row(row: Row) -> str:
    """A line for a person."""
    target = ""
    if row.target is not None:
        target = f"  (target {row.target:g}, {'met' if row.value <= row.target else 'missed'})"
    cells = "" if row.ns_per_cell is None else f"  {row.ns_per_cell:7.0f} ns a cell"
    return f"{row.what:26} {row.variant:28} {row.value:10.3f} {row.unit}{cells}{target}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="timed runs of each variant")
    parser.add_argument("--slow", action="store_true", help="also what takes minutes: a curve, resets, calibrations")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    result = []
    for group in (*GROUPS, *(SLOW_GROUPS if arguments.slow else ())):
        for row in group(arguments.rounds):
            print(format_row(row), file=sys.stderr if arguments.json else sys.stdout, flush=True)
            result.append(row)
    if arguments.json:
        print(
            json.dumps(
                {
                    "rows": [asdict(row) for row in result],
                    "numba": numba.__version__,
                    "threads": 1,
                    "load": os.getloadavg(),
                }
            )
        )


if __name__ == "__main__":
    main()
