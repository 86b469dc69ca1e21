"""The bill of a net: counts times components, and sums that say what they lack."""

import subprocess
import sys

import pytest

from spingan.arrays.writing import level_writes
from spingan.costs.bill import PASS, Bill, Sum, activations_built, make_bill
from spingan.costs.counts import LayerCounts, ModelCounts, array_counts
from spingan.spec.technology import Converter, Technology, load_technology

WOX = load_technology("wox-memristor")
WITH_CONVERTERS = WOX.model_copy(
    update={
        "dac": Converter(energy_j=2e-12, area_m2=1e-9, shared_by=4),
        "adc": Converter(energy_j=3e-12, area_m2=5e-9),
    }
)


def _bill(technology: Technology, function: str = "relu") -> Bill:
    """A dense layer of 10 x 6 with 6 activations, then a convolution of 9 x 2 at 5 positions with 10."""
    layers = (
        LayerCounts("dense", "Linear", (6,), array=array_counts(10, 6, 1, 10, technology.for_dense())),
        LayerCounts("act1", "ReLU", (6,), {"relu": 6}),
        LayerCounts("conv", "Conv2d", (2, 1, 5), array=array_counts(9, 2, 5, 45, technology)),
        LayerCounts("act2", "ReLU", (2, 1, 5), {function: 10}),
    )
    return make_bill("test", {"net": ModelCounts(layers)}, technology)


def test_columns_that_are_read_in_turn_take_a_time_each():
    relu = WOX.activations["relu"]
    window_s = max(item.window_s for item in relu.energy_items if item.window_s is not None)
    assert window_s == pytest.approx(100e-9)  # the pulse that the cell's energy is integrated over
    assert _bill(WOX).total("time_s", ("arrays",)) == Sum(pytest.approx((6 + 5) * window_s, abs=0), ())
    together = WOX.model_copy(update={"dense": WOX.dense.model_copy(update={"columns_read": "together"})})
    assert _bill(together).time_s.value == pytest.approx((1 + 5) * window_s, abs=0)


def test_the_slowest_circuit_behind_an_array_sets_the_time_of_a_position():
    synapse = WOX.synapse
    assert synapse is not None
    fast = WOX.model_copy(
        update={"synapse": synapse.model_copy(update={"read": synapse.read.model_copy(update={"time_s": 1e-9})})}
    )
    layers = (
        LayerCounts("conv", "Conv2d", (2, 4, 4), array=array_counts(9, 2, 16, 144, fast)),
        LayerCounts("act", "ReLU", (2, 4, 4), {"relu": 32}),
        LayerCounts("mean", "AvgPool2d", (2, 2, 2), {"mean": 8}),  # no time is known of it
    )
    bill = make_bill("test", {"net": ModelCounts(layers)}, fast)
    assert bill.total("time_s", ("arrays",)).value == pytest.approx(16 * 100e-9, abs=0)  # the ReLU's window


def test_there_are_as_many_activations_as_one_read_has_values():
    area_m2 = WOX.activations["relu"].area_m2
    assert area_m2 is not None
    # One cell for the dense columns, which take turns, and one a filter of the convolution.
    assert _bill(WOX).total("area_m2", ("activations",)).value == pytest.approx((1 + 2) * area_m2, abs=0)
    together = WOX.model_copy(update={"dense": WOX.dense.model_copy(update={"columns_read": "together"})})
    assert _bill(together).total("area_m2", ("activations",)).value == pytest.approx((6 + 2) * area_m2, abs=0)


def test_a_mean_over_positions_has_a_circuit_for_each_channel():
    layers = (
        LayerCounts("conv", "Conv2d", (2, 4, 4), array=array_counts(9, 2, 16, 144, WOX)),
        LayerCounts("act", "ReLU", (2, 4, 4), {"relu": 32}),
        LayerCounts("mean", "AvgPool2d", (2, 2, 2), {"mean": 8}),
    )
    assert activations_built(ModelCounts(layers)) == {"relu": 2, "mean": 2}


