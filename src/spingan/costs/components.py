"""What paper M's architecture is built of, counted for any pair of nets: switches, amplifiers, activation cells.

The paper prints one cell's power and area (Table I) and neither how many there are nor whether a filter's positions
share them. So each count is given twice: `column`, one set of cells a filter, the positions of a map one after another;
and `value`, a set for each value of each map, everything at once.

Plain values without torch.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spingan.costs.counts import ArrayCounts, LayerCounts, ModelCounts, NetCounts

Sharing = Literal["column", "value"]
SHARINGS: tuple[Sharing, ...] = ("column", "value")
CELLS = ("relu", "op-amp", "thresholding circuit", "crossbar switch", "dropout switch")
"""The components of Table I."""
_NO_CELLS = {"Flatten", "Unflatten", "Identity"}


@dataclass(frozen=True)
class CellCost:
    """Power and area of one cell; None is not known."""

    power_w: float | None
    area_m2: float | None
    source: str


@dataclass(frozen=True)
class ComponentUse:
    """How many of one component a layer has, and by which rule."""

    layer: str
    component: str
    count: int
    rule: str


@dataclass(frozen=True)
class ComponentTotal:
    """All cells of one component in a pair of nets, with what they use and take."""

    component: str
    count: int
    power_w: float | None
    area_m2: float | None


@dataclass(frozen=True)
class ComponentTable:
    """The components of a pair of nets, shared in one of the two ways.

    Attributes:
        power_w, area_m2: Sums over the components whose cells are known; `not_counted` names the others.
    """

    name: str
    sharing: Sharing
    uses: tuple[ComponentUse, ...]
    totals: tuple[ComponentTotal, ...]
    power_w: float
    area_m2: float
    not_counted: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Cells by component."""
        return {total.component: total.count for total in self.totals}

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON-able values."""
        return asdict(self)


def component_table(
    counts: NetCounts, cells: dict[str, CellCost], sharing: Sharing, name: str = "net"
) -> ComponentTable:
    """Components of a generator and a discriminator, with the power and area of `cells`.

    A crossbar has a switch on each line, since lines are chosen for writing and for reading in turn (assumed; the paper
    prints no rule). A convolution's column ends in a load memristor, a dense layer's columns share one op-amp as
    current-to-voltage converter, and each of its rows has a thresholding circuit for the sign (paper M, figures 2, 3).
    """
    uses = (*_uses("generator", counts.generator, sharing), *_uses("discriminator", counts.discriminator, sharing))
    number: dict[str, int] = {}
    for use in uses:
        number[use.component] = number.get(use.component, 0) + use.count
    totals = tuple(_total(component, count, cells.get(component)) for component, count in number.items())
    return ComponentTable(
        name,
        sharing,
        uses,
        totals,
        sum(total.power_w for total in totals if total.power_w is not None),
        sum(total.area_m2 for total in totals if total.area_m2 is not None),
        tuple(total.component for total in totals if total.power_w is None or total.area_m2 is None),
    )


def _total(component: str, count: int, cell: CellCost | None) -> ComponentTotal:
    power_w = None if cell is None or cell.power_w is None else count * cell.power_w
    area_m2 = None if cell is None or cell.area_m2 is None else count * cell.area_m2
    return ComponentTotal(component, count, power_w, area_m2)


def _uses(net: str, model: ModelCounts, sharing: Sharing) -> Iterator[ComponentUse]:
    last: ArrayCounts | None = None
    values_before = 0
    for layer in model.layers:
        name = f"{net}.{layer.name}"
        if layer.array is not None:
            last = layer.array
            found = _of_array(last, sharing)
        else:
            found = _of_function(layer, last, sharing, values_before)
        for component, count, rule in found:
            if count:
                yield ComponentUse(name, component, count, rule)
        values_before = math.prod(layer.output_shape)


def _of_array(array: ArrayCounts, sharing: Sharing) -> Iterator[tuple[str, int, str]]:
    dense = _is_dense(array)
    copies = 1 if sharing == "column" or dense else array.reads
    columns = array.physical_columns * array.arrays
    yield "memristor", copies * array.cells, "cells of the crossbar"
    yield "crossbar switch", copies * (array.rows * array.arrays + columns), "one on each row and column"
    if dense:
        converters = 1 if sharing == "column" else array.columns
        yield (
            "op-amp",
            converters,
            "current-to-voltage converter, columns in turn" if converters == 1 else "one a column",
        )
        yield "thresholding circuit", array.rows, "one on each row, for the sign"
    else:
        yield "memristor", copies * columns, "load of each column"


def _of_function(
    layer: LayerCounts, array: ArrayCounts | None, sharing: Sharing, values_before: int
) -> Iterator[tuple[str, int, str]]:
    """A function's cells: one a channel (one in all behind a dense layer, whose columns take turns), or one a value."""
    values = math.prod(layer.output_shape)
    channels = layer.output_shape[0] if len(layer.output_shape) == 3 else values
    shared = 1 if array is not None and _is_dense(array) else channels
    count = values if sharing == "value" else shared
    rule = "one a value" if sharing == "value" else "one a filter, or one for a dense layer"
    if layer.type in _NO_CELLS:
        return
    if "AvgPool" in layer.type:
        window = values_before // values
        yield "memristor", count * (window + 1), f"mean of {window} and its load"
    elif layer.activations:
        for function in layer.activations:
            yield function, count, rule
    elif layer.type.startswith("Dropout"):
        yield "dropout switch", count, rule
    elif layer.digital_out:
        yield _FUNCTIONS.get(layer.type, layer.type), count, rule


_FUNCTIONS = {"Tanh": "tanh", "Sigmoid": "sigmoid", "BatchNorm1d": "batch norm", "BatchNorm2d": "batch norm"}


def _is_dense(array: ArrayCounts) -> bool:
    return array.reads == array.arrays
