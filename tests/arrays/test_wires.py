"""A tile with wires obeys Kirchhoff: compact, reference, a dense solve and SPICE agree, and no energy is lost."""

from collections import OrderedDict
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.arrays import ladder
from spingan.arrays import wires as of_wires
from spingan.arrays.nodal import CellLaw, solve_tile, tile_voltages
from spingan.arrays.wires import (
    WireRules,
    column_loss,
    fold,
    fold_once,
    largest_rows,
    least_resistance,
    tallest_column,
)
from spingan.circuits.crossbar_column import Array, solve_crossbar
from spingan.errors import UserError
from spingan.spec.synapse import Read, Synapse, Validity
from spingan.spec.technology import Technology, load_technology, shipped_technologies, with_settings

PCM = load_technology("pcm")


def dense_transfer(cells, wires):
    """(rows, columns) the same by the whole tile's nodal matrix; every resistance but the load's is above 0."""
    rows, columns = cells.shape
    half = rows * columns
    matrix, source = np.zeros((2 * half, 2 * half)), np.zeros((2 * half, rows))

    def join(first, second, conductance):
        matrix[[first, second], [first, second]] += conductance
        matrix[[first, second], [second, first]] -= conductance

    feed, end = 1 / (wires.driver_ohm + wires.row_ohm), 1 / (wires.column_ohm + wires.load_ohm)
    for row in range(rows):
        for column in range(columns):
            above = row * columns + column
            join(above, half + above, cells[row, column])
            for driven in (column == 0, wires.fed_from_both_sides and column + 1 == columns):
                matrix[above, above] += driven * feed
                source[above, row] += driven * feed
            if column + 1 < columns:
                join(above, above + 1, 1 / wires.row_ohm)
            if row + 1 < rows:
                join(half + above, half + above + columns, 1 / wires.column_ohm)
            else:
                matrix[half + above, half + above] += end
    return np.linalg.solve(matrix, source)[-columns:].T * end


