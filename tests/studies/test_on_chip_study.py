"""A study of learning on the chip: each axis changes its property alone, pulses are the training's, trials are kept."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from typer.testing import CliRunner

from idx_files import write_idx
from spingan.cli import app
from spingan.data.catalogue import DATA
from spingan.data.mnist import MNIST
from spingan.devices.wox_memristor import wox_memristor
from spingan.errors import UserError
from spingan.nn.on_chip import pulse_response
from spingan.nn.update_rules import RULES
from spingan.reports.study_plots import study_pictures
from spingan.spec.synapse import Synapse
from spingan.spec.technology import load_technology
from spingan.studies import on_chip
from spingan.studies.chip_properties import (
    PROPERTIES,
    RULE_NAMES,
    with_asymmetry,
    with_rule,
    with_spread,
    with_states,
    with_write_noise,
)
from spingan.studies.levels import with_levels
from spingan.studies.parallel import Workers
from spingan.studies.run import run_study
from spingan.studies.short_training import short_recipe
from spingan.studies.trials import Attempt, Outcome, technology_of, technology_text
from spingan.training.checkpoint import CHECKPOINT, read_checkpoint
from spingan.training.loop import train
from spingan.training.recipe import load_recipe, recipe_text

WOX = load_technology("wox-memristor")
SKYRMION = load_technology("skyrmion-designed")
TINY = ("batch_size=4", "latent_size=4", "calibrate_every=1")
STEPS, COUNT = 2, 12


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder with 64 training images and 16 to judge by: those of the shipped sample."""
    folder = tmp_path_factory.mktemp("mnist")
    sample = DATA["mnist"].judges(None).test[:80]
    for name, part in (("train", sample[:64]), ("t10k", sample[64:])):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", part)
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", np.zeros(len(part), np.uint8))
    return folder


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, images):
    """The shipped recipe in batches of four, as a file."""
    path = tmp_path_factory.mktemp("recipes") / "tiny.yaml"
    quick = [f"{net}_learning_rate=0.02" for net in ("generator", "discriminator")]  # pulses from the first updates on
    path.write_text(recipe_text(load_recipe("digits-on-chip", [*TINY, *quick, f"data.path={images}"])))
    return path


def changed_fields(one, other) -> set[str]:
    """The fields in which two technologies' synapses differ; nothing else may."""
    assert one.model_dump(exclude={"synapse", "name"}) == other.model_dump(exclude={"synapse", "name"})
    own, new = one.synapse.model_dump(), other.synapse.model_dump()
    return {key for key in own if own[key] != new[key]}


# --- what a setting changes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("states", [8, 1024])
@pytest.mark.parametrize("technology", [WOX, SKYRMION], ids=lambda each: each.name)
def test_so_many_states_have_the_same_ends_and_steps_of_the_same_shape(technology, states):
    own, new = technology.synapse, with_states(technology, states).synapse
    assert new.states == states
    assert (new.conductance[0], new.conductance[-1]) == (own.conductance[0], own.conductance[-1])
    before, after = pulse_response(technology), pulse_response(with_states(technology, states))
    ratio = (own.states - 1) / (states - 1)
    for curve in ("up", "down", "up_spread", "down_spread"):
        ends = getattr(after, curve)[[0, -1]], getattr(before, curve)[[0, -1]] * ratio
        np.testing.assert_allclose(*ends, rtol=1e-5)  # float32
    plain = {key for key in changed_fields(technology, with_states(technology, states)) if not key.startswith("step_")}
    assert {"conductance"} <= plain <= {"conductance", "read_noise_s"}  # what is told level by level
    technology_text(with_states(technology, states))


@pytest.mark.parametrize("remade", [with_states, with_levels], ids=lambda each: each.__name__)
def test_a_device_whose_noise_comes_with_intervals_has_other_levels_without_them(remade):
    own = SKYRMION.synapse
    intervals = tuple((0.0, 2 * noise) for noise in own.read_noise_s)
    ensemble = {"temperature_k": 300, "seed": 0, "runs": 8, "read_noise_interval_s": intervals}
    heated = Synapse.model_validate({**own.model_dump(), "ensemble": ensemble})
    text = technology_text(remade(SKYRMION.model_copy(update={"synapse": heated}), 16))
    assert technology_of(text).synapse.states == 16


