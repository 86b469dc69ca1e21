"""A search for the best designs of a space: quality against energy, time and area (Optuna proposes, trials judge).

The search is deterministic: the same space, seed and settings propose the same designs whatever the number of workers.
A search that was stopped is therefore run again from its beginning, with all that was measured taken from the file of
results; so is one that is asked for more designs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from spingan.arrays.conditions import ChipConditions
from spingan.costs.side_by_side import Row
from spingan.errors import UserError, did_you_mean
from spingan.evaluation.interval import Interval, interval
from spingan.evaluation.real_images import data_of
from spingan.front import Point, added, front_of
from spingan.nn.weights import Model, load_model
from spingan.progress import Progress, no_progress
from spingan.spec.technology import Technology, load_technology
from spingan.studies.designs import Better, Candidate, Looked, State, costs_of, designed, lacking, look
from spingan.studies.net_trials import drawing_row
from spingan.studies.parallel import Workers, run_parallel
from spingan.studies.properties import reference_technology
from spingan.studies.proposals import ROUND, Sampler, ask, study_of
from spingan.studies.run import place_for
from spingan.studies.space import Space, load_space
from spingan.studies.stored import Plan
from spingan.studies.tolerance import FEW
from spingan.studies.trials import Attempt, Trial, attempt, fingerprint, technology_text

WORST, TIMES = 2.0, 10.0  # reference: distance over the ideal's, costs over those of the space's technology; assumed
FIELDS = {"energy": "energy_j", "time": "time_s", "area": "area_m2"}
"""Of a `Row`, by the objective."""


@dataclass(frozen=True, eq=False)
class Found:
    """One design of a search.

    Attributes:
        choices: What each key of the space is.
        technology: None where the choices make none.
    """

    number: int
    choices: Mapping[str, Any]
    technology: Technology | None
    looked: Looked

    @property
    def state(self) -> State:
        """What became of it."""
        return self.looked.state

    @property
    def row(self) -> Row | None:
        """What an image takes."""
        return self.looked.row

    @property
    def conditions(self) -> ChipConditions | None:
        """Of its chips."""
        return self.looked.conditions

    @property
    def distance(self) -> Interval | None:
        """Over chips; None where not all of them were measured."""
        if self.state != "measured":
            return None
        return interval([each.distance for each in self.looked.attempts if each.distance is not None])


@dataclass(frozen=True, eq=False)
class Explored:
    """A search and its front.

    Attributes:
        seed: Of the search; that of the chips is the plan's.
        metric: Name of the distance.
        ideal: Distance of the net without imperfections, over chips.
        reference: Of each objective, in its order: beyond it nothing counts. The distance is over the ideal's.
        designs: All, in the order in which they were proposed.
        front: Places of the designs that no other beats in everything, those of the least distance first.
        hypervolume: After each design, in decades of each objective multiplied; it never falls.
    """

    space: Space
    model: Model
    plan: Plan
    sampler: Sampler
    seed: int
    metric: str
    ideal: Interval
    reference: tuple[float, ...]
    designs: tuple[Found, ...]
    front: tuple[int, ...]
    hypervolume: tuple[float, ...]
    notes: tuple[str, ...]

    @property
    def best(self) -> tuple[Found, ...]:
        """The designs of the front."""
        return tuple(self.designs[place] for place in self.front)

    def count(self, state: State) -> int:
        """How many designs ended so."""
        return sum(each.state == state for each in self.designs)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-able values, without images."""
        return {
            "space": self.space.name,
            "model": self.model.name,
            "objectives": list(self.space.objectives),
            "metric": self.metric,
            "ideal": asdict(self.ideal),
            "reference": dict(zip(self.space.objectives, self.reference, strict=True)),
            "front": [self._of(each) for each in self.best],
            "hypervolume": list(self.hypervolume),
            "designs": [self._of(each) for each in self.designs],
            "states": {state: self.count(state) for state in get_args(State)},
            "sampler": self.sampler,
            "seed": self.seed,
            "plan": asdict(self.plan),
            "notes": list(self.notes),
        }

    def _of(self, found: Found) -> dict[str, Any]:
        row, distance, few = found.row, found.distance, found.looked.few
        return {
            "number": found.number,
            "choices": dict(found.choices),
            "state": found.state,
            "why": found.looked.why,
            "distance": None if distance is None else asdict(distance),
            "distances": [each.distance for each in found.looked.attempts],
            "of_ideal": None if distance is None else distance.mean / self.ideal.mean,
            "of_ideal_on_few_images": few,
            "energy_j": None if row is None else row.energy_j,
            "energy_low_j": None if row is None else row.energy_low_j,
            "energy_high_j": None if row is None else row.energy_high_j,
            "time_s": None if row is None else row.time_s,
            "area_m2": None if row is None else row.area_m2,
        }


