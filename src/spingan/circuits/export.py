"""Cells and devices by their names, written as SPICE decks or Verilog-A modules."""

from pathlib import Path
from typing import Literal

from spingan.circuits.am_dcgan_network import draw_network, draw_pictures
from spingan.circuits.am_dcgan_study import PICTURES
from spingan.circuits.am_dcgan_study import SEED as CNN_SEED
from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.cell_decks import Analysis, bench_deck, cnn_deck, domain_wall_time_deck, domain_wall_transfer_deck
from spingan.circuits.cell_devices import CellDevice, CellFunction, cell_device
from spingan.circuits.cell_fit import fit_cell
from spingan.circuits.decks import Deck
from spingan.circuits.domain_wall_cells import Cell, ConductanceCurve, bias_fall
from spingan.circuits.domain_wall_study import SLOPES, printed_cell
from spingan.circuits.memristive_cells import MEMRISTIVE_CELLS, memristive_cell
from spingan.circuits.verilog_a import Module, domain_wall_module
from spingan.devices.wall_device import TorqueConvention
from spingan.errors import UserError

DOMAIN_WALL: dict[str, CellFunction] = {"leaky-relu": "leaky_relu", "relu": "relu"}
CNN = "am-dcgan-cnn"
Form = Literal["printed", "fitted"]


def cell_deck(
    name: str,
    analysis: Analysis | None = None,
    *,
    curve: str | Path = "simulated",
    device_file: Path | None = None,
    form: Form | None = None,
    convention: TorqueConvention = "magnet-section",
    cards_file: Path | None = None,
    seed: int = 0,
) -> Deck:
    """A cell's deck: its DC transfer, or a step of the input (paper S) or one pulse of 100 ns (paper M) in time.

    Args:
        name: of the catalogue.
        analysis: None: the transfer, and of the small CNN, which has none, its pictures in time.
        curve, device_file: the device in a cell of paper S, as `cell_device` takes them.
        form: that cell as printed, or with a divider fitted to the curve, which ngspice helps to find; None: as printed
            for the printed device, else fitted.
        seed: of the fit.

    Raises:
        UserError: There is no such cell; and as `cell_device`, `load_cards` and the deck's own function.
    """
    if name == CNN:
        if analysis == "transfer":
            raise UserError(f"{CNN} has no transfer: it is a net", "Export it in time: --analysis time")
        return cnn_deck(draw_network(CNN_SEED), draw_pictures(PICTURES, CNN_SEED), load_cards(cards_file, "180nm"))
    if name not in DOMAIN_WALL:
        if name not in (known := {CNN, *(cell.name for cell in MEMRISTIVE_CELLS)}):
            raise UserError(
                f"there is no cell {name!r} to export", f"Known: {', '.join((*DOMAIN_WALL, *sorted(known)))}"
            )
        return bench_deck(memristive_cell(name), analysis or "transfer", load_cards(cards_file, "180nm"))
    function, cards = DOMAIN_WALL[name], load_cards(cards_file)
    device = cell_device(function, curve, device_file)
    fitted = str(curve) not in ("published", "simulated") if form is None else form == "fitted"
    cell = _fitted(function, device, cards, seed) if fitted else printed_cell(function)
    if analysis == "time":
        return domain_wall_time_deck(cell, device, convention, cards)
    return domain_wall_transfer_deck(cell, device, cards)


def device_module(
    name: str,
    *,
    curve: str | Path = "simulated",
    device_file: Path | None = None,
    convention: TorqueConvention = "magnet-section",
) -> Module:
    """The Verilog-A module of the domain-wall device that a cell of paper S has.

    Raises:
        UserError: The cell has no such device, or how its heavy metal is made is not known; and as `cell_device`.
    """
    if name not in DOMAIN_WALL:
        raise UserError(
            f"{name} has no device of its own to write as Verilog-A",
            f"Devices: {', '.join(DOMAIN_WALL)}, and memristor; cells of transistors go into a deck: --format spice",
        )
    device = cell_device(DOMAIN_WALL[name], curve, device_file)
    if device.wall is None:
        raise UserError(
            f"{device.curve.name}: the wall device of the curve is not known", "Give it: --device device.yaml"
        )
    capacitance = printed_cell(DOMAIN_WALL[name]).device_capacitance_f
    return domain_wall_module(device.curve, device.wall, convention, capacitance)


def _fitted(function: CellFunction, device: CellDevice, cards: Cards, seed: int) -> Cell:
    fall = None if device.wall is None else bias_fall(device.wall)
    curve = ConductanceCurve.of(device.curve, fall=fall)
    return fit_cell(printed_cell(function), curve, device.curve.input_full_scale, SLOPES[function], cards, seed).cell
