"""What a mumax3 script says is read back by an interpreter of its own and must be the system that was exported."""

import re
from dataclasses import replace

import numpy as np
import pytest
from export_cases import disc_experiment, near, random_state, solver_torque
from PIL import Image

from spingan.devices.export import wall_experiment
from spingan.devices.export_mumax3 import write
from spingan.devices.wall_device import LEAKY_RELU, RELU
from spingan.devices.wall_system import system
from spingan.errors import UserError
from spingan.physics.constants import ELECTRON_CHARGE, GYROMAGNETIC_RATIO_RAD_PER_S_T, HBAR
from spingan.physics.ovf import read_ovf

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class Script:
    """The few words of mumax3's language that the exports use, as its paper and manual explain them."""

    def __init__(self, path):
        self.folder = path.parent
        self.values, self.runs, self.fields, self.regions = {}, [], {}, {}
        lines = [line.split("//")[0].strip() for line in path.read_text().splitlines()]
        self.run([line for line in lines if line])

    def run(self, lines):
        while lines:
            line = lines.pop(0)
            if loop := re.fullmatch(r"for i := 0; i < (\d+); i\+\+ {", line):
                body = lines[: lines.index("}")]
                del lines[: len(body) + 1]
                for _ in range(int(loop[1])):
                    self.run(list(body))
            elif call := re.fullmatch(r"(\w+)\.(Add|SetRegion|RemoveExtraTerms|LoadFile)\((.*)\)", line):
                self.method(*call.groups())
            elif call := re.fullmatch(r"(\w+)\((.*)\)", line):
                self.call(*call.groups())
            else:
                name, value = re.fullmatch(r"(\w+) = (.+)", line).groups()
                vector = re.fullmatch(r"vector\((.*)\)", value)
                self.values[name] = np.array([float(word) for word in vector[1].split(",")]) if vector else value

    def call(self, name, text):
        if name == "SetGridSize":
            nx, ny, nz = (int(word) for word in text.split(","))
            assert nz == 1
            self.shape, self.inside, self.region = (ny, nx), np.ones((ny, nx), bool), np.zeros((ny, nx), int)
        elif name == "SetCellSize":
            self.cell = [float(word) for word in text.split(",")]
        elif name == "SetGeom":
            self.inside = self.shape_of(text)
        elif name == "DefRegion":
            number, shape = text.split(",", 1)
            assert 0 < int(number) < 256
            self.region[self.shape_of(shape)] = int(number)
        elif name in ("Run", "Relax"):
            self.runs.append((float(text or 0), self.current() if self.runs else None))
        else:
            assert name in ("TableAdd", "TableSave", "TableAutoSave", "AutoSave", "SaveAs")

    def method(self, name, method, text):
        if method == "SetRegion":
            region, value = text.split(",")
            self.regions[int(region)] = float(value)
        elif method == "RemoveExtraTerms":
            del self.fields[name]
        else:
            values = read_ovf(self.folder / re.search(r'"(.+)"', text)[1]).values
            if method == "Add":
                assert text.endswith(", 1)") or text.endswith(", 1"), text
                values = values + self.fields.get(name, 0)
            self.fields[name] = values

    def shape_of(self, text):
        """Cells (ny, nx) whose centre is in a shape; the origin is the middle of the mesh."""
        inside = np.zeros(self.shape, bool)
        x = (np.arange(self.shape[1]) + 0.5 - self.shape[1] / 2) * self.cell[0]
        for a, b in re.findall(r"XRange\((.+?), (.+?)\)", text):
            inside |= (x >= float(a)) & (x < float(b))
        for name in re.findall(r'ImageShape\("(.+?)"\)', text):
            picture = np.asarray(Image.open(self.folder / name).convert("L"))
            assert picture.shape == self.shape
            inside |= picture[::-1] < 128
        return inside

    def vector(self, name):
        fixed = np.asarray(self.values.get(name, np.zeros(3)))
        return fixed[:, None, None] + self.fields.get(name, np.zeros((3, *self.shape)))

    def anisotropy(self):
        base = float(self.values["Ku1"])
        return np.vectorize(lambda region: self.regions.get(region, base))(self.region)

    def current(self):
        return {name: self.vector(name) for name in ("J", "FixedLayer")}

    def torque(self, m, current):
        """AIP Adv. 4, 107133, eqs. 9 to 12 (with the sign of alpha eps' that Gilbert's equation asks for), rad/s."""
        ms, alpha, asymmetry = float(self.values["Msat"]), float(self.values["alpha"]), float(self.values["Lambda"])
        p = current["FixedLayer"]
        beta = HBAR * current["J"][2] / (ms * ELECTRON_CHARGE * self.cell[2])
        epsilon = float(self.values["Pol"]) * asymmetry**2
        epsilon = epsilon / ((asymmetry**2 + 1) + (asymmetry**2 - 1) * (p * m).sum(axis=0))
        prime = float(self.values["EpsilonPrime"])
        pxm = np.cross(p, m, axis=0)
        mxpxm = np.cross(m, pxm, axis=0)
        torque = beta * ((epsilon + alpha * prime) * mxpxm + (prime - alpha * epsilon) * pxm) / (1 + alpha**2)
        return float(self.values["GammaLL"]) * torque * self.inside


