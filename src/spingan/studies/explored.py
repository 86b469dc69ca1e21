"""What a search found: its designs, the front, and the best generator among them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from spingan.arrays.conditions import ChipConditions
from spingan.costs.side_by_side import PAPER_S, Row
from spingan.evaluation.interval import Interval, interval
from spingan.nn.weights import Model
from spingan.spec.technology import Technology
from spingan.studies.designs import Looked, State
from spingan.studies.proposals import Sampler
from spingan.studies.space import Space
from spingan.studies.stored import Plan

GOOD, LEAST = 1.1, 0.01  # of the best generator: distance over the ideal's at most, energy over paper S's asked for
RULE = f"of the front within {GOOD:g} x the ideal's distance, the least energy of an image, everything counted"


@dataclass(frozen=True, eq=False)
class Found:
    """One design of a search.

    Attributes:
        choices: What each key of the space is.
        technology: None where the choices make none.
    """

    number: int
    choices: Mapping[str, Any]
    technology: Technology | None
    looked: Looked

    @property
    def state(self) -> State:
        """What became of it."""
        return self.looked.state

    @property
    def row(self) -> Row | None:
        """What an image takes."""
        return self.looked.row

    @property
    def conditions(self) -> ChipConditions | None:
        """Of its chips."""
        return self.looked.conditions

    @property
    def distance(self) -> Interval | None:
        """Over chips; None where not all of them were measured."""
        if self.state != "measured":
            return None
        return interval([each.distance for each in self.looked.attempts if each.distance is not None])


@dataclass(frozen=True, eq=False)
class Generator:
    """The best generator of a search, by `RULE`.

    Attributes:
        paper_j: Energy of an image of the same net on paper S's devices (`PAPER_S`), everything counted on both sides;
            None where their bill has a gap.
    """

    found: Found
    of_ideal: float
    energy_j: float
    paper_j: float | None

    @property
    def share(self) -> float | None:
        """Its energy over that on paper S's devices."""
        return None if self.paper_j is None else self.energy_j / self.paper_j

    @property
    def reached(self) -> bool:
        """Whether it is as much below as is asked for."""
        return self.share is not None and self.share <= LEAST

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, the design by its number."""
        return {
            "number": self.found.number,
            "rule": RULE,
            "of_ideal": self.of_ideal,
            "energy_j": self.energy_j,
            "paper": PAPER_S,
            "paper_energy_j": self.paper_j,
            "of_paper": self.share,
            "asked_of_paper": LEAST,
            "reached": self.reached,
        }


@dataclass(frozen=True, eq=False)
class Explored:
    """A search and its front.

    Attributes:
        seed: Of the search; that of the chips is the plan's.
        metric: Name of the distance.
        ideal: Distance of the net without imperfections, over chips.
        reference: Of each objective, in its order: beyond it nothing counts. The distance is over the ideal's.
        designs: All, in the order in which they were proposed.
        front: Places of the designs that no other beats in everything, those of the least distance first.
        hypervolume: After each design, in decades of each objective multiplied; it never falls.
        paper_j: Energy of an image of the net on paper S's devices, everything counted; None: their bill has a gap.
    """

    space: Space
    model: Model
    plan: Plan
    sampler: Sampler
    seed: int
    metric: str
    ideal: Interval
    reference: tuple[float, ...]
    designs: tuple[Found, ...]
    front: tuple[int, ...]
    hypervolume: tuple[float, ...]
    notes: tuple[str, ...]
    paper_j: float | None

    @property
    def best_generator(self) -> Generator | None:
        """By `RULE`; None where no design of the front is that good."""
        good = []
        for each in self.best:
            assert each.distance is not None and each.row is not None and each.row.energy_j is not None
            of_ideal = each.distance.mean / self.ideal.mean
            if of_ideal <= GOOD:
                good.append(Generator(each, of_ideal, float(each.row.energy_j), self.paper_j))
        return min(good, key=lambda each: each.energy_j, default=None)

    @property
    def best(self) -> tuple[Found, ...]:
        """The designs of the front."""
        return tuple(self.designs[place] for place in self.front)

    def count(self, state: State) -> int:
        """How many designs ended so."""
        return sum(each.state == state for each in self.designs)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-able values, without images."""
        return {
            "space": self.space.name,
            "model": self.model.name,
            "objectives": list(self.space.objectives),
            "metric": self.metric,
            "ideal": asdict(self.ideal),
            "reference": dict(zip(self.space.objectives, self.reference, strict=True)),
            "best": None if self.best_generator is None else self.best_generator.to_dict(),
            "front": [self._of(each) for each in self.best],
            "hypervolume": list(self.hypervolume),
            "designs": [self._of(each) for each in self.designs],
            "states": {state: self.count(state) for state in get_args(State)},
            "sampler": self.sampler,
            "seed": self.seed,
            "plan": asdict(self.plan),
            "notes": list(self.notes),
        }

    def _of(self, found: Found) -> dict[str, Any]:
        row, distance, few = found.row, found.distance, found.looked.few
        return {
            "number": found.number,
            "choices": dict(found.choices),
            "state": found.state,
            "why": found.looked.why,
            "distance": None if distance is None else asdict(distance),
            "distances": [each.distance for each in found.looked.attempts],
            "of_ideal": None if distance is None else distance.mean / self.ideal.mean,
            "of_ideal_on_few_images": few,
            "energy_j": None if row is None else row.energy_j,
            "energy_low_j": None if row is None else row.energy_low_j,
            "energy_high_j": None if row is None else row.energy_high_j,
            "time_s": None if row is None else row.time_s,
            "area_m2": None if row is None else row.area_m2,
        }
