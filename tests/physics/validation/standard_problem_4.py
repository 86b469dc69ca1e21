"""muMAG standard problem 4: a 500 x 125 x 3 nm Permalloy bar, reversed by either of two fields.

Problem and units: ctcms.nist.gov/~rdm/std4/spec4.html. `OOMMF_FIELD_1` is what OOMMF gave on 2.5 nm cells, from the
table that the Fidimag project keeps beside its own run (github.com/computationalmodelling/fidimag,
micromagnetics_examples/std4/oommf.txt). `MUMAX3_END` is what mumax3 expects of itself on 128 x 32 cells after 1 ns
(github.com/mumax/3, test/standardproblem4.mx3 to 1e-5, and for field 2 test/cert/standardproblem4b.go to 1e-3).
"""

from dataclasses import replace

import numpy as np

from spingan.physics.evolve import evolve
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh
from spingan.physics.relax import relax
from spingan.physics.states import uniform
from spingan.physics.system import System

PERMALLOY = Film(
    saturation_magnetization_a_per_m=8e5,
    exchange_stiffness_j_per_m=13e-12,
    interfacial_dmi_j_per_m2=0.0,
    anisotropy_j_per_m3=0.0,
    gilbert_damping=0.02,
    thickness_m=3e-9,
    source="muMAG standard problem 4",
)
FIELDS_T = {1: (-24.6e-3, 4.3e-3, 0.0), 2: (-35.5e-3, -6.3e-3, 0.0)}
S_STATE = (0.96697, 0.12527, 0.0)  # mumax3, test/standardproblem4.mx3
MUMAX3_END = {1: (-0.98461, 0.12604, 0.04327), 2: (-0.9687, -0.1186, -0.00569)}

# Time in ps: <m> under field 1.
OOMMF_FIELD_1 = {
    50: (0.87807, 0.32511, -0.05355),
    100: (0.52146, 0.66498, -0.08469),
    130: (0.13416, 0.75161, -0.11974),
    150: (-0.18858, 0.66554, -0.14806),
    170: (-0.50318, 0.44540, -0.16610),
    200: (-0.81590, -0.06182, -0.15274),
    230: (-0.78647, -0.48607, -0.05250),
    250: (-0.68449, -0.41436, 0.01971),
    275: (-0.65811, -0.14847, 0.05948),
    300: (-0.74274, -0.00910, 0.06935),
    325: (-0.93475, 0.13430, 0.07631),
    350: (-0.77134, 0.28930, 0.04955),
    410: (-0.83863, 0.38809, -0.05033),
    450: (-0.89387, -0.02976, -0.07703),
    500: (-0.91916, -0.22449, 0.04779),
    550: (-0.85022, 0.33697, 0.05947),
    580: (-0.85170, 0.45601, -0.02174),
    650: (-0.90149, -0.14754, -0.00700),
    700: (-0.94567, 0.20000, 0.05466),
    750: (-0.94241, 0.27147, -0.04619),
    800: (-0.96120, -0.16407, -0.01341),
    860: (-0.94620, 0.28558, 0.05078),
    900: (-0.92918, 0.33530, -0.03560),
    950: (-0.96856, -0.05530, -0.02309),
    1000: (-0.98451, 0.12745, 0.04315),
}
OOMMF_CROSSING_PS = 138.498  # <mx>, by straight lines between its rows at 138 and 139 ps


def bar(cells_long):
    """The bar at rest in its S state: the system without field, and the state."""
    cell_m = 500e-9 / cells_long
    system = System(Mesh(nx=cells_long, ny=cells_long // 4, dx_m=cell_m, dy_m=cell_m), PERMALLOY)
    start = uniform(system.mesh, (1, 0.1, 0))  # as mumax3: it falls into the S state that (1, 1, 1) leads to
    return system, relax(system, start, torque_tolerance_t=1e-6).m


def reversal(system, s_state, number, duration_s=1e-9, tolerance=1e-5):
    """Times (n,) and <m> (n, 3) every picosecond under one of the fields."""
    observers = {"m": lambda _time, m: m.mean(axis=(1, 2))}
    driven = replace(system, external_field_t=FIELDS_T[number])
    run = evolve(driven, s_state, duration_s, every_s=1e-12, observers=observers, tolerance=tolerance)
    return run.time_s, run.records["m"]


def first_crossing_ps(time_s, mx):
    """When <mx> first goes through zero."""
    at = int(np.flatnonzero(mx < 0)[0])
    return 1e12 * float(time_s[at - 1] + (time_s[at] - time_s[at - 1]) * mx[at - 1] / (mx[at - 1] - mx[at]))
