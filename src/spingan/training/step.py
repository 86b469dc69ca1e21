"""One step of a training: an update of the discriminator and one of the generator (paper S, IV-E)."""

import math
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from spingan.nn.analog import analog_layers, hold_weights
from spingan.nn.kernels import stream_key
from spingan.nn.noise_source import Part
from spingan.training.nets import DISCRIMINATOR_NOISE, GENERATOR_NOISE, IMAGE_NOISE, LATENTS, Nets, redraw_programming
from spingan.training.processes import Share, Together
from spingan.training.recipe import Recipe


@dataclass(frozen=True)
class StepResult:
    """Losses of one step, and what the discriminator thinks of both kinds of image on average."""

    discriminator_loss: float
    generator_loss: float
    discriminator_real: float
    discriminator_fake: float

    def finite(self) -> bool:
        """Whether both losses are numbers."""
        return math.isfinite(self.discriminator_loss) and math.isfinite(self.generator_loss)


def train_step(
    nets: Nets, made: nn.Module, critic: nn.Module, real: Tensor, recipe: Recipe, step: int, fabric: Fabric
) -> StepResult:
    """One update of the discriminator and one of the generator; Fabric runs the nets as `made` and `critic`.

    Args:
        real: The whole batch, (batch, channels, height, width) in -1..1. Of several processes each computes its share;
            the result is the whole batch's in all of them.
    """
    together = Together(fabric)
    share = together.share(len(real))
    real = real[share.first : share.last]
    counted = [(device.saturated, device.evaluated) for device in nets.devices()]
    nets.generator.train()
    nets.discriminator.train()
    _source(nets.generator, recipe.seed, GENERATOR_NOISE, step, share.part)
    _source(nets.discriminator, recipe.seed, DISCRIMINATOR_NOISE, step, share.part)
    if recipe.programming_noise is not None and recipe.on_chip is None:
        redraw_programming(nets.generator, nets.discriminator)
    for layer in analog_layers(nets.generator, nets.discriminator):
        layer.calibrate()
    if step % recipe.calibrate_every == 0:
        for device in nets.devices():
            device.begin_calibration(together.largest if together.size > 1 else None)
    key = stream_key(recipe.seed, LATENTS, step) >> 1
    latents = torch.randn(share.total, recipe.latent_size, 1, 1, generator=torch.Generator().manual_seed(key))
    latents = latents[share.first : share.last].to(real)
    with hold_weights(nets.generator, nets.discriminator):
        fake = made(latents)
        on_real = critic(_seen(real, recipe, step, 0, share))
        on_fake = critic(_seen(fake.detach(), recipe, step, 1, share))
        loss_real = functional.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
        loss_fake = functional.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
        fabric.backward(loss_real + loss_fake)
    together.average_gradients(nets.discriminator, share)
    nets.discriminator_optimizer.step()
    nets.discriminator_optimizer.zero_grad()
    nets.discriminator.requires_grad_(False)  # the generator's step needs no gradient of the discriminator's weights
    with hold_weights(nets.discriminator):
        on_new = critic(_seen(fake, recipe, step, 2, share))
        loss_generator = functional.binary_cross_entropy_with_logits(on_new, torch.ones_like(on_new))
        fabric.backward(loss_generator)
    nets.discriminator.requires_grad_(True)
    together.average_gradients(nets.generator, share)
    nets.generator_optimizer.step()
    nets.generator_optimizer.zero_grad()
    if recipe.average_decay is not None:
        nets.update_average(recipe.average_decay, step)
    if step % recipe.calibrate_every == 0:
        for device in nets.devices():
            device.end_calibration()
    for layer in analog_layers(nets.generator, nets.discriminator):
        layer.source.part = None  # between steps there are no shares
    means = [
        float(loss_real.detach() + loss_fake.detach()),
        float(loss_generator.detach()),
        float(on_real.detach().float().sigmoid().mean()),
        float(on_fake.detach().float().sigmoid().mean()),
    ]
    together.average_statistics((nets.generator, nets.discriminator), share)
    if not share.weight:  # these evaluations are another process's
        for device, (saturated, evaluated) in zip(nets.devices(), counted, strict=True):
            device.saturated, device.evaluated = saturated, evaluated
    return StepResult(*together.averages(means, share))


def _seen(images: Tensor, recipe: Recipe, step: int, look: int, share: Share) -> Tensor:
    """This process's images as the discriminator sees them at a step's first, second or third look."""
    if recipe.image_noise is None:
        return images
    key = stream_key(recipe.seed, IMAGE_NOISE, 3 * step + look) >> 1
    noise = torch.randn(share.total, *images.shape[1:], generator=torch.Generator().manual_seed(key))
    return images + recipe.image_noise * noise[share.first : share.last].to(images)


def _source(net: nn.Module, seed: int, stream: int, step: int, part: Part | None) -> None:
    for layer in analog_layers(net):  # they share one source
        layer.source.restart(seed, stream, step)
        layer.source.part = part
        return
