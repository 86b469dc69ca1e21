"""How often a net uses each part of the hardware: the quantities that a bill multiplies by energies.

Plain values without torch; `spingan.nn.counting` fills them from a net. All counts are for one image (batch 1) through
the net once, forward.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spingan.spec.technology import Technology


USES = (
    *("reads", "read_slots", "macs", "useful_macs"),
    *("input_drives", "useful_input_drives", "output_conversions"),
)
"""Fields of `ArrayCounts` that grow with each use of an array, and are in a bill's counts."""
_USES_INSIDE = ("outputs", "useful_cell_reads", "turns")


@dataclass(frozen=True)
class ArrayCounts:
    """The crossbar of one layer and its use in one forward pass.

    Attributes:
        rows, columns: Logical size of one array: inputs and outputs of the matrix, before cells per weight. Of phases
            in arrays of their own, the largest one's.
        arrays: Arrays; more than one only for grouped convolutions, where all are of that size, and for phases.
        weights: Weights held: rows x columns x arrays, without the empty places of a shared window.
        weight_cells: Cells that hold weights: weights x cells per weight.
        reference_cells: Cells of the midpoint encoding's shared reference columns: one column an array, or one a tile;
            one for each phase in a shared window with empty places, with cells where the phase has weights.
        physical_columns: Columns of cells that one row drives, reference columns included.
        reads: Input vectors presented to the arrays.
        read_slots: Reads that come one after another: the reads, or, where the columns are read in turn, as many for
            each column. Phases in arrays of their own are read at the same time.
        macs: Multiply-accumulates with structural zeros: reads x weights of the array that is read.
        useful_macs: Those whose input is a pixel: neither an inserted zero nor a border.
        input_drives: Values put on rows, one digital-to-analog conversion each: rows x reads, again for each
            further tile to the right, which has row drivers of its own.
        useful_input_drives: Those that are no structural zeros; only they can make a current flow.
        output_conversions: Values taken from columns, one analog-to-digital conversion each: columns x reads, again for
            each further tile below, unless the tiles' currents are added before one converter. At a border some columns
            of a shared window have no output, and are not converted.
        tiles: Tiles needed, or None if the technology sets no tile size.
        row_drivers: Rows of all tiles: so many drivers and input converters are built, unless rows share one.
        column_ends: Columns of all tiles, in weights: so many output converters are built, unless columns share one.
            Tiles whose currents are added have one end.
        outputs: Values of the map: output conversions, were every column one tile high.
        useful_cell_reads: Cells crossed by a row that carries a pixel, summed over all reads: what a read energy
            multiplies.
        turns: How often the circuit behind a column works: outputs of a map over those that come at the same time.
        tile_rows, weights_across: Rows of a tile and weights side by side in it; None: all.
        tiles_per_weight: Tiles that a weight's cells stand in.
        phases: The arrays one by one, where the phases of a transposed convolution have arrays of their own.
    """

    rows: int
    columns: int
    arrays: int
    weights: int
    weight_cells: int
    reference_cells: int
    physical_columns: int
    reads: int
    read_slots: int
    macs: int
    useful_macs: int
    input_drives: int
    useful_input_drives: int
    output_conversions: int
    tiles: int | None
    row_drivers: int
    column_ends: int
    outputs: int
    useful_cell_reads: int
    turns: Fraction
    tile_rows: int | None
    weights_across: int | None
    tiles_per_weight: int
    phases: "tuple[ArrayCounts, ...]" = ()

    @property
    def each(self) -> "tuple[ArrayCounts, ...]":
        """The counts of each array of another size."""
        return self.phases or (self,)

    @property
    def tiles_across(self) -> int:
        """Tiles that a row goes through, each with a driver of its own; phases have as many as each other."""
        one = self.each[0]
        return one.row_drivers // (one.rows * one.arrays)

    @property
    def empty_places(self) -> int:
        """Places of a shared window that hold no weight."""
        return sum(one.rows * one.columns * one.arrays - one.weights for one in self.each)

    @property
    def cells(self) -> int:
        """All cells of the layer: weights and reference columns."""
        return self.weight_cells + self.reference_cells

    @property
    def cell_reads(self) -> int:
        """Cells crossed if every row carries a value: what a read against the arrow, from the columns, uses."""
        return self.macs * self.physical_columns // self.columns

    @property
    def partial_sums(self) -> int:
        """Conversions that are added to another tile's: an output has one conversion for each tile above another."""
        return self.output_conversions - self.outputs


