"""The network half: layers on a technology's arrays and devices, the nets of the paper, and trained generators."""

from spingan.extras import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
