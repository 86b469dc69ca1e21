"""Makes the curves of the shipped technologies anew, and the README's device pictures.

python docs/make_technologies.py [--out FOLDER] [--only NAME]...

Devices are characterised, cells take the curves that the devices before them gave. What a study leaves stays in FOLDER
(build/technologies). The published curves, the memristor and paper M's cells take seconds, the solver's an hour.
"""

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from spingan.circuits import memristive_activations
from spingan.circuits.cell_devices import CellFunction
from spingan.circuits.cell_simulation import simulate_cell
from spingan.devices import published
from spingan.devices.domain_wall import BY_NAME, designed_wall
from spingan.devices.measured_memories import hfox_rram, pcm, pcm_array
from spingan.devices.published import CURVES, LEAKY_LINEAR_A
from spingan.devices.skyrmion_array import designed_array, published_in_siemens
from spingan.devices.skyrmion_synapse import shipped_calibration
from spingan.devices.skyrmion_synapse_study import SEEDS, synapse
from spingan.devices.skyrmion_synapse_study import characterise as characterise_synapse
from spingan.devices.wall_characteristic import characterise
from spingan.devices.wall_design import Goal
from spingan.devices.wall_design_run import curve_of, design
from spingan.devices.wall_heat import WarmPlan, warm_study
from spingan.devices.wall_heat_curve import warm_curve, warm_rows
from spingan.devices.wall_study import Setup
from spingan.devices.wox_memristor import wox_memristor
from spingan.papers.circuit_rows import printed_energy_j
from spingan.papers.rows import printed_at
from spingan.progress import no_progress
from spingan.reports.circuit_report import write_circuit_report
from spingan.reports.design_plots import write_design
from spingan.reports.synapse_report import write_synapse_report
from spingan.reports.wall_heat_report import write_heat_report
from spingan.reports.wall_report import write_wall_report
from spingan.spec.files import write_activation, write_synapse

FIGURES = Path(__file__).parent / "figures"
WORKERS = os.cpu_count() or 1
MONTE_CARLO = 400  # instances of each cell
TEMPERATURE_K = 300.0
AVERAGING_S = 10e-9  # of an evaluation in heat; paper S names 9.8 ns as the longest
WARM_UA = (-25, -20, -17.5, -15, -12.5, -10, -7.5, -5, -2.5, -1.25, 0, 1.25, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 25)


def closed_forms(folder: Path) -> None:
    """The published curves, the memristor and the measured memories."""
    published.write_curves()
    for made in (wox_memristor(), hfox_rram(), pcm(), pcm_array(), published_in_siemens()):
        write_synapse(made, CURVES / f"{made.name}.csv")


def memristive_cells(folder: Path) -> None:
    """Paper M's ReLU and tanh."""
    memristive_activations.write_curves()


def wall(name: str) -> Callable[[Path], None]:
    """A printed wall device in the solver."""

    def make(folder: Path) -> None:
        device = BY_NAME[name]
        study = characterise(Setup(device.wall), device.plan, workers=WORKERS)
        curve = device.curve(study)
        printed = [printed_at(name, what) for what in ("wall position at ", "conductance at ")]
        write_wall_report(study, curve, folder, *printed)
        write_activation(curve, CURVES / f"{curve.name}.csv")

    return make


def skyrmion_synapse(folder: Path) -> None:
    """The synapse under both polarisations."""
    study = characterise_synapse(shipped_calibration(), 0, SEEDS, WORKERS, no_progress, False)
    write_synapse_report(study, folder)
    for variant in study.variants:
        write_synapse(synapse(variant), CURVES / f"{variant.name}.csv")
    made = designed_array()
    write_synapse(made, CURVES / f"{made.name}.csv")


def designed(function: str, slope: float) -> Callable[[Path], None]:
    """A designed wall device, with its compact wall."""

    def make(folder: Path) -> None:
        found = design(Goal(slope, LEAKY_LINEAR_A), workers=WORKERS)
        write_design(found, folder)
        name = f"{function}_designed"
        write_activation(curve_of(found).model_copy(update={"name": name}), CURVES / f"{name}.csv")
        shutil.copy(folder / "device.yaml", CURVES / f"{name}_device.yaml")
        shutil.copy(folder / "compact.yaml", CURVES / f"wall_calibration_{name}.yaml")

    return make


