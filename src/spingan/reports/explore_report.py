"""A search as text, as a page, and as a folder a design of the front."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from spingan import __version__
from spingan.image_grid import image_grid, png_bytes
from spingan.output import output_folder, write_text
from spingan.quantities import area_text, quantity_text
from spingan.reports.page import Picture, page
from spingan.reports.plots import COLOURS, add_legend, name_axes, new_figure, save_png, svg_bytes
from spingan.reports.tables import Table
from spingan.spec.technology import write_technology
from spingan.studies.designs import AS_IDEAL, NEAR
from spingan.studies.explore import FIELDS
from spingan.studies.explored import GOOD, LEAST, RULE, Explored, Found
from spingan.studies.study import TOLERANCE
from spingan.studies.tolerance import FEW

PAGE, DATA, PICTURE, FRONT, BEST = "explore.html", "explore.json", "front.png", "front", "best"
_UNITS = {"energy": "J", "time": "s", "area": "m²"}
_SHOWN = 12  # designs of the front whose pictures stand on the page; all are in the table


def write_explored(found: Explored, folder: str | Path) -> tuple[Path, ...]:
    """Write the page, its picture, the same as JSON, and a folder with a technology for each design of the front.

    The best generator, if there is one, is in the folder `best` once more.

    Returns:
        The files, and the folder of the front last.

    Raises:
        UserError: They cannot be written.
    """
    place = output_folder(folder)
    for each in found.best:
        _write_design(found, each, str(each.number), place / FRONT / str(each.number))
    if found.best_generator is not None:
        _write_design(found, found.best_generator.found, BEST, place / BEST)
    write_text(place / PAGE, explored_html(found))
    write_text(place / DATA, json.dumps(_finite(found.to_dict()), indent=1, ensure_ascii=False) + "\n")
    save_png(front_figure(found), place / PICTURE)
    return place / PAGE, place / PICTURE, place / DATA, place / FRONT


def _write_design(found: Explored, each: Found, name: str, folder: Path) -> None:
    assert each.technology is not None
    about = f"{each.technology.provenance}; spingan explore {found.space.name}, seed {found.seed}, design {each.number}"
    named = {"name": f"{found.space.name}-{name}", "provenance": about}
    write_technology(each.technology.model_copy(update=named), folder)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def summary(found: Explored) -> list[str]:
    """What was found, in a few lines of plain words."""
    total, measured = len(found.designs), found.count("measured")
    left = {
        "refused": "refused",
        "dear": "beyond the reference's cost",
        "dominated": "needless, since a cheaper one draws as well as the ideal",
        "poor": "dropped after the first pictures",
    }
    parts = [f"{found.count(state)} {words}" for state, words in left.items() if found.count(state)]  # pyright: ignore
    lines = [
        f"{total} designs of {found.space.name} with {found.model.name}: {'; '.join([*parts, f'{measured} measured'])}."
    ]
    if not found.best:
        return [*lines, "No design lies within the reference: there is no front."]
    best = found.best[0]
    lines.append(f"{len(found.best)} are on the front. Best pictures: {_about(found, best)}.")
    for objective in found.space.objectives[1:]:
        enough = [each for each in found.best if _ratio(found, each) <= TOLERANCE]
        if enough:
            least = min(enough, key=lambda each: _value(found, each, objective))
            lines.append(
                f"Least {objective} at no more than {TOLERANCE:g} x the ideal's distance: {_about(found, least)}."
            )
        else:
            lines.append(f"No design reaches {TOLERANCE:g} x the ideal's distance.")
            break
    lines.append(best_line(found))
    lines.append(f"Hypervolume {found.hypervolume[-1]:.4g} after {total} designs.")
    return lines


def best_line(found: Explored) -> str:
    """The best generator against paper S's devices, in one line."""
    best = found.best_generator
    if best is None:
        return f"Best generator: none; no design of the front is within {GOOD:g} x the ideal's distance."
    about = (
        f"Best generator (least energy within {GOOD:g} x the ideal's distance): design {best.found.number}, "
        f"{best.of_ideal:.2f} x, {quantity_text(best.energy_j, 'J', 3)} an image, everything counted"
    )
    if best.share is None or best.paper_j is None:
        return f"{about}; the bill of paper S's devices has a gap for this net."
    times = f"1/{1 / best.share:.3g}" if best.share < 1 else f"{best.share:.3g} x"
    reached = "reached" if best.reached else "not reached"
    paper = quantity_text(best.paper_j, "J", 3)
    return f"{about}: {times} of that on paper S's devices ({paper}); 1/{1 / LEAST:.0f} is {reached}."


def _about(found: Explored, each: Found) -> str:
    costs = ", ".join(_text(found, each, objective) for objective in found.space.objectives[1:])
    return f"design {each.number}, {_ratio(found, each):.2f} x the ideal's distance, {costs}"


