"""The skyrmion synapse as an experiment for mumax3 and OOMMF: the whole disc with its skyrmions on the track."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spingan.devices.export import Drive, Experiment
from spingan.devices.skyrmion_synapse import (
    SkyrmionSynapse,
    polarisation,
    rail_cover,
    shipped_calibration,
    track_places_m,
)
from spingan.physics.mesh import Mesh, disc_mask
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import skyrmion, uniform
from spingan.physics.system import System

PULSES = 57  # to the printed maximum at 142.57 ns: docs/derivations.md, section 2


def synapse_experiment(device: SkyrmionSynapse, currents_a: Sequence[float], cell_m: float = 2e-9) -> Experiment:
    """The disc with its skyrmions on the track, then 57 pulses of each current through the disc.

    The current is perpendicular to the plane and even over the disc; its polarisation turns about the centre, and a
    positive current pushes inwards. The rails' flanks are sharp, cell by cell, since mumax3 knows 256 anisotropies.

    Raises:
        UserError: no currents, or cells too large for the film.
    """
    cells = math.ceil(2 * device.radius_m / cell_m)
    mesh = Mesh(cells, cells, cell_m, cell_m)
    disc = disc_mask(mesh, device.centre_m, device.radius_m)
    rails = rail_cover(device, mesh.x_m, mesh.y_m, cell_m) > 0.5
    anisotropy = np.where(rails, device.rail_anisotropy_j_per_m3, device.film.anisotropy_j_per_m3)
    directions, share = _turning(device, mesh)
    drives = tuple(
        Drive(
            label=f"{current * 1e6:+g}uA",
            about=f"{current * 1e6:+g} uA through the disc, {current / device.area_m2:.4g} A/m2, {PULSES} pulses",
            torques=(SpinTorque(directions, device.torque_t(current / device.area_m2) * share),),
            on_s=device.pulse_width_s,
            off_s=round(device.pulse_period_s - device.pulse_width_s, 15),
            count=PULSES,
        )
        for current in currents_a
    )
    system = System(mesh, device.film, mask=disc, anisotropy_j_per_m3=anisotropy)
    about = "a disc with a spiral track, P = polarization of the current written into J"
    return Experiment("skyrmion_synapse", about, system, _start(device, mesh, disc), drives)


def _turning(device: SkyrmionSynapse, mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The polarisation's direction (3, ny, nx), and how much of it there is: it fades at the centre."""
    turned = polarisation(device, shipped_calibration())
    x = mesh.x_m[None, :] - turned.centre_m[0]
    y = mesh.y_m[:, None] - turned.centre_m[1]
    radius = np.hypot(x, y)
    along = np.stack([turned.radial * x - turned.azimuthal * y, turned.radial * y + turned.azimuthal * x, 0 * radius])
    length = np.sqrt((along**2).sum(axis=0))
    somewhere = np.array([1.0, 0.0, 0.0])[:, None, None]
    directions = np.where(length > 0, along / np.where(length > 0, length, 1.0), somewhere)
    return directions, radius / np.hypot(radius, turned.core_radius_m)


def _start(device: SkyrmionSynapse, mesh: Mesh, disc: NDArray[np.bool_]) -> NDArray[np.float64]:
    """One skyrmion at each place of the track; each cell belongs to the nearest."""
    m = uniform(mesh, (0.0, 0.0, 1.0))
    nearest = np.full(mesh.shape, np.inf)
    radius_m = shipped_calibration().texture.radius_m
    for x, y in track_places_m(device):
        distance = np.hypot(mesh.x_m[None, :] - x, mesh.y_m[:, None] - y)
        m = np.where(distance < nearest, skyrmion(mesh, (x, y), radius_m, device.film.wall_width_m), m)
        nearest = np.minimum(nearest, distance)
    return m * disc
