"""A family of generators: its two nets, what goes into them, what they are trained to make small, how it is sampled."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.nn.losses import LOSSES, Loss
from spingan.nn.net_names import NETS


class Family(ABC):
    """A kind of GAN for square images. DCGANs derive from it, and so does one of your own (`register_net`).

    Attributes:
        channels: Of an image.
        size: Pixels along an image's side.
        classes: Labels that both nets take as a second argument, (batch,) from 0 to classes - 1; 0: they take none.
        losses: What the two nets can be trained to make small, by the name that a recipe gives.
    """

    channels: int
    size: int
    classes: int = 0
    losses: Mapping[str, Loss] = LOSSES

    @abstractmethod
    def make_generator(self, latent_size: int) -> nn.Module:
        """Latents as `draw_latents` draws them, and labels, to images (batch, channels, size, size) in -1..1."""

    @abstractmethod
    def make_discriminator(self) -> nn.Module:
        """Images (batch, channels, size, size), and labels, to one logit an image, (batch,)."""

    def draw_latents(self, count: int, latent_size: int, generator: torch.Generator) -> Tensor:
        """`count` random inputs of the generator: standard normal, (count, latent_size, 1, 1)."""
        return torch.randn(count, latent_size, 1, 1, generator=generator)

    def labels(
        self, count: int, chosen: int | Sequence[int] | Tensor | None = None
    ) -> tuple[Int[Tensor, " count"], ...]:
        """The labels of `count` images, as both nets take them: (labels,), or () where they take none.

        Args:
            chosen: One class for all, or a class for each image; None: the classes in turn.

        Raises:
            UserError: A class that there is not, another number of labels than images, or labels for nets without.
        """
        if not self.classes:
            if chosen is not None:
                raise UserError("these nets know no classes", "Leave the class out.")
            return ()
        if chosen is None:
            return (torch.arange(count) % self.classes,)
        labels = torch.as_tensor(chosen)
        labels = labels.expand(count) if labels.dim() == 0 else labels
        if labels.is_floating_point() or labels.is_complex() or labels.shape != (count,):
            raise UserError(
                f"labels of shape {tuple(labels.shape)} and type {labels.dtype} for {count} images",
                "Give one class, or a whole number for each image.",
            )
        if count and not 0 <= int(labels.min()) <= int(labels.max()) < self.classes:
            raise UserError(
                f"there is no class {int(labels.max() if labels.max() >= self.classes else labels.min())}",
                f"Choose from 0 to {self.classes - 1}.",
            )
        return (labels.long(),)

    def sample(
        self, net: nn.Module, latents: Tensor, labels: tuple[Tensor, ...], batch_size: int
    ) -> Float[Tensor, "count channels height width"]:
        """Images of a generator in float32, `batch_size` at a time."""
        parts = (part.split(batch_size) for part in (latents, *labels))
        with torch.inference_mode():
            return torch.cat([net(*inputs).float().contiguous() for inputs in zip(*parts, strict=True)])


def family_named(name: str) -> Family:
    """The family of that name.

    Raises:
        UserError: There is none.
    """
    return NETS[name].family
