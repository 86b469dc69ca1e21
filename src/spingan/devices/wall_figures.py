"""Rows that the comparison of every wall device has: positions, conductances, times, slopes, powers, and the extras."""

from collections.abc import Iterable

from spingan.devices.comparison import Row
from spingan.devices.wall_characteristic import Characteristic, output_reset_s, slopes
from spingan.devices.wall_curve import heavy_metal_current_a, joule_power_w
from spingan.devices.wall_device import WallDevice
from spingan.devices.wall_study import Limit, Settled

NOT_ASKED = "not among the currents of this run"
AT_REST_M_PER_S = 0.01  # a nanometre in 100 ns: what a note calls at rest
DENSITY_NOTE = "printed current: its density in the magnet's section, {density:.3g} A/m²"


def microamperes(current_a: float) -> str:
    """A current as the paper writes it."""
    return f"{current_a * 1e6:+.4g} µA" if current_a else "0 µA"


def position_row(study: Characteristic, current_a: float, printed_nm: float | None) -> Row:
    """Where the wall settles under an input."""
    quantity = f"wall position at {microamperes(current_a)}"
    point = study.at(current_a)
    if point is None:
        return Row(quantity, printed_nm, None, "nm", NOT_ASKED)
    if point.annihilated:
        return Row(quantity, printed_nm, None, "nm", f"the wall is annihilated at {microamperes(current_a)}")
    note = "" if point.still else "still moving"
    return Row(quantity, printed_nm, point.position_m * 1e9, "nm", note)


def conductance_row(study: Characteristic, current_a: float, printed_ms: float | None, note: str = "") -> Row:
    """What the detectors conduct under an input, with the wall at its place."""
    quantity = f"conductance at {microamperes(current_a)}"
    point = study.at(current_a)
    if point is None or point.annihilated:
        return Row(quantity, printed_ms, None, "mS", NOT_ASKED if point is None else "the wall is annihilated")
    return Row(quantity, printed_ms, point.conductance_s * 1e3, "mS", note)


def settling_row(study: Characteristic, current_a: float, printed_ns: float | None) -> Row:
    """How long the wall takes from rest to 2 % of its travel around the end."""
    quantity = f"settling at {microamperes(current_a)}"
    point = study.at(current_a)
    if point is None:
        return Row(quantity, printed_ns, None, "ns", NOT_ASKED)
    if point.settling_s is None:
        note = "the wall is annihilated" if point.annihilated else f"still moving after {point.time_s[-1] * 1e9:.3g} ns"
        return Row(quantity, printed_ns, None, "ns", note)
    return Row(quantity, printed_ns, point.settling_s * 1e9, "ns", "to within 2 % of its travel")


def settling_range_rows(study: Characteristic, printed_ns: tuple[float, float] | None) -> list[Row]:
    """The shortest and the longest settling under drive."""
    driven = [p.settling_s for p in study.alive if p.current_a and p.settling_s is not None]
    if not driven:
        return []
    shortest, longest = printed_ns or (None, None)
    note = "over the currents of this run, 0 left out"
    return [
        Row("shortest settling", shortest, min(driven) * 1e9, "ns", note),
        Row("longest settling", longest, max(driven) * 1e9, "ns", note),
    ]


def volume_nm3(device: WallDevice) -> float:
    """The magnet's volume in nm³."""
    return device.length_m * device.width_m * device.film.thickness_m * 1e27


def rest_rows(study: Characteristic, printed_nm: float | None) -> list[Row]:
    """Where the wall stands without an input: at the start, and after both ends, with the time and the speed left."""
    rows = [
        Row("rest position", printed_nm, study.rest.position_m * 1e9, "nm", _rest_note(study)),
    ]
    ends = (("lowest", study.after_negative), ("highest", study.after_positive))
    for which, run in ends:
        rows.append(
            Row(f"position after the {which} current, input off", printed_nm, run.position_m * 1e9, "nm", _creep(run))
        )
    apart = abs(study.after_positive.position_m - study.after_negative.position_m)
    note = "0 for a device that resets itself to one rest point"
    rows.append(Row("rest points apart", 0.0 if printed_nm is not None else None, apart * 1e9, "nm", note))
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


def reset_rows(study: Characteristic, printed_ns: tuple[float, float] | None) -> list[Row]:
    """How long the conductance takes back to rest; from the 10 ns runs if they were made."""
    runs = study.resets or (study.after_negative, study.after_positive)
    rows = []
    for which, run, printed in zip(("lowest", "highest"), runs, printed_ns or (None, None), strict=True):
        time = output_reset_s(study, run)
        rows.append(
            Row(f"reset of the conductance after the {which} current", printed, time * 1e9, "ns", "to 1 % of the span")
        )
        if study.resets:
            rows.append(Row(f"position 10 ns after the {which} current", None, run.position_m * 1e9, "nm", _creep(run)))
    return rows


