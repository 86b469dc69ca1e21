"""Types beyond the paper's nets: exact without devices, digital where listed, by a rule where they are one's own."""

import pytest
import torch
from torch import nn

from spingan.errors import UserError
from spingan.nn import rules
from spingan.nn.analog import AnalogLinear
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.counting import count_model
from spingan.nn.rules import register_rule
from spingan.spec.technology import Technology, load_technology

SKYRMION = load_technology("skyrmion-published")
IDEAL = load_technology("ideal")
MAPS = (2, 4, 6, 6)
TYPES = {  # one of each part of torch.nn that holds no matrix
    "GroupNorm": lambda: nn.GroupNorm(2, 4), "LayerNorm": lambda: nn.LayerNorm(6), "RMSNorm": lambda: nn.RMSNorm(6),
    "InstanceNorm2d": lambda: nn.InstanceNorm2d(4, affine=True), "LocalResponseNorm": lambda: nn.LocalResponseNorm(2),
    "SiLU": nn.SiLU, "GELU": nn.GELU, "ELU": nn.ELU, "Hardtanh": nn.Hardtanh, "Softmax": lambda: nn.Softmax(1),
    "PReLU": lambda: nn.PReLU(4), "Hardswish": nn.Hardswish, "GLU": lambda: nn.GLU(1), "Softplus": nn.Softplus,
    "Upsample": lambda: nn.Upsample(scale_factor=2), "PixelShuffle": lambda: nn.PixelShuffle(2),
    "ZeroPad2d": lambda: nn.ZeroPad2d(1), "AlphaDropout": nn.AlphaDropout, "LPPool2d": lambda: nn.LPPool2d(2, 2),
}  # fmt: skip


def _with_digital(*names):
    return SKYRMION.model_copy(update={"digital": (*SKYRMION.digital, *names)})


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_exact_without_devices_digital_where_listed_and_refused_elsewhere(name):
    torch.manual_seed(0)
    net = nn.Sequential(TYPES[name]()).eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter)
    maps = torch.randn(MAPS)
    for technology in (IDEAL, Technology(name="mine", digital=()), _with_digital(name)):
        conversion = convert(net, technology)
        assert [(row.type, row.kind) for row in conversion.rows] == [(name, "digital")]
        chip = program_chip(conversion.model, technology)
        assert torch.equal(chip(maps.clone()), net(maps.clone()))
        assert dict(count_model(net, maps[:1], technology).digital_by_type) != {}
    with pytest.raises(UserError, match=rf"\({name}\) has no place"):
        convert(net, SKYRMION)
    with pytest.raises(UserError, match="cannot count"):
        count_model(net, maps[:1], SKYRMION)


def test_an_embedding_is_looked_up_and_its_table_stays_as_it_is():
    torch.manual_seed(0)
    net, classes = nn.Sequential(nn.Embedding(10, 5), nn.Linear(5, 3)).eval(), torch.arange(10)
    chip = program_chip(convert(net, IDEAL).model, IDEAL)
    torch.testing.assert_close(chip(classes), net(classes), rtol=1e-5, atol=1e-5)
    conversion = convert(net, _with_digital("Embedding"), example_input=classes)
    assert [row.kind for row in conversion.rows] == ["digital", "analog"]
    assert torch.equal(program_chip(conversion.model, SKYRMION).net[0].weight, net[0].weight)  # not on levels
    counts = count_model(net, classes[:1], _with_digital("Embedding")).layers[0]
    assert (counts.digital_in, counts.digital_out, counts.trainable) == (1, 5, 50)


def test_parameters_of_a_digital_type_are_trained_counted_and_never_put_on_levels():
    net = nn.Sequential(nn.Linear(3, 4), nn.PReLU(4))
    nn.init.normal_(net[1].weight)
    model = convert(net, _with_digital("PReLU")).model
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in net.named_parameters()]
    model(torch.randn(2, 3)).sum().backward()
    assert model[1].weight.grad is not None
    assert torch.equal(program_chip(model, SKYRMION).net[1].weight, net[1].weight)
    assert count_model(net, torch.zeros(1, 3), _with_digital("PReLU")).layers[1].trainable == 4


