"""Whatever a user names as a file or puts into one, a reader answers with a value or with one line."""

import os
import threading
from pathlib import Path

import pytest

from spingan.api import sample
from spingan.circuits.cards import load_cards
from spingan.data.folder import prepare
from spingan.devices.wall_compact import read_wall_calibration
from spingan.devices.wall_device import RELU, new_wall_device, read_wall_device
from spingan.errors import UserError
from spingan.input_files import csv_cells, read_text
from spingan.measured.tables import read_table
from spingan.nn.weights import load_model
from spingan.output import check_place, output_folder, write_text
from spingan.physics.ovf import read_ovf
from spingan.physics.skyrmion_calibration import read_calibration
from spingan.reports.report import read_metrics
from spingan.spec.files import read_value
from spingan.spec.technology import load_technology
from spingan.training.recipe import load_recipe
from spingan.training.record import Record

READERS = {
    "recipe": load_recipe,
    "technology": load_technology,
    "curve": read_value,
    "measured table": read_table,
    "wall device": read_wall_device,
    "wall calibration": read_wall_calibration,
    "skyrmion calibration": read_calibration,
    "field": read_ovf,
    "cards": load_cards,
    "model": load_model,
    "images": lambda path: prepare(str(path), 28),
}
WRITERS = {
    "text": lambda path: write_text(path, "x"),
    "folder": output_folder,
    "place": check_place,
    "picture": lambda path: sample("fashion-mnist", f"{path}.png", count=1),
    "wall device": lambda path: new_wall_device(path, RELU),
}
NAMES = ["n" * 300, "a\0b", "no/such/file", "\ud800"]


@pytest.mark.parametrize("name", NAMES, ids=["long", "NUL", "missing", "surrogate"])
@pytest.mark.parametrize("reader", READERS)
def test_a_name_that_leads_nowhere_is_one_line_to_every_reader(tmp_path, monkeypatch, reader, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        READERS[reader](Path(name))
    assert "\n" not in caught.value.problem and caught.value.remedy


@pytest.mark.parametrize("name", ["n" * 300, "a\0b"], ids=["long", "NUL"])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_name_that_no_file_can_have_is_one_line_to_every_writer(tmp_path, writer, name):
    with pytest.raises(UserError):
        WRITERS[writer](tmp_path / "folder" / name / "file")


CONTENTS = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00\x81",
    "a long cell": b"kind,b\n" + b"1" * 200_000 + b",2\n1,2\n",
    "a long header": b"# kind: synapse\n# schema_version: 1\n" + b"x" * 200_000 + b"\n1\n2\n",
    "NUL": b"# kind: synapse\n# schema_version: 1\nconductance_s\n1\n\0\n",
    "odd tag": b"kind: !!bool x\n",
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("reader", sorted(set(READERS) - {"measured table"}))
def test_a_file_of_another_kind_is_one_line_to_every_reader(tmp_path, reader, content):
    path = tmp_path / "file"
    path.write_bytes(CONTENTS[content])
    with pytest.raises(UserError) as caught:
        READERS[reader](path)
    assert "\n" not in caught.value.problem


def test_a_cell_longer_than_any_number_is_refused_with_its_line(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes(CONTENTS["a long cell"])
    with pytest.raises(UserError, match=r"m\.csv, line 2: not a line of CSV"):
        read_table(path)


def test_the_cells_of_a_line_come_without_the_blanks_around_them():
    assert csv_cells(' a ;"b;c"', "here", ";") == ["a", "b;c"]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfname: x")
    assert read_text(tmp_path / "f", "file f") == "name: x"


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a,b\n1\n", b"a,b\n1,2,3\n", b"a\n" + b"1" * 200_000 + b"\n", b"a\nx\n", b"a\n\0\n"]
)
def test_a_damaged_metrics_csv_is_one_line_to_the_report_and_to_a_run_that_goes_on(tmp_path, content):
    path = tmp_path / "metrics.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"metrics\.csv is damaged"):
        read_metrics(path)


def test_a_run_that_goes_on_refuses_metrics_that_it_cannot_read_and_leaves_them_alone(tmp_path):
    path = tmp_path / "metrics.csv"
    for content in (b"\xff\xfe", b"h\n1,x,1,1,1,1,1,1\n"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"metrics\.csv is damaged"):
            Record(tmp_path, resume_step=4)
        assert path.read_bytes() == content


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Unix")
def test_a_device_that_never_ends_is_refused_and_a_pipe_is_read(tmp_path):
    with pytest.raises(UserError, match="larger than"):
        read_text("/dev/zero", "file /dev/zero", largest=1_000_000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("name: x",))
    writer.start()
    assert read_text(pipe, "a pipe") == "name: x"
    writer.join()
