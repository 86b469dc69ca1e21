"""The terms' file: everything shipped has a source, and what is impossible is refused in one line."""

import pytest

from spingan.devices.real_terms import RealTerms, read_real_terms
from spingan.errors import UserError

SHIPPED = read_real_terms()


def test_every_shipped_term_has_its_source_and_the_default_device_has_none_on():
    assert len(SHIPPED.names) == 8
    for name in SHIPPED.names:
        assert len(getattr(SHIPPED, name).source) > 20
    assert RealTerms().names == ()
    assert not RealTerms().random


def test_terms_are_switched_one_by_one():
    assert SHIPPED.only("heat", "grains").names == ("heat", "grains")
    with pytest.raises(UserError, match="heat"):
        SHIPPED.only("heatt")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("heat: {thermal_resistance_k_per_w: -1.0, source: a}", "thermal_resistance_k_per_w"),
        ("heat: {thermal_resistance_k_per_w: 1.0, read_share: 2.0, source: a}", "read_share"),
        ("heat: {thermal_resistance_k_per_w: 1.0}", "source"),
        ("shunt: {magnet_resistivity_ohm_m: 0.0, source: a}", "magnet_resistivity_ohm_m"),
        ("tmr_fall: {half_bias_voltage_v: -0.5, source: a}", "half_bias_voltage_v"),
        ("pinning: {field_t: -0.1, source: a}", "field_t"),
        ("grains: {size_m: 0.0, anisotropy_deviation: 0.1, source: a}", "size_m"),
        ("edges: {rms_m: -1.0e-9, correlation_m: 1.0e-8, source: a}", "rms_m"),
        ("spread: {anisotropy_deviation: -0.1, dmi_deviation: 0.0, source: a}", "anisotropy_deviation"),
        ("three_terminals: {source_ohm: 0.0, source: a}", "source_ohm"),
        ("three_terminals: {polarity: 2, source: a}", "polarity"),
        ("warmth: {field_t: 0.1, source: a}", "warmth"),
    ],
)
def test_what_is_impossible_is_refused_by_its_name(tmp_path, text, named):
    file = tmp_path / "terms.yaml"
    file.write_text(f"kind: real-terms\n{text}\n")
    with pytest.raises(UserError, match=named):
        read_real_terms(file)


def test_another_kind_of_file_is_refused(tmp_path):
    file = tmp_path / "terms.yaml"
    file.write_text("kind: wall-device\n")
    with pytest.raises(UserError, match="real-terms"):
        read_real_terms(file)
