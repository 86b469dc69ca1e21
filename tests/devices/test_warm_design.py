"""The front of designs for warm devices: nothing on it is beaten, a seed is a front, and an interrupted run goes on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.devices import warm_design
from spingan.devices.warm_design import (
    Effort,
    Front,
    changes_for,
    design_front,
    distance,
    searches,
    stored_search,
    thinned,
)
from spingan.devices.warm_goal import InputWeight, Limits, WarmGoal
from spingan.errors import UserError
from spingan.front import front_of

GOAL = WarmGoal(
    0.2,
    8e-6,
    300.0,
    inputs=InputWeight(np.array([-0.9, -0.3, 0.3, 0.9]), np.full(4, 0.25)),
    limits=Limits(length_m=(72e-9, 96e-9), width_m=(20e-9, 24e-9)),
    largest_loss=1e-3,
)
SMALL = Effort(population=1, generations=2, points=3, walls=20, duration_s=1e-9)
ROWS = st.lists(st.tuples(*[st.floats(0.01, 10.0)] * 3), min_size=1, max_size=25)


@given(rows=ROWS, count=st.integers(3, 8))
@settings(max_examples=50, deadline=None)
def test_a_thinned_front_keeps_its_best_ends_and_what_was_asked(rows, count):
    chosen = thinned(rows, count + 1, (0,))
    assert len(chosen) == len(set(chosen)) == min(count + 1, len(rows))
    assert 0 in chosen
    for column in range(3):
        assert min(rows[i][column] for i in chosen) == min(row[column] for row in rows)


@pytest.fixture(scope="module")
def made() -> Front:
    return small_front()


def small_front(seed: int = 0, store=None) -> Front:
    """A front of two searches, small enough for a test."""
    patch = pytest.MonkeyPatch()
    patch.setattr(warm_design, "TARGETS", (None,))
    try:
        return design_front(GOAL, seed=seed, effort=SMALL, store=store)
    finally:
        patch.undo()


def test_no_device_of_a_front_is_beaten_by_another(made):
    assert front_of([member.objectives for member in made.members]) == list(range(len(made.members)))
    energies = [member.energy_j for member in made.members]
    assert energies == sorted(energies)
    assert made.nearest in made.members
    for member in made.members:
        assert member.figures.loss <= GOAL.largest_loss
        assert member.noise.low <= member.noise.value <= member.noise.high


def test_the_same_seed_is_the_same_front(made, tmp_path):
    again = small_front(store=tmp_path)
    assert [one.objectives for one in again.members] == [one.objectives for one in made.members]
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    resumed = small_front(store=tmp_path)  # from the stored searches
    assert [one.objectives for one in resumed.members] == [one.objectives for one in made.members]


def test_a_stored_search_is_not_run_again_and_a_broken_one_is(made, tmp_path, monkeypatch):
    runs = []
    monkeypatch.setattr(warm_design, "run_search", lambda *_: runs.append(1) or [])
    search = searches(GOAL, 0)[0]
    stored_search(GOAL, search, SMALL, tmp_path)
    stored_search(GOAL, search, SMALL, tmp_path)
    assert len(runs) == 1
    (file,) = tmp_path.iterdir()
    file.write_text("[[1,")
    stored_search(GOAL, search, SMALL, tmp_path)
    stored_search(replace(GOAL, noise=0.01), search, SMALL, tmp_path)
    assert len(runs) == 3


def test_what_would_have_to_change_follows_the_law_of_the_noise(made):
    member = made.members[0]
    strict = replace(GOAL, noise=member.noise.value / 2)
    factors = {change.constant: change.factor for change in changes_for(strict, member) if change.of == "noise"}
    assert factors["averaging time"] == pytest.approx(4)  # noise falls as its square root
    assert factors["Gilbert damping"] == pytest.approx(1 / 4)
    assert factors["spin Hall angle and anisotropy's rise together"] == pytest.approx(2)
    met = replace(GOAL, noise=1.0, slope_tolerance=1e9)
    assert changes_for(met, member) == ()


def test_a_goal_is_met_from_a_distance_of_one_on():
    assert distance(GOAL, 0.22, 0.02) == pytest.approx(1)
    assert distance(GOAL, 0.2, 0.04) == pytest.approx(2)
    assert distance(GOAL, 0.26, 0.001) == pytest.approx(3)


def test_a_relu_is_searched_with_one_junction_alone():
    assert not any(search.two for search in searches(replace(GOAL, slope=0.0), 0))
    assert any(search.two for search in searches(GOAL, 0))


def test_a_range_that_no_anisotropy_holds_is_refused(monkeypatch):
    monkeypatch.setattr(warm_design, "TARGETS", (None,))
    with pytest.raises(UserError, match="no device within the limits"):
        design_front(replace(GOAL, range_a=400e-6), effort=SMALL)
