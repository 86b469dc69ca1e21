"""Cartoon faces, drawn here: a stand-in for paper S's anime faces (IV-A2) that needs no download.

Four of DiceBear's styles, each a description of a face's parts and their colours from which a seed makes one SVG
drawing (https://www.dicebear.com; the styles' artists and licences are kept beside the images).
"""

import hashlib
import io
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from multiprocessing import current_process, get_context, parent_process
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from spingan.data.face_store import IMAGES, SPLIT_SEED, TEST_IMAGES, TRAIN_IMAGES, FaceStore, find_store, new_store
from spingan.data.image_set import Images, ImageSet, Judges, Labels, Place, Split
from spingan.data.watched import watched
from spingan.errors import UserError
from spingan.extras import is_installed, needs

NAME = "cartoon-faces"
SIZE = 64
STYLES = ("adventurer", "lorelei", "big-smile", "micah")
LICENCE = "CC BY 4.0 (adventurer, big-smile, micah) and CC0 1.0 (lorelei)"
ATTRIBUTES = ("style", "hair", "hair colour", "skin", "eyes", "mouth")

_Chunk = tuple[int, UInt8[np.ndarray, "n 64 64 3"], list[tuple[str, ...]]]  # first row, pixels, what was chosen

_BACKGROUND = "white"
_CHUNK = 64  # drawings that a process hands over at once: 0.8 MB

# Enlarged and moved (in % of the drawing) so that faces fill the picture and their eyes stand at its middle, as in
# sets of cropped faces. Chosen here by eye.
_FRAMES: dict[str, dict[str, float]] = {
    "adventurer": {"scale": 1.2, "translateX": -4, "translateY": -2},
    "lorelei": {"scale": 1.4, "translateX": -3, "translateY": 4},
    "big-smile": {"scale": 1.12, "translateX": -2, "translateY": 1},
    "micah": {"scale": 1.35, "translateX": -1, "translateY": 7},
}
_LIKE_ADVENTURER = {"hair", "skin"}  # lorelei itself is black and white; the same artist's colours suit it


@dataclass(frozen=True)
class Drawing:
    """What a set of drawings is made from: the same values give the same pictures."""

    count: int = TRAIN_IMAGES + TEST_IMAGES
    training_images: int = TRAIN_IMAGES
    seed: int = SPLIT_SEED

    def styles(self) -> UInt8[np.ndarray, " n"]:
        """The style of each drawing, in the set's order: as many of each, mixed by the seed."""
        return np.random.default_rng(self.seed).permutation(self.count).astype(np.int64) % len(STYLES)

    def about(self) -> dict[str, Any]:
        """Everything that decides the pixels."""
        libraries = ("dicebear-core", "dicebear-styles", "resvg-py")
        return {
            "name": NAME,
            "images": self.count,
            "training_images": self.training_images,
            "seed": self.seed,
            "size": SIZE,
            "background": _BACKGROUND,
            "styles": {style: _FRAMES[style] for style in STYLES},
            "libraries": {library: metadata.version(library) for library in libraries},
        }

    def folder(self) -> Path:
        """Where it is kept: in the user's cache, under a name that follows from what decides the pixels."""
        import pooch  # late: no command waits for it that needs no images

        key = hashlib.sha256(json.dumps(self.about(), sort_keys=True).encode()).hexdigest()[:12]
        return Path(pooch.os_cache("spingan")) / f"{NAME}-{key}"


WHOLE = Drawing()
JUDGES = Drawing(count=20_000, training_images=10_000, seed=SPLIT_SEED + 1)
"""Faces that no net is trained on: what generated ones are compared with, and as many for the floor."""


def find(drawing: Drawing = WHOLE) -> FaceStore | None:
    """The set if it has been drawn on this machine, by the versions that are installed; None where none is."""
    return find_store(drawing.folder()) if is_installed("faces") else None


def draw(drawing: Drawing = WHOLE, *, workers: int | None = None) -> FaceStore:
    """The set, drawn if it has not been: (n, 64, 64, 3) images in the split's order, attributes, licences.

    63,565 faces take about three minutes on two processors. No picture depends on how many workers there are. They are
    processes that are spawned, so a script that calls this begins its work under `if __name__ == "__main__"`.

    Raises:
        UserError: The extra `faces` is not installed, the cache cannot be written, or a drawing process was killed.
    """
    _require_libraries()
    kept = find(drawing)
    if kept is not None:
        return kept
    styles = drawing.styles()
    choices = np.empty((drawing.count, len(ATTRIBUTES)), object)
    with new_store(drawing.folder()) as writer:
        images = writer.new_array(IMAGES, drawing.count, SIZE)
        for start, pixels, chosen in _drawn(drawing.seed, styles, workers):
            images[start : start + len(pixels)] = pixels
            choices[start : start + len(pixels)] = chosen
        images.flush()
        values, codes = zip(*(np.unique(column.astype(str), return_inverse=True) for column in choices.T), strict=True)
        names = [list(map(str, found)) for found in values]
        about = {**drawing.about(), "attributes": dict(zip(ATTRIBUTES, names, strict=True))}
        writer.finish(about, np.stack(codes, 1).astype(np.uint8), {"LICENCES.md": licences()})
    return FaceStore(drawing.folder(), about)


def _require_libraries() -> None:
    with needs("drawing faces"):
        import dicebear  # noqa: F401
        import dicebear_styles  # noqa: F401
        import resvg_py  # noqa: F401


