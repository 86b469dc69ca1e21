"""Experiments as scripts for mumax3 (version 3.10 or newer), complete with the files that they read."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spingan.devices.export import SAVES_A_PULSE, Drive, Experiment, Files, spin_current, write_scripts
from spingan.errors import UserError
from spingan.output import atomic_path
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.mesh import Array, Mesh

MOST_REGIONS = 256  # mumax3's own limit, Vansteenkiste et al., AIP Adv. 4, 107133 (2014), II-B
SAMPLES_A_PULSE = 400  # rows of the table

README = """{name}: {about}

Run in this folder, with mumax3 3.10 or newer on a machine with an NVIDIA GPU:

    mumax3 {first}

One script for each drive; each writes its results into a folder of its own, {first_stem}.out: table.txt (time,
average magnetisation, energy, largest torque) and the states as OVF 2.0 (rest.ovf before the drive, then m000000.ovf
and so on).

Signs and units
- Dind is D in D [m_z div m - (m . grad) m_z], as in spingan.
- The torque is mumax3's Slonczewski torque with Pol = 1: J is the density of the spin current through the interface,
  not the charge current. b = hbar J / (2 e Msat t) is the damping-like field in tesla; a positive one pulls m towards
  FixedLayer. EpsilonPrime is half the ratio of the field-like to the damping-like part.
- FixedLayerPosition stays at its default, FIXEDLAYER_TOP. The Zhang-Li torque is switched off.
- At the film's edges mumax3 takes the DMI's boundary condition with the magnetisation at the last cell's centre,
  spingan at its face. The difference shrinks with the cell size.
- mumax3 computes in single precision; expect the fifth digit to differ.
"""


def write(experiment: Experiment, folder: str | Path) -> list[Path]:
    """Write one .mx3 for each drive of `experiment`, the files that they read and a README.txt; returns the scripts.

    Raises:
        UserError: the folder cannot be written, the anisotropy takes more values than mumax3 has regions, or the
            torques do not have the form that it knows.
    """
    return write_scripts(experiment, folder, "mx3", _setting, _script, README)


def _setting(files: Files) -> list[str]:
    """Mesh, material, fields and first state: what all drives share."""
    system = files.experiment.system
    mesh, film = system.mesh, system.film
    lines = [
        f"SetGridSize({mesh.nx}, {mesh.ny}, 1)",
        f"SetCellSize({mesh.dx_m!r}, {mesh.dy_m!r}, {film.thickness_m!r})",
    ]
    if not system.inside.all():
        _write_image(files.folder / "mask.png", system.inside)
        lines.append('SetGeom(ImageShape("mask.png"))')
    lines += [
        "",
        f"Msat = {film.saturation_magnetization_a_per_m!r} // A/m",
        f"Aex = {film.exchange_stiffness_j_per_m!r} // J/m",
        f"Dind = {film.interfacial_dmi_j_per_m2!r} // J/m2",
        f"alpha = {film.gilbert_damping!r}",
        f"GammaLL = {GYROMAGNETIC_RATIO_RAD_PER_S_T!r} // rad/(T s)",
        f"EnableDemag = {'true' if system.demagnetisation else 'false'}",
        "AnisU = vector(0, 0, 1)",
        *_anisotropy(files),
    ]
    external = np.asarray(system.external_field_t, dtype=np.float64)
    if external.ndim == 1:
        lines.append(f"B_ext = {_vector(external)} // T")
    else:
        lines.append(_add("B_ext", files.field("external_field.ovf", external, "T")))
    if system.exchange_bias_field_t is not None:
        bias = np.asarray(system.exchange_bias_field_t, dtype=np.float64)
        lines.append(_add("B_ext", files.field("exchange_bias.ovf", bias, "T")))
    return [*lines, "", f'm.LoadFile("{files.start()}")']


def _add(what: str, file: str) -> str:
    return f'{what}.Add(LoadFile("{file}"), 1)'


def _vector(values: Array) -> str:
    return f"vector({', '.join(repr(float(value)) for value in values)})"


def _anisotropy(files: Files) -> list[str]:
    """Ku1, by regions of equal anisotropy: stripes where it depends on x alone, pictures elsewhere."""
    system = files.experiment.system
    k = system.cell_anisotropy_j_per_m3
    values, counts = np.unique(k[system.inside], return_counts=True)
    if len(values) > MOST_REGIONS:
        raise UserError(
            f"{files.experiment.name}: the anisotropy takes {len(values)} values, mumax3 has {MOST_REGIONS} regions",
            "Take larger cells",
        )
    common = values[counts.argmax()]
    lines = [f"Ku1 = {float(common)!r} // J/m3; where nothing else is said"]
    others = values[values != common]
    stripes = bool(np.all(k == k[0]))
    if stripes:
        others = others[np.argsort([int((k[0] == value).argmax()) for value in others])]  # from left to right
    for region, value in enumerate(others, start=1):
        where = k == value
        if stripes:
            shape = _stripes(system.mesh, where[0])
        else:
            _write_image(files.folder / f"anisotropy_{region}.png", where)
            shape = f'ImageShape("anisotropy_{region}.png")'
        lines += [f"DefRegion({region}, {shape})", f"Ku1.SetRegion({region}, {float(value)!r})"]
    return lines


def _stripes(mesh: Mesh, columns: NDArray[np.bool_]) -> str:
    """A shape over these columns of cells (nx,); mumax3's origin is the middle of the mesh."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], columns, [False]]).astype(np.int8)))
    places = [float(f"{(edge - mesh.nx / 2) * mesh.dx_m:.12g}") for edge in edges]
    first, *rest = [f"XRange({start!r}, {end!r})" for start, end in zip(places[::2], places[1::2], strict=True)]
    return first + "".join(f".Add({other})" for other in rest)


