"""Rule `mixed_precision` in detail: what sums keep, reads at pulses, verified writes, coarse devices, rounding."""

import pytest
import torch
from learning_layers import RATE, STEP, beside_midpoint, one_layer, technology

from spingan.devices.wox_memristor import wox_memristor
from spingan.nn.kernels.pulses import MOST_PULSES, accumulate
from spingan.nn.on_chip import pulse_response, read_at, steps_at
from spingan.nn.update_rules import RULES, Settings
from spingan.spec.technology import Technology, load_technology


def with_signs() -> Technology:
    """The same devices, one a weight, with a sign that is kept apart."""
    dense = load_technology("wox-memristor").dense.model_copy(update={"encoding": "sign_crossbar"})
    return technology(encoding="sign_crossbar", dense=dense)


@pytest.mark.parametrize("made", [technology, beside_midpoint, with_signs])
def test_what_devices_hold_and_what_is_summed_are_what_gradients_asked_for_where_devices_are_read(made):
    even = made().model_copy(update={"synapse": wox_memristor(cycle_to_cycle=0.0)})
    left = {}
    for read_back in (False, True):
        model, layer = one_layer(even)
        rule = RULES["mixed_precision"](model, even, RATE, Settings(betas=(0.0, 0.9), read_back=read_back))
        array = rule.arrays[0]
        full, pulses = float(layer.gain[0]), rule.pulses_of_full_scale * array.pulses_per_step
        layer.weight.data.copy_(layer.weight.sign() * full * (0.3 + 0.4 * torch.rand(layer.weight.shape)))
        first, asked, own = layer.weight.detach().clone(), torch.zeros_like(layer.weight), rule._update

        reads = 0

        def update(array, state, gradient, factor, asked=asked, own=own):
            nonlocal reads
            asked.sub_(gradient * factor)
            reads += int(((state["accumulated"] + gradient * factor).abs() >= 1).sum())
            own(array, state, gradient, factor)

        rule._update = update
        random = torch.Generator().manual_seed(2)
        for _ in range(300):  # to and fro, by less than a sixth of full scale: no weight comes to an end or to zero
            layer.weight.grad = torch.randn(layer.weight.shape, generator=random)
            rule.step()
        held = (layer.weight.detach() - first) / full * pulses
        left[read_back] = float((held - rule.state[layer.weight]["accumulated"] - asked).abs().max())
        assert float(held.abs().max()) > 1
        told = rule.reads()
        assert told == pytest.approx(reads / layer.weight.numel()) if read_back else told is None
    assert left[False] > 1
    assert left[True] < 1e-3


@pytest.mark.parametrize("made", [technology, beside_midpoint, with_signs])
def test_devices_whose_pulses_scatter_are_written_to_their_places_and_their_sums_keep_the_rest(made):
    noisy = made().model_copy(update={"synapse": wox_memristor(cycle_to_cycle=1.5)})
    for read_after in (False, True):
        model, layer = one_layer(noisy)
        settings = Settings(betas=(0.0, 0.9), read_back=True, read_after=read_after)
        rule = RULES["mixed_precision"](model, noisy, RATE, settings)
        full, pulses = float(layer.gain[0]), rule.pulses_of_full_scale * rule.arrays[0].pulses_per_step
        layer.weight.data.copy_(layer.weight.sign() * full * (0.4 + 0.2 * torch.rand(layer.weight.shape)))
        first, asked, own = layer.weight.detach().clone(), torch.zeros_like(layer.weight), rule._update

        def update(array, state, gradient, factor, asked=asked, own=own):
            asked.sub_(gradient * factor)
            own(array, state, gradient, factor)

        rule._update = update
        random = torch.Generator().manual_seed(2)
        for _ in range(200):
            layer.weight.grad = torch.randn(layer.weight.shape, generator=random)
            rule.step()
        held = (layer.weight.detach() - first) / full * pulses
        left = float((held - rule.state[layer.weight]["accumulated"] - asked).abs().max())
        away = float((held - asked).square().mean().sqrt())
        assert (left < 1e-2) == read_after
        assert (away < 0.7) == read_after  # of mean steps: even from -1 to 1 would be 0.58
        writes, reads = rule.mean_writes(), rule.reads()
        assert reads is not None and (reads > writes) == read_after


def test_a_device_at_its_end_leaves_no_sum_that_would_hold_it_there():
    even = technology(wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0))
    model, layer = one_layer(even)
    settings = Settings(betas=(0.0, 0.9), read_back=True, read_after=True)
    rule = RULES["mixed_precision"](model, even, 2 * STEP, settings)
    layer.weight.data.fill_(float(layer.gain[0]))
    for _ in range(20):
        layer.weight.grad = -torch.ones_like(layer.weight)
        rule.step()
    assert float(rule.state[layer.weight]["accumulated"].abs().max()) == 0
    layer.weight.grad = torch.ones_like(layer.weight)
    rule.step()
    assert float(layer.weight.detach().max()) < float(layer.gain[0])


