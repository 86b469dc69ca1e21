"""A chip in an ONNX file computes in onnxruntime what it computes in PyTorch; what no file can hold is refused."""

import json
import math
import sys

import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

import spingan
from spingan.arrays.conditions import ChipConditions
from spingan.cli import app
from spingan.errors import UserError
from spingan.nn import onnx_file
from spingan.nn.chip import fit_to_weights, program_chip
from spingan.nn.conversion import convert
from spingan.nn.mean_pool import MemristiveMeanPool
from spingan.nn.onnx_file import write_chip
from spingan.nn.plain import PlainActivation, plain_chip
from spingan.nn.weights import load_model
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.activation import Activation, OutputNoise
from spingan.spec.noise import Noise
from spingan.spec.technology import Converter, load_technology

onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
BENT = tuple(step / 4 - 1 for step in range(9))  # a curve of eight pieces, and one of so many that it is looked up
SMOOTH = tuple(step / 100 - 1 for step in range(201))


def relu(points: tuple[float, ...], **fields: object) -> Activation:
    curve = tuple(max(0.02 * x, x + 0.1 * math.sin(3 * x) * (x > 0)) for x in points)
    units = {"input_unit": "A", "output_unit": "V", "input_full_scale": 1.0, "output_zero": 0.0}
    given = {"input": points, "rising": curve, "output_full_scale": curve[-1], **units, **fields}
    return Activation(name="relu_of_test", function="relu", **given)


def chip_of(net: nn.Module, technology, given: Tensor, **conditions: object):
    """The net's chip, its ranges fitted to `given`."""
    model = convert(net.eval(), technology, example_input=given).model
    fit_to_weights(model, [given])
    return program_chip(model.eval(), technology, ChipConditions(**conditions))


def small_net() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(1)
    net = nn.Sequential(
        *(ZeroPaddedConv2d(6, 8, 4, of_one_pixel=True), nn.BatchNorm2d(8), nn.ReLU()),
        *(ZeroPaddedConv2d(8, 5, 3, 2, 1, output_padding=1, execution="literal"), nn.ReLU()),
        *(nn.Conv2d(5, 4, 3, padding=1), nn.AvgPool2d(2, 2), nn.Flatten(), nn.Linear(64, 3), nn.Tanh()),
    )
    return net, torch.randn(8, 6, 1, 1)


def in_onnxruntime(file, **inputs: Tensor) -> Tensor:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return torch.as_tensor(session.run(None, {name: part.numpy() for name, part in inputs.items()})[0])


@pytest.mark.parametrize("points", [BENT, SMOOTH], ids=["bends", "table"])
@pytest.mark.parametrize("outside", ["clamp", "extrapolate"])
def test_a_file_computes_what_the_chip_computes_for_any_number_of_inputs(points, outside, with_levels, tmp_path):
    technology = with_levels(16, activations={"relu": relu(points, outside=outside)})
    net, given = small_net()
    chip = chip_of(net, technology, given, seed=3, stuck=0.02, activation_offset=0.03, activation_gain=0.1)
    file = write_chip(chip, tmp_path / "chip.onnx", {"values": given})
    assert file.largest_difference <= 1e-5
    with torch.no_grad():
        for values in (given[:1], 3 * given, torch.randn(5, 6, 1, 1)):  # some beyond the devices' range
            torch.testing.assert_close(in_onnxruntime(file.file, values=values), chip(values), rtol=0, atol=1e-5)


def test_curves_with_kinks_are_looked_up_exactly(with_levels):
    """Every point of a table, its middles and what lies beyond, not only where a net's values happen to fall."""
    values = torch.linspace(-1.5, 1.5, 1201)[:, None]
    for points in (BENT, SMOOTH):
        technology = with_levels(16, activations={"relu": relu(points)})
        chip = chip_of(nn.Sequential(nn.Linear(1, 1), nn.ReLU()), technology, values)
        plain = plain_chip(chip, values)
        assert isinstance(plain[1], PlainActivation)
        torch.testing.assert_close(plain[1](values), chip.net[1](values.clone()), rtol=0, atol=3e-7)


def test_pools_of_devices_that_vary_and_sums_go_into_the_file(tmp_path):
    technology = load_technology("wox-memristor")

    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right, self.pool = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(2, 4, 1), nn.AvgPool2d(2, 2)

        def forward(self, values: Tensor) -> Tensor:
            return self.pool(self.left(values) + self.right(values))

    torch.manual_seed(2)
    given = torch.randn(4, 2, 6, 6)
    noise = Noise(fraction=0.1, of="resistance")
    chip = chip_of(Branches(), technology.model_copy(update={"digital": ()}), given, programming_noise=noise)
    assert isinstance(chip.net.pool, MemristiveMeanPool) and chip.net.pool.tolerance > 0
    file = write_chip(chip, tmp_path / "chip.onnx", {"values": given})
    torch.testing.assert_close(in_onnxruntime(file.file, values=given), chip(given), rtol=0, atol=1e-5)