@pytest.fixture
def disc():
    return disc_experiment()


def test_a_script_has_the_mesh_the_material_the_fields_and_the_start(disc, tmp_path):
    system, film = disc.system, disc.system.film
    for path in write(disc, tmp_path):
        script = Script(path)
        assert script.shape == system.mesh.shape
        assert script.cell == [system.mesh.dx_m, system.mesh.dy_m, film.thickness_m]
        np.testing.assert_array_equal(script.inside, system.mask)
        np.testing.assert_array_equal(script.anisotropy(), system.anisotropy_j_per_m3)
        field = np.array(system.external_field_t)[:, None, None] + system.exchange_bias_field_t
        np.testing.assert_allclose(script.vector("B_ext"), field, rtol=1e-12)
        np.testing.assert_array_equal(script.fields["m"] * system.mask, disc.start)
        np.testing.assert_array_equal(script.values["AnisU"], [0, 0, 1])
        numbers = [float(script.values[name]) for name in ("Msat", "Aex", "Dind", "alpha", "GammaLL")]
        assert numbers == [580e3, 15e-12, 3e-3, 0.3, GYROMAGNETIC_RATIO_RAD_PER_S_T]
        assert script.values["EnableDemag"] == script.values["DisableZhangLiTorque"] == "true"


def test_the_torque_by_mumax3s_formula_is_the_solvers(disc, tmp_path):
    system = disc.system
    m = random_state(system.inside)
    for drive, path in zip(disc.drives, write(disc, tmp_path), strict=True):
        script = Script(path)
        ours = solver_torque(system, drive.torques, m)
        np.testing.assert_allclose(script.torque(m, script.runs[1][1]), ours, atol=near(ours))


def test_pulses_and_pauses_take_turns(disc, tmp_path):
    script = Script(write(disc, tmp_path)[1])
    assert [duration for duration, _ in script.runs] == [0, *[2.2e-9, 0.3e-9] * 3]
    on = [bool(np.any(current["J"])) for _, current in script.runs[1:]]
    assert on == [True, False] * 3


@pytest.mark.parametrize("device", [LEAKY_RELU, RELU], ids=lambda device: device.name)
@pytest.mark.parametrize("cell_nm", [1.0, 0.5])
def test_the_domain_wall_devices_come_back_for_every_current(device, cell_nm, tmp_path):
    currents = [-20e-6, 0.0, 41.4e-6]
    experiment = wall_experiment(device, currents, "magnet-section", cell_nm * 1e-9)
    paths = write(experiment, tmp_path)
    assert [path.name for path in paths] == [f"{device.name}_{word}uA.mx3" for word in ("-20", "+0", "+41.4")]
    for path, current in zip(paths, currents, strict=True):
        script = Script(path)
        ours = system(device, current, "magnet-section", cell_nm * 1e-9)
        np.testing.assert_array_equal(script.anisotropy(), ours.anisotropy_j_per_m3)
        np.testing.assert_array_equal(script.vector("B_ext"), ours.exchange_bias_field_t)
        m = random_state(ours.inside)
        torque = solver_torque(ours, ours.torques, m)
        np.testing.assert_allclose(script.torque(m, script.runs[1][1]), torque, atol=near(torque))


def test_every_file_that_a_script_names_lies_beside_it(disc, tmp_path):
    for path in write(disc, tmp_path):
        for name in re.findall(r'"([^"]+\.(?:ovf|png))"', path.read_text()):
            assert (tmp_path / name).is_file()
    readme = (tmp_path / "README.txt").read_text()
    assert "mumax3 disc_even.mx3" in readme and "{" not in readme


def test_more_values_than_regions_are_refused(disc, tmp_path):
    many = np.random.default_rng(0).uniform(0.5e6, 1e6, disc.system.mesh.shape)
    busy = replace(disc, system=replace(disc.system, mask=None, anisotropy_j_per_m3=many))
    with pytest.raises(UserError, match="256 regions"):
        write(busy, tmp_path)
