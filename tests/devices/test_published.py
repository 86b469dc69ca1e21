import numpy as np
import pytest

from spingan.devices import published
from spingan.spec.files import read_value


def test_the_shipped_curves_are_what_the_module_generates(tmp_path):
    published.write_curves(tmp_path)
    generated = sorted(tmp_path.iterdir())
    assert [path.name for path in generated] == [
        "leaky_relu_published.csv", "leaky_relu_published_smooth.csv", "relu_published.csv", "skyrmion_published.csv"
    ]  # fmt: skip
    for path in generated:
        assert path.read_text() == (published.CURVES / path.name).read_text()


def test_the_shipped_files_hold_the_modules_values():
    for value in (
        published.skyrmion_synapse(),
        published.relu(),
        published.leaky_relu(),
        published.smooth_leaky_relu(),
    ):
        assert read_value(published.CURVES / f"{value.name}.csv") == value


def test_the_smooth_leaky_relu_has_277_points_a_quarter_microampere_apart_and_always_rises():
    activation = published.smooth_leaky_relu()
    assert len(activation.input) == 277
    assert np.diff(activation.input) == pytest.approx(np.full(276, 0.25e-6), rel=1e-6)
    assert np.all(np.diff(activation.rising) > 0)
    assert not activation.has_memory


def test_the_smooth_leaky_relu_has_slopes_one_and_a_fifth_away_from_its_kink():
    slope = np.gradient(published.smooth_leaky(np.linspace(-20e-6, 20e-6, 4001)), 1e-8)
    # k²/x² / 4 of the slope's change is left at x: 0.0005 of 0.8 at 10 µA for a kink of 0.5 µA.
    assert slope[1000] == pytest.approx(0.2, abs=1e-3)
    assert slope[3000] == pytest.approx(1.0, abs=1e-3)
    assert slope[2000] == pytest.approx(0.6, abs=1e-3)


def test_the_roll_off_begins_smoothly_at_the_end_of_the_linear_range():
    current = np.linspace(19e-6, 21e-6, 201)
    bend = np.diff(published.smooth_leaky(current), 2) / 1e-8
    assert np.abs(bend).max() < 1e-4
    end = np.diff(published.smooth_leaky(np.array([34.4e-6, 34.5e-6])))[0] / 1e-7
    assert end == pytest.approx(1 - np.tanh(14.45 / 20) ** 2, rel=1e-3)


def test_the_printed_leaky_relu_is_exactly_two_lines():
    u, v = published.leaky_relu().normalised()
    assert v == pytest.approx(np.where(u > 0, u, 0.2 * u), abs=1e-12)
    assert u[-1] == pytest.approx(34.5 / 20)


def test_the_relus_published_energy_has_no_window_and_says_which_product_it_fixes():
    (item,) = published.relu().energy_items
    assert item.window_s is None
    assert item.source is not None
    assert item.energy_j == pytest.approx(4.73e-6 * 1.94e-9, rel=0.005)  # the pair that the source names
    (leaky,) = published.leaky_relu().energy_items
    assert leaky.energy_j == pytest.approx(28.1e-6 * 6.8e-9, rel=0.01)
