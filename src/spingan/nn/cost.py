"""The bill of a named pair of nets: builds them, counts them, prices them."""

import torch

from spingan.errors import UserError
from spingan.hardware.energy import Bill, paper_bill
from spingan.hardware.technology import Technology
from spingan.nn.counting import count
from spingan.nn.dcgan import LATENT_SIZE, discriminator, generator, pair_named


def cost(
    net_name: str,
    technology: Technology,
    *,
    images: int,
    batch_size: int,
    accounting: str = "paper",
    printed_key: str | None = None,
    latent_size: int = LATENT_SIZE,
) -> Bill:
    """What training and running the pair `net_name` costs on `technology`.

    The nets are built without memory (torch's meta device): counts need shapes only, and conversion changes no count.

    Args:
        images: Training images.
        printed_key: The row of the paper's Table I to set beside: `fashion-mnist`, `anime-faces`, or None.

    Raises:
        UserError: An unknown net, accounting or row, or a count below 1.
    """
    if accounting != "paper":
        raise UserError(f"unknown accounting {accounting!r}", "The only one is: paper.")
    pair = pair_named(net_name)
    with torch.device("meta"):
        nets = generator(pair, latent_size), discriminator(pair)
    counts = count(*nets, technology, latent_size, (pair.channels, pair.size, pair.size))
    return paper_bill(
        counts, technology, images=images, batch_size=batch_size, printed_key=printed_key, name=printed_key or net_name
    )
