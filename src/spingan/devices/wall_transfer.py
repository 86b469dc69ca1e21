"""A wall device's study as the curve that the network half takes, with its window, reset and provenance."""

from spingan.devices.wall_characteristic import Characteristic
from spingan.devices.wall_curve import CurveText, activation
from spingan.devices.wall_rows import output_reset_s
from spingan.hardware.activation import Activation, EnergyItem, Function


def window_s(study: Characteristic) -> float | None:
    """How long an evaluation must wait: the longest settling within full scale, 0 left out; None if nothing settled."""
    full_scale = study.plan.full_scale_a
    times = [
        point.settling_s
        for point in study.alive
        if point.current_a and abs(point.current_a) <= full_scale and point.settling_s is not None
    ]
    return max(times) if times else None


def study_curve(
    study: Characteristic,
    function: Function,
    name: str,
    energy_items: tuple[EnergyItem, ...],
    notes: tuple[str, ...] = (),
) -> Activation:
    """The study's transfer curve: conductance against input, with both branches where they differ.

    Raises:
        UserError: The currents do not hold zero and full scale.
    """
    setup, device = study.setup, study.setup.device
    runs = study.resets or (study.after_negative, study.after_positive)
    how = (
        "swept up and down, each current from where the last left the wall"
        if study.rising is not None
        else "each current from rest, memory looked for at zero only"
    )
    text = CurveText(
        name=name,
        source=f"device {device.name}, after paper S (arXiv 2601.01441), III-B and IV-D; film: {device.film.source}",
        provenance=(
            f"spingan's solver, {setup.cell_m * 1e9:g} nm cells, {how}; a wall rests when it moves less than 0.05 nm "
            "in 0.1 ns; conductance by Julliere and Slonczewski"
        ),
        notes=(
            f"Torque convention: {setup.convention} (findings.md section 1).",
            f"Without an input the wall stands at {study.after_negative.position_m * 1e9:.4g} nm after the lowest "
            f"current and at {study.after_positive.position_m * 1e9:.4g} nm after the highest.",
            f"Not printed, assumed: exchange bias of {device.exchange_bias.field_t:g} T, field-like ratio "
            f"{device.field_like_ratio:g}, RA {device.ra_parallel_ohm_m2 * 1e12:g} ohm µm², bias current "
            f"{device.bias_current_a * 1e6:g} µA.",
            *notes,
        ),
    )
    return activation(
        study.branches(),
        function,
        study.plan.full_scale_a,
        text,
        energy_items,
        max(output_reset_s(study, run) for run in runs),
        device.length_m * device.width_m,
    )
