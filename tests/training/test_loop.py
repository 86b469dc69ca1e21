"""What a training leaves behind, what it depends on, and how it stops."""

import csv
import errno
import math
import resource
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import small_run
import torch
from safetensors.torch import load_file
from torch import nn

from spingan.errors import UserError
from spingan.nn.family import family_named
from spingan.nn.weights import load_model, reprogrammed
from spingan.spec.technology import load_technology
from spingan.training import loop
from spingan.training.checkpoint import read_checkpoint
from spingan.training.images import check_images, training_tensor
from spingan.training.machine import faster_precision
from spingan.training.nets import Nets, build_nets, finished_model
from spingan.training.processes import make_fabric
from spingan.training.recipe import Recipe, load_recipe
from spingan.training.record import COLUMNS
from spingan.training.step import StepResult


def _recipe(*overrides: str) -> Recipe:
    return load_recipe("fashion-mnist", [*small_run.SETTINGS, *overrides])


def _nets(*overrides: str) -> Nets:
    recipe = _recipe(*overrides)
    return build_nets(recipe, load_technology(recipe.technology), torch.device("cpu"))


def test_the_run_folder_holds_all_that_is_promised_and_nothing_else(straight):
    names = {path.relative_to(straight).as_posix() for path in straight.rglob("*") if path.is_file()}
    events = {name for name in names if name.startswith("tensorboard/events")}
    assert len(events) == 1
    assert names - events == {
        "recipe.yaml",
        "technology.json",
        "metrics.csv",
        "checkpoint.safetensors",
        "weights.safetensors",
        "samples/epoch_0001.png",
        "samples/epoch_0003.png",
        "weights/epoch_0001.safetensors",
        "weights/epoch_0003.safetensors",
    }


def test_the_last_kept_weights_are_the_run_s(straight):
    kept, last = load_model(straight / "weights" / "epoch_0003.safetensors"), load_model(straight)
    assert torch.equal(kept.sample(2), last.sample(2))
    assert kept.info["epoch"] == 3 and load_model(straight / "weights" / "epoch_0001.safetensors").info["epoch"] == 1


