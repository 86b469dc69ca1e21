"""A way to lose what a device holds: the barrier before it, and the mean time until heat carries it over."""

from dataclasses import dataclass
from typing import Any

from spingan.physics.energy_path import EnergyPath, Lifetime


@dataclass(frozen=True, eq=False)
class Escape:
    """A way to lose what a device holds.

    Attributes:
        what: in words.
        path: of the film at the temperature.
        time: how long it takes in the mean.
        cell_m: of the solver.
        collapse: whether a skyrmion vanishes in the film: its barrier grows as cells shrink.
    """

    what: str
    path: EnergyPath
    time: Lifetime
    cell_m: float
    collapse: bool = False

    def row(self) -> dict[str, Any]:
        """In JSON's types; a time beyond what a float holds is None."""
        time = self.time
        return {
            "escape": self.what,
            "barrier_j": time.barrier_j,
            "barrier_ev": time.barrier_ev,
            "barrier_kt": time.barrier_kt,
            "retention_s": time.mean_s,
            "retention_s_interval": [time.low_s, time.high_s],
            "attempt_frequency_hz": [time.frequency.low_hz, time.frequency.usual_hz, time.frequency.high_hz],
            "attempt_frequency_source": time.frequency.source,
            "saddle_torque_t": self.path.torque_t,
            "cell_nm": self.cell_m * 1e9,
        }

    def line(self) -> str:
        """For a person."""
        time = self.time
        return (
            f"{self.what}: {time.barrier_j:.3g} J, {time.barrier_ev:.3g} eV, {time.barrier_kt:.3g} kT; mean time "
            f"{time.mean_s:.2g} s, {time.low_s:.2g} to {time.high_s:.2g} s for {time.frequency.high_hz:.0e} to "
            f"{time.frequency.low_hz:.0e} attempts a second"
        )