def _write_image(path: Path, inside: NDArray[np.bool_]) -> None:
    """A picture with one pixel a cell, black inside; its rows run down, the mesh's up."""
    from PIL import Image

    picture = Image.fromarray(np.where(inside[::-1], 0, 255).astype(np.uint8))
    with atomic_path(path) as temporary:
        picture.save(temporary, format="PNG")


def _script(files: Files, drive: Drive, setting: list[str]) -> list[str]:
    return [
        f"// {files.experiment.name}, {files.experiment.about}",
        f"// {drive.about}",
        f"// mumax3 3.10 or newer, in this folder: mumax3 {files.stem(drive)}.mx3",
        "",
        *setting,
        "OutputFormat = OVF2_BINARY",
        "TableAdd(E_total)",
        "TableAdd(MaxTorque)",
        "",
        "// to rest without a current",
        "Relax()",
        'SaveAs(m, "rest")',
        "TableSave()",
        "",
        *_drive(files, drive),
    ]


def _drive(files: Files, drive: Drive) -> list[str]:
    current = spin_current(drive.torques, files.experiment.system.film)
    density, p = current.density_a_per_m2, current.polarisation
    lines = [
        "// the drive; see README.txt for its terms",
        "DisableZhangLiTorque = true",
        "Pol = 1",
        f"Lambda = {current.asymmetry!r}",
        f"EpsilonPrime = {current.epsilon_prime!r}",
    ]
    if p.ndim == 1:
        lines.append(f"FixedLayer = {_vector(p)}")
    else:
        lines.append(_add("FixedLayer", files.field(f"{files.stem(drive)}_polarisation.ovf", p, "1")))
    if density.ndim:
        name = files.field(f"{files.stem(drive)}_current.ovf", density, "A/m^2")
        on, off = _add("J", name), "J.RemoveExtraTerms()"
    else:
        on, off = f"J = {_vector(np.array([0.0, 0.0, float(density)]))} // A/m2", "J = vector(0, 0, 0)"
    save_s = drive.on_s / SAVES_A_PULSE if drive.count == 1 else drive.on_s + drive.off_s
    lines += [f"TableAutoSave({drive.on_s / SAMPLES_A_PULSE:.12g})", f"AutoSave(m, {save_s:.12g})"]
    pause = [off, f"Run({drive.off_s!r})"] if drive.off_s > 0 else []
    pulse = [on, f"Run({drive.on_s!r})", *pause]
    if drive.count == 1:
        return [*lines, *pulse]
    return [*lines, f"for i := 0; i < {drive.count}; i++ {{", *(f"\t{line}" for line in pulse), "}"]
