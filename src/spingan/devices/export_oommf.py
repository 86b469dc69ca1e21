"""Experiments as MIF 2.1 problems for OOMMF (2.0 or newer), complete with the files that they read.

The DMI is the class `Oxs_DMI_Cnv_z`, so called since 2021, of an extension that OOMMF does not bring.
"""

import math
from pathlib import Path

import numpy as np

from spingan.devices.export import Drive, Experiment, Files, spin_current, write_scripts
from spingan.errors import UserError
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.mesh import Array

OOMMF_MU_0 = 4e-7 * math.pi  # OOMMF's own value: user guide, "Oxs_UZeeman"
DMI = "Oxs_DMI_Cnv_z"
DMI_FROM = "github.com/joommf/oommf-extension-dmi-cnv"
REST_S = 0.1e-9  # of stage 0, at most: the start is at rest in spingan's solver, and in a flat well none ever settles
REST_DEG_PER_NS = 0.01  # slower than this counts as rest: OOMMF's user guide recommends 0.01 to 1

README = """{name}: {about}

Run in this folder, with OOMMF 2.0 or newer:

    tclsh /path/to/oommf.tcl boxsi -- {first}

One problem for each drive. It starts from start.ovf, the rest state of spingan's solver; stage 0 lets it adapt to
OOMMF's own edges without current, for {rest_ns:g} ns at most; then come the pulses and their pauses, one stage each.
Results: {first_stem}.odt (the table) and the state at the end of every stage as .omf.

The interfacial DMI is the class {dmi} (until 2021 called Oxs_DMI_Cnv) of an extension by D. Cortes-Ortuno, M. Beg and
H. Fangohr. OOMMF does not bring it: copy its .cc and .h files from {dmi_from}
into app/oxs/local and build OOMMF again, or take the OOMMF of ubermag (conda-forge), which has it.

Signs and units
- {dmi}'s energy density is D [(m . grad) m_z - m_z div m], so its D is minus spingan's and mumax3's.
- It leaves a missing neighbour out and adds nothing for the DMI's boundary condition, so that edge spins tilt a little
  less than in spingan; the difference shrinks with the cell size.
- The torque is Oxs_SpinXferEvolve's with P = 1: J is the density of the spin current through the interface, not the
  charge current. b = hbar J / (2 e Ms t) is the damping-like field in tesla; a positive one pulls m towards mp.
  eps_prime is half the ratio of the field-like to the damping-like part.
"""


def write(experiment: Experiment, folder: str | Path) -> list[Path]:
    """Write one .mif for each drive of `experiment`, the files that they read and a README.txt; returns the problems.

    Raises:
        UserError: the folder cannot be written, an anisotropy below zero, or torques not of the form that OOMMF knows.
    """
    if experiment.system.cell_anisotropy_j_per_m3.min() < 0:
        raise UserError(
            f"{experiment.name}: the anisotropy falls to {experiment.system.cell_anisotropy_j_per_m3.min():g} J/m³",
            "The export to OOMMF knows easy axes only: 0 or more",
        )
    words = {"rest_ns": REST_S * 1e9, "dmi": DMI, "dmi_from": DMI_FROM}
    return write_scripts(experiment, folder, "mif", _setting, _problem, README, **words)


def _setting(files: Files) -> list[str]:
    """Mesh, energies and first state: what all drives share."""
    system = files.experiment.system
    mesh, film = system.mesh, system.film
    dmi = -film.interfacial_dmi_j_per_m2
    lines = _block(
        "Oxs_BoxAtlas:film",
        f"xrange {{0 {mesh.nx * mesh.dx_m:.12g}}}",
        f"yrange {{0 {mesh.ny * mesh.dy_m:.12g}}}",
        f"zrange {{0 {film.thickness_m!r}}}",
        "name film",
    )
    lines += _block(
        "Oxs_RectangularMesh:mesh", f"cellsize {{{mesh.dx_m!r} {mesh.dy_m!r} {film.thickness_m!r}}}", "atlas :film"
    )
    lines += _block("Oxs_UniformExchange", f"A {film.exchange_stiffness_j_per_m!r}")
    lines += _block(DMI, f"default_D {dmi!r}", "atlas :film", f"D {{ film film {dmi!r} }}")
    k = system.cell_anisotropy_j_per_m3
    if np.ptp(k) == 0:
        anisotropy = f"K1 {float(k.flat[0])!r}"
    else:
        lines += _file("anisotropy", files.field("anisotropy.ovf", k, "J/m^3"))
        anisotropy = "K1 { Oxs_VecMagScalarField { field :anisotropy } }"
    lines += _block("Oxs_UniaxialAnisotropy", "axis {0 0 1}", anisotropy)
    if system.demagnetisation:
        lines += _block("Oxs_Demag")
    for name, value in (("external_field", system.external_field_t), ("exchange_bias", system.exchange_bias_field_t)):
        if value is not None and np.any(value):
            lines += _zeeman(name, np.asarray(value, dtype=np.float64), files)
    if not system.inside.all():
        moment = np.where(system.inside, film.saturation_magnetization_a_per_m, 0.0)
        lines += _file("saturation", files.field("saturation.ovf", moment, "A/m"))
    return [*lines, *_file("start", files.start())]


