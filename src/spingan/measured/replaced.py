"""A fit in place of a file that is there: what it keeps of the file, and what is no longer known."""

from dataclasses import replace
from pathlib import Path

from spingan.measured.fit import Fit
from spingan.spec.activation import Activation
from spingan.spec.files import read_value
from spingan.spec.synapse import Synapse
from spingan.spec.value import build

_STAYS: dict[type, tuple[str, ...]] = {
    Activation: ("energy_items", "delay_s"),
    Synapse: ("write", "read", "endurance_writes", "area_m2"),
}
"""What does not depend on the curve: energies, times, voltages, areas."""
_OF_THE_CURVE = ("noise_s", "leakage_s")  # within `read`, in siemens


def in_place_of(fit: Fit, path: str | Path) -> tuple[Fit, tuple[str, ...], tuple[str, ...]]:
    """The fit with the energies, times and areas of the file that it will replace, which a curve does not tell.

    Returns:
        The fit; what it keeps of the file; and what the file said that is no longer known, as noise and spread, which
        belong to the curve that was there. Where there is no file, or one of another kind, the fit as it is.

    Raises:
        UserError: The file is there and cannot be read.
    """
    target = Path(path).with_suffix(".csv")
    if not target.exists() or target.resolve() == fit.source.resolve():
        return fit, (), ()
    before = read_value(target)
    if type(before) is not type(fit.value):
        return fit, (), ()
    said = before.model_dump(exclude_defaults=True)
    own = fit.value.model_dump(exclude_defaults=True)
    kept = {key: said[key] for key in _STAYS[type(before)] if key in said and key not in own}
    lost = [key for key in said if key not in own and key not in kept]
    if isinstance(read := kept.get("read"), dict):
        lost += [f"read.{key}" for key in _OF_THE_CURVE if key in read]
        kept["read"] = {key: value for key, value in read.items() if key not in _OF_THE_CURVE}
    value = build(type(fit.value), fit.value.model_dump() | kept, f"the fit of {fit.source} in place of {target}")
    return replace(fit, value=value), tuple(kept), tuple(lost)
