"""Runs the notebooks of docs/learn from top to bottom, in build/tutorials: `make tutorials`, `make check-tutorials`.

With `--keep` their outputs are stored in docs/learn; without, nothing there changes. A cell that fails ends it, and so
does a notebook that is stored without its outputs.
"""

import os
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
LEARN, PLACE = ROOT / "docs" / "learn", ROOT / "build" / "tutorials"
LONGEST_CELL_S = 300


def run(file: Path, keep: bool) -> None:
    """Run one notebook and say how long it took."""
    notebook = nbformat.read(file, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not keep and any(cell.execution_count is None for cell in code):
        sys.exit(f"{file}: it is stored without outputs. Run make tutorials")
    begun = time.monotonic()
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        timeout=LONGEST_CELL_S,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(PLACE)}},
    ).execute()
    print(f"{file.name}: {time.monotonic() - begun:.0f} s", flush=True)
    if keep:
        for cell in code:
            cell.metadata.pop("execution", None)  # times of day
        notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
        file.write_text(nbformat.writes(notebook) + "\n", "utf-8")


def main(arguments: list[str]) -> None:
    """Run all, in order: later ones use the folder that the first one makes."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # finds `spingan`
    os.environ["COLUMNS"] = "110"
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    for file in sorted(LEARN.glob("*.ipynb")):
        run(file, "--keep" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
