from pathlib import Path

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.measured.fit import fit_activation, fit_synapse, write_fit
from spingan.measured.replaced import in_place_of
from spingan.spec.activation import Activation, EnergyItem
from spingan.spec.files import read_value, write_activation, write_synapse
from spingan.spec.synapse import Synapse


def save(path: Path, header: str, *columns) -> Path:
    rows = "\n".join(",".join(str(cell) for cell in row) for row in zip(*columns, strict=True))
    path.write_text(f"{header}\n{rows}\n")
    return path


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


CURRENT = np.linspace(-30, 30, 121)
PULSE = np.arange(100)
RISE = 20 + 60 * (1 - np.exp(-PULSE / 30))


@pytest.mark.parametrize("method", ["monotone", "smooth"])
def test_a_clean_leaky_relu_is_met_and_written_and_read_back(tmp_path, method):
    path = save(tmp_path / "m.csv", "i_ua,v_mv", CURRENT, 5 * leaky(CURRENT) + 40)
    fit = fit_activation(path, "i_ua", "v_mv", function="leaky_relu", method=method, input_full_scale=20)
    value = fit.value
    assert isinstance(value, Activation)
    assert len(value.input) == 277
    assert fit.rms_error < 0.005
    assert value.negative_slope == pytest.approx(0.2, abs=0.01)
    # The spline rounds the corner off, by less than 1 % of the 180 mV span.
    assert value.output_zero == pytest.approx(40e-3, abs=1e-9 if method == "monotone" else 1.8e-3)
    assert value.input_full_scale == pytest.approx(20e-6)
    table, picture = write_fit(fit, tmp_path / "out.csv")
    assert read_value(table) == value
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_error_that_is_reported_is_the_scatter_that_was_put_in(tmp_path):
    noise = np.random.default_rng(1).normal(0, 1.0, (20, len(CURRENT)))
    x = np.tile(CURRENT, 20)
    path = save(tmp_path / "m.csv", "i_ua,v_mv", x, np.tile(leaky(CURRENT), 20) + noise.ravel())
    fit = fit_activation(path, "i_ua", "v_mv", function="leaky_relu")
    # 2420 points leave the fit's own freedom a few per cent: 1 mV of a span of 36 mV.
    assert fit.rms_error == pytest.approx(1 / 36, rel=0.06)
    assert fit.maximum_error > 3 * fit.rms_error
    assert fit.points == 2420


def test_a_falling_output_stays_falling(tmp_path):
    path = save(tmp_path / "m.csv", "i_ua,r_kohm", CURRENT, 10 - leaky(CURRENT) / 10)
    value = fit_activation(path, "i_ua", "r_kohm", function="leaky_relu").value
    assert isinstance(value, Activation)
    assert np.all(np.diff(value.rising) < 0)
    assert value.normalised()[1][-1] == pytest.approx(1)
    assert value.negative_slope == pytest.approx(0.2, abs=0.01)


def test_two_branches_give_a_device_with_memory_over_the_inputs_they_share(tmp_path):
    x = np.concatenate((CURRENT, CURRENT[20:]))
    y = np.concatenate((np.tanh((CURRENT - 5) / 10), np.tanh((CURRENT[20:] + 5) / 10)))
    branch = ["rising"] * len(CURRENT) + ["falling"] * (len(CURRENT) - 20)
    path = save(tmp_path / "loop.csv", "i_ua,out_normalised,branch", x, y, branch)
    fit = fit_activation(path, "i_ua", "out_normalised", function="tanh", branch_column="branch")
    value = fit.value
    assert isinstance(value, Activation)
    assert value.input[0] == pytest.approx(-20e-6)
    assert value.falling is not None
    assert np.interp(0, value.input, value.rising) == pytest.approx(np.tanh(-0.5), abs=1e-3)
    assert np.interp(0, value.input, value.falling) == pytest.approx(np.tanh(0.5), abs=1e-3)
    assert not value.single_valued
    assert fit.maximum_error < 0.01


def test_a_loop_without_its_branch_column_scatters_too_much_and_the_remedy_names_it(tmp_path):
    x = np.concatenate((CURRENT, CURRENT))
    y = np.concatenate((np.tanh((CURRENT - 8) / 5), np.tanh((CURRENT + 8) / 5)))
    path = save(tmp_path / "loop.csv", "i_ua,out_normalised", x, y)
    with pytest.raises(UserError) as caught:
        fit_activation(path, "i_ua", "out_normalised", function="tanh")
    assert "the points scatter" in caught.value.problem
    assert "branches" in caught.value.remedy


