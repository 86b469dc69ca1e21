"""What each real term of the skyrmion synapse is worth, at both working points, by the Thiele model without heat noise.

The write current runs across the stack: it meets no shunt and no convention of the spin-orbit torque. The read current
spreads through the heavy metal below to a ring at the disc's edge. There its resistance is in series with the junction,
and its spin current, polarised round the disc, pushes skyrmions along the radius as the printed write does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spingan.devices.real_terms import RANDOM, ReadSpreading, SynapseTerms
from spingan.devices.skyrmion_synapse import SkyrmionSynapse, covered_share, disc_mesh, polarisation
from spingan.devices.skyrmion_synapse_heat import WORKING_POINTS, film_at, in_film, working_device
from spingan.devices.skyrmion_synapse_run import (
    STEP_S,
    SWEEP_STEP_S,
    Bench,
    Operation,
    bench,
    in_threads,
    operate,
    pulse_energy,
)
from spingan.errors import UserError
from spingan.physics import thiele
from spingan.physics.film_temperature import COBALT_ON_PLATINUM
from spingan.physics.grains import grain_factors
from spingan.physics.heavy_metal import disc_contact_ohm, heavy_metal_share
from spingan.physics.mesh import Array
from spingan.physics.mtj import conductance_per_area
from spingan.physics.skyrmion_calibration import SkyrmionCalibration
from spingan.physics.spin_torque import spin_orbit_torque
from spingan.progress import Progress, no_progress
from spingan.tabular import rounded

CELL_M = 2e-9  # of the landscape, as `skyrmion_synapse.ground`
NONE, ALL = "none", "all, without disorder"
FIGURES = (
    "skyrmions_in", "skyrmions_left", "skyrmions_lost", "lowest_conductance_s", "span_s", "read_moves",
    "read_displacement_nm", "pulse_energy_j", "temperature_k",
)  # fmt: skip
"""Skyrmions under the junction after potentiation and at the end, and lost over the edge; conductance before, and what
potentiation adds; skyrmions that one read moves over the junction's rim at half way, and how far it moves the mean one;
energy of a pulse; film."""


@dataclass(frozen=True)
class SynapseEffect:
    """A synapse with one term on: `figures` are means over `devices`, `change` is from the synapse without terms.

    `deviation` is the standard deviation over the devices, None where they are equal; `note` says what failed.
    """

    synapse: str
    term: str
    figures: Mapping[str, float | None]
    change: Mapping[str, float | None]
    deviation: Mapping[str, float | None] | None
    devices: int
    note: str
    source: str

    def row(self) -> dict[str, Any]:
        """In JSON's types."""
        own = {name: rounded(value) for name, value in self.figures.items()}
        return {"synapse": self.synapse, "term": self.term} | own | {
            "change": dict(self.change), "deviation": None if self.deviation is None else dict(self.deviation),
            "devices": self.devices, "note": self.note, "source": self.source,
        }  # fmt: skip


def seen_conductance_s(
    device: SkyrmionSynapse, skyrmions: float, reversed_area_m2: float, terms: SynapseTerms
) -> float:
    """Conductance of the junction over a number of skyrmions, with the TMR's fall and the heavy metal in series.

    Raises:
        UserError: A fall of the TMR without a read voltage.
    """
    read, fall = terms.three_terminals, terms.tmr_fall
    if fall is not None and read is None:
        raise UserError("tmr_fall needs the read voltage of three_terminals", "Give that group, too")
    bias_v, half_v = (read.read_v, fall.half_bias_voltage_v) if read is not None and fall is not None else (0.0, None)
    up, down = conductance_per_area(
        np.array([1.0, -1.0]), device.ra_parallel_ohm_m2, device.junction_polarization, bias_v, half_v
    )
    area = device.detector_area_m2
    junction_s = float(down * area + (up - down) * skyrmions * reversed_area_m2)
    if read is None:
        return junction_s
    sheet = sheet_ohm(device, read, terms)
    return 1 / disc_contact_ohm(sheet, area / junction_s, device.detector_radius_m, device.radius_m)


