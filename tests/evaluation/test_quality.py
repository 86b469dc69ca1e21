"""The quality measure gets worse when images get worse, and says what it compared."""

import json
from functools import partial
from importlib import resources

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torchmetrics.image import fid

from idx_files import write_idx
from spingan.data import FASHION_MNIST as fashion_mnist
from spingan.errors import UserError
from spingan.evaluation import inception, quality
from spingan.evaluation.features import describe, feature_cnn
from spingan.evaluation.frechet import frechet_distance, kernel_distance
from spingan.evaluation.real_images import image_bytes

evaluate = partial(quality.evaluate, data="fashion-mnist")


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    """A machine with nothing but the shipped sample."""
    monkeypatch.setattr(fashion_mnist, "system_folders", ())
    monkeypatch.setattr(fashion_mnist, "cache_folder", lambda: tmp_path / "cache")


@pytest.fixture(scope="module")
def described():
    """The sample sorted by class, with what fashion-cnn makes of it: images, labels, features, classes."""
    images, labels = fashion_mnist.test_sample()
    order = np.argsort(labels, kind="stable")
    return images[order], labels[order], *describe(images[order], feature_cnn("fashion-cnn"))


def sampler(images):
    return lambda count, seed: torch.from_numpy(images[:count]).unsqueeze(1).float() / 127.5 - 1


def noisy(images, deviation):
    noise = np.random.default_rng(1).normal(0, deviation, images.shape)
    return (images + noise).clip(0, 255).astype(np.uint8)


def blurred(images, pixels):
    return gaussian_filter(images, (0, pixels, pixels))


@pytest.mark.parametrize(("worsen", "steps"), [(blurred, (0.5, 0.8, 1.2)), (noisy, (10, 25, 60))])
def test_the_distances_rise_with_blur_and_with_noise(described, worsen, steps):
    images, _, features, _ = described
    real, sets = (
        features[::2],
        [features[1::4], *(describe(worsen(images[1::4], s), feature_cnn("fashion-cnn"))[0] for s in steps)],
    )
    for distance in (frechet_distance, partial(kernel_distance, subsets=3)):
        values = [distance(real, other) for other in sets]
        assert values == sorted(values)
        assert values[-1] > 2 * values[0]


@pytest.mark.parametrize("kind", range(10))
def test_the_frechet_distance_rises_when_any_class_is_removed(described, kind):
    _, labels, features, _ = described
    real, others = features[::2], features[1::2]
    without_a_class = others[labels[1::2] != kind]
    as_many_of_all = np.delete(others, np.s_[::10], 0)
    assert frechet_distance(real, without_a_class) > 1.1 * frechet_distance(real, as_many_of_all)


def test_the_shipped_network_knows_the_classes_as_its_card_says(described):
    _, labels, _, classes = described
    with resources.as_file(resources.files("spingan") / "pretrained" / "fashion-cnn.json") as card:
        stated = json.loads(card.read_text())["test_accuracy"]
    assert stated >= 0.92
    assert (classes == labels).mean() == pytest.approx(stated, abs=0.02)  # 2,000 of 10,000: three standard errors


def test_the_test_images_themselves_have_distance_zero_and_real_others_the_floor(no_data):
    images = fashion_mnist.test_sample()[0]
    result = evaluate(sampler(images), count=400, seed=3)
    assert result.metric == "FD(fashion-cnn, 400)"
    assert result.value < 1e-6 < result.floor
    assert result.float_twin is None
    assert result.missing_classes == ()
    assert sum(result.class_histogram.values()) == pytest.approx(1)
    assert "shipped test sample" in result.protocol and "halves" in result.protocol
    assert json.loads(json.dumps(result.to_dict()))["obtained"]["seed"] == 3


def test_without_the_data_set_the_whole_sample_is_the_most_that_is_compared(no_data):
    asked = []

    def ask(count, seed):
        asked.append((count, seed))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(ask, count=10_000, seed=7)
    assert asked == [(2000, 7)]


def test_worse_images_than_the_twins_give_a_larger_value_and_a_lost_class_is_named(no_data):
    images, labels = fashion_mnist.test_sample()
    result = evaluate(sampler(noisy(images[labels != 1], 5)), count=400, twin=sampler(noisy(images, 5)))
    assert result.float_twin is not None and result.value > result.float_twin > 0
    assert result.missing_classes == ("Trouser",)


