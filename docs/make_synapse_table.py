"""What the skyrmion synapse's assumed constants are worth: each varied alone. Prints docs/devices.md's table.

python docs/make_synapse_table.py [--workers N]
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from spingan.devices.skyrmion_synapse import PRINTED, SkyrmionSynapse, conductance_s, shipped_calibration
from spingan.devices.skyrmion_synapse_run import SWEEP_STEP_S, Operation, bench, designed, operate, pulse_energy

RAILS_NM = (6, 8, 10, 12, 14)  # the track between them stays 30 nm wide, as printed
STARTS_NM = (205, 210, 215)
RA_OHM_UM2 = (0.5, 1, 2, 5, 10)
POLARISATIONS = (0.5, 0.614, 0.7)


def variants(device: SkyrmionSynapse) -> Iterator[tuple[str, SkyrmionSynapse]]:
    """The device with another width or place of the rails."""
    track = device.pitch_m - device.rail_width_m
    for width in RAILS_NM:
        wide = replace(device, rail_width_m=width * 1e-9, pitch_m=track + width * 1e-9)
        yield f"rails {width} nm wide", wide
    for start in STARTS_NM:
        yield f"first rail at {start} nm", replace(device, rail_start_m=start * 1e-9)


def moved(done: Operation) -> str:
    """Skyrmions in at the maximum, left at the end, and lost."""
    top = done.number_at(done.phase_end_s("potentiation"))
    return f"{top:.0f} in, {done.number[-1]:.0f} left" + (f", {done.lost} lost" if done.lost else "")


def main() -> None:
    """Run both polarisations over all variants; the read-out's constants need no run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    calibration = shipped_calibration()
    tasks = [pair for device in (PRINTED, designed(PRINTED)) for pair in variants(device)]
    with ThreadPoolExecutor(workers) as pool:
        done = list(pool.map(lambda pair: operate(bench(pair[1], calibration), step_s=SWEEP_STEP_S), tasks))
    half = len(tasks) // 2
    print("| assumed | vortex, printed drive | radial, printed drive |\n|---|---|---|")
    for number in range(half):
        print(f"| {tasks[number][0]} | {moved(done[number])} | {moved(done[half + number])} |")
    print("\n| RA | P | lowest, highest conductance | their ratio | a read, 0.1 V for 1 ns |\n|---|---|---|---|---|")
    reversed_m2 = calibration.texture.reversed_area_m2
    for area_ohm, polarisation in [(ra, 0.614) for ra in RA_OHM_UM2] + [(2, p) for p in POLARISATIONS if p != 0.614]:
        read = replace(PRINTED, ra_parallel_ohm_m2=area_ohm * 1e-12, junction_polarization=polarisation)
        low, high = conductance_s(read, [0, PRINTED.skyrmions], reversed_m2)
        joule = 0.1**2 * low * 1e-9
        print(f"| {area_ohm} Ω·µm² | {polarisation} | {low * 1e3:.3g}, {high * 1e3:.3g} mS "
              f"| {high / low:.3f} | {joule * 1e12:.3g} pJ |")  # fmt: skip
    print(f"\nA pulse takes {pulse_energy(PRINTED).perpendicular_j * 1e15:.3g} fJ in all of them.")


if __name__ == "__main__":
    main()
