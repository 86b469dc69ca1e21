"""Many made cells in ngspice: how gain, offset and slope spread from device to device, and with heat and supply.

What is the same in all cells of a chip (temperature, supply) is drawn apart from what differs between them: a net's
calibration takes the first out, and only the second is a spread over devices.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import Cards
from spingan.circuits.domain_wall_cells import (
    TOLERANCES,
    BiasFall,
    Cell,
    DeviceTable,
    Transfer,
    element_lines,
    pairs,
    supply_lines,
)
from spingan.circuits.mismatch import (
    NOMINAL_C,
    Environment,
    MadeCell,
    Mismatch,
    drawn_environment,
    junction_parts,
    made_cell,
)
from spingan.circuits.ngspice import run
from spingan.errors import UserError
from spingan.progress import Progress, no_progress
from spingan.spec.activation import ActivationSpread

POINTS = 81  # of a made cell's transfer, over plus and minus full scale
BATCH = 20  # cells in a run of ngspice: with more, two processes are no longer busy to the end
LEAST_DEVICES = 3  # for a covariance
DEAD = 0.1  # of the drawn cell's gain: below it a cell stands at a rail

One = TypeVar("One")


@dataclass(frozen=True, eq=False)
class Samples:
    """The transfers of made cells and what they come down to.

    Attributes:
        u: (points,) inputs over full scale; `nominal` the drawn cell's output there.
        values: (n, points) outputs, as `nominal` 0 at zero and 1 at full scale of the drawn cell.
        gain: (n,) slope above zero over the drawn cell's.
        offset: (n,) at zero input, in full scales.
        slope: (n,) slope below zero over slope above, over the drawn cell's; 1 for a ReLU, which has none.
        residual: (n,) largest distance of the transfer from what these three numbers say, in full scales.
        temperature_c: (n,) and `supply`: (n,) the factor of both supplies.
        seed: of the draws.
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
        """What an activation says of it."""
        deviations = np.sqrt(np.diag(self.covariance))
        scale = np.where(deviations > 0, deviations, 1.0)
        correlation = np.clip(self.covariance / np.outer(scale, scale), -1.0, 1.0)
        gain, offset, slope = (float(value) for value in deviations)
        mean_gain, mean_offset, mean_slope = (float(value) for value in self.mean)
        return ActivationSpread(
            gain=gain,
            offset=offset,
            slope=slope,
            correlation_gain_offset=float(correlation[0, 1]),
            correlation_gain_slope=float(correlation[0, 2]),
            correlation_offset_slope=float(correlation[1, 2]),
            mean_gain=mean_gain,
            mean_offset=mean_offset,
            mean_slope=mean_slope,
            source=f"{len(self.gain)} made cells in ngspice, seed {self.seed}",
        )


@dataclass(frozen=True, eq=False)
class _Bench:
    """What every run of a Monte Carlo needs."""

    cell: Cell
    cards: Cards
    fall: BiasFall | None
    current_a: NDArray[np.float64]
    left_s: NDArray[np.float64]
    right_s: NDArray[np.float64]
    full_scale_a: float


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
    bench = _bench(transfer, curve, cards, full_scale_a, devices)
    made = [made_cell(bench.cell, cards, mismatch, seed, number) for number in range(devices)]
    batches = [made[at : at + BATCH] for at in range(0, devices, BATCH)]
    outputs = _in_parallel(lambda batch: _run_batch(bench, batch), batches, workers, "made cells", progress)
    same = np.full(devices, NOMINAL_C), np.ones(devices)
    return _samples("devices", transfer, full_scale_a, np.concatenate(outputs), *same, seed)


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
    bench = _bench(transfer, curve, cards, full_scale_a, draws)
    drawn = [drawn_environment(environment, seed, number) for number in range(draws)]
    outputs = _in_parallel(lambda one: _run_at(bench, *one), drawn, workers, "temperatures and supplies", progress)
    temperatures, supplies = (np.array(column) for column in zip(*drawn, strict=True))
    return _samples("environment", transfer, full_scale_a, np.concatenate(outputs), temperatures, supplies, seed)


def _bench(transfer: Transfer, curve: DeviceTable, cards: Cards, full_scale_a: float, count: int) -> _Bench:
    if count < LEAST_DEVICES:
        raise UserError(f"{count} devices have no covariance", f"Ask for {LEAST_DEVICES} at least")
    first, last = float(transfer.current_a[0]), float(transfer.current_a[-1])
    rounding = 1e-9 * (last - first)
    if first - rounding > -full_scale_a or last + rounding < full_scale_a:
        raise UserError(
            f"the transfer covers {first * 1e6:g} to {last * 1e6:g} µA, not plus and minus {full_scale_a * 1e6:g} µA",
            "Take a curve that reaches full scale on both sides",
        )
    parts = junction_parts(curve.current_a, curve.conductance_s)
    return _Bench(transfer.cell, cards, curve.fall, curve.current_a, *parts, full_scale_a)


