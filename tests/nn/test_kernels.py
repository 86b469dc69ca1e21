"""Each compiled kernel is its definition in PyTorch or numpy, in one pass and whatever the threads."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from spingan.nn.kernels import curves, levels, noise, read_noise, taps
from spingan.nn.kernels.converters import CodeSums, round_to_codes
from spingan.nn.noise_source import stream_key

LEVELS = torch.linspace(-1, 1, 64)
FORMATS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def _weight(shape: tuple[int, ...], memory: str) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)).contiguous(memory_format=FORMATS[memory])


def _gain(columns: int, axis: int) -> tuple[Tensor, Tensor]:
    gain = torch.rand(columns, generator=torch.Generator().manual_seed(2)) + 0.5
    return gain, gain.view(*[-1 if place == axis else 1 for place in range(4)])


@pytest.mark.parametrize("memory", FORMATS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(5, 7, 3, 3), (6, 1, 4, 4), (8, 3, 1, 1)])
def test_a_quantised_weight_is_the_nearest_level_times_its_columns_gain(memory, axis, shape):
    weight = _weight(shape, memory)
    gain, full = _gain(shape[axis], axis)
    position = ((weight / full).clamp(-1, 1) + 1) * 31.5
    tie = (position.frac() - 0.5).abs() < 1e-4  # either neighbour is right where rounding decides
    quantised = levels.quantise_uniform(weight, gain, LEVELS, axis)
    expected = LEVELS[(position + 0.5).floor().long().clamp(0, 63)] * full
    torch.testing.assert_close(quantised[~tie], expected[~tie], rtol=1e-6, atol=0)
    assert (quantised - expected).abs().max() <= 2 / 63 * 1.5 + 1e-6
    assert quantised.stride() == weight.stride()


@pytest.mark.parametrize("memory", FORMATS)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_weight_that_is_no_number_stays_none_and_harms_no_other(memory, axis):
    weight = _weight((4, 6, 3, 3), memory)
    weight[2, 3, 1, 1] = torch.nan
    gain, _ = _gain(weight.shape[axis], axis)
    quantised = levels.quantise_uniform(weight, gain, LEVELS, axis)
    assert torch.isnan(quantised).nonzero().tolist() == [[2, 3, 1, 1]]


@pytest.mark.parametrize("memory", FORMATS)
@pytest.mark.parametrize("axis", [0, 1])
def test_the_clips_gradient_is_zero_beyond_the_gain_alone_for_any_order_of_memory(memory, axis):
    weight = _weight((5, 7, 3, 3), memory)
    gain, full = _gain(weight.shape[axis], axis)
    gradient = torch.randn(weight.shape)
    passed = levels.clip_gradient(gradient, weight, gain, axis)
    torch.testing.assert_close(passed, gradient * (weight.abs() <= full), rtol=0, atol=0)


def _curve() -> tuple[Tensor, float, float]:
    return torch.tensor([-0.4, -0.3, 0.0, 0.9, 1.5, 1.4]), -1.5, 0.75


def _inputs(dtype: torch.dtype) -> Tensor:
    return (torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(3)) * 1.5).to(dtype)


TOLERANCE = {torch.float32: 1e-6, torch.bfloat16: 2**-8}  # relative to the result: half a unit in bfloat16's last place


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_clamped_table_is_numpys_interpolation_and_counts_what_leaves_it(dtype):
    table, low, step = _curve()
    values = _inputs(dtype)
    nodes = low + step * np.arange(len(table))
    out, beyond = curves.table_forward(values, table, low, step)
    expected = torch.from_numpy(np.interp(values.float().numpy(), nodes, table.numpy())).float()
    torch.testing.assert_close(out.float(), expected, rtol=TOLERANCE[dtype], atol=1e-6)
    assert out.dtype == dtype
    assert beyond == int(((values < nodes[0]) | (values > nodes[-1])).sum()) > 0


def test_an_extrapolated_table_continues_its_outer_cells():
    table, low, step = _curve()
    values = torch.tensor([-4.0, -1.5, 2.25, 4.0])
    out, beyond = curves.table_forward(values, table, low, step, extrapolate=True)
    expected = [-0.4 - 2.5 * 0.1 / 0.75, -0.4, 1.4, 1.4 - 1.75 * 0.1 / 0.75]
    torch.testing.assert_close(out, torch.tensor(expected), rtol=1e-6, atol=1e-6)
    assert beyond == 2


def test_a_value_on_the_tables_last_point_is_inside_whatever_rounding_does():
    generator = torch.Generator().manual_seed(4)
    for scale in (torch.rand(50, generator=generator) * 10).tolist():
        last = torch.tensor([scale])
        _, beyond = curves.table_forward(last, torch.linspace(0, 1, 277), -0.7 * scale, 1.7 * scale / 276)
        assert beyond == 0


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_tables_gradient_is_the_slope_of_the_cell(dtype):
    table, low, step = _curve()
    values = _inputs(dtype)
    slopes = torch.cat([torch.zeros(1), table.diff() / step, torch.zeros(1)])
    upstream = torch.randn(values.shape).to(dtype)
    gradient = curves.table_backward(values, upstream, slopes, low, step)
    cell = ((values.float() - low) / step).floor().long().clamp(-1, len(table) - 1) + 1
    torch.testing.assert_close(gradient.float(), upstream.float() * slopes[cell], rtol=TOLERANCE[dtype], atol=1e-6)


def _hinges() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    nodes, outputs = np.array([-1.0, 0.25, 1.0, 2.0]), np.array([-0.2, 0.0, 1.0, 1.1])
    slopes = np.concatenate([[0.0], np.diff(outputs) / np.diff(nodes), [0.0]])
    return nodes, outputs, nodes.astype(np.float32), np.diff(slopes).astype(np.float32)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_hinges_are_numpys_interpolation_and_count_what_leaves_them(dtype):
    nodes, outputs, places, bends = _hinges()
    values = _inputs(dtype)
    out, beyond = curves.hinge_forward(values, -0.2, places, bends, -1.0, 2.0)
    expected = torch.from_numpy(np.interp(values.float().numpy(), nodes, outputs)).float()
    torch.testing.assert_close(out.float(), expected, rtol=TOLERANCE[dtype], atol=1e-6)
    assert beyond == int(((values < -1) | (values > 2)).sum()) > 0


def test_hinges_clamp_a_value_however_far_it_lies():
    _, _, places, bends = _hinges()
    out, beyond = curves.hinge_forward(torch.tensor([1e9, -1e9]), -0.2, places, bends, -1.0, 2.0)
    assert out.tolist() == pytest.approx([1.1, -0.2], abs=1e-6)
    assert beyond == 2


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_hinges_gradient_is_the_slope_of_the_piece(dtype):
    nodes, outputs, places, bends = _hinges()
    values = _inputs(dtype)
    upstream = torch.randn(values.shape).to(dtype)
    gradient = curves.hinge_backward(values, upstream, places, bends)
    slopes = np.concatenate([[0.0], np.diff(outputs) / np.diff(nodes), [0.0]])
    expected = upstream.float() * torch.from_numpy(slopes[np.searchsorted(nodes, values.float().numpy(), "right")])
    torch.testing.assert_close(gradient.float(), expected.float(), rtol=TOLERANCE[dtype], atol=1e-6)


def test_curves_keep_a_value_that_is_no_number():
    table, low, step = _curve()
    _, _, places, bends = _hinges()
    values = torch.tensor([torch.nan, 0.5])
    for out, _ in (
        curves.table_forward(values, table, low, step),
        curves.hinge_forward(values, -0.2, places, bends, -1.0, 2.0),
    ):
        assert torch.isnan(out).tolist() == [True, False]


@pytest.mark.parametrize("extrapolate", [False, True])
@pytest.mark.parametrize("low", [-1.3, 1e-3, -100.0])
def test_many_values_in_bfloat16_are_looked_up_and_are_what_few_are(low, extrapolate):
    every = (
        torch.arange(1 << 16, dtype=torch.int32).to(torch.uint16).view(torch.bfloat16)
    )  # infinite and no numbers, too
    table, step = torch.randn(277, generator=torch.Generator().manual_seed(0)).cumsum(0), 0.0123
    slopes = torch.cat([torch.zeros(1), table.diff() / step, torch.ones(1)])
    many, upstream = every.repeat(5), torch.linspace(-2, 2, 5 << 16).bfloat16()
    out, beyond = curves.table_forward(many, table, low, step, extrapolate=extrapolate)
    back = curves.table_backward(many, upstream, slopes, low, step)
    few = [curves.table_forward(piece, table, low, step, extrapolate=extrapolate) for piece in many.split(1 << 14)]
    pieces = zip(many.split(1 << 14), upstream.split(1 << 14), strict=True)
    few_back = [curves.table_backward(piece, above, slopes, low, step) for piece, above in pieces]
    torch.testing.assert_close(out, torch.cat([one for one, _ in few]), rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(back, torch.cat(few_back), rtol=0, atol=0, equal_nan=True)
    assert beyond == sum(count for _, count in few) > 0


ADDERS = pytest.mark.parametrize("add", [noise.add_gaussian, read_noise.add_pooled_gaussian])


def _noise(rows: int, columns: int, key: int, add=noise.add_gaussian) -> Tensor:
    values = torch.zeros(rows, columns)
    add(values, torch.ones(rows), torch.ones(columns), key)
    return values


@ADDERS
@pytest.mark.parametrize("shape", [(500, 700), (300_000, 1)])  # columns beyond one block of draws, and a single one
def test_the_same_key_draws_the_same_noise_on_one_thread_and_on_two(two_threads, shape, add):
    many = _noise(*shape, key=7, add=add)  # enough for both threads
    torch.set_num_threads(1)
    torch.testing.assert_close(many, _noise(*shape, key=7, add=add), rtol=0, atol=0)


@ADDERS
@pytest.mark.parametrize("columns", [1, 16, 300])
def test_rows_of_a_larger_number_have_the_noise_that_they_have_among_them(columns, add):
    part = torch.zeros(20, columns)
    add(part, torch.ones(20), torch.ones(columns), 7, first_row=30)
    torch.testing.assert_close(part, _noise(60, columns, key=7, add=add)[30:50], rtol=0, atol=0)


def test_kernels_of_two_threads_agree_with_one(two_threads):
    weight = _weight((64, 128, 3, 3), "channels last")
    gain, _ = _gain(128, 1)
    table, low, step = _curve()
    both = (
        levels.quantise_uniform(weight, gain, LEVELS, 1),
        *curves.table_forward(weight, table, low, step),
    )
    torch.set_num_threads(1)
    one = (
        levels.quantise_uniform(weight, gain, LEVELS, 1),
        *curves.table_forward(weight, table, low, step),
    )
    for ours, theirs in zip(both, one, strict=True):
        assert torch.equal(torch.as_tensor(ours), torch.as_tensor(theirs))


@ADDERS
def test_noise_is_standard_normal(add):
    drawn = _noise(1000, 250, key=11, add=add).numpy().ravel()
    deviations = 5 / np.sqrt(drawn.size)  # five standard errors: one false alarm in a million
    assert abs(drawn.mean()) < deviations
    assert abs(drawn.var() - 1) < np.sqrt(2) * deviations
    assert abs(stats.skew(drawn)) < np.sqrt(6) * deviations
    assert abs(stats.kurtosis(drawn)) < np.sqrt(24) * deviations + 0.002  # the table of 65,536 values ends at 4.2


@ADDERS
@pytest.mark.parametrize("other", [4, 5, 2**63])
def test_noise_of_other_keys_and_of_other_places_is_unrelated(other, add):
    first, second = _noise(400, 100, stream_key(3), add), _noise(400, 100, stream_key(other), add)
    limit = 5 / 200  # five standard errors of a correlation of 40,000 pairs
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < limit
    assert abs(np.corrcoef(first[1:].ravel(), first[:-1].ravel())[0, 1]) < limit
    assert abs(np.corrcoef(first[:, 1:].ravel(), first[:, :-1].ravel())[0, 1]) < limit


@ADDERS
@pytest.mark.parametrize("width", [1, 4])
def test_noise_deviates_by_row_scale_times_column_scale(width, add):
    rows, columns = torch.linspace(0, 2, 40), torch.linspace(1, 3, width)
    values = torch.zeros(40, width)
    add(values, rows, columns, key=5)
    torch.testing.assert_close(values, _noise(40, width, 5, add) * rows[:, None] * columns, rtol=1e-6, atol=1e-6)


@ADDERS
def test_noise_is_added_in_bfloat16_as_rounding_allows(add):
    values = torch.randn(30, 9).bfloat16()
    exact = values.float() + _noise(30, 9, 6, add)
    add(values, torch.ones(30), torch.ones(9), key=6)
    assert torch.equal(values, exact.bfloat16())


def test_stream_keys_tell_apart_every_part_and_its_place():
    parts = [(seed, stream, step) for seed in (-1, 0, 1, 2**64 - 2) for stream in (1, 2, 3) for step in range(50)]
    keys = {stream_key(*part) for part in parts}
    assert len(keys) == len(parts)
    assert stream_key(1, 2, 3) == stream_key(1, 2, 3)
    assert all(0 <= key < 2**64 for key in keys)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("stride", "threads"), [((1, 1), 1), ((2, 1), 2), ((2, 3), 1)])
def test_taps_are_slices_of_padded_maps_and_are_added_back_where_they_were(dtype, stride, threads, two_threads):
    torch.set_num_threads(threads)
    maps = torch.randn(40, 11, 9, 8, dtype=dtype)
    down, across = 4, 3
    places = [
        tuple(range(top, top + count * step, step) for top, count, step in zip(at, (down, across), stride, strict=True))
        for at in ((0, 0), (1, 0), (3, 2), (1, 0), (-1, 7), (9, -2), (-30, 1), (2, 40), (-4, -5))
    ]
    room = 40  # of zeros around

    def at(pixels):
        return slice(pixels.start + room, pixels.stop + room, pixels.step)

    padded = torch.nn.functional.pad(maps, (0, 0, room, room, room, room))
    expected = torch.stack([padded[:, at(i), at(j)] for i, j in places], 1)
    found = taps.take_taps(maps, places)
    assert torch.equal(found, expected.flatten(0, 1).flatten(1))
    gradient = torch.randn(found.shape, dtype=dtype)
    wanted = torch.zeros(padded.shape)
    for (i, j), part in zip(places, gradient.float().view(expected.shape).unbind(1), strict=True):
        wanted[:, at(i), at(j)] += part
    wanted = wanted[:, room:-room, room:-room].to(dtype)
    torch.testing.assert_close(taps.add_taps(gradient, places, maps.shape), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_sums_of_codes_are_those_of_rounding_clipping_and_adding(dtype, two_threads):
    torch.set_num_threads(2)
    columns, reads, tiles = 2048, 300, 3  # enough for two threads
    steps = torch.rand(columns) + 0.1
    values = [(3 * torch.randn(columns, reads)).to(dtype) for _ in range(tiles)]
    total = torch.full((columns, reads), torch.nan)  # what lies there before the first
    sums = CodeSums(total, steps, -3, 5)
    for number, part in enumerate(values):
        for first, last in ((0, 128), (128, reads)):
            sums.add(part[:, first:last].contiguous(), first, begin=number == 0)
    codes = [(part.float() * (1 / steps)[:, None] + 0.5).floor() for part in values]
    wanted = sum(code.clamp(-3, 5) * steps[:, None] for code in codes)
    torch.testing.assert_close(total, wanted, rtol=1e-6, atol=1e-5)
    assert sums.clipped == sum(int((code != code.clamp(-3, 5)).sum()) for code in codes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rounded_values_keep_their_order_in_memory_and_a_nan_stays_one(dtype):
    values = (3 * torch.randn(7, 5, 3, 4)).to(dtype).permute(3, 0, 1, 2)
    values[0, 0, 0, 0] = torch.nan
    found, clipped = round_to_codes(values, 0.25, -9, 9)
    codes = (values.float() * 4 + 0.5).floor()
    assert found.stride() == values.stride()
    assert torch.equal(found.nan_to_num(1e9), (codes.clamp(-9, 9) / 4).to(dtype).nan_to_num(1e9))
    assert clipped == int((codes != codes.clamp(-9, 9)).sum())


def test_all_taps_of_maps_without_pixels_are_zero():
    assert torch.equal(taps.take_taps(torch.zeros(2, 0, 3, 4), [(range(-1, 1), range(2))]), torch.zeros(2, 16))


def test_more_values_than_a_float_can_count_are_counted():
    count = (1 << 24) + 3
    assert round_to_codes(torch.full((count,), 9.0), 1.0, -1, 1)[1] == count
    assert CodeSums(torch.zeros(1, count), torch.ones(1), -1, 1).add(torch.full((1, count), 9.0)) == count
