"""What the page turns is what the schemas have: no field is forgotten, none is made up, and bounds are theirs."""

from dataclasses import fields

import pytest

from spingan.arrays.conditions import ChipConditions
from spingan.bench.knobs import CONDITIONS, GROUPS, NO_CONVERTER_KNOB, NO_KNOB, TECHNOLOGY, knobs
from spingan.spec.technology import Converter, Technology

BY_KEY = {knob["key"]: knob for knob in knobs()}


def test_every_field_of_a_technology_is_a_knob_or_says_why_it_is_none():
    flat = {key for key in TECHNOLOGY if "." not in key}
    assert flat | set(NO_KNOB) == set(Technology.model_fields)
    assert not flat & set(NO_KNOB)


def test_every_field_of_a_converter_is_a_knob_or_named_as_none():
    for converter in ("dac", "adc"):
        own = {key.partition(".")[2] for key in TECHNOLOGY if key.startswith(f"{converter}.")}
        assert own | set(NO_CONVERTER_KNOB) == set(Converter.model_fields)


def test_every_condition_of_a_chip_but_its_seed_is_a_knob_with_the_docstring_s_words():
    assert set(CONDITIONS) == {field.name for field in fields(ChipConditions)} - {"seed"}
    assert all(BY_KEY[key]["help"] for key in CONDITIONS)
    assert BY_KEY["stuck"]["help"].startswith("Share of devices that keep a conductance")


def test_bounds_and_choices_are_the_schema_s():
    assert (BY_KEY["adc.bits"]["minimum"], BY_KEY["adc.bits"]["maximum"]) == (1, 32)
    assert BY_KEY["encoding"]["choices"] == ["midpoint_reference", "differential_pair", "sign_crossbar"]
    assert BY_KEY["load_resistance_ohm"]["above"] == 0
    assert BY_KEY["programming_noise"]["choices"] == ["full_scale", "value", "resistance"]


@pytest.mark.parametrize("knob", knobs(), ids=lambda knob: knob["key"])
def test_a_slider_stays_within_its_field_s_bounds(knob):
    assert knob["group"] in GROUPS and knob["label"]
    if knob["slider"] is None:
        assert knob["type"] == "choice" and knob["choices"]
        return
    low, high, steps = knob["slider"]
    assert low < high and steps >= 1 and (knob["scale"] == "linear" or low > 0)
    assert knob["minimum"] is None or low >= knob["minimum"]
    assert knob["maximum"] is None or high <= knob["maximum"]
    assert knob["above"] is None or low > knob["above"]
