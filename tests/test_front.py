"""Fronts and their hypervolume."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.front import added, dominates, front_of, hypervolume

POINTS = st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=1, max_size=12)


@given(POINTS)
def test_no_point_of_a_front_dominates_another_and_every_point_is_reached_by_one_of_it(points):
    front = [points[place] for place in front_of(points)]
    assert not any(dominates(one, other) for one in front for other in front)
    assert all(point in front or any(dominates(other, point) for other in front) for point in points)


@given(POINTS)
def test_of_equal_points_the_first_stands_on_the_front(points):
    front = front_of(points)
    assert front and front == sorted(front)
    assert all(points.index(points[place]) == place for place in front)


@pytest.mark.parametrize(
    ("points", "reference", "volume"),
    [
        ([], (1.0, 1.0), 0.0),
        ([(0.0, 0.0)], (2.0, 3.0), 6.0),
        ([(0.0, 2.0), (1.0, 1.0), (2.0, 0.0)], (3.0, 3.0), 6.0),  # three steps of a stair: 3 + 2 + 1
        ([(0.0, 0.0, 1.0), (1.0, 1.0, 0.0)], (2.0, 2.0, 2.0), 5.0),  # 4 + 2 - 1
        ([(0.0, 4.0)], (3.0, 3.0), 0.0),  # beyond the reference
    ],
)
def test_hypervolumes_that_are_known(points, reference, volume):
    assert hypervolume(points, reference) == pytest.approx(volume)


def test_the_hypervolume_of_four_objectives_is_the_share_of_random_places_that_are_dominated():
    lots = np.random.default_rng(0)
    points = lots.random((15, 4))
    places = lots.random((40_000, 4))
    reached = (points[:, None] <= places).all(2).any(0).mean()
    deviation = math.sqrt(reached * (1 - reached) / len(places))
    found = hypervolume([tuple(point) for point in points.tolist()], (1.0,) * 4)
    assert found == pytest.approx(reached, abs=4 * deviation)


@given(POINTS)
def test_one_more_point_never_makes_it_smaller_and_adds_what_is_said(points):
    reference = (10.0,) * 3
    volumes = [hypervolume(points[:count], reference) for count in range(len(points) + 1)]
    for (before, after), count in zip(pairwise(volumes), range(len(points)), strict=True):
        assert after >= before - 1e-9
        assert after - before == pytest.approx(added(points[:count], points[count], reference), abs=1e-9)
