"""Converters at the edges of an array: codes, ranges, tiles, noise and gradients."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.chip import fit_to_weights, program_chip
from spingan.nn.conversion import convert
from spingan.nn.converters import Quantiser, clipped_shares, measured_ranges, quantisers
from spingan.spec.noise import Noise
from spingan.spec.technology import Converter, Technology

LAYERS = (
    (nn.Linear(23, 5), (23,)),
    (nn.Conv2d(3, 4, 4, 2, 1), (3, 9, 8)),
    (nn.Conv2d(2, 3, (2, 3), (1, 2), (1, 0), bias=False), (2, 5, 7)),
    (nn.Conv2d(2, 3, 3, 1, "same", dilation=2), (2, 6, 6)),
    (nn.ConvTranspose2d(5, 3, 4, 1, 0), (5, 1, 1)),
    (nn.ConvTranspose2d(4, 3, 4, 2, 1), (4, 4, 5)),
    (nn.ConvTranspose2d(4, 2, 4, 2, 1), (4, 9, 8)),
    (nn.ConvTranspose2d(3, 2, 3, 2, 1, 1), (3, 8, 8)),
    (nn.ConvTranspose2d(3, 2, 5, 2, 2, 1), (3, 4, 4)),
    (nn.ConvTranspose2d(3, 2, 2, 3, 0), (3, 4, 4)),
    (nn.ConvTranspose2d(3, 2, 3, 1, 1), (3, 6, 6)),
)


def _technology(adc: Converter, dac: Converter = Converter(), **fields: object) -> Technology:
    given = {"name": "converters", "gain": "column", "adc": adc, "dac": dac} | fields
    return Technology.model_validate(given)


def _converted(net: nn.Module, technology: Technology, inputs: Tensor) -> nn.Module:
    made = convert(net.eval(), technology).model
    fit_to_weights(made, [(inputs,)])
    return made.eval()


def _inputs(shape: tuple[int, ...], count: int = 6) -> Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("tile_rows", [None, 7, 16])
@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_fine_converters_change_nothing(number, tile_rows):
    layer, shape = LAYERS[number]
    inputs = _inputs(shape)
    fine = Converter(bits=24)
    made = _converted(layer, _technology(fine, fine, tile_rows=tile_rows), inputs)
    torch.testing.assert_close(made(inputs), layer(inputs), atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(program_chip(made, _technology(fine, fine))(inputs), layer(inputs), atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("partial_sums", ["digital", "analog"])
def test_each_tile_is_converted_by_itself_and_the_codes_add(partial_sums):
    layer, inputs = nn.Linear(23, 5, bias=False), _inputs((23,))
    technology = _technology(Converter(bits=5), tile_rows=8, partial_sums=partial_sums)
    made = _converted(layer, technology, inputs)
    assert isinstance(made, AnalogLayer) and made.adc is not None
    unit, (lowest, highest) = made.gain * made.adc.swing * made.adc.step, made.adc.codes()
    ends = [0, 8, 16, 23] if partial_sums == "digital" else [0, 23]
    expected = torch.zeros(6, 5)
    for start, stop in pairwise(ends):
        sums = inputs[:, start:stop] @ layer.weight[:, start:stop].t()
        expected += torch.floor(sums / unit + 0.5).clamp(lowest, highest) * unit
    torch.testing.assert_close(made(inputs), expected)


@pytest.mark.parametrize("size", [4, 9])
@pytest.mark.parametrize("kernel", [3, 4])
@pytest.mark.parametrize("transposed", ["literal", "polyphase", "polyphase_shared"])
def test_tiles_of_a_convolution_are_rows_of_its_arrays_in_order(transposed, kernel, size):
    layer = nn.ConvTranspose2d(5, 3, kernel, 2, 1, kernel % 2, bias=False)
    inputs = _inputs((5, size, size))
    made = _converted(layer, _technology(Converter(bits=6), tile_rows=6, transposed=transposed), inputs)
    assert isinstance(made, AnalogLayer) and made.adc is not None
    unit, (lowest, highest) = (made.gain * made.adc.swing * made.adc.step)[:, None, None], made.adc.codes()
    matrices = made.layout.matrices(layer.weight.detach())
    expected = torch.zeros(6, 3, 2 * size, 2 * size)
    for start in range(0, max(map(len, matrices)), 6):
        held = [torch.zeros_like(matrix) for matrix in matrices]
        for tile, matrix in zip(held, matrices, strict=True):
            tile[start : start + 6] = matrix[start : start + 6]
        weight = made.layout.weight(held, layer.weight.shape)
        sums = nn.functional.conv_transpose2d(inputs, weight, None, 2, 1, kernel % 2)
        expected += torch.floor(sums / unit + 0.5).clamp(lowest, highest) * unit
    out = made(inputs)
    near = ((out - expected).abs() < 1e-4).float().mean()  # a sum at half a step may round either way
    assert near > 0.999


def test_zero_is_a_code_and_what_is_beyond_is_clipped_and_counted():
    quantiser = Quantiser(Converter(bits=3, range=(-1, 1)), "adc").eval()
    quantiser.begin_calibration()
    quantiser(torch.tensor([-2.0, 1.0]))
    quantiser.end_calibration()
    assert quantiser.codes() == (-3, 3) and quantiser.step == pytest.approx(4 / 7)
    out = quantiser(torch.tensor([0.0, 5.0, -5.0, 0.3]))
    torch.testing.assert_close(out, torch.tensor([0.0, 12 / 7, -12 / 7, 4 / 7]))
    assert clipped_shares(nn.Sequential(quantiser)) == {"0": 0.5}


@pytest.mark.parametrize("function", [nn.Tanh, nn.Sigmoid])
def test_before_a_function_that_saturates_the_range_ends_where_its_output_is_best(function):
    layer, inputs = nn.Linear(23, 5, bias=False), _inputs((23,), 400)
    layer.weight.data.mul_(20)  # sums far beyond the function's bend
    technology = _technology(Converter(bits=6))
    net = nn.Sequential(layer, function())
    made = _converted(net, technology, inputs)
    plain = _converted(nn.Sequential(layer, nn.ReLU()), technology, inputs)
    narrow, wide = made[0].adc, plain[0].adc
    assert narrow.behind is not None and wide.behind is None and float(narrow.high) < float(wide.high) / 2

    def error(converter: Quantiser) -> float:
        made[0].adc = converter
        return float((made(inputs) - net(inputs)).detach().square().mean())

    assert error(narrow) < error(wide) / 4


@pytest.mark.parametrize(("tiles", "bits"), [({"tile_rows": 8}, {}), ({}, {"input_coding": "bit_serial"})])
def test_sums_that_are_added_up_before_the_function_are_judged_behind_it_too(tiles, bits):
    technology, inputs = _technology(Converter(bits=4), Converter(bits=4), **tiles, **bits), _inputs((23,), 400)
    errors = [0.0, 0.0]
    for seed in range(4):
        torch.manual_seed(seed)
        layer = nn.Linear(23, 5, bias=False)
        layer.weight.data.mul_(8)
        made, alone = (_converted(net, technology, inputs) for net in (nn.Sequential(layer, nn.Tanh()), layer))
        assert isinstance(alone, AnalogLayer) and alone.adc is not None
        for number, converter in enumerate((made[0].adc, alone.adc)):
            made[0].adc = converter
            errors[number] += float((made(inputs) - torch.tanh(layer(inputs))).detach().square().mean())
    assert errors[0] < 0.95 * errors[1]


def test_a_function_that_is_not_the_only_reader_does_not_choose_the_range():
    class Skips(nn.Module):
        def __init__(self):
            super().__init__()
            self.array, self.tanh = nn.Linear(23, 5, bias=False), nn.Tanh()

        def forward(self, inputs: Tensor) -> Tensor:
            sums = self.array(inputs)
            return self.tanh(sums) + sums

    made = convert(Skips().eval(), _technology(Converter(bits=6))).model
    assert made.get_submodule("array").adc.behind is None


def test_maps_smaller_than_the_kernel_are_refused():
    made = _converted(nn.Conv2d(3, 4, 5, 2), _technology(Converter(bits=6)), _inputs((3, 9, 8)))
    with pytest.raises(UserError, match="covers 5 x 5 pixels got padded maps of 9 x 4"):
        made(_inputs((3, 9, 4)))


def test_a_nan_stays_one():
    for learned in (False, True):
        quantiser = Quantiser(Converter(bits=4, learned_range=learned), "dac")
        quantiser.begin_calibration()
        quantiser(torch.linspace(-1, 1, 9))
        quantiser.end_calibration()
        assert quantiser(torch.tensor([math.nan, 0.5])).isnan().tolist() == [True, False]


def test_the_range_is_the_one_of_least_error():
    values = torch.randn(20_000, generator=torch.Generator().manual_seed(1))
    values[0] = 40.0  # one outlier is not worth the steps
    errors = {}
    for limits in (None, (-1.0, 1.0)):
        quantiser = Quantiser(Converter(bits=5, range=limits), "adc")
        quantiser.begin_calibration()
        quantiser(values)
        quantiser.end_calibration()
        errors[limits] = float((quantiser.eval()(values) - values)[1:].square().mean())
    assert errors[None] < 0.1 * errors[(-1.0, 1.0)]


@pytest.mark.parametrize("behind", [None, torch.tanh])
def test_the_range_of_least_error_does_not_depend_on_how_many_values_are_rounded_at_a_time(monkeypatch, behind):
    lots = torch.Generator().manual_seed(2)
    values, worth, rest = (torch.randn(70_001, generator=lots) for _ in range(3))
    read = None if behind is None else (worth, rest)
    quantiser = Quantiser(Converter(bits=4), "adc")
    quantiser.behind = behind

    def error(end: float) -> float:
        codes = (values / (2 * end / 15)).round().clamp(-7, 7) * (2 * end / 15)
        made = codes if behind is None else behind(rest + codes * worth)
        return float((made - (values if behind is None else behind(rest + values * worth))).square().mean())

    found = []
    for piece in (1 << 16, 1 << 17, 4096):
        monkeypatch.setattr("spingan.nn.converters._PIECE", piece)
        found.append(quantiser._least_error(values, -5.0, 5.0, read))
    assert found[0] == found[1] == found[2]
    assert error(found[0][1]) == pytest.approx(min(error(5 * share / 200) for share in range(20, 201)), rel=0.05)


def test_behind_an_amplifier_a_column_a_faint_column_has_all_codes():
    layer = nn.Linear(20, 2, bias=False)
    with torch.no_grad():
        layer.weight[0] = 1.0
        layer.weight[1] = 0.01
        layer.weight[1, 0] = 1.0  # full scale is one weight's
    inputs, errors = _inputs((20,), 500).abs(), []
    inputs[:, 0] *= 0.01
    for gain in ("layer", "column"):
        made = _converted(layer, _technology(Converter(bits=4), gain=gain), inputs)
        errors.append(float((made(inputs) - layer(inputs)).detach()[:, 1].norm()))
    assert errors[1] < 0.2 * errors[0]


def test_what_cannot_convert_is_refused():
    layer = nn.Linear(4, 2)
    made = convert(layer, _technology(Converter(bits=8))).model
    with pytest.raises(UserError, match="never measured"):
        made(torch.randn(3, 4))
    with pytest.raises(UserError, match="1 bit"):
        _converted(layer, _technology(Converter(bits=1)), _inputs((4,), 40))


def test_a_layer_that_gives_only_zeros_is_read_as_zeros():
    net = nn.Sequential(nn.Linear(4, 3, bias=False), nn.Linear(3, 2, bias=False))
    nn.init.zeros_(net[0].weight)
    for bits in (1, 6):
        made = _converted(net, _technology(Converter(bits=6), Converter(bits=bits)), _inputs((4,)).abs())
        assert not made(_inputs((4,)).abs()).any()


@pytest.mark.parametrize("limits", [None, (0.0, 1.0), (-0.25, 1.0)])
def test_a_chip_reads_its_columns_as_training_did_whatever_sign_its_norms_have(limits):
    net = nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4))
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([1.0, -1.0, 0.5, 0.0]))  # the last one switches its column off
    technology = _technology(Converter(bits=5, range=limits))
    inputs = _inputs((3, 4, 4))
    made = _converted(net, technology, inputs)
    torch.testing.assert_close(program_chip(made, technology)(inputs), made(inputs), atol=1e-5, rtol=1e-5)


def test_the_gradient_passes_the_rounding_and_stops_where_the_converter_clips():
    layer, inputs = nn.Linear(23, 5), _inputs((23,))
    gradients = []
    for learned in (False, True):  # two ways of computing the same
        adc = Converter(bits=4, range=(-0.4, 0.4), learned_range=learned)
        made = _converted(layer, _technology(adc, adc, tile_rows=8), inputs).requires_grad_().train()
        given = inputs.clone().requires_grad_()
        made(given).square().sum().backward()
        gradients.append((given.grad, made.get_parameter("weight").grad))
    plain = inputs.clone().requires_grad_()
    layer(plain).square().sum().backward()
    for ours, composed in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, composed, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(gradients[0][0], plain.grad, rtol=0.1)


@pytest.mark.parametrize("tile_rows", [None, 7])
@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_the_gradient_of_every_layer_is_the_plain_ones_where_nothing_is_clipped(number, tile_rows):
    layer, shape = LAYERS[number]
    inputs, wide = _inputs(shape), Converter(bits=24, range=(-4, 4))
    made = _converted(layer, _technology(wide, wide, tile_rows=tile_rows), inputs).requires_grad_().train()
    found = []
    for net in (layer, made):
        given = inputs.clone().requires_grad_()
        (net(given) * torch.linspace(-1, 1, net(given)[0].numel()).view(net(given)[0].shape)).sum().backward()
        found.append((given.grad, *(parameter.grad for parameter in net.parameters())))
        net.zero_grad()
    for plain, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


def test_after_an_error_in_a_calibration_the_old_range_converts_again():
    quantiser = Quantiser(Converter(bits=3), "dac")
    net = nn.Sequential(quantiser)
    with measured_ranges(net):
        net(torch.linspace(-1, 1, 9))
    before = net(torch.tensor([0.3]))
    with pytest.raises(RuntimeError), measured_ranges(net):
        net(torch.linspace(-9, 9, 9))
        raise RuntimeError
    assert torch.equal(net(torch.tensor([0.3])), before)


def test_a_learned_range_gets_a_gradient():
    adc = Converter(bits=3, learned_range=True)
    made = _converted(nn.Linear(23, 5), _technology(adc), _inputs((23,))).requires_grad_().train()
    made(_inputs((23,))).square().sum().backward()
    (converter,) = quantisers(made)
    assert converter.stretch is not None and float(converter.stretch.grad) != 0


def test_bit_serial_inputs_give_the_product_of_the_dacs_codes():
    layer = nn.Linear(23, 5)
    for inputs in (_inputs((23,)), _inputs((23,)).abs()):
        both = [
            _converted(
                layer, _technology(Converter(bits=24, range=(-4, 4)), Converter(bits=6), input_coding=coding), inputs
            )
            for coding in ("amplitude", "bit_serial")
        ]
        torch.testing.assert_close(both[0](inputs), both[1](inputs), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("of", ["full_scale", "value"])
def test_read_noise_and_the_converters_own_noise_add_in_squares(of):
    layer, inputs = nn.Linear(20, 4, bias=False), torch.ones(20_000, 20)
    technology = _technology(Converter(bits=12, range=(-2, 2), noise_lsb=40), tile_rows=10)
    made = _converted(layer, technology, inputs)
    assert isinstance(made, AnalogLayer) and made.adc is not None
    made.read_noise = Noise(fraction=0.02, of=of)
    held = made.gain.square() * 20 if of == "full_scale" else layer.weight.square().sum(1)
    own = 2 * (40 * made.adc.step * made.gain * made.adc.swing).square()  # two tiles
    expected = (0.02**2 * held + own).sqrt()
    torch.testing.assert_close(made(inputs).std(0), expected, rtol=0.03, atol=0)


def test_noise_does_not_depend_on_how_a_batch_is_shared_out():
    layer, inputs = nn.Conv2d(2, 3, 3), _inputs((2, 6, 6))
    made = _converted(layer, _technology(Converter(bits=8, noise_lsb=1), Converter(bits=8, noise_lsb=1)), inputs)
    assert isinstance(made, AnalogLayer)
    whole = made(inputs)
    parts = []
    for first, last in ((0, 2), (2, 6)):
        made.source.restart(0)
        made.source.part = (first, 6)
        parts.append(made(inputs[first:last]))
    made.source.restart(0)
    made.source.part = None
    torch.testing.assert_close(torch.cat(parts), made(inputs))
    assert whole.shape == torch.cat(parts).shape


def test_converters_are_children_of_their_layer_alone():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
    made = _converted(net, _technology(Converter(bits=8), Converter(bits=8)), _inputs((1, 6, 6)))
    assert len(list(quantisers(made))) == 4 and len(list(analog_layers(made))) == 2
    assert all(not name.endswith("stretch") for name in made.state_dict())
