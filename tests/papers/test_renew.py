"""A stored result comes out again when its command is run anew."""

import pytest

from spingan.papers.stored_results import read_stored, renew


@pytest.mark.slow  # ngspice on a whole cell
def test_a_circuit_run_anew_gives_what_is_stored_and_says_when(ngspice, tmp_path):
    assert renew("circuit-relu", stored_in=tmp_path) == tmp_path / "circuit-relu.json"
    fresh, shipped = read_stored("circuit-relu", tmp_path), read_stored("circuit-relu")
    assert fresh is not None and shipped is not None
    assert set(fresh.values) == set(shipped.values)
    for name, value in shipped.values.items():
        # another version of ngspice takes other steps: a thousandth is ten times its tolerance in time
        assert fresh.values[name].numbers == pytest.approx(value.numbers, rel=1e-3, abs=1e-9), name
    assert fresh.date >= shipped.date
    assert fresh.obtained["seconds"] > 0
