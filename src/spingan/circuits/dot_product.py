"""Paper M's memristive columns: the dot product that a load reads out, and the mean of equal memristors.

"The output of each crossbar is read from the load memristor. This ensures that the output voltage does not exceed the
maximum filter input" (paper M, figure 2): V = sum(g V) / (sum(g) + g_load), a weighted mean and no plain dot product.
"""

from collections.abc import Sequence

from spingan.circuits.subcircuit import Resistor, Subcircuit
from spingan.errors import UserError

ON_OHM, OFF_OHM = 4e3, 25e3  # paper M, Table II
LOAD_OHM = 4e3  # assumed: a memristor that is on
MEAN_OHM = 10e3  # assumed: between on and off
SOURCE = "paper M, figures 2 and 3 and Table II"


def dot_product_column(conductance_s: Sequence[float], load_s: float = 1 / LOAD_OHM) -> Subcircuit:
    """A column of memristors and the load: ports in, in1, in2, ... and out.

    Raises:
        UserError: No conductance, or one that is not above 0.
    """
    _must_conduct("column", (*conductance_s, load_s))
    inputs = _inputs(len(conductance_s))
    cells = tuple(
        Resistor(str(row), f"{node} out", 1 / g)
        for row, (node, g) in enumerate(zip(inputs, conductance_s, strict=True))
    )
    return Subcircuit("dot_product_column", (*inputs, "out"), (*cells, Resistor("load", "out 0", 1 / load_s)), SOURCE)


def mean_filter(inputs: int = 4, resistance_ohm: float = MEAN_OHM) -> Subcircuit:
    """Equal memristors that meet in one node, which nothing may load: ports in, in1, ... and out.

    Raises:
        UserError: No input, or a resistance that is not above 0.
    """
    if inputs < 1 or not resistance_ohm > 0:
        raise UserError(
            f"a mean of {inputs} inputs over {resistance_ohm:g} ohm", "Give one input at least, above 0 ohm"
        )
    cells = tuple(Resistor(str(row), f"{node} out", resistance_ohm) for row, node in enumerate(_inputs(inputs)))
    return Subcircuit("mean_filter", (*_inputs(inputs), "out"), cells, SOURCE)


def _inputs(number: int) -> tuple[str, ...]:
    return ("in", *(f"in{row}" for row in range(1, number)))


def _must_conduct(what: str, conductances_s: Sequence[float]) -> None:
    if len(conductances_s) < 2:
        raise UserError(f"the {what} has no memristor", "Give one conductance at least")
    for value in conductances_s:
        if not 0 < value < float("inf"):
            raise UserError(f"the {what} has a conductance of {value:g} S", "All must be above 0 and finite")
