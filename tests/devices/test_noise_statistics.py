"""Statistics of noise on a process whose answers are known: Ornstein and Uhlenbeck's."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from spingan.devices.noise_statistics import in_blocks, loss_share, memories_to, noise_of, share_left, share_of
from spingan.errors import UserError

STEP, TAU, RMS, MEAN = 0.1, 1.0, 3.0, 7.0


def process(times, runs, seed=0):
    """(times, runs) of an Ornstein-Uhlenbeck process of memory TAU, exact at any step."""
    rng = np.random.default_rng(seed)
    kept = math.exp(-STEP / TAU)
    kicks = math.sqrt(1 - kept**2) * rng.standard_normal((times, runs))
    kicks[0] = rng.standard_normal(runs)
    return MEAN + RMS * lfilter([1.0], [1.0, -kept], kicks, axis=0)


def test_mean_rms_and_memory_are_those_of_the_process():
    found = noise_of(process(400, 200, seed=1), STEP)
    for estimate, known, width in ((found.mean, MEAN, 0.15), (found.rms, RMS, 0.06), (found.memory_s, TAU, 0.12)):
        assert estimate.low < known < estimate.high
        assert estimate.high - estimate.low < width * 2
        assert estimate.low <= estimate.value <= estimate.high


def test_intervals_hold_what_they_say():
    seen = [noise_of(process(150, 30, seed), STEP, seed=seed) for seed in range(60)]
    inside = sum(one.rms.low <= RMS <= one.rms.high for one in seen)
    assert inside >= 50  # 57 expected; 30 blocks make a bootstrap a little too sure


def test_a_long_run_in_blocks_is_as_good_as_many_runs():
    found = noise_of(in_blocks(process(20_000, 1), 400), STEP)
    assert found.rms.low < RMS < found.rms.high
    assert found.memory_s.value == pytest.approx(TAU, rel=0.15)


def test_averaging_leaves_what_the_formula_says():
    paths = process(4000, 100, seed=5)
    found = noise_of(paths, STEP)
    for window in (5, 20, 100):
        means = paths.reshape(-1, window, 100).mean(axis=1)
        assert float(found.averaged(window * STEP)) == pytest.approx(means.std(), rel=0.04)


def test_the_window_is_the_inverse_of_what_it_leaves():
    windows = np.array([0.01, 0.3, 2.0, 50.0, 700.0, 900.0, 1e5, 1e13])
    assert memories_to(share_left(windows)) == pytest.approx(windows, rel=2e-3)
    assert memories_to(1.2) == 0
    assert share_left(1e6) == pytest.approx(math.sqrt(2e-6), rel=1e-5)
    assert share_left(0.0) == pytest.approx(1.0)


def test_a_signal_that_stands_still_needs_no_average():
    for level in (0.0, 0.1, 1e-7):
        still = noise_of(np.full((50, 3), level), STEP)
        assert 0 <= still.rms.low <= still.rms.high < 1e-12
        assert still.time_to(1e-9).value == 0


def test_no_loss_still_has_an_upper_bound_and_many_have_a_narrow_interval():
    none = loss_share(0, 1e-6, 1e-9)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(3.69e-3, rel=0.01)  # Garwood's 3.689 counts
    many = loss_share(400, 1e-6, 1e-9)
    assert many.low < many.value < many.high
    assert many.value == pytest.approx(1 - math.exp(-0.4))
    assert many.high - many.low < 0.07
    assert loss_share(3, 0.0, 1e-9).value == 1.0


def test_what_makes_no_interval_is_refused():
    with pytest.raises(UserError, match="make no interval"):
        noise_of(process(100, 1), STEP)
    with pytest.raises(UserError, match="make no interval"):
        noise_of(np.full((10, 3), np.nan), STEP)


@pytest.mark.parametrize(("lost", "tried"), [(0, 50), (3, 40), (20, 20)])
def test_a_shares_interval_is_the_one_at_whose_ends_the_count_is_just_likely(lost, tried):  # Clopper and Pearson 1934
    share = share_of(lost, tried)
    assert share.low <= share.value == lost / tried <= share.high
    if lost:
        assert stats.binom.sf(lost - 1, tried, share.low) == pytest.approx(0.025)
    if lost < tried:
        assert stats.binom.cdf(lost, tried, share.high) == pytest.approx(0.025)


def test_a_share_of_nothing_is_refused():
    for lost, tried in ((0, 0), (3, 2), (-1, 5)):
        with pytest.raises(UserError, match="no share"):
            share_of(lost, tried)
