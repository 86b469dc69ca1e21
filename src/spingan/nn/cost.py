"""The bill of a named pair of nets: builds them, counts them, prices them."""

from spingan.costs.counts import NetCounts
from spingan.costs.energy import Bill, paper_bill
from spingan.errors import UserError
from spingan.nn.counting import count_family
from spingan.nn.dcgan import LATENT_SIZE
from spingan.nn.family import Family, family_named
from spingan.spec.technology import Technology


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

    Conversion changes no count, so the nets are counted as they are built.

    Args:
        images: Training images.
        printed_key: The row of the paper's Table I to set beside: `fashion-mnist`, `anime-faces`, or None.

    Raises:
        UserError: An unknown net, accounting or row, or a count below 1.
    """
    if accounting != "paper":
        raise UserError(f"unknown accounting {accounting!r}", "The only one is: paper.")
    counts = net_counts(net_name, technology, latent_size)
    return paper_bill(
        counts, technology, images=images, batch_size=batch_size, printed_key=printed_key, name=printed_key or net_name
    )


def net_counts(net_name: str, technology: Technology, latent_size: int = LATENT_SIZE) -> NetCounts:
    """The counts of the pair `net_name`, built without memory (torch's meta device): counts need shapes only.

    Raises:
        UserError: An unknown net, or a layer that cannot be counted on the technology.
    """
    return counts_of_pair(family_named(net_name), technology, latent_size)


def counts_of_pair(pair: Family, technology: Technology, latent_size: int = LATENT_SIZE) -> NetCounts:
    """The counts of a pair of nets.

    Raises:
        UserError: A layer that cannot be counted on the technology.
    """
    return count_family(pair, technology, latent_size)
