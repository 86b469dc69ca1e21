"""What the study of the wires refuses before it looks for a model."""

import math

import pytest

from spingan.errors import UserError
from spingan.studies.axes import Asked
from spingan.studies.wires import wires


@pytest.mark.parametrize("ohm", [0, -1, 1e30, math.nan, math.inf])
def test_a_wire_that_no_tile_can_be_solved_with_is_refused_at_once(ohm):
    with pytest.raises(UserError, match="from cell to cell"):
        wires(Asked("no-such-model"), resistances=[0.1, ohm, 1.0])
