"""A trimmed cell's cycle: a memory is cleared by a preset, and a noisy device's output is averaged, at their costs."""

import pytest
from torch import nn

from spingan.circuits import auto_zero
from spingan.circuits.cell_activation import averaging_items, cell_curve, cell_energy
from spingan.circuits.cell_devices import cell_device
from spingan.circuits.cell_simulation import simulate_cell
from spingan.circuits.domain_wall_study import study_cell
from spingan.circuits.messages import NoSolution
from spingan.circuits.trimmed_cell import preset_items, preset_s, presets
from spingan.devices.wall_curve import drive_energies
from spingan.errors import UserError
from spingan.nn.conversion import convert
from spingan.spec.technology import Technology

AVERAGING_S = 10e-9  # of the shipped curve


@pytest.fixture(scope="module")
def with_memory(ngspice):
    return simulate_cell("leaky_relu", "simulated", monte_carlo=3, trim=True)


@pytest.fixture(scope="module")
def warm(ngspice):
    """The designed leaky ReLU at 300 K."""
    return simulate_cell("leaky_relu", "designed-300k", monte_carlo=3, trim=True, hold_f=200e-15)


def test_a_memory_that_the_plain_cell_keeps_is_cleared_by_the_trimmed_cells_reset(with_memory):
    net = nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.2))
    plain, trimmed = (
        Technology(name="memory", activations={"leaky_relu": curve})
        for curve in (with_memory.activation, with_memory.trimmed.activation)
    )
    with pytest.raises(UserError, match="has a memory"):
        convert(net, plain)
    convert(net, trimmed)
    assert trimmed.activations["leaky_relu"].falling is not None  # it is still known


def test_the_preset_takes_the_time_and_the_energy_of_two_steps(with_memory):
    study = with_memory.study
    full = study.full_scale_a
    steps = study.step(full, 0.0), study.step(0.0, -full)
    assert presets(study)
    assert preset_s(study) == pytest.approx(sum(study.settled_s(step) for step in steps))
    cell, drive = preset_items(study)
    assert cell.energy_j == pytest.approx(sum(sum(step.energies_j(study.settled_s(step))) for step in steps))
    expected = drive_energies(study.device.wall, -full, study.convention, preset_s(study))[1].energy_j
    assert drive.energy_j == pytest.approx(expected)
    reset = with_memory.trimmed.activation.reset
    assert reset.time_s > preset_s(study) and with_memory.trimmed.costs_after.reset_s == reset.time_s
    named = [item for item in with_memory.trimmed.activation.energy_items if item.name.startswith("reset")]
    assert reset.energy_j == pytest.approx(sum(item.energy_j for item in named))
    assert {cell, drive} <= set(named)


def test_a_device_without_a_memory_has_no_preset(warm):
    assert not presets(warm.study) and preset_s(warm.study) == 0 and preset_items(warm.study) == ()


def test_averaging_a_noisy_device_takes_its_time_and_the_power_at_full_scale(warm):
    study = warm.study
    out, full = study.transfer, study.full_scale_a
    power_w = out.at(out.divider_w, full) + out.at(out.inverters_w, full)
    cell, drive = averaging_items(study)
    assert cell.energy_j == pytest.approx(power_w * AVERAGING_S) and cell.window_s == AVERAGING_S
    assert drive.window_s == AVERAGING_S
    assert sum(item.energy_j for item in cell_energy(study)) > cell.energy_j + drive.energy_j
    assert warm.activation.delay_s == pytest.approx(study.window_s + AVERAGING_S)
    for activation in (warm.activation, warm.trimmed.activation):
        assert activation.loss == study.device.curve.loss
        assert {cell, drive} <= set(activation.energy_items) and activation.delay_s > AVERAGING_S
        assert activation.loss is not None
    assert warm.trimmed.hold_s > AVERAGING_S + study.window_s


def test_without_noise_there_is_nothing_to_average(with_memory):
    assert averaging_items(with_memory.study) == ()
    assert cell_curve(with_memory.study, "a").delay_s == with_memory.study.window_s


def test_a_designed_device_in_heat_has_its_own_wall(ngspice):
    device = cell_device("relu", "designed-300k")
    assert device.wall == cell_device("relu", "designed").wall and device.form == "fitted"
    assert device.curve.output_noise is not None and device.curve.output_noise.temperature_k == 300
    study = study_cell("relu", device, fitted=True)
    assert cell_curve(study, "warm").output_noise is not None


def test_a_cycle_without_a_small_enough_step_is_run_once_more_with_looser_tolerances(monkeypatch):
    decks = []

    def stubborn(netlist, **limits):
        decks.append(netlist)
        if len(decks) == 1:
            raise NoSolution("Timestep too small", "")
        return "found"

    monkeypatch.setattr(auto_zero, "run", stubborn)
    assert auto_zero.run_deck(f"a cycle\n{auto_zero.TOLERANCES}\n.tran 1n 2n") == "found"
    assert auto_zero.LOOSER in decks[1] and auto_zero.TOLERANCES not in decks[1]
    monkeypatch.setattr(auto_zero, "run", lambda netlist, **limits: (_ for _ in ()).throw(NoSolution("none", "")))
    with pytest.raises(NoSolution):
        auto_zero.run_deck("a cycle")
