"""Checked downloads with a progress bar."""

from pathlib import Path

import pooch
import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from spingan.errors import UserError

_SILENCE_S = 20.0  # assumed: a server that says nothing for so long is not there
_CHUNK_BYTES = 2**16


def _stream(fname: str, action: object, pooch: object, *, check_only: bool | None = None) -> None:
    """pooch's downloader: the address `fname` into the file `action`, with the bytes and the time left on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        requests.get(fname, stream=True, timeout=_SILENCE_S) as answer,
        Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress,
        Path(str(action)).open("wb") as file,
    ):
        answer.raise_for_status()
        length = answer.headers.get("Content-Length", "")
        task = progress.add_task(fname.rpartition("/")[2], total=int(length) if length.isdigit() else None)
        for chunk in answer.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            progress.advance(task, len(chunk))


def download(url: str, sha256: str, folder: Path, remedy: str) -> Path:
    """The file that `url` names, in `folder`: downloaded unless it is there with this SHA-256.

    It appears under its name only once it is whole and checked; what has another SHA-256 is not kept.

    Raises:
        UserError: No connection, a checksum that differs, or a folder that cannot be written; `remedy` says what else
            the user can do.
    """
    pooch.get_logger().setLevel("WARNING")
    name = url.rpartition("/")[2]
    try:
        return Path(pooch.retrieve(url, f"sha256:{sha256}", name, folder, downloader=_stream))
    except requests.exceptions.RequestException as error:
        raise UserError(f"cannot download {url}: {type(error).__name__}", remedy) from error
    except ValueError as error:  # pooch's only way to say that the checksum differs
        raise UserError(f"what {url} sent has the wrong SHA-256; it was not kept", remedy) from error
    except OSError as error:
        raise UserError(f"cannot write into {folder}: {error.strerror or error}", remedy) from error