@pytest.mark.parametrize(("way", "moves"), [(1, [-8, 0, 0, 0, 0, 0, 0, 0, -8]), (-1, [4, 0, 0, 0, 4, 0, 0, 0, 4])])
def test_where_one_way_is_coarse_pulses_both_ways_wait_until_half_of_such_a_pulse_is_summed(way, moves):
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    coarse = technology(even.model_copy(update={"step_down": tuple(8 * step for step in even.step_down or ())}))
    model, layer = one_layer(coarse)
    rule = RULES["mixed_precision"](model, coarse, STEP, Settings(betas=(0.0, 0.9), read_back=True))
    full = float(layer.gain[0])
    layer.weight.data.fill_(0.5 * full)
    rule.state[layer.weight]["accumulated"].zero_()  # in place of a lot
    held = [0.5]
    for _ in range(3 + len(moves)):  # each update asks for a mean step, and a pulse down takes eight
        layer.weight.grad = way * torch.ones_like(layer.weight)
        rule.step()
        held.append(float(layer.weight.detach()[0, 0]) / full)
    moved = torch.tensor(held).diff() / STEP
    torch.testing.assert_close(moved, torch.tensor([0.0, 0, 0, *moves]), rtol=0, atol=0.01)
    assert rule.mean_writes() == (2 if way > 0 else 12)


@pytest.mark.parametrize("way", [1, -1])
def test_where_one_way_is_coarse_a_verified_write_climbs_back_in_the_same_update(way):
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    coarse = technology(even.model_copy(update={"step_down": tuple(8 * step for step in even.step_down or ())}))
    model, layer = one_layer(coarse)
    settings = Settings(betas=(0.0, 0.9), read_back=True, read_after=True)
    rule = RULES["mixed_precision"](model, coarse, 1.01 * STEP, settings)
    full = float(layer.gain[0])
    layer.weight.data.fill_(0.5 * full)
    for number in range(1, 11):
        layer.weight.grad = way * torch.ones_like(layer.weight)
        rule.step()
        moved = (layer.weight.detach() / full - 0.5) / STEP
        torch.testing.assert_close(moved, torch.full_like(moved, -way * 1.01 * number), rtol=0, atol=1)
    assert rule.mean_writes() > (20 if way > 0 else 9)  # a pulse down by eight takes up to seven up


def test_a_verified_write_waits_where_neither_way_is_fine():
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    up, down = (tuple(6 * step for step in steps or ()) for steps in (even.step_up, even.step_down))
    coarse = technology(even.model_copy(update={"step_up": up, "step_down": down}))
    model, layer = one_layer(coarse)
    settings = Settings(betas=(0.0, 0.9), read_back=True, read_after=True)
    rule = RULES["mixed_precision"](model, coarse, 1.01 * STEP, settings)
    full = float(layer.gain[0])
    layer.weight.data.fill_(0.5 * full)
    rule.state[layer.weight]["accumulated"].zero_()  # in place of a lot
    for writes in (0, 0, 1, 1, 1):
        layer.weight.grad = torch.ones_like(layer.weight)
        rule.step()
        assert rule.mean_writes() == writes  # to and fro in every update would be 16


def test_weights_of_coarse_devices_lie_beside_their_places_on_no_side_more_than_on_the_other():
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    coarse = technology(even.model_copy(update={"step_down": tuple(8 * step for step in even.step_down or ())}))
    model, layer = one_layer(coarse)
    rule = RULES["mixed_precision"](model, coarse, STEP / 3, Settings(betas=(0.0, 0.9), read_back=True))
    layer.weight.data.fill_(0.5 * float(layer.gain[0]))
    random, rests = torch.Generator().manual_seed(3), []
    for _ in range(400):
        layer.weight.grad = torch.randn(layer.weight.shape, generator=random)
        rule.step()
        rests.append(rule.state[layer.weight]["accumulated"].clone())
    left = torch.stack(rests[100:])
    assert abs(float(left.mean())) < 0.3  # of mean steps; 0.9 were pulses up given at one
    assert 1 < float(left.square().mean().sqrt()) < 2.5  # even from -4 to 4 would be 2.3


def test_what_many_coarse_devices_are_asked_alike_comes_bit_by_bit():
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    coarse = technology(even.model_copy(update={"step_down": tuple(8 * step for step in even.step_down or ())}))
    model, layer = one_layer(coarse)
    rule = RULES["mixed_precision"](model, coarse, STEP / 4, Settings(betas=(0.0, 0.9), read_back=True))
    layer.weight.data.fill_(0.9 * float(layer.gain[0]))
    means = [0.9]
    for _ in range(100):
        layer.weight.grad = torch.ones_like(layer.weight)
        rule.step()
        means.append(float(layer.weight.detach().mean() / layer.gain[0]))
    moved = torch.tensor(means).diff() / STEP
    assert float(moved.mean()) == pytest.approx(-0.25, abs=0.02)
    assert float(moved.min()) > -1  # all at once would be -8


