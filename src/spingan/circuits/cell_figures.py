"""A cell's figures: levels, slopes, delays, and energies with their windows; and the spread over many cells."""

import numpy as np

from spingan.circuits.cell_activation import cell_energy, printed_drive
from spingan.circuits.domain_wall_cells import Cell, Transfer
from spingan.circuits.domain_wall_study import CellStudy
from spingan.circuits.monte_carlo import Samples
from spingan.devices.published import LEAKY_END_A
from spingan.devices.wall_curve import fit_slopes, leaky
from spingan.tabular import Figure

SLOPE_RANGE_A = 20e-6  # over which the paper claims its slope: V-A3
AT_A_RAIL_V = 0.01  # a hundredth of the rails' distance, nearly: there an inverter has no gain left; assumed


def cell_figures(study: CellStudy) -> list[Figure]:
    """Every figure of the study: levels, slopes, times, powers, energies."""
    return [
        *_level_rows(study),
        *_slope_rows(study),
        *_other_rows(study),
        *_time_rows(study),
        *_power_rows(study),
        *_energy_rows(study),
    ]


def _level_rows(study: CellStudy) -> list[Figure]:
    out, full = study.transfer, study.full_scale_a
    curve = study.device.curve
    places = sorted({curve.input[0], -full, 0.0, full, curve.input[-1]})
    inside = [at for at in places if curve.input[0] <= at <= curve.input[-1]]
    rows = [Figure(f"output at {at * 1e6:g} µA", out.at(out.output_v, at) * 1e3, "mV") for at in inside]
    middle = [out.at(out.divider_v, at) for at in (-full, full)]
    rows.append(Figure("divider's movement over ± full scale", abs(middle[1] - middle[0]) * 1e3, "mV"))
    rows.append(Figure("output from zero to full scale", study.span_v * 1e3, "mV"))
    rows.append(
        Figure(
            "normalised output at minus full scale", float(np.interp(-full, out.current_a,
            out.normalised(full))), "1", "printed: the function that the paper claims",
        )
    )  # fmt: skip
    if study.falling is not None:
        apart = np.abs(study.falling.output_v - out.output_v).max() / abs(study.span_v)
        rows.append(Figure("branches apart", float(apart), "full scales", "the device has a memory"))
    return rows


def _slope_rows(study: CellStudy) -> list[Figure]:
    curve, slopes = study.device.curve, study.transfer.slopes(SLOPE_RANGE_A)
    device = fit_slopes(curve.input, curve.rising, SLOPE_RANGE_A)
    return [
        Figure("slope above zero", slopes.positive * 1e-3, "mV/µA", "least squares over 0 to 20 µA"),
        Figure("slope below zero", slopes.negative * 1e-3, "mV/µA", "least squares over -20 to 0 µA"),
        Figure("slope below over slope above", slopes.ratio, "1", "over ±20 µA"),
        Figure("the same of the conductance", device.ratio, "1", "the circuit's input: what the device gives it"),
        Figure(
            "largest distance from the two lines", slopes.linearity_error * 100, "%",
            "of the output's span over ±20 µA",
        ),
        Figure(
            "largest distance from the claimed function", _miss(study.transfer, study) * 100, "%",
            "of full scale, within plus and minus full scale",
        ),
    ]  # fmt: skip


def _miss(out: Transfer, study: CellStudy) -> float:
    inside = np.abs(out.current_a) <= study.full_scale_a * (1 + 1e-9)
    exact = leaky(out.current_a / study.full_scale_a, study.slope)
    return float(np.abs(out.normalised(study.full_scale_a) - exact)[inside].max())


def _other_rows(study: CellStudy) -> list[Figure]:
    """The same cell with the other number of inverters: the paper says one, and a pair."""
    other, full = study.other, study.full_scale_a
    name = {1: "one inverter", 2: "a pair of inverters"}[other.cell.inverters]
    output = other.output_v[np.abs(other.current_a) <= full * (1 + 1e-9)]
    note = f"from {output.min() * 1e3:.4g} to {output.max() * 1e3:.4g} mV within full scale{_rail(other.cell, output)}"
    return [Figure(f"slope ratio with {name}", other.slopes(SLOPE_RANGE_A).ratio, "1", note)]


