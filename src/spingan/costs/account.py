"""What one image costs, as values: items of hardware between low and high, and their sums.

An item without energy is not counted, and says why; nothing is ever zero for being unknown.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from spingan.costs.components import Price

NOT_COUNTED = (
    "amplifiers: virtual grounds, column gain, difference to the reference column or of a pair",
    "leakage, clock and idle power",
    "control, instructions and addresses",
    "wires: resistance, and current through half-selected cells",
    "time of buffers, buses and memory chips (taken to overlap with the arrays)",
    "time of sample and hold, shift and add, and converters around activations",
)
"""What no item of any account holds."""


@dataclass(frozen=True)
class Item:
    """All actions of one kind of part in one layer, for one image.

    Attributes:
        layer: The array that it belongs to.
        count: Actions; a fraction where an action serves a batch.
        energy_j, energy_low_j, energy_high_j: Of all actions. None: not counted, and `missing` says why.
        time_s: For which it holds the image up; None where it does not.
        area_m2: Of all parts built.
        lacks: What else is not counted of it: `time`, `area`.
    """

    item: str
    layer: str
    count: float
    energy_j: float | None = None
    energy_low_j: float | None = None
    energy_high_j: float | None = None
    time_s: float | None = None
    area_m2: float | None = None
    source: str = ""
    note: str = ""
    missing: str = ""
    lacks: tuple[str, ...] = ()

    def times(self, factor: float) -> "Item":
        """The item, `factor` times: the same parts, more often."""
        scaled = {
            name: None if value is None else value * factor
            for name in ("energy_j", "energy_low_j", "energy_high_j", "time_s")
            for value in (getattr(self, name),)
        }
        return replace(self, count=self.count * factor, **scaled)


@dataclass(frozen=True)
class Account:
    """What one image costs: the items and their sums.

    Attributes:
        time_pipelined_s: From one image to the next with all layers at work at once; None where that has no meaning.
        saved_pipelined_j: Energy that an image then does not take, since it takes less of the chip's time.
    """

    items: tuple[Item, ...]
    not_counted: tuple[str, ...]
    time_pipelined_s: float | None = None
    saved_pipelined_j: float = 0.0

    def total(self, quantity: str) -> float:
        """The sum of a field of `Item` over the items that have it."""
        return math.fsum(value for item in self.items if (value := getattr(item, quantity)) is not None)

    @property
    def energy_j(self) -> float:
        """Energy of one image, as far as it is counted."""
        return self.total("energy_j")

    @property
    def time_s(self) -> float:
        """Time of one image when nothing overlaps."""
        return self.total("time_s")

    @property
    def power_w(self) -> float | None:
        """Mean power while images follow each other without overlap."""
        return self.energy_j / self.time_s if self.time_s else None

    def by(self, key: str) -> dict[str, float]:
        """Energy by `item` or `layer`, largest first where it is an item."""
        found: dict[str, float] = {}
        for one in self.items:
            found[getattr(one, key)] = found.get(getattr(one, key), 0.0) + (one.energy_j or 0.0)
        return dict(sorted(found.items(), key=lambda pair: -pair[1])) if key == "item" else found

    @property
    def largest(self) -> tuple[str, float]:
        """The item that uses most, and its share of the energy."""
        item, energy_j = next(iter(self.by("item").items()), ("nothing", 0.0))
        return item, energy_j / self.energy_j if self.energy_j else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Sums, items and what is not counted, as JSON-able values."""
        pipelined_s = self.time_pipelined_s
        return {
            "energy_per_image_j": self.energy_j,
            "energy_low_j": self.total("energy_low_j"),
            "energy_high_j": self.total("energy_high_j"),
            "time_per_image_s": self.time_s,
            "time_pipelined_s": pipelined_s,
            "area_m2": self.total("area_m2"),
            "power_w": self.power_w,
            "power_pipelined_w": (self.energy_j - self.saved_pipelined_j) / pipelined_s if pipelined_s else None,
            "largest_item": {"item": self.largest[0], "share": self.largest[1]},
            "items": [asdict(item) for item in self.items],
            "not_counted": list(self.not_counted),
        }


