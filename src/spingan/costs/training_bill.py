"""The whole bill of training with one image: passes back, outer products, batch norm, the optimiser, and the writes.

An update serves a batch, so that an image's share is one over its size.
"""

import math
from collections.abc import Iterator, Mapping

from spingan.costs.account import Account, FullBill, Item, priced, what_is_missing
from spingan.costs.components import Library
from spingan.costs.counts import ArrayCounts, LayerCounts, ModelCounts
from spingan.costs.full_bill import (
    DIGITAL,
    FOLDED,
    Parts,
    array_stages,
    drawing_account,
    in_turn,
    off_chip_item,
    pass_items,
    timed,
)
from spingan.costs.library_file import Figure
from spingan.costs.programming import programming, rows_in_turn
from spingan.costs.refresh import with_refresh
from spingan.costs.rule_cost import RuleCost, rule_items
from spingan.costs.write_schedules import write_price
from spingan.errors import UserError
from spingan.spec.technology import Technology

NOT_COUNTED = (
    "losses and what augments images",
    "finding an activation's slope (only its product with the error is)",
    "time of batch norm, slopes, outer products, the optimiser and verifies",
    "refresh between updates",
    "memory chips for feature maps of a batch (each image's maps stay on the chip)",
)


def make_full_bill(
    name: str,
    counts: Mapping[str, ModelCounts],
    technology: Technology,
    library: Library,
    *,
    batch_size: int | None = None,
    rule: RuleCost | None = None,
) -> FullBill:
    """The whole bill of counted nets on a technology.

    Args:
        counts: By the net's name: `generator` and `discriminator`, or `net`. The generator draws.
        batch_size: Of the training; None: no training is billed.
        rule: By which the devices learn on the chip; None: beside it, and every update is written into them.

    Raises:
        UserError: A batch of no images, a net without passes in the library, or a figure outside of its rule's range.
    """
    parts = Parts(technology, library)
    drawn = counts["generator"] if "generator" in counts else next(iter(counts.values()))
    training = None
    if batch_size is not None:
        if batch_size < 1:
            raise UserError(f"a batch of {batch_size} images", "Give at least one.")
        training = training_account(counts, parts, batch_size, rule)
    once = programming(ModelCounts(tuple(layer for model in counts.values() for layer in model.layers)), parts)
    assumed = tuple(
        f"{figure_name} {figure.value:g} ({figure.source})"
        for figure_name, figure in library.design.items()
        if figure.sure != "verified"
    )
    drawing = drawing_account(drawn, parts)
    if drawn.arrays:
        drawing = with_refresh(drawing, technology, programming(drawn, parts))
    every_s, macs = technology.refresh_interval_s, drawn.total("useful_macs")
    return FullBill(name, technology.name, drawing, training, once, macs, assumed, every_s)


def training_account(
    counts: Mapping[str, ModelCounts], parts: Parts, batch_size: int, rule: RuleCost | None
) -> Account:
    """One image's share of a training step: every net forward, back and updated, as often as the library says.

    Raises:
        UserError: The library has no passes for a net of that name.
    """
    items: list[Item] = []
    for net, model in counts.items():
        if net not in parts.library.passes:
            known = ", ".join(parts.library.passes)
            raise UserError(f"the library says nothing of the passes of net {net}", f"It knows {known}.")
        passes, prefix = parts.library.passes[net], f"{net}." if len(counts) > 1 else ""
        forward, _ = pass_items(model, parts, folded=False, prefix=prefix)
        items += [item.times(passes.forward) for item in forward]
        items += [item.times(passes.forward) for item in _batch_norm(model, parts, prefix, "forward")]
        items += [item.times(passes.backward) for item in _batch_norm(model, parts, prefix, "back")]
        items += [item.times(passes.backward) for item in _backward(model, parts, prefix)]
        items += [item.times(passes.gradients) for item in _gradients(model, parts, prefix)]
        if rule is not None and rule.read_with_weights:
            items += [item.times(passes.forward + passes.backward) for item in _second_reads(model, parts, prefix)]
        update = list(_update(net, model, parts, rule))
        items += [item.times(1 / batch_size) for item in update]
    image = next((layer.inputs for layer in counts.get("discriminator", ModelCounts(())).layers), 0)
    if image:
        items.append(off_chip_item("input and output", image, parts, "the real image"))
    return Account(tuple(items), (*what_is_missing(items), *NOT_COUNTED))


