"""Devices age by their synapse's law and their own lot: means and spreads are those of the closed forms."""

import math

import pytest
import torch

from spingan.arrays.mapping import program
from spingan.errors import UserError
from spingan.spec.noise import Noise
from spingan.spec.synapse import Faults, Retention, Synapse
from spingan.spec.technology import Technology, load_technology

LOWEST, HIGHEST = 1e-6, 5e-6
ROWS, COLUMNS = 400, 300  # 120,000 devices: a mean known to 1/350 of a deviation, a deviation to 1/490 of itself


def _technology(encoding="differential_pair", faults=None, levels=65, **retention) -> Technology:
    conductance = tuple(torch.linspace(LOWEST, HIGHEST, levels, dtype=torch.float64).tolist())
    synapse = Synapse(
        name="ageing",
        basis="measured",
        conductance=conductance,
        faults=faults or Faults(),
        retention=Retention(**retention),
    )
    return Technology(name="ageing", synapse=synapse, encoding=encoding, gain="none")


def _devices(weight, seconds, **retention) -> tuple[torch.Tensor, torch.Tensor]:
    """Conductances of the positive devices of so many equal weights, in siemens: when written, and `seconds` later."""
    technology = _technology(**retention)
    array = program(torch.full((ROWS, COLUMNS), weight), technology, 3)
    span = HIGHEST - LOWEST
    return array.positive * span, array.at(seconds, technology.synapse).positive * span


def test_a_power_law_with_a_spread_has_the_moments_of_a_log_normal_one():
    nu, spread, grown = 0.1, 0.02, math.log(1e6 / 20)
    written, later = _devices(0.5, 1e6, law="power", time_s=20.0, coefficient=nu, spread=spread, towards="zero")
    left = later / written
    assert left.log().mean().item() == pytest.approx(-nu * grown, abs=4 * spread * grown / 346)
    assert left.log().std().item() == pytest.approx(spread * grown, rel=0.01)
    assert left.mean().item() == pytest.approx(math.exp(-nu * grown + (spread * grown) ** 2 / 2), rel=0.003)


def test_an_exponent_below_zero_is_none():
    written, later = _devices(0.5, 1e6, law="power", time_s=1.0, coefficient=0.01, spread=0.05)
    assert (later <= written).all()
    share = (later == written).double().mean().item()
    assert share == pytest.approx(0.5 * math.erfc(0.2 / math.sqrt(2)), abs=0.006)  # four standard errors


def test_a_logarithmic_law_ends_where_all_is_lost():
    written, later = _devices(0.5, math.exp(3), law="logarithmic", time_s=1.0, coefficient=0.1)
    torch.testing.assert_close(later - LOWEST, 0.7 * (written - LOWEST), rtol=1e-9, atol=0)
    _, gone = _devices(0.5, math.exp(30), law="logarithmic", time_s=1.0, coefficient=0.1)
    torch.testing.assert_close(gone, torch.full_like(gone, LOWEST))


def test_an_exponential_law_with_a_spread_of_barriers_has_log_normal_lifetimes():
    written, later = _devices(1.0, 50.0, law="exponential", time_s=100.0, spread=0.3)
    lifetime = -50.0 / torch.log((later - LOWEST) / (written - LOWEST))
    assert lifetime.log().mean().item() == pytest.approx(math.log(100.0), abs=4 * 0.3 / 346)
    assert lifetime.log().std().item() == pytest.approx(0.3, rel=0.01)


def test_relaxation_keeps_the_mean_and_its_deviation_grows_with_the_logarithm_of_time():
    law = {"law": "relaxation", "time_s": 1.0, "state": (0.0, 1.0), "spread": (0.02, 0.04), "coefficient": (0.004, 0.0)}
    middle = (LOWEST + HIGHEST) / 2
    for seconds in (1.0, 1e4):
        written, later = _devices(0.5, seconds, **law)
        share = middle / HIGHEST
        deviation = HIGHEST * (0.02 + 0.02 * share + 0.004 * (1 - share) * math.log(seconds))
        moved = later - written
        assert written[0, 0].item() == pytest.approx(middle)
        assert moved.std().item() == pytest.approx(deviation, rel=0.01)
        assert moved.mean().item() == pytest.approx(0.0, abs=4 * deviation / 346)


def test_no_device_conducts_less_than_nothing():
    _, later = _devices(0.0, 1e6, law="relaxation", time_s=1.0, spread=0.2, coefficient=0.05)
    assert later.min().item() == 0.0


