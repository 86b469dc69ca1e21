"""A user's own folder of images, read as one array."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from spingan.errors import UserError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})

_MOST_ENLARGED = 4  # an image smaller than a quarter of the size asked for holds no detail to learn from: assumed
_MOST_NAMED = 5  # files in a warning before it only counts
_PATIENCE_S = 2.0  # a reading that takes no longer needs no progress bar


def load(path: str | None, size: int) -> NDArray[np.uint8]:
    """Every image in the folder `path` and in the folders below it, resized to `size` x `size`.

    Images are taken in the order of their names, turned upright, laid on white where they are transparent, and resized
    as a whole, neither cropped nor padded (paper S, IV-A2). All of them are for training: no test images are held back.
    Files that cannot be read, and images under a quarter of `size` a side, are left out with one warning on stderr.

    Returns:
        (images, size, size, 3) RGB, 8 bit.

    Raises:
        UserError: No folder is given, there is none, or it holds no usable image.
    """
    if path is None:
        raise UserError("this recipe trains on your own images, and no folder is given", "Add --set data.path=FOLDER")
    folder = Path(path).expanduser()
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UserError(f"the image folder {path} {what}", "Give a folder of images: --set data.path=FOLDER")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    pixels = np.empty((len(files), size, size, 3), np.uint8)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow decodes and resizes outside Python's lock
        faults = list(_watched(pool.map(partial(_read, size=size), files, pixels), len(files)))
    usable = np.array([fault is None for fault in faults], bool)
    if not usable.any():
        raise UserError(
            f"the folder {path} holds no usable image", f"Give one with {', '.join(sorted(SUFFIXES))} files."
        )
    if usable.all():
        return pixels
    _warn(folder, [(file, fault) for file, fault in zip(files, faults, strict=True) if fault is not None])
    return pixels[usable]


def _read(file: Path, target: NDArray[np.uint8], size: int) -> str | None:
    """Put the image in `file` into `target`; what is wrong with it, if it cannot be used."""
    try:
        with Image.open(file) as opened:
            if min(opened.size) * _MOST_ENLARGED < size:
                return f"only {opened.width}x{opened.height} pixels"
            upright = _opaque(ImageOps.exif_transpose(opened))
            target[:] = np.asarray(upright.resize((size, size), Image.Resampling.LANCZOS))
    except Exception as error:  # a broken file makes Pillow's decoders raise nearly anything
        return f"unreadable: {type(error).__name__}"
    return None


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _watched(results: Iterable[str | None], total: int) -> Iterator[str | None]:
    """The results as they come, with a progress bar on stderr once they have taken a while."""
    if not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import Progress

    begun = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading images", total=total, visible=False)
        for result in results:
            bar.update(task, advance=1, visible=time.monotonic() - begun > _PATIENCE_S)
            yield result


def _warn(folder: Path, faults: list[tuple[Path, str]]) -> None:
    named = "".join(f"\n  {file.relative_to(folder)}: {fault}" for file, fault in faults[:_MOST_NAMED])
    more = f"\n  and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    print(f"spingan: left out {len(faults)} of the images in {folder}:{named}{more}", file=sys.stderr)
