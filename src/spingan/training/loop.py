"""The training loop: a DCGAN by binary cross entropy (paper S, IV-E), on any technology, resumable at any moment."""

import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from lightning_fabric import Fabric
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from spingan import __version__
from spingan.errors import UserError
from spingan.hardware.technology import Technology, load_technology
from spingan.nn.analog import analog_layers, hold_weights
from spingan.nn.kernels import stream_key
from spingan.nn.weights import WEIGHTS, save_weights
from spingan.output import output_folder, write_text
from spingan.training.checkpoint import CHECKPOINT, read_checkpoint, remove_leftovers, write_checkpoint
from spingan.training.images import check_images, load_images, training_tensor
from spingan.training.nets import (
    DISCRIMINATOR_NOISE,
    GENERATOR_NOISE,
    LATENTS,
    SAMPLES,
    SHUFFLE,
    Nets,
    build_nets,
    finished_model,
    redraw_programming,
)
from spingan.training.precision import faster_precision
from spingan.training.recipe import Recipe
from spingan.training.record import Record, training_progress

KEPT_WEIGHTS = "weights"  # folder, within the run's, of the generator after each epoch that has samples
_WON_OUTRIGHT = 1e-3  # a discriminator's mean loss over an epoch that leaves the generator nothing to follow: assumed


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


def train(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    device: str = "auto",
    images: np.ndarray | None = None,
    progress: bool = True,
) -> Path:
    """Train a pair of nets by `recipe` into the run folder `out`, and return the folder.

    The folder gets `recipe.yaml`, `technology.json`, `metrics.csv`, TensorBoard events, `samples/epoch_NNNN.png`,
    `weights/epoch_NNNN.safetensors`, a checkpoint that is replaced as the run goes, and `weights.safetensors` for
    `load_model`. A run that was killed and is resumed ends bit for bit like one that was not, on the same machine with
    the same number of threads: latents, shuffling and noise are functions of seed and step.

    Args:
        resume: Go on from the folder's checkpoint; begin if the run was stopped before its first.
        device: `auto`, `cpu`, `cuda`, ... as Lightning Fabric names them.
        images: Training images (n, height, width) or (n, height, width, channels), 8 bit, instead of the recipe's data.

    Raises:
        UserError: The folder holds another run or cannot be written, the data, the technology or the device is missing,
            the images are not of the net's size, a loss or a weight is no longer a number, or the discriminator wins
            outright; the last good checkpoint is kept.
    """
    folder = output_folder(out)
    technology = load_technology(recipe.technology)
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise UserError(f"{folder} holds a run already", "Add --resume to go on with it, or choose another --out.")
    if resume and not checkpoint.exists() and not (folder / "recipe.yaml").exists():
        raise UserError(f"{folder} holds no run to go on with", "Check --out, or leave out --resume to begin one.")
    remove_leftovers(folder)
    fabric = _fabric(device)
    state: dict[str, Any] = {"step": 0, "seconds": 0.0}
    parts = None
    if checkpoint.exists():
        parts, state = read_checkpoint(checkpoint)
        _check_same_run(recipe, technology, state, folder)
    precision = state.get("precision") or _precision(recipe, fabric.device)
    fabric = _fabric(device, precision)
    nets = build_nets(recipe, technology, fabric.device)
    if parts is not None:
        nets.restore(parts)
    pixels = training_tensor(load_images(recipe) if images is None else images)
    check_images(pixels, recipe)
    if len(pixels) != state.get("images", len(pixels)):
        raise UserError(
            f"{folder} was begun with {state['images']} images, and now there are {len(pixels)}",
            "Resume with the same images, or choose another --out.",
        )
    about: dict[str, Any] = {
        "recipe": recipe.model_dump(mode="json"),
        "technology": technology.to_dict(),
        "precision": precision,
        "threads": torch.get_num_threads(),
        "spingan": __version__,
        "images": len(pixels),
    }
    write_text(folder / "recipe.yaml", yaml.safe_dump(about["recipe"], sort_keys=False))  # more epochs when resumed
    write_text(folder / "technology.json", json.dumps(about["technology"], indent=1))
    try:
        _run(recipe, technology, nets, pixels, folder, fabric, state, about, progress)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"cannot write into {folder}: {error}",
            f"{_kept(folder)} Free some space or mend the folder's rights, then go on with --resume.",
        ) from error
    return folder


def _fabric(device: str, precision: str = "fp32") -> Fabric:
    said = logging.getLogger("lightning_fabric")
    level = said.level
    said.setLevel(logging.WARNING)  # it tells of bfloat16 on stderr; the run's files record it
    try:
        return Fabric(accelerator=device, devices=1, precision="bf16-mixed" if precision == "bf16" else "32-true")
    except (ValueError, RuntimeError, ImportError) as error:
        raise UserError(
            f"cannot train on device {device!r}: {error}", "Leave --device out to take what there is."
        ) from error
    finally:
        said.setLevel(level)


