"""Paper S's activation cells: a domain-wall device in a divider, whose middle drives one or two CMOS inverters.

The device is a resistor whose conductance follows its curve against the input current. With one inverter it stands at
the low rail, with two at the high one, so that the output rises with the conductance either way. Divider and inverters
have supplies of their own, so that each one's power is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import GENERIC_16NM, Cards
from spingan.circuits.messages import one_line
from spingan.circuits.ngspice import dc_line, pairs, run
from spingan.devices.wall_curve import Slopes, fit_slopes
from spingan.devices.wall_device import WallDevice
from spingan.errors import UserError
from spingan.physics.mtj import julliere_tmr
from spingan.spec.activation import ConductanceCurve


@dataclass(frozen=True)
class Cell:
    """A cell's circuit: the divider's fixed resistor, the rails, and the inverters with their widths over the length.

    `divider_rails_v` are the divider's own rails, high and low; None: the inverters'.

    Raises:
        UserError: A resistance, width or capacitance that is not positive, or rails that are not apart.
    """

    name: str
    reference_ohm: float
    high_rail_v: float
    low_rail_v: float
    nmos_ratio: float
    pmos_ratio: float
    inverters: Literal[1, 2]
    device_capacitance_f: float
    source: str
    divider_rails_v: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("reference_ohm", "nmos_ratio", "pmos_ratio", "device_capacitance_f"):
            if not 0 < getattr(self, name) < np.inf:
                raise UserError(f"{self.name}: {name} is {getattr(self, name):g}", "It must be above 0")
        for high_v, low_v in ((self.high_rail_v, self.low_rail_v), self.divider_v):
            if not -np.inf < low_v < high_v < np.inf:
                raise UserError(
                    f"{self.name}: the rails are {high_v:g} V and {low_v:g} V",
                    "The high rail must be above the low one",
                )
        if self.inverters not in (1, 2):
            raise UserError(f"{self.name}: {self.inverters} inverters", "A cell has one or two")

    @property
    def divider_v(self) -> tuple[float, float]:
        """The divider's rails, high and low."""
        return self.divider_rails_v or (self.high_rail_v, self.low_rail_v)


# "Only one CMOS inverter" (III-B) and "the CMOS inverter pair" (IV-D2, V-A3) both occur; one is what works as a leaky
# ReLU: the divider moves by some 40 mV, which the gain of a second inverter would drive into the rails.
LEAKY_RELU_CELL = Cell(
    name="leaky_relu",
    reference_ohm=8.865e3,  # paper S, IV-D2
    high_rail_v=0.5,  # paper S, IV-D2; that they feed divider and inverters: docs/derivations.md, section 1
    low_rail_v=-0.165,  # paper S, IV-D2
    nmos_ratio=2.2,  # paper S, IV-D2
    pmos_ratio=5.1,  # paper S, IV-D2
    inverters=1,
    device_capacitance_f=26.562e-18,  # paper S, IV-D
    source="paper S, III-B, IV-D2 and V-A3",
)
RELU_CELL = replace(  # "a CMOS inverter": paper S, V-A2; rails and widths are not printed: assumed as the leaky ReLU's
    LEAKY_RELU_CELL,
    name="relu",
    reference_ohm=10.7e3,  # paper S, V-A2
    source="paper S, V-A2; rails and widths assumed as the leaky ReLU's",
)


@dataclass(frozen=True)
class BiasFall:
    """How the conductance depends on the voltage across the junctions: their TMR falls to half at `half_bias_v`.

    Attributes:
        parallel_conductance_s: of all junctions with every cell along its fixed layer, area over RA.
        tmr: at low bias.
    """

    parallel_conductance_s: float
    tmr: float
    half_bias_v: float


def bias_fall(device: WallDevice) -> BiasFall | None:
    """The bias dependence of a device's junctions; None where the half-bias voltage is not known.

    The curve that goes with it is that at low bias: of the device with `read_voltage_v` near 0.
    """
    if device.half_bias_voltage_v is None:
        return None
    parallel = device.detector_area_m2 / device.ra_parallel_ohm_m2
    return BiasFall(parallel, julliere_tmr(device.polarization), device.half_bias_voltage_v)


def must_be_conductances(name: str, conductance_s: NDArray[np.float64], places: NDArray[np.float64], what: str) -> None:
    """Refuse a table that is none of positive conductances against currents or times.

    Raises:
        UserError: It is none.
    """
    if places.shape != conductance_s.shape or places.size < 2:
        raise UserError(
            f"{name}: {conductance_s.size} conductances for {places.size} {what}", "Give as many, and at least two"
        )
    if not np.all((conductance_s > 0) & np.isfinite(conductance_s)):
        raise UserError(f"{name}: a conductance is {conductance_s.min():g} S", "All must be above 0")


