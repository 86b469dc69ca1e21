"""What is installed only on request: `pip install 'spingan[NAME]'`, and what to say where it is missing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from spingan.errors import UserError

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "train": ("lightning_fabric", "tensorboard"),
    "studies": ("distributed", "dask", "optuna"),
    "faces": ("dicebear", "dicebear_styles", "resvg_py"),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "hub": ("huggingface_hub",),
}
"""The modules that each extra of pyproject.toml brings, as far as the package itself imports them."""


def is_installed(extra: str) -> bool:
    """Whether all modules of an extra are there."""
    return all(find_spec(name) is not None for name in EXTRAS[extra])


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Imports within the block may be of an extra.

    Args:
        what: That which cannot be done without, as the message's first words: "training", as in "training needs ...".

    Raises:
        UserError: One of the extra's modules is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in EXTRAS[extra]:
            raise
        raise UserError(
            f"{what} needs the package {name}, which is not installed", f"pip install 'spingan[{extra}]'"
        ) from error
