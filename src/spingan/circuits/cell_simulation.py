"""From a device's name or file to a simulated cell: figures, Monte Carlo, and the activation for the network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from spingan.circuits.auto_zero import must_be_a_hold
from spingan.circuits.cards import load_cards
from spingan.circuits.cell_activation import cell_curve, cell_energy, printed_drive
from spingan.circuits.cell_devices import CellForm, CellFunction, cell_device
from spingan.circuits.domain_wall_study import CellStudy, study_cell
from spingan.circuits.instances import must_have_a_covariance
from spingan.circuits.monte_carlo import (
    Environment,
    Mismatch,
    Samples,
    default_mismatch,
    device_spread,
    environment_spread,
)
from spingan.circuits.ngspice import find_ngspice
from spingan.circuits.trim_result import TrimResult, must_be_asked
from spingan.circuits.trimmed_cell import trim_cell
from spingan.devices.published import LEAKY_END_A
from spingan.devices.wall_curve import fit_slopes, leaky
from spingan.devices.wall_device import TorqueConvention
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation, ConductanceCurve
from spingan.tabular import Figure

SLOPE_RANGE_A = 20e-6  # over which the paper claims its slope: V-A3
AT_A_RAIL_V = 0.01  # a hundredth of the rails' distance, nearly: there an inverter has no gain left; assumed


@dataclass(frozen=True, eq=False)
class CellResult:
    """A simulated cell: study, what `convert` takes, and the Monte Carlo's samples and the auto-zero if asked for.

    `activation` is that of the cell without the auto-zero, `trimmed.activation` that with it.
    """

    study: CellStudy
    activation: Activation
    devices: Samples | None
    environment: Samples | None
    trimmed: TrimResult | None = None

    def figures(self) -> list[Figure]:
        """The cell's own."""
        return cell_figures(self.study)

    def spread_figures(self) -> list[Figure]:
        """Those of the Monte Carlo: from device to device, then with temperature and supply."""
        samples = [one for one in (self.devices, self.environment) if one is not None]
        return [figure for one in samples for figure in spread_figures(one)]


