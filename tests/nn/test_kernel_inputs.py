"""A kernel checks no index while it runs, so it refuses whatever does not fit before it does."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spingan.nn.kernels import curves, noise, patches, read_noise, taps
from spingan.nn.kernels.base import flat
from spingan.nn.kernels.converters import CodeSums, round_to_codes
from spingan.nn.kernels.levels import clip_gradient, quantise_two_sided, quantise_uniform
from spingan.nn.kernels.pulses import PulseResponse, write_pulses

SIZES = st.integers(1, 6)
FLAT = np.zeros(4, np.float32)
CURVE = np.full(3, 0.1, np.float32)
RESPONSE = PulseResponse(CURVE, CURVE, CURVE, CURVE, 0.0, float("inf"))


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES, SIZES, st.sampled_from([noise.add_gaussian, read_noise.add_pooled_gaussian]))
def test_noise_takes_exactly_as_many_values_as_rows_times_columns(values, rows, columns, add):
    given_values = torch.zeros(values + 64)[:values]  # what lies behind belongs to somebody else
    if values == rows * columns:
        add(given_values, torch.ones(rows), torch.ones(columns), 1)
        assert given_values.count_nonzero() == values
        return
    with pytest.raises(ValueError, match=f"{values} values are not {rows} rows of {columns} columns"):
        add(given_values, torch.ones(rows), torch.ones(columns), 1)
    assert given_values.count_nonzero() == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(SIZES, min_size=1, max_size=4), st.data())
def test_only_a_tensor_that_covers_its_memory_is_seen_flat(shape, data):
    values = torch.arange(int(np.prod(shape)), dtype=torch.float32).view(shape)
    turned = values.permute(data.draw(st.permutations(range(len(shape)))))
    assert np.array_equal(flat(turned), np.arange(values.numel()))
    axis = data.draw(st.integers(0, len(shape) - 1))
    cut = torch.zeros([2 * size if place == axis else size for place, size in enumerate(shape)])
    cut = cut[tuple(slice(None, None, 2) if place == axis else slice(None) for place in range(len(shape)))]
    assume(cut.numel() > 1 and cut.shape[axis] > 1)
    with pytest.raises(ValueError, match="leave gaps"):
        flat(cut)


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES, st.sampled_from([0, 1]))
def test_weights_have_one_gain_a_column(outputs, inputs, gains, axis):
    weight, levels = torch.randn(outputs, inputs), torch.linspace(-1, 1, 4)
    calls = [
        lambda: quantise_uniform(weight, torch.ones(gains), levels, axis),
        lambda: clip_gradient(weight, weight, torch.ones(gains), axis),
    ]
    if axis == 0:
        calls.append(lambda: quantise_two_sided(weight, torch.ones(gains), levels))
    for call in calls:
        if gains == weight.shape[axis]:
            assert call().shape == weight.shape
        else:
            with pytest.raises(ValueError, match="gains"):
                call()


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(-1, 1))
def test_patches_are_added_back_only_if_they_are_as_many_as_were_gathered(height, width, kernel, stride, padding, more):
    images = torch.randn(2, 3, height, width)
    if min(height, width) + 2 * padding < kernel:
        with pytest.raises(ValueError, match="a kernel of"):
            patches.gather_patches(images, kernel, stride, padding)
        return
    rows = patches.gather_patches(images, kernel, stride, padding)
    wrong = torch.zeros(len(rows) + more, rows.shape[1])
    if more == 0:
        assert patches.scatter_patches(wrong, images.shape, kernel, stride, padding).count_nonzero() == 0
    else:
        with pytest.raises(ValueError, match="patches"):
            patches.scatter_patches(wrong, images.shape, kernel, stride, padding)


UNFIT = {
    "a gradient of other values": lambda: curves.table_backward(torch.zeros(4), torch.zeros(3), torch.zeros(3), 0, 1),
    "a table of one point": lambda: curves.table_forward(torch.zeros(4), torch.zeros(1), 0, 1),
    "three bends": lambda: curves.hinge_forward(torch.zeros(4), 0, FLAT[:3], FLAT[:3], 0, 1),
    "places without bends": lambda: curves.hinge_forward(torch.zeros(4), 0, FLAT, FLAT[:3], 0, 1),
    "a bent line's gradient": lambda: curves.hinge_backward(torch.zeros(4), torch.zeros(5), FLAT, FLAT),
    "another type": lambda: flat(torch.zeros(4, dtype=torch.float64)),
    "scales of another type": lambda: noise.add_gaussian(
        torch.zeros(4), torch.ones(2), torch.ones(2, dtype=torch.bfloat16), 1
    ),
    "a short gradient of pulses": lambda: write_pulses(
        torch.zeros(4), torch.zeros(3), torch.zeros(4), torch.zeros(4), full=1, factor=1, response=RESPONSE, key=1
    ),
    "a short count of pulses": lambda: write_pulses(
        torch.zeros(4), torch.zeros(4), torch.zeros(4), torch.zeros(3), full=1, factor=1, response=RESPONSE, key=1
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_does_not_fit_is_refused(case):
    with pytest.raises(ValueError, match="does not fit"):
        UNFIT[case]()


@pytest.mark.parametrize(
    "places",
    [
        [(range(2), range(2)), (range(3), range(2))],
        [(range(2), range(2)), (range(0, 4, 2), range(2))],
        [(range(1, -1, -1), range(2))],
    ],
)
def test_taps_are_all_of_one_size_and_step_forwards(places):
    with pytest.raises(ValueError, match="together"):
        taps.take_taps(torch.zeros(2, 4, 5, 3), places)
    with pytest.raises(ValueError, match="together"):
        taps.add_taps(torch.zeros(2, 3), places, (2, 4, 5, 3))


def test_taps_that_are_too_few_or_not_in_rows_are_refused():
    places = [(range(2), range(2))]
    with pytest.raises(ValueError, match=r"\(2, 11\) for 1 taps"):
        taps.add_taps(torch.zeros(2, 11), places, (2, 4, 5, 3))
    with pytest.raises(ValueError, match="not contiguous"):
        taps.take_taps(torch.zeros(2, 5, 4, 3).transpose(1, 2), places)


@pytest.mark.parametrize(
    ("total", "steps"),
    [
        (torch.zeros(3, 8), torch.ones(2)),
        (torch.zeros(8, 3).t(), torch.ones(3)),
        (torch.zeros(3, 8, dtype=torch.bfloat16), torch.ones(3)),
        (torch.zeros(3, 8), torch.ones(3, dtype=torch.bfloat16)),
    ],
)
def test_sums_of_codes_have_a_step_for_each_column(total, steps):
    with pytest.raises(ValueError, match="steps of"):
        CodeSums(total, steps, -1, 1)


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (torch.zeros(2, 4), 0),
        (torch.zeros(3, 9), 0),
        (torch.zeros(3, 4), 5),
        (torch.zeros(3, 4), -1),
        (torch.zeros(4, 3).t(), 0),
    ],
)
def test_values_that_are_added_are_rows_of_the_sums_columns(values, first):
    total = torch.zeros(3, 8)
    with pytest.raises(ValueError, match="rows of the sums' columns"):
        CodeSums(total, torch.ones(3), -1, 1).add(values, first)


def test_only_values_that_cover_their_memory_are_rounded():
    with pytest.raises(ValueError, match="leave gaps"):
        round_to_codes(torch.zeros(4, 6)[:, ::2], 1.0, -1, 1)
