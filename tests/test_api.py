import pytest
import torch

import spingan
from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.weights import Model


@pytest.fixture(scope="module")
def float_model():
    torch.manual_seed(0)
    technology = spingan.load_technology("ideal")
    conversion = convert(family_named("fashion").make_generator(100).eval(), technology)
    return Model("untrained", "fashion", 100, technology, conversion, {"seed": 0})


def test_a_reprogrammed_model_has_the_same_weights_in_other_devices(float_model):
    moved = spingan.reprogram(float_model, "skyrmion-published")
    assert moved.technology.name == "skyrmion-published"
    pairs = zip(analog_layers(float_model.generator), analog_layers(moved.generator), strict=True)
    assert all(torch.equal(before.weight, after.weight) for before, after in pairs)
    assert {layer.levels.numel() for layer in analog_layers(moved.generator)} == {64}


def test_a_reprogrammed_model_remembers_where_it_comes_from(float_model):
    moved = spingan.reprogram(float_model, "skyrmion-published")
    assert moved.info["trained as"] == "untrained" and moved.info["trained on"] == "ideal"


def test_reprogramming_leaves_the_model_that_it_started_from_alone(float_model):
    before = float_model.sample(2)
    spingan.reprogram(float_model, "skyrmion-published")
    assert torch.equal(float_model.sample(2), before)


def test_reprogramming_onto_what_does_not_exist_is_refused(float_model):
    with pytest.raises(UserError, match="no technology"):
        spingan.reprogram(float_model, "unobtainium")


def test_what_load_dividers_give_is_what_other_arrays_are_written_with():
    torch.manual_seed(0)
    technology = spingan.load_technology("wox-memristor")
    conversion = convert(family_named("am-dcgan").make_generator(20).eval(), technology)
    loaded = Model("untrained", "am-dcgan", 20, technology, conversion)
    moved = spingan.reprogram(loaded, "ideal")
    for before, after in zip(analog_layers(loaded.generator), analog_layers(moved.generator), strict=True):
        written = before.weight if before.load is None else before.effective_weight()
        assert torch.equal(after.weight, written)
    same = spingan.reprogram(loaded, technology)  # the same columns divide as they did
    pairs = zip(analog_layers(loaded.generator), analog_layers(same.generator), strict=True)
    assert all(torch.equal(before.weight, after.weight) for before, after in pairs)


def test_a_float_model_has_no_float_twin(float_model):
    from spingan.nn.weights import float_twin

    assert float_twin(float_model) is None


def test_the_float_twin_is_of_the_same_net_images_and_loss_whatever_the_recipe_is_called():
    from spingan.nn.weights import float_twin, load_model

    model = load_model("fashion-mnist")
    model.info = {"recipe": {"name": "of mine", "data": {"name": "fashion-mnist"}}}
    twin = float_twin(model)
    assert twin is not None and twin.name == "fashion-mnist-float"
    for other in ({"data": {"name": "mnist"}}, {"data": {"name": "fashion-mnist"}, "loss": "relativistic"}, {}):
        model.info = {"recipe": other}
        assert float_twin(model) is None
    model.info = {}
    assert float_twin(model) is None


def test_the_bill_takes_a_recipe_that_is_loaded_already():
    recipe = spingan.load_recipe("fashion-mnist", ["batch_size=64"])
    assert spingan.cost(recipe).batch_size == 64
