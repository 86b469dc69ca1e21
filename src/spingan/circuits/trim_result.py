"""What an auto-zero does to a cell: offsets, gains and slopes before and after, and what it adds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.monte_carlo import NOMINAL_C, Samples
from spingan.devices.instance_fit import LEAKY_BELOW
from spingan.errors import UserError
from spingan.spec.activation import Activation, ActivationSpread, EnergyItem, OutputNoise
from spingan.tabular import cell, plain_text

SHOWN_LOST = 10  # numbers of lost cells in a line of text


@dataclass(frozen=True)
class Costs:
    """Of a cycle of reset and evaluation in seconds and joules, and of a cell in square metres; None: not known."""

    reset_s: float
    evaluation_s: float
    energy_j: float
    area_m2: float | None


@dataclass(frozen=True, eq=False)
class TrimResult:
    """A cell before and after the auto-zero; the cells of both are the same.

    Attributes:
        name: the cell's; `method` is the auto-zero's.
        full_scale_before_v, full_scale_v: the output from zero to full scale, without and with the auto-zero, whose
            load divides it a little; offsets are fractions of their own.
        before, after: instances with mismatch. Their offset is the output's distance from the drawn cell's at zero
            input, and not a fit's: gain and slope are fitted about it.
        droop: (n,) what the stored offset loses in the hold time at full scale, in full scales.
        injection: what the switches add to every cell alike: the drawn cell's, in full scales.
        sampled_noise_v: what the capacitor samples anew in each cycle, rms, at the output.
        lost: numbers of instances that ngspice found no solution for.
        activation: the trimmed cell for `convert`.
        seconds: that ngspice and the rest took.
    """

    name: str
    method: str
    cards: str
    full_scale_before_v: float
    full_scale_v: float
    hold_f: float
    hold_s: float
    before: Samples
    after: Samples
    droop: NDArray[np.float64]
    injection: float
    sampled_noise_v: float
    costs_before: Costs
    costs_after: Costs
    lost: tuple[int, ...]
    activation: Activation
    seconds: float

    @property
    def offset_sigma_before(self) -> float:
        """Standard deviation of the offset without the auto-zero, in full scales."""
        return float(np.std(self.before.offset, ddof=1))

    @property
    def offset_sigma_after(self) -> float:
        """The same with it."""
        return float(np.std(self.after.offset, ddof=1))

    @property
    def droop_sigma(self) -> float:
        """Standard deviation of the droop, in full scales."""
        return float(np.std(self.droop, ddof=1))

    def to_dict(self) -> dict[str, Any]:
        """The result in JSON's types; offsets in volts and in percent of full scale."""
        before, after, first, then = self.before, self.after, self.costs_before, self.costs_after
        untrimmed, full = abs(self.full_scale_before_v), abs(self.full_scale_v)
        return {
            "auto_zero": self.method,
            "cells": len(after.gain),
            "full_scale": full,
            "full_scale_before": untrimmed,
            "offset_unit": "V",
            "offset_sigma_before": self.offset_sigma_before * untrimmed,
            "offset_sigma_after": self.offset_sigma_after * full,
            "offset_sigma_before_percent": self.offset_sigma_before * 100,
            "offset_sigma_after_percent": self.offset_sigma_after * 100,
            "offset_worst_after_percent": float(np.abs(after.offset - after.offset.mean()).max()) * 100,
            "gain_sigma_before": _sigma(before, 0),
            "gain_sigma_after": _sigma(after, 0),
            "slope_sigma_before": _sigma(before, 2),
            "slope_sigma_after": _sigma(after, 2),
            "fit_residual_median_after": float(np.median(after.residual)),
            "injection_percent": self.injection * 100,
            "droop_mean_percent": float(self.droop.mean()) * 100,
            "droop_sigma_percent": self.droop_sigma * 100,
            "sampled_noise_v": self.sampled_noise_v,
            "sampled_noise_percent": self.sampled_noise_v / full * 100,
            "hold_capacitor_f": self.hold_f,
            "hold_time_s": self.hold_s,
            "time_before_s": first.reset_s + first.evaluation_s,
            "time_after_s": then.reset_s + then.evaluation_s,
            "reset_before_s": first.reset_s,
            "reset_after_s": then.reset_s,
            "energy_before_j": first.energy_j,
            "energy_after_j": then.energy_j,
            "area_before_m2": first.area_m2,
            "area_after_m2": then.area_m2,
            "lost": list(self.lost),
            "activation": self.activation.name,
            "seconds": self.seconds,
        }

    def text(self) -> str:
        """The answer in ten lines, and a word on what it leaves out."""
        untrimmed, full = abs(self.full_scale_before_v), abs(self.full_scale_v)
        first, then = self.costs_before, self.costs_after
        sigma = self.offset_sigma_before, self.offset_sigma_after

        def pair(name: str, values: tuple[float | None, float | None], factor: float, unit: str) -> tuple[str, ...]:
            shown = [cell(None if value is None else value * factor, 3) for value in values]
            return (name, *shown, unit)

        areas = first.area_m2, then.area_m2
        rows = [
            pair("offset, 1 sigma", sigma, 100, f"% of full scale, {untrimmed * 1e3:.4g} and {full * 1e3:.4g} mV"),
            pair("offset, 1 sigma", (sigma[0] * untrimmed, sigma[1] * full), 1e3, "mV"),
            pair("gain, 1 sigma", (_sigma(self.before, 0), _sigma(self.after, 0)), 100, "%"),
            pair("slope below zero, 1 sigma", (_sigma(self.before, 2), _sigma(self.after, 2)), 100, "%"),
            pair("reset and evaluation", (first.reset_s + first.evaluation_s, then.reset_s + then.evaluation_s), 1e9,
                 f"ns; the reset alone {cell(first.reset_s * 1e9, 3)} and {cell(then.reset_s * 1e9, 3)}"),
            pair("energy of both", (first.energy_j, then.energy_j), 1e15, "fJ"),
            pair("area", areas, 1e12, f"µm²; the capacitor is {cell(self.hold_f * 1e15, 3)} fF"),
        ]  # fmt: skip
        numbers = ", ".join(str(number) for number in self.lost[:SHOWN_LOST])
        more = ", ..." if len(self.lost) > SHOWN_LOST else ""
        named = f", numbers {numbers}{more}" if self.lost else ""
        droop, sampled = self.droop.mean() * 100, self.sampled_noise_v
        return "\n".join(
            [
                plain_text((f"{len(self.after.gain)} cells", "before", "after", self.method), rows, right=(1, 2)),
                f"droop in {self.hold_s * 1e9:g} ns at full scale: {droop:.2g} ± {self.droop_sigma * 100:.2g} %; "
                f"{len(self.lost)} cells without a solution in ngspice{named}",
                f"the switches shift all cells alike by {self.injection * 100:.2g} % of full scale, in the zero level",
                f"noise that the capacitor samples in each cycle: {sampled * 1e3:.3g} mV rms, "
                f"{sampled / full * 100:.2g} % of full scale: it is in the file's output_noise",
            ]
        )


