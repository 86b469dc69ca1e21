"""Which numbers are kept of what a slow command prints with --json, or of a training's run folder."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spingan.errors import UserError
from spingan.papers.rows import Value, Values, values_of_rows

Result = Mapping[str, Any]
"""What a command prints with --json."""


def read_run(folder: Path) -> Result:
    """A run folder's recipe and losses, row by row as `metrics.csv` has them.

    Raises:
        UserError: It is not a run folder.
    """
    from spingan.training.recipe import load_recipe

    try:
        with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError) as error:
        raise UserError(f"{folder} has no metrics.csv of a training", "Name a run folder.") from error
    return {"seed": load_recipe(folder / "recipe.yaml").seed, "metrics": rows}


def rows_values(result: Result) -> Values:
    """A comparison's rows."""
    return values_of_rows(result["rows"])


def quality_values(result: Result) -> Values:
    """Distance, floor and twin; never to be compared with an FID."""
    metric = result["metric"]
    found = {"distance": Value(result["value"], "1", metric), "floor": Value(result["floor"], "1", metric)}
    if result["float_twin"] is not None:
        found["float twin"] = Value(result["float_twin"], "1", metric)
    return found


def variability_values(result: Result) -> Values:
    """The largest variability that the rule tolerates."""
    largest = result["largest_tolerated"]
    number = 0.0 if largest is None else 100 * largest
    return {"largest variability tolerated": Value(number, "%", _verdict(result))}


def levels_values(result: Result) -> Values:
    """The smallest number of levels that the rule tolerates."""
    return {"smallest number of levels tolerated": Value(result["largest_tolerated"], "1", _verdict(result))}


def epochs_values(result: Result) -> Values:
    """The first epoch from which on the rule tolerates all; nothing where the run ended before the claimed epoch."""
    number = None if result["verdict"] == "not tested" else result["largest_tolerated"]
    return {
        "first epoch from which all are tolerated": Value(number, "1", _verdict(result)),
        "tolerated beside the run's own last": Value(result["largest_tolerated"], "epochs and more", result["metric"]),
    }


def noise_values(result: Result) -> Values:
    """How many times as large each setting makes the distance, and which of the paper's settings are among ours.

    What a study left out has no value: it is not a finding that nothing is tolerated.
    """
    found = {}
    for series in result["series"]:
        for setting in series["settings"]:
            name = f"{series['axis']}, {series['name']}, {setting['value']:g}"
            found[name] = Value(setting["of_ideal"], "times", f"the noise-free {result['metric']}")

    def settings(axis: str) -> list[dict[str, Any]]:
        return [setting for series in result["series"] if series["axis"] == axis for setting in series["settings"]]

    if latent := settings("latent noise"):
        values = [setting["value"] for setting in latent]
        borne = [setting["value"] for setting in latent if setting["tolerated"]]
        found["settings: latent noise"] = Value((min(values), max(values)), "1", "the ends of ours")
        found["largest latent noise tolerated"] = Value(max(borne, default=0.0), "1", result["rule"])
    if weight := settings("weight noise"):
        low, high = next(point["settings"] for point in result["printed"] if point["axis"] == "weight noise")
        named = sorted({round(100 * s["value"], 9) for s in weight if low <= s["value"] <= high})
        found["settings: weight noise"] = Value(tuple(named), "%", "of our settings, those that the paper names")
    return found


def quantization_values(result: Result) -> Values:
    """The widths, the error and the distance at each, and the fewest bits from which on the error is small."""
    from spingan.studies.claims import SMALL

    found, gained = {}, []
    for width in result["widths"]:
        name = f"{width['bits']} bits, gain {width['gain']}"
        found[f"{name}: error of the weights"] = Value(100 * width["error"], "%", "of their mean square")
        found[f"{name}: distance"] = Value(width["of_ideal"], "times", f"that of float weights, {result['metric']}")
        if width["gain"] == "column":
            gained.append((width["bits"], width["error"] <= SMALL))
    small = [bits for bits, _ in gained if all(is_small for other, is_small in gained if other >= bits)]
    note = f"mean square error at most {SMALL:.0%} of the mean square; a gain for each column"
    return found | {
        "settings: bits": Value(tuple(sorted({width["bits"] for width in result["widths"]})), "1"),
        "fewest bits with a small error": Value(min(small, default=None), "1", note),
    }


def first_losses_values(result: Result) -> Values:
    """Losses of a training's first step, which must have been logged alone."""
    first = result["metrics"][0]
    if first["step"] != 1:
        raise UserError(
            f"the run's first row is of step {first['step']:.0f}", "Log every step: spingan train ... --set log_every=1"
        )
    return {
        "generator's first loss": Value(first["generator_loss"], "1", "step 1"),
        "discriminator's first loss": Value(first["discriminator_loss"], "1", "step 1"),
    }


def losses_values(result: Result, after: int) -> Values:
    """Losses of a whole training: of its first row, and how they are spread after so many steps."""
    rows = result["metrics"]
    late = [row for row in rows if row["step"] > after]
    if not late:
        raise UserError(f"the run ended before step {after}", "Store a longer one.")
    generator, discriminator = (
        np.array([row[f"{net}_loss"] for row in late]) for net in ("generator", "discriminator")
    )
    spacing = rows[-1]["step"] - rows[-2]["step"] if len(rows) > 1 else rows[0]["step"]
    span = f"steps {late[0]['step']:.0f} to {late[-1]['step']:.0f}, {len(late)} means over {spacing:.0f} steps"
    first = f"mean over the first {rows[0]['step']:.0f} steps"
    low, high = np.percentile(generator, (5, 95)).tolist()
    return {
        "generator's first loss": Value(rows[0]["generator_loss"], "1", first),
        "discriminator's first loss": Value(rows[0]["discriminator_loss"], "1", first),
        f"generator's loss after {after} steps, 5th and 95th percentile": Value((low, high), "1", span),
        f"generator's loss after {after} steps, mean": Value(float(generator.mean()), "1", span),
        f"discriminator's loss after {after} steps, mean": Value(float(discriminator.mean()), "1", span),
    }


def _verdict(result: Result) -> str:
    return f"{result['model']}, {result['metric']}: {result['claim']}: {result['verdict']}"
