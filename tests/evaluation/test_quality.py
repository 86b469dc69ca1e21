"""The quality measure gets worse when images get worse, and says what it compared."""

import json

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torchmetrics.image import fid

from spingan.data import fashion_mnist, idx
from spingan.errors import UserError
from spingan.evaluation import inception
from spingan.evaluation.features import describe, fashion_cnn
from spingan.evaluation.frechet import frechet_distance, kernel_distance
from spingan.evaluation.quality import evaluate


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    """A machine with nothing but the shipped sample."""
    monkeypatch.setattr(fashion_mnist, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(fashion_mnist, "cache_folder", lambda: tmp_path / "cache")


@pytest.fixture(scope="module")
def halves():
    """Two disjoint sets of 1,000 real images with even classes, and the labels of the second."""
    images, labels = fashion_mnist.test_sample()
    order = np.concatenate([np.flatnonzero(labels == kind) for kind in range(10)])
    return images[order[::2]], images[order[1::2]], labels[order[1::2]]


def features(images):
    return describe(images, fashion_cnn())[0]


def sampler(images):
    return lambda count, seed: torch.from_numpy(images[:count]).unsqueeze(1).float() / 127.5 - 1


def noisy(images, deviation):
    noise = np.random.default_rng(1).normal(0, deviation, images.shape)
    return (images + noise).clip(0, 255).astype(np.uint8)


def blurred(images, pixels):
    return gaussian_filter(images, (0, pixels, pixels))


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
@pytest.mark.parametrize(("worsen", "steps"), [(blurred, (0.5, 0.8, 1.2)), (noisy, (10, 25, 60))])
def test_the_distance_rises_with_blur_and_with_noise(halves, distance, worsen, steps):
    real = features(halves[0])
    values = [distance(real, features(images)) for images in (halves[1], *(worsen(halves[1], step) for step in steps))]
    assert values == sorted(values)
    assert values[-1] > 2 * values[0]


@pytest.mark.parametrize("kind", range(10))
def test_the_distance_rises_when_any_class_is_removed(halves, kind):
    real, kept = features(halves[0]), features(halves[1][halves[2] != kind])
    even = np.delete(features(halves[1]), np.s_[::10], 0)  # as many images, a tenth of each class removed
    assert frechet_distance(real, kept) > 1.1 * frechet_distance(real, even)


def test_the_shipped_network_names_the_classes_of_its_card():
    images, labels = fashion_mnist.test_sample()
    accuracy = (describe(images, fashion_cnn())[1] == labels).mean()
    assert accuracy > 0.92


def test_the_test_images_themselves_have_distance_zero_and_real_others_the_floor(no_data):
    images = fashion_mnist.test_sample()[0]
    result = evaluate(sampler(images), seed=3)
    assert result.metric == "FD(fashion-cnn, 2000)"
    assert result.value < 1e-6 < result.floor
    assert result.float_twin is None
    assert result.missing_classes == ()
    assert sum(result.class_histogram.values()) == pytest.approx(1)
    assert "shipped test sample" in result.protocol and "halves" in result.protocol
    assert json.loads(json.dumps(result.to_dict()))["obtained"]["seed"] == 3


def test_worse_images_than_the_twins_give_a_larger_value_and_a_lost_class_is_named(no_data):
    images, labels = fashion_mnist.test_sample()
    trousers = labels == 1
    worse = noisy(np.concatenate([images[~trousers], images[~trousers][:200]]), 5)
    result = evaluate(sampler(worse), count=2000, twin=sampler(noisy(images, 5)))
    assert result.float_twin is not None and result.value > result.float_twin > 0
    assert result.missing_classes == ("Trouser",)
    assert result.class_histogram["Trouser"] < 0.01


def test_with_the_data_set_the_floor_is_train_against_test(halves, tmp_path):
    for (image_name, label_name), images in zip(fashion_mnist.FILES.values(), halves[:2], strict=True):
        idx.write(tmp_path / image_name, images)
        idx.write(tmp_path / label_name, halves[2])
    seen = []
    result = evaluate(sampler(halves[0]), count=600, data_path=tmp_path, progress=lambda *report: seen.append(report))
    expected = frechet_distance(features(halves[0][:600]), features(halves[1][:600]))
    assert result.metric == "FD(fashion-cnn, 600)"
    assert result.floor == pytest.approx(expected) == result.value
    assert result.obtained["data"] == f"folder, {tmp_path}"
    assert ("generated images", 500, 600) in seen and ("floor", 600, 600) in seen
    with pytest.raises(UserError, match="has 1,000"):
        evaluate(sampler(halves[0]), count=1001, data_path=tmp_path)


def test_eight_bit_images_come_back_unchanged(no_data):
    levels = np.arange(256, dtype=np.uint8).repeat(784).reshape(256, 28, 28)
    images = np.concatenate([levels, levels])[:, :28, :28]
    from spingan.evaluation.quality import _to_8_bit

    np.testing.assert_array_equal(_to_8_bit(sampler(images)(512, 0), 512, "x"), images)
    beyond = torch.tensor([-3.0, 3.0]).view(2, 1, 1, 1).expand(2, 1, 28, 28)
    assert _to_8_bit(beyond, 2, "x")[:, 0, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (lambda count, seed: torch.zeros(count, 3, 64, 64), r"the model gives images of shape \(100, 3, 64, 64\)"),
        (lambda count, seed: torch.full((count, 1, 28, 28), torch.nan), "the model gives .* not finite"),
    ],
)
def test_images_that_do_not_compare_are_refused(no_data, made, problem):
    with pytest.raises(UserError, match=problem):
        evaluate(made, count=100)


@pytest.mark.parametrize("count", [-5, 0, 1, 3])
def test_too_few_images_are_refused(no_data, count):
    with pytest.raises(UserError, match=f"{count} images"):
        evaluate(sampler(np.zeros((0, 28, 28), np.uint8)), count=count)


def test_unknown_features_are_refused(no_data):
    with pytest.raises(UserError, match="unknown features 'vgg'"):
        evaluate(sampler(np.zeros((0, 28, 28), np.uint8)), count=10, features="vgg")


def test_inception_without_torch_fidelity_says_what_to_install(no_data, monkeypatch):
    monkeypatch.setattr(fid, "_TORCH_FIDELITY_AVAILABLE", False)
    inception.network.cache_clear()
    with pytest.raises(UserError, match="torch-fidelity") as caught:
        evaluate(sampler(fashion_mnist.test_sample()[0]), count=10, features="inception")
    assert "spingan[fid]" in caught.value.remedy


def test_inception_is_given_large_eight_bit_images_with_three_equal_channels():
    images = fashion_mnist.test_sample()[0][:4]
    large = inception.prepare(images)
    assert large.shape == (4, 3, 299, 299) and large.dtype == torch.uint8
    assert (large[:, 0] == large[:, 1]).all() and (large[:, 0] == large[:, 2]).all()
    flat = np.full((1, 28, 28), 77, np.uint8)
    assert (inception.prepare(flat) == 77).all()
    means = large[:, 0].double().mean((1, 2)).numpy()
    np.testing.assert_allclose(means, images.mean((1, 2)), rtol=0.01)  # a resize keeps the mean but for the border
