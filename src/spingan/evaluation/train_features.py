"""Train a feature network, such as `fashion-cnn`, and write its weights and model card.

    python -m spingan.evaluation.train_features SET --out FOLDER [--data FOLDER] [--epochs 14] [--seed 1]

SET is fashion-mnist, mnist or cartoon-faces. Trained on the training images, each shifted by up to two pixels, clothes
also mirrored at random (a digit would become another sign; faces all look the same way); the test images are only used
once, at the end, for the accuracies on the card. Faces are told apart by style, hair, colours, eyes and mouth: to tell
the style alone takes no good features. AdamW with one cycle of the learning rate (Smith and Topin, arXiv 1708.07120);
label smoothing keeps the features of a class from collapsing to a point.
"""

import argparse
import hashlib
import json
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from spingan.data import cartoon_faces
from spingan.data.catalogue import DATA
from spingan.data.fashion_mnist import FASHION_MNIST
from spingan.data.idx_set import IdxSet
from spingan.errors import UserError
from spingan.evaluation.features import FeatureCnn, Images, as_tensor, channels_last, describe, net_of
from spingan.output import atomic_path, write_text

BATCH = 128
PEAK_LEARNING_RATE = 4e-3  # assumed
WEIGHT_DECAY = 0.02  # assumed
LABEL_SMOOTHING = 0.1  # assumed: the usual value
MAX_SHIFT = 2  # pixels; assumed: the images are centred within about as much


@dataclass(frozen=True)
class LabelledSet:
    """Images with what is known about each: `labels` are (n, attributes)."""

    name: str
    title: str
    licence: str
    images: Images
    labels: NDArray[np.uint8]
    test_images: Images
    test_labels: NDArray[np.uint8]
    classes: dict[str, int]

    @property
    def mirrored(self) -> bool:
        """Whether an image's mirror image is one of the set, too."""
        return self.name == FASHION_MNIST.name


def load_set(name: str, path: str | None = None) -> LabelledSet:
    """The image set of that name, those for training and those for the test.

    Raises:
        UserError: It is not there.
    """
    if name == cartoon_faces.NAME:
        drawn = cartoon_faces.draw()
        parts = [(drawn.images(split), drawn.attributes(split)) for split in ("train", "test")]
        title, licence = "cartoon faces", cartoon_faces.LICENCE
        classes = {attribute: len(values) for attribute, values in drawn.about["attributes"].items()}
    else:
        source = DATA[name]
        assert isinstance(source, IdxSet)
        loaded = source.load("train", path), source.load("test", path)
        parts = [(images, labels[:, None]) for images, labels in loaded]
        title, licence, classes = source.title, source.licence, {"class": len(source.class_names)}
    return LabelledSet(name, title, licence, *parts[0], *parts[1], classes)


def augment(
    images: Float[Tensor, "n channels size size"],
    generator: torch.Generator,
    mirrored: bool,
    max_shift: int = MAX_SHIFT,
) -> Float[Tensor, "n channels size size"]:
    """Each image shifted by its own whole number of pixels, up to `max_shift` each way, and mirrored with even odds or,
    where `mirrored` is off, never. What comes in at the edge is black, in colour images the edge's own."""
    count, channels, height, width = images.shape
    padded = functional.pad(images, (max_shift,) * 4, mode="constant" if channels == 1 else "replicate")
    top, left = torch.randint(0, 2 * max_shift + 1, (2, count, 1, 1), generator=generator)
    turned = torch.rand((count, 1, 1), generator=generator) < (0.5 if mirrored else 0.0)
    columns = torch.arange(width).expand(count, 1, width)
    columns = torch.where(turned, width - 1 - columns, columns) + left
    rows = torch.arange(height).view(1, height, 1) + top
    shifted = padded.permute(0, 2, 3, 1)[torch.arange(count).view(count, 1, 1), rows, columns]
    return shifted.permute(0, 3, 1, 2)


