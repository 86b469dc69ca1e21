"""Paper M's cells, measured, beside its Table I: rows of printed and ours."""

import numpy as np

from spingan.circuits.cards import Cards
from spingan.circuits.cell_bench import PULSE_S
from spingan.circuits.memristive_activations import fit_tanh, tanh_error
from spingan.circuits.memristive_cells import MEMRISTIVE_CELLS, CellResult, measure_cell
from spingan.circuits.op_amp import op_amp_figures
from spingan.circuits.subcircuit import LAYOUT_FACTOR
from spingan.devices.comparison import Row

PICTURED = "a figure without numbers"


def table_rows(result: CellResult) -> list[Row]:
    """Power and area beside Table I."""
    cell, printed = result.cell, result.cell.printed
    power_w, inputs_w = (result.response.energy_j(part) / PULSE_S for part in (None, "inputs"))
    pulse = _quantity(cell.pulse, cell.input_unit)
    capacitors_m2 = result.area_m2 - LAYOUT_FACTOR * result.gate_area_m2
    return [
        Row(
            f"{cell.name}: power",
            None if printed is None else printed.power_w * 1e3,
            power_w * 1e3,
            "mW",
            f"mean through 100 ns at {pulse}, into {cell.loaded}; {inputs_w * 1e3:.3g} mW of it from the inputs"
            + ("" if printed is None else "; the printed state is not said"),
        ),
        Row(
            f"{cell.name}: area",
            None if printed is None else printed.area_m2 * 1e12,
            result.area_m2 * 1e12,
            "µm²",
            f"{result.gate_area_m2 * 1e12:.3g} µm² of gates x {LAYOUT_FACTOR:g} (assumed), "
            f"{capacitors_m2 * 1e12:.3g} µm² of capacitors; memristors lie above"
            if result.gate_area_m2
            else "memristors only, which lie above the transistors",
        ),
    ]


def cell_rows(result: CellResult, cards: Cards | None = None) -> list[Row]:
    """Everything about one cell: Table I, its transfer, its pulse, and what is its own."""
    cell, curve, response = result.cell, result.transfer, result.response
    low, high = (_quantity(value, cell.input_unit) for value in (cell.lowest, cell.highest))
    rows = [
        *table_rows(result),
        Row(f"{cell.name}: power at rest", None, curve.power_at(cell.rest) * 1e3, "mW", "DC"),
        Row(f"{cell.name}: output at {low}", None, curve.at(cell.lowest), "V", "DC"),
        Row(f"{cell.name}: output at zero input", None, curve.at(0.0) * 1e3, "mV", "DC"),
        Row(f"{cell.name}: output at {high}", None, curve.at(cell.highest), "V", "DC"),
        Row(f"{cell.name}: delay", None, response.delay_s * 1e9, "ns", "half way to half way; edge of 1 ns"),
        Row(f"{cell.name}: settled", None, response.settled_s * 1e9, "ns", "within 1 %, of a pulse of 100 ns"),
        Row(f"{cell.name}: energy of a pulse", None, response.energy_j() * 1e12, "pJ", "window 100 ns"),
    ]
    return rows + _own_rows(result, cards)


def relu_rows(relu: CellResult) -> list[Row]:
    """What figure 5 (b) of paper M draws: the ReLU's slope, and where it clips."""
    curve, note = relu.transfer, f"figure 5 (b), {PICTURED}"
    clip = f"{note}; the paper says below V_DD, here {relu.cell.highest:g} V"
    return [
        Row("ReLU: highest output", None, float(curve.output_v.max()), "V", clip),
        Row("ReLU: slope", None, curve.slope(0.1, 0.5), "V/V", note),
    ]


def tanh_rows(tanh: CellResult) -> list[Row]:
    """What figure 5 (a) of paper M draws: the tanh's end and width, and how far from a tanh it is."""
    end_v, width_v, _ = fit_tanh(tanh.transfer)
    note = f"figure 5 (a), {PICTURED}"
    return [
        Row("tanh: end", None, end_v, "V", f"{note}; of the fitted end x tanh(V / width)"),
        Row("tanh: width", None, width_v * 1e3, "mV", note),
        Row("tanh: distance from that tanh", None, tanh_error(tanh.transfer) * 100, "%", "largest, of its end"),
    ]


def table_1_rows(cards: Cards | None = None) -> tuple[list[Row], dict[str, CellResult]]:
    """Every cell beside Table I, those that it does not print included, and the results behind it."""
    results = {cell.name: measure_cell(cell.name, cards) for cell in MEMRISTIVE_CELLS}
    return [row for result in results.values() for row in table_rows(result)], results


def _own_rows(result: CellResult, cards: Cards | None) -> list[Row]:
    name, curve = result.cell.name, result.transfer
    if name == "op-amp":
        figures = op_amp_figures(cards)
        note = "open loop, 10 kΩ and 0.1 pF"
        return [
            Row("op-amp: gain", None, figures.gain, "V/V", note),
            Row("op-amp: unity-gain frequency", None, figures.unity_gain_hz * 1e-6, "MHz", note),
            Row("op-amp: phase margin", None, figures.phase_margin_deg, "°", note),
            Row("op-amp: offset", None, figures.offset_v * 1e3, "mV", "systematic; devices do not differ here"),
        ]
    if name == "relu-switch":
        return relu_rows(result)
    if name == "tanh":
        return tanh_rows(result)
    if name == "thresholding":
        turn = float(curve.input[np.argmax(curve.output_v > 0)])
        return [Row("thresholding: turns at", None, turn * 1e3, "mV", "0 is half the supply; steps of 5 mV")]
    return []


def _quantity(value: float, unit: str) -> str:
    return f"{value:g} V" if unit == "V" else f"{value * 1e6:g} µA"
