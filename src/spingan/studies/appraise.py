"""Is a technology good enough for a net, and if not, what would have to change: all that is measured, as one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from spingan.arrays.wires import tallest_column
from spingan.costs.account import FullBill
from spingan.costs.components import load_components
from spingan.costs.side_by_side import Row, technology_row
from spingan.errors import UserError
from spingan.evaluation.interval import Interval, interval
from spingan.evaluation.real_images import data_of
from spingan.measured.fit import Fit
from spingan.nn.cost import pair_full_bill
from spingan.nn.weights import Model, load_model
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation
from spingan.spec.technology import Technology, load_technology, shipped_technologies
from spingan.studies.device_figures import Has, figures_of, functions_of
from spingan.studies.net_trials import ADAPTATION, AS_IT_IS, NetTrials, drawing_row
from spingan.studies.parallel import Workers
from spingan.studies.requirements import (
    Change,
    Requirement,
    Unknown,
    any_one_of,
    predicted,
    ranked,
    requirements_of,
    unknown_properties,
)
from spingan.studies.run import place_for
from spingan.studies.stored import Plan, Stored, keep, key_of, stored_of
from spingan.studies.study import TOLERANCE
from spingan.studies.subject import Subject, subject_of
from spingan.studies.tolerance import Tolerance
from spingan.studies.trials import Attempt, Trial
from spingan.training.pulses_billed import rule_cost
from spingan.training.recipe import Recipe, recipe_from

READS = "array reads"
"""The part of a bill whose energy is that of the devices' currents."""
_BITS = range(4, 11)  # of converters, in the map of energy: from the fewest that the library has a formula for
# Trials that one step of a stage takes, about: for the time that is left
_WORK = {"ideal": 1, "tolerances": 6, "shipped technologies": 4, "pictures": 3}


