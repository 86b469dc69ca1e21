import json

import pytest
from typer.testing import CliRunner

from spingan.circuits.catalogue import CELLS as CATALOGUE
from spingan.circuits.memristive_cells import MEMRISTIVE_CELLS
from spingan.cli import app
from spingan.commands.circuit import MEMRISTIVE, PICTURES, SEED
from spingan.spec.files import read_activation


def invoke(*arguments):
    return CliRunner().invoke(app, ["circuit", *arguments])


def test_the_commands_are_the_cells_and_the_catalogues():
    names = [cell.name for cell in MEMRISTIVE_CELLS]
    assert list(MEMRISTIVE) == names
    assert [entry.name for entry in CATALOGUE if entry.paper == "M"] == [*names, "am-dcgan-cnn"]
    from spingan.circuits import am_dcgan_study

    assert (PICTURES, SEED) == (am_dcgan_study.PICTURES, am_dcgan_study.SEED)


def test_a_cell_prints_its_rows_beside_table_i(ngspice):
    done = invoke("dropout-switch", "--json")
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    rows = {row["quantity"]: row for row in result["rows"]}
    assert (rows["dropout-switch: power"]["printed"], rows["dropout-switch: area"]["printed"]) == (0.0033, 14.5)
    assert result["cards"] == "generic-180nm"
    assert rows["dropout-switch: area"]["ours"] == pytest.approx(12.3, rel=0.01)


def test_a_cell_writes_its_transfer_its_picture_and_its_activation(ngspice, tmp_path):
    done = invoke("tanh", "--out", str(tmp_path), "--json")
    assert done.exit_code == 0
    files = {file.name for file in tmp_path.iterdir()}
    assert files == {"tanh_transfer.csv", "tanh.png", "tanh_am_dcgan.csv"}
    assert read_activation(tmp_path / "tanh_am_dcgan.csv").function == "tanh"
    table = (tmp_path / "tanh_transfer.csv").read_text().splitlines()
    assert table[0] == "input_v,output_v,power_w" and len(table) == 362


def test_cards_for_another_node_and_no_cards_are_one_clear_error(tmp_path):
    done = invoke("op-amp", "--cards", str(tmp_path / "none.pm"))
    assert done.exit_code == 2
    assert "there is no file" in done.stderr
