"""Figures of a wall device's study: positions, conductances, times, slopes, powers, and the extras."""

from collections.abc import Iterable
from dataclasses import replace

from spingan.devices.wall_characteristic import Characteristic, output_reset_s, slopes
from spingan.devices.wall_curve import heavy_metal_current_a, joule_power_w
from spingan.devices.wall_device import WallDevice
from spingan.devices.wall_study import Limit, Settled
from spingan.tabular import Figure

NOT_ASKED = "not among the currents of this run"
AT_REST_M_PER_S = 0.01  # a nanometre in 100 ns: what a note calls at rest


def microamperes(current_a: float) -> str:
    """A current as the paper writes it."""
    return f"{current_a * 1e6:+.4g} µA" if current_a else "0 µA"


def _at(study: Characteristic, current_a: float, quantity: str, unit: str, value: str, scale: float) -> Figure:
    """A field of the run at an input, times `scale`; None and why where there is none."""
    point = study.at(current_a)
    number = None if point is None or point.annihilated else getattr(point, value)
    note = "" if point is not None else NOT_ASKED
    if point is not None and point.annihilated:
        note = "the wall is annihilated"
    name = f"{quantity} at {microamperes(current_a)}"
    return Figure(name, None if number is None else number * scale, unit, note)


def position_figure(study: Characteristic, current_a: float) -> Figure:
    """Where the wall settles under an input."""
    found, point = _at(study, current_a, "wall position", "nm", "position_m", 1e9), study.at(current_a)
    if point is not None and point.annihilated:
        return replace(found, note=f"{found.note} at {microamperes(current_a)}")
    return found if point is None or point.still else replace(found, note="still moving")


def conductance_figure(study: Characteristic, current_a: float) -> Figure:
    """What the detectors conduct under an input, with the wall at its place."""
    return _at(study, current_a, "conductance", "mS", "conductance_s", 1e3)


def settling_figure(study: Characteristic, current_a: float) -> Figure:
    """How long the wall takes from rest to 2 % of its travel around the end."""
    found, point = _at(study, current_a, "settling", "ns", "settling_s", 1e9), study.at(current_a)
    if point is None or point.annihilated:
        return found
    moving = f"still moving after {point.time_s[-1] * 1e9:.3g} ns"
    return replace(found, note=moving if point.settling_s is None else "to within 2 % of its travel")


def settling_range_figures(study: Characteristic) -> list[Figure]:
    """The shortest and the longest settling under drive."""
    driven = [p.settling_s for p in study.alive if p.current_a and p.settling_s is not None]
    if not driven:
        return []
    note = "over the currents of this run, 0 left out"
    return [
        Figure("shortest settling", min(driven) * 1e9, "ns", note),
        Figure("longest settling", max(driven) * 1e9, "ns", note),
    ]


def volume_nm3(device: WallDevice) -> float:
    """The magnet's volume in nm³."""
    return device.length_m * device.width_m * device.film.thickness_m * 1e27


def rest_figures(study: Characteristic) -> list[Figure]:
    """Where the wall stands without an input: at the start, and after both ends, with the time and the speed left."""
    placed = f"from a wall placed at {study.plan.start_m * 1e9:.6g} nm; {_creep(study.rest)}"
    rows = [Figure("rest position", study.rest.position_m * 1e9, "nm", placed)]
    for which, run in (("lowest", study.after_negative), ("highest", study.after_positive)):
        rows.append(Figure(f"position after the {which} current, input off", run.position_m * 1e9, "nm", _creep(run)))
    apart = abs(study.after_positive.position_m - study.after_negative.position_m)
    note = "0 for a device that resets itself to one rest point"
    return [*rows, Figure("rest points apart", apart * 1e9, "nm", note)]


def _creep(run: Settled) -> str:
    """How fast the wall still moves at the end of a run."""
    last = run.time_s >= run.time_s[-1] - 0.1e-9
    if run.annihilated or last.sum() < 2:
        return ""
    speed = (run.path_m[last][-1] - run.path_m[last][0]) / (run.time_s[last][-1] - run.time_s[last][0])
    how = "at rest" if abs(speed) < AT_REST_M_PER_S else f"moving at {speed:+.2g} m/s"
    return f"after {run.time_s[-1] * 1e9:.3g} ns, {how} then"


