"""Measures what `spingan appraise` has stored of shipped nets: tolerances, and the shipped technologies.

python docs/make_appraisals.py [NET ...] [--workers N] [--count N --chips N]    by default: clothes-longer, 1,000, 3

On one idle core it takes about two hours, of which HfOx, read bit by bit, takes most. Results go into
build/appraisals/NET.trials.jsonl as they come: what was stopped goes on with the same command, as long as the package's
code is the same. So run it in a checkout that stays.
"""

import argparse
from pathlib import Path

from spingan.commands.printing import progress_bars
from spingan.nn.weights import load_model
from spingan.output import output_folder
from spingan.studies.net_trials import NetTrials
from spingan.studies.parallel import Workers
from spingan.studies.stored import SHIPPED, Plan, keep, key_of

NETS = ("clothes-longer",)
COUNT = 1_000  # images a chip, half of what an appraisal takes by itself; assumed


def main() -> None:
    """Measure and write one file a net."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=NETS)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--chips", type=int, default=Plan.chips)
    asked = parser.parse_args()
    folder = output_folder(Path(__file__).parents[1] / "build" / "appraisals")
    for name in asked.nets:
        model = load_model(name)
        workers = Workers(asked.workers, results=folder / f"{name}.trials.jsonl")
        with progress_bars() as progress:
            trials = NetTrials.of(name, model, Plan(asked.count, asked.chips), workers, progress)
            keep(trials.of_net(key_of(model), settings=True), SHIPPED / f"{name}.json")
        print(SHIPPED / f"{name}.json")


if __name__ == "__main__":
    main()
