"""The network half: layers on a technology's arrays and devices, the nets of the paper, and trained generators."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
