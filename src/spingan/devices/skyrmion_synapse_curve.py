"""From the synapse's runs to the file that a network takes, and to the rows beside paper S's numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spingan.devices.comparison import Row
from spingan.devices.skyrmion_synapse import PRINTED, SkyrmionSynapse
from spingan.devices.skyrmion_synapse_run import Operation
from spingan.devices.skyrmion_synapse_study import (
    READ_WINDOW_S,
    Heat,
    Levels,
    Point,
    PulseEnergy,
    level_table,
    pulse_energy,
    working_point,
)
from spingan.hardware.synapse import Retention, Synapse, Validity, Write
from spingan.physics.skyrmion_calibration import SkyrmionCalibration

DIGITS = 6  # significant ones in the file: far finer than the model


@dataclass(frozen=True, eq=False)
class Variant:
    """One polarisation of the disc: its sweep, and what it does at its working point."""

    name: str
    printed_drive: Operation
    points: tuple[Point, ...]
    operation: Operation
    heat: Heat
    levels: Levels
    energy: PulseEnergy

    @property
    def device(self) -> SkyrmionSynapse:
        """At the working point."""
        return self.operation.device

    @property
    def point(self) -> Point:
        """The working point."""
        return working_point(self.points)


def _rounded(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)


def energy_per_state_j(variant: Variant) -> float:
    """Perpendicular reading: all pulses of the potentiation over the states that they wrote."""
    first = variant.operation.phases[0]
    return variant.energy.perpendicular_j * first.periods / (len(variant.levels.conductance_s) - 1)


def synapse(variant: Variant, calibration: SkyrmionCalibration, seeds: int) -> Synapse:
    """The variant at its working point as the value that crosses to the network half."""
    device, heat, levels = variant.device, variant.heat, variant.levels
    conductance = levels.conductance_s
    numbers = np.arange(len(conductance))
    noise = np.interp(numbers, heat.hold_numbers, heat.read_noise_s)
    factor = device.current_density_a_per_m2 / PRINTED.current_density_a_per_m2
    spread_up, spread_down = levels.step_up_spread_s, levels.step_down_spread_s
    return Synapse(
        name=variant.name,
        basis="simulated",
        conductance=_rounded(conductance),
        read_noise_s=_rounded(noise),
        step_up=_rounded(np.maximum(levels.step_up_s, 0.0)),
        step_up_spread=None if spread_up is None else _rounded(spread_up),
        step_down=_rounded(np.maximum(levels.step_down_s, 0.0)),
        step_down_spread=None if spread_down is None else _rounded(spread_down),
        write=Write(
            pulse_current_density_a_per_m2=device.current_density_a_per_m2,
            pulse_width_s=device.pulse_width_s,
            pulse_period_s=device.pulse_period_s,
            energy_j=float(f"{energy_per_state_j(variant):.{DIGITS}g}"),
            energy_per="state",
            access="bidirectional",
        ),
        retention=_retention(heat, len(conductance) - 1),
        area_m2=float(f"{device.area_m2:.{DIGITS}g}"),
        validity=Validity(temperature_k=(heat.temperature_k, heat.temperature_k)),
        source="spingan device skyrmion-synapse: Thiele model calibrated on spingan's micromagnetic solver",
        provenance=(
            f"{device.name} at {device.current_density_a_per_m2:.3g} A/m² ({factor:g} times the printed density), "
            f"damping {device.film.gilbert_damping:g}, polarisation {math.degrees(device.polarisation_angle_rad):.0f} "
            f"degrees from a vortex; {seeds} seeds at {heat.temperature_k:g} K, Heun steps of 5 and 10 ps; "
            f"calibration: {calibration.source}"
        ),
        notes=_notes(variant, calibration),
    )


def _retention(heat: Heat, top: int) -> Retention | None:
    if heat.retention_s is None or heat.resting_number is None:
        return None
    places = {"minimum": 0.0, "middle": top / 2, "maximum": float(top)}
    towards = min(places, key=lambda name: abs(places[name] - heat.resting_number))
    return Retention(law="exponential", time_s=float(f"{heat.retention_s:.3g}"), towards=towards)


def _notes(variant: Variant, calibration: SkyrmionCalibration) -> tuple[str, ...]:
    heat, printed = variant.heat, variant.printed_drive
    printed_end = printed.number_at(printed.phase_end_s("potentiation"))
    resting = "" if heat.resting_number is None else f"; at rest {heat.resting_number:.0f} would be under the junction"
    retention = "none found" if heat.retention_s is None else f"{heat.retention_s * 1e9:.3g} ns{resting}"
    return (
        f"At the printed 2.5e10 A/m² and damping {PRINTED.film.gilbert_damping:g} this polarisation brings "
        f"{printed_end:.1f} of {printed.device.skyrmions} skyrmions under the junction by 142.5 ns.",
        f"Levels: {len(variant.levels.conductance_s)}, one for each skyrmion that came in and one for none; the "
        f"conductance is linear in their number, and its scale is the junction's of the domain-wall devices (RA 2 "
        f"Ω µm², P 0.614), since the synapse's is not printed.",
        f"Read noise: standard deviation within {READ_WINDOW_S * 1e9:g} ns of a hold at {heat.temperature_k:g} K, from "
        "skyrmions that wander across the junction's rim; a sense amplifier's and a junction's own noise are unknown.",
        f"Time constant of the drift in the heat: {retention}. The model has no pinning by defects.",
        f"Write energy: perpendicular reading, Valet-Fert Co/Pt bilayer, {variant.energy.perpendicular_j:.3g} J a "
        f"pulse; in-plane reading {variant.energy.in_plane_j:.3g} J a pulse.",
        f"Skyrmions came as near as {variant.operation.run.closest_m * 1e9:.1f} nm to each other; the repulsion is "
        f"calibrated down to {calibration.fits['pair'].nearest_m * 1e9:.1f} nm, and rigid skyrmions cannot merge.",
        "Assumed, not printed: rails 10 nm wide, one spiral of two turns, DMI 3 mJ/m², perpendicular reference layer.",
        "Endurance, faults and spread from device to device are unknown.",
    )


def rows(variants: Sequence[Variant]) -> list[Row]:
    """Paper S's synapse numbers beside ours; the first variant is the device as printed."""
    printed = variants[0]
    up = printed.printed_drive
    at_end = up.number_at(up.phase_end_s("potentiation"))
    energy = pulse_energy(PRINTED)
    found = [
        Row("skyrmions on the track", 64, up.device.skyrmions, "1", "32 inner, 32 outer"),
        Row("whole operation", 305, float(up.time_s[-1]) * 1e9, "ns", "122 periods of 2.5 ns: 57 up, 4, 57 down, 4"),
        Row(
            "skyrmions in at 142.5 ns, printed drive", 64, at_end, "1",
            "2.5e10 A/m², vortex, damping 0.3; that all 64 come in is how the printed 64 states are read",
        ),
        Row("skyrmions left at 305 ns, printed drive", 0, float(up.number[-1]), "1"),
        Row("torque field at the printed density", None, PRINTED.torque_t(2.5e10) * 1e3, "mT", "P 0.4"),
        Row(
            "energy of a pulse, perpendicular", 0.87, energy.perpendicular_j * 1e15, "fJ",
            "printed density; 0.87 is per state update in reference 20; Valet-Fert Co/Pt bilayer",
        ),
        Row(
            "energy of a pulse, three layers", 0.87, energy.perpendicular_three_layers_j * 1e15, "fJ",
            "the same through free layer, heavy metal and reference layer",
        ),
        Row(
            "energy of a pulse, in-plane", 0.87, energy.in_plane_j * 1e15, "fJ", "through the 0.5 nm magnet alone",
        ),
    ]  # fmt: skip
    for variant in variants:
        found += _rows_of(variant)
    return found


