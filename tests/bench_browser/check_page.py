"""The bench's page in Chromium: by keyboard alone, narrow, dark, in two tabs, reloaded in the middle of a job, misused.

`make test-bench` runs it. The computing process is pretended, so that every check is quick; `CHROMIUM` names a browser.
"""

import csv
import io
import os
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from pretended import serving

expect.set_options(timeout=15_000)
SETTLED = "html[data-ready=all][data-state=settled]"

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium():
    place = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def bench(tmp_path):
    with serving(tmp_path) as found:
        yield f"http://127.0.0.1:{found.port}/"


@pytest.fixture
def opened(chromium, bench):
    """Opens pages that have drawn; what the browser complains about, a refusal aside, fails the check."""
    contexts, complaints = [], []

    def open_page(address: str = bench, **look) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **look})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        page.wait_for_selector(SETTLED)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [said for said in complaints if "status of 4" not in said] == []


def focused(page: Page) -> str:
    """The id, or words, of what has the focus."""
    return page.evaluate("() => { const at = document.activeElement; return at.id || at.textContent.trim() }")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until `name` has the focus; every stop on the way shows that it has it."""
    for _ in range(150):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "() => { const at = document.activeElement, one = at.matches('[type=file]') ? at.parentElement : at;"
            " return at === document.body || getComputedStyle(one).outlineStyle !== 'none' }"
        )
        assert seen, f"{focused(page)} does not show its focus"
        if focused(page) == name:
            return
    pytest.fail(f"Tab does not reach {name}")


def test_everything_can_be_done_by_keyboard_alone(opened, bench):
    page = opened(bench)
    tab_to(page, "skip")
    page.keyboard.press("Enter")
    assert focused(page) == "results"
    page.evaluate("() => document.activeElement.blur()")
    page.reload()
    page.wait_for_selector(SETTLED)
    tab_to(page, "keep")
    page.keyboard.press("Enter")
    tab_to(page, "knob-programming_noise-slider")
    before = page.inner_text("#numbers div:first-child dd.value")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector(SETTLED)
    assert page.input_value("#knob-programming_noise") == "2"
    assert page.inner_text("#numbers div:first-child dd.value") != before
    expect(page.locator("#compared tbody tr")).to_have_count(2)
    tab_to(page, "knob-programming_noise")
    page.keyboard.press("Control+a")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.wait_for_selector(SETTLED)
    assert "chip.programming_noise=0.05" in page.url
    tab_to(page, "file")
    tab_to(page, "job-count")
    tab_to(page, "Start with these settings")
    page.keyboard.press("Enter")
    row = page.locator("#jobs li")
    expect(row).to_have_attribute("data-state", "running")
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("data-state", "cancelled")


def test_a_knob_s_help_appears_when_it_has_the_focus(opened, bench):
    page = opened(bench)
    page.focus("#knob-stuck")
    assert page.inner_text("#help").startswith("Share of devices")
    assert page.evaluate(
        "() => document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent"
    )


@pytest.mark.parametrize("width", [320, 390, 700, 1000, 1440, 2200])
def test_no_width_needs_scrolling_sideways(opened, bench, width):
    page = opened(bench, viewport={"width": width, "height": 800})
    page.fill("#knob-programming_noise", "3")
    page.press("#knob-programming_noise", "Enter")
    page.wait_for_selector(SETTLED)
    page.click("#keep")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    for element in ("#keep", "#knob-stuck", "#chart-bill svg", "#repeat"):
        box = page.locator(element).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width + 0.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_words_and_edges_have_enough_contrast(opened, bench, scheme):
    page = opened(f"{bench}#model=clothes&chip.stuck=0.01", color_scheme=scheme)
    page.click("#keep")
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
    page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"in (uA),out (V)\n0,0\n9,1\n"})
    page.wait_for_selector("#measured button")
    page.click("text=Start with these settings")
    page.wait_for_selector("#jobs li")
    page.evaluate("() => { document.getElementById('problem').hidden = false;"
                  " document.getElementById('problem').textContent = 'wrong' }")  # fmt: skip
    page.wait_for_timeout(400)
    assert page.evaluate(CONTRAST) == []
    dark = page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    assert (max(map(int, dark[4:-1].split(","))) < 60) == (scheme == "dark")


def test_every_field_has_a_name(opened, bench):
    page = opened(bench)
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('input, select, button, [role=img], [role=region], img, progress')]"
        ".filter((one) => one.checkVisibility() && !(one.labels?.length || one.getAttribute('aria-label') || one.alt"
        " || (one.matches('button') && one.textContent.trim()))).map((one) => one.outerHTML.slice(0, 90))"
    )
    assert unnamed == []


def test_a_link_carries_all_settings_to_another_browser(opened, bench):
    page = opened(bench)
    page.select_option("#technology", "pcm")
    for knob, value in (("levels", "16"), ("adc-bits", "6"), ("stuck", "1.5"), ("read_noise", "2"), ("time_s", "3600")):
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
        page.fill(f"#knob-{knob}", value)
        page.press(f"#knob-{knob}", "Enter")
    page.select_option("#knob-encoding", "differential_pair")
    page.wait_for_selector(SETTLED)
    other = opened(page.url)
    for knob, value in (("levels", "16"), ("adc-bits", "6"), ("stuck", "1.5"), ("read_noise", "2"), ("time_s", "3600")):
        assert other.input_value(f"#knob-{knob}") == value
    assert other.input_value("#knob-encoding") == "differential_pair"
    assert other.inner_text("#repeat") == page.inner_text("#repeat")
    for words in ("--levels 16", "--set adc.bits=6", "--condition stuck=0.015", "--set encoding=differential_pair"):
        assert words in " ".join(other.inner_text("#repeat").split())


def test_a_link_with_nonsense_is_refused_in_words_and_the_page_works_on(opened, bench):
    page = opened(f"{bench}#model=<b>x</b>&set.adc.bits=9e999&chip.stuck=x&levels=&__proto__=1&chip.clip=-1")
    assert "clip -1 is out of range" in page.inner_text("#problem")
    page.click("#reset")
    page.wait_for_selector(SETTLED)
    assert "offers no model '<b>x</b>'" in page.inner_text("#problem")
    page.select_option("#model", "clothes")
    page.wait_for_selector(SETTLED)
    expect(page.locator("#problem")).to_be_hidden()


def test_every_plot_is_saved_as_svg_and_csv(opened, bench):
    page = opened(bench)
    for tools, title in (("quality", "recall"), ("bill", "energy, one image (µJ)"), ("curve", "level")):
        with page.expect_download() as svg:
            page.click(f"#tools-{tools} button:text('SVG')")
        picture = ElementTree.fromstring(svg.value.path().read_text(encoding="utf-8"))
        assert title in [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
        with page.expect_download() as table:
            page.click(f"#tools-{tools} button:text('CSV')")
        rows = list(csv.reader(io.StringIO(table.value.path().read_text(encoding="utf-8"))))
        assert len(rows) > 1 and len({len(row) for row in rows}) == 1


def test_two_tabs_have_settings_of_their_own_and_the_same_jobs(opened, bench):
    first = opened(f"{bench}#model=clothes&chip.stuck=0.01")
    second = opened(f"{bench}#model=clothes&chip.stuck=0.02")
    first.click("text=Start with these settings")
    expect(first.locator("#jobs li")).to_have_attribute("data-state", "running")
    expect(second.locator("#jobs li")).to_have_attribute("data-state", "running", timeout=15_000)
    assert (first.input_value("#knob-stuck"), second.input_value("#knob-stuck")) == ("1", "2")
    second.click("#jobs .cancel")
    expect(first.locator("#jobs li")).to_have_attribute("data-state", "cancelled", timeout=15_000)


def test_a_reload_in_the_middle_of_a_job_finds_it_and_the_settings_again(opened, bench):
    page = opened(f"{bench}#model=clothes&chip.stuck=0.01")
    page.click("#keep")
    page.click("text=Start with these settings")
    expect(page.locator("#jobs .state")).to_contain_text("25 %")
    page.reload()
    page.wait_for_selector(SETTLED)
    assert page.input_value("#knob-stuck") == "1"
    expect(page.locator("#compared tbody tr")).to_have_count(2)
    expect(page.locator("#jobs li")).to_have_attribute("data-state", "running")
    page.click("#jobs .cancel")
    expect(page.locator("#jobs li")).to_have_attribute("data-state", "cancelled")
    page.click("#jobs .cancel")
    expect(page.locator("#jobs li")).to_have_count(0)


def test_an_appraisal_tells_how_far_it_is_and_is_cancelled(opened, bench):
    page = opened(f"{bench}#model=clothes")
    page.select_option("#job-kind", "appraise")
    expect(page.locator("#job-count")).to_be_hidden()
    page.click("text=Start with these settings")
    expect(page.locator("#jobs strong")).to_have_text("Appraisal: clothes")
    expect(page.locator("#jobs .state")).to_contain_text("25 %")
    page.click("#jobs .cancel")
    expect(page.locator("#jobs li")).to_have_attribute("data-state", "cancelled")


def test_pictures_that_take_long_are_sketched_first_and_the_exact_ones_follow(opened, bench):
    page = opened(f"{bench}#model=clothes&technology=pcm")
    expect(page.locator("#caption")).to_contain_text("64 pictures, drawn in")
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
    for ohm in ("2", "3"):
        page.fill("#knob-wire_resistance_ohm", ohm)
        page.keyboard.press("Enter")
        expect(page.locator("#caption")).to_contain_text("A sketch")  # the second while the first is being drawn
    expect(page.locator("#grid")).not_to_have_class("stale")
    page.wait_for_selector(SETTLED)
    expect(page.locator("#caption")).to_contain_text("64 pictures, drawn in")


def test_more_jobs_than_may_run_are_refused_in_words(opened, bench):
    page = opened(bench)
    for count in (1, 2):
        page.click("text=Start with these settings")
        expect(page.locator("#jobs li")).to_have_count(count)
    page.click("text=Start with these settings")
    expect(page.locator("#problem")).to_contain_text("the most at once")


BOMB = b", ".join(b"&b%d [*b%d, *b%d]" % (n, n - 1, n - 1) for n in range(1, 30))
HOSTILE = (
    ("<img src=x onerror=alert(1)>.csv", b"<script>alert(1)</script>,<b onmouseover=alert(1)>b</b>\n1,2\n3,4\n", ""),
    ("garbage.csv", bytes(range(256)) * 400, "garbage.csv"),
    ("empty.csv", b"", "empty.csv"),
    ("words.csv", b"a,b\nx,y\nz,w\n", "words.csv, line 2"),
    ("program.exe", b"MZ", "no table by its name"),
    ("huge.csv", b"1,2\n" * 5_100_000, "larger than 20 MB"),
    ("overflow.csv", b"a,b\n1,9.9e37\n2,1e999\n", "column(s) of numbers"),
    ("bomb.csv", b"# kind: activation\n# a: [&b0 [x, x], %s]\ninput_a,output_v\n0,0\n1,1\n" % BOMB, "aliases"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_a_hostile_upload_is_refused_in_words_or_shown_as_text(opened, bench, name, content, words, tmp_path):
    page = opened(bench)
    (tmp_path / name).write_bytes(content)
    page.set_input_files("#file", tmp_path / name)
    if words:
        expect(page.locator("#problem")).to_contain_text(words)
        expect(page.locator("#measured")).to_be_hidden()
    else:
        page.wait_for_selector("#measured button")
        assert (
            page.evaluate("() => document.querySelectorAll('#measured script, #measured b, #measured img').length") == 0
        )
        assert "<script>alert(1)</script>" in page.inner_text("#measured")
    assert page.locator("#grid").is_visible()


def test_a_measurement_lies_over_the_curve_in_the_curve_s_units(opened, bench):
    page = opened(bench)
    rows = b"".join(b"%d,%d\n" % (drive, max(drive, 0) * 15) for drive in range(-20, 21))
    page.set_input_files("#file", {"name": "m.csv", "mimeType": "text/csv", "buffer": b"in (uA),out (mV)\n" + rows})
    page.wait_for_selector("#measured button")
    page.locator("#measured select").nth(4).select_option("relu")
    expect(page.locator("#chart-curve svg")).to_contain_text("m.csv")
    with page.expect_download() as table:
        page.click("#tools-curve button:text('CSV')")
    found = list(csv.reader(io.StringIO(table.value.path().read_text(encoding="utf-8"))))
    measured = [row for row in found if row[0] == "m.csv"]
    assert (
        len(measured) == 41
        and float(measured[-1][1]) == pytest.approx(20e-6)
        and float(measured[-1][2]) == pytest.approx(0.3)
    )
