"""Rules of on-chip learning on least squares with a known answer, and what devices with limits do to them."""

import math

import pytest
import torch
from learning_layers import RATE, STEP, beside_midpoint, one_layer, technology
from torch import nn

from spingan.devices.wox_memristor import wox_memristor
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer
from spingan.nn.conversion import convert
from spingan.nn.on_chip import draw_stuck, hold_conductances, symmetry_point
from spingan.nn.update_rules import RULES, Settings, UpdateRule
from spingan.spec.synapse import Faults, Write
from spingan.spec.technology import load_technology

NOISE = 0.1  # standard deviation of a gradient, whose mean is the distance in full scales
UPDATES = 1500
VERIFIED = Settings(read_back=True, read_after=True)


class Fitted:
    """Least squares from the optimum on: where weights rest under noisy gradients, over the second half of the updates.

    Attributes:
        bias: Of the mean weight, as a share of what plain pulses' law predicts for it.
        error: Root mean square distance, in steps of 128 levels.
    """

    def __init__(self, name: str, settings: Settings = Settings()) -> None:
        devices = technology()
        model, layer = one_layer(devices)
        random = torch.Generator().manual_seed(1)
        sign = torch.where(torch.rand(layer.weight.shape, generator=random) < 0.5, -1.0, 1.0)
        target = (0.1 + 0.6 * torch.rand(layer.weight.shape, generator=random)) * sign
        full = float(layer.gain[0])
        layer.weight.data.copy_(target * full)
        self.rule = RULES[name](model, devices, RATE, settings)
        total, errors = torch.zeros_like(target), []
        for update in range(UPDATES):
            now = layer.effective_weight().detach() / full
            if update >= UPDATES // 2:
                total += now
                errors.append(float((now - target).square().mean()))
            layer.weight.grad = now - target + NOISE * torch.randn(now.shape, generator=random)
            self.rule.step()
        mean = total / len(errors)
        # (q_out - q_in) / (q_out + q_in) of steps exp(-x) and exp(x - 1) is tanh((1 - 2 x) / 2)
        predicted = NOISE * math.sqrt(2 / math.pi) * ((1 - 2 * mean.abs()) / 2).tanh()
        away = (mean - target) * target.sign()
        self.bias = float((away * predicted).sum() / predicted.square().sum())
        self.error = math.sqrt(sum(errors) / len(errors)) / STEP


@pytest.fixture(scope="module")
def plain() -> Fitted:
    return Fitted("pulses")


def test_plain_pulses_rest_as_far_from_the_optimum_as_the_law_of_asymmetric_steps_predicts(plain):
    assert plain.bias == pytest.approx(1, abs=0.1)  # 512 weights, a noise of two steps, 750 updates
    assert plain.error > 2.5


def test_mixed_precision_shrinks_the_bias_by_the_pulses_that_it_saves_and_stays_within_about_a_step(plain):
    mixed = Fitted("mixed_precision")
    size = RATE / STEP  # root mean square of a wanted change, in pulses: an update spends its square in place of E|x|
    saved = size**2 / (size * math.sqrt(2 / math.pi))
    assert mixed.rule.mean_writes() / plain.rule.mean_writes() == pytest.approx(saved, rel=0.15)
    assert mixed.bias == pytest.approx(saved, abs=0.06)
    assert mixed.error < 1.3


def test_devices_that_are_read_before_their_pulses_leave_no_bias_and_take_about_as_many():
    blind, told = Fitted("mixed_precision"), Fitted("mixed_precision", Settings(read_back=True))
    assert abs(told.bias) < 0.3 * blind.bias and abs(told.bias) < 0.05
    assert told.error < 1.02 * blind.error
    assert told.rule.mean_writes() == pytest.approx(blind.rule.mean_writes(), rel=0.05)


@pytest.mark.parametrize("name", ["tiki_taka", "agad"])
def test_chopped_rules_beat_plain_pulses_however_far_off_their_references_are(name, plain):
    found = Fitted(name, Settings(tolerance=0.4))  # references a quarter of the range off, and the devices, too
    assert found.bias < 0.4 and found.error < 0.7 * plain.error
    assert found.rule.mean_writes() < 0.5 * plain.rule.mean_writes()


def test_residual_learning_has_no_bias_with_references_at_the_symmetry_point(plain):
    found = Fitted("residual", Settings(tolerance=0.1))
    assert abs(found.bias) < 0.08 and found.error < 0.5 * plain.error
    assert found.rule.mean_writes() < 0.1 * plain.rule.mean_writes()


