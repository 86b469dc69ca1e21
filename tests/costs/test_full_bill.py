"""The whole bill: items that add up, ranges that hold their value, counts times components, and what is missing."""

import math
from dataclasses import replace

import pytest

from spingan.costs.account import Account, FullBill
from spingan.costs.components import load_components
from spingan.costs.counts import LayerCounts, ModelCounts, array_counts, counts_of_phases
from spingan.costs.rule_cost import RuleCost
from spingan.costs.side_by_side import machine_row, side_by_side, technology_row
from spingan.costs.training_bill import make_full_bill
from spingan.errors import UserError
from spingan.spec.activation import ActivationSpread
from spingan.spec.technology import Converter, Technology, load_technology

LIBRARY = load_components()
WOX = load_technology("wox-memristor")
PAPER = load_technology("skyrmion-published")
NAMES = ("wox-memristor", "skyrmion-published", "skyrmion-designed", "ideal")
FIELDS = ("energy_j", "energy_low_j", "energy_high_j", "time_s", "area_m2")
TILED = WOX.model_copy(update={"tile_rows": 4, "tile_columns": 4})


def model(technology: Technology) -> ModelCounts:
    """A convolution of 9 x 2 at 16 positions with batch norm and ReLU, then a dense layer of 32 x 3 and a tanh."""
    layers = (
        LayerCounts(
            "conv", "Conv2d", (2, 4, 4), array=array_counts(9, 2, 16, 100, technology), trainable=18, inputs=16
        ),
        LayerCounts("norm", "BatchNorm2d", (2, 4, 4), digital_in=32, digital_out=32, trainable=4, inputs=32),
        LayerCounts("act", "ReLU", (2, 4, 4), {"relu": 32}, inputs=32),
        LayerCounts(
            "dense", "Linear", (3,), array=array_counts(32, 3, 1, 32, technology.for_dense()), trainable=99, inputs=32
        ),
        LayerCounts("tanh", "Tanh", (3,), digital_in=3, digital_out=3, inputs=3),
    )
    return ModelCounts(layers)


def bill(technology: Technology, batch_size: int | None = 8, library=LIBRARY, rule: RuleCost | None = None) -> FullBill:
    counts = {"net": model(technology)}
    return make_full_bill("test", counts, technology, library, batch_size=batch_size, rule=rule)


def item(account: Account, name: str, layer: str):
    (found,) = [one for one in account.items if (one.item, one.layer) == (name, layer)]
    return found


def accounts(technology: Technology) -> tuple[Account, Account]:
    found = bill(technology)
    assert found.training is not None
    return found.drawing, found.training


@pytest.mark.parametrize("technology", [*map(load_technology, NAMES), TILED], ids=lambda one: one.name)
def test_sums_are_those_of_the_items_and_every_range_holds_its_value(technology):
    for account in accounts(technology):
        told = account.to_dict()
        for key, field in zip(
            ("energy_per_image_j", "energy_low_j", "energy_high_j", "time_per_image_s", "area_m2"), FIELDS, strict=True
        ):
            assert told[key] == math.fsum(one[field] for one in told["items"] if one[field] is not None)
        assert sum(account.by("item").values()) == pytest.approx(account.energy_j)
        assert sum(account.by("layer").values()) == pytest.approx(account.energy_j)
        for one in account.items:
            assert one.count > 0
            if one.energy_j is None:
                assert one.missing and any(one.missing in reason for reason in account.not_counted)
            else:
                assert one.source and not one.missing
                assert one.energy_low_j is not None and one.energy_high_j is not None
                assert 0 <= one.energy_low_j <= one.energy_j <= one.energy_high_j, one
        assert account.not_counted


