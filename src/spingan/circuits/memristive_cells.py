"""Paper M's cells by name: what each is measured in, and its figures: power and area, transfer, pulse, its own."""

import difflib
from dataclasses import dataclass

import numpy as np

from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.cell_bench import PULSE_S, Bench, CellTransfer, PulseResponse, pulse_response, sweep
from spingan.circuits.memristive_activations import RELU_BENCH, TANH_BENCH, fit_tanh, tanh_error
from spingan.circuits.memristive_parts import (
    FEEDBACK_OHM,
    OFF_OHM,
    ON_OHM,
    PARTS,
    current_to_voltage,
    dot_product_column,
    mean_filter,
    sign_cell,
    sign_reads,
)
from spingan.circuits.ngspice import run
from spingan.circuits.subcircuit import LAYOUT_FACTOR, Subcircuit, Use
from spingan.errors import UserError
from spingan.tabular import Figure

POINTS = 361
RAIL_V = 0.9  # half of the node's 1.8 V supply either side of 0: assumed, not printed
SIGNAL_V = 0.5  # of a pulse: assumed
COLUMN_S = tuple(np.linspace(1 / ON_OHM, 1 / OFF_OHM, 9).tolist())  # a 3x3 filter from on to off: assumed
OTHERS_V = 0.3  # what drives the column's other rows: assumed
PICTURED = "a figure without numbers"
CLOSED = (f"vcontrol control 0 {RAIL_V:g}",)
FIRST_HZ, LAST_HZ, POINTS_PER_DECADE = 10.0, 1e11, 20
HELD_H, HELD_F = 1e3, 1.0  # feedback for the operating point only: closed below a millihertz


@dataclass(frozen=True)
class MeasuredCell:
    """A cell in its bench, swept between two inputs and driven by a pulse of 100 ns from rest.

    Attributes:
        loaded: what the output drives, in words.
        in_table_1: whether Table I of paper M prints its power and area.
    """

    name: str
    does: str
    bench: Bench
    lowest: float = -RAIL_V
    highest: float = RAIL_V
    rest: float = 0.0
    pulse: float = SIGNAL_V
    loaded: str = "10 kΩ"
    in_table_1: bool = False

    @property
    def input_unit(self) -> str:
        """Volts, or amperes where the input is a current."""
        return "V" if self.bench.input_a_per_v is None else "A"


def _fixed_rows(voltages: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"vin{row} in{row} 0 {value:g}" for row, value in enumerate(voltages, start=1))


