"""The whole bill as a picture: stacked bars for each layer, and the items by their share with low and high."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from spingan.costs.account import Account, FullBill
from spingan.output import output_folder
from spingan.reports.plots import COLOURS, new_figure, save_png

_SHOWN = 5  # items with a colour of their own; the rest is one
_SHADES = (*COLOURS, "#c9b458", "#d8dade")
_HATCHES = ("", "//", "", "..", "\\\\", "")
_LEAST_SHARE = 0.002  # a bar of less is not seen


def write_bill_pictures(bill: FullBill, out: str | Path) -> tuple[Path, ...]:
    """`bill-drawing.png` and, where training is billed, `bill-training.png` in the folder `out`.

    Raises:
        UserError: They cannot be written.
    """
    folder = output_folder(out)
    accounts = {"drawing": bill.drawing, "training": bill.training}
    files = []
    for name, account in accounts.items():
        if account is not None and account.energy_j:
            files.append(folder / f"bill-{name}.png")
            save_png(bill_figure(account), files[-1])
    return tuple(files)


def bill_figure(account: Account) -> Figure:
    """Left: energy by layer, stacked by item. Right: the items by size, with their range on a logarithmic axis."""
    items = [name for name, energy_j in account.by("item").items() if energy_j > _LEAST_SHARE * account.energy_j]
    layers = len(account.by("layer"))
    figure, (left, right) = new_figure(11.0, max(3.6, 0.34 * max(len(items), layers) + 1.2), 2)
    _draw_layers(left, account, items)
    _draw_items(right, account, items)
    return figure


def _draw_layers(axis: Axes, account: Account, items: list[str]) -> None:
    layers = list(account.by("layer"))
    shown = items[:_SHOWN]
    names = [*shown, "other items"]
    energies = {(name, layer): 0.0 for name in names for layer in layers}
    for item in account.items:
        name = item.item if item.item in shown else "other items"
        energies[name, item.layer] += item.energy_j or 0.0
    starts = dict.fromkeys(layers, 0.0)
    for name, colour, hatch in zip(names, (*_SHADES[: len(shown)], _SHADES[-1]), _HATCHES, strict=False):
        widths = [energies[name, layer] for layer in layers]
        bars = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.6, "height": 0.7}
        axis.barh(layers, widths, left=[starts[layer] for layer in layers], label=name, **bars)
        starts = {layer: start + width for (layer, start), width in zip(starts.items(), widths, strict=True)}
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.xaxis.set_major_formatter(EngFormatter(unit="J"))
    axis.set_xlabel("energy, one image")
    axis.legend(frameon=False, fontsize=8, loc="best")


def _draw_items(axis: Axes, account: Account, items: list[str]) -> None:
    values = account.by("item")
    bounds = {name: [0.0, 0.0] for name in items}
    for item in account.items:
        if item.item in bounds:
            bounds[item.item][0] += item.energy_low_j or 0.0
            bounds[item.item][1] += item.energy_high_j or 0.0
    axis.set_xscale("log")
    floor = min(bound or values[name] for name, (bound, _) in bounds.items()) / 2
    spans = [
        [values[name] - max(bounds[name][0], floor) for name in items],
        [bounds[name][1] - values[name] for name in items],
    ]
    style = {"fmt": "o", "color": COLOURS[0], "ecolor": COLOURS[0], "capsize": 3, "markersize": 6}
    axis.errorbar([values[name] for name in items], items, xerr=spans, **style)
    highest = max(bounds[name][1] for name in items)
    axis.set_xlim(floor, highest * 8)
    for number, name in enumerate(items):
        place = max(bounds[name][1], values[name]) * 1.25
        axis.text(place, number, f"{values[name] / account.energy_j:.1%}", va="center", fontsize=8)
    axis.set_ylim(len(items) - 0.5, -0.5)
    axis.xaxis.set_major_formatter(EngFormatter(unit="J"))
    axis.set_xlabel("energy, one image, from low to high; share")
