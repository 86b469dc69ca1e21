"""Words of an appraisal where chips are few: no interval reaches beyond what was tried, and nothing is glossed over."""

from types import SimpleNamespace

import pytest

from spingan.evaluation.interval import Interval
from spingan.reports.appraisal_page import bound_text
from spingan.reports.verdict import verdict
from spingan.studies.appraise import Drawn
from spingan.studies.properties import BY_NAME
from spingan.studies.requirements import Requirement


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("stuck devices", 344.6, "> 10 %"),
        ("stuck devices", 7.8e-9, "< 0.05 %"),
        ("stuck devices", 0.004, "0.4 %"),
        ("levels", 2000.0, "> 256"),
        ("levels", 1.5, "< 2"),
        ("converter bits", 1.05, "< 3"),
    ],
)
def test_an_interval_ends_where_the_trials_did(name, value, text):
    assert bound_text(BY_NAME[name], value) == text


def appraisal(ratio, excess):
    """What a verdict reads, of a device with one property that is not judged."""
    noise = Requirement(
        "read noise", "noise of a read", "1", 0.02, 0.026, 0.001, 0.8, 0.2, "unsure", excess, tolerance="read noise"
    )
    drawn = tuple(Drawn(name, (), found, found) for name, found in (("as it is", ratio), ("adapted", ratio)))
    account = SimpleNamespace(energy_j=0.0)
    tiles = {"largest_rows": None}
    return SimpleNamespace(
        technology=SimpleNamespace(name="mine"), model=SimpleNamespace(name="clothes"), plan=SimpleNamespace(chips=2),
        quality=1.25, drawn=drawn, setting=lambda name: next(each for each in drawn if each.setting == name),
        requirements=(noise,), tiles=tiles, bill=SimpleNamespace(drawing=account), row=None, unknown=(),
    )  # fmt: skip


def test_bad_pictures_that_no_property_explains_are_said_to_be_so():
    lines = verdict(appraisal(Interval(3.4, 3.1, 3.7), 0.2))
    assert "mine is not good enough" in lines[0]
    assert "together they give 1.20 x, and what is above it none of them explains" in lines[1]
    explained = verdict(appraisal(Interval(3.4, 3.1, 3.7), 2.4))
    assert "explains" not in explained[1]


def test_a_distance_is_never_below_zero_and_chips_that_do_not_tell_are_not_called_near():
    line = verdict(appraisal(Interval(3.3, -0.8, 7.4), 0.2))[0]
    assert "(0.00 to 7.40)" in line and "-0.8" not in line and "near the limit" not in line
    assert "2 chips do not tell" in line and "which so few chips do not judge" in line
