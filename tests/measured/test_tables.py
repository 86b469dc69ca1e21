import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.measured.tables import parse_tcl_list, plain_name, read_table, si

# Words as OOMMF names columns: no braces, quotes or backslashes, but blanks.
words = st.text(st.characters(categories=("L", "N"), include_characters=" :_-"), min_size=1, max_size=20).map(str.strip)
names = st.lists(words.filter(bool), min_size=1, max_size=6, unique=True)
numbers = st.floats(-(2.0**120), 2.0**120, width=32)  # beyond lie instruments' overflows


@given(st.data())
def test_a_tcl_list_gives_back_its_words_however_they_are_quoted(data):
    chosen = data.draw(names)
    quoted = [word if " " not in word and data.draw(st.booleans()) else f"{{{word}}}" for word in chosen]
    assert parse_tcl_list("  ".join(quoted) + " ", "x") == chosen


@pytest.mark.parametrize(("title", "name", "unit"), [("G (uS)", "G", "uS"), ("I [µA]", "I", "µA"), ("g", "g", None)])
def test_a_column_is_found_by_its_title_as_the_file_has_it_and_without_the_unit(tmp_path, title, name, unit):
    path = tmp_path / "m.csv"
    path.write_text(f"pulse,{title}\n0,1\n1,2\n", encoding="utf-8")
    table = read_table(path)
    assert table.column(title) == table.column(name)
    assert table.column(name).unit == unit


def test_braces_nest_and_quotes_hold_blanks():
    assert parse_tcl_list('{a {b c}} "d e" {} f', "x") == ["a {b c}", "d e", "", "f"]


@pytest.mark.parametrize("text", ["{a b", '"a b', "a {b {c}"])
def test_an_open_brace_or_quote_is_refused(text):
    with pytest.raises(UserError, match=r"line 3: .* is not closed"):
        parse_tcl_list(text, "file, line 3")


@settings(deadline=None, max_examples=30)
@given(names, st.data())
def test_an_oommf_table_gives_back_names_units_and_numbers(tmp_path_factory, chosen, data):
    rows = data.draw(st.lists(st.lists(numbers, min_size=len(chosen), max_size=len(chosen)), min_size=1, max_size=5))
    lines = ["# ODT 1.0", "# Table Start", "# Title: trial"]
    lines += ["# Columns: " + " \\\n#   ".join(f"{{{name}}}" for name in chosen)]
    lines += ["# Units: " + " ".join("{A/m}" for _ in chosen)]
    lines += ["   ".join(repr(value) for value in row) for row in rows]
    path = tmp_path_factory.mktemp("odt") / "run.odt"
    path.write_text("\n".join([*lines, "# Table End"]), encoding="utf-8")
    table = read_table(path)
    assert [column.name for column in table.columns] == chosen
    assert {column.unit for column in table.columns} == {"A/m"}
    for index, name in enumerate(chosen):
        assert table.numbers(name).tolist() == [row[index] for row in rows]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_a_csv_gives_back_its_numbers_whatever_parts_them(tmp_path_factory, rows, delimiter):
    path = tmp_path_factory.mktemp("csv") / "m.csv"
    body = "\n".join(f"{x!r}{delimiter}{y!r}" for x, y in rows)
    path.write_text(f"# a comment\ncurrent_ua{delimiter}G (mS)\n{body}\n")
    table = read_table(path)
    assert table.numbers("current_ua").tolist() == [x for x, _ in rows]
    assert table.numbers("G").tolist() == [y for _, y in rows]
    assert [column.unit for column in table.columns] == ["uA", "mS"]


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: ("# ODT 1.0\n" + text).encode("utf-8", "ignore"))
)
def test_no_content_makes_the_reader_fail_with_anything_but_a_user_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "x.txt"
    path.write_bytes(content)
    try:
        read_table(path)
    except UserError as error:
        assert error.remedy


MUMAX3 = "# t (s)\tmx ()\tJ (A/m2)\n0\t0.5\t1e10\n1e-12\t0.6\t2e10\n"


