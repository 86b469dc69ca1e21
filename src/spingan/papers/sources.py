"""Where our numbers come from: what is computed at once, and what is stored, each with the command that shows it.

To add a source: a function that gives `Values`, a line here, and rows in the papers' files that name it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from spingan.errors import UserError
from spingan.papers import slow
from spingan.papers.slow import Progress, Result
from spingan.papers.values import Values


@dataclass(frozen=True)
class Live:
    """Numbers that are computed whenever they are asked for. `where` is `module:function` of this package."""

    name: str
    command: str
    how: str
    where: str

    def values(self) -> Values:
        """The numbers, now.

        Raises:
            UserError: What they need is not on this machine.
        """
        module, function = self.where.split(":")
        found: Values = getattr(import_module(f"spingan.papers.{module}"), function)()
        return found


@dataclass(frozen=True)
class Slow:
    """Numbers that are stored, because their command takes minutes or hours.

    Attributes:
        run: Does what the command does, and gives what it prints with --json.
        read: The numbers that are kept of it.
        models: Shipped nets that the result is about, the net of the command first: it is stale when their weights
            change.
        from_run: What --store takes: the command's JSON, or, of a training, its run folder.
    """

    name: str
    command: str
    how: str
    run: Callable[[Progress], Result]
    read: Callable[[Result], Values]
    models: tuple[str, ...] = ()
    from_run: bool = False


_SOLVER = "micromagnetic solver, 1 nm cells, convention magnet-section"
_SPICE = "ngspice, the project's generic cards"
_DIGITS = "mnist-memristive"


def _training(name: str, trained: tuple[str, ...], how: str, read: Callable[[Result], Values]) -> Slow:
    """The losses of a training: recipe and overrides."""
    recipe, *overrides = trained
    command = " --set ".join(("spingan train " + recipe, *overrides))
    return Slow(name, command, how, partial(slow.training, recipe, tuple(overrides)), read, (), True)


LIVE = (
    Live(
        "synapse-as-printed",
        "spingan technology show skyrmion-published",
        "the package's synapse",
        "live_devices:synapse_as_printed",
    ),
    Live(
        "walls-as-printed", "spingan device leaky-relu, relu", "the package's devices", "live_devices:walls_as_printed"
    ),
    Live(
        "cells-as-printed", "spingan circuit leaky-relu, relu", "the package's cells", "live_devices:cells_as_printed"
    ),
    Live(
        "memristor-as-printed",
        "spingan technology show wox-memristor",
        "the package's memristor",
        "live_devices:memristor_as_printed",
    ),
    Live("nets", "spingan cost fashion-mnist, anime-faces", "the modules that are trained", "live_nets:nets"),
    Live(
        "am-dcgan-nets",
        "spingan cost mnist-memristive --table components",
        "the modules that are trained",
        "live_nets:am_dcgan_nets",
    ),
    Live("trainings", "spingan report MODEL", "the shipped weights' own record", "live_nets:trainings"),
    Live("fashion-mnist-files", "spingan data list", "counted in the files", "live_nets:fashion_mnist_files"),
    Live(
        "inception",
        "spingan evaluate fashion-mnist --features inception",
        "the package's protocol",
        "live_nets:inception",
    ),
    Live(
        "bill-fashion-mnist",
        "spingan cost fashion-mnist",
        "counts of the nets' activations and weights, at printed energies",
        "live_tables:fashion_bill",
    ),
    Live(
        "bill-anime-faces",
        "spingan cost anime-faces",
        "counts of the nets' activations and weights, at printed energies",
        "live_tables:anime_bill",
    ),
    Live("accounts", "spingan cost fashion-mnist", "the bill's factors", "live_tables:accounts"),
    Live(
        "table-2",
        "spingan cost mnist-memristive --table write-schedules",
        "counts that the cells imply, V²/R and pulses",
        "live_tables:table_2",
    ),
    Live(
        "small-pair",
        "spingan cost mnist-memristive --table components",
        "cells counted from the described layers",
        "live_tables:small_pair",
    ),
    Live("study-settings", "spingan study levels, variability", "the studies' settings", "live_tables:study_settings"),
)

SLOW = (
    Slow(
        "leaky-relu",
        "spingan device leaky-relu --full",
        _SOLVER,
        partial(slow.wall_device, "leaky_relu", True),
        slow.rows_values,
    ),
    Slow("relu", "spingan device relu", _SOLVER, partial(slow.wall_device, "relu", False), slow.rows_values),
    Slow(
        "skyrmion-synapse",
        "spingan device skyrmion-synapse",
        "64 particles after Thiele, calibrated on the solver",
        partial(slow.skyrmion_synapse, False),
        slow.rows_values,
    ),
    Slow(
        "skyrmion-injection",
        "spingan device skyrmion-synapse --full",
        "micromagnetic solver, 1 nm cells, a piece of the track",
        partial(slow.skyrmion_synapse, True),
        slow.rows_values,
    ),
    Slow(
        "circuit-leaky-relu",
        "spingan circuit leaky-relu",
        _SPICE,
        partial(slow.wall_cell, "leaky_relu"),
        slow.rows_values,
    ),
    Slow("circuit-relu", "spingan circuit relu", _SPICE, partial(slow.wall_cell, "relu"), slow.rows_values),
    Slow("circuit-am-dcgan-cnn", "spingan circuit am-dcgan-cnn", _SPICE, slow.am_dcgan_cnn, slow.rows_values),
    Slow(
        "quality-fashion-mnist",
        "spingan evaluate fashion-mnist",
        "images of the shipped weights",
        partial(slow.quality, "fashion-mnist"),
        slow.quality_values,
        ("fashion-mnist", "fashion-mnist-float"),
    ),
    Slow(
        "fid-fashion-mnist",
        "spingan evaluate fashion-mnist --features inception",
        "standard FID of the shipped weights' images",
        partial(slow.quality, "fashion-mnist", features="inception"),
        slow.quality_values,
        ("fashion-mnist",),
    ),
    Slow(
        "quality-cartoon-faces",
        "spingan evaluate cartoon-faces",
        "images of the shipped weights",
        partial(slow.quality, "cartoon-faces"),
        slow.quality_values,
        ("cartoon-faces", "cartoon-faces-float"),
    ),
    _training(
        "first-losses-fashion-mnist",
        ("fashion-mnist", "data.count=256", "epochs=1", "log_every=1"),
        "the first step of a training",
        slow.first_losses_values,
    ),
    _training(
        "losses-fashion-mnist",
        ("fashion-mnist", "epochs=50", "rates_fall_after=26"),
        "the shipped net's training",
        partial(slow.losses_values, after=150),
    ),
    _training(
        "losses-cartoon-faces",
        ("cartoon-faces", "data.count=20000", "precision=bf16", "log_every=20", "epochs=10", "rates_fall_after=6"),
        "the shipped net's training on drawn faces",
        partial(slow.losses_values, after=60),
    ),
    Slow(
        "noise-fashion-mnist",
        "spingan study noise fashion-mnist",
        "images of the shipped weights, chips and seeds",
        partial(slow.run_study, "noise", "fashion-mnist"),
        slow.noise_values,
        ("fashion-mnist",),
    ),
    Slow(
        "noise-cartoon-faces",
        "spingan study noise cartoon-faces",
        "images of the shipped weights, chips and seeds",
        partial(slow.run_study, "noise", "cartoon-faces"),
        slow.noise_values,
        ("cartoon-faces",),
    ),
    Slow(
        "quantization-fashion-mnist",
        "spingan study quantization fashion-mnist-float",
        "the float twin's weights and images at each width",
        partial(slow.run_study, "quantization", "fashion-mnist-float"),
        slow.quantization_values,
        ("fashion-mnist-float",),
    ),
    Slow(
        "variability",
        f"spingan study variability {_DIGITS}",
        "images of the shipped weights, 3 seeds and chips",
        partial(slow.run_study, "variability", _DIGITS),
        slow.variability_values,
        (_DIGITS,),
    ),
    Slow(
        "levels",
        f"spingan study levels {_DIGITS}",
        "images of the shipped weights, 3 seeds and chips",
        partial(slow.run_study, "levels", _DIGITS),
        slow.levels_values,
        (_DIGITS,),
    ),
    Slow(
        "epochs",
        f"spingan study epochs runs/{_DIGITS}",
        "images of a run's kept weights, 3 seeds and chips",
        partial(slow.run_study, "epochs", f"runs/{_DIGITS}"),
        slow.epochs_values,
    ),
)

LIVE_BY_NAME = {source.name: source for source in LIVE}
SLOW_BY_NAME = {source.name: source for source in SLOW}


def slow_source(name: str) -> Slow:
    """The stored source of that name.

    Raises:
        UserError: There is none.
    """
    if name not in SLOW_BY_NAME:
        raise UserError(f"there is no stored result {name!r}", f"Known: {', '.join(SLOW_BY_NAME)}.")
    return SLOW_BY_NAME[name]