MEMRISTIVE_CELLS = (
    MeasuredCell("op-amp", "two-stage op-amp, as a follower", Bench(PARTS["follower"]), in_table_1=True),
    MeasuredCell(
        "current-to-voltage", f"op-amp with {FEEDBACK_OHM / 1e3:g} kΩ, which turns a dense column's current into volts",
        Bench(current_to_voltage(), load_ohm=None, input_a_per_v=1 / FEEDBACK_OHM),
        -RAIL_V / FEEDBACK_OHM, RAIL_V / FEEDBACK_OHM, 0.0, -SIGNAL_V / FEEDBACK_OHM, loaded="nothing",
    ),
    MeasuredCell(
        "dot-product-column", "nine memristors from on to off, 4 kΩ of load; the first driven, the others at 0.3 V",
        Bench(dot_product_column(COLUMN_S), load_ohm=None, around=_fixed_rows((OTHERS_V,) * 8)), loaded="nothing",
    ),
    MeasuredCell(
        "mean-filter", "four equal memristors that meet in a node; one driven, the others at 0.1, 0.2 and 0.3 V",
        Bench(mean_filter(), load_ohm=None, around=_fixed_rows((0.1, 0.2, 0.3))), loaded="nothing",
    ),
    MeasuredCell(
        "relu-switch", "follower, comparator and pass gate: ReLU of gain 1, clipped under the rail", RELU_BENCH,
        in_table_1=True,
    ),
    MeasuredCell(
        "tanh", "differential pair and mirrors into 10 kΩ: hyperbolic tangent", TANH_BENCH, loaded="its own 10 kΩ",
    ),
    MeasuredCell(
        "thresholding", "two inverters: high above half the supply, low below",
        Bench(PARTS["thresholding"], load_ohm=None), rest=-0.2, pulse=0.2, loaded="nothing", in_table_1=True,
    ),
    MeasuredCell(
        "sign-switch", "passes a row's signal, inverted because its cell of the sign crossbar is on",
        Bench(PARTS["sign_switch"], around=(*sign_reads(), *sign_cell("sign", inverts=True))),
    ),
    MeasuredCell(
        "dropout-switch", "pass gate that grounds its output when open; measured closed",
        Bench(PARTS["dropout_switch"], around=CLOSED), in_table_1=True,
    ),
    MeasuredCell(
        "crossbar-switch", "pass gate that joins a column; measured closed",
        Bench(PARTS["crossbar_switch"], around=CLOSED), in_table_1=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class CellResult:
    """A cell, measured: areas in square metres; the gate area is width times length, summed."""

    cell: MeasuredCell
    transfer: CellTransfer
    response: PulseResponse
    gate_area_m2: float
    area_m2: float


def memristive_cell(name: str) -> MeasuredCell:
    """The cell of that name.

    Raises:
        UserError: There is none.
    """
    known = {cell.name: cell for cell in MEMRISTIVE_CELLS}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UserError(f"there is no cell {name!r} of paper M", f"{hint}Known: {', '.join(known)}")
    return known[name]


def measure_cell(name: str, cards: Cards = GENERIC_180NM) -> CellResult:
    """A cell's DC transfer and its answer to a pulse, by ngspice, and its area.

    Raises:
        UserError: There is no such cell, and as `run`.
    """
    cell = memristive_cell(name)
    return CellResult(
        cell=cell,
        transfer=sweep(cell.bench, cell.lowest, cell.highest, POINTS, cards),
        response=pulse_response(cell.bench, cell.rest, cell.pulse, cards),
        gate_area_m2=cell.bench.cell.gate_area_m2(cards),
        area_m2=cell.bench.cell.area_m2(cards),
    )


def table_figures(result: CellResult) -> list[Figure]:
    """Power and area, as Table I has them."""
    cell = result.cell
    power_w, inputs_w = (result.response.energy_j(part) / PULSE_S for part in (None, "inputs"))
    said = "; the printed state is not said" if cell.in_table_1 else ""
    drawn = f"mean through 100 ns at {_quantity(cell.pulse, cell.input_unit)}, into {cell.loaded}"
    made = "memristors only, which lie above the transistors"
    if result.gate_area_m2:
        capacitors_m2 = result.area_m2 - LAYOUT_FACTOR * result.gate_area_m2
        made = (
            f"{result.gate_area_m2 * 1e12:.3g} µm² of gates x {LAYOUT_FACTOR:g} (assumed), "
            f"{capacitors_m2 * 1e12:.3g} µm² of capacitors; memristors lie above"
        )
    note = f"{drawn}; {inputs_w * 1e3:.3g} mW of it from the inputs{said}"
    return [
        Figure(f"{cell.name}: power", power_w * 1e3, "mW", note),
        Figure(f"{cell.name}: area", result.area_m2 * 1e12, "µm²", made),
    ]


def cell_figures(result: CellResult, cards: Cards = GENERIC_180NM) -> list[Figure]:
    """Everything about one cell: power and area, its transfer, its pulse, and what is its own."""
    cell, curve, response = result.cell, result.transfer, result.response
    low, high = (_quantity(value, cell.input_unit) for value in (cell.lowest, cell.highest))
    figures = [
        *table_figures(result),
        Figure(f"{cell.name}: power at rest", curve.power_at(cell.rest) * 1e3, "mW", "DC"),
        Figure(f"{cell.name}: output at {low}", curve.at(cell.lowest), "V", "DC"),
        Figure(f"{cell.name}: output at zero input", curve.at(0.0) * 1e3, "mV", "DC"),
        Figure(f"{cell.name}: output at {high}", curve.at(cell.highest), "V", "DC"),
        Figure(f"{cell.name}: delay", response.delay_s * 1e9, "ns", "half way to half way; edge of 1 ns"),
        Figure(f"{cell.name}: settled", response.settled_s * 1e9, "ns", "within 1 %, of a pulse of 100 ns"),
        Figure(f"{cell.name}: energy of a pulse", response.energy_j() * 1e12, "pJ", "window 100 ns"),
    ]
    if cell.name == "op-amp":
        loop, note = op_amp_figures(cards), "open loop, 10 kΩ and 0.1 pF"
        figures += [
            Figure("op-amp: gain", loop.gain, "V/V", note),
            Figure("op-amp: unity-gain frequency", loop.unity_gain_hz * 1e-6, "MHz", note),
            Figure("op-amp: phase margin", loop.phase_margin_deg, "°", note),
            Figure("op-amp: offset", loop.offset_v * 1e3, "mV", "systematic; devices do not differ here"),
        ]
    if cell.name == "thresholding":
        turn = float(curve.input[np.argmax(curve.output_v > 0)])
        figures.append(Figure("thresholding: turns at", turn * 1e3, "mV", "0 is half the supply; steps of 5 mV"))
    own = {"relu-switch": relu_figures, "tanh": tanh_figures}.get(cell.name)
    return figures if own is None else figures + own(result)


def relu_figures(relu: CellResult) -> list[Figure]:
    """What figure 5 (b) of paper M draws: the ReLU's slope, and where it clips."""
    curve, note = relu.transfer, f"figure 5 (b), {PICTURED}"
    clip = f"{note}; the paper says below V_DD, here {relu.cell.highest:g} V"
    return [
        Figure("ReLU: highest output", float(curve.output_v.max()), "V", clip),
        Figure("ReLU: slope", curve.slope(0.1, 0.5), "V/V", note),
    ]


def tanh_figures(tanh: CellResult) -> list[Figure]:
    """What figure 5 (a) of paper M draws: the tanh's end and width, and how far from a tanh it is."""
    end_v, width_v, _ = fit_tanh(tanh.transfer)
    note = f"figure 5 (a), {PICTURED}"
    return [
        Figure("tanh: end", end_v, "V", f"{note}; of the fitted end x tanh(V / width)"),
        Figure("tanh: width", width_v * 1e3, "mV", note),
        Figure("tanh: distance from that tanh", tanh_error(tanh.transfer) * 100, "%", "largest, of its end"),
    ]


def table_1_figures(cards: Cards = GENERIC_180NM) -> tuple[list[Figure], dict[str, CellResult]]:
    """Power and area of every cell, those that Table I does not print included, and the results behind them."""
    results = {cell.name: measure_cell(cell.name, cards) for cell in MEMRISTIVE_CELLS}
    return [row for result in results.values() for row in table_figures(result)], results


def _quantity(value: float, unit: str) -> str:
    return f"{value:g} V" if unit == "V" else f"{value * 1e6:g} µA"


@dataclass(frozen=True)
class OpAmpFigures:
    """The open loop into 10 kΩ and 0.1 pF; the offset is the follower's output at 0 V in."""

    gain: float
    unity_gain_hz: float
    phase_margin_deg: float
    offset_v: float


def op_amp_figures(cards: Cards = GENERIC_180NM) -> OpAmpFigures:
    """The figures, by one frequency response in ngspice, whose operating point is the follower's.

    Raises:
        UserError: As `run`; or the gain does not fall through 1 within the frequencies.
    """
    loop = Subcircuit(
        "open_loop", ("in", "held", "out", "vdd", "vss"), (Use("a", PARTS["op_amp"], "in held out vdd vss"),), "op_amp"
    )
    bench = Bench(loop, around=(f"lheld out held {HELD_H:g}", f"cheld held 0 {HELD_F:g}"))
    analyses = f".op\n.ac dec {POINTS_PER_DECADE} {FIRST_HZ:g} {LAST_HZ:g}"
    plots = run(bench.netlist(cards, "dc 0 ac 1", analyses)).plots
    response = next(plot for plot in plots if "frequency" in plot.vectors)
    rest = next(plot for plot in plots if "frequency" not in plot.vectors)
    gain, phase = np.abs(response["v(out)"]), np.degrees(np.unwrap(np.angle(response["v(out)"])))
    frequency = np.real(response["frequency"])
    below = np.flatnonzero(gain < 1)
    if gain[0] <= 1 or below.size == 0:
        raise UserError(
            f"cards {cards.name}: the op-amp's gain is {gain[0]:.3g} and does not fall through 1",
            "Are these cards for 180 nm?",
        )
    at = slice(int(below[0]) - 1, int(below[0]) + 1)
    unity = float(np.exp(np.interp(0.0, -np.log(gain[at]), np.log(frequency[at]))))
    return OpAmpFigures(
        gain=float(gain[0]),
        unity_gain_hz=unity,
        phase_margin_deg=float(180 + np.interp(np.log(unity), np.log(frequency), phase)),
        offset_v=float(rest["v(out)"][0]),
    )
