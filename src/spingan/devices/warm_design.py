"""Design for warm devices: the front of energy against error and noise, and what a goal that it misses would take.

Differential evolution makes one number small, so a front takes several searches: each asks for another balance of
error, noise and energy (the largest of the three as multiples of a target: Chebyshev's scalarisation, K. Miettinen,
Nonlinear Multiobjective Optimization (1999), section 3.4). What any of them met and no other candidate beats in all
three is the front. Its devices are then followed in time by walls in heat (`wall_heat`), and their figures are those of
these walls; a device that another one beats by then is left out.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from spingan.devices.noise_statistics import Estimate
from spingan.devices.wall_design import HOPELESS, least_by_evolution
from spingan.devices.wall_heat import WarmPlan, WarmStudy, warm_study
from spingan.devices.wall_study import Task, run_tasks
from spingan.devices.wall_tracks import CELL_M
from spingan.devices.warm_candidate import (
    BranchFit,
    Figures,
    constants_for,
    count_of,
    device_from,
    fit_branches,
    full_scale_s,
    judge,
    overdrive,
)
from spingan.devices.warm_goal import BULK, WarmGoal
from spingan.errors import UserError
from spingan.extras import needs
from spingan.front import front_of
from spingan.output import write_text
from spingan.physics.mesh import Array
from spingan.progress import Progress, no_progress

with needs("the physics of devices"):
    from scipy.interpolate import PchipInterpolator

STRONGEST_PUSH = 1.05  # push over pull: beyond it no wall stays, and none is looked for
NEAREST = 3  # of a search are followed in time, since that moves their figures
WORST_ERROR = 1.0  # of a branch's signal: beyond it a curve is no activation any more
Target = tuple[float, float, float]  # energy in J, error, noise
TARGETS: tuple[Target | None, ...] = (  # None: the goal itself, slope and noise
    None,
    (0.1e-12, 0.3, 0.02),
    (0.5e-12, 0.15, 0.02),
    (0.05e-12, 0.3, 0.06),
    (0.02e-12, 0.5, 0.1),
)


@dataclass(frozen=True)
class Effort:
    """How much is spent.

    Attributes:
        population: of a search, in candidates per number.
        generations: of a search.
        points: devices on the front at most.
        walls, duration_s: that follow each of them under every current.
    """

    population: int = 3
    generations: int = 24
    points: int = 10
    walls: int = 300
    duration_s: float = 10e-9

    def __post_init__(self) -> None:
        for name in ("population", "generations", "points", "walls"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}", "Give 1 or more.")


@dataclass(frozen=True)
class Search:
    """One search: its target, whether its candidates have two junctions, and its seed."""

    target: Target | None
    two: bool
    seed: int


def searches(goal: WarmGoal, seed: int) -> tuple[Search, ...]:
    """All searches of a front: every target with one junction and, but for a ReLU, with two."""
    kinds = (False, True) if goal.slope > 0 else (False,)
    pairs = [(target, two) for target in TARGETS for two in kinds]
    return tuple(Search(target, two, seed + number) for number, (target, two) in enumerate(pairs))


def distance(goal: WarmGoal, slope: float, noise: float) -> float:
    """How far a device is from the goal, in parts of its tolerances: 1 or less meets it."""
    return max(abs(slope - goal.slope) / goal.slope_tolerance, noise / goal.noise)


def cost(goal: WarmGoal, target: Target | None, found: Figures | None) -> float:
    """What a search makes small, as a logarithm; losses beyond the allowed one cost their orders of magnitude."""
    if found is None or not (math.isfinite(found.fit.error) and math.isfinite(found.noise)):
        return HOPELESS
    if target is None:  # first the goal, then the error
        far = max(1.0, distance(goal, found.fit.slope, found.noise)) * found.fit.error**0.2
    else:
        far = max(value / aim for value, aim in zip(found.objectives, target, strict=True))
    rest = 0.02 * float(np.mean(np.log(found.objectives)))  # where one is the largest the others count, too
    return math.log(max(far, 1e-3)) + rest + 3 * max(0.0, math.log10(max(found.loss, 1e-300) / goal.largest_loss))


def allowed(goal: WarmGoal, found: Figures | None) -> bool:
    """Whether a candidate may stand on a front: it is an activation, and keeps its wall."""
    return found is not None and found.loss <= goal.largest_loss and found.fit.error <= WORST_ERROR


def thinned(objectives: ArrayLike, count: int, first: Sequence[int] = ()) -> list[int]:
    """At most `count` rows of positive objectives (n, k), spread over their logarithms; `first` are among them.

    Then come the best rows of each objective, then always the one farthest from those chosen.
    """
    rows = np.log(np.asarray(objectives, dtype=np.float64))
    rows = (rows - rows.min(axis=0)) / np.maximum(np.ptp(rows, axis=0), 1e-12)
    chosen = list(dict.fromkeys([*first, *(int(i) for i in rows.argmin(axis=0))]))[:count]
    while len(chosen) < min(count, len(rows)):
        gaps = np.min([np.abs(rows - rows[i]).max(axis=1) for i in chosen], axis=0)
        gaps[chosen] = -1
        chosen.append(int(gaps.argmax()))
    return sorted(chosen)


def run_search(goal: WarmGoal, search: Search, effort: Effort) -> list[Figures]:
    """The candidates of one search that none of its others beats."""
    met: list[Figures] = []

    def value(numbers: Array) -> float:
        excess = overdrive(goal, device_from(goal, numbers, search.two)[0])
        if excess > STRONGEST_PUSH:
            return HOPELESS * min(excess, HOPELESS)
        found = judge(goal, numbers, search.two)
        if found is not None and allowed(goal, found):
            met.append(found)
        return cost(goal, search.target, found)

    least_by_evolution(
        value, count_of(search.two), search.seed, population=effort.population, generations=effort.generations
    )
    return _front_of(met)


def _front_of(found: Sequence[Figures]) -> list[Figures]:
    return [found[place] for place in front_of([figures.objectives for figures in found])]


def stored_search(goal: WarmGoal, search: Search, effort: Effort, store: Path | None) -> list[Figures]:
    """`run_search`, or what an interrupted run left of the same search in the folder `store`.

    Raises:
        UserError: The folder cannot be written.
    """
    if store is None:
        return run_search(goal, search, effort)
    key = sha256(repr((goal, goal.inputs.share.tobytes(), goal.inputs.weight.tobytes(), search, effort)).encode())
    file = store / f"search_{key.hexdigest()[:16]}.json"
    try:
        rows = json.loads(file.read_text())
        again = [judge(goal, np.array(row), search.two) for row in rows]
        return [figures for figures in again if figures is not None]
    except (OSError, ValueError, TypeError):
        found = run_search(goal, search, effort)
        write_text(file, json.dumps([figures.numbers for figures in found]))
        return found


@dataclass(frozen=True, eq=False)
class Member:
    """A device on the front, with the figures of walls in heat that were followed in time.

    Attributes:
        figures: of the search, by equilibrium.
        study: the walls in heat.
        fit: of their mean output.
        noise: as of `Figures`, with its interval.
        energy_j: of an evaluation, in the mean over the inputs.
    """

    figures: Figures
    study: WarmStudy
    fit: BranchFit
    noise: Estimate
    energy_j: float

    @property
    def objectives(self) -> tuple[float, float, float]:
        """Energy, error and noise: all are to be small."""
        return self.energy_j, self.fit.error, self.noise.value


def follow(goal: WarmGoal, figures: Figures, effort: Effort, seed: int) -> Member | None:
    """A candidate with walls in heat; None where they are lost, or find no place of rest, at one of the currents."""
    current = figures.current_a
    plan = WarmPlan(
        goal.temperature_k,
        tuple(current.tolist()),
        float(current[-1]),
        figures.averaging_s,
        1 / goal.noise,
        max(2, effort.walls),
        effort.duration_s,
        seed,
        goal.law,
    )
    try:
        study = warm_study(figures.device, plan, goal.convention, constants_for(figures.device), cell_m=CELL_M)
    except UserError:
        return None
    if study.gone or not study.span_s > 0:
        return None
    weight = goal.inputs.on(current / goal.range_a)
    mean = np.array([point.conductance_s.mean.value for point in study.points])
    reach = (goal.inputs.quantile(-1, BULK), goal.inputs.quantile(1, BULK))
    fit = fit_branches(current, mean, weight, goal.slope)
    full = full_scale_s(fit, study.span_s, goal.range_a)
    if not full > 0:
        return None
    noises = [
        study.averaged_s(point).scaled(1 / full)
        for point in study.points
        if abs(point.current_a / goal.range_a) <= reach[point.current_a > 0] + 1e-3
    ]
    energies = [study.power_w(point) * (point.settling_s + figures.averaging_s) for point in study.points]
    return Member(
        figures,
        study,
        fit,
        max(noises, key=lambda estimate: estimate.value),
        float(weight @ np.array(energies)),
    )


@dataclass(frozen=True)
class Change:
    """A constant that would have to change for the nearest device to meet the goal, alone, and by which factor.

    Attributes:
        of: the figure that misses, noise or slope.
        reason: how that figure depends on it.
    """

    of: str
    constant: str
    factor: float
    now: float
    needed: float
    unit: str
    reason: str

    @property
    def row(self) -> dict[str, float | str]:
        """In JSON's types."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Front:
    """The outcome of a design for warm devices.

    Attributes:
        members: none of which another beats in energy, error and noise; by rising energy.
        met: how many candidates were on the front of the searches, before it was thinned.
        changes: what the goal would take; empty where it is met.
    """

    goal: WarmGoal
    members: tuple[Member, ...]
    met: int
    changes: tuple[Change, ...]
    seed: int
    effort: Effort

    @property
    def nearest(self) -> Member:
        """The member closest to the goal; of those that meet it the one with the smallest error."""

        def order(one: Member) -> tuple[float, float]:
            return max(1.0, distance(self.goal, one.fit.slope, one.noise.value)), one.fit.error

        return min(self.members, key=order)

    @property
    def meets(self) -> bool:
        """Whether a member has the asked slope and noise."""
        nearest = self.nearest
        return distance(self.goal, nearest.fit.slope, nearest.noise.value) <= 1


