"""The demonstration: shipped weights and shipped images to pictures, their quality, their energy bill and a report."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from spingan.api import evaluate
from spingan.bills import full_bill
from spingan.costs.account import FullBill
from spingan.image_grid import image_grid, save_grid
from spingan.model_page import model_page
from spingan.nn.weights import Model, float_twin, load_model
from spingan.output import atomic_path, output_folder, write_text
from spingan.papers.training_account import TrainingAccount, account_of_model
from spingan.quantities import energy_text, quantity_text
from spingan.reports.quality_table import measure_text
from spingan.reports.report import SHOWN, real_images

if TYPE_CHECKING:
    from spingan.evaluation.quality import Quality

MODEL = "clothes-longer"
COUNT = 2_000  # as many as the shipped test sample has
WHOLE = ("energy_per_image_j", "energy_low_j", "energy_high_j", "time_per_image_s")
"""What the demonstration tells of the whole bill, by the bill's own keys."""
_GAP = 24  # white pixels between grids that stand side by side


@dataclass(frozen=True)
class Demo:
    """What the demonstration made, and its two results."""

    pictures: tuple[Path, ...]
    report: Path
    quality: "Quality"
    bill: TrainingAccount
    whole: FullBill
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-able values."""
        return {
            "pictures": [str(picture) for picture in self.pictures],
            "report": str(self.report),
            "quality": self.quality.to_dict(),
            "forward_energy_nj": self.bill.to_dict()["forward_energy_nj"],
            "training_energy_per_image_nj": self.bill.to_dict()["training_energy_per_image_nj"],
            **{key: value for key, value in self.whole.to_dict().items() if key in WHOLE},
            "seconds": self.seconds,
        }

    def summary(self) -> str:
        """The result in a few lines."""
        quality, bill, whole = self.quality, self.bill, self.whole.to_dict()
        low, high = (energy_text(whole[f"energy_{end}_j"], 3) for end in ("low", "high"))
        twin = "" if quality.float_twin is None else f", float twin {quality.float_twin:.2f}"
        variety, floor = quality.variety, quality.variety_floor
        lines = [
            *map(str, (*self.pictures, self.report)),
            f"quality: {quality.metric} = {quality.value:.2f}{twin}, real images {quality.floor:.2f} (less is better)",
            f"variety, {variety.count:,} images, k = {variety.k}: precision {variety.precision:.2f}, "
            f"recall {variety.recall:.2f}, density {variety.density:.2f}, coverage {variety.coverage:.2f} "
            f"(real images {floor.precision:.2f}, {floor.recall:.2f}, {floor.density:.2f}, {floor.coverage:.2f})",
            f"nearest other image: {measure_text(variety.nearest_neighbour_ratio, '.2f')} of a real image's distance; "
            f"copies of training images: {measure_text(variety.copies, '.1%')}",
            f"bill, the paper's way: {energy_text(bill.forward_energy_j)} forward, "
            f"{energy_text(bill.training_energy_per_image_j)} to train with an image",
            f"bill, all parts of the hardware: {energy_text(whole['energy_per_image_j'], 3)} ({low} to {high}) and "
            f"{quantity_text(whole['time_per_image_s'], 's', 3)} to draw an image",
            f"time: {self.seconds:.0f} s",
        ]
        return "\n".join(lines)


def run_demo(
    out: str | Path = "demo", *, model: Model | None = None, count: int = COUNT, say: Callable[[str], None] = print
) -> Demo:
    """Draw, judge and bill, without a network; everything lands in the folder `out`.

    Args:
        model: Instead of the shipped one.
        count: Images to judge the quality by.
        say: Told what is going on, line by line.

    Raises:
        UserError: `out` cannot be written.
    """
    started = time.monotonic()
    folder = output_folder(out)
    chosen = load_model(MODEL) if model is None else model
    say(f"drawing {SHOWN} images with {chosen.name} on {chosen.technology.name}")
    pictures = (
        save_grid(chosen.sample(SHOWN).numpy(), folder / "samples.png"),
        _side_by_side(chosen, folder / "beside_twin_and_real.png"),
    )
    say(f"judging {count:,} images")
    quality = evaluate(chosen, count=count)
    say("writing the bill and the report")
    bill = account_of_model(chosen)
    report = folder / "report.html"
    write_text(report, model_page(chosen, quality))
    return Demo(pictures, report, quality, bill, full_bill(chosen), time.monotonic() - started)


def _side_by_side(model: Model, path: Path) -> Path:
    """The model's images, its float twin's and real ones, left to right."""
    twin = float_twin(model)
    sets = [model.sample(SHOWN).numpy(), None if twin is None else twin.sample(SHOWN).numpy(), real_images(model)]
    grids = [np.asarray(image_grid(images, scale=2)) for images in sets if images is not None]
    white = np.full((grids[0].shape[0], _GAP), 255, np.uint8)
    columns = [part for grid in grids for part in (grid, white)][:-1]
    with atomic_path(path) as temporary:
        Image.fromarray(np.concatenate(columns, axis=1)).save(temporary, format="PNG")
    return path
