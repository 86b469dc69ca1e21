"""The library of components: what one action of a part costs, by origin, with its source.

`components/*.yaml` holds one file an origin. A user's file of the same form overrides any entry. A reference such as
`isaac.adc.convert` names origin, component and action; a role (`adc`) names the components that price an item.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from spingan.costs.converter_models import NodeRule, Sure
from spingan.costs.library_file import Figure, LibraryComponent, LibraryFile, Machine, Passes, Role
from spingan.errors import UserError, did_you_mean
from spingan.input_files import read_text
from spingan.spec.value import build
from spingan.yaml_text import parse_yaml

SHIPPED = Path(__file__).parent / "components"


@dataclass(frozen=True)
class Price:
    """What one action costs, between low and high. None: not counted, and `missing` says why."""

    energy_j: float | None
    low_j: float | None = None
    high_j: float | None = None
    time_s: float | None = None
    area_m2: float | None = None
    source: str = ""
    sure: Sure = "verified"
    missing: str = ""


@dataclass(frozen=True)
class Library:
    """All components by their full name, the rules, and how the design uses them."""

    components: Mapping[str, LibraryComponent] = field(default_factory=dict)
    scaling: Mapping[str, NodeRule] = field(default_factory=dict)
    design: Mapping[str, Figure] = field(default_factory=dict)
    passes: Mapping[str, Passes] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    machines: Mapping[str, Machine] = field(default_factory=dict)

    def figure(self, name: str) -> Figure:
        """A number of the design.

        Raises:
            UserError: There is none of that name.
        """
        return _named("design figure", name, self.design)

    def price(
        self, reference: str, *, bits: float | None = None, size_bytes: float | None = None, write: bool = False
    ) -> Price:
        """One action at the design's node.

        Args:
            reference: Origin, component and action, such as `isaac.adc.convert`.
            bits: Of the value; None: as the component's figures.
            size_bytes: Of the memory, for components with a memory's formula.

        Raises:
            UserError: No such component or action, or a node or bits outside of a rule's range.
        """
        name, _, wanted = reference.rpartition(".")
        component = _named("component", name, self.components)
        action = _named(f"action of {name}", wanted, component.actions)
        if component.sure == "memory":
            return Price(
                None, source=component.source, sure="memory", missing=f"{name} is a figure from memory, unchecked"
            )
        node_nm = self.figure("node_nm").value
        growth = _growth(component, bits)
        factors = (1.0, 1.0, 1.0)
        if component.scaling is not None:
            rule = _named("scaling rule", component.scaling, self.scaling)
            factors = rule.factors(component.node_nm or node_nm, node_nm)
        energy_j, low_j, high_j = action.energy_j, action.energy_low_j, action.energy_high_j
        area_m2 = component.area_m2
        if component.adc_model is not None:
            rate = self.figure("adc_rate_per_s").value
            model, of_bits = component.adc_model, bits or self.figure("bits").value
            energy_j, area_m2 = model.energy_j(of_bits, rate, node_nm), model.area_m2(of_bits, rate, node_nm)
        elif component.sram_model is not None:
            model = component.sram_model
            energy_j = model.energy_j(bits or model.word_bits, size_bytes or model.bytes[0])[write]
        elif action.energy_by_bits_j is not None and bits is not None:
            energy_j = action.energy_by_bits_j.get(f"{bits:g}")
            if energy_j is None:
                return Price(None, source=component.source, missing=f"{reference} has no figure for {bits:g} bits")
            ratio = energy_j / action.energy_j if action.energy_j else None
            low_j, high_j = (None if ratio is None else _times(known, ratio) for known in (low_j, high_j))
        value = _times(energy_j, growth * factors[0])
        return Price(
            value,
            _times(low_j, growth * factors[0]) if low_j is not None else value,
            _times(high_j, growth * factors[0]) if high_j is not None else value,
            _times(action.time_s, factors[1]),
            _times(area_m2, growth * factors[2]),
            component.source if component.sure == "verified" else f"{component.source} (own estimate)",
            component.sure,
        )

    def item(
        self, role: str, *, bits: float | None = None, size_bytes: float | None = None, write: bool = False
    ) -> Price:
        """What prices an item: the role's value, and a range over all of the role's components.

        Raises:
            UserError: As `price`, or no such role.
        """
        chosen = _named("role", role, self.roles)
        price = self.price(chosen.value, bits=bits, size_bytes=size_bytes, write=write)
        if price.energy_j is None:
            return price
        others = [one for one in (chosen.low, chosen.high) if one is not None]
        prices = [price, *(self.price(one, bits=bits, size_bytes=size_bytes, write=write) for one in others)]
        known = [one for one in prices if one.low_j is not None and one.high_j is not None]
        sources = dict.fromkeys(one.source for one in known)
        return Price(
            price.energy_j,
            min(one.low_j for one in known if one.low_j is not None),
            max(one.high_j for one in known if one.high_j is not None),
            price.time_s,
            price.area_m2,
            "; ".join(sources),
            price.sure,
        )


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _growth(component: LibraryComponent, bits: float | None) -> float:
    """How energy and area change from the component's bits to others."""
    if bits is None or component.bits is None or component.bits_rule is None:
        return 1.0
    if component.bits_rule == "power_of_two":
        return 2.0 ** (bits - component.bits)
    return (bits / component.bits) ** (1 if component.bits_rule == "linear" else 2)


