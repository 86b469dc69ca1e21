"""Results of trials in one file, a line each as it comes: a study that was killed goes on where it was.

A line is found again by a digest of all that its numbers depend on: the function, the trial, the weights in the files
of the model that it names, this package's code and shipped nets, and torch's version.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import spingan
from spingan.errors import UserError
from spingan.nn.weights import WEIGHTS
from spingan.output import check_place
from spingan.studies.as_json import classes_of, decoded, encoded
from spingan.training.checkpoint import CHECKPOINT

Result = TypeVar("Result")
_PACKAGE = Path(spingan.__file__).parent
_ONLY_SHOW = ("commands", "reports", "reproduction")  # parts of the package that no trial computes with


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
        self._classes = classes_of(function)
        check_place(self.path)
        self._known: dict[str, Any] = {}
        try:
            text = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise UserError(f"cannot read {self.path}: {error.strerror}", "Mend its rights, or move it.") from error
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
        for place, task in enumerate(tasks):
            key = self._key(task)
            if key in self._known:
                try:
                    results[place] = decoded(self._known[key], self._classes)
                except (KeyError, TypeError, ValueError):
                    continue
        return results

    def add(self, task: Any, result: Result) -> Result:
        """Write one more line, and give back the result as it will be read.

        Raises:
            UserError: The file cannot be written.
        """
        content = {"key": self._key(task), "function": self._function, "task": encoded(task)}
        line = json.dumps(content | {"result": encoded(result)}) + "\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                _write_whole(handle, ("\n" if self._torn else "") + line)
            finally:
                os.close(handle)
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}",
                "What is in it is kept: mend the place, and the same command goes on.",
            ) from error
        self._torn = False
        return decoded(json.loads(line)["result"], self._classes)

    def _key(self, task: Any) -> str:
        content, model = encoded(task), getattr(task, "model", None)
        files = _model_files(model) if isinstance(model, str) else []
        if files:  # what they hold counts, not where they are
            content["model"] = [_digest(str(path), path.stat().st_mtime_ns) for path in files]
        return _short(json.dumps([self._function, content, code_digest(), _torch_version()]))


def _write_whole(handle: int, text: str) -> None:
    left = memoryview(text.encode())
    while left:
        left = left[os.write(handle, left) :]


@lru_cache
def code_digest() -> str:
    """A short text that another version of the package, or of the nets that it judges images by, does not have."""
    digest = hashlib.blake2b()
    for path in sorted(_PACKAGE.rglob("*")):
        place = path.relative_to(_PACKAGE)
        if path.suffix in (".py", ".safetensors", ".json", ".yaml", ".csv", ".gz") and place.parts[0] not in _ONLY_SHOW:
            digest.update(place.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _model_files(model: str) -> list[Path]:
    """The files that a trial may take the nets of `model` from."""
    path = Path(model)
    if path.is_dir():
        return [file for file in (path / WEIGHTS, path / CHECKPOINT) if file.is_file()]
    return [path] if path.is_file() else []  # a shipped name: `code_digest` holds it


@lru_cache(maxsize=64)
def _digest(path: str, changed_ns: int) -> str:
    return hashlib.blake2b(Path(path).read_bytes()).hexdigest()[:16]


@lru_cache
def _torch_version() -> str:
    import torch

    return torch.__version__


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode()).hexdigest()[:32]