def test_the_memristor_of_so_many_states_is_that_of_its_own_formula():
    np.testing.assert_allclose(
        with_states(WOX, 64).synapse.step_up, wox_memristor(64).step_up, rtol=1e-4
    )  # interpolated


@pytest.mark.parametrize("technology", [WOX, SKYRMION], ids=lambda each: each.name)
def test_without_asymmetry_all_steps_are_equal_and_with_the_file_s_they_are_its_own(technology):
    even = pulse_response(with_asymmetry(technology, 0))
    np.testing.assert_allclose(even.up, 1 / (technology.synapse.states - 1), rtol=1e-5)  # float32
    np.testing.assert_array_equal(even.up, even.down)
    assert with_asymmetry(technology, 1) == technology


def test_asymmetry_is_the_exponent_of_the_ratio_of_steps_up_and_down_and_leaves_their_relative_spread():
    own, bent = pulse_response(WOX), pulse_response(with_asymmetry(WOX, 2))
    np.testing.assert_allclose(bent.up / bent.down, (own.up / own.down) ** 2, rtol=1e-4)  # float32
    np.testing.assert_allclose(bent.up_spread / bent.up, own.up_spread / own.up, rtol=1e-4)
    assert bent.up[0] / bent.down[0] == pytest.approx(np.exp(2), rel=1e-4)  # ν = 1
    shape = np.asarray(wox_memristor(nonlinearity=2.0).step_up) / np.asarray(with_asymmetry(WOX, 2).synapse.step_up)
    assert np.ptp(shape) < 1e-6 * shape[0]
    assert changed_fields(WOX, with_asymmetry(WOX, 2)) == {"step_up", "step_down", "step_up_spread", "step_down_spread"}


def test_write_noise_is_a_fraction_of_each_step_and_changes_no_mean():
    own, noisy = pulse_response(WOX), pulse_response(with_write_noise(WOX, 1.0))
    np.testing.assert_array_equal(noisy.up, own.up)
    np.testing.assert_allclose(noisy.down_spread, noisy.down, rtol=1e-6)
    assert not pulse_response(with_write_noise(WOX, 0)).up_spread.any()
    assert changed_fields(WOX, with_write_noise(WOX, 1.0)) == {"spread", "step_up_spread", "step_down_spread"}
    assert with_write_noise(WOX, 0.3) == WOX  # what its file says


def test_spread_and_rule_change_one_key_of_the_recipe_and_residual_gives_up_its_average():
    own = load_recipe("digits-on-chip")

    def changed(other) -> set[str]:
        return {key for key, value in own.to_dict().items() if other.to_dict()[key] != value}

    spread, technology = with_spread((own, WOX), 0.4)
    assert changed(spread) == {"programming_noise"} and technology is WOX
    assert (spread.programming_noise.fraction, spread.programming_noise.of) == (0.4, "resistance")
    assert {name.partition("+")[0] for name in RULE_NAMES} == set(RULES)
    for rule in RULE_NAMES:
        other, technology = with_rule((own, WOX), rule)
        same = {key: getattr(own.on_chip, key) for key in ("rule", "pulse_at", "read_back", "read_after")}
        assert other.on_chip.model_copy(update=same) == own.on_chip and technology is WOX
        gone = {"average_decay", "average_from"} if rule == "residual" else set()
        name, _, read = rule.partition("+")
        assert changed(other) - {"on_chip"} == gone and other.on_chip.rule == name
        assert other.on_chip.read_back == read.startswith("read") and other.on_chip.read_after == (read == "read_after")
        assert other.on_chip.pulse_at == (0.5 if read == "nearest" else 1.0)


def test_devices_without_spread_are_equal():
    import torch

    from spingan.nn.analog import analog_layers
    from spingan.training.nets import build_nets

    def deviations(fraction: float) -> list:
        chip, technology = with_spread((load_recipe("digits-on-chip", TINY), WOX), fraction)
        nets = build_nets(chip, technology, torch.device("cpu"))
        return [layer.deviation for layer in analog_layers(nets.generator, nets.discriminator)]

    assert all(each is None for each in deviations(0.0)) and all(each is not None for each in deviations(0.1))


