"""A folder of images becomes a cache that is mapped into memory, and what cannot be used is named."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spingan.data import folder
from spingan.errors import UserError


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    place = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    return place


def in_order(path: Path, size: int) -> np.ndarray:
    """Every prepared image, in the order of the files' names."""
    store = folder.prepare(str(path), size)
    names = (store.folder / "files.txt").read_text().splitlines()
    rows = np.concatenate([store.images("train"), store.images("test")])
    return rows[np.argsort(names)]


def _save(path: Path, colour: tuple[int, ...], size: tuple[int, int] = (40, 30), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour if len(colour) > 1 else colour[0]).save(path)


def test_every_format_is_read_in_the_order_of_the_names_and_from_folders_below(tmp_path):
    for number, name in enumerate(("a.png", "b/c.BMP", "b/d.webp", "e.jpeg")):
        _save(tmp_path / name, (50 * number, 100, 200))
    (tmp_path / "notes.txt").write_text("not an image")
    images = in_order(tmp_path, 16)
    assert images.shape == (4, 16, 16, 3)
    assert images.dtype == np.uint8
    assert np.allclose(images[:, 8, 8, 0], [0, 50, 100, 150], atol=3)  # JPEG and WebP are lossy


def test_an_image_is_resized_as_a_whole_and_not_cropped(tmp_path):
    halves = np.zeros((32, 96, 3), np.uint8)
    halves[:, 48:] = 255
    Image.fromarray(halves).save(tmp_path / "halves.png")
    (image,) = in_order(tmp_path, 16)
    assert image[:, :6].max() < 16  # Lanczos rings a little at the edge
    assert image[:, 10:].min() > 239


def test_transparent_pixels_are_white(tmp_path):
    _save(tmp_path / "clear.png", (10, 20, 30, 0), mode="RGBA")
    assert in_order(tmp_path, 16).min() == 255


def test_a_picture_held_sideways_is_turned_upright(tmp_path):
    halves = np.zeros((32, 32, 3), np.uint8)
    halves[16:] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera lay on its side: shown, the left is what is stored at the bottom
    Image.fromarray(halves).save(tmp_path / "held.png", exif=turned)
    (image,) = in_order(tmp_path, 16)
    assert image[:, :4].min() > 239
    assert image[:, 12:].max() < 16


def test_grey_images_become_rgb(tmp_path):
    _save(tmp_path / "grey.png", (77,), mode="L")
    assert (in_order(tmp_path, 16) == 77).all()


@pytest.mark.parametrize(("name", "depth"), [("g.png", 16), ("g.tif", 16), ("g.TIFF", 8), ("g.gif", 8), ("g.jfif", 8)])
def test_grey_of_any_depth_and_format_keeps_its_shade(tmp_path, name, depth):
    ramp = np.linspace(0, 2**depth - 1, 64)[None].repeat(64, 0)
    grey = Image.fromarray(ramp.astype(np.uint16 if depth > 8 else np.uint8))
    grey.save(tmp_path / name, format="JPEG" if name.endswith("jfif") else None)
    (image,) = in_order(tmp_path, 64)
    assert np.abs(image[..., 0] - np.linspace(0, 255, 64)).max() < 4  # JPEG and rounding


def test_twelve_bits_of_a_tiff_are_scaled_by_twelve():
    grey = Image.fromarray(np.array([[0, 2048, 4095]], np.uint16))
    assert np.asarray(folder._eight_bits(grey, 12)).tolist() == [[0, 128, 255]]


def test_pictures_of_kinds_that_are_not_read_are_left_out_and_counted_with_the_reason(tmp_path, capsys):
    _save(tmp_path / "good.png", (1, 2, 3))
    Image.fromarray(np.zeros((64, 64), np.float32)).save(tmp_path / "float.tif")
    (tmp_path / "phone.HEIC").write_bytes(b"ftypheic")
    (tmp_path / "notes.txt").write_text("not a picture")
    assert len(in_order(tmp_path, 16)) == 1
    said = capsys.readouterr().err
    assert "left out 2 of the 3 images" in said
    assert "phone.HEIC: .heic is not read" in said and "float.tif: grey of 32 bits" in said


