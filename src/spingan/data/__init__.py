"""Image sets: readers, where they are found, and how they are fetched."""

from spingan.data.fashion_mnist import FASHION_MNIST
from spingan.data.idx_set import Images, Labels
from spingan.data.mnist import MNIST

__all__ = ["FASHION_MNIST", "MNIST", "test_sample"]


def test_sample() -> tuple[Images, Labels]:
    """The shipped sample of Fashion-MNIST: the first 200 images of each class of the test set, in its order."""
    return FASHION_MNIST.test_sample()


test_sample.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  # its name makes pytest collect it