def test_the_metrics_have_a_row_every_few_steps_and_at_every_epochs_end(straight):
    with (straight / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    # every 3 steps, at each epoch's last (4, 8, 12) and before each checkpoint (every 2)
    assert [int(row["step"]) for row in rows] == [2, 3, 4, 6, 8, 9, 10, 12]
    assert [int(row["epoch"]) for row in rows] == [1, 1, 1, 2, 2, 3, 3, 3]
    assert all(math.isfinite(float(value)) for row in rows for value in row.values())


def test_the_recipe_in_the_folder_trains_the_same_run(straight):
    assert load_recipe(straight / "recipe.yaml") == _recipe(*small_run.NOISE)


def test_the_weights_of_a_run_draw_images(straight):
    images = load_model(straight).sample(3, seed=1)
    assert images.shape == (3, 1, 28, 28)
    assert images.abs().max() <= 1


def test_the_samples_come_from_the_averaged_generator(straight):
    parts, state = read_checkpoint(straight / "checkpoint.safetensors")
    recipe = _recipe(*small_run.NOISE)
    technology = load_technology("skyrmion-published")
    nets = build_nets(recipe, technology, torch.device("cpu"))
    nets.restore(parts)
    model = finished_model(nets, recipe, technology, state)
    for name, parameter in model.generator.named_parameters():
        assert torch.equal(parameter, parts["average"][name])
        assert not torch.equal(parameter, parts["generator"][name])


def test_the_average_follows_the_weights_by_its_decay():
    nets = _nets()
    before = {name: tensor.clone() for name, tensor in nets.average.items()}
    with torch.no_grad():
        for parameter in nets.generator.parameters():
            parameter.add_(1)
    nets.update_average(0.9, step=10**6)
    for name, tensor in nets.average.items():
        assert torch.allclose(tensor, before[name] + 0.1, atol=1e-6)


def test_after_its_epoch_the_average_is_the_plain_mean_of_all_weights_since():
    nets = _nets()
    nets.mean_since = 10**6
    (name, parameter), *_ = nets.generator.named_parameters()
    nets.average[name].fill_(7.0)  # whatever was before is forgotten once the mean is shorter than the average's memory
    for step in range(50):
        with torch.no_grad():
            parameter.fill_(float(step))
        nets.update_average(0.0, step=10**6 + step)
    assert torch.allclose(nets.average[name], torch.full_like(parameter, 24.5), atol=1e-4)
    for step in range(50, 60):  # and is never faster than its decay
        before = nets.average[name].clone()
        nets.update_average(0.999, step=10**6 + step)
        assert torch.allclose(nets.average[name], before.lerp(parameter, 0.001), atol=1e-5)


def test_the_twin_begins_from_the_same_weights():
    analog, twin = _nets(), _nets("technology=ideal")
    for one, other in ((analog.generator, twin.generator), (analog.discriminator, twin.discriminator)):
        theirs = dict(other.named_parameters())
        assert all(torch.equal(parameter, theirs[name]) for name, parameter in one.named_parameters())


def test_a_training_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    _nets()
    assert torch.equal(torch.rand(4), expected)


def test_shuffling_depends_on_seed_and_epoch_alone_and_shows_every_image_once():
    order = loop._order(5, 2, 37)
    torch.rand(9)
    assert torch.equal(order, loop._order(5, 2, 37))
    assert sorted(order.tolist()) == list(range(37))
    assert not torch.equal(order, loop._order(5, 3, 37))
    assert not torch.equal(order, loop._order(6, 2, 37))


def test_a_step_depends_on_weights_seed_and_step_number_alone():
    recipe = _recipe(*small_run.NOISE)
    real = torch.zeros(4, 1, 28, 28)
    fabric = make_fabric("cpu")

    def losses(step: int, disturb: int) -> StepResult:
        nets = _nets(*small_run.NOISE)
        torch.rand(disturb)
        return loop.train_step(nets, nets.generator, nets.discriminator, real, recipe, step, fabric)

    first = losses(7, 0)
    assert losses(7, 100) == first
    assert losses(8, 0) != first


def test_learning_rates_fall_in_a_straight_line_from_the_epoch_named_to_zero_at_the_end():
    recipe = _recipe("epochs=10", "rates_fall_after=6")
    factors = [loop.rate_factor(recipe, step, steps_an_epoch=5) for step in range(50)]
    assert factors[:31] == [1.0] * 31
    assert np.allclose(np.diff(factors[30:]), -1 / 20)
    assert factors[-1] == pytest.approx(1 / 20)
    assert loop.rate_factor(_recipe(), 10**6, 5) == 1


def test_a_step_uses_the_rates_of_its_epoch(run, tmp_path):
    run(tmp_path / "a", "epochs=2", "rates_fall_after=1")
    parts, state = read_checkpoint(tmp_path / "a" / "checkpoint.safetensors")
    run(tmp_path / "b", "epochs=2")
    others, _ = read_checkpoint(tmp_path / "b" / "checkpoint.safetensors")
    assert state["recipe"]["rates_fall_after"] == 1
    assert any(not torch.equal(tensor, others["generator"][name]) for name, tensor in parts["generator"].items())


def test_the_rates_of_steps_already_made_cannot_be_changed_by_resuming(run, tmp_path):
    run(tmp_path, "epochs=2")
    with pytest.raises(UserError, match="schedule of the learning rates"):
        run(tmp_path, "epochs=4", "rates_fall_after=1", resume=True)
    run(tmp_path, "epochs=4", "rates_fall_after=3", resume=True)
    with pytest.raises(UserError, match="schedule of the learning rates"):
        run(tmp_path, "epochs=5", "rates_fall_after=3", resume=True)


def test_a_batch_smaller_than_asked_for_trains_too(run, tmp_path):
    run(tmp_path / "one", "epochs=1", images=small_run.random_images(1))
    assert load_model(tmp_path / "one").sample(1).isfinite().all()


def test_automatic_precision_is_one_of_the_two_and_is_recorded(run, tmp_path, capsys):
    assert faster_precision(torch.device("cpu")) in ("fp32", "bf16")
    folder = run(tmp_path / "run", "epochs=1", "precision=bf16", images=small_run.random_images(2), device="auto")
    assert read_checkpoint(folder / "checkpoint.safetensors")[1]["precision"] == "bf16"
    assert capsys.readouterr().err == ""


def test_an_unknown_device_is_an_error(run, tmp_path):
    with pytest.raises(UserError, match="cannot train on device 'gpux'"):
        run(tmp_path / "run", device="gpux")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((5, 28, 28), np.float32), "8 bit"),
        (np.zeros((28, 28), np.uint8), "8 bit"),
        (np.zeros((5, 32, 32), np.uint8), "32x32 in 1 channels"),
        (np.zeros((5, 28, 28, 3), np.uint8), "28x28 in 3 channels"),
        (np.zeros((0, 28, 28), np.uint8), "no training images"),
    ],
)
def test_images_that_do_not_fit_the_net_are_an_error(images, message):
    with pytest.raises(UserError, match=message):
        check_images(training_tensor(images), _recipe())


