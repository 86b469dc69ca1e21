"""What a file of the library of components says: parts, their actions, the design's figures, and machines."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from spingan.costs.converter_models import AdcModel, NodeRule, SramModel, Sure
from spingan.spec.value import SCHEMA_VERSION, NotNegative, Positive, Value

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Reference = Annotated[str, StringConstraints(pattern=r"^[^.]+\.[^.]+\.[^.]+$")]  # origin.component.action
_WHOLE = {"adc_shared_by": 10**9, "bits": 64, "partial_sum_bits": 64, "training_bits": 64}  # and the most there are


def _check_order(low: float | None, value: float | None, high: float | None) -> None:
    known = [figure for figure in (low, value, high) if figure is not None]
    if known != sorted(known):
        raise ValueError("low, value and high must not fall")


class Action(Value):
    """What one action costs; without an energy a formula of the component gives it."""

    energy_j: NotNegative | None = None
    energy_low_j: NotNegative | None = None
    energy_high_j: NotNegative | None = None
    time_s: NotNegative | None = None
    energy_by_bits_j: dict[str, NotNegative] | None = None

    @model_validator(mode="after")
    def _range_holds_the_value(self) -> Self:
        _check_order(self.energy_low_j, self.energy_j, self.energy_high_j)
        return self


class LibraryComponent(Value):
    """A part as one origin describes it.

    Attributes:
        node_nm: Of the figures; `scaling`: the rule that takes them to another node, None for never.
        bits: Of the figures; `bits_rule`: how energy and area grow with them, None for not at all.
        sure: Whether the figures were seen in the source. Those from memory are shown and never billed.
    """

    node_nm: Positive | None = None
    scaling: str | None = None
    bits: Annotated[int, Field(gt=0)] | None = None
    bits_rule: Literal["linear", "quadratic", "power_of_two"] | None = None
    area_m2: Positive | None = None
    conditions: str = ""
    source: Text
    sure: Sure
    actions: dict[str, Action]
    adc_model: AdcModel | None = None
    sram_model: SramModel | None = None

    @model_validator(mode="after")
    def _rules_have_a_start(self) -> Self:
        if self.scaling is not None and self.node_nm is None:
            raise ValueError("scaling needs the node_nm that the figures belong to")
        if self.bits_rule is not None and self.bits is None:
            raise ValueError("bits_rule needs the bits that the figures belong to")
        if self.bits_rule == "power_of_two" and (self.bits or 0) > 64:
            raise ValueError(f"bits_rule power_of_two from {self.bits} bits: at most 64")
        actions = self.actions.values()
        by_formula = self.adc_model is not None or self.sram_model is not None
        if self.bits_rule is not None and (by_formula or any(one.energy_by_bits_j for one in actions)):
            raise ValueError("bits_rule would count bits again that a formula or energy_by_bits_j counts")
        if self.scaling is not None and self.adc_model is not None:
            raise ValueError("scaling would count the node again that adc_model counts")
        own = ("energy_j", "energy_low_j", "energy_high_j", "energy_by_bits_j")
        if by_formula and any(getattr(one, name) is not None for one in actions for name in own):
            raise ValueError("an energy of an action has no use beside a formula")
        bare = [name for name, action in self.actions.items() if action.energy_j is None]
        if bare and not by_formula:
            raise ValueError(f"action {bare[0]} has no energy_j, and the component has no formula")
        return self


class Figure(Value):
    """One number of the design, with its range."""

    value: NotNegative
    low: NotNegative | None = None
    high: NotNegative | None = None
    source: Text
    sure: Sure

    @model_validator(mode="after")
    def _range_holds_the_value(self) -> Self:
        _check_order(self.low, self.value, self.high)
        return self


class Role(Value):
    """The actions that price an item: `value`, and those that widen its range."""

    value: Reference
    low: Reference | None = None
    high: Reference | None = None


class Passes(Value):
    """How often a training step sends one image through a net, and back."""

    forward: NotNegative
    backward: NotNegative
    gradients: NotNegative


class Machine(Value):
    """A graphics card or a processor that draws the same image.

    Attributes:
        operations_per_s: At its peak, an addition or a multiplication each; with `power_w` it makes an energy.
        energy_per_mac_j: Of a multiplication and an addition, where that is what is published.
    """

    kind: Literal["gpu", "cpu"]
    operations_per_s: Positive | None = None
    best_operations_per_s: Positive | None = None
    power_w: Positive | None = None
    energy_per_mac_j: Positive | None = None
    energy_per_mac_low_j: Positive | None = None
    conditions: Text
    source: Text
    sure: Sure

    @model_validator(mode="after")
    def _has_an_energy(self) -> Self:
        if self.energy_per_mac_j is None and (self.operations_per_s is None or self.power_w is None):
            raise ValueError("a machine needs energy_per_mac_j, or operations_per_s and power_w")
        _check_order(self.energy_per_mac_low_j, self.energy_per_mac_j, None)
        _check_order(self.operations_per_s, self.best_operations_per_s, None)
        return self


class LibraryFile(Value):
    """One file of the library; a user's file overrides entries of any origin by their full name, `isaac.adc`."""

    schema_version: Literal[1] = SCHEMA_VERSION
    origin: Text
    reference: str | None = None
    components: dict[str, LibraryComponent] = Field(default_factory=dict)
    scaling: dict[str, NodeRule] = Field(default_factory=dict)
    design: dict[str, Figure] = Field(default_factory=dict)
    passes: dict[str, Passes] = Field(default_factory=dict)
    roles: dict[str, Role] = Field(default_factory=dict)
    machines: dict[str, Machine] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _what_is_divided_by_can_be(self) -> Self:
        for name, figure in self.design.items():
            most = _WHOLE.get(name)
            if most is not None and not (1 <= figure.value <= most and figure.value.is_integer()):
                raise ValueError(
                    f"design figure {name} must be a whole number from 1 to {most:,}, not {figure.value:g}"
                )
            if name == "adc_rate_per_s" and figure.value == 0:
                raise ValueError(f"design figure {name} must be above 0")
        return self
