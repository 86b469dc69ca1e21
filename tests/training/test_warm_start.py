"""A run may begin with the nets and optimizers of another, and says so; what does not fit is refused."""

import math

import pytest
import small_run
import torch

from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import analog_layers
from spingan.nn.tensor_files import read_metadata
from spingan.nn.weights import load_model
from spingan.spec.technology import load_technology
from spingan.training import loop
from spingan.training.checkpoint import CHECKPOINT, optimizer_tensors, read_checkpoint, restore_optimizer
from spingan.training.critic import net_discriminator
from spingan.training.nets import build_nets
from spingan.training.recipe import load_recipe
from spingan.training.warm_start import warm_start

NOISE = ("programming_noise={fraction: 0.05}", "weight_clip=2.0", "epochs=1", "seed=3")


@pytest.fixture(scope="module")
def begun(run, straight, tmp_path_factory):
    """One more epoch, from where `straight` ended, with noise and clipped weights."""
    return run(tmp_path_factory.mktemp("begun") / "run", *NOISE, start_from=straight)


def test_a_run_begins_with_every_tensor_of_the_other(run, straight, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(loop, "_run", lambda plan, nets, *rest: seen.update(nets.tensors()))
    run(tmp_path / "run", "epochs=1", start_from=straight)
    other, _ = read_checkpoint(straight / CHECKPOINT)
    for part, tensors in seen.items():
        assert tensors.keys() == other[part].keys()
        for name, tensor in tensors.items():
            assert torch.equal(tensor.cpu(), other[part][name]), f"{part}: {name}"


def test_a_run_may_begin_on_another_technology_whose_converters_and_wires_are_measured_later(
    run, straight, tmp_path, monkeypatch
):
    seen = {}
    monkeypatch.setattr(loop, "_run", lambda plan, nets, *rest: seen.update(nets.tensors()))
    run(tmp_path / "run", "epochs=1", "technology=wox-memristor-array", start_from=straight)
    other, _ = read_checkpoint(straight / CHECKPOINT)
    for part in ("generator", "discriminator"):
        for name, tensor in seen[part].items():
            if name in other[part]:
                assert torch.equal(tensor.cpu(), other[part][name]), f"{part}: {name}"
            else:
                assert name.split(".")[-2] in ("dac", "adc") or name.endswith("passed"), name
        assert any(name not in other[part] for name in seen[part])


def test_its_files_say_what_it_began_from(begun):
    told = read_metadata(begun / "weights.safetensors", "weights")["info"]["begun_from"]
    assert told["recipe"]["name"] == "fashion-mnist" and told["recipe"]["epochs"] == 3
    assert told["step"] == 3 * small_run.STEPS_AN_EPOCH
    assert read_checkpoint(begun / CHECKPOINT)[1]["step"] == small_run.STEPS_AN_EPOCH


def test_a_recipe_that_goes_on_does_not_begin_with_new_nets(run, straight, tmp_path):
    with pytest.raises(UserError, match="no run of it is named"):
        run(tmp_path / "a", "goes_on_from=clothes", "epochs=1")
    assert not (tmp_path / "a" / CHECKPOINT).exists()
    run(tmp_path / "b", "goes_on_from=clothes", "epochs=1", start_from=straight)
    run(tmp_path / "b", "goes_on_from=clothes", "epochs=2", resume=True)


def test_a_run_may_begin_with_a_model_s_generator_and_a_new_discriminator_that_learns_alone_first(
    run, straight, tmp_path, monkeypatch
):
    seen = []
    whole = loop.train_step

    def watched(nets, *rest):
        seen.append({part: _copied(tensors) for part, tensors in nets.tensors().items()})
        result = whole(nets, *rest)
        assert math.isfinite(result.generator_loss)
        return result

    monkeypatch.setattr(loop, "train_step", watched)
    weights = straight / "weights.safetensors"
    run(tmp_path / "run", "discriminator_alone=1", "epochs=2", "average_decay=0.9", start_from=weights)
    first, alone, later = seen[0], seen[small_run.STEPS_AN_EPOCH], seen[-1]
    learned = dict(load_model(weights).generator.named_parameters())
    for name, parameter in learned.items():
        for part in ("generator", "average"):
            assert torch.equal(first[part][name], parameter), name
            assert torch.equal(alone[part][name], parameter), name
            assert not torch.equal(later[part][name], parameter), name
    assert not alone["generator_optimizer"] and later["generator_optimizer"]
    assert any(not torch.equal(first["discriminator"][name], alone["discriminator"][name]) for name in learned)
    told = read_metadata(tmp_path / "run" / "weights.safetensors", "weights")["info"]["begun_from"]
    assert told["model"] == str(weights) and told["recipe"]["name"] == "fashion-mnist"
    with pytest.raises(UserError, match=r"(?s)without its discriminator.*discriminator_alone=2"):
        run(tmp_path / "refused", start_from=weights)
    with pytest.raises(UserError, match="latent_size 100"):
        run(tmp_path / "refused2", "latent_size=50", "discriminator_alone=1", start_from=weights)
    with pytest.raises(UserError, match="learns nothing in 3 epochs"):
        run(tmp_path / "refused3", "discriminator_alone=3", start_from=weights)
    (tmp_path / "text").write_text("no tensors")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        run(tmp_path / "refused4", "discriminator_alone=1", start_from=tmp_path / "text")


def test_a_folder_of_save_pretrained_gives_its_generator(tmp_path):
    recipe = load_recipe("clothes-designed", ("epochs=2", "batch_size=4", "average_from=1", "technology=ideal"))
    nets = build_nets(recipe.model_copy(update={"drawn_devices": None}), load_technology("ideal"), torch.device("cpu"))
    model = load_model("clothes")
    told = warm_start(nets, model.save_pretrained(tmp_path / "mine"), recipe)
    assert told["model"] == str(tmp_path / "mine") and told["technology"] == model.technology.name
    learned = dict(nets.generator.named_parameters())
    for name, parameter in model.generator.named_parameters():
        assert torch.equal(learned[name], parameter), name


def test_the_shipped_discriminator_of_such_nets_is_taken_and_told():
    recipe = load_recipe("clothes-designed", ("epochs=2", "batch_size=4", "average_from=1", "technology=ideal"))
    nets = build_nets(recipe.model_copy(update={"drawn_devices": None}), load_technology("ideal"), torch.device("cpu"))
    new = {name: tensor.clone() for name, tensor in nets.discriminator.state_dict().items()}
    told = warm_start(nets, "clothes", recipe)
    shipped = net_discriminator("fashion-norm-free", "fashion-mnist")
    assert shipped is not None and told["discriminator"] == "shipped, of fashion-norm-free"
    for name, tensor in nets.discriminator.state_dict().items():
        if name in shipped:
            assert torch.equal(tensor, shipped[name]) and (tensor.dim() < 2 or not torch.equal(tensor, new[name])), name
    assert net_discriminator("fashion-norm-free", "mnist") is None
    assert net_discriminator("colour-64-norm-free", "cartoon-faces") is None


def test_an_exact_discriminator_has_no_devices_and_the_generator_has():
    settings = ("technology=skyrmion-published", "epochs=2", "average_from=1", "drawn_devices=null")
    for exact in (True, False):
        recipe = load_recipe("clothes-designed", (*settings, f"discriminator_exact={exact}"))
        nets = build_nets(recipe, load_technology(recipe.technology), torch.device("cpu"))
        devices = [
            [part for part in net.modules() if isinstance(part, DeviceActivation)]
            for net in (nets.generator, nets.discriminator)
        ]
        assert devices[0] and bool(devices[1]) != exact
        levels = [layer.levels.numel() for layer in analog_layers(nets.discriminator)]
        assert set(levels) == ({0} if exact else {64})


def _copied(tensors):
    return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}


