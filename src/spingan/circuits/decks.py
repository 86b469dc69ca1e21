"""A netlist as a plain SPICE deck: one file that ngspice runs as it is, with what it is and how it was made on top."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from spingan import __version__
from spingan.circuits.messages import logical_lines, one_line
from spingan.errors import UserError
from spingan.output import write_text

WIDTH = 100  # characters of a comment's line
DIGITS = 9  # of what the deck prints
COLUMN = 24  # characters that ngspice takes for a printed number of so many digits and the space around it
LARGEST_WIDTH = 240  # of a printed line
PER_LINE = 8  # vectors in a table
ANALYSES = (".dc ", ".tran ", ".ac ")


def comment_lines(mark: str, paragraphs: Iterable[str]) -> list[str]:
    """Paragraphs as lines of comments, each of which begins with a mark."""
    return [f"{mark} {line}" for text in paragraphs for line in textwrap.wrap(one_line(text), WIDTH)]


class Written:
    """A text for another program, which can be written to a file."""

    def text(self) -> str:
        """The whole file."""
        raise NotImplementedError

    def write(self, path: str | Path) -> Path:
        """Write the text to a file, whole or not at all.

        Raises:
            UserError: The file cannot be written.
        """
        write_text(path, self.text())
        return Path(path)


@dataclass(frozen=True)
class Deck(Written):
    """A netlist, ready to be written.

    Attributes:
        title: what it is, in a line.
        about: what a reader should know, a paragraph each.
        netlist: as `run` takes it: a line of title, then cards, elements and one analysis.
        shown: the vectors that the deck prints, in ngspice's words, such as `v(out)`.

    Raises:
        UserError: Nothing is shown, or the netlist has no analysis or several.
    """

    title: str
    about: tuple[str, ...]
    netlist: str
    shown: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.shown:
            raise UserError(f"the deck {self.title} prints nothing", "Name one vector at least, such as v(out)")
        _ = self.analysis

    def text(self) -> str:
        """The deck's text.

        Its `.control` section gives the circuit the settings of `run`: one thread, and no operating point but one that
        is found. The `.print` lines are for ngspice's batch mode; at its prompt `run` and `plot` work.
        """
        made = (
            f"Written by spingan {__version__} for ngspice 39 or newer: ngspice -b FILE prints what the last lines "
            "name; at its prompt, run and plot. Everything is in this file."
        )
        circuit = self.netlist.rstrip().split("\n")[1:]
        shown = self.shown
        width = min(COLUMN * (len(shown) + 2), LARGEST_WIDTH)
        end = [
            ".control",
            f"set num_threads=1 numdgt={DIGITS} width={width}",
            "optran 1 1 1 0 0 0",
            ".endc",
            *(f".print {self.analysis} {' '.join(shown[at : at + PER_LINE])}" for at in range(0, len(shown), PER_LINE)),
            ".end",
        ]
        return "\n".join([f"* {one_line(self.title)}", *comment_lines("*", (*self.about, made)), *circuit, *end, ""])

    @property
    def analysis(self) -> str:
        """What the netlist asks for: `dc`, `tran` or `ac`."""
        asked = [line.split()[0][1:].lower() for _, line in logical_lines(self.netlist) if line.startswith(ANALYSES)]
        if len(asked) != 1:
            raise UserError(f"the deck {self.title} has {len(asked)} analyses", "Give one of .dc, .tran and .ac")
        return asked[0]