def _drawn(seed: int, styles: UInt8[np.ndarray, " n"], workers: int | None) -> Iterator[_Chunk]:
    """Chunks of drawings as they come."""
    starts = range(0, len(styles), _CHUNK)
    if current_process().daemon:  # as a study's workers are: such a process may start no others
        for start in watched(starts, len(starts), f"drawing {len(styles):,} faces"):
            yield _draw_chunk(seed, start, styles[start : start + _CHUNK].tolist())
        return
    pool = ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn"), initializer=_end_with_parent)
    try:
        futures = [pool.submit(_draw_chunk, seed, start, styles[start : start + _CHUNK].tolist()) for start in starts]
        for future in watched(as_completed(futures), len(futures), f"drawing {len(styles):,} faces"):
            yield future.result()
    except BrokenProcessPool as error:
        raise UserError(
            "a process that draws faces has ended early",
            'Try again with more memory; a script that draws begins its work under if __name__ == "__main__".',
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """A drawing process does not outlive the command that wants its drawings, however that ends."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _draw_chunk(seed: int, start: int, styles: list[int]) -> _Chunk:
    faces = [draw_face(STYLES[style], f"{seed}-{start + number}") for number, style in enumerate(styles)]
    return start, np.stack([pixels for pixels, _ in faces]), [chosen for _, chosen in faces]


def draw_face(style: str, seed: str) -> tuple[UInt8[np.ndarray, "64 64 3"], tuple[str, ...]]:
    """One face of that style, and what the seed chose for it: the values of ATTRIBUTES."""
    import resvg_py
    from dicebear import Avatar
    from PIL import Image

    drawn = Avatar(_style(style), {"seed": seed, **_FRAMES[style], **_colours(style)}).to_json()
    png = resvg_py.svg_to_bytes(
        svg_string=drawn["svg"], width=SIZE, height=SIZE, background=_BACKGROUND, skip_system_fonts=True
    )
    pixels = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGB"))
    return pixels, _chosen(style, drawn["options"])


def _chosen(style: str, options: dict[str, Any]) -> tuple[str, ...]:
    """Parts are told apart by style, too; colours are not."""
    parts = {part: f"{style}/{options.get(f'{part}Variant', 'none')}" for part in ("hair", "eyes", "mouth")}
    skin = "base" if style == "micah" else "skin"
    hair_colour, skin_colour = ((options.get(f"{part}Color") or ["none"])[0] for part in ("hair", skin))
    return style, parts["hair"], hair_colour, skin_colour, parts["eyes"], parts["mouth"]


@cache
def _definition(style: str) -> dict[str, Any]:
    return json.loads((resources.files("dicebear_styles") / f"{style}.json").read_text(encoding="utf-8"))


@cache
def _style(style: str) -> Any:
    from dicebear import Style

    return Style(_definition(style))


def _colours(style: str) -> dict[str, list[str]]:
    if style != "lorelei":
        return {}
    return {f"{part}Color": _definition("adventurer")["colors"][part]["values"] for part in _LIKE_ADVENTURER}


def licences() -> str:
    """The styles' artists and licences, as their definitions state them."""
    lines = ["# Cartoon faces: who drew the parts, and under which licence", ""]
    for style in STYLES:
        meta = _definition(style)["meta"]
        licence, creator = meta["license"], meta["creator"]
        lines.append(f"- **{style}**: {creator['name']} ({creator['url']}), {licence['name']} ({licence['url']}).")
        lines.append(f"  {licence['text']}.")
    return "\n".join([*lines, "", "The pictures are cropped; lorelei is coloured with adventurer's colours.", ""])


class CartoonFaces(ImageSet):
    """The set as recipes and commands name it; labels number the styles."""

    name, channels, size = NAME, 3, SIZE
    class_names = tuple(sorted(STYLES))  # as a drawn set numbers them
    feature_net = "cartoon-cnn"
    licence = LICENCE
    how_to_get = f"spingan data fetch {NAME}"

    def load(self, split: Split, path: str | Path | None = None, size: int | None = None) -> tuple[Images, Labels]:
        """One part of the set, drawn if it has not been."""
        drawn = draw()
        return drawn.images(split), drawn.attributes(split)[:, 0]

    def find(self, path: str | Path | None = None) -> Place | None:
        """Where the drawn set is; a path is not looked at."""
        drawn = find()
        return None if drawn is None else Place("drawn, cache", drawn.folder)

    def fetch(self) -> Place:
        """Draw the set if it has not been drawn."""
        return Place("drawn, cache", draw().folder)

    def judges(self, path: str | Path | None = None) -> Judges:
        """Faces drawn for it, that no net was trained on."""
        drawn = draw(JUDGES)
        about = "{count:,} faces drawn for it, that no net was trained on"
        where = str(drawn.folder)
        return Judges(drawn.images("test"), lambda: drawn.images("train"), where, about, "as many others")

    def few(self, count: int, path: str | Path | None = None) -> Images:
        """The first faces of JUDGES, drawn at once, 6 ms each, and not kept."""
        _require_libraries()
        styles = JUDGES.styles()[:count]
        return np.stack([draw_face(STYLES[style], f"{JUDGES.seed}-{row}")[0] for row, style in enumerate(styles)])

    def places(self) -> list[dict[str, object]]:
        """The one set."""
        place = self.find()
        folder, how = (None, self.how_to_get) if place is None else (str(place.folder), place.kind)
        return [{"name": NAME, "images": WHOLE.count, "place": folder, "how": how}]


CARTOON_FACES = CartoonFaces()
