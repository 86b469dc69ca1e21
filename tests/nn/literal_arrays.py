"""A layer's arrays built device by device and read by Kirchhoff's laws, in float64 and plain loops.

Nothing here is shared with what the package computes with: a converted layer's weights, its ranges and the lead of its
shared windows are read from it, the rest is built from the technology's words.
"""

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from spingan.nn.analog import AnalogConv2d, AnalogConvTranspose2d, AnalogLayer
from spingan.nn.converters import Quantiser
from spingan.spec.technology import Technology


@dataclass
class Codes:
    """A converter whose range was measured."""

    step: float
    lowest: int
    highest: int
    bits: int

    @classmethod
    def of(cls, converter: Quantiser | None) -> "Codes | None":
        if converter is None:
            return None
        low, high = float(converter.low), float(converter.high)
        step = (high - low) / (2**converter.bits - 1)
        return cls(step, math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6), converter.bits)

    def code(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Codes, and where the last bits of a float32 decide between two."""
        places = np.asarray(values) / self.step
        near = np.abs(np.abs(places - np.floor(places)) - 0.5) < 1e-3
        inside = (places > self.lowest - 1) & (places < self.highest + 1)
        return np.clip(np.rint(places), self.lowest, self.highest), near & inside


@dataclass
class Array:
    """One array of a layer.

    Attributes:
        rows: (channel, tap down, tap across) of each row: which weights stand there depends on the column.
        columns: (output, phase) of each column.
        weight: (rows, columns) in -1..1 of full scale, as it was meant.
        built: (rows, columns) where there is a device.
        reads: What drives the rows, and for each column the pixel (down, across) that it gives, or None.
    """

    rows: list
    columns: list
    weight: np.ndarray
    built: np.ndarray
    reads: list = field(default_factory=list)

    @property
    def references(self) -> list:
        """The columns that share each reference: all, or, where places are empty, those of a phase."""
        if self.built.all():
            return [list(range(len(self.columns)))]
        phases = sorted({phase for _, phase in self.columns})
        return [[j for j, (_, own) in enumerate(self.columns) if own == phase] for phase in phases]


def tile_transfer(cells: np.ndarray, technology: Technology, load_ohm: float) -> np.ndarray:
    """(rows, columns) current out of each column for 1 V on each row. Nodes that 0 Ω joins are one."""
    rows, columns = cells.shape
    row_ohm = technology.wire_resistance_ohm or 0.0
    down_ohm = row_ohm if technology.column_wire_resistance_ohm is None else technology.column_wire_resistance_ohm
    driver_ohm = technology.driver_resistance_ohm or 0.0
    parent: dict = {}

    def root(node):
        parent.setdefault(node, node)
        while parent[node] != node:
            node = parent[node]
        return node

    links = []

    def link(one, other, ohm):
        if ohm == 0.0:
            parent[root(one)] = root(other)
        else:
            links.append((one, other, 1 / ohm))

    for i, j in itertools.product(range(rows), range(columns)):
        if j + 1 < columns:
            link(("row", i, j), ("row", i, j + 1), row_ohm)
        if i + 1 < rows:
            link(("column", i, j), ("column", i + 1, j), down_ohm)
    for i in range(rows):
        link(("row", i, 0), ("driver", i), driver_ohm + row_ohm)
        if technology.row_feed == "two_sides":
            link(("row", i, columns - 1), ("driver", i), driver_ohm + row_ohm)
    for j in range(columns):
        link(("column", rows - 1, j), ("ground", j), down_ohm + load_ohm)
    for i, j in itertools.product(range(rows), range(columns)):
        if cells[i, j]:
            links.append((("row", i, j), ("column", i, j), float(cells[i, j])))
    fixed = {root(("driver", i)): i for i in range(rows)}
    grounds = {root(("ground", j)): j for j in range(columns)}
    nodes = {root(node) for one, other, _ in links for node in (one, other)}
    free = {node: number for number, node in enumerate(nodes - fixed.keys() - grounds.keys())}
    matrix, driven = np.zeros((len(free), len(free))), np.zeros((len(free), rows))
    for one, other, siemens in links:
        ends = root(one), root(other)
        for here, there in (ends, ends[::-1]):
            if here in free:
                matrix[free[here], free[here]] += siemens
                if there in free:
                    matrix[free[here], free[there]] -= siemens
                elif there in fixed:
                    driven[free[here], fixed[there]] += siemens
    volts = np.linalg.solve(matrix, driven) if len(free) else driven

    def voltage(node):
        if node in free:
            return volts[free[node]]
        return np.eye(rows)[fixed[node]] if node in fixed else np.zeros(rows)

    out = np.zeros((rows, columns))
    for one, other, siemens in links:
        ends = root(one), root(other)
        for here, there in (ends, ends[::-1]):
            if here in grounds:
                out[:, grounds[here]] += siemens * (voltage(there) - voltage(here))
    return out


def _levels(technology: Technology) -> np.ndarray:
    synapse = technology.synapse
    siemens = np.array(synapse.conductance)
    share = (siemens - siemens[0]) / (siemens[-1] - siemens[0])
    if technology.encoding == "midpoint_reference":
        return 2 * share - 1
    if technology.encoding == "sign_crossbar":
        share = share if synapse.basis == "normalised" else siemens / siemens[-1]
    return np.unique(np.concatenate((-share, share)))


def _siemens(technology: Technology, weight: np.ndarray, built: np.ndarray):
    """Both conductances of weights on levels; a reference is the middle of the range."""
    siemens = np.array(technology.synapse.conductance)
    if technology.synapse.basis == "normalised":
        siemens = (siemens - siemens[0]) / (siemens[-1] - siemens[0])
    low, high = siemens[0], siemens[-1]
    if technology.encoding == "midpoint_reference":
        plus, minus = low + (weight + 1) / 2 * (high - low), np.full(weight.shape, (low + high) / 2)
    elif technology.encoding == "differential_pair":
        plus, minus = (low + np.maximum(sign * weight, 0) * (high - low) for sign in (1, -1))
    else:  # one device of ±G / Gmax; the other side has none
        plus, minus = (np.maximum(sign * weight, 0) * high for sign in (1, -1))
    return plus * built, minus * built


def read_through(array: Array, technology: Technology, *, leaks: bool = False) -> list[tuple[slice, np.ndarray]]:
    """For each tile down: its rows, and what each column's difference gives for them, in full scales of a weight."""
    synapse = technology.synapse
    siemens = np.array(synapse.conductance)
    normalised = synapse.basis == "normalised"
    low, high = (0.0, 1.0) if normalised else (siemens[0], siemens[-1])
    full = {"midpoint_reference": (high - low) / 2, "differential_pair": high - low, "sign_crossbar": high}
    loaded = technology.read_out == "load_divider"
    load_ohm = technology.load_resistance_ohm if loaded else 0.0
    plus, minus = _siemens(technology, array.weight, array.built)
    rows, columns = plus.shape
    tall, wide = technology.tile_rows or rows, weights_in_a_tile(array, technology)
    references = array.references
    tiles = []
    for first in range(0, rows, tall):
        down = slice(first, min(first + tall, rows))
        found = np.zeros((down.stop - first, columns))
        for left in range(0, columns, wide):
            here = list(range(left, min(left + wide, columns)))
            devices = array.built[down].sum(0)
            if technology.encoding == "midpoint_reference":
                stand = [columns_of[0] for columns_of in references]
                physical = [plus[down, j] for j in here] + [minus[down, j] for j in stand]
                count = [devices[j] for j in here] + [devices[j] for j in stand]
                which = [len(here) + next(n for n, own in enumerate(references) if j in own) for j in here]
                groups, pairs = [(physical, count)], [(0, n, 0, which[n]) for n in range(len(here))]
            elif technology.pair_layout == "separate":
                groups = [([half[down, j] for j in here], [devices[j] for j in here]) for half in (plus, minus)]
                pairs = [(0, n, 1, n) for n in range(len(here))]
            else:
                physical = [half[down, j] for j in here for half in (plus, minus)]
                groups = [(physical, [devices[j] for j in here for _ in (0, 1)])]
                pairs = [(0, 2 * n, 0, 2 * n + 1) for n in range(len(here))]
            gives = []
            for physical, count in groups:
                current = tile_transfer(np.array(physical).T, technology, load_ohm)
                if loaded:  # the voltage of the load, amplified for a column of devices that are all at their smallest
                    current = current * load_ohm * (np.array(count) * low + 1 / load_ohm)
                gives.append(current)
            for (one, n, other, m), j in zip(pairs, here, strict=True):
                found[:, j] = (gives[one][:, n] - gives[other][:, m]) / full[technology.encoding]
        if not leaks:  # to where no device is: left out by the package (`ArrayRules.halves_behind_wires`)
            found[~array.built[down]] = 0.0
        tiles.append((down, found))
    return tiles


def weights_in_a_tile(array: Array, technology: Technology) -> int:
    """Weights side by side in one tile, beside all its references."""
    if technology.tile_columns is None:
        return len(array.columns)
    if technology.encoding == "midpoint_reference":
        return technology.tile_columns - len(array.references)
    return technology.tile_columns // (1 if technology.pair_layout == "separate" else 2)


def counted(arrays: list[Array], technology: Technology) -> dict[str, int]:
    """Devices, drives, reads and conversions of one image, each counted where it stands.

    `arrays` are driven with ones, so that an inserted zero or a border is a 0.
    """
    total: dict[str, int] = dict.fromkeys(
        ("weights", "weight_cells", "reference_cells", "tiles", "row_drivers", "column_ends", "outputs", "macs"), 0
    )
    more = ("input_drives", "useful_input_drives", "output_conversions", "useful_cell_reads", "useful_macs", "reads")
    total |= dict.fromkeys(more, 0)
    midpoint = technology.encoding == "midpoint_reference"
    each = 1 if midpoint else 2
    apart = 2 if technology.pair_layout == "separate" and not midpoint else 1
    for array in arrays:
        rows, columns = array.weight.shape
        down = math.ceil(rows / (technology.tile_rows or rows))
        across = math.ceil(columns / weights_in_a_tile(array, technology))
        ends = 1 if technology.partial_sums == "analog" else down
        beside = np.stack([array.built[:, own[0]] for own in array.references], 1).sum(1) * across * midpoint
        crossed = array.built.sum(1) * each + beside
        total["weights"] += int(array.built.sum())
        total["weight_cells"] += int(array.built.sum()) * each
        total["reference_cells"] += int(beside.sum())
        total["tiles"] += down * across * apart
        total["row_drivers"] += rows * across * apart
        total["column_ends"] += columns * ends
        for driven, places in array.reads:
            pixels = driven[:, 0] != 0
            given = np.array([place is not None for place in places])
            total["reads"] += 1
            total["macs"] += int(array.built.sum())
            total["input_drives"] += rows * across * apart
            total["useful_input_drives"] += int(pixels.sum()) * across * apart
            total["output_conversions"] += int(given.sum()) * ends
            total["outputs"] += int(given.sum())
            total["useful_cell_reads"] += int(crossed[pixels].sum())
            total["useful_macs"] += int(array.built[pixels][:, given].sum())
    if technology.tile_rows is None and technology.tile_columns is None:
        total["tiles"] = None
    return total


def arrays_of(layer: AnalogLayer, weight: np.ndarray, images: np.ndarray) -> tuple[list[Array], tuple[int, ...]]:
    """The arrays that hold (outputs, inputs, kernel, kernel) weights, their reads, and the size of the map read."""

    def pixel(channel, y, x):
        high, across = images.shape[2:]
        return images[:, channel, y, x] if 0 <= y < high and 0 <= x < across else np.zeros(len(images))

    if isinstance(layer, nn.Linear):
        outputs, inputs = weight.shape
        one = Array([(c, 0, 0) for c in range(inputs)], [(o, 0) for o in range(outputs)], weight.T.copy(),
                    np.ones((inputs, outputs), bool))  # fmt: skip
        one.reads.append((images.T, [(0, 0)] * outputs))
        return [one], (1, 1)
    outputs, inputs, kernel, _ = weight.shape
    taps = list(itertools.product(range(kernel), range(kernel)))
    stride, padding = layer.stride[0], int(layer.padding[0])
    whole = [(c, y, x) for c in range(inputs) for y, x in taps]
    if isinstance(layer, AnalogConv2d):
        size = tuple((side + 2 * padding - kernel) // stride + 1 for side in images.shape[2:])
        one = Array(whole, [(o, 0) for o in range(outputs)], weight.reshape(outputs, -1).T.copy(),
                    np.ones((len(whole), outputs), bool))  # fmt: skip
        for t, u in itertools.product(*map(range, size)):
            driven = [pixel(c, t * stride + y - padding, u * stride + x - padding) for c, y, x in whole]
            one.reads.append((np.array(driven), [(t, u)] * outputs))
        return [one], size
    assert isinstance(layer, AnalogConvTranspose2d)
    size = tuple((side - 1) * stride - 2 * padding + kernel + layer.output_padding[0] for side in images.shape[2:])
    form, phases = layer.layout.form, layer.layout.phases
    if phases is None:
        one = Array(whole, [(o, 0) for o in range(outputs)], weight.reshape(outputs, -1).T.copy(),
                    np.ones((len(whole), outputs), bool))  # fmt: skip
        for t, u in itertools.product(*map(range, size)):
            driven = []
            for c, y, x in whole:
                (down, no), (right, never) = divmod(t + padding - y, stride), divmod(u + padding - x, stride)
                driven.append(np.zeros(len(images)) if no or never else pixel(c, down, right))
            one.reads.append((np.array(driven), [(t, u)] * outputs))
        return [one], size
    stride = phases.stride
    count, found = min(kernel, stride), []
    if form == "polyphase":
        for ry, rx in itertools.product(range(count), range(count)):
            rows = [(c, m, n) for c in range(inputs) for m in range(len(range(ry, kernel, stride)))
                    for n in range(len(range(rx, kernel, stride)))]  # fmt: skip
            held = np.array([[weight[o, c, ry + stride * m, rx + stride * n] for o in range(outputs)]
                             for c, m, n in rows])  # fmt: skip
            one = Array(rows, [(o, 0) for o in range(outputs)], held, np.ones(held.shape, bool))
            for t, u in itertools.product(*map(range, size)):
                (down, y), (right, x) = divmod(t + padding, stride), divmod(u + padding, stride)
                if (y, x) == (ry, rx):
                    driven = [pixel(c, down - m, right - n) for c, m, n in rows]
                    one.reads.append((np.array(driven), [(t, u)] * outputs))
            found.append(one)
        return found, size
    window, lead = -(-kernel // stride), phases.lead
    rows = [(c, m, n) for c in range(inputs) for m in range(window) for n in range(window)]
    columns = [(o, ry * count + rx) for ry in range(count) for rx in range(count) for o in range(outputs)]
    held, built = np.zeros((len(rows), len(columns))), np.zeros((len(rows), len(columns)), bool)
    for (r, (c, m, n)), (j, (o, phase)) in itertools.product(enumerate(rows), enumerate(columns)):
        y, x = m * count + phase // count - lead, n * count + phase % count - lead
        if 0 <= y < kernel and 0 <= x < kernel:
            held[r, j], built[r, j] = weight[o, c, y, x], True
    one = Array(rows, columns, held, built)
    windows = [sorted({(t + padding + lead) // stride for t in range(side)}) for side in size]
    for down, right in itertools.product(*windows):
        places = []
        for _, phase in columns:
            t, u = (q * stride + r - padding - lead for q, r in ((down, phase // count), (right, phase % count)))
            places.append((t, u) if 0 <= t < size[0] and 0 <= u < size[1] else None)
        driven = np.array([pixel(c, down - m, right - n) for c, m, n in rows])
        if any(place is not None for place in places):
            one.reads.append((driven, places))
    return [one], size


def weights_of(layer: AnalogLayer) -> np.ndarray:
    """(outputs, inputs, ...) the float weights."""
    weight = layer.weight.detach().double().numpy()
    return weight.transpose(1, 0, 2, 3) if isinstance(layer, AnalogConvTranspose2d) else weight


def literal_forward(
    meant: AnalogLayer, read: AnalogLayer, norm: nn.BatchNorm2d | None, technology: Technology, images: torch.Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """What a layer's arrays give, and how far rounding may move it.

    Args:
        meant: The layer as it was converted: its float weights and its bias.
        read: The same layer on a chip, whose converters have ranges.
        norm: The batch norm that the columns took over.
    """
    inputs = images.detach().double().numpy()
    weight = weights_of(meant)
    largest = np.abs(weight).reshape(len(weight), -1).max(1)
    gain = {"none": np.ones(len(weight)), "column": largest, "layer": np.full(len(weight), largest.max())}
    gain = np.where(gain[technology.gain] > 0, gain[technology.gain], 1e-30)
    along = (slice(None), *(None,) * (weight.ndim - 1))
    levels = _levels(technology)
    share = np.clip(weight / gain[along], -1, 1)
    held = levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, share, side="right")]  # halfway goes up
    bias = np.zeros(len(weight)) if meant.bias is None else meant.bias.detach().double().numpy()
    factor = np.ones(len(weight))
    if norm is not None:
        mean, variance = (part.double().numpy() for part in (norm.running_mean, norm.running_var))
        factor = norm.weight.detach().double().numpy() / np.sqrt(variance + norm.eps)
        bias = (bias - mean) * factor + norm.bias.detach().double().numpy()
    dac, adc = Codes.of(read.dac), Codes.of(read.adc)
    unit = gain * factor  # the converter reads the column before its sign is turned
    unit = np.where(np.abs(unit) < 1e-30, 1e-30, unit)
    if read.adc is not None and read.adc.swing is not None:
        unit = unit * read.adc.swing.double().numpy()
    slack_in = np.zeros_like(inputs)
    if dac is not None:
        codes, near = dac.code(inputs)
        inputs, slack_in = codes * dac.step, near * dac.step
    arrays, size = arrays_of(meant, held, inputs)
    slacks, _ = arrays_of(meant, held, slack_in)
    out = np.zeros((len(inputs), len(weight), *size))
    slack = np.zeros_like(out)
    for array, moved in zip(arrays, slacks, strict=True):
        tiles = read_through(array, technology)
        if adc is not None and technology.partial_sums == "analog":
            tiles = [(slice(0, len(array.rows)), np.concatenate([gives for _, gives in tiles]))]
        for (driven, places), (uncertain, _) in zip(array.reads, moved.reads, strict=True):
            for down, gives in tiles:
                scale = np.array([gain[o] * factor[o] for o, _ in array.columns])
                units = np.array([unit[o] for o, _ in array.columns])
                effective = gives * scale
                sums, loose = _converted(driven[down], effective, units, dac, adc, technology)
                loose = loose + np.abs(effective).T @ uncertain[down] * (2 if adc is not None else 1)
                loose = loose + (
                    adc.step * np.abs(units)[:, None] * (uncertain[down].any(0)) if adc is not None else 0.0
                )
                loose = loose + 2e-5 * (np.abs(effective).T @ np.abs(driven[down]))
                for j, place in enumerate(places):
                    if place is not None:
                        at = (slice(None), array.columns[j][0], *place)
                        out[at] += sums[j]
                        slack[at] += loose[j]
    out += bias[None, :, None, None]
    slack += 1e-5 * np.abs(bias)[None, :, None, None] + 1e-6
    if isinstance(meant, nn.Linear):
        return out[..., 0, 0], slack[..., 0, 0]
    return out, slack


def _converted(driven, weight, unit, dac, adc, technology):
    """(columns, samples) sums of one tile as they are converted, and what rounding may add."""
    if adc is None:
        return weight.T @ driven, 0.0
    steps = adc.step * unit[:, None]
    if technology.input_coding != "bit_serial" or dac is None:
        codes, near = adc.code(weight.T @ driven / unit[:, None])
        return codes * steps, near * np.abs(steps)
    full = dac.step * max(-dac.lowest, dac.highest)
    codes = np.rint(driven / dac.step).astype(int)
    bits = dac.bits if dac.lowest < 0 else max(1, dac.highest.bit_length())
    sums, loose = 0.0, 0.0
    for bit in range(bits):
        plane = ((codes >> bit) & 1) * full
        worth = 2.0**bit * dac.step / full
        found, near = adc.code(weight.T @ plane / unit[:, None])
        sign = -1 if dac.lowest < 0 and bit == bits - 1 else 1
        sums, loose = sums + sign * worth * found * steps, loose + worth * near * np.abs(steps)
    return sums, loose