def covers(current_a: NDArray[np.float64], *wanted_a: float) -> bool:
    """Whether currents lie within a table's, but for a rounding."""
    rounding = 1e-9 * float(current_a[-1] - current_a[0])
    return all(current_a[0] - rounding <= wanted <= current_a[-1] + rounding for wanted in wanted_a)


def span_text(current_a: NDArray[np.float64]) -> str:
    """From where to where a table's currents go, such as `-20 to 20 µA`."""
    return f"{current_a[0] * 1e6:g} to {current_a[-1] * 1e6:g} µA"


@dataclass(frozen=True, eq=False)
class DeviceTable:
    """A device's conductance, in siemens, against its input current, in amperes: (n,) each, the currents rising.

    Raises:
        UserError: Fewer than two points, currents that do not rise, or a conductance that is not positive.
    """

    name: str
    current_a: NDArray[np.float64]
    conductance_s: NDArray[np.float64]
    fall: BiasFall | None = None

    def __post_init__(self) -> None:
        must_be_conductances(self.name, self.conductance_s, self.current_a, "currents")
        if not np.all(np.diff(self.current_a) > 0):
            raise UserError(f"{self.name}: the currents do not rise", "Sort them, each once")

    @classmethod
    def of(
        cls, curve: ConductanceCurve, branch: Literal["rising", "falling"] = "rising", fall: BiasFall | None = None
    ) -> "DeviceTable":
        """One branch of a device's conductance curve.

        Raises:
            UserError: It is no conductance against a current; it has no memory, and so no falling branch; and as the
                class.
        """
        if (curve.output_unit, curve.input_unit) != ("S", "A"):
            raise UserError(
                f"{curve.name}: the curve is in {curve.output_unit} against {curve.input_unit}",
                "A cell takes a device's conductance in S against its current in A",
            )
        output = curve.rising if branch == "rising" else curve.falling
        if output is None:
            raise UserError(f"{curve.name}: it has no falling branch", "Take the rising one: it has no memory")
        return cls(curve.name, np.asarray(curve.input), np.asarray(output), fall)


@dataclass(frozen=True)
class Deviation:
    """How one instance of a cell differs from the drawn one.

    Attributes:
        left, right: factors of both junctions' conductances, which are in the device's expression.
        reference: the fixed resistor's factor.
        transistors: threshold's shift in volts and mobility's factor of each transistor: n and p of the first inverter,
            then of the second.
    """

    left: float
    right: float
    reference: float
    transistors: tuple[tuple[float, float], ...]


def circuit_lines(cell: Cell, cards: Cards, conductance: str, fall: BiasFall | None) -> str:
    """The cell's cards, supplies and elements; its output is the node `out`, the divider's middle `mid`.

    Args:
        conductance: ngspice's expression for the device's conductance at low bias, in siemens.
    """
    lines = [cards.text.rstrip(), *supply_lines(cell), *element_lines(cell, cards, conductance, fall)]
    return "\n".join(lines)


def supply_lines(cell: Cell, factor: float = 1.0) -> list[str]:
    """The supplies of divider (`hd`, `ld`) and inverters (`hi`, `li`), all times `factor`."""
    high, low = cell.divider_v
    return [
        f"vhd hd 0 {high * factor:.9e}",
        f"vld ld 0 {low * factor:.9e}",
        f"vhi hi 0 {cell.high_rail_v * factor:.9e}",
        f"vli li 0 {cell.low_rail_v * factor:.9e}",
    ]


def element_lines(
    cell: Cell, cards: Cards, conductance: str, fall: BiasFall | None, tag: str = "", deviation: Deviation | None = None
) -> list[str]:
    """The elements between the supplies; `tag` ends the names of one of several cells in a netlist, `out` included."""
    length = cards.technology.length_m
    middle = f"mid{tag}"
    above, below = ("hd", middle), (middle, "ld")
    device, reference = (below, above) if cell.inverters == 1 else (above, below)
    voltage = f"v({device[0]},{device[1]})"
    ohm = cell.reference_ohm * (1.0 if deviation is None else deviation.reference)
    lines = [
        f"rref{tag} {' '.join(reference)} {ohm:.9e}",
        f"bdev{tag} {' '.join(device)} i={voltage}*({_at_bias(conductance, voltage, fall)})",
        f"cdev{tag} {' '.join(device)} {cell.device_capacitance_f:.9e}",
    ]
    nodes = [middle, f"out{tag}"] if cell.inverters == 1 else [middle, f"turned{tag}", f"out{tag}"]
    for number, (gate, drain) in enumerate(pairwise(nodes), start=1):
        pull_down, pull_up = f"{drain} {gate} li li", f"{drain} {gate} hi hi"
        lines.append(cards.transistor(f"n{number}{tag}", pull_down, "nmos", cell.nmos_ratio * length))
        lines.append(cards.transistor(f"p{number}{tag}", pull_up, "pmos", cell.pmos_ratio * length))
    if deviation is not None:
        for at, (shift_v, mobility) in enumerate(deviation.transistors, start=3):
            lines[at] += f" delvto={shift_v:.6e} mulu0={mobility:.6e}"
    return lines


