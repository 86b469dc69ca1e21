from dataclasses import replace

import numpy as np
import pytest
from small_wall import SETUP

from spingan.devices.domain_wall import LEAKY_RELU, RELU
from spingan.devices.wall_characteristic import variant_setups
from spingan.devices.wall_study import Limit
from spingan.papers.device_rows import WALLS, wall_rows
from spingan.papers.rows import beside


def as_printed(study, name="leaky-relu", device=LEAKY_RELU):
    """The rows of the printed device, whose study would take minutes."""
    return beside(device.study_figures(study), name, WALLS[name])


def by_name(rows):
    return {row.quantity: row for row in rows}


def test_the_plan_holds_every_current_that_the_paper_prints_a_figure_for():  # paper S, V-A3
    asked = {*LEAKY_RELU.plan.currents_a, *LEAKY_RELU.plan.probes_a}
    assert asked >= {34.5e-6, -34.5e-6, 22.54e-6, -23e-6, -41.4e-6, 37.72e-6, -20e-6, 20e-6}
    assert len(LEAKY_RELU.plan.currents_a) == 15


def test_every_printed_number_stands_in_a_row(small_study):
    printed = [row.printed for row in as_printed(small_study) if row.printed is not None]
    wanted = [37.6364, 87.8687, 12.90, 83, 13, 0.1331, 0.1036, 0.5, 0.2, 9.83, 10, -41.4, 37.72, 0.2, 0.192, 2300]
    for number in wanted:
        assert any(abs(number - found) < 1e-9 for found in printed), number


def test_rows_of_currents_that_were_not_run_have_no_number_of_ours(small_study):
    row = by_name(as_printed(small_study))["wall position at +34.5 µA"]
    assert row.ours is None
    assert row.note == "not among the currents of this run"


def test_the_curve_is_the_study_and_fits_its_own_slope(small_study):
    curve = LEAKY_RELU.curve(replace(small_study, plan=replace(small_study.plan, full_scale_a=5e-6)))
    assert curve.name == "leaky_relu_simulated"
    assert curve.input == tuple(point.current_a for point in small_study.points)
    assert curve.rising[-1] == small_study.points[-1].conductance_s
    assert curve.output_full_scale == curve.rising[-1]
    assert not curve.has_memory  # one well: the wall comes home
    assert "magnet-section" in curve.notes[0]


def test_memory_shows_where_the_sweeps_part(small_study):
    rising = small_study.points
    falling = tuple(
        replace(point, conductance_s=point.conductance_s + (1e-6 if point.current_a == 0 else 0.0)) for point in rising
    )
    curve = LEAKY_RELU.curve(replace(small_study, rising=rising, falling=falling))
    assert curve.has_memory
    assert curve.reset.required
    assert np.count_nonzero(np.subtract(curve.rising, curve.falling or ())) == 1


def test_a_search_without_a_loss_gives_no_current_but_says_how_far_it_went(small_study):
    found = replace(small_study, limits=(Limit(-20e-6, -20.3e-6), Limit(60e-6, None)))
    rows = by_name(as_printed(found))
    assert rows["annihilating current below zero"].ours == pytest.approx(-20.3)
    assert rows["annihilating current above zero"].ours is None
    assert "+60 µA" in rows["annihilating current above zero"].note


def test_an_annihilated_input_is_reported_with_its_current(small_study):
    lost = replace(small_study.points[0], current_a=-7e-6, position_m=float("nan"), settling_s=None, still=False)
    found = replace(small_study, points=(lost, *small_study.points))
    row = by_name(as_printed(found))["wall annihilated at -7 µA"]
    assert row.ours == pytest.approx(-7)
    assert -7e-6 not in LEAKY_RELU.curve(found).input


def test_the_extras_change_what_they_say_and_nothing_else():
    named = variant_setups(SETUP, ("conventions", "read", "cells", "dmi"))
    film = SETUP.device.film
    assert named.pop("textbook") == replace(SETUP, convention="textbook")
    assert named.pop("printed-formula") == replace(SETUP, convention="printed-formula")
    assert named.pop("1 nm cells") == replace(SETUP, cell_m=1e-9)
    assert named["D +3%"].device.film.interfacial_dmi_j_per_m2 == pytest.approx(1.03 * film.interfacial_dmi_j_per_m2)
    assert named["D -3%"].device.film.interfacial_dmi_j_per_m2 == pytest.approx(0.97 * film.interfacial_dmi_j_per_m2)
    voltages = {setup.device.read_voltage_v for setup in named.values() if setup.read_torque}
    assert voltages == {0.33, -0.33}
    assert len(named) == 4


def test_what_a_reset_leaves_is_the_difference_after_both_ends(small_study):
    span = small_study.at(5e-6).conductance_s - small_study.rest.conductance_s
    apart = replace(small_study.after_positive, conductance_s=small_study.rest.conductance_s + 0.02 * span, still=False)
    found = replace(small_study, resets=(small_study.after_negative, apart))
    reset = LEAKY_RELU.curve(found).reset
    assert reset.residual == pytest.approx(0.02, rel=0.05)
    assert reset.time_s == pytest.approx(apart.time_s[-1])  # it creeps: the whole time was needed


def test_a_note_says_at_rest_instead_of_a_speed_that_is_rounding(small_study):
    assert "at rest then" in by_name(as_printed(small_study))["rest position"].note
    time_s = np.linspace(0, 1e-9, 101)
    creeping = replace(small_study.rest, time_s=time_s, path_m=32e-9 + 0.6 * time_s)
    note = by_name(as_printed(replace(small_study, rest=creeping)))["rest position"].note
    assert "after 1 ns, moving at +0.6 m/s then" in note


def test_a_device_of_ones_own_has_nothing_printed_beside_it(small_study):
    assert all(row.printed is None for row in wall_rows("leaky-relu", small_study))


def test_what_is_printed_of_the_relu_stands_in_rows_and_the_rest_is_called_assumed(small_study):
    rows = as_printed(small_study, "relu", RELU)
    printed = {row.printed for row in rows if row.printed is not None}
    assert {850.75, 1640.0, 9.16, 10.7} <= printed
    bias = next(row for row in rows if row.quantity == "bias current")
    assert bias.printed is None
    assert "assumed" in bias.note


def test_the_curve_is_a_relus_and_says_what_was_assumed(small_study):
    curve = RELU.curve(small_study)
    assert curve.function == "relu"
    assert any("not printed: assumed" in note for note in curve.notes)


def test_the_energy_is_billed_in_a_window_that_is_named(small_study):
    (item,) = RELU.energy_items(small_study)
    assert item.window_s is not None
    assert item.energy_j > 0
