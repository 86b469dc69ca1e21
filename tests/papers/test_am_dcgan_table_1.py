"""The small pair's printed total: met by many counts, proven by none."""

import pytest

from spingan.papers.am_dcgan_table_1 import combination, printed_cells, small_pair

SMALL = small_pair()


def test_table_one_is_read_in_watts_and_square_metres():
    relu = printed_cells()["relu"]
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
