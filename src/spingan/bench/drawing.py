"""Pictures of a setting, and how far they are from real ones and how varied."""

import base64
import json
import time
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from spingan.arrays.rules import ArrayRules
from spingan.arrays.wires import sketched_wires
from spingan.bench.settings import JUDGED, PICTURES, Settings
from spingan.bench.worker import files_of
from spingan.evaluation.features import describe, feature_cnn, net_of
from spingan.evaluation.frechet import frechet_distance
from spingan.evaluation.real_images import data_of, image_bytes, real_images
from spingan.evaluation.reference import Reference, reference_for
from spingan.evaluation.variety import K, manifolds
from spingan.image_grid import image_grid, png_bytes
from spingan.nn.model_files import shipped_models
from spingan.nn.weights import Model, load_model, reprogrammed
from spingan.progress import Progress
from spingan.spec.technology import Technology, shipped_technologies
from spingan.training.recipe import shipped_recipes

_KEPT = 4  # models with other arrays that are kept: going back to an earlier setting is then at once
_written: dict[tuple[Any, ...], Model] = {}
SKETCH_FIT_IMAGES = 16  # assumed: a look at a new setting, for the seconds until it is drawn
_drawn: dict[str, None] = {}  # arrays whose tiles are solved, the last ones


def hello(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """What there is to choose from."""
    for module in ("costs", "curves"):  # now: an interrupt while a module loads could leave half of it
        import_module(f"spingan.bench.{module}")
    models = [*request.get("models", ()), *shipped_models()]
    technologies = [*request.get("technologies", ()), *shipped_technologies()]
    recipes = shipped_recipes()
    return {
        "models": [{"name": name, "recipe": name in recipes} for name in dict.fromkeys(models)],
        "technologies": list(dict.fromkeys(technologies)),
    }


def draw(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """64 pictures as one PNG, and what the conversion does not compute with."""
    started = time.perf_counter()
    settings = Settings.from_dict(request["settings"], "settings")
    found = _pictures(settings, written(settings, files_of(request)), started)
    _drawn[_arrays_key(settings)] = None
    while len(_drawn) > _KEPT:
        del _drawn[next(iter(_drawn))]
    return found


def sketch(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """As `draw`, at once and roughly, where tiles have to be solved or converters fitted first; else nothing.

    Wires take what they would from tiles of equal cells (`sketched_wires`), and ranges and batch norms are fitted to a
    few images. `roughly` in the answer says which.
    """
    started = time.perf_counter()
    settings = Settings.from_dict(request["settings"], "settings")
    model = loaded(settings.model)
    arrays = settings.arrays(files_of(request))
    if _arrays_key(settings) in _drawn:
        return {}
    made = model if arrays is None else _written.get(_written_key(settings, arrays))  # then only its chip is another
    wired = ArrayRules.of(arrays or model.technology).wires is not None
    if not wired and (made is not None or arrays is None or arrays.adc.bits is None):
        return {}
    with sketched_wires():
        if made is None and arrays is not None:
            made = reprogrammed(model, arrays, min(settings.fit_images, SKETCH_FIT_IMAGES))
        assert made is not None
        found = _pictures(settings, replace(made), started)  # a copy, so that no sketched chip is kept for the drawing
    few = f"ranges fitted to {min(settings.fit_images, SKETCH_FIT_IMAGES)} images"
    return found | {"roughly": "wires as in tiles of equal cells" if wired else few}


def _pictures(settings: Settings, model: Model, started: float) -> dict[str, Any]:
    images = model.sample(PICTURES, settings.seed, settings.chip).numpy()
    picture = image_grid(images, scale=2 if images.shape[-1] <= 32 else 1)
    return {
        "png": base64.b64encode(png_bytes(picture)).decode(),
        "width": picture.width,
        "height": picture.height,
        "count": PICTURES,
        "technology": model.technology.name,
        "own_technology": loaded(settings.model).technology.name,
        "not_simulated": list(model.conversion.not_simulated),
        "seconds": time.perf_counter() - started,
    }


def _arrays_key(settings: Settings) -> str:
    """What the tiles of a setting's chip depend on; the latents' seed is not of it."""
    return json.dumps({**settings.to_dict(), "seed": 0, "node_nm": None}, sort_keys=True)


def judge(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Distance and variety of the first images, and what real images reach."""
    started = time.perf_counter()
    settings = Settings.from_dict(request["settings"], "settings")
    model = written(settings, files_of(request))
    reference = _reference(settings.model)
    images = image_bytes(model.sample(JUDGED, settings.seed, settings.chip))
    distance, variety = reference.distance_and_variety(images)
    floor, floor_recall, floor_coverage = _floor(settings.model)
    return {
        "metric": reference.metric,
        "variety_metric": reference.variety_metric,
        "count": JUDGED,
        "distance": distance,
        "precision": variety.precision,
        "recall": variety.recall,
        "coverage": variety.coverage,
        "floor": floor,
        "floor_recall": floor_recall,
        "floor_coverage": floor_coverage,
        "seconds": time.perf_counter() - started,
    }


def written(settings: Settings, files: dict[str, Path]) -> Model:
    """The model in the arrays that the settings describe; the last few are kept."""
    technology = settings.arrays(files)
    model = loaded(settings.model)
    if technology is None:
        return model
    key = _written_key(settings, technology)
    if key not in _written:
        made = reprogrammed(model, technology, settings.fit_images)
        while len(_written) >= _KEPT:
            del _written[next(iter(_written))]
        _written[key] = made
    _written[key] = _written.pop(key)  # the last one used goes last
    return _written[key]


def _written_key(settings: Settings, technology: Technology) -> tuple[Any, ...]:
    return settings.model, technology.model_dump_json(), settings.fit_images


@lru_cache(maxsize=4)
def loaded(name: str) -> Model:
    """A model, loaded once."""
    return load_model(name)


@lru_cache(maxsize=4)
def _reference(name: str) -> Reference:
    return reference_for(loaded(name), JUDGED)


@lru_cache(maxsize=4)
def _floor(name: str) -> tuple[float, float, float]:
    """Distance, recall and coverage of real images, as `spingan evaluate` has them."""
    data = data_of(loaded(name))
    net = feature_cnn(net_of(data))
    floor, test = (describe(images, net)[0] for images in real_images(data, JUDGED).floor_pair)
    found = manifolds(test, floor, min(K, len(test) - 1))
    return frechet_distance(floor, test), found.recall, found.coverage