def test_items_are_counts_times_components():
    drawing, _ = accounts(WOX)
    array = model(WOX).arrays[0]
    assert WOX.synapse is not None and WOX.synapse.read.voltage_v is not None
    levels = WOX.synapse.conductance
    reads = item(drawing, "array reads", "conv")
    each = WOX.synapse.read.voltage_v**2 * (WOX.synapse.read.time_s or 0)
    assert reads.count == array.useful_cell_reads
    assert reads.energy_j == pytest.approx(reads.count * each * math.fsum(levels) / len(levels))
    assert (reads.energy_low_j, reads.energy_high_j) == pytest.approx(
        (reads.count * each * levels[0], reads.count * each * levels[-1])
    )
    adc = item(drawing, "column converters (ADC)", "conv")
    assert adc.count == array.output_conversions
    assert adc.energy_j == pytest.approx(array.output_conversions * LIBRARY.item("adc", bits=8).energy_j)
    dac = item(drawing, "row drivers (DAC)", "conv")
    assert dac.count == array.input_drives
    price = LIBRARY.item("dac", bits=8)
    assert dac.energy_j == pytest.approx(array.input_drives * price.energy_j)
    assert dac.energy_low_j == pytest.approx(array.useful_input_drives * price.low_j)
    relu = item(drawing, "activations (relu)", "conv")
    assert relu.energy_j == pytest.approx(32 * WOX.activations["relu"].energy_j)
    wires = item(drawing, "wires", "conv")
    pitch_m = math.sqrt(48) * 32e-9  # a transistor and a memristor at 32 nm
    assert wires.energy_j == pytest.approx(array.useful_cell_reads * 0.2e-15 * pitch_m * 1e6 * 0.1**2)


def test_a_technology_s_own_converter_stands_before_the_library():
    own = Converter(energy_j=3e-12, area_m2=5e-9, time_s=2e-9, shared_by=1)
    drawing, _ = accounts(WOX.model_copy(update={"adc": own}))
    found, array = item(drawing, "column converters (ADC)", "conv"), model(WOX).arrays[0]
    assert found.energy_low_j == found.energy_j == found.energy_high_j == array.output_conversions * 3e-12
    assert found.area_m2 == 2 * 5e-9 and found.time_s == pytest.approx(16 * 2e-9)


def test_sums_of_several_tiles_are_added_digitally_and_go_back_to_the_activation_s_circuit():
    drawing, _ = accounts(TILED)
    array = model(TILED).arrays[0]
    assert array.output_conversions == 3 * 2 * 16 and array.partial_sums == 2 * 2 * 16  # nine rows in tiles of four
    assert item(drawing, "shift and add", "conv").count == array.partial_sums
    assert item(drawing, "around activations (DAC)", "conv").count == 32
    whole, _ = accounts(WOX)
    assert not {"shift and add", "around activations (DAC)"} & set(whole.by("item"))


def test_currents_of_several_tiles_are_converted_once_and_not_added_digitally():
    analog = TILED.model_copy(update={"partial_sums": "analog", "adc": Converter(area_m2=1e-9, shared_by=1)})
    array, (drawing, _) = model(analog).arrays[0], accounts(analog)
    assert (array.output_conversions, array.partial_sums, array.column_ends) == (2 * 16, 0, 2)
    assert array.tiles == model(TILED).arrays[0].tiles
    assert item(drawing, "column converters (ADC)", "conv").count == 32
    assert item(drawing, "column converters (ADC)", "conv").area_m2 == 2 * 1e-9
    assert not {"shift and add", "around activations (DAC)"} & set(drawing.by("item"))


def test_rows_that_share_a_converter_wait_for_each_other():
    own = Converter(energy_j=1e-12, area_m2=1e-9, time_s=1e-9, shared_by=8)
    drawing, training = accounts(WOX.model_copy(update={"dac": own}))
    for layer, reads, turns, back in (("conv", 16, 8, 2), ("dense", 3, 8, 3)):  # the dense layer's columns come in turn
        drivers = item(drawing, "row drivers (DAC)", layer)
        assert drivers.time_s == pytest.approx(reads * turns * 1e-9)
        assert item(training, "column drivers, back (DAC)", layer).time_s == pytest.approx(reads * back * 1e-9)
    assert item(drawing, "row drivers (DAC)", "conv").area_m2 == 2 * 1e-9
    wide = own.model_copy(update={"shared_by": 64})
    few = item(accounts(WOX.model_copy(update={"dac": wide}))[0], "row drivers (DAC)", "conv")
    assert few.time_s == pytest.approx(16 * 9 * 1e-9)