def test_a_device_that_no_pulse_moves_gets_none_and_its_sum_does_not_grow():
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    still = technology(even.model_copy(update={"step_up": tuple(0.0 for _ in even.step_up or ())}))
    model, layer = one_layer(still)
    rule = RULES["mixed_precision"](model, still, 2 * STEP, Settings(betas=(0.0, 0.9), read_back=True))
    layer.weight.data.fill_(0.5 * float(layer.gain[0]))
    before = layer.weight.detach().clone()
    for _ in range(20):
        layer.weight.grad = -torch.ones_like(layer.weight)
        rule.step()
    assert torch.equal(layer.weight.detach(), before) and rule.mean_writes() == 0
    assert float(rule.state[layer.weight]["accumulated"].abs().max()) < 1


@pytest.mark.parametrize("raised", [True, False])
def test_a_pair_at_zero_is_charged_by_the_step_up_of_the_device_that_goes_up(raised):
    _, layer = one_layer(technology())
    response = pulse_response(technology())
    layer.weight.data.zero_()
    at = torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long)
    means = steps_at(layer, response, read_at(layer, at))
    assert float(means[int(raised), 0]) == float(response.up[0]) != response.down[0]


def test_a_sum_gives_whole_pulses_and_keeps_the_rest_whatever_the_place():
    kept, whole = torch.zeros(5), torch.empty(5)
    gradient = torch.tensor([0.4, -0.4, 3.0, 1e3, 0.0])
    accumulate(kept, gradient, whole, 1.5)
    assert whole.tolist() == [0, 0, 4, MOST_PULSES, 0]
    torch.testing.assert_close(kept, 1.5 * gradient - whole)
    accumulate(kept, gradient, whole, 1.5)
    assert whole.tolist() == [1, -1, 5, MOST_PULSES, 0]


def test_a_sum_that_is_rounded_gives_pulses_from_half_of_one_on_and_keeps_what_is_left_or_too_much():
    kept, whole = torch.zeros(7), torch.empty(7)
    gradient = torch.tensor([0.4, -0.6, 0.5, 1.4, -1.6, 0.0, -1e3])
    accumulate(kept, gradient, whole, 1.0, pulse_at=0.5)
    assert whole.tolist() == [0, -1, 1, 1, -2, 0, -MOST_PULSES]
    torch.testing.assert_close(kept, gradient - whole)


def test_columns_of_rounded_sums_follow_what_all_their_weights_are_asked_without_backlash():
    even, off = technology(wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)), {}
    for pulse_at in (1.0, 0.5):
        model, layer = one_layer(even)
        settings = Settings(betas=(0.0, 0.999), pulse_at=pulse_at)
        rule = RULES["mixed_precision"](model, even, STEP / 10, settings)
        layer.weight.data.fill_(0.5 * float(layer.gain[0]))
        random = torch.Generator().manual_seed(4)
        for _ in range(100):
            alike, own = (torch.randn(len(layer.weight), size, generator=random) for size in (1, layer.weight.shape[1]))
            layer.weight.grad = alike + own
            rule.step()
        kept = rule.state[layer.weight]["accumulated"]
        off[pulse_at] = float(kept.mean(1).square().mean().sqrt())
        assert float(kept.abs().max()) <= pulse_at
    assert off[1.0] > 0.15  # of mean steps: all weights of a column on the same side of their places
    assert off[0.5] < 2 * 0.29 / layer.weight.shape[1] ** 0.5  # as rests by lot would be


def test_verified_writes_of_the_skyrmion_synapse_leave_its_columns_on_no_side():
    skyrmions = load_technology("skyrmion-pulsed")
    model, layer = one_layer(skyrmions, rows=512, columns=8)
    settings = Settings(betas=(0.0, 0.999), read_back=True, read_after=True, pulse_at=0.5)
    rule = RULES["mixed_precision"](model, skyrmions, 3e-3, settings)
    random, rests = torch.Generator().manual_seed(6), []
    for update in range(60):
        layer.source.restart(1, update)
        layer.weight.grad = torch.randn(layer.weight.shape, generator=random)
        rule.step()
        rests.append(rule.state[layer.weight]["accumulated"].clone())
    left = torch.stack(rests[20:])
    assert abs(float(left.mean())) < 0.02  # of mean steps; 0.047 were a write given up after 16 tries
    assert float((left.abs() > 0.5).double().mean()) < 2e-3
    assert float(left.square().mean().sqrt()) < 0.35  # rounding leaves 0.29
