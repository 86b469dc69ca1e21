"""Axes of a study, and how they are measured: a trial at every setting and seed, in parallel, as series."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spingan.errors import UserError
from spingan.evaluation.interval import Interval, interval
from spingan.evaluation.real_images import data_of
from spingan.nn.weights import Model
from spingan.progress import Progress, no_progress
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology
from spingan.studies.claims import Claim, judge, largest_tolerated
from spingan.studies.parallel import Workers, run_parallel
from spingan.studies.study import RULE, Series, Setting, Study, band, obtained, tolerated
from spingan.studies.trials import Outcome, Trial, fingerprint, run_trial

Change = Callable[[Trial, float], Trial]
"""The trial of one setting, made from the trial that a study's settings have in common."""


@dataclass(frozen=True)
class Axis:
    """Settings along one line, and what each changes in a trial.

    Attributes:
        axis, name, quantity, scale: As in `Series`.
        values: The settings.
        change: What a setting changes.
        label: A setting as text.
    """

    axis: str
    name: str
    quantity: str
    values: tuple[float, ...]
    change: Change
    label: Callable[[float], str] = "{:g}".format
    scale: str = ""

    def series(self, measure: str, settings: Iterable[Setting], unit: str = "") -> Series:
        """The axis with what was measured along it."""
        return Series(self.axis, self.name, self.quantity, measure, tuple(settings), unit, self.scale)


def condition(name: str, *of: str) -> Change:
    """A setting that is one of the `ChipConditions`: a number, or with `of` the fraction of a noise."""

    def change(trial: Trial, value: float) -> Trial:
        changed = Noise.model_validate({"fraction": value, "of": of[0]}) if of else value
        return replace(trial, conditions=replace(trial.conditions, **{name: changed}))

    return change


