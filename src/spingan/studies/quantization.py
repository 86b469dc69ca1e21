"""What the bits of a weight do: to the weights, the pictures, and the losses in training. Paper S, section V-B."""

import io
import math
import statistics
from collections.abc import Sequence
from csv import writer
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from spingan.arrays.mapping import effective_weight, program
from spingan.errors import UserError
from spingan.nn.analog import AnalogLinear, analog_layers
from spingan.nn.weights import load_model
from spingan.spec.technology import Technology, load_technology
from spingan.studies.levels import IDEAL_LEVELS, with_levels
from spingan.studies.parallel import Progress, Workers, run_parallel
from spingan.studies.short_training import Losses, TrainingTrial, run_training
from spingan.studies.sweep import SHOWN, Setting, Verdict, obtained_by, setting_of
from spingan.studies.trials import Outcome, Trial, fingerprint, run_trial, technology_text
from spingan.studies.verdict import RULE

BITS = (4, 5, 6, 8)  # paper S, V-B
GAINS: tuple[Literal["column", "none"], ...] = ("column", "none")
SMALL = 0.01  # of the weights' mean square: an error that counts as a small deviation; chosen before the study was run
UNSTEADY = 1.25  # times the spread of the generator's loss with float weights; chosen before the study was run
_PLATFORM = "skyrmion-published"  # for a net in floating point: paper S's own


@dataclass(frozen=True, eq=False)
class Width:
    """Weights on 2 ** `bits` levels, with or without a gain that maps each column's largest weight to full scale.

    Attributes:
        error: Mean square error of the weights over their mean square; all layers together.
        setting: The distances of the images, a seed each.
    """

    bits: int
    gain: str
    mean_square_error: float
    error: float
    setting: Setting


@dataclass(frozen=True)
class WidthTraining:
    """A short training with weights on 2 ** `bits` levels; None: with float weights. Losses of the second half."""

    bits: int | None
    steps: int
    ended: str
    discriminator_mean: float
    discriminator_deviation: float
    generator_mean: float
    generator_deviation: float


@dataclass(frozen=True)
class WidthClaim:
    """What the paper says of quantisation, and whether the numbers bear it out."""

    text: str
    verdict: Verdict
    ours: str


