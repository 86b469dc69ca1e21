"""Noise from recorded paths: mean, rms, memory, each with its interval; and what averaging leaves of it.

A path is cut into blocks that know nothing of each other: a run of an ensemble is one, a long run is cut into many.
Intervals are bootstrapped over the blocks: B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993), ch. 13.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.mesh import Array

with needs("the physics of devices"):
    from scipy import stats

LEVEL = 0.95  # of every interval
LAGS_IN_MEMORIES = 5  # exp(-5) is left out of an exponential memory: 0.7 %
RESAMPLES = 400  # 2.5 % of them are 10: an interval's end is then good to a tenth of its length


@dataclass(frozen=True)
class Estimate:
    """A number with its interval of 95 %."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Estimate":
        """In another unit; `factor` is above 0."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Noise:
    """What a signal does in time: its mean, the standard deviation about it, and its memory.

    `memory_s` is the integral of the normalised autocorrelation over positive times: that of exp(-t / τ) is τ.
    """

    mean: Estimate
    rms: Estimate
    memory_s: Estimate

    def averaged(self, time_s: ArrayLike) -> Array:
        """Standard deviation of the mean over windows of `time_s`, of that shape: see `share_left`."""
        return self.rms.value * share_left(np.asarray(time_s, dtype=np.float64) / self.memory_s.value)

    def time_to(self, wanted: float) -> Estimate:
        """How long to average until the standard deviation is `wanted`; 0 where it is so at once."""

        def wait_s(memory_s: float, rms: float) -> float:
            return memory_s * float(memories_to(wanted / rms)) if rms > 0 else 0.0

        memory, rms = self.memory_s, self.rms
        return Estimate(wait_s(memory.value, rms.value), wait_s(memory.low, rms.low), wait_s(memory.high, rms.high))


def share_left(memories: ArrayLike) -> Array:
    """Share of the rms that a mean over a window leaves, against the window in memories x.

    sqrt(2/x (1 - (1 - exp(-x)) / x)): of a signal whose memory falls as exp(-t / τ), which over many memories is
    sqrt(2 / x) for any signal (G. E. Uhlenbeck, L. S. Ornstein, Phys. Rev. 36, 823 (1930)).
    """
    x = np.maximum(np.asarray(memories, dtype=np.float64), 1e-9)
    squared = np.where(x < 1e-3, 1 - x / 3, 2 / x * (1 + np.expm1(-x) / x))
    return np.sqrt(squared)


def memories_to(share: ArrayLike) -> Array:
    """The window, in memories, that leaves `share`, above 0, of the rms; 0 where `share` is 1 or more."""
    wanted = np.asarray(share, dtype=np.float64)
    windows = np.logspace(-3, 4, 2801)
    found = np.exp(np.interp(-np.log(wanted), -np.log(share_left(windows)), np.log(windows)))
    small = np.minimum(wanted, 0.05)  # from 800 memories on, exp(-x) is nothing, and the formula has an inverse
    found = np.where(wanted < 0.05, (1 + np.sqrt(1 - 2 * small**2)) / small**2, found)
    return np.where(wanted >= 1, 0.0, found)


def in_blocks(signal: Array, length: int) -> Array:
    """A signal (times, runs) cut into blocks (length, blocks * runs); what is left over at its end falls away."""
    count, runs = len(signal) // length, signal.shape[1]
    return signal[: count * length].reshape(count, length, runs).swapaxes(0, 1).reshape(length, count * runs)


def noise_of(signal: ArrayLike, every_s: float, seed: int = 0) -> Noise:
    """Mean, rms and memory of a signal (times, runs), each run a block; `in_blocks` makes more of long ones.

    Args:
        every_s: between two times.

    Raises:
        UserError: Fewer than two blocks, or values that are not finite.
    """
    paths = np.asarray(signal, dtype=np.float64)
    if paths.ndim != 2 or paths.shape[1] < 2 or len(paths) < 2 or not np.all(np.isfinite(paths)):
        raise UserError(
            f"noise: {paths.shape[-1] if paths.size else 0} blocks of {len(paths)} times make no interval",
            "Give two blocks or more, of two times or more, in which the wall is kept.",
        )
    centre = paths.mean()
    deviations = (paths - centre).T  # (blocks, times)
    times = deviations.shape[1]
    spectrum = np.abs(np.fft.rfft(deviations, 2 * times, axis=1)) ** 2
    lags = max(2, times // 2)
    products = np.fft.irfft(spectrum, axis=1)[:, :lags] / np.arange(times, times - lags, -1)
    means = deviations.mean(axis=1)
    blocks = len(means)
    drawn = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), RESAMPLES) / blocks
    weights = np.concatenate([np.full((1, blocks), 1 / blocks), drawn])
    offset = weights @ means
    correlation = weights @ products - offset[:, None] ** 2
    rms = np.sqrt(np.maximum(correlation[:, 0], 0.0))  # without heat, rounding can leave less than 0
    memory = np.array([_memory(row) for row in correlation]) * every_s
    return Noise(_estimate(centre + offset), _estimate(rms), _estimate(memory))


def _memory(correlation: Array) -> float:
    """Integral of a row of the autocorrelation over its lags, in lags, over five times itself.

    Further lags add noise and nothing else: A. Sokal, in Functional Integration (1997), p. 131, eq. 3.19.
    """
    if not correlation[0] > 0:
        return 0.0
    integral = np.cumsum(correlation) / correlation[0] - 0.5
    enough = np.flatnonzero(np.arange(len(integral)) >= LAGS_IN_MEMORIES * integral)
    return max(float(integral[enough[0] if enough.size else -1]), 0.0)


def _estimate(values: Array) -> Estimate:
    """The first as the value, the others as its resamples; of few blocks these may all lie on one side of it."""
    low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(values[0])
    return Estimate(value, min(float(low), value), max(float(high), value))


def loss_share(lost: int, watched_s: float, time_s: float) -> Estimate:
    """Chance that a wall is lost within `time_s`, where `lost` were lost in `watched_s` of all walls together.

    Losses come at a constant rate; its interval is the exact one of a Poisson count, so that none in N watched times
    still says less than 3.7 / N: F. Garwood, Biometrika 28, 437 (1936).
    """
    tail = (1 - LEVEL) / 2
    low = stats.chi2.ppf(tail, 2 * lost) / 2 if lost else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * lost + 2) / 2
    if watched_s <= 0:
        return Estimate(1.0, float(-math.expm1(-low)), 1.0)
    value, low, high = (-math.expm1(-count / watched_s * time_s) for count in (float(lost), float(low), float(high)))
    return Estimate(value, low, high)


def share_of(lost: int, tried: int) -> Estimate:
    """The share of `tried` that was lost, with the exact interval of a binomial count.

    None lost of N still says less than 3.7 / N: C. J. Clopper, E. S. Pearson, Biometrika 26, 404 (1934).

    Raises:
        UserError: None was tried, or more were lost than tried.
    """
    if not 0 <= lost <= tried or tried < 1:
        raise UserError(f"{lost} lost of {tried} are no share", "Give one try or more, and at most as many losses.")
    tail = (1 - LEVEL) / 2
    low = float(stats.beta.ppf(tail, lost, tried - lost + 1)) if lost else 0.0
    high = float(stats.beta.ppf(1 - tail, lost + 1, tried - lost)) if lost < tried else 1.0
    return Estimate(lost / tried, low, high)
