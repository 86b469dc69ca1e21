"""What an OOMMF problem says is read back by Tcl itself and must be the system that was exported."""

from dataclasses import replace

import numpy as np
import pytest
from export_cases import disc_experiment, near, random_state, solver_torque

from spingan.devices.export import REST_T, Drive, SpinTorque, spin_current, wall_experiment
from spingan.devices.export_oommf import write
from spingan.devices.wall_device import LEAKY_RELU, RELU
from spingan.devices.wall_system import system
from spingan.errors import UserError
from spingan.physics.constants import ELECTRON_CHARGE, HBAR
from spingan.physics.field import energies_j
from spingan.physics.ovf import read_ovf
from spingan.physics.relax import relax
from spingan.physics.states import skyrmion

MU_0 = 4e-7 * np.pi


class Problem:
    """A MIF 2.1 file, evaluated by Tcl; its blocks are read as OOMMF's user guide explains them."""

    def __init__(self, path):
        tkinter = pytest.importorskip("tkinter", reason="its Tcl reads the problems")
        self.folder = path.parent
        text = path.read_text()
        assert text.startswith("# MIF 2.1\n")
        self.tcl = tkinter.Tcl()
        self.blocks, self.orders = {}, []
        self.tcl.createcommand("Specify", lambda name, *block: self.blocks.__setitem__(name, "".join(block)))
        for word in ("Destination", "Schedule"):
            self.tcl.createcommand(word, lambda *words: self.orders.append(words))
        self.tcl.eval(text)

    def entry(self, block, key):
        words = self.tcl.splitlist(self.blocks[block])
        return dict(zip(words[::2], words[1::2], strict=True)).get(key)

    def numbers(self, block, key):
        return [float(word) for word in self.tcl.splitlist(self.entry(block, key))]

    def field(self, text):
        """A vector field (3, ny, nx) by reference, or (3, 1, 1) of numbers."""
        words = self.tcl.splitlist(text)
        if len(words) == 3:
            return np.array([float(word) for word in words])[:, None, None]
        name = f"Oxs_FileVectorField{words[0]}"
        assert self.numbers(name, "spatial_scaling") == [1, 1, 1]
        assert self.numbers(name, "spatial_offset") == [0, 0, 0]
        return read_ovf(self.folder / self.entry(name, "file")).values

    def scalar(self, text):
        words = self.tcl.splitlist(text)
        if len(words) == 1:
            return float(words[0])
        assert words[0] == "Oxs_VecMagScalarField"
        key, reference = self.tcl.splitlist(words[1])
        assert key == "field"
        return np.linalg.norm(self.field(reference), axis=0)

    def zeeman_t(self):
        total = np.zeros((3, 1, 1))
        for name in self.blocks:
            if name.startswith("Oxs_FixedZeeman"):
                total = total + MU_0 * float(self.entry(name, "multiplier")) * self.field(self.entry(name, "field"))
        return total

    def torque(self, m, thickness):
        """Oxs_SpinXferEvolve's two terms in Landau and Lifshitz' form, rad/s."""
        block = "Oxs_SpinXferEvolve:evolver"
        alpha, gamma, asymmetry, prime, polarization = (
            float(self.entry(block, key)) for key in ("alpha", "gamma_G", "Lambda", "eps_prime", "P")
        )
        ms = self.scalar(self.entry("Oxs_TimeDriver", "Ms"))
        beta = HBAR / (MU_0 * ELECTRON_CHARGE) * self.scalar(self.entry(block, "J")) / thickness
        beta = np.where(ms > 0, beta / np.where(ms > 0, ms, 1), 0)
        p = self.field(self.entry(block, "mp"))
        p = p / np.linalg.norm(p, axis=0)
        epsilon = polarization * asymmetry**2
        epsilon = epsilon / (asymmetry**2 + 1 + (asymmetry**2 - 1) * (p * m).sum(axis=0))
        mxp = np.cross(m, np.broadcast_to(p, m.shape), axis=0)
        across = (epsilon + alpha * prime) * np.cross(m, mxp, axis=0)
        return -gamma / (1 + alpha**2) * beta * (across + (prime - alpha * epsilon) * mxp)


