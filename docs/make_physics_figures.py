"""Makes the figures of docs/physics.md and prints its table: about three minutes on one core.

python docs/make_physics_figures.py [--out FOLDER]

The problems are those of tests/physics/validation, run as the slow tests run them.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

import numpy as np

from spingan.reports import plots

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "physics" / "validation"))

films = importlib.import_module("films_with_dmi")  # found by the line above
bar_problem = importlib.import_module("standard_problem_4")

CELLS_NM = (2.0, 1.0, 0.5, 0.25)


def draw_standard_problem_4(folder: Path) -> None:
    figure, axes = plots.new_figure(9.0, 3.4, panels=2)
    for axis, number, cells in zip(axes, (1, 2), (200, 128), strict=True):
        begun = time.perf_counter()
        time_s, m = bar_problem.reversal(*bar_problem.bar(cells), number)
        for component, colour, dash, label in zip(m.T, plots.COLOURS, plots.DASHES, "xyz", strict=False):
            axis.plot(time_s * 1e9, component, dash, color=colour, linewidth=1.4, label=f"$\\langle m_{label}\\rangle$")
        if number == 1:
            points = np.array([(ps / 1000, *average) for ps, average in bar_problem.OOMMF_FIELD_1.items()])
        else:
            points = np.array([(1.0, *bar_problem.MUMAX3_END[2])])
        label = "OOMMF" if number == 1 else "mumax3"
        axis.plot(np.repeat(points[:, :1], 3, axis=1).ravel(), points[:, 1:].ravel(), label=label, **_OPEN)
        axis.set_xlabel("time (ns)")
        axis.set_ylim(-1.05, 1.05)
        field = ", ".join(f"{1000 * value:g}" for value in bar_problem.FIELDS_T[number][:2])
        title = f"({field}) mT, {500 / cells:.3g} nm cells"
        axis.legend(frameon=False, fontsize=9, ncols=2, loc="upper right", title=title, title_fontsize=9)
        crossing = bar_problem.first_crossing_ps(time_s, m[:, 0])
        end = ", ".join(f"{value:.5f}" for value in m[-1])
        print(f"field {number}: <mx> crosses zero at {crossing:.2f} ps, ends at ({end}), {_since(begun)}")
        if number == 1:
            worst = max(np.abs(m[ps] - average).max() for ps, average in bar_problem.OOMMF_FIELD_1.items())
            print(f"field 1: largest difference from OOMMF at {len(points)} moments {worst:.1e}")
    axes[0].set_ylabel("average magnetisation")
    plots.save_png(figure, folder / "physics_sp4.png")


_OPEN = {"marker": "o", "markerfacecolor": "none", "markeredgecolor": "#444444", "linestyle": "none", "markersize": 4.5}


def draw_disc(folder: Path) -> None:
    begun = time.perf_counter()
    beside, exact_m = films.disc(films.PROBLEM, 50e-9, 1e-9, guess_m=25e-9)
    error = beside.m[2] - np.cos(beside.exact_rad)
    figure, (axis,) = plots.new_figure()
    order = np.argsort(beside.x_m)
    every = order[:: len(order) // 150]
    axis.plot(beside.x_m[every] * 1e9, beside.m[2][every], label="solver, 1 nm cells", **_OPEN)
    axis.plot(beside.x_m[order] * 1e9, np.cos(beside.exact_rad[order]), color=plots.COLOURS[0], label="exact profile")
    axis.set_xlabel("distance from the centre (nm)")
    axis.set_ylabel("$m_z$")
    axis.legend(frameon=False, fontsize=9)
    plots.save_png(figure, folder / "physics_disc.png")
    radius = films.radius_m(beside, exact_m)
    spread = np.sqrt(np.mean(error**2))
    print(f"disc: radius {radius * 1e9:.3f} nm, exact {exact_m * 1e9:.3f}, rms of m_z {spread:.1e}, {_since(begun)}")
    for cell_nm in (2.0, 1.0):
        row = films.strip(cell_nm * 1e-9)
        off = max(np.abs(row.m[0] - np.sin(row.exact_rad)).max(), np.abs(row.m[2] - np.cos(row.exact_rad)).max())
        print(f"strip: {cell_nm:g} nm cells, largest error {off:.1e}")


def draw_radius(folder: Path) -> None:
    errors = []
    for cell_nm in CELLS_NM:
        begun = time.perf_counter()
        beside, exact_m = films.disc(films.CO_PT, 40e-9, cell_nm * 1e-9, guess_m=7e-9)
        radius = films.radius_m(beside, exact_m)
        errors.append(radius / exact_m - 1)
        said = f"{radius * 1e9:.4f} nm, exact {exact_m * 1e9:.4f}: {errors[-1]:+.2%}"
        print(f"skyrmion: {cell_nm:g} nm cells, radius {said}, {_since(begun)}")
    figure, (axis,) = plots.new_figure()
    axis.loglog(CELLS_NM, np.abs(errors), label="solver", **_OPEN)
    square = np.abs(errors[0]) * (np.array(CELLS_NM) / CELLS_NM[0]) ** 2
    axis.loglog(CELLS_NM, square, "--", color=plots.COLOURS[3], label="square of the cell's size", linewidth=1.2)
    axis.set_xticks(CELLS_NM, [f"{cell:g}" for cell in CELLS_NM])
    axis.set_xticks([], minor=True)
    axis.set_xlabel("cell size (nm)")
    axis.set_ylabel("radius too small by (part)")
    axis.legend(frameon=False, fontsize=9)
    plots.save_png(figure, folder / "physics_skyrmion_radius.png")


def _since(begun: float) -> str:
    return f"{time.perf_counter() - begun:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "figures")
    folder = parser.parse_args().out
    draw_disc(folder)
    draw_radius(folder)
    draw_standard_problem_4(folder)


if __name__ == "__main__":
    main()
