"""Whether the front of a search dominates random designs of the same space: hypervolume, several seeds.

Each seed has a search of its own (`spingan.explore`) and its own random designs, from the code's own random sampler.
What a random design is worth is measured by the search's own trial code at the same numbers of images and chips, and
held against nothing: no front drops it. Two things spare work, and neither can hide volume that is there:

- a design that costs more than the reference has none, whatever it draws, and is not drawn;
- a design that is beyond the reference on the first images is not drawn further, as in a search. It counts as if its
  distance were a tenth better than those images said, where that lies within the reference.

A distance has no lower bound that is proven but 0. One is assumed, `--floor` x the ideal's distance: a design that adds
nothing to the volume even there is left open, and so are all of a seed whose search dominates them even if they drew so
well. How many are open is reported, what they could add, and beside it the least ratio that was met. `--all` measures
them, too.

    python benchmarks/bench_explore.py --out build/explore-bench --budget-s 3600

The same command goes on. Random designs are measured in an order in which those of the same arrays follow each other,
since a process solves their wires once, the arrays first that could add most. A design of several seeds, or one that a
search has measured, is measured once.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from spingan.costs.side_by_side import Row
from spingan.errors import UserError
from spingan.front import Point, added, front_of, hypervolume
from spingan.studies.designs import NEAR, Looked, costs_of, designed, lacking
from spingan.studies.explore import Search, explore
from spingan.studies.explored import Explored
from spingan.studies.net_trials import drawing_row
from spingan.studies.parallel import Workers, kept_open
from spingan.studies.proposals import ask, study_of
from spingan.studies.space import Space, load_space
from spingan.studies.stored import Plan

AT_ONCE = 20  # random designs between two looks at the time
LOTS = 10_000  # added to a seed for its random designs: a search begins with random ones of its own
AROUND = ("bits", "adc", "dac", "activations", "conditions")
"""First words of the keys that leave the arrays as they are."""


class OutOfTime(Exception):
    """The budget is used up."""


@dataclass
class Seed:
    """One seed's search and random designs.

    Attributes:
        search: None until it is done.
        worth: Of each random design that is known, its point in decades; None: it adds nothing.
    """

    number: int
    designs: list[dict[str, Any]]
    search: Explored | None = None
    worth: dict[str, Point | None] = field(default_factory=dict)

    @cached_property
    def names(self) -> frozenset[str]:
        """Of the random designs."""
        return frozenset(map(name_of, self.designs))

    @property
    def front(self) -> list[Point]:
        """Of the random designs that are known."""
        points = [point for point in self.worth.values() if point is not None]
        return [points[place] for place in front_of(points)]


def name_of(choices: Mapping[str, Any]) -> str:
    """A design's choices as a text that another has not."""
    return repr(sorted(choices.items()))


def random_designs(space: Space, seed: int, count: int) -> list[dict[str, Any]]:
    """So many designs of the space, each as likely as any other, none twice; or all there are."""
    study, lots = study_of("random", LOTS + seed, len(space.objectives)), np.random.default_rng(LOTS + seed)
    return [choices for _, choices in ask(study, space, set(), count, lots)]


def ratio_of(search: Search, looked: Looked) -> float:
    """A drawn design's distance over the ideal's: over all chips, or a tenth better than it began where it was dropped.

    Args:
        looked: Drawn at least once.
    """
    distances = [each.distance for each in looked.attempts if each.distance is not None]
    if looked.state == "measured":
        return sum(distances) / len(distances) / search.ideal.mean
    if distances:
        return distances[0] / search.ideal.mean / NEAR
    assert looked.few is not None
    return looked.few / NEAR


def point_of(search: Search, ratio: float, row: Row) -> Point | None:
    """A design in decades; None where it adds nothing to the hypervolume."""
    values = (ratio, *costs_of(row, search.names))
    within = all(value < most for value, most in zip(values, search.reference, strict=True))
    return tuple(map(math.log10, values)) if within else None


