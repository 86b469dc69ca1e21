"""A wall device with what is real about it (`real_terms`), by the compact wall: currents, heat, pinning, disorder.

The wall settles, and what depends on its place (the junctions' currents along the heavy metal, the heat, and with them
the drive and the film) is computed again until both agree. The torque at the wall is that of the current under it,
weighted as the wall's moment is, by sech((x - q) / Δ).

Left out: the current's own spin torque inside the magnet; what heat does to resistances, the exchange bias and the
junctions; the spread of D from grain to grain; the read current's perpendicular torque (`device leaky-relu --with
read` has it).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from spingan.devices.real_terms import RealTerms
from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_curve import Slopes, fit_slopes, heavy_metal_current_a
from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_system import mesh
from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.film_temperature import COBALT_ON_PLATINUM, TemperatureLaw
from spingan.physics.grains import edge_m, grain_factors, width_anisotropy_j_per_m3
from spingan.physics.heavy_metal import TerminalCurrents, heavy_metal_share, three_terminals
from spingan.physics.mesh import Array
from spingan.physics.mtj import conductance_per_area
from spingan.physics.wall import WallConstants, WallModel, WallState, magnetisation_z, rest_state, settle

with needs("the physics of devices"):
    from scipy.optimize import root_scalar

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)  # across a junction, as the compact wall's own energy
AGREED = 1e-5  # of the larger of the currents, between two rounds: a thousandth of a nanometre of the wall's place
AGREED_K = 1e-2
MOST_ROUNDS = 200
SLOWEST = 1 / 32  # of a step between two rounds
AFTER = 1e-6  # T: how exactly a pinned wall's field is found


@dataclass(frozen=True, eq=False)
class RealWall:
    """A device with its terms, and with its disorder drawn.

    Attributes:
        model: the compact wall at the ambient temperature, disorder and all.
        device: with the TMR's fall.
        number: of the instance, None for the nominal device.
    """

    device: WallDevice
    model: WallModel
    terms: RealTerms
    convention: TorqueConvention
    law: TemperatureLaw
    number: int | None

    @property
    def share(self) -> float:
        """The heavy metal's part of the current."""
        shunt, device = self.terms.shunt, self.device
        if shunt is None:
            return 1.0
        return heavy_metal_share(
            device.heavy_metal_thickness_m,
            device.heavy_metal_resistivity_ohm_m,
            device.film.thickness_m,
            shunt.magnet_resistivity_ohm_m,
        )

    @property
    def column_ohm(self) -> float:
        """Resistance of heavy metal and magnet together along one column."""
        return self.device.heavy_metal_resistance_ohm * self.share / len(self.model.anisotropy_j_per_m3)

    @property
    def read_v(self) -> float:
        """Voltage of the fixed layers over ground: a positive read voltage draws current from the track."""
        terminals = self.terms.three_terminals
        return -self.device.read_voltage_v * (1 if terminals is None else terminals.polarity)

    @property
    def ambient_k(self) -> float:
        """Temperature without a current."""
        return self.law.reference_k if self.terms.heat is None else self.terms.heat.ambient_k

    @cached_property
    def x_m(self) -> Array:
        """(n,) the columns' centres."""
        return np.asarray((np.arange(len(self.model.anisotropy_j_per_m3)) + 0.5) * self.model.cell_m, dtype=np.float64)

    def columns_s(self, state: WallState, potential_v: Array | float) -> Array:
        """Conductance (n,) of all junctions over each column, under a wall, at the track's potential."""
        device, model = self.device, self.model
        total = np.zeros(len(self.x_m))
        for detector in device.detectors:
            y_m = (detector.y0_m + detector.y1_m + _NODES * (detector.y1_m - detector.y0_m)) / 2
            seen = device.left_domain * magnetisation_z(model, state, self.x_m[None, :], y_m[:, None])
            cosine = _WEIGHTS @ seen / 2
            edges = np.arange(len(self.x_m) + 1) * model.cell_m
            covered = np.clip(
                np.minimum(edges[1:], detector.x1_m) - np.maximum(edges[:-1], detector.x0_m), 0.0, model.cell_m
            )
            per_area = conductance_per_area(
                cosine, device.ra_parallel_ohm_m2, device.polarization, self.read_v - potential_v + 0 * cosine,
                device.half_bias_voltage_v,
            )  # fmt: skip
            total += per_area * covered * (detector.y1_m - detector.y0_m)
        return total