def sheet_ohm(device: SkyrmionSynapse, read: ReadSpreading, terms: SynapseTerms) -> float:
    """Sheet resistance of what carries the read current: the heavy metal and, with the shunt, the magnet."""
    return read.metal_resistivity_ohm_m / read.metal_thickness_m * metal_share(device, read, terms)


def metal_share(device: SkyrmionSynapse, read: ReadSpreading, terms: SynapseTerms) -> float:
    """The heavy metal's part of a current in the plane."""
    if terms.shunt is None:
        return 1.0
    return heavy_metal_share(
        read.metal_thickness_m,
        read.metal_resistivity_ohm_m,
        device.film.thickness_m,
        terms.shunt.magnet_resistivity_ohm_m,
    )


def read_torque_t(device: SkyrmionSynapse, conductance_s: float, read: ReadSpreading, share: float) -> float:
    """Damping-like torque field of the read current in the heavy metal at the junction's rim, in T."""
    section_m2 = 2 * np.pi * device.detector_radius_m * read.metal_thickness_m
    density = read.read_v * conductance_s * share / section_m2
    torque = spin_orbit_torque(density, read.spin_hall_angle, device.film, (1.0, 0.0, 0.0))
    return float(np.asarray(torque.field_t))


def _read_moves(at: Bench, done: Operation, terms: SynapseTerms, read: ReadSpreading) -> tuple[float, float]:
    """What one read changes at half way, against the same time without one.

    Returns:
        Skyrmions under the junction, and the mean displacement in metres.
    """
    device, shape = at.device, at.calibration.texture
    half = int(np.argmin(np.abs(done.number[done.rising] - done.potentiated / 2)))
    conductance = seen_conductance_s(device, float(done.number[half]), shape.reversed_area_m2, terms)
    torque = read_torque_t(device, conductance, read, metal_share(device, read, terms))
    steps = max(1, round(read.read_s / STEP_S))
    round_the_disc = polarisation(replace(device, polarisation_angle_rad=0.0), at.calibration)
    there = done.run.alive[half]

    def places_after(field_t: float) -> Array:
        run = thiele.run(
            at.skyrmion, done.run.positions_m[half], np.full(steps, field_t), STEP_S, polarisation=round_the_disc,
            ground=at.ground, every=steps, alive=there,
        )  # fmt: skip
        return run.positions_m[-1][there]

    read_out, left_alone = places_after(torque), places_after(0.0)
    radius = np.sqrt(shape.reversed_area_m2 / np.pi)
    moved = covered_share(device, read_out, radius).sum() - covered_share(device, left_alone, radius).sum()
    return abs(float(moved)), float(np.linalg.norm(read_out - left_alone, axis=1).mean())


def _figures(
    device: SkyrmionSynapse, calibration: SkyrmionCalibration, terms: SynapseTerms, seed: int, number: int | None
) -> dict[str, float | None]:
    """The headline figures of an instance, or of the nominal synapse."""
    temperature_k = COBALT_ON_PLATINUM.reference_k
    if terms.heat is not None:
        power_w = pulse_energy(device).perpendicular_j / device.pulse_width_s
        temperature_k = terms.heat.ambient_k + terms.heat.thermal_resistance_k_per_w * power_w
        device, calibration = film_at(device, calibration, temperature_k, COBALT_ON_PLATINUM)
    grains: Array | None = None
    if number is not None and terms.spread is not None:
        normal = np.random.default_rng([seed, number, 0]).standard_normal(2)
        factor, dmi = 1 + normal * (terms.spread.anisotropy_deviation, terms.spread.dmi_deviation)
        film = replace(
            device.film,
            anisotropy_j_per_m3=device.film.anisotropy_j_per_m3 * float(factor),
            interfacial_dmi_j_per_m2=device.film.interfacial_dmi_j_per_m2 * float(dmi),
        )
        device, calibration = in_film(device, calibration, film, f"of device {number}")
    if number is not None and terms.grains is not None:
        generator = np.random.default_rng([seed, number, 1])
        grid = disc_mesh(device, CELL_M)
        grains = grain_factors(grid, terms.grains.size_m, terms.grains.anisotropy_deviation, generator)
    at = bench(device, calibration, grains)
    done = operate(at, step_s=SWEEP_STEP_S)
    reversed_m2 = calibration.texture.reversed_area_m2
    low, high = (
        seen_conductance_s(device, float(count), reversed_m2, terms) for count in (done.number[0], done.potentiated)
    )
    read = terms.three_terminals
    moves, displacement_m = (None, None) if read is None else _read_moves(at, done, terms, read)
    values: dict[str, float | None] = {
        "skyrmions_in": done.potentiated,
        "skyrmions_left": float(done.number[-1]),
        "skyrmions_lost": float(done.lost),
        "lowest_conductance_s": low,
        "span_s": high - low,
        "read_moves": moves,
        "read_displacement_nm": None if displacement_m is None else displacement_m * 1e9,
        "pulse_energy_j": pulse_energy(device).perpendicular_j,
        "temperature_k": temperature_k,
    }
    return {name: values[name] for name in FIGURES}


