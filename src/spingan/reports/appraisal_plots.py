"""Pictures of an appraisal: the device's curves, what the net tolerates, the region that would do, and its place."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from spingan.measured.fit import Fit
from spingan.measured.fit_plot import draw_branches
from spingan.quantities import quantity_text
from spingan.reports.plots import COLOURS, add_legend, name_axes, new_figure
from spingan.spec.synapse import Synapse
from spingan.studies.appraise import READS, Appraisal
from spingan.studies.properties import Property
from spingan.studies.requirements import Requirement, value_text
from spingan.studies.study import TOLERANCE
from spingan.studies.tolerance import Tolerance

_LIMIT, _DEVICE = "#8a8f98", COLOURS[1]
_MARKS = ("o", "s", "^", "D", "v")
_SEEN = 3.0  # ratios above it are drawn at the edge: the question is 1.25
PAIRS = (
    ("programming noise", "read noise"),
    ("programming noise", "levels"),
    ("spread", "stuck devices"),
    ("offset", "slope error"),
    ("wires", "converter bits"),
    ("programming noise", "converter bits"),
)
"""Pairs that a design trades against each other: noise against noise, error of writing against how finely one writes,
spread against yield, both errors of activations, both ends of a tile."""


def levels_figure(synapse: Synapse, fit: Fit | None) -> Figure:
    """A synapse's levels, with its error of writing and its read noise; and the measurement that they come from."""
    figure, axes = new_figure(6.8 if fit is not None else 4.2, 3.0, 2 if fit is not None else 1)
    axis, places = axes[-1], np.arange(synapse.states)
    values, unit = np.asarray(synapse.conductance), "S" if synapse.basis != "normalised" else None
    for column, colour, name in (
        (synapse.write_error, COLOURS[1], "error of writing"),
        (
            synapse.read_noise_s or (synapse.read.noise_s and (synapse.read.noise_s,) * synapse.states),
            COLOURS[2],
            "read noise",
        ),
    ):
        if column:
            around = np.asarray(column)
            axis.fill_between(
                places, values - around, values + around, color=colour, alpha=0.35, label=f"± {name}", lw=0
            )
    axis.plot(places, values, ".-", color=COLOURS[0], markersize=3, linewidth=1.0, label=f"{synapse.states} levels")
    name_axes(axis, "level", "conductance" if unit else "conductance (normalised)", None, unit)
    add_legend(axis)
    if fit is not None:
        _draw_fit(axes[0], fit)
    return figure


def _draw_fit(axis: Axes, fit: Fit) -> None:
    draw_branches(axis, fit)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    add_legend(axis)


def fit_figure(fit: Fit) -> Figure:
    """A measurement and its fit."""
    figure, (axis,) = new_figure(4.2, 3.0)
    _draw_fit(axis, fit)
    return figure


