"""A candidate of a design for warm devices: from numbers in 0..1 to a device, and what it does at a temperature.

A candidate's track is free in length, width and thickness, the anisotropy has one valley, and one or two junctions read
the wall. Nothing on it is smaller than the limits of manufacture, the pinned ends included. It is judged by the compact
wall's equilibrium (`physics.wall_equilibrium`) under currents at which the net's inputs are.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from spingan.devices.noise_statistics import share_left
from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_curve import heavy_metal_current_a, joule_power_w, leaky
from spingan.devices.wall_design import END_M, profile_from
from spingan.devices.wall_device import Detector, WallDevice
from spingan.devices.wall_heat import constants_of, device_at, shipped_devices, table_conductance_s
from spingan.devices.wall_tracks import film_of_thickness, track_constants
from spingan.devices.warm_goal import BULK, SHORTEST_AVERAGE, WarmGoal
from spingan.errors import UserError
from spingan.physics.mesh import Array
from spingan.physics.wall import WallConstants
from spingan.physics.wall_equilibrium import landscape, warm_wells
from spingan.physics.wall_heat import HeatConstants

VALLEYS = (0.12, 0.7)  # of the track's length: one stiff side makes a slope with one junction
WIDEST_GAP_M = 40e-9  # between two junctions; three wall widths
COLUMN_M = 3e-9  # of the compact wall's track: midpoints integrate sech² of 3.5 nm to 1e-3 of itself
LENGTH_GRID_M = 6e-9  # columns and the solver's cells must fill the track
WIDTH_GRID_M = 2e-9  # so must the solver's cells
THICKNESS_GRID_M = 0.05e-9
SETTLED_MEMORIES = 4  # exp(-4) is 2 % of the way, the usual band of a settling time


def count_of(two: bool) -> int:
    """How many numbers a candidate with one or two junctions takes."""
    return 13 if two else 10


def device_from(goal: WarmGoal, numbers: Array, two: bool) -> tuple[WallDevice, float]:
    """The device that numbers in 0..1 stand for, and its averaging time."""
    base, limits = goal.base, goal.limits
    u = np.clip(np.asarray(numbers, dtype=np.float64), 0.0, 1.0)
    smallest = limits.smallest_m
    shortest = max(limits.length_m[0], 2 * END_M + (5 if two else 3) * smallest)
    length_m = _between(u[0], shortest, limits.length_m[1], LENGTH_GRID_M)
    width_m = _between(u[1], max(limits.width_m[0], smallest), limits.width_m[1], WIDTH_GRID_M)
    thickness_m = _between(u[2], *limits.thickness_m, THICKNESS_GRID_M)
    film = film_of_thickness(base.film, thickness_m)
    ratio = base.film.thickness_m / thickness_m
    profile = profile_from(u[3:7], length_m, VALLEYS)
    profile = replace(
        profile,
        flat_j_per_m3=profile.flat_j_per_m3 * ratio,
        left_peak_j_per_m3=profile.left_peak_j_per_m3 * ratio,
        right_peak_j_per_m3=profile.right_peak_j_per_m3 * ratio,
    )
    averaging_s = goal.averaging_s * SHORTEST_AVERAGE ** (1 - float(u[7]))
    device = replace(
        base,
        name=f"warm_{goal.slope:g}".replace(".", "p") if goal.slope else "warm_relu",
        length_m=length_m,
        width_m=width_m,
        film=film,
        profile=profile,
        detectors=junctions_from(u[8:], length_m, width_m, smallest, two),
        exchange_bias=replace(base.exchange_bias, length_m=max(base.exchange_bias.length_m, smallest)),
        bias_current_a=0.0,
    )
    return device, averaging_s


def _between(u: float, low: float, high: float, grid: float) -> float:
    """A place between two lengths, on a grid within them where it has a point there."""
    first, last = math.ceil(low / grid - 1e-6), math.floor(high / grid + 1e-6)
    return round(grid * (first + min(int(float(u) * (last - first + 1)), last - first)), 13) if last >= first else low


def junctions_from(u: Array, length_m: float, width_m: float, smallest_m: float, two: bool) -> tuple[Detector, ...]:
    """Junctions of numbers in 0..1, of which none and no gap is smaller than `smallest_m`.

    The right one spans the width, from `u[0]` on for a share `u[1]` of what is left. The left one ends a gap before it
    (`u[2]`), covers a share of what is left there (`u[3]`) and of the width (`u[4]`).
    """
    low, high = END_M, length_m - END_M
    first = low + (2 * smallest_m if two else 0.0)
    start = _round(first + u[0] * (high - smallest_m - first))
    end = _round(start + smallest_m + u[1] * (high - start - smallest_m))
    right = Detector("right", start, end, 0.0, width_m)
    if not two:
        return (right,)
    room = max(0.0, min(WIDEST_GAP_M - smallest_m, start - low - 2 * smallest_m))
    left_end = _round(start - smallest_m - u[2] * room)
    left_start = _round(left_end - smallest_m - u[3] * max(0.0, left_end - smallest_m - low))
    height = _round(smallest_m + u[4] * (width_m - smallest_m))
    return Detector("left", max(left_start, low), left_end, 0.0, height), right


def _round(value_m: float) -> float:
    """To 0.01 nm: places in a file, not a feature."""
    return round(float(value_m), 11)


@dataclass(frozen=True)
class BranchFit:
    """A curve beside the asked leaky ReLU, weighted by how often an input comes.

    Attributes:
        slope: the weighted line below zero over that above, both through one free output at zero.
        negative_error, positive_error: rms deviation from the asked shape, whose gain and zero are fitted, as a
            fraction of the rms signal of that branch; of a ReLU's resting branch, of the other's.
        gain_s_per_a: of the fitted shape.
        zero_s: its output at zero.
    """

    slope: float
    negative_error: float
    positive_error: float
    gain_s_per_a: float
    zero_s: float

    @property
    def error(self) -> float:
        """The larger of both branches' errors."""
        return max(self.negative_error, self.positive_error)