@dataclass(frozen=True)
class Programming:
    """Writing all weights once, each from the smallest conductance to its level.

    Attributes:
        items: Pulses, verifies, and resets of devices that only go up.
        time_s: Row by row, all arrays at once; a row waits for the device that needs longest. None: unknown.
        pulses, verifies, resets: Of a device, on average; None where nothing is known.
        error_rms: Left after verifying, as a fraction of the span; None: not simulated.
        basis: How the pulses are known.
    """

    items: tuple[Item, ...]
    time_s: float | None = None
    pulses: float | None = None
    verifies: float | None = None
    resets: float | None = None
    error_rms: float | None = None
    basis: str = ""

    @property
    def missing(self) -> str:
        """Why there is no energy; empty where there is one."""
        return self.items[0].missing

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is not in the energy and the time."""
        return tuple(item.item.removeprefix("programming, ") for item in self.items[1:] if item.missing)

    @property
    def whole(self) -> Item:
        """All that is counted as one item; without energy where that of the pulses is unknown."""
        counted = [item for item in self.items if not item.missing]
        one = self.items[0] if self.missing else together(counted)
        return replace(one, item="programming", lacks=self.lacks)

    def to_dict(self) -> dict[str, Any]:
        """The sums under `programming_once_energy_j` and its range, and the rest, as JSON-able values."""
        whole = self.whole
        return {
            **{
                f"programming_once_{name}": getattr(whole, name)
                for name in ("energy_j", "energy_low_j", "energy_high_j")
            },
            "programming_once": {
                "time_s": self.time_s,
                "pulses_per_device": self.pulses,
                "verifies_per_device": self.verifies,
                "resets_per_device": self.resets,
                "error_rms": self.error_rms,
                "basis": self.basis,
                "items": [asdict(item) for item in self.items],
                "not_counted": [f"{item.item}: {item.missing}" for item in self.items if item.missing],
            },
        }


@dataclass(frozen=True)
class FullBill:
    """Drawing one image, training with one, and programming: writing all weights once."""

    name: str
    technology: str
    drawing: Account
    training: Account | None
    programming: Programming
    useful_macs: int
    """Multiplications of drawing one image, without inserted zeros."""
    assumed: tuple[str, ...] = ()
    """Numbers of the design that no source gives."""
    refresh_interval_s: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Drawing at the top, training under its name, as JSON-able values."""
        training = None if self.training is None else self.training.to_dict()
        more = {"assumed": list(self.assumed), "refresh_interval_s": self.refresh_interval_s}
        return {**self.drawing.to_dict(), "training": training, **self.programming.to_dict(), **more}


def priced(
    item: str,
    layer: str,
    count: float,
    price: Price,
    *,
    low: float | None = None,
    high: float | None = None,
    time_s: float | None = None,
    built: float | None = None,
    note: str = "",
) -> Item:
    """An item of `count` actions, `low` to `high` of them, of a price, with `built` parts."""
    area_m2 = None if built is None or price.area_m2 is None else built * price.area_m2
    lacks = ("area",) if built is not None and area_m2 is None else ()
    if price.energy_j is None:
        missing = price.missing or "no energy of it is known"
        return Item(
            item, layer, count, time_s=time_s, area_m2=area_m2, source=price.source, missing=missing, lacks=lacks
        )
    bounds = (count if low is None else low, count, count if high is None else high)
    figures = (price.low_j or 0.0, price.energy_j, price.energy_j if price.high_j is None else price.high_j)
    least, value, most = (number * figure for number, figure in zip(bounds, figures, strict=True))
    return Item(item, layer, count, value, least, most, time_s, area_m2, price.source, note, lacks=lacks)


def together(items: Sequence[Item]) -> Item:
    """Items of one kind as one."""
    fields = ("energy_j", "energy_low_j", "energy_high_j")
    missing = next((item.missing for item in items if item.missing), "")
    sums = {name: None if missing else math.fsum(getattr(item, name) for item in items) for name in fields}
    sources = "; ".join(dict.fromkeys(item.source for item in items))
    return replace(items[0], count=sum(item.count for item in items), source=sources, missing=missing, **sums)


def what_is_missing(items: Sequence[Item]) -> tuple[str, ...]:
    """Why items have no energy, each reason once, and what no item holds."""
    reasons = {f"{item.item}: {item.missing}": None for item in items if item.missing}
    lacks = {f"{item.item}: {what}": None for item in items for what in item.lacks}
    return (*reasons, *lacks, *NOT_COUNTED)
