"""Converted nets and chips are modules like those of PyTorch: copies, state_dict, pickle; compiled as `plain_chip`."""

import copy
import pickle

import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.nn.chip import program_chip
from spingan.nn.plain import plain_chip
from spingan.nn.weights import load_model
from spingan.spec.noise import Noise


@pytest.fixture(scope="module")
def model():
    return load_model("mnist-memristive")


@pytest.fixture(scope="module")
def latents():
    return torch.randn(6, 100, 1, 1, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def nets(model):
    """The converted generator and a chip of it with devices that differ and faults."""
    return model.generator, model.chip(ChipConditions(seed=2, stuck=0.02, activation_offset=0.05))


@pytest.mark.parametrize("which", [0, 1], ids=["converted", "chip"])
@pytest.mark.parametrize(
    "way", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["deepcopy", "pickle"]
)
def test_a_copy_computes_the_same_and_is_a_net_of_its_own(nets, latents, which, way):
    net = nets[which]
    twin = way(net)
    with torch.no_grad():
        meant = net(latents)
        assert torch.equal(twin(latents), meant)
        next(part for part in twin.parameters() if part.dim() > 1).mul_(0.5)
        assert not torch.equal(twin(latents), meant)
        assert torch.equal(net(latents), meant)


def test_a_copy_of_a_chip_draws_the_same_noise_at_its_reads(model, latents):
    chip = model.chip(ChipConditions(read_noise=Noise(fraction=0.05)))
    twin = copy.deepcopy(chip)
    with torch.no_grad():
        for net in (chip, twin):
            net.restart(7)
        first = chip(latents)
        assert torch.equal(twin(latents), first)
        assert not torch.equal(chip(latents), first)


def test_state_dict_carries_the_converted_weights(model, latents):
    other = load_model("mnist-memristive").generator
    for part in other.parameters():
        part.data.mul_(0.5)
    with torch.no_grad():
        meant = model.generator(latents)
        assert not torch.equal(other(latents), meant)
        other.load_state_dict(model.generator.state_dict())
        assert torch.equal(other(latents), meant)


def test_state_dict_carries_what_a_chip_s_arrays_hold(model, latents):
    """Not its devices: those are drawn by the seed, as a chip is made."""
    chip = program_chip(model.generator, model.technology, ChipConditions(seed=2, stuck=0.05))
    other = program_chip(model.generator, model.technology, ChipConditions(seed=5, stuck=0.1))
    with torch.no_grad():
        assert not torch.equal(other(latents), chip(latents))
        other.load_state_dict(chip.state_dict())
        assert torch.equal(other(latents), chip(latents))


def test_data_parallel_passes_through_on_a_processor(nets, latents):
    with torch.no_grad():
        for net in nets:
            assert torch.equal(nn.DataParallel(net)(latents), net(latents))


def test_a_plain_chip_is_captured_whole_by_the_compiler_and_computes_what_the_chip_does(nets, latents):
    _, chip = nets
    compiled = torch.compile(plain_chip(chip, latents), fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(latents), chip(latents), rtol=0, atol=2e-5)


def test_a_plain_chip_is_pytorch_s_own_modules_alone(nets, latents):
    kinds = {type(part).__module__ for part in plain_chip(nets[1], latents).modules()}
    assert {kind for kind in kinds if not kind.startswith("torch.nn.")} == {"spingan.nn.plain"}