def tolerance_figure(found: Appraisal) -> Figure:
    """A panel for each property: ratios of all chips, the fitted excess, the limit with its interval, the device."""
    tolerances = found.tolerances
    columns = 5
    rows = -(-len(tolerances) // columns)
    figure, axes = new_figure(13.0, 2.6 * rows, len(tolerances), rows)
    for axis, tolerance in zip(axes, tolerances, strict=False):
        mine = [each for each in found.requirements if each.tolerance == tolerance.name]
        _draw_tolerance(axis, tolerance, mine)
    for axis in axes[::columns]:
        axis.set_ylabel("distance / ideal's", fontsize=8)
    _lay_out(figure, columns, rows, 0.3)
    return figure


def _draw_tolerance(axis: Axes, tolerance: Tolerance, mine: Sequence[Requirement]) -> None:
    prop, seeds = tolerance.of, sorted({seed for _, _, seed in tolerance.points})
    for number, seed in enumerate(seeds):
        points = [(value, min(ratio, _SEEN)) for value, ratio, chip in tolerance.points if chip == seed]
        look = {"marker": _MARKS[number % len(_MARKS)], "color": COLOURS[0], "markersize": 4, "linestyle": "none"}
        axis.plot(*zip(*points, strict=True), **look, markerfacecolor="none")
    ends = [value for value, _, _ in tolerance.points] + [each.has for each in mine if _shown(each.has)]
    if tolerance.limit is not None:
        ends.append(tolerance.limit)
    low, high = _widened(prop, ends)
    if tolerance.limit is not None and tolerance.low is not None and tolerance.high is not None:
        values = np.geomspace(low, high, 60) if prop.name != "converter bits" else np.linspace(low, high, 60)
        curve = [1 + (tolerance.excess(float(value)) or 0.0) for value in values]
        axis.plot(values, np.minimum(curve, _SEEN), "-", color=COLOURS[0], linewidth=1.0, alpha=0.7)
        axis.axvspan(*sorted((tolerance.low, tolerance.high)), color=COLOURS[2], alpha=0.25, lw=0)
        axis.axvline(tolerance.limit, color=COLOURS[2], linewidth=1.2)
    axis.axhline(TOLERANCE, color=_LIMIT, linestyle="--", linewidth=1.0)
    marked = [each for each in mine if _shown(each.has)]
    for number, each in enumerate(marked):
        assert each.has is not None
        axis.axvline(each.has, color=_DEVICE, linewidth=1.8, linestyle=("-", "--", ":")[number % 3])
        where = each.name.partition(" in ")[2] or "device"
        axis.annotate(where, (each.has, 0.97 - 0.13 * number), xycoords=("data", "axes fraction"), xytext=(3, 0),
                      textcoords="offset points", va="top", fontsize=7, color=_DEVICE)  # fmt: skip
    if not marked:
        why = "device: none of it" if all(each.exact or each.has == 0 for each in mine) else "device: unknown"
        axis.text(0.03, 0.94, why, transform=axis.transAxes, fontsize=7, color=_DEVICE, va="top")
    _scale(axis, prop, low, high, "x")
    axis.set_ylim(0.9, 2.0 if max((ratio for _, ratio, _ in tolerance.points), default=1.0) < 2 else _SEEN)
    axis.set_title(prop.name, fontsize=9)
    axis.tick_params(labelsize=7)


def _shown(value: float | None) -> bool:
    return value is not None and 0 < value < math.inf


def _widened(prop: Property, values: Sequence[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None] or [prop.rungs[0], prop.rungs[-1]]
    if prop.name == "converter bits":
        return min(known) - 0.5, max(known) + 0.5
    return min(known) / 1.4, max(known) * 1.4


def _scale(axis: Axes, prop: Property, low: float, high: float, which: str) -> None:
    """The property's own scale, harm to the right or upwards."""
    ends = (high, low) if prop.larger_is_better else (low, high)
    own = axis.xaxis if which == "x" else axis.yaxis
    if prop.name != "converter bits":
        (axis.set_xscale if which == "x" else axis.set_yscale)("log")
        own.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0) if high / low < 50 else (1.0,)))
        own.set_minor_locator(NullLocator())
        own.set_major_formatter(FuncFormatter(lambda value, _: value_text(value, prop.unit)))
    (axis.set_xlim if which == "x" else axis.set_ylim)(*ends)


