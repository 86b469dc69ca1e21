"""What the files say: a synapse, an activation, and the technology that builds arrays from them."""

from spingan.extras import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
