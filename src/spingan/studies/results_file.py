"""Results of trials in one file, a line each as it comes: a study that was killed goes on where it was.

A line is found again by a digest of all that its numbers depend on: the function, the trial, the weights in the files
of the model that it names, this package's code and shipped nets, and torch's version. A result is read as what its
function is declared to return: a file cannot name other classes.
"""

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

import numpy as np
import torch
from pydantic import PlainValidator, TypeAdapter
from pydantic_core import to_jsonable_python

import spingan
from spingan.errors import UserError
from spingan.nn.model_files import IN_FOLDERS
from spingan.output import check_place
from spingan.training.checkpoint import CHECKPOINT

Result = TypeVar("Result")
_PACKAGE = Path(spingan.__file__).parent
_NOT_COMPUTED_WITH = ("commands", "reports", "papers", "appraised", "spaces")  # parts of the package


def packed(value: Any) -> Any:
    """Arrays and numpy's numbers, for which JSON has no word, as it can hold them (`PackedArray`)."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        content = base64.b64encode(zlib.compress(np.ascontiguousarray(value).tobytes())).decode()
        return {"dtype": value.dtype.str, "shape": list(value.shape), "zlib": content}
    raise TypeError(f"{type(value).__name__} has no place in a file of results")


def _unpacked(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    try:
        flat = np.frombuffer(zlib.decompress(base64.b64decode(value["zlib"])), np.dtype(value["dtype"]))
        return flat.reshape(value["shape"]).copy()
    except (KeyError, TypeError, zlib.error) as error:
        raise ValueError("not an array") from error


PackedArray = Annotated[np.ndarray, PlainValidator(_unpacked)]
"""An array in a result, kept bit for bit."""


class ResultsFile(Generic[Result]):
    """The results of `function` in the file `path`, and room for more.

    A last line that was half written, and anything else that is no result, is passed over. What is taken in comes back
    as it would be read, so that a study that goes on is given the same as one that was never stopped.

    Raises:
        UserError: The file cannot be read, or its place not be written.
    """

    def __init__(self, path: str | Path, function: Callable[..., Result]) -> None:
        self.path = Path(path)
        self._function = f"{function.__module__}:{function.__qualname__}"
        self._type: TypeAdapter[Result] = TypeAdapter(get_type_hints(function, include_extras=True)["return"])
        check_place(self.path)
        self._known: dict[str, Any] = {}
        try:
            text = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise UserError(f"cannot read {self.path}: {error.strerror}", "Fix its permissions, or move it.") from error
        for line in text.splitlines():
            try:
                content = json.loads(line)
                self._known[content["key"]] = content["result"]
            except (ValueError, KeyError, TypeError):
                continue
        self._torn = bool(text) and not text.endswith(b"\n")

    def found(self, tasks: Sequence[Any]) -> dict[int, Result]:
        """The results that are there already, by the place of their task."""
        results: dict[int, Result] = {}
        for place, key in enumerate(map(self._key, tasks)):
            if key in self._known:
                try:
                    results[place] = self._type.validate_python(self._known[key])
                except ValueError:
                    continue
        return results

    def add(self, task: Any, result: Result) -> Result:
        """Write one more line, and return the result as it will be read.

        Raises:
            UserError: The file cannot be written.
        """
        content = {"key": self._key(task), "function": self._function, "task": task, "result": result}
        line = json.dumps(to_jsonable_python(content, fallback=packed)) + "\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                left = memoryview((("\n" if self._torn else "") + line).encode())
                while left:
                    left = left[os.write(handle, left) :]
            finally:
                os.close(handle)
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}",
                "The results in it are kept: free the place, and the same command goes on.",
            ) from error
        self._torn = False
        return self._type.validate_python(json.loads(line)["result"])

    def _key(self, task: Any) -> str:
        content, model = to_jsonable_python(task), getattr(task, "model", None)
        if isinstance(model, str):
            content["model"] = _model_digests(Path(model)) or model  # their content counts, not their place
        return _short(json.dumps([self._function, content, code_digest(), torch.__version__]).encode())


@lru_cache
def code_digest() -> str:
    """A short text that another version of the package, or of the nets that it judges images by, does not have."""
    digest = hashlib.blake2b()
    for path in sorted(_PACKAGE.rglob("*")):
        place = path.relative_to(_PACKAGE)
        if (
            path.suffix in (".py", ".safetensors", ".json", ".yaml", ".csv", ".gz")
            and place.parts[0] not in _NOT_COMPUTED_WITH
        ):
            digest.update(place.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _model_digests(path: Path) -> list[str]:
    """Of the files that a trial may take its nets from; none for a shipped name, which `code_digest` holds."""
    files = [path / name for name in (*IN_FOLDERS, CHECKPOINT)] if path.is_dir() else [path]
    return [_digest(str(file), file.stat().st_mtime_ns) for file in files if file.is_file()]


@lru_cache(maxsize=64)
def _digest(path: str, changed_ns: int) -> str:
    return _short(Path(path).read_bytes())


def _short(content: bytes) -> str:
    return hashlib.blake2b(content).hexdigest()[:32]
