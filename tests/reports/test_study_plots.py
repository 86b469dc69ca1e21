"""Studies as pictures and tables."""

from dataclasses import replace

import numpy as np
import pytest

from spingan.reports.plots import save_png
from spingan.reports.study_plots import curves_picture, sweep_picture
from spingan.studies.curves import Curve, Curves, curve_point
from spingan.studies.sweep import Setting, Sweep
from spingan.studies.verdict import RULE, Interval


def _sweep(name: str, values: tuple[float, ...]) -> Sweep:
    images = np.random.default_rng(0).integers(0, 256, (10, 28, 28)).astype(np.uint8)
    settings = tuple(
        Setting(value, f"{value:g}", (value + 1.0,), Interval(value + 1, value + 0.5, value + 1.5), 1.0, True, images)
        for value in values
    )
    return Sweep(name, "m", "t", name, "FD(x, 1)", (0,), settings, settings[0], "claim", "holds", RULE, None, (), {})


@pytest.mark.parametrize(
    ("name", "values"), [("variability", (0.0, 0.1)), ("levels", (2, 4, 256)), ("epochs", (1, 50))]
)
def test_a_sweep_s_picture_has_every_image_and_every_mean(name, values, tmp_path):
    study = _sweep(name, values)
    figure = sweep_picture(study)
    images, curve = figure.axes
    assert images.images[0].get_array().shape == (len(values) * 32, 10 * 32)
    (line,) = [line for line in curve.lines if len(line.get_xdata()) == len(values) and line.get_linestyle() == "-"]
    assert list(line.get_ydata()) == [setting.interval.mean for setting in study.settings]
    save_png(figure, tmp_path / "sweep.png")


def test_coverage_is_drawn_on_a_scale_of_its_own_where_it_was_measured():
    study = _sweep("levels", (2, 4))
    measured = replace(study, settings=tuple(replace(s, coverage=0.25 * n) for n, s in enumerate(study.settings, 1)))
    (*_, share) = sweep_picture(measured).axes
    assert share.get_ylabel().startswith("coverage") and list(share.lines[0].get_ydata()) == [25.0, 50.0]


def test_currents_of_one_kind_share_an_axis_and_errors_all(tmp_path):
    points = tuple(curve_point(value, [1.0 + value, 2.0 + value]) for value in (0.0, 0.5))
    leakage = [Curve(f"{layer}: {kind}", "A", points) for layer in ("a", "b") for kind in ("off", "half")]
    study = Curves("leakage", "m", "t", "variability", tuple(leakage), "claim", "not tested", (), {})
    assert [len(axis.lines) for axis in curves_picture(study).axes] == [2, 2]
    errors = Curves("block-error", "m", "t", "variability", (Curve("mean", "1", points),), "", "", (), {})
    figure = curves_picture(errors)
    assert len(figure.axes) == 1
    save_png(figure, tmp_path / "errors.png")
    assert errors.csv().splitlines()[1] == "mean,1,0,1.5,1.025,1.975"
