"""OVF 2.0, the vector-field file of OOMMF, which mumax3 and most viewers read and write, too.

A header of lines that begin with "#", then the vectors with x fastest, as text or as little-endian floats behind a
check value. Here: one segment, a rectangular mesh one layer thick, three components a cell, lengths in metres.
Written from the description in OOMMF's user guide, "Vector field file format OVF 2.0".
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, get_args

import numpy as np

from spingan.errors import UserError
from spingan.input_files import read_bytes
from spingan.output import atomic_path
from spingan.physics.mesh import Array, Mesh

Encoding = Literal["text", "binary 4", "binary 8"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)

# The number that opens binary data and betrays a wrong byte order or a damaged file: OOMMF's user guide, OVF 2.0.
_CHECK = {"binary 4": ("<f4", 1234567.0), "binary 8": ("<f8", 123456789012345.0)}
_FIRST_LINE = "# OOMMF OVF 2.0"
_LARGEST_HEADER_BYTES = 1 << 20  # a header is a few hundred bytes; more is another kind of file


@dataclass(frozen=True, eq=False)
class VectorField:
    """What an OVF file holds.

    Attributes:
        values: (3, ny, nx), in `unit`.
        mesh: the cells in the plane.
        thickness_m: the layer's.
        origin_m: the lower left corner of the mesh in the file's coordinates, (x, y, z).
        title: the file's own name for the field.
        unit: unit of the values, "1" for reduced magnetisation.
    """

    values: Array
    mesh: Mesh
    thickness_m: float
    origin_m: tuple[float, float, float]
    title: str
    unit: str


def write_ovf(
    path: str | Path,
    values: Array,
    mesh: Mesh,
    thickness_m: float,
    *,
    title: str = "m",
    unit: str = "1",
    encoding: Encoding = "binary 8",
    description: tuple[str, ...] = (),
) -> None:
    """Write a vector field as OVF 2.0, whole or not at all; `read_ovf` gives back what "text" and "binary 8" wrote.

    Args:
        path: where to; OOMMF expects .omf for magnetisation, .ohf for fields, .ovf for any.
        values: (3, ny, nx).
        mesh: its cells; the lower left corner is the origin.
        thickness_m: of the one layer.
        title: one word, also the stem of the component labels.
        unit: one word, such as 1, T or A/m.
        encoding: "binary 4" keeps seven digits.
        description: lines for a reader.

    Raises:
        UserError: the file cannot be written.
        ValueError: values of the wrong shape, or not finite (or too large for "binary 4"); a title, unit or
            description that breaks the header.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (3, *mesh.shape):
        raise ValueError(f"values have shape {values.shape}, the mesh wants {(3, *mesh.shape)}")
    for text in (title, unit):
        if not re.fullmatch(r"[^\s#{}\"]+", text):
            raise ValueError(f"{text!r} is not one plain word")
    if any(not line.isprintable() or "##" in line for line in description):
        raise ValueError("a description is one printable line without ##")
    rows = np.ascontiguousarray(np.moveaxis(values, 0, -1)).reshape(-1, 3)
    with np.errstate(over="ignore"):
        data = _encoded(rows, encoding)
    header = _header(mesh, thickness_m, title, unit, description)
    kind = encoding.title()
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(f"{header}# Begin: Data {kind}\n".encode())
        file.write(data)
        file.write(f"\n# End: Data {kind}\n# End: Segment\n".encode())


def _encoded(rows: Array, encoding: Encoding) -> bytes:
    kind = np.dtype("f8") if encoding == "text" else np.dtype(_CHECK[encoding][0])
    stored = rows.astype(kind)
    if not np.isfinite(stored).all():
        raise ValueError("a value is not finite")
    if encoding == "text":
        return "\n".join(" ".join(map(repr, row)) for row in stored.tolist()).encode()
    return np.array(_CHECK[encoding][1], kind).tobytes() + stored.tobytes()


