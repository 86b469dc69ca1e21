"""A study of quantisation: errors obey the quantiser's law, more bits are closer, trainings are the recipe's own."""

import csv
import io

import pytest

from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.weights import load_model
from spingan.papers.claims import held_against
from spingan.spec.technology import load_technology
from spingan.studies.parallel import Workers
from spingan.studies.quantization import first_losses, on, weight_error
from spingan.studies.run import run_study
from spingan.studies.short_training import short_recipe
from spingan.training.recipe import load_recipe, shipped_recipes

TWIN = "clothes-float"


@pytest.fixture(scope="module")
def study():
    return run_study(
        "quantization",
        TWIN,
        bits=(2, 8),
        steps=0,
        count=60,
        seeds=2,
        workers=Workers(1),
        **held_against("quantization"),
    )


def test_the_error_of_float_weights_is_a_twelfth_of_a_step_squared():
    technology = on(load_technology("skyrmion-published"), 2**8, "column")
    model = load_model(TWIN)
    found, _ = weight_error(model, technology)
    expected = count = 0.0
    for layer in analog_layers(model.generator):
        rows = [axis for axis in range(layer.weight.dim()) if axis != layer.column_axis]
        steps = 2 * layer.weight.detach().double().abs().amax(dim=rows) / (2**8 - 1)
        expected += float((steps.square() / 12).mean()) * layer.weight.numel()
        count += layer.weight.numel()
    assert found == pytest.approx(expected / count, rel=0.02)  # 1.1 million weights, nearly even within a step


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_recipe_has_first_updates_even_one_that_goes_on_from_another(name):
    short = short_recipe(load_recipe(name).model_dump(mode="json"), 20, 3)
    assert (short.epochs, short.seed, short.goes_on_from, short.discriminator_alone) == (1, 3, None, 0)
    assert short.net == load_recipe(name).net


@pytest.mark.slow
def test_more_bits_and_a_gain_are_nearer_to_the_float_weights_and_pictures(study):
    found = {(width["bits"], width["gain"]): width for width in study.to_dict()["widths"]}
    assert found[8, "column"]["error"] < found[2, "column"]["error"] / 1000  # 2 to the -12th is 1/4096
    assert found[8, "column"]["error"] < found[8, "none"]["error"]
    assert found[2, "none"]["mean"] > found[8, "column"]["mean"]
    assert found[8, "column"]["mean"] == pytest.approx(study.ideal.interval.mean, rel=0.1)


@pytest.mark.slow
def test_the_table_has_a_row_a_width_gain_and_seed_and_one_of_each_error(study):
    rows = list(csv.DictReader(io.StringIO(study.csv())))
    assert [row["axis"] for row in rows] == ["error of the weights"] * 4 + ["distance"] * 8
    assert study.to_dict()["trainings"] == [] and study.claims[1].verdict == "not tested"


@pytest.mark.slow
def test_a_short_training_makes_the_recipe_s_first_updates_on_that_technology():
    recipe = load_model("fashion-mnist").info["recipe"] | {"batch_size": 8}
    fine, coarse, again = (
        first_losses(recipe, on(load_technology("skyrmion-published"), levels, "column"), 3, 0)
        for levels in (4096, 4, 4096)
    )
    assert len(fine.values["generator"]) == 3 and fine.about == "as planned"
    assert fine.values == again.values and fine.values != coarse.values


def test_impossible_widths_are_refused():
    for wrong in ({"bits": ()}, {"bits": (0,)}, {"bits": (17,)}, {"seeds": 1}, {"steps": -1}):
        with pytest.raises(UserError):
            run_study("quantization", TWIN, **wrong)
