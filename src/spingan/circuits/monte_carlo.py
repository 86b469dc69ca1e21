"""Instances of a cell in ngspice: how gain, offset and slope spread from device to device, and with heat and supply.

What is the same in all cells of a chip (temperature, supply) is drawn apart from what differs between them: a net's
calibration takes the first out, and only the second is a spread over devices.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import Cards, Node
from spingan.circuits.domain_wall_cells import (
    TOLERANCES,
    Cell,
    Deviation,
    DeviceTable,
    Transfer,
    covers,
    element_lines,
    span_text,
    supply_lines,
)
from spingan.circuits.instances import in_batches, in_parallel, must_have_a_covariance
from spingan.circuits.ngspice import dc_line, pairs, run
from spingan.devices.instance_fit import fit_devices, spread_of
from spingan.errors import UserError
from spingan.progress import Progress, no_progress
from spingan.spec.activation import ActivationSpread

# Standard deviation of a pair's difference in threshold times the square root of the gate's area (Pelgrom, Duinmaijer
# and Welbers, IEEE J. Solid-State Circuits 24, 1433 (1989)): about 1 mV µm for each nanometre of gate oxide (Pelgrom,
# Tuinhout and Vertregt, IEDM 1998), of which the generic cards have 0.9 and 4.
THRESHOLD_V_M: dict[Node, float] = {"16nm": 0.9e-9, "180nm": 4.0e-9}
# The same of the current factor, a fraction times a length. 1 % µm is of the order of published planar processes; half
# of it for the shorter node: assumed.
MOBILITY_M: dict[Node, float] = {"16nm": 0.5e-8, "180nm": 1.0e-8}
RESISTOR = 0.01  # of the divider's fixed resistor, from cell to cell: a polysilicon resistor of some µm²; assumed
JUNCTION = 0.05  # of a junction's conductance: 3 % of its RA and 4 % of its area, both assumed
TEMPERATURES_C = (0.0, 85.0)  # the commercial range, without its negative part; assumed
SUPPLY = 0.03  # of both supplies: a third of the usual tolerance of 10 %; assumed
NOMINAL_C = 27.0  # ngspice's and the cards' own
POINTS = 81  # of an instance's transfer, over plus and minus full scale
DEAD = 0.1  # of the drawn cell's gain: below it a cell stands at a rail


@dataclass(frozen=True)
class Mismatch:
    """Standard deviations from cell to cell on one chip.

    Attributes:
        threshold_v_m: Pelgrom's coefficient of the threshold, volts times metres.
        mobility_m: that of the current factor, a fraction times metres.
        resistor: of the fixed resistor, a fraction.
        junction: of each junction's conductance (area and RA together), a fraction.

    Raises:
        UserError: One is negative, or not a number.
    """

    threshold_v_m: float
    mobility_m: float
    resistor: float = RESISTOR
    junction: float = JUNCTION

    def __post_init__(self) -> None:
        for name in ("threshold_v_m", "mobility_m", "resistor", "junction"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UserError(f"mismatch: {name} is {getattr(self, name):g}", "It must not be below 0")


def default_mismatch(node: Node) -> Mismatch:
    """The documented standard deviations of a node."""
    return Mismatch(THRESHOLD_V_M[node], MOBILITY_M[node])


@dataclass(frozen=True)
class Environment:
    """What is common to all cells of a chip: temperatures, drawn evenly, and the supplies' standard deviation.

    Raises:
        UserError: Temperatures that do not rise or no silicon circuit works at, or a negative deviation.
    """

    temperatures_c: tuple[float, float] = TEMPERATURES_C
    supply: float = SUPPLY

    def __post_init__(self) -> None:
        low, high = self.temperatures_c
        if not -60 <= low <= high <= 200:
            raise UserError(f"temperatures from {low:g} to {high:g} °C", "Give a range within -60 and 200 °C, rising")
        if not 0 <= self.supply < 0.3:
            raise UserError(f"the supply's deviation is {self.supply:g}", "Give a fraction from 0 to 0.3")


def deviation(cell: Cell, cards: Cards, mismatch: Mismatch, seed: int, number: int) -> Deviation:
    """Instance `number` of a cell on a chip. Factors are log-normal, so that none is negative; thresholds are normal.

    A transistor's own deviation is that of a pair's difference over the square root of 2. The same seed and number
    give the same cell, however many others there are.
    """
    drawn = np.random.default_rng([seed, number]).standard_normal(3 + 2 * 4)
    length = cards.technology.length_m
    transistors = []
    for index in range(2 * cell.inverters):
        ratio = cell.nmos_ratio if index % 2 == 0 else cell.pmos_ratio
        per_side_m = length * np.sqrt(2 * ratio)
        shift = mismatch.threshold_v_m / per_side_m * drawn[3 + 2 * index]
        transistors.append((float(shift), factor(mismatch.mobility_m / per_side_m, drawn[4 + 2 * index])))
    spreads = (mismatch.junction, mismatch.junction, mismatch.resistor)
    left, right, reference = (factor(spread, one) for spread, one in zip(spreads, drawn[:3], strict=True))
    return Deviation(left, right, reference, tuple(transistors))


def factor(deviation: float, drawn: float) -> float:
    """A log-normal factor of a standard normal draw."""
    return float(np.exp(deviation * drawn))


def drawn_environment(environment: Environment, seed: int, number: int) -> tuple[float, float]:
    """The temperature in °C and the supplies' factor of draw `number`."""
    rng = np.random.default_rng([seed, number, 1])
    low, high = environment.temperatures_c
    return float(rng.uniform(low, high)), factor(environment.supply, float(rng.standard_normal()))


