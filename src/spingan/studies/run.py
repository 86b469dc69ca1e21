"""A study by its name, with its picture and table written: what the command does, for notebooks."""

from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from spingan.errors import UserError
from spingan.input_files import exists
from spingan.output import output_folder, write_text
from spingan.studies.curves import Curves
from spingan.studies.parallel import Progress, Workers
from spingan.studies.sweep import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spingan.studies.noise_result import NoiseStudy
    from spingan.studies.quantization import QuantizationStudy

Result: TypeAlias = "Sweep | Curves | NoiseStudy | QuantizationStudy"
Name = Literal["variability", "levels", "epochs", "block-error", "leakage", "noise", "quantization"]
STUDIES: dict[Name, str] = {
    "variability": "spingan.studies.variability:variability_study",
    "levels": "spingan.studies.levels:levels_study",
    "epochs": "spingan.studies.epochs:epochs_study",
    "block-error": "spingan.studies.block_error:block_error_study",
    "leakage": "spingan.studies.leakage:leakage_study",
    "noise": "spingan.studies.noise:noise_study",
    "quantization": "spingan.studies.quantization:quantization_study",
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
    scheduler: str | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
    **more: Any,
) -> Result:
    """A study of a model; with `out`, `<name>.png` and `<name>.csv` go into that folder.

    Beside them, `<name>.trials.jsonl` gets each trial's result as it comes. A study that was stopped goes on from it
    when it is called again; what other settings, other weights or other code gave is not taken for it.

    Args:
        model: A run folder, a weights file, or a shipped name.
        count: Images a seed (`variability`, `levels`, `epochs`: 2,000), or test images (`block-error`: 200).
        seeds: Seeds of latents and chip (3), or chips (`block-error`: 10).
        workers: Processes; by default as many as there are processors. The numbers do not depend on it.
        scheduler: Address of a Dask scheduler whose workers do the work instead; they must see the same files.
        more: What one study takes alone: `axes`, `at` and `calibration` (`noise`), `bits` and `steps` (`quantization`).

    Raises:
        UserError: No such study or model, a folder that cannot be written, or as the study raises.
    """
    results = None if out is None else output_folder(out) / f"{name}.trials.jsonl"
    chosen = Workers(workers, scheduler, results)
    chosen.check()
    if scheduler is not None:
        model, data_path = _place(model), None if data_path is None else _place(data_path)
    given = {"count": count, "seeds": seeds, "data_path": data_path, **more}
    options = {key: value for key, value in given.items() if value is not None}
    common = {"seed": seed, "workers": chosen, "progress": progress}
    if name not in STUDIES:
        raise UserError(f"unknown study {name!r}", f"Known: {', '.join(STUDIES)}.")
    home, function = STUDIES[name].split(":")
    run = getattr(import_module(home), function)
    nothing = ", ".join(sorted(options.keys() - signature(run).parameters.keys()))
    if nothing:
        raise UserError(f"{nothing} does nothing in the study {name}", "Leave it out.")
    found: Result = run(model, **options, **common)
    if out is not None:
        write_study(found, out)
    return found


def _place(name: str | Path) -> str:
    """A path as a worker that was begun in another folder finds it; a shipped name as it is."""
    from spingan.nn.weights import shipped_models

    path = Path(name)
    return str(path.resolve()) if str(name) not in shipped_models() and exists(path) else str(name)


def write_study(found: "Result", out: str | Path) -> tuple[Path, ...]:
    """The study's pictures and table in the folder `out`.

    Raises:
        UserError: They cannot be written.
    """
    from spingan.reports.plots import save_png

    folder = output_folder(out)
    pictures = {folder / f"{name}.png": figure for name, figure in _pictures(found).items()}
    for path, figure in pictures.items():
        save_png(figure, path)
    table = folder / f"{found.name}.csv"
    write_text(table, found.csv())
    return *pictures, table


def _pictures(found: "Result") -> "dict[str, Figure]":
    from spingan.reports import noise_plots, quantization_plots, study_plots
    from spingan.studies.noise_result import NoiseStudy
    from spingan.studies.quantization import QuantizationStudy

    if isinstance(found, NoiseStudy):
        return {found.name: noise_plots.noise_picture(found), "noise_samples": noise_plots.noise_samples(found)}
    if isinstance(found, QuantizationStudy):
        return {found.name: quantization_plots.quantization_picture(found)}
    if isinstance(found, Sweep):
        return {found.name: study_plots.sweep_picture(found)}
    return {found.name: study_plots.curves_picture(found)}
