"""A weights file gives back the same generator, carries its technology, and is refused when it is anything else."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn import model_files
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.model_files import WEIGHTS, shipped_models
from spingan.nn.tensor_files import read_metadata
from spingan.nn.weights import Model, _bits, _pack, _unpack, float_twin, load_model, save_weights
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology, load_technology

LATENTS = 6


def _model(technology: Technology) -> Model:
    torch.manual_seed(1)
    net = family_named("fashion").make_generator(LATENTS).train()
    net(torch.randn(8, LATENTS, 1, 1))  # statistics that are not those of a fresh batch norm
    return Model("trial", "fashion", LATENTS, technology, convert(net.eval(), technology), {"epochs": 3})


@pytest.fixture(scope="module")
def model() -> Model:
    return _model(load_technology("skyrmion-published"))


@pytest.fixture(scope="module")
def written(model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / WEIGHTS
    save_weights(path, model)
    return path


def _altered(written: Path, folder: Path, header: dict | None = None, **tensors: torch.Tensor) -> Path:
    content = {**load_file(written), **tensors}
    about = {**read_metadata(written, "weights file"), **(header or {})}
    save_file(content, folder / "altered.safetensors", metadata={"spingan": json.dumps(about)})
    return folder / "altered.safetensors"


def test_a_loaded_generator_draws_the_same_images_and_knows_how_it_was_made(model, written):
    loaded = load_model(written)
    assert torch.equal(loaded.sample(3, seed=5), model.sample(3, seed=5))
    assert (loaded.name, loaded.net, loaded.latent_size, loaded.info) == ("trial", "fashion", LATENTS, {"epochs": 3})
    assert loaded.technology == model.technology
    assert not loaded.generator.training


def test_a_generator_of_float_weights_comes_back_bit_for_bit(tmp_path):
    ideal = _model(load_technology("ideal"))
    save_weights(tmp_path / "float.safetensors", ideal)
    loaded = load_model(tmp_path / "float.safetensors")
    state = ideal.generator.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in loaded.generator.state_dict().items())


def test_writing_what_was_read_gives_the_same_codes(written, tmp_path):
    save_weights(tmp_path / "again.safetensors", load_model(written))
    first, again = load_file(written), load_file(tmp_path / "again.safetensors")
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())


def test_a_weight_of_64_levels_takes_six_bits_in_the_file(model, written):
    layers = [module for module in model.generator.modules() if hasattr(module, "effective_weight")]
    weights = sum(layer.weight.numel() for layer in layers)
    codes = [tensor for name, tensor in load_file(written).items() if name.endswith(".codes")]
    assert sum(tensor.numel() for tensor in codes) == weights * 6 // 8
    others = 4 * sum(tensor.numel() for tensor in model.generator.state_dict().values()) - 4 * weights
    assert written.stat().st_size < weights * 6 / 8 + others + 16_000  # the header holds the technology's tables


@given(st.integers(2, 1000).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), max_size=50))))
@settings(max_examples=50, deadline=None)
def test_codes_of_any_number_of_levels_survive_packing(case):
    levels, codes = case
    packed = _pack(np.array(codes, dtype=np.int64).reshape(-1), levels)
    assert packed.size == -(-len(codes) * _bits(levels) // 8)
    assert _unpack(packed, levels, len(codes)).tolist() == codes


def test_a_users_own_technology_travels_inside_the_file(with_levels, tmp_path):
    relu = load_technology("skyrmion-published").activations["relu"]
    own = with_levels(0, conductance=(0.0, 0.2, 0.5, 0.7, 1.0), name="my-device", activations={"relu": relu})
    model = _model(own)
    save_weights(tmp_path / WEIGHTS, model)
    loaded = load_model(tmp_path)  # the folder of a run
    assert loaded.technology == own
    assert torch.equal(loaded.sample(2), model.sample(2))


def test_samples_are_images_that_their_seeds_decide(model):
    noise = Noise(fraction=0.02)
    noisy = ChipConditions(1, noise, noise)
    first = model.sample(2, 1, noisy)
    assert torch.equal(model.sample(2, 1, noisy), first)  # read noise too begins at the seeds
    assert first.shape == (2, 1, 28, 28) and first.dtype == torch.float32 and float(first.abs().max()) <= 1
    others = [model.sample(2, 2, noisy), model.sample(2, 1, replace(noisy, seed=2)), model.sample(2, 1, 1)]
    assert all(not torch.equal(first, other) for other in others)
    assert torch.equal(model.sample(2, 1, noisy), first)  # after other chips
    assert model.sample(0).shape == (0, 1, 28, 28)
    with pytest.raises(UserError, match="cannot draw -1 images"):
        model.sample(-1)
    with pytest.raises(UserError, match="not a number of 64 bits"):
        model.sample(1, seed=2**64)


def test_no_model_of_that_name_is_said_with_the_names_there_are():
    with pytest.raises(UserError, match="no model 'no-such-model'") as caught:
        load_model("no-such-model")
    assert "shipped name" in caught.value.remedy


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(UserError, match=f"holds no {WEIGHTS}"):
        load_model(tmp_path)


@pytest.mark.parametrize("kept", [0, 7, 100, 100_000])
def test_a_file_cut_short_is_refused(written, tmp_path, kept):
    (tmp_path / WEIGHTS).write_bytes(written.read_bytes()[:kept])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_model(tmp_path / WEIGHTS)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "model.pt").write_text("a pickle, say\n" * 100)
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_model(tmp_path / "model.pt")


def test_a_safetensors_file_of_another_program_is_refused(tmp_path):
    save_file({"weight": torch.ones(2)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="its header says nothing of it"):
        load_model(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"schema_version": 2}, "not a weights file of this version"),
        ({"latent_size": "many"}, "not a weights file of this version"),
        ({"technology": {"schema_version": 1}}, "name is missing"),
        ({"net": "fashion-2"}, "unknown net"),
        ({"net": "colour-64"}, "of another net"),
        ({"latent_size": LATENTS + 1}, "conv1 is of another net"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(written, tmp_path, header, message):
    with pytest.raises(UserError, match=message):
        load_model(_altered(written, tmp_path, header))


def test_codes_that_do_not_fit_the_net_or_its_levels_are_refused(written, tmp_path, with_levels):
    with pytest.raises(UserError, match="layer conv2 is of another net: 5 bytes of codes"):
        load_model(_altered(written, tmp_path, **{"conv2.codes": torch.zeros(5, dtype=torch.uint8)}))
    relu = load_technology("skyrmion-published").activations["relu"]
    fewer = with_levels(40, name="fewer", activations={"relu": relu}).to_dict()  # six bits too
    with pytest.raises(UserError, match="codes beyond the 40 levels"):
        load_model(_altered(written, tmp_path, {"technology": fewer}))


def test_a_missing_tensor_is_named(written, tmp_path):
    content = load_file(written)
    del content["norm1.running_mean"]
    header = {"spingan": json.dumps(read_metadata(written, "weights file"))}
    save_file(content, tmp_path / "less.safetensors", metadata=header)
    with pytest.raises(UserError, match=r"norm1\.running_mean"):
        load_model(tmp_path / "less.safetensors")


def test_nothing_is_left_behind_when_the_file_cannot_be_written(model, tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(UserError):
        save_weights(tmp_path / "taken" / WEIGHTS, model)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_model_outside_the_package_is_found_by_its_name_in_a_checkout_and_explained_elsewhere(
    written, tmp_path, monkeypatch
):
    monkeypatch.setattr(model_files, "_PLACES", (tmp_path,))
    with pytest.raises(UserError, match="'faces'") as caught:
        load_model("faces")
    assert "folder weights of the repository" in caught.value.remedy
    shutil.copy(written, tmp_path / "faces.weights.safetensors")
    assert "faces" in shipped_models()
    assert load_model("faces").name == load_model(written).name


def test_a_chip_is_made_anew_when_the_weights_have_changed():
    model = load_model("fashion-mnist")
    before = model.sample(2)
    assert torch.equal(model.sample(2), before)
    with torch.no_grad():
        next(model.generator.parameters()).mul_(-1)
    assert not torch.equal(model.sample(2), before)


def test_the_float_twin_of_a_name_comes_before_others():
    for name in ("clothes", "clothes-longer"):
        twin = float_twin(load_model(name))
        assert twin is not None and twin.name == f"{name}-float"
    other = load_model("clothes-simulated")
    twin = float_twin(other)
    assert twin is not None and twin.name == "clothes-float"
    other.info["recipe"]["goes_on_from"] = "clothes-longer"
    twin = float_twin(other)
    assert twin is not None and twin.name == "clothes-longer-float"
