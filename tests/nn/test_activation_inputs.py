"""What a trained net drives its activations with: measured, normalised, and refused where nothing was calibrated."""

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.nn.activation_inputs import activation_inputs
from spingan.nn.weights import load_model


@pytest.fixture
def clothes():
    return load_model("clothes")


def test_the_weights_add_to_one_and_reach_the_calibrated_full_scale(clothes):
    seen = activation_inputs(clothes, "leaky_relu", images=4)
    assert seen.function == "relu"  # the net has no leaky one: those that it has would get the same inputs
    assert seen.weight.sum() == pytest.approx(1)
    assert seen.full_scale_a == pytest.approx(34.8e-6)
    rms = np.sqrt(seen.weight @ seen.share_of_full_scale**2)
    assert 0.06 < rms < 0.1  # 1.6 µA of a device for 20 µA
    again = activation_inputs(clothes, "relu", images=4)
    assert np.array_equal(seen.weight, again.weight)


def test_a_net_whose_inputs_were_never_calibrated_is_refused(clothes):
    clothes.generator.get_submodule("act1").full_scale.fill_(1.0)
    with pytest.raises(UserError, match="act1 were never calibrated"):
        activation_inputs(clothes, "relu", images=2)
    floats = load_model("clothes-float")
    with pytest.raises(UserError, match="never calibrated: on ideal"):
        activation_inputs(floats, "relu", images=2)
