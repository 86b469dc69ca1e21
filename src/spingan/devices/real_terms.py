"""What real devices have beyond the printed ones, each a term with its values and their source; their files.

A term that is None is off, and a device without terms is today's. The shipped files have them all, with published
values or assumed ones; `devices.wall_real` and `devices.skyrmion_synapse_real` compute with them.
"""

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from spingan.errors import UserError, did_you_mean
from spingan.input_files import read_text
from spingan.physics.typed import typed
from spingan.yaml_text import parse_yaml

KIND, SYNAPSE_KIND = "real-terms", "real-synapse-terms"
SHIPPED, SYNAPSE_SHIPPED = (Path(__file__).parent / "real" / f"{name}.yaml" for name in ("wall", "synapse"))


@dataclass(frozen=True)
class ThreeTerminals:
    """The read current leaves through the heavy metal, whose left end takes the input and whose right end is ground.

    The read voltage then also sees what the input drops along the heavy metal. `source_ohm` lies parallel to the
    input's source; None: an ideal one. `polarity` -1 reverses the device's read voltage, whose sign paper S does not
    say.
    """

    source: str
    source_ohm: float | None = None
    polarity: Literal[1, -1] = 1

    def __post_init__(self) -> None:
        if self.source_ohm is not None:
            _at_least(self.source_ohm, "three_terminals.source_ohm", above=True)


@dataclass(frozen=True)
class Shunt:
    """The magnet carries a part of the current, which exerts no spin-orbit torque."""

    magnet_resistivity_ohm_m: float
    source: str

    def __post_init__(self) -> None:
        _at_least(self.magnet_resistivity_ohm_m, "shunt.magnet_resistivity_ohm_m", above=True)


@dataclass(frozen=True)
class Heat:
    """Drive and read warm the film above `ambient_k` by their power times the thermal resistance.

    Of the read's power, `read_share` is set free in the film, the rest in the fixed layers.
    """

    thermal_resistance_k_per_w: float
    source: str
    ambient_k: float = 300.0
    read_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.read_share <= 1:
            raise UserError(f"heat.read_share is {self.read_share:g}", "It must be between 0 and 1")
        _at_least(self.thermal_resistance_k_per_w, "heat.thermal_resistance_k_per_w")
        _at_least(self.ambient_k, "heat.ambient_k")


@dataclass(frozen=True)
class TmrFall:
    """The TMR falls with bias, to half at this voltage; a device that states its own keeps it."""

    half_bias_voltage_v: float
    source: str

    def __post_init__(self) -> None:
        _at_least(self.half_bias_voltage_v, "tmr_fall.half_bias_voltage_v", above=True)


@dataclass(frozen=True)
class Pinning:
    """A wall moves only where it is pushed by more than this field along z; it then stops as soon as it is not."""

    field_t: float
    source: str

    def __post_init__(self) -> None:
        _at_least(self.field_t, "pinning.field_t")


@dataclass(frozen=True)
class Grains:
    """Grains whose anisotropy deviates by this part of it from grain to grain: see `physics.grains`."""

    size_m: float
    anisotropy_deviation: float
    source: str

    def __post_init__(self) -> None:
        _at_least(self.size_m, "grains.size_m", above=True)
        _at_least(self.anisotropy_deviation, "grains.anisotropy_deviation")


@dataclass(frozen=True)
class Edges:
    """Both edges of the track are rough, each on its own: rms and correlation length."""

    rms_m: float
    correlation_m: float
    source: str

    def __post_init__(self) -> None:
        _at_least(self.rms_m, "edges.rms_m")
        _at_least(self.correlation_m, "edges.correlation_m", above=True)


@dataclass(frozen=True)
class Spread:
    """Anisotropy and DMI of a whole device deviate by these parts of them, independently."""

    anisotropy_deviation: float
    dmi_deviation: float
    source: str

    def __post_init__(self) -> None:
        _at_least(self.anisotropy_deviation, "spread.anisotropy_deviation")
        _at_least(self.dmi_deviation, "spread.dmi_deviation")