@dataclass(frozen=True, eq=False)
class RealPoint:
    """A device with one input.

    Attributes:
        currents: of the terminals; without the term `three_terminals` the junctions' current goes elsewhere, and the
            right end's is the left one's.
        temperature_k: of the film.
        power_w: drive and read.
        read_v: between the fixed layers and ground.
    """

    current_a: float
    state: WallState
    currents: TerminalCurrents
    temperature_k: float
    power_w: float
    read_v: float

    @property
    def kept(self) -> bool:
        """Whether there still is a wall."""
        return self.state.kept

    @property
    def conductance_s(self) -> float:
        """Read current over read voltage, in siemens; nan without a wall."""
        return self.currents.read_a / self.read_v if self.kept else math.nan


def real_wall(
    device: WallDevice,
    terms: RealTerms,
    convention: TorqueConvention,
    constants: WallConstants,
    *,
    seed: int = 0,
    number: int | None = None,
    law: TemperatureLaw = COBALT_ON_PLATINUM,
) -> RealWall:
    """A device with its terms: instance `number` of those that `seed` draws, or the nominal one without disorder.

    Each random term has draws of its own, so that one term more or less does not change the others'.

    Raises:
        UserError: A read voltage of 0, a film that the terms leave no perpendicular magnetisation, and as
            `compact_model`.
    """
    if device.read_voltage_v == 0:
        raise UserError(f"{device.name}: the read voltage is 0", "Give read_voltage_v in the device's file")
    if terms.tmr_fall is not None and device.half_bias_voltage_v is None:
        device = replace(device, half_bias_voltage_v=terms.tmr_fall.half_bias_voltage_v)
    model = compact_model(device, constants=constants)
    if terms.heat is not None and terms.heat.ambient_k != law.reference_k:
        model = at_temperature(model, law, terms.heat.ambient_k)
    if number is not None:
        model = _disordered(device, model, terms, seed, number)
    return RealWall(device, model, terms, convention, law, number)


def _disordered(device: WallDevice, model: WallModel, terms: RealTerms, seed: int, number: int) -> WallModel:
    """The compact wall of an instance: the spread of the whole film, its grains, its edges."""
    film, anisotropy = model.film, model.anisotropy_j_per_m3
    if terms.spread is not None:
        normal = np.random.default_rng([seed, number, 0]).standard_normal(2)
        factor, dmi = 1 + normal * (terms.spread.anisotropy_deviation, terms.spread.dmi_deviation)
        film = replace(
            film,
            anisotropy_j_per_m3=film.anisotropy_j_per_m3 * float(factor),
            interfacial_dmi_j_per_m2=film.interfacial_dmi_j_per_m2 * float(dmi),
        )
        anisotropy = anisotropy * factor
    if terms.grains is not None:
        anisotropy = anisotropy * grain_map(device, terms, model.cell_m, seed, number).mean(axis=0)
    if terms.edges is not None:
        generator = np.random.default_rng([seed, number, 2])
        rough = (model.cell_m, terms.edges.rms_m, terms.edges.correlation_m, generator)
        upper, lower = (edge_m(len(anisotropy), *rough) for _ in range(2))
        anisotropy = width_anisotropy_j_per_m3(film, anisotropy, 1 + (upper - lower) / device.width_m)
    return replace(model, film=film, anisotropy_j_per_m3=anisotropy)


def grain_map(device: WallDevice, terms: RealTerms, cell_m: float, seed: int, number: int) -> Array:
    """Factors (ny, nx) on the anisotropy of an instance, cell by cell; 1 without grains.

    Raises:
        UserError: As `grain_factors`, or cells that do not fill the track.
    """
    grid = mesh(device, cell_m)
    if terms.grains is None:
        return np.ones(grid.shape)
    generator = np.random.default_rng([seed, number, 1])
    return grain_factors(grid, terms.grains.size_m, terms.grains.anisotropy_deviation, generator)


