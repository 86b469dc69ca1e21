"""The training loop: a generator and a discriminator on any technology (paper S, IV-E), resumable at any moment."""

import json
import math
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from spingan import __version__
from spingan.errors import UserError
from spingan.input_files import is_folder
from spingan.nn.family import family_named
from spingan.nn.model_files import WEIGHTS, shipped_models
from spingan.nn.noise_source import stream_key
from spingan.nn.update_rules.base import WORN_OUT
from spingan.nn.weights import save_weights
from spingan.output import output_folder, write_text
from spingan.spec.technology import Technology, load_technology
from spingan.training.checkpoint import (
    CHECKPOINT,
    KEPT_WEIGHTS,
    read_checkpoint,
    remove_leftovers,
    write_checkpoint,
)
from spingan.training.fabric import Fabric
from spingan.training.images import check_images, load_training_set, training_labels, training_tensor
from spingan.training.machine import faster_precision, keep_freed_memory
from spingan.training.nets import SAMPLES, SHUFFLE, Nets, build_nets, finished_model
from spingan.training.processes import Together, make_fabric, run_together
from spingan.training.recipe import Recipe, recipe_from, recipe_text
from spingan.training.record import Record, training_progress
from spingan.training.run_lock import sole_training
from spingan.training.step import train_step
from spingan.training.warm_start import warm_start

RECIPE = "recipe.yaml"


def train(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    start_from: str | Path | None = None,
    device: str = "auto",
    devices: int = 1,
    images: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    technology: Technology | None = None,
    progress: bool = True,
) -> Path:
    """Train a generator and its discriminator by `recipe` into the run folder `out`, and return the folder.

    The folder gets `recipe.yaml`, `technology.json`, `metrics.csv`, TensorBoard events, `samples/epoch_NNNN.png`,
    `weights/epoch_NNNN.safetensors`, a checkpoint that is replaced as the run goes, and `weights.safetensors` for
    `load_model`. A run that was killed and is resumed ends bit for bit like one that was not, on the same machine with
    the same number of threads: latents, shuffling and noise are functions of seed and step.

    Args:
        resume: Go on from the folder's checkpoint; begin if the run was stopped before its first.
        start_from: Begin with the nets and optimizers of that run's folder or checkpoint, at step 0 of the recipe, or
            with the generator of a shipped name or weights file and a new discriminator, which then learns alone at
            first (`discriminator_alone`); the run's files and weights record which. One that is resumed began already,
            and does not look at it.
        device: `auto`, `cpu`, `cuda`, ... as Lightning Fabric names them.
        devices: Processes, each with a device or its share of the processors, that share every batch. Latents and noise
            are by a sample's place in the batch, gradients are the whole batch's. Only batch norm depends on their
            number, and full scale where it is a multiple of the inputs' root mean square: the largest share's. More
            than one are begun as new processes (`spingan.training.processes`): a script that calls this does so under
            `if __name__ == "__main__"`.
        images: Training images (n, height, width) or (n, height, width, channels), 8 bit, instead of the recipe's data.
        labels: Classes of `images`, (n,), for a net that takes them.
        technology: Instead of the recipe's, for one that is in no file.

    Raises:
        UserError: The folder holds another run, a training into it goes on now, or it cannot be written; the data, the
            technology, the device or the run to go on from is missing, the images are not of the net's size, the labels
            are not its classes, a loss or a weight is no longer finite, or the discriminator wins outright; the last
            good checkpoint is kept.
    """
    if resume and not _may_hold_a_run(Path(out)):
        raise UserError(f"{out} holds no run to go on with", "Check --out, or leave out --resume to begin one.")
    folder = output_folder(out)
    technology = technology or load_technology(recipe.technology)
    with sole_training(folder):
        plan = _Plan(recipe, technology, folder, start_from, device, devices, "", images, labels, progress)
        _train_alone(plan, resume)
    return folder


def _may_hold_a_run(folder: Path) -> bool:
    """Whether a run was begun there: one that was killed at once left its folder empty but for hidden files."""
    if not is_folder(folder):
        return False
    names = [path.name for path in folder.iterdir()]
    return {CHECKPOINT, RECIPE} & set(names) != set() or all(name.startswith(".") for name in names)


