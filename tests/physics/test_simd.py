"""Eight numbers at a time against numpy."""

import numpy as np
from numba import njit

from spingan.physics.simd import lane, larger, load, root, splat, store, transpose


@njit
def arithmetic(a, b, factor):
    for at in range(0, len(a), 8):
        x, y = load(a, at), load(b, at)
        store(a, at, (x * y + factor * x - y / 2.0) / splat(3.0))


@njit
def largest_root(a):
    best = splat(0.0)
    for at in range(0, len(a), 8):
        best = larger(best, root(load(a, at)))
    return np.array([lane(best, index) for index in range(8)])


@njit
def columns(a):
    result = np.zeros(200)
    transpose(a, 1, 9, result, 2, 11)
    return result


def test_sums_products_and_quotients_are_those_of_each_number():
    a, b = np.arange(16.0), np.linspace(1, 2, 16)
    expected = (a * b + 1.5 * a - b / 2) / 3
    arithmetic(a, b, 1.5)
    assert np.allclose(a, expected, rtol=1e-15, atol=1e-15)


def test_the_larger_of_two_keeps_what_is_not_a_number():
    a = np.arange(24.0) ** 2
    a[3] = np.nan
    assert np.array_equal(largest_root(a), [16, 17, 18, np.nan, 20, 21, 22, 23], equal_nan=True)


def test_transpose_turns_rows_into_columns():
    a = np.arange(100.0)
    result = columns(a)
    for row in range(8):
        for column in range(8):
            assert result[2 + 11 * column + row] == a[1 + 9 * row + column]