def test_labels_are_a_second_input(tmp_path):
    class Conditional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.names, self.body = nn.Embedding(3, 4), nn.Linear(9, 2)

        def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
            return self.body(torch.cat([latents, self.names(labels)], 1))

    torch.manual_seed(4)
    ideal = load_technology("ideal")
    latents, labels = torch.randn(6, 5), torch.arange(6) % 3
    chip = program_chip(convert(Conditional().eval(), ideal, example_input=(latents, labels)).model, ideal)
    file = write_chip(chip, tmp_path / "chip.onnx", {"latents": latents, "labels": labels})
    assert file.inputs == {"latents": ["batch", 5], "labels": ["batch"]}
    other = labels.flip(0)
    found = in_onnxruntime(file.file, latents=latents, labels=other)
    torch.testing.assert_close(found, chip(latents, other), rtol=0, atol=1e-5)
    assert (found - in_onnxruntime(file.file, latents=latents, labels=labels)).abs().max() > 0.01


def test_the_file_says_what_it_is_and_nothing_of_the_machine_it_was_made_on(with_levels, tmp_path):
    net, given = small_net()
    chip = chip_of(net, with_levels(16), given, seed=5)
    file = write_chip(chip, tmp_path / "chip.onnx", {"values": given}, {"model": "small"})
    proto = onnx.load(file.file)
    onnx.checker.check_model(proto, full_check=True)
    known = {each.key: each.value for each in proto.metadata_props}
    assert known["model"] == "small" and json.loads(known["conditions"])["seed"] == 5
    content = file.file.read_bytes()
    assert b".py" not in content and len(content) == file.size_bytes
    assert {node.domain for node in proto.graph.node} == {""}  # standard operators alone


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"read_noise": Noise(fraction=0.1)}, "read noise, drawn anew"),
        ({"latent_noise": 0.1}, "noise of inputs"),
        ({"input_noise": 0.1}, "noise of inputs"),
    ],
)
def test_noise_that_is_drawn_at_each_read_is_refused_by_name(conditions, words, with_levels, tmp_path):
    net, given = small_net()
    chip = chip_of(net, with_levels(16), given, **conditions)
    with pytest.raises(UserError, match=words):
        write_chip(chip, tmp_path / "chip.onnx", {"values": given})
    assert not list(tmp_path.iterdir())


def test_converters_noisy_devices_and_devices_that_refuse_inputs_are_refused_together(with_levels, tmp_path):
    noise = OutputNoise(rms=(0.01,), bandwidth_hz=1e9, temperature_k=300.0)
    activation = relu(BENT, outside="error", output_noise=noise)
    technology = with_levels(16, activations={"relu": activation}, dac=Converter(bits=6), adc=Converter(bits=8))
    net, given = small_net()
    chip = chip_of(net, technology, given)
    with pytest.raises(UserError) as refused:
        write_chip(chip, tmp_path / "chip.onnx", {"values": given})
    for words in (
        "the rounding of the dac and the adc",
        "noise of relu_of_test",
        "outside: error",
        "--set dac.bits=null",
    ):
        assert words in str(refused.value)


def test_a_file_that_draws_other_pictures_is_not_kept(with_levels, tmp_path, monkeypatch):
    net, given = small_net()
    chip = chip_of(net, with_levels(16), given)
    before = (tmp_path / "chip.onnx").write_bytes(b"an older file")
    plain = onnx_file.plain_chip

    def off(*arguments):
        made = plain(*arguments)
        made[-2].bias.data += 3e-4
        return made

    monkeypatch.setattr(onnx_file, "plain_chip", off)
    with pytest.raises(UserError, match="no file was kept"):
        write_chip(chip, tmp_path / "chip.onnx", {"values": given})
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [before]


def test_a_forward_that_goes_by_values_is_refused_in_words(tmp_path):
    class Chooses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, values: Tensor) -> Tensor:
            return self.layer(values) if float(values.detach().max()) > 0 else self.layer(values + 1)

    ideal = load_technology("ideal")
    chip = program_chip(convert(Chooses().eval(), ideal).model, ideal)
    with pytest.raises(UserError, match="cannot be written in ONNX's operators"):
        write_chip(chip, tmp_path / "chip.onnx", {"values": torch.randn(4, 3)})
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_one_line_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    done = CliRunner().invoke(app, ["export", "onnx", "clothes", "--out", str(tmp_path / "chip.onnx")])
    assert done.exit_code == 2
    assert "needs the package onnxruntime" in done.stderr and "pip install 'spingan[onnx]'" in done.stderr


def test_noise_is_refused_by_the_command_before_anything_is_written(tmp_path):
    words = ["export", "onnx", "mnist-memristive", "--condition", "read_noise=0.1", "--out", str(tmp_path / "c.onnx")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2 and "read noise" in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clothes", "digits"])
def test_the_shipped_nets_draw_the_same_pictures_in_onnxruntime(name, tmp_path):
    out = tmp_path / "chip.onnx"
    done = CliRunner().invoke(app, ["export", "onnx", name, "--chip-seed", "2", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["file"] == str(out) and said["largest_difference"] <= 1e-5 and said["inputs"]["latents"][0] == "batch"
    model = load_model(name)
    latents = model.family.draw_latents(64, 100, torch.Generator().manual_seed(9))
    drawn = in_onnxruntime(out, latents=latents)
    torch.testing.assert_close(drawn, model.sample(64, seed=9, chip=2), rtol=0, atol=5e-5)


def test_the_function_is_at_the_top():
    assert spingan.export_onnx.__doc__
