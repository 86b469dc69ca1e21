"""A user's own folder of images: decoded once, split, and kept as one array."""

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from spingan.data.face_store import IMAGES, SPLIT_SEED, FaceStore, find_store, new_store, training_share
from spingan.data.image_set import Images, ImageSet, Judges, Split
from spingan.data.watched import watched
from spingan.errors import UserError
from spingan.input_files import exists, is_folder

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
UNREAD = frozenset({
    ".avif", ".heic", ".heif", ".jxl", ".jp2", ".svg", ".psd", ".tga", ".ppm", ".pgm", ".ico", ".eps", ".pdf",
    ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".exr", ".hdr", ".npy",
})  # fmt: skip
"""Pictures that are left out, and counted."""

_MOST_ENLARGED = 4  # an image smaller than a quarter of the size asked for holds no detail to learn from: assumed
_READER = 2  # what prepared images were read by; one that reads anything otherwise has the next number
_MOST_NAMED = 5  # files in a warning before it only counts


def prepare(path: str | None, size: int) -> FaceStore:
    """Every image in the folder `path` and in the folders below it, resized to `size` x `size` RGB, split in two.

    Images are turned upright, laid on white where they are transparent, and resized as a whole, neither cropped nor
    padded (paper S, IV-A2). They are kept in the user's cache, so that a folder is decoded once; one that has changed
    is decoded again. SPLIT_SEED mixes the usable files, of which the first 57,209 / 63,565 (paper S, IV-A2) are for
    training; the cache's `files.txt` names each row's file. Files that cannot be read, or are of a kind that is not
    read here, and images under a quarter of `size` a side, are left out with a warning on stderr that counts them;
    `left_out.txt` has them all.

    Raises:
        UserError: No folder is given, there is none, or it holds no usable image.
    """
    folder, files = _files(path)
    place, about = _place(folder, size), _about(folder, files, size)
    store = find_store(place)
    if store is None or any(store.about.get(key) != value for key, value in about.items()):
        store = _prepare(folder, files, place, about)
    _warn(folder, store)
    return store


def _files(path: str | None) -> tuple[Path, list[Path]]:
    if path is None:
        raise UserError("this recipe trains on your own images, and no folder is given", "Add --set data.path=FOLDER")
    folder = Path(path).expanduser()
    if not is_folder(folder):
        what = "is not a folder" if exists(folder) else "does not exist"
        raise UserError(f"the image folder {path} {what}", "Give a folder of images: --set data.path=FOLDER")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES | UNREAD and file.is_file())
    if not files:
        raise _nothing_usable(folder)
    return folder, files


def _nothing_usable(folder: Path) -> UserError:
    kinds = ", ".join(sorted(SUFFIXES))
    return UserError(f"the folder {folder} holds no usable image", f"Give one with {kinds} files.")


def _place(folder: Path, size: int) -> Path:
    """Where a folder's prepared images are kept."""
    import pooch  # late: no command waits for it that needs no images

    key = hashlib.sha256(f"{folder.resolve()} {size}".encode()).hexdigest()[:12]
    return Path(pooch.os_cache("spingan")) / f"{folder.resolve().name}-{key}"


def _about(folder: Path, files: list[Path], size: int) -> dict[str, Any]:
    """What decides the prepared images: names, lengths and times stand for the files' contents."""
    digest = hashlib.sha256()
    for file in files:
        found = file.stat()
        digest.update(f"{file.relative_to(folder)}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return {
        "folder": str(folder.resolve()),
        "content": digest.hexdigest(),
        "size": size,
        "seed": SPLIT_SEED,
        "reader": _READER,
    }


