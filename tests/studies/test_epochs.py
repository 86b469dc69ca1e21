"""The study against epochs takes what a run kept."""

import shutil

import pytest

from spingan.errors import UserError
from spingan.nn.weights import load_model, save_weights
from spingan.papers.claims import held_against
from spingan.studies.epochs import kept_weights
from spingan.studies.parallel import Workers
from spingan.studies.run import run_study


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    save_weights(folder / "epoch_0002.safetensors", load_model("fashion-mnist"))
    for epoch in (10, 1):
        shutil.copy(folder / "epoch_0002.safetensors", folder / f"epoch_{epoch:04d}.safetensors")
    (folder / ".epoch_0003.safetensors.abcdefgh.safetensors").touch()  # left behind by a run that was killed
    return tmp_path


def test_every_epoch_that_the_run_kept_is_found_in_order(run):
    assert sorted(kept_weights(run)) == [1, 2, 10]


def test_a_shipped_model_has_the_weights_of_one_epoch_only():
    with pytest.raises(UserError, match="no weights of several epochs") as refused:
        kept_weights("fashion-mnist")
    assert "spingan train fashion-mnist" in refused.value.remedy


@pytest.mark.slow
def test_the_last_epoch_is_the_ideal_and_fifty_are_not_tested_by_ten(run):
    study = run_study("epochs", run, count=50, seeds=2, workers=Workers(1), **held_against("epochs"))
    assert [setting.value for setting in study.settings] == [1, 2, 10]
    assert study.ideal.values == study.settings[-1].values and study.claims[0].verdict == "not tested"
    assert study.settings[0].values == study.settings[2].values  # the same weights here