def test_energies_are_counts_times_the_technology_s_own():
    relu, synapse = WOX.activations["relu"], WOX.synapse
    assert synapse is not None and relu.energy_j is not None and synapse.read.voltage_v is not None
    bill = _bill(WOX)
    assert bill.total("energy_j", ("activations",)) == Sum(pytest.approx(16 * relu.energy_j, abs=0), ())
    mean_s = sum(synapse.conductance) / synapse.states
    cells = 10 * 6 * 2 + 45 * 2 * 2  # each driven row crosses two cells a weight
    read_j = cells * synapse.read.voltage_v**2 * mean_s * 100e-9
    assert bill.total("energy_j", ("arrays",)).value == pytest.approx(read_j, rel=1e-9, abs=0)


def test_converters_are_counted_by_conversion_and_shared_by_rows():
    bill = _bill(WITH_CONVERTERS)
    drives, columns = 10 + 9 * 5, 6 + 2 * 5
    energy = bill.total("energy_j", ("converters",))
    assert energy == Sum(pytest.approx(drives * 2e-12 + columns * 3e-12, abs=0), ())
    assert bill.total("area_m2", ("converters",)).value == pytest.approx(
        5 * 1e-9 + (6 + 2) * 5e-9, abs=0
    )  # 19 rows / 4


def test_a_sum_is_a_lower_bound_and_names_what_it_lacks_once():
    energy = _bill(WOX, "sigmoid").total("energy_j", ("activations",))
    assert energy.missing == ("sigmoid",) and energy.complete is None
    assert energy.value == pytest.approx(6 * (WOX.activations["relu"].energy_j or 0), abs=0)
    assert Sum.of([("a", 1.0), ("b", None), ("b", None)]) == Sum(1.0, ("b",))


def test_every_line_has_a_figure_or_says_why_not():
    for technology in (WOX, WITH_CONVERTERS, load_technology("ideal"), load_technology("skyrmion-published")):
        for line in _bill(technology).lines:
            assert (
                not line.count
                or line.not_counted
                or any(value is not None for value in (line.energy_j, line.time_s, line.area_m2))
            )
            assert all(line.not_counted.values())


def test_a_digital_function_leaves_every_sum_a_lower_bound():
    layers = (
        LayerCounts("dense", "Linear", (6,), array=array_counts(10, 6, 1, 10, WITH_CONVERTERS)),
        LayerCounts("sigmoid", "Sigmoid", (6,), digital_in=6, digital_out=6),
    )
    bill = make_bill("test", {"net": ModelCounts(layers)}, WITH_CONVERTERS)
    for total in (bill.energy_j, bill.time_s, bill.area_m2):
        assert "sigmoid, digital" in total.missing and total.value is not None and total.complete is None
    both = bill.total("energy_j", ("converters",)).value
    assert both == pytest.approx(10 * 2e-12 + 6 * 3e-12 + 6 * (2e-12 + 3e-12), abs=0)  # rows, columns, in and out


def test_writing_the_weights_is_no_part_of_a_pass():
    bill = _bill(WOX)
    assert "programming" not in PASS
    assert bill.energy_j == bill.total("energy_j", PASS)


def test_an_energy_for_any_state_is_spent_once_a_device_and_one_of_a_pulse_for_every_pulse():
    synapse = WOX.synapse
    assert synapse is not None
    spent = {}
    for per in ("state", "pulse"):
        write = synapse.write.model_copy(update={"energy_j": 2e-15, "energy_per": per})
        bill = _bill(WOX.model_copy(update={"synapse": synapse.model_copy(update={"write": write})}))
        spent[per] = bill.total("energy_j", ("programming",)).value
    devices = (10 * 6 + 9 * 2) * 2
    assert spent["state"] == pytest.approx(devices * 2e-15, abs=0)
    assert spent["pulse"] == pytest.approx(devices * 2e-15 * level_writes(synapse).pulses.mean(), abs=0)


def test_an_ideal_technology_has_no_cost_at_all():
    bill = _bill(load_technology("ideal"))
    for total in (bill.energy_j, bill.time_s, bill.area_m2):
        assert total.value is None and total.missing


def test_json_says_whether_a_sum_is_complete():
    found = _bill(WOX, "sigmoid").to_dict()
    assert not found["energy_j"]["complete"] and "sigmoid" in found["energy_j"]["missing"]
    assert found["counts"]["net"]["activations"] == {"relu": 6, "sigmoid": 10}


def test_the_bill_needs_no_torch():
    code = "import sys, spingan.costs.bill, spingan.reports.bill_tables; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
