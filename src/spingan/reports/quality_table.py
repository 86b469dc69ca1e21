"""A quality as a table of text, for the terminal and the report: each measure with the float twin's and the floor."""

from typing import TYPE_CHECKING

from spingan.reports.tables import Table

if TYPE_CHECKING:
    from spingan.evaluation.quality import Quality

_MEASURES = (  # attribute, name, format, what is better
    ("precision", "precision", ".3f", "larger"),
    ("recall", "recall", ".3f", "larger"),
    ("density", "density", ".3f", "larger"),
    ("coverage", "coverage", ".3f", "larger"),
    ("nearest_neighbour_ratio", "nearest image", ".3f", "near 1"),
    ("copies", "copies", ".2%", "1 % or less"),
)


def quality_table(quality: "Quality") -> Table:
    """The distance and the six measures of variety, a row each; the float twin's where there is one."""
    columns = [("this model", quality.value, quality.variety), ("real (floor)", quality.floor, quality.variety_floor)]
    if quality.float_twin is not None and quality.variety_float_twin is not None:
        columns.insert(1, ("float twin", quality.float_twin, quality.variety_float_twin))
    names, distances, varieties = zip(*columns, strict=True)
    rows = [(quality.metric, *(f"{value:.3f}" for value in distances), "smaller")]
    for attribute, name, form, better in _MEASURES:
        values = (getattr(variety, attribute) for variety in varieties)
        rows.append((name, *(measure_text(value, form) for value in values), better))
    title = f"{quality.metric}, and {quality_title(quality)}"
    return Table(title, ("measure", *names, "better"), rows, range(1, len(names) + 1))


def chip_lines(quality: "Quality") -> tuple[str, ...]:
    """What several chips do, with the intervals of the means; nothing where only one was asked for."""
    found = quality.over_chips()
    if not found:
        return ()
    first, last = quality.chips[0].chip_seed, quality.chips[-1].chip_seed
    text = ", ".join(
        f"{'distance' if name == 'value' else name} {each.mean:.3f} ({each.low:.3f} to {each.high:.3f})"
        for name, each in found.items()
    )
    return (f"chips {first} to {last}, mean and its interval of 95 %: {text}; the table is chip {first}'s",)


def measure_text(value: float | None, form: str) -> str:
    """A measure as text, by a format specification; None is "not measured"."""
    return "not measured" if value is None else format(value, form)


def quality_title(quality: "Quality") -> str:
    """What the measures of variety were taken on."""
    variety = quality.variety
    return f"variety on {variety.count:,} images each, k = {variety.k}"


def quality_notes(quality: "Quality") -> tuple[str, ...]:
    """What a reader of the table must know, and the measures that have no row."""
    variety, floor = quality.variety, quality.variety_floor
    notes = [f"kernel distance: {quality.kernel_distance:.3g}"]
    if quality.float_twin:
        notes.append(f"distance, this model / float twin: {quality.value / quality.float_twin:.3f}")
    notes += [
        "precision: share of the drawn images that lie among real ones; recall: of the real ones that lie among drawn",
        "coverage: share of the real images with a drawn image near; density: drawn images near a real one, real = 1",
        f"nearest image: median distance to the nearest other image, {variety.nearest_distance:.0f} in 8-bit pixels, "
        f"over that of real images, {variety.nearest_distance_real:.0f}",
    ]
    if variety.copies is None:
        notes.append(f"copies: not measured: {variety.not_measured}")
    else:
        notes.append(
            f"copies: images nearer to one of {variety.training_images:,} training images than 99 % of the test images "
            "are; floor: the test images themselves, each half judged by the other"
        )
    if floor.count != variety.count:
        notes.append(f"the floor of the variety is measured on {floor.count:,} images each, k = {floor.k}")
    return tuple(notes)