def array_counts(
    rows: int,
    columns: int,
    reads: int,
    useful_drives: int,
    technology: "Technology",
    arrays: int = 1,
    references: int = 1,
) -> ArrayCounts:
    """The crossbar of a layer whose matrix has `rows` inputs and `columns` outputs.

    Args:
        reads: Input vectors presented, summed over the `arrays`.
        useful_drives: Row inputs that are no structural zeros, summed over the reads; at most rows x reads.
        references: Reference columns of a tile, in the midpoint encoding.

    Raises:
        UserError: A tile of the technology is too narrow to hold one weight.
    """
    per_weight = technology.cells_per_weight
    reference = references if technology.encoding == "midpoint_reference" else 0
    row_tiles = math.ceil(rows / technology.tile_rows) if technology.tile_rows else 1
    across = technology.weights_across(references)
    column_tiles = (math.ceil(columns / across) if across else 1) * technology.tiles_per_weight
    tiled = bool(technology.tile_rows or technology.tile_columns)
    reference_columns = reference * column_tiles
    physical_columns = columns * per_weight + reference_columns
    ends_down = row_tiles if technology.partial_sums == "digital" else 1  # currents of all tiles meet at one end
    slots = columns if technology.columns_read == "in_turn" else 1
    return ArrayCounts(
        rows=rows,
        columns=columns,
        arrays=arrays,
        weights=rows * columns * arrays,
        weight_cells=rows * columns * arrays * per_weight,
        reference_cells=rows * reference_columns * arrays,
        physical_columns=physical_columns,
        reads=reads,
        read_slots=reads * slots,
        macs=rows * columns * reads,
        useful_macs=useful_drives * columns,
        input_drives=rows * reads * column_tiles,
        useful_input_drives=useful_drives * column_tiles,
        output_conversions=columns * reads * ends_down,
        tiles=row_tiles * column_tiles * arrays if tiled else None,
        row_drivers=rows * column_tiles * arrays,
        column_ends=columns * ends_down * arrays,
        outputs=columns * reads,
        useful_cell_reads=useful_drives * physical_columns,
        turns=Fraction(reads * slots, arrays),
        tile_rows=technology.tile_rows,
        weights_across=across,
        tiles_per_weight=technology.tiles_per_weight,
    )


def counts_of_phases(phases: Sequence[ArrayCounts]) -> ArrayCounts:
    """The counts of a layer whose phases have arrays of their own, which are read at the same time."""
    largest = max(phases, key=lambda phase: phase.rows)
    added = (
        *("weights", "weight_cells", "reference_cells", "reads", "macs", "useful_macs", "input_drives"),
        *("useful_input_drives", "output_conversions", "row_drivers", "column_ends", "outputs", "useful_cell_reads"),
    )
    tiles = [phase.tiles for phase in phases if phase.tiles is not None]
    return replace(
        largest,
        arrays=len(phases),
        read_slots=max(phase.read_slots for phase in phases),
        tiles=sum(tiles) if tiles else None,
        turns=sum((phase.turns for phase in phases), Fraction(0)) / len(phases),
        phases=tuple(phases),
        **{name: sum(getattr(phase, name) for phase in phases) for name in added},
    )


def used_again(first: ArrayCounts, again: ArrayCounts) -> ArrayCounts:
    """The counts of an array that is used twice: its cells stay, its uses add."""
    uses = {name: getattr(first, name) + getattr(again, name) for name in (*USES, *_USES_INSIDE)}
    phases = tuple(used_again(*both) for both in zip(first.phases, again.phases, strict=True))
    return replace(first, **uses, phases=phases)


