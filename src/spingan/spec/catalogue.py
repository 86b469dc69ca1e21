"""What `spingan technology` does: list, describe and check technologies, and begin a new one."""

from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.output import output_folder, write_text
from spingan.spec.activation import Activation, ConductanceCurve
from spingan.spec.files import read_value
from spingan.spec.synapse import Synapse
from spingan.spec.technology import DEVICES, Technology, load_technology, shipped_technologies

TEMPLATE = DEVICES / "template"


def list_technologies() -> list[dict[str, Any]]:
    """The shipped technologies, one dict each: name, synapse, states, activations, encoding, provenance."""
    return [_overview(load_technology(name)) for name in shipped_technologies()]


def describe(name_or_path: str | Path) -> dict[str, Any]:
    """A technology in JSON's types: its overview, everything it holds, and what it leaves unknown.

    Keys: those of `list_technologies`, `values` (as `Technology.to_dict`), `derived` (numbers that follow from the
    values), `unknown` (names of what is unset: ideal in function, not counted in cost).

    Raises:
        UserError: There is no such technology, or its files are not right.
    """
    technology = load_technology(name_or_path)
    return _overview(technology) | {
        "values": technology.to_dict(),
        "derived": _derived(technology),
        "unknown": list(_unknown_of_technology(technology)),
    }


def check(path: str | Path) -> dict[str, Any]:
    """Read a technology (name, .yaml or folder) or a single synapse or activation (.csv) and say what was found.

    Keys: `file`, `kind`, `name`, `unknown` (as in `describe`), `warnings` (lines for a person).

    Raises:
        UserError: The file is not right.
    """
    if Path(path).suffix.lower() == ".csv":
        value = read_value(path)
        kind = "synapse" if isinstance(value, Synapse) else "activation"
        kind = "conductance curve" if isinstance(value, ConductanceCurve) else kind
        unknown = _unknown_of_synapse(value) if isinstance(value, Synapse) else _unknown_of_activation(value)
        warnings = _warnings_of_synapse(value) if isinstance(value, Synapse) else _warnings_of_activation(value)
    else:
        value = load_technology(path)
        kind = "technology"
        unknown = _unknown_of_technology(value)
        warnings = [] if value.synapse is None else _warnings_of_synapse(value.synapse)
        for activation in value.activations.values():
            warnings += _warnings_of_activation(activation)
    return {"file": str(path), "kind": kind, "name": value.name, "unknown": list(unknown), "warnings": warnings}


def new_template(folder: str | Path) -> tuple[Path, ...]:
    """Write a commented technology that runs as it is into `folder`.

    Returns:
        The files, first the one to load.

    Raises:
        UserError: One of the files is there already, or the folder cannot be written; then nothing is left behind.
    """
    target = Path(folder)
    sources = sorted(TEMPLATE.iterdir(), key=lambda file: file.suffix != ".yaml")
    for source in sources:
        if (target / source.name).exists():
            raise UserError(f"{target / source.name} is there already", "Choose another folder; nothing was written")
    made = not target.exists()
    output_folder(target)
    files = tuple(target / source.name for source in sources)
    try:
        for source, file in zip(sources, files, strict=True):
            write_text(file, source.read_text(encoding="utf-8"))
    except UserError:
        for file in files:
            file.unlink(missing_ok=True)
        if made:
            target.rmdir()
        raise
    return files


def _overview(technology: Technology) -> dict[str, Any]:
    return {
        "name": technology.name,
        "synapse": None if technology.synapse is None else technology.synapse.name,
        "states": None if technology.synapse is None else technology.synapse.states,
        "activations": {key: activation.name for key, activation in technology.activations.items()},
        "encoding": technology.encoding,
        "provenance": technology.provenance,
    }


def _derived(technology: Technology) -> dict[str, Any]:
    levels = technology.weight_levels()
    derived: dict[str, Any] = {
        "cells_per_weight": technology.cells_per_weight,
        "weight_levels": None if levels is None else len(levels),
        "smallest_weight": None if levels is None else float(abs(levels).min()),
    }
    for key, activation in technology.activations.items():
        derived[f"{key}.energy_j"] = activation.energy_j
        derived[f"{key}.negative_slope"] = activation.negative_slope
        derived[f"{key}.points"] = len(activation.input)
        derived[f"{key}.single_valued"] = activation.single_valued
    return derived


def _unknown_of_technology(technology: Technology) -> list[str]:
    unknown = [f"{name}.{cost}" for name in ("dac", "adc") for cost in ("bits", "energy_j", "time_s", "area_m2")
               if getattr(getattr(technology, name), cost) is None]  # fmt: skip
    unknown += [
        name
        for name in ("tile_rows", "tile_columns", "wire_resistance_ohm", "driver_resistance_ohm", "input_coding")
        if getattr(technology, name) is None
    ]
    if technology.synapse is not None:
        unknown += [f"synapse.{name}" for name in _unknown_of_synapse(technology.synapse)]
        if technology.synapse.retention is not None and technology.refresh_interval_s is None:
            unknown.append("refresh_interval_s")
    for key, activation in technology.activations.items():
        unknown += [f"activations.{key}.{name}" for name in _unknown_of_activation(activation)]
    return unknown


def _unknown_of_synapse(synapse: Synapse) -> list[str]:
    stated = {
        "write.energy_j": synapse.write.energy_j is not None or synapse.step_up_energy_j is not None,
        "write.pulse_width_s": synapse.write.pulse_width_s is not None,
        "write.access": synapse.write.access is not None,
        "read.voltage_v": synapse.read.voltage_v is not None,
        "read.time_s": synapse.read.time_s is not None,
        "read.law": synapse.read.law is not None,
        "read noise": synapse.read.noise_s is not None or synapse.read_noise_s is not None,
        "write error": synapse.write_error is not None,
        "steps up and down": synapse.step_up is not None and synapse.step_down is not None,
        "spread": synapse.spread.gain is not None,
        "faults": any(share is not None for share in synapse.faults.to_dict().values()),
        "retention": synapse.retention is not None,
        "endurance_writes": synapse.endurance_writes is not None,
        "area_m2": synapse.area_m2 is not None,
    }
    return [name for name, known in stated.items() if not known]


def _unknown_of_activation(activation: Activation) -> list[str]:
    stated = {
        "energy": activation.energy_items,
        "delay_s": activation.delay_s is not None,
        "settling": activation.settling is not None,
        "output_noise": activation.output_noise is not None,
        "spread": activation.spread.gain is not None,
        "area_m2": activation.area_m2 is not None,
    }
    return [name for name, known in stated.items() if not known]


def _warnings_of_synapse(synapse: Synapse) -> list[str]:
    if synapse.basis != "normalised":
        return []
    return [f"synapse {synapse.name} is normalised: it has weights, but no reads, wires or circuits in siemens"]


def _warnings_of_activation(activation: Activation) -> list[str]:
    warnings = []
    if not activation.single_valued:
        warnings.append(
            f"activation {activation.name} has a memory and no reset that clears it: convert will refuse it"
        )
    for item in activation.energy_items:
        if item.window_s is None:
            warnings.append(f"activation {activation.name}: the energy of {item.name!r} has no window")
    return warnings
