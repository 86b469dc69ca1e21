"""Counts of arrays that stand together in a layer."""

import pytest
import torch

from spingan.costs.bill import make_bill
from spingan.costs.counts import LayerCounts, ModelCounts, array_counts, counts_of_phases, used_again
from spingan.costs.write_schedules import writable_arrays
from spingan.errors import UserError
from spingan.nn.counting import count_model
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.technology import Converter, Technology, load_technology

WOX = load_technology("wox-memristor").model_copy(update={"tile_rows": 16})
PHASES = tuple(
    array_counts(rows, 3, reads, rows * reads, WOX) for rows, reads in ((36, 9), (18, 12), (18, 12), (9, 16))
)


def test_phases_add_up_and_are_read_at_the_same_time():
    layer = counts_of_phases(PHASES)
    assert (layer.rows, layer.columns, layer.arrays, layer.reads) == (36, 3, 4, 49)
    assert layer.read_slots == 16
    for name in (
        "weights",
        "cells",
        "macs",
        "input_drives",
        "output_conversions",
        "row_drivers",
        "column_ends",
        "tiles",
    ):
        assert getattr(layer, name) == sum(getattr(phase, name) for phase in PHASES)
    assert layer.tiles == 3 + 2 + 2 + 1
    assert layer.turns * 4 == 49  # 49 outputs, four at a time
    assert layer.each == PHASES and PHASES[0].each == (PHASES[0],)


def test_a_second_use_doubles_reads_and_builds_nothing():
    layer = counts_of_phases(PHASES)
    twice = used_again(layer, layer)
    assert (twice.reads, twice.turns, twice.useful_cell_reads) == (98, 2 * layer.turns, 2 * layer.useful_cell_reads)
    assert (twice.cells, twice.row_drivers, twice.column_ends) == (layer.cells, layer.row_drivers, layer.column_ends)
    assert [phase.reads for phase in twice.phases] == [18, 24, 24, 32]


def _bill(technology: Technology, form: str):
    technology = technology.model_copy(update={"transposed": form})
    counts = count_model(ZeroPaddedConv2d(8, 4, 4, 2, 1), torch.zeros(1, 8, 7, 7), technology)
    return make_bill("up", {"net": counts}, technology)


def test_the_bill_prices_what_each_form_drives_converts_and_builds():
    converters = {"dac": Converter(energy_j=1.0, area_m2=1.0), "adc": Converter(energy_j=1.0, area_m2=1.0)}
    technology = WOX.model_copy(update=converters)
    found = {}
    for form in ("literal", "polyphase", "polyphase_shared"):
        lines = {line.item: line for line in _bill(technology, form).lines}
        into, out = lines["input conversions (DAC)"], lines["output conversions (ADC)"]
        found[form] = into.energy_j, out.energy_j, into.area_m2, out.area_m2
    assert found == {
        "literal": (128 * 196, 8 * 4 * 196, 128, 8 * 4),  # 128 rows in 8 tiles
        "polyphase": (32 * 196, 2 * 4 * 196, 4 * 32, 4 * 2 * 4),  # 4 arrays of 32 rows in 2 tiles
        "polyphase_shared": (32 * 64, 2 * 4 * 196, 32, 2 * 16),  # 8 x 8 windows; 16 columns
    }


def test_a_schedule_writes_each_phases_array_and_refuses_empty_places():
    arrays = writable_arrays(ModelCounts((LayerCounts("up", "x", (3, 7, 7), array=counts_of_phases(PHASES)),)))
    assert sum(array.devices for array in arrays) == counts_of_phases(PHASES).weight_cells
    shared = WOX.model_copy(update={"transposed": "polyphase_shared"})
    counts = count_model(ZeroPaddedConv2d(8, 4, 3, 2, 1), torch.zeros(1, 8, 4, 4), shared)
    with pytest.raises(UserError, match="shared window has empty places"):
        writable_arrays(counts)
