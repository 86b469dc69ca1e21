"""Nearest neighbours by brute force, exact and in little memory: among features, and among 8-bit images.

10,000 x 10,000 distances of 64 features take about a second on two processors, of 12,288 pixels about three; no matrix
of all distances is ever kept.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int, Int8, UInt8
from numba import njit

from spingan.nn.kernels import in_pieces

Features = Float[np.ndarray, "n features"]

_BLOCK = 128  # rows of distances at once: 61 MB against 60,000 in float64
_IMAGE_BLOCK = 1_000  # images a side of a block: 8 MB of squared distances
_EXACT_TERMS = 1_024  # products of two 8-bit values whose sum float32 holds exactly: 1,024 · 128² = 2^24
_INT32_TERMS = 2**31 // 128**2 - 1  # the same of int32
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
    def nearest(a, b, rough, limit, out):  # of those whose rough distance is within the limit
        for i in range(a.shape[0]):
            least = np.inf
            for j in range(b.shape[0]):
                if rough[i, j] <= limit[i]:
                    total = 0.0
                    for c in range(a.shape[1]):
                        total += (a[i, c] - b[j, c]) ** 2
                    least = min(least, total)
            out[i] = least

    return squared, nearest


def squared_distances(a: Features, b: Float[np.ndarray, "m features"]) -> Float[np.ndarray, "n m"]:
    """Squared Euclidean distances in float64, from differences: equal pairs have equal distances, in either order."""
    out = np.empty((len(a), len(b)))
    _distance_kernels()[0](a, b, out)
    return out


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
    rough_among = ((among - middle) / unit).astype(np.float32)
    squares = np.einsum("ij,ij->i", rough_among, rough_among)
    slack = (among.shape[1] + 8) * 2.0**-22  # a bound of float32's error: dot products of so many terms, with room
    out = np.empty(len(features))
    for start in range(0, len(features), _BLOCK):
        block = features[start : start + _BLOCK]
        rough_block = ((block - middle) / unit).astype(np.float32)
        rough = (-2 * rough_block) @ rough_among.T
        rough += squares
        size = np.einsum("ij,ij->i", rough_block, rough_block) + squares.max()
        limit = rough.min(1) + np.float32(slack) * size
        _distance_kernels()[1](block, among, rough, limit, out[start : start + _BLOCK])
    return np.sqrt(out)


def nearest_pixel_distances(images: UInt8[np.ndarray, "n size size *channels"]) -> Float[np.ndarray, " n"]:
    """The distance of each of at least two images to the nearest other: root of the summed squared differences.

    The squared distances are whole numbers and come out exact.
    """
    count = len(images)
    signed = (images.reshape(count, -1) ^ np.uint8(128)).view(np.int8)  # the value minus 128
    starts = range(0, count, _IMAGE_BLOCK)
    squares = np.concatenate([_own_products(signed[start : start + _IMAGE_BLOCK]) for start in starts])
    nearest = np.full(count, np.iinfo(np.int64).max)
    for number, start in enumerate(starts):
        rows = slice(start, min(start + _IMAGE_BLOCK, count))
        for other in starts[number:]:
            columns = slice(other, min(other + _IMAGE_BLOCK, count))
            squared = squares[rows, None] + squares[columns] - 2 * _products(signed[rows], signed[columns])
            if other == start:
                np.fill_diagonal(squared, np.iinfo(np.int64).max)
            nearest[rows] = np.minimum(nearest[rows], squared.min(1))
            nearest[columns] = np.minimum(nearest[columns], squared.min(0))
    return np.sqrt(nearest)


def _own_products(values: Int8[np.ndarray, "n pixels"]) -> Int[np.ndarray, " n"]:
    return np.square(values, dtype=np.int32).sum(1, dtype=np.int64)


def _products(a: Int8[np.ndarray, "n pixels"], b: Int8[np.ndarray, "m pixels"]) -> Int[np.ndarray, "n m"]:
    """The exact products of all rows."""
    exact = _whole_products if a.shape[1] <= _INT32_TERMS and _whole_is_faster() else _float_products
    return exact(a, b)


def _whole_products(a: Int8[np.ndarray, "n pixels"], b: Int8[np.ndarray, "m pixels"]) -> Int[np.ndarray, "n m"]:
    product: Any = vars(torch)["_int_mm"]
    return product(torch.from_numpy(a), torch.from_numpy(b).T).numpy().astype(np.int64)


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