@dataclass(frozen=True)
class LayerCounts:
    """One layer: exactly one of an array, a device activation, digital values, or nothing but wires.

    Attributes:
        output_shape: Shape of one output, without the batch.
        activations: Evaluations of activation devices by function (`relu`, `leaky_relu`).
        digital_in, digital_out: Values that enter and leave a digital function: one conversion each.
        trainable: Values that training changes: weights, biases, batch-norm scale and offset.
        inputs: Values of one input; inputs_again: of those of further uses.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    activations: Mapping[str, int] = field(default_factory=dict)
    array: ArrayCounts | None = None
    digital_in: int = 0
    digital_out: int = 0
    trainable: int = 0
    inputs: int = 0
    inputs_again: int = 0

    @property
    def all_inputs(self) -> int:
        """Values of the inputs of all uses."""
        return self.inputs + self.inputs_again


@dataclass(frozen=True)
class ModelCounts:
    """The layers of one or more models, with their sums."""

    layers: tuple[LayerCounts, ...]

    @property
    def activations(self) -> dict[str, int]:
        """Evaluations of activation devices by function."""
        total: Counter[str] = Counter()
        for layer in self.layers:
            total.update(layer.activations)
        return dict(total)

    @property
    def digital_by_type(self) -> dict[str, int]:
        """Values out of digital functions by the layer's type, such as `BatchNorm2d`."""
        total: Counter[str] = Counter()
        for layer in self.layers:
            if layer.digital_out:
                total[layer.type] += layer.digital_out
        return dict(total)

    @property
    def digital_conversions(self) -> int:
        """Conversions that digital functions ask for: one in and one out per value."""
        return sum(layer.digital_in + layer.digital_out for layer in self.layers)

    @property
    def trainable(self) -> int:
        """Values that training changes."""
        return sum(layer.trainable for layer in self.layers)

    @property
    def trainable_in_arrays(self) -> int:
        """Those of them that arrays hold: not a batch norm's."""
        return sum(layer.trainable for layer in self.layers if layer.array is not None)

    @property
    def arrays(self) -> tuple[ArrayCounts, ...]:
        """The crossbars, in layer order."""
        return tuple(layer.array for layer in self.layers if layer.array is not None)

    @property
    def tiles(self) -> int | None:
        """Tiles needed, or None if the technology sets no tile size."""
        tiles = [array.tiles for array in self.arrays if array.tiles is not None]
        return sum(tiles) if tiles else None

    def total(self, quantity: str) -> int:
        """Sum of an integer field of `ArrayCounts` over the layers, such as `reads` or `useful_macs`."""
        return sum(getattr(array, quantity) for array in self.arrays)

    def to_dict(self) -> dict[str, object]:
        """The sums as JSON-able values."""
        return {
            "activations": self.activations,
            "trainable": self.trainable,
            "weights": self.total("weights"),
            "cells": self.total("cells"),
            **{name: self.total(name) for name in USES},
            "tiles": self.tiles,
            "digital_values": self.digital_by_type,
            "digital_conversions": self.digital_conversions,
        }


@dataclass(frozen=True)
class NetCounts:
    """A generator and a discriminator."""

    generator: ModelCounts
    discriminator: ModelCounts

    @property
    def both(self) -> ModelCounts:
        """The two nets as one list of layers, names prefixed by `generator.` and `discriminator.`."""
        return ModelCounts(
            tuple(_prefixed("generator", self.generator.layers))
            + tuple(_prefixed("discriminator", self.discriminator.layers))
        )

    def to_dict(self) -> dict[str, object]:
        """The sums of each net and of both, as JSON-able values."""
        return {
            "generator": self.generator.to_dict(),
            "discriminator": self.discriminator.to_dict(),
            "both": self.both.to_dict(),
        }


def _prefixed(prefix: str, layers: Iterable[LayerCounts]) -> Iterable[LayerCounts]:
    return (replace(layer, name=f"{prefix}.{layer.name}") for layer in layers)
