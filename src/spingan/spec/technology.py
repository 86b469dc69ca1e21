"""The technology: one synapse, its activations, and how arrays are built from them."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, model_validator

from spingan.errors import UserError
from spingan.input_files import is_file, is_folder, read_text
from spingan.output import output_folder, write_text
from spingan.spec.activation import Activation
from spingan.spec.files import read_activation, read_synapse, write_activation, write_synapse
from spingan.spec.synapse import Synapse
from spingan.spec.value import SCHEMA_VERSION, NotNegative, Positive, Value, build, check_schema_version
from spingan.yaml_text import parse_yaml, set_values

Encoding = Literal["midpoint_reference", "differential_pair", "sign_crossbar"]
ReadOut = Literal["virtual_ground", "load_divider"]
Transposed = Literal["literal", "polyphase", "polyphase_shared"]
ActivationKey = Literal["relu", "leaky_relu", "tanh", "sigmoid"]

MOST_OHM = 1e12  # an insulator's; tiles are solved exactly up to it, and wrongly at 1e30: measured
Ohm = Annotated[float, Field(ge=0, le=MOST_OHM)]

DEVICES = Path(__file__).parents[1] / "devices"

DIGITAL_TYPES = (
    "BatchNorm2d", "Tanh", "Sigmoid", "Flatten", "Unflatten", "Dropout", "Dropout2d",
    "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Identity",
)  # fmt: skip


_NARROWEST = 1e-6  # of full scale, where a converter still converts: about the last bit of a float32; assumed


class Converter(Value):
    """A digital-to-analog or analog-to-digital converter. What is None is ideal in function and not counted in cost."""

    bits: int | None = Field(default=None, ge=1, le=32)
    """Of its codes; None: no rounding."""
    range: tuple[float, float] | None = None
    """Lowest and highest value, in fractions of full scale."""
    energy_j: NotNegative | None = None
    time_s: NotNegative | None = None
    area_m2: Positive | None = None
    shared_by: int | None = Field(default=None, ge=1)
    """Number of rows or columns that one converter serves in turn."""
    noise_lsb: NotNegative | None = None
    """Standard deviation of the noise before rounding, in steps of the converter."""
    learned_range: bool = False
    """Whether training moves the range, from the largest value met."""

    @model_validator(mode="after")
    def _range_rises(self) -> Self:
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError("range must be (lowest, highest)")
        return self

    @model_validator(mode="after")
    def _some_codes_stand_for_values(self) -> Self:
        low, high = self.range or (-1.0, 1.0)
        if not low <= 0 <= high:
            raise ValueError(f"range {low:g} to {high:g} does not hold 0, which is a code, too")
        if max(-low, high) < _NARROWEST:
            raise ValueError(f"range {low:g} to {high:g} of full scale clips every value")
        if self.bits is not None and (step := (high - low) / (2**self.bits - 1)) > 2:
            raise ValueError(
                f"range {low:g} to {high:g} of full scale in {self.bits} bits: its step, {step:g}, "
                "rounds every value to 0"
            )
        return self


class DenseArrays(Value):
    """What the arrays of dense layers have otherwise than those of convolutions. A field that is None is the same."""

    encoding: Encoding | None = None
    read_out: ReadOut | None = None
    columns_read: Literal["together", "in_turn"] | None = None


class Technology(Value):
    """A synapse, its activations, and the array around them.

    Unset means ideal for what is computed and `not counted` for what it costs: without `synapse` the weights are
    floats, an activation that is missing is the exact function, `tile_rows` None is one array as large as the layer.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(min_length=1)
    synapse: Synapse | None = None
    """A synapse's file, or the name of a shipped one."""
    activations: dict[ActivationKey, Activation] = Field(default_factory=dict)
    """By function, an activation's file or the name of a shipped one."""
    encoding: Encoding = "midpoint_reference"
    """How devices hold a weight with a sign."""
    read_out: ReadOut = "virtual_ground"
    """How a column's sum is read."""
    columns_read: Literal["together", "in_turn"] = "together"
    """Whether one read gives all columns of an array, or one column after another, each taking a read's time."""
    dense: DenseArrays = DenseArrays()
    """What dense layers have otherwise."""
    gain: Literal["none", "layer", "column"] = "none"
    """What has an amplifier of its own that maps the largest weight to full scale."""
    transposed: Transposed = "literal"
    """How the arrays of transposed convolutions are built: with rows for inserted zeros (`literal`), with an array for
    each phase of the stride, or with one array whose phases share a window (`spingan.nn.layouts`)."""
    tile_rows: int | None = Field(default=None, ge=1)
    """Rows of an array; None: as many as the layer has."""
    tile_columns: int | None = Field(default=None, ge=1)
    """Columns of an array; None: as many as the layer has."""
    wire_resistance_ohm: Ohm | None = None
    """Of the wire from one cell to the next, along rows and columns."""
    column_wire_resistance_ohm: Ohm | None = None
    """That along a column, where it is another."""
    driver_resistance_ohm: Ohm | None = None
    """Of each driver of a row."""
    row_feed: Literal["one_side", "two_sides"] = "one_side"
    """Whether one driver feeds a row, before its first column, or a second one behind its last column as well."""
    pair_layout: Literal["interleaved", "separate"] = "interleaved"
    """Whether a weight's two devices stand side by side in one tile, or in a tile each; unused with a reference."""
    load_resistance_ohm: Annotated[Ohm, Field(gt=0)] | None = None
    """Of the load divider; unused with a virtual ground."""
    dac: Converter = Converter()
    """From numbers to the rows' voltages."""
    adc: Converter = Converter()
    """From a tile's sums to numbers."""
    input_coding: Literal["amplitude", "pulse_width", "bit_serial"] | None = None
    """How an input of several bits drives a row: by its voltage, by its time, or one bit a read."""
    partial_sums: Literal["digital", "analog"] = "digital"
    """Where the sums of a column's tiles add: behind an ADC each, or as currents before one ADC."""
    trim_bits: int | None = Field(default=None, ge=2, le=24)
    """Each activation's offset is measured once, at zero input, and the columns that read it take off what a stored
    number of so many bits says (`spingan.nn.made_devices`). None: offsets stay."""
    trim_reads: int | None = Field(default=None, ge=1)
    """Readings of such a measurement that are averaged; None: one."""
    activation_range_rms: float | None = Field(default=None, ge=0.5, le=100)
    """Full scale of the activations' inputs, in units of their root mean square; what is larger saturates. The largest
    of many inputs is 10 to 16 times that, so that a device whose noise and offset are parts of its full scale gives
    cleaner outputs with less. None: the largest input of the calibration is full scale."""
    digital: tuple[str, ...] = DIGITAL_TYPES
    """Names of the torch module types that stay digital."""
    refresh_interval_s: Positive | None = None
    """Time from one writing of all weights to the next; the bill counts it. None: they are written once."""
    temperature_k: Positive | None = None
    source: str | None = None
    provenance: str | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _activations_are_what_their_keys_say(self) -> Self:
        for key, activation in self.activations.items():
            if activation.function != key:
                raise ValueError(f"activations.{key} is a {activation.function}: {activation.name}")
        return self

    @model_validator(mode="after")
    def _a_load_divider_divides_siemens(self) -> Self:
        if "load_divider" in (self.read_out, self.dense.read_out) and self.synapse is not None:
            self.synapse.require_siemens("read_out load_divider")
            if self.load_resistance_ohm is None:
                raise ValueError("read_out load_divider needs load_resistance_ohm")
        return self

    @model_validator(mode="after")
    def _readings_belong_to_a_trim(self) -> Self:
        if self.trim_reads is not None and self.trim_bits is None:
            raise ValueError("trim_reads is a trim's, and there is none: give trim_bits")
        return self

    @model_validator(mode="after")
    def _a_narrow_range_saturates(self) -> Self:
        if self.activation_range_rms is not None:
            for activation in self.activations.values():
                if activation.outside == "error":
                    raise ValueError(
                        f"activation_range_rms lets inputs saturate, and {activation.name} has outside: error: "
                        "leave one of them out"
                    )
        return self

    @model_validator(mode="after")
    def _wires_need_siemens(self) -> Self:
        for name in ("wire_resistance_ohm", "column_wire_resistance_ohm", "driver_resistance_ohm"):
            if getattr(self, name) and self.synapse is not None:
                self.synapse.require_siemens(name)
        return self

    def weight_levels(self) -> NDArray[np.float64] | None:
        """The weights that the encoding can hold, rising in [-1, 1]; None without a synapse (any float).

        The midpoint reference gives 2g - 1 of the normalised level g; a pair gives ±g. A sign crossbar turns a device's
        input round, so that it gives ±G / Gmax and has nothing below Gmin / Gmax; on a normalised basis Gmin is
        unknown, and taken as none.
        """
        if self.synapse is None:
            return None
        levels = self.synapse.normalised_levels()
        if self.encoding == "midpoint_reference":
            return 2 * levels - 1
        if self.encoding == "sign_crossbar":
            levels = (self.off_conductance + levels) / (self.off_conductance + 1)
        return np.unique(np.concatenate((-levels, levels)))

    @property
    def off_conductance(self) -> float:
        """A device's smallest conductance in units of its span Gmax - Gmin; 0 where the basis is normalised."""
        if self.synapse is None or self.synapse.basis == "normalised":
            return 0.0
        lowest, highest = self.synapse.conductance[0], self.synapse.conductance[-1]
        return lowest / (highest - lowest)

    @property
    def load_conductance(self) -> float | None:
        """The load's conductance in units of the synapse's span; None with a virtual ground or without a synapse."""
        if self.read_out != "load_divider" or self.synapse is None or self.load_resistance_ohm is None:
            return None
        return 1 / (self.load_resistance_ohm * (self.synapse.conductance[-1] - self.synapse.conductance[0]))

    def for_dense(self) -> "Technology":
        """The technology as dense layers have it."""
        other = {name: value for name, value in self.dense if value is not None}
        return self.model_copy(update={**other, "dense": DenseArrays()}) if other else self

    @property
    def cells_per_weight(self) -> int:
        """Devices that hold one weight: 1 beside a shared reference column, 2 as a pair or as value and sign."""
        return 1 if self.encoding == "midpoint_reference" else 2

    @property
    def tiles_per_weight(self) -> int:
        """Tiles that a weight's devices stand in: 2 for pairs that are laid out separately."""
        return self.cells_per_weight if self.pair_layout == "separate" else 1

    def weights_across(self, references: int = 1) -> int | None:
        """Weights side by side in a tile of `tile_columns`, beside its reference columns; None: as many as there are.

        Args:
            references: Reference columns of each tile, in the midpoint encoding.

        Raises:
            UserError: A tile is too narrow to hold one weight.
        """
        if self.tile_columns is None:
            return None
        beside = references if self.encoding == "midpoint_reference" else 0
        each = self.cells_per_weight // self.tiles_per_weight
        if self.tile_columns < each + beside:
            window = f" and {beside} references, of the phases of a shared window" if beside > 1 else ""
            raise UserError(
                f"technology {self.name}: tile_columns {self.tile_columns} cannot hold one weight{window}",
                f"The encoding {self.encoding} needs at least {each + beside} columns a tile.",
            )
        return (self.tile_columns - beside) // each