def cnv_energy(m, d, dx, dy, thickness):
    """Oxs_DMI_Cnv_z: 1/2 D sum over the neighbours j of m_i . ((z x u_ij) x m_j) / distance, times the volume."""
    total = 0.0
    for axis, step, u in ((2, dx, (1, 0, 0)), (1, dy, (0, 1, 0))):
        lower, upper = np.take(m, range(m.shape[axis] - 1), axis), np.take(m, range(1, m.shape[axis]), axis)
        turn = np.cross((0, 0, 1), u)[:, None, None]
        for here, there, sign in ((lower, upper, 1), (upper, lower, -1)):
            pair = np.cross(np.broadcast_to(sign * turn, there.shape), there, axis=0)
            total += 0.5 * d * float((here * pair).sum()) / step
    return total * dx * dy * thickness


@pytest.fixture
def disc():
    return disc_experiment()


def test_a_problem_has_the_mesh_the_material_the_fields_and_the_start(disc, tmp_path):
    ours, film = disc.system, disc.system.film
    mesh = ours.mesh
    for path in write(disc, tmp_path):
        problem = Problem(path)
        np.testing.assert_allclose(
            problem.numbers("Oxs_RectangularMesh:mesh", "cellsize"), [mesh.dx_m, mesh.dy_m, film.thickness_m]
        )
        extent = [problem.numbers("Oxs_BoxAtlas:film", f"{axis}range") for axis in "xyz"]
        whole = [[0, mesh.nx * mesh.dx_m], [0, mesh.ny * mesh.dy_m], [0, film.thickness_m]]
        np.testing.assert_allclose(extent, whole)
        k = problem.scalar(problem.entry("Oxs_UniaxialAnisotropy", "K1"))
        np.testing.assert_array_equal(k, ours.anisotropy_j_per_m3)
        assert problem.numbers("Oxs_UniaxialAnisotropy", "axis") == [0, 0, 1]
        assert problem.numbers("Oxs_UniformExchange", "A") == [15e-12]
        saturation = problem.scalar(problem.entry("Oxs_TimeDriver", "Ms"))
        np.testing.assert_array_equal(saturation, 580e3 * ours.mask)
        start = problem.field(problem.entry("Oxs_TimeDriver", "m0"))
        np.testing.assert_array_equal(start * ours.mask, disc.start)
        assert np.linalg.norm(start, axis=0).min() > 0.99  # OOMMF refuses a cell without direction
        field = np.array(ours.external_field_t)[:, None, None] + ours.exchange_bias_field_t
        np.testing.assert_allclose(problem.zeeman_t(), field, rtol=1e-9, atol=1e-15)
        assert "Oxs_Demag" in problem.blocks


def test_the_torque_by_oommfs_formula_is_the_solvers(disc, tmp_path):
    ours = disc.system
    m = random_state(ours.inside)
    for drive, path in zip(disc.drives, write(disc, tmp_path), strict=True):
        torque = solver_torque(ours, drive.torques, m)
        read = Problem(path).torque(m, ours.film.thickness_m)
        np.testing.assert_allclose(read, torque, atol=near(torque))


def test_the_dmi_of_the_extension_has_the_solvers_sign_and_size(disc, tmp_path):
    """The difference between both chiralities of one skyrmion: what the edges add is the same in both."""
    whole = replace(disc.system, mask=None)
    problem = Problem(write(disc, tmp_path)[0])
    d = problem.numbers("Oxs_DMI_Cnv_z", "default_D")[0]
    words = problem.tcl.splitlist(problem.entry("Oxs_DMI_Cnv_z", "D"))
    assert words == ("film", "film", problem.entry("Oxs_DMI_Cnv_z", "default_D"))
    mesh, film = whole.mesh, whole.film
    states = [skyrmion(mesh, (24e-9, 15e-9), 5e-9, 6e-9, chirality=sign) for sign in (1, -1)]
    theirs = [cnv_energy(m, d, mesh.dx_m, mesh.dy_m, film.thickness_m) for m in states]
    ours = [energies_j(whole, m)["dmi"] for m in states]
    assert ours[0] < ours[1]
    assert theirs[1] - theirs[0] == pytest.approx(ours[1] - ours[0], rel=1e-6)