def explore(
    space: Space | str | Path,
    *,
    model: str | Path | None = None,
    trials: int = 50,
    sampler: Sampler = "tpe",
    seed: int = 0,
    plan: Plan = Plan(),
    data_name: str | None = None,
    data_path: str | None = None,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> Explored:
    """The best designs of a space (`spingan.explore`, which writes the page, too).

    Energy, time and area are computed for every design. Pictures are drawn of those that may be on the front: few on
    one chip first, then all on one chip, then on all chips. A design that cannot be built, billed or drawn is kept as
    refused, with its reason.

    Args:
        model: In place of the space's.
        trials: Designs in all, those of an earlier run with the same results file among them.
        sampler: `tpe`, `nsga2`, or `random` to compare with.
        seed: Of the search.
        plan: Images, chips and their seed.

    Raises:
        UserError: There is no such space, model or sampler, a number is out of range, the bill of the space's
            technology has gaps and no reference is given, or as for trials.
    """
    space = space if isinstance(space, Space) else load_space(space)
    _check(trials, sampler, plan)
    name = space.model if model is None else model
    net = load_model(name)
    data_of(net, data_name)
    workers = workers or Workers()
    place = place_for(workers)
    base = Trial(
        place(name), plan.seed, plan.count, data_name=data_name,
        data_path=None if data_path is None else place(data_path), fingerprint=fingerprint(net.generator),
        fit_images=plan.fit_images,
    )  # fmt: skip
    search = _Search.begun(space, net, base, plan, workers, progress)
    study = study_of(sampler, seed, len(space.objectives))
    lots = np.random.default_rng(seed)
    while len(search.found) < trials:
        asked = ask(study, space, search.seen, min(ROUND, trials - len(search.found)), lots)
        if not asked:
            break
        for (trial, _), values in zip(asked, search.judge([choices for _, choices in asked], trials), strict=True):
            study.tell(trial, values)
    return search.explored(net, sampler, seed, trials)


def _check(trials: int, sampler: str, plan: Plan) -> None:
    if trials < 1:
        raise UserError(f"{trials} designs", "Ask for at least one.")
    if sampler not in get_args(Sampler):
        known = get_args(Sampler)
        raise UserError(f"unknown sampler {sampler!r}", f"{did_you_mean(sampler, known)}Known: {', '.join(known)}.")
    if plan.chips < 2:
        raise UserError(f"{plan.chips} chip(s) give no interval", "Ask for at least two; three is the default.")
    if plan.count // FEW < 2:
        raise UserError(f"{plan.count} images a chip", f"Ask for at least {2 * FEW}.")


class _Search:
    """What is known while the search goes on."""

    def __init__(
        self, space: Space, base: Trial, plan: Plan, workers: Workers, progress: Progress,
        few: float, ideal: Sequence[Attempt], reference: tuple[float, ...],
    ) -> None:  # fmt: skip
        self.space, self.base, self.plan, self.workers, self.progress = space, base, plan, workers, progress
        self.few_ideal, self.reference = few, reference
        self.ideal = interval([each.distance for each in ideal if each.distance is not None])
        self.metric = "" if ideal[0].outcome is None else ideal[0].outcome.about
        self.names = tuple(FIELDS[each] for each in space.objectives if each != "distance")
        self.found: list[Found] = []
        self.seen: set[str] = set()

    @classmethod
    def begun(
        cls, space: Space, net: Model, base: Trial, plan: Plan, workers: Workers, progress: Progress
    ) -> "_Search":
        """The search with its ideal measured and its reference known."""
        reference = _reference(space, net)
        perfect = reference_technology(net)
        on = None if perfect == net.technology else technology_text(perfect)
        ideal = replace(base, technology=on)
        few = plan.count // FEW
        tasks = [replace(ideal, count=few, shown=0), *(replace(ideal, seed=seed) for seed in plan.seeds)]
        first, *all_of = run_parallel(attempt, tasks, workers=workers, what="ideal", progress=progress)
        refused = next((each.refused for each in (first, *all_of) if each.distance is None), "")
        if refused or first.distance is None:
            raise UserError(f"{net.name} cannot be judged: {refused}", "Give another --model.")
        return cls(space, base, plan, workers, progress, first.distance, all_of, reference)

    def judge(self, designs: Sequence[Mapping[str, Any]], trials: int) -> list[list[float]]:
        """Take in new designs, and say how good they are to the sampler, in decades."""
        known, before = self._known(), len(self.found)
        made: list[tuple[Technology | None, Looked | Candidate]] = [self._made(each, known) for each in designs]
        tasks = [each for _, each in made if isinstance(each, Candidate)]
        report = self.progress

        def advance(_: str, done: int, __: int) -> None:
            report("designs", before + len(designs) - len(tasks) + done, trials)

        looked = iter(run_parallel(look, tasks, workers=self.workers, what="designs", progress=advance))
        values = []
        for choices, (technology, each) in zip(designs, made, strict=True):
            one = next(looked) if isinstance(each, Candidate) else each
            self.found.append(Found(len(self.found) + 1, choices, technology, one))
            values.append(self._told(one, known))
        return values

    def _made(
        self, choices: Mapping[str, Any], known: tuple[Better, ...]
    ) -> tuple[Technology | None, Looked | Candidate]:
        try:
            technology, conditions, told = designed(self.space, choices)
        except UserError as error:
            return None, Looked("refused", why=error.problem)
        trial = replace(self.base, technology=technology_text(technology), conditions=conditions)
        worst, *costs = self.reference
        return technology, Candidate(
            self.base.model, trial, told, self.plan.chips, self.plan.count // FEW, self.names, tuple(costs),
            (self.few_ideal, self.ideal.mean), worst, known,
        )  # fmt: skip

    def _known(self) -> tuple[Better, ...]:
        """The front so far, as candidates are held against it."""
        points = self.points()
        known = []
        for place in front_of(list(points.values())):
            found = self.found[list(points)[place]]
            assert found.row is not None and found.distance is not None and found.looked.few is not None
            costs = costs_of(found.row, self.names)
            known.append(Better(costs, found.looked.few * self.few_ideal, found.distance.mean))
        return tuple(known)

    def points(self) -> dict[int, Point]:
        """Objectives of the measured designs, in decades, by their places."""
        points = {}
        for place, each in enumerate(self.found):
            if each.distance is not None and each.row is not None:
                points[place] = _decades(each.distance.mean / self.ideal.mean, *costs_of(each.row, self.names))
        return points

    def _told(self, looked: Looked, known: tuple[Better, ...]) -> list[float]:
        """What the sampler is told: distances on few images, which all that were drawn have. What is refused is as bad
        as the reference, and what a cheaper design makes needless as good as that one's pictures."""
        if looked.row is None or looked.state == "refused":
            return list(_decades(*self.reference))
        costs, few = costs_of(looked.row, self.names), looked.few
        if few is None:
            cheaper = [each for each in known if all(a <= b for a, b in zip(each.costs, costs, strict=True))]
            few = min((each.few / self.few_ideal for each in cheaper), default=self.reference[0])
        return list(_decades(few, *costs))

    def explored(self, net: Model, sampler: Sampler, seed: int, trials: int) -> Explored:
        """The search as it is now."""
        points = self.points()
        front = sorted((list(points)[place] for place in front_of(list(points.values()))), key=lambda at: points[at])
        reference, volume, history = _decades(*self.reference), 0.0, []
        for place in range(len(self.found)):
            if place in points:
                volume += added([points[at] for at in points if at < place], points[place], reference)
            history.append(volume)
        notes = []
        if len(self.found) < trials:
            notes.append(f"the space has no other designs: {len(self.found)} in place of {trials}")
        return Explored(
            self.space, net, self.plan, sampler, seed, self.metric, self.ideal, self.reference, tuple(self.found),
            tuple(front), tuple(history), tuple(notes),
        )  # fmt: skip


def _decades(*values: float) -> Point:
    return tuple(math.log10(value) for value in values)


def _reference(space: Space, net: Model) -> tuple[float, ...]:
    """Of each objective, in the space's order."""
    names = [FIELDS[each] for each in space.objectives if each != "distance"]
    told = dict(space.reference)
    if any(name not in told for name in names):
        technology = load_technology(space.place(space.technology))
        row = drawing_row(net, technology)
        missing = lacking(row, tuple(names))
        if missing:
            raise UserError(
                f"space {space.name}: no reference from technology {technology.name}, for {missing}",
                f"Give reference: {', '.join(names)}, or begin with another technology.",
            )
        told = {name: TIMES * getattr(row, name) for name in names} | told
    return told.get("distance", WORST), *(told[name] for name in names)