def test_a_mumax3_table_has_its_units_in_its_first_line(tmp_path):
    (tmp_path / "table.txt").write_text(MUMAX3)
    table = read_table(tmp_path / "table.txt")
    assert table.format == "mumax3"
    assert [(column.name, column.unit) for column in table.columns] == [("t", "s"), ("mx", ""), ("J", "A/m2")]
    assert table.numbers("mx").tolist() == [0.5, 0.6]


def test_names_that_numpy_writes_as_a_comment_are_found(tmp_path):
    np.savetxt(tmp_path / "n.csv", [[1.0, 2.0], [3.0, 4.0]], delimiter=",", header="x_ua,y_v")
    assert read_table(tmp_path / "n.csv").numbers("y_v").tolist() == [2.0, 4.0]


def test_an_oommf_column_answers_to_the_end_of_its_name_unless_two_do(tmp_path):
    text = "# ODT 1.0\n# Columns: Oxs_TimeDriver::mx {A::Energy total} {B::Energy total}\n1 2 3\n"
    (tmp_path / "o.odt").write_text(text)
    table = read_table(tmp_path / "o.odt")
    assert table.numbers("mx").tolist() == [1.0]
    assert table.numbers("B::Energy total").tolist() == [3.0]
    with pytest.raises(UserError, match="2 columns are called Energy total"):
        table.numbers("Energy total")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no table"),
        ("# only a comment\n", "there is no table"),
        ("a,b\n", "there are no rows"),
        ("a,b\n1,2\n3\n", "line 3: 1 cells for 2 columns"),
        ("1,2\n3,4\n", "columns have no names"),
        ("# ODT 1.0\n1 2\n", 'there is no "# Columns:" line'),
        ("# ODT 1.0\n# Columns: a b\n# Units: A\n1 2\n", "1 units for 2 columns"),
        ("# ODT 1.0\n# Columns: a\n1\n# Columns: a\n", "line 4: a second table begins"),
        ("# ODT 1.0\n# Columns: a b\n1 2 3\n", "line 3: 3 cells for 2 columns"),
        ("# t (s)\tmx ()\n", "there are no rows"),
    ],
)
def test_a_broken_table_is_told_where_and_what(tmp_path, text, message):
    (tmp_path / "m.txt").write_text(text)
    with pytest.raises(UserError) as caught:
        read_table(tmp_path / "m.txt")
    assert message in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("cell", "shown"), [("nan", "'nan'"), ("inf", "'inf'"), ("", "empty"), ("x", "'x'"), ("{}", "'{}'")]
)
def test_a_cell_that_is_no_finite_number_is_named_by_its_line(tmp_path, cell, shown):
    (tmp_path / "m.csv").write_text(f"# note\na,b\n1,2\n{cell},4\n")
    table = read_table(tmp_path / "m.csv")
    assert table.numbers("b").tolist() == [2.0, 4.0]
    with pytest.raises(UserError) as caught:
        table.numbers("a")
    assert f"line 4: a is {shown}" in caught.value.problem


def test_a_missing_column_is_answered_with_the_nearest_and_all_names(tmp_path):
    (tmp_path / "m.csv").write_text("current_ua,voltage_mv\n1,2\n")
    with pytest.raises(UserError, match=r"Did you mean current_ua\? Its columns: current_ua, voltage_mv"):
        read_table(tmp_path / "m.csv").column("curent_ua")


def test_units_are_turned_into_si_and_a_second_is_not_a_siemens():
    assert si("µA", "x", "--input-unit") == ("A", 1e-6)
    assert si("kΩ", "x", "--input-unit") == ("Ohm", 1e3)
    assert si("", "mx", "--input-unit") == ("1", 1.0)
    with pytest.raises(UserError, match="column t has unit s"):
        si("s", "t", "--input-unit")
    with pytest.raises(UserError, match="column x has no unit"):
        si(None, "x", "--input-unit")


def test_an_axis_is_named_without_prefix_and_unit():
    assert plain_name("Oxs_TimeDriver::mx") == "mx"
    assert plain_name("gate_current_ua") == "gate current"
    assert plain_name("pulse") == "pulse"