def fit_branches(current_a: ArrayLike, output_s: ArrayLike, weight: ArrayLike, asked: float) -> BranchFit:
    """Fit outputs (n,) at currents (n,) with weights (n,) to the leaky ReLU of slope `asked`.

    Raises:
        UserError: No weight on one side of zero.
    """
    current, output = np.asarray(current_a, float), np.asarray(output_s, float)
    weights = np.asarray(weight, float) / np.sum(weight)
    for side, chosen in (("negative", current < 0), ("positive", current > 0)):
        if not weights[chosen].sum() > 0:
            raise UserError(f"no input on the {side} side has a weight", "A slope needs inputs on both sides.")
    root, scale = np.sqrt(weights), np.abs(current).max()
    x = current / scale
    lines = np.stack([np.ones_like(x), np.maximum(x, 0), np.minimum(x, 0)], axis=1)
    _, positive, negative = np.linalg.lstsq(lines * root[:, None], output * root, rcond=None)[0]
    ideal = leaky(x, asked)
    shape = np.stack([np.ones_like(x), ideal], axis=1)
    zero, gain = np.linalg.lstsq(shape * root[:, None], output * root, rcond=None)[0]
    off, signal = output - zero - gain * ideal, gain * ideal
    errors = []
    for chosen in (x < 0, x > 0):
        of = chosen if asked > 0 else x > 0
        power = float(weights[of] @ signal[of] ** 2) / weights[of].sum()
        left = float(weights[chosen] @ off[chosen] ** 2) / weights[chosen].sum()
        errors.append(math.sqrt(left / power) if power > 0 and gain > 0 else math.inf)
    slope = float(negative / positive) if positive > 0 else math.inf
    return BranchFit(slope, errors[0], errors[1], float(gain / scale), float(zero))


def full_scale_s(fit: BranchFit, span_s: float, range_a: float) -> float:
    """What a noise is a fraction of: the output's span from no to full input, or less.

    A curve that bends up beyond the net's inputs has a span that these never see. It counts as far as the slope at the
    inputs leads: gain times range.
    """
    return min(span_s, fit.gain_s_per_a * range_a)


@dataclass(frozen=True, eq=False)
class Figures:
    """What a candidate does.

    Attributes:
        numbers: that it was made from; `two` says whether for two junctions.
        device: with the film of the law's reference temperature.
        fit: of its mean output.
        noise: the largest standard deviation of an average over `averaging_s` where 99.5 % of the inputs are, as a
            fraction of `full_scale_s`.
        energy_j: of an evaluation, settling and averaging, in the mean over the inputs.
        loss: chance to lose the wall in an evaluation, in the mean over the inputs.
        current_a, mean_s, averaged_s: (n,) the currents looked at, the mean output and its noise averaged.
    """

    numbers: tuple[float, ...]
    two: bool
    device: WallDevice
    averaging_s: float
    settling_s: float
    fit: BranchFit
    noise: float
    energy_j: float
    loss: float
    current_a: Array
    mean_s: Array
    averaged_s: Array

    @property
    def objectives(self) -> tuple[float, float, float]:
        """Energy, error and noise: all are to be small."""
        return self.energy_j, self.fit.error, self.noise


