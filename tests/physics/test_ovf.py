"""OVF 2.0: what is written comes back, what other programs write is read, what is damaged is refused by name."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.physics.mesh import Mesh
from spingan.physics.ovf import ENCODINGS, read_ovf, write_ovf

MESH = Mesh(nx=3, ny=2, dx_m=2e-9, dy_m=1.5e-9)
VALUES = np.arange(18, dtype=float).reshape(3, 2, 3) / 7


def written(folder, encoding="binary 8", **extra):
    path = folder / "m.ovf"
    write_ovf(path, VALUES, MESH, 0.5e-9, encoding=encoding, **extra)
    return path


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_field_comes_back_as_it_was_written(tmp_path, encoding):
    back = read_ovf(written(tmp_path, encoding, title="field", unit="T", description=("made by a test",)))
    np.testing.assert_allclose(back.values, VALUES, rtol=1e-7 if encoding == "binary 4" else 0)
    assert back.mesh == MESH
    assert (back.thickness_m, back.origin_m, back.title, back.unit) == (0.5e-9, (0, 0, 0), "field", "T")


@settings(max_examples=40, deadline=None)
@given(
    nx=st.integers(1, 5),
    ny=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(1e-30, 1e30),
    encoding=st.sampled_from(["text", "binary 8"]),
)
def test_any_mesh_and_any_values_come_back_to_the_last_bit(tmp_path_factory, nx, ny, seed, scale, encoding):
    path = tmp_path_factory.mktemp("ovf") / "any.ovf"
    values = scale * np.random.default_rng(seed).standard_normal((3, ny, nx))
    mesh = Mesh(nx=nx, ny=ny, dx_m=scale * 1e-9, dy_m=1e-9)
    write_ovf(path, values, mesh, 1e-9, encoding=encoding)
    back = read_ovf(path)
    np.testing.assert_array_equal(back.values, values)
    assert back.mesh == mesh


def test_x_is_the_fastest_and_the_components_stand_together(tmp_path):
    text = written(tmp_path, "text").read_text()
    rows = [tuple(float(word) for word in line.split()) for line in text.splitlines() if not line.startswith("#")]
    assert rows[1] == tuple(VALUES[:, 0, 1])
    assert rows[3] == tuple(VALUES[:, 1, 0])


def test_binary_data_begin_with_the_check_value_little_endian(tmp_path):
    content = written(tmp_path, "binary 4").read_bytes()
    data = content.split(b"# Begin: Data Binary 4\n")[1]
    assert struct.unpack("<4f", data[:16]) == pytest.approx((1234567.0, *VALUES[:, 0, 0]))
    content = written(tmp_path, "binary 8").read_bytes()
    assert struct.unpack("<d", content.split(b"# Begin: Data Binary 8\n")[1][:8]) == (123456789012345.0,)


def test_the_header_holds_every_key_of_the_format(tmp_path):
    keys = {line[2:].split(":")[0] for line in written(tmp_path, "text").read_text().splitlines() if line[0] == "#"}
    axes = {f"{axis}{word}" for axis in "xyz" for word in ("min", "max", "base", "nodes", "stepsize")}
    assert axes | {"Title", "meshtype", "meshunit", "valuedim", "valuelabels", "valueunits", "Segment count"} <= keys


def file_of_mumax3(numbers=(1.0, 0.0, 0.0, 0.0, -1.0, 0.5)):
    """The form of mumax3's own files, from its documentation: no line break before the end mark, other key order."""
    header = """# OOMMF OVF 2.0
# Segment count: 1
# Begin: Segment
# Begin: Header
# Title: m
# meshtype: rectangular
# meshunit: m
# xmin: 0
# ymin: 0
# zmin: 0
# xmax: 4e-09
# ymax: 2e-09
# zmax: 1e-09
# valuedim: 3
# valuelabels: m_x m_y m_z
# valueunits: 1 1 1
# Desc: Total simulation time:  2e-10  s
# xbase: 1e-09
# ybase: 1e-09
# zbase: 5e-10
# xnodes: 2
# ynodes: 1
# znodes: 1
# xstepsize: 2e-09
# ystepsize: 2e-09
# zstepsize: 1e-09
# End: Header
# Begin: Data Binary 4
"""
    data = struct.pack("<7f", 1234567.0, *numbers)
    return header.encode() + data + b"# End: Data Binary 4\n# End: Segment\n"


def test_a_file_in_the_form_of_mumax3_is_read(tmp_path):
    path = tmp_path / "m000001.ovf"
    path.write_bytes(file_of_mumax3())
    back = read_ovf(path)
    np.testing.assert_array_equal(back.values[:, 0, 1], [0, -1, 0.5])
    assert back.mesh == Mesh(nx=2, ny=1, dx_m=2e-9, dy_m=2e-9)


