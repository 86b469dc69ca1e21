"""Limits: found where a known curve has them, an interval over chips, and a power law through what was measured."""

import math

import appraisal_cases as cases
import pytest

from spingan.nn.weights import load_model
from spingan.studies.properties import BY_NAME, PROPERTIES, measured_on, reference_technology
from spingan.studies.tolerance import ChipLimit, Tolerance, find_limit, measure_tolerances, tolerance_of
from spingan.studies.trials import Trial


@pytest.fixture
def known_trials(monkeypatch):
    monkeypatch.setattr("spingan.studies.tolerance.run_trial", cases.run_trial)
    monkeypatch.setattr("spingan.studies.tolerance.run_parallel", cases.at_once)
    from spingan.studies.tolerance import _distance

    _distance.cache_clear()
    yield
    _distance.cache_clear()


@pytest.fixture(scope="module")
def clothes():
    return load_model("clothes")


def tolerances(model, chips=3) -> dict[str, Tolerance]:
    reference = reference_technology(model)
    base = Trial("clothes", 0, 2_000)
    found = measure_tolerances(base, reference, measured_on(model.technology), chips)
    return {each.name: each for each in found}


def test_limits_are_where_the_curve_has_them(known_trials, clothes):
    found = tolerances(clothes)
    assert set(found) == {prop.name for prop in PROPERTIES}
    wanted = {"programming noise": 0.03, "read noise": 0.05, "stuck devices": 0.004, "loss": 0.2, "offset": 0.008,
              "slope error": 0.07, "levels": cases.LEVELS, "wires": cases.OHM_SIEMENS}  # fmt: skip
    for name, limit in wanted.items():
        assert found[name].limit == pytest.approx(limit, rel=0.03), name  # straight between the last two values
        assert found[name].power == pytest.approx(2.0, abs=0.15), name
    assert 5 < found["converter bits"].limit < 6  # between whole numbers
    for each in found.values():
        assert each.low is not None and each.high is not None
        assert each.of.harm(each.low) <= each.of.harm(each.limit) <= each.of.harm(each.high)


def test_few_images_only_say_where_to_look():
    prop = BY_NAME["read noise"]
    asked = []

    def all_of(value: float) -> float:
        asked.append(value)
        return 1 + 0.25 * (value / 0.03) ** 2

    misled = find_limit(prop, lambda value: 1.0, all_of)  # as if few images showed nothing
    right = find_limit(prop, all_of, all_of)
    assert misled.limit == pytest.approx(0.03, rel=0.03) and right.limit == pytest.approx(misled.limit, rel=0.03)
    assert len(right.points) <= 4


def test_a_limit_that_lies_beyond_what_is_tried_is_a_bound_and_no_number():
    never = find_limit(BY_NAME["stuck devices"], lambda _: 1.0, lambda _: 1.0)
    always = find_limit(BY_NAME["stuck devices"], lambda _: 2.0, lambda _: 2.0)
    assert never.limit is None and not never.everywhere and always.limit is None and always.everywhere
    beyond, everywhere = (tolerance_of("stuck devices", [chip] * 3) for chip in (never, always))
    assert (beyond.limit, beyond.low, beyond.high) == (None, 0.1, None)
    assert (everywhere.limit, everywhere.low, everywhere.high) == (None, None, 0.0005)
    assert beyond.excess(0.05) == 0.0 and beyond.excess(0.2) is None and everywhere.excess(0.001) is None


def test_the_interval_is_over_the_limits_of_chips_and_its_cautious_end_comes_first():
    limits = [ChipLimit(seed, ((0.02, 1.1), (0.04, 1.4)), limit) for seed, limit in enumerate((0.028, 0.03, 0.032))]
    found = tolerance_of("read noise", limits)
    assert found.low < found.limit < found.high and found.limit == pytest.approx((0.028 * 0.03 * 0.032) ** (1 / 3))
    levels = [ChipLimit(seed, ((16.0, 1.1), (8.0, 1.4)), limit) for seed, limit in enumerate((11.0, 12.0, 13.0))]
    found = tolerance_of("levels", levels)
    assert found.low > found.limit > found.high  # more levels are the cautious end


def test_the_excess_is_a_quarter_at_the_limit_grows_with_harm_and_is_turned_round():
    for name, limit in (("read noise", 0.03), ("levels", 12.0), ("converter bits", 5.5)):
        found = Tolerance(name, limit, limit, limit, 1.7, ())
        worse = found.of.value(2 * found.of.harm(limit))
        assert found.excess(limit) == pytest.approx(0.25) and found.excess(worse) == pytest.approx(0.25 * 2**1.7)
        assert found.value_at(0.1) == pytest.approx(found.of.value(found.of.harm(limit) * 0.4 ** (1 / 1.7)))
        assert found.excess(found.value_at(0.1)) == pytest.approx(0.1)
        assert found.value_at(0.0) is None
    assert Tolerance("levels", 12.0, 12.0, 12.0, 2.0, ()).excess(math.inf) == 0.0
