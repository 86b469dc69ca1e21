"""Spoilt files through every loader and every command that takes one, in this process.

Success and a UserError are right, for a command status 0 and 2. All else, and what takes too long, is a find.
"""

import os
import shutil
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mutants import mutated
from PIL import Image
from typer.testing import CliRunner

import spingan
import spingan.training.loop  # before any clock runs: an import that is stopped halfway spoils all that follow
from spingan.circuits.cards import load_cards
from spingan.cli import app
from spingan.data import idx
from spingan.data.folder import prepare
from spingan.devices.wall_compact import read_wall_calibration
from spingan.devices.wall_device import read_wall_device
from spingan.errors import UserError
from spingan.measured.fit import fit_activation, fit_synapse
from spingan.measured.tables import read_table
from spingan.nn.weights import load_model
from spingan.physics.ovf import read_ovf
from spingan.physics.skyrmion_calibration import read_calibration
from spingan.reports.report import read_metrics
from spingan.spec.files import read_value
from spingan.spec.technology import load_technology
from spingan.training.recipe import load_recipe

PACKAGE = Path(spingan.__file__).parent
LONGEST_S = 60  # of the processor, so that a busy machine makes no find
ODT = b"# ODT 1.0\n# Columns: Oxs::t {b c}\n# Units: s A\n" + b"".join(b"%d %g\n" % (i, i / 3) for i in range(20))
MUMAX = b"# t (s)\tI (uA)\n" + b"".join(b"%d\t%g\n" % (i, i / 3) for i in range(20))
MEASURED = b"n,I (uA),V (mV),G (uS)\n" + b"".join(
    b"%d,%d,%d,%d\n" % (i, i - 20, max(i - 20, 0) * 3 + 1, 2 * i + 5) for i in range(41)
)
OVF = (
    b"# OOMMF OVF 2.0\n# Segment count: 1\n# Begin: Segment\n# Begin: Header\n# Title: m\n# meshtype: rectangular\n"
    b"# meshunit: m\n# xmin: 0\n# ymin: 0\n# zmin: 0\n# xmax: 2e-9\n# ymax: 2e-9\n# zmax: 1e-9\n# valuedim: 3\n"
    b"# valuelabels: m_x m_y m_z\n# valueunits: 1 1 1\n# xbase: 5e-10\n# ybase: 5e-10\n# zbase: 5e-10\n# xnodes: 2\n"
    b"# ynodes: 2\n# znodes: 1\n# xstepsize: 1e-9\n# ystepsize: 1e-9\n# zstepsize: 1e-9\n# End: Header\n"
    b"# Begin: Data Text\n0 0 1\n0 0 1\n0 0 1\n0 0 1\n# End: Data Text\n# End: Segment\n"
)
METRICS = b"epoch,step,discriminator_loss\n1,50,0.5\n1,100,0.4\n"
IDX = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 4, 4)) + bytes(range(32))


@dataclass(frozen=True)
class Target:
    """A file's kind: its name, whole files of it, loaders, and commands ({} is the file)."""

    name: str
    seeds: tuple[bytes, ...]
    loaders: tuple[Callable[[Path], object], ...]
    commands: tuple[str, ...] = ()


def _shipped(pattern: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(PACKAGE.glob(pattern)))


