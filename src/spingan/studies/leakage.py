"""Leakage of the crossbars against the variability of their devices: paper M, figure 6.

The paper draws leakage currents "for different noise levels" and says neither of which wires nor at which voltages.
Here are three currents that serve no weight:

- `column, all devices off`: all rows at the read voltage, every device at Roff: what it carries for weights of zero;
- `column, not selected`: the same rows, the column's cells open, each with the technology's leakage conductance;
- `half-selected devices`: while one device is written at V, those that share a line with it see V/2.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch import nn

from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer
from spingan.nn.weights import load_model
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology
from spingan.studies.axes import Asked
from spingan.studies.study import Study
from spingan.studies.trials import Outcome, Trial
from spingan.studies.variability import FRACTIONS, variability_axis

DRAWN = 2_000  # columns, or selected devices, a setting: the mean is then known to 1/45 of their deviation
_PIECE = 1_000_000  # random numbers at a time: 8 MB
_NEEDS = {
    "read voltage: columns that are off": lambda synapse: synapse.read.voltage_v,
    "leakage of an open cell: columns that are not selected": lambda synapse: synapse.read.leakage_s,
    "write voltage: half-selected devices": lambda synapse: synapse.write.pulse_amplitude_v,
}
Crossbar = tuple[str, int, int]
"""A layer's name, its rows and its physical columns."""


def leakage(asked: Asked, *, fractions: Sequence[float] = FRACTIONS) -> Study:
    """Leakage currents of the model's arrays against variability; each resistance within ± the fraction.

    Devices that hold weights are taken to lie anywhere between Roff and Ron. What the technology does not say (a read
    or write voltage, the leakage of an open cell) leaves its curve out.

    Raises:
        UserError: A fraction out of range, no synapse, or one without conductances in siemens.
    """
    technology = load_model(asked.model).technology
    synapse = technology.synapse
    if synapse is None:
        raise UserError(f"technology {technology.name} has no devices that leak", "Name a model on one that has.")
    synapse.require_siemens("leakage")
    axis, _ = variability_axis(technology, fractions)
    unknown = (f"not counted, {synapse.name} has no {what}" for what, of in _NEEDS.items() if of(synapse) is None)
    notes = "The band holds 95 % of the columns, or of the devices that could be selected.", *unknown
    about = {"drawn": f"{DRAWN:,} columns or devices a setting", "seed": str(asked.seed)}
    base = Trial(asked.model)
    return asked.curves("leakage", technology, base, axis, run_leakage, "current", "A", notes, **about)


def run_leakage(trial: Trial) -> Outcome:
    """The currents of each crossbar of the trial's model at its variability."""
    crossbars, synapse = _crossbars(trial.model)
    noise = trial.conditions.programming_noise
    fraction = 0.0 if noise is None else noise.fraction
    return Outcome(leakage_currents(crossbars, synapse, fraction, trial.seed))


@lru_cache(maxsize=1)
def _crossbars(model: str) -> tuple[tuple[Crossbar, ...], Synapse]:
    loaded = load_model(model)
    assert loaded.technology.synapse is not None  # `leakage` has seen to it
    return tuple(_arrays(loaded.generator, loaded.technology)), loaded.technology.synapse


def _arrays(net: nn.Module, technology: Technology) -> Iterator[Crossbar]:
    for name, layer in net.named_modules():
        if isinstance(layer, AnalogLayer):
            own = technology.for_dense() if isinstance(layer, nn.Linear) else technology
            columns = layer.weight.shape[layer.column_axis]
            yield name, layer.weight.numel() // columns, columns * own.cells_per_weight


def leakage_currents(
    crossbars: Sequence[Crossbar], synapse: Synapse, fraction: float, seed: int
) -> dict[str, tuple[float, ...]]:
    """Currents in amperes by "layer: which": of `DRAWN` columns or devices, one of a column that is not selected."""
    found: dict[str, tuple[float, ...]] = {}
    conductance = synapse.require_siemens("leakage")
    off_s, on_s = float(conductance[0]), float(conductance[-1])
    read_v, open_s, write_v = (of(synapse) for of in _NEEDS.values())
    for number, (layer, rows, columns) in enumerate(crossbars):
        random = np.random.default_rng((seed, number))
        if read_v is not None:
            found[f"{layer}: column, all devices off"] = tuple(read_v * _sums(random, rows, fraction, off_s, off_s))
            if open_s is not None:
                found[f"{layer}: column, not selected"] = (read_v * open_s * rows,)
        if write_v is not None:
            half = _sums(random, rows + columns - 2, fraction, off_s, on_s)
            found[f"{layer}: half-selected devices"] = tuple(abs(write_v) / 2 * half)
    return found


def _sums(
    random: np.random.Generator, devices: int, fraction: float, low_s: float, high_s: float
) -> NDArray[np.float64]:
    """Conductance of so many devices in parallel, `DRAWN` times: each meant within low..high, its resistance varied."""
    sums = np.empty(DRAWN)
    step = max(1, _PIECE // max(devices, 1))
    for start in range(0, DRAWN, step):
        shape = (min(step, DRAWN - start), devices)
        meant = low_s if low_s == high_s else random.uniform(low_s, high_s, shape)
        lot = random.uniform(-1, 1, shape)
        sums[start : start + shape[0]] = (meant / (1 + fraction * lot)).sum(axis=1)
    return sums
