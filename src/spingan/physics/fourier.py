"""Discrete Fourier transforms of eight complex signals at a time, for convolution.

A signal of n numbers that is convolved over a distance of up to n needs a transform of length 2 L with L >= n, of which
half the input is zero and half the output is not wanted. Its even and its odd frequencies are each a transform of
length L, of the signal and of the signal times exp(-pi i k / L), so no zero is ever touched. Forward transforms leave
their frequencies in the order that decimation in frequency gives, inverse ones take them in that order: a convolution
needs no other, and nothing is sorted.

A buffer is a flat float64 array; sample k of a transform that starts at row `start` stands at 16 (start + k): eight
real parts, then eight imaginary ones.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spingan.extras import needs
from spingan.physics.mesh import Array
from spingan.physics.simd import load, store

with needs("the physics of devices"):
    from numba import njit

ROW = 16
RADICES = (4, 5, 3, 2)


class Plan(NamedTuple):
    """What transforms of one length need; a named tuple, since numba takes those whole.

    Attributes:
        length: L; the padded signal's length is 2 L.
        radices: the factors of L in the order of the forward transform's stages, (stages,).
        twiddles: for each stage, for each j, the real and imaginary part of exp(-2 pi i j p / n) for p = 1..radix-1.
        twist: real and imaginary part of exp(-pi i k / L) for k = 0..L-1, (2 L,).
        order: the frequency 0..2 L - 1 of each row, first the even frequencies' transform, then the odd ones', (2 L,).
    """

    length: int
    radices: NDArray[np.int64]
    twiddles: Array
    twist: Array
    order: NDArray[np.int64]


def plan(samples: int) -> Plan:
    """The plan for signals of so many samples: the shortest length with factors 2, 3 and 5 only."""
    length = samples
    while not (radices := _radices(length)) and length > 1:
        length += 1
    twiddles, order, size = [], np.zeros(1, dtype=np.int64), length
    weight = 1
    for radix in radices:
        j, p = np.mgrid[0 : size // radix, 1:radix]
        phase = -2 * math.pi * j * p / size
        twiddles.append(np.stack([np.cos(phase), np.sin(phase)], axis=-1).ravel())
        order = (order[:, None] + weight * np.arange(radix)).ravel()
        weight *= radix
        size //= radix
    twist = np.exp(-1j * math.pi * np.arange(length) / length)
    return Plan(
        length,
        np.array(radices, dtype=np.int64),
        np.concatenate(twiddles) if twiddles else np.zeros(0),
        twist.view(np.float64),
        np.concatenate([2 * order, 2 * order + 1]),
    )


def _radices(length: int) -> tuple[int, ...]:
    """The stages for a length, none if it has other factors than these (or is 1)."""
    found = []
    for radix in RADICES:
        while length % radix == 0:
            found.append(radix)
            length //= radix
    return tuple(found) if length == 1 else ()


@njit
def _get(buffer, at):
    return load(buffer, at), load(buffer, at + 8)


@njit
def _put(buffer, at, z):
    store(buffer, at, z[0])
    store(buffer, at + 8, z[1])


@njit
def _turn(z, twiddles, w):
    """z times the twiddle at `w`."""
    re, im = twiddles[w], twiddles[w + 1]
    return re * z[0] - im * z[1], re * z[1] + im * z[0]


@njit
def _as_is(z, twiddles, w):
    return z


@njit
def _dft3(a, b, c):
    half, sine = 0.5, math.sqrt(0.75)
    sr, si = b[0] + c[0], b[1] + c[1]
    dr, di = sine * (b[0] - c[0]), sine * (b[1] - c[1])
    mr, mi = a[0] - half * sr, a[1] - half * si
    return (a[0] + sr, a[1] + si), (mr + di, mi - dr), (mr - di, mi + dr)


@njit
def _dft4(a, b, c, d):
    er, ei, fr, fi = a[0] + c[0], a[1] + c[1], a[0] - c[0], a[1] - c[1]
    gr, gi, hr, hi = b[0] + d[0], b[1] + d[1], b[0] - d[0], b[1] - d[1]
    return (er + gr, ei + gi), (fr + hi, fi - hr), (er - gr, ei - gi), (fr - hi, fi + hr)


@njit
def _dft5(a, b, c, d, e):
    c1, c2 = math.cos(2 * math.pi / 5), math.cos(4 * math.pi / 5)
    s1, s2 = math.sin(2 * math.pi / 5), math.sin(4 * math.pi / 5)
    pr, pi, qr, qi = b[0] + e[0], b[1] + e[1], b[0] - e[0], b[1] - e[1]
    rr, ri, tr, ti = c[0] + d[0], c[1] + d[1], c[0] - d[0], c[1] - d[1]
    ur, ui = a[0] + c1 * pr + c2 * rr, a[1] + c1 * pi + c2 * ri
    vr, vi = a[0] + c2 * pr + c1 * rr, a[1] + c2 * pi + c1 * ri
    xr, xi = s1 * qr + s2 * tr, s1 * qi + s2 * ti
    yr, yi = s2 * qr - s1 * tr, s2 * qi - s1 * ti
    return (
        (a[0] + pr + rr, a[1] + pi + ri),
        (ur + xi, ui - xr),
        (vr + yi, vi - yr),
        (vr - yi, vi + yr),
        (ur - xi, ui + xr),
    )


def _stages(turns_outputs: bool) -> tuple[Callable[..., None], ...]:
    """The stages of radix 2 to 5, compiled: forward ones turn their outputs by the twiddles, backward ones inputs.

    In stage(buffer, start, length, step, twiddles, w) the twiddles of this stage begin at `w`.
    """
    before, after = (_as_is, _turn) if turns_outputs else (_turn, _as_is)

    @njit
    def radix2(buffer, start, length, step, twiddles, w):
        s = ROW * step
        for j in range(step):
            for k in range(ROW * (start + j), ROW * (start + length), 2 * s):
                a = _get(buffer, k)
                b = before(_get(buffer, k + s), twiddles, w)
                a, b = (a[0] + b[0], a[1] + b[1]), (a[0] - b[0], a[1] - b[1])
                _put(buffer, k, a)
                _put(buffer, k + s, after(b, twiddles, w))
            w += 2

    @njit
    def radix3(buffer, start, length, step, twiddles, w):
        s = ROW * step
        for j in range(step):
            for k in range(ROW * (start + j), ROW * (start + length), 3 * s):
                a = _get(buffer, k)
                b = before(_get(buffer, k + s), twiddles, w)
                c = before(_get(buffer, k + 2 * s), twiddles, w + 2)
                a, b, c = _dft3(a, b, c)
                _put(buffer, k, a)
                _put(buffer, k + s, after(b, twiddles, w))
                _put(buffer, k + 2 * s, after(c, twiddles, w + 2))
            w += 4

    @njit
    def radix4(buffer, start, length, step, twiddles, w):
        s = ROW * step
        for j in range(step):
            for k in range(ROW * (start + j), ROW * (start + length), 4 * s):
                a = _get(buffer, k)
                b = before(_get(buffer, k + s), twiddles, w)
                c = before(_get(buffer, k + 2 * s), twiddles, w + 2)
                d = before(_get(buffer, k + 3 * s), twiddles, w + 4)
                a, b, c, d = _dft4(a, b, c, d)
                _put(buffer, k, a)
                _put(buffer, k + s, after(b, twiddles, w))
                _put(buffer, k + 2 * s, after(c, twiddles, w + 2))
                _put(buffer, k + 3 * s, after(d, twiddles, w + 4))
            w += 6

    @njit
    def radix5(buffer, start, length, step, twiddles, w):
        s = ROW * step
        for j in range(step):
            for k in range(ROW * (start + j), ROW * (start + length), 5 * s):
                a = _get(buffer, k)
                b = before(_get(buffer, k + s), twiddles, w)
                c = before(_get(buffer, k + 2 * s), twiddles, w + 2)
                d = before(_get(buffer, k + 3 * s), twiddles, w + 4)
                e = before(_get(buffer, k + 4 * s), twiddles, w + 6)
                a, b, c, d, e = _dft5(a, b, c, d, e)
                _put(buffer, k, a)
                _put(buffer, k + s, after(b, twiddles, w))
                _put(buffer, k + 2 * s, after(c, twiddles, w + 2))
                _put(buffer, k + 3 * s, after(d, twiddles, w + 4))
                _put(buffer, k + 4 * s, after(e, twiddles, w + 6))
            w += 8

    return radix2, radix3, radix4, radix5


_forward2, _forward3, _forward4, _forward5 = _stages(turns_outputs=True)
_backward2, _backward3, _backward4, _backward5 = _stages(turns_outputs=False)


@njit(cache=True)
def forward(buffer, start, plan):
    """Transform one buffer in place by decimation in frequency: each stage turns its outputs by the twiddles."""
    length, twiddles = plan.length, plan.twiddles
    step, w = length, 0
    for radix in plan.radices:
        step //= radix
        if radix == 4:
            _forward4(buffer, start, length, step, twiddles, w)
        elif radix == 5:
            _forward5(buffer, start, length, step, twiddles, w)
        elif radix == 3:
            _forward3(buffer, start, length, step, twiddles, w)
        else:
            _forward2(buffer, start, length, step, twiddles, w)
        w += 2 * (radix - 1) * step


@njit(cache=True)
def backward(buffer, start, plan):
    """The same stages in reverse, each turning its inputs.

    With real and imaginary parts exchanged before and after, this undoes `forward`, times the length.
    """
    length, twiddles = plan.length, plan.twiddles
    step, w = 1, len(twiddles)
    for stage in range(len(plan.radices) - 1, -1, -1):
        radix = plan.radices[stage]
        w -= 2 * (radix - 1) * step
        if radix == 4:
            _backward4(buffer, start, length, step, twiddles, w)
        elif radix == 5:
            _backward5(buffer, start, length, step, twiddles, w)
        elif radix == 3:
            _backward3(buffer, start, length, step, twiddles, w)
        else:
            _backward2(buffer, start, length, step, twiddles, w)
        step *= radix
