"""Image sets: readers, where they are found, and how they are fetched."""

from spingan.extras import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
