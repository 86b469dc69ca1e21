"""A study by its name, with its picture and table written: what the command does, for notebooks."""

from importlib import import_module
from pathlib import Path
from typing import Literal

from spingan.errors import UserError
from spingan.output import output_folder, write_text
from spingan.studies.curves import Curves
from spingan.studies.parallel import Progress
from spingan.studies.sweep import Sweep

Name = Literal["variability", "levels", "epochs", "block-error", "leakage"]
STUDIES: dict[Name, str] = {
    "variability": "spingan.studies.variability:variability_study",
    "levels": "spingan.studies.levels:levels_study",
    "epochs": "spingan.studies.epochs:epochs_study",
    "block-error": "spingan.studies.block_error:block_error_study",
    "leakage": "spingan.studies.leakage:leakage_study",
}
"""Where each study is; loaded when it is asked for."""


def study(
    name: Name,
    model: str | Path,
    out: str | Path | None = None,
    *,
    count: int | None = None,
    seed: int = 0,
    seeds: int | None = None,
    workers: int | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Sweep | Curves:
    """A study of a model; with `out`, `<name>.png` and `<name>.csv` go into that folder.

    Args:
        model: A run folder, a weights file, or a shipped name.
        count: Images a seed (`variability`, `levels`, `epochs`: 2,000), or test images (`block-error`: 200).
        seeds: Seeds of latents and chip (3), or chips (`block-error`: 10).
        workers: Processes; by default as many as there are processors. The numbers do not depend on it.

    Raises:
        UserError: No such study or model, a folder that cannot be written, or as the study raises.
    """
    if out is not None:
        output_folder(out)
    given = {"count": count, "seeds": seeds, "data_path": data_path}
    options = {key: value for key, value in given.items() if value is not None}
    common = {"seed": seed, "workers": workers, "progress": progress}
    if name not in STUDIES:
        raise UserError(f"unknown study {name!r}", f"Known: {', '.join(STUDIES)}.")
    if name == "leakage" and options:
        raise UserError(f"the study of leakage draws no images: {', '.join(options)} does nothing", "Leave it out.")
    home, function = STUDIES[name].split(":")
    found: Sweep | Curves = getattr(import_module(home), function)(model, **options, **common)
    if out is not None:
        write_study(found, out)
    return found


def write_study(found: Sweep | Curves, out: str | Path) -> tuple[Path, Path]:
    """The study's picture and table in the folder `out`.

    Raises:
        UserError: They cannot be written.
    """
    from spingan.reports.plots import save_png
    from spingan.reports.study_plots import curves_picture, sweep_picture

    folder = output_folder(out)
    picture, table = folder / f"{found.name}.png", folder / f"{found.name}.csv"
    save_png(sweep_picture(found) if isinstance(found, Sweep) else curves_picture(found), picture)
    write_text(table, found.csv())
    return picture, table
