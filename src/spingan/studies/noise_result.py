"""The result of a study of noise: settings on several axes, the paper's claims by the rule, and the project's goal."""

import io
from collections.abc import Sequence
from csv import writer
from dataclasses import asdict, dataclass
from typing import Any

from spingan.studies.sweep import Setting, Verdict
from spingan.studies.verdict import RULE, TOLERANCE

GOAL = 1.5  # of the noise-free distance, both above the floor of real images, at GOAL_NOISE: this project's own mark
GOAL_NOISE = 0.05  # paper S, V-B: "weight noise of 2% to 5%"
NOISE_RULE = f"{RULE}; harm: the whole interval lies above that; less harm: the whole interval lies below the other's"


@dataclass(frozen=True, eq=False)
class Series:
    """One line of settings of an axis; `quantity` says what the values are."""

    axis: str
    name: str
    quantity: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Claim:
    """What the paper claims, and whether our settings bear it out by `NOISE_RULE`."""

    text: str
    axis: str
    series: str
    verdict: Verdict
    ours: str


@dataclass(frozen=True)
class Goal:
    """At `GOAL_NOISE`: distance over noise-free distance, both above the floor, of the mean and of the worst chip."""

    series: str
    mean: float
    worst: float
    distances: tuple[float, ...]
    reached: bool


@dataclass(frozen=True)
class PaperPoint:
    """A printed FID as a ratio to the printed noise-free one; `settings` is the range that is printed, if one is."""

    axis: str
    data: str
    printed_fid: float
    noise_free_fid: float
    settings: tuple[float, float] | None
    reading: str

    @property
    def ratio(self) -> float:
        """How many times as large as without noise."""
        added = self.noise_free_fid if self.reading == "an increase" else 0.0
        return (self.printed_fid + added) / self.noise_free_fid


# Paper S, V-B, beside the noise-free 27.5 and 45.4. An FID of 16 would lie below 45.4: taken as an increase.
PRINTED = (
    PaperPoint("weight noise", "Fashion-MNIST", 300, 27.5, (0.02, 0.05), "an FID"),
    PaperPoint("weight noise", "Anime Face", 180, 45.4, (0.02, 0.05), "an FID"),
    PaperPoint("input noise", "Fashion-MNIST", 35, 27.5, None, "an FID"),
    PaperPoint("input noise", "Anime Face", 16, 45.4, None, "an increase"),
)


@dataclass(frozen=True, eq=False)
class NoiseStudy:
    """A generator under noise and with imperfect devices.

    Attributes:
        metric: The distance's name with its number of images.
        calibration: Images that each chip drew to measure its own batch norms; 0: none did.
        ideal: Without anything imperfect, at the same seeds.
        floor: The distance of real images that are not the test images.
        printed: The paper's points, as ratios; never in a column with ours.
    """

    name: str
    model: str
    technology: str
    metric: str
    seeds: tuple[int, ...]
    calibration: int
    ideal: Setting
    floor: float
    series: tuple[Series, ...]
    claims: tuple[Claim, ...]
    goals: tuple[Goal, ...]
    printed: tuple[PaperPoint, ...]
    notes: tuple[str, ...]
    obtained: dict[str, str]
    rule: str = NOISE_RULE

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, without the images."""
        special = ("ideal", "series", "claims", "goals", "printed")
        return {key: value for key, value in vars(self).items() if key not in special} | {
            "ideal": self._setting_dict(self.ideal),
            "series": [
                {"axis": line.axis, "name": line.name, "quantity": line.quantity}
                | {"settings": [self._setting_dict(setting) for setting in line.settings]}
                for line in self.series
            ],
            "claims": [asdict(claim) for claim in self.claims],
            "goal": f"at {GOAL_NOISE:.0%} weight noise every chip's distance is within {GOAL:g} of the noise-free one",
            "goals": [asdict(goal) for goal in self.goals],
            "printed": [asdict(point) | {"ratio": point.ratio} for point in self.printed],
        }

    def _setting_dict(self, setting: Setting) -> dict[str, Any]:
        return {
            "value": setting.value,
            "distances": list(setting.distances),
            "mean": setting.interval.mean,
            "low_95": setting.interval.low,
            "high_95": setting.interval.high,
            "of_ideal": setting.of_ideal,
            "above_floor": above_floor(setting.interval.mean, self.ideal, self.floor),
            "worst_above_floor": above_floor(max(setting.distances), self.ideal, self.floor),
            "tolerated": setting.tolerated,
            "recall": setting.recall,
            "coverage": setting.coverage,
        }

    def csv(self) -> str:
        """A row a setting and seed, the setting's interval beside it."""
        text = io.StringIO()
        rows = writer(text, lineterminator="\n")
        columns = (
            "axis",
            "series",
            "setting",
            "seed",
            self.metric,
            "mean",
            "low_95",
            "high_95",
            "of_ideal",
            "tolerated",
            "mean_recall",
            "mean_coverage",
        )
        rows.writerow(columns)
        for line in (Series("none", "ideal", "", (self.ideal,)), *self.series):
            for setting in line.settings:
                found = setting.interval
                for seed, distance in zip(self.seeds, setting.distances, strict=True):
                    numbers = (distance, found.mean, found.low, found.high, setting.of_ideal)
                    written = (f"{number:.6g}" for number in numbers)
                    place = line.axis, line.name, f"{setting.value:g}", seed
                    rows.writerow((*place, *written, setting.tolerated, *setting.variety_cells()))
        return text.getvalue()