def warm(function: CellFunction) -> Callable[[Path], None]:
    """A designed wall device in heat, with its noise and its losses."""

    def make(folder: Path) -> None:
        currents_a = tuple(round(current * 1e-6, 15) for current in WARM_UA)
        plan = WarmPlan(TEMPERATURE_K, currents_a, averaging_s=AVERAGING_S)
        study = warm_study(designed_wall(function), plan)
        curve = warm_curve(study, function, f"{function}_designed_300k")
        write_heat_report(study, warm_rows(study), curve, folder)
        write_activation(curve, CURVES / f"{curve.name}.csv")

    return make


def cell(function: CellFunction, curve: str, trim: bool = True) -> Callable[[Path], None]:
    """A cell of paper S with a device in it, without the auto-zero and, where it helps, with it.

    Behind a warm wall it does not: its capacitor samples the wall's noise (docs/circuits.md).
    """

    def make(folder: Path) -> None:
        found = simulate_cell(function, curve, monte_carlo=MONTE_CARLO, trim=trim, workers=WORKERS)
        write_circuit_report(
            found.study, found.activation, folder, printed_energy_j(function), found.devices, found.environment
        )
        made = [found.activation, *([] if found.trimmed is None else [found.trimmed.activation])]
        for activation in made:
            write_activation(activation, CURVES / f"{activation.name}.csv")

    return make


STEPS = {
    "closed-forms": closed_forms,
    "memristive-cells": memristive_cells,
    "leaky-relu": wall("leaky-relu"),
    "relu": wall("relu"),
    "skyrmion-synapse": skyrmion_synapse,
    "design-leaky-relu": designed("leaky_relu", 0.2),
    "design-relu": designed("relu", 0.0),
    "circuit-leaky-relu-simulated": cell("leaky_relu", "simulated"),
    "circuit-relu-simulated": cell("relu", "simulated"),
    "warm-leaky-relu": warm("leaky_relu"),
    "warm-relu": warm("relu"),
    "circuit-leaky-relu-designed-300k": cell("leaky_relu", "designed-300k", trim=False),
    "circuit-relu-designed-300k": cell("relu", "designed-300k", trim=False),
    "circuit-leaky-relu-designed": cell("leaky_relu", "designed", trim=False),
    "circuit-relu-designed": cell("relu", "designed", trim=False),
}
PICTURES = {
    "leaky-relu/characteristic.png": "device_leaky_relu.png",
    "leaky-relu/wall.gif": "device_leaky_relu.gif",
    "relu/characteristic.png": "device_relu.png",
    "skyrmion-synapse/skyrmion_simulated_conductance.png": "device_skyrmion_synapse.png",
    "skyrmion-synapse/skyrmion_simulated_disc.png": "device_skyrmion_disc.png",
    "skyrmion-synapse/sweep.png": "device_skyrmion_sweep.png",
    "design-leaky-relu/transfer.png": "design_leaky_relu.png",
    "design-leaky-relu/wall.png": "design_leaky_relu_wall.png",
    "circuit-leaky-relu-simulated/energy.png": "circuit_leaky_relu_energy.png",
    "circuit-leaky-relu-simulated/spread.png": "circuit_leaky_relu_spread.png",
    "circuit-leaky-relu-designed/transfer.png": "circuit_leaky_relu_designed.png",
    "circuit-leaky-relu-designed/spread.png": "circuit_leaky_relu_designed_spread.png",
}


def main() -> None:
    """Take the steps one after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build") / "technologies")
    parser.add_argument("--only", action="append", choices=STEPS, help="of the steps; may be repeated")
    arguments = parser.parse_args()
    for name in arguments.only or list(STEPS):
        print(name, flush=True)
        STEPS[name](arguments.out / name)
        for source, target in PICTURES.items():
            if source.split("/")[0] == name:
                shutil.copy(arguments.out / source, FIGURES / target)


if __name__ == "__main__":
    main()
