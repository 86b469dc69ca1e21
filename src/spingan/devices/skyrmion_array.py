"""Skyrmion synapses for arrays: paper S's in siemens, and the designed one behind a barrier that an array can read.

A junction's resistance is RA / area. The barrier's thickness sets RA over decades without touching the film below:
CoFeB/MgO junctions are published from 4.4 Ω·µm² (arXiv abstract "Current induced resistance change of magnetic tunnel
junctions with ultra-thin MgO tunnel barriers") to 176 kΩ·µm² (2.8 nm of MgO; "Electric field-induced magnetization
switching in CoFeB/MgO magnetic tunnel junctions with high junction resistance", its abstract).
"""

import math

import numpy as np

from spingan.devices.device import StoredSynapse
from spingan.devices.published import CURVES, PULSES_NOTE, skyrmion_synapse
from spingan.devices.skyrmion_synapse import PRINTED
from spingan.physics.constants import BOLTZMANN, ELECTRON_CHARGE
from spingan.physics.mesh import Array
from spingan.physics.mtj import conductance_per_area
from spingan.spec.files import read_synapse
from spingan.spec.synapse import LEVEL_FIELDS, Read, Synapse

DETECTOR_RADIUS_M = 110e-9  # "220 nm post-synapse", paper S, III-A, read as a diameter: docs/derivations.md, section 2
READ_V, PUBLISHED_READ_S = 0.1, 1e-9  # assumed: docs/derivations.md, section 2
TEMPERATURE_K = 300.0  # "room temperature": paper S, IV-C

ARRAY_RA_OHM_M2 = 4e-9  # 4,000 Ω·µm², 2,000 times the published one: 128 rows lose less than 5 % (technology show)
ARRAY_READ_S = 20e-9  # so that the junction's own noise stays at that of the wandering skyrmions: assumed


def published_in_siemens() -> Synapse:
    """Paper S's synapse with the conductances that its junction would have: all antiparallel to all parallel.

    This favours the paper: 220 nm is taken as a diameter, and 64 skyrmions turn the whole junction. By their calibrated
    size they turn 31 % of it.
    """
    area_m2 = math.pi * DETECTOR_RADIUS_M**2
    cosine = np.linspace(-1, 1, 64)  # 6 bits, linear: paper S, III-A
    levels = conductance_per_area(cosine, PRINTED.ra_parallel_ohm_m2, PRINTED.junction_polarization) * area_m2
    printed = skyrmion_synapse()
    return printed.model_copy(
        update={
            "name": "skyrmion_published_siemens",
            "basis": "simulated",
            "conductance": _rounded(levels),
            "read": Read(voltage_v=READ_V, time_s=PUBLISHED_READ_S),
            "area_m2": float(f"{PRINTED.area_m2:.6g}"),
            "provenance": "spingan.devices.skyrmion_array: printed values, on a junction of 2 Ω·µm² and 220 nm across",
            "notes": (
                "Gmin and Gmax are not printed. Assumed: the junction of the domain-wall devices (RA 2 Ω·µm², P "
                "0.614), 220 nm across, and 64 skyrmions that turn all of it; 220 nm as its radius make 34 to 76 mS.",
                "Assumed: a read of 0.1 V for 1 ns (docs/derivations.md, section 2).",
                PULSES_NOTE,
                "Noise, spread, faults and retention are not printed: unknown.",
            ),
        }
    )


def junction_noise_s(conductance_s: Array, voltage_v: float, time_s: float, temperature_k: float) -> Array:
    """Standard deviation, in siemens, of a junction's conductance as one read finds it; of any shape.

    Its current's spectral density is 2 e I coth(eV / 2kT): thermal noise at low bias, shot noise at high [1]. A mean
    over t has the bandwidth 1 / 2t, so that σ² = e G coth(eV / 2kT) / (V t).

    [1] Rogovin and Scalapino, Ann. Phys. 86, 1 (1974); from memory, the textbook form.
    """
    swing = ELECTRON_CHARGE * voltage_v / (2 * BOLTZMANN * temperature_k)
    return np.sqrt(ELECTRON_CHARGE * np.asarray(conductance_s) / (math.tanh(swing) * voltage_v * time_s))


def behind_barrier(
    synapse: Synapse, name: str, ra_ohm_m2: float = ARRAY_RA_OHM_M2, read_s: float = ARRAY_READ_S
) -> Synapse:
    """The same skyrmion device with a junction of another resistance-area product.

    All that is in siemens shrinks together, and the junction's own noise is added. Of the read only voltage and time
    are then known: law, disturb and leakage were those of the other junction.

    Raises:
        UserError: The synapse has no siemens.
    """
    synapse.require_siemens("a junction of another resistance-area product")
    factor = PRINTED.ra_parallel_ohm_m2 / ra_ohm_m2
    scaled = {
        field: _rounded(np.asarray(values) * factor)
        for field in ("conductance", *LEVEL_FIELDS)
        if not field.endswith("_j") and (values := getattr(synapse, field)) is not None
    }
    ends = {
        field: value * factor
        for field in ("minimum_conductance_s", "maximum_conductance_s")
        if (value := getattr(synapse.spread, field)) is not None
    }
    own = junction_noise_s(np.asarray(scaled["conductance"]), READ_V, read_s, TEMPERATURE_K)
    wandering = np.asarray(synapse.read_noise_s or synapse.read.noise_s or 0.0) * factor
    return synapse.model_copy(
        update={
            **scaled,
            "spread": synapse.spread.model_copy(update=ends),
            "ensemble": synapse.ensemble and synapse.ensemble.model_copy(update={"read_noise_interval_s": None}),
            "name": name,
            "read_noise_s": _rounded(np.hypot(wandering, own)),
            "read": Read(voltage_v=READ_V, time_s=read_s),
            "provenance": f"spingan.devices.skyrmion_array, from {synapse.name}: {synapse.provenance}",
            "notes": (
                f"Resistance-area product {ra_ohm_m2 * 1e12:,.0f} Ω·µm² in place of 2, by a thicker barrier; its TMR "
                "is taken as the same. The module names published junctions from 4.4 Ω·µm² to 176 kΩ·µm².",
                f"Read noise: skyrmions that wander, and the junction's thermal and shot noise at {READ_V:g} V in "
                f"{read_s * 1e9:g} ns. Assumed: both of them.",
                "Write currents bypass the junction (a third contact): through its barrier they would need "
                f"{PRINTED.current_density_a_per_m2 * ra_ohm_m2:,.0f} V.",
                *synapse.notes,
            ),
        }
    )


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def designed_array() -> Synapse:
    """The designed synapse behind a barrier of `ARRAY_RA_OHM_M2`."""
    return behind_barrier(read_synapse(CURVES / "skyrmion_designed.csv"), "skyrmion_designed_array")


PUBLISHED_IN_SIEMENS = StoredSynapse(
    "skyrmion-synapse-published-siemens", "paper S's synapse on the junction that it leaves open", published_in_siemens
)
DESIGNED_ARRAY = StoredSynapse(
    "skyrmion-synapse-designed-array", "the designed synapse behind a barrier that arrays can read", designed_array
)
