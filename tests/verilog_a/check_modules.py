"""Compiles spingan's Verilog-A modules with OpenVAF and compares what they compute with what they must.

Runs in an environment of its own, which spingan does not need: `make test-verilog-a`. Every residual is evaluated by
OpenVAF's own interpreter of the compiled module: at rest, and its time constants. No circuit simulator is in it.
"""

import json
import math
import sys
from pathlib import Path

import openvaf_py

SETTLED_SHARE = 0.02  # what a curve's settling times mean
TABLE = 1.01e-4  # of the span: what the modules leave out of their tables


class Compiled:
    """A compiled module: its residuals by the node's name."""

    def __init__(self, file):
        (self.module,) = openvaf_py.compile_va(str(file))
        system = self.module.get_dae_system()
        self.names = [residual["node_name"] for residual in system["residuals"]]

    def residuals(self, **voltages):
        """The current out of every node: (resistive, what is differentiated by time)."""
        known = {**self.module.get_param_defaults(), "mfactor": 1.0}
        values = {name: 0.0 for name in self.module.param_names}
        values |= {name: value for name, value in known.items() if name in values}
        branches = {"V(in,ret)", "V(state)", "V(top,bottom)", "V(p,n)", "inode0"} & set(values)
        values |= {name: voltages.get(name, 0.0) for name in branches}
        found, _ = self.module.run_init_eval(values)
        return dict(zip(self.names, found, strict=True))


def near(found, expected, tolerance, what):
    if not abs(found - expected) <= tolerance:
        sys.exit(f"{what}: {found!r} where {expected!r} is due, within {tolerance:g}")


def check_domain_wall(module, case):
    ohm, carried, voltage = case["heavy_metal_ohm"], case["carried"], case["voltage"]

    def at(current_a, state_ms=0.0, bias_v=0.0, slope=0.0):
        drive = {"V(in,ret)": current_a * carried * ohm, "V(state)": state_ms, "V(top,bottom)": bias_v}
        return module.residuals(**drive, inode0=slope)

    for current_a, expected_s in zip(case["currents_a"], case["conductance_s"], strict=True):
        target_ms = -at(current_a)["state"][0]
        found = at(current_a, target_ms, voltage)
        near(found["state"][0], 0.0, 1e-12, f"{case['file']}: the state at rest under {current_a:g} A")
        near(found["top"][0] / voltage, expected_s, TABLE * case["span_s"], f"{case['file']}: at {current_a:g} A")
        near(found["in"][0], carried * current_a, 1e-9 * abs(current_a) + 1e-18, f"{case['file']}: the heavy metal")
        near(found["top"][0] + found["bottom"][0], 0.0, 1e-18, f"{case['file']}: what goes in comes out")
    if case["settles"] is not None:
        current_a, settled_s = case["settles"]
        rate = 1e9
        constant_s = (at(current_a, slope=rate)["state"][0] - at(current_a)["state"][0]) / rate
        near(math.exp(-settled_s / constant_s), SETTLED_SHARE, 1e-6, f"{case['file']}: settled")


def check_memristor(module, case):
    g_max, pulse_v, pulse_s = max(case["conductance_s"]), case["pulse_v"], case["pulse_s"]

    def step_s(conductance_s, voltage):
        """What the conductance moves in one pulse's width."""
        current, charge = module.residuals(**{"V(state)": conductance_s / g_max, "V(p,n)": voltage})["state"]
        return -current / (charge / (conductance_s / g_max)) * g_max * pulse_s

    span = g_max - min(case["conductance_s"])
    levels = list(zip(case["conductance_s"], case["step_up_s"], case["step_down_s"], strict=True))
    for conductance_s, up_s, down_s in levels[1:-1]:
        near(step_s(conductance_s, pulse_v), up_s, TABLE * span, f"{case['file']}: a pulse up at {conductance_s:g} S")
        near(step_s(conductance_s, -pulse_v), -down_s, TABLE * span, f"{case['file']}: down at {conductance_s:g} S")
        for voltage in (0.0, 0.1, case["threshold_v"], -case["threshold_v"]):
            near(step_s(conductance_s, voltage), 0.0, 1e-15, f"{case['file']}: a read at {voltage:g} V")
        read = module.residuals(**{"V(state)": conductance_s / g_max, "V(p,n)": 0.1})["p"][0]
        near(read, 0.1 * conductance_s, 1e-9 * conductance_s, f"{case['file']}: the read current")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    cases = json.loads((folder / "cases.json").read_text())
    for each in cases:
        check = check_domain_wall if each["kind"] == "domain_wall" else check_memristor
        check(Compiled(folder / each["file"]), each)
        print(f"{each['file']}: compiles, and computes what it must")
    print(f"{len(cases)} modules")
