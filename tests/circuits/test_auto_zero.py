"""The auto-zero of paper S's cells: what it takes out, what the switch and the leakage put in, and how both scale."""

import re
from dataclasses import replace

import numpy as np
import pytest

from spingan.circuits.auto_zero import (
    EDGE_S,
    AutoZero,
    MadeCell,
    cycle,
    cycle_netlist,
    drawn_cell,
    hold_for,
    made_cell,
    run_cycle,
    sampled_noise_v,
    storing_s,
)
from spingan.circuits.cards import load_cards
from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, Deviation, DeviceTable, transfer
from spingan.circuits.domain_wall_response import Waveform
from spingan.circuits.monte_carlo import Mismatch, default_mismatch
from spingan.circuits.ngspice import run
from spingan.devices.published import smooth_leaky
from spingan.errors import UserError

CURRENT_A = np.linspace(-20e-6, 20e-6, 81)
CURVE = DeviceTable("smooth", CURRENT_A, 1.05e-4 + 0.4 * smooth_leaky(CURRENT_A))
CARDS = load_cards()
CELL = replace(LEAKY_RELU_CELL, nmos_ratio=70.0, pmos_ratio=160.0)  # wide, so that it is fast
AT_ZERO_S, AT_FULL_S = (float(np.interp(at, CURRENT_A, CURVE.conductance_s)) for at in (0.0, 20e-6))
BACK = Waveform("back", np.array([0.0, 1e-12, 1e-9]), np.array([AT_FULL_S, AT_ZERO_S, AT_ZERO_S]))
FORTH = Waveform("forth", np.array([0.0, 1e-12, 1e-9]), np.array([AT_ZERO_S, AT_FULL_S, AT_FULL_S]))
OPEN_S = 5e-9
ZERO = AutoZero(hold_f=20e-15, reference_v=0.1)
SHIFTED = MadeCell(Deviation(1.0, 1.0, 1.0, ((0.005, 1.0), (0.0, 1.0))), (0.0, 1.0))


def _held(zero, made, end_s=OPEN_S + 2e-9, edit=lambda netlist: netlist):
    """(cells, 3) the capacitors' far ends: where the switch opens, a nanosecond later, and at the end."""
    netlist = cycle_netlist(CELL, CARDS, CURVE, zero, cycle(CURVE, BACK, None, OPEN_S, end_s), made)
    (plot,) = run(edit(netlist)).plots
    at = [OPEN_S, OPEN_S + 1e-9, end_s]
    return np.stack([np.interp(at, plot["time"], plot[f"v(held_{n})"]) for n in range(len(made))])


def _with_ideal_switch(netlist):
    """The netlist with switches that inject nothing and leak nothing, and no load."""
    lines = [
        re.sub(r"^mswitch_(\d+) .*", r"sswitch_\1 held_\1 ref clock 0 ideal", line) for line in netlist.split("\n")
    ]
    kept = [line for line in lines if not line.startswith("cload_")]
    return "\n".join([*kept[:-2], ".model ideal sw(vt=0.17 vh=0.01 ron=100 roff=1e18)", *kept[-2:]])


@pytest.fixture(scope="module")
def cells():
    mismatch = default_mismatch("16nm")
    return [made_cell(CELL, ZERO, CARDS, mismatch, 0, number) for number in range(5)]


def test_an_ideal_switch_without_leakage_leaves_no_offset(ngspice, cells):
    held = _held(ZERO, cells, edit=_with_ideal_switch)
    assert held == pytest.approx(ZERO.reference_v, abs=5e-6)  # of offsets of some 40 mV
    real = _held(ZERO, cells)
    assert np.abs(real[:, 1] - ZERO.reference_v).min() > 1e-4  # a transistor does inject


def test_an_offset_of_known_size_is_taken_out(ngspice):
    drawn = drawn_cell(CELL)
    netlist = cycle_netlist(CELL, CARDS, CURVE, ZERO, cycle(CURVE, BACK, None, OPEN_S, 6e-9), [drawn, SHIFTED])
    (plot,) = run(netlist).plots
    before, after = (float(plot[f"v({node}_1)"][-1] - plot[f"v({node}_0)"][-1]) for node in ("out", "held"))
    assert abs(before) > 0.01  # 5 mV of one transistor's threshold, amplified
    assert abs(after) < 0.002 * abs(before)


