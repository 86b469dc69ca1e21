import pytest

from spingan.devices.wall_device import LEAKY_RELU, RELU
from spingan.devices.wall_device_files import read_wall_device, write_wall_device
from spingan.errors import UserError


@pytest.mark.parametrize("device", [LEAKY_RELU, RELU], ids=lambda device: device.name)
def test_a_device_that_is_written_is_read_back_equal(device, tmp_path):
    write_wall_device(device, tmp_path / "device.yaml")
    assert read_wall_device(tmp_path / "device.yaml") == device


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("kind: wall-device", "kind: synapse", "its kind is not wall-device"),
        ("spin_hall_angle: 0.3", "spin_hall_angle: about 0.3", "line .*: spin_hall_angle is 'about 0.3', not a number"),
        ("spin_hall_angle: 0.3", "spin_hall_angle: .nan", "spin_hall_angle is nan, not a number"),
        ("spin_hall_angle: 0.3", "spin_hal_angle: 0.3", "line .*: unknown key spin_hal_angle"),
        ("width_m: 2.3e-08", "", "the device lacks width_m"),
        ("  field_t: 0.5", "", "exchange_bias lacks field_t"),
        ("- name: left", "- nome: left", "unknown key nome"),
        ("gilbert_damping: 0.3", "gilbert_damping: -0.3", "device.yaml, line 5: film: gilbert_damping is -0.3"),
        ("left_end_m: 2.1e-08", "left_end_m: 0", "device.yaml, line .*: the profile jumps at its left end"),
        ("x1_m: 9.7e-08", "x1_m: 1.3e-07", "device.yaml: leaky_relu: detector right from .* not a rectangle"),
        ("name: leaky_relu", "name: ../leaky", "device.yaml: a device's name is '../leaky'"),
    ],
)
def test_a_broken_file_is_refused_by_key_and_line(old, new, names, tmp_path):
    path = tmp_path / "device.yaml"
    write_wall_device(LEAKY_RELU, path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=names):
        read_wall_device(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot read device file"):
        read_wall_device(tmp_path / "none.yaml")


def test_a_number_without_a_point_is_still_a_number(tmp_path):  # YAML 1.1 reads 1e-9 as text
    path = tmp_path / "device.yaml"
    write_wall_device(LEAKY_RELU, path)
    path.write_text(path.read_text(encoding="utf-8").replace("width_m: 2.3e-08", "width_m: 23e-9"), encoding="utf-8")
    assert read_wall_device(path).width_m == 23e-9
