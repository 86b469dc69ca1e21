"""Where numba is not installed a chip has the same devices, and its pictures differ by rounding and by ties alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from spingan import compiled
from spingan.arrays.conditions import ChipConditions
from spingan.nn.activations import DeviceActivation
from spingan.nn.bounded_minimum import bounded_minimum
from spingan.nn.kernels.noise import add_gaussian, drawn_like, gaussian_table
from spingan.nn.kernels.read_noise import add_pooled_gaussian
from spingan.nn.weights import load_model, reprogrammed
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology, with_settings

# The same drawing in a process in which numba and scipy cannot be imported
BARE = """
import sys
sys.modules.update(numba=None, llvmlite=None, scipy=None)
sys.path.insert(0, sys.argv[1])
from test_without_numba import drawn
import torch
torch.save(drawn(), sys.argv[2])
"""


def noise(kind: torch.dtype, add=add_gaussian) -> torch.Tensor:
    """Noise whose rows are cut anywhere: 21 columns, which neither four nor 256 divides."""
    values = torch.linspace(-3, 3, 4_000 * 21).to(kind).view(4_000, 21)
    scales = torch.linspace(0.1, 2, 4_000), torch.linspace(1, 3, 21)
    add(values, *scales, key=(1 << 63) + 12345, first_row=7)
    return values


def drawn() -> dict[str, torch.Tensor]:
    """Noise, faults' tables, and pictures of two chips: one with noise at reads, one behind converters of its tiles."""
    table = np.linspace(0, 1, 65536, dtype=np.float32)
    noises = {"programming_noise": Noise(fraction=0.05), "read_noise": Noise(fraction=0.02)}
    conditions = ChipConditions(seed=3, stuck=0.01, **noises)
    noisy = load_model("clothes").sample(6, 1, conditions)
    settings = ["tile_rows=64", "adc.bits=8", "dac.bits=8"]
    tiled = reprogrammed(load_model("clothes"), with_settings(load_technology("wox-memristor"), settings), 64)
    return {
        "float32": noise(torch.float32),
        "bfloat16": noise(torch.bfloat16),
        "pooled": noise(torch.bfloat16, add_pooled_gaussian),
        "table": drawn_like(torch.zeros(1000, 37), table, 99),
        "noisy": noisy,
        "tiled": tiled.sample(6, 1, 2),
    }


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], str]:
    """What is drawn here, what is drawn without numba, and what that process said."""
    file = tmp_path_factory.mktemp("bare") / "drawn.pt"
    words = [sys.executable, "-c", BARE, str(Path(__file__).parent), str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return drawn(), torch.load(file), done.stderr


@pytest.mark.parametrize("name", ["float32", "bfloat16", "pooled", "table"])
def test_the_same_key_draws_the_same_numbers(name, both):
    """To the last bit, so that a seed is the same chip; a compiler that fuses no products may round one differently."""
    ours, theirs, _ = both
    apart = (ours[name].float() - theirs[name].float()).abs()
    assert float((apart > 0).float().mean()) < 0.01
    assert bool((apart <= ours[name].float().abs() * torch.finfo(ours[name].dtype).eps * 2 + 1e-6).all())


def test_pictures_of_a_noisy_chip_differ_by_rounding_alone(both):
    ours, theirs, _ = both
    assert float((ours["noisy"] - theirs["noisy"]).abs().max()) < 1e-3
    assert float(ours["noisy"].std()) > 0.3


def test_pictures_behind_converters_differ_where_a_value_lies_halfway_between_two_codes(both):
    ours, theirs, _ = both
    apart = (ours["tiled"] - theirs["tiled"]).abs()
    assert float(apart.mean()) < 1e-4 * float(ours["tiled"].std())


def test_one_line_says_that_it_is_slower_and_what_to_install(both):
    said = [line for line in both[2].splitlines() if "numba" in line]
    assert len(said) == 1 and "slower" in said[0] and said[0].endswith("pip install 'spingan[physics]'")


def test_a_solver_without_a_slower_form_says_what_to_install():
    code = (
        "import sys; sys.modules.update(numba=None)\n"
        "import numpy as np\n"
        "from spingan.arrays.ladder import row_voltages\n"
        "from spingan.errors import UserError\n"
        "try:\n    row_voltages(np.ones(2), np.zeros((2, 1)), np.ones(1), 1.0, 1.0, False)\n"
        "except UserError as error:\n    print(error.remedy)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "pip install 'spingan[physics]'\n"


def test_the_table_of_normal_numbers_is_that_of_scipy_s_quantiles():
    from scipy.special import ndtri  # here, since the bare process loads this file, too

    values = ndtri((np.arange(65536) + 0.5) / 65536)
    assert (gaussian_table() == (values / values.std()).astype(np.float32)).all()


def test_brent_s_minimum_is_scipy_s_to_the_last_digit():
    from scipy.optimize import minimize_scalar

    random = np.random.default_rng(0)
    for a, b in zip(random.uniform(-2, 2, 50), random.uniform(0.1, 3, 50), strict=True):
        for function in (
            lambda x, a=a, b=b: b * (x - a) ** 2 + 0.1 * np.cosh(x - a),
            lambda x, a=a: abs(x - a) ** 1.5,
            lambda x, a=a, b=b: np.exp(-b * x) + a * x,
            lambda x, a=a, b=b: np.sin(b * x + a),
        ):
            assert bounded_minimum(function, -3.0, 4.0) == minimize_scalar(function, bounds=(-3, 4), method="bounded").x


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_bent_lines_and_their_gradients_are_the_kernel_s(kind, monkeypatch):
    device = DeviceActivation(load_technology("skyrmion-published").activations["leaky_relu"])
    assert device.hinges is not None

    def found() -> tuple[torch.Tensor, torch.Tensor, int]:
        values = torch.linspace(-30, 30, 3001).to(kind).requires_grad_()
        device.saturated = 0
        out = device(values)
        out.backward(torch.linspace(1, 2, 3001).to(kind))
        assert values.grad is not None
        return out.detach(), values.grad, int(device.saturated)

    ours = found()
    monkeypatch.setattr(compiled, "INSTALLED", False)
    theirs = found()
    assert ours[2] == theirs[2] > 0
    for one, two in zip(ours[:2], theirs[:2], strict=True):
        torch.testing.assert_close(one, two)


def test_a_chip_that_drew_in_inference_mode_goes_on_outside(monkeypatch):
    """Its tallies of what saturated and was clipped are tensors then."""
    monkeypatch.setattr(compiled, "INSTALLED", False)
    settings = ["tile_rows=64", "adc.bits=8", "dac.bits=8"]
    tiled = reprogrammed(load_model("clothes"), with_settings(load_technology("wox-memristor"), settings), 16)
    chip, latents = tiled.chip(ChipConditions()), torch.zeros(2, tiled.latent_size, 1, 1)
    with torch.inference_mode():
        chip(latents)
    with torch.no_grad():
        assert chip(latents).shape[0] == 2
