"""Train a feature network, `fashion-cnn` or `mnist-cnn`, and write its weights and model card.

    python -m spingan.evaluation.train_features SET --out FOLDER [--data FOLDER] [--epochs 14] [--seed 1]

SET is fashion-mnist or mnist. Trained on the 60,000 training images, each shifted by up to two pixels, clothes also
mirrored at random (a digit would become another sign); the test images are only used once, at the end, for the
accuracy on the card. AdamW with one cycle of the learning rate (Smith and Topin,
arXiv 1708.07120); label smoothing keeps the features of a class from collapsing to a point.
"""

import argparse
import hashlib
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from spingan.data.catalogue import IDX_SETS
from spingan.data.idx_set import IdxSet
from spingan.errors import UserError
from spingan.evaluation.features import FEATURE_NETS, FeatureCnn, channels_last, describe
from spingan.output import atomic_path, write_text

BATCH = 128
PEAK_LEARNING_RATE = 4e-3  # assumed
WEIGHT_DECAY = 0.02  # assumed
LABEL_SMOOTHING = 0.1  # assumed: the usual value
MAX_SHIFT = 2  # pixels; assumed: the images are centred within about as much


def augment(
    images: Float[Tensor, "n 1 28 28"], generator: torch.Generator, mirrored: bool, max_shift: int = MAX_SHIFT
) -> Float[Tensor, "n 1 28 28"]:
    """Each image shifted by its own whole number of pixels, up to `max_shift` each way, and mirrored with even odds or,
    where `mirrored` is off, never."""
    count, _, height, width = images.shape
    padded = functional.pad(images, (max_shift,) * 4)
    top, left = torch.randint(0, 2 * max_shift + 1, (2, count, 1, 1), generator=generator)
    turned = torch.rand((count, 1, 1), generator=generator) < (0.5 if mirrored else 0.0)
    columns = torch.arange(width).expand(count, 1, width)
    columns = torch.where(turned, width - 1 - columns, columns) + left
    rows = torch.arange(height).view(1, height, 1) + top
    return padded[torch.arange(count).view(count, 1, 1), 0, rows, columns].unsqueeze(1)


def train(
    images: UInt8[np.ndarray, "n 28 28"],
    labels: NDArray[np.uint8],
    epochs: int,
    seed: int,
    console: Console,
    mirrored: bool,
) -> FeatureCnn:
    """A network trained for `epochs` passes; the same seed, threads and machine give the same weights."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = channels_last(FeatureCnn()).train()
    steps = len(images) // BATCH
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=epochs * steps)
    pixels, targets = torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long()
    with Progress(console=console) as progress:
        task = progress.add_task("features", total=epochs * steps)
        for epoch in range(epochs):
            order = torch.randperm(len(images), generator=generator)
            total = 0.0
            for chosen in order[: steps * BATCH].split(BATCH):
                batch = augment(pixels[chosen].float().div_(255), generator, mirrored)
                loss = functional.cross_entropy(net(batch), targets[chosen], label_smoothing=LABEL_SMOOTHING)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += loss.item()
                progress.advance(task)
            console.print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}")
    return net.eval()


def write_model(folder: Path, net: FeatureCnn, card: dict[str, object]) -> None:
    """Write NAME.safetensors and, with its SHA-256, the model card NAME.json into `folder`; NAME is the card's."""
    weights = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    path = folder / f"{card['name']}.safetensors"
    with atomic_path(path) as temporary:
        save_file(weights, temporary)
    card = {**card, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    write_text(path.with_suffix(".json"), json.dumps(card, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Train, measure the test accuracy, write; 0, or 2 after an error that the user can mend."""
    parser = argparse.ArgumentParser(description="Train the feature network of spingan's quality measure.")
    parser.add_argument("set", choices=tuple(FEATURE_NETS), help="the image set")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights and the card")
    parser.add_argument("--data", default=None, help="folder with the set's four files")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    console = Console(stderr=True)
    try:
        if options.epochs < 1:
            raise UserError(f"--epochs {options.epochs}: at least one is needed", "Give 1 or more.")
        source = IDX_SETS[options.set]
        images, labels = source.load("train", options.data)
        test_images, test_labels = source.load("test", options.data)
        started = time.monotonic()
        net = train(images, labels, options.epochs, options.seed, console, mirrored=_mirrored(source))
        seconds = time.monotonic() - started
        accuracy = float((describe(test_images, net)[1] == test_labels).mean())
        write_model(options.out, net, _card(source, net, accuracy, options.epochs, options.seed, seconds))
    except UserError as error:
        console.print(f"spingan: {error}", style="red", highlight=False, markup=False)
        return 2
    console.print(f"test accuracy {100 * accuracy:.2f} % after {seconds:.0f} s")
    return 0


def _mirrored(source: IdxSet) -> bool:
    return source.name == "fashion-mnist"


def _card(
    source: IdxSet, net: FeatureCnn, accuracy: float, epochs: int, seed: int, seconds: float
) -> dict[str, object]:
    name = FEATURE_NETS[source.name]
    return {
        "name": name,
        "purpose": f"features for FD({name}, N) and the class histogram of generated {source.title} images",
        "architecture": "spingan.evaluation.features.FeatureCnn",
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "input": "images in [0, 1], (n, 1, 28, 28)",
        "training_data": f"{source.title}, 60,000 training images; licence: {source.licence}",
        "augmentation": f"shift by up to {MAX_SHIFT} pixels" + (", mirror" if _mirrored(source) else ""),
        "test_accuracy": accuracy,
        "test_images": 10_000,
        "command": f"python -m spingan.evaluation.train_features {source.name} --out FOLDER "
        f"--epochs {epochs} --seed {seed}",
        "epochs": epochs,
        "seed": seed,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "spingan": version("spingan"),
        "seconds": round(seconds),
        "licence": "MIT",
    }


if __name__ == "__main__":
    sys.exit(main())
