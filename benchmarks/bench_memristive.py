"""What training on memristors costs, interleaved: paper M's pair beside plain PyTorch, and on the chip beside off it.

python benchmarks/bench_memristive.py [--rounds 9] [--json]
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import torch
from bench_speed import Row, bce, format_row, rows
from lightning_fabric import Fabric
from torch import nn

from spingan.nn.analog import analog_layers
from spingan.nn.family import family_named
from spingan.spec.technology import load_technology
from spingan.training.loop import train_step
from spingan.training.machine import faster_precision
from spingan.training.nets import Nets, build_nets
from spingan.training.recipe import Recipe, load_recipe

BATCH = 128


def plain_step(precision: str) -> Callable[[], object]:
    """The loop's step in plain PyTorch: the same pair, losses, optimizers, precision and layout."""
    torch.manual_seed(0)
    pair = family_named("am-dcgan")
    made, critic = pair.make_generator(100), pair.make_discriminator()
    nets: list[nn.Module] = [net.to(memory_format=torch.channels_last) for net in (made, critic)]  # pyright: ignore[reportCallIssue]
    adams = [torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in nets]
    real = torch.rand(BATCH, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    cast = partial(torch.autocast, "cpu", torch.bfloat16, enabled=precision == "bf16")

    def run() -> None:
        with cast():
            fake = nets[0](torch.randn(BATCH, 100, 1, 1))
            loss = bce(nets[1](real), 1.0) + bce(nets[1](fake.detach()), 0.0)
        loss.backward()
        adams[1].step()
        adams[1].zero_grad()
        nets[1].requires_grad_(False)
        with cast():
            loss = bce(nets[1](fake), 1.0)
        loss.backward()
        nets[1].requires_grad_(True)
        adams[0].step()
        adams[0].zero_grad()

    return run


def our_step(recipe: Recipe, precision: str) -> tuple[Callable[[], object], Nets]:
    """A training step of the loop itself, and the nets that it trains."""
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed" if precision == "bf16" else "32-true")
    nets = build_nets(recipe, load_technology(recipe.technology), fabric.device)
    made, _ = fabric.setup(nets.generator, nets.generator_optimizer, _reapply_compile=False)
    critic, _ = fabric.setup(nets.discriminator, nets.discriminator_optimizer, _reapply_compile=False)
    real = torch.rand(BATCH, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    train_step(nets, made, critic, real, recipe, 0, fabric)
    return lambda: train_step(nets, made, critic, real, recipe, 1, fabric), nets


def updates(nets: Nets) -> Callable[[], object]:
    """The write pulses of one update of every weight of both nets, and nothing else."""
    for layer in analog_layers(nets.generator, nets.discriminator):
        layer.weight.grad = torch.randn_like(layer.weight)

    def run() -> None:
        nets.generator_optimizer.step()
        nets.discriminator_optimizer.step()

    return run


def memristive_rows(rounds: int) -> list[Row]:
    """The training step of paper M's pair, and that of `digits` on the chip and beside it."""
    precision = faster_precision(torch.device("cpu"))
    base = [f"precision={precision}"]
    dividers, _ = our_step(load_recipe("mnist-memristive", [*base, "programming_noise=null"]), precision)
    varied, _ = our_step(load_recipe("mnist-memristive", base), precision)
    on_chip = load_recipe("mnist-memristive-on-chip", base)
    learning, _ = our_step(on_chip, precision)
    _, written = our_step(on_chip, precision)
    mixed = load_recipe("mnist-memristive-on-chip", [*base, "on_chip.rule=mixed_precision"])
    summing, _ = our_step(mixed, precision)
    _, summed = our_step(mixed, precision)
    alone = "its update alone"
    steps = {
        f"plain, {precision}, channels last": plain_step(precision),
        "levels, load dividers, circuits": dividers,
        "and resistances varied anew": varied,
        "on the chip": learning,
        "its write pulses alone": updates(written),
        "on the chip, mixed precision": summing,
        alone: updates(summed),
    }
    limits = {"its write pulses alone": 0.5, alone: 0.15}
    threads = f"batch {BATCH}, {torch.get_num_threads()} threads"
    result = rows(f"am-dcgan, {threads}", steps, limits, rounds)
    read, beside = "on the chip, devices read first", "beside the chip: digits-first"
    digits, _ = our_step(load_recipe("digits-first", base), precision)
    told, _ = our_step(load_recipe("digits-on-chip", base), precision)
    result += rows(f"am-dcgan-deep, {threads}", {beside: digits, read: told}, {read: 1.5}, rounds)
    verified, beside = "on the chip, verified writes", "beside the chip: clothes"
    clothes, _ = our_step(load_recipe("clothes", base), precision)
    checked, _ = our_step(load_recipe("clothes-on-chip", base), precision)
    return result + rows(f"fashion-norm-free, {threads}", {beside: clothes, verified: checked}, {verified: 1.5}, rounds)


def main() -> None:
    """Run the comparison and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = memristive_rows(arguments.rounds)
    if arguments.json:
        about = {"torch": torch.__version__, "threads": torch.get_num_threads()}
        print(json.dumps({"rows": [asdict(row) for row in result], **about}))
    else:
        print("\n".join(format_row(row) for row in result))


if __name__ == "__main__":
    main()
