"""Devices as Verilog-A modules, for simulators that compile them: the way in which paper S brings its device to HSPICE.

The modules keep to what every compiler takes: tables are straight pieces in an analog function (not all compilers have
`$table_model`), the state is a node, and there are no events.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from spingan import __version__
from spingan.circuits.decks import Written, comment_lines
from spingan.circuits.domain_wall_cells import bias_fall
from spingan.circuits.domain_wall_response import thinned
from spingan.devices.wall_curve import heavy_metal_current_a
from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_study import SETTLED_SHARE
from spingan.errors import UserError
from spingan.physics.mtj import julliere_tmr
from spingan.spec.activation import Activation
from spingan.spec.synapse import Synapse

THINNED = 1e-4  # of a table's span: what leaving one of its points out may cost


@dataclass(frozen=True)
class Module(Written):
    """A Verilog-A module: its name, what a reader should know, a paragraph each, and its text without these."""

    name: str
    about: tuple[str, ...]
    body: str

    def text(self) -> str:
        """The whole file."""
        made = f"Written by spingan {__version__}. Verilog-A, Accellera's LRM 2.4; SI units."
        return "\n".join([*comment_lines("//", (*self.about, made)), "", '`include "disciplines.vams"', "", self.body])


def domain_wall_module(
    curve: Activation, device: WallDevice, convention: TorqueConvention, capacitance_f: float
) -> Module:
    """A domain-wall device: its conductance follows the current through its heavy metal, with a delay of first order.

    Ports: `in` and `ret` are the heavy metal's ends, `top` and `bottom` those of the junctions. The conductance at low
    bias is the curve's rising branch; the junctions' TMR falls with their voltage where the device says how.

    Args:
        curve: conductance in S against input current in A; its settling times give the delay, and none means no delay.
        convention: how an input becomes the heavy metal's current.
        capacitance_f: of the junctions.

    Raises:
        UserError: The curve is not in siemens against amperes.
    """
    if (curve.input_unit, curve.output_unit) != ("A", "S"):
        raise UserError(
            f"{curve.name}: the curve is in {curve.output_unit} against {curve.input_unit}",
            "The module takes a device's conductance in S against its current in A",
        )
    current, conductance = np.asarray(curve.input), np.asarray(curve.rising)
    one_a = 1e-6
    both = heavy_metal_current_a(device, one_a, convention) - heavy_metal_current_a(device, 0.0, convention)
    carried = round(both / one_a, 9)  # heavy metal's current over the input's, both without the bias current
    fall = bias_fall(device)
    about_settling, delays = _settling(curve)
    about = [
        f"{curve.name}: a domain-wall device, conductance against input current. {curve.provenance or ''}",
        "Ports: in, ret: the heavy metal, whose current is the input; top, bottom: the tunnel junctions.",
        f"Input current: the heavy metal carries {carried:g} times the table's current (convention {convention})."
        + (f" The bias current of {device.bias_current_a:g} A is in the table." if device.bias_current_a else ""),
        "Conductance: straight pieces between the curve's points, its ends held beyond them; of a curve with a memory "
        "it is the rising branch, and the memory is left out.",
        about_settling,
        "Bias: G = G_P - (G_P - G0) (1 + TMR) / (1 + TMR + (V / v_half)^2), Julliere's TMR falling to half at v_half."
        + ("" if fall else " v_half is not known: 0 stands for no fall."),
    ]
    parameters = {
        "r_hm": device.heavy_metal_resistance_ohm,
        "carried": carried,
        "c_mtj": capacitance_f,
        "g_parallel": device.detector_area_m2 / device.ra_parallel_ohm_m2,
        "tmr": julliere_tmr(device.polarization),
        "v_half": 0.0 if fall is None else fall.half_bias_v,
    }
    tables = [*_table("conductance_ms", current, conductance * 1e3), *delays]
    return _module("domain_wall.va", curve.name, about, parameters, tables)


def memristor_module(synapse: Synapse) -> Module:
    """A memristor with levels: beyond its threshold a voltage moves the conductance by the measured steps.

    Ports: `p` and `n`. The conductance is a state that rises while V(p, n) is above the threshold and falls while it is
    below minus the threshold. At the pulse's amplitude it moves, in a pulse's width, by the step of the level where it
    is; between threshold and amplitude in proportion to what is above the threshold (assumed).

    Raises:
        UserError: The synapse has no siemens, or does not say what its pulses and steps are.
    """
    levels = synapse.require_siemens("a Verilog-A module")
    write = synapse.write
    needed = {
        "write.pulse_amplitude_v": write.pulse_amplitude_v,
        "write.pulse_width_s": write.pulse_width_s,
        "write.threshold_v": write.threshold_v,
        "step_up": synapse.step_up,
        "step_down": synapse.step_down,
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise UserError(
            f"synapse {synapse.name} does not say {', '.join(missing)}: a module of it could not be written to",
            "Give a synapse file with them, or take one that is driven by a voltage, such as wox-memristor's",
        )
    assert write.pulse_amplitude_v is not None and write.threshold_v is not None and write.pulse_width_s is not None
    if abs(write.pulse_amplitude_v) <= write.threshold_v:
        raise UserError(
            f"synapse {synapse.name}: its pulses of {write.pulse_amplitude_v:g} V do not pass its threshold of "
            f"{write.threshold_v:g} V",
            "Correct one of the two",
        )
    about = (
        f"{synapse.name}: a memristor of {synapse.states} levels between {levels[0]:.6g} and {levels[-1]:.6g} S. "
        f"{synapse.provenance or ''}",
        "Ports: p, n. A read below the threshold is ohmic and changes nothing; there is no noise, spread or retention.",
        "Writing: at the pulse's amplitude the conductance moves, in a pulse's width, by the step of the level where "
        "it is (straight between levels); between threshold and amplitude in proportion, beyond it likewise: assumed.",
    )
    parameters = {
        "g_min": levels[0],
        "g_max": levels[-1],
        "g_start": levels[0],
        "v_threshold": write.threshold_v,
        "v_pulse": abs(write.pulse_amplitude_v),
        "t_pulse": write.pulse_width_s,
    }
    up, down = np.asarray(synapse.step_up), np.asarray(synapse.step_down)
    tables = [*_table("step_up", levels, up), *_table("step_down", levels, down)]
    return _module("memristor.va", synapse.name, about, parameters, tables)


def _module(
    template: str, name: str, about: Sequence[str], parameters: Mapping[str, float], tables: Sequence[str]
) -> Module:
    """A template of this folder with its parameters' numbers and its tables."""
    text = Template(Path(__file__).with_name(template).read_text(encoding="utf-8"))
    module = identifier(name)
    values = {key: _real(value) for key, value in parameters.items()}
    return Module(module, tuple(about), text.substitute(values, module=module, tables="\n".join(tables)))


