"""Measured tables of which nobody says what they are: levels and transfers are told, the rest is refused."""

from pathlib import Path

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.measured.recognise import fit_measured

EXAMPLES = Path(__file__).parents[2] / "examples" / "data"


def written(folder: Path, header: str, *columns) -> Path:
    path = folder / "table.csv"
    np.savetxt(path, np.column_stack(columns), fmt="%.6g", delimiter=",", header=header, comments="")
    return path


def test_the_example_measurements_are_levels_and_a_relu():
    assert fit_measured(EXAMPLES / "synapse.csv").value.states == 64
    assert fit_measured(EXAMPLES / "relu.csv").value.function == "relu"


@pytest.mark.parametrize(
    ("function", "outputs"),
    [
        ("relu", lambda u: np.maximum(u, 0)),
        ("leaky_relu", lambda u: np.where(u > 0, u, 0.2 * u)),
        ("tanh", lambda u: np.tanh(3 * u)),
        ("sigmoid", lambda u: 1 / (1 + np.exp(-6 * u))),
    ],
)
def test_a_transfer_is_told_by_its_shape(tmp_path, function, outputs):
    u = np.linspace(-1, 1, 81)
    noise = np.random.default_rng(3).normal(0, 0.01, u.size)
    found = fit_measured(written(tmp_path, "input_ua,output_mv", 20 * u, 50 * (outputs(u) + noise)))
    assert found.value.function == function


def test_few_pulses_give_as_many_levels(tmp_path):
    found = fit_measured(written(tmp_path, "level,conductance_us", np.arange(9), np.linspace(1, 40, 9)))
    assert found.value.states == 9 and found.value.conductance[-1] == pytest.approx(40e-6, rel=0.01)


@pytest.mark.parametrize(
    ("header", "columns", "words"),
    [
        ("time_s,current_ua", (np.linspace(0, 1, 30), np.sin(np.arange(30))), ("a time", "a current")),
        ("a,b,c", tuple(np.random.default_rng(1).random((3, 20))), ("3 columns", "without a unit")),
        ("voltage_v,note", (np.linspace(0, 1, 20), np.random.default_rng(1).random(20)), ("a voltage",)),
        ("input_v,output_v", (np.linspace(-1, 1, 60), np.cos(20 * np.linspace(-1, 1, 60))), ("no function known",)),
    ],
)
def test_what_is_neither_is_refused_by_what_it_looks_like(tmp_path, header, columns, words):
    with pytest.raises(UserError) as refused:
        fit_measured(written(tmp_path, header, *columns))
    assert all(word in str(refused.value) for word in words), refused.value


def test_a_table_of_words_is_refused(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("pulse,colour\n1,red\n2,black\n")
    with pytest.raises(UserError, match="neither levels nor a transfer"):
        fit_measured(path)
