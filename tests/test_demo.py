import json
import re

import pytest
from PIL import Image
from typer.testing import CliRunner

from spingan.cli import app
from spingan.data import FASHION_MNIST
from spingan.demo import run_demo
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.weights import Model, load_model, save_weights
from spingan.quantities import energy_text
from spingan.spec.technology import load_technology
from spingan.training.recipe import load_recipe


@pytest.fixture(scope="module", autouse=True)
def no_data(tmp_path_factory):
    """A machine with nothing but the shipped sample: tests take as long everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FASHION_MNIST, "system_folders", ())
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A weights file of a generator that was never trained: it draws noise, but by the same road."""
    technology = load_technology("skyrmion-published")
    conversion = convert(family_named("fashion").make_generator(100).eval(), technology)
    recipe = load_recipe("fashion-mnist").model_dump(mode="json")
    path = tmp_path_factory.mktemp("model") / "weights.safetensors"
    save_weights(path, Model("untrained", "fashion", 100, technology, conversion, {"seed": 0, "recipe": recipe}))
    return path


@pytest.fixture(scope="module")
def demo(untrained, tmp_path_factory):
    return run_demo(tmp_path_factory.mktemp("demo"), model=load_model(untrained), count=200, say=lambda line: None)


def test_the_demo_leaves_pictures_and_a_report(demo):
    for picture in demo.pictures:
        with Image.open(picture) as image:
            assert image.width > 200
    assert demo.report.stat().st_size > 50_000


def test_the_demo_s_numbers_are_in_what_it_says(demo):
    assert f"{demo.quality.value:.2f}" in demo.summary()
    assert "4.9011 nJ" in demo.summary()
    assert f"recall {demo.quality.variety.recall:.2f}" in demo.summary()
    assert "copies of training images: not measured" in demo.summary()
    told = demo.to_dict()
    assert json.dumps(told) and told["energy_low_j"] < told["energy_per_image_j"] < told["energy_high_j"]
    assert energy_text(told["energy_per_image_j"], 3) in demo.summary()


def test_the_report_needs_nothing_outside_itself(demo):
    page = demo.report.read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', page)
    assert sources and all(source.startswith("data:") for source in sources)
    assert "url(" not in page and "<script" not in page and "@import" not in page


def test_every_picture_of_the_report_says_what_it_shows(demo):
    tags = re.findall(r"<img [^>]*>", demo.report.read_text(encoding="utf-8"))
    assert len(tags) >= 4
    assert all(re.search(r'alt="[^"]{20,}"', tag) for tag in tags)


def test_the_report_shows_quality_conversion_and_bill(demo):
    page = demo.report.read_text(encoding="utf-8")
    assert f'<td class="number">{demo.quality.variety_floor.coverage:.3f}</td>' in page
    assert "spingan data fetch fashion-mnist" in page
    for text in (f"{demo.quality.value:.3f}", "AnalogConvTranspose2d", "4.901", "not counted", "How it was obtained"):
        assert text in page


def test_sampling_twice_gives_the_same_picture(untrained, tmp_path):
    for name in ("one.png", "two.png"):
        result = CliRunner().invoke(app, ["sample", str(untrained), "-n", "4", "--out", str(tmp_path / name)])
        assert result.exit_code == 0
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_another_seed_gives_another_picture(untrained, tmp_path):
    for seed in ("0", "1"):
        out = str(tmp_path / f"{seed}.png")
        CliRunner().invoke(app, ["sample", str(untrained), "-n", "4", "--seed", seed, "--out", out])
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()


def test_quality_as_json_has_the_numbers_that_judge_it(untrained):
    result = CliRunner().invoke(app, ["evaluate", str(untrained), "--count", "200", "--json"])
    quality = json.loads(result.stdout)
    assert quality["metric"] == "FD(fashion-cnn, 200)"
    assert quality["value"] > 10 * quality["floor"] > 0
    assert set(quality) >= {"float_twin", "protocol", "seconds", "obtained"}
    measures = {"precision", "recall", "density", "coverage", "nearest_neighbour_ratio", "copies"}
    assert set(quality["variety"]) >= measures and set(quality["variety_floor"]) >= measures
    assert quality["variety"]["recall"] < quality["variety_floor"]["recall"]


def test_the_first_ten_lines_of_an_evaluation_have_every_measure(untrained):
    few = ["--count", "200", "--variety-count", "150", "--k", "4"]
    shown = CliRunner().invoke(app, ["evaluate", str(untrained), *few]).stdout
    lines = shown.splitlines()
    assert "variety on 150 images each, k = 4" in lines[0]
    measures = ("FD(", "precision", "recall", "density", "coverage", "nearest image", "copies")
    assert all(line.startswith(measure) for line, measure in zip(lines[3:10], measures, strict=True))
    assert "copies: not measured: the training images are not on this machine" in shown
    assert "\nclass " not in shown
    assert "\nclass " in CliRunner().invoke(app, ["evaluate", str(untrained), *few, "--detail"]).stdout


def test_a_k_that_the_images_do_not_allow_is_status_2(untrained):
    result = CliRunner().invoke(app, ["evaluate", str(untrained), "--count", "40", "--k", "30"])
    assert result.exit_code == 2 and result.stdout == ""


def test_a_picture_that_cannot_be_written_is_refused(untrained):
    result = CliRunner().invoke(app, ["sample", str(untrained), "-n", "1", "--out", "/proc/nowhere/grid.png"])
    assert result.exit_code == 2
    assert "cannot write" in result.stderr
