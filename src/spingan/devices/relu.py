"""Paper S's ReLU, as far as it is printed, in our solver: the comparison, and the curve for the technology.

What it prints is in spintronic DCGAN (arXiv 2601.01441), III-B, IV-D1 and V-A2. Its anisotropy profile and its bias
current are not among it: assumed beside `wall_device.RELU`.
"""

import numpy as np

from spingan.devices.comparison import Row
from spingan.devices.wall_characteristic import Characteristic, Plan, slopes, study_curve, window_s
from spingan.devices.wall_curve import drive_energies
from spingan.devices.wall_device import RELU
from spingan.devices.wall_figures import (
    conductance_row,
    limit_rows,
    lost_rows,
    position_row,
    power_rows,
    reset_rows,
    rest_rows,
    settling_range_rows,
    slope_rows,
    variant_rows,
    volume_nm3,
)
from spingan.spec.activation import Activation, EnergyItem

DEVICE = RELU
END_A = 34.8e-6  # V-A2
REFERENCE_OHM = 10.7e3  # V-A2

POSITIONS_NM: dict[float, float] = {}  # none are printed
CONDUCTANCES_MS: dict[float, float] = {}

PLAN = Plan(
    start_m=54e-9,  # the assumed well's bottom
    currents_a=tuple(
        round(micro * 1e-6, 12)
        for micro in (
            *(-34.8, -30, -25, -20, -15, -10, -5, -2.5, 0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5),
            *(20, 22.5, 25, 27.5, 30, 34.8),
        )
    ),  # closer where the conductance bends
    probes_a=(),
    full_scale_a=END_A,
    variant_currents_a=(-END_A, 0.0, 20e-6, END_A),
    sweep_a=tuple(np.round(np.concatenate([np.arange(-34, 35, 2) * 1e-6, [-END_A, END_A]]), 12).tolist()),
    limit_a=120e-6,  # as the leaky ReLU's
)


def rows(study: Characteristic) -> list[Row]:
    """Every number that the paper prints of the ReLU beside ours, then what it does not print."""
    device = study.setup.device
    assumed = "not printed; assumed, see spingan.devices.wall_device.RELU"
    return [
        Row("heavy-metal resistance", 850.75, device.heavy_metal_resistance_ohm, "ohm"),
        Row("magnet volume", 1640.0, volume_nm3(device), "nm³"),
        Row("bias current", None, device.bias_current_a * 1e6, "µA", assumed),
        *rest_rows(study, None),
        *(position_row(study, current, None) for current in (-END_A, 0.0, END_A)),
        *(conductance_row(study, current, None) for current in (-END_A, 0.0, END_A)),
        _resistance_row(study),
        *settling_range_rows(study, None),
        *reset_rows(study, None),
        *limit_rows(study, None),
        *lost_rows(study),
        *slope_rows(study, END_A, 0.0),
        *power_rows(device, study, END_A),
        *_energy_rows(study),
        *variant_rows(study),
    ]


def _resistance_row(study: Characteristic) -> Row:
    ours = None if study.rest.conductance_s <= 0 else 1e-3 / study.rest.conductance_s
    return Row("junction's resistance at rest", 10.7, ours, "kohm", "printed: the divider's fixed resistor beside it")


def energy_items(study: Characteristic) -> tuple[EnergyItem, ...]:
    """One evaluation at full scale: the heavy metal's heat over the longest settling in use.

    Billed by the convention's own reading of the current. Rails and inverter are not printed: the divider is left out.
    """
    window = window_s(study)
    if window is None:
        return ()
    return (drive_energies(study.setup.device, END_A, study.setup.convention, window)[1],)


def _energy_rows(study: Characteristic) -> list[Row]:
    window = window_s(study)
    if window is None:
        return [Row("energy of an evaluation", 9.16, None, "fJ", "no current settled")]
    printed, carried = drive_energies(study.setup.device, END_A, study.setup.convention, window)
    where = f"in a window of {window * 1e9:.3g} ns, at {END_A * 1e6:g} µA; the paper prints no window, we no divider"
    return [
        Row("energy of an evaluation, current as printed", 9.16, printed.energy_j * 1e15, "fJ", where),
        Row(
            f"energy of an evaluation, current by {study.setup.convention}", 9.16, carried.energy_j * 1e15, "fJ", where
        ),
    ]


def curve(study: Characteristic, name: str = "relu_simulated") -> Activation:
    """The study's transfer curve, for the technology `skyrmion-simulated` if the device is the printed one.

    Raises:
        UserError: The currents do not hold zero and full scale.
    """
    fitted = slopes(study, END_A)
    notes: tuple[str, ...] = ("The anisotropy profile and the bias current are not printed: assumed.",)
    if fitted is not None:
        notes += (
            f"Slope below zero over slope above: {fitted.ratio:.3f} (0 for a ReLU); largest deviation from the two "
            f"lines {fitted.linearity_error:.1%} of the span.",
        )
    return study_curve(study, "relu", name, energy_items(study), notes)
