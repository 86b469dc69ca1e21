"""What wires cost: a tile solved and folded, compared with a sparse LU; a whole generator; and what a fold is good for.

Every variant of a group takes its turn in this process, so that whatever slows the machine slows all of them; medians
over the rounds, one thread. The floor of a fold is the same number of multiplications in one product of matrices.
badcrossbar joins where it is installed (pip install badcrossbar pathvalidate). Run it on an idle machine:

    OMP_NUM_THREADS=1 python benchmarks/bench_wires.py --rounds 5

`--kept` prints how well the attenuation of the present devices serves after the weights have moved, in place of times.
"""

import argparse
import importlib.util
import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from spingan.arrays.conditions import ChipConditions
from spingan.arrays.mapping import column_gain, program
from spingan.arrays.nodal import CellLaw, solve_tile
from spingan.arrays.rules import ArrayRules
from spingan.arrays.wires import WireRules, fold
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.dcgan import FASHION
from spingan.spec.technology import Technology, load_technology

SIZE, INPUTS, OHM = 128, 100, 2.0  # of issue 15: a tile, its inputs, and the wire that peers were timed with
TARGET_TILE_S, TARGET_FOLD_S = 0.12, 10.0  # issue 15
WIRES = WireRules(OHM, OHM)


@dataclass(frozen=True)
class Row:
    """Median seconds of a variant, of processor time too, and both against the group's floor or first variant."""

    group: str
    variant: str
    wall_s: float
    processor_s: float
    ratio: float
    target_s: float | None = None


