"""A search for the best designs of a space: quality against energy, time and area (Optuna proposes, trials judge).

The search is deterministic: the same space, seed and settings propose the same designs whatever the number of workers.
A search that was stopped is therefore run again from its beginning, with all that was measured taken from the file of
results; so is one that is asked for more designs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from spingan.costs.side_by_side import PAPER_S
from spingan.errors import UserError, did_you_mean
from spingan.evaluation.interval import interval
from spingan.evaluation.real_images import data_of
from spingan.front import Point, added, front_of
from spingan.nn.weights import Model, load_model
from spingan.progress import Progress, no_progress
from spingan.spec.technology import Technology, load_technology
from spingan.studies.designs import Better, Candidate, Looked, costs_of, designed, lacking, look
from spingan.studies.explored import Explored, Found
from spingan.studies.net_trials import drawing_row
from spingan.studies.parallel import Workers, kept_open, run_parallel
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
    with kept_open(workers or Workers(), ROUND) as held:
        search = Search.begun(space, name, plan, held, progress, data_name, data_path)
        study = study_of(sampler, seed, len(space.objectives))
        lots = np.random.default_rng(seed)
        while len(search.found) < trials:
            asked = ask(study, space, search.seen, min(ROUND, trials - len(search.found)), lots)
            if not asked:
                break
            for (trial, _), values in zip(asked, search.judge([choices for _, choices in asked], trials), strict=True):
                study.tell(trial, values)
    return search.explored(sampler, seed, trials)


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


class Search:
    """What is known while the search goes on."""

    def __init__(
        self, space: Space, net: Model, base: Trial, plan: Plan, workers: Workers, progress: Progress,
        few: float, ideal: Sequence[Attempt], reference: tuple[float, ...],
    ) -> None:  # fmt: skip
        self.space, self.net, self.base, self.plan, self.workers = space, net, base, plan, workers
        self.progress, self.few_ideal, self.reference = progress, few, reference
        self.ideal = interval([each.distance for each in ideal if each.distance is not None])
        self.metric = "" if ideal[0].outcome is None else ideal[0].outcome.about
        self.names = tuple(FIELDS[each] for each in space.objectives if each != "distance")
        self.found: list[Found] = []
        self.seen: set[str] = set()

    @classmethod
    def begun(
        cls, space: Space, name: str | Path, plan: Plan, workers: Workers, progress: Progress,
        data_name: str | None = None, data_path: str | None = None,
    ) -> "Search":  # fmt: skip
        """The search with its ideal measured and its reference known.

        Args:
            name: Of the net.

        Raises:
            UserError: There is no such net, or it cannot be judged; and as `explore`.
        """
        net = load_model(name)
        data_of(net, data_name)
        place, reference = place_for(workers), _reference(space, net)
        path = None if data_path is None else place(data_path)
        base = Trial(
            place(name), plan.seed, plan.count, data_name=data_name, data_path=path,
            fingerprint=fingerprint(net.generator), fit_images=plan.fit_images,
        )  # fmt: skip
        perfect = reference_technology(net)
        on = None if perfect == net.technology else technology_text(perfect)
        ideal = replace(base, technology=on)
        few = plan.count // FEW
        tasks = [replace(ideal, count=few, shown=0), *(replace(ideal, seed=seed) for seed in plan.seeds)]
        first, *all_of = run_parallel(attempt, tasks, workers=workers, what="ideal", progress=progress)
        refused = next((each.refused for each in (first, *all_of) if each.distance is None), "")
        if refused or first.distance is None:
            raise UserError(f"{net.name} cannot be judged: {refused}", "Give another --model.")
        return cls(space, net, base, plan, workers, progress, first.distance, all_of, reference)

    def judge(self, designs: Sequence[Mapping[str, Any]], trials: int) -> list[list[float]]:
        """Take in new designs, and say how good they are to the sampler, in decades."""
        known, before, report = self._known(), len(self.found), self.progress
        looked = self.looked(designs, known, lambda done: report("designs", before + done, trials))
        values = []
        for choices, (technology, each) in zip(designs, looked, strict=True):
            self.found.append(Found(len(self.found) + 1, choices, technology, each))
            values.append(self._told(each, known))
        return values

    def looked(
        self, designs: Sequence[Mapping[str, Any]], known: tuple[Better, ...], done: Callable[[int], None]
    ) -> list[tuple[Technology | None, Looked]]:
        """Designs, held against what is known, each with its technology; they are not taken in.

        Args:
            done: Told how many are.
        """
        made: list[tuple[Technology | None, Looked | Candidate]] = [self._made(each, known) for each in designs]
        tasks = [each for _, each in made if isinstance(each, Candidate)]

        def advance(_: str, count: int, __: int) -> None:
            done(len(designs) - len(tasks) + count)

        found = iter(run_parallel(look, tasks, workers=self.workers, what="designs", progress=advance))
        return [(technology, next(found) if isinstance(each, Candidate) else each) for technology, each in made]

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

    def explored(self, sampler: Sampler, seed: int, trials: int) -> Explored:
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
            self.space, self.net, self.plan, sampler, seed, self.metric, self.ideal, self.reference, tuple(self.found),
            tuple(front), tuple(history), tuple(notes), _paper_j(self.net),
        )  # fmt: skip


def _paper_j(net: Model) -> float | None:
    """Energy of an image on paper S's devices; None where they cannot be billed whole."""
    try:
        row = drawing_row(net, load_technology(PAPER_S))
    except UserError:
        return None
    return None if row.missing or row.energy_j is None else float(row.energy_j)


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
