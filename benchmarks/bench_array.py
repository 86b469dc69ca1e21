"""What an array as it is costs: a generator on a chip with wires and converters, and training steps with both.

Interleaved in this process, compared with plain PyTorch; run it on an idle machine with `make bench`.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

import torch
from bench_speed import PairTrainer, Row, analog_step, generator_plain, processor, rows

from spingan.nn.chip import fit_to_weights, program_chip
from spingan.nn.conversion import convert
from spingan.nn.dcgan import COLOUR_64, FASHION_NORM_FREE
from spingan.spec.technology import Technology, load_technology, with_settings
from spingan.training.machine import keep_freed_memory
from spingan.training.recipe import load_recipe

TILES = ("tile_rows=128", "tile_columns=128", "transposed=polyphase_shared")
CONVERTERS = ("adc.bits=8", "dac.bits=8")
WIRES = ("wire_resistance_ohm=0.35",)


def _technology(*settings: str) -> Technology:
    plain = ("wire_resistance_ohm=0", "adc.bits=null", "dac.bits=null", "input_coding=amplitude")  # hfox-rram has all
    return with_settings(load_technology("hfox-rram"), [*TILES, *plain, *settings])


def forward_rows(rounds: int) -> list[Row]:
    """The 64x64 generator's forward pass, batch 16, one thread, float32."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    latents = torch.randn(16, 100, 1, 1)
    plain = generator_plain(COLOUR_64).eval()

    def chip_of(*settings: str) -> Callable[[], object]:
        technology = _technology(*settings)
        made = convert(COLOUR_64.make_generator(), technology).model
        fit_to_weights(made, [(latents,)])
        chip = program_chip(made.eval(), technology)
        return lambda: chip(latents)

    whole = "wires and 8-bit converters"
    variants = {
        "plain ConvTranspose2d": lambda: plain(latents),
        "chip": chip_of(),
        "wires": chip_of(*WIRES),
        whole: chip_of(*WIRES, *CONVERTERS),
    }
    with torch.no_grad():
        found = rows("forward 64x64, batch 16, 1 thread", variants, {whole: 1.6}, rounds)
    torch.set_num_threads(threads)
    return found


def training_rows(rounds: int, precision: str) -> list[Row]:
    """Four training steps for varied pictures, batch 128; the tiles are solved before them, as every 500 steps."""
    keep_freed_memory()
    plain = PairTrainer(FASHION_NORM_FREE, 128, precision == "bf16")

    def four() -> None:
        for _ in range(4):
            plain.step()

    def steps_of(*settings: str) -> Callable[[], object]:
        recipe = load_recipe("clothes", [f"precision={precision}", "average_decay=null", "average_from=null"])
        return analog_step(recipe, precision, in_a_row=4, technology=_technology(*settings))

    whole = "wires and 8-bit converters"
    variants = {
        f"plain, same losses, {precision}": four,
        "levels": steps_of(),
        "wires": steps_of(*WIRES),
        whole: steps_of(*WIRES, *CONVERTERS),
    }
    return rows(f"4 steps, {torch.get_num_threads()} threads, {precision}", variants, {whole: 1.8}, rounds)


def main() -> None:
    """Run the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--only", choices=("forward", "training"))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    found: list[Row] = []
    if asked.only != "training":
        found += forward_rows(asked.rounds)
    if asked.only != "forward":
        found += training_rows(asked.rounds, asked.precision)
    if asked.json:
        print(json.dumps({"processor": processor(), "rows": [asdict(row) for row in found]}))
    print(processor(), file=sys.stderr)


if __name__ == "__main__":
    main()
