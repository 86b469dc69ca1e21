"""What the exports to mumax3 and OOMMF have in common: an experiment, its torque in their terms, its data files.

Both programs know one spin torque of Slonczewski's form. In Gilbert's equation, in tesla over gamma, it is

    b eps m x (p x m) + b eps' (p x m),    b = hbar J / (e Ms t),    eps = P L² / ((L² + 1) + (L² - 1) m.p)

(mumax3: Vansteenkiste et al., AIP Adv. 4, 107133 (2014), eq. 9; OOMMF: user guide, Oxs_SpinXferEvolve). With P = 1 the
current density J is that of the spins that cross the interface, and `SpinTorque`'s a = hbar J / (2 e Ms t) and
field-like ratio r become J = 2 e Ms t a / hbar, L = its asymmetry, eps' = r / 2. So a spin Hall torque, too, is written
as a perpendicular current, of density theta J of the heavy metal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_system import system
from spingan.errors import UserError
from spingan.output import output_folder, write_text
from spingan.physics.constants import ELECTRON_CHARGE, HBAR
from spingan.physics.film import Film
from spingan.physics.mesh import Array
from spingan.physics.ovf import write_ovf
from spingan.physics.relax import relax
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import wall
from spingan.physics.system import System

REST_T = 1e-3  # largest torque of a start: 2e-3 of the field that holds a domain
DURATION_S = 2e-9
SAVES_A_PULSE = 20  # states saved of a single pulse, enough to see the motion; of a train it is one a period


@dataclass(frozen=True, eq=False)
class Drive:
    """A train of equal pulses.

    Attributes:
        label: one word that names it among an experiment's, such as +20uA.
        about: what it is, for a reader.
        torques: while the drive is on.
        on_s, off_s: a pulse and the pause after it; 0 for no pause.
        count: of pulses.
    """

    label: str
    about: str
    torques: tuple[SpinTorque, ...]
    on_s: float
    off_s: float = 0.0
    count: int = 1


@dataclass(frozen=True, eq=False)
class Experiment:
    """A system that is driven from `start`, its rest state without torque in the solver, once for each drive.

    Raises:
        UserError: what the exports cannot express: temperature, frozen cells, or no drive.
    """

    name: str
    about: str
    system: System
    start: Array
    drives: tuple[Drive, ...]

    def __post_init__(self) -> None:
        if self.system.temperature_k > 0:
            raise UserError(
                f"{self.name}: the exports know no temperature, and it is at {self.system.temperature_k:g} K",
                "Export it at 0 K",
            )
        if self.system.frozen is not None and self.system.frozen.any():
            raise UserError(f"{self.name}: the exports know no frozen cells", "Pin them with an exchange bias")
        if not self.drives:
            raise UserError(f"{self.name}: there is nothing to export", "Give one current at least")


@dataclass(frozen=True, eq=False)
class SpinCurrent:
    """A torque in the programs' terms, with P = 1.

    Attributes:
        density_a_per_m2: J, a number or (ny, nx).
        polarisation: p, (3,) or (3, ny, nx).
        asymmetry: Lambda.
        epsilon_prime: eps'.
    """

    density_a_per_m2: Array
    polarisation: Array
    asymmetry: float
    epsilon_prime: float


def spin_current(torques: Sequence[SpinTorque], film: Film) -> SpinCurrent:
    """The one spin current that does what `torques` do together; none at all is a current of zero.

    Raises:
        UserError: torques that do not add up to one of the programs' form: several with an asymmetry or with different
            field-like ratios, or a field-like part that has an asymmetry.
    """
    per_tesla = 2 * ELECTRON_CHARGE * film.saturation_magnetization_a_per_m * film.thickness_m / HBAR
    acting = [torque for torque in torques if np.any(torque.field_t)]
    if not acting:
        return SpinCurrent(np.array(0.0), np.array([0.0, 0.0, 1.0]), 1.0, 0.0)
    ratio, asymmetry = acting[0].field_like_ratio, acting[0].asymmetry
    if asymmetry != 1 and ratio != 0:
        raise UserError(
            f"a torque with asymmetry {asymmetry:g} and field-like ratio {ratio:g} has no equal in mumax3 and OOMMF",
            "Their field-like part knows no asymmetry: leave one of the two out",
        )
    if len(acting) == 1:
        torque = acting[0]
        return SpinCurrent(
            per_tesla * np.asarray(torque.field_t), np.asarray(torque.polarisation), asymmetry, ratio / 2
        )
    if any(torque.asymmetry != 1 or torque.field_like_ratio != ratio for torque in acting):
        raise UserError(
            "the torques differ in their field-like ratio, or have an asymmetry: mumax3 and OOMMF know one torque",
            "Export them one by one",
        )
    pulls = [_whole(torque.field_t, 2) * _whole(torque.polarisation, 3) for torque in acting]
    pull = np.sum(np.broadcast_arrays(*pulls), axis=0)
    size: Array = np.sqrt((pull**2).sum(axis=0))
    up = np.array([0.0, 0.0, 1.0])[:, None, None]
    polarisation = np.where(size > 0, pull / np.where(size > 0, size, 1), up)
    if size.shape == (1, 1):
        return SpinCurrent(per_tesla * size[0, 0], polarisation[:, 0, 0], 1.0, ratio / 2)
    return SpinCurrent(per_tesla * size, polarisation, 1.0, ratio / 2)


def _whole(value: object, dimensions: int) -> Array:
    """A number or vector with axes of length one for the cells it stands for."""
    array = np.asarray(value, dtype=np.float64)
    return array if array.ndim == dimensions else array[..., None, None]


def wall_experiment(
    device: WallDevice, currents_a: Sequence[float], convention: TorqueConvention, cell_m: float = 1e-9
) -> Experiment:
    """The device with its wall at rest, placed in the middle before, then under each current for 2 ns.

    Where the well is flat the wall stands as the solver leaves it when no torque above 1 mT is left.

    Raises:
        UserError: no currents, or a mesh or device that is not valid.
    """
    drives = tuple(
        Drive(
            label=f"{current * 1e6:+g}uA",
            about=f"{current * 1e6:+g} uA at the input, {device.bias_current_a * 1e6:g} uA of bias beside it",
            torques=system(device, current, convention, cell_m).torques,
            on_s=DURATION_S,
        )
        for current in currents_a
    )
    at_rest = replace(system(device, 0.0, convention, cell_m), torques=())
    placed = wall(at_rest.mesh, device.length_m / 2, device.film.wall_width_m, left=device.left_domain)
    start = relax(at_rest, placed, torque_tolerance_t=REST_T).m
    return Experiment(device.name, f"domain-wall device, torque by convention {convention}", at_rest, start, drives)


@dataclass(frozen=True)
class Files:
    """Where an experiment's files go."""

    experiment: Experiment
    folder: Path

    def stem(self, drive: Drive) -> str:
        """A drive's script without its ending."""
        return f"{self.experiment.name}_{drive.label}"

    def field(self, name: str, values: Array, unit: str) -> str:
        """Write a vector, (3,) or (3, ny, nx), or a scalar (ny, nx) as its z component, as OVF 2.0; the file's name."""
        mesh, zero = self.experiment.system.mesh, np.zeros_like(values)
        if values.ndim == 2:
            values = np.stack([zero, zero, values])
        whole = np.broadcast_to(_whole(values, 3), (3, *mesh.shape))
        thickness_m, title = self.experiment.system.film.thickness_m, Path(name).stem.replace("+", "")
        write_ovf(self.folder / name, whole, mesh, thickness_m, title=title, unit=unit)
        return name

    def start(self) -> str:
        """Write the first state; cells without material point up, since OOMMF wants a direction everywhere."""
        up = np.array([0.0, 0.0, 1.0])[:, None, None]
        return self.field("start.ovf", np.where(self.experiment.system.inside, self.experiment.start, up), "1")


def write_scripts(
    experiment: Experiment,
    folder: str | Path,
    ending: str,
    setting: Callable[[Files], list[str]],
    script: Callable[[Files, Drive, list[str]], list[str]],
    readme: str,
    **words: object,
) -> list[Path]:
    """Write one script for each drive, what all share, and a README.txt; returns the scripts.

    Args:
        setting: lines that all drives share.
        script: a drive's lines, from those.
        readme: with {name}, {about}, {first} and {first_stem} to be filled in, and with `words`.

    Raises:
        UserError: the folder cannot be written; and as `setting` and `script`.
    """
    files = Files(experiment, output_folder(folder))
    shared = setting(files)
    scripts = []
    for drive in experiment.drives:
        scripts.append(files.folder / f"{files.stem(drive)}.{ending}")
        write_text(scripts[-1], "\n".join(script(files, drive, shared)) + "\n")
    first = {"first": scripts[0].name, "first_stem": scripts[0].stem}
    text = readme.format(name=experiment.name, about=experiment.about, **first, **words)
    write_text(files.folder / "README.txt", text)
    return scripts