def reset_figures(study: Characteristic) -> list[Figure]:
    """How long the conductance takes back to rest; from the 10 ns runs if they were made."""
    runs = study.resets or (study.after_negative, study.after_positive)
    rows = []
    for which, run in zip(("lowest", "highest"), runs, strict=True):
        time = output_reset_s(study, run)
        quantity = f"reset of the conductance after the {which} current"
        rows.append(Figure(quantity, time * 1e9, "ns", "to 1 % of the span"))
        if study.resets:
            rows.append(Figure(f"position 10 ns after the {which} current", run.position_m * 1e9, "nm", _creep(run)))
    return rows


def slope_figures(study: Characteristic, range_a: float) -> list[Figure]:
    """Slopes of the conductance below and above zero, their ratio, and how straight they are."""
    fitted = slopes(study, range_a)
    where = f"within ±{range_a * 1e6:g} µA"
    if fitted is None:
        note = "a slope needs 3 currents on either side"
        return [Figure(f"slope below zero over slope above, {where}", None, "1", note)]
    note = "least squares, each side with its own offset"
    deviation = "largest deviation from the line, of the span"
    return [
        Figure(f"slope below zero over slope above, {where}", fitted.ratio, "1", note),
        Figure(f"slope above zero, {where}", fitted.positive * 1e-3, "mS/µA", note),
        Figure(f"slope below zero, {where}", fitted.negative * 1e-3, "mS/µA", note),
        Figure(f"linearity error above zero, {where}", fitted.positive_error, "1", deviation),
        Figure(f"linearity error below zero, {where}", fitted.negative_error, "1", deviation),
    ]


def limit_figures(study: Characteristic, probes_a: tuple[float, float] | None = None) -> list[Figure]:
    """The currents that annihilate the wall: as found by the search, else what happened at the probed ones."""
    rows = []
    sides = zip(("below", "above"), study.limits or (None, None), probes_a or (None, None), strict=True)
    for side, limit, probe in sides:
        if limit is not None or probe is not None:
            ours, note = _limit(study, limit, probe)
            value = None if ours is None else ours * 1e6
            rows.append(Figure(f"annihilating current {side} zero", value, "µA", note))
    return rows


def _limit(study: Characteristic, limit: Limit | None, probe_a: float | None) -> tuple[float | None, str]:
    if limit is not None:
        further = "; not searched further" if limit.lost_a is None else ""
        return limit.lost_a, f"the wall survives {microamperes(limit.held_a)}{further}"
    probe = None if probe_a is None else study.at(probe_a)
    if probe is None:
        return None, NOT_ASKED
    if probe.annihilated:
        return probe.current_a, "lost at the printed current; --with limits searches for the least one"
    return None, f"at {microamperes(probe.current_a)} the wall survives at {probe.position_m * 1e9:.4g} nm"


def lost_figures(study: Characteristic) -> Iterable[Figure]:
    """Inputs of the run at which the wall was annihilated."""
    for point in study.points:
        if point.annihilated:
            when = f"after {point.time_s[-1] * 1e9:.3g} ns, from {study.rest.position_m * 1e9:.4g} nm"
            yield Figure(f"wall annihilated at {microamperes(point.current_a)}", point.current_a * 1e6, "µA", when)


def power_figures(device: WallDevice, study: Characteristic, current_a: float) -> list[Figure]:
    """Joule heat in the heavy metal at an input, by both readings of the current."""
    convention = study.setup.convention
    total = current_a + device.bias_current_a
    carried = heavy_metal_current_a(device, current_a, convention)
    density = total / (device.width_m * device.film.thickness_m)
    heat = f"Joule heat at {microamperes(current_a)}, current"
    printed = f"printed current: its density in the magnet's section, {density:.3g} A/m²"
    by_convention = f"the heavy metal carries {carried * 1e6:.4g} µA"
    return [
        Figure(f"{heat} as printed", joule_power_w(device, total) * 1e6, "µW", printed),
        Figure(f"{heat} by {convention}", joule_power_w(device, carried) * 1e6, "µW", by_convention),
    ]


def variant_figures(study: Characteristic) -> list[Figure]:
    """The device under other conditions: positions and conductances, with the shift from the base run."""
    rows = []
    for variant in study.variants:
        for point in variant.points:
            base, where = study.at(point.current_a), f"at {microamperes(point.current_a)}"
            position = f"{variant.name}: position {where}"
            if point.annihilated:
                rows.append(Figure(position, None, "nm", "the wall is annihilated"))
                continue
            shift = "" if base is None else f"{(point.position_m - base.position_m) * 1e9:+.3g} nm from the base run"
            moving = "" if point.still else "; still moving"
            rows.append(Figure(position, point.position_m * 1e9, "nm", shift + moving))
            rows.append(Figure(f"{variant.name}: conductance {where}", point.conductance_s * 1e3, "mS"))
    return rows
