"""Tensors in files: as bytes to half a step, and an error where a file is none."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.nn.tensor_files import in_bytes, read_metadata, read_tensors, write_tensors


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6), st.sampled_from([(3, 5), (4, 2, 3, 3), (1, 1)]), st.sampled_from([1e-30, 0.02, 1.0, 1e20])
)
def test_bytes_give_every_row_back_to_half_a_step(tmp_path_factory, seed, shape, scale):
    path = tmp_path_factory.mktemp("bytes") / "file.safetensors"
    arrays = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale
    arrays[0] = 0.0
    others = {"bias": torch.randn(7), "count": torch.tensor(3), "codes": torch.arange(6).view(2, 3)}
    write_tensors(path, in_bytes({"layer.weight": arrays, **others}), {})
    read = read_tensors(path, "file")
    assert read.keys() == {"layer.weight", *others}
    largest = arrays.flatten(1).abs().amax(1)
    error = (read["layer.weight"] - arrays).flatten(1).abs().amax(1)
    assert bool((error <= largest / 254 * 1.001).all()) and not read["layer.weight"][0].any()
    assert all(torch.equal(read[name], tensor) for name, tensor in others.items())


def test_bytes_take_a_quarter_of_the_room(tmp_path):
    tensors = {"weight": torch.randn(64, 4096)}
    for name, content in (("floats", tensors), ("bytes", in_bytes(tensors))):
        write_tensors(tmp_path / name, content, {})
    assert (tmp_path / "bytes").stat().st_size < 0.26 * (tmp_path / "floats").stat().st_size


def test_no_byte_stands_for_what_is_not_finite():
    for wrong in (torch.nan, torch.inf):
        with pytest.raises(UserError, match="weight has numbers that are not finite"):
            in_bytes({"weight": torch.tensor([[1.0, wrong]])})


def test_bytes_without_their_steps_are_refused(tmp_path):
    packed = in_bytes({"weight": torch.randn(4, 4)})
    for steps in (torch.ones(3), None):
        spoilt = {**packed, "weight.step": steps} if steps is not None else {"weight.bytes": packed["weight.bytes"]}
        write_tensors(tmp_path / "file", spoilt, {})
        with pytest.raises(UserError, match="bytes without their steps"):
            read_tensors(tmp_path / "file", "file")


def test_what_is_no_such_file_is_refused_by_both_readers(tmp_path):
    (tmp_path / "text").write_text("no tensors here")
    for read in (read_tensors, read_metadata):
        with pytest.raises(UserError, match="not a whole safetensors file"):
            read(tmp_path / "text", "weights file")
        with pytest.raises(UserError, match="there is no weights file"):
            read(tmp_path / "nothing", "weights file")
