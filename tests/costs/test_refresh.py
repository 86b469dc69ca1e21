"""Refresh in the bill: an image bears its share of it, and a chip that is always written draws nothing."""

import math
from dataclasses import replace

import pytest
from test_full_bill import LIBRARY, WOX, bill, item, model

from spingan.costs.refresh import with_refresh
from spingan.costs.side_by_side import technology_row
from spingan.costs.training_bill import make_full_bill
from spingan.spec.synapse import Retention
from spingan.spec.technology import Technology, load_technology


def every(seconds: float, technology: Technology = WOX) -> Technology:
    return technology.model_copy(update={"refresh_interval_s": seconds})


def parts(technology: Technology):
    """The drawing and its refresh."""
    drawing = bill(technology, None).drawing
    return drawing, item(drawing, "refresh", "all layers")


@pytest.mark.parametrize("interval_s", [1e-3, 1.0, 3e7])
def test_what_all_images_of_an_interval_pay_is_one_programming(interval_s):
    programmed, (drawing, share) = bill(WOX, None).programming, parts(every(interval_s))
    once = programmed.whole
    images = interval_s / drawing.time_s  # the refresh is in an image's time
    assert share.energy_j * images == pytest.approx(once.energy_j)
    assert share.energy_high_j * images == pytest.approx(once.energy_high_j)
    assert share.count * images == pytest.approx(once.count)
    assert share.time_s * images == pytest.approx(programmed.time_s)
    pipelined = interval_s / drawing.time_pipelined_s
    assert share.energy_low_j * pipelined == pytest.approx(once.energy_low_j)


def test_a_refresh_draws_the_same_power_whether_layers_are_pipelined_or_not():
    plain, (drawing, _) = bill(WOX, None).drawing, parts(every(1e-2))
    told, before = drawing.to_dict(), plain.energy_j
    refresh_w = bill(WOX, None).programming.whole.energy_j / 1e-2
    assert told["power_w"] == pytest.approx(before / drawing.time_s + refresh_w)
    assert told["power_pipelined_w"] == pytest.approx(before / drawing.time_pipelined_s + refresh_w)


def test_the_rest_of_the_bill_stays_and_its_sums_hold_the_refresh():
    plain, (drawing, share) = bill(WOX, None).drawing, parts(every(1e-3))
    assert [one for one in drawing.items if one.item != "refresh"] == list(plain.items)
    assert drawing.energy_j == pytest.approx(plain.energy_j + share.energy_j)
    assert drawing.time_s == pytest.approx(plain.time_s + share.time_s)
    assert bill(every(1e-3), None).to_dict()["refresh_interval_s"] == 1e-3
    assert not any(reason.startswith("refresh:") for reason in drawing.not_counted) and share.source


def test_a_technology_that_states_no_interval_says_so_and_costs_what_it_did():
    drawing = bill(WOX, None).drawing
    assert "refresh: wox-memristor states no refresh_interval_s" in drawing.not_counted
    assert not any(one.item == "refresh" for one in drawing.items)
    assert not any("refresh" in reason for reason in bill(load_technology("ideal"), None).drawing.not_counted)


def test_a_chip_that_is_written_for_longer_than_the_interval_has_no_price_and_is_a_lower_bound():
    drawing, share = parts(every(1e-4))  # one writing takes 0.85 ms
    assert share.energy_j is None and "one takes 0.000848 s" in share.missing
    assert any(share.missing in reason for reason in drawing.not_counted)
    assert any("refresh" in reason for reason in technology_row(bill(every(1e-4), None), WOX.synapse).missing)


def test_what_the_technology_lacks_is_named():
    unpriced = parts(every(1.0, load_technology("pcm")))[1]
    assert unpriced.energy_j is None and unpriced.missing
    assert "no synapse" in parts(every(1.0, load_technology("ideal")))[1].missing
    assert WOX.synapse is not None
    write = WOX.synapse.write.model_copy(update={"access": "reset_then_up"})
    only_up = WOX.model_copy(update={"synapse": WOX.synapse.model_copy(update={"write": write})})
    assert "refresh: resets" in parts(every(1.0, only_up))[0].not_counted
    timeless = with_refresh(bill(WOX, None).drawing, every(1.0), replace(bill(WOX, None).programming, time_s=None))
    share = item(timeless, "refresh", "all layers")
    assert share.time_s is None and share.energy_j and "refresh: time" in timeless.not_counted


def fading(seconds: float, interval_s: float | None) -> Technology:
    """One whose states lose 5 % in so many seconds."""
    assert WOX.synapse is not None
    retention = Retention(law="exponential", time_s=seconds / -math.log(0.95))
    synapse = WOX.synapse.model_copy(update={"retention": retention})
    return WOX.model_copy(update={"synapse": synapse, "refresh_interval_s": interval_s})


def test_states_that_fade_sooner_than_the_refresh_comes_are_told():
    assert "states lose more than 5%" in parts(fading(0.9, 1.0))[1].note
    assert "more than" not in parts(fading(1.1, 1.0))[1].note


@pytest.mark.parametrize(("interval_s", "whole"), [(None, False), (2.0, False), (0.5, True)])
def test_a_bill_is_whole_where_a_refresh_comes_before_states_fade_in_a_long_drawing(interval_s, whole):
    technology = fading(1.0, interval_s)
    found = bill(technology, None)
    slow = replace(found.drawing, items=tuple(one.times(1e6) for one in found.drawing.items))
    assert slow.time_s > 3
    reasons = technology_row(replace(found, drawing=slow), technology.synapse).missing
    assert any("states lose 5%" in reason for reason in reasons) != whole


def test_only_the_net_that_draws_is_refreshed_for_an_image():
    technology = every(1.0)
    counts = {"generator": model(technology), "discriminator": model(technology)}
    both = make_full_bill("test", counts, technology, LIBRARY)
    assert item(both.drawing, "refresh", "all layers") == parts(technology)[1]
    assert both.programming.whole.energy_j == pytest.approx(2 * bill(technology, None).programming.whole.energy_j)