def must_be_asked(trim: bool, monte_carlo: int, hold_s: float | None, hold_f: float | None) -> None:
    """Refuse an auto-zero without instances to trim, and its options without it.

    Raises:
        UserError: One of these.
    """
    if trim and not monte_carlo:
        raise UserError("a trim without cells that differ shows nothing", "Say how many: --monte-carlo 400")
    if not trim and (hold_s is not None or hold_f is not None):
        raise UserError("--hold-ns and --hold-ff are the auto-zero's", "Ask for it: --trim")


def _sigma(samples: Samples, which: int) -> float:
    return float(np.std(samples.table[:, which], ddof=1))


def about_zero(
    u: NDArray[np.float64],
    nominal: NDArray[np.float64],
    values: NDArray[np.float64],
    offset: NDArray[np.float64],
    seed: int,
    lost: tuple[int, ...],
) -> Samples:
    """Instances with known offsets: gain and slope of what is left, by least squares, as `instance_fit.fit_devices`.

    Args:
        u: (points,) inputs over full scale; `nominal` the drawn cell's outputs there.
        values: (n, points) the instances', in full scales.
        offset: (n,) likewise.
    """
    above, below = np.maximum(nominal, 0.0), np.minimum(nominal, 0.0)
    leaky = below.min() < LEAKY_BELOW
    basis = np.stack([above, below] if leaky else [nominal], axis=1)
    factors = np.linalg.lstsq(basis, (values - offset[:, None]).T, rcond=None)[0]
    gain, slope = factors[0], np.ones(len(values))
    if leaky:
        slope = np.divide(factors[1], gain, out=slope, where=np.abs(gain) > 1e-9)
    residual = np.abs(values - offset[:, None] - (basis @ factors).T).max(axis=1)
    ones = np.ones(len(values))
    fitted = gain, offset, slope, residual
    return Samples("devices", u, nominal, values, *fitted, NOMINAL_C * ones, ones, seed, lost)


def trimmed_spread(samples: Samples) -> ActivationSpread:
    """What the activation's file says of trimmed instances."""
    spread = samples.spread()
    return spread.model_copy(update={"source": f"{spread.source}; offsets by the auto-zero, at zero input"})


def with_sampled_noise(noise: OutputNoise | None, sampled_v: float, source: str) -> OutputNoise:
    """Noise of an output with what a capacitor samples in each cycle; noise that is unknown counts as none."""
    if noise is None:
        return OutputNoise(rms=(sampled_v,), source=f"{source}; all other noise is unknown")
    rms = tuple(float(np.hypot(one, sampled_v)) for one in noise.rms)
    ends = noise.interval and tuple(
        (float(np.hypot(low, sampled_v)), float(np.hypot(high, sampled_v))) for low, high in noise.interval
    )
    return noise.model_copy(update={"rms": rms, "interval": ends, "source": f"{noise.source or 'device'}; {source}"})


def item(name: str, energy_j: float, window_s: float, source: str) -> EnergyItem:
    """A part of a cycle's energy with its window; what flows back counts as none."""
    return EnergyItem(name=name, energy_j=max(energy_j, 0.0), window_s=window_s, source=source)
