"""The IDX reader takes sound files and names what is wrong with the others."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from idx_files import encoded, write_idx
from spingan.data import idx
from spingan.errors import UserError

ARRAYS = st.sampled_from([kind.newbyteorder("=") for kind in idx.TYPES.values()]).flatmap(
    lambda kind: stn.arrays(kind, stn.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)
SUFFIX = st.sampled_from(["idx", "idx.gz"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


@given(ARRAYS, SUFFIX)
def test_what_is_written_is_read_back(folder, array, suffix):
    write_idx(folder / f"a.{suffix}", array)
    back = idx.read(folder / f"a.{suffix}", (None,) * array.ndim, array.dtype)
    assert back.dtype == array.dtype and back.dtype.isnative
    np.testing.assert_array_equal(back, array)


@given(stn.arrays(np.uint8, (3, 2, 2)), st.integers(0, 23))
def test_every_truncation_of_a_plain_file_is_refused(folder, array, kept):
    path = folder / "cut.idx"
    path.write_bytes(encoded(array)[:kept])
    with pytest.raises(UserError, match="truncated"):
        idx.read(path, (None, 2, 2))


@given(stn.arrays(np.uint8, (3, 2, 2)), st.data())
def test_every_truncation_of_a_compressed_file_is_refused(folder, array, data):
    whole = gzip.compress(encoded(array))
    path = folder / "cut.idx.gz"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(UserError, match=r"truncated|not a gzip"):
        idx.read(path, (None, 2, 2))


@given(stn.arrays(np.uint8, (3, 2, 2)), st.binary(min_size=1, max_size=40), st.booleans())
def test_every_longer_file_is_refused(folder, array, extra, compressed):
    path = folder / ("long.gz" if compressed else "long")
    data = encoded(array) + extra
    path.write_bytes(gzip.compress(data) if compressed else data)
    with pytest.raises(UserError, match="longer than"):
        idx.read(path, (None, 2, 2))


@settings(max_examples=300)
@given(st.binary(max_size=64), st.booleans())
def test_any_bytes_give_an_array_of_the_asked_shape_or_a_clear_error(folder, data, compressed):
    path = folder / "any"
    path.write_bytes(gzip.compress(data) if compressed else data)
    try:
        array = idx.read(path, (None, None))
    except UserError as error:
        assert str(path) in error.problem and error.remedy
    else:
        assert array.ndim == 2 and array.dtype == np.uint8
        assert encoded(array) == data


@given(stn.arrays(np.uint8, (4, 3, 3)), st.data())
def test_a_flipped_byte_in_a_compressed_file_is_never_read_as_other_pixels(folder, array, data):
    whole = bytearray(gzip.compress(encoded(array)))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path = folder / "flipped"
    path.write_bytes(whole)
    try:
        back = idx.read(path, (None, 3, 3))
    except UserError:
        return
    np.testing.assert_array_equal(back, array)


def test_a_small_file_that_unpacks_to_a_huge_one_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(struct.pack(">HBBI", 0, 8, 1, 10) + bytes(50_000_000)))
    taken = []
    honest = gzip.GzipFile.read

    def count(self, size=-1):
        chunk = honest(self, size)
        taken.append(len(chunk))
        return chunk

    monkeypatch.setattr(gzip.GzipFile, "read", count)
    with pytest.raises(UserError, match="longer than the 10 bytes"):
        idx.read(path, (None,))
    assert sum(taken) == 8 + 10 + 1


def test_a_header_that_claims_more_than_memory_is_refused_before_reading(tmp_path):
    path = tmp_path / "claims"
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 28, 28))
    with pytest.raises(UserError, match="claims 3,367,254,359,280 bytes"):
        idx.read(path, (None, 28, 28))


@pytest.mark.parametrize(
    ("array", "shape", "dtype", "problem"),
    [
        (np.zeros((2, 28, 27), np.uint8), (None, 28, 28), np.uint8, "dimensions 2 x 28 x 27, expected any x 28 x 28"),
        (np.zeros((2, 28), np.uint8), (None, 28, 28), np.uint8, "has 2 dimensions, expected 3"),
        (np.zeros(2, np.float32), (None,), np.uint8, "holds float32 values, expected uint8"),
        (np.zeros(2, np.int8), (None,), np.uint8, "holds int8 values, expected uint8"),
    ],
)
def test_another_shape_or_type_is_named(tmp_path, array, shape, dtype, problem):
    write_idx(tmp_path / "a", array)
    with pytest.raises(UserError, match=problem):
        idx.read(tmp_path / "a", shape, dtype)


def test_a_plain_file_that_is_named_gz_is_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(encoded(np.zeros(3, np.uint8)))
    with pytest.raises(UserError, match="not a gzip file"):
        idx.read(tmp_path / "a.gz", (None,))


def test_a_web_page_in_place_of_a_file_is_no_idx_file(tmp_path):
    (tmp_path / "a").write_bytes(b"<html>404</html>")
    with pytest.raises(UserError, match="not an IDX file"):
        idx.read(tmp_path / "a", (None,))


def test_a_missing_file_and_a_folder_are_user_errors(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        idx.read(tmp_path / "none", (None,))
    with pytest.raises(UserError, match="cannot read"):
        idx.read(tmp_path, (None,))
