from dataclasses import replace

import numpy as np
import pytest

from spingan.circuits.crossbar_column import Array, solve_crossbar
from spingan.errors import UserError

CONDUCTANCE_S = np.array([1e-4, 2.5e-4, 0.0, 4e-5, 9e-5])
INPUT_V = np.array([0.1, -0.2, 0.3, 0.4, 0.0])
ROUNDING = 1e-9  # ngspice solves a linear network exactly; the netlist has twelve digits


def solve_column(conductance_s, input_v, *, time_s=None, **around):
    """One column; its outputs have no axis of columns."""
    found = solve_crossbar(Array(np.asarray(conductance_s)[..., None], **around), input_v, time_s=time_s)
    return replace(found, output_v=found.output_v[..., 0], output_a=found.output_a[..., 0])


def nodal_currents(array, input_v):
    """Columns' currents and sources' currents of a wired array with virtual grounds or loads, by numpy's nodal solve.

    Nodes: drivers' ends (rows), then the cells' row sides, then their column sides, then the columns' ends.
    """
    rows, columns = array.conductance_s.shape
    cells = rows * columns
    driver = np.arange(rows)
    above = rows + np.arange(cells).reshape(rows, columns)
    below = above + cells
    ends = rows + 2 * cells + np.arange(columns)
    matrix = np.zeros((ends[-1] + 1, ends[-1] + 1))

    def connect(one, other, conductance):
        matrix[one, one] += conductance
        matrix[other, other] += conductance
        matrix[one, other] -= conductance
        matrix[other, one] -= conductance

    wire_s = 1 / array.wire_ohm
    for row in range(rows):
        for column in range(columns):
            connect(driver[row] if column == 0 else above[row, column - 1], above[row, column], wire_s)
            connect(below[row, column], ends[column] if row == rows - 1 else below[row + 1, column], wire_s)
            connect(above[row, column], below[row, column], array.conductance_s[row, column])
    right = np.zeros(len(matrix))
    driver_s = 1 / array.driver_ohm
    matrix[driver, driver] += driver_s
    right[driver] += driver_s * input_v
    ground_s = array.load_s or 1e12  # a virtual ground: a millionth of a microohm
    matrix[ends, ends] += ground_s
    voltage = np.linalg.solve(matrix, right)
    return ground_s * voltage[ends], driver_s * (input_v - voltage[driver])


def test_a_load_divides_by_the_sum_of_all_conductances(ngspice):
    load_s = 1.5e-4
    found = solve_column(CONDUCTANCE_S, INPUT_V, load_s=load_s)
    expected = CONDUCTANCE_S @ INPUT_V / (CONDUCTANCE_S.sum() + load_s)
    assert found.output_v == pytest.approx(expected, rel=ROUNDING)
    assert found.output_a == pytest.approx(expected * load_s, rel=ROUNDING, abs=0)
    assert found.input_a == pytest.approx(CONDUCTANCE_S * (INPUT_V - expected), rel=ROUNDING, abs=1e-18)


def test_a_virtual_ground_takes_the_dot_product(ngspice):
    found = solve_column(CONDUCTANCE_S, INPUT_V)
    assert found.output_v == 0
    assert found.output_a == pytest.approx(CONDUCTANCE_S @ INPUT_V, rel=ROUNDING, abs=0)


def test_what_the_sources_deliver_is_what_the_resistors_turn_into_heat(ngspice):
    load_s, driver_ohm = 2e-4, 500.0
    found = solve_column(CONDUCTANCE_S, INPUT_V, load_s=load_s, driver_ohm=driver_ohm)
    there = CONDUCTANCE_S > 0
    cells_w = (found.input_a[there] ** 2 / CONDUCTANCE_S[there]).sum()
    heat_w = cells_w + driver_ohm * (found.input_a**2).sum() + found.output_v * found.output_a
    assert found.supply_w == pytest.approx(heat_w, rel=ROUNDING, abs=0)


