"""A design kit for generative adversarial networks on in-memory hardware.

Its names, listed in `__init__.pyi`, load when they are first used, so that `import spingan` and `spingan --help` cost
nothing.
"""

from spingan.errors import UserError as UserError
from spingan.extras import attach_stub

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
