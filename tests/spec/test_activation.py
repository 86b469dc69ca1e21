import numpy as np
import pytest
from pydantic import ValidationError

from spingan.errors import UserError
from spingan.spec.activation import Activation, ActivationSpread, EnergyItem, OutputNoise, Reset
from spingan.spec.files import read_activation, write_activation


def activation(**fields) -> Activation:
    table = {
        "name": "a", "function": "leaky_relu", "input": (-2e-6, -1e-6, 0.0, 2e-6), "rising": (0.8, 0.9, 1.0, 2.0),
        "input_unit": "A", "output_unit": "V", "input_full_scale": 2e-6, "output_zero": 1.0, "output_full_scale": 2.0,
    }  # fmt: skip
    return Activation.model_validate(table | fields)


def test_the_normalised_table_passes_through_one_at_full_scale_and_zero_at_the_zero_output():
    u, v = activation().normalised()
    assert u == pytest.approx([-1, -0.5, 0, 1])
    assert v == pytest.approx([-0.2, -0.1, 0, 1])
    assert np.all(np.diff(u) > 0)


def test_the_negative_slope_is_measured_in_normalised_units_below_zero_only():
    assert activation().negative_slope == pytest.approx(0.2)
    assert activation(input_full_scale=1e-6, output_full_scale=1.5).negative_slope == pytest.approx(0.2)


def test_the_negative_slope_of_a_device_without_negative_inputs_is_zero():
    assert activation(input=(0.0, 1e-6, 1.5e-6, 2e-6), rising=(1.0, 1.5, 1.75, 2.0)).negative_slope == 0


def test_an_evaluation_costs_the_sum_of_its_items_and_is_unknown_without_items():
    items = (EnergyItem(name="device", energy_j=2e-15, window_s=1e-9), EnergyItem(name="inverter", energy_j=3e-15))
    assert activation(energy_items=items).energy_j == pytest.approx(5e-15, rel=1e-9, abs=0)
    assert activation().energy_j is None


