"""The documentation site: its link check finds what is broken, and the tutorials are stored as they were run."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = sorted((DOCS / "learn").glob("*.ipynb"))


@pytest.fixture(scope="module")
def check_links():
    spec = importlib.util.spec_from_file_location("check_links", DOCS / "site" / "check_links.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_that_lead_nowhere_are_found(check_links, tmp_path):
    (tmp_path / "one.html").write_text('<h1 id="top"></h1><a href="two.html#there">a</a><a href="https://a.org">b</a>')
    (tmp_path / "two.html").write_text('<p id="there"></p><a href="one.html#top">a</a><img src="three.png">')
    assert list(check_links.problems(tmp_path)) == ["two.html: three.png leads nowhere"]
    (tmp_path / "three.png").write_bytes(b"")
    assert not list(check_links.problems(tmp_path))
    (tmp_path / "two.html").write_text('<script src="https://a.org/a.js"></script>')
    assert list(check_links.problems(tmp_path)) == [
        "one.html: two.html#there: that page has no such place",
        "two.html: loads https://a.org/a.js from the network",
    ]


@pytest.mark.parametrize("file", TUTORIALS, ids=lambda file: file.stem)
def test_tutorials_are_stored_as_they_were_run_from_top_to_bottom(file):
    code = [cell for cell in json.loads(file.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not any(output["output_type"] == "error" for cell in code for output in cell["outputs"])


@pytest.mark.parametrize("file", TUTORIALS, ids=lambda file: file.stem)
def test_tutorials_name_no_place_of_the_machine_that_ran_them(file):
    assert not re.search(r"/(home|root|tmp|work|Users)/", file.read_text("utf-8"))