def junction_parts(
    current_a: NDArray[np.float64], conductance_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A curve (n,) as the sum of its left and right junction's, (n,) each, which vary on their own.

    Below zero the left junction changes alone, above it the right one: so the designed devices work, and the printed
    one nearly. At zero they share the conductance as they share the changes, that is by their areas.
    """
    at_zero = float(np.interp(0.0, current_a, conductance_s))
    below, above = np.minimum(conductance_s - at_zero, 0.0), np.maximum(conductance_s - at_zero, 0.0)
    changes = float(above.max() - below.min())
    share = float(-below.min()) / changes if changes > 0 else 0.5
    return share * at_zero + below, (1 - share) * at_zero + above


@dataclass(frozen=True, eq=False)
class Samples:
    """The transfers of instances and what they come down to.

    Attributes:
        u: (points,) inputs over full scale; `nominal` the drawn cell's output there.
        values: (n, points) outputs, as `nominal` 0 at zero and 1 at full scale of the drawn cell.
        gain: (n,) slope above zero over the drawn cell's.
        offset: (n,) at zero input, in full scales.
        slope: (n,) slope below zero over slope above, over the drawn cell's; 1 for a ReLU, which has none.
        residual: (n,) largest distance of the transfer from what these three numbers say, in full scales.
        temperature_c: (n,) and `supply`: (n,) the factor of both supplies.
        seed: of the draws.
        lost: numbers of instances that ngspice found no solution for; the arrays are without them.
    """

    what: Literal["devices", "environment"]
    u: NDArray[np.float64]
    nominal: NDArray[np.float64]
    values: NDArray[np.float64]
    gain: NDArray[np.float64]
    offset: NDArray[np.float64]
    slope: NDArray[np.float64]
    residual: NDArray[np.float64]
    temperature_c: NDArray[np.float64]
    supply: NDArray[np.float64]
    seed: int
    lost: tuple[int, ...] = ()

    @property
    def dead(self) -> int:
        """How many cells have less than a tenth of the drawn gain."""
        return int((np.abs(self.gain) < DEAD).sum())

    @property
    def table(self) -> NDArray[np.float64]:
        """(n, 3): gain, offset, slope; a cell without gain has no slope, and counts with the drawn one."""
        slope = np.where(np.abs(self.gain) < DEAD, 1.0, self.slope)
        return np.stack([self.gain, self.offset, slope], axis=1)

    @property
    def mean(self) -> NDArray[np.float64]:
        """(3,) means of gain, offset and slope."""
        return self.table.mean(axis=0)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(3, 3) covariance of gain, offset and slope."""
        return np.cov(self.table, rowvar=False)

    def spread(self) -> ActivationSpread:
        """What an activation says of it, with intervals bootstrapped over the instances."""
        source = f"{len(self.gain)} made cells in ngspice, seed {self.seed}"
        return spread_of(self.table, source, seed=self.seed, temperature_k=NOMINAL_C + 273.15)


def device_spread(
    transfer: Transfer,
    curve: DeviceTable,
    cards: Cards,
    full_scale_a: float,
    mismatch: Mismatch,
    devices: int,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Samples:
    """Make `devices` cells that differ by `mismatch`, and fit each one's gain, offset and slope.

    Args:
        transfer: of the drawn cell with this curve and these cards, over at least plus and minus full scale.
        workers: how many ngspice run at once; the result does not depend on it.

    Raises:
        UserError: Too few devices, a transfer that does not reach full scale on both sides; and as `run`.
    """
    sweep = _sweeper(transfer, curve, cards, full_scale_a, devices)
    cell, fall = transfer.cell, curve.fall
    drawn = [deviation(cell, cards, mismatch, seed, number) for number in range(devices)]

    def outputs(batch: range) -> NDArray[np.float64]:
        """(cells, points) outputs of cells that share the supplies and the input."""
        lines = []
        for number in batch:
            one = drawn[number]
            conductance = f"({one.left:.9e}*v(gl)+{one.right:.9e}*v(gr))*1e-3"
            lines += element_lines(cell, cards, conductance, fall, f"_{number}", one)
        return sweep(lines, [f"v(out_{number})" for number in batch], 1.0)

    found, lost = in_batches(outputs, devices, workers, "made cells", progress)
    same = np.full(len(found), NOMINAL_C), np.ones(len(found))
    return _samples("devices", transfer, full_scale_a, found, *same, seed, lost)


def environment_spread(
    transfer: Transfer,
    curve: DeviceTable,
    cards: Cards,
    full_scale_a: float,
    environment: Environment,
    draws: int,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Samples:
    """The drawn cell at `draws` temperatures and supplies. The wall and the junctions keep their curve: they are not
    simulated in the heat.

    Raises:
        UserError: As `device_spread`.
    """
    sweep = _sweeper(transfer, curve, cards, full_scale_a, draws)
    lines = element_lines(transfer.cell, cards, "(v(gl)+v(gr))*1e-3", curve.fall)
    drawn = [drawn_environment(environment, seed, number) for number in range(draws)]

    def outputs(one: tuple[float, float]) -> NDArray[np.float64]:
        """(1, points) outputs of the drawn cell at a temperature and with its supplies times a factor."""
        temperature_c, supply = one
        return sweep([*lines, f".temp {temperature_c:.6f}"], ["v(out)"], supply)

    found = np.concatenate(in_parallel(outputs, drawn, workers, "temperatures and supplies", progress))
    temperatures, supplies = (np.array(column) for column in zip(*drawn, strict=True))
    return _samples("environment", transfer, full_scale_a, found, temperatures, supplies, seed)


def _sweeper(
    transfer: Transfer, curve: DeviceTable, cards: Cards, full_scale_a: float, count: int
) -> Callable[[list[str], list[str], float], NDArray[np.float64]]:
    """The sweep of all runs: cells' lines, names of their outputs and the supplies' factor in, outputs (n, points) out.

    A volt at `in` stands for a microampere; the nodes `gl` and `gr` are the junctions' conductances in millisiemens.
    """
    must_have_a_covariance(count)
    if not covers(transfer.current_a, -full_scale_a, full_scale_a):
        raise UserError(
            f"the transfer covers {span_text(transfer.current_a)}, not plus and minus {full_scale_a * 1e6:g} µA",
            "Take a curve that reaches full scale on both sides",
        )
    left_s, right_s = junction_parts(curve.current_a, curve.conductance_s)
    analysis = dc_line("vin", -full_scale_a * 1e6, full_scale_a * 1e6, POINTS)

    def sweep(cells: list[str], outputs: list[str], supply: float) -> NDArray[np.float64]:
        lines = [
            f"* {transfer.cell.name}, Monte Carlo",
            cards.text.rstrip(),
            *supply_lines(transfer.cell, supply),
            "vin in 0 0",
            f"bgl gl 0 v=pwl(v(in),{pairs(curve.current_a * 1e6, left_s * 1e3, ',')})",
            f"bgr gr 0 v=pwl(v(in),{pairs(curve.current_a * 1e6, right_s * 1e3, ',')})",
            *cells,
            TOLERANCES,
            analysis,
        ]
        (plot,) = run("\n".join(lines)).plots
        return np.stack([plot[name] for name in outputs])

    return sweep


def _samples(
    what: Literal["devices", "environment"],
    transfer: Transfer,
    full_scale_a: float,
    output_v: NDArray[np.float64],
    temperature_c: NDArray[np.float64],
    supply: NDArray[np.float64],
    seed: int,
    lost: tuple[int, ...] = (),
) -> Samples:
    u = np.linspace(-1, 1, POINTS)
    zero, full = (transfer.at(transfer.output_v, at) for at in (0.0, full_scale_a))
    nominal = (np.interp(u * full_scale_a, transfer.current_a, transfer.output_v) - zero) / (full - zero)
    values = (output_v - zero) / (full - zero)
    return Samples(what, u, nominal, values, *fit_devices(nominal, values), temperature_c, supply, seed, lost)
