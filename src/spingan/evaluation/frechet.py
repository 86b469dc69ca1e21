"""Distances between two sets of feature vectors, and what a set of classes lacks. The formulae are torchmetrics'."""

import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

SUBSETS = 100  # Binkowski et al., arXiv 1801.01401, section 4; torchmetrics' default
SUBSET_SIZE = 1000  # the same
MISSING_SHARE = 0.1  # assumed: a class with under a tenth of an even share counts as a missing mode


class _Given(nn.Module):
    """Passes features through, so that torchmetrics' metric takes vectors in place of images."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


def frechet_distance(a: Float[ndarray, "n features"], b: Float[ndarray, "m features"]) -> float:
    """|μa - μb|² + tr(Σa + Σb - 2 (Σa Σb)^½), of the Gaussians with the means and covariances of the two sets.

    Biased upwards for small sets, about as 1/n: only values at the same n compare (Chong and Forsyth,
    arXiv 1911.07023).
    Source: Dowson and Landau, J. Multivariate Anal. 12, 450 (1982); Heusel et al., arXiv 1706.08500.

    Raises:
        ValueError: Fewer than two vectors in a set, another length of vector, or a value that is not finite.
    """
    real, generated = _pair(a, b)
    metric = FrechetInceptionDistance(feature=_Given(real.shape[1]))
    metric.update(real, real=True)
    metric.update(generated, real=False)
    return max(0.0, float(metric.compute()))  # never negative but for rounding


def kernel_distance(
    a: Float[ndarray, "n features"],
    b: Float[ndarray, "m features"],
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
    seed: int = 0,
) -> float:
    """The squared maximum mean discrepancy under the kernel (x·y / features + 1)³, averaged over random subsets.

    Unbiased: for two sets of one distribution it scatters around 0 and may be slightly negative. Subsets of
    `subset_size`, or of the smaller set if that has fewer, are drawn without replacement by `seed`.
    Source: Binkowski et al., arXiv 1801.01401.

    Raises:
        ValueError: As for `frechet_distance`.
    """
    real, generated = _pair(a, b)
    size = min(subset_size, len(real), len(generated))
    generator = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(subsets):
        chosen_real = torch.randperm(len(real), generator=generator)[:size]
        chosen_generated = torch.randperm(len(generated), generator=generator)[:size]
        total += float(poly_mmd(real[chosen_real], generated[chosen_generated]))
    return total / subsets


def class_histogram(classes: Int[ndarray, " n"], names: tuple[str, ...]) -> dict[str, float]:
    """The share of each class, in the order of `names`; the shares add up to 1."""
    counts = torch.bincount(torch.as_tensor(classes), minlength=len(names))
    return {name: int(count) / len(classes) for name, count in zip(names, counts, strict=True)}


def missing_classes(histogram: dict[str, float]) -> tuple[str, ...]:
    """The classes whose share is under a tenth of an even share: modes that a generator has lost."""
    return tuple(name for name, share in histogram.items() if share < MISSING_SHARE / len(histogram))


def _pair(a: ndarray, b: ndarray) -> tuple[Tensor, Tensor]:
    first, second = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"feature sets of shapes {tuple(first.shape)} and {tuple(second.shape)} do not compare")
    if min(len(first), len(second)) < 2:
        raise ValueError("a distance needs at least two vectors in each set")
    if not (first.isfinite().all() and second.isfinite().all()):
        raise ValueError("a feature is not finite")
    return first, second