@dataclass(frozen=True, eq=False)
class QuantizationStudy:
    """One generator's weights on fewer and more levels, nothing trained again, and short trainings beside it."""

    name: str
    model: str
    technology: str
    metric: str
    seeds: tuple[int, ...]
    ideal: Setting
    widths: tuple[Width, ...]
    trainings: tuple[WidthTraining, ...]
    claims: tuple[WidthClaim, ...]
    notes: tuple[str, ...]
    obtained: dict[str, str]
    rule: str = (
        f"{RULE}; a small deviation: at most {SMALL:.0%} of the weights' mean square; "
        f"an unsteady loss: its deviation is above {UNSTEADY:g} of that with float weights"
    )

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, without the images."""
        special = ("ideal", "widths", "trainings", "claims")
        return {key: value for key, value in vars(self).items() if key not in special} | {
            "ideal": _setting_dict(self.ideal),
            "widths": [
                {"bits": width.bits, "gain": width.gain, "mean_square_error": width.mean_square_error}
                | {"error": width.error}
                | _setting_dict(width.setting)
                for width in self.widths
            ],
            "trainings": [asdict(training) for training in self.trainings],
            "claims": [asdict(claim) for claim in self.claims],
        }

    def csv(self) -> str:
        """A row a width, gain and seed."""
        text = io.StringIO()
        rows = writer(text, lineterminator="\n")
        rows.writerow(("bits", "gain", "mean_square_error", "error", "seed", self.metric, "mean", "low_95", "high_95"))
        for width in self.widths:
            found = width.setting.interval
            for seed, distance in zip(self.seeds, width.setting.distances, strict=True):
                numbers = (distance, found.mean, found.low, found.high)
                errors = (f"{width.mean_square_error:.6g}", f"{width.error:.6g}")
                rows.writerow((width.bits, width.gain, *errors, seed, *(f"{number:.6g}" for number in numbers)))
        return text.getvalue()

    def weights_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Heads and rows: bits, gain, error, distance."""
        heads = ("bits", "gain", "MSE of weights", "of mean square", self.metric, "tolerated")
        return heads, [
            (
                str(width.bits),
                "a column" if width.gain == "column" else width.gain,
                f"{width.mean_square_error:.3g}",
                f"{width.error:.3%}",
                f"{width.setting.interval.mean:.2f}",
                "yes" if width.setting.tolerated else "no",
            )
            for width in self.widths
        ]

    def training_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Heads and rows: bits, losses of the second half of the short trainings."""
        heads = ("bits", "steps", "D loss", "G loss", "G loss, deviation", "ended")
        return heads, [
            (
                "float" if training.bits is None else str(training.bits),
                str(training.steps),
                f"{training.discriminator_mean:.3f}",
                f"{training.generator_mean:.3f}",
                f"{training.generator_deviation:.3f}",
                training.ended,
            )
            for training in self.trainings
        ]


def quantization_study(
    model: str | Path,
    *,
    bits: Sequence[int] = BITS,
    steps: int = 200,
    count: int = 2_000,
    seed: int = 0,
    seeds: int = 3,
    workers: int | Workers | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> QuantizationStudy:
    """The model's weights on 2 ** bits levels with and without gain, and short trainings of its recipe on as many.

    What is quantised are the model's weights as they are: float ones for a net in floating point (written into paper
    S's technology), and those of a hardware-aware net as its levels left them, of which a note tells. The ideal are
    the same weights on 4,096 levels.

    Args:
        bits: Of a weight; 2 ** bits evenly spaced levels.
        steps: Updates of each short training, all from the same first weights; 0 trains nothing.

    Raises:
        UserError: No bits or more than 16, fewer than two seeds, or as for trials and trainings.
    """
    loaded = load_model(model)
    wanted = sorted(set(bits))
    if not wanted or not 1 <= wanted[0] <= wanted[-1] <= 16:
        raise UserError(f"bits {', '.join(map(str, wanted)) or 'none'}", "Give one to sixteen.")
    if seeds < 2:
        raise UserError(f"{seeds} seed(s) give no interval", "Ask for at least two; three is the default.")
    if steps < 0:
        raise UserError(f"{steps} steps", "Give 0 or more.")
    own = loaded.technology
    onto = own if own.synapse is not None else load_technology(_PLATFORM)
    places = [(2**width, gain) for width in wanted for gain in GAINS]
    technologies = [_on(onto, levels, gain) for levels, gain in ((IDEAL_LEVELS, "column"), *places)]
    numbers = range(seed, seed + seeds)
    path, mark = None if data_path is None else str(data_path), fingerprint(loaded)
    trials = [
        Trial(str(model), technology_text(technology), None, number, count, SHOWN, path, mark)
        for technology in technologies
        for number in numbers
    ]
    outcomes = run_parallel(run_trial, trials, workers=workers, what="quantisation", progress=progress)
    groups = [outcomes[start : start + seeds] for start in range(0, len(outcomes), seeds)]
    ideal = _setting(0.0, "float", groups[0], None)
    widths = tuple(
        Width(levels.bit_length() - 1, gain, *_weight_error(str(model), technology), _setting(levels, "", group, ideal))
        for (levels, gain), technology, group in zip(places, technologies[1:], groups[1:], strict=True)
    )
    trainings = _trainings(loaded.info.get("recipe"), onto, wanted, steps, seed, workers, progress)
    return QuantizationStudy(
        name="quantization",
        model=str(model),
        technology=onto.name,
        metric=outcomes[0].metric,
        seeds=tuple(numbers),
        ideal=ideal,
        widths=widths,
        trainings=trainings,
        claims=_claims(widths, trainings),
        notes=_notes(own, onto, steps, trainings),
        obtained=obtained_by(numbers, count),
    )


def _on(technology: Technology, levels: int, gain: str) -> Technology:
    return with_levels(technology, levels).model_copy(update={"gain": gain})


def _weight_error(model: str, technology: Technology) -> tuple[float, float]:
    """Mean square error of all weights together on the technology's levels: as it is, and over their mean square."""
    error = power = count = 0.0
    for layer in analog_layers(_loaded(model).generator):
        weight = layer.effective_weight().detach().transpose(0, layer.column_axis).flatten(1).t().contiguous()
        own = technology.for_dense() if isinstance(layer, AnalogLinear) else technology
        written = effective_weight(program(weight, own, chip_seed=0)).double()
        error += float((written - weight).square().sum())
        power += float(weight.double().square().sum())
        count += weight.numel()
    return error / count, error / power


