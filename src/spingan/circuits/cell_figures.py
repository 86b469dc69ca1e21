"""A cell's figures beside what paper S prints of it: levels, slopes, delays, and energies with their windows."""

import numpy as np

from spingan.circuits.cell_activation import cell_energy, printed_drive, windows_giving_s
from spingan.circuits.domain_wall_cells import Cell, Transfer
from spingan.circuits.domain_wall_study import CellStudy
from spingan.circuits.monte_carlo import Samples
from spingan.devices.comparison import Row
from spingan.devices.leaky_relu import SETTLINGS_NS
from spingan.devices.wall_curve import fit_slopes, leaky

SLOPE_RANGE_A = 20e-6  # over which the paper claims its slope: V-A3
PRINTED_ENERGY_J = {"leaky_relu": 0.192e-12, "relu": 9.16e-15}  # paper S, V-A3 and V-A2
AT_A_RAIL_V = 0.01  # a hundredth of the rails' distance, nearly: there an inverter has no gain left; assumed


def cell_rows(study: CellStudy) -> list[Row]:
    """Every figure of the study beside the paper's: levels, slopes, times, powers, energies, windows."""
    return [
        *_level_rows(study),
        *_slope_rows(study),
        *_other_rows(study),
        *_time_rows(study),
        *_power_rows(study),
        *_energy_rows(study),
        *_window_rows(study),
    ]


def _level_rows(study: CellStudy) -> list[Row]:
    out, full = study.transfer, study.full_scale_a
    curve = study.device.curve
    places = sorted({curve.input[0], -full, 0.0, full, curve.input[-1]})
    inside = [at for at in places if curve.input[0] <= at <= curve.input[-1]]
    rows = [Row(f"output at {at * 1e6:g} µA", None, out.at(out.output_v, at) * 1e3, "mV") for at in inside]
    middle = [out.at(out.divider_v, at) for at in (-full, full)]
    rows.append(Row("divider's movement over ± full scale", None, abs(middle[1] - middle[0]) * 1e3, "mV"))
    rows.append(Row("output from zero to full scale", None, study.span_v * 1e3, "mV"))
    rows.append(
        Row(
            "normalised output at minus full scale", 0.0 - study.slope, float(np.interp(-full, out.current_a,
            out.normalised(full))), "1", "printed: the function that the paper claims",
        )
    )  # fmt: skip
    if study.falling is not None:
        apart = np.abs(study.falling.output_v - out.output_v).max() / abs(study.span_v)
        rows.append(Row("branches apart", None, float(apart), "full scales", "the device has a memory"))
    return rows


def _slope_rows(study: CellStudy) -> list[Row]:
    curve, slopes = study.device.curve, study.transfer.slopes(SLOPE_RANGE_A)
    device = fit_slopes(curve.input, curve.rising, SLOPE_RANGE_A)
    claimed = study.slope
    return [
        Row("slope above zero", None, slopes.positive * 1e-3, "mV/µA", "least squares over 0 to 20 µA"),
        Row("slope below zero", None, slopes.negative * 1e-3, "mV/µA", "least squares over -20 to 0 µA"),
        Row("slope below over slope above", claimed, slopes.ratio, "1", "over ±20 µA"),
        Row("the same of the conductance", claimed, device.ratio, "1", "the circuit's input: what the device gives it"),
        Row(
            "largest distance from the two lines", None, slopes.linearity_error * 100, "%",
            "of the output's span over ±20 µA",
        ),
        Row(
            "largest distance from the claimed function", None, _miss(study.transfer, study) * 100, "%",
            "of full scale, within plus and minus full scale",
        ),
    ]  # fmt: skip


def _miss(out: Transfer, study: CellStudy) -> float:
    inside = np.abs(out.current_a) <= study.full_scale_a * (1 + 1e-9)
    exact = leaky(out.current_a / study.full_scale_a, study.slope)
    return float(np.abs(out.normalised(study.full_scale_a) - exact)[inside].max())


def _other_rows(study: CellStudy) -> list[Row]:
    """The same cell with the other number of inverters: the paper says one, and a pair."""
    other, full = study.other, study.full_scale_a
    name = {1: "one inverter", 2: "a pair of inverters"}[other.cell.inverters]
    output = other.output_v[np.abs(other.current_a) <= full * (1 + 1e-9)]
    note = f"from {output.min() * 1e3:.4g} to {output.max() * 1e3:.4g} mV within full scale{_rail(other.cell, output)}"
    return [Row(f"slope ratio with {name}", study.slope, other.slopes(SLOPE_RANGE_A).ratio, "1", note)]


