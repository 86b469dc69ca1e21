"""The printed numbers of paper M: Table I, Table II, and the counts that Table II's cells imply."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from spingan.papers.printed import load_yaml


@dataclass(frozen=True)
class PrintedSchedule:
    """One row of Table II as printed, with the counts that were reverse-engineered from its cells.

    Attributes:
        name: `sequential`, `column-parallel`, `4-cycle` or `2-cycle`; `printed_name` is the paper's wording.
        maximum_w, minimum_w: Printed power, all devices at Ron and all at Roff.
        times_s: Printed training times, one a write time.
        at_once: Devices written at once, implied; it need not be whole.
        pulses: Write pulses that one update takes, implied.
        why: What the implied counts might stand for.
    """

    name: str
    printed_name: str
    maximum_w: str
    minimum_w: str
    times_s: tuple[str, ...]
    at_once: Fraction
    pulses: int
    why: str


@dataclass(frozen=True)
class PrintedComponent:
    """One row of Table I: what one cell uses and takes."""

    power_mw: str
    area_um2: str

    @property
    def power_w(self) -> float:
        """Power of one cell."""
        return float(self.power_mw) * 1e-3

    @property
    def area_m2(self) -> float:
        """On-chip area of one cell."""
        return float(self.area_um2) * 1e-12


@dataclass(frozen=True)
class AmDcganNumbers:
    """What paper M prints about writing, power and area."""

    source: str
    on_resistance_ohm: float
    off_resistance_ohm: float
    write_voltage_v: float
    weights: int
    epochs: int
    images: int
    crossbar_layers: int
    write_times_s: tuple[float, ...]
    schedules: tuple[PrintedSchedule, ...]
    components: dict[str, PrintedComponent]
    small_kernel: int
    small_filters: int
    small_area_mm2: str
    small_power_w: str
    notes: tuple[str, ...]

    @property
    def updates(self) -> int:
        """Updates of every weight in the whole training, one an image: the paper's 3 million."""
        return self.epochs * self.images


@cache
def am_dcgan_numbers() -> AmDcganNumbers:
    """The figures of `am_dcgan_numbers.yaml`."""
    data = load_yaml("am_dcgan_numbers.yaml")
    device, training, small = data["device"], data["training"], data["small_pair"]
    return AmDcganNumbers(
        source=data["source"],
        on_resistance_ohm=device["on_resistance_ohm"],
        off_resistance_ohm=device["off_resistance_ohm"],
        write_voltage_v=device["write_voltage_v"],
        weights=training["weights"],
        epochs=training["epochs"],
        images=training["images"],
        crossbar_layers=training["crossbar_layers"],
        write_times_s=tuple(data["write_times_s"]),
        schedules=tuple(
            _schedule(name, row, data["implied"][name], training["weights"]) for name, row in data["table_2"].items()
        ),
        components={name: PrintedComponent(**row) for name, row in data["table_1"].items()},
        small_kernel=small["kernel"],
        small_filters=small["filters"],
        small_area_mm2=small["area_mm2"],
        small_power_w=small["power_w"],
        notes=tuple(data["notes"]),
    )


def _schedule(name: str, row: dict[str, Any], implied: dict[str, Any], weights: int) -> PrintedSchedule:
    at_once = Fraction(weights, implied["weights_divided_by"]) if "at_once" not in implied else implied["at_once"]
    return PrintedSchedule(
        name,
        row["printed_name"],
        row["maximum_w"],
        row["minimum_w"],
        tuple(row["times_s"]),
        Fraction(at_once),
        implied["pulses"],
        implied["why"],
    )
