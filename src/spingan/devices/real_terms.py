"""What real wall devices have beyond the printed ones, each a term with its values and their source; their file.

A term that is None is off, and a device without terms is today's. `SHIPPED` has them all, with published values or
assumed ones; `devices.wall_real` computes with them.
"""

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self

from spingan.errors import UserError, did_you_mean
from spingan.input_files import read_text
from spingan.physics.typed import typed
from spingan.yaml_text import parse_yaml

KIND = "real-terms"
SHIPPED = Path(__file__).parent / "real" / "wall.yaml"
TEMPLATE = "spingan device leaky-relu --sensitivity"


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
class RealTerms:
    """The terms of a device; None: off."""

    three_terminals: ThreeTerminals | None = None
    shunt: Shunt | None = None
    heat: Heat | None = None
    tmr_fall: TmrFall | None = None
    pinning: Pinning | None = None
    grains: Grains | None = None
    edges: Edges | None = None
    spread: Spread | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The terms that are on."""
        return tuple(term.name for term in fields(self) if getattr(self, term.name) is not None)

    @property
    def random(self) -> bool:
        """Whether devices differ."""
        return any(getattr(self, name) is not None for name in RANDOM)

    def only(self, *names: str) -> Self:
        """These terms alone, of those that are on.

        Raises:
            UserError: There is no such term.
        """
        known = [term.name for term in fields(self)]
        for name in names:
            if name not in known:
                raise UserError(
                    f"there is no term {name!r} of a real device",
                    f"{did_you_mean(name, known)}Known: {', '.join(known)}",
                )
        return replace(self, **dict.fromkeys(set(known) - set(names)))


RANDOM = ("grains", "edges", "spread")


def _at_least(value: float, name: str, above: bool = False) -> None:
    """Refuse what is not finite, is below 0, or is 0 and must be `above` it."""
    if not (math.isfinite(value) and (value > 0 or (value == 0 and not above))):
        raise UserError(f"{name} is {value:g}", f"It must be {'above 0' if above else '0 or more'}")


def read_real_terms(path: str | Path = SHIPPED) -> RealTerms:
    """The terms in the YAML file `path`; by default those that are shipped.

    Raises:
        UserError: The file cannot be read, has an unknown key, lacks a source, or says something impossible.
    """
    where = f"terms {path}"
    content, lines = parse_yaml(read_text(path, where), where, TEMPLATE)
    values: dict[str, Any] = dict(content)
    if values.pop("kind", None) != KIND:
        raise UserError(f"{where}: its kind is not {KIND}", f"Begin with the file that {TEMPLATE} leaves")
    return typed(RealTerms, values, where, f"See the file that {TEMPLATE} leaves", lines)