def worth_of(search: Search, looked: Looked) -> Point | None:
    """What a design is worth, in decades; None: nothing."""
    if looked.row is None or looked.state in ("refused", "dear"):
        return None
    return point_of(search, ratio_of(search, looked), looked.row)


def size_of(search: Search, point: Point | None) -> float:
    """The volume of a design alone."""
    return 0.0 if point is None else hypervolume([point], tuple(map(math.log10, search.reference)))


def measure(search: Search, seeds: list[Seed], floor: float, now: Callable[[], None], whole: bool = False) -> int:
    """Measure random designs until each seed's verdict stands; how many were.

    First come the arrays with the design that could add most to its seed's volume, if it drew at the floor. A design
    that could add nothing then is left open, and so are those of a seed whose search dominates them all so.

    Args:
        whole: Leave none open that the costs leave in question.
    """
    wanted, hopes = {}, dict[str, Point]()
    for seed in seeds:
        for choices in seed.designs:
            name = name_of(choices)
            hope = hopes[name] if name in hopes else hope_of(search, choices, floor)
            if hope is None:
                seed.worth[name] = None  # too dear or not to be built: nothing, whatever it draws
            else:
                wanted[name], hopes[name] = choices, hope

    def take(name: str, point: Point | None) -> None:
        wanted.pop(name, None)
        for seed in seeds:
            if name in seed.names:
                seed.worth[name] = point

    for each in (each for seed in seeds if seed.search is not None for each in seed.search.designs):
        if each.state == "measured" and name_of(each.choices) in wanted:
            take(name_of(each.choices), worth_of(search, each.looked))
    arrays, count = [key for key in search.space.keys if key.partition(".")[0] not in AROUND], 0

    def of_arrays(name: str) -> str:
        return name_of({key: wanted[name][key] for key in arrays})

    while True:
        now()
        gains = {name: 1.0 for name in wanted} if whole else gains_of(search, seeds, hopes, wanted, floor)
        if not gains:
            return count
        best = dict[str, float]()
        for name, gain in gains.items():
            best[of_arrays(name)] = max(best.get(of_arrays(name), 0.0), gain)
        group = max(best, key=lambda key: (best[key], key))
        lot = sorted((name for name in gains if of_arrays(name) == group), key=lambda name: (-gains[name], name))
        designs = {name: wanted[name] for name in lot[:AT_ONCE]}
        for name, (_, looked) in zip(designs, search.looked([*designs.values()], (), lambda _: None), strict=True):
            take(name, worth_of(search, looked))
        count += len(designs)


def gains_of(
    search: Search, seeds: list[Seed], hopes: Mapping[str, Point], wanted: Mapping[str, Any], floor: float
) -> dict[str, float]:
    """What open designs could add to a seed's volume at most, each alone, in decades; those that could add nothing,
    and seeds whose verdict stands, are left out."""
    reference, gains = tuple(map(math.log10, search.reference)), dict[str, float]()
    for seed in seeds:
        if volumes(search, seed, floor)["dominates"] != "open":
            continue
        known = seed.front
        for name in seed.names & wanted.keys():
            gain = added(known, hopes[name], reference)
            if gain > 0:
                gains[name] = max(gain, gains.get(name, 0.0))
    return gains


def volumes(search: Search, seed: Seed, floor: float) -> dict[str, Any]:
    """Hypervolume of a seed's search and of its random designs, and what those that are open could add."""
    reference = tuple(map(math.log10, search.reference))
    points = seed.front
    chance = hypervolume(points, reference)
    left = [choices for choices in seed.designs if name_of(choices) not in seed.worth]
    hopes = [hope for choices in left if (hope := hope_of(search, choices, floor)) is not None]
    hopes = [hopes[place] for place in front_of(hopes)]
    most = hypervolume([*points, *hopes], reference) if hopes else chance
    found = None if seed.search is None else seed.search.hypervolume[-1]
    verdict = "open"
    if found is not None and chance > found:
        verdict = "no"
    elif found is not None and not left:
        verdict = "yes"
    elif found is not None and most <= found:
        verdict = f"yes, if none draws better than {floor:g} x the ideal"
    return {
        "seed": seed.number, "search": found, "random": chance, "random_at_most": most, "open": len(left),
        "known": len(seed.worth), "within_reference": sum(each is not None for each in seed.worth.values()),
        "least_ratio": 10 ** min(point[0] for point in points) if points else None, "dominates": verdict,
    }  # fmt: skip


