"""A family of your own: a conditional DCGAN that draws the class you ask for, without a change in spingan.

Run it: python examples/04_conditional.py [FOLDER]     (under a minute; FOLDER is by default conditional)

It trains a few steps only, enough to see that every part works. Other commands find the family as a plug-in:
SPINGAN_PLUGINS=examples/04_conditional.py spingan sample conditional/run --class 3
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import spingan
from spingan.data import FASHION_MNIST, test_sample
from spingan.image_grid import save_grid
from spingan.nn import Family, ZeroPaddedConv2d, count_family, register_net, register_rule
from spingan.nn.dcgan import initialise
from spingan.training.recipe import recipe_from

CLASSES = 10


class OneHot(nn.Module):
    """A class as CLASSES lines of which one is on: in digital logic, the lines then drive rows of an array."""

    def forward(self, labels: Tensor) -> Tensor:
        return functional.one_hot(labels, CLASSES).float()


class Generator(nn.Module):
    """Latents (batch, size, 1, 1) and labels (batch,) to images (batch, 1, 28, 28): the class is part of the latent."""

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.lines = OneHot()
        self.body = nn.Sequential(
            ZeroPaddedConv2d(latent_size + CLASSES, 64, 7, bias=False, of_one_pixel=True),
            *(nn.BatchNorm2d(64), nn.ReLU(True)),
            *(ZeroPaddedConv2d(64, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(True)),
            *(ZeroPaddedConv2d(32, 1, 4, 2, 1, bias=False), nn.Tanh()),
        )

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        lines = self.lines(labels).reshape(-1, CLASSES, 1, 1)
        return self.body(torch.cat([latents, lines], 1))


class Discriminator(nn.Module):
    """Images and labels to a logit, (batch,): the class is ten more planes beside the image, of which one is on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = OneHot()
        self.body = nn.Sequential(
            *(nn.Conv2d(1 + CLASSES, 32, 4, 2, 1), nn.LeakyReLU(0.2, True)),
            *(nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2, True)),
            nn.Conv2d(64, 1, 7),
        )

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        planes = self.lines(labels).reshape(-1, CLASSES, 1, 1).expand(-1, -1, 28, 28)
        return self.body(torch.cat([images, planes], 1)).flatten()


class ConditionalDcgan(Family):
    """Mirza and Osindero, arXiv 1411.1784, with convolutions as in Radford et al., arXiv 1511.06434."""

    channels, size, classes = 1, 28, CLASSES

    def make_generator(self, latent_size: int) -> Generator:
        net = Generator(latent_size)
        initialise(net)
        return net

    def make_discriminator(self) -> Discriminator:
        net = Discriminator()
        initialise(net)
        return net


# From here on recipes and weights files may name the net. OneHot stays digital, which the rule says by default.
register_rule(OneHot)
register_net("conditional-dcgan", ConditionalDcgan())

RECIPE = {
    "name": "conditional",
    "net": "conditional-dcgan",
    "technology": "skyrmion-published",
    "data": {"name": "fashion-mnist"},
    "training_images": 60_000,
    "batch_size": 64,
    "latent_size": 62,
    "epochs": 4,
    "generator_learning_rate": 1e-3,
    "discriminator_learning_rate": 4e-4,
    "adam_betas": [0.5, 0.999],
    "precision": "fp32",
    "average_decay": 0.9,
}


def main(folder: Path) -> None:
    """Train, convert, bill and draw."""
    recipe = recipe_from(RECIPE, "the recipe of this example")

    # 1. A few steps of training, on the whole set where it is on this machine and on the shipped sample elsewhere.
    images, labels = FASHION_MNIST.load("train") if FASHION_MNIST.find() is not None else test_sample()
    run = spingan.train(recipe, folder / "run", images=images[:2000], labels=labels[:2000], progress=False)
    model = spingan.load_model(run)

    # 2. What became of each layer of the generator on the technology.
    for row in model.conversion.rows:
        print(f"{row.layer:7} {row.type:16} {row.kind:8} {row.becomes}")

    # 3. What the hardware does for one image, forward through both nets.
    counts = count_family(model.family, model.technology, model.latent_size)
    both = counts.both
    print(f"weights {both.total('weights'):,}, reads {both.total('reads'):,}, activations {both.activations}")
    energy = spingan.cost(model).energy_j
    print(f"activations: {energy.value * 1e9:.3f} nJ; not counted: {', '.join(energy.missing)}")

    # 4. Drawn by class: a row of each, then one class alone.
    rows = torch.arange(CLASSES).repeat_interleave(8)
    print(save_grid(model.sample(len(rows), labels=rows).numpy(), folder / "classes.png", columns=8))
    print(spingan.sample(model, folder / "dresses.png", count=16, label=3))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "conditional"))
