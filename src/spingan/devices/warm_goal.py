"""What is asked of a device at a temperature: slope and noise, the net's inputs, and what can be made."""

import math
from dataclasses import dataclass, field

import numpy as np

from spingan.devices.wall_design import END_M, check_asked
from spingan.devices.wall_device import LEAKY_RELU, TorqueConvention, WallDevice
from spingan.devices.wall_tracks import track_constants
from spingan.errors import UserError
from spingan.physics.film_temperature import COBALT_ON_PLATINUM, TemperatureLaw
from spingan.physics.mesh import Array
from spingan.physics.wall_heat import STEP_S

SHORTEST_AVERAGE = 0.05  # of the averaging time that is allowed
BULK = 0.995  # of the inputs: the noise is looked at where they are


@dataclass(frozen=True)
class Limits:
    """What can be made. Lengths, widths and thicknesses of the track lie between their two ends.

    Attributes:
        smallest_m: extent of any junction, gap between two of them, pinned end, or width of a track.

    Raises:
        UserError: Limits that leave no design.
    """

    smallest_m: float = 10e-9
    length_m: tuple[float, float] = (60e-9, 300e-9)
    width_m: tuple[float, float] = (10e-9, 100e-9)
    thickness_m: tuple[float, float] = (0.9e-9, 1.2e-9)

    def __post_init__(self) -> None:
        smallest_nm = self.smallest_m * 1e9
        if not (math.isfinite(self.smallest_m) and self.smallest_m > 0):
            raise UserError(f"the smallest extent is {smallest_nm:g} nm", "Give a length above 0; 10 nm are usual.")
        for name in ("length_m", "width_m", "thickness_m"):
            low, high = getattr(self, name)
            if not 0 < low <= high < math.inf:
                raise UserError(f"limits of {name}: {low:g} to {high:g}", "Give two lengths that rise.")
        if self.smallest_m > self.width_m[1] or 2 * END_M + 5 * self.smallest_m > self.length_m[1]:
            raise UserError(
                f"limits that leave no design: nothing below {smallest_nm:g} nm on a track of at most "
                f"{self.length_m[1] * 1e9:g} x {self.width_m[1] * 1e9:g} nm",
                "Two pinned ends, two junctions and a gap must fit: lower --smallest-nm.",
            )
        for width_m in self.width_m:
            for thickness_m in self.thickness_m:
                track_constants(width_m, thickness_m)  # refuses what is not calibrated


@dataclass(frozen=True, eq=False)
class InputWeight:
    """How often which input comes, against the share of full scale. Without a net, all within ±1 alike.

    Attributes:
        share: (n,) rising within -1..1.
        weight: (n,) adds to 1.
        source: whose inputs they are.
    """

    share: Array = field(default_factory=lambda: np.linspace(-0.995, 0.995, 200))
    weight: Array = field(default_factory=lambda: np.full(200, 1 / 200))
    source: str = "all inputs alike"

    def __post_init__(self) -> None:
        share, weight = np.asarray(self.share, float), np.asarray(self.weight, float)
        good = share.shape == weight.shape and share.ndim == 1 and np.all(np.diff(share) > 0) and np.all(weight >= 0)
        if not (good and abs(weight.sum() - 1) < 1e-6 and np.abs(share).max() <= 1):
            raise UserError("the inputs' weights do not add to 1 over rising shares within ±1", "Give shares of them.")
        if not (weight[share < 0].sum() > 0 and weight[share > 0].sum() > 0):
            raise UserError("all inputs lie on one side of zero", "A slope needs inputs on both.")

    def quantile(self, side: int, level: float) -> float:
        """The size that a share `level` of the inputs on a side (+1, -1) does not exceed."""
        chosen = side * self.share > 0
        size, weight = np.abs(self.share[chosen]), self.weight[chosen]
        order = np.argsort(size)
        return float(np.interp(level, np.cumsum(weight[order]) / weight.sum(), size[order]))

    @property
    def rms(self) -> float:
        """Root mean square, as a share of full scale."""
        return math.sqrt(float(self.weight @ self.share**2))

    def nodes(self) -> Array:
        """Shares at which a device is looked at, (n,) rising: 0, both ends, and quantiles of the inputs in between."""
        found = {0.0, -1.0, 1.0, -0.5, 0.5}
        for side in (-1, 1):
            for level in (0.25, 0.5, 0.75, 0.9, BULK):
                size = round(self.quantile(side, level), 4)
                if all(abs(side * size - other) > 0.008 for other in found):
                    found.add(side * size)
        return np.array(sorted(found))

    def on(self, nodes: Array) -> Array:
        """(nodes,) the weights, each shared out between its two neighbours among `nodes`."""
        right = np.clip(np.searchsorted(nodes, self.share), 1, len(nodes) - 1)
        part = (self.share - nodes[right - 1]) / (nodes[right] - nodes[right - 1])
        at = np.bincount(right - 1, self.weight * (1 - part), len(nodes))
        at += np.bincount(right, self.weight * part, len(nodes))
        return np.asarray(at, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class WarmGoal:
    """What is asked of a device at a temperature.

    Attributes:
        slope, range_a, convention: as of `wall_design.Goal`.
        base: the device whose film, heavy metal, drive and reading are kept.
        averaging_s: the longest average of an evaluation.
        noise: largest standard deviation of such an average, as a fraction of the output's full scale.
        slope_tolerance: absolute.
        largest_loss: of the chance to lose the wall in an evaluation, in the mean over the inputs; assumed.
        law: the film against temperature.

    Raises:
        UserError: As `check_asked`; a temperature that the law does not hold at, an averaging time below the step of
            walls in heat, or tolerances that are not positive.
    """

    slope: float
    range_a: float
    temperature_k: float
    convention: TorqueConvention = "magnet-section"
    base: WallDevice = LEAKY_RELU
    averaging_s: float = 10e-9
    inputs: InputWeight = field(default_factory=InputWeight)
    limits: Limits = field(default_factory=Limits)
    noise: float = 0.02
    slope_tolerance: float = 0.02
    largest_loss: float = 1e-6
    law: TemperatureLaw = COBALT_ON_PLATINUM

    def __post_init__(self) -> None:
        check_asked(self.slope, self.range_a, self.convention)
        self.law.magnetisation(self.temperature_k)
        if self.temperature_k == 0:
            raise UserError("at 0 K there is no noise to design for", "Leave --temperature out, or give one above 0.")
        if not (math.isfinite(self.averaging_s) and self.averaging_s * SHORTEST_AVERAGE >= STEP_S):
            raise UserError(
                f"the averaging time is {self.averaging_s * 1e9:g} ns: twentieths of it are tried, and the walls are "
                f"not followed in finer steps than {STEP_S * 1e9:g} ns",
                f"Average for {STEP_S / SHORTEST_AVERAGE * 1e9:g} ns or longer.",
            )
        for name in ("noise", "slope_tolerance", "largest_loss"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise UserError(f"{name} is {getattr(self, name):g}", "It must be above 0.")
