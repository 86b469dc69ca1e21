"""The verdict on a technology: five lines in plain words."""

import math
from typing import Any

from spingan.quantities import quantity_text
from spingan.studies.appraise import Appraisal, Drawn
from spingan.studies.net_trials import ADAPTED, AGED, AS_IT_IS
from spingan.studies.requirements import LOST, Requirement, factor_text, predicted, value_text
from spingan.studies.study import Interval


def appraisal_dict(found: Appraisal) -> dict[str, Any]:
    """An appraisal as JSON-able values, the verdict first, without images."""
    return {"verdict": verdict(found), **found.to_dict()}


def verdict(found: Appraisal) -> list[str]:
    """Five lines: the pictures; what falls short; arrays and time; the energy of an image; what is unknown."""
    return [_pictures(found), _properties(found), _arrays(found), _energy(found), _unknown(found)]


def good_enough(drawn: Drawn, quality: float) -> str:
    """`yes`, `no` or `unsure`: where the interval of the ratio over chips lies."""
    ratio = drawn.ratio
    if ratio is None:
        return "no"
    return "yes" if ratio.high < quality else "no" if ratio.low > quality else "unsure"


def _pictures(found: Appraisal) -> str:
    name, net, quality = found.technology.name, found.model.name, found.quality
    now = found.setting(AS_IT_IS)
    assert now.ratio is not None and now.distance is not None
    judged = good_enough(now, quality)
    opening = {
        "yes": f"{name} is good enough for {net} as it is",
        "unsure": f"{name} may be good enough for {net}: {found.plan.chips} chips do not tell",
        "no": f"{name} is not good enough for {net} as it is",
    }[judged]
    line = f"{opening}: its pictures are at {_times(now.ratio)} the distance of the ideal (asked: at most {quality:g})"
    adapted = next((each for each in found.drawn if each.setting == ADAPTED), None)
    if adapted is None or adapted.ratio is None:
        return f"{line}."
    after = good_enough(adapted, quality)
    ends = {"yes": ", which is enough", "unsure": ", which so few chips do not judge", "no": ", which is not enough"}
    end = "" if judged == after == "yes" else ends[after]
    return f"{line}; adapted, {_times(adapted.ratio)}{end}."


def _times(ratio: Interval) -> str:
    low = max(ratio.low, 0.0)  # what an interval of few chips reaches below is no distance
    bounds = f" ({low:.2f} to {ratio.high:.2f})" if math.isfinite(ratio.low) and ratio.mean < LOST else ""
    return f"{_ratio(ratio.mean)}{bounds}"


def _properties(found: Appraisal) -> str:
    written = [each for each in found.requirements if not each.aged]
    missed = [each for each in written if each.met == "no"]
    unsure = [each for each in written if each.met == "unsure"]
    if missed:
        worst = sorted(missed, key=lambda each: each.margin if each.margin is not None else 0.0)[:3]
        more = f"; and {len(missed) - len(worst)} more" if len(missed) > len(worst) else ""
        return f"It falls short in {'; '.join(map(_short, worst))}{more}."
    known = [each for each in written if each.margin is not None and not each.exact]
    if unsure:
        near = "; ".join(_short(each) for each in unsure[:3])
        return f"Too near its limit to tell: {near}. No property clearly falls short{_unexplained(found)}."
    if not known:
        return "None of its properties that pictures depend on is known: nothing can fall short, and nothing is shown."
    tightest = min(known, key=lambda each: each.margin or 0.0)
    margin = f"Every property of it that is known has a margin; the smallest is that of {_short(tightest)}"
    return f"{margin}{_unexplained(found)}."


def _unexplained(found: Appraisal) -> str:
    """What is left open where the pictures are bad, and the known properties together do not say why."""
    now, together = found.setting(AS_IT_IS).ratio, predicted(found.requirements)
    if now is None or good_enough(found.setting(AS_IT_IS), found.quality) != "no" or together >= now.low:
        return ""
    return f"; together they give {_ratio(together)}, and what is above it none of them explains"


def _short(each: Requirement) -> str:
    bound = "at least " if each.of.larger_is_better else "at most "
    if each.beyond:
        bound = "more than " if not each.of.larger_is_better else "fewer than "
    return f"{each.name} (has {value_text(each.has, each.unit)}, needs {bound}{_needs(each)})"


def _needs(each: Requirement) -> str:
    return value_text(each.needs if each.needs is None else each.of.enough(each.needs), each.unit)


def _arrays(found: Appraisal) -> str:
    tiles, time = found.tiles, _time(found)
    if tiles["largest_rows"] is None:
        return f"How large its arrays may be is unknown, without conductances in siemens or wires; {time}."
    rows, own = tiles["largest_rows"], found.technology.tile_rows
    beside = "" if own is None else f" (its tiles have {own})"
    assumed = ", assumed," if tiles["largest_rows_wire_assumed"] else ""
    wires = (
        f"wires of {tiles['largest_rows_wire_ohm']:g} ohm a cell{assumed} take {_percent(tiles['largest_rows_loss'])}"
    )
    return f"Its columns may have {rows:,} row{'s' * (rows != 1)}{beside} before {wires} of the current; {time}."


def _time(found: Appraisal) -> str:
    """What becomes of the pictures, or which property time takes over its limit."""
    ages = [each for each in found.drawn if each.setting in AGED]
    known = [each for each in ages if each.ratio is not None]
    if not ages:
        exact = all(each.exact for each in found.requirements if each.aged)
        return "time does nothing to it" if exact else "what time does to it is not known"
    if not known:
        return f"{ages[0].setting} its pictures are lost"
    parts = [f"{each.setting} at {_ratio(each.ratio.mean)}" for each in known if each.ratio is not None]
    return f"its pictures are {' and '.join(parts)} the ideal's distance"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f} x" if ratio < LOST else f"more than {LOST:g} x"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _energy(found: Appraisal) -> str:
    account, row = found.bill.drawing, found.row
    if not account.energy_j:
        return "What an image costs is not known: no part of it has an energy."
    bounds = f"{_joules(account.total('energy_low_j'))} to {_joules(account.total('energy_high_j'))}"
    part, share = account.largest
    others = [each.row for each in found.beside if each.technology != found.technology.name and each.row.energy_j]
    whole = [each for each in others if not each.missing]
    less = sum((each.energy_j or 0.0) < account.energy_j for each in whole)
    lower = " at least, since some parts have no figure" if row.missing else ""
    asked = ""
    if found.energy_j is not None:
        asked = (
            f"; asked: at most {_joules(found.energy_j)}, {'met' if account.energy_j <= found.energy_j else 'missed'}"
        )
    return (
        f"An image takes {_joules(account.energy_j)} ({bounds}){lower}, {_percent(round(share, 2))} of it {part}; "
        f"{less} of the {len(whole)} other technologies whose bill is whole take less{asked}."
    )


def _unknown(found: Appraisal) -> str:
    if not found.unknown:
        return "Nothing that matters is unknown."
    names = [each.name for each in found.unknown if each.name != "energy of an image"]
    first = found.unknown[0]
    could = f"change the {first.changes} by {factor_text(first.factor).removeprefix('x ')}"
    could = could + (" times" if first.factor is not None else "")
    if first.factor is None:
        could = f"change the {first.changes} without a known bound"
    listed = f"Unknown: {', '.join(names[:6])}{' and more' if len(names) > 6 else ''}. " if names else ""
    return f"{listed}What matters most is {first.name}: it could {could} ({first.basis.rpartition('; ')[2]})."


def _joules(energy_j: float) -> str:
    return quantity_text(energy_j, "J", 3)