def synapse_sensitivity(
    printed: SkyrmionSynapse,
    calibration: SkyrmionCalibration,
    terms: SynapseTerms,
    *,
    devices: int = 4,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> list[SynapseEffect]:
    """What each term is worth at both working points; a term that fails says why in its note.

    `tmr_fall` and `shunt` act on the read, and are shown with `three_terminals` on; their change is from that.

    Args:
        devices: instances of each random term, by `seed`.
        workers: threads.
        progress: called with (what, done, total).

    Raises:
        UserError: Fewer than two devices, or no term.
    """
    if devices < 2:
        raise UserError(f"{devices} device has no spread", "Give 2 or more; 4 are usual")
    if not terms.names:
        raise UserError("no term of a real device is on", "Name one at least")
    variants: dict[str, SynapseTerms] = {NONE: SynapseTerms()}
    for name in ("three_terminals", *(term for term in terms.names if term != "three_terminals")):
        on = ("three_terminals", name) if name in ("tmr_fall", "shunt") else (name,)
        if name in terms.names:
            variants[name] = terms.only(*on)
    if len(terms.names) > 1:
        variants[ALL] = terms.only(*(name for name in terms.names if name not in RANDOM))
    tasks = [
        (synapse, name, number)
        for synapse in WORKING_POINTS
        for name, chosen in variants.items()
        for number in (range(devices) if chosen.random else (None,))
    ]

    def one(task: tuple[str, str, int | None]) -> dict[str, float | None] | str:
        synapse, name, number = task
        try:
            return _figures(working_device(synapse, printed), calibration, variants[name], seed, number)
        except UserError as error:
            return error.problem

    found = in_threads(one, tasks, workers, "synapses", progress)
    effects: list[SynapseEffect] = []
    for synapse in WORKING_POINTS:
        rows: dict[str, SynapseEffect] = {}
        for name, chosen in variants.items():
            results = [done for task, done in zip(tasks, found, strict=True) if task[:2] == (synapse, name)]
            before = "three_terminals" if name in ("tmr_fall", "shunt") and "three_terminals" in rows else NONE
            bare = rows[before].figures if rows else None
            source = getattr(chosen, name).source if name in terms.names else ""
            rows[name] = _effect(synapse, name, results, bare, chosen.random, source)
        effects += rows.values()
    return effects


def _effect(
    synapse: str,
    name: str,
    results: Sequence[dict[str, float | None] | str],
    bare: Mapping[str, float | None] | None,
    random: bool,
    source: str,
) -> SynapseEffect:
    whole = [one for one in results if not isinstance(one, str)]
    figures: dict[str, float | None] = {}
    deviation: dict[str, float | None] = {}
    for figure in FIGURES:
        values = [value for one in whole if (value := one[figure]) is not None]
        figures[figure] = float(np.mean(values)) if values else None
        deviation[figure] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    base = figures if bare is None else bare
    change = {
        figure: None if (value := figures[figure]) is None or (was := base[figure]) is None else value - was
        for figure in FIGURES
    }
    note = next((one for one in results if isinstance(one, str)), "")
    return SynapseEffect(synapse, name, figures, change, deviation if random else None, len(results), note, source)
