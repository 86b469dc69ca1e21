"""What is not a number never reaches a device, a file or a picture."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn

from spingan.arrays.mapping import program
from spingan.errors import UserError
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.tensor_files import read_metadata, write_tensors
from spingan.nn.weights import Model, load_model, save_weights
from spingan.spec.technology import load_technology

TECHNOLOGIES = ("ideal", "skyrmion-published", "wox-memristor")
VALUES = st.sampled_from([math.nan, math.inf, -math.inf])


def _net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["ideal", "skyrmion-published"]), VALUES, st.data())
def test_a_number_that_is_not_finite_is_refused_at_every_place_of_a_net_and_its_layer_is_named(name, value, data):
    technology = load_technology(name)
    technology = technology.model_copy(update={"digital": (*technology.digital, "BatchNorm1d")})
    places = [key for key, tensor in _net().state_dict().items() if tensor.is_floating_point()]
    place = data.draw(st.sampled_from(places))
    layer = place.rpartition(".")[0]
    plain, converted = _net(), convert(_net(), technology).model
    for net in (plain, converted):
        net.state_dict()[place].view(-1)[0] = value
    for refused in (lambda: convert(plain, technology), lambda: program_chip(converted, technology)):
        with pytest.raises(UserError, match=f"layer {layer}: 1 of .* are NaN or infinite") as caught:
            refused()
        assert caught.value.remedy


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_a_spoiled_generator_is_not_saved_loaded_or_drawn_from(name, tmp_path):
    technology = load_technology(name)
    conversion = convert(family_named("am-dcgan").make_generator(5).eval(), technology)
    model = Model("trial", "am-dcgan", 5, technology, conversion)
    good = tmp_path / "good.safetensors"
    save_weights(good, model)
    spoiled = {key: tensor.clone() for key, tensor in load_file(good).items()}
    next(tensor for key, tensor in spoiled.items() if key.endswith("gain"))[0] = math.nan
    write_tensors(tmp_path / "bad.safetensors", spoiled, read_metadata(good, "weights file"))
    with torch.no_grad():
        conversion.model.dense.weight[0, 0] = math.nan
    with pytest.raises(UserError, match="layer dense"):
        save_weights(tmp_path / "no.safetensors", model)
    assert not (tmp_path / "no.safetensors").exists()
    with pytest.raises(UserError, match="layer dense"):
        model.sample(1)
    with pytest.raises(UserError, match="NaN or infinite"):
        load_model(tmp_path / "bad.safetensors")


def test_images_that_overflow_are_no_picture():
    conversion = convert(family_named("am-dcgan").make_generator(5).eval(), load_technology("ideal"))
    conversion.model[-1] = nn.Identity()
    with torch.no_grad():
        conversion.model[-2].weight.fill_(1e38)
    with pytest.raises(UserError, match="pixels that are NaN or infinite"):
        Model("trial", "am-dcgan", 5, load_technology("ideal"), conversion).sample(2)


def test_a_matrix_that_is_not_finite_is_not_programmed():
    with pytest.raises(UserError, match="NaN or infinite"):
        program(torch.tensor([[1.0, math.nan]]), load_technology("wox-memristor"), 0)
