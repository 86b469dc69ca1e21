"""The whole study of a domain-wall device: every current from rest, back to rest from both sides, and the extras."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from spingan.devices.wall_curve import Branches, CurveText, Slopes, conductance_curve, fit_slopes
from spingan.devices.wall_device import CONVENTIONS
from spingan.devices.wall_study import (
    LONGEST_S,
    RELEASE_S,
    Limit,
    Settled,
    Setup,
    Task,
    annihilation_limit,
    place_wall,
    rest,
    run_tasks,
    settle,
    settling_time_s,
    sweep,
)
from spingan.errors import UserError
from spingan.progress import Progress, no_progress
from spingan.spec.activation import ConductanceCurve, EnergyItem, Function, Reset

Extra = Literal["sweep", "resets", "limits", "read", "conventions", "cells", "dmi"]
"""What a study does on request, since it takes long.

`sweep`: the curve current by current, up and down, so that its memory shows; `resets`: 10 ns without a current after
both ends; `limits`: a search for the annihilating currents; `read`: the read current's own torque, both ways round;
`conventions`: the other torque conventions; `cells`: half the cell size; `dmi`: D 3 % down and up.
"""
EXTRAS: tuple[Extra, ...] = get_args(Extra)
DMI_CHANGE = 0.03  # issue: docs/derivations.md, section 1, "test +-3 %"


@dataclass(frozen=True)
class Plan:
    """Which currents a device is studied at.

    Attributes:
        start_m: where the wall is placed before it comes to rest.
        currents_a: from rest, rising; 0 belongs to them.
        probes_a: further ones beyond the curve, at which a source says that the wall is lost.
        full_scale_a: the input that stands for 1.
        variant_currents_a: those at which the extras are run.
        sweep_a: rising, for the extra `sweep`.
        limit_a: how far the extra `limits` searches on either side.
        rest_s: how long the wall may come to rest before the first current; short where it creeps for ever.
    """

    start_m: float
    currents_a: tuple[float, ...]
    probes_a: tuple[float, ...]
    full_scale_a: float
    variant_currents_a: tuple[float, ...]
    sweep_a: tuple[float, ...]
    limit_a: float
    rest_s: float = RELEASE_S

    def __post_init__(self) -> None:
        if list(self.currents_a) != sorted(set(self.currents_a)) or 0.0 not in self.currents_a:
            raise UserError("the currents do not rise, or 0 is not among them", "Sort them, each once, with 0")
        if not self.currents_a[0] < 0 < self.full_scale_a <= self.currents_a[-1]:
            raise UserError(
                f"currents from {self.currents_a[0] * 1e6:g} to {self.currents_a[-1] * 1e6:g} µA do not reach "
                f"from below 0 to the full scale of {self.full_scale_a * 1e6:g} µA",
                "Give currents that do",
            )


@dataclass(frozen=True, eq=False)
class Variant:
    """The device under other conditions, at a few currents."""

    name: str
    points: tuple[Settled, ...]


@dataclass(frozen=True, eq=False)
class Characteristic:
    """What a study found. `after_negative` and `after_positive` start where the outermost currents left the wall."""

    setup: Setup
    plan: Plan
    rest: Settled
    points: tuple[Settled, ...]
    probes: tuple[Settled, ...]
    after_negative: Settled
    after_positive: Settled
    resets: tuple[Settled, Settled] | None = None
    limits: tuple[Limit, Limit] | None = None
    rising: tuple[Settled, ...] | None = None
    falling: tuple[Settled, ...] | None = None
    variants: tuple[Variant, ...] = field(default=())

    def at(self, current_a: float) -> Settled | None:
        """The run at an input, None if it was not asked for."""
        near = [point for point in (*self.points, *self.probes) if abs(point.current_a - current_a) < 1e-10]
        return near[0] if near else None

    @property
    def alive(self) -> tuple[Settled, ...]:
        """The points at which there is a wall."""
        return tuple(point for point in self.points if not point.annihilated)

    def branches(self) -> Branches:
        """Conductance on the way up and down: from the sweeps if they were made.

        Otherwise each input is evaluated from rest, and memory is seen at zero only: after the lowest and after the
        highest current.
        """
        if self.rising is not None and self.falling is not None:
            up, down = (
                {run.current_a: run for run in runs if not run.annihilated} for runs in (self.rising, self.falling)
            )
            pairs = [(up[current], down[current]) for current in sorted(set(up) & set(down))]
        else:
            ends = (self.after_negative, self.after_positive)
            pairs = [(point, point) if point.current_a else ends for point in self.alive]
        return Branches(
            np.array([rising.current_a for rising, _ in pairs]),
            np.array([rising.conductance_s for rising, _ in pairs]),
            np.array([falling.conductance_s for _, falling in pairs]),
            np.array([_seconds(*pair) for pair in pairs]),
        )


def _seconds(*runs: Settled) -> float:
    return max(np.nan if run.settling_s is None else run.settling_s for run in runs)


def characterise(
    setup: Setup, plan: Plan, extras: Collection[Extra] = (), workers: int = 1, advance: Progress = no_progress
) -> Characteristic:
    """Study the device of `setup` as `plan` and `extras` say, in `workers` processes.

    Args:
        advance: Called with (what is done, parts done, parts in all).

    Raises:
        UserError: As the runs; and where the wall does not survive at full scale and below zero.
    """
    found = from_rest(setup, plan, workers, advance)
    at_rest = found[0.0]
    points = tuple(found[current] for current in plan.currents_a)
    lowest, highest = _outermost(points, plan)
    releases: list[Task] = [(settle, (setup, 0.0, end.m, RELEASE_S)) for end in (lowest, highest)]
    after_negative, after_positive = run_tasks(releases, workers, "back to rest", advance)
    study = Characteristic(
        setup=setup,
        plan=plan,
        rest=at_rest,
        points=points,
        probes=tuple(found[current] for current in plan.probes_a),
        after_negative=after_negative,
        after_positive=after_positive,
    )
    if "sweep" in extras:
        up = [current for current in plan.sweep_a if lowest.current_a <= current <= highest.current_a]
        ways: list[Task] = [(sweep, (setup, up, lowest.m)), (sweep, (setup, up[::-1], highest.m))]
        rising, falling = run_tasks(ways, workers, "sweeps", advance)
        study = replace(study, rising=tuple(rising), falling=tuple(falling[::-1]))
    if "resets" in extras:
        long: list[Task] = [(settle, (setup, 0.0, end.m, LONGEST_S, 0.0)) for end in (lowest, highest)]
        resets = run_tasks(long, workers, "10 ns resets", advance)
        study = replace(study, resets=(resets[0], resets[1]))
    if "limits" in extras:
        sides: list[Task] = [
            (annihilation_limit, (setup, at_rest.m, end.current_a, sign * plan.limit_a))
            for end, sign in ((lowest, -1.0), (highest, 1.0))
        ]
        limits = run_tasks(sides, workers, "annihilation limits", advance)
        study = replace(study, limits=(limits[0], limits[1]))
    return replace(study, variants=_variants(setup, plan, extras, workers, advance))


def from_rest(setup: Setup, plan: Plan, workers: int, advance: Progress) -> dict[float, Settled]:
    """The device at rest and under every current and probe of the plan, each from rest, by current.

    Raises:
        UserError: As `rest` and `settle`.
    """
    at_rest = rest(setup, plan.start_m, plan.rest_s)
    asked = sorted((*(i for i in plan.currents_a if i), *plan.probes_a), key=abs)  # small currents take longest
    tasks: list[Task] = [(settle, (setup, current, at_rest.m)) for current in asked]
    runs = run_tasks(tasks, workers, "currents", advance)
    return {0.0: at_rest} | dict(zip(asked, runs, strict=True))


def _outermost(points: Sequence[Settled], plan: Plan) -> tuple[Settled, Settled]:
    """The lowest and the highest current that the wall survives.

    Raises:
        UserError: It does not survive up to full scale, or not below zero.
    """
    lost = [point.current_a for point in points if point.annihilated]
    alive = [point for point in points if not point.annihilated]
    if alive[0].current_a >= 0 or any(0 < current <= plan.full_scale_a for current in lost):
        names = ", ".join(f"{current * 1e6:g}" for current in lost)
        raise UserError(
            f"the wall is annihilated at {names} µA, within the full scale of {plan.full_scale_a * 1e6:g} µA",
            "The device has no curve there: keep to smaller currents, or pin its ends by a higher exchange bias",
        )
    return alive[0], alive[-1]


def _variants(
    setup: Setup, plan: Plan, extras: Collection[Extra], workers: int, advance: Progress
) -> tuple[Variant, ...]:
    """The device under the other conditions that the extras ask for, each current from a wall newly placed."""
    named = variant_setups(setup, extras)
    tasks: list[Task] = [
        (settle, (other, current, place_wall(other, plan.start_m)))
        for other in named.values()
        for current in plan.variant_currents_a
    ]
    runs = iter(run_tasks(tasks, workers, "variants", advance) if tasks else ())
    return tuple(Variant(name, tuple(next(runs) for _ in plan.variant_currents_a)) for name in named)


def variant_setups(setup: Setup, extras: Collection[Extra]) -> dict[str, Setup]:
    """The setups that the extras ask for, by their names."""
    device, film = setup.device, setup.device.film
    named: dict[str, Setup] = {}
    if "conventions" in extras:
        named |= {other: replace(setup, convention=other) for other in CONVENTIONS if other != setup.convention}
    if "read" in extras:
        for sign, way in ((1, "towards"), (-1, "away from")):
            turned = replace(device, read_voltage_v=sign * abs(device.read_voltage_v))
            named[f"read torque {way} the fixed layer"] = replace(setup, device=turned, read_torque=True)
    if "cells" in extras:
        named[f"{setup.cell_m / 2 * 1e9:g} nm cells"] = replace(setup, cell_m=setup.cell_m / 2)
    if "dmi" in extras:
        for change in (-DMI_CHANGE, DMI_CHANGE):
            other = replace(film, interfacial_dmi_j_per_m2=film.interfacial_dmi_j_per_m2 * (1 + change))
            named[f"D {change:+.0%}"] = replace(setup, device=replace(device, film=other))
    return named


def window_s(study: Characteristic) -> float | None:
    """How long an evaluation must wait: the longest settling within full scale, 0 left out; None if nothing settled."""
    driven = [point for point in study.alive if 0 < abs(point.current_a) <= study.plan.full_scale_a]
    return max((point.settling_s for point in driven if point.settling_s is not None), default=None)


def study_curve(
    study: Characteristic,
    function: Function,
    name: str,
    energy_items: tuple[EnergyItem, ...],
    notes: tuple[str, ...] = (),
) -> ConductanceCurve:
    """The study's transfer curve: conductance against input, with both branches where they differ.

    Raises:
        UserError: The currents do not hold zero and full scale.
    """
    setup, device = study.setup, study.setup.device
    how = (
        "swept up and down, each current from where the last left the wall"
        if study.rising is not None
        else "each current from rest, memory looked for at zero only"
    )
    text = CurveText(
        name=name,
        source=f"device {device.name}, after paper S (arXiv 2601.01441), III-B and IV-D; film: {device.film.source}",
        provenance=(
            f"spingan's solver, {setup.cell_m * 1e9:g} nm cells, {how}; a wall rests when it moves less than 0.05 nm "
            "in 0.1 ns; conductance by Julliere and Slonczewski"
        ),
        notes=(
            f"Torque convention: {setup.convention} (docs/derivations.md, section 1).",
            f"Without an input the wall stands at {study.after_negative.position_m * 1e9:.4g} nm after the lowest "
            f"current and at {study.after_positive.position_m * 1e9:.4g} nm after the highest.",
            f"Not printed, assumed: exchange bias of {device.exchange_bias.field_t:g} T, field-like ratio "
            f"{device.field_like_ratio:g}, RA {device.ra_parallel_ohm_m2 * 1e12:g} ohm µm², bias current "
            f"{device.bias_current_a * 1e6:g} µA.",
            *notes,
        ),
    )
    branches = study.branches()
    return conductance_curve(
        branches,
        function,
        study.plan.full_scale_a,
        text,
        energy_items,
        reset_of(study, branches),
        device.length_m * device.width_m,
    )


def reset_of(study: Characteristic, branches: Branches) -> Reset:
    """How long the device was left without an input after both ends, and what was left then of the last output.

    What is left is the difference of the two outputs, in parts of the output from zero to full scale. Where both walls
    came to rest, the time is when the conductance had come within 1 % of its last value.
    """
    runs = study.resets or (study.after_negative, study.after_positive)
    zero, full = (float(np.interp(at, branches.current_a, branches.rising)) for at in (0.0, study.plan.full_scale_a))
    at_rest = all(run.still for run in runs)
    return Reset(
        time_s=max(output_reset_s(study, run) if at_rest else float(run.time_s[-1]) for run in runs),
        residual=abs(runs[1].conductance_s - runs[0].conductance_s) / abs(full - zero),
    )


def output_reset_s(study: Characteristic, run: Settled) -> float:
    """When the conductance came within 1 % of the curve's span of its last value, to stay."""
    span = float(np.ptp([point.conductance_s for point in study.alive]))
    return settling_time_s(run.time_s, run.path_s, 0.01 * span)


def slopes(study: Characteristic, range_a: float) -> Slopes | None:
    """Lines on both sides of zero through the runs from rest; None if there are too few currents."""
    try:
        return fit_slopes(
            [point.current_a for point in study.alive], [point.conductance_s for point in study.alive], range_a
        )
    except UserError:
        return None
