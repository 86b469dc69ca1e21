"""The page and the folder of the comparison."""

import csv
import io
import json
from dataclasses import replace

import pytest

from spingan.errors import UserError
from spingan.papers.reproduce import reproduce
from spingan.papers.reproduction_page import page_html, write_folder, write_page
from spingan.papers.reproduction_tables import csv_of, groups, reasons, row_table


@pytest.fixture(scope="module")
def found():
    return reproduce(["walls-as-printed", "leaky-relu", "circuit-am-dcgan-cnn"])


def test_the_page_holds_every_row_with_its_status_and_needs_nothing_else(found):
    page = page_html(found)
    for row in found.rows:
        assert row.quantity.replace("'", "&#39;") in page
    assert page.count('class="status ') == len(found.rows)
    assert "http" not in page.replace("http://www.w3.org", "")  # nothing is loaded from anywhere


def test_what_comes_from_a_stored_file_is_escaped(found):
    row = replace(found.rows[0], note="<script>alert(1)</script>")
    assert "<script>" not in page_html(replace(found, rows=(row,)))


def test_the_folder_has_page_table_json_and_picture(found, tmp_path):
    names = {path.name for path in write_folder(found, tmp_path)}
    assert names == {"reproduction.html", "reproduction.json", "reproduction.csv", "agreement.png"}
    assert json.loads((tmp_path / "reproduction.json").read_text())["headline"] == found.headline
    rows = list(csv.DictReader(io.StringIO((tmp_path / "reproduction.csv").read_text())))
    assert [row["quantity"] for row in rows] == [row.quantity for row in found.rows]


def test_a_csv_keeps_the_printed_digits(found):
    assert "12.90" in csv_of(found)


def test_the_terminals_tables_have_all_rows(found):
    shown = [row[0] for title, rows in groups(found) for row in row_table(title, rows).rows]
    assert shown == [row.quantity for row in found.rows]


def test_what_differs_is_explained_below_its_table(found):
    lines = [line for _, rows in groups(found) for line in reasons(rows)]
    assert any(line.startswith("flat zone between the parabolas: differs; ") for line in lines)


def test_a_place_that_cannot_be_written_is_refused(found, tmp_path):
    with pytest.raises(UserError, match="it is a folder"):
        write_page(found, tmp_path)