def _in_parallel(
    work: Callable[[One], NDArray[np.float64]],
    items: Sequence[One],
    workers: int,
    what: str,
    progress: Progress,
) -> list[NDArray[np.float64]]:
    """`work` on every item, in their order: threads, each of which waits for a process of ngspice."""
    if workers < 1:
        raise UserError(f"workers is {workers}", "Give 1 or more")
    results = []
    contexts = [copy_context() for _ in items]  # so that `ngspice.wishes` hold in the threads
    with ThreadPoolExecutor(workers) as pool:
        for done, result in enumerate(pool.map(lambda own, item: own.run(work, item), contexts, items), start=1):
            results.append(result)
            progress(what, done, len(items))
    return results


def _run_batch(bench: _Bench, made: Sequence[MadeCell]) -> NDArray[np.float64]:
    """(cells, points) outputs of cells that share the supplies and the input."""
    cells = []
    for number, one in enumerate(made):
        conductance = f"({one.left:.9e}*v(gl)+{one.right:.9e}*v(gr))*1e-3"
        cells += element_lines(bench.cell, bench.cards, conductance, bench.fall, f"_{number}", one.deviation)
    return _sweep(bench, cells, [f"v(out_{number})" for number in range(len(made))])


def _run_at(bench: _Bench, temperature_c: float, supply: float) -> NDArray[np.float64]:
    """(1, points) outputs of the drawn cell at a temperature and with its supplies times a factor."""
    cell = element_lines(bench.cell, bench.cards, "(v(gl)+v(gr))*1e-3", bench.fall)
    return _sweep(bench, [*cell, f".temp {temperature_c:.6f}"], ["v(out)"], supply)


def _sweep(bench: _Bench, cells: list[str], outputs: list[str], supply: float = 1.0) -> NDArray[np.float64]:
    micro = bench.full_scale_a * 1e6
    step = 2 * micro / (POINTS - 1)
    lines = [
        f"* {bench.cell.name}, made cells; a volt at in stands for a microampere, one at gl or gr for a millisiemens",
        bench.cards.text.rstrip(),
        *supply_lines(bench.cell, supply),
        "vin in 0 0",
        f"bgl gl 0 v=pwl(v(in),{pairs(bench.current_a * 1e6, bench.left_s * 1e3, ',')})",
        f"bgr gr 0 v=pwl(v(in),{pairs(bench.current_a * 1e6, bench.right_s * 1e3, ',')})",
        *cells,
        TOLERANCES,
        f".dc vin {-micro:.9e} {micro + step / 4:.9e} {step:.9e}",
    ]
    (plot,) = run("\n".join(lines)).plots
    return np.stack([plot[name] for name in outputs])


def _samples(
    what: Literal["devices", "environment"],
    transfer: Transfer,
    full_scale_a: float,
    output_v: NDArray[np.float64],
    temperature_c: NDArray[np.float64],
    supply: NDArray[np.float64],
    seed: int,
) -> Samples:
    u = np.linspace(-1, 1, POINTS)
    zero, full = (transfer.at(transfer.output_v, at) for at in (0.0, full_scale_a))
    nominal = (np.interp(u * full_scale_a, transfer.current_a, transfer.output_v) - zero) / (full - zero)
    values = (output_v - zero) / (full - zero)
    gain, offset, slope, residual = fit_devices(nominal, values)
    return Samples(what, u, nominal, values, gain, offset, slope, residual, temperature_c, supply, seed)


def fit_devices(
    nominal: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Gain, offset, slope and what is left of each row of `values` (n, points), least squares against `nominal`.

    values = offset + gain (max(nominal, 0) + slope min(nominal, 0)). Where nominal has no part below zero to speak of,
    under 4 % of full scale (the smallest slope of a design is 5 %), the slope is 1.
    """
    above, below = np.maximum(nominal, 0.0), np.minimum(nominal, 0.0)
    leaky = below.min() < -0.04
    basis = [above, below, np.ones_like(nominal)] if leaky else [nominal, np.ones_like(nominal)]
    factors = np.linalg.lstsq(np.stack(basis, axis=1), values.T, rcond=None)[0]
    gain, offset = factors[0], factors[-1]
    slope = np.divide(factors[1], gain, out=np.ones_like(gain), where=np.abs(gain) > 1e-9) if leaky else 1 + 0 * gain
    left_over = values - (np.stack(basis, axis=1) @ factors).T
    return gain, offset, slope, np.abs(left_over).max(axis=1)