def test_the_shipped_rram_spreads_as_published_after_a_second_and_a_day():
    technology = load_technology("hfox-rram")
    off, largest = technology.off_conductance, technology.off_conductance + 1
    for seconds, published in ((1.0, (5.6, 5.1, 3.8, 2.8)), (86_400.0, (9.3, 9.8, 8.4, 6.6))):
        for state, percent in zip((0.25, 0.5, 0.75, 1.0), published, strict=True):
            weight = torch.full((ROWS, COLUMNS), state * largest - off)
            array = program(weight, technology.model_copy(update={"gain": "none"}), 1)
            moved = (array.at(seconds, technology.synapse).positive - array.positive) / largest
            assert 100 * moved.std().item() == pytest.approx(percent, abs=0.09)  # printed to 0.1; levels are 1/40 apart


def test_the_shipped_pcm_drifts_by_its_published_exponents():
    technology = load_technology("pcm").model_copy(update={"gain": "none"})
    largest = technology.off_conductance + 1
    for state, mean, deviation in ((1.0, 0.049, 0.008), (0.05, 0.0708, 0.0315)):  # aihwkit: -0.0155 ln g + 0.0244
        weight = torch.full((ROWS, COLUMNS), state * largest - technology.off_conductance)
        array = program(weight, technology, 1, noise=Noise(fraction=0.0))
        exponent = -(array.at(1e6, technology.synapse).positive / array.positive).log() / math.log(1e6 / 20)
        assert exponent.mean().item() == pytest.approx(mean, abs=1e-3)
        assert exponent.std().item() == pytest.approx(deviation, rel=0.05)


def test_all_times_are_the_history_of_one_array_whatever_the_order():
    technology = _technology(law="power", time_s=1.0, coefficient=0.05, spread=0.01)
    array = program(torch.rand(30, 20) - 0.5, technology, 5)
    late, early = array.at(1e6, technology.synapse), array.at(1e3, technology.synapse)
    again = program(torch.rand(30, 20) - 0.5, technology, 5)
    assert not torch.equal(again.positive, array.positive)
    torch.testing.assert_close(late.positive, array.at(1e6, technology.synapse).positive, rtol=0, atol=0)
    rest = technology.off_conductance
    exponents = [
        -((aged.positive - rest) / (array.positive - rest)).log() / math.log(seconds)
        for aged, seconds in ((early, 1e3), (late, 1e6))
    ]
    held = array.positive > rest + 1e-9
    torch.testing.assert_close(exponents[0][held], exponents[1][held], rtol=1e-6, atol=1e-9)
    other = program(torch.full((30, 20), 0.5), technology, 6).at(1e6, technology.synapse)
    same = program(torch.full((30, 20), 0.5), technology, 5).at(1e6, technology.synapse)
    assert not torch.equal(other.positive, same.positive)


@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair", "sign_crossbar"])
def test_every_device_of_an_encoding_ages_and_a_stuck_one_does_not(encoding):
    law = {"law": "power", "time_s": 1.0, "coefficient": 0.05, "spread": 0.01, "towards": "zero"}
    technology = _technology(encoding, Faults(stuck_at_random=0.2), **law)
    array = program(torch.rand(200, 100) - 0.5, technology, 2)
    later = array.at(1e4, technology.synapse)
    for before, after, stuck in (
        (array.positive, later.positive, array.stuck_positive),
        (array.negative, later.negative, array.stuck_negative),
    ):
        stuck = torch.zeros_like(before, dtype=torch.bool) if stuck is None else stuck
        device = before > 0  # a sign crossbar's other half is none
        assert torch.equal(after[stuck | ~device], before[stuck | ~device])
        assert (after[device & ~stuck] < before[device & ~stuck]).all()
    if encoding == "midpoint_reference":  # a reference device a row, each with an exponent of its own
        assert later.negative.shape == (200, 1) and later.negative.unique().numel() == 200


def test_a_time_at_which_nothing_is_known_is_refused():
    technology = _technology(law="power", time_s=20.0, coefficient=0.05)
    array = program(torch.rand(3, 2), technology, 2)
    with pytest.raises(UserError, match="begins 20 s after writing"):
        array.at(1.0, technology.synapse)


def test_a_synapse_is_written_as_well_as_it_can_be_unless_a_noise_is_asked_for():
    technology = load_technology("pcm").model_copy(update={"gain": "none"})
    weight = torch.full((ROWS, COLUMNS), 0.5)
    exact, written, again = (program(weight, technology, 4, noise=noise) for noise in (Noise(fraction=0.0), None, None))
    error = (written.positive - exact.positive) * 24.75
    state = exact.positive[0, 0].item() * 24.75 / 25
    assert error.std().item() == pytest.approx(0.26348 + 1.965 * state - 1.1731 * state**2, rel=0.01)  # µS, aihwkit
    assert torch.equal(written.positive, again.positive) and written.negative.min().item() == 0.0
