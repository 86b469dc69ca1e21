"""How varied generated images are: what a small Fréchet distance does not tell.

A generator that draws few good pictures again and again, or the training images themselves, can have a small distance.
Six numbers show it: precision and recall [1], density and coverage [2], the distance to the nearest other image, and
the share of copies of training images. All but the pixel distance are measured in a space of features.

Every number depends on how many images there are: only values at the same number and the same k compare.

[1] Kynkäänniemi et al., arXiv 1904.06991.  [2] Naeem et al., arXiv 2002.09797.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from spingan.errors import UserError
from spingan.evaluation.neighbours import (
    nearest_distances,
    nearest_pixel_distances,
    neighbour_radii,
    rows_of,
    squared_distances,
)

Features = Float[np.ndarray, "n features"]
Images = UInt8[np.ndarray, "n size size *channels"]

K = 5  # Naeem et al., section 5: nearest neighbours of density and coverage; used for precision and recall, too
COUNT = 2_000  # images on each side by default: as many as the shipped test sample has
HELD_OUT_SHARE = 0.01  # assumed: of the test images, those nearest to the training images set the limit of a copy
METRIC_NAME = "variety({space}, {count}, k={k})"


@dataclass(frozen=True)
class Variety:
    """How varied a set of images is, compared with as many test images.

    Attributes:
        precision: Share of the drawn images that lie among real ones (within the radius of one): are they good?
        recall: Share of the real images that lie among drawn ones: is everything drawn?
        density: How many real neighbourhoods hold a drawn image, over k; 1 where both sets have one distribution.
        coverage: Share of the real images with a drawn image in their neighbourhood.
        nearest_neighbour_ratio: Median distance from a drawn image to the nearest other drawn one, over the same among
            the test images: 1 is as varied as they are, 0 draws one picture. None where the latter is 0.
        copies: Share of the drawn images nearer to a training image than 99 % of the test images are: real images reach
            about 0.01, a generator that copies 1. None is "not measured": `not_measured` says why.
        metric: Name of the measures, with the number of images on each side and k.
        count: Images on each side.
        k: Which nearest neighbour sets an image's radius.
        nearest_distance: The median distance of the drawn images: root of the summed squared differences of 8-bit
            pixels.
        nearest_distance_real: The same among the test images.
        training_images: How many training images `copies` compares with; 0 where it is not measured.
        not_measured: Why `copies` is None and what to do to have it; else empty.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    nearest_neighbour_ratio: float | None
    copies: float | None
    metric: str
    count: int
    k: int
    nearest_distance: float
    nearest_distance_real: float
    training_images: int
    not_measured: str

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