def at_temperature(model: WallModel, law: TemperatureLaw, temperature_k: float) -> WallModel:
    """The compact wall in the film of another temperature; the exchange bias stays.

    Raises:
        UserError: As `TemperatureLaw.film_at`.
    """
    film = law.film_at(model.film, temperature_k)
    ratio = film.anisotropy_j_per_m3 / model.film.anisotropy_j_per_m3
    return replace(model, film=film, anisotropy_j_per_m3=model.anisotropy_j_per_m3 * ratio)


def rest_point(wall: RealWall, current_a: float, start: WallState | float) -> RealPoint:
    """Where the device comes to rest with an input, from a wall at `start`.

    Raises:
        UserError: Wall and currents do not come to rest together, a temperature above the Curie point, and as `settle`.
    """
    device, terms = wall.device, wall.terms
    carried_a = heavy_metal_current_a(device, current_a, wall.convention)
    amperes = heavy_metal_current_a(device, 1.0 - device.bias_current_a, wall.convention)  # carried for one of input
    pinning_t = 0.0 if terms.pinning is None else terms.pinning.field_t
    terminals, heat = terms.three_terminals, terms.heat
    temperature_k, model, flowing_a = wall.ambient_k, wall.model, carried_a
    potential: Array | float = 0.0
    here: WallState | None = None
    pace, last = 1.0, np.zeros(2)
    for _ in range(MOST_ROUNDS):
        drive = drive_t(device, flowing_a * wall.share / amperes - device.bias_current_a, wall.convention)
        drive *= device.film.saturation_magnetization_a_per_m / model.film.saturation_magnetization_a_per_m
        here = _rest(model, drive, start, here, pinning_t)
        junction = wall.columns_s(here, potential)
        if terminals is None:
            currents = _apart(wall, carried_a, junction)
        else:
            currents = three_terminals(carried_a, wall.column_ohm, junction, wall.read_v, terminals.source_ohm)
        read_w = float(np.sum(junction * (wall.read_v - currents.potential_v) ** 2))
        point = RealPoint(current_a, here, currents, temperature_k, currents.heat_w + read_w, wall.read_v)
        if not here.kept or (terminals is None and heat is None):
            return point
        off_a = _under_wall_a(wall, here, currents) - flowing_a
        off_k = 0.0
        if heat is not None:
            warmed_w = currents.heat_w + heat.read_share * read_w
            off_k = wall.ambient_k + heat.thermal_resistance_k_per_w * warmed_w - temperature_k
        if abs(off_a) < AGREED * max(abs(carried_a), abs(currents.read_a)) and abs(off_k) < AGREED_K:
            return point
        off = np.array([off_a, off_k])
        if np.any((off * last < 0) & (np.abs(off) > np.abs(last) / 2)):  # it swings about the place where all agree
            pace = max(pace / 2, SLOWEST)
        last, potential = off, currents.potential_v
        flowing_a += pace * off_a
        if heat is not None:
            temperature_k += pace * off_k
            model = at_temperature(wall.model, replace(wall.law, reference_k=wall.ambient_k), temperature_k)
    raise UserError(
        f"{device.name} at {current_a * 1e6:+g} µA: wall and currents do not come to rest together",
        "Leave out three_terminals or heat, or give smaller currents",
    )


def _under_wall_a(wall: RealWall, state: WallState, currents: TerminalCurrents) -> float:
    """Current along the track under a wall, weighted as the torque on it is."""
    weight = 1 / np.cosh(np.clip((wall.x_m - state.position_m) / state.width_m, -50, 50))
    return float(weight @ currents.along_a / weight.sum())


def _apart(wall: RealWall, carried_a: float, junction: Array) -> TerminalCurrents:
    """Currents where the junctions' does not pass the heavy metal: as in the printed device."""
    return TerminalCurrents(
        along_a=np.full(len(junction), carried_a),
        potential_v=np.zeros(len(junction)),
        left_a=carried_a,
        read_a=float(junction.sum() * wall.read_v),
        right_a=carried_a,
        heat_w=carried_a**2 * wall.column_ohm * len(junction),
    )