def test_stage_0_rests_and_the_pulses_and_pauses_follow(disc, tmp_path):
    problem = Problem(write(disc, tmp_path)[1])
    driver = "Oxs_TimeDriver"
    assert problem.numbers(driver, "stage_count") == [7]
    times, limits = (problem.numbers(driver, f"stopping_{what}") for what in ("time", "dm_dt"))
    assert times[1:] == [2.2e-9, 0.3e-9] * 3
    assert len(times) == len(limits) == 7  # OOMMF refuses lists of other lengths than the stages
    assert times[0] <= 0.1e-9 and limits[0] > 0  # in a flat well nothing settles: the time ends the stage
    assert limits[1:] == [0] * 6  # pulses and pauses last as long as they are
    assert problem.entry("Oxs_SpinXferEvolve:evolver", "J_profile") == "drive"
    assert [int(problem.tcl.eval(f"drive {stage}")) for stage in range(7)] == [0, 1, 0, 1, 0, 1, 0]
    without_pause = Problem(tmp_path / "disc_even.mif")
    assert [int(without_pause.tcl.eval(f"drive {stage}")) for stage in range(2)] == [0, 1]


@pytest.mark.parametrize("device", [LEAKY_RELU, RELU], ids=lambda device: device.name)
def test_a_wall_starts_from_the_solvers_own_rest_state(device, tmp_path):
    experiment = wall_experiment(device, [10e-6], "magnet-section")
    problem = Problem(write(experiment, tmp_path)[0])
    start = problem.field(problem.entry("Oxs_TimeDriver", "m0"))
    after = relax(experiment.system, start, torque_tolerance_t=REST_T)
    assert after.steps == 0  # nothing is left to do


def test_the_readme_says_which_extension_it_takes_and_where_it_is(disc, tmp_path):
    write(disc, tmp_path)
    text = (tmp_path / "README.txt").read_text()
    assert "Oxs_DMI_Cnv_z" in text and "github.com/joommf/oommf-extension-dmi-cnv" in text


@pytest.mark.parametrize("device", [LEAKY_RELU, RELU], ids=lambda device: device.name)
def test_the_domain_wall_devices_come_back_for_every_current(device, tmp_path):
    currents = [-34.5e-6, 0.0, 10e-6]
    experiment = wall_experiment(device, currents, "textbook")
    for path, current in zip(write(experiment, tmp_path), currents, strict=True):
        problem = Problem(path)
        ours = system(device, current, "textbook")
        k = problem.scalar(problem.entry("Oxs_UniaxialAnisotropy", "K1"))
        np.testing.assert_array_equal(k, ours.anisotropy_j_per_m3)
        np.testing.assert_allclose(problem.zeeman_t(), ours.exchange_bias_field_t, rtol=1e-9)
        m = random_state(ours.inside)
        torque = solver_torque(ours, ours.torques, m)
        read = problem.torque(m, ours.film.thickness_m)
        np.testing.assert_allclose(read, torque, atol=near(torque))


def test_what_no_program_can_do_is_refused(disc, tmp_path):
    ours = disc.system
    for change, said in (({"temperature_k": 300.0}, "300 K"), ({"frozen": ours.mask}, "frozen")):
        with pytest.raises(UserError, match=said):
            replace(disc, system=replace(ours, **change))
    with pytest.raises(UserError, match="nothing to export"):
        replace(disc, drives=())
    soft = replace(disc, system=replace(ours, anisotropy_j_per_m3=-ours.anisotropy_j_per_m3))
    with pytest.raises(UserError, match="easy axes"):
        write(soft, tmp_path / "soft")
    torques = (
        (SpinTorque((0, 0, 1), 0.1, 0.5, 1.5),),
        (SpinTorque((0, 0, 1), 0.1, 0.5), SpinTorque((0, 1, 0), 0.1)),
    )
    for unlike in torques:
        with pytest.raises(UserError, match="mumax3 and OOMMF"):
            spin_current(unlike, ours.film)
    assert not Drive("off", "", (), 1e-9).torques