@st.composite
def tiles(draw, largest_ohm=30.0, zeros=False):
    """A tile's conductances, some of them 0, and its wires."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cells = random.uniform(1e-6, 1e-3, (draw(st.integers(1, 12)), draw(st.integers(1, 12))))
    cells[random.uniform(size=cells.shape) < draw(st.sampled_from((0.0, 0.3)))] = 0
    ohm = st.floats(0.01, largest_ohm) | (st.just(0.0) if zeros else st.nothing())
    load = draw(st.sampled_from((0.0, 4000.0)))
    return cells, WireRules(draw(ohm), draw(ohm), draw(ohm), load, draw(st.booleans()))


def test_small_and_large_drops_on_a_column_s_wire_are_one_law_where_they_meet(monkeypatch):
    cells = 10 ** np.random.default_rng(0).uniform(-6, -4, (48, 32))
    ohm = ladder._SMALL_DROP / cells.sum(axis=0).max()
    found = []
    for limit in (np.inf, 0.0):  # products, differences
        monkeypatch.setattr(ladder, "_SMALL_DROP", limit)
        found.append(fold(cells, WireRules(ohm, ohm)))
    assert not np.array_equal(*found)
    assert found[0] == pytest.approx(found[1], rel=1e-10)


def test_a_tile_that_comes_again_is_not_solved_again_and_another_one_is(monkeypatch):
    cells = 10 ** np.random.default_rng(1).uniform(-6, -4, (6, 5))
    solved: list[tuple[int, ...]] = []
    monkeypatch.setattr(of_wires, "fold", lambda given, wires: solved.append(given.shape) or fold(given, wires))
    monkeypatch.setattr(of_wires, "_kept", OrderedDict())
    wires, changed = WireRules(1.0, 1.0, fed_from_both_sides=True), cells.copy()  # which solves wide tiles as they are
    changed[2, 3] *= 1 + 1e-15
    others = (cells, WireRules(1.0, 2.0)), (changed, wires), (cells.reshape(5, 6), wires)
    for asked in ((cells, wires), *others, (cells.copy(), wires), (np.asfortranarray(cells), wires)):
        assert np.array_equal(fold_once(*asked), fold(*asked))
    assert len(solved) == 4
    monkeypatch.setattr(of_wires, "_KEPT_BYTES", 2 * cells.nbytes)
    fold_once(2 * cells, wires)
    assert len(of_wires._kept) == 2
    fold_once(*others[1])  # the oldest went
    assert len(solved) == 6


def exact_transfer(cells, wires):
    """As `dense_transfer`, in fractions: no digit is lost, whatever the resistances."""
    rows, columns = cells.shape
    half = rows * columns
    matrix = [[Fraction(0)] * (2 * half + rows) for _ in range(2 * half)]

    def join(first, second, conductance):
        for here, there in ((first, second), (second, first)):
            matrix[here][here] += conductance
            matrix[here][there] -= conductance

    feed, end = 1 / (Fraction(wires.driver_ohm) + Fraction(wires.row_ohm)), Fraction(wires.column_ohm)
    end = 1 / (end + Fraction(wires.load_ohm))
    for row, column in np.ndindex(rows, columns):
        above = row * columns + column
        join(above, half + above, Fraction(float(cells[row, column])))
        for driven in (column == 0, wires.fed_from_both_sides and column + 1 == columns):
            matrix[above][above] += driven * feed
            matrix[above][2 * half + row] += driven * feed
        if column + 1 < columns:
            join(above, above + 1, 1 / Fraction(wires.row_ohm))
        if row + 1 < rows:
            join(half + above, half + above + columns, 1 / Fraction(wires.column_ohm))
        else:
            matrix[half + above][half + above] += end
    for pivot in range(2 * half):  # a conductance matrix needs no exchange
        for below in range(2 * half):
            if below != pivot and (factor := matrix[below][pivot] / matrix[pivot][pivot]):
                matrix[below] = [one - factor * other for one, other in zip(matrix[below], matrix[pivot], strict=True)]
    volts = [[matrix[node][2 * half + row] / matrix[node][node] for node in range(2 * half)] for row in range(rows)]
    return np.array([[float(end * one[2 * half - columns + column]) for column in range(columns)] for one in volts])


@pytest.mark.parametrize("load", [0.0, 4e3, 1e6])
@pytest.mark.parametrize("driver", [0.0, 1e6])
def test_a_folded_tile_keeps_its_digits_behind_a_megohm(driver, load):
    random = np.random.default_rng(0)
    for row, column in product((1e-6, 0.35, 1e6), repeat=2):
        for shape in ((2, 3), (3, 2)):
            cells = random.uniform(4e-5, 2.5e-4, shape)
            wires = WireRules(row, column, driver, load, bool(random.integers(2)))
            expected = exact_transfer(cells, wires)
            np.testing.assert_allclose(fold(cells, wires), expected, rtol=1e-6, atol=1e-9 * expected.max())
            np.testing.assert_allclose(solve_tile(cells, np.eye(len(cells))[:, :1], wires)[:, 0], fold(cells, wires)[0],
                                       rtol=1e-6, atol=1e-9 * expected.max())  # fmt: skip


@given(tiles())
@settings(max_examples=60)
def test_a_folded_tile_is_the_whole_nodal_solve(tile):
    cells, wires = tile
    expected = dense_transfer(cells, wires)
    np.testing.assert_allclose(fold(cells, wires), expected, rtol=1e-9, atol=1e-10 * expected.max())


@given(tiles(zeros=True), st.integers(1, 9))
@settings(max_examples=60)
def test_a_product_with_the_folded_tile_is_the_tile(tile, inputs):
    cells, wires = tile
    voltage = np.random.default_rng(0).normal(size=(len(cells), inputs))
    current = solve_tile(cells, voltage, wires)
    np.testing.assert_allclose(fold(cells, wires).T @ voltage, current, rtol=0, atol=1e-11 * np.abs(current).max())


@given(tiles(zeros=True), st.sampled_from((None, 0.3)))
@settings(max_examples=40)
def test_the_drivers_energy_is_what_cells_wires_and_loads_take(tile, bend_v):
    cells, wires = tile
    law = None if bend_v is None else CellLaw(bend_v)
    driven = np.random.default_rng(1).uniform(-0.5, 0.5, (len(cells), 2))
    found = tile_voltages(cells, driven, wires, law)
    across = found.row_v - found.column_v
    current = cells[..., None] * across if law is None else law.current(cells[..., None], across)
    np.testing.assert_allclose(current.sum(0), solve_tile(cells, driven, wires, law), rtol=1e-6, atol=1e-12)
    down = current.cumsum(0)  # below each cell
    taken = (current * across).sum() + wires.column_ohm * (down**2).sum() + wires.load_ohm * (down[-1] ** 2).sum()
    _, feed_ohm, both = wires.feed
    delivered = (driven * current.sum(1)).sum()
    if not both:
        along = current[:, ::-1].cumsum(1)[:, ::-1]  # through the wire before each cell
        taken += wires.row_ohm * (along**2).sum() + wires.driver_ohm * (along[:, 0] ** 2).sum()
    elif feed_ohm:
        taken += ((driven[:, None] - found.row_v)[:, [0, -1]] ** 2).sum() / feed_ohm
        taken += (np.diff(found.row_v, axis=1) ** 2).sum() / wires.row_ohm if wires.row_ohm else 0.0
    assert taken == pytest.approx(delivered, rel=1e-8)


@given(tiles(zeros=True))
@settings(max_examples=30)
def test_no_wire_adds_current_and_each_cell_has_some_of_its_own(tile):
    cells, wires = tile
    transfer = fold(cells, wires)
    assert transfer.min() >= 0
    assert (transfer.sum(0) <= cells.sum(0) * (1 + 1e-12)).all()  # all rows at 1 V
    assert (transfer[cells > 0] > 0).all()


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (150, 120)])
def test_reading_a_tile_backwards_gives_the_same_transfer(shape):  # reciprocity
    cells = np.random.default_rng(2).uniform(1e-6, 1e-4, shape)
    wires, back = WireRules(2.0, 3.0, 50.0, 70.0), WireRules(3.0, 2.0, 70.0, 50.0)
    turned = fold(cells.T[::-1, ::-1], back)[::-1, ::-1].T
    np.testing.assert_allclose(fold(cells, wires), turned, rtol=1e-9)


@pytest.mark.parametrize("load_ohm", [0.0, 4000.0])
def test_wires_of_no_resistance_are_the_ideal_column_and_small_ones_come_near(load_ohm):
    cells = np.random.default_rng(3).uniform(1e-6, 1e-4, (40, 30))
    ideal = cells / (1 + load_ohm * cells.sum(0))
    np.testing.assert_allclose(fold(cells, WireRules(load_ohm=load_ohm)), ideal, rtol=1e-13)
    for ohm in (1e-3, 1e-6, 1e-12, 1e-300):
        found = fold(cells, WireRules(ohm, ohm, 0, load_ohm))
        assert np.abs(found / ideal - 1).max() < ohm + 1e-12  # the whole tile has 3 mS


def test_a_tile_of_128_keeps_ten_digits_with_wires_of_any_resistance():
    cells = np.random.default_rng(4).uniform(1e-6, 1e-4, (128, 128))
    driven = np.random.default_rng(5).uniform(0, 0.2, (128, 1))
    for wires in (
        WireRules(0.35, 0.35, 0, 4000.0),
        WireRules(2.0, 2.0),
        WireRules(1e-6, 1e-3, 10.0),
        WireRules(50.0, 50.0),
    ):
        found = tile_voltages(cells, driven, wires)
        current = cells[..., None] * (found.row_v - found.column_v)
        total = fold(cells, wires).T @ driven
        np.testing.assert_allclose(current.sum(0), total, rtol=1e-9)
        below = wires.load_ohm * total + wires.column_ohm * current.cumsum(0)[::-1].cumsum(0)[::-1]
        np.testing.assert_allclose(found.column_v, below, rtol=1e-9, atol=1e-15)


@pytest.mark.usefixtures("ngspice")
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize(
    ("ohm", "load_ohm"),
    [((2.0, 0.5, 30.0), 0.0), ((0.35, 0.35, 0.0), 4000.0), ((0.0, 5.0, 100.0), 0.0), ((3.0, 0.0, 0.0), 0.0)],
)
def test_spice_gives_the_same_currents(ohm, load_ohm, both):
    random = np.random.default_rng(6)
    cells, driven = random.uniform(4e-5, 2.5e-4, (20, 16)), random.uniform(-0.1, 0.1, (20, 3))
    row_ohm, column_ohm, driver_ohm = ohm
    circuit = Array(cells, 1 / load_ohm if load_ohm else None, row_ohm, driver_ohm, column_ohm, both)
    expected = solve_crossbar(circuit, driven.T).output_a.T
    found = solve_tile(cells, driven, WireRules(row_ohm, column_ohm, driver_ohm, load_ohm, both))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_cells_that_hardly_bend_are_ohmic_and_bent_ones_take_their_own_current():
    random = np.random.default_rng(7)
    cells, driven = random.uniform(1e-5, 1e-4, (20, 15)), random.uniform(-0.2, 0.2, (20, 3))
    wires = WireRules(5.0, 3.0, 20.0)
    ohmic = solve_tile(cells, driven, wires)
    nearly = solve_tile(cells, driven, wires, CellLaw(1e3))
    np.testing.assert_allclose(nearly, ohmic, rtol=1e-6)
    law = CellLaw(0.1)
    alone = law.current(cells[..., None], driven[:, None]).sum(0)  # no wires: each cell by itself
    np.testing.assert_allclose(solve_tile(cells, driven, WireRules(), law), alone, rtol=1e-10)
    assert np.abs(solve_tile(cells, driven, wires, law) - ohmic).max() > 0.05 * np.abs(ohmic).max()


def test_a_newton_that_does_not_converge_says_where_and_stops():
    with pytest.raises(UserError, match=r"do not converge.*for input 1 at row \d+, column \d+"):
        solve_tile(np.full((3, 2), 1e-4), np.array([[0.1, 1e3]] * 3), WireRules(1.0, 1.0), CellLaw(0.1))


def test_a_law_holds_where_its_synapse_says():
    def synapse(**read):
        within = Validity(read_voltage_v=(0.0, 0.2))
        return Synapse(name="s", basis="measured", conductance=(1e-6, 2e-6), read=Read(**read), validity=within)

    law = CellLaw.of(synapse(law="sinh", sinh_voltage_v=0.3))
    assert law == CellLaw(0.3, (0.0, 0.2))
    solve_tile(np.full((2, 2), 1e-6), np.full((2, 1), 0.2), WireRules(), law)
    with pytest.raises(UserError, match=r"holds from 0 to 0.2 V"):
        solve_tile(np.full((2, 2), 1e-6), np.full((2, 1), 0.3), WireRules(), law)
    assert CellLaw.of(synapse()) is None and CellLaw.of(synapse(law="linear")) is None
    with pytest.raises(UserError, match="has no voltage"):
        CellLaw.of(synapse(law="sinh"))
    with pytest.raises(UserError, match="not solved with read"):
        CellLaw.of(synapse(law="mtj", mtj_half_voltage_v=0.5))


@pytest.mark.parametrize(
    ("cells", "driven", "said"),
    [
        (np.ones((0, 3)), np.ones((0, 1)), "have the shape"),
        (np.ones(3), np.ones((3, 1)), "have the shape"),
        (np.array([[1.0, -1.0]]), np.ones((1, 1)), "row 0, column 1 is -1 S"),
        (np.array([[1.0], [np.nan]]), np.ones((2, 1)), "row 1, column 0 is nan S"),
        (np.ones((2, 2)), np.ones((3, 1)), "for 2 rows"),
        (np.ones((2, 2)), np.full((2, 1), np.inf), "not finite"),
    ],
)
def test_what_is_no_tile_is_refused(cells, driven, said):
    with pytest.raises(UserError, match=said):
        solve_tile(cells, driven, WireRules(1.0, 1.0))


def test_wires_of_no_resistance_at_all_are_refused_only_where_they_are_none():
    with pytest.raises(UserError, match="row_ohm is -1"):
        WireRules(-1.0)
    with pytest.raises(UserError, match="load_ohm is inf"):
        WireRules(load_ohm=np.inf)


def _uniform(largest_s, ohm):
    synapse = Synapse(name="s", basis="measured", conductance=(largest_s / 10, largest_s))
    return Technology(name="t", synapse=synapse, wire_resistance_ohm=ohm)


@pytest.mark.parametrize(("largest_s", "ohm"), [(25e-6, 0.35), (5e-6, 1.0), (0.13e-3, 2.8)])
def test_the_largest_column_loses_just_less_than_was_allowed(largest_s, ohm):
    def lost(rows):
        cells = np.full((rows, 1), largest_s)
        return 1 - fold(cells, WireRules(column_ohm=ohm)).sum() / cells.sum()

    found = largest_rows(_uniform(largest_s, ohm))
    assert lost(found.exact) <= 0.05 < lost(found.exact + 1)
    assert found.power_of_two <= found.exact < 2 * found.power_of_two
    assert found.exact == pytest.approx((3 * 0.05 / (ohm * largest_s)) ** 0.5, rel=0.06)  # r G n² / 3


def test_a_device_too_conductive_for_any_column_has_no_rows():
    found = largest_rows(_uniform(0.055, 1.0))
    assert (found.exact, found.power_of_two) == (0, 0)
    with pytest.raises(UserError, match="does not state its wires"):
        largest_rows(load_technology("wox-memristor"))
    with pytest.raises(UserError, match="has no devices"):
        largest_rows(load_technology("ideal"))
    with pytest.raises(UserError, match="is not a share"):
        largest_rows(_uniform(1e-6, 1.0), loss=1.0)


@pytest.mark.parametrize("rows", [1, 4, 64, 256])
def test_the_least_resistance_allows_those_rows_and_a_little_less_does_not(rows):
    least = least_resistance(rows, 0.35)
    assert largest_rows(_uniform(1 / least * (1 - 1e-9), 0.35)).exact == rows
    assert largest_rows(_uniform(1 / least * (1 + 1e-9), 0.35)).exact == rows - 1
    assert column_loss(rows, least, 0.35) == pytest.approx(0.05)
    assert least_resistance(rows, 0.7) == pytest.approx(2 * least)  # only the ratio to the wire matters
    with pytest.raises(UserError, match="on 0 ohm a cell"):
        least_resistance(rows, 0.0)


def test_a_higher_resistance_allows_more_rows():
    rows = [largest_rows(_uniform(1 / ohm, 0.35)).exact for ohm in (50, 500, 5e3, 50e3)]
    assert rows == sorted(rows) and len(set(rows)) == len(rows)


def test_paper_s_synapse_needs_far_more_resistance_for_an_array_and_the_command_says_how_much():
    published = tallest_column(load_technology("skyrmion-published-array"))
    assert published["largest_rows"] == 4 and published["tile_loss"] < 0.05
    assert [need["rows"] for need in published["rows_need"]] == [64, 128, 256]
    for need in published["rows_need"]:
        assert need["times"] == pytest.approx(need["least_resistance_ohm"] * 19.0e-3, rel=1e-3)
    unknown = tallest_column(load_technology("skyrmion-published"))["rows_need"]
    assert [(need["least_resistance_ohm"], need["times"]) for need in unknown] == [
        (need["least_resistance_ohm"], None) for need in published["rows_need"]
    ]


@pytest.mark.parametrize("name", [name for name in shipped_technologies() if name.endswith("-array")])
def test_the_columns_of_shipped_arrays_lose_less_than_5_percent_and_the_next_power_of_two_would_not(name):
    technology = load_technology(name)
    told = tallest_column(technology)
    assert told["tile_loss"] < 0.05 and not told["largest_rows_wire_assumed"]
    assert technology.tile_rows == told["largest_rows_power_of_two"]


def test_wires_come_from_the_technology():
    wox = load_technology("wox-memristor")
    assert WireRules.of(wox) == WireRules(load_ohm=4000.0) and WireRules.of(wox).ideal
    stated = {"wire_resistance_ohm": 0.35, "driver_resistance_ohm": 20.0, "row_feed": "two_sides"}
    assert WireRules.of(wox.model_copy(update=stated)) == WireRules(0.35, 0.35, 20.0, 4000.0, True)
    own = wox.model_copy(update={"wire_resistance_ohm": 0.35, "column_wire_resistance_ohm": 0.0})
    assert WireRules.of(own.for_dense()) == WireRules(0.35, 0.0)


def test_wires_that_are_stated_are_not_assumed_and_without_resistance_no_column_is_too_tall():
    stated = {"wire_resistance_ohm": 1.0, "column_wire_resistance_ohm": 0.0}
    along_rows = tallest_column(PCM.model_copy(update=stated))
    assert along_rows["largest_rows"] is None and not along_rows["largest_rows_wire_assumed"]
    unknown = tallest_column(PCM.model_copy(update=dict.fromkeys(stated)))
    assert unknown["largest_rows_wire_assumed"] and unknown["largest_rows_wire_ohm"] == 0.35
    assert unknown["largest_rows"] == tallest_column(with_settings(PCM, ["wire_resistance_ohm=0.35"]))["largest_rows"]


@pytest.mark.parametrize(
    ("shape", "both_sides"), [((100, 40_000), False), ((100, 4_000), True), ((20_000, 200), False)]
)
def test_a_tile_that_would_take_an_hour_is_refused_at_once(shape, both_sides):
    cells = np.broadcast_to(1e-6, shape)
    with pytest.raises(UserError, match="hours to solve"):
        fold(cells, WireRules(1.0, 1.0, fed_from_both_sides=both_sides))
