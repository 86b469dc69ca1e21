"""MNIST is found, read and refused as Fashion-MNIST is, and its sample is the test set's."""

import numpy as np
import pytest

from idx_files import write_idx
from spingan.data import MNIST
from spingan.errors import UserError


def test_the_sample_has_200_digits_of_each_kind_and_they_are_not_clothes():
    images, labels = MNIST.test_sample()
    assert images.shape == (2000, 28, 28) and np.bincount(labels).tolist() == [200] * 10
    assert float((images == 0).mean()) > 0.75  # a digit leaves most of the image black


def test_the_sample_is_the_test_sets_first_200_of_each_digit():
    if MNIST.find() is None:
        pytest.skip("MNIST is not on this machine")
    images, labels = MNIST.load("test")
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == kind)[:200] for kind in range(10)]))
    np.testing.assert_array_equal(MNIST.test_sample()[0], images[chosen])


def test_a_folder_without_a_file_names_the_set_and_the_file(tmp_path):
    for stem in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        write_idx(tmp_path / stem, np.zeros((2, 28, 28), np.uint8))
    with pytest.raises(UserError, match=r"no MNIST in .*: train-labels-idx1-ubyte.gz missing") as caught:
        MNIST.load("train", tmp_path)
    assert "data.path" in caught.value.remedy


def test_without_the_set_and_a_connection_the_remedy_names_the_key_and_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(MNIST, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(MNIST, "url", "http://127.0.0.1:9/")
    with pytest.raises(UserError, match="cannot download") as caught:
        MNIST.load("train")
    assert "data.path" in caught.value.remedy and "spingan data fetch mnist" in caught.value.remedy