# --- the study ------------------------------------------------------------------------------------------------------


def drawn(monkeypatch, function=on_chip.learn_and_draw):
    """Trials in this process, by `function`; returns the list of those that were run."""
    done = []

    def run(work, tasks, **_):
        done.extend(tasks)
        return [function(task) for task in tasks]

    monkeypatch.setattr("spingan.studies.on_chip.run_parallel", run)
    return done


def made_up(task) -> Attempt:
    """An outcome without a training: a distance by the seed and by the states."""
    states = len(json.loads(task.technology)["synapse"]["conductance"])
    values = {"distance": 10.0 + task.seed + 128 / states, "recall": 0.5, "coverage": 0.25}
    pulses = {"pulses_per_image": 100.0 * states, "pulses_per_device": 1.0}
    found = {name: (value,) for name, value in (values | pulses).items()}
    return Attempt(Outcome(found, "FD(mnist-cnn, 12)", np.zeros((10, 28, 28), np.uint8)))


def test_each_training_is_run_once_and_the_device_as_it_is_is_the_ideal(monkeypatch, recipe):
    done = drawn(monkeypatch, made_up)
    study = run_study("on-chip", recipe, states=(8, 128), rules=("agad",), steps=STEPS, count=COUNT, seeds=2)
    assert len(done) == len(set(done)) == 2 * 3  # 128 states are the device as it is
    found = study.to_dict()
    assert [line["axis"] for line in found["series"]] == ["states", "rule"] and found["ideal"]["value"] is None
    few, own = found["series"][0]["settings"]
    assert own["of_ideal"] == 1 and few["of_ideal"] == pytest.approx((10.5 + 16) / 11.5)
    assert few["pulses_per_image"] == 800 and found["series"][1]["settings"][0]["label"] == "agad"
    assert "2 updates" in study.metric and "not to a finished net" in study.notes[0]
    head, first = study.csv().splitlines()[:2]
    assert head.endswith("mean_coverage,pulses_per_image,pulses_per_device") and first.endswith("0.25,800,1")
    pictures = study_pictures(study)
    assert list(pictures) == ["on-chip", "on-chip_samples"]
    assert [axis.get_ylabel() for axis in pictures["on-chip"].axes][1::2] == ["pulses an image"] * 2


def test_what_cannot_learn_is_told_and_the_study_goes_on(monkeypatch, recipe):
    def some(task) -> Attempt:
        few = len(json.loads(task.technology)["synapse"]["conductance"]) == 8
        return Attempt(None, "the training has diverged") if few and task.seed else made_up(task)

    drawn(monkeypatch, some)
    flat = with_asymmetry(WOX, 0)
    monkeypatch.setattr(on_chip, "load_technology", lambda _: flat)
    chosen = {"states": (8, 16), "rules": ("pulses", "agad")}
    study = run_study("on-chip", recipe, steps=STEPS, count=COUNT, seeds=2, **chosen)
    reasons = {(each["axis"], each["setting"]): each["reason"] for each in study.to_dict()["refused"]}
    assert reasons["states", 8] == "seed 1: the training has diverged"
    assert "no symmetry point" in reasons["rule", "agad"] and len(reasons) == 2
    assert [[each.label for each in line.settings] for line in study.series] == [["16 states"], ["pulses"]]
    assert any(line.startswith("refused: rule agad") for line in study.lines)


@pytest.mark.parametrize("rule", ["mixed_precision", "tiki_taka"])
def test_the_pulses_are_those_that_the_training_counts(recipe, tmp_path, rule):
    chosen, technology = with_rule((load_recipe(recipe), WOX), rule)
    task = on_chip.ChipTraining(json.dumps(chosen.to_dict()), technology_text(technology), STEPS, COUNT, seed=1)
    outcome = on_chip.learn_and_draw(task).outcome
    short = short_recipe(chosen.to_dict(), STEPS, 1)
    pictures = MNIST.load("train", chosen.data.path, 28)[0][: STEPS * 4]
    train(short, tmp_path / "run", device="cpu", images=pictures, technology=technology, progress=False)
    parts, _ = read_checkpoint(tmp_path / "run" / CHECKPOINT)
    state = {
        **parts["generator_optimizer"],
        **{f"d{key}": each for key, each in parts["discriminator_optimizer"].items()},
    }
    kinds = ("positive", "negative", "fast_writes")
    counts = {key: each for key, each in state.items() if key.rpartition(".")[2] in kinds}
    written = sum(float(each.double().sum()) for each in counts.values())
    assert written > 0 and outcome.values["pulses_per_image"][0] == pytest.approx(written / (STEPS * 4))
    assert outcome.values["most_pulses_of_a_device"][0] == max(float(each.max()) for each in counts.values())
    unused = [key for key, each in counts.items() if key.endswith("negative") and each.dim() == 2]  # one sign crossbar
    devices = sum(each.numel() for key, each in counts.items() if key not in unused)
    assert outcome.values["pulses_per_device"][0] == pytest.approx(written / devices)


