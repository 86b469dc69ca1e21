import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.spec.activation import Activation, EnergyItem, Reset, Settling
from spingan.spec.files import read_activation, read_synapse, read_value, write_activation, write_synapse
from spingan.spec.synapse import Faults, Read, Retention, Spread, Synapse, Validity, Write

SYNAPSE = "# kind: synapse\n# schema_version: 1\n# name: s\n# basis: measured\n"
ACTIVATION = "# kind: activation\n# schema_version: 1\n# name: a\n# function: relu\n"

small = st.floats(min_value=0, max_value=1e-3)
optional = st.none() | small
texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)


def rising(low: float, high: float) -> st.SearchStrategy[tuple[float, ...]]:
    numbers = st.lists(st.floats(low, high), min_size=2, max_size=20, unique=True)
    return numbers.map(lambda values: tuple(sorted(values)))


@st.composite
def synapses(draw) -> Synapse:
    conductance = draw(rising(0, 100))
    column = st.none() | st.lists(small, min_size=len(conductance), max_size=len(conductance)).map(tuple)
    return Synapse(
        name=draw(texts), basis=draw(st.sampled_from(["measured", "simulated"])), conductance=conductance,
        read_noise_s=draw(column), step_up=draw(column), step_down_spread=draw(column), step_up_energy_j=draw(column),
        write=Write(energy_j=draw(optional), energy_per=draw(st.sampled_from(["pulse", "state", None]))),
        read=Read(law="sinh", sinh_voltage_v=0.3), spread=Spread(gain=draw(optional)),
        faults=Faults(stuck_at_minimum=draw(optional)), retention=Retention(law="power", time_s=1.0, coefficient=0.1),
        validity=Validity(temperature_k=(280.0, 350.0)), source=draw(st.none() | texts),
        notes=tuple(draw(st.lists(texts, max_size=3))),
    )  # fmt: skip


@settings(deadline=None, max_examples=30)  # each example is a file on the disk
@given(synapses())
def test_a_synapse_comes_back_from_its_file_bit_for_bit(tmp_path_factory, synapse):
    path = tmp_path_factory.mktemp("synapse") / "s.csv"
    write_synapse(synapse, path)
    assert read_value(path) == synapse


@st.composite
def activations(draw) -> Activation:
    inputs = draw(rising(-5, 5).filter(lambda values: values[-1] > 0))
    branch = st.lists(st.floats(-9, 9), min_size=len(inputs), max_size=len(inputs)).map(tuple)
    output = draw(branch.filter(lambda values: abs(values[-1] - values[0]) > 1e-3))
    return Activation(
        name=draw(texts), function="tanh", input=inputs, rising=output, falling=draw(st.none() | branch),
        input_unit=draw(st.sampled_from(["A", "V", "1"])), output_unit=draw(st.sampled_from(["S", "V", "Ohm", "1"])),
        input_full_scale=inputs[-1], output_zero=output[0], output_full_scale=output[-1], linear_range=(-1.0, 1.0),
        reset=Reset(required=True, residual=draw(optional)), settling=Settling(input=(0.0, 1.0), time_s=(1e-9, 2e-9)),
        energy_items=(EnergyItem(name=draw(texts), energy_j=draw(small), window_s=None, source=draw(texts)),),
        provenance=draw(st.none() | texts),
    )  # fmt: skip


@settings(deadline=None, max_examples=30)  # each example is a file on the disk
@given(activations())
def test_an_activation_comes_back_from_its_file_bit_for_bit(tmp_path_factory, activation):
    path = tmp_path_factory.mktemp("activation") / "a.csv"
    write_activation(activation, path)
    assert read_value(path) == activation


@pytest.mark.parametrize(
    "text", ["\x85", "a\u2028b µ", "\u2029", "line\nline\n", " # : - '\"", "yes", "1e5", "\x0b\x00"]
)
def test_a_text_of_any_characters_comes_back_from_the_header(tmp_path, text):
    synapse = Synapse(name="s", basis="measured", conductance=(1e-6, 2e-6), source=text, notes=(text,))
    write_synapse(synapse, tmp_path / "s.csv")
    assert read_synapse(tmp_path / "s.csv") == synapse


def test_numpy_reads_the_table_past_the_header(tmp_path):
    synapse = Synapse(name="s", basis="measured", conductance=(1e-6, 2e-6))
    write_synapse(synapse, tmp_path / "s.csv")
    table = np.genfromtxt(tmp_path / "s.csv", delimiter=",", names=True, comments="#", skip_header=4)
    assert table["conductance_s"].tolist() == [1e-6, 2e-6]


@pytest.mark.parametrize(
    ("column", "factor"), [("conductance_s", 1), ("conductance_mS", 1e-3), ("conductance_us", 1e-6)]
)
def test_a_prefix_in_a_columns_name_scales_it_to_siemens(tmp_path, column, factor):
    (tmp_path / "s.csv").write_text(f"{SYNAPSE}{column}\n1\n2.5\n")
    assert read_synapse(tmp_path / "s.csv").conductance == (1 * factor, 2.5 * factor)


def test_full_scale_defaults_to_the_tables_end_and_its_output_at_zero(tmp_path):
    (tmp_path / "a.csv").write_text(f"{ACTIVATION}input_ua,output_mv\n-10,5\n0,5\n10,25\n")
    activation = read_activation(tmp_path / "a.csv")
    assert activation.input_full_scale == pytest.approx(10e-6)
    assert (activation.output_zero, activation.output_full_scale) == pytest.approx((5e-3, 25e-3))
    assert activation.normalised()[1] == pytest.approx([0, 0, 1])


