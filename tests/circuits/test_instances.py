"""Instances without a solution are counted and named, and cost no other one its result."""

import numpy as np
import pytest

from spingan.circuits.instances import in_batches
from spingan.circuits.messages import NoSolution
from spingan.circuits.ngspice import run
from spingan.errors import UserError
from spingan.progress import no_progress


def _outputs(bad):
    def outputs(cells):
        if bad & set(cells):
            raise NoSolution("no solution")
        return np.array([[number, 2.0 * number] for number in cells])

    return outputs


@pytest.mark.parametrize("workers", [1, 2])
def test_the_others_of_a_batch_are_kept(workers):
    found, lost = in_batches(_outputs({3, 11}), 12, workers, "cells", no_progress, batch=5)
    assert lost == (3, 11)
    assert found[:, 0].tolist() == [number for number in range(12) if number not in lost]


def test_too_few_that_are_left_are_refused():
    with pytest.raises(UserError, match="no solution for 10 of 12"):
        in_batches(_outputs(set(range(10))), 12, 1, "cells", no_progress)


def test_any_other_error_is_no_lost_cell():
    def outputs(cells):
        raise UserError("ngspice is not installed")

    with pytest.raises(UserError, match="not installed"):
        in_batches(outputs, 4, 1, "cells", no_progress)


def test_a_circuit_that_does_not_converge_is_told_from_one_that_is_refused(ngspice):
    with pytest.raises(NoSolution):
        run("* a loop of sources\nv1 a 0 1\nv2 a 0 2\n.op")
    with pytest.raises(UserError) as refused:
        run("* no such model\nm1 a b 0 0 none\nv1 a 0 1\n.op")
    assert not isinstance(refused.value, NoSolution)
