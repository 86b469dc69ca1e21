"""Whatever a forward does with its modules, an ideal chip computes what the net computes, or is refused."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spingan.errors import UserError
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.spec.activation import Activation
from spingan.spec.technology import DIGITAL_TYPES, Technology, load_technology

WIDE = 3
OTHERS = {  # digital where they are listed, exact on `ideal`; some work in place, some hand on what they read
    "group": lambda: _varied(nn.GroupNorm(1, WIDE, eps=0.1)),  # or rounding would grow where all values are alike
    "along": lambda: _varied(nn.LayerNorm(WIDE, eps=0.1)),
    "instance": lambda: nn.InstanceNorm2d(WIDE, eps=0.1),
    "silu": nn.SiLU,
    "silu_": lambda: nn.SiLU(inplace=True),
    "gelu": nn.GELU,
    "elu_": lambda: nn.ELU(inplace=True),
    "prelu": lambda: nn.PReLU(WIDE),
    "hardtanh": nn.Hardtanh,
    "softmax": lambda: nn.Softmax(1),
    "up": lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.AvgPool2d(2)),
    "shuffle": lambda: nn.PixelShuffle(1),
    "drop": lambda: nn.AlphaDropout(0.5),
    "nothing": nn.Sequential,
}
ON_MAPS, ON_ROWS = {"instance", "up", "shuffle", "drop"}, {"along"}
DIGITAL = (
    *(*DIGITAL_TYPES, "BatchNorm1d", "GroupNorm", "LayerNorm", "InstanceNorm2d", "SiLU", "GELU", "ELU", "PReLU"),
    *("Hardtanh", "Softmax", "Upsample", "PixelShuffle", "AlphaDropout"),
)
IDEAL = load_technology("ideal")
RELU = Activation(
    name="an exact ReLU", function="relu", input=(-1.0, 0.0, 1.0), rising=(0.0, 0.0, 1.0), outside="extrapolate",
    input_unit="1", output_unit="1", input_full_scale=1.0, output_zero=0.0, output_full_scale=1.0,
)  # fmt: skip
DEVICES = Technology(name="exact devices", activations={"relu": RELU}, digital=DIGITAL)


class _Net(nn.Module):
    """Steps (what, which module, which earlier value), each giving one more value; the last and the taps come out."""

    def __init__(self, kind, steps, taps, keeps):
        super().__init__()
        self.modules_of = nn.ModuleDict()
        self.steps, self.taps, self.keeps, self.kept = steps, taps, keeps, None
        for what, which, _ in steps:
            if what != "add" and f"{what}{which}" not in self.modules_of:
                self.modules_of[f"{what}{which}"] = _module(kind, what)

    def forward(self, given):
        values = [given]
        for what, which, source in self.steps:
            value = values[max(0, len(values) - 1 - source)]
            values.append(values[-1] + value if what == "add" else self.modules_of[f"{what}{which}"](value))
        if self.keeps:
            self.kept = values
        return torch.cat([values[-1], *(values[tap % len(values)] for tap in self.taps)])


def _varied(norm):
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return norm


def _module(kind, what):
    if what in OTHERS:
        return nn.Identity() if what in (ON_ROWS if kind == "maps" else ON_MAPS) else OTHERS[what]()
    if what == "layer":
        return nn.Conv2d(WIDE, WIDE, 3, padding=1) if kind == "maps" else nn.Linear(WIDE, WIDE)
    if what == "norm":
        norm = nn.BatchNorm2d(WIDE) if kind == "maps" else nn.BatchNorm1d(WIDE)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        nn.init.normal_(norm.weight)
        return norm
    return nn.ReLU(inplace=what == "relu_")


KINDS = st.sampled_from(["maps", "rows", "sequences"])
SHAPES = {"maps": (2, WIDE, 4, 4), "rows": (4, WIDE), "sequences": (2, WIDE, WIDE)}
STEP = st.tuples(
    st.sampled_from(["layer", "layer", "norm", "norm", "relu", "relu_", "add"]) | st.sampled_from([*OTHERS]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 0, 1, 2]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(KINDS, st.lists(STEP, min_size=2, max_size=7), st.lists(st.integers(0, 7), max_size=2), st.booleans(),
       st.sampled_from([IDEAL, DEVICES]))  # fmt: skip
def test_a_chip_without_flaws_computes_what_the_net_computes(kind, steps, taps, keeps, technology):
    torch.manual_seed(0)
    net = _Net(kind, [("layer", 0, 0), *steps], taps, keeps).eval()
    inputs = torch.randn(SHAPES[kind])
    conversion = convert(net, technology)
    chip = program_chip(conversion.model, technology)
    with torch.no_grad():
        exact = net(inputs.clone())
        torch.testing.assert_close(conversion.model(inputs.clone()), exact, rtol=1e-5, atol=1e-5)
        try:
            found = chip(inputs.clone())
        except UserError as refused:
            assert kind == "sequences" and "(batch, features)" in refused.remedy
            return
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=1e-5 * max(1.0, float(exact.abs().max())))


def _folded(net, technology=IDEAL):
    return [row.layer for row in convert(net, technology).rows if row.kind == "folded"]


class _Tapped(nn.Module):
    """Gives away what lies between a layer and its batch norm, in several ways."""

    def __init__(self, how):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
        self.how, self.seen = how, []

    def forward(self, given):
        if self.how == "whole":
            return self.body(given)
        if self.how == "twice":
            return self.body(given) + self.body[0](given)
        features = []
        for part in self.body:
            given = part(given)
            features.append(given)
        if self.how == "kept":
            self.seen = features
        return given if self.how != "returned" else (given, features)


def test_a_norm_is_folded_where_it_alone_reads_the_layer():
    assert _folded(_Tapped("whole")) == ["body.1"] == _folded(_Tapped("walked"))
    for how in ("twice", "returned", "kept"):
        assert _folded(_Tapped(how)) == []


def test_a_hook_on_a_layer_sees_the_layer_s_own_values_on_a_chip():
    seen = []
    net = _Tapped("whole").eval()
    net.body[1].running_var.fill_(4.0)
    net.body[0].register_forward_hook(lambda module, inputs, output: seen.append(output))
    chip = program_chip(convert(net, IDEAL).model, IDEAL)
    inputs = torch.randn(1, 1, 5, 5)
    torch.testing.assert_close(chip(inputs), net(inputs))
    torch.testing.assert_close(*seen)


def test_a_hook_around_several_modules_gets_values_only_and_keeps_norms_apart():
    seen = []
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3)), nn.BatchNorm2d(2)).eval()
    assert _folded(net) == ["1"]
    net[0].register_forward_hook(lambda module, inputs, output: seen.append(output))
    conversion = convert(net, IDEAL)
    assert seen == [] and "hooks on 0" in conversion.unchecked[0]
    net[1].running_var.fill_(4.0)
    chip, inputs = program_chip(conversion.model, IDEAL), torch.randn(1, 1, 5, 5)
    chip(inputs)
    torch.testing.assert_close(seen[0], net[0][0](inputs))


def test_a_hook_that_came_after_the_conversion_keeps_the_norm_apart():
    model = convert(_Tapped("whole").eval(), IDEAL).model
    model.body[0].register_forward_hook(lambda *_: None)
    assert type(program_chip(model, IDEAL).net.body[1]) is nn.BatchNorm2d


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 3), (2, 5, 3)])
def test_a_dense_layer_s_norm_is_in_the_columns_only_where_it_is_along_them(shape):
    net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(shape[1])).eval()
    net[1].running_mean.normal_()
    chip, inputs = program_chip(convert(net, IDEAL).model, IDEAL), torch.randn(shape)
    if shape == (2, 3, 3):
        with pytest.raises(UserError, match="values of shape"):
            chip(inputs)
    else:
        torch.testing.assert_close(chip(inputs), net(inputs))


@pytest.mark.parametrize("in_place", [True, False])
def test_gradients_through_an_activation_in_place_before_a_skip_are_the_net_s(in_place):
    torch.manual_seed(0)
    net = _Net("maps", [("layer", 0, 0), ("relu_" if in_place else "relu", 0, 0), ("add", 0, 1)], [], False)
    gradients = []
    for model in (net, convert(net, DEVICES).model):
        inputs = torch.randn(2, WIDE, 4, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
        model(inputs).square().sum().backward()
        gradients.append([inputs.grad, *(part.grad for part in model.parameters())])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
