"""Pictures and their quality against the resistance of the arrays' wires, by the size of a tile."""

from collections.abc import Sequence
from dataclasses import replace

from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.spec.technology import MOST_OHM, Technology, load_technology
from spingan.studies.axes import Asked, Axis, Change
from spingan.studies.study import Study
from spingan.studies.trials import Trial, technology_text

RESISTANCES_OHM = (0.03, 0.1, 0.35, 1.0, 2.8)  # assumed: about a decade to either side of `wires.ASSUMED_OHM`
TILES = (64, 128, 256)  # assumed: around the 128 rows of the shipped technologies, as powers of two


def wires(
    asked: Asked,
    *,
    resistances: Sequence[float] = RESISTANCES_OHM,
    tiles: Sequence[int] = TILES,
    technology: str | None = None,
) -> Study:
    """The model's arrays with wires of so many ohm from cell to cell, along rows and columns, on square tiles.

    Gains, ranges and batch norms are measured anew with the wires in place; nothing is trained again. The ideal is
    the same net on the smallest of the tiles without any resistance.
    Drivers have the resistance that the technology states.

    Args:
        resistances: Of the wire from one cell to the next, in ohm, above 0.
        tiles: Rows and columns of a tile.
        technology: Whose arrays the weights are written into; None: the model's own.

    Raises:
        UserError: Nothing to measure, a resistance that is none, no synapse in siemens, or as for trials.
    """
    wanted, sizes = tuple(sorted(set(resistances))), tuple(sorted(set(tiles)))
    wrong = [ohm for ohm in wanted if not 0 < ohm <= MOST_OHM]
    if wrong:
        raise UserError(
            f"a wire of {wrong[0]:g} ohm from cell to cell", f"Give more than 0, and up to {MOST_OHM:g} ohm."
        )
    if not wanted or not sizes or sizes[0] < 1:
        raise UserError("no resistance or no tile to measure", "Give resistances, and tiles of 1 row or more.")
    model = load_model(asked.model)
    own = model.technology if technology is None else load_technology(technology)
    if own.synapse is None:
        raise UserError(f"technology {own.name} has no devices that wires could join", "Name one with a synapse.")
    own.synapse.require_siemens("a study of the wires")
    base = asked.trial(model)
    axes = [
        Axis(
            "distance",
            f"tiles of {size}",
            "wire from cell to cell, ohm",
            wanted,
            _with_wires(own, size),
            _label,
            "log10",
        )
        for size in sizes
    ]
    series, ideal, metric = asked.pictures(base, axes, (0, "no wires", _with_wires(own, sizes[0])(base, 0)), "wires")
    notes = (
        f"Largest conductance of a device: {own.synapse.conductance[-1]:.3g} S.",
        "Gains, ranges and batch norms are measured with the wires in place; nothing was trained again.",
    )
    return asked.study("wires", own, series, asked.obtained(), ideal, metric, notes=notes)


def _label(resistance: float) -> str:
    return f"{resistance:g} ohm"


def _with_wires(technology: Technology, size: int) -> Change:
    def change(trial: Trial, resistance: float) -> Trial:
        told = {"wire_resistance_ohm": resistance, "column_wire_resistance_ohm": None}
        told |= {"tile_rows": size, "tile_columns": size} | ({} if resistance else {"driver_resistance_ohm": None})
        return replace(trial, technology=technology_text(technology.model_copy(update=told)))

    return change
