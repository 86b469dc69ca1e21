"""Paper M's account of any recipe's pair of nets: the cells that it is built of, and what its write schedules cost.

The paper prints one cell's power and area (Table I) and neither how many there are nor whether a filter's positions
share them. So each count is given twice: `column`, one set of cells a filter, the positions of a map one after another;
and `value`, a set for each value of each map, everything at once.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from spingan.costs.bill import Component
from spingan.costs.counts import ArrayCounts, LayerCounts, ModelCounts, NetCounts
from spingan.costs.write_schedules import ScheduleTable, WriteSchedule, schedule_table, writable_arrays
from spingan.errors import UserError
from spingan.nn.am_dcgan import AmDcgan
from spingan.nn.cost import net_counts
from spingan.nn.counting import count_family
from spingan.papers.am_dcgan import (
    Combination,
    ImpliedTable,
    SmallPair,
    am_dcgan_numbers,
    combination,
    implied_table,
    small_pair,
)
from spingan.spec.technology import load_technology
from spingan.training.recipe import Recipe, load_recipe

PAPER_M_RECIPE = "mnist-memristive"  # the pair that paper M describes
Sharing = Literal["column", "value"]
SHARINGS: tuple[Sharing, ...] = ("column", "value")
_NO_CELLS = {"Flatten", "Unflatten", "Identity"}
_FUNCTIONS = {"Tanh": "tanh", "Sigmoid": "sigmoid", "BatchNorm1d": "batch norm", "BatchNorm2d": "batch norm"}
_OUR_CELLS = {  # component of Table I, or without a row there, and our cell of it
    "dropout switch": "dropout-switch",
    "op-amp": "op-amp",
    "thresholding circuit": "thresholding",
    "relu": "relu-switch",
    "crossbar switch": "crossbar-switch",
    "tanh": "tanh",
}

# Paper M, Table II. That "4 cycles (rows and columns)" halves both and "2 cycles" the rows alone is a reading: the
# signs of row and column inputs make the halves, each set with its own polarity (docs/derivations.md, section 4).
SCHEDULES = (
    WriteSchedule("sequential", 1, 1, "parallel"),
    WriteSchedule("column-parallel", 1, Fraction(1), "parallel"),
    WriteSchedule("4-cycle", Fraction(1, 2), Fraction(1, 2), "series"),
    WriteSchedule("2-cycle", Fraction(1, 2), Fraction(1), "series"),
)


@dataclass(frozen=True)
class ComponentUse:
    """How many of one component a layer has, and by which rule."""

    layer: str
    component: str
    count: int
    rule: str


@dataclass(frozen=True)
class ComponentTotal:
    """All cells of one component in a pair of nets, with what they use and take; None is not counted."""

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


@dataclass(frozen=True)
class Components:
    """Table I of paper M carried over to a pair of nets, and to the paper's small pair.

    Attributes:
        printed: Power and area of one cell as the paper prints them.
        pair: The recipe's pair, its cells shared by the positions of a map and not.
        small: The printed total of the small pair and what makes it; None where the pair is not paper M's.
        small_tables: The small pair as described, counted by our rules; `small_sums` says whether it has the total.
        measured: Power and area of our own cells, in ngspice; None where they were not asked for.
        measured_pair, measured_small: The same counts with those cells: tables of their own, never merged.
    """

    printed: Mapping[str, Component]
    pair: tuple[ComponentTable, ...]
    small: SmallPair | None
    small_tables: tuple[ComponentTable, ...]
    small_sums: tuple[Combination, ...]
    measured: Mapping[str, Component] | None = None
    measured_pair: tuple[ComponentTable, ...] = ()
    measured_small: tuple[ComponentTable, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The tables as JSON-able values."""
        cells: dict[str, Any] = {"printed": self.printed, "measured": self.measured}
        for which, found in cells.items():
            if found is not None:
                keys = ("power_w", "area_m2", "source")
                cells[which] = {name: {key: getattr(cell, key) for key in keys} for name, cell in found.items()}
        return asdict(self) | cells


@dataclass(frozen=True)
class WriteSchedules:
    """Two blocks that are never merged: the paper's table from its implied counts, and the schedules on our pair.

    Attributes:
        implied: None where the pair is not the one that paper M describes.
    """

    implied: ImpliedTable | None
    ours: ScheduleTable

    def to_dict(self) -> dict[str, Any]:
        """Both as JSON-able values."""
        implied = None if self.implied is None else asdict(self.implied)
        return {"implied_by_the_paper": implied, "ours": asdict(self.ours)}


