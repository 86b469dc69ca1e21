"""A sketch comes before pictures whose tiles must be solved or converters fitted, is near them and stands for none."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from spingan.bench import drawing
from spingan.bench.worker import work
from spingan.progress import no_progress

MODEL = "mnist-memristive"
WIRED = {"model": MODEL, "technology": "wox-memristor-array", "fit_images": 16}
QUICK = {"adc.bits": None, "dac.bits": None}


def asked(what: str, ohm: float | None = 0.35, **settings) -> dict:
    changed = {**QUICK, "wire_resistance_ohm": ohm}
    return work({"what": what, "settings": {**WIRED, "set": changed, **settings}}, no_progress)


def pixels(answer: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["png"]))), dtype=float)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(drawing, "_written", {})
    monkeypatch.setattr(drawing, "_drawn", {})


def test_converters_that_are_not_fitted_yet_are_sketched_and_fitted_ones_are_not():
    settings = {"set": {"wire_resistance_ohm": None, "adc.bits": 6, "dac.bits": 6}, "fit_images": 64}
    sketch = asked("sketch", **settings)
    assert sketch["count"] == 64 and "16 images" in sketch["roughly"]
    exact = asked("draw", **settings)
    assert exact["png"] != sketch["png"] and "roughly" not in exact
    assert np.abs(pixels(sketch) - pixels(exact)).mean() < 10  # of 255
    noisy = {"conditions": {"programming_noise": {"fraction": 0.05}}}
    assert asked("sketch", **settings, **noisy) == {}


def test_without_wires_or_converters_there_is_no_sketch():
    assert asked("sketch", ohm=None) == {}
    assert work({"what": "sketch", "settings": {"model": MODEL}}, no_progress) == {}


def test_a_sketch_comes_before_the_drawing_is_near_it_and_leaves_it_as_it_is():
    settings = {"ohm": 3.0}
    without = asked("draw", ohm=None)
    alone = asked("draw", **settings)
    drawing._written.clear()
    drawing._drawn.clear()
    sketch = asked("sketch", **settings)
    assert asked("draw", **settings)["png"] == alone["png"] != sketch["png"]
    exact = pixels(alone)
    assert np.abs(pixels(sketch) - exact).mean() < 0.5 * np.abs(pixels(without) - exact).mean()


def test_a_sketch_of_a_new_chip_of_kept_arrays_is_not_drawn_with():
    noisy = {"conditions": {"programming_noise": {"fraction": 0.05}}}
    asked("draw")
    sketch, exact = asked("sketch", **noisy), asked("draw", **noisy)
    drawing._written.clear()
    assert asked("draw", **noisy)["png"] == exact["png"] != sketch["png"]


def test_what_is_solved_already_is_not_sketched():
    assert asked("sketch")["count"] == 64
    asked("draw")
    assert asked("sketch") == asked("sketch", seed=5) == {}
    assert asked("sketch", conditions={"programming_noise": {"fraction": 0.05}})["count"] == 64
