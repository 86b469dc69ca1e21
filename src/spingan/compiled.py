"""Code that numba compiles, and what is in its place where numba is not installed.

Kernels and solvers are compiled. Where numba is missing, the solvers refuse with the line that installs it; the kernels
of nets have a slower form in PyTorch or numpy, which `is_compiled` chooses and tells of once.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from spingan.extras import install, needs

try:
    from numba import njit, uint64

    INSTALLED = True
except ModuleNotFoundError as missing:
    if missing.name != "numba":
        raise
    INSTALLED = False
    uint64 = np.uint64

    def njit(*_: Any, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """As numba's: what it would inline stays Python that takes arrays, too; all else refuses to be called."""

        def refuse(*_: Any, **__: Any) -> Any:
            with needs("this computation"):
                import numba  # noqa: F401

        return lambda function: function if options.get("inline") else refuse


def is_compiled() -> bool:
    """Whether kernels run as compiled code; the first time that they do not, a line says so and names the remedy."""
    if not INSTALLED:
        _tell()
    return INSTALLED


@cache
def _tell() -> None:
    logging.getLogger("spingan").warning(
        "spingan: numba is not installed; nets run without compiled kernels, which is slower. Faster: %s",
        install("physics"),
    )
