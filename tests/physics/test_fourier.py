"""The transforms for convolutions against numpy's."""

import numpy as np
import pytest

from spingan.physics.fourier import backward, forward, plan


@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5, 7, 23, 30, 100, 325])
def test_forward_is_the_discrete_fourier_transform_and_backward_undoes_it(samples):
    ready = plan(samples)
    length = ready.length
    rows = np.random.default_rng(1).normal(size=(2 * length, 2, 8))
    buffer = rows.ravel().copy()
    forward(buffer, length, ready)
    assert np.array_equal(buffer[: 16 * length], rows.ravel()[: 16 * length])  # only the second half was asked for
    got = buffer.reshape(-1, 2, 8)[length:]
    expected = np.fft.fft(rows[length:, 0] + 1j * rows[length:, 1], axis=0)[ready.order[:length] // 2]
    assert got[:, 0] + 1j * got[:, 1] == pytest.approx(expected, abs=1e-12)
    exchanged = np.ascontiguousarray(got[:, ::-1]).ravel()
    backward(exchanged, 0, ready)
    assert exchanged.reshape(-1, 2, 8)[:, ::-1] / length == pytest.approx(rows[length:], abs=1e-13)


def test_a_length_is_the_next_product_of_two_three_and_five():
    assert [plan(n).length for n in (1, 7, 23, 100, 325, 361)] == [1, 8, 24, 100, 360, 375]