def test_inputs_bit_by_bit_read_and_convert_as_often():
    serial = WOX.model_copy(update={"input_coding": "bit_serial", "dac": Converter(bits=4)})
    drawing, _ = accounts(serial)
    plain, _ = accounts(WOX)
    for name in ("array reads", "column converters (ADC)"):
        assert item(drawing, name, "conv").energy_j == pytest.approx(4 * item(plain, name, "conv").energy_j)
    assert item(drawing, "row drivers (DAC)", "conv").energy_j == pytest.approx(9 * 16 * 4 * 0.4167e-12)
    assert item(drawing, "shift and add", "conv").count == 32 * 3  # four conversions of each output make one value
    for which in ("DAC", "ADC"):  # a value that is added digitally
        assert item(drawing, f"around activations ({which})", "conv").count == 32


def test_errors_from_tiles_side_by_side_are_added_and_written_once():
    tiled = WOX.model_copy(update={"tile_rows": 4, "tile_columns": 2, "encoding": "midpoint_reference"})
    _, training = accounts(tiled)  # a weight and a reference in a tile: two tiles for a row
    assert item(training, "row converters, back (ADC)", "conv").count == 2 * 100
    assert item(training, "shift and add, back", "conv").count == 100
    assert item(training, "buffers, back: errors out", "conv").count == 100
    serial = tiled.model_copy(update={"input_coding": "bit_serial", "dac": Converter(bits=4)})
    assert item(accounts(serial)[1], "shift and add, back", "conv").count == 2 * 4 * 100 - 100


def test_errors_bit_by_bit_are_converted_as_often_and_added_up():
    serial, plain = (
        accounts(WOX.model_copy(update={"input_coding": coding, "dac": Converter(bits=4)}))[1]
        for coding in ("bit_serial", "amplitude")
    )
    for name in ("row converters, back (ADC)", "sample and hold, back", "array reads, back"):
        one, four = item(plain, name, "conv"), item(serial, name, "conv")
        assert (four.count, four.energy_high_j) == pytest.approx((4 * one.count, 4 * (one.energy_high_j or 0)))
    name = "row converters, back (ADC)"
    assert item(serial, name, "conv").time_s == pytest.approx(4 * (item(plain, name, "conv").time_s or 0))
    assert item(serial, "shift and add, back", "conv").count == 3 * 100
    assert "shift and add, back" not in plain.by("item")


def test_a_converter_without_time_or_area_is_not_as_fast_as_it_likes_nor_without_size():
    drawing, _ = accounts(WOX.model_copy(update={"dac": Converter(energy_j=1e-12), "adc": Converter(energy_j=1e-12)}))
    usual, _ = accounts(WOX)
    assert drawing.time_s == usual.time_s
    assert item(drawing, "row drivers (DAC)", "conv").area_m2 is None
    assert "row drivers (DAC): area" in drawing.not_counted and "row drivers (DAC): area" not in usual.not_counted


def test_batch_norm_is_free_in_drawing_and_digital_in_training():
    drawing, training = accounts(WOX)
    assert not any("batch norm" in name for name in drawing.by("item"))
    multiply, add = (LIBRARY.item(role).energy_j or 0.0 for role in ("multiply", "add"))
    assert training.by("item")["batch norm forward, digital"] == pytest.approx(32 * (3 * multiply + 4 * add))


def test_an_activation_behind_a_digital_batch_norm_stands_between_converters():
    drawing, training = accounts(WOX)
    assert "around activations (DAC)" not in drawing.by("item")
    for which, role in (("DAC", "dac"), ("ADC", "adc")):
        around = item(training, f"around activations ({which})", "conv")
        price = LIBRARY.item(role, bits=8)
        assert around.energy_j == pytest.approx(32 * (price.energy_j or 0))
        assert around.area_m2 == pytest.approx({"DAC": 2, "ADC": 1}[which] * (price.area_m2 or 0))  # two circuits
    conv, norm, act, *rest = model(WOX).layers
    for layers in ((conv, act, *rest), (conv, act, norm, *rest)):  # what follows the activation does not matter to it
        other = make_full_bill("test", {"net": ModelCounts(layers)}, WOX, LIBRARY, batch_size=8).training
        assert other is not None and "around activations (DAC)" not in other.by("item")


