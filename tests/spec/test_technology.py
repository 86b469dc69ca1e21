import json
import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from spingan.errors import UserError
from spingan.spec import Synapse, Technology, load_technology, shipped_technologies
from spingan.spec.technology import DEVICES, Converter, DenseArrays

ODD = Synapse(name="a", basis="measured", conductance=(1e-6, 2e-6, 5e-6))


def test_the_midpoint_reference_shifts_the_levels_about_the_middle_of_the_range():
    assert Technology(name="t", synapse=ODD).weight_levels() == pytest.approx([-1, -0.5, 1])


def test_a_pair_mirrors_the_levels_and_holds_zero_once():
    technology = Technology(name="t", synapse=ODD, encoding="differential_pair")
    assert technology.weight_levels() == pytest.approx([-1, -0.25, 0, 0.25, 1])
    assert technology.cells_per_weight == 2


def test_a_sign_crossbar_holds_nothing_smaller_than_its_smallest_conductance():
    technology = Technology(name="t", synapse=ODD, encoding="sign_crossbar")
    assert technology.weight_levels() == pytest.approx([-1, -0.4, -0.2, 0.2, 0.4, 1])
    assert technology.cells_per_weight == 2


def test_dense_layers_have_their_own_encoding_and_read_out_and_all_else_of_the_technology():
    dense = {"encoding": "sign_crossbar", "read_out": "virtual_ground", "columns_read": "in_turn"}
    fields = {"encoding": "differential_pair", "read_out": "load_divider", "load_resistance_ohm": 4e3}
    technology = Technology(name="t", synapse=ODD, dense=DenseArrays(**dense), **fields)
    own = technology.for_dense()
    assert (own.encoding, own.read_out, own.columns_read) == tuple(dense.values())
    assert own.load_conductance is None and technology.load_conductance == pytest.approx(1 / 4e3 / 4e-6)
    assert own.synapse is ODD and own.for_dense() is own


def test_a_load_divider_without_a_load_or_without_siemens_is_refused():
    with pytest.raises(ValidationError, match="needs load_resistance_ohm"):
        Technology(name="t", synapse=ODD, read_out="load_divider")
    even = Synapse(name="n", basis="normalised", conductance=(0, 1))
    with pytest.raises(ValidationError, match="needs its conductances in siemens"):
        Technology(name="t", synapse=even, dense=DenseArrays(read_out="load_divider"), load_resistance_ohm=4e3)


def test_without_a_synapse_any_float_is_a_weight():
    assert load_technology("ideal").weight_levels() is None


def test_the_published_skyrmion_has_64_even_weights_and_no_zero():
    levels = load_technology("skyrmion-published").weight_levels()
    assert levels is not None
    assert levels == pytest.approx(np.linspace(-1, 1, 64), abs=1e-12)
    assert np.abs(levels).min() == pytest.approx(1 / 63)


def test_the_published_technologies_carry_the_printed_energies_and_slope():
    for name, tolerance in (("skyrmion-published", 1e-12), ("skyrmion-published-smooth", 0.01)):
        technology = load_technology(name)
        assert technology.synapse is not None
        assert technology.synapse.write.energy_j == pytest.approx(0.87e-15, rel=1e-9, abs=0)
        assert technology.activations["relu"].energy_j == pytest.approx(9.16e-15, rel=1e-9, abs=0)
        assert technology.activations["leaky_relu"].energy_j == pytest.approx(0.192e-12, rel=1e-9, abs=0)
        assert technology.activations["leaky_relu"].negative_slope == pytest.approx(0.2, abs=tolerance)
        assert technology.activations["relu"].negative_slope == 0


@pytest.mark.parametrize("name", shipped_technologies())
def test_a_technology_survives_json(name):
    technology = load_technology(name)
    assert Technology.from_dict(json.loads(json.dumps(technology.to_dict()))) == technology


def test_the_shipped_names_are_known_and_begin_with_the_ideal():
    assert shipped_technologies()[0] == "ideal"
    assert {"ideal", "skyrmion-published", "skyrmion-published-smooth"} <= set(shipped_technologies())


def test_an_unknown_name_is_answered_with_the_nearest_one():
    with pytest.raises(UserError, match="Did you mean skyrmion-published"):
        load_technology("skyrmion-publishd")


def write(folder, text):
    path = folder / "technology.yaml"
    path.write_text(text)
    return path


