"""One trial: a model on one chip under some conditions, and what is measured of it. Pure and picklable."""

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.evaluation.features import Images
from spingan.evaluation.real_images import image_bytes
from spingan.evaluation.reference import Reference, reference_for
from spingan.nn.weights import FIT_IMAGES, Model, load_model, reprogrammed
from spingan.spec.technology import Technology
from spingan.studies.results_file import PackedArray

_IDEAL = ChipConditions()
SHOWN = 10  # images a setting in the picture: paper M's figures 7 to 9 show ten


@dataclass(frozen=True)
class Trial:
    """What to measure.

    Attributes:
        model: A run folder, a weights file, or a shipped name.
        seed: Of latents and chip.
        count: Images to judge; 0 draws pictures only. Updates, in a short training.
        conditions: What is not ideal; the chip's seed is the trial's.
        technology: `Technology.to_dict` as a text, of the arrays to write the weights into; None keeps the model's own.
        shown: Images to keep.
        data_name: Set of images that the model was trained on, where its file does not say it.
        data_path: Folder with the real images.
        fingerprint: Of the net's weights as the study found them (`fingerprint`); empty does not ask.
        fit_images: Images that a net's gains and batch norms are fitted to on another technology.
    """

    model: str
    seed: int = 0
    count: int = 0
    conditions: ChipConditions = _IDEAL
    technology: str | None = None
    shown: int = SHOWN
    data_name: str | None = None
    data_path: str | None = None
    fingerprint: str = ""
    fit_images: int = FIT_IMAGES


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a trial measured.

    Attributes:
        values: One or many numbers by their name: `distance` from real images, with the measures of variety of the same
            images (`spingan.evaluation.variety`); or errors, currents, losses.
        about: The distance's name with the number of images, or how a training ended.
        images: Those shown, 8 bit.
    """

    values: dict[str, tuple[float, ...]]
    about: str = ""
    images: PackedArray = field(default_factory=lambda: np.zeros((0, 1, 1), np.uint8), repr=False)

    @property
    def distance(self) -> float:
        """Of the images from real ones.

        Raises:
            KeyError: They were not judged.
        """
        return self.values["distance"][0]


def run_trial(trial: Trial) -> Outcome:
    """Draw the trial's images and judge them.

    Raises:
        UserError: There is no such model, its weights have changed since the study began, or no real images are here.
    """
    images = draw_images(trial)
    if not trial.count:
        return Outcome({}, images=images)
    reference = reference_of(trial)
    distance, variety = reference.distance_and_variety(images[: trial.count])
    values = {"distance": distance, **variety._asdict()}
    return Outcome({name: (value,) for name, value in values.items()}, reference.metric, images[: trial.shown])


@dataclass(frozen=True, eq=False)
class Attempt:
    """A trial of something that may be impossible: its outcome, or why there is none."""

    outcome: Outcome | None
    refused: str = ""

    @property
    def distance(self) -> float | None:
        """Of the images from real ones; None where there are none."""
        return None if self.outcome is None else self.outcome.distance


def attempt(trial: Trial) -> Attempt:
    """`run_trial`, or why a net does not go onto the trial's technology."""
    try:
        found = run_trial(trial)
    except UserError as error:
        return Attempt(None, error.problem)
    if not math.isfinite(found.distance):
        return Attempt(None, "its images cannot be judged")
    return Attempt(found)


def draw_images(trial: Trial) -> Images:
    """As many images as the trial judges or shows, whichever is more.

    Raises:
        UserError: There is no such model, or its weights have changed since the study began.
    """
    model = _model(trial.model, trial.technology, trial.fingerprint, trial.fit_images)
    count = max(trial.count, trial.shown)
    return image_bytes(model.sample(count, trial.seed, replace(trial.conditions, seed=trial.seed)))


def reference_of(trial: Trial) -> Reference:
    """The test images that the trial's are judged by.

    Raises:
        UserError: There are fewer, or the model was trained on a set without a feature network.
    """
    return _reference(trial.model, trial.count, trial.data_path, trial.data_name)


@lru_cache(maxsize=4)  # a search comes back to a technology, and fitting a net to one takes seconds
def _model(name: str, technology: str | None, expected: str, fit_images: int) -> Model:
    model = load_model(name)
    check_unchanged(model.generator, expected, f"the weights of {name}")
    if technology is None:
        return model
    return reprogrammed(model, technology_of(technology), fit_images)


@lru_cache(maxsize=2)
def _reference(model: str, count: int, data_path: str | None, data_name: str | None) -> Reference:
    return reference_for(load_model(model), count, data_path, data_name)


def check_unchanged(net: nn.Module, expected: str, what: str) -> None:
    """Refuse a net that is not the one that the study found.

    Raises:
        UserError: It has another fingerprint than `expected`, which is not empty.
    """
    if expected and fingerprint(net) != expected:
        raise UserError(f"{what} have changed since the study began", "Wait for the training to end, and begin again.")


def fingerprint(net: nn.Module) -> str:
    """A short text that another set of weights does not have."""
    digest = hashlib.sha256()
    for name, tensor in sorted(net.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def technology_text(technology: Technology) -> str:
    """A technology as the text that a trial carries."""
    return json.dumps(technology.to_dict())


def technology_of(text: str) -> Technology:
    """The technology that a trial carries."""
    return Technology.from_dict(json.loads(text), "the study's technology")