@dataclass(frozen=True, eq=False)
class Drawn:
    """The net on the technology in one setting, over chips.

    Attributes:
        ratio: Distance over the ideal's mean; None where it is refused, and `refused` says why.
    """

    setting: str
    attempts: tuple[Attempt, ...]
    distance: Interval | None
    ratio: Interval | None
    refused: str = ""

    @classmethod
    def of(cls, setting: str, attempts: Sequence[Attempt], ideal: float) -> "Drawn":
        """The attempts of all chips together; one that is refused refuses all."""
        refused = next((each.refused for each in attempts if each.outcome is None), "")
        if refused:
            return cls(setting, tuple(attempts), None, None, refused)
        found = interval([each.distance for each in attempts if each.distance is not None])
        over = Interval(found.mean / ideal, found.low / ideal, found.high / ideal)
        return cls(setting, tuple(attempts), found, over)

    def mean(self, measure: str) -> float | None:
        """The mean of one of the outcomes' values over chips."""
        values = [each.outcome.values[measure][0] for each in self.attempts if each.outcome is not None]
        return sum(values) / len(values) if values and not self.refused else None

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, without images."""
        return {
            "setting": self.setting,
            "distances": [each.distance for each in self.attempts],
            "distance": None if self.distance is None else asdict(self.distance),
            "of_ideal": None if self.ratio is None else asdict(self.ratio),
            "recall": self.mean("recall"),
            "coverage": self.mean("coverage"),
            "refused": self.refused,
        }


@dataclass(frozen=True, eq=False)
class Beside:
    """A shipped technology with the same net: what its pictures are like, and what one takes."""

    technology: str
    attempts: tuple[Attempt, ...]
    row: Row
    figures: tuple[Has, ...]

    @property
    def distance(self) -> float | None:
        """Mean over chips; None where the net does not go onto it, or was not tried."""
        known = [each.distance for each in self.attempts if each.distance is not None]
        return sum(known) / len(known) if known and len(known) == len(self.attempts) else None

    @property
    def refused(self) -> str:
        """Why there is no distance."""
        return next((each.refused for each in self.attempts if each.refused), "" if self.attempts else "not measured")


@dataclass(frozen=True)
class Lifetime:
    """How long devices last if they learn. None is unknown.

    Attributes:
        writes_per_training: Of one device: an update of the net's own training writes it once.
        trainings: That it stands.
        years_rewritten_daily: That it stands where all weights are written again once a day.
    """

    endurance_writes: float | None
    writes_per_training: int | None
    trainings: float | None
    years_rewritten_daily: float | None


@dataclass(frozen=True, eq=False)
class Appraisal:
    """A technology appraised with a net.

    Attributes:
        ideal: The net without imperfections, whose mean distance all ratios are taken over.
        quality: Distance over the ideal's that is asked for.
        energy_j: Energy of an image that is asked for; None: none.
        drawn: The settings, `as it is` first.
        reached, any_one: Whether the quality is reached as it is; and changes of one property alone (`any_one_of`).
        notes: How things were obtained, and what was assumed.
        energy_by_bits: Energy of each part of an image with converters of so many bits; empty where none is asked for.
    """

    subject: Subject
    model: Model
    plan: Plan
    metric: str
    ideal: Drawn
    quality: float
    energy_j: float | None
    drawn: tuple[Drawn, ...]
    tolerances: tuple[Tolerance, ...]
    figures: tuple[Has, ...]
    requirements: tuple[Requirement, ...]
    reached: bool
    any_one: tuple[Change, ...]
    tiles: Mapping[str, Any]
    bill: FullBill
    row: Row
    lifetime: Lifetime
    unknown: tuple[Unknown, ...]
    beside: tuple[Beside, ...]
    notes: tuple[str, ...]
    energy_by_bits: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    @property
    def technology(self) -> Technology:
        """What is appraised."""
        return self.subject.technology

    @property
    def fit(self) -> Fit | None:
        """The measurement that it comes from."""
        return self.subject.fit

    def setting(self, name: str) -> Drawn:
        """One of the settings."""
        return next(each for each in self.drawn if each.setting == name)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-able values, without images."""
        return {
            "technology": self.technology.name,
            "model": self.model.name,
            "quality_asked": self.quality,
            "energy_asked_j": self.energy_j,
            "metric": self.metric,
            "ideal": None if self.ideal.distance is None else asdict(self.ideal.distance),
            "drawn": [each.to_dict() for each in self.drawn],
            "predicted_of_ideal": predicted(self.requirements),
            "requirements": [each.to_dict() for each in self.requirements],
            "reached": self.reached,
            "any_one_of": [each.to_dict() for each in self.any_one],
            **self.tiles,
            "bill": self.bill.to_dict(),
            "lifetime": asdict(self.lifetime),
            "unknown": [asdict(each) for each in self.unknown],
            "comparison": [
                {"distance": each.distance, "refused": each.refused, **asdict(each.row)} for each in self.beside
            ],
            "tolerances": [{"property": each.name, **asdict(each)} for each in self.tolerances],
            "adaptation": ADAPTATION.format(count=self.plan.calibration),
            "plan": asdict(self.plan),
            "notes": list(self.notes),
        }