@pytest.mark.parametrize("name", RULES)
def test_state_that_is_put_back_goes_on_bit_for_bit(name):
    devices = technology()

    def begun() -> tuple[AnalogLayer, UpdateRule]:
        model, layer = one_layer(devices)
        settings = Settings(betas=(0.5, 0.999), faults=Faults(stuck_at_random=0.1), seed=3, tolerance=0.1)
        return layer, RULES[name](model, devices, 3e-3, settings)

    def updates(layer: AnalogLayer, rule: UpdateRule, first: int, last: int) -> None:
        for update in range(first, last):
            layer.source.restart(7, update)
            random = torch.Generator().manual_seed(update)
            layer.weight.grad = torch.randn(layer.weight.shape, generator=random)
            rule.step()

    (through, rule), (parted, half) = begun(), begun()
    updates(through, rule, 0, 31)
    updates(parted, half, 0, 13)
    weight, state = parted.weight.detach().clone(), half.state_dict()
    resumed, other = begun()
    resumed.weight.data.copy_(weight)
    other.load_state_dict(state)
    updates(resumed, other, 13, 31)
    assert torch.equal(resumed.effective_weight(), through.effective_weight())
    assert torch.equal(other.state[resumed.weight]["positive"], rule.state[through.weight]["positive"])


def test_moments_set_each_gradient_to_size_as_adam_does():
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    model, layer = one_layer(technology(even))
    rule = RULES["mixed_precision"](model, technology(even), 0.05, Settings(betas=(0.0, 0.9)))
    gradients = [torch.randn(layer.weight.shape) * size for size in (1e-3, 1e-2, 1e-3)]
    twin = nn.Parameter(layer.weight.detach() / float(layer.gain[0]))
    adam = torch.optim.Adam([twin], 0.05, (0.0, 0.9))
    twin.data.clamp_(-0.5, 0.5)
    layer.weight.data.copy_(twin.detach() * float(layer.gain[0]))
    for gradient in gradients:
        layer.weight.grad, twin.grad = gradient.clone(), gradient.clone()
        rule.step()
        adam.step()
    error = (layer.weight.detach() / float(layer.gain[0]) - twin.detach()).abs()
    assert float(error.max()) < STEP * 1.01  # what the sum still keeps


@pytest.mark.parametrize("betas", [(0.0, 0.9), (0.5, 0.9)])
def test_what_no_array_holds_takes_adam_s_step_and_no_pulse(betas):
    model, layer = one_layer(technology())
    norm = nn.BatchNorm1d(8)
    whole = nn.Sequential(model, norm)
    rule = RULES["mixed_precision"](whole, technology(), 0.05, Settings(betas=betas))
    twin = nn.Parameter(norm.weight.detach().clone())
    adam = torch.optim.Adam([twin], 0.05, betas)
    for size in (1e-3, 1e-2, 1e-3):
        gradient = size * torch.randn(8)
        layer.weight.grad, norm.weight.grad, twin.grad = torch.zeros_like(layer.weight), gradient, gradient.clone()
        rule.step()
        adam.step()
    torch.testing.assert_close(norm.weight.detach(), twin.detach())
    assert bool((norm.bias == 0).all())  # it has had no gradient
    assert rule.most_writes() == 0 and rule.weights == layer.weight.numel()


def test_stuck_devices_bound_their_weights_and_never_move():
    devices = technology()
    model, layer = one_layer(devices, 200, 100)
    faults = Faults(stuck_at_minimum=0.05, stuck_at_maximum=0.05, stuck_at_random=0.05)
    rule = RULES["pulses"](model, devices, 0.1, Settings(faults=faults, seed=1))
    stuck, full = rule.arrays[0].stuck, float(layer.gain[0])
    assert stuck is not None
    shares = [float((stuck.which == kind).double().mean()) for kind in range(4)]
    assert shares == pytest.approx([0.85**2, 0.15 * 0.85, 0.85 * 0.15, 0.15**2], abs=0.012)
    both = stuck.which == 3
    frozen = layer.weight.detach()[both].clone()
    for direction in (-1.0, 1.0):
        for _ in range(60):
            layer.weight.grad = torch.full_like(layer.weight, -direction)
            rule.step()
        held = layer.weight.detach() / full
        for kind, other in ((1, -1.0), (2, 1.0)):  # the partner at its far end or at its near one
            one = stuck.which == kind
            end = stuck.place[one] + (other if direction == other else 0.0)
            torch.testing.assert_close(held[one], end, rtol=0, atol=1e-5)
        torch.testing.assert_close(held[stuck.which == 0].abs(), torch.ones(int((stuck.which == 0).sum())))
    assert torch.equal(layer.weight.detach()[both], frozen)
    assert not rule.state[layer.weight]["positive"][stuck.which == 1].any()


