"""Two long campaigns, with counts to choose: `make soak`, or python tests/soak/soak.py --help.

Trainings killed at random and resumed; spoilt files through every loader and command. A find prints its seed, with
which the same is done again; the exit status is 1 if there was one.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=3, help="trainings that are killed and resumed; 0: none")
    parser.add_argument("--kills", type=int, default=5, help="kills a training")
    parser.add_argument("--files", type=int, default=200, help="spoilt files of each kind; 0: none")
    parser.add_argument("--only", default="", help="only kinds of files with this in their name")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of everything that is drawn")
    asked = parser.parse_args()
    print(f"soak: seed {asked.seed}", flush=True)
    finds = 0
    if asked.files:
        from inputs import soak_inputs

        finds += soak_inputs(asked.files, asked.seed, asked.only)
    if asked.campaigns:
        from kills import soak_kills

        finds += soak_kills(asked.campaigns, asked.kills, asked.seed)
    print(f"soak: {finds} finds", flush=True)
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
