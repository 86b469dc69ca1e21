"""Measured and simulated tables: CSV, mumax3's table.txt and OOMMF's .odt, read as named columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError, did_you_mean
from spingan.input_files import check_cells, csv_cells, finite, read_text

Format = Literal["csv", "mumax3", "oommf"]

# A column's unit as instruments and simulators write it -> (SI unit, factor). Case matters: s is a second, S a siemens.
UNITS = {
    "": ("1", 1.0), "1": ("1", 1.0),
    "A": ("A", 1.0), "mA": ("A", 1e-3), "uA": ("A", 1e-6), "nA": ("A", 1e-9),
    "V": ("V", 1.0), "mV": ("V", 1e-3), "uV": ("V", 1e-6),
    "S": ("S", 1.0), "mS": ("S", 1e-3), "uS": ("S", 1e-6), "nS": ("S", 1e-9),
    "Ohm": ("Ohm", 1.0), "kOhm": ("Ohm", 1e3),
}  # fmt: skip

STRAY = 100.0  # a device whose output grows a hundredfold from one point to the next was not resolved: assumed

_SUFFIXES = {unit.lower(): unit for unit in UNITS if unit and unit != "1"} | {"normalised": "1"}
_BRACKETED = re.compile(r"^(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]$")


@dataclass(frozen=True)
class Column:
    """A column of text cells; `unit` is None where the file does not say it."""

    name: str
    unit: str | None
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table as read, its cells still text; `lines` are the rows' line numbers in the file."""

    path: Path
    format: Format
    columns: tuple[Column, ...]
    lines: tuple[int, ...]

    def column(self, name: str) -> Column:
        """The column that the user calls `name`: with its unit or without, or only what OOMMF writes after "::".

        Raises:
            UserError: None or several are called so.
        """
        exact = [column for column in self.columns if column.name == name]
        bare = _named(name)[0]  # "G (uS)", as the file's header has it
        found = (
            exact
            or [column for column in self.columns if column.name == bare]
            or [column for column in self.columns if column.name.rpartition("::")[2] == bare]
        )
        if len(found) == 1:
            return found[0]
        names = [column.name for column in self.columns]
        if found:
            raise UserError(
                f"{self.path}: {len(found)} columns are called {name}",
                f"Give the full name: {', '.join(column.name for column in found)}",
            )
        hint = did_you_mean(name, names)
        raise UserError(f"{self.path}: there is no column {name}", f"{hint}Its columns: {', '.join(names)}")

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The column `name` as numbers, shape (rows,).

        Raises:
            UserError: The column is missing, or a cell is no finite number or an instrument's overflow; the error names
                its line.
        """
        column = self.column(name)
        cells = zip(column.cells, self.lines, strict=True)
        return np.array([finite(cell, f"{self.path}, line {line}: {column.name}") for cell, line in cells])

    def readings(self, name: str) -> NDArray[np.float64]:
        """As `numbers`, and none of them is far from all others: an overflow as some instruments write it.

        Raises:
            UserError: As `numbers`; or a twentieth of them at most lies further from all others than `STRAY` times what
                these span.
        """
        values = self.numbers(name)
        for sign in (1.0, -1.0):
            rising = np.sort(sign * values)
            for count in range(1, min(max(1, len(values) // 20), len(values) - 2) + 1):
                others, stray = rising[:-count], rising[-count]
                span, gap = others[-1] - others[0], stray - others[-1]
                if gap > STRAY * span > 0:
                    row = int(np.flatnonzero(sign * values >= stray)[0])
                    raise UserError(
                        f"{self.path}, line {self.lines[row]}: {name} {self.column(name).cells[row]} is "
                        f"{gap / span:.0f} times further from all other readings than they are from each other",
                        "Remove the row if it is an instrument's overflow, or measure more points there",
                    )
        return values


def read_table(path: str | Path) -> Table:
    """The table in the file `path`; its format is told by its first lines.

    CSV may be parted by commas, semicolons or tabs, and may begin with comment lines ("#").

    Raises:
        UserError: The file cannot be read, or is not such a table.
    """
    path = Path(path)
    text = read_text(path, str(path), "CSV in UTF-8")
    lines = text.splitlines()
    table = _parse(path, lines)
    if not table.lines:
        raise UserError(f"{path}: there are no rows", "Give a line of column names, then one row a measurement")
    return table


def _parse(path: Path, lines: Sequence[str]) -> Table:
    first = lines[0] if lines else ""
    if first.upper().startswith("# ODT"):
        return _parse_oommf(path, lines)
    titles = first[1:].strip().split("\t")
    tabbed = first.startswith("#") and "\t" in first
    return (_parse_mumax3 if tabbed and all(map(_BRACKETED.match, titles)) else _parse_csv)(path, lines)


def _parse_mumax3(path: Path, lines: Sequence[str]) -> Table:
    headers = [(at, line[1:]) for at, line in enumerate(lines, 1) if line.startswith("#") and "\t" in line]
    tabs = [(at, [cell.strip() for cell in line.split("\t")]) for at, line in headers]
    names, units = zip(*map(_named, tabs[0][1]), strict=True)
    rows = [(at, line.split()) for at, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    return _table(path, "mumax3", names, units, _under_one_header(path, tabs[0][1], sorted(rows + tabs[1:])))


def _parse_oommf(path: Path, lines: Sequence[str]) -> Table:
    names: list[str] | None = None
    units: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    for at, line in _joined(lines):
        directive, _, rest = line.lstrip("#").strip().partition(":")
        if not line.startswith("#"):
            rows += [(at, parse_tcl_list(line, f"{path}, line {at}"))] if line.strip() else []
        elif directive.lower() == "columns" and names is not None:
            raise UserError(f"{path}, line {at}: a second table begins", "Split the file: one table in each")
        elif directive.lower() == "columns":
            names = parse_tcl_list(rest, f"{path}, line {at}")
        elif directive.lower() == "units":
            units = parse_tcl_list(rest, f"{path}, line {at}")
    if not names:
        raise UserError(f'{path}: there is no "# Columns:" line', "Save the table from OOMMF anew, as ODT 1.0")
    if units and len(units) != len(names):
        raise UserError(f"{path}: {len(units)} units for {len(names)} columns", 'Correct the "# Units:" line')
    return _table(path, "oommf", names, units or [None] * len(names), rows)


def _joined(lines: Sequence[str]) -> list[tuple[int, str]]:
    """The lines with OOMMF's continuations (a backslash at the end) joined, each with its first line's number."""
    joined: list[tuple[int, str]] = []
    open_line = False
    for at, line in enumerate(lines, start=1):
        body = line[:-1] if line.endswith("\\") else line
        if open_line:
            joined[-1] = (joined[-1][0], joined[-1][1] + " " + body.lstrip("#").strip())
        else:
            joined.append((at, body))
        open_line = line.endswith("\\")
    return joined


def parse_tcl_list(text: str, where: str) -> list[str]:
    """The words of a Tcl list: parted by blanks, quoted by {braces} that nest or by "quotes".

    Raises:
        UserError: A quote or a brace is not closed.
    """
    words: list[str] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
        elif text[position] in '{"':
            end = _closing(text, position)
            if end is None:
                raise UserError(f"{where}: {text[position]} is not closed", "Save the table from OOMMF anew")
            words.append(text[position + 1 : end])
            position = end + 1
        else:
            word = text[position:].split(maxsplit=1)[0]
            words.append(word)
            position += len(word)
    return words


def _closing(text: str, start: int) -> int | None:
    if text[start] == '"':
        end = text.find('"', start + 1)
        return end if end >= 0 else None
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return None


def _parse_csv(path: Path, lines: Sequence[str]) -> Table:
    numbered = [(at, line) for at, line in enumerate(lines, 1) if line.strip() and line.lstrip()[0] != "#"]
    if not numbered:
        raise UserError(f"{path}: there is no table", "Give a line of column names, then one row a measurement")
    delimiter = max(",;\t", key=numbered[0][1].count)
    rows = [(at, csv_cells(line, f"{path}, line {at}", delimiter)) for at, line in numbered]
    comments = [(at, line.lstrip("# ")) for at, line in enumerate(lines, 1) if line.startswith("#")]
    if not any(map(_is_number, rows[0][1])):
        titles = rows.pop(0)
    else:  # numpy.savetxt writes the names as a comment: the last one before the numbers
        before = [(at, line) for at, line in comments if at < rows[0][0]]
        titles = (before[-1][0], csv_cells(before[-1][1], str(path), delimiter)) if before else (0, [])
    if not any(titles[1]):
        raise UserError(f"{path}: the columns have no names", "Begin the table with a line of column names")
    remarks = [
        (at, csv_cells(line, f"{path}, line {at}", delimiter)) for at, line in comments if rows and at > rows[0][0]
    ]
    again = [(at, cells) for at, cells in remarks if len(cells) == len(titles[1]) > 1 and _is_header(cells)]
    names, units = zip(*map(_named, titles[1]), strict=True)
    return _table(path, "csv", names, units, _under_one_header(path, titles[1], sorted(rows + again)))


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a row is one of names: every cell says something, and none is a number."""
    return any(cells) and all(cell and not _is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _under_one_header(path: Path, titles: list[str], rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """The rows in the first header's order, where it comes again, as in sweeps put one after another.

    Raises:
        UserError: It comes again with other columns.
    """
    order = list(range(len(titles)))
    kept = []
    for line, cells in rows:
        if not _is_header(cells):
            kept.append((line, [cells[i] for i in order] if len(cells) == len(order) else cells))
        elif sorted(cells) == sorted(titles):
            order = [cells.index(title) for title in titles]
        else:
            raise UserError(
                f"{path}, line {line}: the header comes again with other columns: {', '.join(cells)[:80]}",
                "Split the file, one table in each; or remove the line if it is a remark",
            )
    return kept


def _named(title: str) -> tuple[str, str | None]:
    """A column's title as its name and unit: "I (uA)" and "I [uA]" part, "current_ua" keeps what the user sees."""
    bracketed = _BRACKETED.match(title)
    if bracketed:
        return bracketed["name"], bracketed["unit"]
    return title, _SUFFIXES.get(title.rpartition("_")[2].lower()) if "_" in title else None


def _table(
    path: Path,
    format: Format,
    names: Sequence[str],
    units: Sequence[str | None],
    rows: Sequence[tuple[int, list[str]]],
) -> Table:
    for line, row in rows:
        check_cells(row, len(names), f"{path}, line {line}")
    columns = tuple(
        Column(name, unit, tuple(row[i].strip() for _, row in rows))
        for i, (name, unit) in enumerate(zip(names, units, strict=True))
    )
    return Table(path, format, columns, tuple(line for line, _ in rows))


def plain_name(column: str) -> str:
    """A column's name without OOMMF's prefix and without a unit's suffix: what a plot's axis is called."""
    tail = column.rpartition("::")[2]
    name, _, suffix = tail.rpartition("_")
    return (name if name and suffix.lower() in _SUFFIXES else tail).replace("_", " ")


def si(unit: str | None, column: str, option: str) -> tuple[str, float]:
    """A unit as (SI unit, factor into it).

    Args:
        unit: As written; None if the file does not say it.
        column: The column's name, for the error.
        option: What the user gives the unit with, for the remedy.

    Raises:
        UserError: The unit is missing or unknown.
    """
    known = ", ".join(name for name in UNITS if name)
    if unit is None:
        raise UserError(f"column {column} has no unit", f"Give {option}, one of: {known}")
    plain = unit.strip().replace("µ", "u").replace("μ", "u").replace("Ω", "Ohm").replace("Ω", "Ohm")
    if plain not in UNITS:
        raise UserError(f"column {column} has unit {unit}, which is not known here", f"Give {option}, one of: {known}")
    return UNITS[plain]
