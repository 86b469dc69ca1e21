"""Figures of the synapse's study: as printed, at its working points, nucleation, and both models on a small disc."""

import numpy as np

from spingan.devices.skyrmion_synapse import PRINTED
from spingan.devices.skyrmion_synapse_run import pulse_energy
from spingan.devices.skyrmion_synapse_solver import NUCLEUS_M, PULSE_S, REST_T, Comparison, Nucleation
from spingan.devices.skyrmion_synapse_study import IN, Study, Variant
from spingan.tabular import Figure


def study_figures(study: Study) -> list[Figure]:
    """Everything that the study found; the first variant is the device as printed."""
    printed = study.variants[0]
    up = printed.printed_drive
    hot = printed.printed_heated
    energy = pulse_energy(PRINTED)
    found = [
        Figure("skyrmions on the track", up.device.skyrmions, "1", "32 inner, 32 outer"),
        Figure("whole operation", float(up.time_s[-1]) * 1e9, "ns", "122 periods of 2.5 ns: 57 up, 4, 57 down, 4"),
        Figure(
            "skyrmions in at 142.5 ns, printed drive", up.potentiated, "1",
            "2.5e10 A/m², vortex, damping 0.3; that all 64 come in is how the printed 64 states are read",
        ),
        Figure("skyrmions left at 305 ns, printed drive", float(up.number[-1]), "1"),
        Figure("skyrmions in at 142.5 ns, printed drive, 300 K", hot.potentiated, "1",
            "one seed: heat carries them over the rails"),
        Figure("skyrmions left at 305 ns, printed drive, 300 K", float(hot.number[-1]), "1", f"{hot.lost} lost"),
        Figure("torque field at the printed density", PRINTED.torque_t(2.5e10) * 1e3, "mT", "P 0.4"),
        Figure(
            "energy of a pulse, perpendicular", energy.perpendicular_j * 1e15, "fJ",
            "printed density; 0.87 is per state update in reference 20; Valet-Fert Co/Pt bilayer",
        ),
        Figure(
            "energy of a pulse, three layers", energy.perpendicular_three_layers_j * 1e15, "fJ",
            "the same through free layer, heavy metal and reference layer",
        ),
        Figure("energy of a pulse, in-plane", energy.in_plane_j * 1e15, "fJ", "through the 0.5 nm magnet alone"),
    ]  # fmt: skip
    for variant in study.variants:
        found += _variant_figures(variant)
    if study.nucleation is not None:
        found += _nucleation_figures(study.nucleation)
    if study.comparison is not None:
        found += _comparison_figures(study.comparison)
    return found


def _nucleation_figures(made: Nucleation) -> list[Figure]:
    density = f"{made.current_density_a_per_m2:.2g} A/m² against the film, {2 * NUCLEUS_M * 1e9:g} nm across: assumed"
    rest = f"{REST_T * 1e3:g} mT"
    relaxed = f"until the torque was below {rest}" if made.faded else f"the torque was still above {rest}"
    off = None if made.off_track_m is None else made.off_track_m * 1e9
    return [
        Figure("injection: pulse", PULSE_S * 1e9, "ns", f"{density}; {made.cell_m * 1e9:g} nm cells"),
        Figure("injection: relaxation", made.relaxed_s * 1e9, "ns", relaxed),
        Figure("injection: skyrmions", made.skyrmions, "1", "in a piece of the outer track with its rails"),
        Figure("injection: off the track's middle", off, "nm", "of a track of 30 nm, afterwards"),
        Figure(
            "injection: change of topological charge", made.charge_after - made.charge_before, "1",
            f"from {made.charge_before:.3f}, the canted rim's own part; core down",
        ),
    ]  # fmt: skip


