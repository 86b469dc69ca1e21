"""Prints what the constants that paper S leaves out change: each halved and doubled, or a fifth down and up.

python docs/make_assumptions.py [--workers N]

Wall devices come to rest in the solver under one current after the other: minutes, where as many runs of
`spingan device leaky-relu --device FILE` would take hours. The synapse is the Thiele model's. docs/physics.md holds the
tables.
"""

import argparse
from dataclasses import replace

import numpy as np

from spingan.devices import domain_wall
from spingan.devices.published import LEAKY_END_A, LEAKY_LINEAR_A, RELU_FULL_SCALE_A
from spingan.devices.skyrmion_synapse import PRINTED, SkyrmionSynapse, ground, shipped_calibration
from spingan.devices.skyrmion_synapse_run import bench, designed, operate
from spingan.devices.skyrmion_synapse_study import ROOM_TEMPERATURE_K
from spingan.devices.wall_curve import fit_slopes
from spingan.devices.wall_device import WallDevice
from spingan.devices.wall_study import Setup, place_wall, rest_chain, run_tasks
from spingan.errors import UserError
from spingan.physics.constants import BOLTZMANN

INNER_A = (5e-6, 10e-6, 15e-6, 20e-6)
WALL_HEADINGS = (
    "changed", "rest after the lowest / highest current", "wall at the lowest / highest", "mS at lowest / 0 / highest",
    "slope ratio", "off a line above zero",
)  # fmt: skip
RAIL_HEADINGS = ("rails", "height", "in at 142.5 ns, radial, no heat", "lost at 300 K", "in, vortex, no heat")


def leaky_variants() -> dict[str, WallDevice]:
    """The leaky ReLU with its assumed constants changed, one at a time."""
    device = domain_wall.LEAKY_RELU.wall
    return {"as shipped": device} | _both(device)


def relu_variants() -> dict[str, WallDevice]:
    """The ReLU with its assumed constants changed, one at a time."""
    device, profile = domain_wall.RELU.wall, domain_wall.RELU.wall.profile
    variants = {"as shipped": device} | _both(device)
    for factor in (0.5, 2.0):
        current_a = factor * device.bias_current_a
        variants[f"bias current {current_a * 1e6:g} µA"] = replace(device, bias_current_a=current_a)
    for factor in (0.8, 1.2):
        place = round(factor * profile.left_end_m, 10)
        peak = factor * profile.left_peak_j_per_m3
        flat = factor * profile.flat_j_per_m3
        variants[f"well at {place * 1e9:.1f} nm"] = _profile(device, left_end_m=place, right_start_m=place)
        variants[f"well's ends {peak / 1e6:g} MJ/m³"] = _profile(
            device, left_peak_j_per_m3=peak, right_peak_j_per_m3=peak
        )
        variants[f"well's bottom {flat / 1e6:g} MJ/m³"] = _profile(device, flat_j_per_m3=flat)
    return variants


def _both(device: WallDevice) -> dict[str, WallDevice]:
    """What both devices assume: the exchange bias and the field-like ratio."""
    bias = device.exchange_bias
    halved_and_doubled = {
        f"exchange bias {factor * bias.field_t:g} T": replace(
            device, exchange_bias=replace(bias, field_t=factor * bias.field_t)
        )
        for factor in (0.5, 2.0)
    }
    ratios = {f"field-like ratio {ratio:g}": replace(device, field_like_ratio=ratio) for ratio in (0.0, 0.4)}
    return halved_and_doubled | ratios


def _profile(device: WallDevice, **changes: float) -> WallDevice:
    return replace(device, profile=replace(device.profile, **changes))


