"""How long faces take: to be drawn, and to be judged. Run it on an idle machine with `make bench`.

python benchmarks/bench_faces.py [--faces N] [--count N] [--json]

Draws into a temporary cache, so that nothing drawn before helps. Judging is `spingan evaluate faces` with its
float twin, the faces that it compares with drawn before: they are drawn once in a machine's life.
"""

import argparse
import json
import os
import tempfile
import time

import spingan
from spingan.data import cartoon_faces
from spingan.data.cartoon_faces import JUDGES, WHOLE, Drawing

DRAWING_LIMIT_S = 300.0  # for 63,565 faces on two processors
JUDGING_LIMIT_S = 60.0  # for 10,000 images on two processors


def seconds_to_draw(faces: int) -> float:
    """Wall time of drawing so many faces, with as many processes as there are processors."""
    begun = time.perf_counter()
    cartoon_faces.draw(Drawing(count=faces, training_images=faces, seed=WHOLE.seed))
    return time.perf_counter() - begun


def seconds_to_judge(count: int) -> float:
    """Wall time of drawing and judging so many images with the shipped pair."""
    cartoon_faces.draw(JUDGES)
    begun = time.perf_counter()
    spingan.evaluate("faces", count=count)
    return time.perf_counter() - begun


def main() -> None:
    """Time both, and print them beside their limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=WHOLE.count)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        drawing, judging = seconds_to_draw(arguments.faces), seconds_to_judge(arguments.count)
    rows = [
        {"what": f"drawing {arguments.faces:,} faces", "seconds": drawing, "limit_s": DRAWING_LIMIT_S},
        {"what": f"judging {arguments.count:,} faces and their twin's", "seconds": judging, "limit_s": JUDGING_LIMIT_S},
    ]
    if arguments.json:
        print(json.dumps({"rows": rows, "processors": os.cpu_count()}))
        return
    for row in rows:
        print(f"{row['what']:<48} {row['seconds']:8.1f} s   limit {row['limit_s']:.0f} s")


if __name__ == "__main__":
    main()
