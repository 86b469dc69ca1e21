"""Noise on the images that a discriminator sees in training."""

import torch
from shared_steps import real_images, tiny_nets

from spingan.training.processes import make_fabric
from spingan.training.step import train_step

DEVIATION = 0.3
COUNT = 64
SETTINGS = ("net=tiny-dropping", "latent_size=5", "batch_size=64", "calibrate_every=1000000")


def _looks(*settings: str) -> list[torch.Tensor]:
    """Real images, made ones and made ones again, as the discriminator gets them in one step."""
    recipe, nets = tiny_nets((*SETTINGS, *settings))
    looks: list[torch.Tensor] = []
    nets.discriminator.register_forward_pre_hook(lambda net, inputs: looks.append(inputs[0].detach().clone()))
    train_step(nets, nets.generator, nets.discriminator, real_images(0, COUNT), recipe, 0, make_fabric("cpu"))
    return looks


def test_each_look_has_its_own_noise_of_the_stated_deviation_and_without_it_none():
    exact, noisy = _looks(), _looks(f"image_noise={DEVIATION}")
    assert torch.equal(exact[0], real_images(0, COUNT)) and torch.equal(exact[1], exact[2])
    noises = [ours - theirs for ours, theirs in zip(noisy, exact, strict=True)]
    values = COUNT * 28 * 28
    for noise in noises:
        assert abs(float(noise.mean())) < 5 * DEVIATION / values**0.5
        assert abs(float(noise.std()) / DEVIATION - 1) < 5 / (2 * values) ** 0.5
    for first, second in ((0, 1), (0, 2), (1, 2)):
        together = torch.corrcoef(torch.stack([noises[first].flatten(), noises[second].flatten()]))
        assert abs(float(together[0, 1])) < 5 / values**0.5


def test_the_noise_is_the_seed_s():
    same = (_looks(f"image_noise={DEVIATION}")[0] for _ in range(2))
    assert torch.equal(*same)
    assert not torch.equal(_looks(f"image_noise={DEVIATION}", "seed=1")[0], _looks(f"image_noise={DEVIATION}")[0])
