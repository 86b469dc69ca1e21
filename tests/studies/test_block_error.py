"""Errors along the discriminator, from a run's checkpoint and from a file of its own."""

from dataclasses import replace

import pytest
import torch

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology
from spingan.studies.block_error import _prepared, block_errors
from spingan.studies.trials import Trial, fingerprint
from spingan.training.checkpoint import CHECKPOINT, write_checkpoint
from spingan.training.critic import load_critic, save_critic
from spingan.training.nets import build_nets
from spingan.training.recipe import load_recipe


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder as its first checkpoint leaves it: paper M's pair before any update."""
    folder = tmp_path_factory.mktemp("run")
    recipe = load_recipe("mnist-memristive")
    technology = load_technology(recipe.technology)
    nets = build_nets(recipe, technology, torch.device("cpu"))
    state = {"step": 0, "seconds": 0.0, "precision": "fp32", "images": 1}
    state |= {"recipe": recipe.model_dump(mode="json"), "technology": technology.to_dict()}
    parts = nets.tensors()
    for part in ("generator_optimizer", "discriminator_optimizer"):
        parts[part] = {"0.step": torch.zeros(1)}  # Adam has nothing before its first step
    write_checkpoint(folder / CHECKPOINT, parts, state)
    return folder


def _errors(run, fraction: float, seed: int = 0) -> dict[str, float]:
    varied = ChipConditions(programming_noise=Noise(fraction=fraction, of="resistance"))
    return {name: value for name, (value,) in block_errors(Trial(str(run), seed, 8, varied)).values.items()}


def test_without_variability_there_is_no_error(run):
    assert _errors(run, 0.0) == dict.fromkeys(("convolution", "mean", "dense input", "dense output"), 0.0)


def test_more_variability_makes_a_larger_error_in_every_block(run):
    small, large = _errors(run, 0.1), _errors(run, 0.5)
    assert all(0 < small[block] < large[block] < 10 for block in small)


def test_another_chip_has_another_error_and_the_same_one_the_same(run):
    assert _errors(run, 0.3, 1) != _errors(run, 0.3, 2)
    assert _errors(run, 0.3, 1) == _errors(run, 0.3, 1)


def test_a_discriminator_in_a_file_of_its_own_is_the_run_s_in_bytes(run, tmp_path, monkeypatch):
    from spingan.training import critic

    save_critic(run, tmp_path / "shipped.discriminator.safetensors")
    monkeypatch.setattr(critic, "_PRETRAINED", tmp_path)
    monkeypatch.setattr(critic, "shipped_models", lambda: ("shipped",))
    own, shipped = load_critic(run), load_critic("shipped")
    images = _prepared(str(run), 8, None)[1]
    with torch.inference_mode():
        assert shipped.net(images) == pytest.approx(own.net(images), rel=0.03, abs=0.03)  # 8 bits, 128 levels
    assert shipped.technology == own.technology and shipped.data == "mnist"


def test_a_model_without_discriminator_is_refused():
    with pytest.raises(UserError, match="has no discriminator"):
        load_critic("fashion-mnist")


def test_a_discriminator_that_changes_under_a_study_is_refused(run):
    now = fingerprint(load_critic(str(run)).net)
    trial = Trial(str(run), 0, 8, fingerprint=now)
    assert block_errors(trial).values["mean"] == (0,)
    with pytest.raises(UserError, match="have changed since the study began"):
        block_errors(replace(trial, fingerprint=now[::-1]))