def appraise(
    technology: str | Path,
    *,
    model: str | Path = "clothes-longer",
    plan: Plan | None = None,
    quality: float = TOLERANCE,
    energy_j: float | None = None,
    adapt: bool = True,
    fresh: bool = False,
    data_name: str | None = None,
    data_path: str | None = None,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> Appraisal:
    """A technology appraised with a net (`spingan.appraise`, which writes the page, too).

    What belongs to the net (tolerances, the shipped technologies) is taken from `spingan.studies.stored` where it is
    there; else it is measured now, and kept.

    Args:
        technology: A shipped name, a file or a folder; or a measured CSV file of levels or of a transfer.
        plan: Images and chips; None: those of what ships of the net, else the default.
        quality: Distance over the ideal's that is asked for, above 1.
        energy_j: Energy of an image that is asked for.
        adapt: Draw with adapted chips, too.
        fresh: Measure everything, whatever is stored.

    Raises:
        UserError: There is no such technology or model, a CSV file is neither levels nor a transfer, a number is out of
            range, the net does not convert, or as for trials.
    """
    _check(plan or Plan(), quality, energy_j)
    net = load_model(model)
    data_of(net, data_name)
    subject = subject_of(technology, net)
    workers = workers or Workers()
    place = place_for(workers)
    path = None if data_path is None else place(data_path)
    key = key_of(net, data_name, path)
    stored, note = (None, "") if fresh else stored_of(net.name, key, plan)
    plan = plan or (Plan() if stored is None else stored.plan)
    trials = NetTrials.of(place(model), net, plan, workers, no_progress, data_name, path)
    figures = figures_of(net, subject.technology)
    settings = trials.settings(subject.technology, figures, adapt)
    trials = replace(trials, progress=_overall(progress, trials, len(settings), stored is None))
    found = _own_pictures(
        trials, subject.technology, settings, stored
    )  # first: it may not go onto the technology at all
    source = f"tolerances and shipped technologies as stored for {net.name}"
    if stored is None:
        stored, source = trials.of_net(key), "all measured now"
        keep(stored)
    best = Drawn.of("ideal", stored.ideal, 1.0)
    ideal = best.distance
    assert ideal is not None  # `of_net` has seen to it
    drawn = tuple(Drawn.of(name, found[name], ideal.mean) for name in settings)
    requirements = requirements_of(figures, stored.tolerances, quality)
    ratio = drawn[0].ratio
    assert ratio is not None
    reached, any_one = any_one_of(requirements, stored.tolerances, ratio.mean, quality)
    recipe = _recipe(net)
    bill = _bill(net, subject.technology, recipe)
    beside = _beside(net, stored)
    known = {each.technology: each.figures for each in beside}
    lifetime = _lifetime(subject.technology, recipe)
    unknown = [*unknown_properties(requirements, stored.tolerances, known), *_unknown_of_bill(bill, lifetime)]
    notes = [
        source, *([note] if note else []),
        *(f"assumed: {each}" for each in subject.assumed), *_reach(net, subject),
    ]  # fmt: skip
    return Appraisal(
        subject, net, plan, stored.metric, best, quality, energy_j, drawn, stored.tolerances, figures, requirements,
        reached, any_one, tallest_column(subject.technology), bill, technology_row(bill, subject.technology.synapse),
        lifetime, ranked(unknown), beside, tuple(notes),
        {} if energy_j is None else _energy_by_bits(net, subject.technology),
    )  # fmt: skip


def _check(plan: Plan, quality: float, energy_j: float | None) -> None:
    if not quality > 1:
        raise UserError(f"a quality of {quality:g} x the ideal's distance", "Ask for more than 1, for example 1.25.")
    if energy_j is not None and not energy_j > 0:
        raise UserError(f"an energy of {energy_j:g} J an image", "Ask for more than 0, for example 1e-7.")
    if plan.chips < 2:
        raise UserError(f"{plan.chips} chip(s) give no interval", "Ask for at least two; three is the default.")


def _own_pictures(
    trials: NetTrials, technology: Technology, settings: Mapping[str, Trial], stored: Stored | None
) -> dict[str, tuple[Attempt, ...]]:
    """The technology in all settings, stored or measured now.

    Raises:
        UserError: The net does not go onto it.
    """
    kept, chips = None if stored is None else stored.device(technology), trials.plan.chips
    found = {} if kept is None else {name: each for name, each in kept.settings.items() if len(each) == chips}
    if not set(settings) <= set(found):
        found = trials.attempts(settings)
    refused = next((each.refused for each in found[AS_IT_IS] if each.outcome is None), "")
    if refused:
        remedy = "Mend the technology, or give another --model."
        raise UserError(f"{trials.model.name} cannot be drawn on {technology.name}: {refused}", remedy)
    return found


def _overall(progress: Progress, trials: NetTrials, settings: int, whole: bool) -> Progress:
    """All stages as one, so that the time left is that of the whole."""
    steps = {"pictures": settings * trials.plan.chips}
    if whole:
        steps |= trials.steps
    total, done = sum(_WORK[what] * number for what, number in steps.items()), dict.fromkeys(steps, 0)

    def advance(what: str, parts: int, _: int) -> None:
        if what in done:
            done[what] = parts
            progress("appraisal", sum(_WORK[name] * number for name, number in done.items()), total)

    return advance


def _recipe(model: Model) -> Recipe | None:
    stored = model.info.get("recipe")
    return None if stored is None else recipe_from(stored, f"recipe of {model.name}")


def _bill(model: Model, technology: Technology, recipe: Recipe | None) -> FullBill:
    library = load_components(None)
    batch = None if recipe is None else recipe.batch_size
    bill = pair_full_bill(
        model.net, technology, library, model.latent_size, batch_size=batch, rule=rule_cost(recipe, model)
    )
    return replace(bill, name=model.name)


def _energy_by_bits(model: Model, technology: Technology) -> dict[int, dict[str, float]]:
    """Energy of each part of an image, by the bits of both converters."""
    library, found = load_components(None), {}
    for bits in _BITS:
        told = {side: getattr(technology, side).model_copy(update={"bits": bits}) for side in ("dac", "adc")}
        bill = pair_full_bill(model.net, technology.model_copy(update=told), library, model.latent_size)
        found[bits] = bill.drawing.by("item")
    return found


def _beside(model: Model, stored: Stored) -> tuple[Beside, ...]:
    """The shipped technologies; those that are no longer what was measured, without pictures."""
    found = []
    for name in shipped_technologies():
        technology = load_technology(name)
        device = stored.device(technology)
        if device is None:
            found.append(Beside(name, (), drawing_row(model, technology), figures_of(model, technology)))
        else:
            found.append(Beside(name, device.settings.get(AS_IT_IS, ()), device.row, device.figures))
    return tuple(found)


def _lifetime(technology: Technology, recipe: Recipe | None) -> Lifetime:
    endurance = None if technology.synapse is None else technology.synapse.endurance_writes
    writes = None
    if recipe is not None and recipe.training_images is not None:
        writes = -(-recipe.training_images // recipe.batch_size) * recipe.epochs
    trainings = None if endurance is None or not writes else endurance / writes
    return Lifetime(endurance, writes, trainings, None if endurance is None else endurance / 365.25)


def _unknown_of_bill(bill: FullBill, lifetime: Lifetime) -> list[Unknown]:
    account = bill.drawing
    low, high = account.total("energy_low_j"), account.total("energy_high_j")
    found = []
    if low and account.energy_j:
        worst = max(account.items, key=lambda item: (item.energy_high_j or 0.0) - (item.energy_low_j or 0.0))
        basis = f"most of it {worst.item}; from the bill's low to its high"
        found.append(Unknown("energy of an image", "energy", high / low, basis))
    missing = dict.fromkeys(f"{item.item}: {item.missing}" for item in account.items if item.missing)
    found += [Unknown(name.split(":")[0], "energy", None, f"{name.partition(': ')[2]}") for name in missing]
    if lifetime.endurance_writes is None:
        found.append(Unknown("endurance", "lifetime", None, "how many writes a device stands is not stated"))
    return found


def _reach(model: Model, subject: Subject) -> list[str]:
    """What the pictures cannot show."""
    fit, used = subject.fit, functions_of(model)
    if fit is None or not isinstance(fit.value, Activation) or fit.value.function in used:
        return []
    return [f"the pictures do not depend on it: the generator of {model.name} has no {fit.value.function}"]