def _train_alone(plan: "_Plan", resume: bool) -> None:
    """The training, in a folder that is this process's alone."""
    recipe, folder, devices = plan.recipe, plan.folder, plan.devices
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise UserError(f"{folder} holds a run already", "Add --resume to go on with it, or choose another --out.")
    remove_leftovers(folder)
    if not 1 <= devices <= recipe.batch_size:
        raise UserError(
            f"{devices} devices for batches of {recipe.batch_size} images", f"Choose 1 to {recipe.batch_size}."
        )
    begun = _begun(plan)[1] if checkpoint.exists() else None
    if begun is None and recipe.goes_on_from is not None and plan.start_from is None:
        raise UserError(
            f"the recipe {recipe.name} goes on with the nets of {recipe.goes_on_from}, and no run of it is named",
            _where_to_begin(recipe),
        )
    write_text(folder / RECIPE, recipe_text(recipe))  # may have more epochs when resumed
    write_text(folder / "technology.json", json.dumps(plan.technology.to_dict(), indent=1))
    precision = begun["precision"] if begun else recipe.precision
    if precision == "auto":
        precision = faster_precision(make_fabric(plan.device).device)
    plan = replace(plan, precision=precision)
    if devices == 1:
        _train(plan, begun is not None)
    else:
        run_together(devices, _train, plan, begun is not None)


def _where_to_begin(recipe: Recipe) -> str:
    shipped = recipe.goes_on_from in shipped_models()
    begin = f"Add --start-from {recipe.goes_on_from} for its shipped weights" if shipped else "Train it"
    return f"{begin}, or --start-from with a run of it; --set goes_on_from=null begins with new nets."


@dataclass(frozen=True)
class _Plan:
    """What every process of a training is told."""

    recipe: Recipe
    technology: Technology
    folder: Path
    start_from: str | Path | None
    device: str
    devices: int
    precision: str  # empty until it is measured
    images: np.ndarray | None
    labels: np.ndarray | None
    progress: bool


def _begun(plan: _Plan) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """What the run's checkpoint holds, if it is this run's."""
    parts, state = read_checkpoint(plan.folder / CHECKPOINT)
    _check_same_run(plan, state)
    if state.get("devices", 1) != plan.devices:
        raise UserError(
            f"{plan.folder} was begun with --devices {state.get('devices', 1)}, and {plan.devices} share a batch "
            "otherwise",
            "Resume with as many, or choose another --out.",
        )
    return parts, state


def _train(plan: _Plan, resumed: bool) -> None:
    """The training in one process: the only one, or one of several."""
    recipe, technology, folder = plan.recipe, plan.technology, plan.folder
    keep_freed_memory()
    parts, state = _begun(plan) if resumed else (None, {"step": 0, "seconds": 0.0})
    fabric = make_fabric(plan.device, plan.precision, plan.devices)
    nets = build_nets(recipe, technology, fabric.device)
    if parts is not None:
        nets.restore(parts)
    images, classes = (plan.images, plan.labels) if plan.images is not None else load_training_set(recipe)
    pixels = training_tensor(images)
    check_images(pixels, recipe, plan.devices)
    labels = training_labels(classes, len(pixels), recipe)
    if len(pixels) != state.get("images", len(pixels)):
        raise UserError(
            f"{folder} was begun with {state['images']} images, and now there are {len(pixels)}",
            "Resume with the same images, or choose another --out.",
        )
    about: dict[str, Any] = {
        "recipe": recipe.model_dump(mode="json"),
        "technology": technology.to_dict(),
        "precision": plan.precision,
        "threads": torch.get_num_threads(),
        "devices": plan.devices,
        "machine": _name_of(fabric.device),
        "spingan": __version__,
        "images": len(pixels),
    }
    if state.get("begun_from"):
        about["begun_from"] = state["begun_from"]
    elif parts is None and plan.start_from is not None:
        about["begun_from"] = warm_start(nets, plan.start_from, recipe)
        if fabric.is_global_zero:  # a run killed from here on resumes from this state
            now = {**about, "step": 0, "seconds": 0.0, "epoch_loss": []}
            write_checkpoint(folder / CHECKPOINT, nets.tensors(), now)
    try:
        _run(plan, nets, pixels, labels, fabric, state, about)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"cannot write into {folder}: {error}",
            f"{_kept(folder)} Free some space or fix the folder's permissions, then go on with --resume.",
        ) from error


