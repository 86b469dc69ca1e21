"""How good generated images are: a distance, its floor, the float twin's, and the missing classes."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from spingan.data.fashion_mnist import FASHION_MNIST
from spingan.errors import UserError
from spingan.evaluation.features import FEATURE_NETS, Images, describe, feature_cnn
from spingan.evaluation.frechet import class_histogram, frechet_distance, kernel_distance, missing_classes
from spingan.evaluation.real_images import check_known, class_names, image_bytes, image_shape, real_images

Sampler = Callable[[int, int], Tensor]  # count, seed -> images in [-1, 1]
Progress = Callable[[str, int, int], None]  # what is being done, images done, images in all
FeatureSpace = Literal["cnn", "inception"]

_Described = tuple[Float[np.ndarray, "n features"], NDArray[np.int64] | None]  # and classes, if the network tells them

METRIC_NAMES: dict[FeatureSpace, str] = {"cnn": "FD({net}, {count})", "inception": "FID(inception-v3, {count})"}


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
        protocol: What was compared with what, in words.
        seconds: Wall time.
        obtained: Data source, seed, versions and threads.
    """

    metric: str
    value: float
    floor: float
    float_twin: float | None
    kernel_distance: float
    class_histogram: dict[str, float]
    missing_classes: tuple[str, ...]
    protocol: str
    seconds: float
    obtained: dict[str, str | int]

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def evaluate(
    sample: Sampler,
    *,
    count: int = 10_000,
    seed: int = 0,
    data: str = FASHION_MNIST.name,
    data_path: str | Path | None = None,
    twin: Sampler | None = None,
    features: FeatureSpace = "cnn",
    progress: Progress = lambda what, done, total: None,
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
        features: "cnn" for the set's own network, "inception" for standard FID by paper S's protocol (extra `fid`).
        progress: Told (what, images done, images in all) as the work goes on.

    Raises:
        UserError: A count out of range, a damaged data set, images of another shape or not finite, no Inception.
    """
    started = time.monotonic()
    check_known(data, "the model")
    net = FEATURE_NETS[data]
    real = real_images(data, count, data_path)
    count = len(real.test)
    describe_images = _describer(features, net)

    def describe_set(what: str, images: Images) -> _Described:
        return describe_images(images, _Counter(partial(progress, what), len(images)))

    generated = _drawn(sample, count, seed, data, "the model")
    test_features = describe_set("test images", real.test)[0]
    generated_features, classes = describe_set("generated images", generated)
    floor_features = [
        test_features if images is real.test else describe_set("floor", images)[0] for images in real.floor_pair
    ]
    names = class_names(data)
    if names and classes is None:
        classes = describe(generated, feature_cnn(net))[1]
    histogram = class_histogram(classes, names) if names and classes is not None else {}
    twin_value = None
    if twin is not None:
        twin_images = _drawn(twin, count, seed, data, "the float twin")
        twin_value = frechet_distance(test_features, describe_set("float twin", twin_images)[0])
    return Quality(
        metric=METRIC_NAMES[features].format(net=net, count=count),
        value=frechet_distance(test_features, generated_features),
        floor=frechet_distance(*floor_features),
        float_twin=twin_value,
        kernel_distance=kernel_distance(test_features, generated_features, seed=seed),
        class_histogram=histogram,
        missing_classes=missing_classes(histogram),
        protocol=f"{count:,} generated images, 8 bit, against {real.about_test}; floor: {real.about_floor}",
        seconds=time.monotonic() - started,
        obtained={
            "data": real.source,
            "seed": seed,
            "spingan": version("spingan"),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
        },
    )


class _Counter:
    """Turns batch sizes into the count of images done so far."""

    def __init__(self, report: Callable[[int, int], None], total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def __call__(self, images: int) -> None:
        self._done += images
        self._report(self._done, self._total)


def _describer(features: FeatureSpace, name: str) -> Callable[[Images, Callable[[int], None]], _Described]:
    if features == "cnn":
        net = feature_cnn(name)
        return lambda images, advance: describe(images, net, advance)
    if features == "inception":
        from spingan.evaluation.inception import inception_features, network

        inception = network()
        return lambda images, advance: (inception_features(images, inception, advance), None)
    raise UserError(f"unknown features {features!r}", f"Known: {', '.join(METRIC_NAMES)}.")


def _drawn(sample: Sampler, count: int, seed: int, data: str, who: str) -> Images:
    """What a generator draws, as real images are: 8 bit; what lies outside -1..1 is clipped."""
    images = sample(count, seed)
    expected = (count, *image_shape(data))
    if tuple(images.shape) != expected:
        problem = f"{who} gives images of shape {tuple(images.shape)}, and {expected} are compared with {data}"
        raise UserError(problem, "Name a model that draws such images, or the data that it was trained on.")
    return image_bytes(images, who)