def with_settings(technology: Technology, settings: Sequence[str]) -> Technology:
    """The technology with `key=value` settings put on top: `wire_resistance_ohm=0.35`, `adc.bits=8`.

    Raises:
        UserError: A setting is not of that form, or makes no technology.
    """
    if not settings:
        return technology
    content = technology.to_dict()
    set_values(content, settings, example="adc.bits=8")
    return Technology.from_dict(content, f"technology {technology.name} with {', '.join(settings)}")


def load_technology(name_or_path: str | Path) -> Technology:
    """A technology by its shipped name, by its .yaml file, or by a folder that holds a technology.yaml.

    Raises:
        UserError: There is none, or its files are not right.
    """
    return _load(_technology_path(name_or_path))


def write_technology(technology: Technology, folder: str | Path) -> tuple[Path, ...]:
    """Write a technology as files: `technology.yaml`, and a CSV file for its synapse and each activation.

    `load_technology(folder)` gives back an equal value.

    Returns:
        The files, first the one to load.

    Raises:
        UserError: They cannot be written.
    """
    place = output_folder(folder)
    header: dict[str, Any] = technology.model_dump(
        mode="json", exclude_defaults=True, exclude={"synapse", "activations"}
    )
    header = {"schema_version": SCHEMA_VERSION, "name": technology.name} | header
    files = [place / "technology.yaml"]
    if technology.synapse is not None:
        files.append(place / "synapse.csv")
        header["synapse"] = files[-1].name
        write_synapse(technology.synapse, files[-1])
    for key, activation in technology.activations.items():
        files.append(place / f"{key}.csv")
        header.setdefault("activations", {})[key] = files[-1].name
        write_activation(activation, files[-1])
    write_text(files[0], yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=110))
    return tuple(files)


