"""Arrays of a chip, or of a user's weights, as decks: every device of some columns, as it was programmed."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.arrays.mapping import ProgrammedArray, program
from spingan.arrays.wires import WireRules
from spingan.circuits.cell_decks import crossbar_deck
from spingan.circuits.crossbar_column import Array
from spingan.circuits.decks import Deck
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer
from spingan.nn.weights import Model
from spingan.spec.technology import Technology

READ_V = 0.1  # on every row, where neither inputs nor the synapse's file say: assumed
LARGEST_CELLS = 20_000  # devices in a deck: beyond it ngspice takes minutes without wires, and hours with them


@dataclass(frozen=True, eq=False)
class ChipLayer:
    """An array of a chip: what it is of, the technology that it is built in, and what was programmed."""

    name: str
    technology: Technology
    array: ProgrammedArray


def chip_layer(model: Model, layer: str | None = None, chip_seed: int = 0) -> ChipLayer:
    """The array of one of a model's layers on chip `chip_seed`, as `Model.chip` programs it.

    Args:
        layer: its name in the generator; None: the last analog one. Of a layer with an array for each phase the array's
            own name, `layer.phase0`, ...

    Raises:
        UserError: There is no such layer, it has several arrays, or the technology has no synapse.
    """
    found = [(name, part) for name, part in model.generator.named_modules() if isinstance(part, AnalogLayer)]
    if model.technology.synapse is None or not found:
        raise UserError(
            f"the arrays of {model.name} are ideal: technology {model.technology.name} has no devices",
            "Give one that has: --technology skyrmion-designed",
        )
    chosen = found[-1][0] if layer is None else layer
    parts = {array: part for name, part in found for array in part.layout.names(name)}
    if chosen not in parts:
        several = [array for name, part in found if name == chosen for array in part.layout.names(name)]
        if several:
            raise UserError(
                f"layer {chosen} of {model.name} has an array for each phase", f"Name one: {', '.join(several)}"
            )
        raise UserError(f"{model.name} has no analog layer {chosen!r}", f"Its layers: {', '.join(parts)}")
    technology = model.technology.for_dense() if isinstance(parts[chosen], nn.Linear) else model.technology
    array = model.chip(ChipConditions(chip_seed)).arrays[chosen]
    return ChipLayer(f"{model.name}, layer {chosen}, chip {chip_seed}", technology, array)


def weights_layer(path: str | Path, technology: Technology, chip_seed: int = 0) -> ChipLayer:
    """A user's weights, a CSV file of rows and columns without headings, programmed into a technology's array.

    Raises:
        UserError: The file is no matrix of numbers, or the technology has no synapse.
    """
    file = Path(path)
    if technology.synapse is None:
        raise UserError(f"technology {technology.name} has no devices", "Give one that has: --technology wox-memristor")
    matrix = torch.from_numpy(read_matrix(file))
    return ChipLayer(f"weights of {file.name}, chip {chip_seed}", technology, program(matrix, technology, chip_seed))


def layer_deck(layer: ChipLayer, columns: Sequence[int], input_v: NDArray[np.float64] | None = None) -> Deck:
    """Some columns of a layer's array as one deck: every device in siemens, wires, drivers and loads as the technology.

    A weight's column stands beside the one that is subtracted from it: its pair, or the reference, which all share, or
    which those of a phase share where devices are left out.

    Args:
        columns: of the weight matrix.
        input_v: (rows,) volts; None: the synapse's read voltage, or 0.1 V, on every row.

    Raises:
        UserError: The synapse's levels are normalised, there is no such column, there are too many devices, or the
            halves of pairs have wires of their own.
    """
    array, technology, synapse = layer.array, layer.technology, layer.technology.synapse
    assert synapse is not None  # there would be no array
    levels = synapse.require_siemens("a deck")
    span_s = float(levels[-1] - levels[0])
    wires = WireRules.of(technology)
    if array.rules.separate and array.rules.wires is not None:
        raise UserError(
            f"technology {technology.name} has pair_layout separate, and a deck has both halves in one array",
            "Set pair_layout to interleaved, or the wires' and drivers' resistance to 0",
        )
    halves, ends = _columns(layer, columns)
    rows, wide = halves.shape
    if halves.size > LARGEST_CELLS:
        raise UserError(
            f"{rows} rows and {wide} columns of devices are {halves.size}, and a deck takes {LARGEST_CELLS}",
            "Name fewer columns",
        )
    circuit = Array(
        halves * span_s,
        load_s=None if array.rules.load is None else array.rules.load * span_s,
        wire_ohm=wires.row_ohm,
        driver_ohm=wires.driver_ohm,
        column_wire_ohm=wires.column_ohm,
        fed_from_both_sides=wires.fed_from_both_sides,
    )
    volts = np.full(rows, synapse.read.voltage_v or READ_V) if input_v is None else input_v
    gains = ", ".join(f"{value:.6g}" for value in array.gain[list(columns)].tolist())
    about = (
        f"Array: {layer.name}; technology {technology.name}, encoding {technology.encoding}, synapse {synapse.name}, "
        f"{levels[0]:.6g} to {levels[-1]:.6g} S.",
        f"Outputs: {', '.join(ends)}. Weights are {array.rules.span / span_s:.6g} per siemens of the difference of the "
        f"halves, times the columns' gains {gains}.",
        "Left out: the device's dependence on its voltage, read noise, batch norm, converters, and cutting into tiles.",
    )
    return crossbar_deck(circuit, volts, f"crossbar of {layer.name}", about)


def _columns(layer: ChipLayer, columns: Sequence[int]) -> tuple[NDArray[np.float64], list[str]]:
    """The devices of the columns, in units of the synapse's span, each half beside the other, and what each is."""
    positive, negative = layer.array.positive, layer.array.negative
    if not columns or len(set(columns)) < len(columns):
        raise UserError("the columns are none, or one is named twice", "Name each once, such as 0,3-5")
    for column in columns:
        if not 0 <= column < positive.shape[1]:
            raise UserError(f"{layer.name} has no column {column}", f"Its columns are 0 to {positive.shape[1] - 1}")
    shared = layer.array.rules.encoding == "midpoint_reference"
    of_each = positive.shape[1] // negative.shape[1]  # columns that one of the other half stands beside
    parts, ends = [], []
    for column in columns:
        parts.append(positive[:, [column]])
        ends.append(f"out{len(ends)} column {column}")
        if not shared:
            parts.append(negative[:, [column]])
            ends.append(f"out{len(ends)} its negative half")
    for reference in sorted({column // of_each for column in columns}) if shared else ():
        first = reference * of_each
        which = "" if negative.shape[1] == 1 else f" of columns {first} to {first + of_each - 1}"
        parts.append(negative[:, [reference]])
        ends.append(f"out{len(ends)} the reference{which}")
    return torch.cat(parts, dim=1).double().numpy(), ends


def read_matrix(path: Path) -> NDArray[np.float64]:
    """A CSV file of numbers, (rows, columns).

    Raises:
        UserError: It cannot be read, is none, or a number is not finite.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an empty file, which is refused below
            matrix = np.loadtxt(path, delimiter=",", ndmin=2, encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}", "Name a CSV file of numbers") from None
    except ValueError as error:  # not text, not a number, or rows of different lengths; numpy says where
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} is no matrix: {reason[:120]}", "Give a CSV file of numbers, without headings"
        ) from None
    if matrix.size == 0 or not np.all(np.isfinite(matrix)):
        raise UserError(f"{path} has no numbers, or one that is not finite", "Give a CSV file of numbers")
    return matrix
