"""What was measured of a net once and for all: its tolerances, and how the shipped technologies do with it.

A file of it ships for some nets in the folder `appraised` of the package (`make appraisals` makes them anew); for other
nets it is kept in the user's cache. It holds what its numbers depend on. With other weights, settings or technologies
it is refused; measured by other code it is used, and the appraisal says so.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from spingan import __version__
from spingan.costs.side_by_side import Row
from spingan.errors import UserError
from spingan.nn.weights import Model
from spingan.output import write_text
from spingan.spec.technology import Technology
from spingan.studies.device_figures import Has
from spingan.studies.properties import PROPERTIES, reference_technology
from spingan.studies.results_file import code_digest, packed
from spingan.studies.tolerance import FEW, LOOKS, Tolerance
from spingan.studies.trials import Attempt, fingerprint, technology_text

SHIPPED = Path(__file__).parents[1] / "appraised"  # within the package
SCHEMA_VERSION = 1  # of the file; the first


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        count: Images a chip. 2,000 compare settings, whose distances all have the bias of so few.
        chips: How many; three are the fewest with a usable interval.
        seed: Of the first chip and its latents.
        calibration: Images by which a chip adapts: means to 1/32 of a deviation. Assumed, all of them.
    """

    count: int = 2_000
    chips: int = 3
    seed: int = 0
    calibration: int = 1_024

    @property
    def seeds(self) -> range:
        """Of the chips."""
        return range(self.seed, self.seed + self.chips)

    @property
    def fit_images(self) -> int:
        """Images that the net is fitted to on another technology: as many as are judged, within 256 and 1,024.

        Means are then known to 1/16 and 1/32 of a deviation: assumed to be enough beside the spread over chips.
        """
        return min(max(self.count, 256), 1_024)


@dataclass(frozen=True, eq=False)
class StoredDevice:
    """One technology with the net.

    Attributes:
        digest: Of the technology.
        settings: A chip each, by the setting's name; the first chip's have images.
        figures: What it has of each property.
        row: What an image takes.
    """

    digest: str
    settings: dict[str, tuple[Attempt, ...]]
    figures: tuple[Has, ...]
    row: Row


@dataclass(frozen=True, eq=False)
class Stored:
    """All that was measured of one net."""

    model: str
    key: str
    plan: Plan
    metric: str
    ideal: tuple[Attempt, ...]
    tolerances: tuple[Tolerance, ...]
    devices: dict[str, StoredDevice] = field(default_factory=dict)
    code: str = ""
    made_by: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def stale(self) -> str:
        """Why its numbers may differ from what would be measured now; empty where they do not."""
        if self.code == code_digest() and self.made_by == maker():
            return ""
        return f"measured by {self.made_by} with other code than this: make appraisals measures it anew"

    def device(self, technology: Technology) -> StoredDevice | None:
        """What is stored of a technology; None where it is another of that name."""
        found = self.devices.get(technology.name)
        return found if found is not None and found.digest == technology_digest(technology) else None


_ADAPTER = TypeAdapter(Stored)


def maker() -> str:
    """The versions that numbers depend on."""
    return f"spingan {__version__}, torch {torch.__version__}, numpy {np.__version__}"


def technology_digest(technology: Technology) -> str:
    """A short text that another technology does not have."""
    return hashlib.blake2b(technology_text(technology).encode()).hexdigest()[:16]


def key_of(model: Model, data_name: str | None = None, data_path: str | None = None) -> str:
    """What the tolerances of a net depend on, as a short text: its weights, technology and images, what is varied."""
    varied = [(each.name, each.rungs) for each in PROPERTIES]
    content = [
        fingerprint(model.generator), technology_text(reference_technology(model)), varied, FEW, LOOKS,
        model.origin.data, data_name, data_path,
    ]  # fmt: skip
    return hashlib.blake2b(json.dumps(content).encode()).hexdigest()[:16]


def stored_of(name: str, key: str, plan: Plan | None) -> tuple[Stored | None, str]:
    """What is stored of a net and a note about it: where it comes from, or why it is refused.

    Args:
        name: The model's name, by which shipped files are found.
        plan: What it must have been measured by; None: what ships may be of any plan, else it is the default.
    """
    refused = ""
    for path in (SHIPPED / f"{name}.json", cache_file(key, plan or Plan())):
        found = _read(path) if path.is_file() else None
        if found is None:
            continue
        if found.key != key:
            refused = f"what is stored for {name} is refused: it was measured with other weights or settings"
        elif plan is not None and found.plan != plan:
            refused = f"what is stored for {name} is refused: it was measured with other counts or seeds ({found.plan})"
        else:
            return found, found.stale
    return None, refused


def cache_file(key: str, plan: Plan) -> Path:
    """Where the user's machine keeps what was measured of a net, by such a plan."""
    import pooch  # late, as the cache of features has it

    return Path(pooch.os_cache("spingan")) / "appraised" / f"{key}-{plan.count}-{plan.chips}-{plan.seed}.json"


def keep(stored: Stored, path: Path | None = None) -> None:
    """Write it to `path`, or to the user's cache, if that can be written."""
    target = cache_file(stored.key, stored.plan) if path is None else path
    text = json.dumps(to_jsonable_python(_slim(stored), fallback=packed), indent=1, ensure_ascii=False, allow_nan=True)
    try:
        write_text(target, text + "\n")
    except UserError:
        if path is not None:
            raise  # a cache that cannot be written costs time and nothing else


def _slim(stored: Stored) -> Stored:
    """Images of the first chip only, and of the settings that a page shows."""
    devices = {
        name: replace(device, settings={setting: _first_shown(found) for setting, found in device.settings.items()})
        for name, device in stored.devices.items()
    }
    return replace(stored, ideal=_first_shown(stored.ideal), devices=devices)


def _first_shown(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    nothing = np.zeros((0, 1, 1), np.uint8)
    return tuple(
        each if number == 0 or each.outcome is None else replace(each, outcome=replace(each.outcome, images=nothing))
        for number, each in enumerate(attempts)
    )


def _read(path: Path) -> Stored | None:
    """The stored file, or None where it is not one of this version."""
    try:
        found = _ADAPTER.validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None
    return found if found.schema_version == SCHEMA_VERSION else None
