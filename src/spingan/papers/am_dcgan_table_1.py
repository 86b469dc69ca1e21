"""Table I of paper M and the total of its small pair: which counts of cells meet it. Many do, so none is proven."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from spingan.costs.components import CellCost
from spingan.papers.am_dcgan import am_dcgan_numbers
from spingan.papers.am_dcgan_table_2 import printed_range

# Two combinations among many (docs/derivations.md, section 4).
EXAMPLES: tuple[dict[str, int], ...] = (
    {"relu": 195, "crossbar switch": 491},
    {"relu": 183, "crossbar switch": 549, "op-amp": 20},
)


@dataclass(frozen=True)
class Combination:
    """Counts of cells with their sums, and whether they round to the printed area and power."""

    counts: dict[str, int]
    area_m2: float
    power_w: float
    meets: bool


@dataclass(frozen=True)
class Solutions:
    """How many combinations of ReLU cells and crossbar switches meet the printed total, beside so many op-amps.

    Attributes:
        relu, switches: Smallest and largest number in any of them.
    """

    op_amps: int
    combinations: int
    relu: tuple[int, int]
    switches: tuple[int, int]


@dataclass(frozen=True)
class SmallPair:
    """The printed total of the small pair, and what meets it."""

    printed_area_mm2: str
    printed_power_w: str
    examples: tuple[Combination, ...]
    solutions: tuple[Solutions, ...]

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON-able ones."""
        return asdict(self)


def printed_cells() -> dict[str, CellCost]:
    """Table I: power and area of one cell of each component."""
    paper = am_dcgan_numbers()
    return {
        name: CellCost(cell.power_w, cell.area_m2, f"{paper.source}, Table I")
        for name, cell in paper.components.items()
    }


def combination(counts: Mapping[str, int]) -> Combination:
    """Area and power of so many cells by Table I; what the table does not list takes nothing here."""
    paper = am_dcgan_numbers()
    area_m2 = sum(
        number * paper.components[name].area_m2 for name, number in counts.items() if name in paper.components
    )
    power_w = sum(
        number * paper.components[name].power_w for name, number in counts.items() if name in paper.components
    )
    (low_mm2, high_mm2), (low_w, high_w) = _windows()
    meets = low_mm2 <= area_m2 * 1e6 < high_mm2 and low_w <= power_w < high_w
    return Combination(dict(counts), area_m2, power_w, meets)


def small_pair(op_amps: tuple[int, ...] = (0, 20, 100)) -> SmallPair:
    """The two examples and the number of solutions beside each number of op-amps."""
    paper = am_dcgan_numbers()
    return SmallPair(
        paper.small_area_mm2,
        paper.small_power_w,
        tuple(combination(counts) for counts in EXAMPLES),
        tuple(found for number in op_amps if (found := _solutions(number)) is not None),
    )


def _windows() -> tuple[tuple[float, float], tuple[float, float]]:
    """What 0.188 mm² and 7 W round from: half a last place to either side."""
    paper = am_dcgan_numbers()
    bounds = []
    for printed in (paper.small_area_mm2, paper.small_power_w):
        low = printed_range(printed)[0]
        bounds.append((low, 2 * float(printed) - low))
    return bounds[0], bounds[1]


def _solutions(op_amps: int) -> Solutions | None:
    """Every number of ReLU cells and switches within the windows, counted row by row; None if there is none."""
    cells = am_dcgan_numbers().components
    relu, switch, amplifier = cells["relu"], cells["crossbar switch"], cells["op-amp"]
    (low_mm2, high_mm2), (low_w, high_w) = _windows()
    ranges: dict[int, range] = {}
    for number in range(int(high_mm2 * 1e-6 / relu.area_m2) + 1):
        area_m2 = number * relu.area_m2 + op_amps * amplifier.area_m2
        power_w = number * relu.power_w + op_amps * amplifier.power_w
        first = max((low_mm2 * 1e-6 - area_m2) / switch.area_m2, (low_w - power_w) / switch.power_w, 0)
        last = min((high_mm2 * 1e-6 - area_m2) / switch.area_m2, (high_w - power_w) / switch.power_w)
        fitting = range(-int(-first // 1), int(last // 1) + 1)
        if len(fitting):
            ranges[number] = fitting
    if not ranges:
        return None
    return Solutions(
        op_amps,
        sum(len(fitting) for fitting in ranges.values()),
        (min(ranges), max(ranges)),
        (min(fitting[0] for fitting in ranges.values()), max(fitting[-1] for fitting in ranges.values())),
    )
