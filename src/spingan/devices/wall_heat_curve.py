"""What a wall device's study at a temperature leaves: rows with intervals, and the curve with its noise for a cell."""

from typing import Any

import numpy as np

from spingan.devices.noise_statistics import Estimate
from spingan.devices.wall_curve import Branches, CurveText, conductance_curve
from spingan.devices.wall_heat import WarmPoint, WarmStudy
from spingan.spec.activation import ConductanceCurve, EnergyItem, Function, Loss, OutputNoise
from spingan.tabular import rounded

ESTIMATES = (
    "position_nm", "rms_position_nm", "conductance_s", "rms_conductance_s", "correlation_time_s",
    "conductance_correlation_time_s", "averaged_rms_conductance_s", "averaging_time_at_snr_s", "energy_at_snr_j",
)  # fmt: skip


def warm_rows(study: WarmStudy) -> list[dict[str, Any]]:
    """One row of JSON's types a current; each estimated number has its interval of 95 % beside it, None: all lost."""
    slopes = dict(zip((point.current_a for point in study.points), study.slopes_s_per_a.tolist(), strict=True))
    rows: list[dict[str, Any]] = []
    for point in sorted((*study.points, *study.gone), key=lambda one: one.current_a):
        estimates: dict[str, Estimate | None] = dict.fromkeys(ESTIMATES)
        slope = slopes.get(point.current_a)
        if isinstance(point, WarmPoint):
            numbers = (
                point.position_m.mean.scaled(1e9),
                point.position_m.rms.scaled(1e9),
                point.conductance_s.mean,
                point.conductance_s.rms,
                point.position_m.memory_s,
                point.conductance_s.memory_s,
                study.averaged_s(point),
                study.averaging_at_snr_s(point),
                study.energy_at_snr_j(point),
            )
            estimates = dict(zip(ESTIMATES, numbers, strict=True))
        estimates["loss_per_operation"] = study.loss_per_operation(point)
        row: dict[str, Any] = {"input_ua": rounded(point.current_a * 1e6), "settling_time_s": point.settling_s}
        for name, estimate in estimates.items():
            row[name] = estimate and estimate.value
            row[f"{name}_interval"] = estimate and [estimate.low, estimate.high]
        row["rms_input_a"] = (
            point.conductance_s.rms.value / abs(slope) if isinstance(point, WarmPoint) and slope else None
        )
        row["lost_walls"] = point.lost
        rows.append(row)
    return rows


def warm_curve(study: WarmStudy, function: Function, name: str) -> ConductanceCurve:
    """The transfer curve at the temperature, with the noise that averaging leaves, for a cell.

    Raises:
        UserError: The currents do not hold zero and full scale.
    """
    plan, device = study.plan, study.device
    current, mean, settling = (
        np.array(values)
        for values in zip(*((p.current_a, p.conductance_s.mean.value, p.settling_s) for p in study.points), strict=True)
    )
    full = study.full
    window = full.settling_s + plan.averaging_s
    noise = [study.averaged_s(point) for point in study.points]
    memory = full.conductance_s.memory_s.value
    ensemble = f"{plan.walls} compact walls for {plan.duration_s * 1e9:g} ns under each current"
    text = CurveText(
        name=name,
        source=f"device {device.name} at {plan.temperature_k:g} K; film: {device.film.source}",
        provenance=f"spingan's compact wall in heat, {ensemble}, seed {plan.seed}; {study.note}",
        notes=(
            f"Torque convention: {study.convention} (docs/derivations.md, section 1).",
            "Averages are over the walls while they were there.",
        ),
    )
    items = (
        EnergyItem(
            name="heavy metal and read",
            energy_j=study.power_w(full) * window,
            window_s=window,
            source=f"{study.power_w(full) * 1e6:.3g} µW at full scale, settling and {plan.averaging_s * 1e9:g} ns of "
            "averaging",
        ),
    )
    curve = conductance_curve(
        Branches(current, mean, mean, settling + plan.averaging_s), function, full.current_a, text, items,
        area_m2=device.length_m * device.width_m,
    )  # fmt: skip
    output_noise = OutputNoise(
        input=tuple(current.tolist()),
        rms=tuple(estimate.value for estimate in noise),
        interval=tuple((estimate.low, estimate.high) for estimate in noise),
        averaging_time_s=plan.averaging_s,
        bandwidth_hz=1 / (4 * memory) if memory > 0 else None,
        temperature_k=plan.temperature_k,
        seed=plan.seed,
        runs=plan.walls,
        source=text.provenance,
    )
    watched = sorted((*study.points, *study.gone), key=lambda point: point.current_a)
    losses = [study.loss_per_operation(point) for point in watched]
    loss = Loss(
        input=tuple(point.current_a for point in watched),
        per_evaluation=tuple(chance.value for chance in losses),
        interval=tuple((chance.low, chance.high) for chance in losses),
        evaluation_s=window,
        temperature_k=plan.temperature_k,
        seed=plan.seed,
        runs=plan.walls,
        source=text.provenance,
    )
    return curve.model_copy(update={"output_noise": output_noise, "loss": loss})