def test_a_file_beside_the_technology_and_a_shipped_curve_are_both_found(tmp_path):
    curve = "# kind: synapse\n# schema_version: 1\n# name: mine\n# basis: measured\nconductance_us\n1\n3\n"
    (tmp_path / "mine.csv").write_text(curve)
    write(tmp_path, "schema_version: 1\nname: t\nsynapse: mine.csv\nactivations:\n  relu: relu_published\n")
    technology = load_technology(tmp_path)
    assert technology.synapse is not None
    assert technology.synapse.conductance == pytest.approx((1e-6, 3e-6))
    assert technology.activations["relu"].name == "relu_published"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: t\n", "schema_version is missing"),
        ("schema_version: 2\nname: t\n", "schema_version 2 is not known"),
        ("schema_version: 1\nname: t\ngian: column\n", "line 3: unknown key gian"),
        ("schema_version: 1\nname: t\ngain: row\n", "line 3: gain 'row'"),
        ("schema_version: 1\nname: t\nadc: {bits: -1}\n", "line 3: adc.bits -1"),
        ("schema_version: 1\nname: t\nname: u\n", "line 3: name is given twice"),
        ("schema_version: 1\nname: t\nsynapse: gone.csv\n", "there is no curve gone.csv"),
        ("schema_version: 1\nname: t\nactivations: {relu: leaky_relu_published}\n", "activations.relu is a leaky_relu"),
        ("schema_version: 1\nname: t\nsynapse: skyrmion_published\nwire_resistance_ohm: 2\n", "in siemens"),
        ("schema_version: 1\nname: [\n", "not valid YAML"),
        ("- 1\n", "holds no YAML keys"),
        ("", "holds no YAML keys"),
    ],
)
def test_a_wrong_technology_file_is_told_where_and_what(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        load_technology(write(tmp_path, text))
    assert message in caught.value.problem
    assert caught.value.remedy


def test_a_technology_may_be_based_on_another_and_changes_only_what_it_says(tmp_path):
    (tmp_path / "own").mkdir()
    own = tmp_path / "own" / "technology.yaml"
    own.write_text("schema_version: 1\nname: own\nbased_on: wox-memristor-array\ntile_rows: 128\n")
    base = load_technology("wox-memristor-array")
    assert load_technology(own) == base.model_copy(update={"name": "own", "tile_rows": 128})
    further = tmp_path / "further.yaml"
    further.write_text("schema_version: 1\nname: further\nbased_on: own\nadc: {bits: 6}\n")  # seen from its folder
    assert load_technology(further) == load_technology(own).model_copy(
        update={"name": "further", "adc": Converter(bits=6)}
    )
    assert load_technology("skyrmion-designed-array").activations == load_technology("skyrmion-designed").activations


def test_a_technology_based_on_itself_or_on_nothing_is_refused(tmp_path):
    text = "schema_version: 1\nname: a\nbased_on: {}\n"
    (tmp_path / "a.yaml").write_text(text.format("b.yaml"))
    (tmp_path / "b.yaml").write_text(text.format("a.yaml"))
    with pytest.raises(UserError, match="based on itself"):
        load_technology(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text(text.format("wox-memristor-aray"))
    with pytest.raises(UserError, match=r"(?s)no technology wox-memristor-aray.*Did you mean wox-memristor-array"):
        load_technology(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text("schema_version: 1\nname: b\nbased_on: 3\n")
    with pytest.raises(UserError, match="no technology 3"):
        load_technology(tmp_path / "b.yaml")


def test_a_technology_based_on_another_needs_a_name_and_the_right_key(tmp_path):
    with pytest.raises(UserError, match="name is missing"):
        load_technology(write(tmp_path, "schema_version: 1\nbased_on: pcm\n"))
    with pytest.raises(UserError, match=r"(?s)unknown key base_on.*Did you mean based_on"):
        load_technology(write(tmp_path, "schema_version: 1\nname: a\nbase_on: pcm\n"))


@pytest.mark.parametrize("name", [name for name in shipped_technologies() if name.endswith("-array")])
def test_every_figure_of_a_shipped_array_has_its_source_beside_it(name):
    lines = (DEVICES / "technologies" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    figures = [line for line in lines if line.startswith(("tile_", "wire_", "dac", "adc", "synapse", "read_out"))]
    assert figures and all("  # " in line or " # " in line for line in figures)
    assert load_technology(name).source and load_technology(name).provenance


def test_a_dict_of_another_schema_is_refused():
    with pytest.raises(UserError, match="schema_version 9"):
        Technology.from_dict(load_technology("ideal").to_dict() | {"schema_version": 9})


def test_hardware_loads_without_torch_or_matplotlib():
    code = (
        "import sys, spingan.measured.fit, spingan.spec.catalogue\n"
        "from spingan.spec import load_technology\n"
        "load_technology('skyrmion-published')\n"
        "print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["False", "False"]