def _ratio(found: Explored, each: Found) -> float:
    assert each.distance is not None
    return each.distance.mean / found.ideal.mean


def _value(found: Explored, each: Found, objective: str) -> float:
    if objective == "distance":
        return _ratio(found, each)
    return float(getattr(each.row, FIELDS[objective]))


def _text(found: Explored, each: Found, objective: str) -> str:
    value = _value(found, each, objective)
    return area_text(value) if objective == "area" else quantity_text(value, _UNITS[objective], 3)


def front_table(found: Explored) -> Table:
    """The front, the best pictures first, with the choices that differ."""
    keys = [key for key in found.space.keys if len({repr(each.choices[key]) for each in found.best}) > 1]
    costs = found.space.objectives[1:]
    rows = []
    for each in found.best:
        distance = each.distance
        assert distance is not None
        bounds = f"{distance.low / found.ideal.mean:.2f} to {distance.high / found.ideal.mean:.2f}"
        rows.append((
            str(each.number), f"{distance.mean:.2f}", f"{_ratio(found, each):.2f}", bounds,
            *(_text(found, each, objective) for objective in costs),
            *(str(each.choices[key]) for key in keys),
        ))  # fmt: skip
    headings = ("design", "distance", "of the ideal's", "95 %", *costs, *(key.rpartition(".")[2] for key in keys))
    return Table("", headings, rows, range(4 + len(costs)))


def same_choices(found: Explored) -> str:
    """The choices that all designs of the front share; empty where there are none."""
    if not found.best:
        return ""
    shared = {
        key: found.best[0].choices[key]
        for key in found.space.keys
        if len({repr(each.choices[key]) for each in found.best}) == 1
    }
    return ", ".join(f"{key} {value}" for key, value in shared.items())


def explored_html(found: Explored) -> str:
    """The search as HTML."""
    shared = same_choices(found)
    return page(
        "explore.html",
        title=found.space.name,
        subtitle=f"searched with the net {found.model.name}: {found.space.about or 'a space of designs'}",
        summary=summary(found),
        figures=[],
        plot=Picture.svg("The front", _caption(found), svg_bytes(front_figure(found))),
        front=front_table(found) if found.best else None,
        front_notes=[
            *([f"All have {shared}."] if shared else []),
            f"A design is the folder {FRONT}/NUMBER, which every command takes as a technology, for example: spingan "
            f"appraise {FRONT}/{found.best[0].number if found.best else 'NUMBER'} --model {found.model.name}",
            *([f"The best generator is the folder {BEST}, too: {RULE}."] if found.best_generator is not None else []),
        ],
        pictures=list(_pictures(found)),
        refused=_refused(found),
        volume=Picture.svg(
            "Hypervolume", "Of the measured designs, in decades of each objective multiplied.",
            svg_bytes(volume_figure(found)),
        ),
        space=_space(found),
        notes=_notes(found),
    )  # fmt: skip


def _caption(found: Explored) -> str:
    names = ", ".join(found.space.objectives)
    return (
        "Distance over the ideal's against what an image takes. Filled: designs that no other beats in "
        f"{names} together, with their numbers and the 95 % interval over chips; open: measured designs that are "
        f"beaten. Dashed: {TOLERANCE:g} x."
    )


def front_figure(found: Explored) -> Figure:
    """Distance against each of the other objectives."""
    others = found.space.objectives[1:]
    figure, axes = new_figure(4.4 * len(others), 3.8, len(others))
    for axis, objective in zip(axes, others, strict=True):
        _draw(axis, found, objective)
    if len(found.best):
        add_legend(axes[0], loc="upper right")
    return figure


