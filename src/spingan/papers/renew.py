"""Stored results made anew: by running their command again, or from what it printed."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.output import output_folder
from spingan.papers.slow import Progress, Result, read_run
from spingan.papers.sources import Slow, slow_source
from spingan.papers.stored_results import SHIPPED, store

_KEPT = ("images", "seeds", "chips", "cards", "torch")
"""What a result says about itself that goes into `obtained`; never a path."""


def renew(name: str, progress: Progress = lambda what, done, total: None, stored_in: Path = SHIPPED) -> Path:
    """Run the command of a stored result again, and store what it gives; the new file.

    Raises:
        UserError: There is no such result, the folder cannot be written, or as the command raises.
    """
    source = slow_source(name)
    output_folder(stored_in)  # a bad place is known before the hours of work
    started = time.monotonic()
    result = source.run(progress)
    return _store(source, result, {"seconds": round(time.monotonic() - started, 1)}, stored_in)


def store_result(name: str, file: str | Path, stored_in: Path = SHIPPED) -> Path:
    """Store the numbers of a result that the command printed with --json into `file`, or of a training's run folder.

    The date is that of the file.

    Raises:
        UserError: There is no such result or file, or it is of another command.
    """
    source, path = slow_source(name), Path(file)
    if not path.exists():
        raise UserError(
            f"there is no {path}", f"Make it: {source.command}{'' if source.from_run else ' --json > FILE'}"
        )
    result = read_run(path) if source.from_run else _read_json(path, source)
    made = path / "metrics.csv" if source.from_run else path
    date = datetime.fromtimestamp(made.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return _store(source, result, {"date": date}, stored_in)


def _check_model(source: Slow, result: Result) -> None:
    """Refuse a result about another net than the source's; a run folder with the same weights is the same net.

    Raises:
        UserError: It is about another.
    """
    told = result.get("model")
    if not source.models or told is None or told == source.models[0]:
        return
    if not Path(told).exists() or _mark(told) != _mark(source.models[0]):
        raise UserError(
            f"the result is about {told}, not about the shipped {source.models[0]}", f"Run {source.command}"
        )


def _mark(model: str) -> str:
    from spingan.nn.weights import load_model
    from spingan.studies.trials import fingerprint

    return fingerprint(load_model(model).generator)


def _store(source: Slow, result: Result, obtained: Mapping[str, Any], folder: Path) -> Path:
    _check_model(source, result)
    try:
        values = source.read(result)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise UserError(
            f"that is no result of `{source.command}`: {type(error).__name__} {error}",
            f"Give what `{source.command} --json` prints.",
        ) from error
    about = {**result, **result.get("obtained", {})}
    known = {key: about[key] for key in ("seed", *_KEPT) if about.get(key) is not None}
    seconds = {"seconds": round(float(about["seconds"]), 1)} if about.get("seconds") is not None else {}
    return store(source.name, source.command, values, {**known, **seconds, **obtained}, source.models, folder)


def _read_json(path: Path, source: Slow) -> Result:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is not JSON: {error}", f"Make it: {source.command} --json > FILE") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} does not hold one JSON object", f"Make it: {source.command} --json > FILE")
    return content
