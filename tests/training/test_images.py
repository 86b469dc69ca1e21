"""The images that a recipe trains on."""

import numpy as np
import pytest
from PIL import Image

from spingan.data import folder
from spingan.errors import UserError
from spingan.training.images import load_images, training_tensor
from spingan.training.recipe import load_recipe


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "pictures").mkdir()
    for number in range(30):
        Image.new("RGB", (20, 20), (8 * number,) * 3).save(tmp_path / "pictures" / f"{number:02}.png")
    return str(tmp_path / "pictures")


def test_the_recipes_for_both_sets_of_faces_differ_in_the_data_and_in_what_its_clean_edges_ask_for():
    anime, cartoon = load_recipe("anime-faces"), load_recipe("cartoon-faces")
    rates = "generator_learning_rate", "discriminator_learning_rate"
    assert [getattr(anime, rate) for rate in rates] == [1e-4, 2e-4]  # paper S, IV-E
    edges = {key: getattr(cartoon, key) for key in (*rates, "image_noise", "average_decay")}
    assert anime.model_copy(update={"name": cartoon.name, "data": cartoon.data, **edges}) == cartoon


def test_a_folder_trains_on_its_training_part_and_a_count_on_the_first_of_it(pictures):
    whole = load_images(load_recipe("anime-faces", [f"data.path={pictures}"]))
    assert len(whole) == 27  # of 30: paper S's share
    np.testing.assert_array_equal(whole, folder.prepare(pictures, 64).images("train"))
    some = load_images(load_recipe("anime-faces", [f"data.path={pictures}", "data.count=5"]))
    np.testing.assert_array_equal(some, whole[:5])
    assert training_tensor(some).shape == (5, 3, 64, 64)


def test_the_prepared_images_are_not_copied_into_memory(pictures):
    images = load_images(load_recipe("anime-faces", [f"data.path={pictures}"]))
    assert np.shares_memory(training_tensor(images).numpy(), images)


def test_more_images_than_there_are_is_a_mistake(pictures):
    with pytest.raises(UserError, match=r"data\.count asks for 28 images, and anime-faces has 27"):
        load_images(load_recipe("anime-faces", [f"data.path={pictures}", "data.count=28"]))
