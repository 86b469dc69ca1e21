"""The training loop: a DCGAN by binary cross entropy (paper S, IV-E), on any technology, resumable at any moment."""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from spingan import __version__
from spingan.errors import UserError
from spingan.hardware.technology import Technology, load_technology
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import analog_layers, hold_weights
from spingan.nn.kernels import stream_key
from spingan.nn.weights import WEIGHTS, save_weights
from spingan.output import output_folder, write_text
from spingan.training.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
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

_WON_OUTRIGHT = 1e-3  # a discriminator's mean loss over an epoch that leaves the generator nothing to follow: assumed


@dataclass(frozen=True)
class StepResult:
    """Losses of one step, and what the discriminator thinks of both kinds of image on average."""

    discriminator_loss: float
    generator_loss: float
    discriminator_real: float
    discriminator_fake: float


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

    The folder gets `recipe.yaml`, `technology.json`, `metrics.csv`, TensorBoard events, `samples/epoch_NNNN.png`, a
    checkpoint that is replaced as the run goes, and `weights.safetensors` for `load_model`. A run that was killed and
    is resumed ends bit for bit like one that was not, on the same machine with the same number of threads: latents,
    shuffling and noise are functions of seed and step.

    Args:
        resume: Go on from the folder's checkpoint; without one, begin.
        device: `auto`, `cpu`, `cuda`, ... as Lightning Fabric names them.
        images: Training images (n, height, width) or (n, height, width, channels), 8 bit, instead of the recipe's data.

    Raises:
        UserError: The folder holds another run, the data or the technology is missing, a loss is no longer a number,
            or the discriminator wins outright; the last good checkpoint is kept.
    """
    folder = output_folder(out)
    technology = load_technology(recipe.technology)
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise UserError(f"{folder} holds a run already", "Add --resume to go on with it, or choose another --out.")
    fabric = Fabric(accelerator=device, devices=1)
    state: dict[str, Any] = {"step": 0, "seconds": 0.0}
    parts = None
    if checkpoint.exists():
        parts, state = read_checkpoint(checkpoint)
        _check_same_run(recipe, technology, state, folder)
    precision = state.get("precision") or _precision(recipe, fabric.device)
    fabric = Fabric(accelerator=device, devices=1, precision="bf16-mixed" if precision == "bf16" else "32-true")
    nets = build_nets(recipe, technology, fabric.device)
    if parts is not None:
        nets.restore(parts)
    pixels = training_tensor(load_images(recipe) if images is None else images)
    about: dict[str, Any] = {
        "recipe": recipe.model_dump(mode="json"),
        "technology": technology.to_dict(),
        "precision": precision,
        "threads": torch.get_num_threads(),
        "spingan": __version__,
        "images": len(pixels),
    }
    if parts is None:
        write_text(folder / "recipe.yaml", yaml.safe_dump(about["recipe"], sort_keys=False))
        write_text(folder / "technology.json", json.dumps(about["technology"], indent=1))
    _run(recipe, technology, nets, pixels, folder, fabric, state, about, progress)
    return folder


def load_images(recipe: Recipe) -> np.ndarray:
    """The recipe's training images, 8 bit.

    Raises:
        UserError: They are not there.
    """
    if recipe.data.name == "fashion-mnist":
        from spingan.data import fashion_mnist

        return fashion_mnist.load("train", recipe.data.path)[0]
    from spingan.data import folder

    return folder.load(recipe.data.path, size=64)


def training_tensor(images: np.ndarray) -> Tensor:
    """8-bit images as a tensor (n, channels, height, width); they stay 8 bit until a batch is drawn."""
    pixels = torch.from_numpy(np.array(images, dtype=np.uint8))
    return pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2)


def _precision(recipe: Recipe, device: torch.device) -> str:
    return faster_precision(device) if recipe.precision == "auto" else recipe.precision


def _check_same_run(recipe: Recipe, technology: Technology, state: dict[str, Any], folder: Path) -> None:
    """A run may only be lengthened: every other key must be what it was."""
    free = {"epochs", "sample_epochs", "sample_count", "checkpoint_every", "data", "technology"}
    before, now = state["recipe"], recipe.model_dump(mode="json")
    changed = [key for key in now if key not in free and now[key] != before.get(key)]
    if state["technology"] != technology.to_dict():
        changed.append("technology")
    if changed:
        raise UserError(
            f"{folder} was begun with another {', '.join(changed)}",
            "Resume with the same settings, or choose another --out.",
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
    made, _ = fabric.setup(nets.generator, nets.generator_optimizer, _reapply_compile=False)
    critic, _ = fabric.setup(nets.discriminator, nets.discriminator_optimizer, _reapply_compile=False)
    steps_an_epoch = math.ceil(len(pixels) / recipe.batch_size)
    total = recipe.epochs * steps_an_epoch
    begun = time.monotonic() - state["seconds"]
    epoch_loss: list[float] = state.get("epoch_loss", [])
    with Record(folder, resume_step=state["step"]) as record, training_progress(total, state["step"], progress) as bar:
        for step in range(state["step"], total):
            epoch, batch = divmod(step, steps_an_epoch)
            if batch == 0 or step == state["step"]:
                order = _order(recipe.seed, epoch, len(pixels))
            chosen = order[batch * recipe.batch_size : (batch + 1) * recipe.batch_size]
            result = train_step(nets, made, critic, _real(pixels[chosen], fabric.device), recipe, step, fabric)
            _check_numbers(result, folder)
            epoch_loss.append(result.discriminator_loss)
            done = step + 1
            record.add(result, nets.saturated(), len(chosen))
            bar(done, f"epoch {epoch + 1}/{recipe.epochs}  D {result.discriminator_loss:.3f}  G {result.generator_loss:.3f}")
            ends_epoch = batch + 1 == steps_an_epoch
            if done % recipe.log_every == 0 or ends_epoch:
                record.write_row(epoch + 1, done)
            if ends_epoch:
                _check_contest(epoch_loss, epoch + 1, folder)
                epoch_loss = []
                if epoch + 1 in recipe.sample_epochs or done == total:
                    info = {**about, "epoch": epoch + 1, "step": done, "seconds": time.monotonic() - begun}
                    _write_samples(nets, recipe, technology, info, folder, epoch + 1, record)
            if done % recipe.checkpoint_every == 0 or ends_epoch:
                if done % recipe.log_every and not ends_epoch:
                    record.write_row(epoch + 1, done)
                record.flush()
                now = {**about, "step": done, "seconds": time.monotonic() - begun, "epoch_loss": epoch_loss}
                write_checkpoint(folder / CHECKPOINT, nets.tensors(), now)


def _order(seed: int, epoch: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(stream_key(seed, SHUFFLE, epoch) >> 1)
    return torch.randperm(count, generator=generator)


def _real(pixels: Tensor, device: torch.device) -> Tensor:
    """8-bit pixels as the discriminator sees them: -1..1, channels last."""
    return pixels.to(device).float().div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)


def train_step(
    nets: Nets, made: nn.Module, critic: nn.Module, real: Tensor, recipe: Recipe, step: int, fabric: Fabric
) -> StepResult:
    """One update of the discriminator and one of the generator; `made` and `critic` are the nets as Fabric runs them."""
    nets.generator.train()
    nets.discriminator.train()
    _source(nets.generator, recipe.seed, GENERATOR_NOISE, step)
    _source(nets.discriminator, recipe.seed, DISCRIMINATOR_NOISE, step)
    if recipe.programming_noise is not None:
        redraw_programming(nets.generator, nets.discriminator)
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


def _devices(nets: Nets) -> list[DeviceActivation]:
    both = (nets.generator, nets.discriminator)
    return [module for net in both for module in net.modules() if isinstance(module, DeviceActivation)]


def _begin_calibration(nets: Nets) -> None:
    for layer in analog_layers(nets.generator, nets.discriminator):
        layer.calibrate()
    for device in _devices(nets):
        device.begin_calibration()


def _end_calibration(nets: Nets) -> None:
    for device in _devices(nets):
        device.end_calibration()


def _write_samples(
    nets: Nets, recipe: Recipe, technology: Technology, info: dict[str, Any], folder: Path, epoch: int, record: Record
) -> None:
    """The averaged generator as it stands: its weights file and a grid of images from fixed latents."""
    from spingan.image_grid import save_grid

    model = finished_model(nets, recipe, technology, info)
    save_weights(folder / WEIGHTS, model)
    images = model.sample(recipe.sample_count, seed=stream_key(recipe.seed, SAMPLES) >> 1)
    output_folder(folder / "samples")
    save_grid(images.numpy(), folder / "samples" / f"epoch_{epoch:04d}.png")
    record.add_images(images, info["step"])


def _check_numbers(result: StepResult, folder: Path) -> None:
    if not all(map(math.isfinite, (result.discriminator_loss, result.generator_loss))):
        raise UserError(
            "the loss is no longer a number: the training has diverged",
            f"The last good checkpoint is in {folder}. Lower a learning rate or the noise, and train into another --out.",
        )


def _check_contest(losses: list[float], epoch: int, folder: Path) -> None:
    mean = sum(losses) / len(losses)
    if mean < _WON_OUTRIGHT:
        raise UserError(
            f"the discriminator has won outright: its mean loss over epoch {epoch} is {mean:.1e}",
            f"The last good checkpoint is in {folder}. Lower discriminator_learning_rate, and train into another --out.",
        )
