import math
from dataclasses import replace

import pytest

from spingan.circuits.cards import load_cards
from spingan.circuits.cards.figures import card_figures
from spingan.circuits.ngspice import run
from spingan.errors import UserError

MODELS = ".model nch nmos level=8 version=3.3.0\n.model PCH pmos (level=8 version=3.3.0)\n"


@pytest.fixture(scope="module")
def figures(ngspice):
    return {node: card_figures(load_cards(node=node)) for node in ("16nm", "180nm")}


# Ranges that contain the published figures of the class, with room for its spread: see the cards' own texts.
@pytest.mark.parametrize(
    ("node", "threshold_v", "nmos_on", "pmos_on", "off", "dibl", "gain"),
    [
        ("16nm", (0.15, 0.35), (800, 1500), (500, 1300), (1e-3, 1e-1), (0.05, 0.15), (5, 20)),
        ("180nm", (0.35, 0.55), (500, 700), (200, 330), (1e-6, 1e-4), (0.01, 0.06), (10, 40)),
    ],
)
def test_the_generic_transistors_are_of_their_class(figures, node, threshold_v, nmos_on, pmos_on, off, dibl, gain):
    found = figures[node]
    for transistor, on in ((found.nmos, nmos_on), (found.pmos, pmos_on)):
        assert threshold_v[0] < transistor.linear_threshold_v < threshold_v[1]
        assert on[0] < transistor.on_a_per_m < on[1]  # A/m is µA/µm
        assert off[0] < transistor.off_a_per_m < off[1]
        assert dibl[0] < transistor.dibl < dibl[1]
        assert math.log(10) * 0.02585 < transistor.swing_v_per_decade < 0.09  # kT/q ln 10 at 27 °C is the least
    supply = load_cards(node=node).technology.supply_v
    assert 0.4 * supply < found.inverter_threshold_v < 0.6 * supply
    assert gain[0] < found.inverter_gain < gain[1]


@pytest.mark.parametrize("node", ["16nm", "180nm"])
def test_ngspice_takes_the_generic_cards_without_a_warning(ngspice, node):
    cards = load_cards(node=node)
    lines = [cards.transistor("1", "d d 0 0", "nmos", 1e-6), cards.transistor("2", "e e 0 0", "pmos", 1e-6)]
    run_ = run("\n".join(["t", cards.text, "v1 d 0 0.5", "v2 e 0 -0.5", *lines, ".op"]))
    assert run_.warnings == ()


def test_the_figures_are_those_of_the_cards_they_are_asked_for(ngspice, figures):
    slow = load_cards(node="16nm")
    slow = replace(slow, text=slow.text.replace("rdsw=100", "rdsw=1000"))
    assert card_figures(slow).nmos.on_a_per_m < 0.6 * figures["16nm"].nmos.on_a_per_m
    assert card_figures(slow).pmos == figures["16nm"].pmos


def test_a_users_cards_are_found_by_kind_and_bins_count_as_one(tmp_path):
    file = tmp_path / "mine.pm"
    file.write_text("* note\n.param x=1\n" + MODELS.replace("nch", "nch.1") + ".model nch.2 nmos\n+ level=8\n")
    cards = load_cards(file, "180nm")
    assert (cards.name, cards.nmos, cards.pmos, cards.text) == ("mine", "nch", "pch", file.read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MODELS.replace("nmos", "npn"), "holds no nmos model"),
        (MODELS + ".model other pmos", r"holds 2 pmos models \(pch, other\)"),
        ("", "holds no nmos model"),
        (MODELS + ".control\nshell touch here\n.endc", r"line 3 of the cards, '\.control', is neither"),
        (MODELS + ".include 'more'", "is neither .model nor .param"),
        (MODELS + "v1 a 0 1", "is neither .model nor .param"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (MODELS.replace("level=8 version", "version", 1), r"line 1: '\.model nch nmos' says no level"),
        (MODELS + ".model nch.2 nmos vth0=0.4 $ level=8\n", r"line 3: '\.model nch\.2 nmos' says no level"),
        (MODELS + "+ vth0=0,45\n", r"line 2: 'vth0=0,45' has a decimal comma"),
        (MODELS + "+ u0 = -4,5e-2\n", "decimal comma"),
        (".param t=4,1n\n" + MODELS, "line 1: 't=4,1n' has a decimal comma"),
    ],
)
def test_a_card_file_without_the_models_or_with_more_is_refused(tmp_path, text, said):
    file = tmp_path / "mine.pm"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=said):
        load_cards(file)


def test_commas_between_parameters_and_in_remarks_are_no_decimal_commas(tmp_path):
    file = tmp_path / "mine.pm"
    text = "\ufeff* tox=4,1 nm\n.model nch nmos (level=8, vth0=0.4, u0=0.03) $ was u0=0,04\n.model pch pmos level=8\n"
    file.write_text(text, encoding="utf-8")
    assert load_cards(file).nmos == "nch"


@pytest.mark.parametrize("level", ["level=1", "level=54"])
def test_cards_whose_parameters_ngspice_ignores_are_refused_with_their_names(ngspice, tmp_path, level):
    file = tmp_path / "mine.pm"
    file.write_text(load_cards(node="180nm").text.replace("level=8 version=3.3.0", level))
    with pytest.raises(UserError, match=r"ngspice ignores .* of '\.model [np]mos_generic"):
        card_figures(load_cards(file, "180nm"))


def test_a_misspelt_parameter_of_a_card_is_named(ngspice, tmp_path):
    file = tmp_path / "mine.pm"
    file.write_text(load_cards(node="180nm").text.replace("vth0=0.38", "vth_0=0.38"))
    with pytest.raises(UserError, match=r"ngspice ignores vth_0 of '\.model nmos_generic nmos'"):
        card_figures(load_cards(file, "180nm"))


def test_a_card_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no file"):
        load_cards(tmp_path / "none.pm")
    with pytest.raises(UserError, match="Is a directory"):
        load_cards(tmp_path)


def test_cards_that_do_not_switch_at_the_nodes_supply_are_refused(ngspice):
    cards = load_cards(node="16nm")
    with pytest.raises(UserError, match=r"the n-channel transistor carries .* it does not switch"):
        card_figures(replace(cards, text=cards.text.replace("vth0=0.28", "vth0=3")))