def _at_bias(conductance: str, voltage: str, fall: BiasFall | None) -> str:
    """The conductance at a bias: G_P - (G_P - G) k, since only the antiparallel state depends on the voltage.

    The antiparallel conductance is G_P / (1 + TMR(V)), TMR(V) = TMR / (1 + x) and x = (V / V_half)^2, so that
    k = (1 + TMR) / (1 + TMR + x).
    """
    if fall is None:
        return conductance
    parallel, ratio = f"{fall.parallel_conductance_s:.9e}", f"{1 + fall.tmr:.9e}"
    return f"{parallel}-({parallel}-({conductance}))*{ratio}/({ratio}+({voltage}/{fall.half_bias_v:.9e})^2)"


def supplied_powers(cell: Cell, vectors: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What divider and inverters draw from their supplies, in watts, from a result's currents into the sources."""
    high, low = cell.divider_v
    divider = -high * vectors["i(vhd)"] - low * vectors["i(vld)"]
    inverters = -cell.high_rail_v * vectors["i(vhi)"] - cell.low_rail_v * vectors["i(vli)"]
    return divider, inverters


TRANSFER_POINTS = 277  # 0.25 µA apart over ±34.5 µA
# ngspice's own 1e-3 leaves 60 µV at a divider that moves by 40 mV.
TOLERANCES = ".options reltol=1e-6 vntol=1e-9"


@dataclass(frozen=True, eq=False)
class Transfer:
    """A cell's DC transfer: (n,) arrays against the device's input current, and the seconds that ngspice took.

    `divider_w` and `inverters_w` are what the cell draws from its supplies; the heavy metal's heat is not in them.
    """

    cell: Cell
    cards: str
    current_a: NDArray[np.float64]
    divider_v: NDArray[np.float64]
    output_v: NDArray[np.float64]
    divider_w: NDArray[np.float64]
    inverters_w: NDArray[np.float64]
    seconds: float

    def at(self, values: NDArray[np.float64], current_a: float) -> float:
        """One of the transfer's arrays at a current, between its points by a straight line."""
        return float(np.interp(current_a, self.current_a, values))

    def normalised(self, full_scale_a: float) -> NDArray[np.float64]:
        """The output as the network sees it, (n,): 0 at zero input, 1 at `full_scale_a`."""
        zero, full = self.at(self.output_v, 0.0), self.at(self.output_v, full_scale_a)
        return (self.output_v - zero) / (full - zero)

    def slopes(self, range_a: float) -> Slopes:
        """Straight lines through the output on each side of zero, in volts per ampere.

        Raises:
            UserError: As `fit_slopes`.
        """
        return fit_slopes(self.current_a, self.output_v, range_a)


def transfer(
    cell: Cell,
    curve: DeviceTable,
    lowest_a: float,
    highest_a: float,
    points: int = TRANSFER_POINTS,
    cards: Cards = GENERIC_16NM,
) -> Transfer:
    """The cell's output and power at `points` evenly spaced input currents, by ngspice.

    Raises:
        UserError: The curve does not cover the currents, these do not rise, and as `run`.
    """
    result = run(transfer_netlist(cell, curve, lowest_a, highest_a, points, cards))
    (plot,) = result.plots
    divider_w, inverters_w = supplied_powers(cell, plot.vectors)
    return Transfer(
        cell=cell,
        cards=cards.name,
        current_a=plot["v(in)"] * 1e-6,
        divider_v=plot["v(mid)"],
        output_v=plot["v(out)"],
        divider_w=divider_w,
        inverters_w=inverters_w,
        seconds=result.seconds,
    )


def transfer_netlist(
    cell: Cell, curve: DeviceTable, lowest_a: float, highest_a: float, points: int, cards: Cards
) -> str:
    """What `transfer` runs: a volt at the node `in` stands for a microampere.

    Raises:
        UserError: The curve does not cover the currents, or these do not rise.
    """
    analysis = dc_line("vin", lowest_a * 1e6, highest_a * 1e6, points, " µA")
    if not covers(curve.current_a, lowest_a, highest_a):
        raise UserError(
            f"{curve.name} covers {span_text(curve.current_a)}, not the drive from {lowest_a * 1e6:g} to "
            f"{highest_a * 1e6:g} µA",
            "Drive it within its curve, or give a curve that reaches so far",
        )
    table = pairs(curve.current_a * 1e6, curve.conductance_s, ",")
    lines = [
        f"* {cell.name} with {one_line(curve.name)}, cards {cards.name}; a volt at in stands for a microampere",
        circuit_lines(cell, cards, f"pwl(v(in),{table})", curve.fall),
        "vin in 0 0",
        TOLERANCES,
        analysis,
    ]
    return "\n".join(lines)
