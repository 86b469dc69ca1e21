"""Weights in arrays: how they are written into conductances, and what a column gives back."""

from spingan.extras import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