@pytest.mark.parametrize("load_s", [None, 3e-3])
@pytest.mark.parametrize("shape", [(12, 1), (1, 7), (9, 5)])
def test_wires_and_drivers_are_a_network_that_numpy_solves_too(ngspice, shape, load_s):
    rng = np.random.default_rng(1)
    array = Array(rng.uniform(1e-5, 1e-3, shape), load_s, wire_ohm=7.0, driver_ohm=40.0)
    inputs = rng.uniform(-0.3, 0.3, shape[0])
    found = solve_crossbar(array, inputs)
    output_a, input_a = nodal_currents(array, inputs)
    assert found.output_a == pytest.approx(output_a, rel=1e-7, abs=0)  # the dense solve's own conditioning
    assert found.input_a == pytest.approx(input_a, rel=1e-7, abs=1e-15)


def test_a_column_is_an_array_of_one(ngspice):
    whole = solve_crossbar(Array(CONDUCTANCE_S[:, None], None, 5.0, 100.0), INPUT_V)
    column = solve_column(CONDUCTANCE_S, INPUT_V, wire_ohm=5.0, driver_ohm=100.0)
    assert column.output_a == whole.output_a[0]
    assert np.array_equal(column.input_a, whole.input_a)


def test_points_are_solved_each_by_itself(ngspice):
    inputs = np.random.default_rng(2).uniform(-1, 1, (7, 5))
    found = solve_column(CONDUCTANCE_S, inputs, load_s=1e-4)
    assert found.output_v == pytest.approx(inputs @ CONDUCTANCE_S / (CONDUCTANCE_S.sum() + 1e-4), rel=ROUNDING)
    one = solve_column(CONDUCTANCE_S, inputs[:1], load_s=1e-4)
    assert np.atleast_1d(one.output_v) == pytest.approx(found.output_v[:1], rel=ROUNDING)
    assert found.input_a.shape == (7, 5) and found.supply_w.shape == (7,)


def test_waveforms_are_followed_by_straight_lines(ngspice):
    times = np.array([0.0, 1e-8, 1.2e-8, 3e-8])
    inputs = np.random.default_rng(3).uniform(-1, 1, (4, 5))
    found = solve_column(CONDUCTANCE_S, inputs, load_s=1e-4, time_s=times)
    assert found.time_s is not None and found.time_s[-1] == pytest.approx(3e-8, rel=1e-9, abs=0)
    held = np.stack([np.interp(found.time_s, times, inputs[:, row]) for row in range(5)], axis=1)
    expected = held @ CONDUCTANCE_S / (CONDUCTANCE_S.sum() + 1e-4)
    assert found.output_v == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conductance_s": [1e-4, -1e-4]}, r"row 1, column 0 is -0\.0001 S"),
        ({"conductance_s": [1e-4, np.nan]}, "row 1, column 0 is nan S"),
        ({"conductance_s": [[1e-4], [1e-4]]}, r"have the shape \(2, 1, 1\)"),
        ({"conductance_s": []}, "Give rows and columns"),
        ({"input_v": [0.1]}, r"inputs of the shape \(1,\) for 2 rows"),
        ({"input_v": [0.1, np.inf]}, "is not finite"),
        ({"load_s": 0.0}, "load's conductance is 0 S"),
        ({"wire_ohm": -1.0}, "wire_ohm is -1"),
        ({"driver_ohm": np.inf}, "driver_ohm is inf"),
        ({"time_s": [0.0]}, r"1 times for inputs of the shape \(2,\)"),
        ({"input_v": np.zeros((2, 2)), "time_s": [0.0, 0.0]}, "do not rise from 0"),
        ({"input_v": np.zeros((2, 2)), "time_s": [1.0, 2.0]}, "do not rise from 0"),
    ],
)
def test_a_column_that_is_none_is_refused(change, said):
    values = {"conductance_s": [1e-4, 1e-4], "input_v": [0.1, 0.2]} | change
    with pytest.raises(UserError, match=said):
        solve_column(**values)