def _block(name: str, *entries: str) -> list[str]:
    return [f"Specify {name} {{", *(f"  {entry}" for entry in entries), "}", ""]


def _file(name: str, file: str) -> list[str]:
    """A vector field read from an OVF file, placed by the file's own coordinates."""
    return _block(f"Oxs_FileVectorField:{name}", f"file {file}", "spatial_scaling {1 1 1}", "spatial_offset {0 0 0}")


def _zeeman(name: str, field_t: Array, files: Files) -> list[str]:
    """A fixed field, given in tesla."""
    if field_t.ndim == 1:
        field, lines = f"field {_vector(field_t)}", []
    else:
        field, lines = f"field :{name}", _file(name, files.field(f"{name}.ovf", field_t, "T"))
    return lines + _block(f"Oxs_FixedZeeman:{name}_energy", field, f"multiplier {1 / OOMMF_MU_0!r}")


def _vector(values: Array) -> str:
    return f"{{{' '.join(repr(float(value)) for value in values)}}}"


def _problem(files: Files, drive: Drive, setting: list[str]) -> list[str]:
    experiment, film, stem = files.experiment, files.experiment.system.film, files.stem(drive)
    current = spin_current(drive.torques, film)
    lines: list[str] = []
    if current.density_a_per_m2.ndim:
        # a vector field's length cannot be negative, so the sign goes into the polarisation
        sign = np.where(current.density_a_per_m2 < 0, -1.0, 1.0)
        whole = current.polarisation if current.polarisation.ndim == 3 else current.polarisation[:, None, None]
        lines += _file("current", files.field(f"{stem}_current.ovf", np.abs(current.density_a_per_m2), "A/m^2"))
        lines += _file("polarisation", files.field(f"{stem}_polarisation.ovf", sign * whole, "1"))
        density, polarisation = "J { Oxs_VecMagScalarField { field :current } }", "mp :polarisation"
    elif current.polarisation.ndim == 3:
        lines += _file("polarisation", files.field(f"{stem}_polarisation.ovf", current.polarisation, "1"))
        density, polarisation = f"J {float(current.density_a_per_m2)!r}", "mp :polarisation"
    else:
        density = f"J {float(current.density_a_per_m2)!r}"
        polarisation = f"mp {_vector(current.polarisation)}"
    stages = 2 if drive.off_s > 0 else 1
    lines += [
        "# stage 0 is without current; then pulses and pauses take turns",
        "proc drive { stage } {",
        "  if {$stage == 0} { return 0 }",
        f"  return [expr {{($stage - 1) % {stages} == 0 ? 1 : 0}}]",
        "}",
        "",
    ]
    lines += _block(
        "Oxs_SpinXferEvolve:evolver",
        f"alpha {film.gilbert_damping!r}",
        f"gamma_G {GYROMAGNETIC_RATIO_RAD_PER_S_T * OOMMF_MU_0!r}",
        density,
        "J_profile drive",
        "J_profile_args stage",
        polarisation,
        "P 1",
        f"Lambda {current.asymmetry!r}",
        f"eps_prime {current.epsilon_prime!r}",
        "method rkf54",
    )
    times = " ".join(repr(time_s) for time_s in (drive.on_s, drive.off_s)[:stages])
    later = stages * drive.count
    moment = repr(film.saturation_magnetization_a_per_m)
    if not experiment.system.inside.all():
        moment = "{ Oxs_VecMagScalarField { field :saturation } }"
    lines += _block(
        "Oxs_TimeDriver",
        f"basename {stem}",
        "evolver :evolver",
        "mesh :mesh",
        f"Ms {moment}",
        "m0 :start",
        f"stage_count {1 + later}",
        f"stopping_time {{ {' '.join([repr(REST_S)] + [times] * drive.count)} }}",
        f"stopping_dm_dt {{ {' '.join([str(REST_DEG_PER_NS)] + ['0'] * later)} }}",
        "vector_field_output_format {binary 8}",
    )
    return [
        "# MIF 2.1",
        f"# {experiment.name}, {experiment.about}",
        f"# {drive.about}",
        f"# OOMMF 2.0 or newer with the extension {DMI}, from {DMI_FROM}; in this folder:",
        f"#   tclsh /path/to/oommf.tcl boxsi -- {stem}.mif",
        "",
        *setting,
        *lines,
        "Destination archive mmArchive",
        "Schedule DataTable archive Step 10",
        "Schedule Oxs_TimeDriver::Magnetization archive Stage 1",
    ]
