"""Nearest neighbours by brute force, exact and in little memory: among features, and among 8-bit images.

10,000 x 10,000 distances of 64 features take about 1.5 s on one processor, of 12,288 pixels 2 to 3 s; no matrix of all
distances is ever kept.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int, Int8, UInt8

from spingan.compiled import is_compiled, njit
from spingan.nn.kernels.base import in_pieces

Features = Float[np.ndarray, "n features"]

_BLOCK = 128  # rows of distances at once: 61 MB against 60,000 in float64
_ROUGH_BLOCK, _TILE = 512, 4_096  # rough distances at once: 8 MB, which stay in a processor's cache
_IMAGE_BLOCK = 1_000  # images a side of a block: 4 MB of squared distances
_EXACT_TERMS = 1_024  # products of two 8-bit values whose sum float32 holds exactly: 1,024 · 128² = 2^24
_INT32_TERMS = 2**31 // (4 * 128**2) - 1  # pixels whose two squares and doubled product int32 holds
_Found = TypeVar("_Found")


@cache
def _distance_kernels() -> tuple[Any, Any]:
    @njit(nogil=True, fastmath={"reassoc", "contract"}, error_model="numpy")
    def squared(a, b, out):
        for first in range(0, b.shape[0], 64):  # 64 rows of b stay in the nearest cache
            for i in range(a.shape[0]):
                for j in range(first, min(first + 64, b.shape[0])):
                    total = 0.0
                    for c in range(a.shape[1]):
                        difference = a[i, c] - b[j, c]
                        total += difference * difference
                    out[i, j] = total

    @njit(nogil=True, error_model="numpy")
    def nearest(a, b, rough, least, limit, out):  # of those whose rough distance is within the limit
        for i in range(a.shape[0]):
            if least[i] > limit[i]:  # none of this block; out keeps the least of the others
                continue
            for j in range(b.shape[0]):
                if rough[i, j] <= limit[i]:
                    total = 0.0
                    for c in range(a.shape[1]):
                        total += (a[i, c] - b[j, c]) ** 2
                    out[i] = min(out[i], total)

    return squared, nearest


def squared_distances(a: Features, b: Float[np.ndarray, "m features"]) -> Float[np.ndarray, "n m"]:
    """Squared Euclidean distances in float64, from differences: equal pairs have equal distances, in either order."""
    out = np.zeros((len(a), len(b)))
    if is_compiled():
        _distance_kernels()[0](a, b, out)
        return out
    for of_a, of_b in zip(a.T, b.T, strict=True):  # one feature of all pairs at a time
        difference = np.subtract.outer(of_a, of_b)
        out += np.square(difference, out=difference)
    return out


def _keep_nearest(a: Features, b: Features, rough: Any, least: Any, limit: Any, out: Any) -> None:
    """As the kernel `nearest`."""
    for i in np.flatnonzero(least <= limit):
        near = b[rough[i] <= limit[i]]
        out[i] = min(out[i], np.square(a[i] - near).sum(1).min(initial=np.inf))


def rows_of(count: int, work: Callable[[int, int], _Found]) -> Iterator[_Found]:
    """`work(start, stop)` of every block of rows, in order, on as many threads as PyTorch uses."""

    def of_piece(start: int, stop: int) -> list[_Found]:
        return [work(first, min(first + _BLOCK, stop)) for first in range(start, stop, _BLOCK)]

    for piece in in_pieces(count, count, of_piece):
        yield from piece


def neighbour_radii(features: Features, k: int) -> Float[np.ndarray, " n"]:
    """The squared distance of each vector to its k-th nearest other, 1 <= k < n."""

    def of_block(start: int, stop: int) -> Float[np.ndarray, " rows"]:
        squared = squared_distances(features[start:stop], features)
        squared[np.arange(stop - start), np.arange(start, stop)] = np.inf
        return np.partition(squared, k - 1, axis=1)[:, k - 1].copy()  # a view would keep the whole block

    return np.concatenate([*rows_of(len(features), of_block)])


def nearest_distances(features: Features, among: Float[np.ndarray, "m features"]) -> Float[np.ndarray, " n"]:
    """The distance of each vector to the nearest of `among`.

    float32 finds the candidates: all whose distance lies within its rounding of the smallest. float64 decides.
    """
    middle = among.mean(0)
    unit = max(np.abs(values - middle).max() for values in (features, among)) or 1.0  # keeps float32 in its range
    rough_features, rough_among = (((values - middle) / unit).astype(np.float32) for values in (features, among))
    squares = np.einsum("ij,ij->i", rough_among, rough_among)
    slack = np.float32((among.shape[1] + 8) * 2.0**-22)  # a bound of float32's error: sums of so many terms, with room
    errors = slack * (np.einsum("ij,ij->i", rough_features, rough_features) + squares.max())
    left = np.column_stack([-2 * rough_features, np.ones(len(features), np.float32)])
    right = np.column_stack([rough_among, squares]).T  # left @ right: squared distances but for the vector's own square
    nearest = np.full(len(features), np.inf)
    keep_nearest = _distance_kernels()[1] if is_compiled() else _keep_nearest
    for start in range(0, len(features), _ROUGH_BLOCK):
        rows = slice(start, start + _ROUGH_BLOCK)
        least = np.full(len(left[rows]), np.inf, np.float32)
        for first in range(0, len(among), _TILE):
            columns = slice(first, first + _TILE)
            rough = left[rows] @ right[:, columns]
            here = rough.min(1)
            least = np.minimum(least, here)
            keep_nearest(features[rows], among[columns], rough, here, least + errors[rows], nearest[rows])
    return np.sqrt(nearest)


def nearest_pixel_distances(images: UInt8[np.ndarray, "n size size *channels"]) -> Float[np.ndarray, " n"]:
    """The distance of each of at least two images to the nearest other: root of the summed squared differences.

    The squared distances are whole numbers and come out exact.
    """
    count = len(images)
    signed = (images.reshape(count, -1) ^ np.uint8(128)).view(np.int8)  # the value minus 128
    whole = np.int32 if signed.shape[1] <= _INT32_TERMS else np.int64
    most = np.iinfo(whole).max
    starts = range(0, count, _IMAGE_BLOCK)
    parts = (signed[start : start + _IMAGE_BLOCK] for start in starts)
    squares = np.concatenate([np.square(part, dtype=np.int32).sum(1, dtype=np.int64) for part in parts]).astype(whole)
    nearest = np.full(count, most, whole)
    for number, start in enumerate(starts):
        rows = slice(start, min(start + _IMAGE_BLOCK, count))
        for other in starts[number:]:
            columns = slice(other, min(other + _IMAGE_BLOCK, count))
            squared = _products(signed[rows], signed[columns]).astype(whole, copy=False)
            squared *= -2
            squared += squares[rows, None]
            squared += squares[columns]
            if other == start:
                np.fill_diagonal(squared, most)
            nearest[rows] = np.minimum(nearest[rows], squared.min(1))
            nearest[columns] = np.minimum(nearest[columns], squared.min(0))
    return np.sqrt(nearest.astype(np.float64))


def _products(a: Int8[np.ndarray, "n pixels"], b: Int8[np.ndarray, "m pixels"]) -> Int[np.ndarray, "n m"]:
    """The exact products of all rows."""
    whole = 1 < a.shape[1] <= _INT32_TERMS and _whole_is_faster()  # PyTorch's product of single columns is wrong
    return _whole_products(a, b) if whole else _float_products(a, b)


def _whole_products(a: Int8[np.ndarray, "n pixels"], b: Int8[np.ndarray, "m pixels"]) -> Int[np.ndarray, "n m"]:
    product: Any = vars(torch)["_int_mm"]
    return product(torch.from_numpy(a), torch.from_numpy(b).T).numpy()


def _float_products(a: Int8[np.ndarray, "n pixels"], b: Int8[np.ndarray, "m pixels"]) -> Int[np.ndarray, "n m"]:
    total = np.zeros((len(a), len(b)), np.int64)
    for start in range(0, a.shape[1], _EXACT_TERMS):
        part = slice(start, start + _EXACT_TERMS)
        total += (a[:, part].astype(np.float32) @ b[:, part].T.astype(np.float32)).astype(np.int64)
    return total


@cache
def _whole_is_faster() -> bool:
    """Whether PyTorch's 8-bit product is right on this machine, and faster than float32's.

    It is both where the processor has instructions for it (VNNI, AMX), three to five times as fast; others may
    saturate, or be slow.
    """
    random = np.random.default_rng(0)
    edge = np.full((64, _EXACT_TERMS), -128, np.int8)  # the products that saturate first
    a, b = (random.integers(-128, 128, (256, 4 * _EXACT_TERMS), np.int8) for _ in range(2))
    try:
        if not all((_whole_products(x, y) == _float_products(x, y)).all() for x, y in ((a, b), (edge, edge))):
            return False
    except (KeyError, RuntimeError):  # another PyTorch: the function is not a promise of its interface
        return False
    seconds = []
    for exact in (_whole_products, _float_products):
        begun = time.perf_counter()
        exact(a, b)
        seconds.append(time.perf_counter() - begun)
    return seconds[0] < seconds[1]
