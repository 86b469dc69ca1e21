"""What is kept of what a slow command prints."""

import pytest

from spingan.errors import UserError
from spingan.papers import slow


def test_a_sweep_gives_the_largest_setting_that_its_rule_tolerates():
    result = {"model": "m", "metric": "FD", "claim": "30 % is tolerated", "verdict": "does not hold"}
    found = slow.variability_values(result | {"largest_tolerated": 0.1})["largest variability tolerated"]
    assert (found.number, found.unit) == (10.0, "%")
    assert "does not hold" in found.note
    assert slow.variability_values(result | {"largest_tolerated": None})["largest variability tolerated"].number == 0


def test_a_run_that_ended_before_the_claimed_epoch_says_nothing_about_it():
    result = {"model": "m", "metric": "FD", "claim": "50 epochs do", "largest_tolerated": 20}
    name = "first epoch from which all are tolerated"
    assert slow.epochs_values(result | {"verdict": "not tested"})[name].number is None
    assert slow.epochs_values(result | {"verdict": "holds"})[name].number == 20


def test_losses_after_some_steps_are_those_of_the_later_rows_alone():
    metrics = [{"step": step, "generator_loss": step / 100, "discriminator_loss": 0.5} for step in range(50, 1001, 50)]
    found = slow.losses_values({"metrics": metrics}, after=150)
    low, high = found["generator's loss after 150 steps, 5th and 95th percentile"].numbers
    assert 2.0 <= low < high <= 10.0  # rows from step 200 on: losses of 2 to 10
    assert found["generator's loss after 150 steps, mean"].number == pytest.approx(6.0)
    with pytest.raises(UserError, match="ended before step"):
        slow.losses_values({"metrics": metrics[:3]}, after=150)


def test_a_first_loss_is_of_step_1_and_of_nothing_else():
    first = {"step": 1.0, "generator_loss": 0.7, "discriminator_loss": 1.4}
    assert slow.first_losses_values({"metrics": [first]})["discriminator's first loss"].number == 1.4
    with pytest.raises(UserError, match="log_every=1"):
        slow.first_losses_values({"metrics": [first | {"step": 50.0}]})


def test_a_study_of_noise_gives_ratios_and_the_papers_settings():
    def line(axis, name, values):
        settings = [{"value": value, "of_ideal": 1 + value, "tolerated": value < 0.18} for value in values]
        return {"axis": axis, "name": name, "settings": settings}

    found = slow.noise_values(
        {
            "metric": "FD",
            "rule": "the rule",
            "series": [
                line("latent noise", "added", (0.1, 0.15, 0.2)),
                line("weight noise", "of full scale, frozen", (0.02, 0.05, 0.1)),
            ],
            "printed": [{"axis": "weight noise", "settings": (0.02, 0.05)}],
        }
    )
    assert found["weight noise, of full scale, frozen, 0.05"].number == pytest.approx(1.05)
    assert found["settings: weight noise"].number == (2.0, 5.0)
    assert found["settings: latent noise"].number == (0.1, 0.2)
    assert found["largest latent noise tolerated"].number == 0.15


def test_what_a_study_of_noise_left_out_has_no_value():
    found = slow.noise_values({"metric": "FD", "rule": "the rule", "series": [], "printed": []})
    assert found == {}


def test_the_fewest_bits_with_a_small_error_have_none_above_them_that_is_large():
    def width(bits, error, gain="column"):
        return {"bits": bits, "gain": gain, "error": error, "of_ideal": 1.0}

    widths = [width(4, 0.001), width(5, 0.02), width(6, 0.001), width(8, 1e-5), width(4, 0.9, "none")]
    found = slow.quantization_values({"metric": "FD", "widths": widths})
    assert found["fewest bits with a small error"].number == 6
    assert found["settings: bits"].number == (4, 5, 6, 8)


def test_an_evaluation_gives_its_distance_with_the_measures_name():
    found = slow.quality_values({"metric": "FD(fashion-cnn, 10000)", "value": 4.9, "floor": 0.02, "float_twin": None})
    assert found["distance"].note == "FD(fashion-cnn, 10000)"
    assert "float twin" not in found
