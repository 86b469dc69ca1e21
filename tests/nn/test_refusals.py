"""A module is what its class computes, whatever it is called; what cannot be converted is refused in one line."""

import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology, load_technology

SKYRMION = load_technology("skyrmion-published")
IDEAL = load_technology("ideal")
DERIVED = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.BatchNorm2d, nn.Dropout, nn.AvgPool2d, nn.MaxPool2d,
           nn.Flatten, nn.Identity, nn.Conv2d, nn.Linear, nn.ConvTranspose2d)  # fmt: skip
ARGUMENTS = {"BatchNorm2d": (2,), "AvgPool2d": (2,), "MaxPool2d": (2,), "Conv2d": (1, 2, 3), "Linear": (2, 2),
             "ConvTranspose2d": (1, 2, 3), "LeakyReLU": (0.2,)}  # fmt: skip


def _derived(kind, **defines):
    return type(f"My{kind.__name__}", (kind,), defines)(*ARGUMENTS.get(kind.__name__, ()))


@pytest.mark.parametrize("kind", DERIVED)
@pytest.mark.parametrize("technology", [IDEAL, SKYRMION], ids=["ideal", "skyrmion"])
def test_a_subclass_with_a_forward_of_its_own_is_refused(kind, technology):
    def forward(self, given):
        return 2 * kind.forward(self, given)

    own = [_derived(kind, forward=forward), _derived(kind, __call__=forward), _derived(kind)]
    own[2].forward = lambda given: given  # on the instance
    for module in own:
        with pytest.raises(UserError, match="has a forward of its own"):
            convert(nn.Sequential(module), technology)


@pytest.mark.parametrize("kind", DERIVED)
def test_a_subclass_that_only_builds_itself_otherwise_is_its_base(kind):
    def build(self, *arguments):
        kind.__init__(self, *arguments)

    row, plain = (
        convert(nn.Sequential(module), SKYRMION).rows[0]
        for module in (_derived(kind, __init__=build), kind(*ARGUMENTS.get(kind.__name__, ())))
    )
    assert (row.kind, row.detail) == (plain.kind, plain.detail)


def test_what_only_has_the_name_of_a_digital_type_is_refused():
    class Tanh(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))

        def forward(self, given):
            return given * self.weight

    with pytest.raises(UserError, match=r"layer 0 \(Tanh\) has no place"):
        convert(nn.Sequential(Tanh()), SKYRMION)
    Scale = type("Scale", (Tanh,), {})
    listed = SKYRMION.model_copy(update={"digital": (*SKYRMION.digital, "Scale")})
    assert convert(nn.Sequential(Scale()), listed).rows[0].kind == "digital"


def _compiled():
    return torch.compile(nn.Sequential(nn.Linear(2, 2)))


def _compiled_in_place():
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].compile()
    return net


def _weight_norm():
    return nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(2, 2)))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nn.Sequential(nn.Linear(2, 2)).half(), "layer 0: its weight is float16"),
        (lambda: nn.Sequential(nn.Linear(2, 2)).bfloat16(), "layer 0: its weight is bfloat16"),
        (lambda: nn.Sequential(nn.LazyLinear(2)), "layer 0: its weight has no shape yet"),
        (_compiled, "the model is compiled"),
        (_compiled_in_place, "0 is compiled"),
        pytest.param(_weight_norm, "cannot be copied|computed from", marks=pytest.mark.filterwarnings("ignore")),
    ],
)
def test_what_cannot_be_copied_or_computed_is_refused_in_one_line(build, message):
    with pytest.raises(UserError, match=message) as caught:
        convert(build(), SKYRMION)
    assert "\n" not in caught.value.problem and caught.value.remedy


class _Recorder:
    def __init__(self):
        self.seen = []

    def hook(self, module, inputs, output):
        self.seen.append((type(module).__name__, output))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Dropout, nn.Linear, nn.AvgPool2d])
@pytest.mark.parametrize("name", ["ideal", "skyrmion-published", "wox-memristor"])
def test_hooks_of_every_module_run_in_the_copy_and_stay_their_owner_s(activation, name):
    technology = load_technology(name)
    recorder = _Recorder()
    arguments = (4, 4) if activation is nn.Linear else (2,) if activation is nn.AvgPool2d else ()
    net = nn.Sequential(nn.Linear(4, 4), activation(*arguments)).eval()
    net[1].register_forward_hook(recorder.hook)
    net[1].register_forward_pre_hook(lambda module, inputs: recorder.seen.append(("before", inputs[0])))
    net[1].register_forward_hook(lambda *_, **__: recorder.seen.append(("with", None)), with_kwargs=True)
    given = torch.rand(1, 1, 4, 4)
    out = convert(net, technology).model(given)
    assert [what for what, _ in recorder.seen][::2] == ["before", "with"]
    assert torch.equal(recorder.seen[1][1], out)


def test_one_model_goes_on_as_many_technologies_as_one_likes_and_stays_as_it_was():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(18, 3))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    types = [type(module) for module in net.modules()]
    models = [convert(net, load_technology(name)).model for name in ("ideal", "skyrmion-published", "wox-memristor")]
    assert [type(module) for module in net.modules()] == types
    for model in models:
        assert not {id(part) for part in model.parameters()} & {id(part) for part in net.parameters()}
        with torch.no_grad():
            model[0].weight.zero_()
            model(torch.randn(2, 1, 5, 5))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_layers_that_share_a_weight_get_an_array_each_and_say_so():
    first, second = nn.Linear(40, 40), nn.Linear(40, 40)
    second.weight = first.weight
    technology = Technology(name="float")
    conversion = convert(nn.Sequential(first, second), technology)
    assert "an array of its own for the weights of layer 0" in conversion.rows[1].detail
    assert conversion.model[0].weight is conversion.model[1].weight  # trained as one
    chip = program_chip(conversion.model, technology, ChipConditions(0, Noise(fraction=0.1)))
    errors = [layer.weight - first.weight for layer in chip.net]
    for error in errors:
        assert float(error.detach().std()) == pytest.approx(0.1, rel=0.09)  # five standard errors of 1,600 draws
    assert abs(float(torch.corrcoef(torch.stack([error.detach().flatten() for error in errors]))[0, 1])) < 0.13