@pytest.mark.slow
def test_the_same_command_gives_the_same_and_trains_nothing_again(recipe, tmp_path):
    def study(progress=lambda *_: None):
        kept = Workers(1, results=tmp_path / "on-chip.trials.jsonl")
        chosen = {"asymmetry": (0.0,), "steps": STEPS, "count": COUNT, "seeds": 2}
        return run_study("on-chip", recipe, workers=kept, progress=progress, **chosen).to_dict()

    first, told = study(), []
    assert study(lambda *each: told.append(each)) == first
    assert told == [("trainings on the chip", 4, 4)]


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["study", "on-chip", *arguments], prog_name="spingan")
    assert result.exit_code == 2 and result.stdout == "" and result.stderr.startswith("spingan: "), result.output
    return result.stderr


def test_what_cannot_be_asked_is_refused_in_a_line_before_anything_is_trained(monkeypatch, recipe, tmp_path):
    done = drawn(monkeypatch, made_up)
    assert "unknown axis 'colour'" in refused("--axis", "colour")
    assert "rule hope: there is no such setting" in refused("--rule", "hope")
    assert "asymmetry -1.0" in refused("--asymmetry", "-1")
    assert "spread nan" in refused("--spread", "nan")
    assert "states 1" in refused("--states", "1")
    assert "which is not measured" in refused("--states", "8", "--axis", "rule")
    assert "'--steps'" in refused("--steps", "0")
    assert "'--count'" in refused("--count", "1")
    assert "learns beside the chip" in refused("clothes")
    assert "unknown recipe 'nonsense'" in refused("nonsense")
    small = ("--count", str(COUNT), "--steps", str(STEPS), str(recipe))
    assert "at most 16 steps" in refused("--count", str(COUNT), "--steps", "17", str(recipe))
    assert "2 to 16" in refused(*small[2:], "--count", "17")
    other = tmp_path / "pcm.yaml"
    other.write_text(recipe.read_text().replace("technology: wox-memristor", "technology: pcm"))
    assert "says nothing of what a write pulse does" in refused(*small[:-1], str(other))
    assert done == []


def test_a_model_without_a_recipe_is_refused_and_one_with_is_its_recipe(monkeypatch):
    from types import SimpleNamespace

    own = load_recipe("digits-on-chip").to_dict()
    for info in ({}, {"recipe": own}, {"recipe": own | {"on_chip": None}}):
        monkeypatch.setattr(on_chip, "names_a_model", lambda _: True)
        monkeypatch.setattr(on_chip, "load_model", lambda _, info=info: SimpleNamespace(info=info))
        if info.get("recipe") == own:
            assert on_chip.chip_recipe("x") == load_recipe("digits-on-chip")
        else:
            with pytest.raises(UserError, match=r"does not say|learns beside"):
                on_chip.chip_recipe("x")


def test_one_seed_and_no_steps_are_refused():
    for wrong in ({"seeds": 1}, {"steps": 0}):
        with pytest.raises(UserError):
            run_study("on-chip", "digits-on-chip", **wrong)


def test_every_axis_has_the_device_as_it_is_among_its_settings():
    own = load_recipe("digits-on-chip"), WOX
    for each in PROPERTIES.values():
        assert own in [each.change(own, setting) for setting in each.settings]


def test_a_trial_is_values_alone():
    task = on_chip.ChipTraining("{}", "{}", 1, 2)
    assert json.loads(json.dumps(asdict(task))) == asdict(task)