def test_a_memory_is_single_valued_only_after_a_required_reset_that_is_known_to_clear_it():
    falling = (0.8, 0.95, 1.1, 2.0)
    assert activation().single_valued
    assert activation(falling=(0.8, 0.9, 1.0, 2.0)).single_valued
    assert not activation(falling=falling).single_valued
    assert not activation(falling=falling, reset=Reset(required=True)).single_valued
    assert not activation(falling=falling, reset=Reset(required=True, residual=0.1)).single_valued
    assert activation(falling=falling, reset=Reset(required=True, residual=0.0)).single_valued


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": (-2e-6, 0.0, 0.0, 2e-6)}, "not above"),
        ({"rising": (0.8, 0.9, 1.0)}, "3 entries for 4"),
        ({"falling": (0.8,)}, "1 entries for 4"),
        ({"input_full_scale": 3e-6}, "outside the table"),
        ({"output_full_scale": 1.9}, "not the table's 2 at"),
        ({"output_zero": 2.0}, "no output"),
        ({"rising": (0.8, 0.9, float("inf"), 2.0)}, "finite"),
        ({"input_unit": "furlong"}, "input_unit"),
        ({"settling": {"input": (0.0, 0.0), "time_s": (1e-9, 1e-9)}}, "must rise"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        activation(**fields)


def test_a_spreads_covariance_is_that_of_its_deviations_and_correlations():
    spread = ActivationSpread(gain=0.1, offset=0.2, correlation_gain_offset=0.5)
    assert spread.covariance == pytest.approx(np.array([[0.01, 0.01, 0], [0.01, 0.04, 0], [0, 0, 0]]))
    assert spread.mean.tolist() == [1.0, 0.0, 1.0]
    assert not spread.is_none and ActivationSpread().is_none and ActivationSpread(gain=0.0).is_none
    assert not ActivationSpread(mean_offset=0.1).is_none


def test_correlations_that_exclude_each_other_are_refused():
    with pytest.raises(ValidationError, match="no three quantities have these correlations at once"):
        ActivationSpread(
            gain=1, offset=1, slope=1, correlation_gain_offset=1, correlation_gain_slope=1, correlation_offset_slope=-1
        )
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        ActivationSpread(correlation_gain_offset=1.5)


def test_output_noise_is_a_table_or_a_number_and_survives_its_file(tmp_path):
    values = activation().to_dict()
    plain = Activation.from_dict(values | {"output_noise": 1e-3})
    assert plain.output_noise == OutputNoise(rms=(1e-3,))
    assert plain.output_noise.at([-5.0, 5.0]).tolist() == [1e-3, 1e-3]
    noise = OutputNoise(
        input=(-1.0, 0.0, 1.0), rms=(1e-3, 2e-3, 4e-3), interval=((9e-4, 1.1e-3), (1.8e-3, 2.2e-3), (3e-3, 5e-3)),
        averaging_time_s=1e-9, bandwidth_hz=3e9, temperature_k=300.0, seed=4, runs=1000, source="test",
    )  # fmt: skip
    warm = Activation.from_dict(values | {"output_noise": noise.to_dict()})
    write_activation(warm, tmp_path / "warm.csv")
    assert read_activation(tmp_path / "warm.csv") == warm
    assert warm.output_noise.at([-2.0, 0.5, 3.0]) == pytest.approx([1e-3, 3e-3, 4e-3])
    assert warm.output_noise.scaled(2.0).interval[0] == (1.8e-3, 2.2e-3)


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        ({"rms": [1.0], "input": [0.0, 1.0]}, "as many rms as inputs"),
        ({"rms": []}, "rms"),
        ({"rms": [-1.0]}, "rms"),
        ({"rms": [1.0, 1.0], "input": [1.0, 0.0]}, "must rise"),
        ({"rms": [1.0], "interval": [[1.0, 2.0], [1.0, 2.0]]}, "as many intervals"),
        ({"rms": [3.0], "interval": [[1.0, 2.0]]}, "3 is not within its interval, 1 to 2"),
        ({"rms": [1.0], "runs": 0}, "runs"),
        (-1e-3, "rms"),
    ],
)
def test_output_noise_that_makes_no_sense_is_refused(noise, words):
    with pytest.raises(UserError, match=words):
        Activation.from_dict(activation().to_dict() | {"output_noise": noise})


def test_a_loss_and_the_intervals_of_a_spread_survive_their_file(tmp_path):
    loss = {"input": (0.0, 2e-6), "per_evaluation": (0.0, 0.1), "interval": ((0.0, 0.01), (0.05, 0.2)), "runs": 100}
    spread = {"gain": 0.1, "gain_interval": (0.09, 0.12), "offset": 0.0, "temperature_k": 300, "seed": 1, "runs": 400}
    known = activation(loss=loss, spread=spread)
    write_activation(known, tmp_path / "a.csv")
    assert read_activation(tmp_path / "a.csv") == known
    assert known.loss is not None and known.loss.interval is not None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"loss": {"input": (0.0,), "per_evaluation": (0.1, 0.2)}}, "as many chances as inputs"),
        ({"loss": {"input": (0.0, 0.0), "per_evaluation": (0.1, 0.2)}}, "must rise"),
        ({"loss": {"input": (0.0,), "per_evaluation": (1.1,)}}, "less than or equal to 1"),
        (
            {"loss": {"input": (0.0,), "per_evaluation": (0.1,), "interval": ((0.2, 0.3),)}},
            "is not within its interval",
        ),
        ({"loss": {"input": (0.0,), "per_evaluation": (0.1,), "interval": ()}}, "as many intervals"),
        ({"spread": {"gain": 0.1, "gain_interval": (0.2, 0.3)}}, "gain of the spread 0.1 is not within its interval"),
        ({"spread": {"slope_interval": (0.2, 0.3)}}, "slope_interval without slope"),
    ],
)
def test_a_loss_or_an_interval_that_makes_no_sense_is_refused(fields, words):
    with pytest.raises(ValidationError, match=words):
        activation(**fields)
