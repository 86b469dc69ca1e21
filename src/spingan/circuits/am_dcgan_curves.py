"""What paper M's cells do to a voltage, measured once each by a DC sweep: the compact model of the net in SPICE."""

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.am_dcgan_network import FILTER, FILTERS, CellCurves, Curve, Network
from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.cell_bench import Bench, CellTransfer, sweep
from spingan.circuits.current_to_voltage import current_to_voltage
from spingan.circuits.relu_switch import relu_switch
from spingan.circuits.subcircuit import Resistor, Subcircuit, Use
from spingan.circuits.switches import crossbar_switch
from spingan.circuits.threshold_sign import both_signs, sign_cell, sign_reads, sign_switch

POINTS = 1801  # a millivolt apart from rail to rail: signals after two layers are some ten millivolts


def measured_curves(network: Network, cards: Cards | None = None) -> CellCurves:
    """Every cell's DC transfer, by ngspice, loaded as in the net.

    The four currents into a mean add to zero, so its ReLUs are taken without a load; a row's two drivers see about the
    memristors that hang on them, and the converter the dense column's behind its switch.

    Raises:
        UserError: As `run`.
    """
    chosen = cards or load_cards(node="180nm")
    rail_v = chosen.technology.supply_v / 2
    row_ohm = 1 / (FILTERS * FILTER**2 * float(np.abs(network.second).mean()) / 2)
    dense_ohm = 1 / float(np.abs(network.dense).mean())

    def table(bench: Bench) -> Curve:
        reach = rail_v * bench.scale
        return _looked_up(sweep(bench, -reach, reach, POINTS, chosen))

    def driver(name: str, nodes: str) -> Bench:
        one = Subcircuit(name, ("in", "out", "vdd", "vss"), (Use("drivers", both_signs(), nodes),), both_signs().source)
        return Bench(one, load_ohm=row_ohm)

    def switch(*, inverts: bool) -> Bench:
        return Bench(sign_switch(), load_ohm=dense_ohm, around=(*sign_reads(), *sign_cell("sign", inverts=inverts)))

    column = Subcircuit(
        "switched_converter",
        ("in", "out", "vdd", "vss"),
        (
            Use("switch", crossbar_switch(), "in held vdd vdd vss"),
            Use("converter", current_to_voltage(network.feedback_ohm), "held out vdd vss"),
            Resistor("column", "in 0", dense_ohm / network.dense.size),
        ),
        current_to_voltage().source,
    )
    converter = Bench(column, load_ohm=None, input_a_per_v=1 / network.feedback_ohm)
    return CellCurves(
        relu=table(Bench(relu_switch(), load_ohm=None)),
        plus=table(driver("signal", "in out other vdd vss")),
        minus=table(driver("inverse", "in other out vdd vss")),
        kept=table(switch(inverts=False)),
        turned=table(switch(inverts=True)),
        converter=table(converter),
    )


def _looked_up(curve: CellTransfer) -> Curve:
    def look_up(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(values, curve.input, curve.output_v)

    return look_up
