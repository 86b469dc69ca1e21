"""Write schedules over arrays of any size: how many devices at once, how many pulses, what that costs."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.costs.counts import LayerCounts, ModelCounts, array_counts
from spingan.costs.write_schedules import (
    Pulse,
    WritableArray,
    WriteSchedule,
    schedule_cost,
    schedule_table,
    writable_arrays,
    write_pulse,
)
from spingan.errors import UserError
from spingan.papers.am_dcgan_account import SCHEDULES
from spingan.spec.synapse import Synapse, Write
from spingan.spec.technology import DenseArrays, Technology, load_technology

# Paper M's device: 1 V on 4 kΩ to 25 kΩ for 10 ns.
PULSE = Pulse(10e-9, 10e-9, (1 / 25e3 * 10e-9, 1 / 4e3 * 10e-9), (1 / 25e3, 1 / 4e3))
MEMRISTOR = Synapse(
    name="memristor",
    basis="measured",
    conductance=(1 / 25e3, 1 / 4e3),
    write=Write(pulse_amplitude_v=-1.0, pulse_width_s=100e-9, threshold_v=0.8),
    endurance_writes=6e6,
)
# The working pair: latent 100 -> 128 x 7 x 7 -> 5x5 64 -> 5x5 1; 1 -> 5x5 128 -> 5x5 64 -> dense 1.
WORKING_PAIR = tuple(
    WritableArray(name, rows, columns)
    for name, rows, columns in (
        *(("g.dense", 100, 6272), ("g.conv1", 3200, 64), ("g.conv2", 1600, 1)),
        *(("d.conv1", 25, 128), ("d.conv2", 3200, 64), ("d.dense", 3136, 1)),
    )
)
BY_NAME = {schedule.name: schedule for schedule in SCHEDULES}

sizes = st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(1, 3))
networks = st.lists(sizes, min_size=1, max_size=5).map(
    lambda found: tuple(WritableArray(f"layer{n}", *size) for n, size in enumerate(found))
)


def _visits(schedule: WriteSchedule, array: WritableArray) -> tuple[int, int]:
    """Pulses and largest block of a schedule that is really carried out on one array, block by block."""
    rows, columns = schedule.block(array)
    written = [[0] * array.columns for _ in range(array.rows)]
    pulses = most = 0
    for top in range(0, array.rows, rows):
        for left in range(0, array.columns, columns):
            cells = [
                (r, c)
                for r in range(top, min(top + rows, array.rows))
                for c in range(left, min(left + columns, array.columns))
            ]
            for r, c in cells:
                written[r][c] += 1
            pulses, most = pulses + 1, max(most, len(cells))
    assert all(count == 1 for row in written for count in row)
    return pulses, most


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
@given(network=networks)
def test_a_schedule_carried_out_writes_every_device_once_in_the_pulses_it_says(schedule, network):
    cost = schedule_cost(schedule, network, PULSE, 1)
    visits = [_visits(schedule, array) for array in network]
    blocks = [most * array.count for (_, most), array in zip(visits, network, strict=True)]
    pulses = [number for number, _ in visits]
    together = schedule.layers == "parallel"
    assert cost.pulses == (max(pulses) if together else sum(pulses))
    assert cost.devices_at_once == (sum(blocks) if together else max(blocks))


@given(network=networks)
def test_all_schedules_use_the_same_energy_and_never_more_than_their_peak_power(network):
    costs = [schedule_cost(schedule, network, PULSE, 7) for schedule in SCHEDULES]
    devices = sum(array.devices for array in network)
    for cost in costs:
        assert cost.energy_j is not None and cost.peak_power_w is not None and cost.mean_power_w is not None
        assert cost.energy_j[1] == pytest.approx(7 * devices * 2.5e-12, rel=1e-12, abs=0)
        assert cost.mean_power_w[1] <= cost.peak_power_w[1] * (1 + 1e-12)
        assert cost.mean_power_w[1] * cost.time_s == pytest.approx(cost.energy_j[1], rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("name", "at_once", "pulses"),
    [
        ("sequential", 6, 627_200),  # a device in each layer; the dense layer of 100 x 6272 takes longest
        ("column-parallel", 6272 + 64 + 1 + 128 + 64 + 1, 3200),  # the tallest layer: 5 x 5 x 128 rows
        ("4-cycle", 50 * 3136, 4 + 4 + 2 + 4 + 4 + 2),  # one column cannot be halved: two cycles do
        ("2-cycle", 50 * 6272, 2 * 6),
    ],
)
def test_the_working_pair_s_counts(name, at_once, pulses):
    cost = schedule_cost(BY_NAME[name], WORKING_PAIR, PULSE, 3_000_000)
    assert (cost.devices_at_once, cost.pulses) == (at_once, pulses)
    assert cost.time_s == pytest.approx(pulses * 3e6 * 10e-9, rel=1e-12)
    assert cost.peak_power_w == pytest.approx((at_once / 25e3, at_once / 4e3), rel=1e-12)


def test_a_row_s_wire_carries_all_columns_that_are_written_at_once():
    assert schedule_cost(BY_NAME["2-cycle"], WORKING_PAIR, PULSE, 1).line_current_a == pytest.approx(6272 / 4e3)
    assert schedule_cost(BY_NAME["sequential"], WORKING_PAIR, PULSE, 1).line_current_a == pytest.approx(1 / 4e3)


def test_the_widest_array_carries_the_largest_current_even_if_another_has_more_devices():
    arrays = (WritableArray("tall", 100, 10), WritableArray("wide", 2, 50))
    assert schedule_cost(BY_NAME["column-parallel"], arrays, PULSE, 1).line_current_a == pytest.approx(50 / 4e3)


def test_arrays_of_one_layer_are_written_together_even_when_layers_take_turns():
    halves = (WritableArray("a", 4, 4), WritableArray("a", 2, 4), WritableArray("b", 4, 4))
    cost = schedule_cost(BY_NAME["2-cycle"], halves, PULSE, 1)
    assert (cost.pulses, cost.devices_at_once) == (2 + 2, 8 + 4)


@pytest.mark.parametrize(("rows", "columns", "named"), [(1, 2, "2 columns"), (101, 1, "101 rows")])
def test_a_schedule_that_is_wider_than_an_array_is_refused(rows, columns, named):
    schedule = WriteSchedule("mine", rows, columns, "parallel")
    with pytest.raises(UserError, match=f"schedule mine writes {named} at once") as refused:
        schedule_cost(schedule, WORKING_PAIR, PULSE, 1)
    assert refused.value.remedy.startswith("Write at most")


def test_nothing_to_write_and_no_update_are_refused():
    with pytest.raises(UserError, match="no array"):
        schedule_cost(SCHEDULES[0], (), PULSE, 1)
    with pytest.raises(UserError, match="0 updates"):
        schedule_cost(SCHEDULES[0], WORKING_PAIR, PULSE, 0)


def test_a_pulse_of_a_voltage_follows_ohm_and_one_of_an_energy_holds_for_its_own_width_alone():
    pulse = write_pulse(MEMRISTOR, 10e-9)
    assert pulse.energy_j == pytest.approx((0.4e-12, 2.5e-12), rel=1e-12, abs=0)
    assert pulse.current_a == pytest.approx((40e-6, 250e-6), rel=1e-12)
    assert write_pulse(MEMRISTOR).width_s == 100e-9
    skyrmion = load_technology("skyrmion-published").synapse
    assert skyrmion is not None
    own = write_pulse(skyrmion)
    assert (own.width_s, own.time_s) == (2.2e-9, 2.5e-9)  # paper S, III-A: on time and period
    with pytest.raises(UserError, match="another length is not known"):
        write_pulse(skyrmion, 10e-9)


def test_a_pulse_s_period_belongs_to_its_own_width_alone():
    write = MEMRISTOR.write.model_copy(update={"pulse_period_s": 150e-9})
    memristor = MEMRISTOR.model_copy(update={"write": write})
    assert write_pulse(memristor).time_s == 150e-9  # 100 ns of every 150 ns
    assert write_pulse(memristor, 10e-9).time_s == 10e-9
    assert write_pulse(memristor, 1e-6).time_s == 1e-6


@pytest.mark.parametrize("time_s", [0.0, -1e-9, float("nan"), float("inf")])
def test_a_write_time_that_is_none_is_refused(time_s):
    with pytest.raises(UserError, match="write time"):
        write_pulse(MEMRISTOR, time_s)


def test_what_is_not_known_is_not_counted():
    silent = MEMRISTOR.model_copy(update={"write": Write(pulse_width_s=1e-9), "endurance_writes": None})
    technology = Technology(name="silent", synapse=silent)
    table = schedule_table(WORKING_PAIR, technology, updates=1, updates_basis="one", schedules=SCHEDULES)
    assert all(cost.energy_j is None and cost.peak_power_w is None for cost in table.costs)
    assert all(cost.endurance_used is None and cost.line_current_a is None for cost in table.costs)
    assert sum("not counted" in note for note in table.notes) == 2


def test_endurance_used_is_one_write_an_update():
    technology = Technology(name="memristor", synapse=MEMRISTOR)
    table = schedule_table(
        WORKING_PAIR,
        technology,
        updates=3_000_000,
        updates_basis="",
        write_times_s=(10e-9, 1e-7),
        schedules=SCHEDULES,
    )
    assert [cost.endurance_used for cost in table.costs] == [0.5] * 8
    assert any("0.5 V, below the threshold of 0.8 V" in note for note in table.notes)


def test_a_technology_without_synapse_has_nothing_to_write():
    with pytest.raises(UserError, match="ideal has no synapse"):
        schedule_table(WORKING_PAIR, load_technology("ideal"), updates=1, updates_basis="", schedules=SCHEDULES)


@pytest.mark.parametrize(
    ("encoding", "tile", "pieces"),
    [
        ("midpoint_reference", None, [(100, 70, 1)]),  # the reference column is never updated
        ("differential_pair", None, [(100, 140, 1)]),
        ("differential_pair", (64, 65), [(64, 64, 2), (64, 12, 1), (36, 64, 2), (36, 12, 1)]),
        ("midpoint_reference", (64, 33), [(64, 32, 2), (64, 6, 1), (36, 32, 2), (36, 6, 1)]),
    ],
)
def test_arrays_are_cut_into_tiles_that_hold_every_weight_cell(encoding, tile, pieces):
    rows, columns = tile or (None, None)
    technology = Technology(
        name="t", synapse=MEMRISTOR, encoding=encoding, tile_rows=rows, tile_columns=columns, gain="column"
    )
    counts = array_counts(100, 70, 1, 100, technology)
    arrays = writable_arrays(ModelCounts((LayerCounts("a", "Linear", (70,), array=counts),)))
    assert [(array.rows, array.columns, array.count) for array in arrays] == pieces
    assert sum(array.devices for array in arrays) == counts.weight_cells
    if counts.tiles is not None:
        assert sum(array.count for array in arrays) == counts.tiles


def test_dense_layers_are_cut_as_their_own_encoding_asks():
    technology = Technology(
        name="t", synapse=MEMRISTOR, encoding="differential_pair", pair_layout="separate", tile_columns=16,
        dense=DenseArrays(encoding="midpoint_reference"),
    )  # fmt: skip
    dense, other = (array_counts(10, 30, 1, 10, own) for own in (technology.for_dense(), technology))
    found = [writable_arrays(ModelCounts((LayerCounts("a", "x", (30,), array=counts),))) for counts in (dense, other)]
    assert [(one.columns, one.count) for one in found[0]] == [(15, 2)]  # a reference column in each
    assert [(one.columns, one.count) for one in found[1]] == [(16, 2), (14, 2)]  # a tile for each half


def test_a_part_of_an_array_is_rounded_up_so_that_nothing_is_left_out():
    assert WriteSchedule("third", Fraction(1, 3), 1, "series").block(WritableArray("a", 10, 1)) == (4, 1)
