"""What is programmed into an array is what the layer computes with, and a chip's seed decides all that is not."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from spingan.arrays.mapping import (
    Noise,
    column_gain,
    nearest_level,
    program,
)
from spingan.errors import UserError
from spingan.spec.synapse import Faults, Retention, Synapse
from spingan.spec.technology import Encoding, Technology, load_technology

ENCODINGS: tuple[Encoding, ...] = ("midpoint_reference", "differential_pair", "sign_crossbar")


def _technology(encoding: Encoding = "midpoint_reference", faults: Faults | None = None, **fields) -> Technology:
    conductance = tuple(np.linspace(0.0, 1.0, 64).tolist())
    synapse = Synapse(name="even", basis="normalised", conductance=conductance, faults=faults or Faults())
    return Technology(**{"name": "test", "synapse": synapse, "encoding": encoding, "gain": "column", **fields})


def _matrix(rows: int = 40, columns: int = 30) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0)) * 0.05


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_exactly_written_array_holds_each_weights_nearest_level(encoding):
    technology, weight = _technology(encoding), _matrix()
    array = program(weight, technology, chip_seed=1)
    levels = torch.as_tensor(technology.weight_levels(), dtype=torch.float32)
    assert torch.equal(array.weight(), levels[array.codes] * array.gain)
    step = 2 / 63 if encoding == "midpoint_reference" else 1 / 63
    assert ((array.weight() - weight).abs() <= array.gain * step / 2 * 1.0001).all()
    assert array.stuck is None


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_conductances_of_an_exactly_written_array_lie_within_the_span(encoding):
    array = program(_matrix(), _technology(encoding), chip_seed=1)
    for half in (array.positive, array.negative):
        assert float(half.min()) >= 0 and float(half.max()) <= 1


def test_a_level_halfway_goes_up_and_the_ends_take_what_lies_beyond():
    levels = torch.tensor([-1.0, 0.0, 1.0])
    assert nearest_level(torch.tensor([-9.0, -0.5, -0.4, 0.5, 9.0]), levels).tolist() == [0, 1, 1, 2, 2]


def test_gain_is_the_largest_weight_of_the_column_of_the_layer_or_one():
    weight = torch.tensor([[0.5, -2.0], [-1.0, 1.0]])
    assert column_gain(weight, "column").tolist() == [1.0, 2.0]
    assert column_gain(weight, "layer").tolist() == [2.0, 2.0]
    assert column_gain(weight, "none").tolist() == [1.0, 1.0]


def test_a_column_of_zeros_stays_nothing_even_without_a_level_at_zero():
    weight = _matrix()
    weight[:, 3] = 0
    held = program(weight, _technology(), chip_seed=1).weight()
    assert float(held[:, 3].abs().max()) < 1e-20
    assert torch.isfinite(held).all()


def test_a_given_gain_is_kept():
    gain = torch.full((30,), 0.2)
    assert program(_matrix(), _technology(), 1, gain=gain).gain is gain


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_programming_noise_has_the_deviation_asked_for(encoding):
    technology, weight = _technology(encoding), _matrix(400, 200)
    exact = program(weight, technology, 1).weight()
    array = program(weight, technology, 1, noise=Noise(fraction=0.05))
    relative = (array.weight() - exact) / array.gain
    assert float(relative.std()) == pytest.approx(0.05, rel=5 / (2 * 80_000) ** 0.5)
    assert abs(float(relative.mean())) < 5 * 0.05 / 80_000**0.5
    of_value = program(weight, technology, 1, noise=Noise(fraction=0.05, of="value")).weight()
    held = exact.abs() > 0
    assert float((of_value / exact - 1)[held].std()) == pytest.approx(0.05, rel=0.02)


def test_the_same_seed_is_the_same_chip_and_another_seed_another():
    weight, noise = _matrix(), Noise(fraction=0.02)
    technology = _technology(faults=Faults(stuck_at_random=0.1))
    first, again, other = (program(weight, technology, seed, noise=noise).weight() for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 1e-4


def test_stuck_devices_sit_where_their_fault_says_in_the_shares_given():
    faults = Faults(stuck_at_minimum=0.1, stuck_at_maximum=0.2, stuck_at_random=0.05)
    array = program(_matrix(400, 200) * 0 + 0.5, _technology(faults=faults, gain="none"), chip_seed=3)
    assert array.stuck is not None
    assert float(array.stuck.double().mean()) == pytest.approx(0.35, abs=0.01)  # six standard errors
    assert float((array.positive == 0).double().mean()) == pytest.approx(0.1, abs=0.007)
    assert float((array.positive == 1).double().mean()) == pytest.approx(0.2, abs=0.009)
    sound = array.weight()[~array.stuck]
    assert sound.unique().numel() == 1


def test_a_stuck_pair_loses_either_device_and_a_stuck_value_keeps_its_sign():
    faults = Faults(stuck_at_maximum=0.3)
    weight = torch.full((300, 100), -0.2)
    pair = program(weight, _technology("differential_pair", faults, gain="none"), chip_seed=2)
    assert float((pair.positive == 1).double().mean()) == pytest.approx(0.3, abs=0.02)
    assert float((pair.negative == 1).double().mean()) == pytest.approx(0.3, abs=0.02)
    sign = program(weight, _technology("sign_crossbar", faults, gain="none"), chip_seed=2)
    assert sign.stuck is not None
    assert (sign.weight()[sign.stuck] == -1).all()
    assert (sign.weight() < 0).all()


def test_a_column_of_tiles_has_a_load_in_each_and_their_partial_sums_are_added():
    rows, columns, tall = 300, 6, 128
    untiled = load_technology("wox-memristor")
    technology = untiled.model_copy(update={"tile_rows": tall})
    weight = _matrix(rows, columns)
    array = program(weight, technology, 1)
    whole = program(weight, untiled, 1)
    assert torch.equal(array.positive, whole.positive)
    off, load = untiled.off_conductance, untiled.load_conductance
    expected = torch.zeros(rows, columns, dtype=torch.float64)
    for top in range(0, rows, tall):
        part = slice(top, min(top + tall, rows))
        for sign, half in ((1, array.positive[part]), (-1, array.negative[part])):  # each tile's own closed form
            expected[part] += sign * half * (len(half) * off + load) / (half.sum(0) + load)
    torch.testing.assert_close(array.weight(), (expected * array.gain).float())
    assert float((array.weight() - whole.weight()).norm() / whole.weight().norm()) > 0.02


def test_tiles_behind_a_virtual_ground_change_nothing():
    weight = _matrix(70, 33)
    small = program(weight, _technology(tile_rows=32, tile_columns=16), 1)
    assert torch.equal(small.weight(), program(weight, _technology(), 1).weight())


def test_ideal_weights_are_not_programmed():
    with pytest.raises(ValueError, match="no synapse"):
        program(_matrix(), load_technology("ideal"), 1)


@pytest.mark.parametrize("wrong", [{"fraction": -0.1}, {"fraction": 1.5}, {"fraction": 0.1, "of": "range"}])
def test_noise_beyond_reason_is_refused(wrong):
    with pytest.raises(ValidationError):
        Noise(**wrong)


def _with_smallest_conductance(encoding: Encoding, faults: Faults | None = None) -> Technology:
    """Devices that conduct a third of their span when they are off."""
    conductance = tuple(np.linspace(1e-6, 4e-6, 64).tolist())
    synapse = Synapse(name="leaky", basis="measured", conductance=conductance, faults=faults or Faults())
    return Technology(name="leaky", synapse=synapse, encoding=encoding, gain="column")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_device_fades_towards_its_smallest_conductance_and_not_towards_nothing(encoding):
    technology, off = _with_smallest_conductance(encoding), 1 / 3
    fresh, faded, gone = (program(_matrix(), technology, 1).faded(share) for share in (0.0, 0.25, 1.0))
    halves = ((fresh.positive, faded.positive, gone.positive), (fresh.negative, faded.negative, gone.negative))
    for before, after, at_rest in halves:
        device = before > 0  # a sign crossbar's other half is none
        torch.testing.assert_close(after[device] - off, 0.75 * (before[device] - off), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(at_rest[device], torch.full_like(at_rest[device], off))
        assert not after[~device].any()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_weight_counts_as_stuck_when_either_of_its_devices_is_and_only_then(encoding):
    share, weight = 0.2, _matrix(400, 200)
    faults = Faults(stuck_at_random=share)  # anywhere: a stuck device is nowhere it should be
    sound = program(weight, _with_smallest_conductance(encoding), 3)
    array = program(weight, _with_smallest_conductance(encoding, faults), 3)
    assert array.stuck is not None
    moved = (array.positive != sound.positive) | (array.negative != sound.negative)
    assert torch.equal(array.stuck, moved)
    devices = 2 if encoding == "differential_pair" else 1
    assert float(moved.double().mean()) == pytest.approx(1 - (1 - share) ** devices, abs=0.01)  # six standard errors
    assert torch.equal(array.weight()[~array.stuck], sound.weight()[~array.stuck])


def test_a_stuck_device_does_not_fade_and_a_weight_that_faded_away_keeps_its_sign():
    faults = Faults(stuck_at_maximum=0.3)
    for encoding in ENCODINGS:
        array = program(torch.full((100, 40), -0.2), _technology(encoding, faults, gain="none"), chip_seed=2)
        faded = array.faded(0.5)
        for before, after, stuck in (
            (array.positive, faded.positive, array.stuck_positive),
            (array.negative, faded.negative, array.stuck_negative),
        ):
            if stuck is not None:
                assert torch.equal(after[stuck], before[stuck])
                torch.testing.assert_close(after[~stuck], 0.5 * before[~stuck])
    gone = program(torch.full((100, 40), -0.2), _technology("sign_crossbar", faults, gain="none"), 2).faded(1.0)
    assert (gone.weight() <= 0).all()


def test_a_sign_crossbars_zero_is_a_device_too_which_errs_and_fades_as_the_others():
    technology = _technology("sign_crossbar", gain="none")
    assert technology.synapse is not None
    error, towards = (0.1,) * 64, Retention(law="exponential", time_s=1.0, towards="maximum")
    synapse = technology.synapse.model_copy(update={"write_error": error, "retention": towards})
    given = torch.tensor([[0.0], [0.5], [-0.5]]).repeat(1, 500)
    exact = program(given, technology, 0)
    assert not exact.positive[0].any() and not exact.negative[0].any()
    written = program(given, technology.model_copy(update={"synapse": synapse}), 0)
    assert float(written.positive[0].std()) > 0.03 and not written.negative[0].any()  # half of them stay at 0
    for half, row in ((written.positive, 2), (written.negative, 1)):
        assert not half[row].any()
    sure = synapse.model_copy(update={"write_error": None})
    faded = program(given, technology.model_copy(update={"synapse": sure}), 0).faded(0.5)
    assert (faded.positive[0] == 0.5).all() and not faded.negative[0].any()  # half of its way to the largest


def test_a_gain_that_is_not_finite_is_refused_as_a_weight_is():
    with pytest.raises(UserError, match="gain is NaN"):
        program(torch.ones(2, 2), load_technology("pcm"), 0, gain=torch.tensor([torch.nan, 1.0]))