def _rest(
    model: WallModel, drive: float, start: WallState | float, near: WallState | None, pinning_t: float
) -> WallState:
    """Where a wall from `start` rests; `near` is a rest state of nearly the same drive, from the round before."""
    if pinning_t == 0:
        return settle(model, drive, start) if near is None else rest_state(model, drive, near)
    begin_m = start.position_m if isinstance(start, WallState) else start

    def under(field_t: float) -> WallState:
        """With a field that pushes the wall to the right."""
        pushed = replace(model, field_t=(0.0, 0.0, model.left_domain * field_t))
        return settle(pushed, drive, start if near is None else near)

    ways = (-1, 1) if near is None or near.position_m >= begin_m else (1, -1)  # as in the round before, first
    ends: dict[int, WallState] = {}
    for way in ways:
        ends[way] = under(way * pinning_t)
        if way * (begin_m - _place_m(ends[way], model)) > 0:
            return ends[way]  # pushed there by more than the pinning: it stops where it is not
    return _held(under, begin_m, ends[-1] if ends[-1].kept else ends[1], pinning_t)


def _place_m(state: WallState, model: WallModel) -> float:
    """A wall that is lost lies beyond the end that it left by."""
    if state.kept:
        return state.position_m
    return -math.inf if state.position_m < model.length_m / 2 else math.inf


def _held(under: Callable[[float], WallState], begin_m: float, near: WallState, pinning_t: float) -> WallState:
    """The wall that pinning holds at its place: under just the field that does so."""

    def off_m(field_t: float) -> float:
        state = under(field_t)
        return (state.position_m if state.kept else math.copysign(1e-6, field_t)) - begin_m

    if off_m(-pinning_t) * off_m(pinning_t) >= 0:
        return replace(near, position_m=begin_m)
    found = under(float(root_scalar(off_m, bracket=(-pinning_t, pinning_t), xtol=AFTER).root))
    return replace(found, position_m=begin_m) if found.kept else replace(near, position_m=begin_m)


@dataclass(frozen=True, eq=False)
class RealCurve:
    """A device over its inputs, each from rest.

    Attributes:
        points: rising inputs; 0 is the wall at rest.
        after_low, after_high: without an input, after the lowest and the highest one.
        full_scale_a: the input that stands for 1.
    """

    wall: RealWall
    points: tuple[RealPoint, ...]
    after_low: RealPoint
    after_high: RealPoint
    full_scale_a: float

    @property
    def current_a(self) -> Array:
        """(n,) inputs."""
        return np.array([point.current_a for point in self.points])

    @property
    def conductance_s(self) -> Array:
        """(n,) of the points; nan where the wall was lost."""
        return np.array([point.conductance_s for point in self.points])

    def at(self, current_a: float) -> RealPoint:
        """The point of an input.

        Raises:
            ValueError: There is none.
        """
        for point in self.points:
            if math.isclose(point.current_a, current_a, rel_tol=1e-9, abs_tol=1e-15):
                return point
        raise ValueError(f"no input of {current_a} A")

    @property
    def slopes(self) -> Slopes | None:
        """Lines on both sides of zero, None where too few walls are left."""
        there = np.array([point.kept for point in self.points])
        try:
            return fit_slopes(self.current_a[there], self.conductance_s[there], self.full_scale_a)
        except UserError:
            return None


def real_curve(wall: RealWall, shares: tuple[float, ...], full_scale_a: float, start_m: float) -> RealCurve:
    """A device at the shares of its full scale, -1, 0 and 1 among them, from a wall at rest about `start_m`.

    The wall is at rest without an input and without pinning first, as after annealing.

    Raises:
        UserError: As `rest_point`, or the device holds no wall without an input.
    """
    free = replace(wall, terms=replace(wall.terms, pinning=None))
    home = rest_point(free, 0.0, start_m)
    if not home.kept:
        raise UserError(
            f"{wall.device.name}: it holds no wall without an input", "Take weaker terms, or another device"
        )
    found = {0.0: home}
    for side in (sorted(s for s in shares if s > 0), sorted((s for s in shares if s < 0), reverse=True)):
        for share in side:
            found[share] = rest_point(wall, share * full_scale_a, home.state)
    after_low, after_high = (
        rest_point(wall, 0.0, found[share].state) if found[share].kept else found[share] for share in (-1.0, 1.0)
    )
    return RealCurve(wall, tuple(found[share] for share in sorted(found)), after_low, after_high, full_scale_a)