def test_with_the_data_set_the_floor_is_train_against_test(described, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    images, labels, features, _ = described
    order = np.random.default_rng(1).permutation(1000)
    for (image_name, label_name), part in zip(fashion_mnist.files.values(), (2 * order, 2 * order + 1), strict=True):
        write_idx(tmp_path / image_name, images[part])
        write_idx(tmp_path / label_name, labels[part])
    seen = []
    result = evaluate(
        sampler(images[2 * order]), count=600, data_path=tmp_path, progress=lambda *report: seen.append(report)
    )
    expected = frechet_distance(features[2 * order[:600]], features[2 * order[:600] + 1])
    assert result.metric == "FD(fashion-cnn, 600)"
    assert result.floor == pytest.approx(expected, rel=1e-4)
    assert result.value == pytest.approx(expected, rel=1e-4)
    assert result.obtained["data"] == f"folder, {tmp_path}"
    assert ("generated images", 500, 600) in seen and ("floor", 600, 600) in seen
    assert ("training images", 1000, 1000) in seen
    with pytest.raises(UserError, match="has 1,000"):
        evaluate(sampler(images), count=1001, data_path=tmp_path)


def test_generated_training_images_are_copies_and_the_floor_has_none(described, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    images, labels, _, _ = described
    for (image_name, label_name), part in zip(fashion_mnist.files.values(), (np.s_[::2], np.s_[1::2]), strict=True):
        write_idx(tmp_path / image_name, images[part])
        write_idx(tmp_path / label_name, labels[part])
    result = evaluate(
        sampler(images[::2]),
        twin=sampler(noisy(images[::2], 30)),
        count=800,
        variety_count=500,
        k=3,
        data_path=tmp_path,
    )
    assert result.metric == "FD(fashion-cnn, 800)"
    assert result.variety.metric == result.variety_floor.metric == "variety(fashion-cnn, 500, k=3)"
    assert result.variety.copies == 1
    assert result.variety_floor.copies == pytest.approx(0.01, abs=0.01)
    assert result.variety_float_twin is not None and result.variety_float_twin.copies < 0.2
    assert result.variety_float_twin.precision < result.variety_floor.precision
    assert result.variety.training_images == 1000


def test_the_variety_of_the_test_images_themselves_is_one_and_copies_are_not_measured_without_training_images(no_data):
    result = evaluate(sampler(fashion_mnist.test_sample()[0]), count=400)
    found = json.loads(json.dumps(result.to_dict()))
    for name in ("precision", "recall", "density", "coverage", "nearest_neighbour_ratio"):
        assert found["variety"][name] == 1
        assert 0.5 < found["variety_floor"][name] < 1.3
    assert (found["variety"]["count"], found["variety_floor"]["count"]) == (400, 200)
    assert found["variety"]["copies"] is None and found["variety_floor"]["copies"] is None
    assert "spingan data fetch fashion-mnist" in found["variety"]["not_measured"]
    assert found["variety_float_twin"] is None


def test_the_variety_is_measured_in_the_set_s_own_space_whatever_the_distance_is(no_data, monkeypatch):
    monkeypatch.setattr(inception, "network", lambda: lambda prepared: prepared[:, 0, ::30, ::30].flatten(1).float())
    result = evaluate(sampler(fashion_mnist.test_sample()[0]), count=40, variety_count=20, k=2, features="inception")
    assert result.metric == "FID(inception-v3, 40)"
    assert result.variety.metric == "variety(fashion-cnn, 20, k=2)" and result.variety.recall == 1
    assert len(result.class_histogram) == 10


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"k": 0}, "k is 0, and 20 images have 1 to 19"),
        ({"k": 20}, "k is 20, and 20 images"),
        ({"variety_count": 41}, "variety cannot be measured on 41 of 40"),
        ({"variety_count": 1}, "variety cannot be measured on 1 of 40"),
    ],
)
def test_a_k_or_a_number_for_the_variety_out_of_range_is_refused_before_anything_is_drawn(no_data, options, problem):
    with pytest.raises(UserError, match=problem):
        evaluate(lambda count, seed: pytest.fail("drawn first"), count=40, **options)


def test_eight_bit_images_come_back_unchanged():
    levels = np.arange(256, dtype=np.uint8).repeat(784).reshape(256, 28, 28)
    np.testing.assert_array_equal(image_bytes(sampler(levels)(256, 0)), levels)
    beyond = torch.tensor([-3.0, 3.0]).view(2, 1, 1, 1).expand(2, 1, 28, 28)
    assert image_bytes(beyond)[:, 0, 0].tolist() == [0, 255]
    colours = np.arange(256, dtype=np.uint8).repeat(3).reshape(4, 8, 8, 3)
    as_drawn = torch.from_numpy(colours).permute(0, 3, 1, 2).float() / 127.5 - 1
    np.testing.assert_array_equal(image_bytes(as_drawn), colours)


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


def test_inception_is_given_large_eight_bit_images_with_three_channels_that_are_equal_if_grey():
    images = fashion_mnist.test_sample()[0][:4]
    large = inception.prepare(images)
    assert large.shape == (4, 3, 299, 299) and large.dtype == torch.uint8
    assert (large[:, 0] == large[:, 1]).all() and (large[:, 0] == large[:, 2]).all()
    flat = np.full((1, 28, 28), 77, np.uint8)
    assert (inception.prepare(flat) == 77).all()
    means = large[:, 0].double().mean((1, 2)).numpy()
    np.testing.assert_allclose(means, images.mean((1, 2)), rtol=0.01)  # a resize keeps the mean but for the border
    colours = np.array([[[[10, 20, 30]]]], np.uint8).repeat(64, 1).repeat(64, 2)
    np.testing.assert_array_equal(inception.prepare(colours)[0, :, 150, 150], [10, 20, 30])