def test_errors_meet_the_slopes_of_devices_and_of_digital_functions():
    _, training = accounts(WOX)
    counts = {layer: item(training, "slopes of activations, digital", layer).count for layer in ("conv", "dense")}
    assert counts == {"conv": 32, "dense": 3}  # a ReLU of 32 values, and a digital tanh of three


def test_phases_in_arrays_of_their_own_send_errors_back_at_the_same_time():
    one, net = array_counts(9, 2, 16, 100, WOX), model(WOX)
    phases = counts_of_phases([one, array_counts(4, 2, 9, 36, WOX)])
    times = []
    for array in (one, phases):
        counts = {"net": ModelCounts((replace(net.layers[0], array=array), *net.layers[1:]))}
        training = make_full_bill("test", counts, WOX, LIBRARY, batch_size=8).training
        assert training is not None
        times.append(item(training, "row converters, back (ADC)", "conv").time_s)
    assert times == [pytest.approx(16 * 8 * 1e-9)] * 2  # nine rows, eight of which share a converter of 1 ns


def test_an_update_is_shared_by_its_batch_and_the_passes_are_not():
    small, large = (bill(WOX, size).training for size in (8, 16))
    assert small is not None and large is not None
    for name in ("writes", "verifies", "optimiser (Adam), digital", "optimiser's memory traffic"):
        assert small.by("item")[name] == pytest.approx(2 * large.by("item")[name])
    assert small.by("item")["array reads, back"] == large.by("item")["array reads, back"]
    traffic = item(small, "optimiser's memory traffic", "all layers")
    assert traffic.count == 121 * 7 * 32 / 8  # values x words x bits / batch
    assert "968 bytes" in traffic.note  # two moments of four bytes


def test_training_on_the_chip_keeps_no_moments():
    training = bill(WOX, rule=RuleCost("pulses")).training
    assert training is not None and not any("optimiser" in name for name in training.by("item"))
    assert training.by("item")["writes"] > 0


def test_a_rule_s_words_traffic_and_arithmetic_are_on_the_bill_and_its_pulses_are_blind():
    rule = RuleCost("sum", words=1, moved=3, multiplications=2, additions=3, averaged=True, pulses=0.25)
    training = bill(WOX, rule=rule).training
    assert training is not None
    memory = item(training, "rule sum: memory", "all layers")
    assert memory.count == 117 * 3 * 32 / 8 and "468 bytes kept" in memory.note  # weights x words x bits / batch
    arithmetic = [one for one in training.items if one.item == "rule sum: arithmetic, digital"]
    assert [one.count for one in arithmetic] == [117 * 2 / 8, 117 * 3 / 8]
    assert item(training, "average of reads: memory", "all layers").count == 121 * 2 * 32 / 8
    assert item(training, "writes", "all layers").count == 117 * 0.25 / 8  # no pulse for the norm's four numbers
    assert not any(one.item == "verifies" for one in training.items)