def design_front(
    goal: WarmGoal,
    *,
    seed: int = 0,
    workers: int = 1,
    effort: Effort = Effort(),
    store: Path | None = None,
    progress: Progress = no_progress,
) -> Front:
    """Search the front of a goal; the same seed gives the same front, whatever `workers`.

    Args:
        store: a folder that keeps each finished search, so that an interrupted run goes on.
        progress: called with (what, done, total).

    Raises:
        UserError: No device within the limits keeps its wall over the range; or the store cannot be written.
    """
    tasks: list[Task] = [(stored_search, (goal, search, effort, store)) for search in searches(goal, seed)]
    found = _front_of([one for part in run_tasks(tasks, workers, "searches", progress) for one in part])
    if not found:
        raise UserError(
            f"design: no device within the limits keeps its wall over ±{goal.range_a * 1e6:g} µA at "
            f"{goal.temperature_k:g} K with losses below {goal.largest_loss:g} an evaluation",
            "Ask for a smaller range or a lower temperature, or allow longer tracks and smaller parts.",
        )
    order = [(max(1.0, distance(goal, one.fit.slope, one.noise)), one.fit.error) for one in found]
    best = sorted(range(len(found)), key=order.__getitem__)[:NEAREST]
    chosen = thinned([one.objectives for one in found], effort.points, best)
    tasks = [(follow, (goal, found[i], effort, seed)) for i in chosen]
    members = [one for one in run_tasks(tasks, workers, "devices in heat", progress) if one is not None]
    if not members:
        raise UserError(
            "design: walls in heat leave every device that the search found",
            "Ask for a smaller range or a lower temperature.",
        )
    kept = (members[place] for place in front_of([one.objectives for one in members]))
    members = sorted(kept, key=lambda one: one.energy_j)
    front = Front(goal, tuple(members), len(found), (), seed, effort)
    return front if front.meets else replace(front, changes=changes_for(goal, front.nearest))


