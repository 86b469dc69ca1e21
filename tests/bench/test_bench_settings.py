"""Settings of the page: what they refuse, and that a command line carries them without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.arrays.conditions import conditions_from
from spingan.bench.settings import Settings
from spingan.errors import UserError
from spingan.spec.noise import Noise
from spingan.yaml_text import set_values


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**12), 10**12) | st.none())
def test_a_number_is_the_same_number_on_the_command_line(value):
    settings = Settings(technology="ideal", set={"temperature_k": value})
    content = {}
    set_values(content, settings.technology_settings)
    assert content["temperature_k"] == value and type(content["temperature_k"]) is type(value)


@given(st.floats(0, 1), st.sampled_from(["full_scale", "value"]), st.floats(0, 1e9), st.integers(0, 2**63 - 1))
def test_conditions_are_the_same_on_the_command_line(fraction, of, time_s, seed):
    given_noise = Noise.model_validate({"fraction": fraction, "of": of})
    settings = Settings(conditions={"read_noise": given_noise, "time_s": time_s}, chip_seed=seed)
    found = conditions_from(settings.condition_settings, seed)
    assert (found.read_noise, found.time_s, found.seed) == (given_noise, time_s, seed) and found == settings.chip


@pytest.mark.parametrize(
    ("given_settings", "words"),
    [
        ({"set": {"adc.bit": 8}, "technology": "pcm"}, ("adc.bit", "adc.bits")),
        ({"set": {"name": "mine"}, "technology": "pcm"}, ("name",)),
        ({"conditions": {"seed": 1}}, ("seed",)),
        ({"conditions": {"stuck": 2}}, ("stuck 2 is not a share",)),
        ({"conditions": {"trim_bits": 2.5}}, ("trim_bits",)),
        ({"set": {"adc.bits": 8}}, ("no technology is chosen",)),
        ({"levels": 1, "technology": "pcm"}, ("levels", "2")),
        ({"seed": -1}, ("seed",)),
        ({"path": "/etc/passwd"}, ("unknown key path",)),
        ({"set": {"adc.bits": {"a": 1}}, "technology": "pcm"}, ("set.adc.bits",)),
    ],
)
def test_what_is_no_setting_is_refused_by_name(given_settings, words):
    with pytest.raises(UserError) as refused:
        Settings.from_dict(given_settings, "settings")
    assert all(word in str(refused.value) for word in words)


def test_a_condition_that_is_unknown_or_not_of_the_form_is_refused_with_a_remedy():
    for setting, word in (("stucc=0.1", "stuck"), ("stuck", "--condition stuck=0.01"), ("stuck=a", "stuck")):
        with pytest.raises(UserError, match=word):
            conditions_from([setting])
