"""What the analog layers cost beside plain PyTorch on the same net, precision and memory layout.

Every comparison runs interleaved in this process: one pass of each variant in turn, medians over the rounds. Run it on
an idle machine with `make bench`; `--rounds` trades time for steadiness, `--json` prints one object.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from spingan.arrays.conditions import ChipConditions
from spingan.nn.chip import program_chip
from spingan.nn.conversion import calibrate, convert
from spingan.nn.dcgan import COLOUR_64, FASHION, FASHION_NORM_FREE, Dcgan
from spingan.nn.family import family_named
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology, load_technology
from spingan.training.augmentation import augment
from spingan.training.loop import train_step
from spingan.training.machine import faster_precision, keep_freed_memory
from spingan.training.nets import build_nets
from spingan.training.recipe import Recipe, load_recipe

READ_NOISE = Noise(fraction=0.02)


@dataclass(frozen=True)
class Row:
    """One variant beside its floor."""

    what: str
    variant: str
    median_ms: float
    ratio: float
    target: float | None


def interleaved(variants: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each variant; they take turns, so that whatever slows the machine slows all of them."""
    for run in variants.values():
        run()
        run()
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(measured) for name, measured in times.items()}


def rows(what: str, variants: dict[str, Callable[[], object]], targets: dict[str, float], rounds: int) -> list[Row]:
    """Time the variants; the first is the floor."""
    medians = interleaved(variants, rounds)
    floor = medians[next(iter(variants))]
    result = [Row(what, name, 1e3 * value, value / floor, targets.get(name)) for name, value in medians.items()]
    for row in result:
        print(format_row(row), file=sys.stderr, flush=True)
    return result


def format_row(row: Row) -> str:
    """A line for a person."""
    target = (
        "" if row.target is None else f"  (target {row.target:g}, {'met' if row.ratio <= row.target else 'missed'})"
    )
    return f"{row.what:34} {row.variant:34} {row.median_ms:9.2f} ms  x {row.ratio:5.2f}{target}"


class PlainTrainer:
    """The training step of `spingan.training.loop` in plain PyTorch: same losses, optimizers, precision and layout."""

    def __init__(self, pair: Dcgan, batch: int, bf16: bool) -> None:
        torch.manual_seed(0)
        last = torch.channels_last
        self.generator = generator_plain(pair).to(memory_format=last)  # pyright: ignore[reportCallIssue]
        self.discriminator = pair.make_discriminator().to(memory_format=last)  # pyright: ignore[reportCallIssue]
        self.adams = [
            torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (self.generator, self.discriminator)
        ]
        self.real = torch.rand(batch, pair.channels, pair.size, pair.size).contiguous(memory_format=last)
        self.bf16 = bf16

    def step(self) -> None:
        """One update of both nets."""
        batch = len(self.real)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            fake = self.generator(torch.randn(batch, 100, 1, 1))
            loss = bce(self.discriminator(self.real), 1.0) + bce(self.discriminator(fake.detach()), 0.0)
        loss.backward()
        self.adams[1].step()
        self.adams[1].zero_grad()
        self.discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = bce(self.discriminator(fake), 1.0)
        loss.backward()
        self.discriminator.requires_grad_(True)
        self.adams[0].step()
        self.adams[0].zero_grad()


class PairTrainer(PlainTrainer):
    """The same with the pair loss, the slope penalty in every fourth call and shifts, as recipe clothes trains."""

    def __init__(self, pair: Dcgan, batch: int, bf16: bool) -> None:
        super().__init__(pair, batch, bf16)
        self.calls = 0

    def _seen(self, images: Tensor) -> Tensor:
        self.calls += 1
        return augment(images, 3, 0, -1.0, self.calls, 0, len(images))

    def step(self) -> None:
        """One update of both nets."""
        with_penalty = self.calls % 12 == 0  # three looks a step
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            fake = self.generator(torch.randn(len(self.real), 100, 1, 1))
            seen = self._seen(self.real), self._seen(fake.detach())
            logits = [self.discriminator(images).float() for images in seen]
            loss = functional.softplus(logits[1] - logits[0]).mean()
            if with_penalty:
                for images, before in zip(seen, logits, strict=True):
                    near = self.discriminator(images + 0.1 * torch.randn_like(images)).float()
                    loss = loss + 20 * (near - before).square().mean()
        loss.backward()
        self.adams[1].step()
        self.adams[1].zero_grad()
        self.discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            on_new = self.discriminator(self._seen(fake)).float()
        functional.softplus(logits[0].detach() - on_new).mean().backward()
        self.discriminator.requires_grad_(True)
        self.adams[0].step()
        self.adams[0].zero_grad()