def _arrays(model: ModelCounts, prefix: str) -> Iterator[tuple[str, LayerCounts, ArrayCounts | None]]:
    """Every layer with the array that it stands behind, and that array's name."""
    name, array = "input", None
    for layer in model.layers:
        if layer.array is not None:
            name, array = prefix + layer.name, layer.array
        yield name, layer, array


def _backward(model: ModelCounts, parts: Parts, prefix: str) -> Iterator[Item]:
    """Errors back through the arrays: columns driven, rows converted, every cell crossed; slopes multiplied."""
    (dac, dac_shared), (adc, shared) = parts.converter("dac"), parts.converter("adc")
    bits, sum_bits = parts.figure("bits"), parts.figure("partial_sum_bits")
    read, cycles = parts.read(), parts.input_cycles
    for name, layer, array in _arrays(model, prefix):
        if layer.array is not None and array is not None:
            rows, columns = array.row_drivers, array.column_ends
            drives, conversions = array.output_conversions, array.useful_input_drives
            turns = array.read_slots * cycles * in_turn(dac_shared, array, "column_ends")
            time_s, built = _times(turns, dac.time_s), math.ceil(columns / dac_shared)
            yield timed(priced("column drivers, back (DAC)", name, drives, dac, time_s=time_s, built=built))
            time_s, crossed = array_stages(array, parts)["array reads"], array.cell_reads * cycles
            yield timed(priced("array reads, back", name, crossed, read, time_s=time_s))
            turns = in_turn(shared, array, "row_drivers") * max(one.reads for one in array.each)
            time_s, built = _times(turns * cycles, adc.time_s), math.ceil(rows / shared)
            yield timed(priced(
                "row converters, back (ADC)", name, conversions * cycles, adc, high=array.input_drives * cycles,
                time_s=time_s, built=built, note="high: rows of inserted zeros are converted, too",
            ))  # fmt: skip
            hold = parts.library.item("sample_hold")
            yield priced("sample and hold, back", name, conversions * cycles, hold, built=rows)
            values, high = (count // array.tiles_across for count in (conversions, array.input_drives))
            sums, high = conversions * cycles - values, array.input_drives * cycles - high
            if sums:
                add = parts.library.item("shift_add", bits=sum_bits)
                yield priced("shift and add, back", name, sums, add, high=high, built=built)
            read_back, written = parts.buffer(drives, write=False), parts.buffer(layer.inputs, write=True)
            yield priced("buffers, back: errors in", name, drives, read_back)
            yield priced("buffers, back: errors out", name, values, written, low=min(layer.all_inputs, values))
            yield priced("bus, back", name, drives + values, parts.library.item("bus", bits=bits))
        slopes = sum(layer.activations.values()) + (layer.digital_out if layer.type in DIGITAL else 0)
        if slopes:
            multiply = parts.library.item("gradient_multiply")
            yield priced("slopes of activations, digital", name, slopes, multiply)


def _bounds(figure: Figure) -> tuple[float, float, float]:
    """Value, low and high; a figure without a range is its own."""
    low, high = (figure.value if end is None else end for end in (figure.low, figure.high))
    return figure.value, low, high


def _times(turns: int, time_s: float | None) -> float | None:
    return None if time_s is None else turns * time_s


def _gradients(model: ModelCounts, parts: Parts, prefix: str) -> Iterator[Item]:
    """Outer products of inputs and errors, digital: a multiplication and an addition for each use of a weight."""
    multiply, add = parts.library.item("gradient_multiply"), parts.library.item("gradient_add")
    for name, layer, array in _arrays(model, prefix):
        if layer.array is not None and array is not None:
            note = "digital; not counted: the sums' own memory"
            yield priced("outer products, multiplied", name, array.useful_macs, multiply, note=note)
            yield priced("outer products, added", name, array.useful_macs, add, note=note)
            again = parts.buffer(layer.inputs, write=False)
            reads = array.useful_input_drives
            yield priced("buffers, inputs again", name, reads, again, low=min(layer.all_inputs, reads))


def _batch_norm(model: ModelCounts, parts: Parts, prefix: str, way: str) -> Iterator[Item]:
    """Batch norm in training is digital: its statistics belong to the batch."""
    for name, layer, _ in _arrays(model, prefix):
        if layer.type in FOLDED:
            for what, role in (("multiplications", "multiply"), ("additions", "add")):
                count = layer.digital_out * parts.figure(f"batch_norm_{what}")
                yield priced(f"batch norm {way}, digital", name, count, parts.library.item(role), note=what)


def _second_reads(model: ModelCounts, parts: Parts, prefix: str) -> Iterator[Item]:
    """A second array of single devices and references, read whenever the first is; its columns join the first's."""
    for layer in model.layers:
        array = layer.array
        if array is not None:
            cells = array.useful_cell_reads * parts.input_cycles
            yield priced("second array, read with the first", prefix + layer.name, cells, parts.read())


def _read_back(rule: RuleCost, layer: str, model: ModelCounts, parts: Parts, rows: int | None) -> Iterator[Item]:
    """Reads of the devices whose sums have come to a pulse, before it and, where the rule says so, after it."""
    held, read, (adc, _) = model.trainable_in_arrays, parts.read(), parts.converter("adc")
    each = parts.library.figure("pulses_per_update").value if rule.pulses is None else rule.pulses
    weights = held * (each * (1 + bool(rule.tries)) if rule.reads is None else rule.reads)
    times = 1 + rule.tries  # at most, on every device of a row
    time_s = None if rows is None or read.time_s is None else times * rows * read.time_s
    after = f" and after each of up to {rule.tries} trains of them" if rule.tries else ""
    note = f"all devices of a weight, before its pulses{after}; row by row, all arrays at once"
    cells = weights * model.total("weight_cells") / held
    yield timed(priced("reads at pulses", layer, cells, read, time_s=time_s, note=note))
    yield priced("reads at pulses: converters", layer, weights, adc)
    for what, role in (("multiplications", "multiply"), ("additions", "add")):
        yield priced("reads at pulses: arithmetic, digital", layer, weights, parts.library.item(role), note=what)


def _update(net: str, model: ModelCounts, parts: Parts, rule: RuleCost | None) -> Iterator[Item]:
    """One update of a net: the optimiser's or rule's arithmetic and memory, and the devices' writes and verifies."""
    values, held, layer = model.trainable, model.trainable_in_arrays, net if net != "net" else "all layers"
    bits = parts.figure("training_bits")
    if rule is None:
        for what, role in (("multiplications", "multiply"), ("additions", "add"), ("divisions", "divide")):
            count = values * parts.figure(f"adam_{what}")
            yield priced("optimiser (Adam), digital", layer, count, parts.library.item(role), note=what)
        words = values * parts.figure("adam_words") * bits
        kept = values * parts.figure("adam_moments") * bits / 8
        note = f"{kept:,.0f} bytes of moments in a memory chip, with gradient and weight read and written"
        yield priced("optimiser's memory traffic", layer, words, parts.library.item("off_chip", bits=1), note=note)
    else:
        yield from rule_items(rule, layer, model, parts)
    cells = model.total("weight_cells")
    write, pulse_s, per = write_price(parts.technology)
    rows = rows_in_turn(model, parts.technology)
    if rule is not None and rule.read_back:
        yield from _read_back(rule, layer, model, parts, rows)
    if rule is not None and rule.second_pulses is not None:
        note = "single devices; pulses at the recipe's rate"
        yield priced("second array, writes", layer, held * rule.second_pulses, write, note=note)
    if rule is not None and rule.pulses is not None:  # measured; what is verified is among the reads at pulses
        trains = max(math.ceil(rule.pulses), rule.tries)  # of one pulse
        time_s = None if pulse_s is None or rows is None else rows * trains * pulse_s
        note = f"row by row, all arrays at once; {rule.pulses:.3g} pulses a weight, as counted in the training"
        yield timed(priced("writes", layer, held * rule.pulses, write, time_s=time_s, note=note))
        return
    pulses, checks = parts.library.figure("pulses_per_update"), parts.library.figure("verifies_per_update")
    count, low, high = (cells * number for number in _bounds(pulses))
    if per == "state":  # however many pulses it takes
        count = low = high = cells
    time_s = None if pulse_s is None or rows is None else rows * pulses.value * pulse_s
    note = "row by row, all arrays at once; one pulse a device (high: as a measured chip verified)"
    if per == "state":
        note = "row by row, all arrays at once; one state a device"
    yield timed(priced("writes", layer, count, write, low=low, high=high, time_s=time_s, note=note))
    if rule is not None:  # writes blind
        return
    read = parts.read()
    count, low, high = (cells * number for number in _bounds(checks))
    yield priced("verifies", layer, count, read, low=low, high=high, note="reads of single cells, no converter")
