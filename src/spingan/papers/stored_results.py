"""Results of slow commands as files: what was found, by which command, when and how, and for which weights."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.output import write_text
from spingan.papers.values import Value, Values

SHIPPED = Path(__file__).parent / "stored"
_WEIGHTS = (Path(__file__).parents[1] / "pretrained", Path(__file__).parents[3] / "weights")
"""Where shipped weights are: in the package, and, if too large for it, in a checkout's own folder."""
_KEYS = {"command", "obtained", "models", "values"}


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
    for place in _WEIGHTS:
        file = place / f"{model}.weights.safetensors"
        if file.exists():
            return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    return None


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
    for place in (folder, SHIPPED):
        path = place / f"{name}.json"
        if path.exists():
            return _read(name, path)
    return None


def _read(name: str, path: Path) -> Stored:
    remedy = f"Delete it, and make it anew: spingan reproduce --fresh --only {name}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if set(content) != _KEYS:
            raise ValueError(f"its keys are {', '.join(sorted(content))}, not {', '.join(sorted(_KEYS))}")
        values = {
            key: Value(_number(item["value"]), str(item["unit"]), str(item["note"]))
            for key, item in content["values"].items()
        }
        stored = Stored(name, content["command"], content["obtained"], content["models"], values)
        if stored.date.tzinfo is None:
            raise ValueError("its date has no time zone")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is not a stored result: {error}", remedy) from error
    return stored


def _number(value: Any) -> float | tuple[float, ...] | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, list) and all(isinstance(item, int | float) for item in value):
        return tuple(value)
    raise ValueError(f"{value!r} is no number")
