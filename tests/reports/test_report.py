import numpy as np
import pytest

from spingan.errors import UserError
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.weights import Model, load_model
from spingan.reports.page import page
from spingan.reports.plots import loss_curves, svg_bytes
from spingan.reports.report import level_shares, read_metrics
from spingan.reports.tables import Table
from spingan.spec.technology import load_technology


def model_on(technology_name: str) -> Model:
    technology = load_technology(technology_name)
    conversion = convert(family_named("fashion").make_generator(100).eval(), technology)
    return Model("test", "fashion", 100, technology, conversion)


def test_every_weight_stands_on_one_level():
    ((layers, levels, shares),) = level_shares(model_on("skyrmion-published"))
    assert layers > 1 and shares.shape == levels.shape == (64,)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[:4].sum() < shares[30:34].sum()  # normal weights crowd in the middle of their column's range


def test_float_weights_have_no_levels():
    assert level_shares(model_on("ideal")) == []


def test_layers_with_levels_of_their_own_are_counted_apart():
    """A sign crossbar beside pairs of devices: 256 levels without a zero, and 255."""
    found = level_shares(load_model("mnist-memristive"))
    assert [(each.layers, len(each.levels)) for each in found] == [(1, 256), (2, 255)]
    assert all(each.shares.sum() == pytest.approx(1.0) for each in found)


def test_metrics_come_back_column_by_column(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,step,generator_loss\n1,50,2.5\n1,100,2.25\n")
    metrics = read_metrics(path)
    assert metrics is not None
    assert metrics["generator_loss"].tolist() == [2.5, 2.25]


def test_metrics_without_a_row_are_none(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,step\n")
    assert read_metrics(path) is None
    assert read_metrics(tmp_path / "missing.csv") is None


@pytest.mark.parametrize("row", ["1,abc", "1"])
def test_damaged_metrics_name_their_file(tmp_path, row):
    path = tmp_path / "metrics.csv"
    path.write_text(f"epoch,step\n1,50\n{row}\n")
    with pytest.raises(UserError, match=r"metrics\.csv is damaged"):
        read_metrics(path)


def test_the_same_losses_give_the_same_plot():
    metrics = {"epoch": [1, 1, 2], "generator_loss": [3.0, 2.0, 1.0], "discriminator_loss": [1.0, 1.1, 1.2]}
    assert svg_bytes(loss_curves(metrics)) == svg_bytes(loss_curves(metrics))


def test_losses_of_one_epoch_are_spread_over_it():
    metrics = {"epoch": [1, 1, 2, 2], "generator_loss": [3.0] * 4, "discriminator_loss": [1.0] * 4}
    line = loss_curves(metrics).axes[0].lines[0]
    assert np.asarray(line.get_xdata()).tolist() == [0.5, 1.0, 1.5, 2.0]


def test_what_a_user_s_file_says_cannot_become_part_of_the_page():
    nothing = Table("", (), ())
    html = page(
        "report.html",
        title="<script>alert(1)</script>",
        subtitle="",
        figures=[],
        pictures=[],
        losses=None,
        quality=None,
        devices=[],
        conversion=nothing,
        not_simulated=["<img src=x>"],
        unchecked=["sums <b>"],
        bill=[],
        bill_notes=[],
        obtained=nothing,
    )
    assert "<script>" not in html and "<img" not in html
    assert "&lt;script&gt;" in html
    assert "Not checked: sums &lt;b&gt;." in html
