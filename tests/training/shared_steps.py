"""Steps of tiny nets in float64, in one process or shared by several; imported by the processes that tests begin."""

from collections import OrderedDict
from pathlib import Path

import torch
from lightning_fabric import Fabric
from safetensors.torch import save_file
from torch import Tensor, nn

from spingan.nn.dcgan import Dcgan, Discriminator, Stage
from spingan.nn.net_names import register_net
from spingan.spec.technology import load_technology
from spingan.training.nets import Nets, build_nets
from spingan.training.processes import Together, make_fabric
from spingan.training.recipe import Recipe, load_recipe
from spingan.training.step import StepResult, train_step

BATCHES = (6, 5, 1)  # even, uneven, and fewer samples than processes
NOISE = ("read_noise={fraction: 0.05}", "programming_noise={fraction: 0.02}", "average_decay=0.9")
COMMON = (*NOISE, "latent_size=5", "batch_size=6")
VARIED = ("loss=relativistic", "slope_penalty={weight: 1, every: 2}", "augmentation={shift: 3, cutout: 7}")
WITHOUT_NORM = (*COMMON, *VARIED, "net=tiny-dropping", "calibrate_every=2", "image_noise=0.1")
WITH_NORM = (*COMMON, "net=tiny", "calibrate_every=1000000")  # in one process shares cannot agree on ranges
TINY = Dcgan(
    channels=1,
    size=28,
    generator=(Stage(6, 4, 1, 0), Stage(5, 3, 2, 1), Stage(4, 4, 2, 1), Stage(1, 4, 2, 1)),
    discriminator=(Stage(3, 3, 2, 1), Stage(4, 3, 2, 1), Stage(5, 3, 2, 1), Stage(6, 3, 2, 1), Stage(1, 2, 1, 0)),
)


class _Dropping(Dcgan):
    """The same with dropout in the discriminator and without batch norm."""

    def make_generator(self, latent_size: int) -> nn.Sequential:
        return nn.Sequential(_without_norm(super().make_generator(latent_size)))

    def make_discriminator(self) -> Discriminator:
        layers = _without_norm(super().make_discriminator())
        layers["drop"] = nn.Dropout(0.4)
        layers.move_to_end("conv5")
        return Discriminator(layers)


def _without_norm(net: nn.Sequential) -> OrderedDict[str, nn.Module]:
    for parameter in net.parameters():
        parameter.data.mul_(10)  # or nothing would reach the end
    return OrderedDict((name, layer) for name, layer in net.named_children() if not isinstance(layer, nn.BatchNorm2d))


register_net("tiny", TINY)
register_net("tiny-dropping", _Dropping(**vars(TINY)))


def tiny_nets(settings: tuple[str, ...]) -> tuple[Recipe, Nets]:
    """A recipe with those settings, and its nets with few filters, in float64."""
    torch.set_num_threads(1)
    recipe = load_recipe("fashion-mnist", settings)
    nets = build_nets(recipe, load_technology(recipe.technology), torch.device("cpu"))
    nets.generator.double()
    nets.discriminator.double()
    nets.average = {name: tensor.double() for name, tensor in nets.average.items()}
    return recipe, nets


def real_images(step: int, count: int) -> Tensor:
    """As a step's batch."""
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(step), dtype=torch.float64) * 2 - 1


def train_steps(settings: tuple[str, ...], fabric: Fabric, device_share: float = 0.0) -> tuple[Nets, list[StepResult]]:
    """A step for each of `BATCHES`, from step 2 on."""
    recipe, nets = tiny_nets(settings)
    nets.device_share = device_share
    results = []
    for step, count in enumerate(BATCHES, start=2):
        parts = nets, nets.generator, nets.discriminator
        results.append(train_step(*parts, real_images(step, count), recipe, step, fabric))
    return nets, results


def all_numbers(nets: Nets, results: list[StepResult], fabric: Fabric) -> dict[str, Tensor]:
    """Everything that a training has, by name."""
    numbers = {
        f"{part}/{name}": tensor.contiguous() for part, of in nets.tensors().items() for name, tensor in of.items()
    }
    numbers["losses"] = torch.tensor([list(vars(result).values()) for result in results], dtype=torch.float64)
    numbers["saturated"] = torch.tensor(Together(fabric).sums(nets.saturated()), dtype=torch.float64)
    return numbers


def write_share(settings: tuple[str, ...], devices: int, folder: str, device_share: float = 0.0) -> None:
    """In one of several processes: `train_steps`, written to a file."""
    fabric = make_fabric("cpu", devices=devices)
    save_file(
        all_numbers(*train_steps(settings, fabric, device_share), fabric),
        Path(folder) / f"{fabric.global_rank}.safetensors",
    )