def test_cells_without_mismatch_are_the_drawn_cell(ngspice):
    same = made_cell(CELL, ZERO, CARDS, Mismatch(0.0, 0.0, 0.0, 0.0), 0, 3)
    assert same == drawn_cell(CELL)


def test_twice_the_capacitor_halves_what_the_switch_injects_and_the_droop(ngspice):
    # Nothing else hangs on the capacitor, and an inverter as fast as this one is back at rest after a nanosecond.
    injected, droop = [], []
    for hold_f in (20e-15, 40e-15):
        zero = replace(ZERO, hold_f=hold_f, load_f=1e-20, reference_v=-0.1)  # a little above the low rail: it leaks
        injected.append(_held(zero, [drawn_cell(CELL)])[0, 1] - zero.reference_v)
        found = run_cycle(CELL, CARDS, CURVE, zero, cycle(CURVE, BACK, FORTH, OPEN_S, 5e-7))
        droop.append(found.held_v[-1] - np.interp(OPEN_S + 1e-9, found.time_s, found.held_v))
    assert injected[0] < -1e-4  # electrons of an n-channel
    assert injected[0] / injected[1] == pytest.approx(2, rel=0.03)
    assert droop[0] < -1e-4
    assert droop[0] / droop[1] == pytest.approx(2, rel=0.1)  # the leakage falls a little as the voltage does


def test_a_wider_switch_injects_more(ngspice):
    narrow, wide = (
        _held(replace(ZERO, switch_ratio=ratio), [drawn_cell(CELL)])[0, 1] - ZERO.reference_v for ratio in (4.0, 16.0)
    )
    assert wide / narrow == pytest.approx(4, rel=0.1)  # channel and overlap go with the width


def test_the_signal_passes_but_for_what_the_load_divides(ngspice):
    zero = replace(ZERO, load_f=2e-15)
    through = cycle(CURVE, BACK, FORTH, OPEN_S, OPEN_S + EDGE_S + 1e-9)
    found = run_cycle(CELL, CARDS, CURVE, zero, through)
    begins = int(np.searchsorted(found.time_s, through.begins_s))
    moved = [float(values[-1] - values[begins]) for values in (found.held_v, found.output_v)]
    assert moved[1] > 0.02
    assert moved[0] / moved[1] == pytest.approx(20 / 22, rel=0.02)  # and the switch's own capacitance
    exact = transfer(CELL, CURVE, -20e-6, 20e-6)
    assert found.output_v[-1] == pytest.approx(exact.at(exact.output_v, 20e-6), abs=1e-3)


def test_an_offset_takes_longer_to_store_on_a_larger_capacitor(ngspice):
    span_v = 0.05
    small, large = (storing_s(CELL, CARDS, CURVE, replace(ZERO, hold_f=f), BACK, span_v) for f in (20e-15, 200e-15))
    assert large[0] > 4 * small[0]
    assert large[1] / small[1] == pytest.approx(10, rel=0.4)  # a time constant R C, and the circuit's own


def test_the_sampled_noise_goes_with_the_root_of_the_capacitor_and_sizes_it():
    assert sampled_noise_v(1e-15, 0.0) == pytest.approx(2.036e-3, rel=1e-3)  # kT/C at 27 °C: textbook
    assert sampled_noise_v(1e-15, 8.0) == pytest.approx(3 * sampled_noise_v(1e-15, 0.0))
    assert sampled_noise_v(hold_for(0.4, 9.0), 9.0) == pytest.approx(0.004 * 0.4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hold_s": 0.0}, "hold time is 0 ns"),
        ({"hold_f": -1e-15}, "hold capacitor is -1 fF"),
        ({"switch_ratio": 0.0}, "width over length is 0"),
    ],
)
def test_a_hold_that_is_none_is_refused(change, said):
    with pytest.raises(UserError, match=said):
        replace(ZERO, **change)
