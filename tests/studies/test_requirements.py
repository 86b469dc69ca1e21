"""Requirements: a better device never has a worse margin, the limit has none, and what is unknown is ranked."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.studies.device_figures import Has
from spingan.studies.properties import BY_NAME, PROPERTIES
from spingan.studies.requirements import (
    Unknown,
    any_one_of,
    at_quality,
    energy_changes,
    predicted,
    ranked,
    requirements_of,
    unknown_properties,
)
from spingan.studies.tolerance import Tolerance


def tolerance(name: str, limit: float, power: float = 2.0) -> Tolerance:
    prop = BY_NAME[name]
    low, high = prop.value(prop.harm(limit) / 1.2), prop.value(prop.harm(limit) * 1.2)
    return Tolerance(name, limit, low, high, power, ())


def required(name: str, value: float | None, limit: float = 0.03, quality: float = 1.25):
    return requirements_of([Has(name, name, value)], [tolerance(name, limit)], quality)[0]


@given(
    st.sampled_from([prop.name for prop in PROPERTIES]),
    st.floats(0.01, 0.9),
    st.floats(0.01, 0.9),
    st.floats(1.02, 3.0),
)
def test_a_better_device_never_has_a_worse_margin_or_verdict(name, one, other, quality):
    prop = BY_NAME[name]
    values = sorted((prop.value(harm) for harm in (one, other)), key=prop.harm)
    better, worse = (required(name, value, prop.value(0.2), quality) for value in values)
    assert better.margin >= worse.margin and better.excess <= worse.excess
    order = ("yes", "unsure", "no")
    assert order.index(better.met) <= order.index(worse.met)


@pytest.mark.parametrize("prop", PROPERTIES, ids=lambda prop: prop.name)
def test_the_margin_at_the_limit_is_zero_whatever_quality_is_asked(prop):
    limit = prop.value(0.1)
    for quality in (1.1, 1.25, 1.6):
        needs = required(prop.name, limit, limit, quality).needs
        at = required(prop.name, needs, limit, quality)
        assert at.margin == pytest.approx(0.0, abs=1e-12) and at.met == "unsure"
        assert at.excess == pytest.approx(quality - 1)


def test_more_is_asked_of_a_device_where_a_better_quality_is_asked():
    strict, loose = (at_quality(tolerance("levels", 12.0), quality).limit for quality in (1.05, 1.5))
    assert strict > 12.0 > loose


def test_met_is_judged_by_the_interval_and_unknown_stays_unknown():
    assert [required("read noise", value).met for value in (0.02, 0.03, 0.04, None)] == [
        "yes",
        "unsure",
        "no",
        "unknown",
    ]
    unknown = required("read noise", None)
    assert unknown.margin is None and unknown.excess is None and unknown.needs == 0.03
    assert required("levels", math.inf, 12.0).margin == 1.0 and required("read noise", 0.0).margin == 1.0


def test_a_limit_beyond_what_was_tried_is_met_within_it_and_unsure_beyond():
    beyond = Tolerance("stuck devices", None, 0.1, None, 2.0, ())
    inside, outside = (
        requirements_of([Has("stuck devices", "stuck devices", value)], [beyond])[0] for value in (0.05, 0.2)
    )
    assert inside.met == "yes" and inside.beyond and inside.excess == 0.0
    assert outside.met == "unsure" and outside.excess is None


def test_each_change_alone_reaches_the_asked_quality():
    figures = [Has("read noise", "read noise", 0.04), Has("levels", "levels", 20.0), Has("offset", "offset", 0.001)]
    tolerances = [tolerance("read noise", 0.03), tolerance("levels", 12.0), tolerance("offset", 0.01)]
    requirements = requirements_of(figures, tolerances)
    measured = predicted(requirements)
    reached, changes = any_one_of(requirements, tolerances, measured)
    assert not reached and [change.name for change in changes] == ["read noise"]  # the others have too little to give
    better = [Has("read noise", "read noise", changes[0].to), *figures[1:]]
    assert predicted(requirements_of(better, tolerances)) == pytest.approx(1.25)
    reached, spare = any_one_of(requirements, tolerances, 1.1)  # better than its parts: the rest is left as it is
    assert reached and {change.name for change in spare} == {"read noise", "levels", "offset"}
    assert all(change.factor > 1 for change in spare)


def test_each_part_of_a_bill_alone_reaches_the_asked_energy_or_says_that_it_cannot():
    items = {"array reads": 6.0, "converters": 3.0, "buffers": 1.0}
    changes = {change.item: change for change in energy_changes(items, 5.0)}
    assert changes["array reads"].factor == pytest.approx(1 / 6) and changes["converters"].factor is None
    assert sum(items.values()) - 6.0 + changes["array reads"].to_j == pytest.approx(5.0)


def test_unknowns_are_ranked_by_what_they_could_change_were_they_as_bad_as_elsewhere():
    names = ("programming noise", "spread", "stuck devices")
    requirements = requirements_of(
        [Has(name, name, None, "not stated") for name in names], [tolerance(n, 0.03) for n in names]
    )
    others = {"bad": [Has("programming noise", "programming noise", 0.02), Has("spread", "spread", 0.1)]}
    found = ranked(unknown_properties(requirements, [tolerance(name, 0.03) for name in names], others))
    assert [each.name for each in found] == ["stuck devices", "spread", "programming noise"]
    assert found[2].factor == pytest.approx(1 + 0.25 * (2 / 3) ** 2) and "bad" in found[2].basis
    assert "Chen" in found[0].basis  # no technology here states it
    lifetime = Unknown("endurance", "lifetime", None, "")
    assert ranked([lifetime, *found])[-1] is lifetime


def test_a_property_far_beyond_its_limit_is_asked_for_no_more_than_what_was_measured():
    figures, tolerances = [Has("offset", "offset", 0.15)], [tolerance("offset", 0.008)]
    requirements = requirements_of(figures, tolerances)
    assert predicted(requirements) > 50
    _, changes = any_one_of(requirements, tolerances, 1.6)
    assert changes[0].to == pytest.approx(0.008)  # not 1 % less than it has
