"""What is installed only on request: `pip install 'spingan[NAME]'`, and what to say where it is missing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import lazy_loader

from spingan.errors import UserError

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "physics": ("numba", "llvmlite", "scipy"),
    "train": ("lightning_fabric", "tensorboard"),
    "studies": ("distributed", "dask", "optuna"),
    "faces": ("dicebear", "dicebear_styles", "resvg_py"),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "hub": ("huggingface_hub",),
}
"""The modules that each extra of pyproject.toml brings, as far as the package itself imports them."""


def install(extra: str) -> str:
    """The line that installs an extra."""
    return f"pip install 'spingan[{extra}]'"


def is_installed(extra: str) -> bool:
    """Whether all modules of an extra are there."""
    return all(find_spec(name) is not None for name in EXTRAS[extra])


def explained(error: ModuleNotFoundError, what: str = "this") -> UserError | None:
    """What to install, where the module that is missing is an extra's; None where it is not.

    Args:
        what: That which cannot be done without, as the message's first words.
    """
    name = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if name in modules), None)
    if extra is None:
        return None
    return UserError(f"{what} needs the package {name}, which is not installed", install(extra))


@contextmanager
def needs(what: str) -> Iterator[None]:
    """Imports within the block may be of an extra.

    The command line and the names of `spingan` itself explain what is missing by themselves; this says what for.

    Args:
        what: As `explained` takes it: "training", as in "training needs ...".

    Raises:
        UserError: A module of an extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (wanted := explained(error, what)) is None:
            raise
        raise wanted from error


def attach_stub(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`lazy_loader.attach_stub`, whose names say what to install where their module needs an extra."""
    get, names, every = lazy_loader.attach_stub(package, file)

    def get_explained(name: str) -> Any:
        with needs(f"{package}.{name}"):
            return get(name)

    return get_explained, names, every
