"""The in-layer convolution of a magnetisation with a tensor, eight columns or eight frequencies at a time.

Three passes over the film: down its columns to frequencies along y; along its rows to those along x, times the tensor,
and back; up the columns to the field. The first pass packs two real columns into one complex signal, m_x beside m_y and
a block of eight m_z beside the next, and unpacks the frequencies k and -k that both hold; so only half of the
frequencies along y go on. What a pass works on stays in the processor's nearest caches.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spingan.extras import needs
from spingan.physics.fourier import ROW, Plan, backward, forward
from spingan.physics.mesh import Array
from spingan.physics.padded import Grid
from spingan.physics.simd import LANES, load, splat, store, transpose

with needs("the physics of devices"):
    from numba import njit


class Convolver(NamedTuple):
    """A tensor's transform and the working space for one convolution at a time; a named tuple for numba's sake.

    Attributes:
        grid: how the magnetisation lies in memory.
        along_x: plan of the rows' transforms.
        along_y: plan of the columns' transforms.
        positive: rows of a column's transform with the frequencies that go on, filled up to eights with the last.
        negative: rows with the opposite frequencies.
        kernel: N_xx, N_yy and N_xy for eight of those frequencies at each frequency along x, with the transforms'
            factors; N_zz is `trace` less N_xx and N_yy.
        trace: N_xx + N_yy + N_zz, the same at every frequency.
        spectrum: the magnetisation between the passes.
        buffer: six rows' or one block of columns' transforms.
        corner: four eights by eights, between a transposition and its use.
    """

    grid: Grid
    along_x: Plan
    along_y: Plan
    positive: NDArray[np.int64]
    negative: NDArray[np.int64]
    kernel: Array
    trace: float
    spectrum: Array
    buffer: Array
    corner: Array


@njit(cache=True)
def convolve(c, m, field):
    """Write N m to `field`; both are padded arrays, flat."""
    grid = c.grid
    layer = len(c.spectrum) // 3
    for x in range(0, grid.nx, LANES):
        at = grid.first + x
        _down(c, m, at, at + grid.layer, ROW * x, layer + ROW * x)
    for x in range(0, grid.nx, 2 * LANES):
        at = 2 * grid.layer + grid.first + x
        _down(c, m, at, at + LANES, 2 * layer + ROW * x, 2 * layer + ROW * (x + LANES))
    for block in range(len(c.positive) // LANES):
        _along(c, block, layer)
    for x in range(0, grid.nx, LANES):
        at = grid.first + x
        _up(c, field, at, at + grid.layer, ROW * x, layer + ROW * x)
    for x in range(0, grid.nx, 2 * LANES):
        at = 2 * grid.layer + grid.first + x
        _up(c, field, at, at + LANES, 2 * layer + ROW * x, 2 * layer + ROW * (x + LANES))


@njit
def _down(c, m, first, second, to_first, to_second):
    """Eight columns of two signals to their frequencies along y."""
    length, buffer, corner, twist = c.along_y.length, c.buffer, c.corner, c.along_y.twist
    for y in range(c.grid.ny):
        re, im = load(m, first + y * c.grid.stride), load(m, second + y * c.grid.stride)
        _put_twice(buffer, 0, y, length, twist, re, im)
    _clear(buffer, 0, c.grid.ny, length)
    for half in range(2):
        forward(buffer, half * length, c.along_y)
    block_size = ROW * c.grid.columns
    for block in range(len(c.positive) // LANES):
        for k in range(LANES):
            plus, minus = ROW * c.positive[block * LANES + k], ROW * c.negative[block * LANES + k]
            pr, pi = load(buffer, plus), load(buffer, plus + 8)
            qr, qi = load(buffer, minus), load(buffer, minus + 8)
            store(corner, 8 * k, pr + qr)
            store(corner, 8 * k + 64, pi - qi)
            store(corner, 8 * k + 128, pi + qi)
            store(corner, 8 * k + 192, qr - pr)
        to_a, to_b = block * block_size + to_first, block * block_size + to_second
        transpose(corner, 0, 8, c.spectrum, to_a, ROW)
        transpose(corner, 64, 8, c.spectrum, to_a + 8, ROW)
        transpose(corner, 128, 8, c.spectrum, to_b, ROW)
        transpose(corner, 192, 8, c.spectrum, to_b + 8, ROW)


@njit
def _along(c, block, layer):
    """Eight frequencies along y: to frequencies along x, times the tensor, and back."""
    length, buffer, twist, kernel = c.along_x.length, c.buffer, c.along_x.twist, c.kernel
    start = block * ROW * c.grid.columns
    for part in range(3):
        rows = 2 * length * part
        for x in range(c.grid.nx):
            at = part * layer + start + ROW * x
            _put_twice(buffer, rows, x, length, twist, load(c.spectrum, at), load(c.spectrum, at + 8))
        _clear(buffer, rows, c.grid.nx, length)
    for half in range(6):
        forward(buffer, half * length, c.along_x)
    for row in range(2 * length):
        at = 3 * LANES * (2 * length * block + row)
        xx, yy, xy = load(kernel, at), load(kernel, at + 8), load(kernel, at + 16)
        zz = c.trace - xx - yy
        x, y, z = ROW * row, ROW * (2 * length + row), ROW * (4 * length + row)
        xr, xi, yr, yi = load(buffer, x), load(buffer, x + 8), load(buffer, y), load(buffer, y + 8)
        zr, zi = load(buffer, z), load(buffer, z + 8)
        store(buffer, x, xx * xi + xy * yi)  # imaginary parts first: `backward` wants them exchanged
        store(buffer, x + 8, xx * xr + xy * yr)
        store(buffer, y, xy * xi + yy * yi)
        store(buffer, y + 8, xy * xr + yy * yr)
        store(buffer, z, zz * zi)
        store(buffer, z + 8, zz * zr)
    for half in range(6):
        backward(buffer, half * length, c.along_x)
    for part in range(3):
        rows = 2 * length * part
        for x in range(c.grid.nx):
            re, im = _join(buffer, rows, x, length, twist)
            at = part * layer + start + ROW * x
            store(c.spectrum, at, re)
            store(c.spectrum, at + 8, im)


@njit
def _up(c, field, first, second, from_first, from_second):
    """`_down` backwards: two real fields from their frequencies along y."""
    length, buffer, corner = c.along_y.length, c.buffer, c.corner
    block_size = ROW * c.grid.columns
    for block in range(len(c.positive) // LANES):
        from_a, from_b = block * block_size + from_first, block * block_size + from_second
        transpose(c.spectrum, from_a, ROW, corner, 0, 8)
        transpose(c.spectrum, from_a + 8, ROW, corner, 64, 8)
        transpose(c.spectrum, from_b, ROW, corner, 128, 8)
        transpose(c.spectrum, from_b + 8, ROW, corner, 192, 8)
        for k in range(LANES):
            plus, minus = ROW * c.positive[block * LANES + k], ROW * c.negative[block * LANES + k]
            ar, ai = load(corner, 8 * k), load(corner, 8 * k + 64)
            br, bi = load(corner, 8 * k + 128), load(corner, 8 * k + 192)
            store(buffer, minus, br - ai)
            store(buffer, minus + 8, ar + bi)
            store(buffer, plus, ai + br)
            store(buffer, plus + 8, ar - bi)
    for half in range(2):
        backward(buffer, half * length, c.along_y)
    for y in range(c.grid.ny):
        re, im = _join(buffer, 0, y, length, c.along_y.twist)
        store(field, first + y * c.grid.stride, re)
        store(field, second + y * c.grid.stride, im)


@njit
def _put_twice(buffer, start, k, length, twist, re, im):
    """Sample k for the even frequencies, and turned for the odd ones."""
    cosine, sine = twist[2 * k], twist[2 * k + 1]
    store(buffer, ROW * (start + k), re)
    store(buffer, ROW * (start + k) + 8, im)
    store(buffer, ROW * (start + length + k), cosine * re - sine * im)
    store(buffer, ROW * (start + length + k) + 8, cosine * im + sine * re)


@njit
def _join(buffer, start, k, length, twist):
    """Sample k from the even and the odd frequencies; the buffer holds imaginary parts first."""
    cosine, sine = twist[2 * k], twist[2 * k + 1]
    even, odd = ROW * (start + k), ROW * (start + length + k)
    oi, our = load(buffer, odd), load(buffer, odd + 8)
    return (
        load(buffer, even + 8) + cosine * our + sine * oi,
        load(buffer, even) + cosine * oi - sine * our,
    )


@njit
def _clear(buffer, start, first, length):
    """Zeros from sample `first` up to the transforms' length, in both halves."""
    zero = splat(0.0)
    for half in (start, start + length):
        for at in range(ROW * (half + first), ROW * (half + length), LANES):
            store(buffer, at, zero)
