"""The lines that the page shows give what the page shows: pictures, distance, variety and bill, to the last digit."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from spingan.bench import repeat as repeat_module
from spingan.bench.repeat import REPROGRAM_FIT, repeat
from spingan.bench.settings import Settings
from spingan.bench.worker import work
from spingan.cli import app
from spingan.image_grid import image_grid
from spingan.nn.weights import FIT_IMAGES
from spingan.progress import no_progress

SETTINGS = Settings.from_dict(
    {
        "model": "digits",
        "technology": "wox-memristor",
        "levels": 24,
        "set": {"load_resistance_ohm": 2500.5},
        "conditions": {"programming_noise": {"fraction": 0.02, "of": "value"}, "stuck": 0.003},
        "node_nm": 45,
        "chip_seed": 7,
        "fit_images": 64,
    },
    "settings",
)


def shell(settings: Settings) -> dict[str, list[str]]:
    """The words of each command of spingan, by its name."""
    found, pending = {}, ""
    for line in repeat(settings, {}, {})["shell"].split("\n"):
        pending += line
        try:
            words = shlex.split(pending)
        except ValueError:  # a text in quotes goes on in the next line
            pending += "\n"
            continue
        pending = ""
        if words[0] == "spingan":
            found[words[1]] = words[1:]
    return found


def run(words: list[str], *more: str):
    result = CliRunner().invoke(app, [*words, *more], prog_name="spingan")
    assert result.exit_code == 0, result.output
    return result


def asked(what: str, settings: Settings) -> dict:
    return work({"what": what, "settings": settings.to_dict()}, no_progress)


def node_file(text: str) -> None:
    """What the line with printf writes."""
    begin = text.index("printf %s '") + len("printf %s '")
    Path(repeat_module.NODE_FILE).write_text(text[begin : text.index("'", begin)], encoding="utf-8")


def test_the_fit_that_needs_no_word_is_reprogram_s_own():
    assert REPROGRAM_FIT == FIT_IMAGES


def test_same_settings_same_pictures():
    first, second = asked("draw", SETTINGS), asked("draw", SETTINGS)
    assert first["png"] == second["png"]
    other = asked("draw", SETTINGS.model_copy(update={"chip_seed": 8}))
    assert other["png"] != first["png"]


def test_the_shown_commands_draw_the_page_s_pictures_and_its_bill(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = shell(SETTINGS)
    run(commands["technology"])
    run(commands["sample"])
    drawn = asked("draw", SETTINGS)
    from spingan.bench.drawing import written

    images = written(SETTINGS, {}).sample(64, SETTINGS.seed, SETTINGS.chip).numpy()
    with Image.open("grid.png") as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(image_grid(images)))
    assert drawn["count"] == 64
    node_file(repeat(SETTINGS, {}, {})["shell"])
    told = json.loads(run(commands["cost"], "--json").stdout)
    shown = asked("bill", SETTINGS)
    assert told["energy_per_image_j"] == shown["drawing"]["energy_j"]
    assert told["training"]["energy_per_image_j"] == shown["training"]["energy_j"]
    assert (told["area_m2"] or None) == shown["drawing"]["area_m2"]


@pytest.mark.slow
def test_the_shown_commands_and_lines_give_the_page_s_distance_and_variety(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = asked("judge", SETTINGS)
    commands = shell(SETTINGS)
    run(commands["technology"])
    told = json.loads(run(commands["evaluate"], "--json").stdout)
    assert (told["metric"], told["value"], told["floor"]) == (shown["metric"], shown["distance"], shown["floor"])
    assert told["variety"]["recall"] == shown["recall"] and told["variety"]["coverage"] == shown["coverage"]
    assert told["variety_floor"]["recall"] == shown["floor_recall"]
    names: dict = {}
    exec(repeat(SETTINGS, {}, {})["python"], names)
    assert names["quality"].value == shown["distance"]
    assert names["bill"].drawing.energy_j == asked("bill", SETTINGS)["drawing"]["energy_j"]


def test_a_model_as_trained_needs_no_technology():
    settings = Settings(conditions={"stuck": 0.01}, seed=3)
    assert shell(settings)["sample"] == shlex.split(
        "sample clothes-longer --condition stuck=0.01 --seed 3 --count 64 --out grid.png"
    )
    assert "technology" not in shell(settings)


def test_a_fitted_measurement_is_fitted_by_the_shown_line_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "mine.csv"
    table.write_text("drive_ua,out\n" + "".join(f"{x},{max(x, 0) * 3.0}\n" for x in range(-20, 21)))
    asked_fit = {"what": "fit", "path": str(table), "target": str(tmp_path / "kept" / "mine_relu.csv"), "x": "drive_ua"}
    found = work(asked_fit | {"y": "out", "y_unit": "mV", "function": "relu"}, no_progress)
    settings = Settings(technology="ideal", activations={"relu": "0" * 16})
    files = {"0" * 16: str(tmp_path / "kept" / "mine_relu.csv")}
    lines = repeat(settings, {"0" * 16: "mine_relu.csv"}, {"0" * 16: tuple(found["made_by"])})
    fit, new = (shlex.split(line)[1:] for line in lines["shell"].split("\n")[:2])
    run(fit)
    run(new)
    told = json.loads(run(["technology", "show", "my-technology"], "--json").stdout)
    shown = work({"what": "curves", "settings": settings.to_dict(), "files": files}, no_progress)
    assert told["values"]["activations"]["relu"]["rising"] == shown["activations"]["relu"]["rising"]