def _rail(cell: Cell, output_v: np.ndarray) -> str:
    low, high = output_v.min() - cell.low_rail_v < AT_A_RAIL_V, cell.high_rail_v - output_v.max() < AT_A_RAIL_V
    if low and high:
        return ", at both rails"
    return ", at the low rail" if low else ", at the high rail" if high else ""


def _time_rows(study: CellStudy) -> list[Figure]:
    full = study.full_scale_a
    ends = (study.device.curve.input[0], study.device.curve.input[-1])
    wall = "wall and circuit" if study.device.wall is not None else "the circuit alone: the wall's motion is not known"
    rows = [Figure("delay of the circuit alone", study.jump.delay_s * 1e12, "ps", "half way after a jump")]
    for step in study.steps:
        name = f"from {step.from_a * 1e6:g} to {step.to_a * 1e6:g} µA"
        if step.from_a == 0.0 and abs(step.to_a) == full:
            rows.append(Figure(f"delay {name}", step.response.delay_s * 1e9, "ns", f"half way; {wall}"))
        claimed = study.function == "leaky_relu" and abs(step.to_a) == LEAKY_END_A  # the paper says how fast that is
        if step.to_a in ends and abs(step.to_a) != full and not claimed:
            continue
        rows.append(Figure(f"settling {name}", study.settled_s(step.response) * 1e9, "ns", "to 1 % of the span"))
    return rows


def _power_rows(study: CellStudy) -> list[Figure]:
    out, full = study.transfer, study.full_scale_a
    rows = []
    for at in (0.0, full):
        where = f"at {at * 1e6:g} µA"
        rows.append(Figure(f"divider's power {where}", out.at(out.divider_w, at) * 1e6, "µW"))
        rows.append(Figure(f"inverters' power {where}", out.at(out.inverters_w, at) * 1e6, "µW"))
    return rows


def _energy_rows(study: CellStudy) -> list[Figure]:
    items, drive = cell_energy(study), printed_drive(study, study.window_s)
    carried = sum(item.energy_j for item in items)
    own = "the window is the device's own settling"
    rows = [
        Figure(
            f"energy of an evaluation, current by {study.convention}", carried * 1e12, "pJ",
            f"all items; {own}, {study.window_s * 1e9:.3g} ns, and the reset",
        )
    ]  # fmt: skip
    if drive is not None:
        other = sum(item.energy_j for item in items if not item.name.startswith("heavy metal")) + drive.energy_j
        rows.append(
            Figure(
                "energy of an evaluation, current as printed", other * 1e12,
                "pJ", f"all items; {own}",
            )
        )  # fmt: skip
        items = (*items, drive)
    for item in items:
        assert item.window_s is not None  # cell_energy gives each one
        note = f"in {item.window_s * 1e9:.3g} ns; {item.energy_j / item.window_s * 1e6:.3g} µW"
        rows.append(Figure(f"energy: {item.name}", item.energy_j * 1e12, "pJ", note))
    return rows


def spread_figures(samples: Samples) -> list[Figure]:
    """Mean and covariance of gain, offset and slope over made cells, or over temperatures and supplies."""
    over = {"devices": "from device to device", "environment": "with temperature and supply"}[samples.what]
    names, deviations = ("gain", "offset", "slope"), np.sqrt(np.diag(samples.covariance))
    note = f"{len(samples.gain)} draws, seed {samples.seed}"
    rows = []
    for index, name in enumerate(names):
        unit = "full scales" if name == "offset" else "of the drawn cell's"
        rows.append(Figure(f"{name}, mean {over}", float(samples.mean[index]), unit, note))
        rows.append(Figure(f"{name}, deviation {over}", float(deviations[index]), unit, note))
    for row, column in ((0, 1), (0, 2), (1, 2)):
        what = f"covariance of {names[row]} and {names[column]}, {over}"
        rows.append(Figure(what, float(samples.covariance[row, column]), "1", note))
    rows.append(Figure(f"what the three leave, median {over}", float(np.median(samples.residual)), "full scales"))
    rows.append(Figure(f"cells at a rail {over}", float(samples.dead), "cells", f"gain under a tenth; {note}"))
    return rows