def _comparison_figures(both: Comparison) -> list[Figure]:
    run = f"mean of {both.solver_m.shape[1]}; {both.cell_m * 1e9:g} nm cells, {both.time_s[-1] * 1e9:g} ns"
    return [
        Figure("small disc: path in the solver", both.path_m * 1e9, "nm", run),
        Figure("small disc: Thiele off by", both.root_mean_square_m * 1e9, "nm", "RMS distance at the end"),
        Figure("small disc: under the detector, solver", float(both.solver_number[-1]), "1"),
        Figure("small disc: under the detector, Thiele", float(both.thiele_number[-1]), "1"),
        Figure("small disc: change of topological charge", both.charge_change, "1", "the rim's part moves a little"),
    ]


def _variant_figures(variant: Variant) -> list[Figure]:
    device, point, done, heat = variant.device, variant.point, variant.operation, variant.heat
    name = "vortex" if device.polarisation_angle_rad == 0 else "radial"
    entered = np.flatnonzero(done.covered.max(axis=1) > IN)
    first = float(done.time_s[entered[0]]) * 1e9 if len(entered) else None
    conductance = variant.levels.conductance_s
    verdict = (
        "nearly all in and out again without heat; the most linear of the sweep"
        if point.works
        else "the largest swing of the sweep; none does it all"
    )
    held = done.number_at(done.phase_end_s("short-term state")) - done.potentiated
    heated_in = float(np.mean([run.potentiated for run in heat.operations]))
    heated_left = float(np.mean([run.number[-1] for run in heat.operations]))
    heated_lost = float(np.mean([run.lost for run in heat.operations]))
    retention = None if heat.retention_s is None else heat.retention_s * 1e9
    return [
        Figure(f"{name}: current density that works", point.current_density_a_per_m2, "A/m²", verdict),
        Figure(
            f"{name}: damping there", point.gilbert_damping, "1",
            "0.3 is printed for the domain-wall devices (IV-D), none for the synapse",
        ),
        Figure(f"{name}: skyrmions in at 142.5 ns", done.potentiated, "1", "no heat"),
        Figure(f"{name}: left at 305 ns", float(done.number[-1]), "1", "no heat"),
        Figure(f"{name}: skyrmions in at 142.5 ns, 300 K", heated_in, "1", "mean over the seeds"),
        Figure(f"{name}: left at 305 ns, 300 K", heated_left, "1", "likewise"),
        Figure(f"{name}: lost over the edge, 300 K", heated_lost, "1", "likewise, in one operation of 305 ns"),
        Figure(f"{name}: initiation, first skyrmion in", first, "ns"),
        Figure(f"{name}: change over the short-term state", held, "1", "10 ns without current"),
        Figure(f"{name}: levels", len(conductance), "1"),
        Figure(f"{name}: lowest conductance", conductance[0] * 1e3, "mS", "RA 2 Ω µm²: assumed"),
        Figure(f"{name}: highest conductance", conductance[-1] * 1e3, "mS"),
        Figure(
            f"{name}: deviation from a straight line", variant.levels.deviation, "1",
            "largest, of 64, in potentiation, no heat; the paper calls it linear",
        ),
        Figure(f"{name}: energy of a pulse", variant.energy.perpendicular_j * 1e15, "fJ", "perpendicular, bilayer"),
        Figure(f"{name}: energy of a state", variant.energy_per_state_j * 1e15, "fJ", "potentiation over levels"),
        Figure(f"{name}: energy of a pulse, in-plane", variant.energy.in_plane_j * 1e15, "fJ"),
        Figure(f"{name}: closest pair", done.run.closest_m * 1e9, "nm", "no heat; the model has no merging"),
        Figure(f"{name}: level spread at 300 K", heat.level_spread, "1", "skyrmions, worst pulse, over the seeds"),
        Figure(
            f"{name}: read noise at 300 K", float(heat.read_noise_s.max() / (conductance[-1] - conductance[0])),
            "1", "of the range, worst level",
        ),
        Figure(f"{name}: hops over the rim at 300 K", heat.hops_per_s * 1e-6, "1/µs", "all skyrmions, no current"),
        Figure(f"{name}: time constant of the drift", retention, "ns", "300 K, no pinning by defects in the model"),
    ]  # fmt: skip
