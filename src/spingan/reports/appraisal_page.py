"""The page of an appraisal: the verdict first, then all that it rests on, in one self-contained HTML file."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from spingan import __version__
from spingan.image_grid import image_grid, png_bytes
from spingan.output import output_folder, write_text
from spingan.quantities import NOT_COUNTED, area_text, quantity_text
from spingan.reports.appraisal_plots import beside_figure, fit_figure, levels_figure, map_figure, tolerance_figure
from spingan.reports.bill_tables import bill_item_tables
from spingan.reports.page import Picture, page
from spingan.reports.plots import svg_bytes, transfer_curves
from spingan.reports.tables import Table
from spingan.reports.verdict import appraisal_dict, good_enough, verdict
from spingan.studies.appraise import Appraisal, Drawn
from spingan.studies.net_trials import ADAPTATION, ADAPTED, AS_IT_IS
from spingan.studies.properties import Property
from spingan.studies.requirements import LOST, Requirement, energy_changes, factor_text, predicted, value_text
from spingan.studies.study import TOLERANCE
from spingan.studies.tolerance import FEW

PAGE, DATA = "appraisal.html", "appraisal.json"
_WORDS = {"yes": "met", "no": "falls short", "unsure": "not sure", "unknown": "unknown"}
_SCALES = {
    "array reads": "with the conductance, with the time of a read, and with the square of its voltage",
    "column converters (ADC)": "with the energy of a conversion, and with the number of conversions (taller tiles)",
    "row drivers (DAC)": "with the energy of a conversion",
}


def write_appraisal(found: Appraisal, folder: str | Path) -> tuple[Path, Path]:
    """Write the page and the same as JSON into `folder`.

    Raises:
        UserError: They cannot be written.
    """
    place = output_folder(folder)
    write_text(place / PAGE, appraisal_html(found))
    write_text(place / DATA, json.dumps(_finite(appraisal_dict(found)), indent=1, ensure_ascii=False) + "\n")
    return place / PAGE, place / DATA


def _finite(value: Any) -> Any:
    """Numbers that are not finite as None, as JSON has no word for them."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def appraisal_html(found: Appraisal) -> str:
    """The appraisal as HTML."""
    maps = map_figure(found)
    beside, changes = beside_figure(found), _changes(found)
    bill = bill_item_tables(found.bill)[0]
    tolerance_caption = (
        f"Distance over the ideal's against each property alone, a marker a chip; dashed: {TOLERANCE:g}; green: where "
        "the chips leave it, with the 95 % interval; orange: this device."
    )
    return page(
        "appraisal.html",
        title=found.technology.name,
        subtitle=f"appraised with the net {found.model.name}, trained on {found.model.technology.name}",
        model=found.model.name,
        enough=good_enough(found.setting(AS_IT_IS), found.quality),
        verdict=verdict(found),
        figures=_cards(found),
        pictures=list(_pictures(found)),
        pictures_note=f"Adapted: {ADAPTATION.format(count=found.plan.calibration)}. Nothing is trained.",
        requirements=[_requirement(each) for each in found.requirements],
        requirement_notes=_requirement_notes(found),
        tolerances=Picture.svg("What the net tolerates", tolerance_caption, svg_bytes(tolerance_figure(found))),
        changes_title="Any one of these would do" if not found.reached else "How far each property may fall, alone",
        changes=changes if changes.rows else None,
        changes_note=_changes_note(found, bool(changes.rows)),
        energy_changes=_energy_changes(found),
        maps=None if maps is None else _maps(found, *maps),
        unknown=_unknown(found),
        comparison=_comparison(found),
        comparison_plot=None if beside is None else Picture.svg(
            "Quality and energy", "All technologies with the same net, as they are; star: this one.", svg_bytes(beside)
        ),
        comparison_notes=_comparison_notes(found),
        bill=Table("", *_without_source(bill)),
        bill_notes=_bill_notes(found),
        arrays=_arrays(found),
        curves=list(_curves(found)),
        notes=_notes(found),
    )  # fmt: skip