def _precision(recipe: Recipe, device: torch.device) -> str:
    return faster_precision(device) if recipe.precision == "auto" else recipe.precision


def _check_same_run(recipe: Recipe, technology: Technology, state: dict[str, Any], folder: Path) -> None:
    """A run may only be lengthened: every other key must be what it was."""
    free = {"epochs", "sample_epochs", "sample_count", "checkpoint_every", "data", "technology", "rates_fall_after"}
    before, now = state["recipe"], recipe.model_dump(mode="json")
    steps_an_epoch = math.ceil(state["images"] / recipe.batch_size)
    changed = [key for key in now if key not in free and now[key] != before.get(key)]
    if state["technology"] != technology.to_dict():
        changed.append("technology")
    schedule = ("rates_fall_after", "epochs")
    if any(before.get(key) != now[key] for key in schedule) and any(
        fall is not None and state["step"] > fall * steps_an_epoch
        for fall in (before.get("rates_fall_after"), recipe.rates_fall_after)
    ):
        changed.append("schedule of the learning rates (rates_fall_after, epochs) for steps already made")
    if changed:
        raise UserError(
            f"{folder} was begun with another {', '.join(changed)}",
            "Resume with the same settings, or choose another --out.",
        )
    if state["step"] > recipe.epochs * steps_an_epoch:
        raise UserError(
            f"{folder} has been trained for more than {recipe.epochs} epochs already",
            "Resume with as many epochs or more, or choose another --out.",
        )


