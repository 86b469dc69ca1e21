"""The error that variability causes along the discriminator: paper M, figure 7 (a) to (d)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from spingan.arrays.conditions import ChipConditions
from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.nn.chip import program_chip
from spingan.studies.axes import Asked
from spingan.studies.study import Study
from spingan.studies.trials import Outcome, Trial, check_unchanged, fingerprint
from spingan.studies.variability import FRACTIONS, variability_axis
from spingan.training.critic import Critic, load_critic

BLOCKS = ("convolution", "mean", "dense input", "dense output")  # paper M, figure 7 (a) to (d)
_Array = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def block_error(asked: Asked, *, fractions: Sequence[float] = FRACTIONS) -> Study:
    """Error of the first convolution, the mean pool, and the dense layer's input and output, against variability.

    An error is the rms deviation from the same discriminator without variability, over the rms of its value there, on
    `count` real test images. The dense layer is the last array, whatever its type; a net without a mean pool has no
    curve of it.

    Raises:
        UserError: A fraction out of range, no discriminator, or no real images.
    """
    critic = load_critic(asked.model)
    axis, notes = variability_axis(critic.technology, fractions)
    mark = fingerprint(critic.net)
    base = Trial(asked.model, count=asked.count, shown=0, data_path=asked.data_path, fingerprint=mark)
    notes = *notes, "rms error over the rms of the exact value; the band holds 95 % of the chips."
    about = {"images": f"{asked.count} real test images", "chips": f"{asked.numbers[0]} to {asked.numbers[-1]}"}
    measure = "rms error over the rms value"
    return asked.curves("block-error", critic.technology, base, axis, block_errors, measure, "1", notes, **about)


def block_errors(trial: Trial) -> Outcome:
    """The relative error of each block on one chip.

    Raises:
        UserError: There is no discriminator or no real images, or its weights have changed since the study began.
    """
    critic, images = _prepared(trial.model, trial.count, trial.data_path)
    check_unchanged(critic.net, trial.fingerprint, f"the weights of the discriminator of {trial.model}")
    exact = _exact(trial.model, trial.count, trial.data_path)
    found = _block_values(_chip(critic, replace(trial.conditions, seed=trial.seed)), images)
    return Outcome({block: (_relative(found[block], exact[block]),) for block in exact})


@lru_cache(maxsize=1)
def _exact(model: str, images: int, data_path: str | None) -> dict[str, Tensor]:
    critic, real = _prepared(model, images, data_path)
    return _block_values(_chip(critic, ChipConditions()), real)


def _relative(found: Tensor, exact: Tensor) -> float:
    scale = float(exact.double().square().mean().sqrt())
    return float((found - exact).double().square().mean().sqrt()) / scale if scale else 0.0


def _chip(critic: Critic, conditions: ChipConditions) -> nn.Module:
    return program_chip(critic.net, critic.technology, conditions).net


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
    """Values of the blocks for the images; blocks are found by type, in the order in which they run."""
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