def hope_of(search: Search, choices: Mapping[str, Any], floor: float) -> Point | None:
    """A design that was not drawn, at its own costs and the distance that is assumed to be the least."""
    try:
        row = drawing_row(search.net, designed(search.space, choices)[0])
    except UserError:
        return None
    return None if lacking(row, search.names) else point_of(search, floor, row)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, measure random designs, and print what each seed has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", nargs="?", default="energy-quality")
    parser.add_argument("--out", type=Path, default=Path("build/explore-bench"), help="folder of the results")
    parser.add_argument("--budget-s", type=float, default=math.inf, help="seconds of the wall; none by default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=200, help="designs of a search (200)")
    parser.add_argument("--random", type=int, default=1_000, help="random designs of a seed (1000)")
    parser.add_argument("--count", type=int, default=1_000, help="images a chip (1000)")
    parser.add_argument("--chips", type=int, default=3)
    parser.add_argument("--floor", type=float, default=0.9, help="assumed least distance over the ideal's (0.9)")
    parser.add_argument("--all", action="store_true", help="measure also those that could add nothing at the floor")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one object")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    space, plan, begun = load_space(asked.space), Plan(asked.count, asked.chips), time.monotonic()
    seeds = [Seed(number, random_designs(space, number, asked.random)) for number in range(asked.seeds)]

    def now(*_: Any) -> None:
        if time.monotonic() - begun > asked.budget_s:
            raise OutOfTime

    def workers(name: str) -> Workers:
        return Workers(asked.workers, results=asked.out / f"{name}.jsonl")

    with kept_open(workers("random"), asked.workers) as held:
        search = Search.begun(space, space.model, plan, held, lambda *_: None)
        search.base = replace(search.base, shown=0)
        ended = "all is measured" if asked.all else "no open design could change a verdict at the floor"
        try:
            for seed in seeds:
                told = {"trials": asked.trials, "seed": seed.number, "plan": plan, "progress": now}
                seed.search = explore(space, workers=workers(f"search-{seed.number}"), **told)
                print(
                    f"search {seed.number}: {seed.search.count('measured')} measured of {asked.trials}", file=sys.stderr
                )
            count = measure(search, seeds, asked.floor, now, asked.all)
            print(f"{count} random designs measured that no search had measured", file=sys.stderr)
        except OutOfTime:
            ended = f"stopped after {asked.budget_s:g} s; the same command goes on"
    rows = [volumes(search, seed, asked.floor) for seed in seeds]
    if asked.json:
        about = {"space": space.name, "model": space.model, "count": plan.count, "chips": plan.chips}
        print(json.dumps({**about, "floor": asked.floor, "ended": ended, "seeds": rows}, indent=1))
        return
    print("seed  search  random  at most*  known  within   open  least ratio  the search dominates")
    for row in rows:
        found = "   none" if row["search"] is None else f"{row['search']:7.3f}"
        print(
            f"{row['seed']:4} {found} {row['random']:7.3f} {row['random_at_most']:9.3f} {row['known']:6} "
            f"{row['within_reference']:7} {row['open']:6} {row['least_ratio'] or math.nan:12.3f}  {row['dominates']}"
        )
    print(f"* if none of the open designs draws better than {asked.floor:g} x the ideal's distance: assumed. {ended}")


if __name__ == "__main__":
    main()
