"""The studies by their names, and how one is run."""

from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, Literal

from spingan.errors import UserError
from spingan.input_files import exists
from spingan.progress import Progress, no_progress
from spingan.studies.axes import Asked
from spingan.studies.claims import Claim
from spingan.studies.parallel import Workers
from spingan.studies.study import Study

Name = Literal[
    "variability",
    "levels",
    "epochs",
    "block-error",
    "leakage",
    "noise",
    "quantization",
    "converters",
    "wires",
    "time",
    "on-chip",
]

# Assumed. Three seeds are the fewest with a usable interval: by Student's t it is ± 2.5 of their deviations, ± 9.0 with
# two. 2,000 images compare settings, whose distances all have the bias of so few; a net's quality is quoted on 10,000.
_PICTURES = {"count": 2_000, "seeds": 3, "data_name": None, "data_path": None}
STUDIES: dict[Name, tuple[str, dict[str, Any]]] = {
    "variability": ("variability", _PICTURES),
    "levels": ("levels", _PICTURES),
    "epochs": ("epochs", _PICTURES),
    # A block's error is an rms over all values of an image: few images (assumed), and more chips, which differ more.
    "block-error": ("block_error", {"count": 200, "seeds": 10, "data_path": None}),
    "leakage": ("leakage", {}),
    "noise": ("noise", _PICTURES),
    "quantization": ("quantization", _PICTURES),
    "converters": ("converters", _PICTURES),
    "wires": ("wires", _PICTURES),
    "time": ("time", _PICTURES),
    "on-chip": (
        "on_chip",
        {"count": 2_000, "seeds": 3, "data_path": None},
    ),  # as other pictures; the data is a recipe's
}
"""A study is the function of its module's name in `spingan.studies`, with the fields of `Asked` that it takes."""


def run_study(
    name: Name,
    model: str | Path,
    *,
    claims: Sequence[Claim] = (),
    workers: Workers | None = None,
    progress: Progress = no_progress,
    **asked: Any,
) -> Study:
    """A study of a model (`spingan.study`, which draws its pictures, too).

    Args:
        claims: What the settings are held against (the papers' claims: `spingan.papers.claims`).
        workers: Where the trials run, and the file that gets their results; None: one process a processor.
        asked: `seed`; where the study has them `seeds`, `count`, `data_name` and `data_path` (`Asked`); and what it
            takes alone. None is the default of each.

    Raises:
        UserError: No such study or model, an option that does nothing in it, or as the study raises.
    """
    if name not in STUDIES:
        raise UserError(f"unknown study {name!r}", f"Known: {', '.join(STUDIES)}.")
    module, defaults = STUDIES[name]
    run = getattr(import_module(f"spingan.studies.{module}"), module)
    own = {key: value for key, value in asked.items() if value is not None}
    common = defaults | {key: own.pop(key) for key in {"seed", *defaults} & own.keys()}
    nothing = sorted(own.keys() - signature(run).parameters.keys())
    if nothing:
        raise UserError(f"{', '.join(nothing)} does nothing in the study {name}", "Leave it out.")
    workers = workers or Workers()
    place = place_for(workers)
    if common.get("data_path") is not None:
        common["data_path"] = place(common["data_path"])
    return run(Asked(place(model), claims=tuple(claims), workers=workers, progress=progress, **common), **own)


def place_for(workers: Workers) -> Callable[[str | Path], str]:
    """How a model's or a folder's place is told to workers: those of a scheduler were begun in another folder."""
    return _place if workers.scheduler is not None else str


def _place(name: str | Path) -> str:
    """A path as a worker that was begun in another folder finds it; a shipped name as it is."""
    from spingan.nn.model_files import shipped_models

    return str(Path(name).resolve()) if str(name) not in shipped_models() and exists(Path(name)) else str(name)
