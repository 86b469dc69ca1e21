"""A chip computes with the wires of its tiles, and nothing else of the net knows of them."""

import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.nn.analog import analog_layers
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.dcgan import FASHION
from spingan.spec.technology import Technology, load_technology

MEMRISTOR = load_technology("wox-memristor")


def wired(ohm: float, tile: int | None) -> Technology:
    stated = {"wire_resistance_ohm": ohm, "tile_rows": tile, "tile_columns": tile}
    return MEMRISTOR.model_copy(update=stated)


def on_a_chip(net, inputs, technology, conditions=ChipConditions()):
    conversion = convert(net, technology, example_input=inputs)
    assert not [name for name in conversion.not_simulated if "wire" in name]
    chip = program_chip(conversion.model, technology, conditions)
    with torch.no_grad():
        return chip, chip(inputs)


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.Flatten(), nn.Linear(96, 4)).eval(), torch.randn(3, 2, 4, 4)


def test_a_chips_layers_hold_what_the_wired_tiles_give():
    net, inputs = small_net()
    chip, out = on_a_chip(net, inputs, wired(5.0, 8))
    _, ideal = on_a_chip(net, inputs, wired(0.0, 8))
    for name, array in chip.arrays.items():
        layer = chip.net.get_submodule(name)
        assert torch.equal(layer.matrices()[0], array.weight()) and array.rules.wires is not None
    assert 0.01 < float((out - ideal).norm() / ideal.norm()) < 0.5
    _, nearly = on_a_chip(net, inputs, wired(1e-6, 8))
    torch.testing.assert_close(nearly, ideal, rtol=1e-4, atol=1e-4)


def test_a_chip_that_ages_is_folded_again():
    net, inputs = small_net()
    wires = wired(5.0, 8)
    old = {conditions.faded: on_a_chip(net, inputs, wires, conditions)[1]
           for conditions in (ChipConditions(), ChipConditions(faded=0.5))}  # fmt: skip
    again = on_a_chip(net, inputs, wires, ChipConditions(faded=0.5))[1]
    assert torch.equal(old[0.5], again) and not torch.equal(old[0.5], old[0.0])


@pytest.mark.parametrize("transposed", ["literal", "polyphase", "polyphase_shared"])
@pytest.mark.parametrize("read_out", ["virtual_ground", "load_divider"])
@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair", "sign_crossbar"])
def test_training_and_chip_agree_on_what_the_wires_pass(encoding, read_out, transposed):
    torch.manual_seed(0)
    net = nn.Sequential(nn.ConvTranspose2d(3, 4, 3, 2, 1, 1), nn.ConvTranspose2d(4, 2, 4, 2, 1)).eval()
    fields = {"encoding": encoding, "read_out": read_out, "transposed": transposed}
    technology = wired(20.0, 14).model_copy(update=fields)
    model, inputs = convert(net, technology).model, torch.randn(2, 3, 3, 3)
    with torch.no_grad():
        on_levels, on_chip = model(inputs), program_chip(model, technology)(inputs)
        ideal = convert(net, technology.model_copy(update={"wire_resistance_ohm": None})).model(inputs)
    torch.testing.assert_close(on_chip, on_levels, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(on_levels, ideal, rtol=0.02)


def test_what_passes_stays_between_folds_and_its_gradient_is_the_devices():
    net, inputs = small_net()
    model = convert(net, wired(20.0, 8)).model
    layer = next(analog_layers(model))
    model(inputs).square().sum().backward()
    assert layer.passed is not None and bool(layer.weight.grad.isfinite().all())
    before = layer.passed.clone()
    with torch.no_grad():
        layer.weight.mul_(0.9)
        model(inputs)
        assert torch.equal(layer.passed, before)
        layer.weight[0].mul_(0.1)
        layer.fold_wires()
    assert not torch.equal(layer.passed, before)


def test_wires_that_pass_nothing_are_solved_once(monkeypatch):
    net, inputs = small_net()
    model = convert(net, wired(1e9, None)).model
    assert model(inputs).isfinite().all()
    monkeypatch.setattr("spingan.arrays.rules.fold_once", lambda *_: pytest.fail("folded again"))
    model(inputs)


def test_a_wired_net_goes_into_the_memory_order_that_training_uses():
    net, inputs = small_net()
    model = convert(net, wired(20.0, 8)).model
    before = model(inputs)
    moved = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    torch.testing.assert_close(moved(inputs), before)


@pytest.mark.slow
def test_larger_tiles_move_a_dcgans_pictures_further():
    torch.manual_seed(0)
    net, latents = FASHION.make_generator(), torch.randn(8, 100, 1, 1)
    with torch.no_grad():
        for _ in range(30):  # batch norms of an untrained net, so that there is a picture to move
            net(torch.randn(16, 100, 1, 1))
    net.eval()
    _, ideal = on_a_chip(net, latents, wired(0.0, None))
    moved = []
    for tile in (64, 128, 256):
        _, out = on_a_chip(net, latents, wired(0.35, tile))
        assert out.isfinite().all()
        moved.append(float((out - ideal).square().mean().sqrt()))
    assert moved == sorted(moved)


@pytest.mark.parametrize("encoding", ["differential_pair", "midpoint_reference", "sign_crossbar"])
def test_a_chip_that_is_written_exactly_finds_its_tiles_solved(encoding, monkeypatch):
    from spingan.arrays import wires

    net, inputs = small_net()
    technology = wired(20.0, 8).model_copy(update={"encoding": encoding})
    solved = []
    monkeypatch.setattr(wires, "_kept", wires.OrderedDict())
    monkeypatch.setattr(wires, "fold", lambda *of, fold=wires.fold: solved.append(of) or fold(*of))
    model = convert(net, technology).model
    model(inputs)
    before = len(solved)
    program_chip(model.eval(), technology)
    assert before and len(solved) == before
