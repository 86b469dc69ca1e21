"""How good and how varied generated images are: a distance and six measures of variety, each with its floor and the
float twin's value, and the missing classes."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from spingan.arrays.conditions import ChipConditions
from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.evaluation.feature_cache import known_features
from spingan.evaluation.features import FeatureCnn, Images, describe, feature_cnn, net_of
from spingan.evaluation.frechet import class_histogram, frechet_distance, kernel_distance, missing_classes
from spingan.evaluation.interval import Interval, interval
from spingan.evaluation.real_images import RealImages, data_of, image_bytes, real_images
from spingan.evaluation.variety import COUNT, K, Variety, VarietyReference, check_k, variety_reference
from spingan.input_files import is_folder
from spingan.nn.weights import Model, float_twin
from spingan.progress import Progress, no_progress

Sampler = Callable[[int, int], Tensor]  # count, seed -> images in [-1, 1]
FeatureSpace = Literal["cnn", "inception"]

METRIC_NAMES: dict[FeatureSpace, str] = {"cnn": "FD({net}, {count})", "inception": "FID(inception-v3, {count})"}


@dataclass(frozen=True, eq=False)
class _Described:
    """A set of images, its features in the space of the distance, and of its first ones those of the set's own network.

    Attributes:
        classes: As the set's own network sees them; None where only a few images were shown to it.
    """

    images: Images
    features: Float[np.ndarray, "n features"]
    own_features: Float[np.ndarray, "few 64"]
    classes: NDArray[np.int64] | None

    @property
    def for_variety(self) -> tuple[Float[np.ndarray, "few 64"], Images]:
        """Features and images that the variety is measured on."""
        return self.own_features, self.images[: len(self.own_features)]


@dataclass(frozen=True)
class ChipQuality:
    """The distance and the variety of what one chip of several draws, as in `Quality`."""

    chip_seed: int
    value: float
    precision: float
    recall: float
    density: float
    coverage: float


MEASURES = ("value", "precision", "recall", "density", "coverage")
"""Fields of `ChipQuality` that are measured."""


@dataclass(frozen=True)
class Quality:
    """The quality of a generator, with what is needed to judge the number and to obtain it again.

    Attributes:
        metric: Name of the measure with the number of images on each side; values compare only at the same name.
        value: Distance of the generated images from the test images; smaller is better.
        floor: The same distance for real images that are not the test images: what a perfect generator would reach.
        float_twin: The same distance for the same net in floating point, or None if none was given.
        kernel_distance: Squared maximum mean discrepancy in the same feature space; near 0 for a perfect generator.
        class_histogram: Share of each class among the generated images, as the image set's network sees them; empty for
            a folder of anyone's images, whose classes nobody knows.
        missing_classes: Classes with less than a tenth of an even share.
        variety: How varied the generated images are, compared with the test images.
        variety_floor: The same for real images that are not the test images: what a perfect generator would reach. Its
            `copies` are those of the test images, each half judged by the other.
        variety_float_twin: The same for the same net in floating point, or None if none was given.
        protocol: What was compared with what, in words.
        seconds: Wall time.
        obtained: Data source, seed, versions and threads.
        chips: Where several chips were asked for, each one's; the first is the one that all of the above is of.
    """

    metric: str
    value: float
    floor: float
    float_twin: float | None
    kernel_distance: float
    class_histogram: dict[str, float]
    missing_classes: tuple[str, ...]
    variety: Variety
    variety_floor: Variety
    variety_float_twin: Variety | None
    protocol: str
    seconds: float
    obtained: dict[str, str | int]
    chips: tuple[ChipQuality, ...] = ()

    def over_chips(self) -> dict[str, Interval]:
        """Each measure's mean over the chips, with the interval of 95 % of that mean; empty without several chips."""
        if len(self.chips) < 2:
            return {}
        return {name: interval([getattr(chip, name) for chip in self.chips]) for name in MEASURES}

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values; of several chips also means, and the interval of each mean."""
        found = self.over_chips()
        if not found:
            return asdict(self)
        value = found["value"]
        return asdict(self) | {
            "mean": value.mean,
            "interval": [value.low, value.high],
            "means": {name: each.mean for name, each in found.items()},
            "intervals": {name: [each.low, each.high] for name, each in found.items()},
        }


def evaluate_model(
    model: Model,
    *,
    chip: int | ChipConditions = 0,
    chips: int = 1,
    data_name: str | None = None,
    data_path: str | Path | None = None,
    **asked: Any,
) -> Quality:
    """`evaluate` for a model, against the images that it was trained on, beside its float twin.

    Args:
        chip: Its seed, or its conditions.
        chips: So many chips draw the images, with seeds from that one's on, each from latents of the same seed.
        data_name: Set of images that the model was trained on, where its file does not say it.
        data_path: Folder with the real images; by default the one that the model was trained from, if it is there.
        asked: `count`, `seed`, `features`, `variety_count`, `k` and `progress`, as `evaluate` takes them.

    Raises:
        UserError: Nobody says what the model was trained on, there is no chip, or as `evaluate`.
    """
    if chips < 1:
        raise UserError(f"{chips} chips draw nothing", "Ask for 1 or more.")
    twin, recorded = float_twin(model), model.origin.data_path

    conditions = ChipConditions(chip) if isinstance(chip, int) else chip

    def of_chip(seed: int) -> Sampler:
        return lambda images, draw: model.sample(images, draw, replace(conditions, seed=seed))

    first, *others = (conditions.seed + number for number in range(chips))
    return evaluate(
        of_chip(first),
        chip_seed=first,
        other_chips={seed: of_chip(seed) for seed in others},
        data=data_of(model, data_name),
        data_path=data_path or (recorded if recorded and is_folder(recorded) else None),
        twin=None if twin is None else lambda images, draw: twin.sample(images, draw),
        **asked,
    )


def evaluate(
    sample: Sampler,
    *,
    count: int = 10_000,
    seed: int = 0,
    data: str,
    data_path: str | Path | None = None,
    twin: Sampler | None = None,
    chip_seed: int = 0,
    other_chips: Mapping[int, Sampler] | None = None,
    features: FeatureSpace = "cnn",
    variety_count: int | None = None,
    k: int | None = None,
    progress: Progress = no_progress,
) -> Quality:
    """Compare `count` generated images with as many test images of the set.

    Where clothes or digits are not on this machine, the 2,000 shipped test images stand in and `count` is at most
    2,000; the result's `metric` and `protocol` say so. Cartoon faces to compare with are drawn if need be. Generated
    images are rounded to 8 bit first, as real ones are.

    Args:
        sample: Called once as sample(count, seed); gives float images (count, channels, size, size) in [-1, 1].
        count: Images on each side, 2 to 10,000.
        seed: Given to `sample` and `twin`, and used to draw the kernel distance's subsets.
        data: Name of the image set.
        data_path: Folder that holds it (recipe key data.path).
        twin: The float twin, called as `sample` is.
        chip_seed: What the result calls the chip of `sample`.
        other_chips: More chips by their seeds, called as `sample` is: the result's `chips`.
        features: "cnn" for the set's own network, "inception" for standard FID by paper S's protocol (extra `fid`).
        variety_count: The variety is measured on so many of the images, always by the set's own network; by default
            on 2,000, or on all if there are fewer.
        k: Which nearest neighbours the variety is measured with; by default 5, or less where there are fewer.
        progress: Told (what, images done, images in all) as the work goes on.

    Raises:
        UserError: A count or k out of range, a damaged data set, images of another shape or not finite, no Inception.
    """
    started = time.monotonic()
    net = net_of(data)
    if variety_count is not None and not 2 <= variety_count <= count:
        problem = f"variety cannot be measured on {variety_count:,} of {count:,} images"
        raise UserError(problem, f"Ask for 2 to {count:,}, or for more images in all.")
    real = real_images(data, count, data_path)
    count = len(real.test)
    few = min(variety_count or COUNT, count)
    fewest = min(few, *map(len, real.floor_pair))
    k = min(K, fewest - 1) if k is None else k
    check_k(k, fewest)
    own_net, inception = feature_cnn(net), _inception(features)

    def describe_set(what: str, images: Images) -> _Described:
        return _described(images, own_net, inception, few, lambda done: progress(what, done, len(images)))

    generated = describe_set("generated images", _drawn(sample, count, seed, data, "the model"))
    test = describe_set("test images", real.test)
    floor, floor_test = (test if images is real.test else describe_set("floor", images) for images in real.floor_pair)
    names = DATA[data].class_names
    classes = generated.classes
    if names and classes is None:
        classes = describe(generated.images, own_net)[1]
    histogram = class_histogram(classes, names) if names and classes is not None else {}
    twins = None if twin is None else describe_set("float twin", _drawn(twin, count, seed, data, "the float twin"))
    reference, floor_reference = _references(real, test, floor_test, data, data_path, k, progress)

    def judged(seed: int, drawn: _Described) -> ChipQuality:
        variety = reference.measure(*drawn.for_variety)
        four = variety.precision, variety.recall, variety.density, variety.coverage
        return ChipQuality(seed, frechet_distance(test.features, drawn.features), *four)

    chips = [judged(chip_seed, generated)] if other_chips else []
    for chip, other in (other_chips or {}).items():
        drawn = _drawn(other, count, seed, data, f"chip {chip} of the model")
        chips.append(judged(chip, describe_set(f"images of chip {chip}", drawn)))
    return Quality(
        metric=METRIC_NAMES[features].format(net=net, count=count),
        value=frechet_distance(test.features, generated.features),
        floor=frechet_distance(floor.features, floor_test.features),
        float_twin=None if twins is None else frechet_distance(test.features, twins.features),
        kernel_distance=kernel_distance(test.features, generated.features, seed=seed),
        class_histogram=histogram,
        missing_classes=missing_classes(histogram),
        variety=reference.measure(*generated.for_variety),
        variety_floor=floor_reference.floor(*(part[: len(floor_reference.images)] for part in floor.for_variety)),
        variety_float_twin=None if twins is None else reference.measure(*twins.for_variety),
        protocol=f"{count:,} generated images, 8 bit, against {real.about_test}; floor: {real.about_floor}",
        seconds=time.monotonic() - started,
        obtained={
            "data": real.source,
            "seed": seed,
            "spingan": version("spingan"),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
        },
        chips=tuple(chips),
    )


def _described(
    images: Images, net: FeatureCnn, inception: nn.Module | None, few: int, advance: Callable[[int], None]
) -> _Described:
    if inception is None:
        found, classes = describe(images, net, advance)
        return _Described(images, found, found[:few], classes)
    from spingan.evaluation.inception import inception_features

    return _Described(images, inception_features(images, inception, advance), describe(images[:few], net)[0], None)


def _inception(features: FeatureSpace) -> nn.Module | None:
    """The network of the standard distance, where that is asked for."""
    if features not in METRIC_NAMES:
        raise UserError(f"unknown features {features!r}", f"Known: {', '.join(METRIC_NAMES)}.")
    if features == "cnn":
        return None
    from spingan.evaluation.inception import network

    return network()


def _references(
    real: RealImages,
    test: _Described,
    floor_test: _Described,
    data: str,
    data_path: str | Path | None,
    k: int,
    progress: Progress,
) -> tuple[VarietyReference, VarietyReference]:
    """What the generated images' variety is compared with, and the floor's: one and the same but for the sample."""
    net = net_of(data)
    images = DATA[data].training_images(data_path)
    training, missing = None, ""
    if images is None:
        missing = f"the training images are not on this machine; get them with: spingan data fetch {data}"
    else:
        training = known_features(images, net, lambda done: progress("training images", done, len(images)))

    def reference(described: _Described) -> VarietyReference:
        return variety_reference(*described.for_variety, training, k=k, space=net, not_measured=missing)

    own = reference(test)
    return own, own if floor_test is test else reference(floor_test)


def _drawn(sample: Sampler, count: int, seed: int, data: str, who: str) -> Images:
    """What a generator draws, as real images are: 8 bit; what lies outside -1..1 is clipped."""
    images = sample(count, seed)
    known = DATA[data]
    expected = (count, known.channels, known.size, known.size)
    if tuple(images.shape) != expected:
        problem = f"{who} gives images of shape {tuple(images.shape)}, and {expected} are compared with {data}"
        raise UserError(problem, "Name a model that draws such images, or the data that it was trained on.")
    return image_bytes(images, who)
