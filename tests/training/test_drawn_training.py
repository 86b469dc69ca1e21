"""Training with activation devices that are drawn anew at each update: where, how much, and resumed bit for bit."""

import pytest
import torch
from safetensors.torch import load_file
from same_run import assert_same_run
from shared_steps import WITHOUT_NORM, all_numbers, real_images, tiny_nets, train_steps, write_share

from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.drawn_devices import DrawnDevices
from spingan.spec.technology import load_technology
from spingan.training import loop
from spingan.training.nets import build_nets, finished_model
from spingan.training.processes import make_fabric, run_together
from spingan.training.recipe import load_recipe
from spingan.training.step import train_step

DRAWN = ("technology=skyrmion-designed", "drawn_devices={ramp_epochs: 1, of: both}")


def _drawn(net):
    return [m for m in net.modules() if isinstance(m, DeviceActivation) and isinstance(m.noise, DrawnDevices)]


@pytest.mark.parametrize(("of", "judged"), [("generator", 0), ("both", 4)])
def test_a_recipe_says_whose_devices_are_drawn(of, judged):
    _, nets = tiny_nets(("technology=skyrmion-designed", f"drawn_devices={{of: {of}}}", "net=tiny"))
    assert len(_drawn(nets.generator)) == 3 and len(_drawn(nets.discriminator)) == judged


def test_the_share_rises_in_a_straight_line_and_stays():
    drawn = load_recipe("fashion-mnist", ["drawn_devices={ramp_epochs: 2, scale: 1.5}"]).drawn_devices
    assert drawn is not None
    shares = [drawn.share(step, steps_an_epoch=5) for step in range(13)]
    assert shares[:3] == pytest.approx([1.5 / 11, 3 / 11, 4.5 / 11])
    assert shares[10:] == pytest.approx([1.5, 1.5, 1.5])
    at_once = load_recipe("fashion-mnist", ["drawn_devices={}"]).drawn_devices
    assert at_once is not None and at_once.share(0, 5) == 1


def test_a_step_draws_devices_by_seed_and_number_alone():
    fabric = make_fabric("cpu")
    recipe, nets = tiny_nets((*WITHOUT_NORM, *DRAWN))
    nets.device_share = 1.0
    keys = []
    for step in (3, 4, 3):
        train_step(nets, nets.generator, nets.discriminator, real_images(0, 6), recipe, step, fabric)
        keys.append([device.noise.key for device in _drawn(nets.generator) + _drawn(nets.discriminator)])
    assert keys[0] == keys[2] and not set(keys[0]) & set(keys[1])
    assert len(set(keys[0])) == len(keys[0])  # and each layer has its own


def test_nothing_else_that_is_drawn_depends_on_the_devices():
    """With a share of 0 the step is that of the tables."""
    fabric, found = make_fabric("cpu"), []
    for more in ((), ("drawn_devices={of: both}",)):
        nets, results = train_steps((*WITHOUT_NORM, DRAWN[0], *more), fabric)
        found.append(all_numbers(nets, results, fabric))
    assert all(torch.equal(tensor, found[1][name]) for name, tensor in found[0].items())


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(tmp_path, monkeypatch):
    settings = (*WITHOUT_NORM, *DRAWN)
    run_together(2, write_share, settings, 2, str(tmp_path), 1.0)
    first, other = (load_file(tmp_path / f"{rank}.safetensors") for rank in range(2))
    alone = make_fabric("cpu")
    whole = all_numbers(*train_steps(settings, alone, device_share=1.0), alone)
    for name, tensor in first.items():
        assert torch.equal(tensor, other[name])
        torch.testing.assert_close(tensor, whole[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_that_was_stopped_and_resumed_ends_bit_for_bit_the_same(run, tmp_path, monkeypatch, precision):
    settings = (*DRAWN, f"precision={precision}", "epochs=2", "sample_epochs=[]")
    straight = run(tmp_path / "straight", *settings)
    plain = loop.train_step

    def interrupted(*given):
        if given[5] == 5:  # in the second epoch, behind the ramp, one step after a checkpoint
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(loop, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", *settings)
    monkeypatch.setattr(loop, "train_step", plain)
    assert_same_run(run(tmp_path / "run", *settings, resume=True), straight)


def test_the_finished_net_has_no_devices_left_and_its_norms_know_them():
    """An offset of each pixel's own adds to a channel's variance: the norm behind it must expect that."""
    technology = load_technology("skyrmion-designed")
    curves = {
        key: curve.model_copy(update={"spread": curve.spread.model_copy(update={"offset": 1.0})})
        for key, curve in technology.activations.items()
    }
    technology = technology.model_copy(update={"activations": curves, "trim_bits": None, "trim_reads": None})
    variances = []
    for settings in ((), ("drawn_devices={}",)):
        recipe = load_recipe("fashion-mnist", ["net=tiny", "latent_size=5", "average_decay=null", *settings])
        nets = build_nets(recipe, technology, torch.device("cpu"))
        made = finished_model(nets, recipe, technology, {}).generator
        devices = [module for module in made.modules() if isinstance(module, DeviceActivation)]
        assert all(device.noise is None and device.made is None for device in devices)
        variances.append(sum(float(b.sum()) for name, b in made.named_buffers() if name.endswith("running_var")))
    assert variances[1] > 1.2 * variances[0]


def test_a_technology_whose_devices_do_not_differ_is_refused():
    with pytest.raises(UserError, match="skyrmion-published has no activation in these nets whose file says"):
        tiny_nets(("drawn_devices={}", "net=tiny"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("drawn_devices={scale: 0}", r"drawn_devices\.scale"),
        ("drawn_devices={ramp_epochs: -1}", r"drawn_devices\.ramp_epochs"),
        ("drawn_devices={ramp: 1}", r"unknown key drawn_devices\.ramp"),
        ("drawn_devices={of: discriminator}", r"drawn_devices\.of"),
        ("drawn_devices={}", "the devices of a chip that learns are what they are"),
    ],
)
def test_a_wrong_key_is_one_clear_error(given, message):
    with pytest.raises(UserError, match=message):
        load_recipe("mnist-memristive-on-chip" if given == "drawn_devices={}" else "fashion-mnist", [given])
