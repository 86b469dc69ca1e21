"""What a user names and gives: whether a path leads anywhere, a file's text, and the cells of a line of CSV."""

import csv
import math
import os
import re
import stat
from pathlib import Path

from spingan.errors import UserError

LARGEST_BYTES = 10_000_000_000  # a field of 20,000 x 20,000 cells: assumed
LARGEST_TEXT_BYTES = 100_000_000  # ten thousand times a recipe, a hundred times a long measurement: assumed

OVERFLOW = 1e37  # instruments write 9.9e37 for an overflow and 9.91e37 for no reading (SCPI 1999, vol. 1, 7.2.1)
_COMMA = re.compile(r"[+-]?\d{1,3}([. ]?\d{3})*,\d+([eE][+-]?\d+)?")


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
        found = file.stat()
        if stat.S_ISREG(found.st_mode):
            if found.st_size <= largest:
                return file.read_bytes()
        else:  # a pipe, or a device that never ends: its size says nothing
            largest = min(largest, LARGEST_TEXT_BYTES)
            with file.open("rb") as stream:
                content = stream.read(largest + 1)
            if len(content) <= largest:
                return content
    except FileNotFoundError:
        named = what if what != str(path) else f"file {path}"
        raise UserError(f"there is no {named}", "Check its path") from None
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


def check_cells(cells: list[str], columns: int, place: str) -> None:
    """Make sure that a row has one cell a column.

    Raises:
        UserError: It has more or fewer; decimal commas are named where they make twice as many.
    """
    if len(cells) == columns:
        return
    problem = f"{place}: {len(cells)} cells for {columns} columns"
    if len(cells) > columns and all(re.fullmatch(r"[+-]?\d+([eE][+-]?\d+)?", cell) for cell in cells):
        raise UserError(f"{problem}: perhaps decimal commas", "Write numbers with points, such as 3.1e-5")
    raise UserError(problem, "Give each row one cell a column")


def finite(cell: str, place: str) -> float:
    """A cell as a finite number.

    Raises:
        UserError: It is empty, none, not finite, or what an instrument writes for an overflow; `place` begins the line.
    """
    if not cell:
        raise UserError(f"{place} is empty", "Fill the gap, or leave the row or the whole column out")
    try:
        value = float(cell)
    except ValueError:
        if _COMMA.fullmatch(cell):
            raise UserError(f"{place} is {cell[:40]!r}: a decimal comma", "Write points, such as 3.1e-5") from None
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{place} is {cell[:40]!r}, not a finite number", "Remove the row, or correct the value")
    if abs(value) >= OVERFLOW:
        problem = f"{place} {cell[:40]} is an instrument's overflow, not a reading"
        raise UserError(problem, "Remove the row, or measure again")
    return value
