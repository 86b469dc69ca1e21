"""Paper S's leaky ReLU as printed, in our solver: the comparison, and the curve for the technology.

What it prints is in spintronic DCGAN (arXiv 2601.01441), III-B, IV-D2 and V-A3; what it leaves out is worked out in
docs/derivations.md, section 1.
"""

import numpy as np

from spingan.devices.comparison import Row
from spingan.devices.wall_characteristic import Characteristic, Plan, slopes, study_curve, window_s
from spingan.devices.wall_curve import drive_energies
from spingan.devices.wall_device import LEAKY_RELU
from spingan.devices.wall_figures import (
    conductance_row,
    limit_rows,
    lost_rows,
    position_row,
    power_rows,
    reset_rows,
    rest_rows,
    settling_range_rows,
    settling_row,
    slope_rows,
    variant_rows,
    volume_nm3,
)
from spingan.physics.mtj import julliere_tmr
from spingan.spec.activation import Activation, EnergyItem

DEVICE = LEAKY_RELU
END_A = 34.5e-6  # driven from -34.5 to 34.5 µA: III-B
LINEAR_A = 20e-6  # claimed as leaky ReLU: V-A3
LIMITS_A = (-41.4e-6, 37.72e-6)  # annihilating: V-A3
START_M = 37.6364e-9  # III-B
SLOPE = 0.2  # V-A3
REFERENCE_OHM = 8.865e3  # IV-D2
RAILS_V = 0.5 + 0.165  # across the divider: IV-D2 and docs/derivations.md, section 1

POSITIONS_NM = {END_A: 87.8687, 22.54e-6: 83.0, -23e-6: 13.0, -END_A: 12.90}  # V-A3
CONDUCTANCES_MS = {END_A: 0.1331, -END_A: 0.1036}  # V-A3
SETTLINGS_NS = {END_A: 0.5, -END_A: 0.2}  # V-A3

PLAN = Plan(
    start_m=START_M,
    currents_a=tuple(
        round(micro * 1e-6, 12) for micro in (-34.5, -28, -23, -20, -15, -10, -5, 0, 5, 10, 15, 20, 22.54, 28, 34.5)
    ),
    probes_a=LIMITS_A,
    full_scale_a=LINEAR_A,
    variant_currents_a=(-END_A, -LINEAR_A, LINEAR_A, END_A),
    sweep_a=tuple(np.round(np.concatenate([np.arange(-32, 33, 2) * 1e-6, [-END_A, END_A]]), 12).tolist()),
    rest_s=0.1e-9,  # the wall takes its form; in the flat zone its place creeps on at about 1 m/s
    limit_a=120e-6,  # 5.2e12 A/m² over the magnet's section: far beyond what metal lines bear; assumed
)


def rows(study: Characteristic) -> list[Row]:
    """Every number that the paper prints of the leaky ReLU beside ours, then what it does not print."""
    device = study.setup.device
    result = [
        Row(
            "heavy-metal resistance", None, device.heavy_metal_resistance_ohm, "ohm",
            "the printed 850.75 ohm is that of the ReLU's 82 x 20 x 4 nm",
        ),
        Row("magnet volume", 2300.0, volume_nm3(device), "nm³"),
        Row("TMR at low bias", None, julliere_tmr(device.polarization), "1", "Julliere, P = 0.614"),
        *rest_rows(study, START_M * 1e9),
        *(position_row(study, current, printed) for current, printed in POSITIONS_NM.items()),
        *(conductance_row(study, current, printed) for current, printed in CONDUCTANCES_MS.items()),
        conductance_row(study, 0.0, None),
        *(settling_row(study, current, printed) for current, printed in SETTLINGS_NS.items()),
        *settling_range_rows(study, (0.2, 9.83)),
        *reset_rows(study, (0.2, 10.0)),
        *limit_rows(study, LIMITS_A),
        *lost_rows(study),
        *slope_rows(study, LINEAR_A, SLOPE),
        *power_rows(device, study, END_A),
        *_energy_rows(study),
        *variant_rows(study),
    ]  # fmt: skip
    return result


def energy_items(study: Characteristic) -> tuple[EnergyItem, ...]:
    """One evaluation at full scale: the heavy metal's heat and the paper's divider's, over the longest settling in use.

    The heavy metal is billed by the convention's own reading of the current. The inverter is not simulated: left out.
    """
    window = window_s(study)
    if window is None:
        return ()
    _, carried = drive_energies(study.setup.device, LINEAR_A, study.setup.convention, window)
    point = study.at(LINEAR_A)
    if point is None or point.annihilated:
        return (carried,)
    power = RAILS_V**2 / (REFERENCE_OHM + 1 / point.conductance_s)
    divider = EnergyItem(
        name="divider",
        energy_j=power * window,
        window_s=window,
        source=f"{power * 1e6:.3g} µW: 0.665 V over 8.865 kohm and the junctions (paper S, IV-D2)",
    )
    return carried, divider


def _energy_rows(study: Characteristic) -> list[Row]:
    window = window_s(study)
    items = energy_items(study)
    if window is None:
        return [Row("energy of an evaluation", 0.192, None, "pJ", "no current settled")]
    printed, _ = drive_energies(study.setup.device, LINEAR_A, study.setup.convention, window)
    names = " + ".join(item.name for item in items)
    return [
        Row(
            "energy of an evaluation", 0.192, sum(item.energy_j for item in items) * 1e12, "pJ",
            f"{names}, in a window of {window * 1e9:.3g} ns, at 20 µA; the paper prints no window",
        ),
        Row(
            "heavy metal's energy, current as printed", None, printed.energy_j * 1e12, "pJ",
            f"in a window of {window * 1e9:.3g} ns, at 20 µA",
        ),
        *(
            Row(f"energy: {item.name}", None, item.energy_j * 1e12, "pJ", f"in a window of {window * 1e9:.3g} ns")
            for item in items
        ),
    ]  # fmt: skip


def curve(study: Characteristic, name: str = "leaky_relu_simulated") -> Activation:
    """The study's transfer curve, for the technology `skyrmion-simulated` if the device is the printed one.

    Raises:
        UserError: The currents do not hold zero and full scale.
    """
    fitted = slopes(study, LINEAR_A)
    notes = (
        ()
        if fitted is None
        else (
            f"Slope below zero over slope above within ±20 µA: {fitted.ratio:.3f} (printed: 0.2); largest deviation "
            f"from the two lines {fitted.linearity_error:.1%} of the span.",
        )
    )
    return study_curve(study, "leaky_relu", name, energy_items(study), notes)
