"""Paper M's net trains on its memristors by float weights and on the chip, and both can be resumed."""

from pathlib import Path

import pytest
import small_run
import torch
from safetensors.torch import load_file
from torch import nn

from spingan.bills import compare_training
from spingan.errors import UserError
from spingan.nn.chip import recalibrate_batch_norm
from spingan.nn.family import family_named
from spingan.nn.weights import fitting_inputs, load_model
from spingan.training.checkpoint import CHECKPOINT, read_checkpoint
from spingan.training.loop import train
from spingan.training.recipe import load_recipe

RECIPES = ("mnist-memristive", "mnist-memristive-on-chip")


def _train(name: str, folder: Path, *overrides: str, resume: bool = False) -> Path:
    small_run.make_small()
    recipe = load_recipe(name, [*small_run.SETTINGS, "latent_size=10", *overrides])
    return train(recipe, folder, resume=resume, images=small_run.random_images(), progress=False)


EVERYTHING = (
    "on_chip={rule: mixed_precision, moments: true, stuck: 0.01}",
    "loss=relativistic",
    "slope_penalty={weight: 2.0, every: 2}",
    "read_noise={fraction: 0.01}",
    "average_decay=0.9",
)


DIGITAL_NORMS = (  # 37 images in batches of ten end in one of seven, which batch norm can take
    "net=am-dcgan-batch-norm",
    "batch_size=10",
    "on_chip={rule: mixed_precision, moments: true, read_back: true, digital_norms: true, full_scale_in: weights}",
    "average_decay=0.9",
)


@pytest.mark.parametrize(
    ("name", "settings"),
    [*((name, ()) for name in RECIPES), (RECIPES[1], EVERYTHING), (RECIPES[1], DIGITAL_NORMS)],
)
def test_a_resumed_run_ends_bit_for_bit_as_one_that_went_through(name, settings, tmp_path):
    straight = _train(name, tmp_path / "straight", "epochs=2", *settings)
    _train(name, tmp_path / "parted", "epochs=1", *settings)
    parted = _train(name, tmp_path / "parted", "epochs=2", *settings, resume=True)
    for file in (CHECKPOINT, "weights.safetensors"):
        ours, theirs = load_file(parted / file), load_file(straight / file)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.fixture(scope="module")
def on_chip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _train("mnist-memristive-on-chip", tmp_path_factory.mktemp("runs") / "on-chip", "epochs=1")


def test_on_the_chip_the_conductances_are_the_only_state_and_their_writes_are_counted(on_chip):
    parts, _ = read_checkpoint(on_chip / CHECKPOINT)
    for net in ("generator", "discriminator"):
        state = parts[f"{net}_optimizer"]
        a_weight = {key.partition(".")[2] for key, tensor in state.items() if tensor.dim()}
        an_array = {key.partition(".")[2] for key, tensor in state.items() if not tensor.dim()}
        assert a_weight == {"positive", "negative"}  # no moments: nothing but counts of writes
        assert an_array == {"mean_square", "updates", "worn_at"}
    assert "average" not in parts
    model = load_model(on_chip)
    writes = model.info["on chip"]
    assert (
        0 < writes["mean writes of a weight"] < writes["most writes of a device"] < writes["endurance, writes"] == 3e6
    )
    counted = sum(float(tensor.sum()) for tensor in parts["generator_optimizer"].values() if tensor.dim())
    weights = sum(parameter.numel() for parameter in model.generator.parameters())
    assert writes["mean writes of a weight"] == pytest.approx(counted / weights)


def test_a_run_is_not_resumed_by_another_rule(on_chip):
    with pytest.raises(UserError, match=r"learns by on_chip\.rule pulses, not agad") as caught:
        _train("mnist-memristive-on-chip", on_chip, "epochs=2", "on_chip.rule=agad", resume=True)
    assert "--set on_chip.rule=pulses" in caught.value.remedy


def test_the_card_tells_how_often_devices_were_written_and_how_long_they_last(on_chip):
    card = load_model(on_chip).info["on chip"]
    shares = list(card["writes of both nets' devices, by share of the weights"].values())
    assert shares == sorted(shares) and shares[-1] <= card["most writes of a device, both nets"]
    assert card["epochs until a device is worn"] == 3e6 / card["most writes of a device, both nets"]
    found = compare_training(load_model(on_chip))
    assert found is not None and found.lifetime_epochs == card["epochs until a device is worn"]
    own, beside, *machines = found.rows
    assert (own.name, beside.name) == ("on the chip, pulses", "beside the chip") and machines
    pulses = card["pulses of a weight an update"]["pulses"]
    weights = sum(parameter.numel() for net in _nets() for parameter in net.parameters())
    assert own.pulses == pytest.approx(pulses * weights / 12)  # images that share an update


def _nets() -> tuple[nn.Module, nn.Module]:
    family = family_named("am-dcgan")
    return family.make_generator(10), family.make_discriminator()


def test_no_average_of_two_arrays_and_no_other_way_to_learn_from_another_run(on_chip, tmp_path):
    with pytest.raises(UserError, match="no average of it"):
        _train("mnist-memristive-on-chip", tmp_path / "a", "on_chip.rule=residual", "average_decay=0.9")
    recipe = load_recipe("mnist-memristive-on-chip", [*small_run.SETTINGS, "latent_size=10", "on_chip.rule=agad"])
    with pytest.raises(UserError, match="learned on the chip by pulses, and the recipe learns on the chip by agad"):
        train(recipe, tmp_path / "b", start_from=on_chip, images=small_run.random_images(), progress=False)


