"""What drawing one image takes: sums of what is known, and the names of what is not."""

import pytest

from spingan.costs.counts import LayerCounts, ModelCounts, NetCounts, array_counts
from spingan.costs.drawing import Known, drawing_cost
from spingan.spec.technology import Technology, load_technology

WOX = load_technology("wox-memristor")


def _counts(technology: Technology, function: str = "relu") -> NetCounts:
    """A dense layer of 10 x 6 with 6 activations, then a convolution of 9 x 2 at 5 positions with 10."""
    layers = (
        LayerCounts("dense", "Linear", (6,), array=array_counts(10, 6, 1, 10, technology)),
        LayerCounts("act1", "ReLU", (6,), {"relu": 6}),
        LayerCounts("conv", "Conv2d", (2, 1, 5), array=array_counts(9, 2, 5, 45, technology)),
        LayerCounts("act2", "ReLU", (2, 1, 5), {function: 10}),
    )
    return NetCounts(ModelCounts(layers), ModelCounts(()))


def test_columns_that_are_read_in_turn_take_a_time_each():
    relu = WOX.activations["relu"]
    window_s = max(item.window_s for item in relu.energy_items if item.window_s is not None)
    cost = drawing_cost(_counts(WOX), WOX)
    assert window_s == pytest.approx(100e-9)  # the pulse that the cell's energy is integrated over
    assert cost.time_s == Known(pytest.approx((6 + 5) * window_s, abs=0), ())
    together = WOX.model_copy(update={"dense": WOX.dense.model_copy(update={"columns_read": "together"})})
    assert drawing_cost(_counts(together), together).time_s.value == pytest.approx((1 + 5) * window_s, abs=0)


def test_energies_are_counts_times_the_technology_s_own():
    relu, synapse = WOX.activations["relu"], WOX.synapse
    assert synapse is not None and relu.energy_j is not None and synapse.read.voltage_v is not None
    cost = drawing_cost(_counts(WOX), WOX)
    assert cost.activation_energy_j == Known(pytest.approx(16 * relu.energy_j, abs=0), ())
    mean_s = sum(synapse.conductance) / synapse.states
    cells = 10 * 6 * 2 + 45 * 2 * 2  # each driven row crosses two cells a weight
    read_j = cells * synapse.read.voltage_v**2 * mean_s * 100e-9
    assert cost.read_energy_j.value == pytest.approx(read_j, rel=1e-9, abs=0)


def test_a_sum_names_what_it_lacks_and_is_no_guess():
    cost = drawing_cost(_counts(WOX, "sigmoid"), WOX)
    assert cost.activation_energy_j.missing == ("sigmoid",)
    assert cost.activation_energy_j.value == pytest.approx(6 * (WOX.activations["relu"].energy_j or 0), abs=0)


def test_an_ideal_technology_has_no_cost_at_all():
    ideal = load_technology("ideal")
    cost = drawing_cost(_counts(ideal), ideal)
    assert all(known.value is None and known.missing for known in vars(cost).values())
