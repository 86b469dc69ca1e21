"""Pictures and their quality from a second to ten years after the arrays were written."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from spingan.costs.components import load_components
from spingan.costs.full_bill import Parts
from spingan.costs.programming import rewriting
from spingan.errors import UserError
from spingan.nn.cost import net_counts
from spingan.nn.weights import Model, load_model
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology, load_technology
from spingan.studies.axes import Asked, Axis
from spingan.studies.claims import largest_tolerated
from spingan.studies.study import Series, Setting, Study
from spingan.studies.trials import Trial, technology_text

UNITS_S = {"s": 1.0, "h": 3_600.0, "d": 86_400.0, "y": 365.25 * 86_400.0}  # a Julian year
# Assumed: decades of time in units that people use, to the 10 years that a non-volatile memory is commonly asked for.
TIMES_S = (1.0, UNITS_S["h"], UNITS_S["d"], 30 * UNITS_S["d"], UNITS_S["y"], 10 * UNITS_S["y"])
MEASURED = ("hfox-rram", "pcm")  # shipped ones with a measured law; for models whose own devices have an unknown one
CALIBRATION = 1_024  # images by which an aged chip measures itself: means to 1/32 of a deviation; assumed


@dataclass(frozen=True)
class _Line:
    """One series to be measured: chips of a technology, and the images that they measure themselves by."""

    technology: Technology
    synapse: Synapse
    calibration: int
    axis: Axis


def time(
    asked: Asked, *, technologies: Sequence[str] = (), at: Sequence[float] = (), calibration: int = CALIBRATION
) -> Study:
    """The model's generator on chips that age: left as they were, and with gains and batch norms measured again.

    The ideal is the model on its own technology as it was written.

    Args:
        technologies: Names or files; none: the model's own if its retention is known, else `MEASURED`.
        at: Seconds since writing; none: `TIMES_S`, from the first time on at which a technology is known.
        calibration: Images that an aged chip draws to measure its gains and norms; 0: none does.

    Raises:
        UserError: A technology without a known retention, a time at which nothing is known, or as for trials.
    """
    model = load_model(asked.model)
    base = asked.trial(model)
    lines = [
        _line(model, own, images, tuple(sorted(set(at))))
        for own in _technologies(model.technology, technologies)
        for images in dict.fromkeys((0, calibration))
    ]
    ideal = 0.0, f"{model.technology.name}, as written", base
    series, best, metric = asked.pictures(base, [line.axis for line in lines], ideal, "time")
    refresh = [_refresh(model, line, found, best) for line, found in zip(lines, series, strict=True)]
    return asked.study(
        "time",
        model.technology,
        series,
        asked.obtained(calibration=f"{calibration:,} images"),
        best,
        metric,
        notes=tuple(dict.fromkeys(_note(line.technology.name, line.synapse) for line in lines)),
        more={"calibration": calibration, "refresh": refresh},
        lines=tuple(map(_refresh_text, refresh)),
        compares_axes=True,
    )


def _technologies(own: Technology, names: Sequence[str]) -> Iterator[Technology]:
    known = own.synapse is not None and own.synapse.retention is not None
    for name in dict.fromkeys(names) or ((own.name,) if known else MEASURED):
        yield own if name == own.name else load_technology(name)


def _line(model: Model, technology: Technology, calibration: int, at: tuple[float, ...]) -> _Line:
    """The times at which chips of a technology are known, and what they change in a trial.

    Raises:
        UserError: It has no devices, or nothing is known of them at one of the times.
    """
    synapse = technology.synapse
    if synapse is None:
        raise UserError(f"technology {technology.name} has no devices that age", "Name one with a synapse.")
    times = at or known_times(synapse)
    if min(times) <= 0:
        raise UserError(f"{min(times):g} s after writing is no time to study", "Give seconds above 0.")
    for seconds in times:
        synapse.retention_at(seconds)
    text = None if technology == model.technology else technology_text(technology)

    def change(trial: Trial, seconds: float) -> Trial:
        aged = replace(trial.conditions, time_s=seconds, calibration=calibration)
        return replace(trial, conditions=aged, technology=text)

    how = "gains and norms measured again" if calibration else "as written"
    axis = Axis("time", f"{technology.name}, {how}", "seconds since writing", times, change, time_text, "log10")
    return _Line(technology, synapse, calibration, axis)


def known_times(synapse: Synapse) -> tuple[float, ...]:
    """`TIMES_S` as far as a synapse is known then, beginning with the first time at which it is."""
    low, high = synapse.validity.time_s or (0.0, TIMES_S[-1])
    retention = synapse.retention
    first = max(low, TIMES_S[0], 0.0 if retention is None or retention.law == "exponential" else retention.time_s)
    return (first, *(seconds for seconds in TIMES_S if first < seconds <= high))


def time_text(seconds: float) -> str:
    """A time in the largest of seconds, hours, days and years that it holds."""
    unit = next((name for name, size in reversed(UNITS_S.items()) if seconds >= size), "s")
    return f"{seconds / UNITS_S[unit]:.3g} {unit}"


def _note(name: str, synapse: Synapse) -> str:
    retention = synapse.retention
    assert retention is not None  # `_line` has seen to it
    until = retention.measured_until_s
    later = "how long it was measured is not said" if until is None else f"measured until {time_text(until)}"
    return f"{name}: {retention.law} law; {later}, and later times are that law extended."


def _refresh(model: Model, line: _Line, found: Series, ideal: Setting) -> dict[str, Any]:
    """How often the arrays of a series must be written again to stay tolerated, as far as the study looked."""
    every = largest_tolerated(found.settings, ideal)
    counts = net_counts(model.net, line.technology, model.latent_size).generator
    entry = {"series": found.name, "devices": counts.total("weight_cells"), "every_s": every}
    if every is None:
        return entry | {"energy_j_per_year": None, "endurance_years": None, "last": False}
    costs = asdict(rewriting(counts, Parts(line.technology, load_components()), every))
    return entry | costs | {"last": every == found.settings[-1].value}


def _refresh_text(entry: dict[str, Any]) -> str:
    every = entry["every_s"]
    if every is None:
        return f"{entry['series']}: not tolerated at any time"
    if entry["last"]:
        return f"{entry['series']}: tolerated to the end, {time_text(every)}"
    energy, years = entry["energy_j_per_year"], entry["endurance_years"]
    lacks = f", {' and '.join(entry['lacks'])} not counted" if entry["lacks"] else ""
    cost = "energy of a write unknown" if energy is None else f"{energy:.3g} J a year{lacks} ({entry['basis']})"
    lasts = "" if years is None else f", endurance for {years:.3g} years"
    return f"{entry['series']}: written again every {time_text(every)} it stays tolerated; {cost}{lasts}"
