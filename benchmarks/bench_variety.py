"""How long the measures of variety take, and how much memory. Run it on an idle machine with `make bench`.

python benchmarks/bench_variety.py [--count N] [--training N] [--json]

All six measures of N random images against N others, their features given (random, too; so are those of the training
images): grey of 28 pixels and colour of 64. Each runs in a process of its own, whose peak memory is everything that it
ever held: Python, PyTorch and the images themselves. Random images are the slowest: no time depends on the pixels.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import numpy as np

LIMIT_S = 20.0  # for 10,000 images on two processors
LIMIT_GIB = 1.5
SHAPES = {"grey": (28, 28), "colour": (64, 64, 3)}


def measure(kind: str, count: int, training: int) -> dict[str, str | float]:
    """Wall time of all measures, and this process's peak memory."""
    from spingan.evaluation.features import FEATURES
    from spingan.evaluation.variety import variety_reference

    random = np.random.default_rng(0)
    real, drawn = (random.integers(0, 256, (count, *SHAPES[kind]), np.uint8) for _ in range(2))
    features = [random.standard_normal((rows, FEATURES)) for rows in (count, count, training)]
    begun = time.perf_counter()
    variety_reference(features[0], real, features[2]).measure(features[1], drawn)
    seconds = time.perf_counter() - begun
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"what": f"variety of {count:,} images, {kind}", "seconds": seconds, "peak_gib": peak_gib}


def main() -> None:
    """Time each kind in a process of its own, and print it beside its limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--training", type=int, default=60_000)
    parser.add_argument("--kind", choices=SHAPES, help="run this one here; without it, each in a process of its own")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.kind:
        print(json.dumps(measure(arguments.kind, arguments.count, arguments.training)))
        return
    rows = []
    for kind in SHAPES:
        command = [sys.executable, __file__, "--kind", kind]
        command += ["--count", str(arguments.count), "--training", str(arguments.training)]
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(ran.stdout) | {"limit_s": LIMIT_S, "limit_gib": LIMIT_GIB})
    if arguments.json:
        print(json.dumps({"rows": rows, "processors": os.cpu_count()}))
        return
    for row in rows:
        print(
            f"{row['what']:<36} {row['seconds']:6.1f} s   limit {row['limit_s']:.0f} s   "
            f"{row['peak_gib']:5.2f} GiB   limit {row['limit_gib']:.1f} GiB"
        )


if __name__ == "__main__":
    main()
