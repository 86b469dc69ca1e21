"""What each real term of a wall device is worth: its headline figures with one term at a time, and with all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spingan.devices.instance_fit import fit_devices, spread_of
from spingan.devices.real_terms import RANDOM, RealTerms
from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_curve import Branches, CurveText, conductance_curve
from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_heat import constants_of
from spingan.devices.wall_real import RealCurve, real_curve, real_wall
from spingan.devices.wall_study import Task, run_tasks, settling_time_s
from spingan.errors import UserError
from spingan.physics.wall import LONGEST_S, TORQUE_TOLERANCE_T, WallConstants, run, settle
from spingan.progress import Progress, no_progress
from spingan.spec.activation import ActivationSpread, ConductanceCurve, EnergyItem, Function, Reset
from spingan.tabular import rounded

SHARES = tuple(step / 4 for step in range(-4, 5))  # of full scale: nine inputs, five on each side of zero
NONE, ALL, REVERSED = "none", "all", "three_terminals, read reversed"
FIGURES = (
    "position_low_nm", "position_zero_nm", "position_high_nm", "conductance_zero_s", "span_s", "slope",
    "rest_apart_nm", "temperature_k", "energy_j", "heavy_metal_a", "read_a",
)  # fmt: skip
"""Places under minus full scale, no input and full scale; conductance without an input, and what full scale adds; slope
below zero over slope above; places without an input after both ends, apart; film, energy, and the currents in the heavy
metal's right end and in the junctions at full scale."""


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        full_scale_a: the input that stands for 1.
        start_m: about where the wall rests.
        devices: instances of each random term, by `seed`.

    Raises:
        UserError: Fewer than two devices.
    """

    device: WallDevice
    full_scale_a: float
    start_m: float
    terms: RealTerms
    convention: TorqueConvention = "magnet-section"
    devices: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.devices < 2:
            raise UserError(f"{self.devices} device has no spread", "Give 2 or more; 20 are usual")
        if not self.terms.names:
            raise UserError("no term of a real device is on", "Name one at least")


@dataclass(frozen=True)
class Effect:
    """The device with one term on.

    Attributes:
        figures: by `FIGURES`; the mean over `devices` instances of a random term. None: not found.
        change: from the device without terms.
        deviation: standard deviation over the instances; None where all devices are equal.
        lost: instances that lost their wall at some input; the figures are without them.
        note: why figures are missing.
    """

    term: str
    convention: TorqueConvention
    figures: Mapping[str, float | None]
    change: Mapping[str, float | None]
    deviation: Mapping[str, float | None] | None
    devices: int
    lost: int
    note: str
    source: str

    def row(self) -> dict[str, Any]:
        """In JSON's types."""
        own = {name: rounded(value) for name, value in self.figures.items()}
        return {"term": self.term, "convention": self.convention} | own | {
            "change": dict(self.change), "deviation": None if self.deviation is None else dict(self.deviation),
            "devices": self.devices, "lost_devices": self.lost, "note": self.note, "source": self.source,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What the terms are worth.

    Attributes:
        effects: for the question's convention, then for the textbook one.
        window_s: of an evaluation at full scale, by convention: the settling of the device without terms.
        nominal: with all terms and no disorder; None and `note` where the device does not work so.
        spread: of the instances with all terms.
        fidelity: how the numbers were found.
    """

    question: Question
    effects: tuple[Effect, ...]
    window_s: Mapping[str, float]
    nominal: RealCurve | None
    spread: ActivationSpread
    fidelity: str
    note: str


def conventions_of(asked: TorqueConvention) -> tuple[TorqueConvention, ...]:
    """The convention that was asked for, and the textbook's beside it."""
    return (asked,) if asked == "textbook" else (asked, "textbook")


def headlines(
    device: WallDevice, full_scale_a: float, start_m: float, convention: TorqueConvention
) -> dict[str, dict[str, float | None]]:
    """`FIGURES` of a device without real terms, by the compact wall, in `convention` and in the textbook's.

    A convention in which the compact wall has no curve is left out.
    """
    constants = constants_of(device)[0]
    found: dict[str, dict[str, float | None]] = {}
    for one in conventions_of(convention):
        try:
            curve = _curve(device, RealTerms(), one, constants, full_scale_a, start_m)
            found[one] = figures_of(curve, window_s(device, constants, full_scale_a, start_m, one))
        except UserError:
            continue
    return found


def window_s(
    device: WallDevice, constants: WallConstants, full_scale_a: float, start_m: float, convention: TorqueConvention
) -> float:
    """How long the compact wall takes from rest to within 2 % of its travel at full scale.

    Raises:
        UserError: As `settle`.
    """
    model = compact_model(device, constants=constants)
    home = settle(model, drive_t(device, 0.0, convention), start_m)
    way = run(model, drive_t(device, full_scale_a, convention), home, LONGEST_S, torque_tolerance_t=TORQUE_TOLERANCE_T)
    return settling_time_s(way.time_s, way.states[:, 0]) if len(way.time_s) else 0.0


def figures_of(curve: RealCurve, window: float) -> dict[str, float | None]:
    """The headline figures of a device; None where its wall is lost."""
    low, zero, high = (curve.at(share * curve.full_scale_a) for share in (-1.0, 0.0, 1.0))
    slopes = curve.slopes
    rest = (curve.after_low, curve.after_high)
    apart = abs(rest[1].state.position_m - rest[0].state.position_m) if all(one.kept for one in rest) else None
    values = {
        "position_low_nm": low.state.position_m * 1e9 if low.kept else None,
        "position_zero_nm": zero.state.position_m * 1e9 if zero.kept else None,
        "position_high_nm": high.state.position_m * 1e9 if high.kept else None,
        "conductance_zero_s": zero.conductance_s if zero.kept else None,
        "span_s": high.conductance_s - zero.conductance_s if high.kept and zero.kept else None,
        "slope": slopes.ratio if slopes is not None and low.kept and high.kept else None,
        "rest_apart_nm": None if apart is None else apart * 1e9,
        "temperature_k": high.temperature_k,
        "energy_j": high.power_w * window if high.kept else None,
        "heavy_metal_a": high.currents.right_a * curve.wall.share,
        "read_a": high.currents.read_a,
    }
    return {name: values[name] for name in FIGURES}


def _curve(
    device: WallDevice,
    terms: RealTerms,
    convention: TorqueConvention,
    constants: WallConstants,
    full_scale_a: float,
    start_m: float,
    seed: int = 0,
    number: int | None = None,
) -> RealCurve:
    wall = real_wall(device, terms, convention, constants, seed=seed, number=number)
    return real_curve(wall, SHARES, full_scale_a, start_m)


@dataclass(frozen=True)
class _Instance:
    """What is kept of an instance: its figures and its conductances; or why there are none."""

    figures: dict[str, float | None]
    conductance_s: tuple[float, ...]
    note: str = ""

    @property
    def whole(self) -> bool:
        return not self.note and all(math.isfinite(one) for one in self.conductance_s)


def _instance(
    question: Question, terms: RealTerms, convention: TorqueConvention, constants: WallConstants, window: float,
    number: int | None,
) -> _Instance:  # fmt: skip
    try:
        curve = _curve(
            question.device,
            terms,
            convention,
            constants,
            question.full_scale_a,
            question.start_m,
            question.seed,
            number,
        )
    except UserError as error:
        return _Instance(dict.fromkeys(FIGURES), (), error.problem)
    return _Instance(figures_of(curve, window), tuple(curve.conductance_s.tolist()))


def _variants(terms: RealTerms) -> dict[str, RealTerms]:
    """The device without terms, with each alone, with the read the other way round, and with all."""
    found = {NONE: RealTerms()} | {name: terms.only(name) for name in terms.names}
    if terms.three_terminals is not None:
        other = replace(terms.three_terminals, polarity=1 if terms.three_terminals.polarity == -1 else -1)
        found[REVERSED] = RealTerms(three_terminals=other)
    if len(terms.names) > 1:
        found[ALL] = terms
    return found


def sensitivity(question: Question, workers: int = 1, progress: Progress = no_progress) -> Sensitivity:
    """What each term is worth, in the question's convention and in the textbook's.

    All terms at once have instances in the question's convention alone; in the textbook's they are the nominal device.

    Args:
        workers: processes.
        progress: called with (what, done, total).

    Raises:
        UserError: The device has no curve even without terms; and as `run_tasks`.
    """
    constants, _, known = constants_of(question.device)
    device, full, start = question.device, question.full_scale_a, question.start_m
    conventions = conventions_of(question.convention)
    windows: dict[str, float] = {one: window_s(device, constants, full, start, one) for one in conventions}
    variants = _variants(question.terms)
    tasks: list[Task] = []
    groups: list[tuple[str, TorqueConvention, int]] = []
    for convention in conventions:
        for name, terms in variants.items():
            random = terms.random and (name != ALL or convention == question.convention)
            numbers = range(question.devices) if random else (None,)
            groups.append((name, convention, len(numbers)))
            tasks += [
                (_instance, (question, terms, convention, constants, windows[convention], number)) for number in numbers
            ]
    results: list[_Instance] = run_tasks(tasks, workers, "devices", progress)
    effects: list[Effect] = []
    all_of_them: list[_Instance] = []
    for name, convention, count in groups:
        instances, results = results[:count], results[count:]
        bare = next((one.figures for one in effects if one.term == NONE and one.convention == convention), None)
        if bare is None and instances[0].note:
            raise UserError(instances[0].note, "Without terms it has no curve: choose another device or full scale")
        effects.append(_effect(name, convention, variants[name], instances, bare))
        if convention == question.convention and name == (ALL if ALL in variants else question.terms.names[0]):
            all_of_them = instances
    nominal, note = None, ""
    try:
        nominal = _curve(device, question.terms, question.convention, constants, full, start)
    except UserError as error:
        note = f"no curve with all terms: {error.problem}"
    if nominal is not None and not all(point.kept for point in nominal.points):
        nominal, note = None, "no curve with all terms: the wall is lost within the full scale"
    spread = ActivationSpread()
    if nominal is not None and question.terms.random:
        spread, note = _spread(nominal, all_of_them, question)
    fidelity = f"compact wall, {len(SHARES)} inputs each from rest; {known}"
    return Sensitivity(question, tuple(effects), windows, nominal, spread, fidelity, note)


def _effect(
    name: str,
    convention: TorqueConvention,
    terms: RealTerms,
    instances: Sequence[_Instance],
    bare: Mapping[str, float | None] | None,
) -> Effect:
    """A row of the table from the instances of a term."""
    single = len(instances) == 1
    there = list(instances) if single else [one for one in instances if one.whole]
    figures: dict[str, float | None] = {}
    deviation: dict[str, float | None] = {}
    for figure in FIGURES:
        values = [value for one in there if (value := one.figures[figure]) is not None]
        figures[figure] = float(np.mean(values)) if values else None
        deviation[figure] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    base = figures if bare is None else bare
    change = {
        figure: None if (value := figures[figure]) is None or (was := base[figure]) is None else value - was
        for figure in FIGURES
    }
    lost = sum(not one.whole for one in instances)
    note = next((one.note for one in instances if one.note), "")
    if not note and lost:
        note = "the wall is lost within the full scale"
    on = [getattr(terms, term) for term in terms.names]
    source = on[0].source if len(on) == 1 else ""
    return Effect(name, convention, figures, change, None if single else deviation, len(instances), lost, note, source)


def _spread(nominal: RealCurve, instances: Sequence[_Instance], question: Question) -> tuple[ActivationSpread, str]:
    """The spread of instances about the nominal device, and a line on those that lost their wall."""
    whole = np.array([one.conductance_s for one in instances if one.whole])
    lost = len(instances) - len(whole)
    note = f"{lost} of {len(instances)} devices lost their wall within the full scale" if lost else ""
    if len(whole) < 2:
        return ActivationSpread(), f"{note}: no spread"
    zero, full = (nominal.at(at).conductance_s for at in (0.0, question.full_scale_a))
    gain, offset, slope, _ = fit_devices((nominal.conductance_s - zero) / (full - zero), (whole - zero) / (full - zero))
    source = (
        f"{len(whole)} devices, seed {question.seed}: {', '.join(n for n in question.terms.names if n in RANDOM)}, "
        f"compact wall{f'; {note}' if note else ''}"
    )
    return spread_of(np.stack([gain, offset, slope], axis=1), source, seed=question.seed), note


def sensitivity_curve(found: Sensitivity, function: Function, name: str) -> ConductanceCurve | None:
    """The curve with all terms and its spread from device to device, for a cell; None where there is none.

    Raises:
        UserError: As `conductance_curve`.
    """
    nominal, question = found.nominal, found.question
    if nominal is None:
        return None
    current, rising = nominal.current_a, nominal.conductance_s
    falling = rising.copy()
    middle = int(np.argmin(np.abs(current)))
    rising[middle], falling[middle] = nominal.after_low.conductance_s, nominal.after_high.conductance_s
    high = nominal.points[-1]
    window = found.window_s[question.convention]
    item = EnergyItem(
        name="heavy metal and read",
        energy_j=high.power_w * window,
        window_s=window,
        source=f"{high.power_w * 1e6:.3g} µW at full scale, in the settling time of the device without terms",
    )
    text = CurveText(
        name=name,
        source=f"device {question.device.name}; film: {question.device.film.source}",
        provenance=f"spingan's {found.fidelity}; real terms: {', '.join(question.terms.names)}",
        notes=(
            f"Torque convention: {question.convention} (docs/derivations.md, section 1).",
            *(f"{term}: {getattr(question.terms, term).source}." for term in question.terms.names),
        ),
    )
    residual = abs(falling[middle] - rising[middle]) / abs(rising[-1] - rising[middle])
    curve = conductance_curve(
        Branches(current, rising, falling, np.full(len(current), np.nan)), function, question.full_scale_a, text,
        [item], Reset(residual=float(residual)), question.device.length_m * question.device.width_m,
        zero_s=nominal.at(0.0).conductance_s,
    )  # fmt: skip
    return curve.model_copy(update={"spread": found.spread})
