"""What is measured of a net: its tolerances, and its pictures on technologies, as they are, adapted and aged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from spingan.arrays.conditions import ChipConditions
from spingan.costs.components import load_components
from spingan.costs.side_by_side import Row, technology_row
from spingan.errors import UserError
from spingan.nn.cost import pair_full_bill
from spingan.nn.weights import Model
from spingan.progress import Progress
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology, load_technology, shipped_technologies
from spingan.studies.device_figures import DAY_S, TEN_YEARS_S, Has, figures_of, weight_rms
from spingan.studies.parallel import Workers, run_parallel
from spingan.studies.properties import measured_on, reference_technology
from spingan.studies.results_file import code_digest
from spingan.studies.stored import Plan, Stored, StoredDevice, maker, technology_digest
from spingan.studies.tolerance import measure_tolerances
from spingan.studies.trials import Attempt, Trial, attempt, fingerprint, technology_text

BY_NAME = ("skyrmion-published-array", "skyrmion-pulsed")
"""Technologies that are compared only by name: tiles of four rows are 50,000 tiles of wires, which take long, and the
other draws as `skyrmion-published` does, on three levels fewer."""
AS_IT_IS, ADAPTED = "as it is", "adapted"
AGED = {"after a day": DAY_S, "after ten years": TEN_YEARS_S}
ADAPTATION = "each chip draws {count:,} images once and measures its own batch norms and, when aged, its columns' gain"


def drawing_row(model: Model, technology: Technology) -> Row:
    """What an image of a net takes on a technology, by the whole bill."""
    bill = pair_full_bill(model.net, technology, load_components(None), model.latent_size)
    return technology_row(bill, technology.synapse)


def compared_technologies() -> tuple[str, ...]:
    """The shipped technologies but those of `BY_NAME`."""
    return tuple(name for name in shipped_technologies() if name not in BY_NAME)


@dataclass(frozen=True)
class NetTrials:
    """What measures a net's pictures.

    Attributes:
        base: The net as it was trained, on the first chip.
    """

    model: Model
    base: Trial
    plan: Plan
    workers: Workers
    progress: Progress

    @classmethod
    def of(
        cls,
        name: str,
        model: Model,
        plan: Plan,
        workers: Workers,
        progress: Progress,
        data_name: str | None = None,
        data_path: str | None = None,
    ) -> Self:
        """Those of a loaded model, which workers load by `name`."""
        weights = fingerprint(model.generator)
        base = Trial(
            name, plan.seed, plan.count, data_name=data_name, data_path=data_path, fingerprint=weights,
            fit_images=plan.fit_images,
        )  # fmt: skip
        return cls(model, base, plan, workers, progress)

    @property
    def steps(self) -> dict[str, int]:
        """Steps of `of_net` by their stage."""
        properties, others = len(measured_on(self.model.technology)), len(compared_technologies())
        return {"ideal": self.plan.chips, "tolerances": properties * self.plan.chips, "shipped technologies": others}

    def of_net(self, key: str, *, settings: bool = False) -> Stored:
        """All that belongs to the net.

        Args:
            settings: Measure the shipped technologies in all settings; else as they are, on one chip.
        """
        reference = reference_technology(self.model)
        base = self._on(reference)
        ideal = self.attempts({"ideal": base}, "ideal")["ideal"]
        if ideal[0].outcome is None:
            raise UserError(f"{self.model.name} cannot be judged: {ideal[0].refused}", "Give another --model.")
        tolerances = measure_tolerances(
            base, reference, measured_on(self.model.technology), self.plan.chips,
            workers=self.workers, progress=self.progress,
        )  # fmt: skip
        others = [load_technology(name) for name in compared_technologies()]
        devices = self.devices(others, None if settings else 1)
        devices |= {name: self._untried(load_technology(name)) for name in BY_NAME if name in shipped_technologies()}
        metric = ideal[0].outcome.about
        return Stored(self.model.name, key, self.plan, metric, ideal, tolerances, devices, code_digest(), maker())

    def devices(self, technologies: Sequence[Technology], chips: int | None) -> dict[str, StoredDevice]:
        """Technologies with the net: in all settings on all chips, or as they are on so many."""
        figures = {each.name: figures_of(self.model, each) for each in technologies}
        trials: dict[str, Trial] = {}
        for each in technologies:
            settings = self.settings(each, figures[each.name], True)
            chosen = settings if chips is None else {AS_IT_IS: settings[AS_IT_IS]}
            trials |= {f"{each.name}: {name}": trial for name, trial in chosen.items()}
        found = self.attempts(trials, "shipped technologies", chips)
        devices = {}
        for each in technologies:
            own = {name.removeprefix(f"{each.name}: "): attempts for name, attempts in found.items()
                   if name.startswith(f"{each.name}: ")}  # fmt: skip
            row = drawing_row(self.model, each)
            devices[each.name] = StoredDevice(technology_digest(each), own, figures[each.name], row)
        return devices

    def _untried(self, technology: Technology) -> StoredDevice:
        """A technology without pictures."""
        figures, row = figures_of(self.model, technology), drawing_row(self.model, technology)
        return StoredDevice(technology_digest(technology), {}, figures, row)

    def settings(self, technology: Technology, figures: Sequence[Has], adapt: bool) -> dict[str, Trial]:
        """The trials of a technology, first chip: as it is, adapted, and after a time where that is known."""
        base = self._on(technology)
        conditions = conditions_of(self.model, technology, figures)
        known = {has.name: has.value for has in figures if not has.exact}
        aged = {
            name: time_s
            for name, time_s in AGED.items()
            if known.get(f"loss in {name.removeprefix('after ')}") is not None
        }
        trials = {AS_IT_IS: replace(base, conditions=conditions)}
        norms = self.plan.calibration if adapt else 0
        if norms:
            trials[ADAPTED] = replace(base, conditions=replace(conditions, calibration=norms))
        for name, time_s in aged.items():
            trials[name] = replace(base, conditions=replace(conditions, time_s=time_s))
            if norms:
                trials[f"{name}, adapted"] = replace(
                    base, conditions=replace(conditions, time_s=time_s, calibration=norms)
                )
        return trials

    def attempts(
        self, trials: Mapping[str, Trial], what: str = "pictures", chips: int | None = None
    ) -> dict[str, tuple[Attempt, ...]]:
        """The trials on every chip, or on so many."""
        seeds = self.plan.seeds if chips is None else self.plan.seeds[:chips]
        tasks = [replace(trial, seed=seed) for trial in trials.values() for seed in seeds]
        found = iter(run_parallel(attempt, tasks, workers=self.workers, what=what, progress=self.progress))
        return {name: tuple(next(found) for _ in seeds) for name in trials}

    def _on(self, technology: Technology) -> Trial:
        own = technology == self.model.technology
        return replace(self.base, technology=None if own else technology_text(technology))


def conditions_of(model: Model, technology: Technology, figures: Sequence[Has]) -> ChipConditions:
    """A chip of a technology as it is known: with its read noise and its spread, which arrays alone do not draw."""
    known = {has.name: has.value or 0.0 for has in figures if not has.exact}
    read, spread, error = (known.get(name, 0.0) for name in ("read noise", "spread", "programming noise"))
    noise, written = Noise(fraction=min(read, 1.0)) if read else None, None
    if spread and technology.synapse is not None:
        of = technology.synapse.spread
        bounds = of.resistance if not (of.gain or of.minimum_conductance_s or of.maximum_conductance_s) else None
        if bounds and not error:
            written = Noise(fraction=bounds, of="resistance")
        else:  # in place of the error of writing, which is then a part of it
            both = math.hypot(spread, error / weight_rms(model, technology))
            written = Noise(fraction=min(both, 1.0), of="value")
    return ChipConditions(read_noise=noise, programming_noise=written)
