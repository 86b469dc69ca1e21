"""What the bits of a weight do: to the weights, the pictures, and the losses in training. Paper S, section V-B."""

import csv
import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from spingan.arrays.mapping import program
from spingan.errors import UserError
from spingan.evaluation.interval import Interval
from spingan.nn.analog import AnalogLinear, analog_layers
from spingan.nn.weights import Model, load_model
from spingan.spec.technology import Technology, load_technology
from spingan.studies.axes import Asked, Axis, Change
from spingan.studies.claims import SMALL, UNSTEADY
from spingan.studies.levels import IDEAL_LEVELS, with_levels
from spingan.studies.short_training import short_recipe, short_training
from spingan.studies.study import RULE, Series, Setting, Study
from spingan.studies.trials import Outcome, Trial, technology_of, technology_text

BITS = (4, 5, 6, 8)  # paper S, V-B
Gain = Literal["column", "none"]
GAINS: dict[Gain, str] = {"column": "gain a column", "none": "no gain"}
QUANTIZATION_RULE = (
    f"{RULE}; a small deviation: at most {SMALL:.0%} of the weights' mean square; "
    f"an unsteady loss: its deviation is above {UNSTEADY:g} of that with float weights"
)
STEPS = 200  # of a short training; assumed: the losses' deviation is that of the second half
_PLATFORM = "skyrmion-published"  # for a net in floating point: paper S's own
_QUANTITY = "bits of a weight"


def quantization(asked: Asked, *, bits: Sequence[int] = BITS, steps: int = STEPS) -> Study:
    """The model's weights on 2 ** bits levels with and without gain, and short trainings of its recipe on as many.

    What is quantised are the model's weights as they are: float ones for a net in floating point (written into paper
    S's technology), and those of a hardware-aware net as its levels left them, of which a note tells. The ideal are
    the same weights on 4,096 levels.

    Args:
        bits: Of a weight; 2 ** bits evenly spaced levels.
        steps: Updates of each short training, all from the same first weights; 0 trains nothing.

    Raises:
        UserError: No bits or more than 16, or as for trials and trainings.
    """
    wanted = tuple(sorted(set(bits)))
    if not wanted or not 1 <= wanted[0] <= wanted[-1] <= 16:
        raise UserError(f"bits {', '.join(map(str, wanted)) or 'none'}", "Give one to sixteen.")
    if steps < 0:
        raise UserError(f"{steps} steps", "Give 0 or more.")
    model = load_model(asked.model)
    if steps and (recipe := model.info.get("recipe")) is not None:
        short_recipe(recipe, steps, asked.seed)  # before anything is drawn
    onto = model.technology if model.technology.synapse is not None else load_technology(_PLATFORM)
    base = asked.trial(model)
    axes = [
        Axis("distance", name, _QUANTITY, wanted, _written(onto, gain), _label, "labels")
        for gain, name in GAINS.items()
    ]
    ideal_trial = replace(base, technology=technology_text(on(onto, IDEAL_LEVELS, "column")))
    distances, ideal, metric = asked.pictures(base, axes, (0, "float", ideal_trial), "quantisation")
    errors = {gain: [weight_error(model, on(onto, 2**width, gain)) for width in wanted] for gain in GAINS}
    distances = tuple(
        replace(line, settings=tuple(map(_with_error, line.settings, errors[gain])))
        for gain, line in zip(GAINS, distances, strict=True)
    )
    weights = tuple(_error_series(line) for line in distances)
    losses = _trainings(asked, onto, wanted, steps if model.info.get("recipe") is not None else 0)
    return asked.study(
        "quantization",
        onto,
        [line for line in (*weights, *distances, *losses) if line.settings],
        asked.obtained(),
        ideal,
        metric,
        notes=_notes(model.technology, onto, steps, trained=bool(losses[0].settings)),
        rule=QUANTIZATION_RULE,
        more={"widths": _widths(distances), "trainings": _trainings_dict(*losses)},
    )


def on(technology: Technology, levels: int, gain: Gain) -> Technology:
    """The technology with so many levels and that gain."""
    return with_levels(technology, levels).model_copy(update={"gain": gain})


def _label(bits: float) -> str:
    return f"{bits} bits"


def _written(onto: Technology, gain: Gain) -> Change:
    return lambda trial, bits: replace(trial, technology=technology_text(on(onto, 2 ** int(bits), gain)))


