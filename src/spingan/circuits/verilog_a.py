"""Devices as Verilog-A modules, for simulators that compile them: the way in which paper S brings its device to HSPICE.

The modules keep to what every compiler takes: tables are straight pieces in an analog function (not all compilers have
`$table_model`), the state is a node, and there are no events.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spingan import __version__
from spingan.circuits.domain_wall_cells import bias_fall
from spingan.circuits.domain_wall_response import thinned
from spingan.circuits.messages import one_line
from spingan.devices.wall_curve import heavy_metal_current_a
from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_study import SETTLED_SHARE
from spingan.errors import UserError
from spingan.output import write_text
from spingan.physics.mtj import julliere_tmr
from spingan.spec.activation import Activation
from spingan.spec.synapse import Synapse

WIDTH = 100  # characters of a comment's line
THINNED = 1e-4  # of a table's span: what leaving one of its points out may cost


@dataclass(frozen=True)
class Module:
    """A Verilog-A module: its name, what a reader should know, a paragraph each, and its text without these."""

    name: str
    about: tuple[str, ...]
    body: str

    def text(self) -> str:
        """The whole file."""
        paragraphs = (*self.about, f"Written by spingan {__version__}. Verilog-A, Accellera's LRM 2.4; SI units.")
        lines = [f"// {line}" for text in paragraphs for line in textwrap.wrap(one_line(text), WIDTH)]
        return "\n".join([*lines, "", '`include "disciplines.vams"', "", self.body])

    def write(self, path: str | Path) -> Path:
        """Write the module to a file, whole or not at all.

        Raises:
            UserError: The file cannot be written.
        """
        write_text(path, self.text())
        return Path(path)


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
    carried = _carried(device, convention)
    fall = bias_fall(device)
    parallel_s = device.detector_area_m2 / device.ra_parallel_ohm_m2
    about = [
        f"{curve.name}: a domain-wall device, conductance against input current. {curve.provenance or ''}",
        "Ports: in, ret: the heavy metal, whose current is the input; top, bottom: the tunnel junctions.",
        f"Input current: the heavy metal carries {carried:g} times the table's current (convention {convention})."
        + (f" The bias current of {device.bias_current_a:g} A is in the table." if device.bias_current_a else ""),
        "Conductance: straight pieces between the curve's points, its ends held beyond them; of a curve with a memory "
        "it is the rising branch, and the memory is left out.",
        _about_settling(curve),
        "Bias: G = G_P - (G_P - G0) (1 + TMR) / (1 + TMR + (V / v_half)^2), Julliere's TMR falling to half at v_half."
        + ("" if fall else " v_half is not known: 0 stands for no fall."),
    ]
    name = identifier(curve.name)
    lines = [
        f"module {name}(in, ret, top, bottom);",
        "  inout in, ret, top, bottom;",
        "  electrical in, ret, top, bottom;",
        "  electrical state;  // its voltage is the conductance at low bias, in millisiemens",
        "",
        f"  parameter real r_hm = {_real(device.heavy_metal_resistance_ohm)} from (0:inf);  // ohm, of the heavy metal",
        f"  parameter real carried = {_real(carried)} from (0:inf);  // heavy metal's current over the table's",
        f"  parameter real c_mtj = {_real(capacitance_f)} from [0:inf);  // F, of the junctions",
        f"  parameter real g_parallel = {_real(parallel_s)} from (0:inf);  // S, all junctions parallel",
        f"  parameter real tmr = {_real(julliere_tmr(device.polarization))} from [0:inf);  // at low bias",
        f"  parameter real v_half = {_real(0.0 if fall is None else fall.half_bias_v)} from [0:inf);  // V; 0: no fall",
        "  parameter real delays = 1.0 from [0:inf);  // factor of all delays; 0: none",
        "  real input_a, target, slow, share, ratio;",
        "",
        *_table("conductance_ms", current, conductance * 1e3),
        *_settling_table(curve),
        "  analog begin",
        "    I(in, ret) <+ V(in, ret) / r_hm;",
        "    input_a = V(in, ret) / (r_hm * carried);",
        "    target = conductance_ms(input_a);",
        "    slow = delays * delay_ns(input_a);",
        "    I(state) <+ V(state) - target;",
        "    I(state) <+ slow * 1.0e-9 * ddt(V(state));",
        "    if (v_half > 0) begin",
        "      ratio = V(top, bottom) / v_half;",
        "      share = (1 + tmr) / (1 + tmr + ratio * ratio);",
        "    end else",
        "      share = 1;",
        "    I(top, bottom) <+ (g_parallel - (g_parallel - 1.0e-3 * V(state)) * share) * V(top, bottom);",
        "    I(top, bottom) <+ c_mtj * ddt(V(top, bottom));",
        "  end",
        "endmodule",
        "",
    ]
    return Module(name, tuple(about), "\n".join(lines))


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
    name = identifier(synapse.name)
    about = (
        f"{synapse.name}: a memristor of {synapse.states} levels between {levels[0]:.6g} and {levels[-1]:.6g} S. "
        f"{synapse.provenance or ''}",
        "Ports: p, n. A read below the threshold is ohmic and changes nothing; there is no noise, spread or retention.",
        "Writing: at the pulse's amplitude the conductance moves, in a pulse's width, by the step of the level where "
        "it is (straight between levels); between threshold and amplitude in proportion, beyond it likewise: assumed.",
    )
    lines = [
        f"module {name}(p, n);",
        "  inout p, n;",
        "  electrical p, n;",
        "  electrical state;  // its voltage is the conductance in units of g_max",
        "",
        f"  parameter real g_min = {_real(levels[0])} from (0:inf);  // S",
        f"  parameter real g_max = {_real(levels[-1])} from (0:inf);  // S",
        f"  parameter real g_start = {_real(levels[0])} from (0:inf);  // S, before the first pulse",
        f"  parameter real v_threshold = {_real(write.threshold_v)} from [0:inf);  // V",
        f"  parameter real v_pulse = {_real(abs(write.pulse_amplitude_v))} from (0:inf);  // V, of the steps' pulses",
        f"  parameter real t_pulse = {_real(write.pulse_width_s)} from (0:inf);  // s, of the steps' pulses",
        "  real level, rate, held;",
        "",
        *_table("step_up", levels, np.asarray(synapse.step_up)),
        *_table("step_down", levels, np.asarray(synapse.step_down)),
        "  analog begin",
        "    level = g_max * V(state);",
        "    rate = 0;",
        '    held = analysis("static") ? 1 : 0;',
        "    if (V(p, n) > v_threshold && level < g_max)",
        "      rate = (V(p, n) - v_threshold) / (v_pulse - v_threshold) * step_up(level) / t_pulse;",
        "    else if (V(p, n) < -v_threshold && level > g_min)",
        "      rate = (V(p, n) + v_threshold) / (v_pulse - v_threshold) * step_down(level) / t_pulse;",
        "    I(state) <+ held * (V(state) - g_start / g_max) - (1 - held) * t_pulse * rate / g_max;",
        "    I(state) <+ t_pulse * ddt(V(state));",
        "    I(p, n) <+ level * V(p, n);",
        "  end",
        "endmodule",
        "",
    ]
    return Module(name, about, "\n".join(lines))


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


def _settling_table(curve: Activation) -> list[str]:
    """The delay in nanoseconds against the input: a settling time is that many time constants of first order."""
    if curve.settling is None:
        return piecewise("delay_ns", np.array([0.0]), np.array([0.0]))
    times = np.asarray(curve.settling.time_s) / np.log(1 / SETTLED_SHARE) * 1e9
    return piecewise("delay_ns", np.asarray(curve.settling.input), times)


def _about_settling(curve: Activation) -> str:
    if curve.settling is None:
        return "Settling: not known; the conductance follows at once."
    return (
        f"Settling: first order, with the time constants in which the curve's settling times, from zero input to each "
        f"current, reach {1 - SETTLED_SHARE:.0%}. The wall itself has inertia, and its way back is not its way there."
    )


def _carried(device: WallDevice, convention: TorqueConvention) -> float:
    """Heavy metal's current over the input's, both without the bias current."""
    one_a = 1e-6
    both = heavy_metal_current_a(device, one_a, convention) - heavy_metal_current_a(device, 0.0, convention)
    return round(both / one_a, 9)


def _real(value: float) -> str:
    """A number with an exponent; a negative one in brackets, so that it can follow an operator."""
    written = f"{float(value):.9e}"
    return f"({written})" if written.startswith("-") else written
