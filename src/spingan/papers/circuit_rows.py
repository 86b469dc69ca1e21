"""The circuits' figures beside what the papers print of them; the numbers come from the papers' files by name."""

from spingan.circuits.am_dcgan_study import CnnStudy, cnn_figures
from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.cell_activation import windows_giving_s
from spingan.circuits.cell_devices import CellFunction
from spingan.circuits.cell_simulation import CellResult
from spingan.circuits.domain_wall_study import CellStudy
from spingan.circuits.memristive_cells import CellResult as MemristiveResult
from spingan.circuits.memristive_cells import cell_figures
from spingan.papers.rows import Name, Row, beside, printed_in

SMALL_CNN: dict[str, Name | float] = {  # printed for CNN and DCNN together
    f"small CNN: {what}": ("small-pair", f"{what}, cells of Table I in the described pair")
    for what in ("power", "area")
}
TABLE_1 = "circuit-am-dcgan-cnn"
EVALUATION = "energy of an evaluation, current by magnet-section"


def printed_energy_j(function: CellFunction) -> float:
    """The printed energy of an evaluation: paper S, V-A3 and V-A2."""
    return printed_in((f"circuit-{function.replace('_', '-')}", EVALUATION), "pJ") * 1e-12


def cell_rows(result: CellResult) -> list[Row]:
    """A cell of paper S beside the paper: its figures, the windows that give the printed energy, and the spread."""
    study, function = result.study, result.study.function
    source = f"circuit-{function.replace('_', '-')}"
    slope: Name = (
        ("circuit-leaky-relu", "slope below over slope above")
        if function == "leaky_relu"
        else ("relu", "slope below zero over slope above, within ±34.8 µA")
    )
    same: dict[str, Name | float] = {
        "normalised output at minus full scale": 0.0 - printed_in(slope, "1"),
        "slope below over slope above": slope,
        "the same of the conductance": slope,
        "slope ratio with": slope,
        "energy of an evaluation": (source, EVALUATION),
    }
    if function == "leaky_relu":
        same |= {f"settling from 0 to {end:g} µA": ("leaky-relu", f"settling at {end:+g} µA") for end in (34.5, -34.5)}
    rows = [*beside(result.figures(), source, same), *_window_rows(study)]
    return rows + beside(result.spread_figures(), source)


def _window_rows(study: CellStudy) -> list[Row]:
    """The windows in which the printed energy would be drawn: it is a product, and its factors are not printed."""
    wall, printed = study.device.wall, printed_energy_j(study.function)
    if wall is None:
        return []
    windows = windows_giving_s(printed, study.transfer, wall, study.convention, study.full_scale_a)
    note = f"in which it draws the printed {printed * 1e12:g} pJ at {study.full_scale_a * 1e6:g} µA"
    return [
        Row(f"window for the printed energy: {name}", None, window_s * 1e9, "ns", note)
        for name, window_s in windows.items()
    ]


def memristive_rows(result: MemristiveResult, cards: Cards = GENERIC_180NM) -> list[Row]:
    """A cell of paper M beside its Table I."""
    return beside(cell_figures(result, cards), TABLE_1)


def cnn_rows(study: CnnStudy) -> list[Row]:
    """Paper M's small net: its cells beside Table I, every group of nodes, and the whole net's power and area."""
    return beside(cnn_figures(study), TABLE_1, SMALL_CNN)