def _cards(found: Appraisal) -> list[tuple[str, str, str]]:
    cards = [
        (f"distance, {each.setting}", *_ratio_card(each, found))
        for each in found.drawn
        if each.setting in (AS_IT_IS, ADAPTED)
    ]
    account = found.bill.drawing
    low, high = (quantity_text(account.total(name), "J", 3) for name in ("energy_low_j", "energy_high_j"))
    cards.append(
        (
            "energy of an image",
            quantity_text(account.energy_j or None, "J", 3),
            f"{low} to {high}" if account.energy_j else "",
        )
    )
    rows = found.tiles["largest_rows"]
    tile = found.technology.tile_rows
    reading = "a column until its wires take 5 %" + ("" if tile is None else f"; its tiles have {tile}")
    cards.append(("largest tile", "unknown" if rows is None else f"{rows:,} rows", reading))
    return cards


def _ratio_card(each: Drawn, found: Appraisal) -> tuple[str, str]:
    if each.ratio is None or each.distance is None:
        return "refused", each.refused
    recall = each.mean("recall")
    variety = "" if recall is None else f", recall {recall:.2f}"
    return f"{each.ratio.mean:.2f} x", f"{each.distance.mean:.2f} where the ideal has {_ideal(found):.2f}{variety}"


def _ideal(found: Appraisal) -> float:
    return 0.0 if found.ideal.distance is None else found.ideal.distance.mean


def _pictures(found: Appraisal) -> Iterator[Picture]:
    for each in (found.ideal, *found.drawn):
        first = next(
            (one.outcome for one in each.attempts if one.outcome is not None and len(one.outcome.images)), None
        )
        name = "the ideal: no imperfections" if each is found.ideal else each.setting
        if first is None:
            continue
        images = first.images if first.images.ndim == 3 else first.images.transpose(0, 3, 1, 2)
        ratio = "" if each.ratio is None or each is found.ideal else f"{each.ratio.mean:.2f} x the ideal's distance. "
        yield Picture.png(name, f"{ratio}First chip.", png_bytes(image_grid(images, columns=5, scale=1, gap=1)))


def _requirement(each: Requirement) -> dict[str, Any]:
    bound = ("> " if not each.of.larger_is_better else "< ") if each.beyond else ""
    bound = ("< " if not each.of.larger_is_better else "> ") if each.everywhere else bound
    bounds = (
        ""
        if each.low is None or each.high is None
        else f"{bound_text(each.of, each.low)} to {bound_text(each.of, each.high)}"
    )
    unknown = each.has is None
    return {
        "name": each.name,
        "of": each.why if unknown or each.exact else each.of.of,
        "has": "none" if each.exact else value_text(each.has, each.unit),
        "needs": f"{bound}{value_text(each.needs if each.needs is None else each.of.enough(each.needs), each.unit)}",
        "interval": bounds,
        "margin": "" if each.margin is None else f"{each.margin:+.0%}" if each.margin > -9.995 else "< -1000 %",
        "width": 0 if each.margin is None else round(100 * min(max(each.margin, 0.03), 1.0)),
        "met": each.met,
        "word": "not concerned" if each.exact else _WORDS[each.met],
    }


def bound_text(of: Property, value: float) -> str:
    """An end of an interval; beyond what was tried as that alone, however far a few chips let it reach."""
    first, last = of.rungs[0], of.rungs[-1]
    harm = of.harm(value)
    if of.harm(first) <= harm <= of.harm(last):
        return value_text(value, of.unit)
    beyond = last if harm > of.harm(last) else first
    return f"{'>' if value > beyond else '<'} {value_text(beyond, of.unit)}"


def _requirement_notes(found: Appraisal) -> list[str]:
    ratio = found.setting(AS_IT_IS).ratio
    measured = "" if ratio is None else f"; measured, all together: {ratio.mean:.2f} x"
    return [
        f"Needs: the value at which the property alone raises the distance to {found.quality:g} x the ideal's "
        "(geometric mean over chips). Margin: 1 - has / needs, of levels and bits 1 - needs / has; 0 is the limit.",
        "What the device has is what its figures do to the weights of this net. Measured on the net's own technology "
        f"({found.model.technology.name}) without its imperfections; stuck devices and wires harm other encodings "
        "otherwise.",
        f"The known properties together give {_sum(found)}, if small harms add{measured}.",
        "Loss and scatter: what all weights lose alike after a time, and how each differs from that (held against the "
        "error of writing).",
    ]  # fmt: skip


def _sum(found: Appraisal) -> str:
    ratio = predicted(found.requirements)
    return f"{ratio:.2f} x" if ratio < LOST else f"more than {LOST:g} x"


