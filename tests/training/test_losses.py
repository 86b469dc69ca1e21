"""The losses and the penalty on the discriminator's slope, against closed forms."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from shared_steps import real_images, tiny_nets
from torch import nn

from spingan.nn.dropout import DrawnDropout, same_switches
from spingan.nn.losses import LOSSES, slope_penalty
from spingan.nn.noise_source import NoiseSource
from spingan.training.processes import make_fabric
from spingan.training.step import train_step

NORM_FREE = ("net=tiny-dropping", "latent_size=5", "batch_size=8", "calibrate_every=1000000")
PAIRED = (*NORM_FREE, "loss=relativistic")

logits = st.lists(st.floats(-20, 20), min_size=1, max_size=8)


@pytest.mark.parametrize(("name", "draw"), [("cross_entropy", 2 * math.log(2)), ("relativistic", math.log(2))])
@given(values=logits)
def test_a_discriminator_that_tells_nothing_is_at_the_draw(name, draw, values):
    same = torch.zeros(len(values), dtype=torch.float64)
    assert float(LOSSES[name].discriminator(same, same)) == pytest.approx(draw, rel=1e-12)
    assert [float(belief) for belief in LOSSES[name].beliefs(same, same)] == pytest.approx([0.5, 0.5])


@given(real=logits, shift=st.floats(-10, 10))
def test_a_pair_loss_sees_differences_only_and_turns_round_for_the_generator(real, shift):
    loss = LOSSES["relativistic"]
    first = torch.tensor(real, dtype=torch.float64)
    second = first.flip(0)
    now, moved = loss.discriminator(first, second), loss.discriminator(first + shift, second + shift)
    assert float(now) == pytest.approx(float(moved), rel=1e-9, abs=1e-12)
    assert float(loss.generator(first, second)) == pytest.approx(float(loss.discriminator(second, first)), rel=1e-12)


def test_a_pair_loss_of_known_logits():
    real, made = torch.tensor([2.0, -1.0]), torch.tensor([0.0, 1.0])
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    assert float(LOSSES["relativistic"].discriminator(real, made)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_each_net_s_gradient_points_its_own_way(name):
    real, made = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    LOSSES[name].discriminator(real, made).backward()
    assert (real.grad < 0).all() and (made.grad > 0).all()
    made.grad = None
    LOSSES[name].generator(real.detach(), made).backward()
    assert (made.grad < 0).all()


def test_the_penalty_of_a_linear_discriminator_is_weight_times_variance_times_its_squared_slope():
    torch.manual_seed(0)
    slope, deviation, weight = torch.randn(50, dtype=torch.float64), 0.1, 3.0
    images = torch.randn(200_000, 50, dtype=torch.float64)
    shifted = (images + deviation * torch.randn_like(images)) @ slope
    measured = float(slope_penalty(shifted, images @ slope, weight))
    expected = weight * deviation**2 * float(slope.square().sum())
    assert measured == pytest.approx(expected, rel=5 * math.sqrt(2 / len(images)))  # five deviations of the mean


def _steps(settings: tuple[str, ...], count: int) -> nn.Module:
    recipe, nets = tiny_nets(settings)
    for step in range(count):
        parts = nets, nets.generator, nets.discriminator
        train_step(*parts, real_images(step, 8), recipe, step, make_fabric("cpu"))
    return nets.discriminator


def _same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_a_penalty_is_taken_in_the_first_of_every_so_many_steps_with_their_weights_together():
    once, rarer = ("slope_penalty={weight: 4, every: 1}", "slope_penalty={weight: 1, every: 4}")
    assert not _same(_steps((*PAIRED, once), 1), _steps(PAIRED, 1))
    assert _same(_steps((*PAIRED, once), 1), _steps((*PAIRED, rarer), 1))  # 1 x 4 = 4 x 1
    assert not _same(_steps((*PAIRED, once), 2), _steps((*PAIRED, rarer), 2))


def test_a_penalty_flattens_the_discriminator():
    def slope(settings: tuple[str, ...]) -> float:
        recipe, nets = tiny_nets(settings)
        for step in range(30):
            parts = nets, nets.generator, nets.discriminator
            train_step(*parts, real_images(step, 8), recipe, step, make_fabric("cpu"))
        images = real_images(99, 8).requires_grad_()
        (gradient,) = torch.autograd.grad(nets.discriminator.eval()(images).sum(), images)
        return float(gradient.square().mean())

    fast = (*PAIRED, "discriminator_learning_rate=0.02")
    assert slope((*fast, "slope_penalty={weight: 1000}")) < 0.1 * slope(fast)


def test_both_kinds_of_image_are_penalised():
    recipe, nets = tiny_nets((*PAIRED, "slope_penalty={weight: 1}"))
    looks: list[torch.Tensor] = []
    nets.discriminator.register_forward_pre_hook(lambda net, inputs: looks.append(inputs[0].detach().clone()))
    parts = nets, nets.generator, nets.discriminator
    train_step(*parts, real_images(0, 8), recipe, 0, make_fabric("cpu"))
    real, near_real, made, near_made, _ = looks
    for near, seen in ((near_real, real), (near_made, made)):
        values = seen.numel()
        assert float((near - seen).std()) == pytest.approx(0.1, rel=5 / math.sqrt(2 * values))


def test_the_penalty_of_a_discriminator_that_only_drops_at_random_is_nothing():
    """Both reads find the same switches: otherwise dropout's variance would be penalised."""
    torch.manual_seed(0)
    drop = DrawnDropout(0.5, NoiseSource(3))
    net = nn.Sequential(drop, nn.Flatten(), nn.Linear(30, 1)).train().requires_grad_(False)
    images = torch.randn(64, 30)
    with same_switches(net, 7):
        first, second = net(images), net(images)
    assert float(slope_penalty(second, first, 1.0)) == 0
    assert float(slope_penalty(net(images), net(images), 1.0)) > 0
    with same_switches(net, 8):
        assert not torch.equal(net(images), first)


def test_a_step_with_penalty_reads_both_times_with_the_same_switches():
    recipe, nets = tiny_nets((*PAIRED, "slope_penalty={weight: 1, deviation: 1e-9}"))
    logits: list[torch.Tensor] = []
    nets.discriminator.register_forward_hook(lambda net, inputs, out: logits.append(out.detach().clone()))
    parts = nets, nets.generator, nets.discriminator
    train_step(*parts, real_images(0, 8), recipe, 0, make_fabric("cpu"))
    real, near_real, made, near_made, _ = logits
    torch.testing.assert_close(real, near_real, rtol=0, atol=1e-6)
    torch.testing.assert_close(made, near_made, rtol=0, atol=1e-6)
