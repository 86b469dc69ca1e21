"""Makes the figure of the whole road at 300 K: material, wall in heat, cell, trimmed cell, pictures.

python docs/make_road_figure.py [--out FOLDER] [--count N --chips N]    a minute or two on one core

Every number in it is computed here, from the files of the technology `skyrmion-designed` and from the pictures.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

import spingan
from spingan.evaluation.real_images import test_images
from spingan.image_grid import image_grid
from spingan.nn.made_devices import MadeDevices, Trim
from spingan.reports.plots import COLOURS, add_legend, name_axes, new_figure, save_png, style_axis
from spingan.spec.activation import Activation
from spingan.spec.files import read_activation, read_conductance_curve

DEVICE, WARM, CELL = "leaky_relu_designed", "leaky_relu_designed_300k", "leaky_relu_designed_300k_cell"
CURVES = Path(spingan.__file__).parent / "devices" / "curves"
TECHNOLOGY, UNTRIMMED = "skyrmion-designed", "skyrmion-designed-untrimmed"
MODEL = "clothes-longer"
SHOWN, MADE = 24, 40  # images of a grid; cells of a bundle


def _normal(activation: Activation) -> tuple[np.ndarray, np.ndarray]:
    """Input in parts of full scale, and output in parts of its span."""
    span = activation.output_full_scale - activation.output_zero
    inputs = np.asarray(activation.input) / activation.input_full_scale
    return inputs, (np.asarray(activation.rising) - activation.output_zero) / span


def _bundle(axis: Axes, cell: Activation, trim: Trim | None) -> float:
    """Draw some made cells; gives back the deviation of 4,000 cells' offsets in full scales."""
    x, y = _normal(cell)
    gain, offset, slope = (part.numpy() for part in MadeDevices(cell.spread, 0, trim).parts((4_000,)))
    for k in range(MADE):
        made = offset[k] + gain[k] * (np.maximum(y, 0) + slope[k] * np.minimum(y, 0))
        axis.plot(x, made, color=COLOURS[0], linewidth=0.6, alpha=0.45)
    return float(np.std(offset))


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "figures")
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--chips", type=int, default=3)
    asked = parser.parse_args()
    technology = spingan.load_technology(TECHNOLOGY)
    device, warm = (read_conductance_curve(CURVES / f"{name}.csv") for name in (DEVICE, WARM))
    cell = read_activation(CURVES / f"{CELL}.csv")
    figure, axes = new_figure(12.0, 6.2, 8, 2)
    curves, pictures = axes[:4], axes[4:]

    axis = curves[0]
    axis.plot(*_normal(device), color=COLOURS[0])
    axis.set_title(f"device on paper S's film, 0 K\nslopes in the ratio {device.negative_slope:.2f}", fontsize=10)

    axis, noise = curves[1], warm.output_noise
    assert noise is not None and cell.output_noise is not None
    x, y = _normal(warm)
    around = noise.at(warm.input) / (warm.output_full_scale - warm.output_zero)
    axis.plot(x, y, color=COLOURS[0])
    axis.fill_between(
        x, y - 3 * around, y + 3 * around, color=COLOURS[1], alpha=0.5, linewidth=0, label="three deviations"
    )
    add_legend(axis, loc="upper left")
    rest = float(noise.at(0.0)) / (warm.output_full_scale - warm.output_zero)
    axis.set_title(f"its wall at 300 K, mean over 10 ns\nnoise at rest {rest:.1%} of full scale", fontsize=10)

    assert technology.trim_bits is not None and technology.trim_reads is not None
    trim = Trim.of(cell, technology.trim_bits, reads=technology.trim_reads)
    for axis, kind, name in zip(curves[2:], (None, trim), ("its cell as made", "trimmed by measurement"), strict=True):
        offset = _bundle(axis, cell, kind)
        axis.set_title(f"{name}\noffset {offset:.1%} of full scale", fontsize=10)
    for axis in curves:
        axis.set_xlim(-1, 1.25)
        axis.set_ylim(-0.7, 1.5)
        name_axes(axis, "input, of full scale", "output, of full scale" if axis is curves[0] else "")

    nets = (
        ("exact activations", MODEL, None),
        ("cells as made", MODEL, UNTRIMMED),
        ("trimmed", MODEL, TECHNOLOGY),
        ("real images", None, None),
    )
    for axis, (name, model, onto) in zip(pictures, nets, strict=True):
        axis.grid(visible=False)
        axis.set_axis_off()
        if model is None:
            images, text = test_images("fashion-mnist", SHOWN)[:, None], "of the test set"
        else:
            written = spingan.load_model(model) if onto is None else spingan.reprogram(model, onto)
            images = written.sample(SHOWN, seed=2).numpy()
            text = f"distance {spingan.evaluate(written, count=asked.count, chips=asked.chips).value:.2g}"
        axis.imshow(np.asarray(image_grid(images, columns=6, scale=2)), cmap="gray")
        axis.set_title(f"{name}\n{text}", fontsize=10)
    for axis in curves:
        style_axis(axis)
    save_png(figure, asked.out / "material_to_pictures.png")
    print(asked.out / "material_to_pictures.png")


if __name__ == "__main__":
    main()
