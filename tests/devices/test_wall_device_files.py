import pytest

from spingan.devices.wall_device import LEAKY_RELU, RELU, new_wall_device, read_wall_device, write_wall_device
from spingan.errors import UserError


@pytest.mark.parametrize("device", [LEAKY_RELU, RELU], ids=lambda device: device.name)
def test_a_device_that_is_written_is_read_back_equal(device, tmp_path):
    write_wall_device(device, tmp_path / "device.yaml")
    assert read_wall_device(tmp_path / "device.yaml") == device


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("kind: wall-device", "kind: synapse", "its kind is not wall-device"),
        (
            "spin_hall_angle: 0.3",
            "spin_hall_angle: about 0.3",
            "line .*: spin_hall_angle: input should be a valid number.*got 'about 0.3'",
        ),
        ("spin_hall_angle: 0.3", "spin_hall_angle: .nan", "spin_hall_angle: input should be a finite number"),
        ("spin_hall_angle: 0.3", "spin_hal_angle: 0.3", "line .*: unknown key spin_hal_angle"),
        ("width_m: 2.3e-08", "", "device.yaml: lacks width_m"),
        ("  field_t: 0.5", "", r"line .*: exchange_bias: lacks field_t"),
        ("- name: left", "- nome: left", r"line .*: detectors\.0: unknown key nome"),
        ("gilbert_damping: 0.3", "gilbert_damping: -0.3", "device.yaml, line 5: film: gilbert_damping is -0.3"),
        ("left_end_m: 2.1e-08", "left_end_m: 0", "device.yaml, line .*: the profile jumps at its left end"),
        ("x1_m: 9.7e-08", "x1_m: 1.3e-07", "device.yaml: leaky_relu: detector right from .* not a rectangle"),
        (
            "spin_hall_angle: 0.3",
            "spin_hall_angle: true",
            "line .*: spin_hall_angle: true or false is no value here",
        ),
        ("left_domain: 1", "left_domain: 0.7", "line .*: left_domain: input should be 1 or -1"),
        ("name: leaky_relu", "name: [1]", "line .*: name: input should be a valid string"),
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


def test_all_that_is_missing_is_named_and_a_misspelt_key_is_guessed(tmp_path):
    path = tmp_path / "device.yaml"
    write_wall_device(LEAKY_RELU, path)
    text = path.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("length_m:", "width_m:"))]
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(UserError, match="lacks length_m, width_m"):
        read_wall_device(path)
    path.write_text(text.replace("spin_hall_angle", "spin_hal_angle"), encoding="utf-8")
    with pytest.raises(UserError) as refusal:
        read_wall_device(path)
    assert "Did you mean spin_hall_angle?" in refusal.value.remedy and "length_m" in refusal.value.remedy
    path.write_text(text.partition("detectors:")[0] + "detectors: 3\n", encoding="utf-8")
    with pytest.raises(UserError, match="detectors: input should be a list"):
        read_wall_device(path)


@pytest.mark.parametrize("text", ["", "- 1\n", "words\n", "kind: synapse\n"])
def test_a_file_without_a_wall_device_is_sent_to_the_command_that_begins_one(text, tmp_path):
    path = tmp_path / "device.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as refusal:
        read_wall_device(path)
    assert "spingan device new FILE" in refusal.value.remedy


def test_a_device_is_begun_as_a_file_that_reads_and_never_over_another(tmp_path):
    new_wall_device(tmp_path / "mine.yaml", RELU)
    assert read_wall_device(tmp_path / "mine.yaml") == RELU
    with pytest.raises(UserError, match=r"mine\.yaml is there already"):
        new_wall_device(tmp_path / "mine.yaml", LEAKY_RELU)
    assert read_wall_device(tmp_path / "mine.yaml") == RELU


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no device file"):
        read_wall_device(tmp_path / "none.yaml")


def test_a_number_without_a_point_is_still_a_number(tmp_path):  # YAML 1.1 reads 1e-9 as text
    path = tmp_path / "device.yaml"
    write_wall_device(LEAKY_RELU, path)
    path.write_text(path.read_text(encoding="utf-8").replace("width_m: 2.3e-08", "width_m: 23e-9"), encoding="utf-8")
    assert read_wall_device(path).width_m == 23e-9