def above_floor(distance: float, ideal: Setting, floor: float) -> float:
    """A distance above the floor, in units of the noise-free one above it."""
    return (distance - floor) / (ideal.interval.mean - floor)


def goals(series: Sequence[Series], ideal: Setting, floor: float) -> tuple[Goal, ...]:
    """Whether the worst chip stays within `GOAL` at `GOAL_NOISE`, for each reading of weight noise."""
    found = []
    for line in series:
        setting = _at(line, GOAL_NOISE)
        if line.axis == "weight noise" and setting is not None:
            mean, worst = (
                above_floor(distance, ideal, floor) for distance in (setting.interval.mean, max(setting.distances))
            )
            found.append(Goal(line.name, mean, worst, setting.distances, worst <= GOAL))
    return tuple(found)


def claims(series: Sequence[Series], ideal: Setting) -> tuple[Claim, ...]:
    """The sentences of paper S, V-B, beside what was found."""
    latent = [line for line in series if line.axis == "latent noise"]
    weight = [line for line in series if line.axis == "weight noise"]
    inputs = next((line for line in series if line.axis == "input noise"), None)
    found = [_latent_claim(line) for line in latent]
    found += [_harm_claim(line, ideal) for line in weight]
    if inputs is not None:
        found += [_less_harm_claim(inputs, line) for line in weight]
    return tuple(found)


def _latent_claim(line: Series) -> Claim:
    asked = [setting for setting in line.settings if 0.1 <= setting.value <= 0.2]
    whole = {0.1, 0.2} <= {setting.value for setting in asked}
    verdict: Verdict = "not tested"
    if whole:
        verdict = "holds" if all(setting.tolerated for setting in asked) else "does not hold"
    largest = max((setting.of_ideal for setting in asked), default=float("nan"))
    text = "paper S: latent noise of 0.1 to 0.2 keeps the images' fidelity"
    return Claim(text, line.axis, line.name, verdict, f"at most x {largest:.2f}")


def _harm_claim(line: Series, ideal: Setting) -> Claim:
    setting = _at(line, GOAL_NOISE)
    text = "paper S: weight noise of 2 % to 5 % raises the distance significantly (x 10.9 on Fashion-MNIST)"
    if setting is None:
        return Claim(text, line.axis, line.name, "not tested", "")
    harmed = setting.interval.low > TOLERANCE * ideal.interval.mean
    return Claim(
        text,
        line.axis,
        line.name,
        "holds" if harmed else "does not hold",
        f"x {setting.of_ideal:.2f} at {GOAL_NOISE:.0%}",
    )


def _less_harm_claim(inputs: Series, weight: Series) -> Claim:
    text = "paper S: input noise does less harm than weight noise"
    ours, other = _at(inputs, GOAL_NOISE), _at(weight, GOAL_NOISE)
    if ours is None or other is None:
        return Claim(text, inputs.axis, weight.name, "not tested", "")
    less = ours.interval.high < other.interval.low
    both = f"x {ours.of_ideal:.2f} against x {other.of_ideal:.2f}, both at {GOAL_NOISE:.0%}"
    return Claim(text, inputs.axis, weight.name, "holds" if less else "does not hold", both)


def _at(line: Series, value: float) -> Setting | None:
    return next((setting for setting in line.settings if setting.value == value), None)