def test_a_net_that_learned_on_its_chip_is_drawn_from_as_that_chip_gives_it(on_chip):
    model = load_model(on_chip)
    assert model.technology.synapse is None and "chip as it is" in model.technology.name
    assert set(model.technology.activations) == {"relu", "tanh"}
    images = model.sample(4, seed=1)
    assert images.shape == (4, 1, 28, 28) and bool(images.isfinite().all())
    assert torch.equal(images, model.sample(4, seed=1, chip=7))  # there is no other chip


def test_a_worn_chip_stops_and_says_when_and_of_which_layer(tmp_path, capsys):
    technology = tmp_path / "worn"
    technology.mkdir()
    from spingan.devices.wox_memristor import wox_memristor
    from spingan.spec.files import write_synapse
    from spingan.spec.technology import DEVICES

    write_synapse(wox_memristor().model_copy(update={"endurance_writes": 1e-3}), technology / "worn.csv")
    text = (DEVICES / "technologies" / "wox-memristor.yaml").read_text(encoding="utf-8")
    (technology / "technology.yaml").write_text(text.replace("synapse: wox_memristor", "synapse: worn.csv"))
    with pytest.raises(UserError, match=r"of the devices of generator.dense no longer move, the first since step 2"):
        _train("mnist-memristive-on-chip", tmp_path / "run", "epochs=9", f"technology={technology}")
    assert "endurance: since step 2 devices of generator.dense are worn" in capsys.readouterr().err


def test_batch_norm_on_the_chip_wants_digital_memory(tmp_path):
    with pytest.raises(UserError, match="no devices for norm1") as caught:
        _train("mnist-memristive-on-chip", tmp_path / "run", "net=am-dcgan-batch-norm")
    assert "--set on_chip.digital_norms=true" in caught.value.remedy
    with pytest.raises(UserError, match="learn by Adam's moments"):
        _train("mnist-memristive-on-chip", tmp_path / "run", "on_chip.digital_norms=true")


def test_a_rule_without_a_sum_cannot_use_what_is_read_before_the_pulses(tmp_path):
    with pytest.raises(UserError, match="rule tiki_taka keeps no sum") as caught:
        _train("mnist-memristive-on-chip", tmp_path / "run", "on_chip.rule=tiki_taka", "on_chip.read_back=true")
    assert "on_chip.rule=mixed_precision" in caught.value.remedy


def test_a_rule_without_a_sum_has_none_to_round(tmp_path):
    with pytest.raises(UserError, match=r"on_chip.pulse_at: rule pulses") as caught:
        _train("mnist-memristive-on-chip", tmp_path / "run", "on_chip.pulse_at=0.5")
    assert "on_chip.rule=mixed_precision" in caught.value.remedy


def test_what_pulses_did_needs_a_read_before_them(tmp_path):
    with pytest.raises(UserError, match=r"on_chip.read_after") as caught:
        _train("mnist-memristive-on-chip", tmp_path / "run", "on_chip={rule: mixed_precision, read_after: true}")
    assert "--set on_chip.read_back=true" in caught.value.remedy


def test_digital_memory_for_the_norms_of_nets_that_have_none_is_refused(tmp_path):
    settings = *DIGITAL_NORMS[1:], "net=am-dcgan"
    with pytest.raises(UserError, match="the nets of am-dcgan have no batch norm") as caught:
        _train("mnist-memristive-on-chip", tmp_path / "run", *settings)
    assert "--set on_chip.digital_norms=false" in caught.value.remedy


def test_a_chip_with_digital_norms_is_drawn_from_by_their_average_measured_on_the_written_chip(tmp_path):
    folder = _train("mnist-memristive-on-chip", tmp_path / "run", "epochs=2", *DIGITAL_NORMS)
    parts, _ = read_checkpoint(folder / CHECKPOINT)
    kept = {key.partition(".")[2] for key, tensor in parts["generator_optimizer"].items() if tensor.dim()}
    assert kept == {"positive", "negative", "accumulated", "first", "second"}
    model = load_model(folder)
    norms = {name: part for name, part in model.generator.named_modules() if isinstance(part, nn.BatchNorm2d)}
    assert list(norms) == ["norm2"]
    learned, averaged = parts["generator"], parts["average"]
    for key, parameter in norms["norm2"].named_parameters():
        torch.testing.assert_close(parameter.detach(), averaged[f"norm2.{key}"])
        assert not torch.equal(parameter.detach(), learned[f"norm2.{key}"])
    norm = norms["norm2"]
    assert isinstance(norm.running_mean, torch.Tensor) and isinstance(norm.running_var, torch.Tensor)
    measured = norm.running_mean.clone()
    inputs = fitting_inputs(model.family, model.latent_size, model.info["recipe"]["seed"])
    recalibrate_batch_norm(model.generator, inputs)  # the file holds a byte a weight, so that they differ a little
    off = (norm.running_mean - measured) / norm.running_var.sqrt()
    assert float(off.abs().max()) < 0.02


def test_both_forms_of_the_generator_train(tmp_path):
    settings = "epochs=1", "net=am-dcgan-batch-norm"
    with pytest.raises(UserError, match="37 images in batches of 12 end in a batch of one"):
        _train("mnist-memristive", tmp_path / "run", *settings)
    folder = _train("mnist-memristive", tmp_path / "run", *settings, "batch_size=10")
    assert load_model(folder).net == "am-dcgan-batch-norm"
