"""What is appraised: a technology by its name or file, or a measured device with an array around it."""

from dataclasses import dataclass
from pathlib import Path

from spingan.errors import UserError
from spingan.input_files import is_file
from spingan.measured.fit import Fit
from spingan.measured.recognise import fit_measured
from spingan.nn.weights import Model
from spingan.spec.activation import Activation, ConductanceCurve
from spingan.spec.files import read_value
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology, load_technology, shipped_curves, shipped_technologies

AROUND = (
    "pcm"  # whose arrays a measured synapse is put into: pairs, 128 rows, 0.35 ohm a cell, 8 bits, digital functions
)


@dataclass(frozen=True)
class Subject:
    """A technology to appraise, the fit that it comes from, and what was assumed to make it whole."""

    technology: Technology
    fit: Fit | None = None
    assumed: tuple[str, ...] = ()


def subject_of(name_or_path: str | Path, model: Model) -> Subject:
    """The technology of a shipped name, a file or a folder; or a CSV file's device in a technology.

    Raises:
        UserError: There is none, its files are not right, or a CSV file is neither levels nor a transfer.
    """
    path = Path(name_or_path)
    if str(name_or_path) in shipped_technologies() or path.suffix.lower() != ".csv":
        return Subject(load_technology(name_or_path))
    if not is_file(path):
        known = f"Shipped technologies: {', '.join(shipped_technologies())}."
        raise UserError(
            f"there is no file {path}", known if path.stem not in shipped_curves() else f"Check it. {known}"
        )
    if _has_header(path):
        return _around(read_value(path), None, model)
    fit = fit_measured(path)
    return _around(fit.value, fit, model)


def _has_header(path: Path) -> bool:
    """Whether a CSV file has the header of a technology's file, as against a plain measurement."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(line.startswith("#") and "kind:" in line for _, line in zip(range(200), file, strict=False))


def _around(value: Synapse | Activation, fit: Fit | None, model: Model) -> Subject:
    if isinstance(value, Synapse):
        array = load_technology(AROUND)
        told = {"name": value.name, "synapse": value, "source": value.source, "provenance": None, "notes": ()}
        if value.basis == "normalised":
            told |= {"wire_resistance_ohm": None}
        assumed = f"the array around it, which is that of {AROUND}: pairs, 128 rows a tile, 8 bits, digital functions"
        return Subject(array.model_copy(update=told), fit, (assumed,))
    if isinstance(value, ConductanceCurve):
        value = value.with_ideal_read_out()
    own = model.technology
    activations = {**own.activations, value.function: value}
    told = {"name": value.name, "activations": activations, "provenance": None}
    digital = tuple(name for name in own.digital if name.lower() != value.function.replace("_", ""))
    assumed = f"all but its {value.function}, which is that of {own.name}"
    return Subject(own.model_copy(update={**told, "digital": digital}), fit, (assumed,))