def _changes(found: Appraisal) -> Table:
    rows = [
        (each.name, value_text(each.has, each.unit), value_text(each.to, each.unit), _factor(each.factor))
        for each in found.any_one
    ]
    return Table(
        "",
        ("property", "has", "may become" if found.reached else "would have to be", "harm, as a factor"),
        rows,
        (1, 2, 3),
    )


def _factor(factor: float) -> str:
    return "any" if math.isinf(factor) else f"{factor:.2g}"


def _changes_note(found: Appraisal, any_rows: bool) -> str:
    asked = f"Asked: {found.quality:g} x the ideal's distance. All other properties stay as they are."
    if any_rows:
        return asked
    if found.reached:
        return f"{asked} No property with a measured limit is known of this device."
    why = "what is known does not explain the distance, or several must change together"
    return f"{asked} No property alone would do: {why}."


def _energy_changes(found: Appraisal) -> Table | None:
    if found.energy_j is None:
        return None
    changes = energy_changes(found.bill.drawing.by("item"), found.energy_j)
    asked = quantity_text(found.energy_j, "J", 3)
    rows = [
        (each.item, *(quantity_text(value, "J", 3) for value in (each.energy_j, each.to_j)), _factor(each.factor),
         _SCALES.get(each.item, ""))
        for each in changes
        if each.to_j is not None and each.factor is not None
    ]  # fmt: skip
    met = found.bill.drawing.energy_j <= found.energy_j
    title = (
        f"Any one of these gives {asked} an image" if not met else f"{asked} an image are met; each may become, alone"
    )
    if not rows:
        return Table(title, ("part", "it scales"), [("none alone", "several parts must change together")])
    return Table(title, ("part", "has", "to", "factor", "it scales"), rows, (1, 2, 3))


def _maps(found: Appraisal, figure: Figure, unknown: tuple[str, ...]) -> Picture:
    return Picture.svg("Which properties would do", _map_caption(found, unknown), svg_bytes(figure))


def _map_caption(found: Appraisal, unknown: tuple[str, ...]) -> str:
    energy = ""
    if found.energy_j is not None:
        energy = (
            f" Last panel: green also takes at most {quantity_text(found.energy_j, 'J', 3)}; lines: energy of an image."
        )
    left = f" Unknown of this device: {', '.join(unknown)}; a dashed line where the other is known." if unknown else ""
    return (
        f"Green: distance at most {found.quality:g} x the ideal's, all other properties as the device has them; lines: "
        f"1.1, 1.5 and 2 x. Star: the device. Computed from the measured curves, harms added.{left}{energy}"
    )


def _unknown(found: Appraisal) -> Table:
    rows = [(each.name, each.changes, factor_text(each.factor), each.basis) for each in found.unknown]
    return Table("Ranked by what it could change", ("what", "changes", "by up to", "because"), rows, (2,))


def _comparison(found: Appraisal) -> Table:
    own = found.setting(AS_IT_IS)
    mine = (found.technology.name, own.distance and own.distance.mean, "", found.row)
    others = [
        (each.technology, each.distance, each.refused, each.row)
        for each in found.beside
        if each.technology != found.technology.name
    ]
    rows = []
    for name, distance, refused, row in (
        mine,
        *sorted(others, key=lambda each: math.inf if each[1] is None else each[1]),
    ):
        bound = "> " if row.missing and row.energy_j else ""
        rows.append((
            name,
            f"{distance:.2f}" if distance is not None else refused if refused == "not measured" else "refused",
            "" if distance is None else f"{distance / _ideal(found):.2f}",
            bound + quantity_text(row.energy_j or None, "J", 3),
            " to ".join(quantity_text(value, "J", 3) for value in (row.energy_low_j, row.energy_high_j))
            if row.energy_j else "",
            quantity_text(row.time_s or None, "s", 3),
            area_text(row.area_m2) if row.area_m2 else NOT_COUNTED,
        ))  # fmt: skip
    headings = ("technology", "distance", "of the ideal's", "energy of an image", "range", "time", "area")
    return Table(f"{found.metric}, smaller is better; this one first", headings, rows, range(1, 7))


def _comparison_notes(found: Appraisal) -> list[str]:
    notes = ["The same weights in each, nothing trained again; > lacks the energy of some part."]
    for each in found.beside:
        if each.technology == found.technology.name:
            continue
        if each.refused and each.refused != "not measured":
            notes.append(f"{each.technology}: refused, {each.refused}")
        elif each.refused:
            notes.append(
                f"{each.technology}: not measured, for it is slow: spingan compare {found.model.name} --technology "
                f"{each.technology} does it"
            )
    return notes


