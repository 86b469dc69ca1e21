"""Values that the package's own devices and cells hold now: read from their objects, never written down again."""

import math

from spingan.papers.values import Value, Values


def synapse_as_printed() -> Values:
    """Paper S's synapse as the device half builds it, and as the network half takes it."""
    from spingan.devices.published import skyrmion_synapse
    from spingan.devices.skyrmion_synapse import PRINTED
    from spingan.devices.skyrmion_synapse_run import OPERATION
    from spingan.spec.technology import load_technology

    network = skyrmion_synapse()
    write = network.write
    periods = OPERATION[0].periods
    weights = load_technology("skyrmion-published").weight_levels()
    density, width, period = write.pulse_current_density_a_per_m2, write.pulse_width_s, write.pulse_period_s
    assert density is not None and width is not None and period is not None and weights is not None  # all are printed
    first, second = PRINTED.skyrmions_each_turn
    return {
        "bits of a weight": Value(math.log2(network.states), "1"),
        "skyrmions": Value(PRINTED.skyrmions, "1", "those of both turns"),
        "skyrmions on the inner and the outer turn": Value((first, second), "1"),
        "radius of the post-synapse": _nm(PRINTED.detector_radius_m),
        "radius of the disc": _nm(PRINTED.radius_m),
        "side of the device": _nm(2 * PRINTED.radius_m, "twice the radius"),
        "thickness of the device": _nm(PRINTED.film.thickness_m),
        "anisotropy of the film": _mj(PRINTED.film.anisotropy_j_per_m3),
        "anisotropy of the rails": _mj(PRINTED.rail_anisotropy_j_per_m3),
        "width of the track": _nm(PRINTED.pitch_m - PRINTED.rail_width_m, "rails of 10 nm are assumed between"),
        "current density of a pulse": Value(density * 1e-10, "MA/cm²"),
        "width of a pulse": Value(width * 1e9, "ns"),
        "period of the pulses": Value(period * 1e9, "ns"),
        "time of the highest conductance": Value(periods * period * 1e9, "ns", f"{periods} periods"),
        "whole operation": Value(
            sum(phase.periods for phase in OPERATION) * period * 1e9, "ns", "a whole number of periods"
        ),
        "bound of the weights": Value(float(abs(weights).max()), "1"),
    }


def walls_as_printed() -> Values:
    """Paper S's wall devices: their materials, geometry and drive."""
    from spingan.devices.domain_wall import LEAKY_PLAN, RELU_PLAN
    from spingan.devices.wall_device import LEAKY_RELU, RELU
    from spingan.devices.wall_figures import volume_nm3
    from spingan.devices.wall_system import mesh

    film, profile = LEAKY_RELU.film, LEAKY_RELU.profile
    left, right = LEAKY_RELU.detectors
    junction = RELU.detectors[0]
    plan = LEAKY_PLAN.currents_a
    return {
        "saturation magnetisation": Value(film.saturation_magnetization_a_per_m * 1e-3, "kA/m"),
        "Gilbert damping": Value(film.gilbert_damping, "1"),
        "DMI": Value(film.interfacial_dmi_j_per_m2 * 1e3, "mJ/m²"),
        "exchange stiffness": Value(film.exchange_stiffness_j_per_m * 1e12, "pJ/m"),
        "spin polarisation": Value(LEAKY_RELU.polarization, "1"),
        "the unnamed 0.2, read as field-like over damping-like torque": Value(LEAKY_RELU.field_like_ratio, "1"),
        "spin Hall angle": Value(LEAKY_RELU.spin_hall_angle, "1"),
        "resistivity of the heavy metal": Value(LEAKY_RELU.heavy_metal_resistivity_ohm_m * 1e8, "µΩ·cm"),
        "thickness of the heavy metal": _nm(LEAKY_RELU.heavy_metal_thickness_m),
        "constant anisotropy": _mj(profile.flat_j_per_m3),
        "cell of the mesh": _nm(mesh(LEAKY_RELU).dx_m),
        "resistance of the heavy metal, ReLU": Value(
            RELU.heavy_metal_resistance_ohm, "ohm", "resistivity x length / (width x thickness)"
        ),
        "length of the magnet": _nm(LEAKY_RELU.length_m),
        "width of the magnet": _nm(LEAKY_RELU.width_m),
        "thickness of the magnet": _nm(film.thickness_m),
        "volume of the magnet": Value(volume_nm3(LEAKY_RELU), "nm³"),
        "highest anisotropy": _mj(profile.left_peak_j_per_m3),
        "end of the left parabola": _nm(profile.left_end_m),
        "beginning of the right parabola": _nm(profile.right_start_m),
        "flat zone between the parabolas": _nm(profile.right_start_m - profile.left_end_m),
        "left junction, from and to": _nms(left.x0_m, left.x1_m),
        "left junction, length": _nm(left.x1_m - left.x0_m),
        "left junction, height": _nm(left.y1_m - left.y0_m, "'1 nm to 7 nm' counts cells"),
        "right junction, from and to": _nms(right.x0_m, right.x1_m),
        "right junction, length": _nm(right.x1_m - right.x0_m),
        "right junction, height": _nm(right.y1_m - right.y0_m, "'1 nm to 23 nm' counts cells"),
        "exchange bias at each end": _nm(LEAKY_RELU.exchange_bias.length_m),
        "lowest and highest current": _microamperes(min(plan), max(plan)),
        "range of the leaky ReLU": _microamperes(-LEAKY_PLAN.full_scale_a, LEAKY_PLAN.full_scale_a),
        "length and width of the heavy metal": _nms(RELU.length_m, RELU.width_m),
        "volume of the magnet, ReLU": Value(volume_nm3(RELU), "nm³", "1 nm thick, as the leaky ReLU"),
        "junction, from and to": _nms(junction.x0_m, junction.x1_m),
        "lowest and highest current, ReLU": _microamperes(min(RELU_PLAN.currents_a), max(RELU_PLAN.currents_a)),
    }


