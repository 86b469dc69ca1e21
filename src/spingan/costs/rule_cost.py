"""What a rule of on-chip learning needs beside the arrays that it writes: memory, arithmetic, a second array."""

from collections.abc import Iterator
from dataclasses import dataclass

from spingan.costs.account import Item, priced
from spingan.costs.counts import ModelCounts
from spingan.costs.full_bill import Parts

AVERAGE_WORDS = 1  # the mean of reads, read and written at each update


@dataclass(frozen=True)
class RuleCost:
    """What a rule needs for each weight, at each update where nothing else is said.

    Attributes:
        name: As in `on_chip.rule`.
        words: Numbers kept in digital memory.
        moved: Numbers read from or written to that memory.
        multiplications, additions: In digital.
        moments: Adam's moments that set gradients to size, kept in digital memory too.
        second_pulses: Pulses on a weight's device in a second array; None: there is none.
        second_reads: Reads of that device for the transfer.
        read_with_weights: The second array is also read with the first, forward and back.
        averaged: A moving average of reads is kept for drawing.
        read_back: A weight's devices are read before they get pulses, and its sum is charged by what was read.
        tries: How often an update may pulse a device and read it after; 0: pulses are not read after.
        reads: Measured reads of these kinds; None: not measured, and there are as many of either as pulses.
        pulses: Measured pulses on a weight's devices; None: not measured, and the library's figure counts.
    """

    name: str
    words: float = 0.0
    moved: float = 0.0
    multiplications: float = 0.0
    additions: float = 0.0
    moments: int = 0
    second_pulses: float | None = None
    second_reads: float = 0.0
    read_with_weights: bool = False
    averaged: bool = False
    read_back: bool = False
    tries: int = 0
    reads: float | None = None
    pulses: float | None = None


def rule_items(rule: RuleCost, layer: str, model: ModelCounts, parts: Parts) -> Iterator[Item]:
    """What one update of a net takes by a rule, apart from pulses on its devices."""
    values, all_values = model.trainable_in_arrays, model.trainable
    bits, title = parts.figure("training_bits"), f"rule {rule.name}"
    words, moved = rule.words * values, rule.moved * values
    if rule.moments:  # of what no array holds, too: a batch norm's numbers
        words, moved = words + rule.moments * all_values, moved + (1 + 2 * rule.moments) * all_values  # to and fro
        for what, role in (("multiplications", "multiply"), ("additions", "add"), ("divisions", "divide")):
            count = all_values * parts.figure(f"adam_{what}")
            yield priced("moments (Adam), digital", layer, count, parts.library.item(role), note=what)
    if words:
        note = f"{words * bits / 8:,.0f} bytes kept in a memory chip, {moved / all_values:.3g} words a weight moved"
        traffic = moved * bits
        yield priced(f"{title}: memory", layer, traffic, parts.library.item("off_chip", bits=1), note=note)
    for what, count, role in (
        ("multiplications", rule.multiplications, "multiply"),
        ("additions", rule.additions, "add"),
    ):
        if count:
            price = parts.library.item(role)
            yield priced(f"{title}: arithmetic, digital", layer, values * count, price, note=what)
    if rule.second_pulses is not None and rule.second_reads:
        read, (adc, _) = parts.read(), parts.converter("adc")
        count = values * rule.second_reads
        note = "one device and its reference a weight; read row by row for the transfer"
        yield priced(f"{title}: second array, reads", layer, 2 * count, read, note=note)
        yield priced(f"{title}: second array, converters", layer, count, adc, note=note)
    if rule.averaged and layer != "discriminator":  # nobody draws with it
        cells, (adc, _) = model.total("weight_cells"), parts.converter("adc")
        yield priced("average of reads: reads", layer, cells, parts.read(), note="every device once an update")
        yield priced("average of reads: converters", layer, values, adc)
        kept = all_values * AVERAGE_WORDS * bits  # a batch norm's numbers are averaged, too, and need no read
        price, note = parts.library.item("off_chip", bits=1), f"{kept / 8:,.0f} bytes kept in a memory chip"
        yield priced("average of reads: memory", layer, 2 * kept, price, note=note)
        for what, role in (("multiplications", "multiply"), ("additions", "add")):
            yield priced(
                "average of reads: arithmetic, digital", layer, 2 * all_values, parts.library.item(role), note=what
            )
