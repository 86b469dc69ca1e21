"""IDX files, the form in which MNIST and Fashion-MNIST are published, plain or compressed with gzip.

A file is a header (two zero bytes, a type code, the number of dimensions, each dimension as a big-endian 32-bit
integer) and the values in C order, big-endian: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spingan.errors import UserError

TYPES: dict[int, np.dtype] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
MAX_BYTES = 2**30  # assumed: twenty times Fashion-MNIST's training images, and still small beside a machine's memory
_GZIP_MAGIC = b"\x1f\x8b"
_REMEDY = "Fetch the file again: spingan data fetch. Or let the recipe's data.path name a folder with sound files."


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read(path: str | Path, shape: tuple[int | None, ...], dtype: DTypeLike = np.uint8) -> NDArray:
    """The array in the IDX file `path`, in the machine's byte order.

    Never takes in more than one value's worth beyond what the header promises, so a small file that unpacks to a huge
    one costs no more memory than a sound file.

    Args:
        path: A plain or gzip-compressed IDX file; its first bytes, not its name, tell which.
        shape: What the dimensions must be; None where any size is right, as (None, 28, 28).
        dtype: What the values must be.

    Raises:
        UserError: The file is missing, unreadable, no IDX file, truncated, longer than its header says, damaged, or of
            another type or shape than asked.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            magic = raw.read(2)
            raw.seek(0)
            if magic == _GZIP_MAGIC:
                with gzip.open(raw) as stream:
                    return _read_stream(path, stream, shape, np.dtype(dtype))
            if path.suffix == ".gz":
                raise UserError(f"{path} is named .gz but is not a gzip file (first bytes {magic.hex()})", _REMEDY)
            return _read_stream(path, raw, shape, np.dtype(dtype))
    except EOFError as error:
        raise UserError(f"{path} is truncated: its compressed data end early", _REMEDY) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path} is damaged: {error}", _REMEDY) from error
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist", _REMEDY) from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}", "Mend its rights or name another.") from error


def _read_stream(path: Path, stream: _Readable, shape: tuple[int | None, ...], dtype: np.dtype) -> NDArray:
    stored = _stored_type(path, _take(stream, 4), len(shape), dtype)
    header = _take(stream, 4 * len(shape))
    if len(header) < 4 * len(shape):
        raise UserError(f"{path} is truncated within its header", _REMEDY)
    found = struct.unpack(f">{len(shape)}I", header)
    if any(want is not None and want != size for want, size in zip(shape, found, strict=True)):
        wanted = " x ".join("any" if want is None else str(want) for want in shape)
        raise UserError(f"{path} has dimensions {' x '.join(map(str, found))}, expected {wanted}", _REMEDY)
    expected = math.prod(found) * stored.itemsize
    if expected > MAX_BYTES:
        raise UserError(f"{path} claims {expected:,} bytes of data; at most {MAX_BYTES:,} are read", _REMEDY)
    data = _take(stream, expected + 1)
    if len(data) < expected:
        raise UserError(f"{path} is truncated: {len(data):,} bytes of data, its header says {expected:,}", _REMEDY)
    if len(data) > expected:
        raise UserError(f"{path} is longer than the {expected:,} bytes of data that its header says", _REMEDY)
    return np.frombuffer(data, stored).reshape(found).astype(dtype, copy=True)


def _stored_type(path: Path, magic: bytes, dimensions: int, dtype: np.dtype) -> np.dtype:
    """The type that the four bytes `magic` name, once it and the number of dimensions are what was asked."""
    if len(magic) < 4:
        raise UserError(f"{path} is truncated within its header", _REMEDY)
    if magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise UserError(f"{path} is not an IDX file (first bytes {magic.hex()})", _REMEDY)
    stored = TYPES[magic[2]]
    if stored.newbyteorder("=") != dtype.newbyteorder("="):
        raise UserError(f"{path} holds {stored.name} values, expected {dtype.name}", _REMEDY)
    if magic[3] != dimensions:
        raise UserError(f"{path} has {magic[3]} dimensions, expected {dimensions}", _REMEDY)
    return stored


def _take(stream: _Readable, count: int) -> bytes:
    """Up to `count` bytes; fewer only at the end of `stream` (one call of a gzip stream may give fewer)."""
    chunks: list[bytes] = []
    while count > 0 and (chunk := stream.read(min(count, 2**20))):
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)
