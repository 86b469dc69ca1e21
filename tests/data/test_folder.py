"""A folder of images becomes an array, and what cannot is named."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spingan.data import folder
from spingan.errors import UserError


def _save(path: Path, colour: tuple[int, ...], size: tuple[int, int] = (40, 30), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour if len(colour) > 1 else colour[0]).save(path)


def test_every_format_is_read_in_the_order_of_the_names_and_from_folders_below(tmp_path):
    for number, name in enumerate(("a.png", "b/c.BMP", "b/d.webp", "e.jpeg")):
        _save(tmp_path / name, (50 * number, 100, 200))
    (tmp_path / "notes.txt").write_text("not an image")
    images = folder.load(str(tmp_path), 16)
    assert images.shape == (4, 16, 16, 3)
    assert images.dtype == np.uint8
    assert np.allclose(images[:, 8, 8, 0], [0, 50, 100, 150], atol=3)  # JPEG and WebP are lossy


def test_an_image_is_resized_as_a_whole_and_not_cropped(tmp_path):
    halves = np.zeros((32, 96, 3), np.uint8)
    halves[:, 48:] = 255
    Image.fromarray(halves).save(tmp_path / "halves.png")
    (image,) = folder.load(str(tmp_path), 16)
    assert image[:, :6].max() < 16  # Lanczos rings a little at the edge
    assert image[:, 10:].min() > 239


def test_transparent_pixels_are_white(tmp_path):
    _save(tmp_path / "clear.png", (10, 20, 30, 0), mode="RGBA")
    assert folder.load(str(tmp_path), 16).min() == 255


def test_a_picture_held_sideways_is_turned_upright(tmp_path):
    halves = np.zeros((32, 32, 3), np.uint8)
    halves[16:] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera lay on its side: shown, the left is what is stored at the bottom
    Image.fromarray(halves).save(tmp_path / "held.png", exif=turned)
    (image,) = folder.load(str(tmp_path), 16)
    assert image[:, :4].min() > 239
    assert image[:, 12:].max() < 16


def test_grey_images_become_rgb(tmp_path):
    _save(tmp_path / "grey.png", (77,), mode="L")
    assert (folder.load(str(tmp_path), 16) == 77).all()


def test_broken_and_tiny_files_are_left_out_with_one_warning_that_counts_them(tmp_path, capsys):
    _save(tmp_path / "good.png", (1, 2, 3))
    _save(tmp_path / "tiny.png", (1, 2, 3), size=(15, 200))
    _save(tmp_path / "least.png", (1, 2, 3), size=(16, 200))
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.webp").touch()
    assert len(folder.load(str(tmp_path), 64)) == 2
    said = capsys.readouterr().err
    assert "left out 4 of the images" in said
    assert "tiny.png: only 15x200 pixels" in said
    assert all(name in said for name in ("cut.png", "text.jpg", "empty.webp"))


def test_a_long_list_of_broken_files_is_cut_short(tmp_path, capsys):
    _save(tmp_path / "good.png", (1, 2, 3))
    for number in range(12):
        (tmp_path / f"broken{number:02}.png").touch()
    folder.load(str(tmp_path), 16)
    assert capsys.readouterr().err.rstrip().endswith("and 7 more")


def test_nothing_is_said_of_a_folder_without_faults(tmp_path, capsys):
    _save(tmp_path / "good.png", (1, 2, 3))
    folder.load(str(tmp_path), 16)
    assert capsys.readouterr().err == ""


def test_a_missing_path_says_how_to_give_one():
    with pytest.raises(UserError, match=r"data\.path=FOLDER"):
        folder.load(None, 64)


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "broken"])
def test_a_place_without_images_is_an_error_that_names_it(tmp_path, kind):
    place = tmp_path / "place"
    if kind == "file":
        place.touch()
    elif kind != "missing":
        place.mkdir()
    if kind == "broken":
        (place / "only.png").touch()
    with pytest.raises(UserError, match="place"):
        folder.load(str(place), 64)
