"""Pictures as one picture: a grid of images, drawn with Pillow alone so that no plotting library is loaded for it."""

import math
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from spingan.errors import UserError
from spingan.output import atomic_path

FORMATS = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}


def to_bytes(images: ArrayLike) -> NDArray[np.uint8]:
    """Images (n, channels, height, width) or (n, height, width) as 8-bit (n, height, width, channels).

    Floats are taken to lie in -1..1, as a generator's tanh gives them, and are clipped to it; 8-bit images are kept.

    Raises:
        ValueError: The array has another shape, or neither one nor three channels.
    """
    array = np.asarray(images)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or array.shape[1] not in (1, 3):
        raise ValueError(f"images must be (n, 1 or 3, height, width), not {array.shape}")
    if array.dtype != np.uint8:
        array = np.round((np.clip(array, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return array.transpose(0, 2, 3, 1)


def image_grid(images: ArrayLike, columns: int | None = None, scale: int = 3, gap: int = 2) -> Image.Image:
    """One white-framed picture of all `images` (see `to_bytes`), row by row.

    Args:
        images: At least one image.
        columns: Images in a row; by default the grid is as square as it can be.
        scale: Each pixel becomes `scale` x `scale` pixels, so that a 28-pixel image can be seen.
        gap: White pixels around each image.
    """
    pixels = to_bytes(images)
    count, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cell_height, cell_width = height * scale + gap, width * scale + gap
    canvas = np.full((rows * cell_height + gap, columns * cell_width + gap, channels), 255, np.uint8)
    enlarged = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    for number, picture in enumerate(enlarged):
        top, left = gap + number // columns * cell_height, gap + number % columns * cell_width
        canvas[top : top + height * scale, left : left + width * scale] = picture
    return Image.fromarray(canvas[:, :, 0] if channels == 1 else canvas)


def save_grid(images: ArrayLike, path: str | Path, columns: int | None = None, scale: int = 3) -> Path:
    """Write `image_grid` to `path`, whole or not at all, in the format that its suffix names.

    Raises:
        UserError: The suffix is of no picture format, or the file cannot be written.
    """
    target = Path(path)
    named = picture_format(target)
    grid = image_grid(images, columns, scale)
    with atomic_path(target) as temporary:
        grid.save(temporary, format=named)
    return target


def picture_format(path: str | Path) -> str:
    """The picture format that the suffix of `path` names.

    Raises:
        UserError: It names none.
    """
    named = FORMATS.get(Path(path).suffix.lower())
    if named is None:
        raise UserError(f"{path} does not end in a picture format", f"Use one of: {', '.join(FORMATS)}.")
    return named


def png_bytes(picture: Image.Image) -> bytes:
    """`picture` as the bytes of a PNG file."""
    buffer = BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
