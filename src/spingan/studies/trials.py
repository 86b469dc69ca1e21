"""One trial: a model on one chip, its images, and their distance from real ones. Pure and picklable."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import UInt8
from torch import nn

from spingan.errors import UserError
from spingan.evaluation.features import Images
from spingan.evaluation.real_images import image_bytes
from spingan.evaluation.reference import Reference, reference_for
from spingan.nn.weights import Model, load_model
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology


@dataclass(frozen=True)
class Trial:
    """What to draw and how to judge it.

    Attributes:
        model: A run folder, a weights file, or a shipped name.
        technology: `Technology.to_dict` of the arrays to write the weights into; None keeps the model's own.
        variability: (fraction, of what) of the programming noise; None writes exactly.
        seed: Of latents and chip.
        count: Images to judge; 0 draws pictures only.
        shown: Images to give back.
        data_path: Folder with the real images.
        fingerprint: Of the model's weights as the study found them (`fingerprint`); empty does not ask.
    """

    model: str
    technology: str | None
    variability: tuple[float, str] | None
    seed: int
    count: int
    shown: int = 0
    data_path: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a trial's images are like.

    Attributes:
        distance: From real images; None where nothing was judged.
        metric: The distance's name with the number of images.
        images: Those shown, 8 bit.
        recall, coverage: Of the same images (`spingan.evaluation.variety`); None where nothing was judged.
    """

    distance: float | None
    metric: str
    images: UInt8[np.ndarray, "shown height width *channels"] = field(repr=False)
    recall: float | None = None
    coverage: float | None = None


def judged(reference: Reference, images: Images, shown: Images) -> Outcome:
    """The outcome of `images`, of which `shown` are kept."""
    distance, variety = reference.distance_and_variety(images)
    return Outcome(distance, reference.metric, shown, variety.recall, variety.coverage)


def run_trial(trial: Trial) -> Outcome:
    """Draw the trial's images and judge them.

    Raises:
        UserError: There is no such model, its weights have changed since the study began, or no real images are here.
    """
    images = draw_images(trial)
    if not trial.count:
        return Outcome(None, "", images[: trial.shown])
    return judged(reference_of(trial), images[: trial.count], images[: trial.shown])


def draw_images(trial: Trial) -> Images:
    """As many images as the trial judges or shows, whichever is more.

    Raises:
        UserError: There is no such model, or its weights have changed since the study began.
    """
    model = _model(trial.model, trial.technology, trial.fingerprint)
    noise = None
    if trial.variability is not None and trial.variability[0] > 0:
        noise = Noise.model_validate(dict(zip(("fraction", "of"), trial.variability, strict=True)))
    return image_bytes(model.sample(max(trial.count, trial.shown), trial.seed, trial.seed, programming_noise=noise))


def reference_of(trial: Trial) -> Reference:
    """The test images that the trial's are judged by.

    Raises:
        UserError: There are fewer, or the model was trained on a set without a feature network.
    """
    return _reference(trial.model, trial.count, trial.data_path)


@lru_cache(maxsize=2)
def _model(name: str, technology: str | None, expected: str) -> Model:
    model = load_model(name)
    if expected and fingerprint(model) != expected:
        raise UserError(
            f"the weights of {name} have changed since the study began",
            "Wait for its training to end, and begin again.",
        )
    if technology is None:
        return model
    from spingan.api import reprogram

    return reprogram(model, Technology.from_dict(json.loads(technology), "the study's technology"))


@lru_cache(maxsize=2)
def _reference(model: str, count: int, data_path: str | None) -> Reference:
    return reference_for(load_model(model), count, data_path)


def fingerprint(model: Model) -> str:
    """A short text that another set of weights does not have."""
    return fingerprint_of(model.generator)


def fingerprint_of(net: nn.Module) -> str:
    """The same of any net."""
    digest = hashlib.sha256()
    for name, tensor in sorted(net.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def technology_text(technology: Technology) -> str:
    """A technology as the text that a trial carries."""
    content: dict[str, Any] = technology.to_dict()
    return json.dumps(content)
