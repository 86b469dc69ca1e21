"""The same road on a GPU: run by `make test-gpu`, skipped without one."""

import pytest
import torch
from small_run import SETTINGS, random_images

from spingan.nn.weights import load_model
from spingan.training.loop import train
from spingan.training.recipe import load_recipe

pytestmark = pytest.mark.gpu

VARIED = ("loss=relativistic", "slope_penalty={weight: 1, every: 2}", "augmentation={shift: 2, cutout: 5}")
NOISE = ("read_noise={fraction: 0.02}", "programming_noise={fraction: 0.01}")


def _losses(folder) -> list[float]:
    rows = (folder / "metrics.csv").read_text().splitlines()
    return [float(row.split(",")[2]) for row in rows[1:]]


@pytest.mark.parametrize("net", ["fashion", "fashion-norm-free", "am-dcgan"])
def test_losses_are_the_processors(net, tmp_path):
    """Latents, images and augmentation are drawn alike on every device; sums differ in their order."""
    settings = (*SETTINGS, *VARIED, f"net={net}", "epochs=1", "log_every=1")
    if net == "am-dcgan":
        settings = (*settings, "technology=wox-memristor")
    for device in ("cpu", "cuda"):
        train(load_recipe("fashion-mnist", settings), tmp_path / device, device=device, images=random_images(),
              progress=False)  # fmt: skip
    first, second = (_losses(tmp_path / device)[0] for device in ("cpu", "cuda"))
    if net != "am-dcgan":  # whose dropout is drawn on the device
        assert second == pytest.approx(first, rel=1e-2)
    assert len(_losses(tmp_path / "cuda")) == len(_losses(tmp_path / "cpu"))


def test_noise_resume_and_samples(tmp_path):
    settings = (*SETTINGS, *VARIED, *NOISE, "net=fashion-norm-free")
    train(load_recipe("fashion-mnist", (*settings, "epochs=1")), tmp_path, device="cuda", images=random_images(),
          progress=False)  # fmt: skip
    train(load_recipe("fashion-mnist", settings), tmp_path, device="cuda", images=random_images(), resume=True,
          progress=False)  # fmt: skip
    images = load_model(tmp_path).sample(4)
    assert images.device.type == "cpu" and bool(torch.isfinite(images).all())


def test_pulses_are_written_as_on_a_processor(tmp_path):
    settings = [*SETTINGS, "epochs=1"]
    train(load_recipe("mnist-memristive-on-chip", settings), tmp_path, device="cuda", images=random_images(),
          progress=False)  # fmt: skip
    writes = load_model(tmp_path).info["on chip"]
    assert writes["most writes of a device"] > 0
