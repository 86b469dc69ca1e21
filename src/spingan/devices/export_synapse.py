"""The skyrmion synapse as an experiment for mumax3 and OOMMF: the whole disc with its skyrmions on the track."""

from collections.abc import Sequence

import numpy as np

from spingan.devices.export import Drive, Experiment
from spingan.devices.skyrmion_synapse import SkyrmionSynapse, disc_mesh, polarisation, rail_cover, shipped_calibration
from spingan.devices.skyrmion_synapse_solver import skyrmions_on_track, turning_torque
from spingan.physics.mesh import disc_mask
from spingan.physics.relax import relax
from spingan.physics.system import System

REST_T = 10e-3  # largest torque of the start; below it the skyrmions creep along the track for minutes of computing
PULSES = 57  # to the printed maximum at 142.57 ns: docs/derivations.md, section 2


def synapse_experiment(device: SkyrmionSynapse, currents_a: Sequence[float], cell_m: float = 2e-9) -> Experiment:
    """The disc with its skyrmions on the track, at rest (no torque above 10 mT), then 57 pulses of each current.

    The current is perpendicular to the plane and even over the disc; its polarisation turns about the centre, and a
    positive current pushes inwards. The rails' flanks are sharp, cell by cell, since mumax3 knows 256 anisotropies.

    Raises:
        UserError: no currents, or cells too large for the film.
    """
    mesh = disc_mesh(device, cell_m)
    disc = disc_mask(mesh, device.centre_m, device.radius_m)
    rails = rail_cover(device, mesh.x_m, mesh.y_m, cell_m) > 0.5
    anisotropy = np.where(rails, device.rail_anisotropy_j_per_m3, device.film.anisotropy_j_per_m3)
    turned = polarisation(device, shipped_calibration())
    drives = tuple(
        Drive(
            label=f"{current * 1e6:+g}uA",
            about=f"{current * 1e6:+g} uA through the disc, {current / device.area_m2:.4g} A/m2, {PULSES} pulses",
            torques=(turning_torque(mesh, turned, device.torque_t(current / device.area_m2)),),
            on_s=device.pulse_width_s,
            off_s=round(device.pulse_period_s - device.pulse_width_s, 15),
            count=PULSES,
        )
        for current in currents_a
    )
    system = System(mesh, device.film, mask=disc, anisotropy_j_per_m3=anisotropy)
    about = "a disc with a spiral track, P = polarization of the current written into J"
    placed = skyrmions_on_track(device, shipped_calibration(), mesh) * disc
    start = relax(system, placed, torque_tolerance_t=REST_T).m
    return Experiment("skyrmion_synapse", about, system, start, drives)
