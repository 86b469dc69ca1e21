"""The studies by their names, and how one is run."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, Literal, NamedTuple

from spingan.errors import UserError
from spingan.input_files import exists
from spingan.studies.axes import Asked
from spingan.studies.claims import CLAIMS, Claim
from spingan.studies.parallel import Progress, Workers
from spingan.studies.study import Study

Name = Literal["variability", "levels", "epochs", "block-error", "leakage", "noise", "quantization"]


class Declared(NamedTuple):
    """Where a study is, loaded when it is asked for, and the defaults of what it takes from all that can be asked."""

    module: str
    defaults: Mapping[str, Any]


_PICTURES = {"count": 2_000, "seeds": 3, "data_name": None, "data_path": None}
STUDIES: dict[Name, Declared] = {
    "variability": Declared("variability", _PICTURES),
    "levels": Declared("levels", _PICTURES),
    "epochs": Declared("epochs", _PICTURES),
    "block-error": Declared("block_error", {"count": 200, "seeds": 10, "data_path": None}),
    "leakage": Declared("leakage", {}),
    "noise": Declared("noise", _PICTURES),
    "quantization": Declared("quantization", _PICTURES),
}
"""A study is the function of its module's name in `spingan.studies`."""


def run_study(
    name: Name,
    model: str | Path,
    *,
    seed: int = 0,
    count: int | None = None,
    seeds: int | None = None,
    data_name: str | None = None,
    data_path: str | Path | None = None,
    claims: Sequence[Claim] | None = None,
    workers: Workers | None = None,
    progress: Progress = lambda what, done, total: None,
    **more: Any,
) -> Study:
    """A study of a model (`spingan.study`, which draws its pictures, too).

    Args:
        claims: What the settings are held against; None: the papers' claims about them.
        workers: Where the trials run, and the file that gets their results; None: one process a processor.

    Raises:
        UserError: No such study or model, an option that does nothing in it, or as the study raises.
    """
    chosen = workers or Workers()
    if name not in STUDIES:
        raise UserError(f"unknown study {name!r}", f"Known: {', '.join(STUDIES)}.")
    place, path = str(model), None if data_path is None else str(data_path)
    if chosen.scheduler is not None:
        place, path = _place(place), None if path is None else _place(path)
    module, defaults = STUDIES[name]
    run = getattr(import_module(f"spingan.studies.{module}"), module)
    asked = {"count": count, "seeds": seeds, "data_name": data_name, "data_path": path}
    asked = {key: value for key, value in asked.items() if value is not None}
    own = {key: value for key, value in more.items() if value is not None}
    nothing = sorted((asked.keys() - defaults.keys()) | (own.keys() - signature(run).parameters.keys()))
    if nothing:
        raise UserError(f"{', '.join(nothing)} does nothing in the study {name}", "Leave it out.")
    held = CLAIMS[name] if claims is None else claims
    return run(
        Asked(place, seed, claims=tuple(held), workers=chosen, progress=progress, **{**defaults, **asked}), **own
    )


def _place(name: str) -> str:
    """A path as a worker that was begun in another folder finds it; a shipped name as it is."""
    from spingan.nn.weights import shipped_models

    return str(Path(name).resolve()) if name not in shipped_models() and exists(Path(name)) else name
