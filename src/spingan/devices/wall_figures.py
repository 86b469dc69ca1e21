"""Figures of a wall device's study: positions, conductances, times, slopes, powers, and the extras."""

from collections.abc import Iterable

from spingan.devices.wall_characteristic import Characteristic, output_reset_s, slopes
from spingan.devices.wall_curve import heavy_metal_current_a, joule_power_w
from spingan.devices.wall_device import WallDevice
from spingan.devices.wall_study import Limit, Settled
from spingan.tabular import Figure

NOT_ASKED = "not among the currents of this run"
AT_REST_M_PER_S = 0.01  # a nanometre in 100 ns: what a note calls at rest
DENSITY_NOTE = "printed current: its density in the magnet's section, {density:.3g} A/m²"


def microamperes(current_a: float) -> str:
    """A current as the paper writes it."""
    return f"{current_a * 1e6:+.4g} µA" if current_a else "0 µA"


def position_figure(study: Characteristic, current_a: float) -> Figure:
    """Where the wall settles under an input."""
    quantity = f"wall position at {microamperes(current_a)}"
    point = study.at(current_a)
    if point is None:
        return Figure(quantity, None, "nm", NOT_ASKED)
    if point.annihilated:
        return Figure(quantity, None, "nm", f"the wall is annihilated at {microamperes(current_a)}")
    note = "" if point.still else "still moving"
    return Figure(quantity, point.position_m * 1e9, "nm", note)


def conductance_figure(study: Characteristic, current_a: float) -> Figure:
    """What the detectors conduct under an input, with the wall at its place."""
    quantity = f"conductance at {microamperes(current_a)}"
    point = study.at(current_a)
    if point is None or point.annihilated:
        return Figure(quantity, None, "mS", NOT_ASKED if point is None else "the wall is annihilated")
    return Figure(quantity, point.conductance_s * 1e3, "mS")


def settling_figure(study: Characteristic, current_a: float) -> Figure:
    """How long the wall takes from rest to 2 % of its travel around the end."""
    quantity = f"settling at {microamperes(current_a)}"
    point = study.at(current_a)
    if point is None:
        return Figure(quantity, None, "ns", NOT_ASKED)
    if point.settling_s is None:
        note = "the wall is annihilated" if point.annihilated else f"still moving after {point.time_s[-1] * 1e9:.3g} ns"
        return Figure(quantity, None, "ns", note)
    return Figure(quantity, point.settling_s * 1e9, "ns", "to within 2 % of its travel")


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
    rows = [
        Figure("rest position", study.rest.position_m * 1e9, "nm", _rest_note(study)),
    ]
    ends = (("lowest", study.after_negative), ("highest", study.after_positive))
    for which, run in ends:
        rows.append(Figure(f"position after the {which} current, input off", run.position_m * 1e9, "nm", _creep(run)))
    apart = abs(study.after_positive.position_m - study.after_negative.position_m)
    note = "0 for a device that resets itself to one rest point"
    rows.append(Figure("rest points apart", apart * 1e9, "nm", note))
    return rows


def _rest_note(study: Characteristic) -> str:
    return f"from a wall placed at {study.plan.start_m * 1e9:.6g} nm; {_creep(study.rest)}"


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
        rows.append(
            Figure(f"reset of the conductance after the {which} current", time * 1e9, "ns", "to 1 % of the span")
        )
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
        if limit is None and probe is None:
            continue
        ours, note = _limit(study, limit, probe)
        rows.append(
            Figure(
                f"annihilating current {side} zero",
                None if ours is None else ours * 1e6,
                "µA",
                note,
            )
        )
    return rows


def _limit(study: Characteristic, limit: Limit | None, probe_a: float | None) -> tuple[float | None, str]:
    if limit is not None:
        if limit.lost_a is None:
            return None, f"the wall survives {microamperes(limit.held_a)}; not searched further"
        return limit.lost_a, f"the wall survives {microamperes(limit.held_a)}"
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
    where = f"at {microamperes(current_a)}"
    return [
        Figure(
            f"Joule heat {where}, current as printed",
            joule_power_w(device, total) * 1e6,
            "µW",
            DENSITY_NOTE.format(density=density),
        ),
        Figure(
            f"Joule heat {where}, current by {convention}",
            joule_power_w(device, carried) * 1e6,
            "µW",
            f"the heavy metal carries {carried * 1e6:.4g} µA",
        ),
    ]


def variant_figures(study: Characteristic) -> list[Figure]:
    """The device under other conditions: positions and conductances, with the shift from the base run."""
    rows = []
    for variant in study.variants:
        for point in variant.points:
            base = study.at(point.current_a)
            where = f"{variant.name}: position at {microamperes(point.current_a)}"
            if point.annihilated:
                rows.append(Figure(where, None, "nm", "the wall is annihilated"))
                continue
            shift = "" if base is None else f"{(point.position_m - base.position_m) * 1e9:+.3g} nm from the base run"
            moving = "" if point.still else "; still moving"
            rows.append(Figure(where, point.position_m * 1e9, "nm", shift + moving))
            rows.append(
                Figure(
                    f"{variant.name}: conductance at {microamperes(point.current_a)}",
                    point.conductance_s * 1e3,
                    "mS",
                )
            )
    return rows