_loaded = lru_cache(maxsize=1)(load_model)


def _setting(value: float, label: str, outcomes: Sequence[Outcome], ideal: Setting | None) -> Setting:
    return setting_of(value, label, outcomes, None if ideal is None else ideal.interval, outcomes[0].images)


def _setting_dict(setting: Setting) -> dict[str, Any]:
    return {
        "distances": list(setting.distances),
        "mean": setting.interval.mean,
        "low_95": setting.interval.low,
        "high_95": setting.interval.high,
        "of_ideal": setting.of_ideal,
        "tolerated": setting.tolerated,
        "recall": setting.recall,
        "coverage": setting.coverage,
    }


def _trainings(
    recipe: dict[str, Any] | None,
    onto: Technology,
    bits: Sequence[int],
    steps: int,
    seed: int,
    workers: int | Workers | None,
    progress: Progress,
) -> tuple[WidthTraining, ...]:
    if not steps or recipe is None:
        return ()
    widths: list[int | None] = [None, *bits]
    trials = [
        TrainingTrial.of(recipe, _on(onto, IDEAL_LEVELS if width is None else 2**width, "column"), steps, seed)
        for width in widths
    ]
    found = run_parallel(run_training, trials, workers=workers, what="short trainings", progress=progress)
    return tuple(_summary(width, losses) for width, losses in zip(widths, found, strict=True))


def _summary(bits: int | None, losses: Losses) -> WidthTraining:
    half = len(losses.generator) // 2
    late = losses.discriminator[half:], losses.generator[half:]
    (d_mean, d_deviation), (g_mean, g_deviation) = (_mean_and_deviation(values) for values in late)
    return WidthTraining(bits, len(losses.generator), losses.ended, d_mean, d_deviation, g_mean, g_deviation)


def _mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return (values[0] if values else math.nan), math.nan
    return statistics.fmean(values), statistics.stdev(values)


def _claims(widths: Sequence[Width], trainings: Sequence[WidthTraining]) -> tuple[WidthClaim, ...]:
    with_gain = {width.bits: width for width in widths if width.gain == "column"}
    low = [with_gain[bits] for bits in (4, 5) if bits in with_gain]
    text = "paper S: 4 to 5 bits add only small deviations from floating point weights"
    small = all(width.error <= SMALL for width in low)
    verdict: Verdict = "not tested" if len(low) < 2 else "holds" if small else "does not hold"
    ours = ", ".join(f"{width.error:.2%} of the mean square at {width.bits} bits" for width in low)
    return WidthClaim(text, verdict, ours), _stability_claim(trainings)


def _stability_claim(trainings: Sequence[WidthTraining]) -> WidthClaim:
    text = "paper S: 4 bits can impact the stability of the training"
    exact, coarse = (next((found for found in trainings if found.bits == bits), None) for bits in (None, 4))
    if exact is None or coarse is None:
        return WidthClaim(text, "not tested", "")
    ours = (
        f"deviation of the generator's loss {coarse.generator_deviation:.2f}, {exact.generator_deviation:.2f} in float"
    )
    unsteady = coarse.ended != "as planned" or coarse.generator_deviation > UNSTEADY * exact.generator_deviation
    return WidthClaim(text, "holds" if unsteady else "does not hold", f"{ours}, {coarse.steps} steps")


def _notes(own: Technology, onto: Technology, steps: int, trainings: Sequence[WidthTraining]) -> tuple[str, ...]:
    notes = []
    if own.synapse is None:
        notes.append(f"The net's weights are float numbers, written into the arrays of {onto.name}.")
    else:
        notes.append(
            f"The net was trained on {len(onto.weight_levels() or ())} weight levels and its weights lie on them: "
            "errors at so many levels and more are not those of float weights. Its float twin's are."
        )
    if steps and not trainings:
        notes.append("The model does not say by which recipe it was trained: no short trainings.")
    elif trainings:
        notes.append(
            f"The short trainings are the first {steps} updates of the recipe, from one seed; float: 4,096 levels."
        )
    return tuple(notes)