def interleaved(variants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds of each variant, of the wall and of the processor."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for run in variants.values():
        run()
    for _ in range(rounds):
        for name, run in variants.items():
            wall, own = time.perf_counter(), time.process_time()
            run()
            times[name].append((time.perf_counter() - wall, time.process_time() - own))
    return {name: (statistics.median(w for w, _ in pairs), statistics.median(p for _, p in pairs))
            for name, pairs in times.items()}  # fmt: skip


def rows_of(group: str, found: Mapping[str, tuple[float, float]], base: str, targets: Mapping[str, float]) -> list[Row]:
    """A group's table; ratios are those of processor time, which other processes disturb least."""
    return [Row(group, name, wall, own, own / found[base][1], targets.get(name)) for name, (wall, own) in found.items()]


def sparse_lu(cells: NDArray[np.float64], driven: NDArray[np.float64]) -> NDArray[np.float64]:
    """(columns, inputs) currents by a sparse LU of the tile's nodal matrix: what anybody would write first."""
    rows, columns = cells.shape
    above = np.arange(cells.size).reshape(cells.shape)
    below = above + cells.size
    wire = 1 / OHM
    first, second, values = [], [], []
    for left, right, conductance in (
        (above[:, :-1], above[:, 1:], wire), (below[:-1], below[1:], wire), (above, below, cells)
    ):  # fmt: skip
        left, right = left.ravel(), right.ravel()
        each = np.broadcast_to(np.ravel(conductance), left.shape)
        first += [left, right, left, right]
        second += [left, right, right, left]
        values += [each, each, -each, -each]
    ends = np.concatenate((above[:, 0], below[-1]))
    matrix = coo_matrix(
        (np.concatenate([*values, np.full(rows + columns, wire)]),
         (np.concatenate([*first, ends]), np.concatenate([*second, ends]))),
        shape=(2 * cells.size, 2 * cells.size),
    ).tocsc()  # fmt: skip
    source = np.zeros((2 * cells.size, driven.shape[1]))
    source[above[:, 0]] = driven * wire
    return splu(matrix).solve(source)[below[-1]] * wire


def badcrossbar_currents(cells: NDArray[np.float64], driven: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same by badcrossbar, as (columns, inputs)."""
    import badcrossbar  # pyright: ignore[reportMissingImports]

    logging.disable(logging.INFO)  # it tells every step
    found = badcrossbar.compute(driven, 1 / cells, r_i=OHM)
    return np.asarray(found.currents.output).T


def tile(rounds: int) -> list[Row]:
    """The issue's tile, and what bent cells add an input."""
    random = np.random.default_rng(0)
    cells, driven = random.uniform(1e-6, 1e-4, (SIZE, SIZE)), random.uniform(0, 0.2, (SIZE, INPUTS))
    product = random.normal(size=(SIZE**2, SIZE))  # as many multiplications as a fold: SIZE^4
    variants: dict[str, Callable[[], object]] = {
        "floor: one product": lambda: product @ product[:SIZE],
        "solve_tile": lambda: solve_tile(cells, driven, WIRES),
        "fold": lambda: fold(cells, WIRES),
        "scipy splu": lambda: sparse_lu(cells, driven),
        "bent cells, one input": lambda: solve_tile(cells, driven[:, :1], WIRES, CellLaw(0.2)),
    }
    others = [sparse_lu]
    if importlib.util.find_spec("badcrossbar"):
        variants["badcrossbar"] = lambda: badcrossbar_currents(cells, driven)
        others.append(badcrossbar_currents)
    expected = solve_tile(cells, driven, WIRES)
    for other in others:
        if np.abs(other(cells, driven) - expected).max() > 1e-9 * np.abs(expected).max():
            sys.exit(f"{other.__name__} gives other currents")
    found = interleaved(variants, rounds)
    return rows_of(
        f"tile, {SIZE} x {SIZE}, {INPUTS} inputs", found, "floor: one product", {"solve_tile": TARGET_TILE_S}
    )


def wired(size: int | None) -> Technology:
    """Paper M's memristors on tiles of one size, with the wire that aihwkit assumes."""
    fields = {"wire_resistance_ohm": 0.35, "tile_rows": size, "tile_columns": size} if size else {}
    return load_technology("wox-memristor").model_copy(update=fields)


def generator(rounds: int) -> list[Row]:
    """All arrays of the Fashion generator folded, by size of the tiles; compared with writing them without wires."""
    torch.manual_seed(0)
    net = FASHION.make_generator()
    matrices = [layer.weight.detach().transpose(0, 1).flatten(1).t().contiguous()
                for layer in net.modules() if isinstance(layer, torch.nn.ConvTranspose2d)]  # fmt: skip
    variants: dict[str, Callable[[], object]] = {}
    for size in (None, 64, 128, 256):
        arrays = [program(matrix, wired(size), 1) for matrix in matrices]
        name = f"weights on tiles of {size}" if size else "weights without wires"
        variants[name] = lambda arrays=arrays: [array.weight() for array in arrays]
    found = interleaved(variants, max(1, rounds // 3))
    return rows_of("Fashion generator", found, "weights without wires", {"weights on tiles of 128": TARGET_FOLD_S})


def pictures(rounds: int) -> list[Row]:
    """Drawing with a chip: once its weights are folded, wires cost nothing."""
    torch.manual_seed(0)
    net, latents = FASHION.make_generator().eval(), torch.randn(16, 100, 1, 1)
    chips = {}
    for size in (None, 128):
        technology = wired(size)
        model = convert(net, technology, example_input=latents).model
        chips["with wires" if size else "without"] = program_chip(model, technology, ChipConditions())

    def draw(name: str) -> object:
        with torch.no_grad():
            return chips[name](latents)

    found = interleaved({name: lambda name=name: draw(name) for name in ("without", "with wires")}, 4 * rounds)
    return rows_of("16 pictures on a chip", found, "without", {})


def kept() -> list[dict[str, float]]:
    """How far an attenuation that is kept is from the exact one after all weights have moved at random.

    The errors are root mean squares of the weights, as fractions of those of the ideal weights: of ignoring the wires,
    and of the kept attenuation after steps of so much of every column's root mean square.
    """
    torch.manual_seed(0)
    weight = torch.randn(1024, 64) * 0.02
    found = []
    for size in (64, 128, 256):
        rules, technology = ArrayRules.of(wired(size)), wired(size)
        gain = column_gain(weight, technology.gain)

        def devices(
            values: torch.Tensor, gain: torch.Tensor = gain, rules: ArrayRules = rules
        ) -> tuple[torch.Tensor, ...]:
            return rules.conductances((values / gain).clamp(-1, 1).double(), column_axis=1)

        attenuation = rules.attenuation(*devices(weight))
        row = {"tile": float(size)}
        for moved in (0.0, 0.01, 0.03, 0.1, 0.3):
            now = devices(weight * (1 - moved) + moved * 0.02 * torch.randn_like(weight))
            upper, lower = rules.halves(*now, row_axis=0)
            exact = rules.halves_behind_wires(*now)
            ideal, truth = upper - lower, exact[0] - exact[1]
            near = upper * attenuation[0] - lower * attenuation[1]
            scale = float(ideal.square().mean().sqrt())
            row["ignored"] = float((ideal - truth).square().mean().sqrt()) / scale
            row[f"moved by {moved:g}"] = float((near - truth).square().mean().sqrt()) / scale
        found.append(row)
    return found


GROUPS = {"tile": tile, "generator": generator, "pictures": pictures}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=GROUPS, help="one group")
    parser.add_argument("--kept", action="store_true", help="how good a kept attenuation is")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.kept:
        table = kept()
        print(json.dumps(table, indent=2) if options.json else "\n".join(
            "  ".join(f"{name} {value:.3g}" for name, value in row.items()) for row in table
        ))  # fmt: skip
        return
    rows = [row for name, group in GROUPS.items() if options.only in (None, name) for row in group(options.rounds)]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        target = "" if row.target_s is None else f"   target {row.target_s:g} s"
        times = f"{row.wall_s:8.3f} s  processor {row.processor_s:8.3f} s  x{row.ratio:.2f}"
        print(f"{row.group:32} {row.variant:26} {times}{target}")


if __name__ == "__main__":
    main()
