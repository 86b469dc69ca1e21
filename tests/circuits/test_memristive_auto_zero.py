"""Paper M's trimmed cells: the same instances as untrimmed, offsets over one and the gain, and what the switches do."""

import numpy as np
import pytest

from spingan.circuits.cards import GENERIC_180NM
from spingan.circuits.memristive_auto_zero import TRIMMABLE, Made, trimmable, trimmed_relu, trimmed_tanh
from spingan.circuits.memristive_parts import PARTS
from spingan.circuits.memristive_trim import trim_memristive_cell
from spingan.circuits.monte_carlo import Mismatch, default_mismatch
from spingan.circuits.subcircuit import Transistor
from spingan.errors import UserError
from spingan.spec.activation import Activation

MISMATCH = default_mismatch("180nm")


@pytest.fixture(scope="module")
def tanh(ngspice):
    """With a capacitor so large that the switch adds nothing to speak of."""
    return trim_memristive_cell("tanh", 4, hold_f=1.5e-12, seed=2)


@pytest.fixture(scope="module")
def relu(ngspice):
    return trim_memristive_cell("relu-switch", 3, seed=2)


def _deviations(cell, number=3, mismatch=MISMATCH):
    """Each element's line behind its nodes, which alone differ between two circuits that have it."""
    lines = Made(mismatch, 0, number).lines(cell, {port: port for port in cell.ports}, GENERIC_180NM)
    return {line.split()[0]: " ".join(line.split()[5:]) for line in lines if line.startswith("m")}


@pytest.mark.parametrize(
    ("base", "made"), [("relu_switch", trimmed_relu(1e-12)), ("tanh_pair", trimmed_tanh(1e-13))], ids=["relu", "tanh"]
)
def test_the_trimmed_cell_is_the_same_instance_with_switches_and_a_capacitor(base, made):
    plain, trimmed = _deviations(PARTS[base]), _deviations(made)
    assert plain.items() <= trimmed.items()
    added = trimmed.keys() - plain.keys()
    assert 1 <= len(added) <= 4 and all("delvto" in trimmed[name] for name in added)
    assert _deviations(PARTS[base], number=4).values() != plain.values()


def test_a_flat_circuit_has_the_same_transistors_with_names_and_nodes_of_their_own():
    cell = PARTS["relu_switch"]
    parts = list(cell.flat({port: port for port in cell.ports}, "n0"))
    transistors = [part for part in parts if isinstance(part, Transistor)]
    area_m2 = sum(part.width_m * (part.length_m or 180e-9) for part in transistors)
    assert area_m2 == pytest.approx(cell.gate_area_m2(GENERIC_180NM))
    assert len({part.name for part in parts}) == len(parts)
    nodes = {node for part in parts for node in part.nodes.split()}
    assert {
        "in",
        "out",
        "0",
        "n0_followed",
        "n0_follower_tail",
        "n0_comparator_tail",
    } <= nodes and "tail" not in nodes


def test_transistors_differ_by_pelgroms_law():
    mismatch = Mismatch(4e-9, 0.0, 0.0, 0.0)
    shifts = []
    for number in range(400):
        line = next(
            line
            for line in Made(mismatch, 0, number).lines(PARTS["tanh_pair"], {}, GENERIC_180NM)
            if line.startswith(f"mn{number}_1 ")
        )
        shifts.append(float(line.split("delvto=")[1].split()[0]))
    assert np.std(shifts) == pytest.approx(4e-9 / np.sqrt(2 * 40e-6 * 0.18e-6), rel=0.12)  # 400 draws know it in 3.5 %


def test_an_offset_stored_at_the_input_of_a_pair_is_left_over_one_and_its_gain(tanh):
    before = tanh.before.offset * tanh.full_scale_before_v
    after = tanh.after.offset * tanh.full_scale_v
    gain = 0.5621 / 0.08198  # the fitted tanh's end over its width, as the shipped file says
    assert np.abs(before).max() > 5e-3
    assert after / before == pytest.approx(np.full(4, 1 / (1 + gain)), rel=0.25)  # and each instance's own gain


def test_the_follower_leaves_a_small_part_of_its_offset(relu):
    assert relu.offset_sigma_after < 0.25 * relu.offset_sigma_before
    assert relu.offset_sigma_after < 0.005


def test_cells_without_mismatch_have_no_offset(ngspice):
    found = trim_memristive_cell("tanh", 3, mismatch=Mismatch(0.0, 0.0, 0.0, 0.0))
    assert found.offset_sigma_before < 1e-9 and found.offset_sigma_after < 1e-9


def test_twice_the_capacitor_halves_what_the_switch_shifts(ngspice, tanh):
    half = trim_memristive_cell("tanh", 3, hold_f=0.75e-12, seed=2)
    # Both have the drawn cell's own offset, over one and the gain: it is what a capacitor without end would leave.
    ends = np.array([found.injection * found.full_scale_v for found in (half, tanh)])
    systematic = -0.00708 / (1 + 0.5621 / 0.08198)
    assert (ends[0] - systematic) / (ends[1] - systematic) == pytest.approx(2, rel=0.15)  # and the pair's own gates


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_the_activation_has_what_the_reset_costs_and_what_it_leaves(name, request):
    found = request.getfixturevalue(name)
    made, costs = found.activation, found.costs_after
    assert Activation.model_validate(made.model_dump()) == made
    assert made.reset.required is True and made.reset.time_s == pytest.approx(costs.reset_s)
    assert made.spread.offset == pytest.approx(found.offset_sigma_after)
    assert made.output_noise is not None and made.output_noise.rms == (found.sampled_noise_v,)
    resets = [item.energy_j for item in made.energy_items if item.name.startswith("reset")]
    assert sum(resets) == pytest.approx(made.reset.energy_j) and made.energy_j == pytest.approx(costs.energy_j)
    assert costs.area_m2 > found.costs_before.area_m2 and costs.energy_j > found.costs_before.energy_j


def test_the_sampled_noise_of_the_tanh_sizes_its_capacitor():
    kind = TRIMMABLE["tanh"]
    assert kind.sampled_noise_v(kind.hold_for(0.564, 6.9), 6.9) == pytest.approx(0.004 * 0.564)
    assert kind.sampled_noise_v(4e-13, 6.9) == pytest.approx(kind.sampled_noise_v(1e-13, 6.9) / 2)


def test_a_cell_that_is_no_activation_is_refused():
    with pytest.raises(UserError, match="op-amp has no auto-zero"):
        trimmable("op-amp")
    with pytest.raises(UserError, match="1 devices have no covariance"):
        trim_memristive_cell("tanh", 1)
