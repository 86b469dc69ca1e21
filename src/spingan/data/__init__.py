"""Image sets: readers, where they are found, and how they are fetched."""

from spingan.data.fashion_mnist import test_sample

__all__ = ["test_sample"]
