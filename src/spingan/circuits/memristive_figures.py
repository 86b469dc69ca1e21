"""Figures of paper M's cells: power and area, transfer, pulse, and what is a cell's own."""

import numpy as np

from spingan.circuits.cards import Cards
from spingan.circuits.cell_bench import PULSE_S
from spingan.circuits.memristive_activations import fit_tanh, tanh_error
from spingan.circuits.memristive_cells import MEMRISTIVE_CELLS, CellResult, measure_cell
from spingan.circuits.op_amp import op_amp_figures
from spingan.circuits.subcircuit import LAYOUT_FACTOR
from spingan.tabular import Figure

PICTURED = "a figure without numbers"


def table_figures(result: CellResult) -> list[Figure]:
    """Power and area, as Table I has them."""
    cell = result.cell
    power_w, inputs_w = (result.response.energy_j(part) / PULSE_S for part in (None, "inputs"))
    pulse = _quantity(cell.pulse, cell.input_unit)
    capacitors_m2 = result.area_m2 - LAYOUT_FACTOR * result.gate_area_m2
    return [
        Figure(
            f"{cell.name}: power",
            power_w * 1e3,
            "mW",
            f"mean through 100 ns at {pulse}, into {cell.loaded}; {inputs_w * 1e3:.3g} mW of it from the inputs"
            + ("; the printed state is not said" if cell.in_table_1 else ""),
        ),
        Figure(
            f"{cell.name}: area",
            result.area_m2 * 1e12,
            "µm²",
            f"{result.gate_area_m2 * 1e12:.3g} µm² of gates x {LAYOUT_FACTOR:g} (assumed), "
            f"{capacitors_m2 * 1e12:.3g} µm² of capacitors; memristors lie above"
            if result.gate_area_m2
            else "memristors only, which lie above the transistors",
        ),
    ]


def cell_figures(result: CellResult, cards: Cards | None = None) -> list[Figure]:
    """Everything about one cell: power and area, its transfer, its pulse, and what is its own."""
    cell, curve, response = result.cell, result.transfer, result.response
    low, high = (_quantity(value, cell.input_unit) for value in (cell.lowest, cell.highest))
    rows = [
        *table_figures(result),
        Figure(f"{cell.name}: power at rest", curve.power_at(cell.rest) * 1e3, "mW", "DC"),
        Figure(f"{cell.name}: output at {low}", curve.at(cell.lowest), "V", "DC"),
        Figure(f"{cell.name}: output at zero input", curve.at(0.0) * 1e3, "mV", "DC"),
        Figure(f"{cell.name}: output at {high}", curve.at(cell.highest), "V", "DC"),
        Figure(f"{cell.name}: delay", response.delay_s * 1e9, "ns", "half way to half way; edge of 1 ns"),
        Figure(f"{cell.name}: settled", response.settled_s * 1e9, "ns", "within 1 %, of a pulse of 100 ns"),
        Figure(f"{cell.name}: energy of a pulse", response.energy_j() * 1e12, "pJ", "window 100 ns"),
    ]
    return rows + _own_figures(result, cards)


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


def table_1_figures(cards: Cards | None = None) -> tuple[list[Figure], dict[str, CellResult]]:
    """Power and area of every cell, those that Table I does not print included, and the results behind them."""
    results = {cell.name: measure_cell(cell.name, cards) for cell in MEMRISTIVE_CELLS}
    return [row for result in results.values() for row in table_figures(result)], results


def _own_figures(result: CellResult, cards: Cards | None) -> list[Figure]:
    name, curve = result.cell.name, result.transfer
    if name == "op-amp":
        figures = op_amp_figures(cards)
        note = "open loop, 10 kΩ and 0.1 pF"
        return [
            Figure("op-amp: gain", figures.gain, "V/V", note),
            Figure("op-amp: unity-gain frequency", figures.unity_gain_hz * 1e-6, "MHz", note),
            Figure("op-amp: phase margin", figures.phase_margin_deg, "°", note),
            Figure("op-amp: offset", figures.offset_v * 1e3, "mV", "systematic; devices do not differ here"),
        ]
    if name == "relu-switch":
        return relu_figures(result)
    if name == "tanh":
        return tanh_figures(result)
    if name == "thresholding":
        turn = float(curve.input[np.argmax(curve.output_v > 0)])
        return [Figure("thresholding: turns at", turn * 1e3, "mV", "0 is half the supply; steps of 5 mV")]
    return []


def _quantity(value: float, unit: str) -> str:
    return f"{value:g} V" if unit == "V" else f"{value * 1e6:g} µA"
