"""Paper M's ReLU and tanh cells as activations for the network half.

Both take a voltage and give one, relative to the middle of the rails at ±0.9 V. `write_curves` makes the shipped files
anew: `python -m spingan.circuits.memristive_activations`.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.cell_bench import PULSE_S, Bench, CellTransfer, pulse_response, sweep
from spingan.circuits.memristive_parts import PARTS
from spingan.circuits.ngspice import ngspice_version
from spingan.devices.published import CURVES
from spingan.extras import needs
from spingan.spec.activation import Activation, EnergyItem, Reset, Settling
from spingan.spec.files import write_activation

with needs("the simulation of circuits"):
    from scipy.optimize import curve_fit

POINTS = 361  # 5 mV apart over ±0.9 V
RELU_BENCH = Bench(PARTS["relu_switch"])
TANH_BENCH = Bench(PARTS["tanh_pair"], load_ohm=None)
LINEAR = 0.01  # how far from the straight line the ReLU may be at full scale; assumed
SATURATED = 3.0  # tanh(3) = 0.995: full scale of the tanh's input, in widths of the fitted tanh; assumed
RELU_SUPPLIES = {"": "follower", "c": "comparator and switch"}
PORTS_NOTE = "Volts against the middle of the rails, ±0.9 V (1.8 V in all: assumed, not printed)."


def relu_activation(cards: Cards = GENERIC_180NM) -> Activation:
    """The ReLU with switch, loaded by 10 kΩ: gain 1, straight to full scale within 1 %, then the clip, to the rail.

    Raises:
        UserError: As `run`.
    """
    curve = _to_the_rails(RELU_BENCH, cards)
    gain = curve.slope(0.1, 0.5)
    straight = (curve.input > 0) & (np.abs(curve.output_v - gain * curve.input) <= LINEAR * gain * curve.input)
    full_scale = round(float(curve.input[straight].max()), 6)
    notes = (
        PORTS_NOTE,
        f"Gain {gain:.4f} into 10 kΩ: the cell follows, it does not amplify; what brings a column's swing up to full "
        "scale is an amplifier before it, which is not in this bill.",
        f"Full scale is the last input, on a grid of 5 mV, that comes out straight within {LINEAR:.0%}; the table goes "
        f"on to the rail, {curve.input[-1] / full_scale:.3f} of full scale, where the output is clipped to "
        f"{curve.output_v[-1] / curve.at(full_scale):.3f} of its own; clamping beyond is that clip.",
        "Without memory: a comparator with no hysteresis, and a sweep down gives the same.",
    )
    return _activation("relu", RELU_BENCH, curve, full_scale, RELU_SUPPLIES, notes, cards)


def tanh_activation(cards: Cards = GENERIC_180NM) -> Activation:
    """The differential pair into 10 kΩ: full scale is where the fitted tanh(V / V0) has V = 3 V0.

    Raises:
        UserError: As `run`.
    """
    curve = _to_the_rails(TANH_BENCH, cards)
    end_v, width_v, offset_v = fit_tanh(curve)
    notes = (
        PORTS_NOTE,
        f"{end_v:.4f} V tanh(V / {width_v * 1e3:.2f} mV) {offset_v * 1e3:+.2f} mV fits within "
        f"{tanh_error(curve):.2%} of its end.",
        f"Full scale is {SATURATED:g} times those {width_v * 1e3:.2f} mV: normalised, v = tanh({SATURATED:g} u), with "
        f"±1 the ends; a net's tanh(x) is this device at u = x / {SATURATED:g}.",
        "The load of 10 kΩ is the cell's own; a next stage in parallel to it lowers the output.",
    )
    return _activation(
        "tanh",
        TANH_BENCH,
        curve,
        round(SATURATED * width_v, 6),
        {"": "pair and mirrors"},
        notes,
        cards,
    )


def fit_tanh(curve: CellTransfer) -> tuple[float, float, float]:
    """End, width and offset, in volts, of the tanh that fits a transfer best: end tanh(V / width) + offset."""
    guess = (float(np.ptp(curve.output_v)) / 2, 0.1, 0.0)
    (end, width, offset), _ = curve_fit(_tanh, curve.input, curve.output_v, p0=guess)
    return float(end), float(width), float(offset)


def tanh_error(curve: CellTransfer) -> float:
    """The largest distance of a transfer from the tanh that fits it, in fractions of that one's end."""
    end, width, offset = fit_tanh(curve)
    return float(np.abs(curve.output_v - _tanh(curve.input, end, width, offset)).max() / end)


def write_curves(folder: Path = CURVES, cards: Cards = GENERIC_180NM) -> tuple[Path, ...]:
    """Write both activations into a folder, as they are shipped.

    Raises:
        UserError: As `run`, or a file cannot be written.
    """
    files = []
    for activation in (relu_activation(cards), tanh_activation(cards)):
        files.append(folder / f"{activation.name}.csv")
        write_activation(activation, files[-1])
    return tuple(files)


def _tanh(input_v: NDArray[np.float64], end_v: float, width_v: float, offset_v: float) -> NDArray[np.float64]:
    return end_v * np.tanh(input_v / width_v) + offset_v


def _to_the_rails(bench: Bench, cards: Cards) -> CellTransfer:
    """The transfer from one rail to the other: no signal on the chip leaves them."""
    rail_v = cards.technology.supply_v / 2
    return sweep(bench, -rail_v, rail_v, POINTS, cards)


def _activation(
    function: str,
    bench: Bench,
    curve: CellTransfer,
    full_scale_v: float,
    supplies: dict[str, str],
    notes: tuple[str, ...],
    cards: Cards,
) -> Activation:
    pulses = {end: pulse_response(bench, 0.0, end * full_scale_v, cards) for end in (-1, 1)}
    made = f"ngspice-{ngspice_version()}, cards {cards.name}"
    items = tuple(
        EnergyItem(
            name=what,
            energy_j=pulses[1].energy_j(end),
            window_s=PULSE_S,
            source=f"{pulses[1].energy_j(end) / PULSE_S * 1e3:.3g} mW through a pulse from 0 to full scale: {made}",
        )
        for end, what in supplies.items()
    )
    return Activation.model_validate(
        {
            "name": f"{function}_am_dcgan",
            "function": function,
            "input": tuple(round(float(value), 9) + 0.0 for value in curve.input),
            "rising": tuple(round(float(value), 9) + 0.0 for value in curve.output_v),
            "input_unit": "V",
            "output_unit": "V",
            "input_full_scale": full_scale_v,
            "output_zero": round(curve.at(0.0), 9) + 0.0,
            "output_full_scale": round(curve.at(full_scale_v), 9),
            "linear_range": (-full_scale_v, full_scale_v),
            "reset": Reset(required=False),
            "settling": Settling(
                input=(-full_scale_v, full_scale_v), time_s=tuple(pulses[end].settled_s for end in (-1, 1))
            ),
            "energy_items": items,
            "delay_s": pulses[1].delay_s,
            "area_m2": bench.cell.area_m2(cards),
            "source": bench.cell.source,
            "provenance": f"spingan's netlist, {curve.input.size} points, loaded by "
            f"{'its own 10 kΩ' if bench.load_ohm is None else '10 kΩ'}; 100 ns pulses into 0.1 pF: {made}",
            "notes": notes,
        }
    )


if __name__ == "__main__":
    write_curves()