class ExampleTrainer(PlainTrainer):
    """The same nets as PyTorch's DCGAN example trains them: float32, NCHW, D's gradients computed in G's step too."""

    def __init__(self, pair: Dcgan, batch: int) -> None:
        super().__init__(pair, batch, bf16=False)
        plain = torch.contiguous_format
        self.generator = self.generator.to(memory_format=plain)  # pyright: ignore[reportCallIssue]
        self.discriminator = self.discriminator.to(memory_format=plain)  # pyright: ignore[reportCallIssue]
        self.real = self.real.contiguous()

    def step(self) -> None:
        """One update of both nets, in the example's order."""
        self.discriminator.zero_grad()
        bce(self.discriminator(self.real), 1.0).backward()
        fake = self.generator(torch.randn(len(self.real), 100, 1, 1))
        bce(self.discriminator(fake.detach()), 0.0).backward()
        self.adams[1].step()
        self.generator.zero_grad()
        bce(self.discriminator(fake), 1.0).backward()
        self.adams[0].step()


def bce(logits: Tensor, label: float) -> Tensor:
    """Binary cross entropy against one label."""
    return functional.binary_cross_entropy_with_logits(
        logits.float(), torch.full_like(logits, label, dtype=torch.float32)
    )


def generator_plain(pair: Dcgan) -> nn.Sequential:
    """The generator with the library's own transposed convolutions."""
    net = pair.make_generator()
    for name, module in list(net.named_children()):
        if isinstance(module, nn.ConvTranspose2d):
            plain = nn.ConvTranspose2d(
                module.in_channels,
                module.out_channels,
                module.kernel_size[0],
                module.stride[0],
                module.padding[0],
                bias=False,  # pyright: ignore[reportArgumentType]
            )
            plain.load_state_dict(module.state_dict())
            setattr(net, name, plain)
    return net


def analog_step(
    recipe: Recipe,
    precision: str,
    whole: bool = False,
    in_a_row: int = 1,
    technology: Technology | None = None,
    device_share: float = 0.0,
) -> Callable[[], object]:
    """A training step of the loop itself; `whole` takes the moving average and calibration along.

    Args:
        in_a_row: Steps a call, where not every step does the same.
        technology: Another than the recipe's.
        device_share: How far the ramp of drawn devices is.
    """
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed" if precision == "bf16" else "32-true")
    nets = build_nets(recipe, technology or load_technology(recipe.technology), fabric.device)
    nets.device_share = device_share
    made, _ = fabric.setup(nets.generator, nets.generator_optimizer, _reapply_compile=False)
    critic, _ = fabric.setup(nets.discriminator, nets.discriminator_optimizer, _reapply_compile=False)
    pair = family_named(recipe.net)
    real = torch.rand(recipe.batch_size, pair.channels, pair.size, pair.size)
    real = real.contiguous(memory_format=torch.channels_last)
    steps = iter(range(0 if whole else 1, 1 << 30))

    def run() -> None:
        if in_a_row > 1:
            for step in range(1, in_a_row + 1):  # none of them calibrates
                train_step(nets, made, critic, real, recipe, step, fabric)
            return
        step = next(steps)
        train_step(nets, made, critic, real, recipe, step if whole or step == 1 else 2, fabric)

    train_step(nets, made, critic, real, recipe, 0, fabric)  # calibrates
    return run