def _rows_of(variant: Variant) -> list[Row]:
    device, point, done, heat = variant.device, variant.point, variant.operation, variant.heat
    name = "vortex" if device.polarisation_angle_rad == 0 else "radial"
    entered = np.flatnonzero(done.covered.max(axis=1) > 0.5)
    first = float(done.time_s[entered[0]]) * 1e9 if len(entered) else None
    conductance = variant.levels.conductance_s
    verdict = "nearly all in and out again" if point.works else "the largest swing of the sweep; none does it all"
    held = done.number_at(done.phase_end_s("short-term state")) - done.number_at(done.phase_end_s("potentiation"))
    retention = None if heat.retention_s is None else heat.retention_s * 1e9
    return [
        Row(f"{name}: current density that works", 2.5e10, point.current_density_a_per_m2, "A/m²", verdict),
        Row(f"{name}: damping there", 0.3, point.gilbert_damping, "1", "printed value: findings.md section 2"),
        Row(f"{name}: skyrmions in at 142.5 ns", 64, done.number_at(done.phase_end_s("potentiation")), "1"),
        Row(f"{name}: left at 305 ns", 0, float(done.number[-1]), "1"),
        Row(f"{name}: initiation, first skyrmion in", None, first, "ns"),
        Row(f"{name}: change over the short-term state", 0, held, "1", "10 ns without current"),
        Row(f"{name}: levels", 64, len(conductance), "1"),
        Row(f"{name}: lowest conductance", None, conductance[0] * 1e3, "mS", "RA 2 Ω µm²: assumed"),
        Row(f"{name}: highest conductance", None, conductance[-1] * 1e3, "mS"),
        Row(
            f"{name}: deviation from a straight line", 0, variant.levels.largest_deviation, "1",
            "largest, of the swing, in potentiation; the paper calls it linear",
        ),
        Row(f"{name}: energy of a pulse", 0.87, variant.energy.perpendicular_j * 1e15, "fJ", "perpendicular, bilayer"),
        Row(f"{name}: energy of a state", 0.87, energy_per_state_j(variant) * 1e15, "fJ", "potentiation over levels"),
        Row(f"{name}: energy of a pulse, in-plane", 0.87, variant.energy.in_plane_j * 1e15, "fJ"),
        Row(
            f"{name}: closest pair", None, done.run.closest_m * 1e9, "nm", "no heat; the model has no merging",
        ),
        Row(f"{name}: level spread at 300 K", None, heat.level_spread, "1", "skyrmions, worst pulse, over the seeds"),
        Row(
            f"{name}: read noise at 300 K", None, float(heat.read_noise_s.max() / (conductance[-1] - conductance[0])),
            "1", "of the range, worst level",
        ),
        Row(f"{name}: hops over the rim at 300 K", None, heat.hops_per_s * 1e-6, "1/µs", "all skyrmions, no current"),
        Row(f"{name}: time constant of the drift", None, retention, "ns", "300 K, no pinning by defects in the model"),
    ]  # fmt: skip


def variant(
    name: str,
    printed_drive: Operation,
    points: tuple[Point, ...],
    operation: Operation,
    heat: Heat,
    calibration: SkyrmionCalibration,
) -> Variant:
    """Put a variant's results together, with its level table and the energy of its pulse."""
    levels = level_table(operation, calibration, heat)
    return Variant(name, printed_drive, points, operation, heat, levels, pulse_energy(operation.device))


def curve_file(folder: Path, variant: Variant) -> Path:
    """Where a variant's curve goes in a folder."""
    return folder / f"{variant.name}.csv"
