"""Several processes train the nets that one process would, and end together."""

import os
import signal
import time
from collections.abc import Iterator
from multiprocessing import active_children

import pytest
import small_run
import torch
from safetensors.torch import load_file
from shared_steps import BATCHES, WITH_NORM, WITHOUT_NORM, all_numbers, real_images, tiny_nets, train_steps, write_share
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from spingan.errors import UserError
from spingan.nn.analog import analog_layers, hold_weights
from spingan.nn.noise_source import stream_key
from spingan.training import loop
from spingan.training.images import check_images, training_tensor
from spingan.training.nets import DISCRIMINATOR_NOISE, GENERATOR_NOISE, LATENTS, Nets
from spingan.training.processes import Together, make_fabric, run_together, share_of
from spingan.training.recipe import load_recipe

DEVICES = 2


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("total", [1, 2, 5, 128])
def test_every_sample_is_in_one_share_and_the_shares_weigh_one(total, size):
    shares = [share_of(total, rank, size) for rank in range(size)]
    own = [sample for share in shares if share.weight for sample in range(share.first, share.last)]
    assert own == list(range(total))
    assert sum(share.weight for share in shares) == pytest.approx(1)
    assert all(share.last > share.first for share in shares)
    counts = [share.last - share.first for share in shares if share.weight]
    assert max(counts) - min(counts) <= 1


def _assert_same(ours: dict[str, Tensor], theirs: dict[str, Tensor], tolerance: float) -> None:
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(
            tensor, theirs[name], rtol=tolerance, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}"
        )


def _shared(settings: tuple[str, ...], folder) -> list[dict[str, Tensor]]:
    run_together(DEVICES, write_share, settings, DEVICES, str(folder))
    return [load_file(folder / f"{rank}.safetensors") for rank in range(DEVICES)]


@pytest.mark.slow
def test_without_batch_norm_the_number_of_processes_changes_nothing(tmp_path):
    first, *others = _shared(
        WITHOUT_NORM, tmp_path
    )  # with dropout, noise of reads and images, and ranges calibrated on the way
    for other in others:
        _assert_same(first, other, 0)
    alone = make_fabric("cpu")
    _assert_same(first, all_numbers(*train_steps(WITHOUT_NORM, alone), alone), 1e-5)


@pytest.mark.slow
def test_processes_agree_with_one_that_takes_batch_norm_over_the_same_shares(tmp_path):
    first, *others = _shared(WITH_NORM, tmp_path)
    for other in others:
        _assert_same(first, other, 0)
    recipe, nets = tiny_nets(WITH_NORM)
    losses = [_step_by_shares(nets, recipe, step, count) for step, count in enumerate(BATCHES, start=2)]
    _assert_same({name: tensor for name, tensor in first.items() if _counts(name)}, dict(_by_part(nets)), 1e-5)
    assert first["losses"][:, :2].tolist() == [pytest.approx(pair, rel=1e-5) for pair in losses]


def _by_part(nets: Nets) -> Iterator[tuple[str, Tensor]]:
    for part, tensors in nets.tensors().items():
        yield from ((f"{part}/{name}", tensor) for name, tensor in tensors.items() if _counts(f"{part}/{name}"))


def _counts(name: str) -> bool:
    return "/" in name and not name.endswith("num_batches_tracked")  # of which one process has one a share


def _step_by_shares(nets: Nets, recipe, step: int, count: int) -> tuple[float, float]:
    """One step as paper S's losses say, in one process: each share through the nets by itself, one sum of losses."""
    made, critic = nets.generator.train(), nets.discriminator.train()
    for net, stream in ((made, GENERATOR_NOISE), (critic, DISCRIMINATOR_NOISE)):
        next(analog_layers(net)).source.restart(recipe.seed, stream, step)
    for layer in analog_layers(made, critic):
        layer.redraw_deviation()
    for layer in analog_layers(made, critic):
        layer.calibrate()
    key = stream_key(recipe.seed, LATENTS, step) >> 1
    latents = torch.randn(count, recipe.latent_size, 1, 1, generator=torch.Generator().manual_seed(key)).double()
    shares = [share for share in (share_of(count, rank, DEVICES) for rank in range(DEVICES)) if share.weight]
    before = _statistics(made, critic)
    seen: list[list[Tensor]] = []
    real, fakes = real_images(step, count), []
    sources = [next(analog_layers(net)).source for net in (made, critic)]
    drawn = [source.draws for source in sources]
    with hold_weights(made, critic):
        loss = torch.zeros((), dtype=torch.float64)
        for share in shares:
            _place(sources, drawn, share)
            _put(made, critic, before)
            fakes.append(made(latents[share.first : share.last]))
            on_real, on_fake = critic(real[share.first : share.last]), critic(fakes[-1].detach())
            ones, zeros = torch.ones_like(on_real), torch.zeros_like(on_fake)
            loss = loss + share.weight * (cross_entropy(on_real, ones) + cross_entropy(on_fake, zeros))
            seen.append(_statistics(made, critic))
        loss.backward()
    nets.discriminator_optimizer.step()
    nets.discriminator_optimizer.zero_grad()
    drawn = [source.draws for source in sources]
    critic.requires_grad_(False)
    with hold_weights(critic):
        loss_generator = torch.zeros((), dtype=torch.float64)
        for number, share in enumerate(shares):
            _place(sources, drawn, share)
            _put(made, critic, seen[number])
            on_new = critic(fakes[number])
            loss_generator = loss_generator + share.weight * cross_entropy(on_new, torch.ones_like(on_new))
            seen[number] = _statistics(made, critic)
        loss_generator.backward()
    critic.requires_grad_(True)
    nets.generator_optimizer.step()
    nets.generator_optimizer.zero_grad()
    nets.update_average(recipe.average_decay, step)
    for source in sources:
        source.part = None
    weighted = zip(*seen, strict=True)
    _put(made, critic, [sum(s.weight * part for s, part in zip(shares, parts, strict=True)) for parts in weighted])
    return float(loss.detach()), float(loss_generator.detach())