def _check_same_run(plan: _Plan, state: dict[str, Any]) -> None:
    """A run may only be lengthened: every other key must be what it was."""
    recipe, folder = plan.recipe, plan.folder
    free = {"epochs", "sample_epochs", "sample_count", "checkpoint_every", "data", "technology", "goes_on_from"}
    free |= {"rates_fall_after", "average_from"}  # as long as no step has been made by them
    before = recipe_from(state["recipe"], f"the recipe in {folder}").model_dump(mode="json")  # with keys of today
    now = recipe.model_dump(mode="json")
    rules = [(content["on_chip"] or {}).get("rule") for content in (before, now)]
    if rules[0] != rules[1] and None not in rules:
        raise UserError(
            f"{folder} learns by on_chip.rule {rules[0]}, not {rules[1]}: a rule's state is no other's",
            f"Resume with --set on_chip.rule={rules[0]}, or choose another --out.",
        )
    steps_an_epoch = math.ceil(state["images"] / recipe.batch_size)
    changed = [key for key in now if key not in free and now[key] != before[key]]
    technology = Technology.from_dict(state["technology"], f"the technology in {folder}")  # with today's keys too
    if technology.to_dict() != plan.technology.to_dict():
        changed.append("technology")
    for since, also, what in (
        ("rates_fall_after", "epochs", "schedule of the learning rates (rates_fall_after, epochs)"),
        ("average_from", "average_from", "average_from"),
    ):
        epochs = [epoch for epoch in (before.get(since), now[since]) if epoch is not None]
        if any(before.get(key) != now[key] for key in (since, also)) and any(
            state["step"] > epoch * steps_an_epoch for epoch in epochs
        ):
            changed.append(f"{what} for steps already made")
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
    plan: _Plan,
    nets: Nets,
    pixels: Tensor,
    labels: Tensor | None,
    fabric: Fabric,
    state: dict[str, Any],
    about: dict[str, Any],
) -> None:
    recipe, folder = plan.recipe, plan.folder
    # _reapply_compile=False: nothing is compiled, and to look for it imports PyTorch's compiler
    made, _ = fabric.setup(nets.generator, nets.generator_optimizer, _reapply_compile=False)
    critic, _ = fabric.setup(nets.discriminator, nets.discriminator_optimizer, _reapply_compile=False)
    steps_an_epoch = math.ceil(len(pixels) / recipe.batch_size)
    total = recipe.epochs * steps_an_epoch
    nets.mean_since = None if recipe.average_from is None else recipe.average_from * steps_an_epoch
    nets.generator_from = recipe.discriminator_alone * steps_an_epoch
    if about.get("begun_from", {}).get("discriminator") == "new":
        nets.penalty_from = nets.generator_from // 2
    begun = time.monotonic() - state["seconds"]
    epoch_loss: list[float] = state.get("epoch_loss", [])
    order = _order(recipe.seed, state["step"] // steps_an_epoch, len(pixels))
    together = Together(fabric)
    worn: set[str] = set()
    leads = fabric.is_global_zero  # of several processes the first alone writes and shows
    with (
        Record(folder, resume_step=state["step"]) if leads else nullcontext() as record,
        training_progress(total, state["step"], plan.progress and leads) as bar,
    ):
        for step in range(state["step"], total):
            epoch, batch = divmod(step, steps_an_epoch)
            if batch == 0:
                order = _order(recipe.seed, epoch, len(pixels))
            factor = rate_factor(recipe, step, steps_an_epoch)
            nets.generator_optimizer.param_groups[0]["lr"] = recipe.generator_learning_rate * factor
            nets.discriminator_optimizer.param_groups[0]["lr"] = recipe.discriminator_learning_rate * factor
            if recipe.drawn_devices is not None:
                nets.device_share = recipe.drawn_devices.share(step, steps_an_epoch)
            chosen = order[batch * recipe.batch_size : (batch + 1) * recipe.batch_size]
            real = _real(pixels[chosen], fabric.device)
            own = None if labels is None else labels[chosen]
            result = train_step(nets, made, critic, real, recipe, step, fabric, own)
            ends_epoch = batch + 1 == steps_an_epoch
            done = step + 1
            saves = ends_epoch or done % recipe.checkpoint_every == 0
            if not result.finite() or (saves and not nets.finite()):
                raise UserError(
                    f"the training has diverged: in step {done} a loss or a weight is no longer a number",
                    f"{_kept(folder)} Lower a learning rate or the noise, and train into another --out.",
                )
            _check_wear(nets, worn, folder, leads)
            epoch_loss.append(result.discriminator_loss)
            saturated = together.sums(nets.saturated())
            if record:
                record.add(result, saturated, len(chosen))
                if saves or done % recipe.log_every == 0:
                    record.write_row(epoch + 1, done)
            losses = f"D {result.discriminator_loss:.3f}  G {result.generator_loss:.3f}"
            bar(done, f"epoch {epoch + 1}/{recipe.epochs}  {losses}")
            if ends_epoch:
                _check_contest(epoch_loss, family_named(recipe.net).losses[recipe.loss].won, epoch + 1, folder)
                epoch_loss = []
                if record and (epoch + 1 in recipe.sample_epochs or done == total):
                    info = {**about, "epoch": epoch + 1, "step": done, "seconds": time.monotonic() - begun}
                    _write_samples(plan, nets, info, record)
            if record and saves:
                record.flush()
                now = {**about, "step": done, "seconds": time.monotonic() - begun, "epoch_loss": epoch_loss}
                write_checkpoint(folder / CHECKPOINT, nets.tensors(), now)


def rate_factor(recipe: Recipe, step: int, steps_an_epoch: int) -> float:
    """What the learning rates are multiplied by in that step (from 0): 1, then falling towards 0 after the last."""
    if recipe.rates_fall_after is None:
        return 1.0
    first, end = (epoch * steps_an_epoch for epoch in (recipe.rates_fall_after, recipe.epochs))
    return 1.0 if step < first else (end - step) / (end - first)


def _name_of(device: torch.device) -> str:
    """What a model card says of the machine."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"a processor ({device.type})"


def _order(seed: int, epoch: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(stream_key(seed, SHUFFLE, epoch) >> 1)
    return torch.randperm(count, generator=generator)


def _real(pixels: Tensor, device: torch.device) -> Tensor:
    """8-bit pixels as the discriminator sees them: -1..1, channels last."""
    there = pixels.to(device, non_blocking=True).float()
    return there.div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)


def _write_samples(plan: _Plan, nets: Nets, info: dict[str, Any], record: Record) -> None:
    """The averaged generator as it stands: its weights file, a kept copy, and a grid of images from fixed latents."""
    from spingan.image_grid import save_grid

    recipe, folder, name = plan.recipe, plan.folder, f"epoch_{info['epoch']:04d}"
    model = finished_model(nets, recipe, plan.technology, info)
    save_weights(folder / WEIGHTS, model)
    save_weights(output_folder(folder / KEPT_WEIGHTS) / f"{name}.safetensors", model)
    images = model.sample(recipe.sample_count, seed=stream_key(recipe.seed, SAMPLES) >> 1)
    output_folder(folder / "samples")
    save_grid(images.numpy(), folder / "samples" / f"{name}.png")
    record.add_images(images, info["step"])


def _check_wear(nets: Nets, told: set[str], folder: Path, leads: bool) -> None:
    """Say once of each layer that learns on the chip when its first device was worn.

    Raises:
        UserError: Most of a layer's devices no longer move.
    """
    for net, rule in nets.rules().items():
        for name, (since, share) in rule.worn().items():
            layer = f"{net}.{name}"
            if leads and layer not in told:
                print(
                    f"endurance: since step {since} devices of {layer} are worn and no longer written", file=sys.stderr
                )
            told.add(layer)
            if share > WORN_OUT:
                raise UserError(
                    f"endurance is used up: {share:.0%} of the devices of {layer} no longer move, the first since "
                    f"step {since}",
                    f"{_kept(folder)} Choose a rule with fewer pulses, on_chip.rule=mixed_precision, or a lower rate.",
                )


def _kept(folder: Path) -> str:
    written = (folder / CHECKPOINT).exists()
    return f"The last good checkpoint is in {folder}." if written else "No checkpoint was written yet."


def _check_contest(losses: list[float], won: float | None, epoch: int, folder: Path) -> None:
    mean = sum(losses) / len(losses)
    if won is not None and mean < won:
        raise UserError(
            f"the discriminator has won outright: its mean loss over epoch {epoch} is {mean:.1e}",
            f"{_kept(folder)} Lower discriminator_learning_rate, and train into another --out.",
        )