def test_broken_and_tiny_files_are_left_out_with_one_warning_that_counts_them(tmp_path, capsys):
    _save(tmp_path / "good.png", (1, 2, 3))
    _save(tmp_path / "tiny.png", (1, 2, 3), size=(15, 200))
    _save(tmp_path / "least.png", (1, 2, 3), size=(16, 200))
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.webp").touch()
    assert len(in_order(tmp_path, 64)) == 2
    said = capsys.readouterr().err
    assert "left out 4 of the 6 images" in said
    assert "tiny.png: only 15x200 pixels" in said
    assert all(name in said for name in ("cut.png", "text.jpg", "empty.webp"))


def test_a_long_list_of_broken_files_is_cut_short_and_kept_whole(tmp_path, capsys):
    _save(tmp_path / "good.png", (1, 2, 3))
    for number in range(12):
        (tmp_path / f"broken{number:02}.png").touch()
    store = folder.prepare(str(tmp_path), 16)
    assert f"and 7 more: {store.folder / 'left_out.txt'}" in capsys.readouterr().err
    assert len((store.folder / "left_out.txt").read_text().splitlines()) == 12


@pytest.fixture
def hundred(tmp_path):
    """A hundred pictures, each of its own grey, every tenth of them cut in the middle."""
    for number in range(100):
        path = tmp_path / "hundred" / f"{number:02}.png"
        _save(path, (number, number, number))
        if number % 10 == 3:
            path.write_bytes(path.read_bytes()[:60])
    return tmp_path / "hundred"


def test_with_a_tenth_of_the_files_corrupt_the_rest_is_split_as_the_paper_splits(hundred, capsys):
    store = folder.prepare(str(hundred), 16)
    train, test = store.images("train"), store.images("test")
    assert (len(train), len(test)) == (81, 9)  # 90 in the proportion 57,209 : 6,356
    assert "left out 10 of the 100 images" in capsys.readouterr().err
    greys = [int(image[0, 0, 0]) for image in (*train, *test)]
    assert sorted(greys) == [number for number in range(100) if number % 10 != 3]
    assert greys != sorted(greys), "the split is drawn, not the end of the alphabet"
    names = (store.folder / "files.txt").read_text().splitlines()
    assert [int(name[:2]) for name in names] == greys
    assert store.about["seed"] == 0


def test_a_folder_is_decoded_once_until_it_changes(hundred, monkeypatch, capsys):
    first = folder.prepare(str(hundred), 16).images("train").copy()
    with monkeypatch.context() as patch:
        patch.setattr(folder, "_read", lambda *_, **__: pytest.fail("decoded again"))
        again = folder.prepare(str(hundred), 16)
    assert isinstance(again.images("train"), np.memmap)
    np.testing.assert_array_equal(again.images("train"), first)
    assert capsys.readouterr().err.count("left out 10") == 2, "said each time"
    os.utime(hundred / "00.png", ns=(0, 0))
    (hundred / "01.png").unlink()
    assert folder.prepare(str(hundred), 16).count == 89


def test_a_preparation_that_fails_leaves_nothing_behind(hundred, cache, monkeypatch):
    monkeypatch.setattr(folder, "_read", lambda file, target, size: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        folder.prepare(str(hundred), 16)
    assert list((cache / "spingan").iterdir()) == []


def test_a_damaged_cache_says_what_to_delete(hundred):
    store = folder.prepare(str(hundred), 16)
    (store.folder / "images.npy").write_bytes(b"nothing")
    with pytest.raises(UserError, match="damaged") as caught:
        folder.prepare(str(hundred), 16)
    assert "Delete" in caught.value.remedy


def test_nothing_is_said_of_a_folder_without_faults(tmp_path, capsys):
    _save(tmp_path / "good.png", (1, 2, 3))
    in_order(tmp_path, 16)
    assert capsys.readouterr().err == ""


def test_a_missing_path_says_how_to_give_one():
    with pytest.raises(UserError, match=r"data\.path=FOLDER"):
        folder.prepare(None, 64)


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
        folder.prepare(str(place), 64)
