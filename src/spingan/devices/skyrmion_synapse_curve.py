"""From the synapse's runs to the value that a network takes."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from spingan.devices.skyrmion_synapse import PRINTED
from spingan.devices.skyrmion_synapse_characteristic import Variant
from spingan.devices.skyrmion_synapse_run import Operation
from spingan.devices.skyrmion_synapse_study import READ_WINDOW_S, Heat
from spingan.spec.synapse import Retention, Synapse, Write

DIGITS = 6  # significant ones in the file: far finer than the model


def _rounded(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)


def synapse(variant: Variant) -> Synapse:
    """The variant at its working point as the value that crosses to the network half."""
    device, heat, levels = variant.device, variant.heat, variant.levels
    conductance = levels.conductance_s
    numbers = np.arange(len(conductance))
    noise = np.interp(numbers, heat.hold_numbers, heat.read_noise_s)
    factor = device.current_density_a_per_m2 / PRINTED.current_density_a_per_m2
    return Synapse(
        name=variant.name,
        basis="simulated",
        conductance=_rounded(conductance),
        read_noise_s=_rounded(noise),
        step_up=_rounded(np.maximum(levels.step_up_s, 0.0)),
        step_up_spread=_rounded(levels.step_up_spread_s),
        step_down=_rounded(np.maximum(levels.step_down_s, 0.0)),
        step_down_spread=_rounded(levels.step_down_spread_s),
        write=Write(
            pulse_current_density_a_per_m2=device.current_density_a_per_m2,
            pulse_width_s=device.pulse_width_s,
            pulse_period_s=device.pulse_period_s,
            energy_j=float(f"{variant.energy_per_state_j:.{DIGITS}g}"),
            energy_per="state",
            access="bidirectional",
        ),
        retention=_retention(heat, len(conductance) - 1),
        area_m2=float(f"{device.area_m2:.{DIGITS}g}"),
        source="spingan device skyrmion-synapse: Thiele model calibrated on spingan's micromagnetic solver",
        provenance=(
            f"{device.name} at {device.current_density_a_per_m2:.3g} A/m² ({factor:g} times the printed density), "
            f"damping {device.film.gilbert_damping:g}, polarisation {math.degrees(device.polarisation_angle_rad):.0f} "
            f"degrees from a vortex; {variant.seeds} seeds at {heat.temperature_k:g} K, Heun steps of 5 and 10 ps; "
            f"calibration: {variant.calibration.source}"
        ),
        notes=_notes(variant),
    )


def _retention(heat: Heat, top: int) -> Retention | None:
    if heat.retention_s is None or heat.resting_number is None:
        return None
    places: tuple[tuple[Literal["minimum", "middle", "maximum"], float], ...] = (
        ("minimum", 0.0),
        ("middle", top / 2),
        ("maximum", float(top)),
    )
    resting = heat.resting_number
    towards = min(places, key=lambda place: abs(place[1] - resting))[0]
    return Retention(law="exponential", time_s=float(f"{heat.retention_s:.3g}"), towards=towards)


def _in(run: Operation) -> float:
    return run.number_at(run.phase_end_s("potentiation"))


def _notes(variant: Variant) -> tuple[str, ...]:
    heat, printed = variant.heat, variant.printed_drive
    printed_end = printed.number_at(printed.phase_end_s("potentiation"))
    resting = "" if heat.resting_number is None else f"; at rest {heat.resting_number:.0f} would be under the junction"
    retention = "none found" if heat.retention_s is None else f"{heat.retention_s * 1e9:.3g} ns{resting}"
    return (
        f"At the printed 2.5e10 A/m² and damping {PRINTED.film.gilbert_damping:g} this polarisation brings "
        f"{printed_end:.1f} of {printed.device.skyrmions} skyrmions under the junction by 142.5 ns without heat, "
        f"{_in(variant.printed_heated):.1f} at {heat.temperature_k:g} K.",
        f"Levels and steps are those of a run without heat. In the heat, {variant.seeds} seeds: "
        f"{np.mean([_in(run) for run in heat.operations]):.1f} come in, "
        f"{np.mean([run.number[-1] for run in heat.operations]):.1f} are left in after depression, and "
        f"{np.mean([run.lost for run in heat.operations]):.1f} are lost over the edge in one operation, since the "
        "rails hold them by a few kT only: a write needs a check.",
        f"Levels: {len(variant.levels.conductance_s)}, one for each skyrmion that came in and one for none; the "
        f"conductance is linear in their number, and its scale is the junction's of the domain-wall devices (RA 2 "
        f"Ω µm², P 0.614), since the synapse's is not printed.",
        f"Read noise: standard deviation within {READ_WINDOW_S * 1e9:g} ns of a hold at {heat.temperature_k:g} K, from "
        "skyrmions that wander across the junction's rim; a sense amplifier's and a junction's own noise are unknown.",
        f"Time constant of the drift in the heat: {retention}. The model has no pinning by defects.",
        f"Write energy: perpendicular reading, Valet-Fert Co/Pt bilayer, {variant.energy.perpendicular_j:.3g} J a "
        f"pulse; in-plane reading {variant.energy.in_plane_j:.3g} J a pulse.",
        f"Skyrmions came as near as {variant.operation.run.closest_m * 1e9:.1f} nm to each other; the repulsion is "
        f"calibrated down to {variant.calibration.fits['pair'].nearest_m * 1e9:.1f} nm, and rigid ones cannot merge.",
        "Assumed, not printed: rails 10 nm wide, one spiral of two turns, DMI 3 mJ/m², perpendicular reference layer.",
        "Endurance, faults and spread from device to device are unknown.",
    )