def _prepare(folder: Path, files: list[Path], place: Path, about: dict[str, Any]) -> FaceStore:
    size = about["size"]
    with new_store(place) as writer:
        pixels = writer.new_array("all.npy", len(files), size)
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow decodes and resizes outside Python's lock
            reading = pool.map(partial(_read, size=size), files, pixels)
            faults = list(watched(reading, len(files), "reading images"))
        usable = np.flatnonzero([fault is None for fault in faults])
        if not len(usable):
            raise _nothing_usable(folder)
        order = usable[np.random.default_rng(SPLIT_SEED).permutation(len(usable))]
        images = writer.new_array(IMAGES, len(order), size)
        for row, number in enumerate(order):
            images[row] = pixels[number]
        images.flush()
        names = [str(file.relative_to(folder)) for file in files]
        left_out = [f"{name}: {fault}" for name, fault in zip(names, faults, strict=True) if fault is not None]
        about = {
            **about,
            "images": len(order),
            "training_images": training_share(len(order)),
            "left_out": len(left_out),
            "first_left_out": left_out[:_MOST_NAMED],
            "attributes": {},
        }
        lists = {"files.txt": "\n".join(names[number] for number in order), "left_out.txt": "\n".join(left_out)}
        writer.finish(about, None, lists)
    return FaceStore(place, about)


def _read(file: Path, target: NDArray[np.uint8], size: int) -> str | None:
    """Put the image in `file` into `target`; what is wrong with it, if it cannot be used."""
    if file.suffix.lower() in UNREAD:
        return f"{file.suffix.lower()} is not read: convert it to .png"
    try:
        with Image.open(file) as opened:
            if opened.mode in ("I", "F"):
                return "grey of 32 bits: which number is white is unknown"
            if min(opened.size) * _MOST_ENLARGED < size:
                return f"only {opened.width}x{opened.height} pixels"
            upright = _opaque(_eight_bits(ImageOps.exif_transpose(opened), _depth(opened)))
            target[:] = np.asarray(upright.resize((size, size), Image.Resampling.LANCZOS))
    except Exception as error:  # a broken file makes Pillow's decoders raise nearly anything
        return f"unreadable: {type(error).__name__}"
    return None


def _depth(image: Image.Image) -> int:
    """Bits of a grey pixel, as a TIFF says it (12, 16); a PNG of more than 8 has 16."""
    bits = getattr(image, "tag_v2", {}).get(258, (16,))  # BitsPerSample
    return int(bits[0] if isinstance(bits, tuple) else bits)


def _eight_bits(image: Image.Image, depth: int) -> Image.Image:
    """An image of 16-bit grey scaled to 8 bits, which Pillow would cut off at 255; any other as it is."""
    if not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image).astype(np.float64) * (255 / (2**depth - 1))
    return Image.fromarray(np.round(values).clip(0, 255).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _warn(folder: Path, store: FaceStore) -> None:
    count, named = store.about["left_out"], store.about["first_left_out"]
    if not count:
        return
    lines = [f"spingan: left out {count:,} of the {count + store.count:,} images in {folder}:", *named]
    if count > len(named):
        lines.append(f"and {count - len(named):,} more: {store.folder / 'left_out.txt'}")
    print("\n  ".join(lines), file=sys.stderr)


class Folder(ImageSet):
    """A set of colour pictures in a folder of the user's, which every command has to name."""

    def __init__(self, name: str, size: int, feature_net: str | None) -> None:
        self.name, self.channels, self.size, self.feature_net = name, 3, size, feature_net
        self.how_to_get = "your folder of pictures: --set data.path=DIR"

    def load(self, split: Split, path: str | Path | None = None, size: int | None = None) -> tuple[Images, None]:
        """One part of the folder at that size."""
        return self._prepared(path, size).images(split), None

    def judges(self, path: str | Path | None = None) -> Judges:
        """The folder's own test part."""
        store = self._prepared(path, None)
        return Judges(store.images("test"), lambda: store.images("train"), str(store.folder))

    def few(self, count: int, path: str | Path | None = None) -> Images | None:
        """Its first training images; None without a folder that exists."""
        return self.load("train", path)[0][:count] if path is not None and is_folder(path) else None

    def _prepared(self, path: str | Path | None, size: int | None) -> FaceStore:
        return prepare(None if path is None else str(path), size or self.size)


ANIME_FACES = Folder("anime-faces", 64, "cartoon-cnn")  # knows drawn faces; nothing that knows anime better is shipped