def _without_source(table: Table) -> tuple[Any, Any, Any]:
    return table.headings[:-1], [row[:-1] for row in table.rows], table.right


def _bill_notes(found: Appraisal) -> list[str]:
    account = found.bill.drawing
    sources = f"Sources of each part: spingan cost {found.model.name} --accounting full --detail"
    return [
        *(f"Not counted: {reason}" for reason in account.not_counted),
        *(f"Assumed: {each}" for each in found.bill.assumed),
        sources,
    ]


def _arrays(found: Appraisal) -> Table:
    tiles, lifetime, synapse = found.tiles, found.lifetime, found.technology.synapse
    rows = tiles["largest_rows"]
    ohm = f"{tiles['largest_rows_wire_ohm']:g} ohm a cell{', assumed' if tiles['largest_rows_wire_assumed'] else ''}"
    table = [("largest tile", "unknown: no conductances in siemens, or no wires" if rows is None else
              f"{rows:,} rows until a column's wire of {ohm} takes {tiles['largest_rows_loss']:.0%}")]  # fmt: skip
    if tiles["tile_loss"] is not None:
        table.append(
            ("its own tiles", f"{found.technology.tile_rows} rows, whose columns lose {tiles['tile_loss']:.1%} at most")
        )
    for need in tiles["rows_need"]:
        times = "" if need["times"] is None else f", {need['times']:.2g} times its own"
        table.append(
            (
                f"for {need['rows']} rows",
                f"devices of at least {quantity_text(need['least_resistance_ohm'], 'ohm', 3)}{times}",
            )
        )
    for each in found.drawn:
        if each.setting.startswith("after"):
            table.append(
                (
                    f"pictures {each.setting}",
                    each.refused if each.ratio is None else f"{each.ratio.mean:.2f} x the ideal's distance",
                )
            )
    if synapse is not None and synapse.retention is None:
        table.append(("retention", "unknown"))
    writes = (
        "unknown" if lifetime.writes_per_training is None else f"{lifetime.writes_per_training:,} writes of each device"
    )
    table.append(("a training on the chip", writes))
    if lifetime.endurance_writes is None:
        table.append(("lifetime if it learns", "unknown: how many writes a device stands is not stated"))
    else:
        trainings = "" if lifetime.trainings is None else f"{lifetime.trainings:.3g} trainings; "
        table.append(("lifetime if it learns", f"{trainings}{lifetime.endurance_writes:.2g} writes"))
        table.append(("rewritten once a day", f"{lifetime.years_rewritten_daily:.3g} years"))
    once = found.bill.programming
    table.append(("writing all weights once", quantity_text(once.whole.energy_j, "J", 3)))
    return Table("", ("what", "value"), table)


def _curves(found: Appraisal) -> Iterator[Picture]:
    synapse, fit = found.technology.synapse, found.fit
    if synapse is not None:
        own = fit if fit is not None and fit.value is synapse else None
        caption = "Conductance of each level, with what writing and reading miss by, where that is known."
        yield Picture.svg(f"Levels of {synapse.name}", caption, svg_bytes(levels_figure(synapse, own)))
    if fit is not None and fit.value is not synapse:
        yield Picture.svg(
            "The measurement", f"{fit.points} points; {fit.value.provenance}.", svg_bytes(fit_figure(fit))
        )
    if found.technology.activations:
        caption = "What the activation devices do with their input; markers: the functions that they stand for."
        yield Picture.svg("Transfer", caption, svg_bytes(transfer_curves(list(found.technology.activations.values()))))


def _notes(found: Appraisal) -> list[str]:
    plan = found.plan
    seeds = f"{plan.seeds[0]} to {plan.seeds[-1]}"
    limits = (
        f"Limits: each chip bisected on {plan.count // FEW:,} images between the property's rungs, on {plan.count:,} "
        f"towards {TOLERANCE:g} x; the interval of 95 % (Student's t) over chips."
    )
    return [
        f"{plan.count:,} images a chip, {plan.chips} chips, seeds {seeds} of latents and chip; {found.metric}.",
        limits,
        *found.notes,
        f"spingan {__version__}",
    ]
