"""What the exports are tried on: a system that uses everything that they can express, and the solver's torque."""

from dataclasses import replace

import numpy as np

from spingan.devices.export import Drive, Experiment
from spingan.physics.evolve import evolve
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh, disc_mask
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import uniform
from spingan.physics.system import System

FILM = Film(
    saturation_magnetization_a_per_m=580e3,
    exchange_stiffness_j_per_m=15e-12,
    interfacial_dmi_j_per_m2=3e-3,
    anisotropy_j_per_m3=0.8e6,
    gilbert_damping=0.3,
    thickness_m=0.6e-9,
    source="made up for the tests",
)
STEP_S = 1e-18  # exchange between random neighbours turns a cell by 1e-4 in it, and the torque's direction with it


def disc_experiment():
    """A disc with a stronger bar across it, an uneven field, and drives of every form."""
    mesh = Mesh(nx=24, ny=20, dx_m=2e-9, dy_m=1.5e-9)
    mask = disc_mask(mesh, (24e-9, 15e-9), 14e-9)
    anisotropy = np.full(mesh.shape, 0.8e6)
    anisotropy[3:6, 4:19] = 1.2e6
    field = np.random.default_rng(1).normal(scale=0.1, size=(3, *mesh.shape))
    system = System(mesh, FILM, mask, anisotropy, external_field_t=(0.01, 0, 0.2), exchange_bias_field_t=field)
    uneven = np.where(mesh.x_m < 20e-9, 0.03, -0.02) * np.ones((mesh.ny, 1))
    drives = (
        Drive("even", "one torque", (SpinTorque((0, 0.6, 0.8), -0.04, 0.2),), 2e-9),
        Drive("uneven", "one torque, other everywhere", (SpinTorque((0, -1, 0), uneven, 0.2),), 2.2e-9, 0.3e-9, 3),
        Drive("two", "two", (SpinTorque((0, 0, 1), uneven, 0.1), SpinTorque((1, 0, 0), 0.05, 0.1)), 1e-9),
        Drive("asymmetric", "with an asymmetry", (SpinTorque((0, 0, 1), 0.07, asymmetry=1.7),), 1e-9),
        Drive("none", "no torque", (), 1e-9),
    )
    return Experiment("disc", "a disc", system, uniform(mesh, (0, 0, 1), mask), drives)


def random_state(inside):
    """Every cell of a mask (ny, nx) points anywhere."""
    m = np.random.default_rng(0).normal(size=(3, *inside.shape))
    return m / np.linalg.norm(m, axis=0) * inside


def solver_torque(system, torques, m):
    """The torques' part of dm/dt in rad/s, from one short step of the solver."""
    ends = [evolve(replace(system, torques=some), m, STEP_S).m for some in (torques, ())]
    return (ends[0] - ends[1]) / STEP_S


def near(torque):
    """How far another torque may be from the solver's, given the step; 1e4 rad/s is its rounding times a margin."""
    return 2e-3 * np.abs(torque).max() + 1e4
