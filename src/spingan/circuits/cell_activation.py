"""A simulated cell as the activation that the network half takes: volts against amperes, and the energy by parts."""

import numpy as np

from spingan.circuits.domain_wall_cells import Transfer, covers, span_text
from spingan.circuits.domain_wall_response import Response
from spingan.circuits.domain_wall_study import CellStudy
from spingan.circuits.monte_carlo import Samples
from spingan.circuits.ngspice import ngspice_version
from spingan.circuits.subcircuit import LAYOUT_FACTOR
from spingan.devices.wall_curve import drive_energies
from spingan.devices.wall_device import TorqueConvention, WallDevice, must_be_positive
from spingan.errors import UserError
from spingan.physics.mesh import Array
from spingan.spec.activation import Activation, ActivationSpread, ConductanceCurve, EnergyItem, OutputNoise, Settling


def response_items(
    response: Response, device: WallDevice | None, convention: TorqueConvention, current_a: float, window_s: float
) -> tuple[EnergyItem, ...]:
    """One evaluation in time: what divider and inverters draw while the wall moves under `current_a`, and the drive.

    Args:
        device: None: the wall device is not known, and the drive is not counted.
        window_s: from the current's jump on; `response.settled_s` is the device's own.

    Raises:
        UserError: The window is not within the response.
    """
    divider_j, inverters_j = response.energies_j(window_s)
    named = "ngspice" if device is None else f"ngspice, cards {response.cards}, mean while the wall moves"
    circuit = (_item("divider", divider_j, window_s, named), _item("inverters", inverters_j, window_s, named))
    if device is None:
        return circuit
    _, carried = drive_energies(device, current_a, convention, window_s)
    resistance = f"I² R of {device.heavy_metal_resistance_ohm:.4g} ohm, in the same window"
    return (*circuit, carried.model_copy(update={"source": resistance}))


def windows_giving_s(
    energy_j: float, transfer: Transfer, device: WallDevice, convention: TorqueConvention, current_a: float
) -> dict[str, float]:
    """The windows, in seconds, in which what is named draws an energy: a printed energy fixes only their product.

    The heavy metal is counted by both readings of the current.

    Raises:
        UserError: A current outside the transfer, or an energy that is not above 0.
    """
    must_be_positive("the energy", energy_j)
    if not covers(transfer.current_a, current_a):
        outside = f"{current_a * 1e6:g} µA lies outside the transfer, {span_text(transfer.current_a)}"
        raise UserError(outside, "Ask for a current within it")
    divider_w, inverters_w = (transfer.at(watts, current_a) for watts in (transfer.divider_w, transfer.inverters_w))
    cell_w = divider_w + inverters_w
    printed, carried = (item.energy_j for item in drive_energies(device, current_a, convention, window_s=1.0))
    powers = {
        "divider": divider_w,
        "divider and inverters": cell_w,
        "with the heavy metal, current as printed": cell_w + printed,
        f"with the heavy metal, current by {convention}": cell_w + carried,
    }
    return {name: energy_j / power for name, power in powers.items()}


def _item(name: str, energy_j: float, window_s: float, source: str) -> EnergyItem:
    mean_w = energy_j / window_s
    return EnergyItem(name=name, energy_j=energy_j, window_s=window_s, source=f"{mean_w * 1e6:.3g} µW: {source}")


def noise_through(noise: OutputNoise, curve: ConductanceCurve, current_a: Array, output_v: Array) -> OutputNoise:
    """A device's noise in siemens as the cell's in volts: half of what the output changes between G - rms and G + rms.

    The circuit follows the conductance at once, so that an average of one is an average of the other; its own noise is
    not in it. Beyond the conductances of the curve the output goes on as at its ends.

    Args:
        current_a: (n,) inputs of the cell's transfer.
        output_v: (n,) its outputs.
    """
    seen = np.interp(current_a, curve.input, curve.rising)
    order = np.argsort(seen)
    conductance, volts = seen[order], output_v[order]
    at = np.array(noise.input or (0.0,))
    mean = np.interp(at, curve.input, curve.rising)

    def output(asked: Array) -> Array:
        inside = np.clip(asked, conductance[0], conductance[-1])
        ends = (volts[-1] - volts[0]) / (conductance[-1] - conductance[0])  # the mean slope, for what lies beyond
        return np.interp(inside, conductance, volts) + ends * (asked - inside)

    rms = np.array(noise.rms)
    per_siemens = np.where(
        rms > 0, np.abs(output(mean + rms) - output(mean - rms)) / (2 * np.where(rms > 0, rms, 1)), 0
    )
    return noise.scaled(per_siemens)


DIGITS = 9  # of a volt: what ngspice's tolerances vouch for


