import math

import numpy as np
import pytest
from pydantic import ValidationError

from spingan.errors import UserError
from spingan.spec.synapse import Ensemble, Read, Retention, Spread, Synapse


def test_normalised_levels_rise_from_zero_to_one_whatever_the_conductances_are():
    levels = Synapse(name="a", basis="measured", conductance=(2e-6, 3e-6, 6e-6)).normalised_levels()
    assert levels == pytest.approx([0, 0.25, 1], abs=1e-15)


@pytest.mark.parametrize(
    "conductance", [(1e-6,), (2e-6, 1e-6), (1e-6, 1e-6), (-1e-6, 1e-6), (0.0, float("nan")), (0.0, 1e4)]
)
def test_levels_that_are_too_few_falling_equal_negative_nan_or_beyond_any_device_are_refused(conductance):
    with pytest.raises(ValidationError):
        Synapse(name="a", basis="measured", conductance=conductance)


def test_a_normalised_synapse_has_weights_but_refuses_siemens_and_says_what_asked_for_them():
    synapse = Synapse(name="a", basis="normalised", conductance=(0.0, 0.5, 1.0))
    assert synapse.normalised_levels()[1] == 0.5
    with pytest.raises(UserError, match="the energy of a read needs its conductances in siemens"):
        synapse.require_siemens("the energy of a read")
    measured = Synapse(name="a", basis="measured", conductance=(1e-6, 2e-6))
    assert measured.require_siemens("a read").tolist() == [1e-6, 2e-6]


@pytest.mark.parametrize("field", [{"read": Read(noise_s=1e-7)}, {"spread": Spread(minimum_conductance_s=1e-7)}])
def test_a_normalised_synapse_cannot_have_a_noise_in_siemens(field):
    with pytest.raises(ValidationError, match="no siemens"):
        Synapse(name="a", basis="normalised", conductance=(0.0, 1.0), **field)


def test_read_noise_in_siemens_is_a_larger_fraction_of_a_smaller_swing():
    wide = Synapse(name="a", basis="measured", conductance=(0.0, 5e-6, 10e-6), read=Read(noise_s=1e-7))
    narrow = Synapse(name="a", basis="measured", conductance=(9e-6, 9.5e-6, 10e-6), read=Read(noise_s=1e-7))
    assert wide.read_noise_of_range() == pytest.approx([0.01] * 3)
    assert narrow.read_noise_of_range() == pytest.approx([0.1] * 3)


def test_read_noise_may_differ_from_level_to_level_but_is_given_once():
    synapse = Synapse(name="a", basis="measured", conductance=(0.0, 1e-6), read_noise_s=(1e-8, 3e-8))
    assert synapse.read_noise_of_range() == pytest.approx([0.01, 0.03])
    with pytest.raises(ValidationError, match="given twice"):
        Synapse(name="a", basis="measured", conductance=(0.0, 1e-6), read_noise_s=(1e-8, 3e-8), read=Read(noise_s=1e-8))


def test_what_is_absent_is_unknown_and_not_zero():
    synapse = Synapse(name="a", basis="measured", conductance=(0.0, 1e-6))
    assert synapse.read_noise_of_range() is None
    assert synapse.write.energy_j is None
    assert synapse.faults.stuck_at_minimum is None


def test_a_column_against_level_has_one_entry_a_level():
    with pytest.raises(ValidationError, match="step_up has 1 entries for 2 levels"):
        Synapse(name="a", basis="measured", conductance=(0.0, 1e-6), step_up=(1e-7,))


def test_a_synapse_cannot_be_changed():
    synapse = Synapse(name="a", basis="measured", conductance=(0.0, 1e-6))
    with pytest.raises(ValidationError, match="frozen"):
        synapse.name = "b"
    assert np.asarray(synapse.conductance).dtype == np.float64


@pytest.mark.parametrize("law", ["exponential", "power", "logarithmic"])
def test_the_time_until_a_share_is_lost_is_the_inverse_of_its_law(law):
    retention = Retention(law=law, time_s=2.0, coefficient=None if law == "exponential" else 0.1)
    left = {
        "exponential": lambda time: math.exp(-time / 2.0),
        "power": lambda time: (time / 2.0) ** -0.1,
        "logarithmic": lambda time: 1 - 0.1 * math.log(time / 2.0),
    }[law]
    for lost in (0.01, 0.1, 0.5):
        assert 1 - left(retention.time_until(lost)) == pytest.approx(lost, rel=1e-9)


