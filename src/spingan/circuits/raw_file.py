"""Binary result files of ngspice: every plot's vectors as numpy arrays.

The format: a header of `Key: value` lines, a table of variables, the line `Binary:`, then points x variables doubles in
the machine's byte order, point by point; pairs of doubles where the flags say complex. Plots follow one another.
Source: ngspice's manual, "ASCII and binary rawfiles".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError

Samples = NDArray[Any]  # float64, or complex128 for .ac
REMEDY = "Run the netlist anew: the file is cut off, or not a binary raw file of ngspice"


@dataclass(frozen=True, eq=False)
class Plot:
    """The result of one analysis.

    Attributes:
        title: The netlist's first line.
        name: The analysis in ngspice's words, such as `Transient Analysis`.
        vectors: (points,) arrays by ngspice's names, such as `v(out)` or `i(v1)`; the first is the swept quantity.
        units: What each vector is: `voltage`, `current`, `time`, `frequency`, ...
    """

    title: str
    name: str
    vectors: Mapping[str, Samples]
    units: Mapping[str, str]

    def __getitem__(self, name: str) -> Samples:
        """The vector `name`, in any case of letters.

        Raises:
            UserError: The plot has none of that name.
        """
        vector = self.vectors.get(name.lower())
        if vector is None:
            raise UserError(f"the {self.name} has no vector {name!r}", f"It has {', '.join(self.vectors)}")
        return vector

    @property
    def points(self) -> int:
        """How many points each vector has."""
        return len(next(iter(self.vectors.values())))


def read_raw(data: bytes, where: str = "raw file") -> tuple[Plot, ...]:
    """All plots in the bytes of a binary raw file, in their order.

    Args:
        where: How errors name the file.

    Raises:
        UserError: The bytes are not whole plots.
    """
    plots = []
    position = 0
    while position < len(data):
        plot, position = _plot(data, position, f"{where}, plot {len(plots) + 1}")
        plots.append(plot)
    return tuple(plots)


def _plot(data: bytes, start: int, where: str) -> tuple[Plot, int]:
    """The plot that begins at `start`, and where the next one begins."""
    marker = b"\nBinary:\n"
    end = data.find(marker, start)
    if end < 0:
        raise UserError(f"{where}: its header has no line Binary:", REMEDY)
    keys, variables = _header(data[start:end].decode("utf-8", errors="replace"), where)
    count, points = _count(keys, "No. Variables", where), _count(keys, "No. Points", where)
    if count != len(variables) or not variables:
        raise UserError(f"{where}: {len(variables)} variables where the header says {count}", REMEDY)
    names = [name for name, _ in variables]
    if len(set(names)) != count:
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{where}: the vector {twice!r} occurs twice", "Rename one of the two nodes")
    first = end + len(marker)
    flags = keys.get("Flags", "")
    if flags not in ("real", "complex"):
        raise UserError(f"{where}: Flags are {flags[:40]!r}, neither real nor complex", REMEDY)
    dtype = np.dtype(np.complex128 if flags == "complex" else np.float64)
    last = first + count * points * dtype.itemsize
    if last > len(data):
        raise UserError(f"{where}: {len(data) - first} bytes of values where {last - first} are due", REMEDY)
    table = np.frombuffer(data, dtype, count * points, first).reshape(points, count)
    vectors = {name: np.ascontiguousarray(table[:, column]) for column, name in enumerate(names)}
    return Plot(keys.get("Title", ""), keys.get("Plotname", ""), vectors, dict(variables)), last


def _header(text: str, where: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The header's keys, and its table of variables as pairs of name and unit."""
    head, found, table = text.partition("\nVariables:\n")
    if not found:
        raise UserError(f"{where}: its header has no table of variables", REMEDY)
    pairs = (line.partition(":") for line in head.split("\n"))
    keys = {key.strip(): value.strip() for key, colon, value in pairs if colon}
    variables = []
    for line in table.split("\n"):
        cells = line.split()
        if len(cells) < 3 or cells[0] != str(len(variables)):
            raise UserError(f"{where}: {line.strip()[:60]!r} is not variable {len(variables)}", REMEDY)
        variables.append((cells[1].lower(), cells[2]))
    return keys, variables


def _count(keys: Mapping[str, str], key: str, where: str) -> int:
    text = keys.get(key, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):  # 15 digits: beyond any file
        raise UserError(f"{where}: {key} is {text[:40]!r}, not a count", REMEDY)
    return int(text)
