"""The feature network's training: what it is shown, that it learns, and that its files are checked."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

from idx_files import write_idx
from spingan.data import FASHION_MNIST as fashion_mnist
from spingan.errors import UserError
from spingan.evaluation import train_features
from spingan.evaluation.features import describe, load_feature_cnn


@pytest.fixture(scope="module")
def small_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    images, labels = fashion_mnist.test_sample()
    for (image_name, label_name), part in zip(
        fashion_mnist.files.values(), (slice(0, 640), slice(1700, None)), strict=True
    ):
        write_idx(folder / image_name, images[part])
        write_idx(folder / label_name, labels[part])
    return folder


@pytest.fixture(scope="module")
def trained(small_set, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    arguments = ["--out", str(out), "--data", str(small_set), "--epochs", "3", "--seed", "4"]
    assert train_features.main(["fashion-mnist", *arguments]) == 0
    return out / "fashion-cnn.safetensors"


def test_an_augmented_image_is_a_shifted_and_perhaps_mirrored_copy():
    images = torch.from_numpy(fashion_mnist.test_sample()[0][:50]).unsqueeze(1).float()
    shown = train_features.augment(images, torch.Generator().manual_seed(1), mirrored=True)
    mirrored_count = 0
    for image, copy in zip(images[:, 0].numpy(), shown[:, 0].numpy(), strict=True):
        padded = np.pad(image, 2), np.pad(image[:, ::-1], 2)
        matches = {
            flip
            for flip in (0, 1)
            for top in range(5)
            for left in range(5)
            if (padded[flip][top : top + 28, left : left + 28] == copy).all()
        }
        assert matches
        mirrored_count += matches == {1}
    assert 10 < mirrored_count < 40


def test_a_digit_is_shifted_and_never_mirrored():
    images = torch.from_numpy(fashion_mnist.test_sample()[0][:50]).unsqueeze(1).float()
    shown = train_features.augment(images, torch.Generator().manual_seed(1), mirrored=False)
    for image, copy in zip(images[:, 0].numpy(), shown[:, 0].numpy(), strict=True):
        padded = np.pad(image, 2)
        assert any((padded[top : top + 28, left : left + 28] == copy).all() for top in range(5) for left in range(5))


def test_training_learns_what_the_classes_look_like(small_set, trained):
    images, labels = fashion_mnist.load("test", small_set)
    accuracy = (describe(images, load_feature_cnn(trained))[1] == labels).mean()
    assert accuracy > 0.3  # ten classes: 0.1 by chance; 0.47 after these 15 steps
    assert json.loads(trained.with_suffix(".json").read_text())["test_accuracy"] == pytest.approx(accuracy)


def test_the_same_seed_gives_the_same_weights(small_set):
    whole = train_features.load_set("fashion-mnist", str(small_set))
    some = replace(whole, images=whole.images[:256], labels=whole.labels[:256])
    first, again, other = (
        train_features.train(some, 1, seed, Console(quiet=True)).head[-1].weight for seed in (4, 4, 5)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_weights_that_the_card_does_not_describe_are_refused(trained, tmp_path):
    damaged = bytearray(trained.read_bytes())
    damaged[-1] ^= 1
    (tmp_path / trained.name).write_bytes(damaged)
    (tmp_path / "fashion-cnn.json").write_text(trained.with_suffix(".json").read_text())
    with pytest.raises(UserError, match="not the file that its model card describes"):
        load_feature_cnn(tmp_path / trained.name)


def test_a_missing_network_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="cannot load the feature network"):
        load_feature_cnn(tmp_path / "none.safetensors")


@pytest.mark.parametrize(("arguments", "problem"), [(["--epochs", "0"], "epochs 0"), (["--data", "/none"], "/none")])
def test_bad_arguments_exit_with_2_and_write_nothing(arguments, problem, tmp_path, capsys):
    assert train_features.main(["fashion-mnist", "--out", str(tmp_path / "out"), *arguments]) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