def _rail(cell: Cell, output_v: np.ndarray) -> str:
    low, high = output_v.min() - cell.low_rail_v < AT_A_RAIL_V, cell.high_rail_v - output_v.max() < AT_A_RAIL_V
    if low and high:
        return ", at both rails"
    return ", at the low rail" if low else ", at the high rail" if high else ""


def _time_rows(study: CellStudy) -> list[Row]:
    full = study.full_scale_a
    ends = (study.device.curve.input[0], study.device.curve.input[-1])
    wall = "wall and circuit" if study.device.wall is not None else "the circuit alone: the wall's motion is not known"
    rows = [Row("delay of the circuit alone", None, study.jump.delay_s * 1e12, "ps", "half way after a jump")]
    for step in study.steps:
        name = f"from {step.from_a * 1e6:g} to {step.to_a * 1e6:g} µA"
        if step.from_a == 0.0 and abs(step.to_a) == full:
            rows.append(Row(f"delay {name}", None, step.response.delay_s * 1e9, "ns", f"half way; {wall}"))
        printed = SETTLINGS_NS.get(step.to_a) if study.function == "leaky_relu" and step.from_a == 0.0 else None
        if printed is None and step.to_a in ends and abs(step.to_a) != full:
            continue
        rows.append(Row(f"settling {name}", printed, study.settled_s(step.response) * 1e9, "ns", "to 1 % of the span"))
    return rows


def _power_rows(study: CellStudy) -> list[Row]:
    out, full = study.transfer, study.full_scale_a
    rows = []
    for at in (0.0, full):
        where = f"at {at * 1e6:g} µA"
        rows.append(Row(f"divider's power {where}", None, out.at(out.divider_w, at) * 1e6, "µW"))
        rows.append(Row(f"inverters' power {where}", None, out.at(out.inverters_w, at) * 1e6, "µW"))
    return rows


def _energy_rows(study: CellStudy) -> list[Row]:
    items, drive = cell_energy(study), printed_drive(study, study.window_s)
    carried = sum(item.energy_j for item in items)
    own = "the window is the device's own settling"
    rows = [
        Row(
            f"energy of an evaluation, current by {study.convention}", PRINTED_ENERGY_J[study.function] * 1e12,
            carried * 1e12, "pJ", f"all items; {own}, {study.window_s * 1e9:.3g} ns, and the reset",
        )
    ]  # fmt: skip
    if drive is not None:
        other = sum(item.energy_j for item in items if not item.name.startswith("heavy metal")) + drive.energy_j
        rows.append(
            Row(
                "energy of an evaluation, current as printed", PRINTED_ENERGY_J[study.function] * 1e12, other * 1e12,
                "pJ", f"all items; {own}",
            )
        )  # fmt: skip
        items = (*items, drive)
    for item in items:
        assert item.window_s is not None  # cell_energy gives each one
        note = f"in {item.window_s * 1e9:.3g} ns; {item.energy_j / item.window_s * 1e6:.3g} µW"
        rows.append(Row(f"energy: {item.name}", None, item.energy_j * 1e12, "pJ", note))
    return rows


def _window_rows(study: CellStudy) -> list[Row]:
    """The windows in which the printed energy would be drawn: it is a product, and its factors are not printed."""
    printed = PRINTED_ENERGY_J[study.function]
    wall = study.device.wall
    if wall is None:
        return []
    windows = windows_giving_s(printed, study.transfer, wall, study.convention, study.full_scale_a)
    note = f"in which it draws the printed {printed * 1e12:g} pJ at {study.full_scale_a * 1e6:g} µA"
    return [
        Row(f"window for the printed energy: {name}", None, window_s * 1e9, "ns", note)
        for name, window_s in windows.items()
    ]


def spread_rows(samples: Samples) -> list[Row]:
    """Mean and covariance of gain, offset and slope over made cells, or over temperatures and supplies."""
    over = {"devices": "from device to device", "environment": "with temperature and supply"}[samples.what]
    names, deviations = ("gain", "offset", "slope"), np.sqrt(np.diag(samples.covariance))
    note = f"{len(samples.gain)} draws, seed {samples.seed}"
    rows = []
    for index, name in enumerate(names):
        unit = "full scales" if name == "offset" else "of the drawn cell's"
        rows.append(Row(f"{name}, mean {over}", None, float(samples.mean[index]), unit, note))
        rows.append(Row(f"{name}, deviation {over}", None, float(deviations[index]), unit, note))
    for row, column in ((0, 1), (0, 2), (1, 2)):
        what = f"covariance of {names[row]} and {names[column]}, {over}"
        rows.append(Row(what, None, float(samples.covariance[row, column]), "1", note))
    rows.append(Row(f"what the three leave, median {over}", None, float(np.median(samples.residual)), "full scales"))
    rows.append(Row(f"cells at a rail {over}", None, float(samples.dead), "cells", f"gain under a tenth; {note}"))
    return rows
