"""What the two nets are trained to make small: the losses, and the penalty on the discriminator's slope.

Both losses take the discriminator's logits of a batch of real images and of as many made ones, (batch,) each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Loss:
    """A pair of losses and what it means for the two nets to be even.

    Attributes:
        discriminator: Logits of real and of made images -> the discriminator's loss.
        generator: Logits of real and of made images -> the generator's loss. The real ones carry no gradient; they are
            those that the discriminator's update began with, so that no array is read once more for them.
        beliefs: Logits of real and of made images -> the mean probability that the discriminator gives to each of the
            two kinds of being real.
        won: A discriminator's mean loss over an epoch that leaves the generator nothing to follow: the training then
            ends. None: this loss has no such value.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    beliefs: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    won: float | None = 1e-3  # assumed


def _entropy_of_both(real: Tensor, made: Tensor) -> Tensor:
    binary = functional.binary_cross_entropy_with_logits
    return binary(real, torch.ones_like(real)) + binary(made, torch.zeros_like(made))


def _entropy_of_made(real: Tensor, made: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(made, torch.ones_like(made))


def _separate_beliefs(real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
    return real.sigmoid().mean(), made.sigmoid().mean()


def _pairwise(real: Tensor, made: Tensor) -> Tensor:
    return functional.softplus(made - real).mean()


def _pairwise_against(real: Tensor, made: Tensor) -> Tensor:
    return functional.softplus(real - made).mean()


def _paired_beliefs(real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
    share = (real - made).sigmoid().mean()
    return share, 1 - share


LOSSES: dict[str, Loss] = {
    # Goodfellow et al., arXiv 1406.2661, section 3, the generator's in its non-saturating form; paper S, IV-E
    "cross_entropy": Loss(_entropy_of_both, _entropy_of_made, _separate_beliefs),
    # Jolicoeur-Martineau, arXiv 1807.00734; with both penalties Huang et al., arXiv 2501.05441
    "relativistic": Loss(_pairwise, _pairwise_against, _paired_beliefs),
}


def slope_penalty(shifted: Tensor, logits: Tensor, weight: float) -> Tensor:
    """weight times the mean of (D(x + σ n) - D(x))², n standard normal: to first order weight σ² |∇D|².

    A finite difference needs forward reads of the arrays only, and no second derivative, which a device's curve
    computed straight through its levels does not have. With weight σ² = γ / 2 it is the R1 (R2) penalty of Mescheder et
    al., arXiv 1801.04406, at real (made) images; as a finite difference: Lin et al., arXiv 2501.08316.

    Args:
        shifted: Logits of the images with noise of deviation σ added, (batch,).
        logits: Logits of the images themselves, (batch,).
    """
    return weight * (shifted.float() - logits.float()).square().mean()
