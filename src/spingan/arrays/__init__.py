"""Weights in arrays: how they are written into conductances, and what a column gives back."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
