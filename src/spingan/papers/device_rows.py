"""The devices' figures beside what paper S prints of them; the numbers come from `paper_numbers.yaml` by name."""

from spingan.devices.domain_wall import BY_NAME
from spingan.devices.skyrmion_synapse_figures import study_figures
from spingan.devices.skyrmion_synapse_study import Study
from spingan.devices.wall_characteristic import Characteristic
from spingan.papers.rows import Name, Row, beside

REST: Name = ("leaky-relu", "position 10 ns after the highest current")  # III-B prints one rest position
ALL_IN: Name = ("skyrmion-synapse", "skyrmions in at 142.5 ns, printed drive")
NONE_LEFT: Name = ("skyrmion-synapse", "skyrmions left at 305 ns, printed drive")
UPDATE: Name = ("skyrmion-synapse", "energy of a pulse, perpendicular")

WALLS: dict[str, dict[str, Name | float]] = {
    "leaky-relu": {
        "magnet volume": ("walls-as-printed", "volume of the magnet"),
        "rest position": REST,
        "position after the": REST,
        "rest points apart": 0.0,  # one rest position is printed
        "slope below zero over slope above": ("circuit-leaky-relu", "slope below over slope above"),
        "energy of an evaluation": ("circuit-leaky-relu", "energy of an evaluation, current by magnet-section"),
    },
    "relu": {
        "heavy-metal resistance": ("walls-as-printed", "resistance of the heavy metal, ReLU"),
        "magnet volume": ("walls-as-printed", "volume of the magnet, ReLU"),
        "junction's resistance at rest": ("cells-as-printed", "reference resistor of the ReLU"),
        "slope below zero over slope above": ("relu", "slope below zero over slope above, within ±34.8 µA"),
        "energy of an evaluation": ("circuit-relu", "energy of an evaluation, current by magnet-section"),
    },
}
SYNAPSE: dict[str, Name | float] = {
    "skyrmions on the track": ("synapse-as-printed", "skyrmions"),
    "whole operation": ("synapse-as-printed", "whole operation"),
    "skyrmions in at 142.5 ns": ALL_IN,
    "skyrmions left at 305 ns": NONE_LEFT,
    "energy of a": UPDATE,
    "injection: skyrmions": 1,  # "one" skyrmion a pulse: III-A
    "injection: change of topological charge": -1,  # of one skyrmion, core down
    "small disc: change of topological charge": 0,  # none is lost
} | {
    f"{way}: {what}": printed
    for way in ("vortex", "radial")
    for what, printed in {
        "current density that works": ("synapse-as-printed", "current density of a pulse"),
        "skyrmions in at": ALL_IN,
        "left at 305 ns": NONE_LEFT,
        "lost over the edge": 0,  # follows from the printed 64 in and 0 left
        "change over the short-term state": 0,
        "levels": ALL_IN,
        "deviation from a straight line": 0,  # "linear": III-A
        "energy of a": UPDATE,
    }.items()
}


def wall_rows(name: str, study: Characteristic) -> list[Row]:
    """A wall device's figures (`leaky-relu` or `relu`) beside the paper's; a device of one's own has none printed."""
    device = BY_NAME[name]
    figures = device.study_figures(study)
    if study.setup.device != device.wall:
        return [Row(figure.quantity, None, figure.value, figure.unit, figure.note) for figure in figures]
    return beside(figures, name, WALLS[name])


def synapse_rows(study: Study) -> list[Row]:
    """Every figure of the synapse's study beside the paper's; the first variant is the device as printed."""
    return beside(study_figures(study), "skyrmion-synapse", SYNAPSE)