def training_rows(rounds: int) -> list[Row]:
    """The training step of the Fashion-MNIST pair, batch 128, as many threads as the machine has."""
    precision = faster_precision(torch.device("cpu"))
    base = [f"precision={precision}", "average_decay=null"]
    smooth = ["technology=skyrmion-published-smooth"]
    noise = [f"read_noise={{fraction: {READ_NOISE.fraction}}}"]
    plain = PlainTrainer(FASHION, 128, precision == "bf16")
    steps = {f"plain, {precision}, channels last": plain.step}
    recipes = {
        "float weights, our convolutions": [*base, "technology=ideal"],
        "levels, clip, gain": [*base, "technology=skyrmion-published"],
        "and 277-point tables": [*base, *smooth],
        "and read noise": [*base, *smooth, *noise],
    }
    for name, overrides in recipes.items():
        steps[name] = analog_step(load_recipe("fashion-mnist", overrides), precision)
    result = rows(
        f"training step, {torch.get_num_threads()} threads",
        steps,
        {"levels, clip, gain": 1.15, "and read noise": 1.4},
        rounds,
    )
    example = ExampleTrainer(FASHION, 128)
    whole = analog_step(load_recipe("fashion-mnist", [f"precision={precision}"]), precision, whole=True)
    pair = {"PyTorch's DCGAN example, fp32": example.step, "spingan train fashion-mnist": whole}
    return result + rows("whole training, batch 128", pair, {"spingan train fashion-mnist": 1 / 1.2}, rounds)


def varied_rows(rounds: int) -> list[Row]:
    """Four training steps for varied pictures, of which one takes the slope penalty, batch 128."""
    precision = faster_precision(torch.device("cpu"))
    keep_freed_memory()
    base = [f"precision={precision}", "average_decay=null", "average_from=null"]
    smooth = ["technology=skyrmion-published-smooth"]
    entropy = ["loss=cross_entropy", "slope_penalty=null", "augmentation=null"]
    noise = [f"read_noise={{fraction: {READ_NOISE.fraction}}}"]
    what = f"4 steps, {torch.get_num_threads()} threads"

    def steps_of(*overrides: str) -> Callable[[], object]:
        return analog_step(load_recipe("clothes", [*base, *overrides]), precision, in_a_row=4)

    whole = "pair loss, penalty, shift"
    against_entropy = {"cross entropy, levels, tables": steps_of(*smooth, *entropy), whole: steps_of(*smooth)}
    result = rows(what, against_entropy, {whole: 1.45}, rounds)
    plain = PairTrainer(FASHION_NORM_FREE, 128, precision == "bf16")

    def four() -> None:
        for _ in range(4):
            plain.step()

    against_plain = {
        f"plain, same losses, {precision}": four,
        "levels, clip, gain": steps_of(),
        "and tables and read noise": steps_of(*smooth, *noise),
    }
    return result + rows(what, against_plain, {"levels, clip, gain": 1.15, "and tables and read noise": 1.4}, rounds)


def drawn_rows(rounds: int) -> list[Row]:
    """Four training steps of clothes-designed, batch 128: with fixed tables, and with devices drawn anew."""
    precision = faster_precision(torch.device("cpu"))
    keep_freed_memory()
    base = [f"precision={precision}", "average_decay=null", "average_from=null", "discriminator_exact=false"]

    def steps_of(drawn: str) -> Callable[[], object]:
        recipe = load_recipe("clothes-designed", [*base, f"drawn_devices={drawn}"])
        return analog_step(recipe, precision, in_a_row=4, device_share=1.0)

    drawn = "devices drawn, of the generator"
    steps = {"fixed tables": steps_of("null"), drawn: steps_of("{}"), "of both nets": steps_of("{of: both}")}
    return rows(f"4 steps, {torch.get_num_threads()} threads", steps, {drawn: 1.2}, rounds)


