"""From devices to a technology in one call, `build_technology`, and one that differs from another in a few things."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from spingan.devices.device import ActivationDevice, SynapseDevice, device
from spingan.errors import UserError
from spingan.input_files import is_file
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation, ConductanceCurve
from spingan.spec.files import read_activation, read_conductance_curve, read_synapse, read_value
from spingan.spec.synapse import Synapse
from spingan.spec.technology import DEVICES, Technology, load_technology, shipped_curves, with_settings
from spingan.spec.value import build

SynapseSource = Synapse | SynapseDevice | str | Path
ActivationSource = Activation | ActivationDevice | str | Path


def build_technology(
    synapse: SynapseSource | None = None,
    activations: Mapping[str, ActivationSource] | None = None,
    *,
    name: str = "my-technology",
    cell: Literal["printed", "fitted"] | None = None,
    cards: Path | None = None,
    monte_carlo: int = 0,
    simulate: bool = False,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    **array: Any,
) -> Technology:
    """A technology from devices or values.

    Args:
        synapse: a `Synapse`, a device, a device's name (`spingan device list`), a shipped curve's name, or a CSV file.
        activations: by function (`relu`, `leaky_relu`, `tanh`, `sigmoid`), likewise. A `ConductanceCurve` goes through
            a cell where `cell` is given, else it is read out ideally and the circuit is not counted.
        cell: paper S's cell, simulated in ngspice: as printed, or with a divider fitted to the curve.
        cards: transistor models for the cell; None: the generic 16 nm ones.
        monte_carlo: instances with mismatch of each cell, for the spread; 0: unknown.
        simulate: characterise every device anew, which may take long, instead of taking what it has stored.
        seed, workers: of simulations.
        array: further fields of `Technology`, such as `encoding` or `tile_rows`.

    Raises:
        UserError: A name, file or field is not right, or a simulation fails.
    """
    options = {"seed": seed, "workers": workers, "progress": progress}
    simulation = options if simulate else None
    made = None if synapse is None else _value(synapse, read_synapse, Synapse, SynapseDevice, simulation)
    curves: dict[str, Activation] = {}
    for function, source in (activations or {}).items():
        found = _value(source, _read_curve, Activation, ActivationDevice, simulation)
        if isinstance(found, ConductanceCurve):
            found = found.with_ideal_read_out() if cell is None else _in_cell(found, cell, cards, monte_carlo, options)
        curves[function] = found
    fields = {"schema_version": 1, "name": name, "synapse": made, "activations": curves} | array
    return build(Technology, fields, f"technology {name}")


def varied_technology(
    base: str | Path,
    *,
    synapse: str | Path | None = None,
    activations: Mapping[str, str | Path] | None = None,
    levels: int | None = None,
    settings: Sequence[str] = (),
) -> Technology:
    """A technology with other devices, another number of levels, or other arrays, in this order.

    Args:
        base: a shipped name, a .yaml file, or its folder.
        synapse: the CSV file of another synapse, or a shipped curve's name.
        activations: those of other activations, by function; a function that the base has no device for gets one.
        levels: evenly spaced between the smallest conductance and the largest; None: those of the synapse.
        settings: `key=value` changes of the technology, as `wire_resistance_ohm=0.35` or `adc.bits=8`.

    Raises:
        UserError: A name, file or key is not right, or a synapse that is not there gets levels.
    """
    technology = load_technology(base)
    if synapse is not None or activations:
        fields = dict(technology)
        if synapse is not None:
            fields["synapse"] = _value(synapse, read_synapse, Synapse, SynapseDevice, None)
        read = {name: read_activation(_file(source) or Path(source)) for name, source in (activations or {}).items()}
        fields["activations"] = {**technology.activations, **read}
        technology = build(Technology, fields, f"technology {technology.name} with devices of your own")
    if levels is not None:
        from spingan.studies.levels import with_levels

        technology = with_levels(technology, levels)
    return with_settings(technology, settings)


def _in_cell(
    curve: ConductanceCurve, form: Literal["printed", "fitted"], cards: Path | None, monte_carlo: int, options: Any
) -> Activation:
    from spingan.circuits.cell_simulation import simulate_cell

    if curve.function not in ("leaky_relu", "relu"):
        raise UserError(f"{curve.name} is a {curve.function}: there is no cell for it", "Leave cell out")
    function: Literal["leaky_relu", "relu"] = "leaky_relu" if curve.function == "leaky_relu" else "relu"
    return simulate_cell(function, curve, form=form, cards_file=cards, monte_carlo=monte_carlo, **options).activation


def _value(source: Any, read: Callable[[Path], Any], kind: type[Any], device_kind: type[Any], options: Any) -> Any:
    """The value that `source` is, or that its file holds, or that its device makes.

    Args:
        kind: `Synapse` or `Activation`.
        options: Of the simulation that characterises a device anew; None: take what it has stored.
    """
    if isinstance(source, str | Path):
        file = _file(source)
        source = device(str(source)) if file is None else read(file)
    if isinstance(source, kind):
        return source
    if not isinstance(source, device_kind):
        called = getattr(source, "name", type(source).__name__)
        raise UserError(f"{called} makes no {kind.__name__.lower()}", "Name one that does: spingan device list")
    found = None if options is None else source.characterise(**options)
    if isinstance(found, kind):
        return found
    return source.to_synapse() if kind is Synapse else source.to_activation()


def _file(source: str | Path) -> Path | None:
    """The CSV file that is meant: one of one's own, or a shipped curve by its name; None: it is a device's name."""
    if str(source) in shipped_curves():
        return DEVICES / "curves" / f"{source}.csv"
    return Path(source) if is_file(source) or Path(source).suffix.lower() == ".csv" else None


def _read_curve(file: Path) -> Activation:
    """An activation or a conductance curve; a file of conductances against currents from before is one, too."""
    found = read_value(file)
    if isinstance(found, Synapse):
        return read_activation(file)  # which says what is wrong
    same = not isinstance(found, ConductanceCurve) and (found.input_unit, found.output_unit) == ("A", "S")
    return read_conductance_curve(file) if same else found
