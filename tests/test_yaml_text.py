"""YAML from a user: every mistake is one line, and aliases are counted, not copied."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.devices.wall_compact import read_wall_calibration
from spingan.devices.wall_device import read_wall_device
from spingan.errors import UserError
from spingan.spec.files import read_value
from spingan.spec.technology import load_technology
from spingan.training.recipe import load_recipe
from spingan.yaml_text import MOST_CHARACTERS, parse_value, parse_yaml, set_values

READERS = {
    "recipe": (load_recipe, ""),
    "technology": (load_technology, ""),
    "curve": (read_value, "# "),
    "wall device": (read_wall_device, ""),
    "wall calibration": (read_wall_calibration, ""),
}


def bomb(form: str) -> str:
    """Nine levels of ten aliases each: under 600 bytes for a thousand million values."""
    first = "a0: &a0 {x: 1}\n"
    return first + "".join(f"a{i}: &a{i} {form % ', '.join([f'*a{i - 1}'] * 10)}\n" for i in range(1, 10))


@pytest.mark.parametrize("form", ["[%s]", "{<<: [%s]}"])
@pytest.mark.parametrize("reader", READERS)
def test_aliases_that_multiply_are_refused_by_every_reader(tmp_path, reader, form):
    read, mark = READERS[reader]
    path = tmp_path / "bomb.yaml"
    path.write_text("".join(f"{mark}{line}\n" for line in bomb(form).splitlines()))
    with pytest.raises(UserError, match="aliases"):
        read(path)


def test_aliases_that_multiply_are_refused_on_the_command_line():
    with pytest.raises(UserError, match="aliases"):
        load_recipe("fashion-mnist", ["data=[&a [1, 1], " + ", ".join(["*a"] * 5_000) + "]"])


def test_an_alias_stands_for_what_it_names():
    text = "one: &it {fraction: 0.1}\ntwo: *it\nthree: {<<: *it, of: value}\n"
    data, _ = parse_yaml(text, "file")
    assert data["two"] == {"fraction": 0.1} and data["three"] == {"fraction": 0.1, "of": "value"}


@pytest.mark.parametrize(
    "value",
    [
        *("!!bool x", '!!int ""', '!!float ""', "!!timestamp x", "!!null {a: b}", "!!binary ä", "!!omap 3", "!!x"),
        *("!!set 3", "!!python/name:os.system", "2024-13-45", "1" * 5_000, "[" * 5_000, "&a [*a]", "{[a]: b}"),
        *("{1: 2}", "{" + "7" * 5_000 + ": 1}", "*nothing", "a: b: c", "\0", "\ud800"),
    ],
)
def test_a_value_that_is_none_is_one_line(value):
    with pytest.raises(UserError) as caught:
        parse_value(value, "file mine.yaml")
    assert caught.value.problem.startswith("file mine.yaml") and caught.value.remedy
    assert len(caught.value.problem) < 200 and "\n" not in caught.value.problem


def test_a_key_that_is_a_mapping_in_disguise_is_refused():
    with pytest.raises(UserError, match="line 1: the key is not a word"):
        parse_yaml("? !!str {=: x}\n: 1\n", "file")


def test_a_file_out_of_all_proportion_is_refused_before_it_is_read():
    with pytest.raises(UserError, match="too many"):
        parse_yaml("a: 1\n" * (MOST_CHARACTERS // 5 + 1), "file")


_WORDS = ("a", "1", "*a", "&a ", "!!int ", "!!bool ", "!!timestamp ", "<<: ", "=: ", "1e400", "...")
_PIECES = st.sampled_from((*"[]{},:-?&*!|>'\"#%@ \n\t", *_WORDS))


@settings(deadline=None)
@given(st.lists(_PIECES, max_size=20).map("".join))
def test_no_text_ends_in_anything_but_a_dict_or_one_line(text):
    try:
        data, _ = parse_yaml(text, "file")
    except UserError as error:
        assert error.remedy and "\n" not in error.problem
    else:
        assert all(isinstance(key, str) for key in data)


@pytest.mark.parametrize("number", ["0100", "-017", "1:30", "24:00:00", "1:30.5"])
def test_a_number_in_another_base_is_not_taken_for_one_of_ten(number):
    with pytest.raises(UserError, match=r"base (8|60)"):
        parse_value(number, "file")
    with pytest.raises(UserError, match=r"file, line 2: .*base (8|60)"):
        parse_yaml(f"a: 1\nb: {number}\n", "file")
    assert parse_value(f"'{number}'", "file") == number


@pytest.mark.parametrize(
    "told",
    [
        ("adc.bits=8", "adc={energy_j: 1.0e-12}"),
        ("adc.bits=8", "tile_rows=4", "adc=null"),
    ],
)
def test_a_whole_that_undoes_a_part_that_was_set_is_refused(told):
    with pytest.raises(UserError, match="undoes"):
        set_values({}, told)


def test_a_setting_may_be_repeated_and_add_to_a_whole():
    content = {}
    set_values(content, ("adc={bits: 8}", "adc.noise_lsb=1", "adc.noise_lsb=1", "adcs=1"))
    assert content == {"adc": {"bits": 8, "noise_lsb": 1}, "adcs": 1}
    set_values(content, ("adcs=2", "adcs=3"))
    assert content["adcs"] == 3  # the last counts
