"""Settings on top of a technology: by key, checked like a file."""

import pytest

from spingan.errors import UserError
from spingan.spec.technology import load_technology, with_settings

PCM = load_technology("pcm")


def test_a_setting_changes_its_key_and_no_other():
    changed = with_settings(PCM, ["wire_resistance_ohm=2", "adc.bits=6"])
    assert changed.wire_resistance_ohm == 2 and changed.adc.bits == 6
    assert changed.adc.model_copy(update={"bits": PCM.adc.bits}) == PCM.adc
    assert with_settings(changed, ["wire_resistance_ohm=0.35", f"adc.bits={PCM.adc.bits}"]) == PCM
    assert with_settings(PCM, []) is PCM


@pytest.mark.parametrize(
    "setting", ["adc.bits=0", "adc.range=[1, 0]", "nonsense=1", "adc=3", "adc.bits", "=1", "name.x=1"]
)
def test_a_setting_that_makes_no_technology_is_refused(setting):
    with pytest.raises(UserError):
        with_settings(PCM, [setting])


@pytest.mark.parametrize("setting", ["tile_rows=true", "adc.bits=on", "adc.range=[false, true]", "name=yes"])
def test_a_truth_value_is_no_number_and_no_name(setting):
    with pytest.raises(UserError, match="is a truth value"):
        with_settings(PCM, [setting])
    assert with_settings(PCM, ["adc.learned_range=true"]).adc.learned_range is True
