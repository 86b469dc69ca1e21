"""Standard output and error as they may be: closed, on a full disk, or of an encoding without the field's letters."""

import codecs
import os
import sys
import unicodedata

PLAIN = {
    "µ": "u", "μ": "u", "Ω": "Ohm", "×": "x", "±": "+/-", "σ": "sigma", "Δ": "delta", "γ": "gamma",
    "α": "alpha", "π": "pi", "θ": "theta", "λ": "lambda", "η": "eta", "·": "*", "°": "deg", "−": "-", "–": "-",
    "—": "-", "→": "->", "≤": "<=", "≥": ">=", "≈": "~", "√": "sqrt", "∇": "grad", "…": "...", "’": "'", "“": '"',
    "”": '"', "ø": "o", "Ø": "O", "ß": "ss", "█": "#", "━": "-",
}  # fmt: skip
"""What a letter becomes where the encoding does not have it."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    """An error handler for codecs: each letter that cannot be encoded as plain ones, or as its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_in_ascii, error.object[error.start : error.end])), error.end


def _in_ascii(letter: str) -> str:
    known = PLAIN.get(letter) or unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return known or letter.encode("ascii", "backslashreplace").decode()


def prepare() -> str | None:
    """Make standard output and error bear every letter; what is wrong with them, if they cannot be used.

    A closed one is opened on nothing, or else the next file that is opened would take its place.
    """
    closed = sys.stdout is None
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, _nothing(number, "r" if name == "stdin" else "w"))
    codecs.register_error("spingan-plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="spingan-plain")  # pyright: ignore[reportAttributeAccessIssue]
    return "standard output is closed" if closed else None


def has_all_letters() -> bool:
    """Whether standard output is of an encoding that has every letter."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name.startswith("utf")


def drop_output() -> None:
    """Let what is still to be written to standard output vanish: it cannot be written, and Python would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _nothing(number: int, mode: str):
    handle = os.open(os.devnull, os.O_RDWR)
    if handle != number:
        os.dup2(handle, number)
        os.close(handle)
    return os.fdopen(number, mode, encoding="utf-8", closefd=False)
