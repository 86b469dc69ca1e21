"""Counts and bills of nets: builds a named pair or takes a module, counts it, and prices the counts."""

import time
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from spingan.costs.account import FullBill
from spingan.costs.bill import Bill, make_bill
from spingan.costs.components import Library
from spingan.costs.counts import ModelCounts, NetCounts
from spingan.costs.rule_cost import RuleCost
from spingan.costs.training_bill import make_full_bill
from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.conversion import convert
from spingan.nn.counting import count_family, count_model
from spingan.nn.dcgan import LATENT_SIZE
from spingan.nn.family import family_named
from spingan.spec.technology import Converter, Technology


def pair_bill(net_name: str, technology: Technology, latent_size: int = LATENT_SIZE) -> Bill:
    """The bill of one image through the generator and through the discriminator of the pair `net_name`.

    Conversion changes no count, so the nets are counted as they are built.

    Raises:
        UserError: An unknown net, or a layer that cannot be counted on the technology.
    """
    counts = net_counts(net_name, technology, latent_size)
    return make_bill(net_name, {"generator": counts.generator, "discriminator": counts.discriminator}, technology)


def module_bill(net: nn.Module, technology: Technology, example_input: Any) -> Bill:
    """The bill of one pass through any net, converted first unless it is already.

    Args:
        example_input: The net's argument, or a tuple of them, each a tensor of batch 1.

    Raises:
        UserError: An argument is no tensor of batch 1, or the net does not convert to the technology or cannot be
            counted.
    """
    counts = _module_counts(net, technology, example_input)
    return make_bill(type(net).__name__, counts, technology)


def module_full_bill(
    net: nn.Module, technology: Technology, library: Library, example_input: Any, batch_size: int | None = None
) -> FullBill:
    """The whole bill of one pass through any net, and of training it in batches of `batch_size`.

    Raises:
        UserError: As `module_bill`, or a figure outside of its rule's range.
    """
    counts = _module_counts(net, technology, example_input)
    return make_full_bill(type(net).__name__, counts, technology, library, batch_size=batch_size)


def _module_counts(net: nn.Module, technology: Technology, example_input: Any) -> dict[str, ModelCounts]:
    given = example_input if isinstance(example_input, tuple) else (example_input,)
    if not all(isinstance(one, Tensor) and one.dim() and len(one) == 1 for one in given):
        name = type(net).__name__
        raise UserError(f"the bill of {name} needs an example of batch 1", "Give example_input=torch.zeros(1, ...)")
    if not any(True for _ in analog_layers(net)):
        # Counts need no converter, and the example would ask one for a range that nobody has measured.
        unconverted = technology.model_copy(update={"dac": Converter(), "adc": Converter()})
        net = convert(net, unconverted, example_input=example_input).model
    return {"net": count_model(net, example_input, technology)}


def pair_full_bill(
    net_name: str,
    technology: Technology,
    library: Library,
    latent_size: int = LATENT_SIZE,
    *,
    batch_size: int | None = None,
    rule: RuleCost | None = None,
) -> FullBill:
    """The whole bill of the pair `net_name`: drawing with its generator, and training with batches of `batch_size`.

    Raises:
        UserError: As `pair_bill`, or a figure outside of its rule's range.
    """
    counts = net_counts(net_name, technology, latent_size)
    nets = {"generator": counts.generator, "discriminator": counts.discriminator}
    return make_full_bill(net_name, nets, technology, library, batch_size=batch_size, rule=rule)


def net_counts(net_name: str, technology: Technology, latent_size: int = LATENT_SIZE) -> NetCounts:
    """The counts of the pair `net_name`, built without memory (torch's meta device): counts need shapes only.

    Raises:
        UserError: An unknown net, or a layer that cannot be counted on the technology.
    """
    return count_family(family_named(net_name), technology, latent_size)


def measure_drawing(net_name: str, latent_size: int = LATENT_SIZE, seconds: float = 0.5) -> tuple[float, int]:
    """Seconds in which this processor draws one image with plain PyTorch, batch 1, and the runs it is the median of.

    Raises:
        UserError: An unknown net.
    """
    family = family_named(net_name)
    net = family.make_generator(latent_size).eval()
    latents = family.draw_latents(1, latent_size, torch.Generator().manual_seed(0))
    labels = family.labels(1)
    times: list[float] = []
    with torch.inference_mode():
        net(latents, *labels)
        while len(times) < 3 or (sum(times) < seconds and len(times) < 1000):
            start = time.perf_counter()
            net(latents, *labels)
            times.append(time.perf_counter() - start)
    return median(times), len(times)