def wall_row(name: str, device: WallDevice, start_m: float, end_a: float, range_a: float) -> tuple[str, ...]:
    """A device at rest without input, under rising currents on either side, and back without input from both ends."""
    setup = Setup(device)
    sides = {}
    for sign in (-1, 1):
        currents = [0.0, *(sign * current for current in INNER_A), sign * end_a, 0.0]
        try:
            states = rest_chain(setup, currents, place_wall(setup, start_m))
        except UserError as refusal:  # no state of rest, or no film that magnetises out of its plane
            return name, refusal.problem, *[""] * (len(WALL_HEADINGS) - 2)
        if len(states) < len(currents) or states[-1].annihilated:
            lost = states[-1].current_a * 1e6
            return name, f"the wall is lost at {lost:+.4g} µA", *[""] * (len(WALL_HEADINGS) - 2)
        sides[sign] = states
    points = {state.current_a: state for state in (*sides[-1][1:-1], sides[1][0], *sides[1][1:-1])}
    rising = sorted(points)
    slopes = fit_slopes(rising, [points[current].conductance_s for current in rising], range_a)
    low, zero, high = points[-end_a], points[0.0], points[end_a]
    return (
        name,
        f"{sides[-1][-1].position_m * 1e9:.2f} / {sides[1][-1].position_m * 1e9:.2f} nm",
        f"{low.position_m * 1e9:.2f} / {high.position_m * 1e9:.2f} nm",
        f"{low.conductance_s * 1e3:.4f} / {zero.conductance_s * 1e3:.4f} / {high.conductance_s * 1e3:.4f}",
        f"{slopes.ratio:.3f}",
        f"{slopes.positive_error:.1%}",
    )


def rail_row(width_m: float) -> tuple[str, ...]:
    """The printed synapse with rails of another width, the room between them as printed."""
    room_m = PRINTED.pitch_m - PRINTED.rail_width_m
    constants = shipped_calibration()
    vortex = replace(PRINTED, rail_width_m=width_m, pitch_m=room_m + width_m)
    radial = designed(vortex)
    cold, hot = bench(radial, constants), np.random.default_rng(0)
    heated = operate(cold, temperature_k=ROOM_TEMPERATURE_K, generator=hot)
    return (
        f"{width_m * 1e9:g} nm",
        f"{_height_j(radial) / (BOLTZMANN * ROOM_TEMPERATURE_K):.1f} kT at 300 K",
        f"{operate(cold).number_at(142.5e-9):.1f} of {radial.skyrmions}",
        f"{heated.lost} of {radial.skyrmions}",
        f"{operate(bench(vortex, constants)).number_at(142.5e-9):.1f} of {vortex.skyrmions}",
    )


def _height_j(device: SkyrmionSynapse) -> float:
    """How far a skyrmion's energy rises and falls on a straight way outwards over one turn of the rail."""
    landscape, (x_m, y_m) = ground(device, shipped_calibration()), device.centre_m
    way = device.rail_start_m + device.pitch_m * np.linspace(0.5, 1.5, 201)
    return float(np.ptp([landscape.energy_j(x_m + radius_m, y_m) for radius_m in way]))


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """As Markdown."""
    print(f"| {' | '.join(headings)} |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def main() -> None:
    """Print both tables of walls, and that of the rails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    kinds = (
        (domain_wall.LEAKY_RELU.wall, leaky_variants(), LEAKY_END_A, LEAKY_LINEAR_A),
        (domain_wall.RELU.wall, relu_variants(), RELU_FULL_SCALE_A, RELU_FULL_SCALE_A),
    )
    for shipped, variants, end_a, range_a in kinds:
        print(f"{shipped.name}, lowest and highest current ±{end_a * 1e6:g} µA\n", flush=True)
        tasks = [(wall_row, (name, device, _start_m(device), end_a, range_a)) for name, device in variants.items()]
        print_table(WALL_HEADINGS, run_tasks(tasks, workers))
    print_table(RAIL_HEADINGS, run_tasks([(rail_row, (width,)) for width in (5e-9, 10e-9, 20e-9)], workers))


def _start_m(device: WallDevice) -> float:
    """The printed place of the leaky ReLU's wall, the bottom of the ReLU's well."""
    return domain_wall.START_M if device.name == domain_wall.LEAKY_RELU.wall.name else device.profile.left_end_m


if __name__ == "__main__":
    main()