def test_clipped_weights_use_their_full_scale(begun):
    for layer in analog_layers(load_model(begun).generator):
        rows = [axis for axis in range(layer.weight.dim()) if axis != layer.column_axis]
        rms = layer.weight.detach().square().mean(dim=rows).sqrt()
        assert (layer.gain / rms).max() < 2.1  # 2, and a little for what clipping takes from the rms itself


def test_a_run_that_was_stopped_goes_on_from_its_own_beginning(run, straight, begun, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop, "train_step", _stopped)
        run(folder, *NOISE, start_from=straight)
    assert read_checkpoint(folder / CHECKPOINT)[1]["step"] == 0
    run(folder, *NOISE, resume=True)
    ours, theirs = (read_checkpoint(place / CHECKPOINT)[0] for place in (folder, begun))
    for part in ours:
        for name, tensor in ours[part].items():
            assert torch.equal(tensor, theirs[part][name]), f"{part}: {name}"


def _stopped(*arguments, **more):
    raise KeyboardInterrupt


def test_what_does_not_fit_is_refused(run, straight, tmp_path):
    with pytest.raises(UserError, match="no checkpoint"):
        run(tmp_path / "a", start_from=tmp_path / "nothing")
    with pytest.raises(UserError, match="latent_size 100"):
        run(tmp_path / "b", "latent_size=50", start_from=straight)
    with pytest.raises(UserError, match="eave weight_clip out"):
        run(tmp_path / "c", "on_chip={}", "weight_clip=2.0")


def test_moments_of_more_parameters_than_there_are_are_refused():
    """As those of learned ranges are, where the new run's technology learns none."""
    more, fewer = (torch.optim.Adam([torch.zeros(2, requires_grad=True) for _ in range(count)]) for count in (3, 2))
    for parameter in more.param_groups[0]["params"]:
        parameter.grad = torch.ones(2)
    more.step()
    with pytest.raises(UserError, match=r"(?s)beyond the 2.*learned_range"):
        restore_optimizer(fewer, optimizer_tensors(more))
