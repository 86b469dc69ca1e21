"""A model that does not say what it was trained on is judged as nothing, by nobody, until the user says it."""

import pytest
from typer.testing import CliRunner

from spingan.api import evaluate
from spingan.cli import app
from spingan.errors import UserError
from spingan.evaluation.real_images import data_of
from spingan.evaluation.reference import reference_for
from spingan.nn.weights import Model, load_model, save_weights
from spingan.reports.report import real_images
from spingan.studies.parallel import Workers
from spingan.studies.run import run_study


@pytest.fixture
def silent() -> Model:
    model = load_model("fashion-mnist")
    model.info = {"seed": 0}
    return model


@pytest.mark.parametrize("info", [{}, {"recipe": {}}, {"recipe": {"data": {}}}, {"recipe": {"data": "mnist"}}])
def test_a_model_without_data_is_refused_with_the_way_to_name_them(silent, info):
    silent.info = info
    with pytest.raises(UserError, match=r"does not say which images.*\n.*--data-name"):
        data_of(silent)


def test_nothing_that_judges_takes_it_for_clothes(silent, tmp_path):
    path = tmp_path / "silent.safetensors"
    save_weights(path, silent)
    judges = (
        lambda: evaluate(silent, count=20),
        lambda: reference_for(silent, 20),
        *(lambda name=name: run_study(name, path, workers=Workers(1)) for name in ("noise", "levels", "quantization")),
    )
    for judge in judges:
        with pytest.raises(UserError, match="does not say which images"):
            judge()
    assert real_images(silent) is None


def test_the_user_names_the_images_and_cannot_contradict_the_model(silent, tmp_path):
    save_weights(tmp_path / "silent.safetensors", silent)
    few = ("--count", "20", "--variety-count", "10", "--json")
    judged = CliRunner().invoke(
        app, ["evaluate", str(tmp_path / "silent.safetensors"), "--data-name", "mnist", *few], prog_name="spingan"
    )
    assert judged.exit_code == 0 and "FD(mnist-cnn, 20)" in judged.stdout
    with pytest.raises(UserError, match="was trained on fashion-mnist, not on mnist"):
        data_of(load_model("fashion-mnist"), "mnist")