@dataclass(frozen=True)
class Asked:
    """What every study is asked.

    Attributes:
        model: A run folder, a weights file, or a shipped name.
        seed, seeds: The first seed of latents and chips, and how many there are.
        count: Images a seed.
        claims: What the settings are held against.
        data_name: Set of images that the model was trained on, where its file does not say it.
        data_path: Folder with the real images.
    """

    model: str
    seed: int = 0
    seeds: int = 1
    count: int = 0
    claims: tuple[Claim, ...] = ()
    data_name: str | None = None
    data_path: str | None = None
    workers: Workers = field(default_factory=Workers)
    progress: Progress = no_progress

    @property
    def numbers(self) -> range:
        """The seeds."""
        return range(self.seed, self.seed + self.seeds)

    def check_seeds(self) -> None:
        """See that there are enough seeds for an interval.

        Raises:
            UserError: There is one.
        """
        if self.seeds < 2:
            raise UserError(f"{self.seeds} seed(s) give no interval", "Ask for at least two; three is the default.")

    def trial(self, model: Model, name: str | None = None) -> Trial:
        """The trial of a picture study's ideal; `name` is another file than the study's model.

        Raises:
            UserError: One seed has no interval, or the model does not say what it was trained on.
        """
        self.check_seeds()
        data_of(model, self.data_name)
        return Trial(
            name or self.model,
            self.seed,
            self.count,
            data_name=self.data_name,
            data_path=self.data_path,
            fingerprint=fingerprint(model.generator),
        )

    def outcomes(
        self, trials: Sequence[Trial], function: Callable[[Trial], Outcome] = run_trial, what: str = "trials"
    ) -> list[tuple[Outcome, ...]]:
        """What `function` measures of each trial, a seed each. The same trial is run once."""
        asked = [[replace(trial, seed=number) for number in self.numbers] for trial in trials]
        different = list(dict.fromkeys(trial for group in asked for trial in group))
        found = run_parallel(function, different, workers=self.workers, what=what, progress=self.progress)
        by_trial = dict(zip(different, found, strict=True))
        return [tuple(by_trial[trial] for trial in group) for group in asked]

    def pictures(
        self, base: Trial, axes: Sequence[Axis], ideal: tuple[float, str, Trial], what: str, *, worst: bool = False
    ) -> tuple[tuple[Series, ...], Setting, str]:
        """Images of every setting, judged: the series, the ideal, and the distance's name.

        Args:
            base: What the trials of all settings have in common.
            ideal: Its value, label and trial, by which the settings are judged.
            worst: Show the images of the seed that did worst, and not those of the first.
        """
        trials = [ideal[2], *(axis.change(base, value) for axis in axes for value in axis.values)]
        first, *rest = self.outcomes(trials, what=what)
        metric, found = first[0].about, iter(rest)
        against = interval([outcome.distance for outcome in first])
        series = tuple(
            axis.series(metric, [picture_setting(x, axis.label(x), next(found), against, worst) for x in axis.values])
            for axis in axes
        )
        return series, picture_setting(*ideal[:2], first, against, worst), metric

    def sweep(
        self, model: Model, base: Trial, axis: Axis, ideal: tuple[float, str, Trial], notes: tuple[str, ...] = ()
    ) -> Study:
        """The study of one axis of pictures."""
        series, best, metric = self.pictures(base, (axis,), ideal, axis.axis)
        settings = series[0].settings
        more = {
            "quantity": axis.quantity,
            "settings": [setting.to_dict() for setting in settings],
            "largest_tolerated": largest_tolerated(settings, best),
        }
        return self.study(axis.axis, model.technology, series, self.obtained(), best, metric, notes=notes, more=more)

    def curves(
        self,
        name: str,
        technology: Technology,
        base: Trial,
        axis: Axis,
        function: Callable[[Trial], Outcome],
        measure: str,
        unit: str,
        notes: tuple[str, ...],
        **about: str,
    ) -> Study:
        """The study of errors or currents along one axis, with the middle 95 % of what scatters over chips.

        A series for each name that `function` measures, "name" or "name: axis". A setting keeps its values if there is
        one a seed.
        """
        found = self.outcomes([axis.change(base, value) for value in axis.values], function, name)

        def setting(value: float, outcomes: Sequence[Outcome], which: str) -> Setting:
            values = tuple(number for outcome in outcomes for number in outcome.values[which])
            return Setting(value, axis.label(value), values if len(values) == self.seeds else (), band(values))

        series = []
        for which in found[0][0].values:
            short, _, kind = which.partition(": ")
            settings = [setting(value, group, which) for value, group in zip(axis.values, found, strict=True)]
            series.append(replace(axis, axis=kind, name=short).series(measure, settings, unit))
        more = {"quantity": axis.quantity, "curves": [_curve(line) for line in series]}
        return self.study(name, technology, series, obtained(**about), notes=notes, rule="", more=more)

    def study(
        self,
        name: str,
        technology: Technology,
        series: Sequence[Series],
        how: dict[str, str],
        ideal: Setting | None = None,
        metric: str = "",
        **other: Any,
    ) -> Study:
        """The series as a study, with the verdict on the claims."""
        claims = judge(self.claims, series, ideal)
        where = self.model, technology.name
        return Study(name, *where, metric, tuple(self.numbers), tuple(series), ideal, claims, obtained=how, **other)

    def obtained(self, **about: str) -> dict[str, str]:
        """How the numbers of a picture study came about."""
        seeds = f"{self.numbers[0]} to {self.numbers[-1]}, each of latents and chip"
        images = f"{self.count:,} a seed"
        return obtained(images=images, seeds=seeds, rule=RULE, threads="1 a process", **about)


def picture_setting(
    value: float, label: str, outcomes: Sequence[Outcome], ideal: Interval, worst: bool = False
) -> Setting:
    """A setting from its trials, compared with the ideal's interval."""
    distances = tuple(outcome.distance for outcome in outcomes)
    found = interval(distances)
    shown = max(outcomes, key=lambda outcome: outcome.distance) if worst else outcomes[0]
    recall, coverage = (float(np.mean([each.values[name] for each in outcomes])) for name in ("recall", "coverage"))
    ratio = found.mean / ideal.mean
    return Setting(value, label, distances, found, ratio, tolerated(found, ideal), shown.images, recall, coverage)


def _curve(line: Series) -> dict[str, Any]:
    """A series as a curve of points."""
    ends = [(each.value, each.interval) for each in line.settings]
    points = [{"setting": value, "mean": found.mean, "low": found.low, "high": found.high} for value, found in ends]
    name = f"{line.name}: {line.axis}" if line.axis else line.name
    return {"name": name, "unit": line.unit, "points": points}
