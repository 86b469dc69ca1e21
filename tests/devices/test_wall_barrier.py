"""Barriers of a wall device: the same at both ends of a symmetric track, and a time with its interval."""

import json

import pytest
from small_wall import SETUP

from spingan.devices.wall_barrier import wall_escape


@pytest.fixture(scope="module")
def escapes():
    return {end: wall_escape(SETUP, end, 300.0, images=9) for end in ("left", "right")}


def test_a_symmetric_track_holds_its_wall_alike_at_both_ends(escapes):
    left, right = (escapes[end].time.barrier_j for end in ("left", "right"))
    assert left == pytest.approx(right, rel=5e-3)
    assert left > 0


def test_the_saddle_lies_near_the_end_that_the_wall_leaves_by(escapes):
    for end, low, high in (("left", 0.0, 0.2), ("right", 0.8, 1.0)):
        z = escapes[end].path.saddle[2].mean(axis=0)
        share = (z > 0).mean()  # of the track that the left domain holds
        assert low <= share <= high


def test_a_row_holds_the_barrier_and_the_time_with_its_interval(escapes):
    row = json.loads(json.dumps(escapes["left"].row()))
    low, high = row["retention_s_interval"]
    assert low < row["retention_s"] < high
    assert row["barrier_kt"] == pytest.approx(row["barrier_j"] / (1.380649e-23 * 300))
    assert row["attempt_frequency_hz"] == [1e9, 1e10, 1e12]
    assert "kT" in escapes["left"].line()