def cell_energy(study: CellStudy, window_s: float | None = None) -> tuple[EnergyItem, ...]:
    """One evaluation at full scale: divider and inverters while the wall moves, the heavy metal, and the reset.

    The heavy metal is billed by the convention's own reading of the current. In the reset the drive is off, divider and
    inverters, and a device's bias current, are on until the output is back.

    Args:
        window_s: of the evaluation; None: set by the device's own settling, `study.window_s`.

    Raises:
        UserError: The window is longer than the simulated time.
    """
    window = study.window_s if window_s is None else window_s
    full, wall = study.full_scale_a, study.device.wall
    items = list(response_items(study.step(0.0, full), wall, study.convention, full, window))
    reset = study.reset_s
    back = study.step(full, 0.0).energies_j(reset)
    items.append(_item("reset: divider and inverters", sum(back), reset, "ngspice"))
    if wall is not None and wall.bias_current_a:
        idle = drive_energies(wall, 0.0, study.convention, reset)[1]
        items.append(idle.model_copy(update={"name": f"reset: {idle.name}", "source": "the bias current stays on"}))
    return (*items, *averaging_items(study))


def averaging_items(study: CellStudy) -> tuple[EnergyItem, ...]:
    """What the cell draws at full scale, at rest, while the output of a noisy device is averaged."""
    window, full = study.averaging_s, study.full_scale_a
    if not window:
        return ()
    out, wall = study.transfer, study.device.wall
    power_w = sum(out.at(watts, full) for watts in (out.divider_w, out.inverters_w))
    items = [_item("averaging: divider and inverters", power_w * window, window, "ngspice, at rest")]
    if wall is not None:
        drive = drive_energies(wall, full, study.convention, window)[1]
        items.append(drive.model_copy(update={"name": f"averaging: {drive.name}"}))
    return tuple(items)


def printed_drive(study: CellStudy, window_s: float) -> EnergyItem | None:
    """The heavy metal's heat with the current as printed; None where the wall device is not known."""
    if study.device.wall is None:
        return None
    return drive_energies(study.device.wall, study.full_scale_a, study.convention, window_s)[0]


def cell_curve(study: CellStudy, name: str, devices: Samples | None = None) -> Activation:
    """The cell's transfer for `convert`, over the whole curve.

    The output that stands for 0 is that without an input, as every curve's here: silent outputs then lie below it,
    never above, which a net bears far better (images of the shipped generator at a distance of 26, and of 67 with the
    zero in the middle of the silent outputs, 0.2 % of full scale lower).

    Args:
        devices: the Monte Carlo's instances; None: the spread stays unknown.
    """
    out, curve, full = study.transfer, study.device.curve, study.full_scale_a
    currents = np.linspace(curve.input[0], curve.input[-1], out.current_a.size)  # ngspice's sums without their rounding
    volts = out.output_v.round(DIGITS)
    items = cell_energy(study)
    reset_j = sum(item.energy_j for item in items if item.name.startswith("reset"))
    settled = {step.to_a: study.settled_s(step.response) for step in study.steps if step.from_a == 0.0}
    ends, noise = sorted(settled), curve.output_noise
    notes = (
        f"Cards: {study.cards.name}. Cell: {study.cell.reference_ohm:g} ohm, divider between "
        f"{study.cell.divider_v[0]:g} and {study.cell.divider_v[1]:g} V, {study.cell.inverters} inverter(s) of "
        f"{study.cell.nmos_ratio:g} and {study.cell.pmos_ratio:g} (n and p, width over length) between "
        f"{study.cell.high_rail_v:g} and {study.cell.low_rail_v:g} V; {study.cell.source}.",
        f"Torque convention: {study.convention} (docs/derivations.md, section 1).",
        "The area is that of the track and of the transistors; the resistor and wires are not in it.",
        f"Device: {curve.name}, whose own file has its notes.",
        *(() if curve.spread.is_none else ("The spread of the device itself, in its own file, is not in this one's.",)),
    )
    return Activation(
        name=name,
        function=study.function,
        input=tuple(currents.tolist()),
        rising=tuple(volts.tolist()),
        falling=None if study.falling is None else tuple(study.falling.output_v.round(DIGITS).tolist()),
        input_unit="A",
        output_unit="V",
        input_full_scale=full,
        output_zero=float(np.interp(0.0, currents, volts)),
        output_full_scale=float(np.interp(full, currents, volts)),
        linear_range=curve.linear_range,
        reset=curve.reset.model_copy(update={"time_s": study.reset_s, "energy_j": reset_j}),
        settling=Settling(input=tuple(ends), time_s=tuple(settled[end] for end in ends)),
        energy_items=items,
        delay_s=study.window_s + study.averaging_s,
        loss=curve.loss,
        output_noise=noise and noise_through(noise, curve, currents, volts),
        spread=ActivationSpread() if devices is None else devices.spread(),
        area_m2=_area_m2(study),
        source=curve.source,
        provenance=f"ngspice {ngspice_version()}, cards {study.cards.name}, cell {study.cell.name}; device: "
        f"{curve.provenance}",
        notes=notes,
    )


def _area_m2(study: CellStudy) -> float | None:
    """The device's track, and the transistors' gates with the layout's factor."""
    device_m2 = study.device.curve.area_m2
    if device_m2 is None and study.device.wall is not None:
        device_m2 = study.device.wall.length_m * study.device.wall.width_m
    if device_m2 is None:
        return None
    cell, cards = study.cell, study.cards
    gates_m2 = cell.inverters * (cell.nmos_ratio + cell.pmos_ratio) * cards.technology.length_m**2
    return device_m2 + LAYOUT_FACTOR * gates_m2