def processor() -> str:
    """The processor's name, and whether it multiplies bfloat16 matrices in hardware."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    about = dict(line.split(":", 1) for line in lines if ":" in line)
    found = {key.strip(): value.strip() for key, value in about.items()}
    units = "with" if "amx_bf16" in found.get("flags", "").split() else "without"
    return f"{found.get('model name', 'unknown')}, {units} bf16 matrix units"


def discriminator_rows(rounds: int) -> list[Row]:
    """The 64x64 discriminator's own step, batch 16, one thread, float32."""
    images = torch.rand(16, 3, 64, 64).contiguous(memory_format=torch.channels_last)

    def step_of(technology: str | None, noise: Noise | None = None) -> Callable[[], object]:
        torch.manual_seed(0)
        net: nn.Module = COLOUR_64.make_discriminator()
        if technology is not None:
            net = convert(net, load_technology(technology), read_noise=noise).model
            calibrate(net, lambda: net(images))
        net = net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        adam = torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999))

        def run() -> None:
            bce(net(images), 1.0).backward()
            adam.step()
            adam.zero_grad()

        return run

    only_levels = step_of("skyrmion-published")
    steps = {
        "plain, fp32, channels last": step_of(None),
        "levels, clip, gain": only_levels,
        "and 277-point tables": step_of("skyrmion-published-smooth"),
        "and read noise": step_of("skyrmion-published-smooth", READ_NOISE),
    }
    return rows("D step 64x64, batch 16, 1 thread", steps, {"levels, clip, gain": 1.15, "and read noise": 1.5}, rounds)


def forward_rows(rounds: int) -> list[Row]:
    """The 64x64 generator's forward pass, batch 16, one thread, float32."""
    torch.manual_seed(0)
    plain = generator_plain(COLOUR_64).eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    latents = torch.randn(16, 100, 1, 1)

    def chip_of(technology: str, noise: Noise | None = None) -> nn.Module:
        made = convert(COLOUR_64.make_generator(), load_technology(technology)).model.eval()
        calibrate(made, lambda: made(latents))
        chip = program_chip(made, load_technology(technology), ChipConditions(read_noise=noise))
        return chip.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    literal = program_chip(
        convert(COLOUR_64.make_generator(), load_technology("ideal")).model, load_technology("ideal")
    )
    for module in literal.modules():
        if hasattr(module, "execution"):
            module.execution = "literal"
    nets = {
        "plain ConvTranspose2d": plain,
        "programmed chip": chip_of("skyrmion-published"),
        "with 277-point tables": chip_of("skyrmion-published-smooth"),
        "with tables and read noise": chip_of("skyrmion-published-smooth", READ_NOISE),
        "zeros inserted literally": literal,
    }

    def forward(net: nn.Module) -> Callable[[], object]:
        def run() -> None:
            with torch.inference_mode():
                net(latents)

        return run

    targets = {"programmed chip": 1.05, "with tables and read noise": 1.4}
    return rows("G forward 64x64, batch 16, 1 thread", {k: forward(v) for k, v in nets.items()}, targets, rounds)


def start_rows(rounds: int) -> list[Row]:
    """Start-up of the command line beside an interpreter that imports numpy."""

    def run(*arguments: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=60)

    commands = {
        "python -c 'import numpy'": run("-c", "import numpy"),
        "spingan --help": run("-m", "spingan", "--help"),
    }
    return rows("start", commands, {"spingan --help": 2.0}, rounds)


def main() -> None:
    """Run every comparison and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["training", "varied", "drawn", "discriminator", "forward", "start"])
    arguments = parser.parse_args()
    every = {
        "training": training_rows,
        "varied": varied_rows,
        "drawn": drawn_rows,
        "discriminator": discriminator_rows,
        "forward": forward_rows,
        "start": start_rows,
    }
    threads = torch.get_num_threads()
    result: list[Row] = []
    for name, measure in every.items():
        if arguments.only in (None, name):
            torch.set_num_threads(threads if name in ("training", "varied", "drawn") else 1)
            result += measure(arguments.rounds)
    if arguments.json:
        about = {"processor": processor(), "torch": torch.__version__, "threads": threads}
        print(json.dumps({"rows": [asdict(row) for row in result], **about}))
    else:
        print(processor())
        print("\n".join(format_row(row) for row in result))


if __name__ == "__main__":
    main()