def _named(what: str, name: str, known: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    raise UserError(f"there is no {what} {name}", f"{did_you_mean(name, known)}Known: {', '.join(sorted(known))}")


def load_components(path: str | Path | None = None) -> Library:
    """The library that comes with the package, with the entries of a user's file in front.

    Args:
        path: A YAML file of the same form; its `origin` names its own new components, and `isaac.adc` under
            `components` replaces that one.

    Raises:
        UserError: The file cannot be read, an entry is not right, or one overrides nothing that there is.
    """
    library = _shipped()
    if path is None:
        return library
    where = f"components file {path}"
    own = _read(read_text(Path(path), where), where)
    components = dict(library.components)
    for name, component in own.components.items():
        full = name if "." in name else f"{own.origin}.{name}"
        if "." in name:
            _named_in(where, "component", name, components)
        elif full in own.components:
            raise UserError(f"{where}: {full} is given twice, as {name}, too", "Keep one.")
        components[full] = component
    ruled = {one.scaling: one for one in components.values() if one.scaling is not None}
    for what, given, known in (
        ("design figure", own.design, library.design),
        ("role", own.roles, library.roles),
        ("net with passes", own.passes, library.passes),
        ("scaling rule that a component follows", own.scaling, ruled),
    ):
        for name in given:
            _named_in(where, what, name, known)
    merged = Library(
        components,
        {**library.scaling, **own.scaling},
        {**library.design, **own.design},
        {**library.passes, **own.passes},
        {**library.roles, **own.roles},
        {**library.machines, **own.machines},
    )
    _check_roles(merged, where)
    try:
        for name in merged.roles:
            merged.item(name, bits=merged.figure("bits").value)
    except UserError as error:
        raise UserError(f"{where}: {error.problem}", error.remedy) from error
    used = {reference.rpartition(".")[0] for role in merged.roles.values() for reference in _references(role)}
    for name in own.components:
        if "." not in name and f"{own.origin}.{name}" not in used:
            raise UserError(
                f"{where}: {own.origin}.{name} is a new component that no item uses",
                f"Override one by its full name, or use it: roles: adc: {{value: {own.origin}.{name}.ACTION}}",
            )
    return merged


def _named_in(where: str, what: str, name: str, known: Mapping[str, Any]) -> None:
    try:
        _named(what, name, known)
    except UserError as error:
        raise UserError(f"{where}: {error.problem}", error.remedy) from None


def _references(role: Role) -> list[str]:
    return [reference for reference in (role.value, role.low, role.high) if reference is not None]


def _check_roles(library: Library, where: str) -> None:
    """Refuse a role that names a component or an action that is not there."""
    for name, role in library.roles.items():
        for reference in _references(role):
            component, _, action = reference.rpartition(".")
            _named_in(where, f"component (role {name})", component, library.components)
            _named_in(where, f"action of {component} (role {name})", action, library.components[component].actions)
    for name, component in library.components.items():
        if component.scaling is not None:
            _named_in(where, f"scaling rule ({name})", component.scaling, library.scaling)


def _read(text: str, where: str) -> LibraryFile:
    data, lines = parse_yaml(text, where, "docs/files.md")
    return build(LibraryFile, data, where, lambda path: lines.get(path) or lines.get(path[:-1]))


@cache
def _shipped() -> Library:
    """The files of the package as one library."""
    parts: dict[str, dict[str, Any]] = {name: {} for name in Library.__dataclass_fields__}
    for path in sorted(SHIPPED.glob("*.yaml")):
        file = _read(path.read_text(encoding="utf-8"), path.name)
        parts["components"] |= {f"{file.origin}.{name}": one for name, one in file.components.items()}
        for part in ("scaling", "design", "passes", "roles", "machines"):
            parts[part] |= getattr(file, part)
    library = Library(**parts)
    _check_roles(library, "the library of components")
    return library
