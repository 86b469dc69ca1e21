"""Leakage of the crossbars against the variability of their devices: paper M, figure 6.

The paper draws leakage currents "for different noise levels" and says neither of which wires nor at which voltages.
Here are three currents that serve no weight:

- `column, all devices off`: all rows at the read voltage, every device at Roff: what it carries for weights of zero;
- `column, not selected`: the same rows, the column's cells open, each with the technology's leakage conductance;
- `half-selected devices`: while one device is written at V, those that share a line with it see V/2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer
from spingan.nn.weights import load_model
from spingan.spec.technology import Technology
from spingan.studies.curves import Curve, CurvePoint, Curves, curve_point
from spingan.studies.parallel import Progress, Workers, run_parallel
from spingan.studies.variability import FRACTIONS, check_fractions

DRAWN = 2_000  # columns, or selected devices, a setting: the mean is then known to a hundredth of its deviation
_PIECE = 1_000_000  # random numbers at a time


@dataclass(frozen=True)
class LeakageTrial:
    """The crossbars at one variability: (name, rows, physical columns) each, and the currents' conditions."""

    layers: tuple[tuple[str, int, int], ...]
    fraction: float
    seed: int
    off_s: float
    on_s: float
    read_v: float | None
    write_v: float | None
    open_s: float | None


def leakage_study(
    model: str | Path,
    *,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    workers: int | Workers | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Curves:
    """Leakage currents of the model's arrays against variability; each resistance within ± the fraction.

    Devices that hold weights are taken to lie anywhere between Roff and Ron. What the technology does not say (a read
    or write voltage, the leakage of an open cell) leaves its curve out.

    Raises:
        UserError: A fraction out of range, no synapse, or one without conductances in siemens.
    """
    loaded = load_model(model)
    technology = loaded.technology
    if technology.synapse is None:
        raise UserError(f"technology {technology.name} has no devices that leak", "Name a model on one that has.")
    conductance = technology.synapse.require_siemens("leakage")
    check_fractions(fractions)
    layers = tuple(_arrays(loaded.generator, technology))
    synapse = technology.synapse
    wanted = sorted({0.0, *fractions})
    trials = [
        LeakageTrial(
            layers,
            fraction,
            seed,
            float(conductance[0]),
            float(conductance[-1]),
            synapse.read.voltage_v,
            synapse.write.pulse_amplitude_v,
            synapse.read.leakage_s,
        )
        for fraction in wanted
    ]
    found = run_parallel(leakage_currents, trials, workers=workers, what="leakage", progress=progress)
    names = list(found[0])
    curves = tuple(Curve(name, "A", tuple(points[name] for points in found)) for name in names)
    return Curves(
        name="leakage",
        model=str(model),
        technology=technology.name,
        quantity="variability",
        curves=curves,
        claim="paper M, figure 6, draws leakage currents at several noise levels; its text states no figure of them",
        verdict="not tested: no figure is stated",
        notes=_notes(technology),
        obtained={
            "drawn": f"{DRAWN:,} columns or devices a setting",
            "seed": str(seed),
            "spingan": version("spingan"),
            "numpy": np.__version__,
        },
    )


def _arrays(net: nn.Module, technology: Technology) -> Iterator[tuple[str, int, int]]:
    """Name, rows and physical columns of each analog layer."""
    for name, layer in net.named_modules():
        if isinstance(layer, AnalogLayer):
            own = technology.for_dense() if isinstance(layer, nn.Linear) else technology
            columns = layer.weight.shape[layer.column_axis]
            yield name, layer.weight.numel() // columns, columns * own.cells_per_weight


def leakage_currents(trial: LeakageTrial) -> dict[str, CurvePoint]:
    """The currents of each layer's crossbar at one variability, by curve."""
    found: dict[str, CurvePoint] = {}
    for number, (layer, rows, columns) in enumerate(trial.layers):
        random = np.random.default_rng((trial.seed, number))
        if trial.read_v is not None:
            off = _sums(random, rows, trial.fraction, trial.off_s, trial.off_s)
            found[f"{layer}: column, all devices off"] = curve_point(trial.fraction, trial.read_v * off)
            if trial.open_s is not None:
                idle = trial.read_v * trial.open_s * rows
                found[f"{layer}: column, not selected"] = CurvePoint(trial.fraction, idle, idle, idle)
        if trial.write_v is not None:
            shared = rows + columns - 2
            half = _sums(random, shared, trial.fraction, trial.off_s, trial.on_s)
            found[f"{layer}: half-selected devices"] = curve_point(trial.fraction, abs(trial.write_v) / 2 * half)
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


def _notes(technology: Technology) -> tuple[str, ...]:
    synapse = technology.synapse
    assert synapse is not None
    notes = ["The band holds 95 % of the columns, or of the devices that could be selected."]
    for value, what in (
        (synapse.read.voltage_v, "read voltage: columns that are off"),
        (synapse.read.leakage_s, "leakage of an open cell: columns that are not selected"),
        (synapse.write.pulse_amplitude_v, "write voltage: half-selected devices"),
    ):
        if value is None:
            notes.append(f"not counted, {synapse.name} has no {what}")
    return tuple(notes)