def test_a_mumax3_table_becomes_a_simulated_activation(tmp_path):
    rows = "\n".join(f"{1e-9 * i}\t{x}\t{np.tanh(x / 10)}" for i, x in enumerate(CURRENT))
    (tmp_path / "table.txt").write_text(f"# t (s)\tI (uA)\tmz ()\n{rows}\n")
    value = fit_activation(tmp_path / "table.txt", "I", "mz", function="tanh").value
    assert isinstance(value, Activation)
    assert (value.input_unit, value.output_unit) == ("A", "1")
    assert value.input[-1] == pytest.approx(30e-6)
    assert value.provenance is not None
    assert "simulated" in value.provenance


def test_an_oommf_table_becomes_a_simulated_synapse(tmp_path):
    rows = "\n".join(f"{pulse} {g}" for pulse, g in zip(PULSE, RISE, strict=True))
    (tmp_path / "run.odt").write_text(f"# ODT 1.0\n# Columns: Driver::Stage {{G of stack}}\n# Units: {{}} uS\n{rows}\n")
    value = fit_synapse(tmp_path / "run.odt", "Stage", "G of stack", states=16).value
    assert isinstance(value, Synapse)
    assert value.basis == "simulated"
    assert value.conductance[0] == pytest.approx(20e-6)


def test_the_levels_of_a_clean_synapse_lie_on_its_curve_at_even_pulses(tmp_path):
    path = save(tmp_path / "s.csv", "pulse,g_us", PULSE, RISE)
    fit = fit_synapse(path, "pulse", "g_us", states=34)
    assert isinstance(fit.value, Synapse)
    assert fit.value.basis == "measured"
    assert fit.value.conductance == pytest.approx(RISE[::3] * 1e-6, rel=1e-9)
    assert fit.summary()["table_points"] == 34
    assert read_value(write_fit(fit, tmp_path / "o")[0]) == fit.value


def test_noisy_levels_still_rise_strictly_and_the_error_is_the_noise(tmp_path):
    noisy = RISE + np.random.default_rng(2).normal(0, 1.0, 100)
    fit = fit_synapse(save(tmp_path / "s.csv", "pulse,g_us", PULSE, noisy), "pulse", "g_us", states=32)
    assert isinstance(fit.value, Synapse)
    assert np.all(np.diff(fit.value.conductance) > 0)
    assert 0.5 / 60 < fit.rms_error < 1.2 / 60


def test_saturation_at_the_ends_does_not_bend_the_levels_between(tmp_path):
    flat = np.clip(np.arange(100.0), 20, 79)
    value = fit_synapse(save(tmp_path / "s.csv", "pulse,g_us", PULSE, flat), "pulse", "g_us", states=60).value
    assert isinstance(value, Synapse)
    assert value.conductance == pytest.approx(np.arange(20, 80) * 1e-6)


def test_steps_up_and_down_are_the_change_of_one_pulse_at_each_level(tmp_path):
    pulses, branch = np.concatenate((PULSE, PULSE)), ["up"] * 100 + ["down"] * 100
    fall = 20 + 60 * np.exp(-PULSE / 30)
    path = save(tmp_path / "s.csv", "pulse,g_us,way", pulses, np.concatenate((RISE, fall)), branch)
    value = fit_synapse(path, "pulse", "g_us", states=20, branch_column="way").value
    assert isinstance(value, Synapse)
    assert value.step_up is not None and value.step_down is not None
    rate = 1 - np.exp(-1 / 30)
    middle = np.asarray(value.conductance)[5:15]
    assert value.step_up[5:15] == pytest.approx((80e-6 - middle) * rate, rel=0.02)
    assert value.step_down[5:15] == pytest.approx((middle - 20e-6) * rate, rel=0.02)
    assert value.step_up[-1] == 0


