"""A study of quantisation: errors obey the quantiser's law, more bits are closer, trainings are the recipe's own."""

import csv
import io

import pytest

from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.weights import load_model
from spingan.spec.technology import load_technology
from spingan.studies.quantization import WidthTraining, _on, _stability_claim, _weight_error, quantization_study
from spingan.studies.short_training import TrainingTrial, run_training

TWIN = "fashion-mnist-float"


@pytest.fixture(scope="module")
def study():
    return quantization_study(TWIN, bits=(2, 8), steps=0, count=60, seeds=2, workers=1)


def test_the_error_of_float_weights_is_a_twelfth_of_a_step_squared():
    technology = _on(load_technology("skyrmion-published"), 2**8, "column")
    found, _ = _weight_error(TWIN, technology)
    expected = count = 0.0
    for layer in analog_layers(load_model(TWIN).generator):
        rows = [axis for axis in range(layer.weight.dim()) if axis != layer.column_axis]
        steps = 2 * layer.weight.detach().double().abs().amax(dim=rows) / (2**8 - 1)
        expected += float((steps.square() / 12).mean()) * layer.weight.numel()
        count += layer.weight.numel()
    assert found == pytest.approx(expected / count, rel=0.02)  # 1.1 million weights, nearly even within a step


@pytest.mark.slow
def test_more_bits_and_a_gain_are_nearer_to_the_float_weights_and_pictures(study):
    found = {(width.bits, width.gain): width for width in study.widths}
    assert found[8, "column"].error < found[2, "column"].error / 1000  # 2 to the -12th is 1/4096
    assert found[8, "column"].error < found[8, "none"].error
    assert found[2, "none"].setting.interval.mean > found[8, "column"].setting.interval.mean
    assert found[8, "column"].setting.interval.mean == pytest.approx(study.ideal.interval.mean, rel=0.1)


@pytest.mark.slow
def test_the_tables_have_a_row_a_width_and_gain(study):
    assert len(list(csv.DictReader(io.StringIO(study.csv())))) == 2 * 2 * 2
    heads, rows = study.weights_table()
    assert len(rows) == 4 and all(len(row) == len(heads) for row in rows)
    assert study.trainings == () and study.claims[1].verdict == "not tested"


def _training(bits: int | None, deviation: float, ended: str = "as planned") -> WidthTraining:
    return WidthTraining(bits, 10, ended, 1.0, 0.1, 2.0, deviation)


def test_an_unsteady_loss_is_one_that_spreads_a_quarter_more_or_a_training_that_ends_early():
    verdicts = [
        _stability_claim((_training(None, 1.0), coarse)).verdict
        for coarse in (_training(4, 1.2), _training(4, 1.3), _training(4, 0.5, "the training has diverged"))
    ]
    assert verdicts == ["does not hold", "holds", "holds"]


@pytest.mark.slow
def test_a_short_training_makes_the_recipe_s_first_updates_on_that_technology():
    recipe = load_model("fashion-mnist").info["recipe"] | {"batch_size": 8}
    fine, coarse, again = (
        run_training(TrainingTrial.of(recipe, _on(load_technology("skyrmion-published"), levels, "column"), 3, 0))
        for levels in (4096, 4, 4096)
    )
    assert len(fine.generator) == 3 and fine.ended == "as planned"
    assert fine == again and fine != coarse


def test_impossible_widths_are_refused():
    for wrong in ({"bits": ()}, {"bits": (0,)}, {"bits": (17,)}, {"seeds": 1}, {"steps": -1}):
        with pytest.raises(UserError):
            quantization_study(TWIN, **wrong)
