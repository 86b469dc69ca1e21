"""Figures out of all proportion: every bill is finite and in order, or one line says which figure is none."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_full_bill import model

from spingan.costs.account import Account
from spingan.costs.components import Library, load_components
from spingan.costs.full_bill import Parts
from spingan.costs.training_bill import make_full_bill
from spingan.errors import UserError
from spingan.spec.technology import load_technology, with_settings

NUMBERS = ("0", "1", "3", "33", "-1", "1e-300", "1e38", "1e300", "1000000000000", ".inf", ".nan", "true", "[1]", "x")
WOX = load_technology("wox-memristor")
KEYS = (
    *(f"{side}.{key}" for side in ("dac", "adc") for key in ("bits", "energy_j", "time_s", "area_m2", "shared_by")),
    *("synapse.read.voltage_v", "synapse.read.time_s", "synapse.write.pulse_amplitude_v", "synapse.area_m2"),
    *("synapse.write.pulse_width_s", "synapse.write.energy_j", "refresh_interval_s", "tile_rows", "tile_columns"),
)
"""What a bill reads of a technology."""


def bill_of(technology, library: Library | None = None):
    library = load_components() if library is None else library
    return make_full_bill("test", {"net": model(technology)}, technology, library, batch_size=8)


def require_sound(account: Account):
    told = account.to_dict()
    for name in ("energy_per_image_j", "time_per_image_s", "area_m2"):
        assert 0 <= told[name] < math.inf
    for item in account.items:
        if item.energy_j is not None:
            assert item.energy_low_j is not None and item.energy_high_j is not None
            rounding = 1e-12 * item.energy_j
            assert 0 <= item.energy_low_j <= item.energy_j + rounding <= item.energy_high_j + 2 * rounding < math.inf


def sound_or_one_line(make):
    """What `make` gives is a sound bill, or one line with a remedy."""
    try:
        found = make()
    except UserError as error:
        assert "\n" not in error.problem and error.remedy, error
        return
    require_sound(found.drawing)
    require_sound(found.training)


def components(folder, text):
    path = folder / "mine.yaml"
    path.write_text(f"schema_version: 1\norigin: mine\n{text}", encoding="utf-8")
    return load_components(path)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(NUMBERS), min_size=1, max_size=3))
def test_a_technology_s_figures_make_a_sound_bill_or_one_line(told):
    sound_or_one_line(lambda: bill_of(with_settings(WOX, [f"{key}={value}" for key, value in told.items()])))


@pytest.mark.parametrize("name", sorted(load_components().design))
def test_figures_of_the_design_make_a_sound_bill_or_one_line(tmp_path, name):
    for value in NUMBERS:
        text = f"design: {{{name}: {{value: {value}, source: mine, sure: verified}}}}\n"
        sound_or_one_line(lambda text=text: bill_of(WOX, components(tmp_path, text)))


def test_coefficients_of_a_formula_make_a_sound_bill_or_one_line(tmp_path):
    shipped = load_components().components
    for name, formula in (("adc-survey.adc", "adc_model"), ("mnsim.sram", "sram_model")):
        own = shipped[name].model_dump(mode="json", exclude_none=True)
        for key, value in itertools.product(own[formula], (0, -1e3, 1e3, 1e300, [4, 2], [0, 5], [])):
            changed = own | {formula: own[formula] | {key: value}}
            text = f"components: {{{name}: {changed}}}\n".replace("'", '"')
            sound_or_one_line(lambda text=text: bill_of(WOX, components(tmp_path, text)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("roles: {adc: {value: isaac.adc}}\n", "roles.adc.value"),
        ("design: {partial_sum_bits: {value: 0, source: x, sure: verified}}\n", "whole number from 1"),
        (
            "scaling: {logic: {source: x, sure: verified, supply_v: 1, nodes_nm: [180, 7], "
            "energy: [[0, 0, 1], [0, 0, -1]], area: [2, 1]}}\n",
            "not above 0",
        ),
        (
            "components: {isaac.bus: {bits: 1000, bits_rule: power_of_two, source: x, sure: verified, "
            "actions: {move: {energy_j: 1.0e-12}}}}\n",
            "power_of_two",
        ),
    ],
)
def test_what_would_make_nothing_of_an_energy_is_refused(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        components(tmp_path, text)


def test_one_component_by_two_names_is_refused(tmp_path):
    entry = "{source: x, sure: verified, actions: {convert: {energy_j: 1.0e-12}}}"
    path = tmp_path / "mine.yaml"
    path.write_text(f"schema_version: 1\norigin: isaac\ncomponents: {{adc: {entry}, isaac.adc: {entry}}}\n")
    with pytest.raises(UserError, match="twice"):
        load_components(path)


def test_a_stated_time_of_0_is_0_and_not_the_library_s():
    adc, _ = Parts(with_settings(WOX, ["adc.time_s=0"]), load_components()).converter("adc")
    assert adc.time_s == 0


def test_a_figure_without_a_range_is_its_own_range(tmp_path):
    text = "design: {pulses_per_update: {value: 3, source: x, sure: verified}}\n"
    training = bill_of(WOX, components(tmp_path, text)).training
    assert training is not None
    for item in training.items:
        if item.item == "writes" and item.energy_j is not None:
            assert item.energy_low_j is not None and item.energy_low_j > 0


@pytest.mark.parametrize(("bits", "energy"), [(1, None), (3, None), (16, None), (3, 1e-12)])
def test_bits_beyond_the_formula_name_the_key_and_pass_with_an_energy_of_their_own(bits, energy):
    technology = with_settings(WOX, [f"adc.bits={bits}", *([] if energy is None else [f"adc.energy_j={energy}"])])
    if energy is not None:
        require_sound(bill_of(technology).drawing)
        return
    with pytest.raises(UserError, match=rf"wox-memristor, adc.bits {bits}: ") as caught:
        bill_of(technology)
    assert "adc.energy_j" in caught.value.remedy
