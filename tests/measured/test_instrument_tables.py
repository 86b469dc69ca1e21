"""What instruments and spreadsheets really write: overflows, headers that come again, decimal commas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.measured.fit import fit_activation, fit_synapse
from spingan.measured.tables import read_table
from spingan.spec.files import read_value

SYNAPSE = "# kind: synapse\n# schema_version: 1\n# name: s\n# basis: measured\n"


def table(tmp_path, header, rows, end="\n"):
    path = tmp_path / "m.csv"
    path.write_text(header + "\n" + "\n".join(rows) + end, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "overflow", ["9.9e37", "9.91E+37", "-9.9e37", "+9.90000000E+37", "9.9e31", "-9.9e28", "9.9e40"]
)
@pytest.mark.parametrize("at", [0, 20, 40])
def test_an_overflow_among_a_measured_curve_is_refused_by_its_line(tmp_path, overflow, at):
    rows = [f"{x},{max(x, 0) * 3}" for x in range(-20, 21)]
    rows[at] = f"{at - 20},{overflow}"
    path = table(tmp_path, "I (uA),V (mV)", rows)
    with pytest.raises(UserError, match=rf"m\.csv, line {at + 2}: V"):
        fit_activation(path, "I", "V", function="relu")
    path = table(tmp_path, "I (uA),V (uS)", [row.replace(overflow, overflow.lstrip("-")) for row in rows])
    with pytest.raises(UserError, match=rf"m\.csv, line {at + 2}: V"):
        fit_synapse(path, "I", "V", states=8)


@pytest.mark.parametrize("overflow", ["9.9e37", "9.91E+37"])
def test_an_overflow_among_levels_is_refused_by_its_line(tmp_path, overflow):
    path = tmp_path / "s.csv"
    path.write_text(f"{SYNAPSE}conductance_us\n1\n2\n{overflow}\n")
    with pytest.raises(UserError, match=r"line 8: conductance_us .*overflow"):
        read_value(path)


@pytest.mark.parametrize(
    "shape", [np.tanh, np.exp, np.sinh, lambda x: np.maximum(x, 0), lambda x: np.where(x > 2, x, 0)]
)
def test_a_steep_curve_is_not_taken_for_an_overflow(tmp_path, shape):
    x = np.linspace(-5, 5, 41)
    path = table(tmp_path, "x,y", [f"{a},{b}" for a, b in zip(x, shape(3 * x), strict=True)])
    assert read_table(path).readings("y").tolist() == shape(3 * x).tolist()


def test_errors_are_not_made_small_by_one_reading_far_away(tmp_path):
    generator = np.random.default_rng(1)
    x = np.arange(100.0)
    y = x + generator.normal(0, 30, 100)
    y[-1] = 5_000  # not far enough to be refused as a reading
    with pytest.raises(UserError, match="the points scatter"):
        fit_activation(table(tmp_path, "x,y", [f"{a},{b}" for a, b in zip(x, y, strict=True)]), "x", "y",
                       function="relu", input_unit="uA", output_unit="mV", maximum_error=0.02)  # fmt: skip


ROWS = st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(ROWS, ROWS, st.booleans(), st.booleans(), st.sampled_from(",;\t"))
def test_a_header_that_comes_again_turned_round_is_joined_by_name(tmp_path_factory, one, other, turned, comment, by):
    titles = ["I (uA)", "G (mS)"]
    second = titles[::-1] if turned else titles
    rows = [f"{a}{by}{b}" for a, b in one] + [("# " if comment else "") + by.join(second)]
    rows += [f"{b}{by}{a}" if turned else f"{a}{by}{b}" for a, b in other]
    found = read_table(table(tmp_path_factory.mktemp("m"), ("# " if comment else "") + by.join(titles), rows))
    assert found.numbers("I").tolist() == [a for a, _ in one + other]
    assert found.numbers("G").tolist() == [b for _, b in one + other]


@pytest.mark.parametrize("second", ["V (V),G (mS)", "# V (V),G (mS)", "I (mA),G (mS)", "# I (uA),G (S)"])
def test_a_header_that_comes_again_with_other_columns_is_refused_by_its_line(tmp_path, second):
    with pytest.raises(UserError, match=r"m\.csv, line 4: the header comes again with other columns"):
        read_table(table(tmp_path, "I (uA),G (mS)", ["1,2", "3,4", second, "5,6"]))


def test_a_second_header_of_mumax3_with_other_columns_is_refused_by_its_line(tmp_path):
    rows = ["0\t1", "# t (s)\tmy ()", "1\t2"]
    with pytest.raises(UserError, match=r"line 3: the header comes again with other columns"):
        read_table(table(tmp_path, "# t (s)\tmx ()", rows))


def test_a_remark_between_rows_is_no_header(tmp_path):
    found = read_table(table(tmp_path, "I (uA),G (mS)", ["1,2", "# the probe was lifted here", "3,4"]))
    assert found.numbers("I").tolist() == [1, 3]


@pytest.mark.parametrize("cell", ["3,1", "-3,1e-5", "1.234,5", "12,5E+3"])
def test_a_decimal_comma_is_named_as_such(tmp_path, cell):
    with pytest.raises(UserError, match=r"line 2: a is .*a decimal comma\n.*points"):
        read_table(table(tmp_path, "a;b", [f"{cell};1"])).numbers("a")
    with pytest.raises(UserError, match=r"line 6: conductance_us is .*a decimal comma"):
        read_value(table(tmp_path, f"{SYNAPSE}conductance_us", [f'"{cell}"', "2"]))


def test_decimal_commas_between_commas_are_named_as_such(tmp_path):
    with pytest.raises(UserError, match="line 2: 4 cells for 2 columns: perhaps decimal commas"):
        read_table(table(tmp_path, "a,b", ["3,1,2,0"]))
