"""What is asked of a chip reaches its images, alone and by seed; nothing asked for leaves them as they are."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from spingan.arrays.conditions import ChipConditions, with_stuck
from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.chip import clip_weights
from spingan.nn.weights import Model, fitting_inputs, load_model
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

EACH = (
    ChipConditions(programming_noise=Noise(fraction=0.05, of="full_scale")),
    ChipConditions(read_noise=Noise(fraction=0.05, of="value")),
    ChipConditions(latent_noise=0.2),
    ChipConditions(input_noise=0.1),
    ChipConditions(stuck=0.02),
    ChipConditions(activation_gain=0.05),
    ChipConditions(activation_offset=0.01),
    ChipConditions(faded=0.1),
)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("fashion-mnist")


@pytest.fixture(scope="module")
def exact(model: Model) -> torch.Tensor:
    return model.sample(3, 1, 2)


def test_without_any_condition_the_images_are_the_models_own(model, exact):
    assert torch.equal(model.sample(3, 1, ChipConditions(2)), exact)


@pytest.mark.parametrize("conditions", EACH, ids=lambda conditions: next(k for k, v in vars(conditions).items() if v))
def test_a_condition_changes_the_images_the_same_way_each_time_and_leaves_the_model_alone(model, exact, conditions):
    once = model.sample(3, 1, replace(conditions, seed=2))
    assert float((once - exact).abs().mean()) > 1e-3  # of a range of 2: far beyond rounding
    assert torch.equal(model.sample(3, 1, replace(conditions, seed=2)), once)
    assert torch.equal(model.sample(3, 1, 2), exact)


def test_noise_of_inputs_does_not_depend_on_an_image_s_neighbours(model):
    noisy = ChipConditions(2, input_noise=0.1, latent_noise=0.1)
    few, many = (model.sample(count, 1, noisy) for count in (4, 8))  # the same first latents: torch draws 16 at once
    torch.testing.assert_close(many[:4], few, rtol=0, atol=1e-3)  # sums are rounded otherwise in another batch
    assert float((model.sample(4, 1, ChipConditions(2, latent_noise=0.1)) - few).abs().mean()) > 0.01


def test_measuring_its_batch_norms_brings_back_a_chip_whose_devices_all_faded(model, exact):
    left, measured = (model.sample(3, 1, ChipConditions(2, faded=0.2, calibration=n)) for n in (0, 1000))
    errors = [float((images - exact).square().mean().sqrt()) for images in (left, measured)]
    assert errors[1] < errors[0] / 3  # a factor for all weights goes out in a batch norm; the last layer has none


def test_clipped_weights_stay_within_so_many_rms_and_make_full_scale_smaller(model):
    clipped = deepcopy(model.generator)
    clip_weights(clipped, 2.0, fitting_inputs(model.family, model.latent_size, 0))
    for before, after in zip(analog_layers(model.generator), analog_layers(clipped), strict=True):
        rows = [axis for axis in range(4) if axis != after.column_axis]
        rms = before.weight.square().mean(dim=rows).sqrt()
        assert (after.weight.abs().amax(dim=rows) <= 2.0 * rms * (1 + 1e-6)).all()
        assert (after.gain < before.gain).all()


def test_what_is_no_share_and_what_has_no_devices_is_refused(model):
    for seed in (-1, 2**64, 2.5, "3"):  # which would be another chip's, or none
        with pytest.raises(UserError, match="64 bits"):
            model.sample(1, 0, ChipConditions(seed))
    for wrong in ({"read_noise": (0.1, "value")}, {"calibration": 2.5}):
        with pytest.raises(UserError, match=next(iter(wrong))):
            ChipConditions(**wrong)
    for wrong in ({"stuck": 1.0}, {"faded": -0.1}, {"input_noise": -1.0}, {"latent_noise": float("nan")}):
        with pytest.raises(UserError):
            ChipConditions(**wrong)
    with pytest.raises(UserError, match="no devices"):
        with_stuck(load_technology("ideal"), 0.01)
    float_twin = load_model("clothes-float")
    for needs_devices in (ChipConditions(stuck=0.1), ChipConditions(faded=0.1), ChipConditions(activation_gain=0.1)):
        with pytest.raises(UserError, match=r"no devices|exact functions"):
            float_twin.sample(2, 0, needs_devices)
    with pytest.raises(UserError, match="no mean and variance"):
        model.sample(2, 0, ChipConditions(calibration=1))
