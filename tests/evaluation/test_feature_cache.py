"""Features of a training set are computed once a machine."""

import numpy as np
import pytest

from spingan.evaluation import feature_cache
from spingan.evaluation.feature_cache import known_features
from spingan.evaluation.features import describe, feature_cnn


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "spingan" / "features"


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 256, (20, 28, 28), np.uint8)


def test_features_are_computed_once_and_come_back_unchanged(cache, images, monkeypatch):
    done = []
    first = known_features(images, "fashion-cnn", done.append)
    np.testing.assert_array_equal(first, describe(images, feature_cnn("fashion-cnn"))[0])
    assert done == [20]
    monkeypatch.setattr(feature_cache, "describe", lambda *given: pytest.fail("computed again"))
    again = known_features(images, "fashion-cnn")
    np.testing.assert_array_equal(again, first)
    assert again.dtype == np.float64


def test_other_images_and_other_networks_have_features_of_their_own(cache, images):
    other = images.copy()
    other[3, 4, 5] ^= 1
    sets = [(images, "fashion-cnn"), (other, "fashion-cnn"), (images, "mnist-cnn")]
    found = [known_features(*given) for given in sets]
    assert len(list(cache.iterdir())) == 3
    assert not np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


@pytest.mark.parametrize("damage", [b"", b"nothing", b"\x93NUMPY\x01\x00"])
def test_a_damaged_cache_is_computed_again(cache, images, damage):
    first = known_features(images, "fashion-cnn")
    (file,) = cache.iterdir()
    file.write_bytes(damage)
    np.testing.assert_array_equal(known_features(images, "fashion-cnn"), first)
    assert file.stat().st_size > 5000


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(images, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert known_features(images, "fashion-cnn").shape == (20, 64)
