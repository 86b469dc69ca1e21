"""Every field of a technology's schema is computed with, a cost, a word, or named as not simulated."""

from collections.abc import Iterator
from typing import get_args

import pytest
import torch
from pydantic import Field
from torch import nn

from spingan.nn.activations import DeviceActivation
from spingan.nn.conversion import convert
from spingan.nn.counting import count_model
from spingan.nn.simulated import COMPUTED, CONVERSION, COSTS, LAW, WIRES, WORDS, not_simulated
from spingan.spec.activation import Activation
from spingan.spec.synapse import Read, Synapse, Write
from spingan.spec.technology import Converter, Technology, load_technology, with_settings
from spingan.spec.value import Value

NAMED = {  # what a converted net leaves out, and says so
    *("Technology.input_coding", "Technology.temperature_k"),
    *("Synapse.read_noise_s", "Write.half_select_disturb", "Read.noise_s", "Read.disturb", "Read.leakage_s"),
    *("Spread.gain", "Spread.resistance", "Spread.minimum_conductance_s", "Spread.maximum_conductance_s"),
    *("Spread.cycle_to_cycle", "Reset.residual", "Ensemble.loss_per_write", "Loss.per_evaluation"),
    *LAW,
    *WIRES,  # without devices
    *CONVERSION,  # without bits
}  # fmt: skip


def _values_in(annotation) -> Iterator[type[Value]]:
    if isinstance(annotation, type) and issubclass(annotation, Value):
        yield annotation
    for part in get_args(annotation):
        yield from _values_in(part)


def _fields(kind: type[Value], seen: set[type[Value]]) -> Iterator[str]:
    if kind in seen:
        return
    seen.add(kind)
    for name, field in kind.model_fields.items():
        inner = list(_values_in(field.annotation))
        for part in inner:
            yield from _fields(part, seen)
        if not inner or name == "energy_items":
            yield f"{kind.__name__}.{name}"


def test_every_field_of_the_schema_has_one_use():
    uses = (COMPUTED, COSTS, WORDS, frozenset(NAMED))
    fields = list(_fields(Technology, set()))
    assert len(fields) > 100
    for field in fields:
        assert sum(field in use for use in uses) == 1, field
    assert set().union(*uses) <= set(fields)  # and no use is of a field that went


def test_a_field_that_nobody_thought_of_is_named():
    class Wider(Technology):
        magnetic_shield_t: float | None = Field(default=None)

    assert not_simulated(Wider(name="new")) == ()
    assert not_simulated(Wider(name="new", magnetic_shield_t=0.1)) == ("magnetic_shield_t",)


STATED = {
    "input_coding": {"input_coding": "bit_serial"},
    "dac.range": {"dac": Converter(range=(0.0, 1.0))},
    "adc.range": {"adc": Converter(range=(-1.0, 1.0))},
    "adc.noise_lsb": {"adc": Converter(noise_lsb=0.5)},
    "temperature_k": {"temperature_k": 300.0},
    "synapse.write.half_select_disturb": {"write": Write(half_select_disturb=0.01)},
    "synapse.read.law": {"read": Read(law="sinh")},
}


def _technology(fields) -> Technology:
    own = {name: value for name, value in fields.items() if name in Synapse.model_fields}
    synapse = Synapse(name="two", basis="measured", conductance=(1e-6, 2e-6), **own)
    return Technology(name="stated", synapse=synapse, **{k: v for k, v in fields.items() if k not in own})


@pytest.mark.parametrize("path", STATED)
def test_what_is_stated_and_left_out_is_named_by_its_path(path):
    assert not_simulated(_technology(STATED[path])) == (path,)


def test_wires_are_left_out_only_where_there_are_no_devices():
    stated = {"wire_resistance_ohm": 2.0, "column_wire_resistance_ohm": 1.0, "driver_resistance_ohm": 100.0}
    layout = {"row_feed": "two_sides", "pair_layout": "separate", "tile_rows": 64, "tile_columns": 64}
    assert not_simulated(_technology(stated | layout)) == ()
    assert not_simulated(Technology(name="floats", **stated)) == tuple(stated)


def test_converters_with_bits_are_computed_with():
    dac, adc = Converter(bits=8, range=(0, 1)), Converter(bits=8, noise_lsb=1, learned_range=True, shared_by=8)
    assert not_simulated(_technology({"dac": dac, "adc": adc, "input_coding": "bit_serial"})) == ()


SIGMOID = Activation(
    name="three pieces", function="sigmoid", input=(-1.0, -0.5, 0.5, 1.0), rising=(0.0, 0.0, 2.0, 2.0),
    input_unit="V", output_unit="V", input_full_scale=1.0, output_zero=0.0, output_full_scale=2.0,
)  # fmt: skip


def test_a_sigmoid_that_is_billed_as_a_device_is_computed_with_its_curve():
    technology = Technology(name="analog sigmoid", activations={"sigmoid": SIGMOID})
    net = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
    conversion = convert(net, technology)
    assert isinstance(conversion.model[1], DeviceActivation) and conversion.rows[1].kind == "device"
    assert count_model(net, torch.ones(1, 1), technology).activations == {"sigmoid": 1}
    inputs = torch.linspace(-8, 8, 401)
    out = conversion.model[1](inputs)
    assert float(out.min()) == 0 and float(out.max()) == 1 and float(out[200]) == pytest.approx(0.5)
    assert 0.02 < float((out - inputs.sigmoid()).abs().max()) < 0.08  # three straight pieces, as near as they get
    straight = out[(out > 0.01) & (out < 0.99)]
    torch.testing.assert_close(straight.diff(), straight.diff()[:1].expand(len(straight) - 1), rtol=1e-3, atol=1e-6)


def test_without_a_curve_a_sigmoid_is_digital_in_the_net_and_in_the_bill():
    technology = load_technology("skyrmion-published")
    net = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
    assert convert(net, technology).rows[1].kind == "digital"
    assert count_model(net, torch.ones(1, 1), technology).digital_by_type == {"Sigmoid": 1}


@pytest.mark.parametrize(
    ("told", "path"),
    [
        (("row_feed=two_sides",), "row_feed"),
        (("activation_range_rms=4", "activations={}"), "activation_range_rms"),
        (("load_resistance_ohm=10",), "load_resistance_ohm"),
        (("synapse=null", "read_out=load_divider"), "read_out"),
        (("synapse=null", "dense.read_out=load_divider"), "dense.read_out"),
    ],
)
def test_a_setting_that_changes_nothing_here_is_named(told, path):
    none = ("wire_resistance_ohm=null", "column_wire_resistance_ohm=null", "driver_resistance_ohm=null")
    assert path in not_simulated(with_settings(load_technology("pcm"), [*none, *told]))


def test_a_setting_that_has_its_part_here_is_not_named():
    told = ("row_feed=two_sides", "wire_resistance_ohm=1", "read_out=load_divider", "load_resistance_ohm=10")
    left_out = not_simulated(with_settings(load_technology("pcm"), told))
    assert not {"row_feed", "read_out", "load_resistance_ohm"} & set(left_out)
