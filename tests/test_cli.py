import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import spingan
from spingan.cli import app
from spingan.errors import UserError

COMMANDS = (
    *("demo", "train", "sample", "evaluate", "cost", "report", "compare", "appraise", "explore", "bench", "study"),
    *("recipe", "technology", "fit", "data", "device", "design", "calibrate"),
)


def run(*arguments: str):
    return CliRunner().invoke(app, arguments, prog_name="spingan")


def assert_refused(result, *words: str) -> None:
    """One line that names the fault and one with the remedy, on stderr alone, and exit status 2."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("spingan: ")
    assert len(result.stderr.splitlines()) >= 2
    for word in words:
        assert word in result.stderr


def test_help_names_every_command():
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"  {command} " in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    assert run(command, "--help").exit_code == 0


def test_the_version_is_the_package_s():
    assert run("--version").stdout == f"{spingan.__version__}\n"


def test_help_loads_no_library_that_only_commands_need():
    script = (
        "import sys\nfrom spingan.cli import app\n"
        "try: app(['--help'], prog_name='spingan')\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'torch', 'pydantic', 'yaml', 'rich', 'matplotlib', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", sorted(set(spingan.__all__) - {"__version__"}))
def test_every_public_name_is_where_the_package_says(name):
    assert getattr(spingan, name).__name__ == name


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        getattr(importlib.import_module("spingan"), "non" + "sense")


def test_the_bill_s_json_has_the_papers_three_energies():
    bill = json.loads(run("cost", "fashion-mnist", "--accounting", "paper", "--json").stdout)
    assert bill["forward_energy_nj"] == pytest.approx(4.9011, abs=5e-5)
    assert bill["training_energy_per_image_nj"] == pytest.approx(14.972, abs=5e-4)
    assert bill["training_energy_per_batch_uj"] == pytest.approx(1.91645, abs=5e-6)


def test_the_full_bill_has_lines_and_sums_that_say_what_they_lack():
    bill = json.loads(run("cost", "fashion-mnist", "--accounting", "full", "--json").stdout)
    assert not bill["energy_j"]["complete"] and "synapse reads" in bill["energy_j"]["missing"]
    assert {line["net"] for line in bill["lines"]} == {"generator", "discriminator"}
    items = bill["items"]
    assert bill["energy_per_image_j"] == pytest.approx(sum(item["energy_j"] or 0 for item in items), rel=1e-12)
    assert bill["energy_low_j"] <= bill["energy_per_image_j"] <= bill["energy_high_j"]
    assert bill["training"]["energy_per_image_j"] > bill["energy_per_image_j"]
    assert "one image" in run("cost", "fashion-mnist", "--accounting", "full").stdout


def test_the_bill_for_people_shows_printed_beside_ours():
    result = run("cost", "anime-faces", "--accounting", "paper")
    assert result.exit_code == 0
    assert "24.72" in result.stdout and "24.7185" in result.stdout


def test_a_bill_begins_with_numbers_that_a_person_remembers():
    first = run("cost", "fashion-mnist").stdout.splitlines()[:6]
    assert all(any(word in line for line in first) for word in ("energy", "time", "power", "area", "largest"))


def test_the_bill_s_json_holds_both_accounts_by_default():
    both = json.loads(run("cost", "fashion-mnist", "--json").stdout)
    assert both["forward_energy_nj"] == pytest.approx(4.9011, abs=5e-5)
    assert both["energy_per_image_j"] > both["generator_forward_energy_nj"] * 1e-9


def test_a_bill_in_another_technology_is_asked_for_in_one_way_of_recipes_and_of_models():
    of_recipe = json.loads(run("cost", "clothes", "--technology", "wox-memristor", "--json").stdout)
    by_key = json.loads(run("cost", "clothes", "--set", "technology=wox-memristor", "--json").stdout)
    assert of_recipe == by_key and of_recipe["technology"] == "wox-memristor"
    file = Path(spingan.__file__).parent / "pretrained" / "clothes.weights.safetensors"
    of_model = json.loads(run("cost", str(file), "--technology", "wox-memristor", "--json").stdout)
    assert of_model["energy_per_image_j"] == of_recipe["energy_per_image_j"]
    assert_refused(run("cost", str(file), "--technology", "wox"), "wox", "wox-memristor")


def test_a_recipe_can_be_listed_shown_and_read_again(tmp_path):
    names = [entry["name"] for entry in json.loads(run("recipe", "list", "--json").stdout)["recipes"]]
    assert {"clothes", "digits", "faces"} <= set(names)
    (tmp_path / "mine.yaml").write_text(run("recipe", "show", "clothes", "--set", "epochs=3").stdout)
    mine = json.loads(run("recipe", "show", str(tmp_path / "mine.yaml"), "--json").stdout)
    assert mine == {**json.loads(run("recipe", "show", "clothes", "--json").stdout), "epochs": 3}


def test_every_key_of_a_recipe_is_told_with_its_meaning():
    keys = {each["key"]: each for each in json.loads(run("recipe", "keys", "--json").stdout)["keys"]}
    assert all(each["meaning"] for each in keys.values())
    assert keys["slope_penalty.every"]["default"] == 1 and "default" not in keys["net"]
    shown = json.loads(run("recipe", "show", "clothes", "--json").stdout)
    assert set(shown) == {key for key in keys if "." not in key}
    assert "slope_penalty.deviation  (default 0.1)" in run("recipe", "keys").stdout


def test_a_key_set_on_the_command_line_reaches_the_bill():
    ours = json.loads(run("cost", "fashion-mnist", "--set", "batch_size=64", "--json").stdout)
    assert ours["batch_size"] == 64 and ours["batches"] == 938


def test_technologies_are_listed_and_shown():
    names = [entry["name"] for entry in json.loads(run("technology", "list", "--json").stdout)["technologies"]]
    assert {"ideal", "skyrmion-published"} <= set(names)
    assert all(name in run("technology", "list").stdout for name in names)
    assert "0.015873" in run("technology", "show", "skyrmion-published").stdout


def test_a_new_technology_checks_and_bills_as_it_is(tmp_path):
    folder = str(tmp_path / "mine")
    assert run("technology", "new", folder).exit_code == 0
    assert "is sound" in run("technology", "check", folder).stdout
    assert run("cost", "fashion-mnist", "--set", f"technology={folder}", "--json").exit_code == 0
    assert_refused(run("technology", "new", folder), "is there already")


def test_a_measured_curve_becomes_a_file_that_checks(tmp_path):
    table = tmp_path / "measured.csv"
    rows = [f"{drive},{max(drive, 0) * 3.0}" for drive in range(-20, 21)]
    table.write_text("drive_ua,out_mv\n" + "\n".join(rows) + "\n")
    out = tmp_path / "relu.csv"
    columns = ("--input", "drive_ua", "--output", "out_mv", "--input-unit", "uA", "--output-unit", "mV")
    result = run("fit", "activation", str(table), *columns, "--function", "relu", "--out", str(out), "--json")
    summary = json.loads(result.stdout)
    assert summary["maximum_error_of_span"] < 0.02
    assert out.with_suffix(".png").exists()
    assert "is sound" in run("technology", "check", str(out)).stdout


def test_data_sets_are_listed():
    names = [entry["name"] for entry in json.loads(run("data", "list", "--json").stdout)["sets"]]
    assert names == ["fashion-mnist", "fashion-mnist sample", "mnist", "mnist sample", "cartoon-faces", "anime-faces"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cost", "fashion-mnits"), ("fashion-mnits", "Did you mean fashion-mnist")),
        (("cost", "fashion-mnist", "--set", "bach_size=3"), ("bach_size", "batch_size")),
        (("cost", "fashion-mnist", "--set", "batch_size=-3"), ("batch_size",)),
        (("cost", "fashion-mnist", "--set", "epochs"), ("key=value",)),
        (("cost", "fashion-mnist", "--accounting", "mine"), ("mine", "paper")),
        (("cost", "fashion-mnist", "--accounting", "paper", "--detail"), ("--detail", "--accounting")),
        (("cost", "fashion-mnist", "--accounting", "full", "--components", "none.yaml"), ("none.yaml",)),
        (
            ("cost", "fashion-mnist", "--accounting", "full", "--compare", "unobtainium"),
            ("unobtainium", "wox-memristor"),
        ),
        (("cost", "clothes.weights", "--accounting", "full"), ("clothes.weights",)),
        (("train", "clothes", "--seed", "3", "--set", "seed=4"), ("both give the seed",)),
        (("cost", "fashion-mnist", "--set", "technology=nothing"), ("nothing", "skyrmion-published")),
        (("sample", "no-such-model"), ("no-such-model",)),
        (("evaluate", "no-such-model"), ("no-such-model",)),
        (("evaluate", "fashion-mnist", "--technology", "unobtainium"), ("unobtainium", "skyrmion-published")),
        (("report", "no-such-model"), ("no-such-model",)),
        (("technology", "show", "skyrmion"), ("skyrmion",)),
        (("technology", "check", "nothing.csv"), ("nothing.csv",)),
    ],
)
def test_what_a_user_can_mend_is_named_with_its_remedy(arguments, words):
    assert_refused(run(*arguments), *words)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "fashion-mnist", "-n", "-3"),
        ("sample", "fashion-mnist", "--seed", "-1"),
        ("sample", "fashion-mnist", "--seed", str(2**64)),
        ("sample", "fashion-mnist", "--nonsense"),
        ("evaluate", "fashion-mnist", "--count", "1"),
        ("evaluate", "fashion-mnist", "--features", "vgg"),
        ("nonsense",),
        ("cost",),
    ],
)
def test_a_wrong_use_of_a_command_is_status_2(arguments):
    assert_refused(run(*arguments), "--help")


@pytest.mark.parametrize("arguments", [(), ("technology",)])
def test_a_group_without_a_command_shows_its_help(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: spingan") and "Commands:" in result.stderr


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("--technology", "ideal"), "fashion-mnist on ideal"),
        (("--set", "adc.bits=8", "--set", "tile_rows=64"), "fashion-mnist on skyrmion-published"),
    ],
)
def test_a_shipped_model_is_judged_in_other_arrays(monkeypatch, options, name):
    judged = []

    def judge(model, **asked):
        judged.append(model)
        raise UserError("seen", "Nothing to do.")

    monkeypatch.setattr("spingan.api.evaluate", judge)
    assert_refused(run("evaluate", "fashion-mnist", *options, "--json"), "seen")
    assert judged[0].name == name
    assert judged[0].technology.adc.bits == (8 if "--set" in options else None)


def test_what_a_technology_states_and_no_picture_shows_is_told(tmp_path):
    grid = str(tmp_path / "grid.png")
    words = ("sample", "fashion-mnist", "-n", "2", "--fit-images", "64", "--out", grid, "--technology")
    told = run(*words, "pcm")
    assert told.exit_code == 0
    assert "stated by pcm and in no picture: " in told.stderr and "synapse.read_noise_s" in told.stderr
    assert "in no picture" not in run(*words, "ideal").stderr


def test_ctrl_c_in_a_training_is_status_130_and_says_how_to_go_on(monkeypatch, tmp_path):
    def interrupted(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("spingan.training.loop.train", interrupted)
    result = run("train", "fashion-mnist", "--out", str(tmp_path))
    assert result.exit_code == 130
    assert "--resume" in result.stderr and str(tmp_path) in result.stderr


def test_the_place_for_a_picture_is_checked_before_it_is_drawn(monkeypatch, tmp_path):
    monkeypatch.setattr("spingan.api.load_model", lambda model: pytest.fail("the model was loaded first"))
    (tmp_path / "file").write_text("")
    assert_refused(run("sample", "clothes", "--out", str(tmp_path / "grid.xyz")), "picture format")
    assert_refused(run("sample", "clothes", "--out", str(tmp_path / "file" / "grid.png")), "a file stands")
    assert_refused(run("sample", "clothes", "--out", str(tmp_path)), "picture format")


def test_the_package_runs_as_a_module():
    command = [sys.executable, "-m", "spingan", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{spingan.__version__}\n"


def test_the_installed_command_ends_with_two_lines_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "spingan", "cost", "fashion-mnits"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("spingan: unknown recipe 'fashion-mnits'\n  ")
    assert "Traceback" not in result.stderr


def test_a_reader_that_closes_the_pipe_early_hears_no_complaint():
    command = [sys.executable, "-m", "spingan.cli", "technology", "list"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1
