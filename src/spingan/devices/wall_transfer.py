"""A wall device's study as the curve that the network half takes, with its window, reset and provenance."""

import numpy as np

from spingan.devices.wall_characteristic import Characteristic
from spingan.devices.wall_curve import Branches, CurveText, activation
from spingan.devices.wall_rows import output_reset_s
from spingan.spec.activation import Activation, EnergyItem, Function, Reset


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
            f"Torque convention: {setup.convention} (docs/derivations.md, section 1).",
            f"Without an input the wall stands at {study.after_negative.position_m * 1e9:.4g} nm after the lowest "
            f"current and at {study.after_positive.position_m * 1e9:.4g} nm after the highest.",
            f"Not printed, assumed: exchange bias of {device.exchange_bias.field_t:g} T, field-like ratio "
            f"{device.field_like_ratio:g}, RA {device.ra_parallel_ohm_m2 * 1e12:g} ohm µm², bias current "
            f"{device.bias_current_a * 1e6:g} µA.",
            *notes,
        ),
    )
    branches = study.branches()
    return activation(
        branches,
        function,
        study.plan.full_scale_a,
        text,
        energy_items,
        reset_of(study, branches),
        device.length_m * device.width_m,
    )


def reset_of(study: Characteristic, branches: Branches) -> Reset:
    """How long the device was left without an input after both ends, and what was left then of the last output.

    What is left is the difference of the two outputs, in parts of the output from zero to full scale. Where both walls
    came to rest, the time is when the conductance had come within 1 % of its last value.
    """
    runs = study.resets or (study.after_negative, study.after_positive)
    zero, full = (float(np.interp(at, branches.current_a, branches.rising)) for at in (0.0, study.plan.full_scale_a))
    at_rest = all(run.still for run in runs)
    return Reset(
        time_s=max(output_reset_s(study, run) if at_rest else float(run.time_s[-1]) for run in runs),
        residual=abs(runs[1].conductance_s - runs[0].conductance_s) / abs(full - zero),
    )