def map_figure(found: Appraisal) -> tuple[Figure, tuple[str, ...]] | None:
    """Pairs of properties: the region in which the asked quality is met, with the device; and what is not marked.

    All other properties are as the device has them, as far as they are known. Harms add (`requirements.predicted`).
    """
    by_name = {each.name: each for each in found.tolerances if each.limit is not None}
    pairs = [pair for pair in PAIRS if all(name in by_name for name in pair)]
    if not pairs:
        return None
    has = {each.name: each for each in found.requirements if not each.aged}
    panels = len(pairs) + bool(found.energy_by_bits)
    rows = -(-panels // 3)
    figure, axes = new_figure(12.0, 3.3 * rows, panels, rows)
    if found.energy_by_bits:
        _draw_energy(axes[-1], found, by_name, has)
    for axis, (x, y) in zip(axes, pairs, strict=False):
        rest = sum(each.excess or 0.0 for name, each in has.items() if name not in (x, y))
        if rest >= found.quality - 1:
            rest = 0.0
            axis.set_title("others ideal: as they are, nothing would do", fontsize=7, color=_DEVICE)
        _draw_map(axis, by_name[x], by_name[y], has.get(x), has.get(y), rest, found.quality)
    unknown = tuple(dict.fromkeys(name for pair in pairs for name in pair if name not in has or has[name].has is None))
    _lay_out(figure, 3, rows, 0.42)
    return figure, unknown


def _lay_out(figure: Figure, columns: int, rows: int, below: float) -> None:
    """Panels at fixed places, `below` inches of room under each: finding the best ones takes seconds."""
    figure.set_layout_engine(None)
    width, height = figure.get_size_inches()
    room = {"wspace": 0.55 / (width / columns - 0.55), "hspace": (below + 0.2) / (height / rows - below - 0.2)}
    figure.subplots_adjust(
        left=0.55 / width, right=1 - 0.1 / width, bottom=below / height, top=1 - 0.2 / height, **room
    )


def _draw_energy(
    axis: Axes, found: Appraisal, by_name: Mapping[str, Tolerance], has: Mapping[str, Requirement]
) -> None:
    """Bits of the converters against the conductance of all devices: where quality and energy are both as asked.

    Reads take energy, and wires current, in proportion to the conductance; what converters take follows their bits.
    """
    assert found.energy_j is not None
    bits, factors = np.array(sorted(found.energy_by_bits), float), np.geomspace(1 / 30, 10, 80)
    energy, harm = np.empty((len(bits), len(factors))), np.zeros((len(bits), len(factors)))
    for row, width in enumerate(bits):
        parts = found.energy_by_bits[int(width)]
        reads = parts.get(READS, 0.0)
        energy[row] = sum(parts.values()) + reads * (factors - 1)
        if "converter bits" in by_name:
            harm[row] += by_name["converter bits"].excess(float(width)) or 0.0
    wires = has.get("wires")
    if "wires" in by_name and wires is not None and wires.has:
        harm += [by_name["wires"].excess(wires.has * float(factor)) or 0.0 for factor in factors]
    rest = sum(each.excess or 0.0 for name, each in has.items() if name not in ("wires", "converter bits"))
    if rest >= found.quality - 1:
        rest = 0.0
        axis.set_title("others ideal: as they are, nothing would do", fontsize=7, color=_DEVICE)
    met = (energy <= found.energy_j) & (1 + rest + harm <= found.quality)
    axis.contourf(factors, bits, met.astype(float), levels=[0.5, 1.5], colors=[COLOURS[2]], alpha=0.3)
    lines = axis.contour(factors, bits, energy, levels=found.energy_j * np.array([0.25, 1.0, 4.0]), colors=[COLOURS[0]])
    axis.clabel(lines, fmt=lambda value: quantity_text(float(value), "J", 2), fontsize=7, inline=False)
    own = has.get("converter bits")
    if own is not None and own.has is not None and bits[0] <= own.has <= bits[-1]:
        axis.plot([1.0], [own.has], "*", color=_DEVICE, markersize=13, markeredgecolor="white", zorder=5)
    else:
        axis.axvline(1.0, color=_DEVICE, linewidth=1.6, linestyle="--")
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"x {value:g}"))
    axis.set_xlabel("conductance of all devices, times today's", fontsize=8)
    axis.set_ylabel("converter bits", fontsize=8)
    axis.tick_params(labelsize=7)


def _draw_map(
    axis: Axes,
    x: Tolerance,
    y: Tolerance,
    has_x: Requirement | None,
    has_y: Requirement | None,
    rest: float,
    quality: float,
) -> None:
    ranges = []
    for tolerance, has in ((x, has_x), (y, has_y)):
        assert tolerance.limit is not None
        harm = tolerance.of.harm(tolerance.limit)
        least, most = harm / 12, harm * 4
        if has is not None and _shown(has.has):
            assert has.has is not None
            own = tolerance.of.harm(has.has)
            least, most = min(least, own / 1.5), max(most, own * 1.5)
        ranges.append(np.geomspace(least, most, 120))
    values = [np.array([t.of.value(float(h)) for h in r]) for t, r in zip((x, y), ranges, strict=True)]
    excess = [np.array([t.excess(float(v)) or 0.0 for v in vs]) for t, vs in zip((x, y), values, strict=True)]
    ratio = 1 + rest + excess[0][None, :] + excess[1][:, None]
    axis.contourf(*values, ratio, levels=[0, quality], colors=[COLOURS[2]], alpha=0.3)
    lines = axis.contour(*values, ratio, levels=sorted({1.1, quality, 1.5, 2.0}), colors=[COLOURS[0]], linewidths=0.9)
    axis.clabel(lines, fmt="%g", fontsize=7, inline=False)
    _mark(axis, x, y, has_x, has_y, values)
    _scale(axis, x.of, float(values[0].min()), float(values[0].max()), "x")
    _scale(axis, y.of, float(values[1].min()), float(values[1].max()), "y")
    axis.set_xlabel(x.name, fontsize=8)
    axis.set_ylabel(y.name, fontsize=8)
    axis.tick_params(labelsize=7)


