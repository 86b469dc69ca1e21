"""One step of a training: an update of the discriminator and one of the generator (paper S, IV-E)."""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from spingan.nn.analog import analog_layers, hold_weights
from spingan.nn.converters import quantisers
from spingan.nn.dropout import same_switches
from spingan.nn.family import family_named
from spingan.nn.losses import slope_penalty
from spingan.nn.noise_source import stream_key
from spingan.training.augmentation import augment
from spingan.training.fabric import Fabric
from spingan.training.nets import (
    AUGMENTATION,
    DEVICES,
    DISCRIMINATOR_NOISE,
    GENERATOR_NOISE,
    IMAGE_NOISE,
    LATENTS,
    SLOPE_NOISE,
    SWITCHES,
    Nets,
)
from spingan.training.processes import Share, Together
from spingan.training.recipe import Recipe, SlopePenalty


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
    nets: Nets,
    made: nn.Module,
    critic: nn.Module,
    real: Tensor,
    recipe: Recipe,
    step: int,
    fabric: Fabric,
    labels: Tensor | None = None,
) -> StepResult:
    """One update of the discriminator and one of the generator; Fabric runs the nets as `made` and `critic`.

    Args:
        real: The whole batch, (batch, channels, height, width) in -1..1. Of several processes each computes its share;
            the result is the whole batch's in all of them.
        labels: Classes of the real images, (batch,), for nets that take them; the made images are of the same classes.
    """
    family = family_named(recipe.net)
    loss = family.losses[recipe.loss]
    together = Together(fabric)
    share = together.share(len(real))
    looks = _Looks(recipe, step, share)
    real = real[share.first : share.last]
    classes = () if labels is None else (labels[share.first : share.last].to(real.device),)
    counted = [(device.saturated, device.evaluated) for device in nets.devices()]
    nets.generator.train()
    nets.discriminator.train()
    for net, stream in ((nets.generator, GENERATOR_NOISE), (nets.discriminator, DISCRIMINATOR_NOISE)):
        for layer in islice(analog_layers(net), 1):  # a net's layers share one source
            layer.source.restart(recipe.seed, stream, step)
            layer.source.part = share.part
    nets.draw_devices(recipe.seed, DEVICES, step)
    writes_anew = recipe.programming_noise is not None and recipe.on_chip is None
    for layer in analog_layers(nets.generator, nets.discriminator):
        if writes_anew:
            layer.redraw_deviation()
        layer.calibrate()
        if step % recipe.fold_every == 0:
            layer.fold_wires()
    converters = list(quantisers(nets.generator, nets.discriminator))
    if step % recipe.calibrate_every == 0:
        for device in nets.devices():
            device.begin_calibration(together.largest if together.size > 1 else None)
        for converter in converters:
            converter.begin_calibration()
    key = stream_key(recipe.seed, LATENTS, step) >> 1
    latents = family.draw_latents(share.total, recipe.latent_size, torch.Generator().manual_seed(key))
    latents = latents[share.first : share.last].to(real, non_blocking=True)
    learns = step >= nets.generator_from
    with hold_weights(nets.generator, nets.discriminator):
        with nullcontext() if learns else torch.no_grad():
            fake = made(latents, *classes)
        seen_real, seen_fake = looks.seen(real, 0), looks.seen(fake.detach(), 1)
        penalty = recipe.slope_penalty
        if penalty is None or step % penalty.every or step < nets.penalty_from:
            on_real, on_fake = critic(seen_real, *classes), critic(seen_fake, *classes)
            objective = loss_discriminator = loss.discriminator(on_real, on_fake)
        else:
            on_real, slope_at_real = _with_slope(critic, (seen_real, *classes), penalty, looks, 0)
            on_fake, slope_at_fake = _with_slope(critic, (seen_fake, *classes), penalty, looks, 1)
            loss_discriminator = loss.discriminator(on_real, on_fake)
            objective = loss_discriminator + slope_at_real + slope_at_fake
        fabric.backward(objective)
    together.average_gradients(nets.discriminator, share)
    nets.discriminator_optimizer.step()
    nets.discriminator_optimizer.zero_grad()
    if learns:
        nets.discriminator.requires_grad_(False)  # the generator's step needs no gradient of its weights
        with hold_weights(nets.discriminator):
            loss_generator = loss.generator(on_real.detach(), critic(looks.seen(fake, 2), *classes))
            fabric.backward(loss_generator)
        nets.discriminator.requires_grad_(True)
        together.average_gradients(nets.generator, share)
        nets.generator_optimizer.step()
        nets.generator_optimizer.zero_grad()
        if recipe.average_decay is not None:
            nets.update_average(recipe.average_decay, step)
    else:
        loss_generator = loss.generator(on_real.detach(), on_fake.detach())
    if step % recipe.calibrate_every == 0:
        for device in nets.devices():
            device.end_calibration()
        for converter in converters:
            converter.end_calibration()
            if together.size > 1:
                converter.agree(together.largest)
    for layer in analog_layers(nets.generator, nets.discriminator):
        layer.source.part = None  # between steps there are no shares
    beliefs = loss.beliefs(on_real.detach().float(), on_fake.detach().float())
    shown = [value.detach().float() for value in (loss_discriminator, loss_generator, *beliefs)]
    means: list[float] = torch.stack(shown).tolist()  # at once: each look at a number waits for a GPU to get there
    together.average_statistics((nets.generator, nets.discriminator), share)
    if not share.weight:  # these evaluations are another process's
        for device, (saturated, evaluated) in zip(nets.devices(), counted, strict=True):
            device.saturated, device.evaluated = saturated, evaluated
    return StepResult(*together.averages(means, share))


@dataclass(frozen=True)
class _Looks:
    """What the discriminator sees of a step's images, changed and with noise as the recipe says."""

    recipe: Recipe
    step: int
    share: Share

    def noise(self, like: Tensor, stream: int, look: int) -> Tensor:
        """Standard normal numbers of this process's share of the batch, in the shape of `like`."""
        key = stream_key(self.recipe.seed, stream, 3 * self.step + look) >> 1
        generator = torch.Generator().manual_seed(key)
        noise = torch.randn(self.share.total, *like.shape[1:], generator=generator)
        own = noise[self.share.first : self.share.last]
        return own.to(like, non_blocking=True, memory_format=torch.channels_last)

    def seen(self, images: Tensor, look: int) -> Tensor:
        """Real images at look 0, generated ones at 1, and these again at the generator's update at 2."""
        change = self.recipe.augmentation
        if change is not None:
            key = stream_key(self.recipe.seed, AUGMENTATION, 3 * self.step + look) >> 1
            place = self.share.first, self.share.total
            images = augment(images, change.shift, change.cutout, change.fill, key, *place)
        if self.recipe.image_noise is not None:
            images = images + self.recipe.image_noise * self.noise(images, IMAGE_NOISE, look)
        return images


def _with_slope(
    critic: nn.Module, seen: tuple[Tensor, ...], penalty: SlopePenalty, looks: _Looks, look: int
) -> tuple[Tensor, Tensor]:
    """Logits of images (and their labels), and the slope penalty there, for all steps up to the next one.

    Dropout uses the same switches in both reads; otherwise the penalty would act on their variance.
    """
    images, *labels = seen
    with same_switches(critic, stream_key(looks.recipe.seed, SWITCHES, 3 * looks.step + look)):
        logits = critic(images, *labels)
        shifted = critic(images + penalty.deviation * looks.noise(images, SLOPE_NOISE, look), *labels)
    return logits, slope_penalty(shifted, logits, penalty.weight * penalty.every)
