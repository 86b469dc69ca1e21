"""Long work of the bench: what it takes from the settings, what it tells on the way, and what it refuses."""

from functools import partial
from pathlib import Path

import pytest

import spingan.api
from spingan.bench.settings import Settings
from spingan.bench.worker import work
from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.progress import no_progress
from spingan.training import loop
from spingan.training.recipe import load_recipe


def asked(what: str, settings: Settings, **more):
    return {"what": what, "settings": settings.to_dict(), **more}


def test_a_shipped_model_has_nothing_to_go_on_from(tmp_path):
    with pytest.raises(UserError, match="no discriminator"):
        work(asked("adapt", Settings(model="digits"), epochs=1, folder=str(tmp_path)), no_progress)


@pytest.mark.slow
def test_an_adaptation_goes_on_from_a_run_in_the_settings_arrays_and_noise(tmp_path, monkeypatch):
    import numpy as np

    images = np.random.default_rng(7).integers(0, 256, (37, 28, 28), np.uint8)
    monkeypatch.setattr(loop, "train", partial(loop.train, images=images))
    small = ("batch_size=12", "epochs=1", "precision=fp32", "checkpoint_every=2", "sample_count=4", "sample_epochs=[1]")
    loop.train(load_recipe("fashion-mnist", small), tmp_path / "run", progress=False)
    settings = Settings.from_dict(
        {
            "model": str(tmp_path / "run"),
            "technology": "skyrmion-published",
            "set": {"encoding": "differential_pair"},
            "conditions": {"read_noise": {"fraction": 0.01}},
        },
        "settings",
    )
    found = work(asked("adapt", settings, epochs=1, folder=str(tmp_path / "adapted")), no_progress)
    adapted = load_model(found["run"])
    assert adapted.technology.encoding == "differential_pair"
    assert adapted.info["recipe"]["read_noise"]["fraction"] == 0.01


@pytest.mark.slow
def test_an_evaluation_and_a_study_use_the_settings_arrays_and_tell_how_far_they_are(tmp_path):
    told: list[tuple[str, int, int]] = []
    settings = Settings(model="digits", technology="wox-memristor", levels=8, fit_images=64)
    quality = work(asked("evaluate", settings, count=40), lambda *of: told.append(of))["quality"]
    assert quality["metric"] == "FD(mnist-cnn, 40)" and told
    folder = tmp_path / "study"
    more = {"name": "converters", "count": 20, "seeds": 2, "workers": 1, "folder": str(folder)}
    found = work(asked("study", settings, **more), no_progress)
    assert found["study"]["technology"] == "wox-memristor, 8 levels"
    assert (folder / "converters.csv").is_file()


@pytest.mark.slow
def test_an_appraisal_is_of_the_settings_technology_and_leaves_its_page(tmp_path, monkeypatch):
    few = partial(spingan.api.appraise, count=40, chips=2)  # minutes, not an hour
    monkeypatch.setattr(spingan.api, "appraise", few)
    told: list[tuple[str, int, int]] = []
    settings = Settings(model="digits", technology="wox-memristor", levels=8)
    request = asked("appraise", settings, workers=1, folder=str(tmp_path / "appraisal"))
    found = work(request, lambda *of: told.append(of))
    assert len(found["verdict"]) == 5 and found["verdict"][0].startswith("wox-memristor, 8 levels ") and told
    assert Path(found["page"]).is_file()