def test_an_error_in_a_level_names_file_line_column_values_and_remedy(tmp_path):
    rows = "\n".join(["level,conductance_s", "0,1e-5", "1,3.3e-5", "2,3.1e-5"])
    (tmp_path / "my_device.csv").write_text(f"{SYNAPSE}{rows}\n")
    with pytest.raises(UserError) as caught:
        read_synapse(tmp_path / "my_device.csv")
    assert "my_device.csv, line 8: conductance_s 3.1e-05 is below line 7's 3.3e-05." in caught.value.problem
    assert "Levels must rise" in caught.value.remedy
    assert "spingan fit synapse my_device.csv" in caught.value.remedy


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("conductance\n1\n2\n", "line 5: column conductance has no unit"),
        ("conductance_kg\n1\n2\n", "line 5: column conductance_kg has an unknown unit, kg"),
        ("conductence_s\n1\n2\n", "line 5: unknown column 'conductence_s'"),
        ("level\n0\n1\n", "column conductance is missing"),
        ("conductance_s,conductance_us\n1,2\n2,3\n", "two columns give conductance"),
        ("conductance_s\n1\n", "fewer than two rows"),
        ("level,conductance_s\n0,1\n2,3\n", "line 7: level is 2, not 1"),
        ("level,conductance_s\n0,1\n1,\n", "line 7: conductance_s is empty"),
        ("level,conductance_s\n0,1\n1\n", "line 7: 1 cells for 2 columns"),
        ("conductance_s\n1\nnan\n", "line 7: conductance_s is 'nan', not a finite number"),
        ("conductance_s\n1\ntwo\n", "line 7: conductance_s is 'two', not a finite number"),
        ("conductance_s\n-1\n2\n", "line 6: conductance_s -1 is negative"),
        ("conductance_s\n1\n1\n", "line 7: conductance_s 1 is equal to line 6's 1."),
        ("conductance_s\n1\n20000\n", "conductance 20000 is above 1000"),
        ("conductance_normalised\n0\n1\n", "basis is measured, but the column is conductance_normalised"),
        ("conductance_s,step_up_normalised\n0,1\n1,1\n", "differ in unit"),
        ("conductance_s,read_noise_normalised\n0,1\n1,1\n", "unknown unit, normalised"),
    ],
)
def test_a_wrong_synapse_table_is_told_where_and_what(tmp_path, table, message):
    (tmp_path / "s.csv").write_text(SYNAPSE + table)
    with pytest.raises(UserError) as caught:
        read_synapse(tmp_path / "s.csv")
    assert message in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("# wrote: {energy_j: 1}\n", "line 5: unknown key wrote"),
        ("# write:\n#   energy: 1\n", "line 6: unknown key write.energy"),
        ("# write:\n#   energy_j: -1\n", "line 6: write.energy_j -1"),
        ("# write:\n#   energy_j: .nan\n", "line 6: write.energy_j nan"),
        ("# faults: {stuck_at_random: 1.5}\n", "line 5: faults.stuck_at_random 1.5"),
        ("# name: again\n", "line 5: name is given twice"),
        ("# write: [\n", "not valid YAML"),
        ("# source: 2024-13-45\n", "month must be in 1..12"),
        ("# notes: &a [*a]\n", "nested too deeply"),
        ("# source: a\0b\n", "special characters are not allowed"),
    ],
)
def test_a_wrong_header_is_told_where_and_what(tmp_path, header, message):
    (tmp_path / "s.csv").write_text(f"{SYNAPSE}{header}conductance_s\n1\n2\n")
    with pytest.raises(UserError) as caught:
        read_synapse(tmp_path / "s.csv")
    assert message in caught.value.problem
    assert "\n" not in caught.value.problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conductance_s\n1\n2\n", "holds no YAML keys"),
        (SYNAPSE.replace("version: 1", "version: 2") + "conductance_s\n1\n2\n", "schema_version 2 is not known"),
        (SYNAPSE.replace("# schema_version: 1\n", "") + "conductance_s\n1\n2\n", "schema_version is missing"),
        (ACTIVATION + "conductance_s\n1\n2\n", "kind is 'activation', not synapse"),
        (SYNAPSE, "fewer than two rows"),
        ("", "holds no YAML keys"),
    ],
)
def test_a_file_that_is_not_a_synapse_is_refused(tmp_path, text, message):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_synapse(tmp_path / "s.csv")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("input_ua,output_v\n1,0\n0,1\n", "input_ua 0 is below line 6's 1."),
        ("input_ua\n0\n1\n", "outputs are not given once"),
        ("input_ua,rising_v\n0,0\n1,1\n", "outputs are not given once"),
        ("input_ua,rising_v,falling_a\n0,0,0\n1,1,1\n", "differ in unit"),
        ("output_v\n0\n1\n", "column input is missing"),
        ("input_ua,output_v\n0,1\n1,1\n", "no output"),
    ],
)
def test_a_wrong_activation_table_is_told_what(tmp_path, table, message):
    (tmp_path / "a.csv").write_text(ACTIVATION + table)
    with pytest.raises(UserError) as caught:
        read_activation(tmp_path / "a.csv")
    assert message in caught.value.problem


def test_a_file_that_is_missing_binary_or_a_folder_is_one_clear_line(tmp_path):
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x81")
    for path in (tmp_path / "gone.csv", tmp_path / "b.csv", tmp_path):
        with pytest.raises(UserError) as caught:
            read_value(path)
        assert str(path) in caught.value.problem
        assert "\n" not in caught.value.problem


@settings(deadline=None, max_examples=30)  # each example is a file on the disk
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: (SYNAPSE + text).encode("utf-8", "ignore")))
def test_no_content_makes_the_reader_fail_with_anything_but_a_user_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "s.csv"
    path.write_bytes(content)
    try:
        read_value(path)
    except UserError as error:
        assert error.remedy
