"""Instances of an activation as gain, offset and slope against the nominal one, and their spread for its file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spingan.spec.activation import ActivationSpread

LEAKY_BELOW = -0.04  # of full scale: a lowest output below it has a slope; the smallest of a design is 5 %
FITTED = ("gain", "offset", "slope")
RESAMPLES = 400  # of the instances, for an interval: as `devices.noise_statistics`


def fit_devices(
    nominal: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Gain, offset, slope and what is left of each row of `values` (n, points), least squares against `nominal`.

    values = offset + gain (max(nominal, 0) + slope min(nominal, 0)). Where nominal has no part below zero to speak of,
    under 4 % of full scale (the smallest slope of a design is 5 %), the slope is 1.
    """
    above, below = np.maximum(nominal, 0.0), np.minimum(nominal, 0.0)
    leaky = below.min() < LEAKY_BELOW
    basis = [above, below, np.ones_like(nominal)] if leaky else [nominal, np.ones_like(nominal)]
    factors = np.linalg.lstsq(np.stack(basis, axis=1), values.T, rcond=None)[0]
    gain, offset = factors[0], factors[-1]
    slope = np.divide(factors[1], gain, out=np.ones_like(gain), where=np.abs(gain) > 1e-9) if leaky else 1 + 0 * gain
    left_over = values - (np.stack(basis, axis=1) @ factors).T
    return gain, offset, slope, np.abs(left_over).max(axis=1)


def spread_of(
    fitted: NDArray[np.float64], source: str, *, seed: int, temperature_k: float | None = None
) -> ActivationSpread:
    """What an activation says of instances, with 95 % intervals of the deviations, bootstrapped over the instances.

    Args:
        fitted: Gain, offset and slope of each, (n, 3) of two or more.
        source: What the instances are.
        seed: Of the instances; that of the bootstrap follows from it.
        temperature_k: At which they were made out; None: at none.
    """
    mean, covariance = fitted.mean(axis=0), np.cov(fitted, rowvar=False)
    deviations = np.sqrt(np.diag(covariance))
    scale = np.where(deviations > 0, deviations, 1.0)
    correlation = np.clip(covariance / np.outer(scale, scale), -1.0, 1.0)
    again = np.random.default_rng([seed, RESAMPLES]).integers(0, len(fitted), (RESAMPLES, len(fitted)))
    ends = np.quantile(np.std(fitted[again], axis=1, ddof=1), [0.025, 0.975], axis=0)
    found: dict[str, Any] = {"temperature_k": temperature_k, "seed": seed, "runs": len(fitted)}
    for row, name in enumerate(FITTED):
        value = float(deviations[row])
        found |= {name: value, f"mean_{name}": float(mean[row])}
        found[f"{name}_interval"] = min(float(ends[0, row]), value), max(float(ends[1, row]), value)
        for column in range(row + 1, len(FITTED)):
            found[f"correlation_{name}_{FITTED[column]}"] = float(correlation[row, column])
    return ActivationSpread(source=source, **found)
