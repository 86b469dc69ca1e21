"""IDX files for the tests, which spingan itself only reads."""

import gzip
import struct
from pathlib import Path

from numpy.typing import NDArray

from spingan.data.idx import TYPES


def encoded(array: NDArray) -> bytes:
    """`array` as the bytes of a plain IDX file."""
    codes = {stored.newbyteorder("="): (code, stored) for code, stored in TYPES.items()}
    code, stored = codes[array.dtype.newbyteorder("=")]
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.astype(stored).tobytes()


def write_idx(path: Path, array: NDArray) -> None:
    """Write `array` as an IDX file, compressed if the name ends in .gz."""
    path.write_bytes(gzip.compress(encoded(array)) if path.suffix == ".gz" else encoded(array))
