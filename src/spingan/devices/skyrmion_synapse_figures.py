"""Paper S's numbers of the synapse beside ours."""

import numpy as np

from spingan.devices.comparison import Row
from spingan.devices.skyrmion_synapse import PRINTED
from spingan.devices.skyrmion_synapse_run import pulse_energy
from spingan.devices.skyrmion_synapse_solver import NUCLEUS_M, PULSE_S, REST_T, Comparison, Nucleation
from spingan.devices.skyrmion_synapse_study import IN, Study, Variant


def rows(study: Study) -> list[Row]:
    """Every comparison that the study allows; the first variant is the device as printed."""
    printed = study.variants[0]
    up = printed.printed_drive
    hot = printed.printed_heated
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
        Row("skyrmions in at 142.5 ns, printed drive, 300 K", 64, hot.number_at(hot.phase_end_s("potentiation")), "1",
            "one seed: heat carries them over the rails"),
        Row("skyrmions left at 305 ns, printed drive, 300 K", 0, float(hot.number[-1]), "1", f"{hot.lost} lost"),
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
    for variant in study.variants:
        found += _rows_of(variant)
    if study.nucleation is not None:
        found += _nucleation_rows(study.nucleation)
    if study.comparison is not None:
        found += _comparison_rows(study.comparison)
    return found


def _nucleation_rows(made: Nucleation) -> list[Row]:
    density = f"{made.current_density_a_per_m2:.2g} A/m² against the film, {2 * NUCLEUS_M * 1e9:g} nm across: assumed"
    rest = f"{REST_T * 1e3:g} mT"
    relaxed = f"until the torque was below {rest}" if made.faded else f"the torque was still above {rest}"
    off = None if made.off_track_m is None else made.off_track_m * 1e9
    return [
        Row("injection: pulse", 2, PULSE_S * 1e9, "ns", f"{density}; {made.cell_m * 1e9:g} nm cells"),
        Row("injection: relaxation", 10, made.relaxed_s * 1e9, "ns", relaxed),
        Row("injection: skyrmions", 1, made.skyrmions, "1", "in a piece of the outer track with its rails"),
        Row("injection: off the track's middle", None, off, "nm", "of a track of 30 nm, afterwards"),
        Row(
            "injection: change of topological charge", -1, made.charge_after - made.charge_before, "1",
            f"from {made.charge_before:.3f}, the canted rim's own part; core down",
        ),
    ]  # fmt: skip


def _comparison_rows(both: Comparison) -> list[Row]:
    run = f"mean of {both.solver_m.shape[1]}; {both.cell_m * 1e9:g} nm cells, {both.time_s[-1] * 1e9:g} ns"
    return [
        Row(
            "small disc: path in the solver",
            None,
            both.path_m * 1e9,
            "nm",
            run,
        ),
        Row("small disc: Thiele off by", None, both.root_mean_square_m * 1e9, "nm", "RMS distance at the end"),
        Row("small disc: under the detector, solver", None, float(both.solver_number[-1]), "1"),
        Row("small disc: under the detector, Thiele", None, float(both.thiele_number[-1]), "1"),
        Row("small disc: change of topological charge", 0, both.charge_change, "1", "the rim's part moves a little"),
    ]


def _rows_of(variant: Variant) -> list[Row]:
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
    held = done.number_at(done.phase_end_s("short-term state")) - done.number_at(done.phase_end_s("potentiation"))
    heated_in = float(np.mean([run.number_at(run.phase_end_s("potentiation")) for run in heat.operations]))
    heated_left = float(np.mean([run.number[-1] for run in heat.operations]))
    heated_lost = float(np.mean([run.lost for run in heat.operations]))
    retention = None if heat.retention_s is None else heat.retention_s * 1e9
    return [
        Row(f"{name}: current density that works", 2.5e10, point.current_density_a_per_m2, "A/m²", verdict),
        Row(
            f"{name}: damping there", None, point.gilbert_damping, "1",
            "0.3 is printed for the domain-wall devices (IV-D), none for the synapse",
        ),
        Row(f"{name}: skyrmions in at 142.5 ns", 64, done.number_at(done.phase_end_s("potentiation")), "1", "no heat"),
        Row(f"{name}: left at 305 ns", 0, float(done.number[-1]), "1", "no heat"),
        Row(f"{name}: skyrmions in at 142.5 ns, 300 K", 64, heated_in, "1", "mean over the seeds"),
        Row(f"{name}: left at 305 ns, 300 K", 0, heated_left, "1", "likewise"),
        Row(f"{name}: lost over the edge, 300 K", 0, heated_lost, "1", "likewise, in one operation of 305 ns"),
        Row(f"{name}: initiation, first skyrmion in", None, first, "ns"),
        Row(f"{name}: change over the short-term state", 0, held, "1", "10 ns without current"),
        Row(f"{name}: levels", 64, len(conductance), "1"),
        Row(f"{name}: lowest conductance", None, conductance[0] * 1e3, "mS", "RA 2 Ω µm²: assumed"),
        Row(f"{name}: highest conductance", None, conductance[-1] * 1e3, "mS"),
        Row(
            f"{name}: deviation from a straight line", 0, variant.levels.deviation, "1",
            "largest, of 64, in potentiation, no heat; the paper calls it linear",
        ),
        Row(f"{name}: energy of a pulse", 0.87, variant.energy.perpendicular_j * 1e15, "fJ", "perpendicular, bilayer"),
        Row(f"{name}: energy of a state", 0.87, variant.energy_per_state_j * 1e15, "fJ", "potentiation over levels"),
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