def test_dimensionless_conductances_become_a_normalised_synapse(tmp_path):
    value = fit_synapse(
        save(tmp_path / "s.csv", "pulse,g_normalised", PULSE, RISE), "pulse", "g_normalised", states=9
    ).value
    assert isinstance(value, Synapse)
    assert value.basis == "normalised"
    assert (value.conductance[0], value.conductance[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("conductance", "options", "message"),
    [
        (RISE, {"states": 101}, "100 pulse numbers cannot show 101 levels"),
        (RISE, {"states": 1}, "holds no weight"),
        (RISE[::-1], {"states": 8}, "does not rise"),
        (RISE - 50, {"states": 8}, "negative values"),
        (RISE, {"states": 8, "conductance_unit": "V"}, "not a conductance"),
        (RISE, {"states": 8, "conductance_unit": "kg"}, "unit kg"),
        (RISE, {"states": 8, "branch_column": "way"}, "no column way"),
        (RISE, {"states": 8, "branch_column": "pulse"}, "line 4: pulse is '2', not a branch"),
        (RISE + 60 * (-1) ** PULSE % 90, {"states": 8}, "the points scatter"),
    ],
)
def test_a_measurement_that_makes_no_synapse_is_refused(tmp_path, conductance, options, message):
    path = save(tmp_path / "s.csv", "pulse,g_us", PULSE, conductance)
    with pytest.raises(UserError) as caught:
        fit_synapse(path, "pulse", "g_us", **options)
    assert message in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (CURRENT[:4], CURRENT[:4], {}, "4 distinct points are too few"),
        (CURRENT, CURRENT * 0, {}, "does not change"),
        (CURRENT, CURRENT, {"points": 1}, "cannot hold a curve"),
        (CURRENT, CURRENT, {"input_full_scale": 99}, "outside the table"),
        (CURRENT, ["nan"] * len(CURRENT), {}, "line 2: y is 'nan'"),
        (CURRENT, CURRENT, {"output_unit": "parsec"}, "unit parsec"),
    ],
)
def test_a_measurement_that_makes_no_activation_is_refused(tmp_path, x, y, options, message):
    path = save(tmp_path / "a.csv", "i_ua,y", x, y)
    with pytest.raises(UserError) as caught:
        fit_activation(path, "i_ua", "y", function="relu", **({"output_unit": "V"} | options))
    assert message in caught.value.problem
    assert caught.value.remedy


def test_a_column_without_a_unit_asks_for_one(tmp_path):
    path = save(tmp_path / "a.csv", "current,y_v", CURRENT, CURRENT)
    with pytest.raises(UserError, match="column current has no unit"):
        fit_activation(path, "current", "y_v", function="relu")


def test_a_fit_never_replaces_the_measurement_that_it_came_from(tmp_path):
    path = save(tmp_path / "s.csv", "pulse,g_us", PULSE, RISE)
    before = path.read_text()
    with pytest.raises(UserError, match="is the measurement itself"):
        write_fit(fit_synapse(path, "pulse", "g_us", states=8), path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_fit_in_place_of_a_file_keeps_its_energies_and_says_what_is_no_longer_known(tmp_path):
    measured = save(tmp_path / "m.csv", "i_ua,v_mv", CURRENT, 5 * leaky(CURRENT))
    fit = fit_activation(measured, "i_ua", "v_mv", function="leaky_relu")
    assert in_place_of(fit, tmp_path / "out.csv") == (fit, (), ())
    assert isinstance(fit.value, Activation)
    items = (EnergyItem(name="device", energy_j=2e-14),)
    before = fit.value.model_copy(update={"energy_items": items, "delay_s": 1e-9, "outside": "error"})
    write_activation(before, tmp_path / "out.csv")
    again, kept, lost = in_place_of(fit, tmp_path / "out.csv")
    assert isinstance(again.value, Activation)
    assert set(kept) == {"energy_items", "delay_s"} and lost == ("outside",)
    assert again.value.energy_items == items and again.value.rising == fit.value.rising


def test_a_synapse_keeps_how_it_is_written_and_not_its_noise_in_siemens(tmp_path):
    measured = save(tmp_path / "m.csv", "pulse,g_us", PULSE, RISE)
    fit = fit_synapse(measured, "pulse", "g_us", states=16)
    assert isinstance(fit.value, Synapse)
    fields = {"write": {"energy_j": 1e-12, "energy_per": "pulse"}, "read": {"voltage_v": 0.1, "noise_s": 1e-9}}
    write_synapse(Synapse.from_dict(fit.value.to_dict() | fields | {"endurance_writes": 1e6}), tmp_path / "out.csv")
    again, kept, lost = in_place_of(fit, tmp_path / "out.csv")
    assert isinstance(again.value, Synapse)
    assert set(kept) == {"write", "read", "endurance_writes"} and lost == ("read.noise_s",)
    assert again.value.write.energy_j == 1e-12 and again.value.read.noise_s is None
