"""Whether a predicted tolerance holds on chips that nobody has seen: the property is set to its limit, and drawn.

What is stored of a net (`spingan.studies.stored`) says at which value of each property its distance leaves 1.25 x the
ideal's, with an interval over the chips that were measured. Here fresh chips, of other seeds, are drawn without the
property and with it at that value, by the same trial at the same number of images. The mean of their ratios is inside
if it lies between what the two ends of the interval say, by the tolerance's own power law: were the true limit the more
cautious end, the ratio at the predicted one would be the larger.

    python benchmarks/check_limits.py clothes-longer

Without --property the first five are taken that have a limit and any number as a value: levels and bits are whole, and
a predicted limit between two of them cannot be set. A limit beyond what was tried is no prediction.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from spingan.errors import UserError
from spingan.evaluation.interval import interval
from spingan.nn.weights import Model, load_model
from spingan.studies.parallel import Workers, run_parallel
from spingan.studies.properties import reference_technology
from spingan.studies.stored import Plan, Stored, key_of, stored_of
from spingan.studies.study import TOLERANCE
from spingan.studies.tolerance import Tolerance
from spingan.studies.trials import Trial, fingerprint, run_trial, technology_text

FIVE = 5
AWAY = 1_000  # added to the seed of the chips that were measured: no fresh chip is one of them


@dataclass(frozen=True)
class Check:
    """One property at its predicted limit.

    Attributes:
        value, low, high: The limit and its interval, `low` the more cautious end.
        least, most: The ratios that the interval allows at `value`.
        ratio, ratio_low, ratio_high: Of the fresh chips: their mean and its own 95 % interval.
        distances, ideals: Of each fresh chip, with the property and without.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    least: float
    most: float
    ratio: float
    ratio_low: float
    ratio_high: float
    distances: tuple[float, ...]
    ideals: tuple[float, ...]

    @property
    def inside(self) -> bool:
        """Whether the mean of the fresh chips lies within what was predicted."""
        return self.least <= self.ratio <= self.most


def chosen(stored: Stored, names: Sequence[str]) -> list[Tolerance]:
    """The tolerances to check.

    Raises:
        UserError: A name is none of those with a limit that can be set, or there are none.
    """
    can = [each for each in stored.tolerances if each.limit is not None and not each.of.whole]
    by_name = {each.name: each for each in can}
    for name in names:
        if name not in by_name:
            raise UserError(f"no limit of {name!r} can be checked", f"Known for {stored.model}: {', '.join(by_name)}.")
    if not can:
        raise UserError(f"{stored.model} has no limit that can be checked", "Measure its tolerances on more chips.")
    return [by_name[name] for name in names] if names else can[:FIVE]


def ratio_at(tolerance: Tolerance, limit: float) -> float:
    """The ratio at the predicted limit, were `limit` the true one."""
    assert tolerance.limit is not None
    excess = replace(tolerance, limit=limit).excess(tolerance.limit)
    assert excess is not None
    return 1 + excess


def checks(name: str, model: Model, stored: Stored, names: Sequence[str], chips: int, workers: Workers) -> list[Check]:
    """Draw the fresh chips, and hold them against what is stored.

    Raises:
        UserError: As `chosen`, or as for trials.
    """
    plan, reference = stored.plan, reference_technology(model)
    base = Trial(
        name, plan.seed + AWAY, plan.count, technology=None if reference == model.technology else
        technology_text(reference), shown=0, fingerprint=fingerprint(model.generator), fit_images=plan.fit_images,
    )  # fmt: skip
    tolerances, seeds = chosen(stored, names), range(base.seed, base.seed + chips)
    tasks: list[Trial] = []
    for each in tolerances:
        prop, limit = each.of, each.limit
        assert limit is not None
        best = base if prop.ideal is None else prop.ideal(base, reference, 0.0)
        for trial in (best, prop.change(base, reference, limit)):
            tasks += [replace(trial, seed=seed) for seed in seeds]
    different = list(dict.fromkeys(tasks))  # most properties have the same ideal
    outcomes = run_parallel(run_trial, different, workers=workers)
    distance = {task: outcome.distance for task, outcome in zip(different, outcomes, strict=True)}
    found = []
    for number, each in enumerate(tolerances):
        own = [distance[task] for task in tasks[2 * number * chips : 2 * (number + 1) * chips]]
        ideals, distances = tuple(own[:chips]), tuple(own[chips:])
        mean = interval([one / other for one, other in zip(distances, ideals, strict=True)])
        value, low, high = (0.0 if end is None else end for end in (each.limit, each.low, each.high))
        ends = ratio_at(each, high), ratio_at(each, low)
        found.append(
            Check(each.name, each.of.unit, value, low, high, *ends, mean.mean, mean.low, mean.high, distances, ideals)
        )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table, and end with status 1 if a property is outside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net")
    parser.add_argument("--property", action="append", default=[], metavar="NAME", help="may be repeated")
    parser.add_argument("--fresh", type=int, help="fresh chips; by default as many as were measured")
    parser.add_argument("--count", type=int, help="images of what is stored, where it does not ship")
    parser.add_argument("--chips", type=int, default=Plan.chips, help="chips of what is stored, likewise")
    parser.add_argument("--out", type=Path, help="file of the trials, from which the same command goes on")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one object")
    asked = parser.parse_args(arguments)
    try:
        model = load_model(asked.net)
        plan = None if asked.count is None else Plan(asked.count, asked.chips)
        stored, note = stored_of(model.name, key_of(model), plan)
        if stored is None:
            raise UserError(note or f"nothing is stored of {model.name}", f"spingan appraise pcm --model {asked.net}")
        chips = asked.fresh or stored.plan.chips
        if chips < 2:
            raise UserError(f"{chips} fresh chip(s) give no interval", "Ask for at least two.")
        found = checks(asked.net, model, stored, asked.property, chips, Workers(asked.workers, results=asked.out))
    except UserError as error:
        sys.exit(f"{error.problem}\n  {error.remedy}")
    if asked.json:
        about = {"model": model.name, "plan": asdict(stored.plan), "fresh_seed": stored.plan.seed + AWAY, "note": note}
        print(json.dumps({**about, "checks": [asdict(each) | {"inside": each.inside} for each in found]}, indent=1))
    else:
        print(f"{model.name}, {stored.metric}, {stored.plan.count:,} images; fresh chips: {chips}. {note}".rstrip())
        print("property            limit (its interval)                predicted (its interval)  fresh chips (95 %)")
        for each in found:
            limit = f"{each.value:.4g} ({each.low:.4g} to {each.high:.4g}) {each.unit if each.unit != '1' else ''}"
            print(
                f"{each.name:18}  {limit:35} {TOLERANCE:.2f} ({each.least:.3f} to {each.most:.3f})     "
                f"{each.ratio:.3f} ({each.ratio_low:.3f} to {each.ratio_high:.3f})  "
                f"{'inside' if each.inside else 'outside'}"
            )
    sys.exit(0 if all(each.inside for each in found) else 1)


if __name__ == "__main__":
    main()
