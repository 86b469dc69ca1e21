"""A device activation is its transfer table, driven within the range that calibration maps to the device."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation, straight_pieces, uniform_table
from spingan.nn.conversion import calibrate, convert
from spingan.spec.activation import Activation, Reset
from spingan.spec.technology import Technology, load_technology

SMOOTH = load_technology("skyrmion-published-smooth").activations["leaky_relu"]
BROKEN = load_technology("skyrmion-published").activations["leaky_relu"]
RELU = load_technology("skyrmion-published").activations["relu"]


def _linear(**fields: Any) -> Activation:
    """y = x in volts over -1..1 V."""
    table = {"input": (-1.0, 0.0, 1.0), "rising": (-1.0, 0.0, 1.0)}
    scale = {"input_full_scale": 1.0, "output_zero": 0.0, "output_full_scale": 1.0}
    names = {"name": "linear", "function": "leaky_relu", "input_unit": "V", "output_unit": "V"}
    return Activation(**{**table, **scale, **names, **fields})


def _device(activation: Activation, full_scale: float = 1.0) -> DeviceActivation:
    device = DeviceActivation(activation)
    device.full_scale.fill_(full_scale)
    return device


def _values(scale: float) -> Tensor:
    return torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1)) * scale


@pytest.mark.parametrize("activation", [SMOOTH, BROKEN, RELU], ids=lambda activation: activation.name)
@pytest.mark.parametrize("full_scale", [0.3, 5.0])
def test_a_device_is_its_table_stretched_to_the_calibrated_range(activation, full_scale):
    values = _values(full_scale)
    u, v = activation.normalised()
    expected = full_scale * np.interp(values.numpy() / full_scale, u, v)
    out = _device(activation, full_scale)(values)
    torch.testing.assert_close(out, torch.from_numpy(expected).float(), rtol=1e-5, atol=1e-6 * full_scale)


@pytest.mark.parametrize("activation", [SMOOTH, BROKEN], ids=lambda activation: activation.name)
def test_other_types_take_the_same_table_without_a_kernel(activation):
    values = _values(1.0)
    doubled = _device(activation)(values.double())
    assert doubled.dtype == torch.float64
    torch.testing.assert_close(doubled.float(), _device(activation)(values), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [SMOOTH, BROKEN], ids=lambda activation: activation.name)
def test_the_gradient_is_that_of_finite_differences_away_from_the_kinks(activation, kind):
    u, v = activation.normalised()
    rise, edges = np.diff(v) / np.diff(u), np.concatenate([[u[0] - 1], u, [u[-1] + 1]])
    middles = (edges[1:] + edges[:-1]) / 2  # one in each straight piece and one beyond each end
    values = torch.tensor(middles * 2.5, dtype=kind, requires_grad=True)
    _device(activation, 2.5)(values).sum().backward()
    expected = torch.tensor(np.concatenate([[0.0], rise, [0.0]]), dtype=kind)
    torch.testing.assert_close(values.grad, expected, rtol=1e-4, atol=1e-5)


def test_a_linear_device_passes_its_range_unchanged_and_clamps_beyond():
    device = _device(_linear(), 4.0)
    values = torch.tensor([-9.0, -4.0, -1.0, 0.0, 3.5, 4.0, 7.0])
    torch.testing.assert_close(device(values), values.clamp(-4, 4))
    assert (device.saturated, device.evaluated) == (2, 7)


def test_what_saturates_adds_up_over_passes():
    device = _device(_linear())
    for _ in range(3):
        device(torch.tensor([0.5, 1.5]))
    assert (device.saturated, device.evaluated) == (3, 6)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a_device_that_extrapolates_continues_its_last_slope(kind):
    values = torch.tensor([-3.0, 2.0], dtype=kind, requires_grad=True)
    device = _device(_linear(rising=(-0.5, 0.0, 1.0), outside="extrapolate"))
    out = device(values)
    out.sum().backward()
    torch.testing.assert_close(out, torch.tensor([-1.5, 2.0], dtype=kind))
    torch.testing.assert_close(values.grad, torch.tensor([0.5, 1.0], dtype=kind))
    assert device.saturated == 2


def test_a_device_that_may_not_leave_its_table_says_so():
    device = _device(_linear(outside="error"))
    device(torch.tensor([-1.0, 1.0]))
    with pytest.raises(UserError, match="1 of 2 values drive linear beyond its table"):
        device(torch.tensor([0.0, 1.1]))


def test_calibration_maps_the_largest_value_to_full_scale_and_then_nothing_saturates():
    net = convert(nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(0.2)), load_technology("skyrmion-published-smooth")).model
    given = torch.randn(50, 4, generator=torch.Generator().manual_seed(3)) * 7
    calibrate(net, lambda: [net(part) for part in given.split(10)])
    device = net[1]
    assert isinstance(device, DeviceActivation)
    with torch.no_grad():
        largest = float(net[0](given).abs().max())
    assert float(device.full_scale) == pytest.approx(largest, rel=1e-6)
    device.saturated = 0
    net(given * 0.99)
    assert device.saturated <= int((net[0](given * 0.99) < 1.725 * -0.2 * largest).sum())


def test_full_scale_may_be_a_multiple_of_the_inputs_root_mean_square_and_what_is_larger_saturates():
    net = nn.Sequential(nn.Linear(4, 400), nn.LeakyReLU(0.2))
    given = torch.randn(5000, 4, generator=torch.Generator().manual_seed(3))
    found = {}
    for factor in (None, 1.5, 3.0, 100.0):
        technology = load_technology("skyrmion-published-smooth").model_copy(update={"activation_range_rms": factor})
        made = convert(net, technology).model
        calibrate(made, lambda made=made: made(given))
        device = made[1]
        assert isinstance(device, DeviceActivation)
        device.saturated = 0
        made(given)
        found[factor] = float(device.full_scale), float(device.saturated) / (5000 * 400), made[0](given)
    inputs = found[None][2].detach()
    rms, largest = float(inputs.square().mean().sqrt()), float(inputs.abs().max())
    assert [full for full, _, _ in found.values()] == pytest.approx([largest, 1.5 * rms, 3 * rms, largest], rel=1e-5)
    assert found[1.5][1] > 0.01 and found[1.5][1] > found[3.0][1] > 0 and found[None][1] < 0.001


def test_a_narrow_range_is_refused_for_a_device_that_may_not_saturate():
    strict = BROKEN.model_copy(update={"outside": "error"})
    with pytest.raises(ValueError, match="activation_range_rms lets inputs saturate"):
        Technology(name="strict", activations={strict.function: strict}, activation_range_rms=2.0)


def test_a_device_that_saw_nothing_keeps_a_range_of_one():
    device = _device(_linear(), 3.0)
    device.begin_calibration()
    device(torch.zeros(5))
    device.end_calibration()
    assert float(device.full_scale) == 1.0 and not device.calibrating


def test_calibration_takes_no_range_from_what_is_no_number():
    device = _device(_linear())
    device.begin_calibration()
    device(torch.tensor([torch.inf, 1.0]))
    device(torch.tensor([2.0, torch.nan]))
    device.end_calibration()
    assert float(device.full_scale) == 1.0


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", [SMOOTH, BROKEN], ids=lambda activation: activation.name)
def test_a_value_that_is_no_number_stays_none_and_stops_nothing(activation, kind):
    values = torch.tensor([torch.nan, 0.5], dtype=kind, requires_grad=True)
    out = _device(activation)(values)
    out[1].backward()
    assert torch.isnan(out).tolist() == [True, False]
    assert values.grad is not None and float(values.grad[1]) > 0


def test_maps_out_of_order_in_memory_are_computed_too():
    values = _values(1.0)
    device = _device(SMOOTH)
    torch.testing.assert_close(device(values.transpose(1, 3)), device(values).transpose(1, 3))


HYSTERETIC = {"falling": (-1.0, 0.2, 1.0)}


def _technology(with_levels, **fields):
    return with_levels(64, activations={"leaky_relu": _linear(**fields)})


def test_a_table_with_a_memory_is_refused_unless_a_reset_makes_it_single_valued(with_levels):
    net = nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(1.0))
    with pytest.raises(UserError, match="linear has a memory"):
        convert(net, _technology(with_levels, **HYSTERETIC))
    incomplete = Reset(required=True, residual=0.2)
    with pytest.raises(UserError, match="linear has a memory"):
        convert(net, _technology(with_levels, reset=incomplete, **HYSTERETIC))
    complete = Reset(required=True, residual=0.001)
    converted = convert(net, _technology(with_levels, reset=complete, **HYSTERETIC)).model
    assert isinstance(converted[1], DeviceActivation)


def test_a_uniform_table_loses_no_point_of_a_curve_on_a_common_grid():
    u, v = np.array([-1.0, -0.5, 0.25, 2.0]), np.array([0.0, 0.3, -0.2, 1.0])
    values, low, step = uniform_table(u, v)
    assert len(values) == 13 and low == -1.0 and step == 0.25  # the coarsest grid that holds all four
    np.testing.assert_allclose(np.interp(u, low + step * np.arange(13), values), v)


def test_a_curve_without_a_common_grid_is_followed_within_a_cell():
    u, v = np.array([0.0, 1 / np.pi, 1.0]), np.array([0.0, 1.0, 0.0])
    values, low, step = uniform_table(u, v)
    fine = np.linspace(0, 1, 10_001)
    drawn = np.interp(fine, low + step * np.arange(len(values)), values)
    assert np.abs(drawn - np.interp(fine, u, v)).max() < np.pi / 4096  # the steepest slope over one cell


def test_straight_pieces_drop_only_the_points_on_a_line():
    u = np.linspace(-1, 1, 21)
    kept_u, kept_v = straight_pieces(u, np.maximum(u, 0.2 * u))
    np.testing.assert_allclose(kept_u, [-1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(kept_v, [-0.2, 0, 1], atol=1e-12)
