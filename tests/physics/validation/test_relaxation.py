"""Rest states of Permalloy, whose exchange is stiff beside its other fields."""

import pytest

from spingan.physics.film import Film
from spingan.physics.mesh import Mesh
from spingan.physics.relax import relax
from spingan.physics.states import uniform
from spingan.physics.system import System

PERMALLOY = Film(  # muMAG standard problem 4, ctcms.nist.gov/~rdm/std4/spec4.html
    saturation_magnetization_a_per_m=8e5,
    exchange_stiffness_j_per_m=13e-12,
    interfacial_dmi_j_per_m2=0.0,
    anisotropy_j_per_m3=0.0,
    gilbert_damping=0.02,
    thickness_m=3e-9,
    source="muMAG standard problem 4",
)


@pytest.mark.parametrize("cell_nm", [5.0, 2.5])
def test_a_soft_bar_comes_to_rest_at_any_cell_size(cell_nm):
    """An explicit scheme at the edge of its stability keeps the shortest waves alive at its error tolerance; the torque
    then stays near tolerance times the exchange field of these waves (10 T at 5 nm), however long it runs."""
    mesh = Mesh(nx=round(100 / cell_nm), ny=round(50 / cell_nm), dx_m=cell_nm * 1e-9, dy_m=cell_nm * 1e-9)
    rest = relax(System(mesh=mesh, film=PERMALLOY), uniform(mesh, (1, 0.1, 0)), torque_tolerance_t=1e-5, time_limit_s=8)
    assert rest.torque_t <= 1e-5
