"""From a device's name or file to a simulated cell: figures, made cells, and the activation for the network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spingan.circuits.cards import load_cards
from spingan.circuits.cell_activation import cell_curve
from spingan.circuits.cell_devices import CellFunction, cell_device
from spingan.circuits.cell_figures import cell_figures, spread_figures
from spingan.circuits.domain_wall_cells import DeviceTable, bias_fall
from spingan.circuits.domain_wall_study import CellStudy, study_cell
from spingan.circuits.mismatch import Environment, Mismatch, default_mismatch
from spingan.circuits.monte_carlo import Samples, device_spread, environment_spread
from spingan.circuits.ngspice import find_ngspice
from spingan.devices.wall_device import TorqueConvention
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation, ConductanceCurve
from spingan.tabular import Figure

CellForm = Literal["printed", "fitted"]


@dataclass(frozen=True, eq=False)
class CellResult:
    """A simulated cell: study, what `convert` takes, and the Monte Carlo's samples if asked for."""

    study: CellStudy
    activation: Activation
    devices: Samples | None
    environment: Samples | None

    def figures(self) -> list[Figure]:
        """The cell's own."""
        return cell_figures(self.study)

    def spread_figures(self) -> list[Figure]:
        """Those of the Monte Carlo: from device to device, then with temperature and supply."""
        samples = [one for one in (self.devices, self.environment) if one is not None]
        return [figure for one in samples for figure in spread_figures(one)]


def simulate_cell(
    function: CellFunction,
    curve: str | Path | ConductanceCurve = "simulated",
    *,
    device_file: Path | None = None,
    form: CellForm | None = None,
    inverters: Literal[1, 2] = 1,
    convention: TorqueConvention = "magnet-section",
    cards_file: Path | None = None,
    monte_carlo: int = 0,
    mismatch: Mismatch | None = None,
    environment: Environment | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> CellResult:
    """Simulate paper S's cell with a device in ngspice, and make the activation of it.

    Args:
        curve: `published`, `simulated`, `designed`, or a curve of one's own: a value or a file of conductances in S
            against currents in A.
        device_file: the wall device of a file's curve, for its motion and heat.
        form: the cell as printed, or with a divider fitted to the curve; None: as printed for the printed device
            (published, simulated), fitted for every other one.
        cards_file: the user's transistor models; None: the generic 16 nm ones.
        monte_carlo: made cells, and draws of temperature and supply; 0: none.
        mismatch: None: the documented one of the cards' node.
        seed: of the fit and of every draw; the same seed gives the same result with any number of workers.

    Raises:
        UserError: ngspice is missing; and as `cell_device`, `load_cards`, `study_cell` and `device_spread`.
    """
    find_ngspice()
    cards = load_cards(cards_file)
    device = cell_device(function, curve, device_file)
    fitted = str(curve) not in ("published", "simulated") if form is None else form == "fitted"
    study = study_cell(
        function,
        device,
        fitted=fitted,
        inverters=inverters,
        convention=convention,
        cards=cards,
        seed=seed,
        progress=progress,
    )
    devices = around = None
    if monte_carlo:
        conductance = DeviceTable.of(device.curve, fall=None if device.wall is None else bias_fall(device.wall))
        same = (study.transfer, conductance, cards, study.full_scale_a)
        differ, vary = mismatch or default_mismatch(cards.node), environment or Environment()
        devices = device_spread(*same, differ, monte_carlo, seed=seed, workers=workers, progress=progress)
        around = environment_spread(*same, vary, monte_carlo, seed=seed, workers=workers, progress=progress)
    activation = cell_curve(study, f"{device.curve.name}_cell", devices)
    return CellResult(study, activation, devices, around)
