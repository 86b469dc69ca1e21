import numpy as np
import pytest
from PIL import Image

from spingan.errors import UserError
from spingan.image_grid import image_grid, save_grid, to_bytes


def test_minus_one_is_black_and_one_is_white():
    assert to_bytes(np.array([[[[-1.0, 0.0, 1.0]]]])).ravel().tolist() == [0, 128, 255]


def test_eight_bit_images_pass_unchanged():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(to_bytes(images)[..., 0], images)


def test_every_image_stands_whole_in_its_cell_row_by_row():
    images = np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    grid = np.asarray(image_grid(images, columns=3, scale=2, gap=1))
    assert grid.shape == (2 * 5 + 1, 3 * 5 + 1)
    for number in range(6):
        top, left = 1 + number // 3 * 5, 1 + number % 3 * 5
        assert (grid[top : top + 4, left : left + 4] == number).all()


def test_a_last_row_that_is_not_full_is_white():
    grid = np.asarray(image_grid(np.zeros((3, 1, 2, 2), np.uint8), columns=2, scale=1, gap=1))
    assert (grid[4:6, 4:6] == 255).all()


def test_colour_survives_the_way_to_a_file(tmp_path):
    images = -np.ones((1, 3, 4, 4), np.float32)
    images[:, 0] = 1.0
    path = save_grid(images, tmp_path / "red.png", scale=1)
    with Image.open(path) as picture:
        assert picture.getpixel((3, 3)) == (255, 0, 0)


def test_a_suffix_that_names_no_picture_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(UserError, match="picture format"):
        save_grid(np.zeros((1, 2, 2), np.uint8), tmp_path / "grid.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(4, 4), (1, 2, 4, 4), (1, 1, 1, 4, 4)])
def test_an_array_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="images must be"):
        to_bytes(np.zeros(shape))