def components(recipe: str | Path | Recipe, overrides: tuple[str, ...] = (), *, measure: bool = False) -> Components:
    """What paper M's architecture needs for a recipe's pair: cells by kind, and their printed power and area.

    Args:
        measure: Also with our own cells, whose power and area are measured in ngspice now.

    Raises:
        UserError: An unknown recipe or technology, or no ngspice.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, overrides)
    technology = load_technology(chosen.technology)
    paper = am_dcgan_numbers()
    measured = measured_cells() if measure else None

    def tables(counts: NetCounts, cells: Mapping[str, Component] | None, name: str) -> tuple[ComponentTable, ...]:
        return () if cells is None else tuple(component_table(counts, cells, how, name) for how in SHARINGS)

    counts = net_counts(chosen.net, technology, chosen.latent_size)
    pair, measured_pair = tables(counts, paper.components, chosen.name), tables(counts, measured, chosen.name)
    if chosen.name != PAPER_M_RECIPE:
        return Components(paper.components, pair, None, (), (), measured, measured_pair)
    filters, kernel = paper.small_filters, paper.small_kernel
    described = AmDcgan(batch_norm=False, wide=filters, narrow=filters, kernel=kernel)
    small_counts = count_family(described, technology, chosen.latent_size)
    small = tables(small_counts, paper.components, "small pair")
    sums = tuple(combination(table.counts) for table in small)
    measured_small = tables(small_counts, measured, "small pair")
    return Components(paper.components, pair, small_pair(), small, sums, measured, measured_pair, measured_small)


def measured_cells() -> dict[str, Component]:
    """Power and area of our own cells of paper M's components, each by ngspice on the generic 180 nm cards.

    Power is the mean through a pulse of 100 ns at the cell's own signal and load; area is an estimate from the gates.

    Raises:
        UserError: ngspice is missing, or fails.
    """
    from spingan.circuits.cell_bench import PULSE_S
    from spingan.circuits.memristive_cells import measure_cell

    found = {}
    for component, cell in _OUR_CELLS.items():
        result = measure_cell(cell)
        source = f"spingan circuit {cell}: mean through {PULSE_S * 1e9:.0f} ns"
        power_w = result.response.energy_j() / PULSE_S
        found[component] = Component(component, power_w=power_w, area_m2=result.area_m2, node="180nm", source=source)
    return found


def component_table(
    counts: NetCounts, cells: Mapping[str, Component], sharing: Sharing, name: str = "net"
) -> ComponentTable:
    """Components of a generator and a discriminator, with the power and area of `cells`.

    A crossbar has a switch on each line, since lines are chosen for writing and for reading in turn (assumed; the paper
    prints no rule). A convolution's column ends in a load memristor, a dense layer's columns share one op-amp as
    current-to-voltage converter, and each of its rows has a thresholding circuit for the sign (paper M, figures 2, 3).
    """
    uses = (*_uses("generator", counts.generator, sharing), *_uses("discriminator", counts.discriminator, sharing))
    totals = []
    for component in dict.fromkeys(use.component for use in uses):
        count = sum(use.count for use in uses if use.component == component)
        cell = cells.get(component, Component(component))
        values = (None if one is None else count * one for one in (cell.power_w, cell.area_m2))
        totals.append(ComponentTotal(component, count, *values))
    return ComponentTable(
        name,
        sharing,
        uses,
        tuple(totals),
        sum(total.power_w for total in totals if total.power_w is not None),
        sum(total.area_m2 for total in totals if total.area_m2 is not None),
        tuple(total.component for total in totals if total.power_w is None or total.area_m2 is None),
    )


def _uses(net: str, model: ModelCounts, sharing: Sharing) -> Iterator[ComponentUse]:
    last: ArrayCounts | None = None
    values_before = 0
    for layer in model.layers:
        if layer.array is not None:
            last = layer.array
            found = (use for array in last.each for use in _of_array(array, sharing))
        else:
            found = _of_function(layer, last, sharing, values_before)
        for component, count, rule in found:
            if count:
                yield ComponentUse(f"{net}.{layer.name}", component, count, rule)
        values_before = math.prod(layer.output_shape)


def _of_array(array: ArrayCounts, sharing: Sharing) -> Iterator[tuple[str, int, str]]:
    dense = _is_dense(array)
    copies = 1 if sharing == "column" or dense else array.reads
    columns = array.physical_columns * array.arrays
    yield "memristor", copies * array.cells, "cells of the crossbar"
    yield "crossbar switch", copies * (array.rows * array.arrays + columns), "one on each row and column"
    if not dense:
        yield "memristor", copies * columns, "load of each column"
        return
    converters = 1 if sharing == "column" else array.columns
    rule = "current-to-voltage converter, columns in turn" if converters == 1 else "one a column"
    yield "op-amp", converters, rule
    yield "thresholding circuit", array.rows, "one on each row, for the sign"


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


def _is_dense(array: ArrayCounts) -> bool:
    return array.reads == array.arrays


def write_schedules(
    recipe: str | Path | Recipe,
    overrides: tuple[str, ...] = (),
    *,
    write_times_s: Sequence[float] | None = None,
    schedules: Sequence[WriteSchedule] = SCHEDULES,
) -> WriteSchedules:
    """Time, power, energy and endurance of each write schedule over the training of a recipe's pair.

    One update an image, as in paper M: images x epochs of the recipe.

    Args:
        write_times_s: By default paper M's three where the synapse has a write voltage, else its own pulse.

    Raises:
        UserError: An unknown recipe or technology, a technology without synapse, or a schedule wider than an array.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, overrides)
    technology = load_technology(chosen.technology)
    counts = net_counts(chosen.net, technology, chosen.latent_size)
    synapse = technology.synapse
    known = synapse is not None and synapse.write.pulse_amplitude_v is not None and synapse.basis != "normalised"
    paper_s = am_dcgan_numbers().write_times_s if known else ()
    ours = schedule_table(
        writable_arrays(counts.both),
        technology,
        updates=chosen.training_images * chosen.epochs,
        updates_basis=f"{chosen.training_images:,} images x {chosen.epochs} epochs, one update an image",
        write_times_s=paper_s if write_times_s is None else write_times_s,
        schedules=schedules,
        name=chosen.name,
    )
    return WriteSchedules(implied_table() if chosen.name == PAPER_M_RECIPE else None, ours)


def parse_schedule(text: str) -> WriteSchedule:
    """A schedule of the user's own from `ROWSxCOLUMNS`, such as `16x64`: so many devices of every array at once.

    Raises:
        UserError: The text is not of that form, or a number is 0.
    """
    found = re.fullmatch(r"([1-9]\d{0,8})x([1-9]\d{0,8})", text.strip())
    if found is None:
        raise UserError(f"schedule {text!r} is not of the form ROWSxCOLUMNS", "For example: --schedule 1x64")
    return WriteSchedule(text.strip(), int(found[1]), int(found[2]), "parallel")