def _mark(
    axis: Axes,
    x: Tolerance,
    y: Tolerance,
    has_x: Requirement | None,
    has_y: Requirement | None,
    values: Sequence[np.ndarray],
) -> None:
    """The device as a point; as a line where one of both is unknown; at the edge where it has nothing of it."""
    places: list[float | None] = []
    for has, line in ((has_x, values[0]), (has_y, values[1])):
        if has is None or has.has is None:
            places.append(None)
        else:
            places.append(has.has if _shown(has.has) else float(line[0]))
    at_x, at_y = places
    line = {"color": _DEVICE, "linewidth": 1.6, "linestyle": "--"}
    if at_x is not None and at_y is not None:
        axis.plot([at_x], [at_y], "*", color=_DEVICE, markersize=13, markeredgecolor="white", clip_on=False, zorder=5)
    elif at_x is not None:
        axis.axvline(at_x, **line)
    elif at_y is not None:
        axis.axhline(at_y, **line)
    else:
        axis.text(0.5, 0.5, "device: both unknown", transform=axis.transAxes, fontsize=7, color=_DEVICE, ha="center")


def beside_figure(found: Appraisal) -> Figure | None:
    """Energy of an image against the distance of all technologies, and this one; energies with their ranges."""
    own = found.setting("as it is")
    known = [each for each in found.beside if each.distance is not None and each.row.energy_j]
    if own.distance is None or not (known or found.row.energy_j):
        return None
    figure, (axis,) = new_figure(10.0, 4.2)
    labels: list[tuple[str, float, float, str]] = []
    others = [(each.technology, each.distance, each.row) for each in known if each.technology != found.technology.name]
    for number, (name, distance, row) in enumerate([*others, (found.technology.name, own.distance.mean, found.row)]):
        if not row.energy_j or distance is None:
            continue
        this = number == len(others)
        colour = _DEVICE if this else COLOURS[0]
        around = [
            [row.energy_j - (row.energy_low_j or row.energy_j)],
            [(row.energy_high_j or row.energy_j) - row.energy_j],
        ]
        face = "none" if row.missing else colour
        axis.errorbar([row.energy_j], [distance], xerr=around, fmt="*" if this else "o", color=colour, capsize=2,
                      markersize=12 if this else 5, markerfacecolor=face, linewidth=0.9)  # fmt: skip
        labels.append((name, row.energy_j, distance, colour))
    ideal = found.ideal.distance
    if ideal is not None:
        axis.axhline(ideal.mean * found.quality, color=_LIMIT, linestyle="--", linewidth=1.0)
        axis.annotate(f"asked: {found.quality:g} of the ideal's", (0.01, ideal.mean * found.quality),
                      xycoords=("axes fraction", "data"), fontsize=7, color="#5b6675", va="bottom")  # fmt: skip
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "235" else ""))
    axis.xaxis.set_major_formatter(EngFormatter(unit="J"))
    axis.tick_params(which="both", labelsize=8)
    axis.set_xlabel("energy of an image, from low to high; open: some parts have no figure", fontsize=8)
    axis.set_ylabel(f"distance, {found.metric}", fontsize=8)
    _name_points(axis, labels)
    return figure


def _name_points(axis: Axes, labels: Sequence[tuple[str, float, float, str]]) -> None:
    """Names beside their points, moved up where they would lie on each other."""
    placed: list[tuple[float, float]] = []
    points_a_pixel = 72 / axis.figure.get_dpi()
    for name, x, y, colour in sorted(labels, key=lambda each: each[2]):
        right, up = axis.transData.transform((x, y)) * points_a_pixel
        at = up + 4
        while any(abs(right - other) < 100 and abs(at - height) < 8 for other, height in placed):
            at += 2
        placed.append((right, at))
        look = {"fontsize": 7, "color": colour, "textcoords": "offset points"}
        axis.annotate(name, (x, y), xytext=(5, at - up), **look)
