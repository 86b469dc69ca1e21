"""One process at a time in a folder: two trainings would write over each other's files, and both would end well."""

import fcntl
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spingan.errors import UserError

LOCK = ".lock"


@contextmanager
def sole_training(folder: Path, what: str = "training") -> Iterator[None]:
    """Hold the folder's lock within the block; it falls with the process, so that a dead run's folder is free at once.

    On a file system that knows no locks a warning says so, and nothing is held.

    Args:
        what: What runs there, for the error.

    Raises:
        UserError: Another process works in the folder, or the lock's file cannot be written.
    """
    path = folder / LOCK
    handle = _locked(path, what)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _locked(path: Path, what: str) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}", "Mend the folder's rights.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(handle, 20).decode("ascii", "replace").strip()
            os.close(handle)
            raise UserError(
                f"another {what} runs into {path.parent}: process {owner or 'unknown'}",
                "Wait for its end, or choose another --out.",
            ) from None
        except OSError as error:
            warnings.warn(f"{path.parent} cannot be locked ({error.strerror}): use it once at a time", stacklevel=4)
            return handle
        if _is_still(path, handle):
            return handle
        os.close(handle)  # its run ended, and took the file away, between our opening and our locking it


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