def test_devices_that_are_read_before_their_pulses_are_on_the_bill_as_often_as_they_get_some():
    blind = RuleCost("sum", pulses=0.25)
    told, without = (bill(WOX, rule=rule).training for rule in (replace(blind, read_back=True), blind))
    assert told is not None and without is not None
    title, cells = "reads at pulses", model(WOX).total("weight_cells") / 117
    assert item(told, title, "all layers").count == pytest.approx(117 * 0.25 * cells / 8)
    assert item(told, f"{title}: converters", "all layers").count == 117 * 0.25 / 8
    sums = [one.count for one in told.items if one.item == f"{title}: arithmetic, digital"]
    assert sums == [117 * 0.25 / 8] * 2
    assert not any(one.item.startswith(title) for one in without.items)
    counted = bill(WOX, rule=replace(blind, read_back=True, reads=0.5)).training
    assert counted is not None and item(counted, f"{title}: converters", "all layers").count == 117 * 0.5 / 8
    uncounted = bill(WOX, rule=RuleCost("sum", read_back=True)).training
    assert uncounted is not None and item(uncounted, f"{title}: converters", "all layers").count == 117 / 8
    assert (item(told, title, "all layers").time_s or 0) > 0
    after = bill(WOX, rule=RuleCost("sum", read_back=True, tries=16, pulses=0.25)).training
    assert after is not None and item(after, f"{title}: converters", "all layers").count == 2 * 117 * 0.25 / 8
    for name, turns in ((title, 1 + 16), ("writes", 16)):  # a row waits for its device that takes most
        times = [item(one, name, "all layers").time_s for one in (after, told)]
        assert times[0] == pytest.approx(turns * (times[1] or 0))


def test_a_second_array_is_written_read_for_the_transfer_and_read_with_the_first_where_the_rule_says_so():
    rule = RuleCost("two", second_pulses=3.0, second_reads=0.5, read_with_weights=True)
    training = bill(WOX, rule=rule).training
    assert training is not None
    assert item(training, "second array, writes", "all layers").count == 117 * 3 / 8
    assert item(training, "rule two: second array, reads", "all layers").count == 117 * 2 * 0.5 / 8
    reads = item(training, "array reads", "conv").energy_j, item(training, "second array, read with the first", "conv")
    assert reads[1].energy_j == pytest.approx(2 * (reads[0] or 0))  # forward and back


def test_moments_are_kept_on_the_bill_on_the_chip_too():
    training = bill(WOX, rule=RuleCost("sum", words=1, moved=3, moments=1)).training
    assert training is not None
    assert item(training, "rule sum: memory", "all layers").count == (117 * 3 + 121 * 3) * 32 / 8
    assert any(one.item == "moments (Adam), digital" for one in training.items)


def test_writes_cost_what_the_step_tables_say():
    training = bill(WOX, 1).training
    assert training is not None and WOX.synapse is not None
    steps = [*(WOX.synapse.step_up_energy_j or ()), *(WOX.synapse.step_down_energy_j or ())]
    writes, cells = item(training, "writes", "all layers"), model(WOX).total("weight_cells")
    assert writes.energy_j == pytest.approx(cells * math.fsum(steps) / len(steps))
    assert writes.energy_high_j == pytest.approx(8.5 * cells * max(steps))
    assert writes.time_s == pytest.approx(32 * 100e-9)  # row by row: the taller array decides


def test_an_energy_of_a_state_is_spent_once_a_device_and_one_of_a_pulse_for_each_level():
    assert PAPER.synapse is not None
    own_j, cells = PAPER.synapse.write.energy_j or 0, model(PAPER).total("weight_cells")
    levels = (PAPER.synapse.states - 1) / 2  # from the lowest to the middle, a pulse each
    expected = {"state": (1, 1, 1, 1), "pulse": (levels, levels, levels, 8.5), None: (levels, 1, levels, 8.5)}
    for per, (value, low, high, updated) in expected.items():
        write = PAPER.synapse.write.model_copy(update={"energy_per": per})
        found = bill(PAPER.model_copy(update={"synapse": PAPER.synapse.model_copy(update={"write": write})}), 1)
        pulses, _ = found.programming.items
        assert [getattr(pulses, name) for name in FIELDS[:3]] == pytest.approx(
            [cells * number * own_j for number in (value, low, high)]
        )
        assert found.training is not None
        writes = item(found.training, "writes", "all layers")
        assert (writes.energy_j, writes.energy_high_j) == pytest.approx((cells * own_j, updated * cells * own_j))