def shipped_technologies() -> tuple[str, ...]:
    """The names of the technologies that come with the package, `ideal` first."""
    names = sorted(path.stem for path in (DEVICES / "technologies").glob("*.yaml"))
    return tuple(sorted(names, key=lambda name: name != "ideal"))


def shipped_curves() -> tuple[str, ...]:
    """The names of the synapse and activation files that come with the package."""
    return tuple(sorted(path.stem for path in (DEVICES / "curves").glob("*.csv")))


def _load(path: Path, waiting: tuple[Path, ...] = ()) -> Technology:
    """The technology in a file; with `based_on`, that technology's, with the file's own keys on top.

    Args:
        waiting: Files that are based on this one.
    """
    where = f"technology file {path}"
    if path.resolve() in waiting:
        raise UserError(f"{where} is based on itself", "Name another technology at based_on.")
    data, lines = parse_yaml(read_text(path, where), where)
    check_schema_version(data, where)
    fields: dict[str, Any] = dict(data)
    if "based_on" in fields:
        base = _load(_technology_path(str(fields.pop("based_on")), path.parent), (*waiting, path.resolve()))
        fields = {key: value for key, value in base if key != "name"} | fields  # two of one name would be mistaken
    if isinstance(data.get("synapse"), str):
        fields["synapse"] = read_synapse(_curve_path(data["synapse"], path))
    named = data.get("activations")
    if isinstance(named, Mapping):
        fields["activations"] = {
            key: read_activation(_curve_path(value, path)) if isinstance(value, str) else value
            for key, value in named.items()
        }
    elif named is None and "activations" in data:
        fields.pop("activations")
    return build(Technology, fields, where, lines.get, ("based_on",))


def _technology_path(name_or_path: str | Path, folder: Path = Path()) -> Path:
    """The file of a technology that is named by its shipped name, or by a file or folder as seen from `folder`."""
    if str(name_or_path) in shipped_technologies():
        return DEVICES / "technologies" / f"{name_or_path}.yaml"
    path = folder / name_or_path
    if is_folder(path):
        path = path / "technology.yaml"
    if is_file(path):
        return path
    close = difflib.get_close_matches(str(name_or_path), shipped_technologies(), n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    known = ", ".join(shipped_technologies())
    raise UserError(
        f"there is no technology {name_or_path}", f"{hint}Shipped: {known}. Or give a .yaml file or its folder"
    )


def _curve_path(name: str, technology: Path) -> Path:
    """A file beside the technology, or a shipped curve by its name."""
    beside = technology.parent / name
    if is_file(beside):
        return beside
    shipped = DEVICES / "curves" / f"{name}.csv"
    if name in shipped_curves():
        return shipped
    raise UserError(
        f"technology file {technology}: there is no curve {name}",
        f"Give a CSV file by its path from {technology.parent}, or a shipped one: {', '.join(shipped_curves())}",
    )
