"""Makes every figure of the README and docs/results.md from the shipped weights: make figures.

python docs/make_figures.py [--model MODEL] [--out FOLDER] [--count N] [--only NET]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import spingan
from spingan.arrays.conditions import ChipConditions
from spingan.arrays.mapping import Noise
from spingan.comparison import HEADINGS, comparison_notes, comparison_rows
from spingan.data import cartoon_faces
from spingan.demo import run_demo
from spingan.image_grid import image_grid, save_grid
from spingan.nn.weights import Model
from spingan.output import write_text
from spingan.papers.training_account import TrainingAccount, account_of_recipe
from spingan.quantities import energy_text
from spingan.reports import plots
from spingan.reports.quality_table import quality_notes, quality_table, quality_title
from spingan.reports.report import level_shares
from spingan.reports.tables import markdown_text

NOISES = (0.0, 0.02, 0.05, 0.1, 0.2)  # of full scale; 2 to 5 % is what the paper tries
ACROSS = 16  # images a row of the noise figure
SAMPLED = {
    "clothes-simulated": "clothes_simulated_samples.png",
    "clothes-on-chip": "clothes_on_chip_samples.png",
    "digits-on-chip": "digits_on_chip_samples.png",
    "digits": "digits_samples.png",
    "mnist-memristive": "mnist_samples.png",
    "mnist-memristive-on-chip": "mnist_on_chip_samples.png",
}
FACE_MODELS = ("faces", "faces-float")
FACES = 48  # in each grid
ALSO_JUDGED = (
    *("clothes", "clothes-robust", "clothes-simulated", "clothes-wox", "clothes-on-chip", "faces", "digits"),
    "digits-on-chip",
    *("fashion-mnist", "mnist-memristive", "mnist-memristive-on-chip"),
)
ALSO_COMPARED = ("digits",)
COMPARED = 2_000  # images for each technology: the rows are compared with each other only


def draw_samples(model: Model, place: Path) -> None:
    save_grid(model.sample(64).numpy(), place)


def draw_faces(place: Path) -> None:
    """Faces of the generator, of its float twin, and real ones, side by side."""
    drawn = [spingan.load_model(name).sample(FACES, seed=4).numpy() for name in FACE_MODELS]
    sets = [*drawn, cartoon_faces.CARTOON_FACES.few(FACES).transpose(0, 3, 1, 2)]
    grids = [np.asarray(image_grid(images, columns=6, scale=1)) for images in sets]
    gap = np.full((len(grids[0]), 24, 3), 255, np.uint8)
    Image.fromarray(np.concatenate([grids[0], gap, grids[1], gap, grids[2]], 1)).save(place, optimize=True)


def draw_noise(model: Model, folder: Path) -> list[tuple[str, str]]:
    """The same latents on chips written with more and more noise; gives back (noise, distance) rows."""
    rows, grids = [], []
    for fraction in NOISES:
        noise = ChipConditions(programming_noise=Noise(fraction=fraction))
        images = model.sample(ACROSS, seed=2, chip=noise)
        grids.append(np.asarray(image_grid(images.numpy(), columns=ACROSS, scale=2)))
        rows.append((f"{fraction:.0%}", f"{_distance(model, noise):.2f}"))
    Image.fromarray(np.concatenate(grids)).save(folder / "programming_noise.png", optimize=True)
    return rows


def _distance(model: Model, noise: ChipConditions, count: int = 2_000) -> float:
    from spingan.evaluation.quality import evaluate

    data = model.origin.data or "unknown"
    return evaluate(lambda images, seed: model.sample(images, seed, noise), count=count, data=data).value


def draw_devices(model: Model, folder: Path) -> None:
    for _, levels, shares in level_shares(model)[:1]:  # of the first layers, where others have levels of their own
        plots.save_png(plots.level_histogram(shares, levels), folder / "levels.png")
    activations = list(model.technology.activations.values())
    if activations:
        plots.save_png(plots.transfer_curves(activations), folder / "transfer.png")


def draw_left_out(bill: TrainingAccount, folder: Path) -> None:
    """What the paper counts beside what it leaves out, on one logarithmic axis."""
    counted = [("activations (what the paper counts)", bill.forward_energy_j)]
    read_too = [(f"{line.item}, assumed device", line.energy_j) for line in bill.estimates]
    bars = [(name, energy) for name, energy in counted + read_too if energy is not None]
    figure, (axis,) = plots.new_figure(7.0, 0.7 + 0.45 * len(bars))
    names = [name for name, _ in bars][::-1]
    axis.barh(
        names, [energy for _, energy in bars][::-1], color=[*[plots.COLOURS[3]] * (len(bars) - 1), plots.COLOURS[0]]
    )
    axis.set_xscale("log")
    axis.set_xlim(1e-10, 1e-4)  # a decade and more below the smallest, so that no bar looks like nothing
    for row, (_, energy) in enumerate(bars[::-1]):
        axis.annotate(energy_text(energy, 3), (energy, row), (4, 0), textcoords="offset points", va="center")
    axis.xaxis.set_major_formatter(plots.EngFormatter(unit="J"))
    axis.set_xlabel("energy of one image forward through both nets")
    plots.save_png(figure, folder / "left_out.png")


def quality_section(model: Model, count: int) -> list[str]:
    """Distance, floor, twin and classes of one shipped model."""
    quality = spingan.evaluate(model, count=count)
    measures = quality_table(quality)
    return [
        f"### Quality: {quality.metric} (`spingan evaluate {model.name}`)",
        "",
        *_table(measures.headings, measures.rows),
        "",
        f"{quality_title(quality).capitalize()}; {'; '.join(quality_notes(quality))}.",
        "",
        f"{quality.protocol}.",
        "",
        *_table(("class", "share of the images drawn"), [(k, f"{v:.1%}") for k, v in quality.class_histogram.items()]),
        "",
        f"Missing classes: {', '.join(quality.missing_classes) or 'none'}.",
        "",
    ]


def technology_section(name: str, count: int) -> list[str]:
    """The generator's weights written into each technology's arrays, nothing trained again, on `count` images."""
    found = spingan.compare(name, count=count)
    first, *others = comparison_notes(found)
    return [
        f"### The same weights in other technologies (`spingan compare {name} --count {count}`)",
        "",
        *_table(HEADINGS, comparison_rows(found)),
        "",
        first,
        "\n".join(others),
        "",
    ]


def write_results(model: Model, bill: TrainingAccount, noise: list[tuple[str, str]], count: int, path: Path) -> None:
    """docs/results.md: every measured number with the command that gives it."""
    lines = [
        "# Results",
        "",
        f"Made by `make figures`; do not edit. Chip seed 0, latent seed 0, spingan {spingan.__version__}.",
        "",
        f"## {model.name}, on {model.technology.name}",
        "",
        *quality_section(model, count),
        "### Programming noise, in parts of full scale (2,000 images)",
        "",
        *_table(("standard deviation", "distance"), noise),
        "",
        *technology_section(model.name, COMPARED),
        "### Bill, the paper's way (`spingan cost fashion-mnist --accounting paper`)",
        "",
        *_table(
            ("quantity", "printed", "ours", "unit"),
            [(row.quantity, row.printed or "", f"{row.ours:.7g}" if row.ours is not None else "", row.unit)
             for row in bill.table],
        ),
        "",
        f"To draw an image: {energy_text(bill.generator_forward_energy_j)} (generator alone).",
        "",
    ]  # fmt: skip
    for name in ALSO_JUDGED:
        lines += net_section(name, count)
    write_text(path, "\n".join(lines))


def net_section(name: str, count: int) -> list[str]:
    """What results.md has of a net that is not the page's first."""
    model = spingan.load_model(name)
    compared = technology_section(name, COMPARED) if name in ALSO_COMPARED else []
    return [f"## {name}, on {model.technology.name}", "", *quality_section(model, count), *compared]