def test_a_window_with_empty_places_and_a_synapse_without_pulse_leave_the_time_of_writes_open():
    layers = model(PAPER).layers
    array = layers[0].array
    assert array is not None and WOX.synapse is not None
    holed = replace(layers[0], array=replace(array, weights=array.weights - 2))
    counts = {"net": ModelCounts((holed, *layers[1:]))}
    training = make_full_bill("test", counts, PAPER, LIBRARY, batch_size=8).training
    write = WOX.synapse.write.model_copy(update={"pulse_width_s": None, "pulse_period_s": None})
    unclocked = bill(WOX.model_copy(update={"synapse": WOX.synapse.model_copy(update={"write": write})})).training
    for account in (training, unclocked):
        assert account is not None
        writes = item(account, "writes", "all layers")
        assert writes.energy_j and writes.time_s is None and "writes: time" in account.not_counted


def test_the_stages_of_an_image_overlap_when_pipelined():
    drawing, _ = accounts(WOX)
    assert drawing.time_pipelined_s is not None
    assert drawing.time_pipelined_s < drawing.time_s
    assert drawing.time_pipelined_s == pytest.approx(16 * 100e-9)  # the convolution's positions, a read each
    assert drawing.power_w == pytest.approx(drawing.energy_j / drawing.time_s)


def test_a_digital_function_takes_its_values_in_turn_and_may_be_the_slowest_stage():
    drawing, _ = accounts(WOX)
    tanh = item(drawing, "tanh, digital", "dense")
    assert tanh.time_s == pytest.approx(3 * (LIBRARY.item("tanh").time_s or 0)) and tanh.time_s
    conv, *others, last = model(WOX).layers
    wide = ModelCounts((conv, *others, replace(last, digital_in=10**6, digital_out=10**6)))
    slow = make_full_bill("test", {"net": wide}, WOX, LIBRARY).drawing
    assert slow.time_pipelined_s == item(slow, "tanh, digital", "dense").time_s
    pool = LayerCounts("pool", "MaxPool2d", (2, 2, 2), digital_in=32, digital_out=8)
    unknown = make_full_bill("test", {"net": ModelCounts((conv, pool))}, WOX, LIBRARY).drawing
    assert "MaxPool2d: time" in unknown.not_counted


def test_every_item_has_a_time_or_the_account_says_that_it_has_none():
    untimed = {
        **{name: name for name in ("sample and hold", "shift and add", "around activations", "batch norm", "verifies")},
        **{name: name for name in ("slopes", "outer products", "buffers")},
        **{"bus": "buses", "off-chip": "memory chips", "optimiser's": "memory chips", "optimiser (": "the optimiser"},
        "wires": "",  # charged while the array is read
    }
    for account in accounts(TILED.model_copy(update={"input_coding": "bit_serial", "dac": Converter(bits=4)})):
        told = " ".join(reason for reason in account.not_counted if reason.startswith("time of"))
        for one in account.items:
            said = [words for name, words in untimed.items() if one.item.startswith(name)]
            assert (one.time_s is None) == bool(said) and all(words in told for words in said), one.item


def test_what_a_technology_does_not_give_is_named_and_never_zero():
    drawing, training = accounts(load_technology("ideal"))
    reads = item(drawing, "array reads", "conv")
    assert reads.energy_j is None and "no synapse" in reads.missing
    assert reads.time_s is None and "array reads: time" in drawing.not_counted
    assert item(training, "array reads, back", "conv").time_s is None
    assert drawing.time_pipelined_s  # the converters' times are known
    assert any(reason.startswith("array reads") for reason in drawing.not_counted)
    assert item(training, "writes", "all layers").energy_j is None
    own = LIBRARY.components["paper-s.skyrmion_published"]
    assert item(accounts(PAPER)[0], "array reads", "conv").energy_j == pytest.approx(
        item(accounts(PAPER)[0], "array reads", "conv").count * (own.actions["read"].energy_j or 0)
    )


def test_a_batch_of_none_and_a_net_that_nobody_knows_the_passes_of_are_refused():
    with pytest.raises(UserError, match="0 images"):
        bill(WOX, 0)
    with pytest.raises(UserError, match="encoder"):
        make_full_bill("test", {"encoder": model(WOX)}, WOX, LIBRARY, batch_size=1)
    assert bill(WOX, None).training is None


