"""The equation of motion: what the kernels write is what Gilbert's equation says."""

import dataclasses

import numpy as np
import pytest

from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T as GAMMA
from spingan.physics.field import effective_field_t
from spingan.physics.film import Film
from spingan.physics.llg import motion
from spingan.physics.mesh import Mesh
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.8e6, 0.3, 1e-9, "docs/derivations.md, section 2")
MESH = Mesh(11, 7, 1e-9, 1.1e-9)


def directions(seed):
    m = np.random.default_rng(seed).normal(size=(3, *MESH.shape))
    return m / np.sqrt((m**2).sum(axis=0))


def velocity(system, m):
    ready = motion(system)
    k = np.zeros(3 * ready.grid.layer)
    torque = ready.velocity(ready.grid.padded(m), k)
    return ready.grid.cells(k, 3), torque


def cross(a, b):
    return np.cross(a, b, axis=0)


@pytest.mark.parametrize("temporarily_without", [None, "demagnetisation", "torques"])
def test_velocity_solves_gilberts_equation_with_any_torques(temporarily_without):
    torques = (
        SpinTorque((0, 1, 0), 0.2, field_like_ratio=0.2),
        SpinTorque(directions(1), np.random.default_rng(2).normal(size=MESH.shape), field_like_ratio=-0.4),
        SpinTorque((0, 0, 1), 0.3, field_like_ratio=0.1, asymmetry=1.6),
        SpinTorque(directions(3), -0.1, asymmetry=2.5),
    )
    system = System(MESH, FILM, external_field_t=(0.01, -0.2, 0.1), torques=torques)
    if temporarily_without is not None:
        system = dataclasses.replace(
            system, **{temporarily_without: {"demagnetisation": False, "torques": ()}[temporarily_without]}
        )
    m = directions(4)
    got, torque_t = velocity(system, m)
    right = cross(m, effective_field_t(system, m))
    for torque in system.torques:
        p = np.broadcast_to(
            np.asarray(torque.polarisation).reshape(3, *(MESH.shape if np.ndim(torque.polarisation) == 3 else (1, 1))),
            m.shape,
        )
        square = torque.asymmetry**2
        factor = 2 * square / (square + 1 + (square - 1) * (m * p).sum(axis=0))
        right = right + torque.field_t * factor * (cross(m, cross(m, p)) + torque.field_like_ratio * cross(m, p))
    left = got - FILM.gilbert_damping * cross(m, got)
    assert left == pytest.approx(-GAMMA * right, rel=1e-9, abs=1e-9 * np.abs(left).max())
    assert torque_t == pytest.approx(np.sqrt((got**2).sum(axis=0)).max() / GAMMA)


def test_cells_that_are_frozen_or_outside_have_no_velocity():
    mask = np.ones(MESH.shape, dtype=bool)
    mask[:2, 4:] = False
    frozen = np.zeros(MESH.shape, dtype=bool)
    frozen[:, :3] = True
    got, _ = velocity(System(MESH, FILM, mask=mask, frozen=frozen), directions(5) * mask)
    still = frozen | ~mask
    assert np.all(got[:, still] == 0)
    assert np.all(np.abs(got[:, ~still]).max(axis=0) > 0)