def changes_for(goal: WarmGoal, member: Member) -> tuple[Change, ...]:
    """What would have to change, one constant at a time, for a device to have the asked noise and slope.

    A white force with the spectrum 4 kT ζ acts on the wall, and an average over T, long against the wall's memory,
    keeps sqrt(2 kT ζ / T) of it. As a fraction of the force B f of full scale this is the noise, for any stiffness:

        noise ~ sqrt(kT α Ms w t / (Δ T)) / (B f),   f B ~ θ P I / t.
    """
    found: list[Change] = []
    over = member.noise.value / goal.noise
    device, averaging_s = member.study.device, member.figures.averaging_s
    if over > 1:
        square = over**2
        damping, angle = device.film.gilbert_damping, device.spin_hall_angle
        for constant, factor, now, unit, reason in (
            ("averaging time", square, averaging_s * 1e9, "ns", "noise falls as its square root"),
            ("range and width of the track together", square, goal.range_a * 1e6, "µA of range",
             "noise falls as their square root, energy rises as they do, and the mean output stays"),
            ("spin Hall angle and anisotropy's rise together", over, angle, "of spin Hall angle",
             "noise falls as they rise, and the mean output stays"),
            ("Gilbert damping", 1 / square, damping, "", "noise rises as its square root"),
        ):  # fmt: skip
            found.append(Change("noise", constant, factor, now, now * factor, unit, reason))
    if abs(member.fit.slope - goal.slope) > goal.slope_tolerance:
        gain = gain_for_slope(goal, member)
        now = goal.inputs.rms * goal.range_a * 1e6
        reason = (
            "the kink is rounded by the wall's width and its heat; larger inputs leave it, beyond full scale they clip"
        )
        found.append(Change("slope", "net's inputs in amperes, rms", gain, now, now * gain, "µA", reason))
    return tuple(found)


GAINS = np.geomspace(1.0, 100.0, 401)  # of the net's inputs; beyond, all but a few of them clip


def gain_for_slope(goal: WarmGoal, member: Member) -> float:
    """By how much the inputs would have to grow until the device has the asked slope at them; nan: never."""
    current = member.figures.current_a
    mean = np.array([point.conductance_s.mean.value for point in member.study.points])
    curve = PchipInterpolator(current, mean)
    for gain in GAINS:
        driven = np.clip(goal.inputs.share * gain, -1.0, 1.0) * goal.range_a
        fit = fit_branches(driven, curve(driven), goal.inputs.weight, goal.slope)
        if abs(fit.slope - goal.slope) <= goal.slope_tolerance:
            return float(gain)
    return math.nan
