"""What a device has of each property is what it does to the net's weights: checked against arrays that are drawn."""

import math

import numpy as np
import pytest
import torch

from spingan.arrays.mapping import program
from spingan.nn.analog import analog_layers
from spingan.nn.weights import load_model
from spingan.spec.synapse import Faults, Retention, Spread
from spingan.spec.technology import load_technology
from spingan.studies.device_figures import DAY_S, figures_of, weight_rms


@pytest.fixture(scope="module")
def clothes():
    return load_model("clothes")


def value_of(model, technology, name: str) -> float | None:
    return next(has.value for has in figures_of(model, technology) if has.name == name)


def changed(name: str, **fields):
    technology = load_technology(name)
    return technology.model_copy(update={"synapse": technology.synapse.model_copy(update=fields)})


@pytest.mark.parametrize("encoding", ["differential_pair", "midpoint_reference", "sign_crossbar"])
def test_the_error_of_writing_is_that_of_arrays_that_are_drawn(clothes, encoding):
    technology = changed("pcm", faults=Faults()).model_copy(update={"encoding": encoding, "wire_resistance_ohm": None})
    found = value_of(clothes, technology, "programming noise")
    exact = technology.model_copy(update={"synapse": technology.synapse.model_copy(update={"write_error": None})})
    squares, count = 0.0, 0
    for layer in analog_layers(clothes.generator):
        for matrix in layer.matrices():
            drawn, meant = (
                program(matrix, each, 1, gain=layer.layout.per_column(layer.gain)) for each in (technology, exact)
            )
            error = (drawn.weight() - meant.weight()) / drawn.gain
            squares, count = squares + float(error.square().sum()), count + error.numel()
    assert found == pytest.approx(math.sqrt(squares / count), rel=0.04)  # levels are rounded, and none is below nothing


def test_scatter_and_loss_after_a_day_are_those_of_arrays_that_age(clothes):
    technology = load_technology("pcm").model_copy(update={"wire_resistance_ohm": None})
    loss, scatter = (value_of(clothes, technology, f"{what} in a day") for what in ("loss", "scatter"))
    products = powers = left = 0.0
    weights = []
    for layer in analog_layers(clothes.generator):
        for matrix in layer.matrices():
            exact = technology.model_copy(
                update={"synapse": technology.synapse.model_copy(update={"write_error": None})}
            )
            array = program(matrix, exact, 1, gain=layer.layout.per_column(layer.gain))
            before, after = (
                (each.weight() / array.gain).double() for each in (array, array.at(DAY_S, technology.synapse))
            )
            products, powers = products + float((before * after).sum()), powers + float(before.square().sum())
            weights.append((before.flatten(), after.flatten()))
    left = products / powers
    assert loss == pytest.approx(1 - left, rel=0.05)
    error = torch.cat([after - left * before for before, after in weights]) / left
    assert scatter == pytest.approx(float(error.square().mean().sqrt()), rel=0.1)


def test_spread_is_of_the_weights_value_and_faults_are_summed(clothes):
    pair = changed("pcm", spread=Spread(gain=0.2), faults=Faults(stuck_at_minimum=0.01, stuck_at_random=0.02))
    assert value_of(clothes, pair, "spread") == pytest.approx(0.2)  # of a pair the other device is at its smallest
    assert value_of(clothes, pair, "stuck devices") == pytest.approx(0.03)
    assert value_of(clothes, load_technology("pcm"), "spread") is None
    assert 0 < weight_rms(clothes, pair) < 1


def test_a_better_device_has_less_of_everything(clothes):
    error = np.array(load_technology("pcm").synapse.write_error)
    worse, better = (changed("pcm", write_error=tuple((error * factor).tolist())) for factor in (1.0, 0.5))
    assert value_of(clothes, better, "programming noise") == pytest.approx(
        value_of(clothes, worse, "programming noise") / 2
    )
    slow, fast = (
        changed("pcm", retention=Retention(law="exponential", time_s=time_s, towards="minimum"))
        for time_s in (1e9, 1e5)
    )
    assert value_of(clothes, slow, "loss in a day") < value_of(clothes, fast, "loss in a day")


def test_what_a_technology_cannot_have_is_nothing_and_what_it_does_not_say_is_unknown(clothes):
    ideal = {has.name: has for has in figures_of(clothes, load_technology("ideal"))}
    assert ideal["programming noise"].value == 0.0 and ideal["levels"].value == math.inf and ideal["offset"].exact
    published = {has.name: has for has in figures_of(clothes, load_technology("skyrmion-published"))}
    for name in ("programming noise", "read noise", "loss in a day", "offset", "wires"):
        assert published[name].value is None and published[name].why, name
    assert published["levels"].value == 64 and published["converter bits"].exact


def test_wires_grow_with_the_square_of_a_tiles_rows(clothes):
    pcm = load_technology("pcm")
    half = pcm.model_copy(update={"tile_rows": pcm.tile_rows // 2})
    assert value_of(clothes, pcm, "wires") == pytest.approx(4 * value_of(clothes, half, "wires"))
