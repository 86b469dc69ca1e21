"""What can be turned on the page: fields of `Technology` and `ChipConditions`, with their bounds from those schemas.

The tables here say only how a field is shown. What it may be, and what it means, is read from the field itself, and a
test fails when a field is in neither table of its class.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from spingan.arrays.conditions import ChipConditions
from spingan.costs.components import load_components
from spingan.spec.noise import Noise
from spingan.spec.technology import Converter, Technology

Where = Literal["technology", "condition", "bill", "device"]


@dataclass(frozen=True)
class Shown:
    """How a field is shown.

    Attributes:
        group: The part of the page that it stands in.
        label: Its name there.
        unit: Of the number as it is typed; `%` is typed as a hundred times the field's fraction.
        slider: From, to, and how many steps between; a box may hold what lies outside.
        scale: Of the slider; a logarithmic one has its field's empty value, or 0, at its left end.
    """

    group: str
    label: str
    unit: str = ""
    slider: tuple[float, float, int] | None = None
    scale: Literal["linear", "log"] = "linear"


_SIZES = (1.0, 1024.0, 40)
_OHM = (0.01, 10.0, 60)
TECHNOLOGY: Mapping[str, Shown] = {
    "encoding": Shown("Array", "Weights as"),
    "pair_layout": Shown("Array", "Pairs stand"),
    "gain": Shown("Array", "Digital gain"),
    "read_out": Shown("Array", "Column ends in"),
    "load_resistance_ohm": Shown("Array", "Load", "Ω", (10.0, 1e6, 50), "log"),
    "columns_read": Shown("Array", "Columns read"),
    "transposed": Shown("Array", "Up-sampling"),
    "tile_rows": Shown("Array", "Tile rows", "", _SIZES, "log"),
    "tile_columns": Shown("Array", "Tile columns", "", _SIZES, "log"),
    "input_coding": Shown("Array", "Input coding"),
    "partial_sums": Shown("Array", "Partial sums"),
    "wire_resistance_ohm": Shown("Wires", "Cell to cell", "Ω", _OHM, "log"),
    "column_wire_resistance_ohm": Shown("Wires", "Along a column", "Ω", _OHM, "log"),
    "driver_resistance_ohm": Shown("Wires", "Row driver", "Ω", (1.0, 10_000.0, 50), "log"),
    "row_feed": Shown("Wires", "Rows fed from"),
    "activation_range_rms": Shown("Activations", "Range", "rms", (1.0, 16.0, 30)),
    "dac.bits": Shown("Converters", "DAC bits", "", (1.0, 12.0, 11)),
    "dac.noise_lsb": Shown("Converters", "DAC noise", "LSB", (0.0, 2.0, 40)),
    "dac.shared_by": Shown("Converters", "Rows a DAC", "", (1.0, 128.0, 28), "log"),
    "adc.bits": Shown("Converters", "ADC bits", "", (1.0, 12.0, 11)),
    "adc.noise_lsb": Shown("Converters", "ADC noise", "LSB", (0.0, 2.0, 40)),
    "adc.shared_by": Shown("Converters", "Columns an ADC", "", (1.0, 128.0, 28), "log"),
    "temperature_k": Shown("Time and temperature", "Temperature", "K", (4.0, 500.0, 62)),
    "refresh_interval_s": Shown("Time and temperature", "Refresh every", "s", (1e-3, 1e9, 48), "log"),
}
NO_KNOB: Mapping[str, str] = {
    "schema_version": "of the file",
    "name": "chosen in the list of technologies",
    "synapse": "a curve: dropped as a CSV file",
    "activations": "curves: dropped as CSV files",
    "dense": "in a file only",
    "dac": "by its fields",
    "adc": "by its fields",
    "digital": "in a file only",
    "trim_bits": "the chip's own condition",
    "trim_reads": "the chip's own condition",
    "source": "text",
    "provenance": "text",
    "notes": "text",
}
NO_CONVERTER_KNOB = ("range", "energy_j", "time_s", "area_m2", "learned_range")
"""In a file only: what a measured converter has, and how a range is found in training."""

_SHARE = (0.0, 0.2, 40)
CONDITIONS: Mapping[str, Shown] = {
    "programming_noise": Shown("Devices", "Programming noise", "%", _SHARE),
    "read_noise": Shown("Devices", "Read noise", "%", _SHARE),
    "stuck": Shown("Devices", "Stuck devices", "%", (0.0, 0.1, 50)),
    "clip": Shown("Devices", "Clip weights at", "rms", (0.0, 5.0, 50)),
    "activation_gain": Shown("Activations", "Gain spread", "%", (0.0, 0.2, 40)),
    "activation_offset": Shown("Activations", "Offset spread", "%", (0.0, 0.1, 50)),
    "trim_bits": Shown("Activations", "Trim bits", "", (0.0, 12.0, 12)),
    "trim_noise": Shown("Activations", "Trim noise", "%", (0.0, 0.1, 50)),
    "trim_reads": Shown("Activations", "Trim reads", "", (1.0, 64.0, 24), "log"),
    "time_s": Shown("Time and temperature", "Drift time", "s", (1.0, 1e9, 54), "log"),
    "faded": Shown("Time and temperature", "State lost", "%", (0.0, 0.5, 50)),
    "calibration": Shown("Time and temperature", "Calibration", "img", (1.0, 4096.0, 24), "log"),
    "latent_noise": Shown("Inputs", "Latent noise", "", (0.0, 0.5, 50)),
    "input_noise": Shown("Inputs", "Array input noise", "%", (0.0, 0.3, 60)),
}

LEVELS = Shown("Devices", "Levels", "", (2.0, 256.0, 35), "log")
NODE = Shown("Bill", "CMOS node", "nm", None)
GROUPS = ("Devices", "Activations", "Time and temperature", "Inputs", "Wires", "Converters", "Array", "Bill")


@cache
def knobs() -> tuple[dict[str, Any], ...]:
    """Every knob in JSON's types.

    Keys: `key`, `where` (technology, condition, device or bill), `group`, `label`, `unit`, `help`, `type` (`number`,
    `integer`, `choice` or `noise`), `choices` (of a noise: what it is a fraction of), `minimum`, `maximum`, `above` and
    `below` (bounds that are outside themselves), `empty` (whether it may be left to the technology), `default`,
    `slider`, `scale`.
    """
    found = [_device_levels()]
    schema = Technology.model_json_schema()
    own, of_converter = attribute_docs(Technology), attribute_docs(Converter)
    for key, shown in TECHNOLOGY.items():
        parent, _, leaf = key.rpartition(".")
        properties = schema["$defs"]["Converter"]["properties"] if parent else schema["properties"]
        told = (of_converter if parent else own).get(leaf, "")
        found.append(_knob(key, "technology", shown, properties[leaf], told))
    properties = TypeAdapter(ChipConditions).json_schema()["properties"]
    told_of = docstring_attributes(ChipConditions)
    for key, shown in CONDITIONS.items():
        found.append(_knob(key, "condition", shown, properties[key], told_of.get(key, "")))
    found.append(_node())
    return tuple(sorted(found, key=lambda knob: GROUPS.index(knob["group"])))


def _device_levels() -> dict[str, Any]:
    told = "Evenly spaced between the device's smallest and largest conductance. Empty: as the synapse has them."
    return _knob(
        "levels", "device", LEVELS, {"type": "integer", "minimum": 2, "maximum": 65_536, "default": None}, told
    )


def _node() -> dict[str, Any]:
    library = load_components()
    nodes = sorted({int(node) for rule in library.scaling.values() for node in rule.nodes_nm})
    told = "Of the digital logic around the arrays. Changes the bill, not the pictures."
    schema = {"enum": [str(node) for node in nodes], "default": f"{library.figure('node_nm').value:g}"}
    return _knob("node_nm", "bill", NODE, schema, told)


def _knob(key: str, where: Where, shown: Shown, schema: Mapping[str, Any], told: str) -> dict[str, Any]:
    forms = schema.get("anyOf", [schema])
    form = next((one for one in forms if one.get("type") != "null"), {})
    kind = "noise" if "$ref" in form else "choice" if "enum" in form else form.get("type", "number")
    if kind == "noise":
        of = Noise.model_json_schema()["properties"]
        form = {"enum": of["of"]["enum"], **{name: of["fraction"][name] for name in ("minimum", "maximum")}}
    default = schema.get("default")
    bounds = {"minimum": "minimum", "maximum": "maximum", "above": "exclusiveMinimum", "below": "exclusiveMaximum"}
    return {
        "key": key,
        "where": where,
        "group": shown.group,
        "label": shown.label,
        "unit": shown.unit,
        "help": told,
        "type": kind,
        "choices": form.get("enum", []),
        **{name: form.get(stated) for name, stated in bounds.items()},
        "empty": where != "condition" or default is None,
        "default": default,
        "slider": shown.slider,
        "scale": shown.scale,
    }


def attribute_docs(of: type) -> dict[str, str]:
    """What stands below each attribute of a class as a text of its own."""
    body = ast.parse(textwrap.dedent(inspect.getsource(of))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            text = ast.literal_eval(after.value) if isinstance(after.value, ast.Constant) else ""
            found[before.target.id] = " ".join(str(text).replace("`", "").split())
    return found


def docstring_attributes(of: type) -> dict[str, str]:
    """What the section `Attributes:` of a class's docstring says of each."""
    text = inspect.cleandoc(of.__doc__ or "").partition("Attributes:\n")[2]
    names = "|".join(field.name for field in fields(of))
    parts = re.split(rf"^ {{4}}({names}): ", text, flags=re.MULTILINE)
    return {name: " ".join(told.replace("`", "").split()) for name, told in zip(parts[1::2], parts[2::2], strict=True)}
