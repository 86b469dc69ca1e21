"""What a user names and gives: whether a path leads anywhere, a file's text, and the cells of a line of CSV."""

import csv
import os
from pathlib import Path

from spingan.errors import UserError

LARGEST_BYTES = 10_000_000_000  # a field of 20,000 x 20,000 cells: assumed
LARGEST_TEXT_BYTES = 100_000_000  # ten thousand times a recipe, a hundred times a long measurement: assumed


def is_folder(path: str | Path) -> bool:
    """Whether `path` leads to a folder; False, never an error, also for what no file can be called."""
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises at a name that is too long


def is_file(path: str | Path) -> bool:
    """Whether `path` leads to a file; False, never an error, also for what no file can be called."""
    return os.path.isfile(path)  # noqa: PTH113  # as above


def exists(path: str | Path) -> bool:
    """Whether `path` leads to anything; False, never an error, also for what no file can be called."""
    return os.path.exists(path)  # noqa: PTH110  # as above


def reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(said.split())


def read_bytes(path: str | Path, what: str, largest: int = LARGEST_BYTES) -> bytes:
    """The content of a user's file.

    Args:
        what: What the file is, with its path, for the error: "recipe mine.yaml".
        largest: The most bytes that such a file can have.

    Raises:
        UserError: There is no such file, it cannot be read, or it is larger.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        if size <= largest:
            return file.read_bytes()
    except FileNotFoundError:
        raise UserError(f"there is no file {path}", "Check its path") from None
    except Exception as error:  # a NUL in a name is a ValueError, a name that is too long an OSError
        raise UserError(f"cannot read {what}: {reason(error)}", "Check its path and its rights") from error
    raise UserError(f"{what} is larger than {largest // 10**6} MB", "Check its path: it is not such a file")


def read_text(path: str | Path, what: str, form: str = "plain text in UTF-8", largest: int = LARGEST_TEXT_BYTES) -> str:
    """The text of a user's file, in UTF-8, with or without a byte-order mark.

    Args:
        what: What the file is, with its path, for the error.
        form: How it is to be saved, for the remedy.
        largest: The most bytes that such a file can have.

    Raises:
        UserError: As `read_bytes`, or it is not UTF-8.
    """
    try:
        return read_bytes(path, what, largest).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{what} is not UTF-8 text", f"Save it as {form}") from None


def csv_cells(line: str, place: str, delimiter: str = ",") -> list[str]:
    """The cells of one line of CSV, blanks around them taken off.

    Raises:
        UserError: It is no such line, or a cell is longer than any number; `place` says of which file and line.
    """
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error as error:
        raise UserError(f"{place}: not a line of CSV: {reason(error)}", "Correct or remove that line") from error
