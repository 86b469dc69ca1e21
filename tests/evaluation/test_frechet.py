"""The distances agree with their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from spingan.evaluation.frechet import class_histogram, frechet_distance, kernel_distance, missing_classes


def gaussian(random, count, mean, root):
    """`count` vectors whose sample mean is exactly `mean` and whose sample covariance is exactly root rootᵀ."""
    vectors = random.standard_normal((count, len(mean)))
    vectors -= vectors.mean(0)
    white = vectors @ np.linalg.inv(np.linalg.cholesky(np.cov(vectors.T))).T
    return white @ root.T + mean


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 30), st.floats(0.01, 30))
def test_the_distance_of_scaled_gaussians_is_the_closed_form(seed, scale_a, scale_b):
    random = np.random.default_rng(seed)
    size = int(random.integers(2, 8))
    mean_a, mean_b = random.standard_normal((2, size))
    rotation = np.linalg.qr(random.standard_normal((size, size)))[0]
    a = gaussian(random, 50, mean_a, scale_a * rotation)
    b = gaussian(random, 50, mean_b, scale_b * np.eye(size))
    expected = ((mean_a - mean_b) ** 2).sum() + size * (scale_a - scale_b) ** 2
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_the_distance_of_any_gaussians_is_the_formula_with_a_matrix_square_root():
    random = np.random.default_rng(3)
    root_a, root_b = random.standard_normal((2, 5, 5))
    mean_a, mean_b = random.standard_normal((2, 5))
    cross = sqrtm(root_a @ root_a.T @ root_b @ root_b.T).real
    expected = ((mean_a - mean_b) ** 2).sum() + np.trace(root_a @ root_a.T + root_b @ root_b.T - 2 * cross)
    found = frechet_distance(gaussian(random, 40, mean_a, root_a), gaussian(random, 60, mean_b, root_b))
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_frechet_distance_is_symmetric_and_zero_from_a_set_to_itself():
    random = np.random.default_rng(4)
    a, b = random.standard_normal((100, 6)), random.standard_normal((80, 6)) + 1
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert 0 <= frechet_distance(a, a) < 1e-6


def test_the_kernel_distance_is_the_unbiased_discrepancy_of_the_cubic_kernel():
    random = np.random.default_rng(5)
    a, b = random.standard_normal((12, 4)), random.standard_normal((12, 4)) + 0.5

    def kernel(x, y):
        return (x @ y / 4 + 1) ** 3

    pairs = [(i, j) for i in range(12) for j in range(12) if i != j]
    within = sum(kernel(a[i], a[j]) + kernel(b[i], b[j]) for i, j in pairs) / (12 * 11)
    between = sum(kernel(x, y) for x in a for y in b) / 144
    assert kernel_distance(a, b, subsets=3) == pytest.approx(within - 2 * between, rel=1e-9)


def test_the_kernel_distance_scatters_around_zero_for_one_distribution():
    random = np.random.default_rng(6)
    values = [kernel_distance(*random.standard_normal((2, 100, 4)), subsets=1) for _ in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200)  # four standard errors
    assert min(values) < 0


def test_the_kernel_distance_follows_its_seed():
    a, b = np.random.default_rng(7).standard_normal((2, 60, 4))
    draws = [kernel_distance(a, b, subsets=2, subset_size=20, seed=seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        (np.zeros((5, 3)), np.zeros((5, 4)), "do not compare"),
        (np.zeros((1, 3)), np.zeros((5, 3)), "at least two"),
        (np.full((5, 3), np.nan), np.zeros((5, 3)), "not finite"),
    ],
)
def test_sets_without_a_distance_are_refused(distance, a, b, problem):
    with pytest.raises(ValueError, match=problem):
        distance(a, b)


def test_a_class_below_a_tenth_of_an_even_share_is_missing():
    names = ("shirt", "shoe", "bag", "hat")
    histogram = class_histogram(np.repeat([0, 1, 3], [485, 490, 25]), names)
    assert histogram == {"shirt": 0.485, "shoe": 0.49, "bag": 0.0, "hat": 0.025}
    assert missing_classes(histogram) == ("bag",)
    assert missing_classes(class_histogram(np.repeat([0, 1, 3], [485, 491, 24]), names)) == ("bag", "hat")
