"""Writes every Verilog-A module that spingan has into a folder, and beside them what they must compute.

`make test-verilog-a` runs this in spingan's environment, and `check_modules.py` in one that has a compiler.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from spingan.circuits.cell_devices import cell_device
from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, bias_fall
from spingan.circuits.verilog_a import domain_wall_module, memristor_module
from spingan.spec.technology import load_technology

POINTS = 41


def domain_walls(folder: Path) -> list[dict]:
    cases = []
    for function, curve in (
        ("leaky_relu", "published"), ("leaky_relu", "simulated"), ("leaky_relu", "designed"),
        ("relu", "simulated"), ("relu", "designed"),
    ):  # fmt: skip
        device = cell_device(function, curve)
        for half_bias_v in (None, 0.4):
            wall = replace(device.wall, half_bias_voltage_v=half_bias_v)
            name = device.curve.name if half_bias_v is None else f"{device.curve.name}_biased"
            named = device.curve.model_copy(update={"name": name})
            module = domain_wall_module(named, wall, "magnet-section", LEAKY_RELU_CELL.device_capacitance_f)
            file = module.write(folder / f"{module.name}.va")
            currents = np.linspace(named.input[0], named.input[-1], POINTS)
            low_bias = np.interp(currents, named.input, named.rising)
            fall = bias_fall(wall)
            voltage = 0.33
            conductance = low_bias
            if fall is not None:
                x = (voltage / fall.half_bias_v) ** 2
                share = (1 + fall.tmr) / (1 + fall.tmr + x)
                conductance = fall.parallel_conductance_s - (fall.parallel_conductance_s - low_bias) * share
            settling = named.settling
            cases.append(
                {
                    "kind": "domain_wall",
                    "file": file.name,
                    "heavy_metal_ohm": wall.heavy_metal_resistance_ohm,
                    "carried": 4.0,  # magnet-section: 4 nm of heavy metal over 1 nm of magnet
                    "voltage": voltage,
                    "currents_a": currents.tolist(),
                    "conductance_s": conductance.tolist(),
                    "span_s": float(np.ptp(low_bias)),
                    "settles": None if settling is None else [settling.input[-1], settling.time_s[-1]],
                }
            )
    return cases


def memristors(folder: Path) -> list[dict]:
    synapse = load_technology("wox-memristor").synapse
    module = memristor_module(synapse)
    file = module.write(folder / f"{module.name}.va")
    return [
        {
            "kind": "memristor",
            "file": file.name,
            "conductance_s": list(synapse.conductance),
            "step_up_s": list(synapse.step_up),
            "step_down_s": list(synapse.step_down),
            "threshold_v": synapse.write.threshold_v,
            "pulse_v": synapse.write.pulse_amplitude_v,
            "pulse_s": synapse.write.pulse_width_s,
        }
    ]


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    (target / "cases.json").write_text(json.dumps([*domain_walls(target), *memristors(target)], indent=1))