def constants_for(device: WallDevice) -> tuple[WallConstants, HeatConstants, str]:
    """The compact wall's constants for a candidate: those of its track, and in heat those of the designed device."""
    heat, wall = _heat_constants(), track_constants(device.width_m, device.film.thickness_m)
    note = "constants at 0 K of tracks of this width and thickness (curves/wall_tracks.yaml), in heat those of the "
    return wall, heat, note + "designed leaky ReLU, 23 nm wide, 1 nm thick"


def rows_m(device: WallDevice) -> float:
    """A size of cells across the track that fills it and is at most `COLUMN_M`."""
    return device.width_m / math.ceil(device.width_m / COLUMN_M - 1e-9)


@lru_cache(maxsize=1)
def _heat_constants() -> HeatConstants:
    return constants_of(shipped_devices()["leaky_relu_designed"])[1]


def overdrive(goal: WarmGoal, device: WallDevice) -> float:
    """The push of full scale, pi Ms a, over the steepest pull of the weaker side's anisotropy; above 1 no wall stays.

    The pull is 2 Δ dK/dx at the end of a parabola with the widest wall, as in `wall_design.Goal`.
    """
    film, profile = device.film, device.profile
    push = math.pi * film.saturation_magnetization_a_per_m * drive_t(device, goal.range_a, goal.convention)
    widest = replace(film, anisotropy_j_per_m3=profile.flat_j_per_m3).wall_width_m / math.pi
    sides = (
        (profile.left_peak_j_per_m3, profile.left_end_m),
        (profile.right_peak_j_per_m3, profile.length_m - profile.right_start_m),
    )
    pull = min(2 * widest * 2 * (peak - profile.flat_j_per_m3) / zone for peak, zone in sides)
    return push / pull if pull > 0 else math.inf


def judge(goal: WarmGoal, numbers: Array, two: bool) -> Figures | None:
    """A candidate's figures by the compact wall in equilibrium; None where it holds no wall over its range."""
    device, averaging_s = device_from(goal, numbers, two)
    wall, heat, _ = constants_for(device)
    warm = device_at(device, goal.law, goal.temperature_k)
    nodes = goal.inputs.nodes()
    current = nodes * goal.range_a
    drives = drive_t(warm, goal.range_a, goal.convention) * nodes
    try:
        model = compact_model(warm, COLUMN_M, wall, rows_m(warm))
        track = landscape(model, goal.temperature_k, heat)
        wells = warm_wells(track, drives)
    except UserError:  # no wall rests there, or the anisotropy jumps from cell to cell
        return None
    if np.isnan(wells.rest_m).any():
        return None
    table = table_conductance_s(warm, model, track.states, goal.temperature_k, heat.dimming_per_k)
    mean, rms, memory = wells.averages(track.averaged(table))
    _, _, slowness = wells.averages(wells.position_m)
    span = float(mean[-1] - mean[nodes == 0][0])
    weight = goal.inputs.on(nodes)
    if not span > 0:
        return None
    settling_s = SETTLED_MEMORIES * float(slowness.max())
    averaged = rms * share_left(averaging_s / memory)
    bulk = np.array([abs(x) <= goal.inputs.quantile(1 if x > 0 else -1, BULK) + 1e-3 for x in nodes])
    power = np.array([joule_power_w(warm, heavy_metal_current_a(warm, a, goal.convention)) for a in current])
    power += warm.read_voltage_v**2 * mean
    window_s = settling_s + averaging_s
    fit = fit_branches(current, mean, weight, goal.slope)
    full = full_scale_s(fit, span, goal.range_a)
    return Figures(
        numbers=tuple(float(number) for number in numbers),
        two=two,
        device=device,
        averaging_s=averaging_s,
        settling_s=settling_s,
        fit=fit,
        noise=float(averaged[bulk].max()) / full if full > 0 else math.inf,
        energy_j=float(weight @ power) * window_s,
        loss=float(weight @ -np.expm1(-wells.loss_per_s * window_s)),
        current_a=current,
        mean_s=mean,
        averaged_s=averaged,
    )