def targets() -> tuple[Target, ...]:
    """Every kind of file that a user gives."""
    picture = Path(tempfile.mkdtemp()) / "p"
    pictures = []
    for form in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"):
        Image.fromarray(np.arange(3072, dtype=np.uint8).reshape(32, 32, 3)).save(picture, format=form)
        pictures.append(picture.read_bytes())
    shutil.rmtree(picture.parent)
    cell = "--curve {} --out d.cir"
    return (
        Target("recipe.yaml", _shipped("recipes/*.yaml"), (load_recipe,), ("cost {}", "train {} --out run")),
        Target("technology.yaml", _shipped("devices/technologies/*.yaml"), (load_technology,),
               ("technology check {}", "technology show {}", "cost fashion-mnist --set technology={}")),
        Target("curve.csv", _shipped("devices/curves/*.csv"), (read_value,),
               ("technology check {}", f"circuit export leaky-relu {cell}", f"circuit export relu {cell}")),
        Target("device.yaml", _shipped("devices/curves/*_device.yaml"), (read_wall_device,),
               ("device export leaky-relu --program mumax3 --currents-ua 0,5 --device {} --out out",)),
        Target("wall.yaml", _shipped("devices/curves/wall_calibration*.yaml"), (read_wall_calibration,)),
        Target("skyrmion.json", _shipped("devices/calibration/*.json"), (read_calibration,)),
        Target("measured.csv", (MEASURED, ODT, MUMAX),
               (read_table, lambda path: fit_activation(path, "I", "V", function="relu"),
                lambda path: fit_synapse(path, "n", "G", states=8)),
               ("fit activation {} --input I --output V --function relu --out fit.csv",
                "fit synapse {} --position n --conductance G --states 8 --out fit.csv")),
        Target("field.ovf", (OVF,), (read_ovf,)),
        Target("cards.pm", (load_cards(node="180nm").text.encode(),), (load_cards,),
               ("circuit cards --cards {}",)),
        Target("weights.csv", (b"0.1,-0.5\n0.3,0.2\n1,0\n",), (),
               ("circuit export-crossbar --weights {} --out d.cir",)),
        Target("metrics.csv", (METRICS,), (read_metrics,)),
        Target("images.idx", (IDX,), (lambda path: idx.read(path, (None, None, None)),)),
        Target("pictures/a.png", tuple(pictures), (lambda path: prepare(str(path.parent), 16),)),
        Target("weights.safetensors", _shipped("pretrained/fashion-mnist.weights.safetensors"), (load_model,),
               ("sample {} -n 1 --out grid.png",)),
    )  # fmt: skip


def soak_inputs(count: int, seed: int, only: str = "", commands_every: int = 5) -> int:
    """The number of finds among `count` spoilt files of each kind; each find prints its own line.

    Args:
        only: Kinds whose name has this in it; all if empty.
        commands_every: Of so many files, one goes through the commands, too, which take longer.
    """
    finds = 0
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="spingan-soak-") as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        os.chdir(place)
        try:
            for target in targets():
                if only in target.name:
                    finds += sum(_file(target, number, seed, commands_every, Path(place)) for number in range(count))
        finally:
            os.chdir(before)
    return finds


def _file(target: Target, number: int, seed: int, commands_every: int, place: Path) -> int:
    key = f"{seed} {target.name} {number}"
    folder = place / "work"
    shutil.rmtree(folder, ignore_errors=True)
    path = folder / target.name
    path.parent.mkdir(parents=True)
    path.write_bytes(mutated(target.seeds[number % len(target.seeds)], key))
    finds = sum(_find(key, f"loader {index}", load, path) for index, load in enumerate(target.loaders))
    if number % commands_every == 0:
        os.chdir(folder)
        finds += sum(_find(key, command, _run, command.format(path)) for command in target.commands)
        os.chdir(place)
    return finds


def _run(command: str) -> None:
    """The command line in this process; a training is not begun."""
    from unittest.mock import patch

    with patch("spingan.training.loop.train"):
        result = CliRunner().invoke(app, command.split(), prog_name="spingan")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 2), f"status {result.exit_code}"
    assert result.exit_code == 0 or result.stderr.startswith("spingan: "), result.stderr


def _find(key: str, what: str, function: Callable[..., object], given: object) -> int:
    def too_long(*_: object) -> None:
        raise TimeoutError(f"more than {LONGEST_S} s")

    signal.signal(signal.SIGPROF, too_long)
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    signal.setitimer(signal.ITIMER_REAL, 10 * LONGEST_S)  # what blocks uses no processor
    try:
        function(given)
    except UserError as error:
        if "\n" not in error.problem and len(error.problem) < 2_000:
            return 0
        print(f"find: seed '{key}', {what}: an error of many lines: {error.problem[:300]!r}", flush=True)
        return 1
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "spingan" in frame.filename]
        last = ours[-1] if ours else place
        print(f"find: seed '{key}', {what}: {type(error).__name__}: {str(error)[:150]!r} at "
              f"{Path(last.filename).name}:{last.lineno}", flush=True)  # fmt: skip
        return 1
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    return 0