def test_a_file_in_the_form_of_oommf_is_read(tmp_path):
    content = file_of_mumax3().replace(b"# End: Data", b"\n# End: Data").replace(b"\n# ", b"\r\n#  ", 20)
    content = content.replace(b"# Segment count", b"##\n## a comment\n# SEGMENT  count").replace(
        b"xmin: 0", b"xmin: 0 ## m"
    )
    path = tmp_path / "oxs.omf"
    path.write_bytes(content)
    assert read_ovf(path).values[0, 0, 0] == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"OVF 2.0", b"OVF 1.0", "not OVF 2.0"),
        (b"# OOMMF OVF 2.0", b"%PDF", "first line"),
        (b"meshtype: rectangular", b"meshtype: irregular", "irregular"),
        (b"meshunit: m\n", b"meshunit: nm\n", "meshunit"),
        (b"znodes: 1", b"znodes: 4", "4 layers"),
        (b"xnodes: 3", b"xnodes: 30", "bytes of data"),
        (b"xnodes: 3", b"xnodes: 2", "does not follow"),
        (b"xnodes: 3", b"xnodes: three", "xnodes"),
        (b"xnodes: 3", b"xnodes: 0", "xnodes"),
        (b"# xnodes: 3\n", b"", "no xnodes"),
        (b"# xnodes: 3\n", b"# xnodes: 3\n# xnodes: 3\n", "twice"),
        (b"valuedim: 3", b"valuedim: 1", "valuedim"),
        (b"xstepsize: 2e-09", b"xstepsize: -2e-09", "xstepsize"),
        (b"xstepsize: 2e-09", b"xstepsize: nan", "xstepsize"),
        (b"Segment count: 1", b"Segment count: 2", "2 segments"),
        (b"Begin: Data Binary 8", b"Begin: Data Binary 16", "Binary 16"),
        (b"# End: Header", b"end of header", "not a header line"),
        (struct.pack("<d", 123456789012345.0), struct.pack("<d", 1.0), "check value"),
        (struct.pack("<d", 123456789012345.0), struct.pack(">d", 123456789012345.0), "other byte order"),
        (struct.pack("<d", VALUES[0, 0, 1]), struct.pack("<d", float("nan")), r"cell \(1, 0\) is nan"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, said):
    path = written(tmp_path)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(UserError, match=said):
        read_ovf(path)


@pytest.mark.parametrize(("old", "new", "said"), [("0.0", "zero", "no number"), ("0.0 ", "", "17 numbers")])
def test_text_that_is_no_table_of_numbers_is_refused(tmp_path, old, new, said):
    path = written(tmp_path, "text")
    head, data = path.read_text().split("Data Text\n", 1)
    path.write_text(head + "Data Text\n" + data.replace(old, new, 1))
    with pytest.raises(UserError, match=said):
        read_ovf(path)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_cut_anywhere_before_its_end_mark_is_refused(tmp_path, encoding):
    path = written(tmp_path, encoding)
    content = path.read_bytes()
    for length in range(0, content.index(b"# End: Data") + 5, 7):
        path.write_bytes(content[:length])
        with pytest.raises(UserError):
            read_ovf(path)


@pytest.fixture(scope="module")
def sound_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ovf")
    return folder / "m.ovf", {encoding: written(folder, encoding).read_bytes() for encoding in ENCODINGS}


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1), junk=st.binary(max_size=12), encoding=st.sampled_from(ENCODINGS))
def test_no_damage_ends_in_anything_but_a_user_error(sound_files, place, junk, encoding):
    path, contents = sound_files
    content = contents[encoding]
    at = int(place * len(content))
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    try:
        assert read_ovf(path).values.shape[0] == 3
    except UserError as error:
        assert path.name in str(error) or "mesh" in str(error)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UserError, match="no file"):
        read_ovf(tmp_path / "none.ovf")
    with pytest.raises(UserError, match="cannot read"):
        read_ovf(tmp_path)


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    path = tmp_path / "m.ovf"
    for values, encoding in ((VALUES[:, :1], "text"), (VALUES * np.nan, "text"), (VALUES * 1e300, "binary 4")):
        with pytest.raises(ValueError):
            write_ovf(path, values, MESH, 1e-9, encoding=encoding)
    for words in ({"title": "two words"}, {"unit": ""}, {"description": ("two\nlines",)}):
        with pytest.raises(ValueError):
            write_ovf(path, VALUES, MESH, 1e-9, **words)
    assert list(tmp_path.iterdir()) == []
