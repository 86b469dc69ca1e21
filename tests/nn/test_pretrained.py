"""A model in a folder as the Hub has it is the same model again, and needs the client of the Hub for nothing else."""

import json
import shutil
import sys

import pytest
import torch
import yaml
from typer.testing import CliRunner

from spingan.cli import app
from spingan.errors import UserError
from spingan.nn.model_files import HUB_WEIGHTS, model_file, shipped_files
from spingan.nn.weights import Model, load_model

NAME = "mnist-memristive"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A shipped model, and the folder that it was saved in."""
    model = load_model(NAME)
    metrics = {"FD(mnist-cnn, 10000)": 3.25, "coverage": 0.5}
    return model, model.save_pretrained(tmp_path_factory.mktemp("hub") / "mine", license="mit", metrics=metrics)


def test_weights_come_back_bit_for_bit_and_so_do_the_pictures(saved):
    model, folder = saved
    again = Model.from_pretrained(folder)
    before, after = model.generator.state_dict(), again.generator.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(model.sample(5, seed=3, chip=2), again.sample(5, seed=3, chip=2))
    assert (again.name, again.info, again.technology) == (model.name, model.info, model.technology)


def test_the_card_is_the_hub_s_yaml_and_says_licence_tags_and_metrics(saved):
    model, folder = saved
    _, head, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    about = yaml.safe_load(head)
    assert about["license"] == "mit" and about["library_name"] == "spingan"
    assert about["pipeline_tag"] == "unconditional-image-generation"
    assert {"gan", "mnist", model.technology.name} <= set(about["tags"])
    (result,) = about["model-index"][0]["results"]
    assert result["dataset"] == {"type": "mnist", "name": "mnist"}
    assert result["metrics"][0] == {"type": "fd-mnist-cnn-10000", "name": "FD(mnist-cnn, 10000)", "value": 3.25}
    assert f"| technology | {model.technology.name} |" in text and "CC BY-SA" in text
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["net"] == model.net and config["image_size"] == 28 and config["model_type"] == "spingan"
    assert (folder / "samples.png").read_bytes().startswith(b"\x89PNG")


def test_the_hub_s_own_reader_takes_the_card(saved):
    cards = pytest.importorskip("huggingface_hub")
    found = cards.ModelCard.load(saved[1] / "README.md").data
    assert found.license == "mit" and found.eval_results[0].metric_value == 3.25


def test_a_card_that_somebody_wrote_is_kept_and_the_weights_are_not(saved, tmp_path):
    (tmp_path / "README.md").write_text("my words")
    (tmp_path / HUB_WEIGHTS).write_bytes(b"old")
    saved[0].save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "my words"
    assert (tmp_path / HUB_WEIGHTS).stat().st_size > 1000


def test_without_a_licence_the_card_says_unknown_and_without_metrics_none(saved, tmp_path):
    saved[0].save_pretrained(tmp_path)
    about = yaml.safe_load((tmp_path / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert about["license"] == "unknown" and "model-index" not in about


def test_metrics_that_are_not_finite_are_refused_before_anything_is_written(saved, tmp_path):
    with pytest.raises(UserError, match="metric x is nan"):
        saved[0].save_pretrained(tmp_path / "new", metrics={"x": float("nan")})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "MODEL", "-n", "4", "--out", "grid.png"],
        ["evaluate", "MODEL", "--count", "40", "--variety-count", "20"],
        ["cost", "MODEL"],
        ["cost", "MODEL", "--accounting", "paper"],
        ["report", "MODEL", "--count", "20", "--out", "page.html"],
        ["report", "MODEL", "--technology", "ideal", "--fit-images", "16", "--count", "20", "--out", "page.html"],
    ],
    ids=" ".join,
)
def test_the_commands_take_such_a_folder(words, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert model_file(saved[1]) == saved[1] / HUB_WEIGHTS
    done = CliRunner().invoke(app, [str(saved[1]) if word == "MODEL" else word for word in words])
    assert done.exit_code == 0, done.output


def test_the_paper_s_account_of_a_model_is_that_of_its_recipe(saved):
    of_model, of_recipe = (
        CliRunner().invoke(app, ["cost", str(name), "--accounting", "paper", "--json"]) for name in (saved[1], NAME)
    )
    assert json.loads(of_model.stdout) == json.loads(of_recipe.stdout)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--table", "components"], "is a model"),
        (["--accounting", "paper", "--technology", "wox-memristor"], "--technology"),
        (["--accounting", "paper", "--set", "epochs=2"], "has no keys to set"),
    ],
)
def test_what_a_model_s_cost_has_not_is_refused(words, said, saved):
    done = CliRunner().invoke(app, ["cost", str(saved[1]), *words])
    assert done.exit_code == 2 and said in done.stderr


def test_a_shipped_name_needs_no_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert Model.from_pretrained(NAME).name == NAME


def test_without_the_client_a_hub_s_name_is_one_error_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match="no folder here") as refused:
        Model.from_pretrained("somebody/digits")
    assert refused.value.remedy == "pip install 'spingan[hub]'"


def test_a_misspelt_shipped_name_is_not_looked_for_on_the_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match="Did you mean mnist-memristive"):
        Model.from_pretrained("mnist-memristiv")


@pytest.fixture
def cache(tmp_path):
    """The Hub's cache as its client leaves it, with a model that is one and another that is none."""
    pytest.importorskip("huggingface_hub")
    for name in ("digits", "other"):
        snapshot = tmp_path / f"models--somebody--{name}" / "snapshots" / COMMIT
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text("{}")
        refs = tmp_path / f"models--somebody--{name}" / "refs"
        refs.mkdir()
        (refs / "main").write_text(COMMIT)
    shutil.copy(shipped_files()[NAME], tmp_path / "models--somebody--digits" / "snapshots" / COMMIT / HUB_WEIGHTS)
    return tmp_path


def test_what_the_hub_s_client_has_in_its_cache_is_read_offline(cache):
    model = Model.from_pretrained("somebody/digits", cache_dir=cache, offline=True)
    assert torch.equal(model.sample(2), load_model(NAME).sample(2))


@pytest.mark.parametrize(
    ("name", "words"), [("somebody/other", "holds no model.safetensors"), ("nobody/nothing", "cannot be reached")]
)
def test_what_is_not_there_is_refused_in_words(cache, name, words):
    with pytest.raises(UserError, match=words):
        Model.from_pretrained(name, cache_dir=cache, offline=True)