def slope_rows(study: Characteristic, range_a: float, printed_ratio: float) -> list[Row]:
    """Slopes of the conductance below and above zero, their ratio, and how straight they are."""
    fitted = slopes(study, range_a)
    where = f"within ±{range_a * 1e6:g} µA"
    if fitted is None:
        note = "a slope needs 3 currents on either side"
        return [Row(f"slope below zero over slope above, {where}", printed_ratio, None, "1", note)]
    note = "least squares, each side with its own offset"
    deviation = "largest deviation from the line, of the span"
    return [
        Row(f"slope below zero over slope above, {where}", printed_ratio, fitted.ratio, "1", note),
        Row(f"slope above zero, {where}", None, fitted.positive * 1e-3, "mS/µA", note),
        Row(f"slope below zero, {where}", None, fitted.negative * 1e-3, "mS/µA", note),
        Row(f"linearity error above zero, {where}", None, fitted.positive_error, "1", deviation),
        Row(f"linearity error below zero, {where}", None, fitted.negative_error, "1", deviation),
    ]


def limit_rows(study: Characteristic, printed_a: tuple[float, float] | None) -> list[Row]:
    """The currents that annihilate the wall: as found by the search, else what happened at the printed ones."""
    rows = []
    sides = zip(("below", "above"), study.limits or (None, None), printed_a or (None, None), strict=True)
    for side, limit, printed in sides:
        if limit is None and printed is None:
            continue
        ours, note = _limit(study, limit, printed)
        rows.append(
            Row(
                f"annihilating current {side} zero",
                None if printed is None else printed * 1e6,
                None if ours is None else ours * 1e6,
                "µA",
                note,
            )
        )
    return rows


def _limit(study: Characteristic, limit: Limit | None, printed_a: float | None) -> tuple[float | None, str]:
    if limit is not None:
        if limit.lost_a is None:
            return None, f"the wall survives {microamperes(limit.held_a)}; not searched further"
        return limit.lost_a, f"the wall survives {microamperes(limit.held_a)}"
    probe = None if printed_a is None else study.at(printed_a)
    if probe is None:
        return None, NOT_ASKED
    if probe.annihilated:
        return probe.current_a, "lost at the printed current; --with limits searches for the least one"
    return None, f"at {microamperes(probe.current_a)} the wall survives at {probe.position_m * 1e9:.4g} nm"


def lost_rows(study: Characteristic) -> Iterable[Row]:
    """Inputs of the run at which the wall was annihilated."""
    for point in study.points:
        if point.annihilated:
            when = f"after {point.time_s[-1] * 1e9:.3g} ns, from {study.rest.position_m * 1e9:.4g} nm"
            yield Row(f"wall annihilated at {microamperes(point.current_a)}", None, point.current_a * 1e6, "µA", when)


def power_rows(device: WallDevice, study: Characteristic, current_a: float) -> list[Row]:
    """Joule heat in the heavy metal at an input, by both readings of the current."""
    convention = study.setup.convention
    total = current_a + device.bias_current_a
    carried = heavy_metal_current_a(device, current_a, convention)
    density = total / (device.width_m * device.film.thickness_m)
    where = f"at {microamperes(current_a)}"
    return [
        Row(
            f"Joule heat {where}, current as printed",
            None,
            joule_power_w(device, total) * 1e6,
            "µW",
            DENSITY_NOTE.format(density=density),
        ),
        Row(
            f"Joule heat {where}, current by {convention}",
            None,
            joule_power_w(device, carried) * 1e6,
            "µW",
            f"the heavy metal carries {carried * 1e6:.4g} µA",
        ),
    ]


def variant_rows(study: Characteristic) -> list[Row]:
    """The device under other conditions: positions and conductances, with the shift from the base run."""
    rows = []
    for variant in study.variants:
        for point in variant.points:
            base = study.at(point.current_a)
            where = f"{variant.name}: position at {microamperes(point.current_a)}"
            if point.annihilated:
                rows.append(Row(where, None, None, "nm", "the wall is annihilated"))
                continue
            shift = "" if base is None else f"{(point.position_m - base.position_m) * 1e9:+.3g} nm from the base run"
            moving = "" if point.still else "; still moving"
            rows.append(Row(where, None, point.position_m * 1e9, "nm", shift + moving))
            rows.append(
                Row(
                    f"{variant.name}: conductance at {microamperes(point.current_a)}",
                    None,
                    point.conductance_s * 1e3,
                    "mS",
                )
            )
    return rows
