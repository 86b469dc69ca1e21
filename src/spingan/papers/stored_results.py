"""Results of slow commands as files: what was found, by which command, when and how, and for which weights.

They are made again by running the command, or from what it printed.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.nn.model_files import shipped_files
from spingan.output import output_folder, write_text
from spingan.papers.rows import Value, Values
from spingan.papers.slow import Result, read_run
from spingan.papers.sources import Slow, slow_source

SHIPPED = Path(__file__).parent / "stored"


@dataclass(frozen=True)
class Stored:
    """One result.

    Attributes:
        command: What makes it.
        obtained: `date` (ISO, with its zone), and what is known of `seconds`, `seed`, `versions` and more.
        models: By shipped name, the fingerprint of the weights that it is about.
    """

    name: str
    command: str
    obtained: Mapping[str, Any]
    models: Mapping[str, str]
    values: Values

    @property
    def date(self) -> datetime:
        """When it was obtained."""
        return datetime.fromisoformat(self.obtained["date"])

    def age_days(self, now: datetime | None = None) -> float:
        """Days since it was obtained."""
        return ((now or datetime.now(UTC)) - self.date).total_seconds() / 86400

    @property
    def changed_models(self) -> tuple[str, ...]:
        """The nets whose weights are not those that the result is about; one that is not here cannot be asked."""
        return tuple(name for name, seen in self.models.items() if weights_fingerprint(name) not in (seen, None))

    def provenance(self, now: datetime | None = None) -> str:
        """How and when it was obtained, in words."""
        about = {key: value for key, value in self.obtained.items() if key not in ("date", "seconds", "versions")}
        parts = [f"{self.date:%Y-%m-%d} ({age_text(self.age_days(now))})"]
        parts += [f"{key} {value}" for key, value in about.items()]
        parts += [f"{key} {value}" for key, value in self.obtained.get("versions", {}).items()]
        if self.obtained.get("seconds") is not None:
            parts.append(f"{self.obtained['seconds']:.3g} s")
        if self.changed_models:
            parts.append(f"STALE: the weights of {', '.join(self.changed_models)} have changed since")
        return "; ".join(parts)


def age_text(days: float) -> str:
    """An age in the unit that fits."""
    if days < 1:
        return "today"
    return "1 day old" if days < 2 else f"{int(days)} days old"


def weights_fingerprint(model: str) -> str | None:
    """16 digits of the SHA-256 of a shipped net's weights file; None if none is here under that name."""
    file = shipped_files().get(model)
    return None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def store(
    name: str,
    command: str,
    values: Values,
    obtained: Mapping[str, Any],
    models: tuple[str, ...] = (),
    folder: Path = SHIPPED,
) -> Path:
    """Write a result; today's date and this version's number are added where `obtained` has none.

    Raises:
        UserError: The folder cannot be written.
    """
    from spingan import __version__

    about = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "versions": {"spingan": __version__}, **obtained}
    prints = {model: print_ for model in models if (print_ := weights_fingerprint(model)) is not None}
    content = {
        "command": command,
        "obtained": about,
        "models": prints,
        "values": {key: value.to_dict() for key, value in values.items()},
    }
    path = folder / f"{name}.json"
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read_stored(name: str, folder: Path = SHIPPED) -> Stored | None:
    """The result of that name, from `folder` or else as shipped; None if there is none.

    Raises:
        UserError: The file is damaged.
    """
    path = next((path for place in (folder, SHIPPED) if (path := place / f"{name}.json").exists()), None)
    if path is None:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        wanted = {field.name for field in fields(Stored)} - {"name"}
        if set(content) != wanted:
            raise ValueError(f"its keys are {', '.join(content)}, not {', '.join(sorted(wanted))}")
        values = {
            key: Value(_number(item["value"]), str(item["unit"]), str(item["note"]))
            for key, item in content["values"].items()
        }
        stored = Stored(name, **(content | {"values": values}))
        if stored.date.tzinfo is None:
            raise ValueError("its date has no time zone")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = f"Delete it, and make it anew: spingan reproduce --fresh --only {name}"
        raise UserError(f"{path} is not a stored result: {error}", remedy) from error
    return stored


def _number(value: Any) -> float | tuple[float, ...] | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, list) and all(isinstance(item, int | float) for item in value):
        return tuple(value)
    raise ValueError(f"{value!r} is no number")


_KEPT = ("images", "seeds", "chips", "cards", "torch")
"""What a result says about itself that goes into `obtained`; never a path."""


def renew(name: str, stored_in: Path = SHIPPED) -> Path:
    """Run the command of a stored result again, and store what it gives; the new file.

    Raises:
        UserError: There is no such result, the folder cannot be written, or as the command raises.
    """
    source = slow_source(name)
    output_folder(stored_in)  # a bad place is known before the hours of work
    started = time.monotonic()
    result = source.run()
    return _store(source, result, {"seconds": round(time.monotonic() - started, 1)}, stored_in)


def store_result(name: str, file: str | Path, stored_in: Path = SHIPPED) -> Path:
    """Store the numbers of a result that the command printed with --json into `file`, or of a training's run folder.

    The date is that of the file.

    Raises:
        UserError: There is no such result or file, or it is of another command.
    """
    source, path = slow_source(name), Path(file)
    remedy = f"Make it: {source.command}{'' if source.from_run else ' --json > FILE'}"
    if not path.exists():
        raise UserError(f"there is no {path}", remedy)
    if source.from_run:
        result, made = read_run(path), path / "metrics.csv"
    else:
        made = path
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(result, dict):
                raise ValueError("it does not hold one JSON object")
        except (OSError, ValueError) as error:
            raise UserError(f"{path} is not JSON of a command: {error}", remedy) from error
    date = datetime.fromtimestamp(made.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return _store(source, result, {"date": date}, stored_in)


def _store(source: Slow, result: Result, obtained: Mapping[str, Any], folder: Path) -> Path:
    if source.models and (told := result.get("model")) is not None and told != source.models[0]:
        same = Path(told).exists() and weights_fingerprint(told) == weights_fingerprint(source.models[0])
        if not same:  # a run folder with the same weights is the same net
            raise UserError(
                f"the result is about {told}, not about the shipped {source.models[0]}", f"Run {source.command}"
            )
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