def _draw(axis: Axes, found: Explored, objective: str) -> None:
    beaten = [each for each in found.designs if each.state == "measured" and each not in found.best]
    if beaten:
        axis.plot(
            [_value(found, each, objective) for each in beaten], [_ratio(found, each) for each in beaten],
            "o", markersize=5, markerfacecolor="none", markeredgecolor=COLOURS[3], label="beaten",
        )  # fmt: skip
    best = found.best
    if best:
        xs, ys = [_value(found, each, objective) for each in best], [_ratio(found, each) for each in best]
        bars: list[list[float]] = [[], []]
        for each in best:
            distance = each.distance
            assert distance is not None
            bars[0].append((distance.mean - distance.low) / found.ideal.mean)
            bars[1].append((distance.high - distance.mean) / found.ideal.mean)
        axis.errorbar(
            xs, ys, yerr=bars, fmt="o", markersize=6, color=COLOURS[0], ecolor=COLOURS[0], elinewidth=0.8, label="front"
        )
        for each, x, y in zip(best, xs, ys, strict=True):
            axis.annotate(str(each.number), (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        axis.set_ylim(0.9 * min(1.0, *ys), 1.1 * max(TOLERANCE, *ys))
    axis.axhline(TOLERANCE, color=COLOURS[1], linestyle="--", linewidth=1.0)
    if objective == "area":
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 1e6:g}"))
        name_axes(axis, "area (mm²)", "distance over the ideal's")
    else:
        name_axes(axis, f"{objective} of an image", "distance over the ideal's", _UNITS[objective])
    _few_ticks(axis, [_value(found, each, objective) for each in found.designs if each.state == "measured"])


def _few_ticks(axis: Axes, values: list[float]) -> None:
    """Decades where values span more than three times, with ticks between them where they span less than thirty."""
    if not values or max(values) < 3 * min(values):
        axis.xaxis.set_major_locator(MaxNLocator(4))
        return
    formatter = axis.xaxis.get_major_formatter()
    axis.set_xscale("log")
    axis.set_xlim(min(values) / 1.2, max(values) * 1.3)
    between = (1.0, 2.0, 5.0) if max(values) < 30 * min(values) else (1.0,)
    axis.xaxis.set_major_locator(LogLocator(subs=between))
    axis.xaxis.set_major_formatter(formatter)
    axis.xaxis.set_minor_formatter(NullFormatter())


def volume_figure(found: Explored) -> Figure:
    """Hypervolume against designs."""
    figure, (axis,) = new_figure(6.0, 2.8)
    axis.step(range(1, len(found.hypervolume) + 1), found.hypervolume, where="post", color=COLOURS[0])
    axis.set_ylim(bottom=0)
    axis.set_xlim(left=0)
    name_axes(axis, "designs", "hypervolume")
    return figure


def _pictures(found: Explored) -> Iterator[Picture]:
    for each in found.best[:_SHOWN]:
        first = each.looked.attempts[0].outcome
        if first is None or not len(first.images):
            continue
        images = first.images if first.images.ndim == 3 else first.images.transpose(0, 3, 1, 2)
        costs = ", ".join(_text(found, each, objective) for objective in found.space.objectives[1:])
        about = f"{_ratio(found, each):.2f} x the ideal's distance, {costs}."
        yield Picture.png(f"Design {each.number}", about, png_bytes(image_grid(images, columns=5, scale=1, gap=1)))


def _refused(found: Explored) -> Table | None:
    """Reasons, and how many designs each stopped, with their numbers."""
    stopped = [each for each in found.designs if each.state != "measured"]
    words = {"refused": "refused", "dear": "not drawn", "dominated": "not drawn", "poor": "drawn, and dropped"}
    reasons = Counter((each.state, _reason(each)) for each in stopped)
    rows = []
    for (state, reason), count in reasons.most_common():
        numbers = [str(each.number) for each in stopped if (each.state, _reason(each)) == (state, reason)]
        more = f" and {count - 12} more" if count > 12 else ""
        rows.append((words[state], reason, str(count), ", ".join(numbers[:12]) + more))
    return Table("", ("what", "why", "designs", "numbers"), rows, (2,)) if rows else None


def _reason(each: Found) -> str:
    """Why a design was not measured, without numbers of its own where many stop for the same."""
    return each.looked.why.partition(", ")[2] if each.state == "poor" else each.looked.why


def _space(found: Explored) -> Table:
    rows = []
    for key, each in found.space.keys.items():
        values = getattr(each, "values", None)
        if values is None:
            shown = f"{each.low:g} to {each.high:g}{', by its logarithm' if each.log else ''}"  # pyright: ignore
        else:
            shown = ", ".join(map(str, values))
        rows.append((key, shown))
    size = found.space.size
    count = "any number of" if math.isinf(size) else f"{size:,.0f}"
    return Table(f"{count} designs, each beginning as {found.space.technology}", ("key", "may be"), rows)


def _notes(found: Explored) -> list[str]:
    plan, seeds = found.plan, found.plan.seeds
    reference = [f"{found.reference[0]:g} x the ideal's distance"]
    for objective, value in zip(found.space.objectives[1:], found.reference[1:], strict=True):
        reference.append(area_text(value) if objective == "area" else quantity_text(value, _UNITS[objective], 3))
    return [
        "Energy, time and area of every design are those of its whole bill, one image; a bill with a gap is refused.",
        f"Pictures: {plan.count // FEW:,} of one chip first, then {plan.count:,} of one, then {plan.count:,} of each "
        f"of {plan.chips}, seeds {seeds[0]} to {seeds[-1]}; {found.metric}. A design is dropped when a cheaper one is "
        f"more than {NEAR - 1:.0%} better; none is drawn that is dearer than one within {AS_IDEAL - 1:.0%} of the "
        "ideal.",
        f"The ideal, {found.model.name} without imperfections, has {found.ideal.mean:.3f}. The weights are those of "
        f"{found.model.name}, written into each design and not trained again; gains and batch norms are fitted to "
        f"{plan.fit_images:,} images.",
        f"Reference of the hypervolume: {', '.join(reference)}.",
        f"Sampler {found.sampler}, seed {found.seed}.",
        *found.notes,
        f"spingan {__version__}",
    ]
