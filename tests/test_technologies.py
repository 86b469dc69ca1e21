"""From devices to a technology in one call, and to files that give it back."""

import runpy
from pathlib import Path

import pytest

import spingan
from spingan.devices.published import CURVES, leaky_relu, relu, smooth_leaky_relu, write_curves
from spingan.devices.wox_memristor import wox_memristor
from spingan.errors import UserError
from spingan.spec.activation import ConductanceCurve
from spingan.spec.files import read_activation, read_conductance_curve, read_value, write_activation
from spingan.spec.technology import load_technology, shipped_technologies, write_technology
from spingan.technologies import build_technology

EXAMPLE = Path(__file__).parents[1] / "examples" / "05_own_device_plugin.py"


@pytest.mark.parametrize("name", shipped_technologies())
def test_what_is_written_is_read_back_equal(name, tmp_path):
    technology = load_technology(name)
    assert load_technology(write_technology(technology, tmp_path)[0]) == technology


def test_names_values_and_files_make_the_shipped_technology():
    shipped = load_technology("skyrmion-published")
    array = {
        key: value
        for key, value in shipped
        if key not in ("schema_version", "name", "synapse", "activations") and key in shipped.model_fields_set
    }
    built = build_technology(
        "skyrmion-synapse-published",
        {"relu": relu(), "leaky_relu": CURVES / "leaky_relu_published.csv"},
        name=shipped.name,
        **array,
    )
    assert built == shipped


def test_a_conductance_curve_is_told_from_a_circuit_by_its_kind_and_files_from_before_are_read(tmp_path):
    curve = read_conductance_curve(CURVES / "relu_designed.csv")
    assert isinstance(read_value(CURVES / "relu_designed.csv"), ConductanceCurve)
    assert type(read_value(CURVES / "relu_designed_cell.csv")) is not ConductanceCurve
    before = tmp_path / "before.csv"
    text = (CURVES / "relu_designed.csv").read_text(encoding="utf-8")
    before.write_text(text.replace("kind: conductance-curve", "kind: activation"), encoding="utf-8")
    assert read_conductance_curve(before) == curve
    write_activation(curve, tmp_path / "again.csv")
    assert read_value(tmp_path / "again.csv") == curve
    assert read_activation(CURVES / "relu_designed.csv") == curve.with_ideal_read_out()
    with pytest.raises(UserError, match="in V against V"):
        read_conductance_curve(CURVES / "tanh_am_dcgan.csv")


def test_a_conductance_without_a_cell_is_read_out_ideally():
    technology = build_technology(activations={"relu": "relu-designed"})
    assert technology.activations["relu"].output_unit == "S"


def test_a_cell_turns_a_conductance_into_volts(ngspice):
    technology = build_technology(activations={"relu": "relu-designed"}, cell="fitted")
    found, shipped = technology.activations["relu"], read_activation(CURVES / "relu_designed_cell.csv")
    assert found.output_unit == "V"
    assert found.rising == pytest.approx(shipped.rising, abs=2e-6)


def test_the_published_curves_are_what_is_shipped(tmp_path):
    write_curves(tmp_path)
    for made in (relu(), leaky_relu(), smooth_leaky_relu()):
        name = f"{made.name}.csv"
        assert (tmp_path / name).read_text(encoding="utf-8") == (CURVES / name).read_text(encoding="utf-8")


def test_what_does_not_fit_is_named():
    with pytest.raises(UserError, match="makes no synapse"):
        build_technology("relu-published")
    with pytest.raises(UserError, match="makes no activation"):
        build_technology(activations={"relu": "wox-memristor"})
    with pytest.raises(UserError, match="no device 'nonesuch'"):
        build_technology("nonesuch")
    with pytest.raises(UserError, match="tile_row"):
        build_technology(wox_memristor(), tile_row=3)


def test_the_example_brings_its_own_device_to_a_chip(tmp_path, capsys):
    example = runpy.run_path(str(EXAMPLE))
    assert example["main"](str(tmp_path)) < 0.05  # 129 weights: a quarter of the step of 1/64, over the weights' size
    assert "mtj-wall" in spingan.load_technology(tmp_path).name
    assert "65" in capsys.readouterr().out