@pytest.mark.parametrize("settings", [Settings(), VERIFIED])
def test_a_half_selected_device_moves_by_its_share_of_a_step_for_each_pulse_on_its_row_and_column(settings):
    write = Write(half_select_disturb=0.1)
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0).model_copy(update={"write": write})
    devices = technology(even)
    model, layer = one_layer(devices, 4, 3)  # (columns, rows) of the weight
    full = float(layer.gain[0])
    layer.weight.data.fill_(0.5 * full)
    rule = RULES["mixed_precision"](model, devices, 2.01 * STEP, settings)
    layer.weight.grad = torch.zeros_like(layer.weight)
    layer.weight.grad[1, 2] = -1.0
    rule.step()
    given = float(rule.state[layer.weight]["positive"][1, 2])
    moved = (layer.weight.detach() / full - 0.5) / STEP
    expected = torch.zeros(3, 4)
    expected[1, :] = 0.1 * given  # its column, where the positive devices stand
    expected[:, 2] = 0.0  # its row: both devices of each pair rise alike
    expected[1, 2] = given - 0.1 * given  # and its own partner rises, too
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("name", "settings"), [("pulses", Settings()), ("mixed_precision", VERIFIED)])
def test_wear_tells_when_it_began_and_of_which_layer(name, settings):
    devices = technology(wox_memristor().model_copy(update={"endurance_writes": 3.0}))
    model, layer = one_layer(devices)
    rule = RULES[name](model, devices, 4 * STEP, settings)
    for _ in range(3):
        layer.weight.grad = torch.full_like(layer.weight, -1.0)
        rule.step()
    ((worn, (since, share)),) = rule.worn().items()
    began = 1 if settings.read_after else 2  # trains of a verified write wear devices in the first update
    assert (worn, since) == ("0", began) and share == pytest.approx(0.5, abs=0.05)  # one device of each pair
    before = layer.weight.detach().clone()
    rule.step()
    assert torch.equal(layer.weight.detach(), before)


def test_symmetry_points_lie_where_steps_are_equal_and_a_synapse_without_one_is_refused():
    assert symmetry_point(technology()) == pytest.approx(0.5, abs=0.01)
    even = technology(wox_memristor(nonlinearity=0.0))
    model, _ = one_layer(even)
    for name in ("tiki_taka", "agad", "residual"):
        with pytest.raises(UserError, match="has no symmetry point"):
            RULES[name](model, even, RATE)


def test_beside_a_midpoint_reference_a_weight_is_one_device_and_an_update_the_learning_rate():
    even = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    devices = beside_midpoint().model_copy(update={"synapse": even})
    model, layer = one_layer(devices)
    rule, full = RULES["pulses"](model, devices, 8 * STEP), float(layer.gain[0])
    layer.weight.data.fill_(-0.3 * full)
    for _ in range(4):
        layer.weight.grad = -torch.ones_like(layer.weight)
        rule.step()
    held = layer.weight.detach() / full  # four pulses an update, through zero, on one device
    torch.testing.assert_close(held, torch.full_like(held, -0.3 + 4 * 8 * STEP), rtol=0, atol=1e-5)
    assert float(rule.state[layer.weight]["positive"].min()) == 16
    assert not rule.state[layer.weight]["negative"].any()
    for _ in range(40):
        layer.weight.grad = torch.ones_like(layer.weight)
        rule.step()
    assert float((layer.weight.detach() / full + 1).abs().max()) < 1e-6  # its smallest conductance


def test_a_device_alone_that_is_stuck_keeps_its_conductance():
    devices = load_technology("wox-memristor")
    _, layer = one_layer(devices)
    assert layer.rules.encoding == "sign_crossbar"
    stuck = draw_stuck(layer, Faults(stuck_at_maximum=0.2), 5)
    assert stuck is not None
    held = (layer.weight.detach() / layer.gain[0]).abs()
    torch.testing.assert_close(held[stuck.which == 3], torch.ones(int((stuck.which == 3).sum())))


@pytest.mark.parametrize("rate_in_weights", [False, True])
def test_what_no_array_holds_takes_adams_step_and_arrays_the_same_or_as_much_of_their_full_scale(rate_in_weights):
    net = nn.Sequential(nn.Linear(16, 8, bias=False), nn.BatchNorm1d(8))
    devices = technology(wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0))
    model = convert(net, devices).model
    hold_conductances(model, 4.0, 0.0, digital_norms=True)
    settings = Settings(betas=(0.0, 0.9), rate_in_weights=rate_in_weights)
    rule = RULES["mixed_precision"](model, devices, RATE, settings)
    scales = next(parameter for parameter in rule.digital if parameter.dim() == 1)
    (layer,) = (array.layer for array in rule.arrays)
    full = float(layer.gain[0])
    layer.weight.data.fill_(0.5 * full)
    share, first = 1.0, layer.weight.detach().clone()
    for share in (1.0, 0.25):
        before = scales.detach().clone()
        rule.param_groups[0]["lr"] = share * RATE
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        rule.step()
        torch.testing.assert_close(
            before - scales.detach(), torch.full_like(scales, share * RATE), rtol=1e-3, atol=1e-7
        )
    asked = first - layer.weight.detach() + rule.state[layer.weight]["accumulated"] * full * STEP
    wanted = 1.25 * RATE * (1.0 if rate_in_weights else full)
    torch.testing.assert_close(asked, torch.full_like(asked, wanted), rtol=1e-3, atol=1e-6)