def _header(mesh: Mesh, thickness_m: float, title: str, unit: str, description: tuple[str, ...]) -> str:
    steps = (mesh.dx_m, mesh.dy_m, thickness_m)
    nodes = (mesh.nx, mesh.ny, 1)
    lines = ["Segment count: 1", "Begin: Segment", "Begin: Header", f"Title: {title}"]
    lines += [f"Desc: {line}" for line in description]
    lines += ["meshtype: rectangular", "meshunit: m"]
    for axis, step, count in zip("xyz", steps, nodes, strict=True):
        lines += [f"{axis}min: 0.0", f"{axis}max: {step * count!r}"]
        lines += [f"{axis}base: {step / 2!r}", f"{axis}nodes: {count}", f"{axis}stepsize: {step!r}"]
    lines += ["valuedim: 3", "valuelabels: " + " ".join(f"{title}_{axis}" for axis in "xyz")]
    lines += [f"valueunits: {unit} {unit} {unit}", "End: Header"]
    return _FIRST_LINE + "\n" + "".join(f"# {line}\n" for line in lines)


def read_ovf(path: str | Path) -> VectorField:
    """Read an OVF 2.0 file: text, binary 4 or binary 8; one segment, one layer, three components.

    Raises:
        UserError: the file cannot be read, is of another version or kind, is damaged or cut short, or holds values
            that are not finite; the error says which, with what was found.
    """
    path = Path(path)
    reader = _Reader(path)
    header, encoding, data = reader.split(read_bytes(path, str(path)))
    mesh, thickness_m, origin_m = reader.mesh(header)
    count = 3 * mesh.nx * mesh.ny
    rows = reader.text(data, count) if encoding == "text" else reader.binary(data, count, encoding)
    values = np.ascontiguousarray(np.moveaxis(rows.reshape(*mesh.shape, 3), -1, 0))
    if not np.isfinite(values).all():
        component, y, x = (int(index) for index in np.argwhere(~np.isfinite(values))[0])
        reader.refuse(
            f"component {'xyz'[component]} of cell ({x}, {y}) is {values[component, y, x]}",
            "Every value must be a finite number: write the file anew from a run that did not diverge",
        )
    units = header.get("valueunits", "1").split() or ["1"]
    return VectorField(values, mesh, thickness_m, origin_m, header.get("title", "m"), units[0])


