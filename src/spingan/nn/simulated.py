"""Which of a technology's fields a converted net computes with. A field that nobody lists counts as left out."""

from collections.abc import Iterator, Mapping

from spingan.arrays.wires import WireRules
from spingan.spec.synapse import Read
from spingan.spec.technology import Converter, Technology
from spingan.spec.value import Value

COMPUTED = frozenset(
    (
        *("Technology.encoding", "Technology.read_out", "Technology.gain", "Technology.load_resistance_ohm"),
        *("Technology.transposed", "Technology.partial_sums", "Technology.trim_bits", "Technology.trim_reads"),
        "Technology.activation_range_rms",
        "Converter.bits",
        *("Technology.digital", "Technology.tile_rows", "DenseArrays.encoding", "DenseArrays.read_out"),
        *("Technology.tile_columns", "Technology.pair_layout", "Technology.row_feed"),  # with the wires
        *("Synapse.basis", "Synapse.conductance", "Synapse.endurance_writes"),
        *("Synapse.step_up", "Synapse.step_up_spread", "Synapse.step_down", "Synapse.step_down_spread"),  # on_chip
        *("Retention.law", "Retention.time_s", "Retention.coefficient", "Retention.towards"),  # spingan.nn.Chip.at
        *("Retention.spread", "Retention.state", "Synapse.write_error"),
        *("Faults.stuck_at_minimum", "Faults.stuck_at_maximum", "Faults.stuck_at_random"),
        *("Activation.function", "Activation.input", "Activation.rising", "Activation.falling"),
        *("Activation.input_full_scale",),
        *("Activation.output_zero", "Activation.output_full_scale", "Activation.outside"),
        *("ActivationSpread.gain", "ActivationSpread.offset", "ActivationSpread.slope"),
        *("ActivationSpread.correlation_gain_offset", "ActivationSpread.correlation_gain_slope"),
        *("ActivationSpread.correlation_offset_slope",),
        *("OutputNoise.input", "OutputNoise.rms"),  # on a chip
        *("ActivationSpread.mean_gain", "ActivationSpread.mean_offset", "ActivationSpread.mean_slope"),
    )
)
COSTS = frozenset(  # energy, time and area: the bill's, and they change no image
    (
        *("Technology.columns_read", "DenseArrays.columns_read"),
        "Technology.refresh_interval_s",  # how old a chip is, its conditions say
        *("Converter.energy_j", "Converter.time_s", "Converter.area_m2", "Converter.shared_by"),
        *("Synapse.step_up_energy_j", "Synapse.step_down_energy_j", "Synapse.area_m2"),
        *("Write.pulse_amplitude_v", "Write.pulse_amplitude_a", "Write.pulse_current_density_a_per_m2"),
        *("Write.pulse_width_s", "Write.pulse_period_s", "Write.energy_j", "Write.energy_per", "Write.access"),
        *("Write.reset_time_s", "Write.reset_energy_j", "Write.threshold_v"),
        *("Write.threshold_current_density_a_per_m2", "Read.voltage_v", "Read.time_s"),
        *("Reset.required", "Reset.time_s", "Reset.energy_j"),
        *("Settling.input", "Settling.time_s", "Activation.energy_items", "EnergyItem.name", "EnergyItem.energy_j"),
        *("EnergyItem.window_s", "EnergyItem.source", "Activation.delay_s", "Activation.area_m2"),
    )
)
WORDS = frozenset(  # names, units and where the numbers come from and hold
    (
        *(f"{kind}.{field}" for kind in ("Technology", "Synapse", "Activation") for field in
          ("schema_version", "name", "source", "provenance", "notes")),
        "Retention.measured_until_s",
        *("Validity.temperature_k", "Validity.read_voltage_v", "Validity.time_s"),
        *("Activation.input_unit", "Activation.output_unit", "Activation.linear_range"),
        *(f"ActivationSpread.{field}" for field in
          ("gain_interval", "offset_interval", "slope_interval", "temperature_k", "seed", "runs", "source")),
        *(f"Loss.{field}" for field in
          ("input", "interval", "evaluation_s", "temperature_k", "seed", "runs", "source")),
        *(f"OutputNoise.{field}" for field in
          ("interval", "averaging_time_s", "bandwidth_hz", "temperature_k", "seed", "runs", "source")),
        *(f"Ensemble.{field}" for field in  # a loss, in writing or evaluating, is computed by nobody
          ("temperature_k", "seed", "runs", "read_noise_interval_s", "loss_per_write_interval", "retention_interval_s",
           "source")),
    )
)  # fmt: skip
WIRES = frozenset(  # computed with by chips, in arrays of devices; weights without devices have no wires
    f"Technology.{name}_resistance_ohm" for name in ("wire", "column_wire", "driver")
)
CONVERSION = frozenset(("Converter.range", "Converter.noise_lsb", "Converter.learned_range"))  # of codes
LAW = frozenset(("Read.law", "Read.sinh_voltage_v", "Read.mtj_half_voltage_v"))


def not_simulated(technology: Technology) -> tuple[str, ...]:
    """Paths of the fields that `technology` states and a converted net does not compute with."""
    return tuple(_left_out(technology, "", technology))


def _left_out(value: Value, path: str, technology: Technology) -> Iterator[str]:
    for field, part in value:
        home = next(kind for kind in reversed(type(value).__mro__) if field in getattr(kind, "__annotations__", ()))
        name, where = f"{home.__name__}.{field}", f"{path}{field}"
        if isinstance(part, Value):
            yield from _left_out(part, f"{where}.", technology)
        elif isinstance(part, Mapping):
            for key, inner in part.items():
                yield from _left_out(inner, f"{where}.{key}.", technology)
        else:
            accounted = (
                part is None or part == 0 or name in COMPUTED | COSTS | WORDS or _harmless(name, value, technology)
            )
            if not accounted or _idle(name, part, technology):
                yield where


def _idle(name: str, part: object, technology: Technology) -> bool:
    """Whether a field that is computed with in other technologies changes nothing in this one."""
    match name:
        case "Technology.row_feed":
            return part == "two_sides" and WireRules.of(technology).ideal
        case "Technology.activation_range_rms":
            return part is not None and not technology.activations
        case "Technology.load_resistance_ohm":
            return part is not None and "load_divider" not in (technology.read_out, technology.dense.read_out)
        case "Technology.read_out" | "DenseArrays.read_out":
            return part == "load_divider" and technology.synapse is None
    return False


def _harmless(name: str, value: Value, technology: Technology) -> bool:
    """Whether a field that matters in some technologies does not matter in this one."""
    if name in WIRES:
        return technology.synapse is not None and technology.synapse.basis != "normalised"
    if name in CONVERSION:
        return isinstance(value, Converter) and value.bits is not None
    if name == "Technology.input_coding":  # a coding of what has no codes
        return technology.dac.bits is not None or technology.input_coding == "amplitude"
    return isinstance(value, Read) and name in LAW and value.law in (None, "linear")
