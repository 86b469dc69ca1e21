"""A device from outside the package: a magnetic tunnel junction with a domain wall, from four numbers of its physics.

Run it: python examples/05_own_device_plugin.py [FOLDER]     (seconds, without network; FOLDER is by default my_plugin)

A wall between the two junction electrodes' domains moves a step with each pulse, so that the conductance lies between
that of the antiparallel and of the parallel state (Julliere). Here the device is used as an object. A package that
brings it under a name, for everybody who installs the package, says in its pyproject.toml

    [project.entry-points."spingan.devices"]
    mtj-wall = "my_package:MTJ"

and then `spingan device list` shows it and `spingan.build_technology(synapse="mtj-wall")` knows it.
"""

import sys
from dataclasses import dataclass

import torch
from torch import nn

import spingan
from spingan.nn.chip import program_chip
from spingan.spec.synapse import Read, Synapse, Write
from spingan.tabular import Figure


@dataclass(frozen=True)
class WallJunction:
    """A junction over a track: its free layer is parallel as far as a domain wall has come.

    G = (G_P x + G_AP (L - x)) / L with the wall at x: both domains conduct side by side. G_P = area / RA, and
    G_AP = G_P (1 - P²) / (1 + P²) by Julliere's ratio (M. Julliere, Phys. Lett. A 54, 225 (1975)). A pulse moves the
    wall by velocity times width, and heats the track by I² R t.
    """

    length_m: float = 320e-9
    width_m: float = 40e-9
    ra_parallel_ohm_m2: float = 10e-12  # 10 ohm µm²: an MgO barrier
    polarization: float = 0.6
    wall_velocity_m_per_s: float = 10.0
    pulse_s: float = 0.5e-9
    pulse_a: float = 20e-6
    track_ohm: float = 1.0e3
    name: str = "mtj-wall"
    about: str = "a tunnel junction over a track with a domain wall, from its physics"

    @property
    def conductances_s(self) -> tuple[float, float]:
        """Antiparallel and parallel."""
        parallel = self.length_m * self.width_m / self.ra_parallel_ohm_m2
        return parallel * (1 - self.polarization**2) / (1 + self.polarization**2), parallel

    @property
    def states(self) -> int:
        """As many as the pulses that bring the wall from one end to the other, and one."""
        return round(self.length_m / (self.wall_velocity_m_per_s * self.pulse_s)) + 1

    def characterise(self, *, seed=0, workers=1, progress=None) -> Synapse:
        """Its levels: this physics is a formula, so there is nothing to simulate for long."""
        low, high = self.conductances_s
        step = (high - low) / (self.states - 1)
        same = (step,) * self.states
        return Synapse(
            name="mtj_wall",
            basis="simulated",
            conductance=tuple(low + step * level for level in range(self.states)),
            step_up=same,
            step_down=same,
            write=Write(
                pulse_width_s=self.pulse_s, energy_j=self.pulse_a**2 * self.track_ohm * self.pulse_s,
                energy_per="pulse", access="bidirectional",
            ),
            read=Read(voltage_v=0.05, time_s=5e-9, law="linear"),
            area_m2=self.length_m * self.width_m,
            source="examples/05_own_device_plugin.py",
            provenance="closed form: Julliere's ratio, a wall of constant velocity",
            notes=("Spread, noise and retention are unknown: this formula does not know them.",),
        )  # fmt: skip

    def to_synapse(self) -> Synapse:
        """The same."""
        return self.characterise()

    def figures(self) -> list[Figure]:
        """What it is in numbers."""
        low, high = self.conductances_s
        return [
            Figure("levels", self.states, "1"),
            Figure("lowest conductance", low * 1e6, "µS"),
            Figure("highest conductance", high * 1e6, "µS"),
            Figure("TMR", high / low - 1, "1"),
        ]


def small_generator() -> nn.Sequential:
    """A generator of 8 x 8 pictures from 16 numbers; its weights are random, as nothing is trained here."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.ConvTranspose2d(16, 32, 4), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Tanh()
    )


def main(folder: str = "my_plugin") -> float:
    """Physics to technology to chip; returns how far the chip's pictures are from the float net's, root mean square."""
    device = WallJunction()
    for figure in device.figures():
        print(f"{figure.quantity}: {figure.value:.4g} {figure.unit}")

    # 1. The device and paper S's published activation become a technology, in one call, and files that load again.
    technology = spingan.build_technology(
        synapse=device,
        activations={"relu": "relu-published"},
        name="mtj-wall",
        encoding="differential_pair",
        gain="column",
    )
    files = spingan.write_technology(technology, folder)
    assert spingan.load_technology(folder) == technology
    print(*files, sep="\n")

    # 2. A small net in that technology, on one chip.
    net = small_generator()
    latent = torch.randn(64, 16, 1, 1, generator=torch.Generator().manual_seed(1))
    conversion = spingan.convert(net, technology, example_input=latent)
    for row in conversion.rows:
        print(f"{row.layer} {row.type}: {row.kind}, {row.detail}")
    chip = program_chip(conversion.model, technology)
    with torch.no_grad():
        expected, found = net(latent), chip(latent)
    error = float(((expected - found) ** 2).mean().sqrt() / expected.std())
    print(f"chip of {technology.synapse.states} levels: {error:.2%} of the pictures' spread, root mean square")
    return error


if __name__ == "__main__":
    main(*sys.argv[1:2])