class _Reader:
    """The steps of reading one file, each refusing with the file's name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, problem: str, remedy: str) -> NoReturn:
        raise UserError(f"OVF file {self.path}: {problem}", remedy)

    def split(self, content: bytes) -> tuple[dict[str, str], Encoding, bytes]:
        """Header, encoding, and the bytes behind the line that begins the data."""
        header: dict[str, str] = {}
        position = 0
        number = 0
        while True:
            number += 1
            end = content.find(b"\n", position, _LARGEST_HEADER_BYTES)
            if end < 0:
                where = f"it ends in line {number}" if number > 1 else "it has no line of text"
                self.refuse(f"{where}, before any data", "The file was cut short, or is no OVF file: write it anew")
            line = content[position:end].decode("utf-8", "replace").strip()
            position = end + 1
            if number == 1:
                self._must_be_version_2(line)
            line = line.split("##", 1)[0].strip()
            if line and not line.startswith("#"):
                self.refuse(f"line {number} is not a header line: {line[:60]!r}", "Header lines begin with #")
            key, colon, value = line[1:].partition(":")
            key, value = "".join(key.split()).lower(), value.strip()
            if key == "begin" and value.lower().startswith("data"):
                encoding = " ".join(value.lower().split()[1:])
                if encoding not in ENCODINGS:
                    self.refuse(f"data of kind {value!r}", "Known are Data Text, Data Binary 4 and Data Binary 8")
                return header, encoding, content[position:]
            if colon and key not in ("begin", "end", "desc"):
                if key in header:
                    self.refuse(f"line {number}: {key} is given twice", "Keep one")
                header[key] = value

    def _must_be_version_2(self, line: str) -> None:
        words = line.lower().lstrip("#").split()
        if words == ["oommf", "ovf", "2.0"]:
            return
        if words[:1] == ["oommf"]:
            remedy = "Write it anew as OVF 2.0: OutputFormat = OVF2_BINARY in mumax3, avf2ovf -format b8 in OOMMF"
            self.refuse(f"it is {line.lstrip('# ')[:40]}, not OVF 2.0", remedy)
        self.refuse(f"its first line is {line[:40]!r}", f"An OVF 2.0 file begins with {_FIRST_LINE!r}")

    def mesh(self, header: dict[str, str]) -> tuple[Mesh, float, tuple[float, float, float]]:
        if self._whole({"segmentcount": "1"} | header, "segmentcount") != 1:
            self.refuse(f"it has {header['segmentcount']} segments", "Save one field a file")
        if header.get("meshtype", "").lower() != "rectangular":
            self.refuse(f"meshtype is {header.get('meshtype')!r}", "Only rectangular meshes are read")
        if header.get("meshunit") != "m":
            self.refuse(f"meshunit is {header.get('meshunit')!r}", "Lengths must be in metres: meshunit: m")
        if self._whole(header, "valuedim") != 3:
            self.refuse(f"valuedim is {header['valuedim']}", "A vector field has three components")
        layers = self._whole(header, "znodes")
        if layers != 1:
            self.refuse(f"it has {layers} layers", "The solver's films have one: save one layer (CropLayer in mumax3)")
        steps = [self._number(header, f"{axis}stepsize") for axis in "xyz"]
        for axis, step in zip("xyz", steps, strict=True):
            if step <= 0:
                self.refuse(f"{axis}stepsize is {step:g}", "A cell's size is above 0")
        x, y, z = (self._number(header, f"{axis}base") - step / 2 for axis, step in zip("xyz", steps, strict=True))
        nx, ny = (self._whole(header, f"{axis}nodes") for axis in "xy")
        return Mesh(nx=nx, ny=ny, dx_m=steps[0], dy_m=steps[1]), steps[2], (x, y, z)

    def _field(self, header: dict[str, str], key: str) -> str:
        if key not in header:
            self.refuse(f"its header has no {key}", "It was cut short, or another program left the line out")
        return header[key]

    def _whole(self, header: dict[str, str], key: str) -> int:
        text = self._field(header, key)
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
            self.refuse(f"{key} is {text!r}", "It must be a whole number above 0")
        return int(text)

    def _number(self, header: dict[str, str], key: str) -> float:
        text = self._field(header, key)
        try:
            if math.isfinite(float(text)):
                return float(text)
        except ValueError:
            pass
        self.refuse(f"{key} is {text!r}", "It must be a finite number")

    def binary(self, data: bytes, count: int, encoding: Encoding) -> Array:
        name, check = _CHECK[encoding]
        kind = np.dtype(name)
        expected = (count + 1) * kind.itemsize
        if len(data) < expected:
            self.refuse(
                f"{len(data)} bytes of data where {count} numbers of {encoding} need {expected}",
                "The file was cut short, or its node counts are wrong: write it anew",
            )
        numbers = np.frombuffer(data, kind, count + 1)
        if numbers[0] != check:
            swapped = numbers[:1].view(kind.newbyteorder(">"))[0]
            found = "in the other byte order" if swapped == check else f"{numbers[0]:.9g}"
            self.refuse(
                f"the check value before the data is {found}, not {check:.15g}",
                "OVF 2.0 is little-endian; the file is damaged or its encoding is not what its header says",
            )
        self._must_end(data[expected:])
        return numbers[1:].astype(np.float64)

    def text(self, data: bytes, count: int) -> Array:
        body, mark, rest = data.partition(b"#")
        words = body.split()
        if len(words) != count:
            self.refuse(
                f"{len(words)} numbers where its node counts want {count}",
                "The file was cut short, or its node counts are wrong: write it anew",
            )
        self._must_end(mark + rest)
        try:
            return np.array([float(word) for word in words])
        except ValueError as error:
            self.refuse(f"a value is no number: {error}", "Write it anew")

    def _must_end(self, rest: bytes) -> None:
        line = rest.lstrip().split(b"\n", 1)[0]
        if not re.match(rb"#\s*end\s*:\s*data", line, re.IGNORECASE):
            self.refuse(
                "the line '# End: Data' does not follow the data",
                "The file was cut short, or its node counts are wrong: write it anew",
            )
