"""How much faster a study is on two worker processes than on one, and what the processes cost beside the trials.

The same trials run in turn on one process and on two, new processes each time, as `spingan study` begins them, so that
whatever slows the machine slows both. Run it on an idle machine with two processors or more:

    python benchmarks/bench_studies.py --rounds 2

The processor time of all processes is printed beside the wall's: what two processes take more than one is what
beginning the second costs, whatever else runs on the machine.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from spingan.arrays.conditions import ChipConditions
from spingan.spec.noise import Noise
from spingan.studies.parallel import Workers, run_parallel
from spingan.studies.trials import Outcome, Trial, run_trial

TARGET = 1.7  # of the issue: two workers are at least so many times as fast as one


@dataclass(frozen=True)
class Timing:
    """Medians over the rounds: seconds of the wall, of processors in all processes together, to the first result."""

    workers: int
    wall_s: float
    processor_s: float
    first_s: float


def timed(trials: list[Trial], workers: int) -> tuple[list[Outcome], float, float, float]:
    """Results, and seconds: of the wall, of processors, of the wall to the first result."""
    first = [0.0]
    wall, before = time.perf_counter(), os.times()

    def note(what: str, done: int, total: int) -> None:
        if done == 1:
            first[0] = time.perf_counter() - wall

    with tempfile.TemporaryDirectory() as folder:
        chosen = Workers(workers, None, Path(folder) / "trials.jsonl")
        found = run_parallel(run_trial, trials, workers=chosen, progress=note)
    after = os.times()
    used = sum(getattr(after, part) - getattr(before, part) for part in
               ("user", "system", "children_user", "children_system"))  # fmt: skip
    return found, time.perf_counter() - wall, used, first[0]


def main() -> None:
    """Print both timings and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="fashion-mnist")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--count", type=int, default=2000, help="images a trial (2000)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    noisy = ChipConditions(programming_noise=Noise(fraction=0.1, of="value"))
    trials = [Trial(options.model, seed, options.count, noisy) for seed in range(options.trials)]
    measured: dict[int, list[tuple[float, float, float]]] = {1: [], 2: []}
    expected = None
    for _ in range(options.rounds):
        for workers, times in measured.items():
            found, *seconds = timed(trials, workers)
            distances = [outcome.distance for outcome in found]
            expected = expected or distances
            if distances != expected:
                sys.exit("the distances depend on the number of processes")
            times.append((seconds[0], seconds[1], seconds[2]))
            print(f"{workers} workers: {seconds[0]:7.1f} s", file=sys.stderr, flush=True)
    rows = [
        Timing(workers, *(statistics.median(part) for part in zip(*times, strict=True)))
        for workers, times in measured.items()
    ]
    ratio = rows[0].wall_s / rows[1].wall_s
    if options.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "times_as_fast": ratio, "target": TARGET}))
        return
    for row in rows:
        print(f"{row.workers} workers  wall {row.wall_s:7.1f} s  processors {row.processor_s:7.1f} s  "
              f"first result after {row.first_s:5.1f} s")  # fmt: skip
    print(f"two are {ratio:.2f} times as fast as one (target {TARGET:g}, {'met' if ratio >= TARGET else 'missed'})")


if __name__ == "__main__":
    main()