@dataclass(frozen=True)
class ReadSpreading:
    """A synapse's read current spreads through the heavy metal to a ring at the disc's edge, and exerts a torque there.

    `read_v` and `read_s`: a read's voltage and time. `spin_hall_angle`: of the heavy metal.
    """

    metal_thickness_m: float
    metal_resistivity_ohm_m: float
    spin_hall_angle: float
    read_v: float
    read_s: float
    source: str

    def __post_init__(self) -> None:
        for name in ("metal_thickness_m", "metal_resistivity_ohm_m", "read_v", "read_s"):
            _at_least(getattr(self, name), f"three_terminals.{name}", above=True)
        _at_least(self.spin_hall_angle, "three_terminals.spin_hall_angle")


class _Terms:
    """What both kinds of devices have: terms that are on or off."""

    @property
    def names(self) -> tuple[str, ...]:
        """The terms that are on."""
        return tuple(name for name in self._known if getattr(self, name) is not None)

    @property
    def random(self) -> bool:
        """Whether devices differ."""
        return any(name in self.names for name in RANDOM)

    @property
    def _known(self) -> list[str]:
        return [term.name for term in fields(self)]  # pyright: ignore[reportArgumentType]

    def only(self, *names: str) -> Self:
        """These terms alone, of those that are on.

        Raises:
            UserError: There is no such term.
        """
        for name in names:
            if name not in self._known:
                raise UserError(
                    f"there is no term {name!r} of a real device",
                    f"{did_you_mean(name, self._known)}Known: {', '.join(self._known)}",
                )
        off = dict.fromkeys(set(self._known) - set(names))
        return replace(self, **off)  # pyright: ignore[reportArgumentType, reportCallIssue]


@dataclass(frozen=True)
class RealTerms(_Terms):
    """The terms of a wall device; None: off."""

    three_terminals: ThreeTerminals | None = None
    shunt: Shunt | None = None
    heat: Heat | None = None
    tmr_fall: TmrFall | None = None
    pinning: Pinning | None = None
    grains: Grains | None = None
    edges: Edges | None = None
    spread: Spread | None = None


@dataclass(frozen=True)
class SynapseTerms(_Terms):
    """The terms of a skyrmion synapse; None: off."""

    three_terminals: ReadSpreading | None = None
    shunt: Shunt | None = None
    heat: Heat | None = None
    tmr_fall: TmrFall | None = None
    grains: Grains | None = None
    spread: Spread | None = None


RANDOM = ("grains", "edges", "spread")


def _at_least(value: float, name: str, above: bool = False) -> None:
    """Refuse what is not finite, is below 0, or is 0 and must be `above` it."""
    if not (math.isfinite(value) and (value > 0 or (value == 0 and not above))):
        raise UserError(f"{name} is {value:g}", f"It must be {'above 0' if above else '0 or more'}")


T = TypeVar("T", bound=_Terms)


def read_real_terms(path: str | Path = SHIPPED) -> RealTerms:
    """The terms of a wall device in the YAML file `path`; by default those that are shipped.

    Raises:
        UserError: The file cannot be read, has an unknown key, lacks a source, or says something impossible.
    """
    return _read(RealTerms, path, KIND, "leaky-relu")


def read_synapse_terms(path: str | Path = SYNAPSE_SHIPPED) -> SynapseTerms:
    """The terms of a skyrmion synapse in the YAML file `path`; by default those that are shipped.

    Raises:
        UserError: As `read_real_terms`.
    """
    return _read(SynapseTerms, path, SYNAPSE_KIND, "skyrmion-synapse")


def _read(kind: type[T], path: str | Path, named: str, device: str) -> T:
    where, template = f"terms {path}", f"spingan device {device} --sensitivity"
    content, lines = parse_yaml(read_text(path, where), where, template)
    values: dict[str, Any] = dict(content)
    if values.pop("kind", None) != named:
        raise UserError(f"{where}: its kind is not {named}", f"Begin with the file that {template} leaves")
    return typed(kind, values, where, f"See the file that {template} leaves", lines)