def simulate_cell(
    function: CellFunction,
    curve: str | Path | ConductanceCurve = "simulated",
    *,
    device_file: Path | None = None,
    form: CellForm | None = None,
    inverters: Literal[1, 2] = 1,
    convention: TorqueConvention = "magnet-section",
    cards_file: Path | None = None,
    monte_carlo: int = 0,
    mismatch: Mismatch | None = None,
    environment: Environment | None = None,
    trim: bool = False,
    hold_s: float | None = None,
    hold_f: float | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> CellResult:
    """Simulate paper S's cell with a device in ngspice, and make the activation of it.

    Args:
        curve: `published`, `simulated`, `designed`, or a curve of one's own: a value or a file of conductances in S
            against currents in A.
        device_file: the wall device of a file's curve, for its motion and heat.
        form: the cell as printed, or with a divider fitted to the curve; None: as printed for the printed device
            (published, simulated), fitted for every other one.
        cards_file: the user's transistor models; None: the generic 16 nm ones.
        monte_carlo: instances with mismatch, and draws of temperature and supply; 0: none.
        mismatch: None: the documented one of the cards' node.
        trim: put the auto-zero behind the cell, and store the offsets of the same instances (`trimmed_cell`).
        hold_s, hold_f: of the auto-zero, as `trim_cell` takes them.
        seed: of the fit and of every draw; the same seed gives the same result with any number of workers.

    Raises:
        UserError: ngspice is missing; an auto-zero without instances, or its hold without it; and as
            `cell_device`, `load_cards`, `study_cell`, `device_spread` and `trim_cell`.
    """
    must_be_asked(trim, monte_carlo, hold_s, hold_f)
    must_be_a_hold(hold_s, hold_f)
    if monte_carlo:
        must_have_a_covariance(monte_carlo)
    find_ngspice()
    cards = load_cards(cards_file)
    device = cell_device(function, curve, device_file)
    study = study_cell(
        function,
        device,
        fitted=(form or device.form) == "fitted",
        inverters=inverters,
        convention=convention,
        cards=cards,
        seed=seed,
        progress=progress,
    )
    devices = around = trimmed = None
    if monte_carlo:
        same = (study.transfer, device.table(), cards, study.full_scale_a)
        differ, vary = mismatch or default_mismatch(cards.node), environment or Environment()
        devices = device_spread(*same, differ, monte_carlo, seed=seed, workers=workers, progress=progress)
        around = environment_spread(*same, vary, monte_carlo, seed=seed, workers=workers, progress=progress)
        if trim:
            name = f"{device.curve.name}_cell_trimmed"
            trimmed = trim_cell(
                study, devices, differ, name, hold_s=hold_s, hold_f=hold_f, workers=workers, progress=progress
            )
    activation = cell_curve(study, f"{device.curve.name}_cell", devices)
    return CellResult(study, activation, devices, around, trimmed)


def cell_figures(study: CellStudy) -> list[Figure]:
    """Every figure of the study: levels, slopes, times, powers, energies."""
    rows = [*_level_rows(study), *_slope_rows(study), *_time_rows(study)]
    out = study.transfer
    for at in (0.0, study.full_scale_a):
        where = f"at {at * 1e6:g} µA"
        rows.append(Figure(f"divider's power {where}", out.at(out.divider_w, at) * 1e6, "µW"))
        rows.append(Figure(f"inverters' power {where}", out.at(out.inverters_w, at) * 1e6, "µW"))
    return rows + _energy_rows(study)


def _level_rows(study: CellStudy) -> list[Figure]:
    out, full = study.transfer, study.full_scale_a
    curve = study.device.curve
    places = sorted({curve.input[0], -full, 0.0, full, curve.input[-1]})
    inside = [at for at in places if curve.input[0] <= at <= curve.input[-1]]
    rows = [Figure(f"output at {at * 1e6:g} µA", out.at(out.output_v, at) * 1e3, "mV") for at in inside]
    middle = [out.at(out.divider_v, at) for at in (-full, full)]
    rows.append(Figure("divider's movement over ± full scale", abs(middle[1] - middle[0]) * 1e3, "mV"))
    rows.append(Figure("output from zero to full scale", study.span_v * 1e3, "mV"))
    at_minus = float(np.interp(-full, out.current_a, out.normalised(full)))
    note = "printed: the function that the paper claims"
    rows.append(Figure("normalised output at minus full scale", at_minus, "1", note))
    if study.falling is not None:
        apart = np.abs(study.falling.output_v - out.output_v).max() / abs(study.span_v)
        rows.append(Figure("branches apart", float(apart), "full scales", "the device has a memory"))
    return rows


def _slope_rows(study: CellStudy) -> list[Figure]:
    curve, slopes = study.device.curve, study.transfer.slopes(SLOPE_RANGE_A)
    device = fit_slopes(curve.input, curve.rising, SLOPE_RANGE_A)
    out, other, full = study.transfer, study.other, study.full_scale_a
    exact = leaky(out.current_a / full, study.slope)
    inside = np.abs(out.current_a) <= full * (1 + 1e-9)
    miss = float(np.abs(out.normalised(full) - exact)[inside].max())
    # The same cell with the other number of inverters: the paper says one, and a pair.
    name = {1: "one inverter", 2: "a pair of inverters"}[other.cell.inverters]
    output = other.output_v[np.abs(other.current_a) <= full * (1 + 1e-9)]
    low = output.min() - other.cell.low_rail_v < AT_A_RAIL_V
    high = other.cell.high_rail_v - output.max() < AT_A_RAIL_V
    rail = {(True, True): ", at both rails", (True, False): ", at the low rail", (False, True): ", at the high rail"}
    note = f"from {output.min() * 1e3:.4g} to {output.max() * 1e3:.4g} mV within full scale"
    note += rail.get((bool(low), bool(high)), "")
    apart = "of the output's span over ±20 µA"
    return [
        Figure("slope above zero", slopes.positive * 1e-3, "mV/µA", "least squares over 0 to 20 µA"),
        Figure("slope below zero", slopes.negative * 1e-3, "mV/µA", "least squares over -20 to 0 µA"),
        Figure("slope below over slope above", slopes.ratio, "1", "over ±20 µA"),
        Figure("the same of the conductance", device.ratio, "1", "the circuit's input: what the device gives it"),
        Figure("largest distance from the two lines", slopes.linearity_error * 100, "%", apart),
        Figure(
            "largest distance from the claimed function",
            miss * 100,
            "%",
            "of full scale, within plus and minus full scale",
        ),
        Figure(f"slope ratio with {name}", other.slopes(SLOPE_RANGE_A).ratio, "1", note),
    ]


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


def _energy_rows(study: CellStudy) -> list[Figure]:
    items, drive = cell_energy(study), printed_drive(study, study.window_s)
    carried = sum(item.energy_j for item in items)
    own = "the window is the device's own settling"
    note = f"all items; {own}, {study.window_s * 1e9:.3g} ns, and the reset"
    rows = [Figure(f"energy of an evaluation, current by {study.convention}", carried * 1e12, "pJ", note)]
    if drive is not None:
        other = sum(item.energy_j for item in items if not item.name.startswith("heavy metal")) + drive.energy_j
        rows.append(Figure("energy of an evaluation, current as printed", other * 1e12, "pJ", f"all items; {own}"))
        items = (*items, drive)
    for item in items:
        assert item.window_s is not None  # cell_energy gives each one
        note = f"in {item.window_s * 1e9:.3g} ns; {item.energy_j / item.window_s * 1e6:.3g} µW"
        rows.append(Figure(f"energy: {item.name}", item.energy_j * 1e12, "pJ", note))
    return rows


def spread_figures(samples: Samples) -> list[Figure]:
    """Mean and covariance of gain, offset and slope over instances, or over temperatures and supplies."""
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
