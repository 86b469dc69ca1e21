"""What noise and imperfect devices do to the pictures: paper S, section V-B, and the axes that it leaves out."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from spingan.errors import UserError
from spingan.evaluation.features import describe, feature_cnn, net_of
from spingan.evaluation.frechet import frechet_distance
from spingan.evaluation.real_images import data_of, real_images
from spingan.nn.cost import pair_bill
from spingan.nn.weights import Model, load_model
from spingan.spec.noise import Noise
from spingan.spec.synapse import Retention
from spingan.studies.axes import Asked, Axis, Change, condition
from spingan.studies.study import RULE, PaperPoint, Series, Setting, Study
from spingan.studies.trials import Trial

GOAL = 1.5  # of the noise-free distance, both above the floor of real images, at GOAL_NOISE: this project's own mark
GOAL_NOISE = 0.05  # paper S, V-B: "weight noise of 2% to 5%"
GOAL_TEXT = f"at {GOAL_NOISE:.0%} weight noise every chip's distance is within {GOAL:g} of the noise-free one"
NOISE_RULE = f"{RULE}; harm: the whole interval lies above that; less harm: the whole interval lies below the other's"
_WEIGHT = (0.02, 0.05, 0.1)  # paper S, V-B: 2 % to 5 %; twice as much beyond
_CLIPS = (4.0, 3.0, 2.5, 2.0, 1.5)  # assumed: from where few weights are touched to where a third of a Gaussian's are
_OF_RMS = "standard deviation, parts of the inputs' rms"
_OFFSET = "standard deviation, parts of full scale"
_HELD = "weights held within, rms of a column"


def _clipped_and_noisy(trial: Trial, value: float) -> Trial:
    clipped = replace(trial.conditions, clip=value, programming_noise=Noise(fraction=0.05))
    return replace(trial, conditions=clipped)


def _trimmed(trial: Trial, value: float) -> Trial:
    return replace(trial, conditions=replace(trial.conditions, trim_bits=round(value)))


def _axis(
    axis: str, name: str, quantity: str, values: tuple[float, ...], change: Change, scale: str = "percent"
) -> Axis:
    return Axis(axis, name, quantity, values, change, scale=scale)


def _weight_noise(name: str, kind: str, of: str) -> Axis:
    return _axis("weight noise", name, "standard deviation", _WEIGHT, condition(kind, of))


# Settings that paper S does not give are assumed: about a decade, from where an effect begins to show.
AXES: tuple[Axis, ...] = (
    _axis("latent noise", "added to the latents", "standard deviation", (0.1, 0.15, 0.2),  # paper S, V-B: 0.1 to 0.2
          condition("latent_noise"), ""),
    _axis("input noise", "at each array's inputs", _OF_RMS, (0.02, 0.05, 0.1, 0.2), condition("input_noise")),
    _weight_noise("of full scale, frozen", "programming_noise", "full_scale"),
    _weight_noise("of full scale, each read", "read_noise", "full_scale"),
    _weight_noise("of value, frozen", "programming_noise", "value"),
    _weight_noise("of value, each read", "read_noise", "value"),
    _axis("clipping", "alone", _HELD, _CLIPS, condition("clip"), "falling"),
    _axis("clipping", "and 5 % of full scale, frozen", _HELD, _CLIPS, _clipped_and_noisy, "falling"),
    _axis("stuck devices", "a third each at smallest, largest, any", "share", (0.001, 0.005, 0.01, 0.02),
          condition("stuck")),
    _axis("spread of activations", "gain", _OFFSET, (0.01, 0.02, 0.05), condition("activation_gain")),
    _axis("spread of activations", "offset", _OFFSET, (0.002, 0.005, 0.01, 0.02), condition("activation_offset")),
    _axis("trimmed activations", "offsets measured once", "bits of a stored offset", (4, 5, 6, 8, 10), _trimmed, ""),
    _axis("drift", "all devices alike", "share of the state that is lost", (0.01, 0.02, 0.05, 0.1, 0.2),
          condition("faded")),
)  # fmt: skip
AXIS_NAMES = tuple(dict.fromkeys(axis.axis for axis in AXES))


def noise(
    asked: Asked,
    *,
    axes: Sequence[str] = (),
    at: Sequence[float] = (),
    calibration: int = 0,
    printed: Sequence[PaperPoint] = (),
) -> Study:
    """The model's generator under every kind of noise and imperfection, setting by setting, over seeds and chips.

    Args:
        axes: Names out of `AXIS_NAMES`; none: all of them that the model's technology has devices for.
        at: Settings; none: each axis's own.
        calibration: Images that each chip draws once, to measure its own batch norms; 0: none is calibrated.
        printed: A paper's points for the picture.

    Raises:
        UserError: An unknown axis, a setting out of range, or as for trials.
    """
    model = load_model(asked.model)
    chosen, notes = chosen_axes(model, axes, tuple(sorted(set(at))))
    base = asked.trial(model)
    base = replace(base, conditions=replace(base.conditions, calibration=calibration))
    series, ideal, metric = asked.pictures(base, chosen, (0.0, "none", base), "noise", worst=True)
    floor = _floor(data_of(model, asked.data_name), asked.count, asked.data_path)
    series = tuple(
        replace(line, settings=tuple(_above(setting, ideal, floor) for setting in line.settings)) for line in series
    )
    found = goals(series, ideal, floor)
    points = tuple(point for point in printed if any(line.axis == point.axis for line in series))
    reached = [
        f"goal, {100 * GOAL_NOISE:g} % {goal['series']}: x {goal['mean']:.2f}, worst chip x {goal['worst']:.2f}, "
        f"at most x {GOAL:g}: {'reached' if goal['reached'] else 'missed'}"
        for goal in found
    ]
    theirs = [
        f"paper S, {each.axis}, {each.data}: FID {each.printed_fid:g} as {each.reading}, x {each.ratio:.2f}"
        for each in points
    ]
    more = {"calibration": calibration, "floor": floor, "goal": GOAL_TEXT, "goals": found}
    return asked.study(
        "noise",
        model.technology,
        series,
        asked.obtained(**{"images shown": "of the chip that did worst"}),
        _above(ideal, ideal, floor),
        metric,
        notes=(*notes, *_calibration_note(model, calibration)),
        rule=NOISE_RULE,
        printed=points,
        more=more | {"printed": [asdict(point) | {"ratio": point.ratio} for point in points]},
        lines=(f"real images: {floor:.3f}", *reached, *theirs),
        compares_axes=True,
    )


def above_floor(distance: float, ideal: Setting, floor: float) -> float:
    """A distance above the floor, in units of the noise-free one above it."""
    return (distance - floor) / (ideal.interval.mean - floor)


def _above(setting: Setting, ideal: Setting, floor: float) -> Setting:
    pair = {"above_floor": setting.interval.mean, "worst_above_floor": max(setting.values)}
    return replace(setting, more={name: above_floor(distance, ideal, floor) for name, distance in pair.items()})


def goals(series: Sequence[Series], ideal: Setting, floor: float) -> list[dict[str, Any]]:
    """At `GOAL_NOISE` and for each reading of weight noise, whether the worst chip stays within `GOAL`.

    `mean` and `worst` are distances over the noise-free one, both above the floor.
    """
    found = []
    for line in series:
        setting = line.at(GOAL_NOISE)
        if line.axis == "weight noise" and setting is not None:
            both = setting.interval.mean, max(setting.values)
            mean, worst = (above_floor(distance, ideal, floor) for distance in both)
            goal = {"series": line.name, "mean": mean, "worst": worst, "distances": setting.values}
            found.append(goal | {"reached": worst <= GOAL})
    return found


def chosen_axes(model: Model, names: Sequence[str], at: tuple[float, ...]) -> tuple[tuple[Axis, ...], tuple[str, ...]]:
    """The lines to measure, and what is to be said about them.

    Raises:
        UserError: An axis is unknown, or is named and the technology has no devices for it.
    """
    unknown = [name for name in names if name not in AXIS_NAMES]
    if unknown:
        raise UserError(f"unknown axis {unknown[0]!r}", f"Known: {', '.join(AXIS_NAMES)}.")
    wanted = set(names or AXIS_NAMES)
    synapse, notes = model.technology.synapse, []
    activations = model.technology.activations
    offsets = [curve for curve in activations.values() if curve.spread.offset]
    devices = {"stuck devices": synapse, "drift": synapse, "spread of activations": activations}
    devices["trimmed activations"] = offsets
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
        lost = [value for axis in chosen if axis.axis == "drift" for value in axis.values]
        notes.append(drift_note(synapse.name, synapse.retention, lost))
    return chosen, tuple(notes)


def drift_note(synapse: str, retention: Retention | None, lost: Sequence[float]) -> str:
    """When the shares `lost` are gone, as far as the synapse's retention is known."""
    if retention is None:
        return (
            f"Drift: the retention of {synapse} is unknown, so no time belongs to a share lost; assumed: all devices "
            "fade towards their smallest conductance, the reference with them."
        )
    if retention.law == "relaxation":
        return f"Drift: the devices of {synapse} do not fade but spread, each its own way: spingan study time shows it."
    times = [(share, retention.time_until(share)) for share in lost]
    after = ", ".join(f"{share:.0%} after {time:.3g} s" for share, time in times if time is not None)
    law = f"fades towards its {retention.towards} by its {retention.law} law"
    return f"Drift: {synapse} {law}: {after or 'no rate given'}."


def _calibration_note(model: Model, calibration: int) -> tuple[str, ...]:
    if not calibration:
        return ("No chip was calibrated: batch norms are those of the trained net.",)
    bill = pair_bill(model.net, model.technology, model.latent_size).of("generator")
    energy = bill.total("energy_j", ("activations",)).complete
    joules = "not counted" if energy is None else f"{calibration * energy:.3g} J a chip for its activations alone"
    return (f"Each chip measured its own batch norms once, on {calibration:,} images that it drew; energy: {joules}.",)


def _floor(name: str, count: int, path: str | None) -> float:
    """The distance of real images from the test images, as `spingan evaluate` has it."""
    net = feature_cnn(net_of(name))
    one, other = (describe(images, net)[0] for images in real_images(name, count, path).floor_pair)
    return frechet_distance(one, other)