def weight_error(model: Model, technology: Technology) -> tuple[float, float]:
    """Mean square error of all weights together on the technology's levels: as it is, and over their mean square."""
    error = power = count = 0.0
    for layer in analog_layers(model.generator):
        weight = layer.effective_weight().detach().transpose(0, layer.column_axis).flatten(1).t().contiguous()
        own = technology.for_dense() if isinstance(layer, AnalogLinear) else technology
        written = program(weight, own, chip_seed=0).weight().double()
        error += float((written - weight).square().sum())
        power += float(weight.double().square().sum())
        count += weight.numel()
    return error / count, error / power


def _with_error(setting: Setting, errors: tuple[float, float]) -> Setting:
    return replace(setting, more=dict(zip(("mean_square_error", "error"), errors, strict=True)))


def _error_series(distances: Series) -> Series:
    """The errors of the weights at the settings of `distances`."""
    settings = tuple(
        Setting(each.value, each.label, (), Interval(*(each.more["error"],) * 3), more=each.more)
        for each in distances.settings
    )
    measure = "MSE over mean square of the weights"
    return Series("error of the weights", distances.name, _QUANTITY, measure, settings, "1", "labels")


def _widths(distances: Sequence[Series]) -> list[dict[str, Any]]:
    """A width and gain each: the errors of the weights and the distances."""
    return [
        {"bits": int(settings[place].value), "gain": gain, **settings[place].to_dict()}
        for place in range(len(distances[0].settings))
        for gain, settings in zip(GAINS, (line.settings for line in distances), strict=True)
    ]


def _trainings(asked: Asked, onto: Technology, bits: Sequence[int], steps: int) -> tuple[Series, ...]:
    """Losses of both nets in the second half of the trainings, mean and deviation: float, and at each width."""
    widths = (0, *bits) if steps else ()
    technologies = [on(onto, 2**width if width else IDEAL_LEVELS, "column") for width in widths]
    trials = [Trial(asked.model, count=steps, shown=0, technology=technology_text(each)) for each in technologies]
    found = replace(asked, seeds=1).outcomes(trials, run_training, "short trainings")

    def setting(width: int, values: Sequence[float], ended: str) -> Setting:
        mean, deviation = _mean_and_deviation(values[len(values) // 2 :])
        around = Interval(mean, mean - deviation, mean + deviation)
        more = {"steps": len(values), "deviation": deviation, "ended": ended}
        return Setting(width, _label(width) if width else "float", (), around, more=more)

    return tuple(
        Series(
            "losses in training",
            net,
            f"{_QUANTITY}, {steps} updates",
            "loss in training, mean and deviation",
            tuple(setting(width, each.values[net], each.about) for width, (each,) in zip(widths, found, strict=True)),
            scale="names",
        )
        for net in ("generator", "discriminator")
    )


def run_training(trial: Trial) -> Outcome:
    """Losses of the first `count` updates of the recipe of the trial's model on the trial's technology.

    Raises:
        UserError: The images are not here, or the net does not fit the technology.
    """
    assert trial.technology is not None
    recipe = load_model(trial.model).info["recipe"]
    return first_losses(recipe, technology_of(trial.technology), trial.count, trial.seed)


def first_losses(recipe: dict[str, Any], technology: Technology, steps: int, seed: int) -> Outcome:
    """Losses of both nets at every update that was made; `about` is "as planned", or why there are fewer.

    Raises:
        UserError: The images are not here, or the net does not fit the technology.
    """
    with short_training(short_recipe(recipe, steps, seed), technology, steps) as (run, ended):
        rows = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
    nets = ("discriminator", "generator")
    return Outcome({net: tuple(float(row[f"{net}_loss"]) for row in rows) for net in nets}, ended)


def _mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return (values[0] if values else math.nan), math.nan
    return statistics.fmean(values), statistics.stdev(values)


def _trainings_dict(generator: Series, discriminator: Series) -> list[dict[str, Any]]:
    return [
        {
            "bits": int(one.value) or None,
            "steps": one.more["steps"],
            "ended": one.more["ended"],
            "discriminator_mean": other.interval.mean,
            "discriminator_deviation": other.more["deviation"],
            "generator_mean": one.interval.mean,
            "generator_deviation": one.more["deviation"],
        }
        for one, other in zip(generator.settings, discriminator.settings, strict=True)
    ]


def _notes(own: Technology, onto: Technology, steps: int, trained: bool) -> tuple[str, ...]:
    if own.synapse is None:
        note = f"The net's weights are float numbers, written into the arrays of {onto.name}."
    else:
        note = (
            f"The net was trained on {len(onto.weight_levels() or ())} weight levels and its weights lie on them: "
            "errors at so many levels and more are not those of float weights. Its float twin's are."
        )
    if not steps:
        return (note,)
    if not trained:
        return note, "The model does not say by which recipe it was trained: no short trainings."
    return note, f"The short trainings are the first {steps} updates of the recipe, from one seed; float: 4,096 levels."