def cells_as_printed() -> Values:
    """Paper S's cells as ngspice gets them."""
    from spingan.circuits.cards import load_cards
    from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, RELU_CELL
    from spingan.circuits.domain_wall_response import STEP_S

    leaky = LEAKY_RELU_CELL
    capacitance = leaky.device_capacitance_f
    node = load_cards().node
    return {
        "capacitance of a junction": Value(
            None if capacitance is None else capacitance * 1e18,
            "aF",
            "3 µm of vacuum's: neither oxide nor area printed",
        ),
        "reference resistor of the leaky ReLU": Value(leaky.reference_ohm * 1e-3, "kohm"),
        "voltage sources of the leaky ReLU": Value((leaky.high_rail_v, leaky.low_rail_v), "V"),
        "widths of the inverter's transistors, n and p": Value((leaky.nmos_ratio, leaky.pmos_ratio), "1"),
        "time step": Value(STEP_S * 1e12, "ps"),
        "reference resistor of the ReLU": Value(RELU_CELL.reference_ohm * 1e-3, "kohm"),
        "technology node": Value(
            float(node.removesuffix("nm")), "nm", "generic cards; PTM's come without a licence, --cards takes yours"
        ),
    }


def memristor_as_printed() -> Values:
    """Paper M's memristor and its circuits' node."""
    from spingan.circuits.catalogue import CELLS
    from spingan.circuits.cell_bench import PULSE_S
    from spingan.devices import wox_memristor as memristor

    made = memristor.wox_memristor()
    ends = (1e-3 / made.conductance[-1], 1e-3 / made.conductance[0])
    nodes = {cell.node for cell in CELLS if cell.paper == "M"}
    return {
        "Ron": Value(_round(ends[0]), "kohm"),
        "Roff": Value(_round(ends[1]), "kohm"),
        "threshold": Value(made.write.threshold_v, "V"),
        "write voltage": Value(made.write.pulse_amplitude_v, "V"),
        "write times": Value(tuple(_round(time_s * 1e9) for time_s in memristor.WRITE_TIMES_S), "ns"),
        "levels, figure 7": Value(made.states, "1"),
        "pulse": Value(_round(PULSE_S * 1e9), "ns"),
        "technology node": Value(tuple(float(node.removesuffix("nm")) for node in sorted(nodes)), "nm"),
    }


def _nm(length_m: float, note: str = "") -> Value:
    return Value(_round(length_m * 1e9), "nm", note)


def _nms(*lengths_m: float) -> Value:
    return Value(tuple(_round(length * 1e9) for length in lengths_m), "nm")


def _mj(energy_j_per_m3: float) -> Value:
    return Value(_round(energy_j_per_m3 * 1e-6), "MJ/m³")


def _microamperes(*currents_a: float) -> Value:
    return Value(tuple(_round(current * 1e6) for current in currents_a), "µA")


def _round(number: float) -> float:
    """Without the last bits that a change of unit leaves."""
    return float(f"{number:.12g}")
