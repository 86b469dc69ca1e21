"""Paper M's tables: Table II from its implied counts, and the small pair's total, which many counts make."""

import pytest

from spingan.papers.am_dcgan import am_dcgan_numbers, combination, implied_table, printed_range, small_pair
from spingan.papers.printed import significant

TABLE = implied_table()
SMALL = small_pair()
ROWS = {row.schedule: row for row in TABLE.rows}


def test_the_cells_that_cannot_be_right_are_the_sequential_times_and_seventeen_watts():
    wrong = {(cell.schedule, cell.quantity) for cell in TABLE.wrong_cells}
    times = {f"training time, {time_ns} ns" for time_ns in (10, 100, 1000)}
    assert wrong == {("sequential", time) for time in times} | {("4-cycle", "maximum power")}
    assert all(cell.why for cell in TABLE.wrong_cells)


def test_every_other_cell_follows_or_is_within_a_hundredth_of_a_percent():
    others = [cell for row in TABLE.rows for cell in row.cells if cell.verdict != "cannot be right"]
    assert len(others) == 16
    assert all(cell.verdict == "follows" or abs(cell.difference) < 1e-4 for cell in others)


def test_the_column_parallel_row_writes_fewer_devices_than_there_are_weights():
    row = ROWS["column-parallel"]
    assert row.writes == 1952 * 785 < TABLE.weights
    assert "not of one network" in row.notes[0]
    assert not any(ROWS[name].notes for name in ("sequential", "4-cycle", "2-cycle"))


def test_power_times_time_shows_which_rows_hold_together():
    # One pulse a weight and update at Ron: 1.7e6 x 3e6 x (1 V)² / 4 kΩ x 10 ns, whatever the schedule.
    assert ROWS["2-cycle"].energy_j == pytest.approx(12.75)
    assert ROWS["2-cycle"].printed_energy_j == pytest.approx(12.75, rel=1e-3)
    assert ROWS["sequential"].printed_energy_j == pytest.approx(2850)


def test_what_is_reverse_engineered_says_so():
    assert TABLE.tag == "reverse-engineered"


def test_three_million_updates():
    assert am_dcgan_numbers().updates == 3_000_000


@pytest.mark.parametrize(
    ("printed", "figure", "low", "high"),
    [("17.2000", "17.2", 17.15, 17.3), ("19e5", "19e5", 18.5e5, 20e5), ("0.00150", "0.0015", 0.00145, 0.0016)],
)
def test_zeros_that_fill_up_a_figure_are_not_precision(printed, figure, low, high):
    assert significant(printed) == figure
    assert printed_range(printed) == pytest.approx((low, high))


def test_table_one_is_read_in_watts_and_square_metres():
    relu = am_dcgan_numbers().components["relu"]
    assert (relu.power_w, relu.area_m2) == pytest.approx((23.3e-3, 951.1e-12), rel=1e-12, abs=0)


def test_both_known_combinations_meet_the_total():
    first, second = SMALL.examples
    assert first.meets and second.meets
    assert (first.area_m2, first.power_w) == pytest.approx((0.1879e-6, 6.9985), rel=1e-3, abs=0)
    assert (second.area_m2, second.power_w) == pytest.approx((0.1880e-6, 7.16), rel=1e-3, abs=0)


def test_one_relu_cell_more_or_less_misses_the_area():
    for relu in (194, 197):
        assert not combination({"relu": relu, "crossbar switch": 491}).meets


@pytest.mark.parametrize("solutions", SMALL.solutions, ids=lambda found: f"{found.op_amps} op-amps")
def test_the_number_of_solutions_is_what_trying_all_of_them_gives(solutions):
    found = [
        (relu, switches)
        for relu in range(190 if not solutions.op_amps else 100, 200)
        for switches in range(0, 1000)
        if combination({"relu": relu, "crossbar switch": switches, "op-amp": solutions.op_amps}).meets
    ]
    assert len(found) == solutions.combinations > 1
    assert (min(relu for relu, _ in found), max(relu for relu, _ in found)) == solutions.relu
    assert (min(number for _, number in found), max(number for _, number in found)) == solutions.switches