def rewrite(name: str, count: int, path: Path) -> None:
    """One net's section of results.md anew, the others as they were."""
    section = "\n".join(net_section(name, count))  # before the page is read: it takes minutes
    before, rest = path.read_text(encoding="utf-8").split(f"\n## {name}, on ")
    after = rest.partition("\n## ")[2]
    write_text(path, f"{before}\n{section}\n## {after}" if after else f"{before}\n{section}")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return markdown_text(headings, rows).splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="clothes-longer")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--only", choices=ALSO_JUDGED, help="this net's samples and its section of results.md alone")
    arguments = parser.parse_args()
    folder = arguments.out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.only is not None:
        if arguments.only in SAMPLED:
            draw_samples(spingan.load_model(arguments.only), folder / SAMPLED[arguments.only])
        rewrite(arguments.only, arguments.count, arguments.out / "results.md")
        return
    model = spingan.load_model(arguments.model)
    bill = account_of_recipe("fashion-mnist")
    draw_samples(model, folder / "samples.png")
    for name, file in SAMPLED.items():
        draw_samples(spingan.load_model(name), folder / file)
    draw_faces(folder / "cartoon_samples.png")
    demo = run_demo(Path("build") / "figures", model=model, count=200)
    (folder / "side_by_side.png").write_bytes(demo.pictures[1].read_bytes())
    draw_devices(model, folder)
    draw_left_out(bill, folder)
    noise = draw_noise(model, folder)
    write_results(model, bill, noise, arguments.count, arguments.out / "results.md")
    print(f"{folder} and {arguments.out / 'results.md'}")


if __name__ == "__main__":
    main()