def test_pixels_stay_as_they_are_until_a_batch_is_drawn():
    pixels = training_tensor(np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3))
    assert pixels.dtype == torch.uint8
    assert pixels[0, :, 0, 1].tolist() == [3, 4, 5]
    assert loop._real(torch.tensor([[[[0, 255]]]], dtype=torch.uint8), torch.device("cpu")).flatten().tolist() == [
        -1,
        1,
    ]


def _change_step(monkeypatch, step_to_change, change):
    plain = loop.train_step

    def changed(nets, made, critic, real, recipe, step, *rest):
        result = plain(nets, made, critic, real, recipe, step, *rest)
        return change(nets, result) if step == step_to_change else result

    monkeypatch.setattr(loop, "train_step", changed)


def _spoil_weights(nets, result):
    with torch.no_grad():
        next(nets.generator.parameters())[0, 0, 0, 0] = math.nan
    return result


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda nets, result: replace(result, generator_loss=math.nan), 3),
        (lambda nets, result: replace(result, discriminator_loss=math.inf), 3),
        (_spoil_weights, 4),
    ],
    ids=["nan loss", "infinite loss", "nan weight behind a finite loss"],
)
def test_a_training_that_diverges_stops_and_keeps_the_last_good_checkpoint(run, tmp_path, monkeypatch, change, number):
    _change_step(monkeypatch, number - 1, change)
    with pytest.raises(UserError, match=f"diverged: in step {number} .*\n.*last good checkpoint is in"):
        run(tmp_path / "run")
    parts, state = read_checkpoint(tmp_path / "run" / "checkpoint.safetensors")
    assert state["step"] == 2
    assert all(tensor.isfinite().all() for part in parts.values() for tensor in part.values())


def test_an_absurd_learning_rate_diverges_before_anything_is_kept(run, tmp_path):
    with pytest.raises(UserError, match=r"diverged: (.|\n)*No checkpoint was written yet"):
        run(tmp_path / "run", "generator_learning_rate=1e30", "discriminator_learning_rate=1e30", "technology=ideal")
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_a_discriminator_that_wins_outright_for_an_epoch_stops_the_training(run, tmp_path, monkeypatch):
    plain = loop.train_step
    monkeypatch.setattr(loop, "train_step", lambda *given: replace(plain(*given), discriminator_loss=1e-5))
    with pytest.raises(UserError, match="won outright: its mean loss over epoch 1"):
        run(tmp_path / "run")
    assert read_checkpoint(tmp_path / "run" / "checkpoint.safetensors")[1]["step"] == 2


@contextmanager
def _files_no_larger_than(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [100_000, 1_500_000, 200], ids=["weights", "checkpoint", "recipe"])
def test_where_there_is_no_room_for_a_file_the_old_checkpoint_stays_whole(run, straight, tmp_path, room, capfd):
    folder = tmp_path / "run"
    run(folder, "epochs=1")
    before = (folder / "checkpoint.safetensors").read_bytes()
    with _files_no_larger_than(room), pytest.raises(UserError, match="cannot write"):
        run(folder, "epochs=2", "sample_epochs=[2]", resume=True)
    assert (folder / "checkpoint.safetensors").read_bytes() == before
    assert not list(folder.rglob(".*"))
    assert capfd.readouterr().err == ""
    load_file(folder / "weights.safetensors")


def test_a_full_disk_is_called_so(run, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("spingan.training.record.os.fsync", full)
    with pytest.raises(UserError, match=r"No space left on device|disk is full"):
        run(tmp_path / "run")


@pytest.mark.parametrize(
    "layer", [nn.Dropout2d(0.1), nn.AlphaDropout(0.1), nn.RReLU()], ids=lambda one: type(one).__name__
)
def test_a_layer_whose_random_numbers_no_checkpoint_holds_is_refused(layer, monkeypatch):
    family = family_named("fashion")
    monkeypatch.setattr(type(family), "make_discriminator", lambda self: nn.Sequential(nn.Conv2d(1, 1, 28), layer))
    with pytest.raises(UserError, match=f"layer 1 .{type(layer).__name__}. draws random numbers"):
        _nets("technology=ideal")


def test_weights_name_the_machine_and_written_elsewhere_still_the_technology_of_their_training(straight):
    model = load_model(straight)
    assert model.info["machine"] == "a processor (cpu)"
    assert reprogrammed(model, load_technology("ideal")).info["trained on"] == model.technology.name
