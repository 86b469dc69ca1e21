"""What a column of devices gives back for the voltages on its rows: the arithmetic of the read-outs.

Conductances are in units of the synapse's span Gmax - Gmin, the smallest included. Whatever the read-out, a column is
linear in the voltages, so that it is one weight a device.
"""

from jaxtyping import Float
from torch import Tensor


def virtual_ground(positive: Tensor, negative: Tensor) -> Tensor:
    """Weights of columns held at ground, whose currents are subtracted: the difference of the conductances."""
    return positive - negative


def load_divider(
    positive: Float[Tensor, "*shape"],
    negative: Float[Tensor, "*shape"],
    off: float,
    load: float,
    rows: tuple[int, ...],
) -> Float[Tensor, "*shape"]:
    """Weights of columns that end in a load: each gives V = Σ g v / (Σ g + load), and the pair's two are subtracted.

    No amplifier holds the column at ground, so that every device on it, driven or not, draws its voltage down: a weight
    is divided by its column's whole conductance (docs/derivations.md, section 5). The amplifier behind the columns is
    set for columns whose devices are all at their smallest; then one device that opens in such a column has the weight
    that a virtual ground would give it, up to what it adds to the sum itself.

    Args:
        positive: Conductances of the columns that count upwards.
        negative: Those of the columns that are subtracted; the same shape.
        off: The smallest conductance of a device.
        load: The load's conductance.
        rows: The axes that count a column's devices.

    Returns:
        Weights, differentiable in both halves.
    """
    count = 1
    for axis in rows:
        count *= positive.shape[axis]
    amplified = count * off + load
    held = []
    for half in (positive, negative):
        held.append(half * (amplified / (half.sum(dim=rows, keepdim=True) + load)))
    return held[0] - held[1]


def column_voltage(
    conductance_s: Float[Tensor, "rows columns"], row_voltage_v: Float[Tensor, "*batch rows"], load_s: float
) -> Float[Tensor, "*batch columns"]:
    """The voltage at the load of every column, in volts: Σ g v / (Σ g + g_load).

    Args:
        conductance_s: Devices between rows and columns, in siemens.
        row_voltage_v: What drives the rows; an undriven row is grounded and counts as 0 V.
        load_s: Conductance from each column to ground.
    """
    return row_voltage_v @ conductance_s / (conductance_s.sum(0) + load_s)


__all__ = ["column_voltage", "load_divider", "virtual_ground"]
