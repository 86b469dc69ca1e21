"""What a simulation of a circuit costs: a DC transfer, a transient, a Monte Carlo, and what our runner adds to ngspice.

Every group runs interleaved in this process, medians over the rounds; the Monte Carlo runs once, with two workers. Run
it on an idle machine; `--rounds` trades time for steadiness, `--json` prints one object.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from spingan.circuits.cards import load_cards
from spingan.circuits.cell_devices import cell_device
from spingan.circuits.crossbar_column import Array, solve_crossbar
from spingan.circuits.domain_wall_cells import (
    LEAKY_RELU_CELL,
    TRANSFER_POINTS,
    DeviceTable,
    transfer,
    transfer_netlist,
)
from spingan.circuits.domain_wall_response import Waveform, respond
from spingan.circuits.monte_carlo import default_mismatch, device_spread
from spingan.circuits.ngspice import SETTINGS, find_ngspice, ngspice_version, run

TARGET_TRANSFER_MS, TARGET_TRANSIENT_MS = 50.0, 500.0  # issue 4
TARGET_MONTE_CARLO_MS, TARGET_OVERHEAD_MS = 20_000.0, 30.0  # issue 4
MADE_CELLS, WORKERS = 200, 2  # issue 4
DEVICE = cell_device("leaky_relu", "simulated")
CURVE = DeviceTable.of(DEVICE.curve)
ENDS_A = DEVICE.curve.input[0], DEVICE.curve.input[-1]


@dataclass(frozen=True)
class Row:
    """One timing; `target_ms` is None where nothing was promised."""

    what: str
    variant: str
    median_ms: float
    ngspice_cpu_ms: float | None = None
    target_ms: float | None = None


@dataclass(frozen=True)
class Timing:
    """Medians in milliseconds: by the clock, and of the processor's time that ngspice took, which other work on the
    machine hardly changes."""

    clock_ms: float
    cpu_ms: float


def interleaved(variants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Timing]:
    """What each variant says that it took, and ngspice's processor time; they take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for measure in variants.values():
        measure()
    for _ in range(rounds):
        for name, measure in variants.items():
            before = ngspice_cpu_s()
            seconds = measure()
            times[name].append((1e3 * seconds, 1e3 * (ngspice_cpu_s() - before)))
    return {
        name: Timing(*(statistics.median(column) for column in zip(*measured, strict=True)))
        for name, measured in times.items()
    }


def ngspice_cpu_s() -> float:
    """Processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cells(rounds: int) -> list[Row]:
    """Paper S's leaky ReLU: a DC transfer, and 10 ns at 0.5 ps while the conductance moves; ngspice's own time."""
    moving = Waveform("ramp", np.array([0.0, 1e-9, 10e-9]), np.array([1.04e-4, 1.3e-4, 1.3e-4]))
    variants = {
        "DC transfer": lambda: transfer(LEAKY_RELU_CELL, CURVE, *ENDS_A).seconds,
        "transient": lambda: respond(LEAKY_RELU_CELL, moving).seconds,
    }
    found = interleaved(variants, rounds)
    return [
        row("DC transfer", f"{TRANSFER_POINTS} points", found["DC transfer"], TARGET_TRANSFER_MS),
        row("transient", "10 ns in steps of 0.5 ps", found["transient"], TARGET_TRANSIENT_MS),
    ]


def overhead(rounds: int) -> list[Row]:
    """A whole run, from netlist to arrays, beside ngspice alone on the same files."""
    netlist = transfer_netlist(LEAKY_RELU_CELL, CURVE, *ENDS_A, TRANSFER_POINTS, load_cards())
    program = find_ngspice()

    def whole() -> float:
        began = time.perf_counter()
        run(netlist)
        return time.perf_counter() - began

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "spinit").write_text(SETTINGS, encoding="ascii")
        (folder / "deck.cir").write_text(f"{netlist}\n.end\n", encoding="utf-8")
        words = [program, "-n", "-b", "-r", "deck.raw", "deck.cir"]

        def alone() -> float:
            began = time.perf_counter()
            subprocess.run(
                words, cwd=folder, env=os.environ | {"SPICE_SCRIPTS": name}, capture_output=True, check=True, timeout=60
            )
            return time.perf_counter() - began

        found = interleaved({"whole": whole, "alone": alone}, 3 * rounds)
    return [
        row("runner", "whole run", found["whole"]),
        row("runner", "ngspice alone", found["alone"]),
        Row("runner", "overhead", found["whole"].clock_ms - found["alone"].clock_ms, None, TARGET_OVERHEAD_MS),
    ]


def crossbars(rounds: int) -> list[Row]:
    """Columns and small arrays, wires and all; ngspice's own time."""
    rng = np.random.default_rng(0)
    column = rng.uniform(1e-5, 1e-4, 1000)
    wired = Array(rng.uniform(1e-5, 1e-4, (32, 32)), wire_ohm=2.0, driver_ohm=100.0)
    variants = {
        "column of 1000, load": lambda: solve_crossbar(Array(column[:, None], load_s=1e-3), np.full(1000, 0.1)).seconds,
        "32 x 32 with wires": lambda: solve_crossbar(wired, np.full(32, 0.1)).seconds,
    }
    found = interleaved(variants, rounds)
    return [row("crossbar", name, value) for name, value in found.items()]


def monte_carlo(_rounds: int) -> list[Row]:
    """200 made cells, each with its transfer."""
    cards = load_cards()
    drawn = transfer(LEAKY_RELU_CELL, CURVE, *ENDS_A, cards=cards)
    before, began = ngspice_cpu_s(), time.perf_counter()
    device_spread(
        drawn,
        CURVE,
        cards,
        DEVICE.curve.input_full_scale,
        default_mismatch("16nm"),
        MADE_CELLS,
        seed=0,
        workers=WORKERS,
    )
    value = Timing(1e3 * (time.perf_counter() - began), 1e3 * (ngspice_cpu_s() - before))
    return [row("Monte Carlo", f"{MADE_CELLS} transfers, {WORKERS} workers", value, TARGET_MONTE_CARLO_MS)]


def row(what: str, variant: str, timing: Timing, target_ms: float | None = None) -> Row:
    """A timing as a row."""
    return Row(what, variant, timing.clock_ms, timing.cpu_ms, target_ms)


GROUPS: tuple[Callable[[int], list[Row]], ...] = (cells, overhead, crossbars, monte_carlo)


def format_row(row: Row) -> str:
    """A line for a person."""
    target = ""
    if row.target_ms is not None:
        target = f"  (target {row.target_ms:g}, {'met' if row.median_ms <= row.target_ms else 'missed'})"
    cpu = "" if row.ngspice_cpu_ms is None else f"  {row.ngspice_cpu_ms:8.1f} ms of processor"
    return f"{row.what:14} {row.variant:28} {row.median_ms:9.1f} ms{cpu}{target}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="timed runs of each variant")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    result = []
    for group in GROUPS:
        for row in group(arguments.rounds):
            print(format_row(row), file=sys.stderr if arguments.json else sys.stdout, flush=True)
            result.append(row)
    if arguments.json:
        rows = [asdict(row) for row in result]
        print(json.dumps({"rows": rows, "ngspice": ngspice_version(), "load": os.getloadavg()}))


if __name__ == "__main__":
    main()
