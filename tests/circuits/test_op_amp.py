from dataclasses import replace

import numpy as np
import pytest

from spingan.circuits.cards import load_cards
from spingan.circuits.cell_bench import LOAD_OHM, Bench, sweep
from spingan.circuits.memristive_cells import op_amp_figures
from spingan.circuits.memristive_parts import PARTS
from spingan.circuits.ngspice import run
from spingan.circuits.subcircuit import Subcircuit, Use
from spingan.errors import UserError

CARDS = load_cards(node="180nm")


@pytest.fixture(scope="module")
def figures(ngspice):
    return op_amp_figures()


def operating(*names):
    """Small-signal values of the op-amp's transistors as a follower at 0 V, by `m1[gm]`."""
    shown = " ".join(f"@m.xcell.xa.m{name}" for name in names)
    netlist = Bench(PARTS["follower"], load_ohm=LOAD_OHM).netlist(CARDS, "0", f".save v(out) {shown}\n.op")
    (plot,) = run(netlist).plots
    return {
        name: float(plot[f"i(@m.xcell.xa.m{name})" if "[id]" in name else f"@m.xcell.xa.m{name}"][0]) for name in names
    }


def two_stage_gain(load_ohm):
    names = ("2[gm]", "2[gds]", "4[gds]", "6[gm]", "6[gds]", "7[gds]")
    gm2, gds2, gds4, gm6, gds6, gds7 = operating(*names).values()
    return gm2 / (gds2 + gds4) * gm6 / (gds6 + gds7 + 1 / load_ohm)


def test_the_gain_is_that_of_its_two_stages(figures):
    # The formula leaves out the mirror's finite resistance and the tail's.
    assert figures.gain == pytest.approx(two_stage_gain(LOAD_OHM), rel=0.05)


def test_the_bandwidth_is_the_pairs_transconductance_into_the_compensation(figures):
    gm2 = operating("2[gm]")["2[gm]"]
    # The second stage's own pole and the gate-drain capacitances bring it down.
    assert 0.5 < figures.unity_gain_hz / (gm2 / (2 * np.pi * 0.4e-12)) < 1.0
    assert figures.phase_margin_deg > 55


def test_a_follower_at_zero_gives_the_offset_which_the_sizes_balance(figures):
    assert sweep(Bench(PARTS["follower"]), -0.9, 0.9, 361).at(0.0) == pytest.approx(figures.offset_v, abs=1e-6)
    assert abs(figures.offset_v) < 0.2e-3


def test_a_surplus_in_the_output_stage_shows_as_an_offset_over_the_first_stages_gain(ngspice, figures):
    parts = [replace(part, width_m=1.2 * part.width_m) if part.name == "7" else part for part in PARTS["op_amp"].parts]
    wide = replace(PARTS["op_amp"], parts=tuple(parts))
    off = Subcircuit("off", ("in", "out", "vdd", "vss"), (Use("a", wide, "in out out vdd vss"),), "here")
    offset_v = sweep(Bench(off), -0.9, 0.9, 361).at(0.0)
    gm2, gds2, gds4, gm6, surplus = operating("2[gm]", "2[gds]", "4[gds]", "6[gm]", "7[id]").values()
    expected = -0.2 * surplus / gm6 / (gm2 / (gds2 + gds4))
    assert offset_v - figures.offset_v == pytest.approx(expected, rel=0.2)  # a fifth is no small signal


def test_the_inverting_amplifier_misses_minus_one_by_two_over_the_gain(ngspice):
    curve = sweep(Bench(PARTS["inverting_amplifier"]), -0.9, 0.9, 361)
    # Its feedback loads it with 10 kΩ more. Beyond 0.1 V the gain itself changes.
    assert 1 + curve.slope(-0.1, 0.1) == pytest.approx(2 / two_stage_gain(5e3), rel=0.1)


def test_cards_with_which_the_op_amp_does_not_amplify_are_refused(ngspice):
    dead = replace(CARDS, text=CARDS.text.replace("vth0=0.38", "vth0=2"))
    with pytest.raises(UserError, match="does not fall through 1"):
        op_amp_figures(dead)