@pytest.mark.parametrize("technology", [IDEAL, SKYRMION], ids=["ideal", "skyrmion"])
def test_an_empty_container_passes_its_values_on_and_has_no_row(technology):
    net = nn.Sequential(nn.Linear(3, 3), nn.Sequential(), nn.BatchNorm1d(3), nn.ReLU()).eval()
    net[2].running_mean.normal_()
    technology = technology.model_copy(update={"digital": (*technology.digital, "BatchNorm1d")})
    conversion = convert(net, technology)
    assert [row.kind for row in conversion.rows] == ["analog", "folded", "device"]
    assert len(count_model(net, torch.ones(1, 3), technology).layers) == 3
    if technology.synapse is None:
        given = torch.randn(5, 3)
        torch.testing.assert_close(program_chip(conversion.model, technology)(given), net(given))
    assert convert(nn.Sequential(), technology).rows == ()


def test_what_holds_a_matrix_is_no_digital_type_of_its_own_accord():
    for module in (nn.Conv1d(2, 2, 3), nn.Bilinear(2, 2, 2), nn.LSTM(2, 2), nn.MultiheadAttention(4, 2)):
        with pytest.raises(UserError):
            convert(nn.Sequential(module), IDEAL)


class _Scale(nn.Module):
    """Own parameters beside a module of its own."""

    def __init__(self):
        super().__init__()
        self.factor, self.layer = nn.Parameter(torch.tensor([3.0, -2.0])), nn.Linear(2, 2)

    def forward(self, given):
        return torch.exp(self.layer(given) * self.factor)


@pytest.fixture
def _no_rules_left():
    before = dict(rules.RULES)
    yield
    rules.RULES.clear()
    rules.RULES.update(before)


@pytest.mark.usefixtures("_no_rules_left")
def test_a_class_of_one_s_own_stays_digital_by_a_rule_with_its_parameters():
    net, given = nn.Sequential(nn.Linear(2, 2), _Scale()).eval(), torch.randn(4, 2)
    with pytest.raises(UserError, match="parameters of its own"):
        convert(net, SKYRMION)
    register_rule(_Scale)
    conversion = convert(net, SKYRMION, example_input=given)
    assert [(row.layer, row.kind) for row in conversion.rows] == [("0", "analog"), ("1", "digital")]
    torch.testing.assert_close(program_chip(convert(net, IDEAL).model, IDEAL)(given), net(given))
    counts = count_model(net, given[:1], SKYRMION).layers[1]
    assert (counts.digital_in, counts.digital_out, counts.trainable) == (2, 2, 8)
    with pytest.raises(UserError, match=r"own|no place"):
        convert(nn.Sequential(type("Derived", (_Scale,), {})()), SKYRMION)


@pytest.mark.usefixtures("_no_rules_left")
def test_a_rule_says_what_a_class_becomes_and_how_it_is_counted():
    def onto_an_array(name, module, technology):
        array = convert(module.layer, technology).model
        return array, "analog", "its layer alone"

    def one_read(layer, module, given, output, technology):
        return count_model(module.layer, given, technology).layers[0]

    register_rule(_Scale, onto_an_array, one_read)
    net = nn.Sequential(_Scale())
    conversion = convert(net, SKYRMION)
    assert isinstance(conversion.model[0], AnalogLinear) and conversion.rows[0].detail == "its layer alone"
    assert count_model(net, torch.ones(1, 2), SKYRMION).total("weights") == 4


def test_rules_are_for_classes_of_one_s_own():
    for kind, message in ((nn.GELU, "GELU converts is fixed"), (nn.GELU(), "no class"), (int, "no class")):
        with pytest.raises(UserError, match=message):
            register_rule(kind)
