"""Files that are either written whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spingan.errors import UserError
from spingan.input_files import is_folder, reason


def _write_error(path: Path, error: OSError | ValueError) -> UserError:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return UserError(f"the disk is full: {path} was not written", "Free some space, or write to another place.")
    if isinstance(error, FileExistsError | NotADirectoryError):
        return UserError(f"cannot write {path}: a file stands where a folder must be", "Write to another place.")
    return UserError(f"cannot write {path}: {reason(error)}", "Write to another place, or mend its rights.")


def output_folder(path: str | Path) -> Path:
    """The folder `path`, made if it is missing.

    Raises:
        UserError: It cannot be made or written to.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _write_error(folder, error) from error
    if not os.access(folder, os.W_OK):
        raise UserError(f"cannot write into {folder}: permission denied", "Write to another place, or mend its rights.")
    return folder


def check_place(path: str | Path) -> None:
    """Raise at once what a file at `path` would run into after the work that fills it.

    Raises:
        UserError: `path` is a folder, or its folder cannot be made or written to.
    """
    target = Path(path)
    if is_folder(target):
        raise UserError(f"cannot write {target}: it is a folder", "Name a file in it.")
    output_folder(target.parent)


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that replaces it when the block ends well, and vanishes when it does not.

    The data is flushed to the disk before the rename, so a crash leaves the old file or the new one, never a part.

    Raises:
        UserError: The place cannot be written, or the disk is full.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _write_error(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise _write_error(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
