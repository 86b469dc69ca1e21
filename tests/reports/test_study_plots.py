"""Studies as pictures."""

from dataclasses import replace

import numpy as np
import pytest

from spingan.evaluation.interval import Interval
from spingan.papers.claims import printed_points
from spingan.reports.plots import save_png
from spingan.reports.study_plots import study_pictures
from spingan.studies.study import Series, Setting, Study, band


def _settings(values: tuple[float, ...], shape: tuple[int, ...] = (10, 28, 28)) -> tuple[Setting, ...]:
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    return tuple(
        Setting(v, f"{v:g}", (v + 1.0,), Interval(v + 1, v + 0.5, v + 1.5), 1.0 + v, True, images) for v in values
    )


def _study(name: str, *series: Series, ideal: Setting | None = None, **options) -> Study:
    return Study(name, "m", "t", "FD(x, 1)", (0,), series, ideal, (), (), {}, **options)


@pytest.mark.parametrize(("scale", "values"), [("percent", (0.0, 0.1)), ("log2", (2, 4, 256)), ("", (1, 50))])
def test_the_picture_of_one_axis_has_every_image_and_every_mean(scale, values, tmp_path):
    settings = _settings(values)
    study = _study("sweep", Series("sweep", "", "levels", "FD", settings, scale=scale), ideal=settings[0])
    figures = study_pictures(study)
    assert list(figures) == ["sweep"]
    images, curve = figures["sweep"].axes
    assert images.images[0].get_array().shape == (len(values) * 32, 10 * 32)
    (line,) = [line for line in curve.lines if len(line.get_xdata()) == len(values) and line.get_linestyle() == "-"]
    assert list(line.get_ydata()) == [setting.interval.mean for setting in settings]
    assert 1.25 * settings[0].interval.mean in [line.get_ydata()[0] for line in curve.lines]
    save_png(figures["sweep"], tmp_path / "sweep.png")


def test_coverage_is_drawn_on_a_scale_of_its_own_where_it_was_measured():
    settings = tuple(replace(s, coverage=0.25 * n) for n, s in enumerate(_settings((2, 4)), 1))
    study = _study("levels", Series("levels", "", "levels", "FD", settings, scale="log2"), ideal=settings[0])
    (*_, share) = study_pictures(study)["levels"].axes
    assert share.get_ylabel().startswith("coverage") and list(share.lines[0].get_ydata()) == [25.0, 50.0]


def _legend(axis) -> list[str]:
    return [text.get_text() for text in axis.get_legend().get_texts()]


def test_series_of_one_axis_share_a_panel(tmp_path):
    settings = tuple(Setting(value, "", (), band([1.0 + value, 2.0 + value])) for value in (0.0, 0.5))
    lines = [
        Series(kind, layer, "x", "current", settings, "A", "percent") for layer in "ab" for kind in ("off", "half")
    ]
    figure = study_pictures(_study("leakage", *lines))["leakage"]
    assert [(axis.get_title(), _legend(axis)) for axis in figure.axes] == [("off", ["a", "b"]), ("half", ["a", "b"])]
    save_png(figure, tmp_path / "leakage.png")


def test_compared_axes_are_ratios_to_the_ideal_with_the_papers_points_and_images_apart(tmp_path):
    ideal = _settings((0.0,), (10, 28, 28, 3))[0]
    noisy = Series("weight noise", "of value", "share", "FD", _settings((0.02, 20.0), (10, 28, 28, 3)), scale="percent")
    clipped = Series("clipping", "alone", "rms", "FD", _settings((3.0, 2.0), (10, 28, 28, 3)), scale="falling")
    study = _study("noise", noisy, clipped, ideal=ideal, printed=printed_points()[:1], compares_axes=True)
    figures = study_pictures(study)
    assert list(figures) == ["noise", "noise_samples"]
    noise, clipping = figures["noise"].axes
    assert list(noise.lines[0].get_ydata()) == [1.0, 1.02, 21.0] and noise.get_yscale() == "log"
    assert "paper S, Fashion-MNIST" in _legend(noise) and len(_legend(clipping)) == 3
    assert clipping.xaxis_inverted()
    assert figures["noise_samples"].axes[0].images[0].get_array().shape == (5 * 32, 10 * 32, 3)
    save_png(figures["noise"], tmp_path / "noise.png")


def test_settings_with_names_stand_side_by_side_and_the_ideal_s_images_come_first(tmp_path):
    settings, ideal = _settings((4, 8)), _settings((0.0,))[0]
    lines = [Series("distance", name, "bits", "FD", settings, scale="labels") for name in ("a gain", "none")]
    losses = tuple(Setting(value, f"{value}", (), Interval(1.0, 0.5, 1.5)) for value in (0, 4))
    study = _study("q", *lines, Series("loss", "generator", "bits", "loss", losses, scale="names"), ideal=ideal)
    figure = study_pictures(study)["q"]
    images, distance, loss = figure.axes
    assert len(images.get_yticklabels()) == 5 and images.get_yticklabels()[0].get_text() == "ideal: 0"
    assert list(distance.lines[0].get_xdata()) == [0, 1] and loss.lines[0].get_linestyle() == "None"
    assert [tick.get_text() for tick in distance.get_xticklabels()] == ["4", "8"]
    save_png(figure, tmp_path / "q.png")


def test_long_labels_of_many_rows_stay_in_the_picture(tmp_path):
    axis = "stuck devices"
    many = Series(axis, "a third each at smallest, largest, any", "share", "FD", _settings((1000.0,) * 46))
    study = _study("noise", many, ideal=_settings((0.0,))[0], compares_axes=True)
    figure = study_pictures(study)["noise_samples"]
    save_png(figure, tmp_path / "samples.png")
    figure.draw_without_rendering()  # lays it out
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert min(box.x0 for box in boxes) >= 0 and max(box.x1 for box in boxes) <= figure.bbox.x1
