"""A conditional DCGAN from outside the package trains, converts, is billed, saved and drawn by class."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import spingan
from spingan.arrays.conditions import ChipConditions
from spingan.cli import app
from spingan.errors import UserError
from spingan.nn.counting import count_family
from spingan.nn.weights import load_model, save_weights
from spingan.training.recipe import recipe_from

EXAMPLE = Path(__file__).parents[1] / "examples" / "04_conditional.py"
SHORT = {"epochs": 1, "batch_size": 10, "latent_size": 6, "checkpoint_every": 1, "sample_count": 4}


@pytest.fixture(scope="module")
def recipe():
    return recipe_from({**runpy.run_path(str(EXAMPLE), run_name="example")["RECIPE"], **SHORT}, "the example")


@pytest.fixture(scope="module")
def data():
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    return {"images": images, "labels": np.arange(20) % 10}


@pytest.fixture(scope="module")
def run(recipe, data, tmp_path_factory):
    return spingan.train(recipe, tmp_path_factory.mktemp("conditional") / "run", **data, progress=False)


def test_each_image_is_of_the_class_that_was_asked_for(run):
    model = load_model(run)
    dresses = model.sample(3, seed=1, labels=3)
    assert torch.equal(model.sample(3, seed=1, labels=[3, 3, 3]), dresses)
    mixed = model.sample(3, seed=1, labels=torch.tensor([3, 4, 3]))
    same = [bool(torch.allclose(ours, theirs, atol=1e-6)) for ours, theirs in zip(mixed, dresses, strict=True)]
    assert same == [True, False, True]
    assert torch.equal(model.sample(3, seed=1), model.sample(3, seed=1, labels=[0, 1, 2]))  # the classes in turn


@pytest.mark.parametrize(
    ("labels", "message"),
    [(10, "no class 10"), (-1, "no class -1"), ([1, 2], "for 3 images"), ([0.5] * 3, "type torch.float32")],
)
def test_a_class_that_there_is_not_is_refused(run, labels, message):
    with pytest.raises(UserError, match=message):
        load_model(run).sample(3, labels=labels)


def test_a_net_without_classes_refuses_one():
    with pytest.raises(UserError, match="know no classes"):
        load_model("clothes").sample(2, labels=3)


def test_both_nets_learn_from_the_labels(recipe, data, run, tmp_path):
    other = spingan.train(recipe, tmp_path / "run", images=data["images"], labels=data["labels"][::-1], progress=False)
    assert not torch.equal(load_model(other).sample(2, labels=1), load_model(run).sample(2, labels=1))


def test_labels_that_are_missing_or_unknown_are_refused(recipe, data, tmp_path):
    with pytest.raises(UserError, match="takes a class with each image"):
        spingan.train(recipe, tmp_path / "run", images=data["images"], progress=False)
    with pytest.raises(UserError, match="no class 10"):
        spingan.train(recipe, tmp_path / "run", images=data["images"], labels=data["labels"] + 1, progress=False)


def test_it_converts_is_billed_saved_and_written_elsewhere(recipe, run, tmp_path):
    model = load_model(run)
    kinds = {row.type: row.kind for row in model.conversion.rows}
    assert kinds["OneHot"] == "digital" and kinds["ZeroPaddedConv2d"] == "analog" and kinds["BatchNorm2d"] == "folded"
    counts = count_family(model.family, model.technology, model.latent_size)
    inputs = [net.layers[1].array for net in (counts.generator, counts.discriminator)]
    assert [array.rows for array in inputs if array is not None] == [6 + 10, (1 + 10) * 16]
    assert spingan.cost(recipe).energy_j.value > 0
    save_weights(tmp_path / "net.safetensors", model)
    again = load_model(tmp_path / "net.safetensors")
    assert torch.equal(again.sample(2, labels=7), load_model(run).sample(2, labels=7))
    assert spingan.reprogram(model, "ideal").sample(2, chip=ChipConditions(calibration=20), labels=7).shape == (
        2,
        1,
        28,
        28,
    )


def test_it_is_resumed_as_any_other_run(recipe, data, run, tmp_path):
    longer = recipe.model_copy(update={"epochs": 2})
    straight = spingan.train(longer, tmp_path / "straight", **data, progress=False)
    spingan.train(recipe, tmp_path / "run", **data, progress=False)
    resumed = spingan.train(longer, tmp_path / "run", **data, progress=False, resume=True)
    assert torch.equal(load_model(straight).sample(3), load_model(resumed).sample(3))


def test_the_command_draws_a_class(run, tmp_path):
    out = str(tmp_path / "dresses.png")
    arguments = ["sample", str(run), "--count", "2", "--class", "3", "--out", out, "--json"]
    drawn = CliRunner().invoke(app, arguments, prog_name="spingan")
    assert drawn.exit_code == 0 and json.loads(drawn.stdout)["class"] == 3 and Path(out).is_file()
