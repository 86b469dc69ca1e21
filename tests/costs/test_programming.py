"""Programming in the bill: pulses, verifies and resets of one account, which the study of time counts by, too."""

import numpy as np
import pytest
from test_full_bill import LIBRARY, PAPER, WOX, bill, model

from spingan.arrays.writing import write_and_verify
from spingan.costs.full_bill import Parts
from spingan.costs.programming import programming, rewriting
from spingan.errors import UserError
from spingan.spec.technology import Technology, load_technology

YEAR_S = 365.25 * 86_400.0


def with_write(technology: Technology, **changes) -> Technology:
    assert technology.synapse is not None
    write = technology.synapse.write.model_copy(update=changes)
    return technology.model_copy(update={"synapse": technology.synapse.model_copy(update={"write": write})})


def test_what_is_billed_is_what_the_simulated_devices_took():
    assert WOX.synapse is not None and WOX.synapse.read.voltage_v and WOX.synapse.read.time_s
    found = bill(WOX, None).programming
    written = write_and_verify(WOX.synapse, np.tile(WOX.synapse.normalised_levels(), 16))
    cells, pulses = model(WOX).total("weight_cells"), written.pulses.mean()
    assert written.energy_j is not None and written.time_s is not None
    assert [item.count for item in found.items] == pytest.approx([cells * pulses, cells * (pulses + 1)])
    assert found.items[0].energy_j == pytest.approx(cells * written.energy_j.mean())
    mean_s = sum(WOX.synapse.conductance) / WOX.synapse.states
    read_j = WOX.synapse.read.voltage_v**2 * mean_s * WOX.synapse.read.time_s
    assert found.items[1].energy_j == pytest.approx(cells * (pulses + 1) * read_j)
    assert found.error_rms == written.summary()["error_rms"]
    assert found.time_s == pytest.approx(32 * written.time_s.max())  # rows of the taller array, each by its slowest


@pytest.mark.parametrize("name", ["wox-memristor", "skyrmion-published", "skyrmion-designed-array", "hfox-rram"])
def test_sums_are_those_of_the_items_between_their_ends(name):
    found = bill(load_technology(name), None)
    told = found.to_dict()
    for field in ("energy_j", "energy_low_j", "energy_high_j"):
        items = [item[field] for item in told["programming_once"]["items"]]
        assert told[f"programming_once_{field}"] == pytest.approx(sum(items)) and all(one >= 0 for one in items)
    for item in found.programming.items:
        assert item.energy_low_j <= item.energy_j <= item.energy_high_j


def test_a_device_that_only_goes_up_pays_its_resets_or_says_that_nobody_knows_them():
    once = bill(with_write(WOX, access="reset_then_up", reset_energy_j=7e-12, reset_time_s=1e-6), None).programming
    cells = model(WOX).total("weight_cells")
    assert once.resets is not None and once.resets >= 1 and not once.lacks
    assert once.items[2].energy_j == pytest.approx(cells * once.resets * 7e-12)
    unknown = bill(with_write(WOX, access="reset_then_up"), None).programming
    assert unknown.lacks == ("resets",) and unknown.time_s is None
    assert unknown.whole.energy_j == pytest.approx(sum(item.energy_j for item in unknown.items[:2]))


def test_without_steps_the_bill_says_what_it_assumes_and_verifies_may_be_none():
    once = bill(PAPER, None).programming
    assert once.basis.startswith("assumed") and once.error_rms is None
    assert once.items[1].energy_low_j == 0 and once.items[1].energy_j > 0
    checked = bill(with_write(PAPER, access="program_and_verify"), None).programming
    assert 0 < checked.items[1].energy_low_j <= checked.items[1].energy_j == once.items[1].energy_j


def test_what_pulses_do_not_reach_and_what_nobody_knows_has_no_price():
    assert WOX.synapse is not None
    steps = (*WOX.synapse.step_up[:100], *(0.0,) * 28)
    stuck = WOX.model_copy(update={"synapse": WOX.synapse.model_copy(update={"step_up": steps})})
    found = bill(stuck, None).programming
    assert found.whole.energy_j is None and "do not reach their level" in found.missing and found.time_s is None
    assert rewriting(model(stuck), Parts(stuck, LIBRARY), 1.0).energy_j_per_year is None
    assert bill(load_technology("pcm"), None).programming.missing
    assert "no synapse" in bill(load_technology("ideal"), None).programming.missing


def test_the_study_of_time_rewrites_at_the_bill_s_price_and_wears_the_devices_out():
    parts, net = Parts(WOX, LIBRARY), model(WOX)
    once, yearly = programming(net, parts), rewriting(net, parts, YEAR_S)
    assert yearly.energy_j_per_year == pytest.approx(once.whole.energy_j)
    daily = rewriting(net, parts, 86_400.0)
    assert daily.energy_j_per_year == pytest.approx(365.25 * once.whole.energy_j)
    assert WOX.synapse is not None and WOX.synapse.endurance_writes and once.pulses
    assert yearly.endurance_years == pytest.approx(WOX.synapse.endurance_writes / once.pulses)
    assert rewriting(net, Parts(PAPER, LIBRARY), YEAR_S).endurance_years is None  # its pulses are assumed
    for never in (0.0, float("inf"), float("nan")):
        with pytest.raises(UserError, match="cannot be written every"):
            rewriting(net, parts, never)
