"""What the files say: a synapse, an activation, and the technology that builds arrays from them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
