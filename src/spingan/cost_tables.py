"""The tables of paper M for any recipe's pair of nets: what its write schedules cost, and what it is built of."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spingan.costs.components import SHARINGS, CellCost, ComponentTable, component_table
from spingan.costs.counts import NetCounts
from spingan.costs.write_schedules import SCHEDULES, ScheduleTable, WriteSchedule, schedule_table, writable_arrays
from spingan.errors import UserError
from spingan.nn.am_dcgan import AmDcgan
from spingan.nn.cost import counts_of_pair, net_counts
from spingan.papers.am_dcgan import am_dcgan_numbers
from spingan.papers.am_dcgan_table_1 import Combination, SmallPair, combination, printed_cells, small_pair
from spingan.papers.am_dcgan_table_2 import ImpliedTable, implied_table
from spingan.spec.technology import Technology, load_technology
from spingan.training.recipe import Recipe, load_recipe

PAPER_M_RECIPE = "mnist-memristive"  # the pair that paper M describes
_OUR_CELLS = {  # component of Table I, or without a row there, and our cell of it
    "dropout switch": "dropout-switch",
    "op-amp": "op-amp",
    "thresholding circuit": "thresholding",
    "relu": "relu-switch",
    "crossbar switch": "crossbar-switch",
    "tanh": "tanh",
}


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
        return {
            "implied_by_the_paper": None if self.implied is None else self.implied.to_dict(),
            "ours": self.ours.to_dict(),
        }


@dataclass(frozen=True)
class Components:
    """Table I of paper M carried over to a pair of nets, and to the paper's small pair.

    Attributes:
        printed: Power and area of one cell as the paper prints them.
        pair: The recipe's pair, its cells shared by the positions of a map and not.
        small: The printed total of the small pair and what meets it; None where the pair is not paper M's.
        small_tables: The small pair as described, counted by our rules; `small_sums` says whether that meets the total.
        measured: Power and area of our own cells, in ngspice; None where they were not asked for.
        measured_pair, measured_small: The same counts with those cells: tables of their own, never merged.
    """

    printed: dict[str, CellCost]
    pair: tuple[ComponentTable, ...]
    small: SmallPair | None
    small_tables: tuple[ComponentTable, ...]
    small_sums: tuple[Combination, ...]
    measured: dict[str, CellCost] | None = None
    measured_pair: tuple[ComponentTable, ...] = ()
    measured_small: tuple[ComponentTable, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The tables as JSON-able values."""
        return asdict(self)


def components(recipe: str | Path | Recipe, overrides: tuple[str, ...] = (), *, measure: bool = False) -> Components:
    """What paper M's architecture needs for a recipe's pair: cells by kind, and their printed power and area.

    Args:
        measure: Also with our own cells, whose power and area are measured in ngspice now.

    Raises:
        UserError: An unknown recipe or technology, or no ngspice.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, overrides)
    technology = load_technology(chosen.technology)
    cells = printed_cells()
    measured = measured_cells() if measure else None
    counts = net_counts(chosen.net, technology, chosen.latent_size)
    pair = _tables(counts, cells, chosen.name)
    measured_pair = () if measured is None else _tables(counts, measured, chosen.name)
    if chosen.name != PAPER_M_RECIPE:
        return Components(cells, pair, None, (), (), measured, measured_pair)
    paper = am_dcgan_numbers()
    described = AmDcgan(
        batch_norm=False, wide=paper.small_filters, narrow=paper.small_filters, kernel=paper.small_kernel
    )
    small_counts = counts_of_pair(described, technology, chosen.latent_size)
    tables = _tables(small_counts, cells, "small pair")
    sums = tuple(combination(table.counts) for table in tables)
    measured_small = () if measured is None else _tables(small_counts, measured, "small pair")
    return Components(cells, pair, small_pair(), tables, sums, measured, measured_pair, measured_small)


def _tables(counts: NetCounts, cells: dict[str, CellCost], name: str) -> tuple[ComponentTable, ...]:
    return tuple(component_table(counts, cells, sharing, name) for sharing in SHARINGS)


def measured_cells() -> dict[str, CellCost]:
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
        found[component] = CellCost(result.response.energy_j() / PULSE_S, result.area_m2, source)
    return found


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
    updates = chosen.training_images * chosen.epochs
    ours = schedule_table(
        writable_arrays(counts.both, technology),
        technology,
        updates=updates,
        updates_basis=f"{chosen.training_images:,} images x {chosen.epochs} epochs, one update an image",
        write_times_s=_default_times(technology) if write_times_s is None else write_times_s,
        schedules=schedules,
        name=chosen.name,
    )
    return WriteSchedules(implied_table() if chosen.name == PAPER_M_RECIPE else None, ours)


def _default_times(technology: Technology) -> tuple[float, ...]:
    synapse = technology.synapse
    known = synapse is not None and synapse.write.pulse_amplitude_v is not None and synapse.basis != "normalised"
    return am_dcgan_numbers().write_times_s if known else ()


def parse_schedule(text: str) -> WriteSchedule:
    """A schedule of the user's own from `ROWSxCOLUMNS`, such as `16x64`: so many devices of every array at once.

    Raises:
        UserError: The text is not of that form, or a number is 0.
    """
    found = re.fullmatch(r"([1-9]\d{0,8})x([1-9]\d{0,8})", text.strip())
    if found is None:
        raise UserError(f"schedule {text!r} is not of the form ROWSxCOLUMNS", "For example: --schedule 1x64")
    return WriteSchedule(text.strip(), int(found[1]), int(found[2]), "parallel")