class Manifolds(NamedTuple):
    """The four measures of two sets of features: see `Variety`."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifolds(real: Features, drawn: Features, k: int = K) -> Manifolds:
    """Precision, recall, density and coverage of `drawn`; the sets may have different numbers of vectors.

    The neighbourhood of a vector reaches to its k-th nearest other vector of the same set, the edge included; density
    alone leaves the edge out, as [2]'s own program does, so that a set has density 1 against itself. All distances are
    Euclidean, in float64, and equal pairs have equal distances.

    Raises:
        UserError: k is out of range, the sets do not compare, or a value is not finite.
    """
    real, drawn = _pair(real, drawn)
    check_k(k, min(len(real), len(drawn)))
    return _manifolds(real, neighbour_radii(real, k), drawn, neighbour_radii(drawn, k), k)


@dataclass(frozen=True, eq=False)
class VarietyReference:
    """Test images as a yardstick, measured once; made by `variety_reference`.

    Attributes:
        features: Of the test images, (n, features).
        radii: Squared distance of each to its k-th nearest other.
        nearest_distance: Median distance of a test image to the nearest other, in pixels' 8-bit values.
        training: Features of the training images; None where they are not here.
        training_distances: Of each test image, the distance to its nearest training image.
        not_measured: Why there are no training images, and what to do.
    """

    space: str
    k: int
    features: Features
    images: Images
    radii: Float[np.ndarray, " n"]
    nearest_distance: float
    training: Features | None
    training_distances: Float[np.ndarray, " n"] | None
    not_measured: str

    def measure(self, features: Features, images: Images) -> Variety:
        """The variety of as many images, given with their features.

        Raises:
            UserError: Another number or shape of images or features, or a value that is not finite.
        """
        drawn = self._checked(features, images)
        if self.training is None or self.training_distances is None:
            return self._measured(drawn, images, None)
        near = nearest_distances(drawn, self.training) <= _copy_limit(self.training_distances)
        return self._measured(drawn, images, float(near.mean()))

    def floor(self, features: Features, images: Images) -> Variety:
        """The variety of real images that are not the test images: what a perfect generator would reach.

        They may be training images, which are copies of themselves. So `copies` comes from the test images alone: each
        half against the limit that the other half sets, averaged.

        Raises:
            UserError: As `measure`.
        """
        distances = self.training_distances
        share = None if distances is None else held_out_copies(distances)
        return self._measured(self._checked(features, images), images, share)

    def _checked(self, features: Features, images: Images) -> Features:
        _, drawn = _pair(self.features, features)
        _check_images(self.images, images)
        _check_one_each(drawn, images)
        return drawn

    def _measured(self, drawn: Features, images: Images, share: float | None) -> Variety:
        found = _manifolds(self.features, self.radii, drawn, neighbour_radii(drawn, self.k), self.k)
        nearest = float(np.median(nearest_pixel_distances(images)))
        return Variety(
            **found._asdict(),
            nearest_neighbour_ratio=_ratio(nearest, self.nearest_distance),
            copies=share,
            metric=METRIC_NAME.format(space=self.space, count=len(drawn), k=self.k),
            count=len(drawn),
            k=self.k,
            nearest_distance=nearest,
            nearest_distance_real=self.nearest_distance,
            training_images=0 if self.training is None else len(self.training),
            not_measured=self.not_measured,
        )


def variety_reference(
    features: Features,
    images: Images,
    training: Features | None = None,
    *,
    k: int = K,
    space: str = "features",
    not_measured: str = "no training images were given",
) -> VarietyReference:
    """Measure the test images once, so that many sets of images can be compared with them.

    Args:
        features: Of the test images.
        images: The test images, 8 bit.
        training: Features of all training images; None leaves `copies` out.
        k: Which nearest neighbour sets a radius.
        space: Name of the network that gave the features.
        not_measured: Where `training` is None: why, and what to do.

    Raises:
        UserError: k is out of range, sets that do not compare, or a value that is not finite.
    """
    features, _ = _pair(features, features)
    _check_images(images, images)
    _check_one_each(features, images)
    check_k(k, len(features))
    nearest = float(np.median(nearest_pixel_distances(images)))
    distances = None
    if training is not None:
        features, training = _pair(features, training)
        distances = nearest_distances(features, training)
    reason = "" if training is not None else not_measured
    radii = neighbour_radii(features, k)
    return VarietyReference(space, k, features, images, radii, nearest, training, distances, reason)


def held_out_copies(distances: Float[np.ndarray, " n"]) -> float:
    """`copies` of held-out real images, from their distances to the training images: each half judged by the other."""
    first, second = distances[::2], distances[1::2]
    shares = ((a <= _copy_limit(b)).mean() for a, b in ((first, second), (second, first)))
    return float(sum(shares) / 2)


def check_k(k: int, count: int) -> None:
    """Make sure that each of `count` images has a k-th nearest other.

    Raises:
        UserError: It has not.
    """
    if count < 2:
        raise UserError(f"{count} images have no variety to measure", "Give at least two on each side.")
    if not 1 <= k < count:
        problem = f"k is {k}, and {count:,} images have 1 to {count - 1:,} nearest neighbours"
        raise UserError(problem, f"Give k from 1 to {count - 1:,}, or more images.")


def _manifolds(
    real: Features,
    real_radii: Float[np.ndarray, " n"],
    drawn: Features,
    drawn_radii: Float[np.ndarray, " m"],
    k: int,
) -> Manifolds:
    """The measures from squared radii."""

    def of_block(start: int, stop: int) -> tuple[int, int, int, Any]:
        squared = squared_distances(real[start:stop], drawn)
        radii = real_radii[start:stop, None]
        inside = squared <= radii
        recalled = int((squared <= drawn_radii).any(1).sum())
        return recalled, int(inside.any(1).sum()), int(np.count_nonzero(squared < radii)), inside.any(0)

    recalled, covered, neighbours, precise = zip(*rows_of(len(real), of_block), strict=True)
    return Manifolds(
        precision=float(np.any(precise, 0).mean()),
        recall=sum(recalled) / len(real),
        density=sum(neighbours) / (k * len(drawn)),
        coverage=sum(covered) / len(real),
    )


def _copy_limit(held_out: Float[np.ndarray, " n"]) -> float:
    return float(np.quantile(held_out, HELD_OUT_SHARE))


def _ratio(drawn: float, real: float) -> float | None:
    if real == 0:
        return 1.0 if drawn == 0 else None
    return drawn / real


def _pair(a: Features, b: Features) -> tuple[Features, Features]:
    first, second = (np.ascontiguousarray(values, np.float64) for values in (a, b))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or not first.shape[1]:
        problem = f"features of shapes {first.shape} and {second.shape} do not compare"
        raise UserError(problem, "Give (images, features) on both sides, from one network.")
    if not min(len(first), len(second)):
        raise UserError("there are no features to compare", "Give at least one vector on each side.")
    for values in (first, second):
        if not np.isfinite(np.einsum("ij,ij->i", values, values)).all():
            raise UserError("a feature is not finite", "Look for images with NaN, or for a damaged network.")
    return first, second


def _check_one_each(features: Features, images: Images) -> None:
    if len(images) != len(features):
        raise UserError(f"{len(images):,} images have {len(features):,} feature vectors", "Give one for each image.")


def _check_images(real: Images, drawn: Images) -> None:
    if real.shape != drawn.shape or real.ndim not in (3, 4):
        problem = f"images of shapes {real.shape} and {drawn.shape} do not compare"
        raise UserError(problem, "Give as many images of one size on both sides, (n, size, size) with channels last.")
    if len(real) < 2:
        raise UserError(f"{len(real)} images have no nearest other", "Give at least two on each side.")
    if real.dtype != np.uint8 or drawn.dtype != np.uint8:
        raise UserError(f"pixels are {real.dtype} and {drawn.dtype}, not 8 bit", "Round them: values 0 to 255, uint8.")