def identifier(name: str) -> str:
    """A name that Verilog-A takes for a module: letters, digits and underscores, beginning with a letter.

    The ending keeps it apart from the language's own words.
    """
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "a"
    return f"{'' if cleaned[0].isalpha() else 'd_'}{cleaned}_device"


def piecewise(name: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
    """An analog function of straight pieces through the points (n,), held at both ends."""
    lines = [
        f"  analog function real {name};",
        "    input x;",
        "    real x;",
        "    begin",
        f"      if (x <= {_real(x[0])}) {name} = {_real(y[0])};",
    ]
    for at in range(1, x.size):
        slope = (y[at] - y[at - 1]) / (x[at] - x[at - 1])
        start = f"{_real(y[at - 1])} + {_real(slope)} * (x - {_real(x[at - 1])})"
        lines.append(f"      else if (x <= {_real(x[at])}) {name} = {start};")
    return [*lines, f"      else {name} = {_real(y[-1])};", "    end", "  endfunction", ""]


def _table(name: str, x: Sequence[float] | NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
    """`piecewise` without the points that straight lines make up for."""
    inputs = np.asarray(x, dtype=np.float64)
    kept = thinned(inputs, y, THINNED * float(np.ptp(y)))
    return piecewise(name, inputs[kept], y[kept])


def _settling(curve: Activation) -> tuple[str, list[str]]:
    """What is said of the delay, and its table in nanoseconds: settling times are time constants of first order."""
    if curve.settling is None:
        none = piecewise("delay_ns", np.array([0.0]), np.array([0.0]))
        return "Settling: not known; the conductance follows at once.", none
    times = np.asarray(curve.settling.time_s) / np.log(1 / SETTLED_SHARE) * 1e9
    about = (
        f"Settling: first order, with the time constants in which the curve's settling times, from zero input to each "
        f"current, reach {1 - SETTLED_SHARE:.0%}. The wall itself has inertia, and its way back is not its way there."
    )
    return about, piecewise("delay_ns", np.asarray(curve.settling.input), times)


def _real(value: float) -> str:
    """A number with an exponent; a negative one in brackets, so that it can follow an operator."""
    written = f"{float(value):.9e}"
    return f"({written})" if written.startswith("-") else written
