"""The error that variability causes along the discriminator: paper M, figure 7 (a) to (d)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from spingan.arrays.mapping import Noise
from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.nn.chip import program_chip
from spingan.studies.curves import Curve, Curves, curve_point
from spingan.studies.parallel import Progress, Workers, run_parallel
from spingan.studies.trials import fingerprint_of
from spingan.studies.variability import FRACTIONS, check_fractions, variability_of
from spingan.training.critic import Critic, load_critic

BLOCKS = ("convolution", "mean", "dense input", "dense output")  # paper M, figure 7 (a) to (d)
_Array = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


@dataclass(frozen=True)
class BlockTrial:
    """One chip of the discriminator at one variability."""

    model: str
    fraction: float
    of: str
    seed: int
    images: int
    data_path: str | None
    fingerprint: str = ""
    """Of the discriminator's weights as the study found them; empty does not ask."""


def block_error_study(
    model: str | Path,
    *,
    fractions: Sequence[float] = FRACTIONS,
    count: int = 200,
    seed: int = 0,
    seeds: int = 10,
    workers: int | Workers | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Curves:
    """Error of the first convolution, the mean pool, and the dense layer's input and output, against variability.

    An error is the rms deviation from the same discriminator without variability, over the rms of its value there, on
    `count` real test images. The dense layer is the last array, whatever its type; a net without a mean pool has no
    curve of it.

    Raises:
        UserError: A fraction out of range, no discriminator, or no real images.
    """
    critic = load_critic(model)
    check_fractions(fractions)
    of, notes = variability_of(critic.technology)
    wanted = sorted({0.0, *fractions})
    path, weights = None if data_path is None else str(data_path), fingerprint_of(critic.net)
    trials = [
        BlockTrial(str(model), fraction, of, number, count, path, weights)
        for fraction in wanted
        for number in range(seed, seed + seeds)
    ]
    errors = run_parallel(block_errors, trials, workers=workers, what="block error", progress=progress)
    curves = []
    for block in BLOCKS:
        if block not in errors[0]:
            continue
        points = [
            curve_point(fraction, [errors[place * seeds + number][block] for number in range(seeds)])
            for place, fraction in enumerate(wanted)
        ]
        curves.append(Curve(block, "1", tuple(points)))
    return Curves(
        name="block-error",
        model=str(model),
        technology=critic.technology.name,
        quantity="variability",
        curves=tuple(curves),
        claim="paper M, figure 7 (a) to (d), draws the errors; its text states no figure of them",
        verdict="not tested: no figure is stated",
        notes=(*notes, "rms error over the rms of the exact value; the band holds 95 % of the chips."),
        obtained={
            "images": f"{count} real test images",
            "chips": f"{seed} to {seed + seeds - 1}",
            "spingan": version("spingan"),
            "torch": torch.__version__,
        },
    )


def block_errors(trial: BlockTrial) -> dict[str, float]:
    """The relative error of each block on one chip.

    Raises:
        UserError: There is no discriminator or no real images, or its weights have changed since the study began.
    """
    critic, images = _prepared(trial.model, trial.images, trial.data_path)
    if trial.fingerprint and fingerprint_of(critic.net) != trial.fingerprint:
        raise UserError(
            f"the discriminator of {trial.model} has changed since the study began",
            "Wait for its training to end, and begin again.",
        )
    exact = _exact(trial.model, trial.images, trial.data_path)
    noise = Noise.model_validate({"fraction": trial.fraction, "of": trial.of}) if trial.fraction else None
    found = _block_values(_chip(critic, noise, trial.seed), images)
    return {block: _relative(found[block], exact[block]) for block in exact}


@lru_cache(maxsize=1)
def _exact(model: str, images: int, data_path: str | None) -> dict[str, Tensor]:
    critic, real = _prepared(model, images, data_path)
    return _block_values(_chip(critic, None, 0), real)


def _relative(found: Tensor, exact: Tensor) -> float:
    scale = float(exact.double().square().mean().sqrt())
    return float((found - exact).double().square().mean().sqrt()) / scale if scale else 0.0


def _chip(critic: Critic, noise: Noise | None, seed: int) -> nn.Module:
    return program_chip(critic.net, critic.technology, seed, programming_noise=noise)


@lru_cache(maxsize=1)
def _prepared(model: str, images: int, data_path: str | None) -> tuple[Critic, Tensor]:
    critic = load_critic(model)
    source = DATA[critic.data]
    if source.channels != 1:
        raise UserError(
            f"model {model} was trained on {critic.data}, which are not grey images",
            "Name a model of fashion-mnist or mnist.",
        )
    real = source.judges(data_path).test[:images]
    return critic, torch.from_numpy(np.ascontiguousarray(real)).unsqueeze(1).float().div_(127.5).sub_(1)


def _block_values(net: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What the blocks give for the images: found by type, in the order in which they run."""
    seen: dict[str, Tensor] = {}
    arrays = [module for module in net.modules() if isinstance(module, _Array)]
    pools = [module for module in net.modules() if isinstance(module, nn.AvgPool2d)]

    def keep(block: str, wants_input: bool):
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen[block] = (inputs[0] if wants_input else output).detach().float()

        return hook

    hooks = [
        arrays[0].register_forward_hook(keep("convolution", False)),
        arrays[-1].register_forward_hook(keep("dense input", True)),
        arrays[-1].register_forward_hook(keep("dense output", False)),
        *(pool.register_forward_hook(keep("mean", False)) for pool in pools[:1]),
    ]
    try:
        with torch.inference_mode():
            net(images)
    finally:
        for hook in hooks:
            hook.remove()
    return {block: seen[block] for block in BLOCKS if block in seen}