def test_a_user_s_component_reaches_the_bill(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "schema_version: 1\norigin: mine\ncomponents:\n  brahms.dac:\n    source: mine\n    sure: verified\n"
        "    actions: {convert: {energy_j: 1.0e-12}}\n"
    )
    found = bill(WOX, library=load_components(path)).drawing
    assert item(found, "row drivers (DAC)", "conv").energy_j == pytest.approx(9 * 16 * 1e-12)


def test_side_by_side_names_the_ratio_to_paper_s_devices_and_machines_are_lower_bounds():
    names = (*NAMES, "skyrmion-published-array")
    bills = [(bill(one, None), one.synapse) for one in map(load_technology, names)]
    macs = bills[0][0].useful_macs
    machine = LIBRARY.machines["nvidia-a100"]
    card = machine_row("nvidia-a100", machine, macs)
    found = side_by_side("test", bills, [card])
    rows = {row.name: row for row in found.rows}
    assert found.best == "wox-memristor"  # neither ideal, which lacks items, nor paper S's own, nor one that fades
    assert "refresh" in rows["skyrmion-designed"].missing[0]
    assert found.ratio == pytest.approx(rows[found.best].energy_j / rows["skyrmion-published-array"].energy_j)
    assert found.ratio_without_limit == pytest.approx(rows[found.best].energy_j / rows["skyrmion-published"].energy_j)
    assert card.energy_j == pytest.approx(2 * macs * 400 / 19.5e12) and card.missing
    remembered = machine_row("x", machine.model_copy(update={"sure": "memory"}), macs)
    assert remembered.energy_j is None and "memory" in remembered.missing[0]
    assert technology_row(bill(load_technology("ideal"), None), None).missing


def test_a_relu_that_is_digital_is_priced_and_needs_no_converters_around_it():
    drawing = bill(load_technology("wox-memristor-array")).drawing
    relu = item(drawing, "activations (relu), digital", "conv")
    assert relu.energy_j == pytest.approx(32 * (LIBRARY.item("relu", bits=8).energy_j or 0)) and relu.energy_j > 0
    assert not any(one.item.startswith("around activations") for one in drawing.items)
    assert not any(one.missing for one in drawing.items)
    assert (LIBRARY.item("leaky_relu", bits=8).energy_j or 0) > (LIBRARY.item("relu", bits=8).energy_j or 0)


def test_the_json_has_the_keys_that_it_promises():
    told = bill(WOX).to_dict()
    for account in (told, told["training"]):
        assert {
            *("energy_per_image_j", "energy_low_j", "energy_high_j", "time_per_image_s", "area_m2", "power_w"),
            *("items", "not_counted"),
        } <= set(account)
        for one in account["items"]:
            assert {"item", "layer", "count", *FIELDS, "source"} <= set(one)


def test_the_memory_of_a_trim_is_in_the_area_and_takes_nothing_of_an_image():
    spread = ActivationSpread(offset=0.1)
    curves = {k: curve.model_copy(update={"spread": spread}) for k, curve in PAPER.activations.items()}
    plain = PAPER.model_copy(update={"activations": curves})
    accounts = [bill(plain.model_copy(update={"trim_bits": bits})).drawing for bits in (None, 4, 8)]
    areas = [account.total("area_m2") - accounts[0].total("area_m2") for account in accounts]
    assert areas[2] == pytest.approx(2 * areas[1]) and areas[1] > 0
    stored = item(accounts[2], "offsets stored by the trim", "conv")
    assert areas[2] == pytest.approx(stored.area_m2, abs=0, rel=1e-6)
    assert stored.note.startswith("2 numbers of 8 bits")  # two devices take turns
    assert accounts[2].energy_j == accounts[0].energy_j and accounts[2].time_s == accounts[0].time_s
    without = bill(PAPER.model_copy(update={"trim_bits": 8})).drawing  # devices that do not differ need no trim
    assert without.total("area_m2") == accounts[0].total("area_m2")
