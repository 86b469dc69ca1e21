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


@pytest.mark.parametrize(
    ("range_", "bits", "words"),
    [
        ("[5, 6]", 4, "does not hold 0"),
        ("[0.5, 1]", 4, "does not hold 0"),
        ("[-1.0e-30, 1.0e-30]", 4, "clips every value"),
        ("[0, 0]", 4, "lowest, highest"),
        ("[-1.0e+36, 1.0e+36]", 4, "rounds every value to 0"),
        ("[-1, 1.0e+300]", 4, "beyond"),
    ],
)
@pytest.mark.parametrize("side", ["dac", "adc"])
def test_a_converter_whose_codes_stand_for_no_value_is_refused(side, range_, bits, words):
    with pytest.raises(UserError, match=words):
        with_settings(PCM, [f"{side}.range={range_}", f"{side}.bits={bits}"])


@pytest.mark.parametrize("range_", ["[0, 1]", "[-1, 0]", "[-0.1, 0.1]", "[-2, 2]"])
def test_a_converter_whose_codes_stand_for_values_is_taken(range_):
    assert with_settings(PCM, [f"adc.range={range_}", "adc.bits=2"]).adc.bits == 2


@pytest.mark.parametrize("name", ["wire", "column_wire", "driver", "load"])
def test_a_resistance_that_no_tile_can_be_solved_with_is_refused(name):
    with pytest.raises(UserError, match=f"{name}_resistance_ohm"):
        with_settings(PCM, [f"{name}_resistance_ohm=1e30"])
    assert with_settings(PCM, [f"{name}_resistance_ohm=1e12"])


def test_shares_of_stuck_devices_are_of_one_whole():
    third = [f"synapse.faults.stuck_at_{where}={1 / 3}" for where in ("minimum", "maximum", "random")]
    assert with_settings(PCM, third).synapse is not None
    with pytest.raises(UserError, match="more than 1"):
        with_settings(PCM, ["synapse.faults.stuck_at_minimum=0.7", "synapse.faults.stuck_at_maximum=0.7"])