def _run(
    recipe: Recipe,
    technology: Technology,
    nets: Nets,
    pixels: Tensor,
    folder: Path,
    fabric: Fabric,
    state: dict[str, Any],
    about: dict[str, Any],
    progress: bool,
) -> None:
    # _reapply_compile=False: nothing is compiled, and to look for it imports PyTorch's compiler
    made, _ = fabric.setup(nets.generator, nets.generator_optimizer, _reapply_compile=False)
    critic, _ = fabric.setup(nets.discriminator, nets.discriminator_optimizer, _reapply_compile=False)
    steps_an_epoch = math.ceil(len(pixels) / recipe.batch_size)
    total = recipe.epochs * steps_an_epoch
    begun = time.monotonic() - state["seconds"]
    epoch_loss: list[float] = state.get("epoch_loss", [])
    order = _order(recipe.seed, state["step"] // steps_an_epoch, len(pixels))
    with Record(folder, resume_step=state["step"]) as record, training_progress(total, state["step"], progress) as bar:
        for step in range(state["step"], total):
            epoch, batch = divmod(step, steps_an_epoch)
            if batch == 0:
                order = _order(recipe.seed, epoch, len(pixels))
            _set_rates(nets, recipe, rate_factor(recipe, step, steps_an_epoch))
            chosen = order[batch * recipe.batch_size : (batch + 1) * recipe.batch_size]
            result = train_step(nets, made, critic, _real(pixels[chosen], fabric.device), recipe, step, fabric)
            ends_epoch = batch + 1 == steps_an_epoch
            saves = ends_epoch or (step + 1) % recipe.checkpoint_every == 0
            if not result.finite() or (saves and not nets.finite()):
                raise _diverged(step + 1, folder)
            epoch_loss.append(result.discriminator_loss)
            done = step + 1
            record.add(result, nets.saturated(), len(chosen))
            losses = f"D {result.discriminator_loss:.3f}  G {result.generator_loss:.3f}"
            bar(done, f"epoch {epoch + 1}/{recipe.epochs}  {losses}")
            if done % recipe.log_every == 0 or ends_epoch:
                record.write_row(epoch + 1, done)
            if ends_epoch:
                _check_contest(epoch_loss, epoch + 1, folder)
                epoch_loss = []
                if epoch + 1 in recipe.sample_epochs or done == total:
                    info = {**about, "epoch": epoch + 1, "step": done, "seconds": time.monotonic() - begun}
                    _write_samples(nets, recipe, technology, info, folder, epoch + 1, record)
            if saves:
                if done % recipe.log_every and not ends_epoch:
                    record.write_row(epoch + 1, done)
                record.flush()
                now = {**about, "step": done, "seconds": time.monotonic() - begun, "epoch_loss": epoch_loss}
                write_checkpoint(folder / CHECKPOINT, nets.tensors(), now)


def rate_factor(recipe: Recipe, step: int, steps_an_epoch: int) -> float:
    """What the learning rates are multiplied by in that step (from 0): 1, then falling towards 0 after the last."""
    if recipe.rates_fall_after is None:
        return 1.0
    first, end = (epoch * steps_an_epoch for epoch in (recipe.rates_fall_after, recipe.epochs))
    return 1.0 if step < first else (end - step) / (end - first)


def _set_rates(nets: Nets, recipe: Recipe, factor: float) -> None:
    for optimizer, rate in (
        (nets.generator_optimizer, recipe.generator_learning_rate),
        (nets.discriminator_optimizer, recipe.discriminator_learning_rate),
    ):
        for group in optimizer.param_groups:
            group["lr"] = rate * factor


def _order(seed: int, epoch: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(stream_key(seed, SHUFFLE, epoch) >> 1)
    return torch.randperm(count, generator=generator)


def _real(pixels: Tensor, device: torch.device) -> Tensor:
    """8-bit pixels as the discriminator sees them: -1..1, channels last."""
    return pixels.to(device).float().div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)


def train_step(
    nets: Nets, made: nn.Module, critic: nn.Module, real: Tensor, recipe: Recipe, step: int, fabric: Fabric
) -> StepResult:
    """One update of the discriminator and one of the generator; Fabric runs the nets as `made` and `critic`."""
    nets.generator.train()
    nets.discriminator.train()
    _source(nets.generator, recipe.seed, GENERATOR_NOISE, step)
    _source(nets.discriminator, recipe.seed, DISCRIMINATOR_NOISE, step)
    if recipe.programming_noise is not None and recipe.on_chip is None:
        redraw_programming(nets.generator, nets.discriminator)
    for layer in analog_layers(nets.generator, nets.discriminator):
        layer.calibrate()
    if step % recipe.calibrate_every == 0:
        _begin_calibration(nets)
    key = stream_key(recipe.seed, LATENTS, step) >> 1
    latents = torch.randn(len(real), recipe.latent_size, 1, 1, generator=torch.Generator().manual_seed(key))
    with hold_weights(nets.generator, nets.discriminator):
        fake = made(latents.to(real.device))
        on_real, on_fake = critic(real), critic(fake.detach())
        loss_real = functional.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
        loss_fake = functional.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
        fabric.backward(loss_real + loss_fake)
    nets.discriminator_optimizer.step()
    nets.discriminator_optimizer.zero_grad()
    nets.discriminator.requires_grad_(False)  # the generator's step needs no gradient of the discriminator's weights
    with hold_weights(nets.discriminator):
        on_new = critic(fake)
        loss_generator = functional.binary_cross_entropy_with_logits(on_new, torch.ones_like(on_new))
        fabric.backward(loss_generator)
    nets.discriminator.requires_grad_(True)
    nets.generator_optimizer.step()
    nets.generator_optimizer.zero_grad()
    if recipe.average_decay is not None:
        nets.update_average(recipe.average_decay, step)
    if step % recipe.calibrate_every == 0:
        _end_calibration(nets)
    return StepResult(
        float(loss_real.detach() + loss_fake.detach()),
        float(loss_generator.detach()),
        float(on_real.detach().float().sigmoid().mean()),
        float(on_fake.detach().float().sigmoid().mean()),
    )


def _source(net: nn.Module, seed: int, stream: int, step: int) -> None:
    for layer in analog_layers(net):  # they share one source
        layer.source.restart(seed, stream, step)
        return


def _begin_calibration(nets: Nets) -> None:
    for device in nets.devices():
        device.begin_calibration()


def _end_calibration(nets: Nets) -> None:
    for device in nets.devices():
        device.end_calibration()


def _write_samples(
    nets: Nets, recipe: Recipe, technology: Technology, info: dict[str, Any], folder: Path, epoch: int, record: Record
) -> None:
    """The averaged generator as it stands: its weights file, a kept copy, and a grid of images from fixed latents."""
    from spingan.image_grid import save_grid

    model = finished_model(nets, recipe, technology, info)
    save_weights(folder / WEIGHTS, model)
    save_weights(output_folder(folder / KEPT_WEIGHTS) / f"epoch_{epoch:04d}.safetensors", model)
    images = model.sample(recipe.sample_count, seed=stream_key(recipe.seed, SAMPLES) >> 1)
    output_folder(folder / "samples")
    save_grid(images.numpy(), folder / "samples" / f"epoch_{epoch:04d}.png")
    record.add_images(images, info["step"])


def _kept(folder: Path) -> str:
    written = (folder / CHECKPOINT).exists()
    return f"The last good checkpoint is in {folder}." if written else "No checkpoint was written yet."


def _diverged(step: int, folder: Path) -> UserError:
    return UserError(
        f"the training has diverged: in step {step} a loss or a weight is no longer a number",
        f"{_kept(folder)} Lower a learning rate or the noise, and train into another --out.",
    )


def _check_contest(losses: list[float], epoch: int, folder: Path) -> None:
    mean = sum(losses) / len(losses)
    if mean < _WON_OUTRIGHT:
        raise UserError(
            f"the discriminator has won outright: its mean loss over epoch {epoch} is {mean:.1e}",
            f"{_kept(folder)} Lower discriminator_learning_rate, and train into another --out.",
        )
