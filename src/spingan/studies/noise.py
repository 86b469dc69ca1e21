"""What noise and imperfect devices do to the pictures: paper S, section V-B, and the axes that it leaves out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from spingan.errors import UserError
from spingan.evaluation.features import describe, feature_cnn, net_of
from spingan.evaluation.frechet import frechet_distance
from spingan.evaluation.real_images import data_of, image_bytes, real_images
from spingan.evaluation.reference import Reference, reference_for
from spingan.evaluation.robustness import Conditions, draw
from spingan.nn.cost import cost
from spingan.nn.weights import Model, load_model
from spingan.spec.synapse import Retention
from spingan.studies.noise_result import PRINTED, NoiseStudy, Series, claims, goals
from spingan.studies.parallel import Progress, Workers, run_parallel
from spingan.studies.sweep import SHOWN, Setting, setting_of
from spingan.studies.trials import Outcome, fingerprint, judged

FULL, VALUE = "full_scale", "value"


@dataclass(frozen=True)
class Axis:
    """One line of settings: the axis that it belongs to, its own name, its values, and the conditions at a value."""

    axis: str
    name: str
    quantity: str
    values: tuple[float, ...]
    conditions: Callable[[float], Conditions]


_WEIGHT = (0.02, 0.05, 0.1)  # paper S, V-B: 2 % to 5 %; twice as much beyond
_CLIPS = (4.0, 3.0, 2.5, 2.0, 1.5)  # assumed: from where few weights are touched to where a third of a Gaussian's are
_OF_RMS = "standard deviation, parts of the inputs' rms"
_OFFSET = "standard deviation, parts of full scale"
AXES: tuple[Axis, ...] = (
    Axis("latent noise", "added to the latents", "standard deviation", (0.1, 0.15, 0.2),  # paper S, V-B: 0.1 to 0.2
         lambda x: Conditions(latent_noise=x)),
    Axis("input noise", "at each array's inputs", _OF_RMS, (0.02, 0.05, 0.1, 0.2),
         lambda x: Conditions(input_noise=x)),
    Axis("weight noise", "of full scale, frozen", "standard deviation", _WEIGHT,
         lambda x: Conditions(programming_noise=(x, FULL))),
    Axis("weight noise", "of full scale, each read", "standard deviation", _WEIGHT,
         lambda x: Conditions(read_noise=(x, FULL))),
    Axis("weight noise", "of value, frozen", "standard deviation", _WEIGHT,
         lambda x: Conditions(programming_noise=(x, VALUE))),
    Axis("weight noise", "of value, each read", "standard deviation", _WEIGHT,
         lambda x: Conditions(read_noise=(x, VALUE))),
    Axis("clipping", "alone", "weights held within, rms of a column", _CLIPS, lambda x: Conditions(clip=x)),
    Axis("clipping", "and 5 % of full scale, frozen", "weights held within, rms of a column", _CLIPS,
         lambda x: Conditions(clip=x, programming_noise=(0.05, FULL))),
    Axis("stuck devices", "a third each at smallest, largest, any", "share", (0.001, 0.005, 0.01, 0.02),
         lambda x: Conditions(stuck=x)),
    Axis("spread of activations", "gain", _OFFSET, (0.01, 0.02, 0.05), lambda x: Conditions(activation_gain=x)),
    Axis("spread of activations", "offset", _OFFSET, (0.002, 0.005, 0.01, 0.02),
         lambda x: Conditions(activation_offset=x)),
    Axis("drift", "all devices alike", "share of the state that is lost", (0.01, 0.02, 0.05, 0.1, 0.2),
         lambda x: Conditions(faded=x)),
)  # fmt: skip
AXIS_NAMES = tuple(dict.fromkeys(axis.axis for axis in AXES))


@dataclass(frozen=True)
class NoiseTrial:
    """A model under conditions on one chip; the fields that it shares with `Trial` mean the same."""

    model: str
    conditions: Conditions
    seed: int
    count: int
    data_path: str | None
    fingerprint: str


def run_noise_trial(trial: NoiseTrial) -> Outcome:
    """Draw the trial's images and judge them.

    Raises:
        UserError: There is no such model, its weights have changed since the study began, or no real images are here.
    """
    model = _model(trial.model, trial.fingerprint)
    images = image_bytes(draw(model, trial.conditions, trial.count, trial.seed, trial.seed))
    reference = _reference(trial.model, trial.count, trial.data_path)
    return judged(reference, images, images[:SHOWN])


@lru_cache(maxsize=2)
def _model(name: str, expected: str) -> Model:
    model = load_model(name)
    if fingerprint(model) != expected:
        raise UserError(
            f"the weights of {name} have changed since the study began",
            "Wait for its training to end, and begin again.",
        )
    return model


@lru_cache(maxsize=2)
def _reference(model: str, count: int, data_path: str | None) -> Reference:
    return reference_for(load_model(model), count, data_path)


def noise_study(
    model: str | Path,
    *,
    axes: Sequence[str] = (),
    at: Sequence[float] = (),
    calibration: int = 0,
    count: int = 2_000,
    seed: int = 0,
    seeds: int = 3,
    workers: int | Workers | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> NoiseStudy:
    """The model's generator under every kind of noise and imperfection, setting by setting, over seeds and chips.

    Args:
        axes: Names out of `AXIS_NAMES`; none: all of them that the model's technology has devices for.
        at: Settings; none: each axis's own.
        calibration: Images that each chip draws once, to measure its own batch norms; 0: none is calibrated.

    Raises:
        UserError: An unknown axis, a setting out of range, fewer than two seeds, or as for trials.
    """
    loaded = load_model(model)
    name = data_of(loaded)
    chosen, notes = _axes(loaded, axes, tuple(sorted(set(at))))
    if seeds < 2:
        raise UserError(f"{seeds} seed(s) give no interval", "Ask for at least two; three is the default.")
    path = None if data_path is None else str(data_path)
    mark = fingerprint(loaded)
    always = Conditions(calibration=calibration)
    settings = [always, *(replace(axis.conditions(x), calibration=calibration) for axis in chosen for x in axis.values)]
    numbers = range(seed, seed + seeds)
    trials = [NoiseTrial(str(model), found, number, count, path, mark) for found in settings for number in numbers]
    outcomes = run_parallel(run_noise_trial, trials, workers=workers, what="noise", progress=progress)
    groups = [outcomes[start : start + seeds] for start in range(0, len(outcomes), seeds)]
    ideal = _setting(0.0, "none", groups[0], None)
    rest = iter(groups[1:])
    series = tuple(
        Series(
            axis.axis, axis.name, axis.quantity, tuple(_setting(x, f"{x:g}", next(rest), ideal) for x in axis.values)
        )
        for axis in chosen
    )
    floor = _floor(name, count, path)
    return NoiseStudy(
        name="noise",
        model=str(model),
        technology=loaded.technology.name,
        metric=outcomes[0].metric,
        seeds=tuple(numbers),
        calibration=calibration,
        ideal=ideal,
        floor=floor,
        series=series,
        claims=claims(series, ideal),
        goals=goals(series, ideal, floor),
        printed=tuple(point for point in PRINTED if any(line.axis == point.axis for line in series)),
        notes=(*notes, *_calibration_note(loaded, calibration)),
        obtained=_obtained(numbers, count),
    )


def _axes(model: Model, names: Sequence[str], at: tuple[float, ...]) -> tuple[tuple[Axis, ...], tuple[str, ...]]:
    """The lines to measure, and what is to be said about them."""
    unknown = [name for name in names if name not in AXIS_NAMES]
    if unknown:
        raise UserError(f"unknown axis {unknown[0]!r}", f"Known: {', '.join(AXIS_NAMES)}.")
    wanted = set(names or AXIS_NAMES)
    synapse, notes = model.technology.synapse, []
    devices = {"stuck devices": synapse, "drift": synapse, "spread of activations": model.technology.activations}
    for axis, found in devices.items():
        if axis in wanted and not found:
            if names:
                raise UserError(
                    f"technology {model.technology.name} has no devices for the axis {axis}", "Leave it out."
                )
            wanted.discard(axis)
            notes.append(f"{axis}: technology {model.technology.name} has no devices for it.")
    chosen = tuple(replace(axis, values=at or axis.values) for axis in AXES if axis.axis in wanted)
    if "drift" in wanted and synapse is not None:
        notes.append(
            _drift_note(synapse.name, synapse.retention, [x for a in chosen if a.axis == "drift" for x in a.values])
        )
    return chosen, tuple(notes)


def _drift_note(synapse: str, retention: Retention | None, lost: Sequence[float]) -> str:
    if retention is None:
        return (
            f"Drift: the retention of {synapse} is unknown, so no time belongs to a share lost; assumed: all devices "
            "fade towards their smallest conductance, the reference with them."
        )
    times = [(share, retention.time_until(share)) for share in lost]
    after = ", ".join(f"{share:.0%} after {time:.3g} s" for share, time in times if time is not None)
    law = f"fades towards its {retention.towards} by its {retention.law} law"
    return f"Drift: {synapse} {law}: {after or 'no rate given'}."


def _calibration_note(model: Model, calibration: int) -> tuple[str, ...]:
    if not calibration:
        return ("No chip was calibrated: batch norms are those of the trained net.",)
    energy = cost(
        model.net, model.technology, images=1, batch_size=1, latent_size=model.latent_size
    ).generator_forward_energy_j
    joules = "not counted" if energy is None else f"{calibration * energy:.3g} J a chip for its activations alone"
    return (f"Each chip measured its own batch norms once, on {calibration:,} images that it drew; energy: {joules}.",)


def _floor(name: str, count: int, path: str | None) -> float:
    """The distance of real images from the test images, as `spingan evaluate` has it."""
    net = feature_cnn(net_of(name))
    one, other = (describe(images, net)[0] for images in real_images(name, count, path).floor_pair)
    return frechet_distance(one, other)


def _setting(value: float, label: str, outcomes: Sequence[Outcome], ideal: Setting | None) -> Setting:
    """A setting; its images are those of the chip that did worst."""
    worst = max(outcomes, key=lambda outcome: outcome.distance or 0.0).images
    return setting_of(value, label, outcomes, None if ideal is None else ideal.interval, worst)


def _obtained(numbers: range, count: int) -> dict[str, str]:
    from spingan.studies.sweep import obtained_by

    return obtained_by(numbers, count) | {"images shown": "of the chip that did worst"}