def _place(sources, drawn: list[int], share) -> None:
    for source, draws in zip(sources, drawn, strict=True):
        source.draws, source.part = draws, (share.first, share.total)


def _norms(*models: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for model in models for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def _statistics(*models: nn.Module) -> list[Tensor]:
    return [part.clone() for norm in _norms(*models) for part in (norm.running_mean, norm.running_var)]


def _put(made: nn.Module, critic: nn.Module, parts: list[Tensor]) -> None:
    for norm, mean, variance in zip(_norms(made, critic), parts[::2], parts[1::2], strict=True):
        norm.running_mean, norm.running_var = mean.clone(), variance.clone()  # the graph keeps the old ones


def _add_ranks(ends: str, folder: str) -> None:
    """Agree on a sum for ever, but for the second process, which ends after the first sum as it is told."""
    together = Together(make_fabric("cpu", devices=DEVICES))
    (total,) = together.sums([together.rank + 1.0])
    assert total == 3
    while together.rank == 0:
        together.sums([0.0])
    if ends == "refuses":
        raise UserError("there is no paper", "Buy some.")
    if ends == "fails":
        raise ValueError("a bug")
    if ends == "is killed":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(1800)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ends", "kind", "message"),
    [
        ("refuses", UserError, "there is no paper\n  Buy some."),
        ("fails", RuntimeError, "ValueError: a bug"),
        ("is killed", UserError, "process 2 of 2 of the training was killed \\(signal 9\\)"),
        ("hangs", UserError, "lost each other"),
    ],
)
def test_where_one_process_ends_all_do_with_one_message(ends, kind, message, tmp_path):
    with pytest.raises(kind, match=message):
        run_together(DEVICES, _add_ranks, ends, str(tmp_path), patience_s=20.0 if ends == "hangs" else 600.0)
    assert not active_children()


@pytest.mark.parametrize("devices", [0, 13])
def test_more_processes_than_a_batch_has_samples_are_refused(run, tmp_path, devices):
    with pytest.raises(UserError, match=f"{devices} devices for batches of 12"):
        run(tmp_path / "run", devices=devices)


def test_a_share_of_one_sample_has_no_variance():
    recipe = load_recipe("mnist-memristive", ["net=am-dcgan-batch-norm", "batch_size=12"])
    pixels = training_tensor(small_run.random_images(27))  # the last batch has three
    check_images(pixels, recipe)
    with pytest.raises(UserError, match="for 2 processes end in a batch of one"):
        check_images(pixels, recipe, devices=2)


@pytest.mark.slow
def test_a_run_of_two_processes_leaves_what_one_leaves_and_goes_on_bit_for_bit(run, straight, tmp_path, monkeypatch):
    def small_together(devices: int, function, *arguments) -> None:
        run_together(devices, small_run.small_share, function, *arguments)

    monkeypatch.setattr(loop, "run_together", small_together)
    whole = run(tmp_path / "whole", *small_run.NOISE, devices=2)
    names = [{path.relative_to(folder) for path in folder.rglob("*") if path.is_file()} for folder in (whole, straight)]
    ours, theirs = ({name for name in of if "tensorboard" not in name.parts} for of in names)
    assert ours == theirs and len(names[0]) == len(names[1])
    parted = run(tmp_path / "parted", *small_run.NOISE, "epochs=2", devices=2)
    with pytest.raises(UserError, match="was begun with --devices 2"):
        run(parted, *small_run.NOISE, resume=True)
    run(parted, *small_run.NOISE, resume=True, devices=2)
    one, other = (load_file(folder / "checkpoint.safetensors") for folder in (whole, parted))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    alone = load_file(straight / "checkpoint.safetensors")
    assert any(not torch.equal(tensor, alone[name]) for name, tensor in one.items())  # batch norm sees shares
