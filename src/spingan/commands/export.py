"""The command `spingan export onnx`: a programmed chip for other programs; circuits and devices have their own."""

from pathlib import Path
from typing import Annotated

import typer

from spingan.commands.nets import ChipSeed, Conditions, FitImages, Seed, TechnologyName, TechnologySet, written
from spingan.commands.options import Json, ModelName
from spingan.commands.printing import Result, show

app = typer.Typer(
    help="A programmed chip in a file for other programs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """A programmed chip in a file for other programs. Also: spingan circuit export, spingan device export."""


@app.command()
def onnx(
    model: ModelName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")] = Path("chip.onnx"),
    chip_seed: ChipSeed = 0,
    condition: Conditions = None,
    technology: TechnologyName = None,
    set_: TechnologySet = None,
    fit_images: FitImages = 4096,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Write a model's chip as an ONNX file, once onnxruntime draws the same pictures from it to 1e-5."""
    from spingan.arrays.conditions import conditions_from
    from spingan.output import check_place

    conditions = conditions_from(condition or (), chip_seed)  # what is misspelt is told before torch is loaded
    check_place(out)
    from spingan.api import export_onnx

    found = export_onnx(written(model, technology, set_, fit_images), out, conditions=conditions, seed=seed)
    named = ", ".join(f"{name} ({' x '.join(map(str, shape))})" for name, shape in found.inputs.items())
    text = (
        f"{found.file}  ({found.size_bytes / 1e6:.1f} MB, opset {found.opset}; takes {named})\n"
        f"{found.images} images in onnxruntime: no pixel is off by more than {found.largest_difference:.1e} "
        f"from PyTorch in float64, nor by {found.own_difference:.1e} from the chip in float32"
    )
    show(Result({**found.to_dict(), "conditions": condition or []}, text), json)
