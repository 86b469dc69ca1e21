"""Paper M's nets: their maps, their count of weights, and that a crossbar's form computes the same."""

import pytest
import torch
from torch import nn

from spingan.nn.chip import program_chip
from spingan.nn.clipped_relu import ClippedReLU
from spingan.nn.conversion import calibrate, convert
from spingan.nn.family import family_named
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.technology import load_technology

NAMES = ("am-dcgan", "am-dcgan-batch-norm", "am-dcgan-deep")


@pytest.mark.parametrize("name", NAMES)
def test_latents_become_28x28_images_within_the_outputs_range_and_images_one_logit_each(name):
    pair = family_named(name)
    images = pair.make_generator(20)(torch.randn(3, 20, 1, 1))
    assert images.shape == (3, 1, 28, 28) and float(images.detach().abs().max()) <= 1
    assert pair.make_discriminator()(images).shape == (3,)


def test_the_weights_are_those_of_the_named_layers_and_not_the_papers_1_7_million():
    # dense 100 x 6272, 5x5: 128 x 64 and 64 x 1; 5x5: 1 x 128 and 128 x 64, dense 3136 x 1
    pair = family_named("am-dcgan")
    nets = pair.make_generator(100), pair.make_discriminator()
    counts = [sum(parameter.numel() for parameter in net.parameters()) for net in nets]
    assert counts == [627_200 + 204_800 + 1_600, 3_200 + 204_800 + 3_136]


def test_the_deeper_discriminator_keeps_the_generator_and_runs_on_the_memristors_own_cells():
    papers, deep = family_named("am-dcgan-batch-norm"), family_named("am-dcgan-deep")
    assert str(deep.make_generator(100)) == str(papers.make_generator(100))
    technology = load_technology("wox-memristor")
    critic = deep.make_discriminator()
    assert sum(isinstance(module, nn.Conv2d) for module in critic.modules()) == 5
    analog = convert(critic, technology).model
    assert not any(isinstance(module, nn.ReLU | nn.LeakyReLU) for module in analog.modules())
    assert analog(torch.randn(2, 1, 28, 28)).shape == (2,)


def test_zero_padding_with_output_padding_equals_the_librarys_transposed_convolution():
    torch.manual_seed(0)
    layer = ZeroPaddedConv2d(4, 3, 5, 2, 2, output_padding=1)
    maps = torch.randn(2, 4, 7, 7)
    lowered = layer(maps)
    layer.execution = "literal"
    assert lowered.shape[-1] == 14
    torch.testing.assert_close(layer(maps), lowered, rtol=1e-5, atol=1e-6)  # float32, sums in another order


@pytest.mark.parametrize("name", NAMES)
def test_on_ideal_arrays_the_nets_compute_what_they_did(name):
    torch.manual_seed(1)
    net = family_named(name).make_generator(20).train()
    for _ in range(3):
        net(torch.randn(8, 20, 1, 1))  # so that batch norm has statistics worth folding
    net.eval()
    latents = torch.randn(4, 20, 1, 1)
    expected = net(latents)
    chip = program_chip(convert(net, load_technology("ideal")).model, load_technology("ideal"))
    assert not any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in chip.modules())
    torch.testing.assert_close(chip(latents), expected, rtol=1e-4, atol=1e-5)  # folding multiplies in another order


def test_a_relu_that_clips_at_the_supply_is_the_device_at_its_full_scale_whatever_comes():
    technology = load_technology("wox-memristor")
    ideal, device = (
        convert(nn.Sequential(ClippedReLU()), load_technology(name)).model for name in ("ideal", technology.name)
    )
    values = torch.linspace(-3, 5, 801)
    calibrate(device, lambda: device(values))
    assert float(device[0].full_scale) == 1
    assert ideal(values).tolist() == values.clamp(0, 1).tolist()
    # The cell follows within 1 % up to full scale and lets 2.6 % more through at the rail: its file.
    torch.testing.assert_close(device(values), values.clamp(0, 1), rtol=0, atol=0.03)


def test_the_circuits_tanh_is_matched_to_the_function_and_its_rails_are_black_and_white():
    device = convert(nn.Sequential(nn.Tanh()), load_technology("wox-memristor")).model
    values = torch.linspace(-30, 30, 2001)
    out = device(values)
    assert float(out.min()) == pytest.approx(-1, abs=1e-6) and float(out.max()) == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(out, values.tanh(), rtol=0, atol=0.06)  # the pair's ends are not alike: its file
    assert float((out[900:1100] - values.tanh()[900:1100]).square().mean().sqrt()) < 0.03