def train(source: LabelledSet, epochs: int, seed: int, console: Console) -> FeatureCnn:
    """A network trained for `epochs` passes; the same seed, threads and machine give the same weights.

    Colour images are trained on in bfloat16, which is as good here and three times as fast.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    images = source.images
    colour = images.ndim == 4
    classes = tuple(source.classes.values())
    net = channels_last(FeatureCnn(3 if colour else 1, images.shape[1], classes)).train()
    steps = len(images) // BATCH
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=epochs * steps)
    targets = torch.from_numpy(source.labels).long()
    with Progress(console=console) as progress:
        task = progress.add_task("features", total=epochs * steps)
        for epoch in range(epochs):
            order = torch.randperm(len(images), generator=generator)
            total = 0.0
            for chosen in order[: steps * BATCH].split(BATCH):
                batch = augment(as_tensor(images[chosen.numpy()]), generator, source.mirrored)
                with torch.autocast("cpu", torch.bfloat16, enabled=colour):
                    odds = net(batch.contiguous(memory_format=torch.channels_last) if colour else batch)
                loss = _loss(odds.float(), targets[chosen], classes)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += loss.item()
                progress.advance(task)
            console.print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}")
    return net.eval()


def _loss(odds: Tensor, targets: Tensor, classes: tuple[int, ...]) -> Tensor:
    """Cross entropy, the mean over the attributes."""
    parts = zip(odds.split(classes, 1), targets.T, strict=True)
    losses = [functional.cross_entropy(part, target, label_smoothing=LABEL_SMOOTHING) for part, target in parts]
    return torch.stack(losses).mean()


def accuracies(source: LabelledSet, net: FeatureCnn) -> dict[str, float]:
    """The share of the test images of which the network tells each attribute."""
    described = torch.from_numpy(describe(source.test_images, net)[0]).float()
    with torch.inference_mode():
        told = [odds.argmax(1).numpy() for odds in net.head(described).split(net.classes, 1)]
    shares = zip(source.classes, told, source.test_labels.T, strict=True)
    return {attribute: float((found == true).mean()) for attribute, found, true in shares}


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
    parser.add_argument("set", choices=("fashion-mnist", "mnist", cartoon_faces.NAME), help="the image set")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights and the card")
    parser.add_argument("--data", default=None, help="folder with the set's four files")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    console = Console(stderr=True)
    try:
        if options.epochs < 1:
            raise UserError(f"--epochs {options.epochs}: at least one is needed", "Give 1 or more.")
        source = load_set(options.set, options.data)
        started = time.monotonic()
        net = train(source, options.epochs, options.seed, console)
        seconds = time.monotonic() - started
        known = accuracies(source, net)
        write_model(options.out, net, _card(source, net, known, options.epochs, options.seed, seconds))
    except UserError as error:
        console.print(f"spingan: {error}", style="red", highlight=False, markup=False)
        return 2
    told = ", ".join(f"{attribute} {100 * share:.2f} %" for attribute, share in known.items())
    console.print(f"test accuracy: {told} after {seconds:.0f} s")
    return 0


def _card(
    source: LabelledSet, net: FeatureCnn, known: dict[str, float], epochs: int, seed: int, seconds: float
) -> dict[str, object]:
    name = net_of(source.name)
    return {
        "name": name,
        "purpose": f"features for FD({name}, N) and the class histogram of generated {source.title} images",
        "architecture": "spingan.evaluation.features.FeatureCnn",
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "channels": net.channels,
        "size": net.size,
        "classes": source.classes,
        "input": f"images in [0, 1], (n, {net.channels}, {net.size}, {net.size})",
        "training_data": f"{source.title}, {len(source.images):,} training images; licence: {source.licence}",
        "augmentation": f"shift by up to {MAX_SHIFT} pixels" + (", mirror" if source.mirrored else ""),
        "test_accuracy": next(iter(known.values())),
        **({"test_accuracy_of": known} if len(known) > 1 else {}),
        "test_images": len(source.test_images),
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