def _fading(**retention) -> Synapse:
    return Synapse(name="a", basis="measured", conductance=(1e-6, 5e-6), retention=Retention(**retention))


def test_a_law_says_nothing_before_its_first_point_and_an_exponential_one_has_none():
    power = _fading(law="power", time_s=20.0, coefficient=0.05)
    assert power.retention_at(20.0) is power.retention
    with pytest.raises(UserError, match="begins 20 s after writing, not at 19"):
        power.retention_at(19.0)
    relaxed = _fading(law="relaxation", time_s=1.0, coefficient=0.01, spread=0.05)
    with pytest.raises(UserError, match="begins 1 s"):
        relaxed.retention_at(0.5)
    exponential = _fading(law="exponential", time_s=20.0)
    assert exponential.retention_at(1e-9) is exponential.retention


def test_a_quantity_of_a_state_is_linear_between_the_states_that_are_given():
    law = Retention(law="power", time_s=1.0, state=(0.0, 0.5, 1.0), coefficient=(0.1, 0.06, 0.05), spread=0.01)
    state = np.array([0.0, 0.25, 0.5, 1.0, 1.2])
    assert law.at_state("coefficient", state) == pytest.approx([0.1, 0.08, 0.06, 0.05, 0.05])
    assert law.at_state("spread", state) == pytest.approx([0.01] * 5)
    assert Retention(law="exponential", time_s=1.0).at_state("spread", state).tolist() == [0.0] * 5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"law": "power", "coefficient": (0.1, 0.05)}, "gives state"),
        ({"law": "power", "coefficient": 0.1, "state": (0.0, 1.0)}, "gives state"),
        ({"law": "power", "coefficient": (0.1, 0.05), "state": (1.0, 0.0)}, "must rise"),
        ({"law": "power", "coefficient": (0.1,), "state": (0.0, 1.0)}, "one entry a state"),
        ({"law": "relaxation", "spread": 0.1}, "relaxation law needs"),
    ],
)
def test_a_retention_without_its_numbers_is_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        Retention(time_s=1.0, **wrong)


def test_zero_conductance_lies_below_the_range_and_only_siemens_know_where():
    fading = _fading(law="power", time_s=1.0, coefficient=0.1, towards="zero")
    assert fading.resting_fraction == pytest.approx(-0.25)
    with pytest.raises(ValidationError, match="does not know where zero is"):
        Synapse(name="a", basis="normalised", conductance=(0.0, 1.0), retention=fading.retention)


def test_without_a_coefficient_nobody_knows_when_and_without_retention_a_state_rests_at_the_bottom():
    assert Retention(law="power", time_s=1.0).time_until(0.1) is None
    synapse = Synapse(name="a", basis="normalised", conductance=(0.0, 1.0))
    assert synapse.resting_fraction == 0.0
    middle = Retention(law="exponential", time_s=1.0, towards="middle")
    assert synapse.model_copy(update={"retention": middle}).resting_fraction == 0.5


def test_an_ensemble_must_fit_what_it_stands_behind():
    levels = {"name": "a", "basis": "simulated", "conductance": (1e-6, 2e-6)}
    noise = {"read_noise_s": (1e-8, 2e-8), "retention": Retention(law="exponential", time_s=5.0)}
    good = Ensemble(
        temperature_k=300.0, seed=0, runs=4, read_noise_interval_s=((9e-9, 2e-8), (1e-8, 2e-8)), loss_per_write=0.0,
        loss_per_write_interval=(0.0, 0.1), retention_interval_s=(1.0, 9.0),
    )  # fmt: skip
    assert Synapse(**levels, **noise, ensemble=good).ensemble == good
    for wrong, words in (
        ({"read_noise_interval_s": ((9e-9, 2e-8),)}, "one interval a level"),
        ({"read_noise_interval_s": ((9e-9, 2e-8), (3e-8, 4e-8))}, "of level 1 2e-08 is not within"),
        ({"retention_interval_s": (6.0, 9.0)}, "retention.time_s 5 is not within"),
    ):
        with pytest.raises(ValidationError, match=words):
            Synapse(**levels, **noise, ensemble=good.model_copy(update=wrong).model_dump())
    with pytest.raises(ValidationError, match="belong together"):
        Ensemble(temperature_k=300.0, seed=0, runs=4, loss_per_write=0.1)
    with pytest.raises(ValidationError, match="needs a retention"):
        Synapse(**levels, read_noise_s=(1e-8, 2e-8), ensemble=good)
