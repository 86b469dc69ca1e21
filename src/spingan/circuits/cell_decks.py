"""The papers' cells, crossbars and devices by name as SPICE decks or Verilog-A modules."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.am_dcgan_cnn import cnn_netlist
from spingan.circuits.am_dcgan_network import Network, draw_network, draw_pictures
from spingan.circuits.am_dcgan_study import PICTURES
from spingan.circuits.am_dcgan_study import SEED as CNN_SEED
from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.cell_bench import pulse_netlist, sweep_netlist
from spingan.circuits.cell_devices import PRINTED_CELLS, CellDevice, CellForm, CellFunction, cell_device
from spingan.circuits.crossbar_column import Array, crossbar_lines, drive_lines
from spingan.circuits.decks import Deck
from spingan.circuits.domain_wall_cells import TRANSFER_POINTS, Cell, transfer_netlist
from spingan.circuits.domain_wall_response import STEP_S, response_netlist, wall_waveform
from spingan.circuits.domain_wall_study import FOLLOWED_S, cell_for
from spingan.circuits.memristive_cells import MEMRISTIVE_CELLS, POINTS, MeasuredCell, memristive_cell
from spingan.circuits.messages import one_line
from spingan.circuits.verilog_a import Module, domain_wall_module
from spingan.devices.wall_device import TorqueConvention
from spingan.errors import UserError

Analysis = Literal["transfer", "time"]
SUPPLIES = ("i(vhd)", "i(vld)", "i(vhi)", "i(vli)")


def domain_wall_transfer_deck(cell: Cell, device: CellDevice, cards: Cards) -> Deck:
    """A cell of paper S with a device in it: its DC transfer over the whole of the device's curve.

    Raises:
        UserError: As `DeviceTable.of`.
    """
    lowest, highest = device.curve.input[0], device.curve.input[-1]
    netlist = transfer_netlist(cell, device.table(), lowest, highest, TRANSFER_POINTS, cards)
    return Deck(
        title=f"{cell.name}: {device.curve.name} in its cell, DC transfer",
        about=(
            *_about_cell(cell, device, cards),
            "A volt at the node in stands for a microampere of input current. The table in bdev is the device's curve "
            "(its rising branch), straight between the points.",
            "Nodes: mid the divider's middle, out the output. Supplies: vhd and vld of the divider, vhi and vli of the "
            "inverters; power is minus voltage times current, summed.",
        ),
        netlist=netlist,
        shown=("v(in)", "v(mid)", "v(out)", *SUPPLIES),
    )


def domain_wall_time_deck(cell: Cell, device: CellDevice, convention: TorqueConvention, cards: Cards) -> Deck:
    """A cell of paper S in time: its input steps from zero to full scale, and the wall moves as the compact model says.

    Raises:
        UserError: The wall device is not known; and as `wall_waveform`.
    """
    if device.wall is None or device.constants is None:
        raise UserError(
            f"{device.curve.name}: how its wall moves is not known",
            "Give the wall device, or export the transfer",
        )
    full_a = device.curve.input_full_scale
    waveform = wall_waveform(device.wall, device.constants, convention, 0.0, full_a, device.start_m, FOLLOWED_S)
    ends = []  # two models have two ends
    for at, end in ((0.0, waveform.conductance_s[0]), (full_a, waveform.conductance_s[-1])):
        table = float(np.interp(at, device.curve.input, device.curve.rising))
        apart = (end - table) / table
        ends.append(f"{end * 1e6:.2f} uS at {at * 1e6:g} uA (the curve: {table * 1e6:.2f} uS, {apart:+.1%})")
    return Deck(
        title=f"{cell.name}: {device.curve.name} in its cell, a step of the input to full scale",
        about=(
            *_about_cell(cell, device, cards),
            f"A volt at the node g stands for a millisiemens: the conductance after the input has stepped from 0 to "
            f"{full_a * 1e6:g} uA, by the compact wall model (torque convention {convention}).",
            f"The compact model begins and ends at {' and '.join(ends)}. The transfer deck has the curve, so outputs "
            "of the two decks differ at their ends: take levels from the transfer, and times from here.",
            "Nodes: mid the divider's middle, out the output, which nothing loads.",
        ),
        netlist=response_netlist(cell, waveform, STEP_S, cards, device.table().fall),
        shown=("v(g)", "v(mid)", "v(out)", *SUPPLIES),
    )


def bench_deck(cell: MeasuredCell, analysis: Analysis, cards: Cards) -> Deck:
    """A cell of paper M in its bench, as `measure_cell` has it: its DC transfer, or its answer to a pulse of 100 ns."""
    bench = cell.bench
    if analysis == "transfer":
        netlist, what = sweep_netlist(bench, cell.lowest, cell.highest, POINTS, cards), "DC transfer"
    else:
        netlist, what = pulse_netlist(bench, cell.rest, cell.pulse, cards), "one pulse of 100 ns"
    driven = "" if bench.input_a_per_v is None else f" A volt at drive stands for {bench.input_a_per_v:g} A into in."
    supplies = tuple(f"i(v{rail}{end})" for end in bench.cell.supplies for rail in ("vdd", "vss"))
    return Deck(
        title=f"{cell.name}, {what}",
        about=(
            f"{cell.does}; the output drives {cell.loaded}. Source: {bench.cell.source}.",
            f"Transistors: {_about_cards(cards)}",
            f"Nodes: in is driven, out is looked at.{driven}",
        ),
        netlist=netlist,
        shown=(f"v({bench.driven})", "v(out)", *supplies),
    )


def cnn_deck(network: Network, pictures: NDArray[np.float64], cards: Cards) -> Deck:
    """Paper M's small CNN through its pictures, one each 100 ns.

    Raises:
        UserError: As `cnn_netlist`.
    """
    count, side = pictures.shape[0], pictures.shape[-1]
    return Deck(
        title=f"paper M's small CNN, {count} pictures of {side} x {side} pixels, 100 ns each",
        about=(
            "Source: paper M (AM-DCGAN), figures 2 to 4; the cells' schematics and sizes, weights and pictures are "
            f"spingan's. Transistors: {_about_cards(cards)}",
            "Nodes: pixel_Y_X, first_relu_C_Y_X, second_mean_C_0_0, row_N, column, converted, score; the sources vvddE "
            "and vvssE feed one kind of cells each.",
        ),
        netlist=cnn_netlist(network, pictures, cards),
        shown=("v(first_relu_0_0_0)", "v(second_mean_0_0_0)", "i(vcolumn)", "v(converted)", "v(score)"),
    )


def crossbar_deck(array: Array, input_v: NDArray[np.float64], title: str, about: tuple[str, ...]) -> Deck:
    """A crossbar at its inputs' operating point.

    Args:
        input_v: (rows,) volts.

    Raises:
        UserError: As `crossbar_column.drive_lines`.
    """
    rows, columns = array.conductance_s.shape
    ends = [f"out{column}" for column in range(columns)]
    read = "an ideal virtual ground (0 V sources vs0, ...: their currents are the outputs)"
    if array.load_s is not None:
        read = f"a load of {1 / array.load_s:.6g} ohm to ground (the voltages of out0, ... are the outputs)"
    parts = (
        f"{rows} rows driven at in0, ... through {array.driver_ohm:g} ohm; {columns} columns that end at out0, ... in "
        f"{read}; wires of {array.wire_ohm:g} ohm a cell in row and column. Cells are ohmic.",
        "rcI_J is the cell of row I and column J, rrI_J and rkI_J its wires, rdI the row's driver.",
    )
    shown = [f"v({end})" for end in ends] if array.load_s is not None else [f"i(vs{c})" for c in range(columns)]
    lines = [f"* {one_line(title)}", *crossbar_lines(array), *drive_lines(array, input_v)]
    return Deck(title, (*about, *parts), "\n".join(lines), tuple(shown))


def _about_cell(cell: Cell, device: CellDevice, cards: Cards) -> tuple[str, ...]:
    return (
        f"Circuit: {cell.source}. Device: {device.curve.name}: {device.curve.provenance or 'provenance not said'}",
        f"Transistors: {_about_cards(cards)}",
    )


def _about_cards(cards: Cards) -> str:
    return f"cards {cards.name}, {cards.node} class, at {cards.technology.length_m * 1e9:g} nm; their text is below."


DOMAIN_WALL: dict[str, CellFunction] = {"leaky-relu": "leaky_relu", "relu": "relu"}
CNN = "am-dcgan-cnn"


def cell_deck(
    name: str,
    analysis: Analysis | None = None,
    *,
    curve: str | Path = "simulated",
    device_file: Path | None = None,
    form: CellForm | None = None,
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
    cell = cell_for(function, device, (form or device.form) == "fitted", cards, seed)
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
    capacitance = PRINTED_CELLS[DOMAIN_WALL[name]].device_capacitance_f
    return domain_wall_module(device.curve, device.wall, convention, capacitance)
