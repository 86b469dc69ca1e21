"""Paper S's ReLUs in the solver: the plans of their study, their figures, and their curves for a cell.

What the paper prints is in spintronic DCGAN (arXiv 2601.01441), III-B, IV-D and V-A; what it leaves out is worked out
in docs/derivations.md, section 1. The ReLU's anisotropy profile and bias current are not printed: assumed beside
`wall_device.RELU`.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from spingan.devices import wall_device, wall_figures
from spingan.devices.device import StoredActivation
from spingan.devices.published import (
    CONDUCTANCES_MS,
    CURVES,
    LEAKY_END_A,
    LEAKY_LINEAR_A,
    LEAKY_SLOPE,
    RELU_FULL_SCALE_A,
)
from spingan.devices.wall_characteristic import Characteristic, Plan, characterise, slopes, study_curve, window_s
from spingan.devices.wall_curve import drive_energies
from spingan.devices.wall_device import WallDevice, read_wall_device
from spingan.devices.wall_study import RELEASE_S, Setup
from spingan.physics.mtj import julliere_tmr
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation, ConductanceCurve, EnergyItem
from spingan.spec.files import read_conductance_curve
from spingan.tabular import Figure

LIMITS_A = (-41.4e-6, 37.72e-6)  # annihilating: V-A3
START_M = 37.6364e-9  # III-B
REFERENCE_OHM = 8.865e3  # IV-D2
RAILS_V = 0.5 + 0.165  # across the divider: IV-D2 and docs/derivations.md, section 1
SEARCHED_A = 120e-6  # 5.2e12 A/m² over the magnet's section: far beyond what metal lines bear; assumed


def _amperes(*micro: float) -> tuple[float, ...]:
    return tuple(round(one * 1e-6, 12) for one in micro)


def _sweep(end_ua: int, end_a: float) -> tuple[float, ...]:
    return tuple(np.round(np.concatenate([np.arange(-end_ua, end_ua + 1, 2) * 1e-6, [-end_a, end_a]]), 12).tolist())


LEAKY_PLAN = Plan(
    start_m=START_M,
    currents_a=_amperes(-34.5, -28, -23, -20, -15, -10, -5, 0, 5, 10, 15, 20, 22.54, 28, 34.5),
    probes_a=LIMITS_A,
    full_scale_a=LEAKY_LINEAR_A,
    variant_currents_a=(-LEAKY_END_A, -LEAKY_LINEAR_A, LEAKY_LINEAR_A, LEAKY_END_A),
    sweep_a=_sweep(32, LEAKY_END_A),
    rest_s=0.1e-9,  # the wall takes its form; in the flat zone its place creeps on at about 1 m/s
    limit_a=SEARCHED_A,
)
RELU_PLAN = Plan(
    start_m=54e-9,  # the assumed well's bottom
    currents_a=_amperes(
        *(-34.8, -30, -25, -20, -15, -10, -5, -2.5, 0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30, 34.8)
    ),  # closer where the conductance bends
    probes_a=(),
    full_scale_a=RELU_FULL_SCALE_A,
    variant_currents_a=(-RELU_FULL_SCALE_A, 0.0, 20e-6, RELU_FULL_SCALE_A),
    sweep_a=_sweep(34, RELU_FULL_SCALE_A),
    limit_a=SEARCHED_A,
)


@dataclass(frozen=True)
class DomainWallRelu:
    """A ReLU or a leaky ReLU of paper S as a device: its wall device, and how it is studied.

    `positions_a`, `conductances_a` and `settlings_a` are the inputs that its figures name, those that the paper prints
    among them; its slopes are fitted within ±`plan.full_scale_a`, and its heat is that at `end_a`.
    """

    name: str
    about: str
    function: Literal["leaky_relu", "relu"]
    wall: WallDevice
    plan: Plan
    end_a: float
    positions_a: tuple[float, ...]
    conductances_a: tuple[float, ...]
    settlings_a: tuple[float, ...] = ()
    limits_a: tuple[float, float] | None = None

    @property
    def curve_name(self) -> str:
        """The name that its curve is shipped under."""
        return f"{self.function}_simulated"

    def characterise(self, *, seed: int = 0, workers: int = 1, progress: Progress = no_progress) -> ConductanceCurve:
        """Its curve by the solver, in some minutes; `wall_characteristic.characterise` has all options.

        Raises:
            UserError: As there.
        """
        return self.curve(characterise(Setup(self.wall), self.plan, workers=workers, advance=progress))

    def to_activation(self) -> ConductanceCurve:
        """Its curve, as shipped."""
        return read_conductance_curve(CURVES / f"{self.curve_name}.csv")

    def figures(self) -> list[Figure]:
        """What follows from the device itself, and from its shipped curve."""
        return [*self._own_figures(), *StoredActivation(self.name, self.about, self.to_activation).figures()]

    def plan_of(self, other: WallDevice) -> Plan:
        """The plan for a device of one's own: its wall starts in its flat zone, and may take its time to rest."""
        middle = (other.profile.left_end_m + other.profile.right_start_m) / 2
        return replace(self.plan, start_m=middle, rest_s=RELEASE_S)

    def study_figures(self, study: Characteristic) -> list[Figure]:
        """All figures of a study."""
        leaky, device = self.function == "leaky_relu", study.setup.device
        rest_ohm = None if study.rest.conductance_s <= 0 else 1e-3 / study.rest.conductance_s
        divider = Figure(
            "junction's resistance at rest", rest_ohm, "kohm", "printed: the divider's fixed resistor beside it"
        )
        return [
            *replace(self, wall=device)._own_figures(),
            *wall_figures.rest_figures(study),
            *(wall_figures.position_figure(study, current) for current in self.positions_a),
            *(wall_figures.conductance_figure(study, current) for current in self.conductances_a),
            *(() if leaky else (divider,)),
            *(wall_figures.settling_figure(study, current) for current in self.settlings_a),
            *wall_figures.settling_range_figures(study),
            *wall_figures.reset_figures(study),
            *wall_figures.limit_figures(study, self.limits_a),
            *wall_figures.lost_figures(study),
            *wall_figures.slope_figures(study, self.plan.full_scale_a),
            *wall_figures.power_figures(device, study, self.end_a),
            *(self._leaky_energies(study) if leaky else self._relu_energies(study)),
            *wall_figures.variant_figures(study),
        ]

    def _own_figures(self) -> list[Figure]:
        wall, leaky = self.wall, self.function == "leaky_relu"
        note = "the printed 850.75 ohm is that of the ReLU's 82 x 20 x 4 nm" if leaky else ""
        assumed = "not printed; assumed, see spingan.devices.wall_device.RELU"
        return [
            Figure("heavy-metal resistance", wall.heavy_metal_resistance_ohm, "ohm", note),
            Figure("magnet volume", wall_figures.volume_nm3(wall), "nm³"),
            Figure("TMR at low bias", julliere_tmr(wall.polarization), "1", f"Julliere, P = {wall.polarization:g}")
            if leaky
            else Figure("bias current", wall.bias_current_a * 1e6, "µA", assumed),
        ]

    def energy_items(self, study: Characteristic) -> tuple[EnergyItem, ...]:
        """One evaluation at full scale over the longest settling in use: heavy metal, and the leaky ReLU's divider.

        The heavy metal is billed by the convention's own reading of the current. The inverter is not simulated: left
        out, and with it the ReLU's divider, whose rails are not printed.
        """
        window, full = window_s(study), self.plan.full_scale_a
        if window is None:
            return ()
        _, carried = drive_energies(study.setup.device, full, study.setup.convention, window)
        point = study.at(full)
        if self.function == "relu" or point is None or point.annihilated:
            return (carried,)
        power = RAILS_V**2 / (REFERENCE_OHM + 1 / point.conductance_s)
        divider = EnergyItem(
            name="divider",
            energy_j=power * window,
            window_s=window,
            source=f"{power * 1e6:.3g} µW: 0.665 V over 8.865 kohm and the junctions (paper S, IV-D2)",
        )
        return carried, divider

    def _leaky_energies(self, study: Characteristic) -> list[Figure]:
        window, items = window_s(study), self.energy_items(study)
        if window is None:
            return [Figure("energy of an evaluation", None, "pJ", "no current settled")]
        printed, _ = drive_energies(study.setup.device, LEAKY_LINEAR_A, study.setup.convention, window)
        where = f"in a window of {window * 1e9:.3g} ns"
        names = " + ".join(item.name for item in items)
        return [
            Figure(
                "energy of an evaluation", sum(item.energy_j for item in items) * 1e12, "pJ",
                f"{names}, {where}, at 20 µA; the paper prints no window",
            ),
            Figure("heavy metal's energy, current as printed", printed.energy_j * 1e12, "pJ", f"{where}, at 20 µA"),
            *(Figure(f"energy: {item.name}", item.energy_j * 1e12, "pJ", where) for item in items),
        ]  # fmt: skip

    def _relu_energies(self, study: Characteristic) -> list[Figure]:
        window = window_s(study)
        if window is None:
            return [Figure("energy of an evaluation", None, "fJ", "no current settled")]
        both = drive_energies(study.setup.device, self.end_a, study.setup.convention, window)
        where = f"in a window of {window * 1e9:.3g} ns, at {self.end_a * 1e6:g} µA"
        return [
            Figure(
                f"energy of an evaluation, current {reading}", item.energy_j * 1e15, "fJ",
                f"{where}; the paper prints no window, we no divider",
            )
            for reading, item in zip(("as printed", f"by {study.setup.convention}"), both, strict=True)
        ]  # fmt: skip

    def curve(self, study: Characteristic, name: str | None = None) -> ConductanceCurve:
        """The study's transfer curve, for a cell.

        Raises:
            UserError: The currents do not hold zero and full scale.
        """
        fitted, leaky = slopes(study, self.plan.full_scale_a), self.function == "leaky_relu"
        notes = () if leaky else ("The anisotropy profile and the bias current are not printed: assumed.",)
        if fitted is not None:
            where, wanted = (" within ±20 µA", f"printed: {LEAKY_SLOPE:g}") if leaky else ("", "0 for a ReLU")
            notes += (
                f"Slope below zero over slope above{where}: {fitted.ratio:.3f} ({wanted}); largest deviation from the "
                f"two lines {fitted.linearity_error:.1%} of the span.",
            )
        return study_curve(study, self.function, name or self.curve_name, self.energy_items(study), notes)


LEAKY_RELU = DomainWallRelu(
    name="leaky-relu-simulated",
    about="paper S's domain-wall leaky ReLU in the solver",
    function="leaky_relu",
    wall=wall_device.LEAKY_RELU,
    plan=LEAKY_PLAN,
    end_a=LEAKY_END_A,
    positions_a=(LEAKY_END_A, 22.54e-6, -23e-6, -LEAKY_END_A),
    conductances_a=(*CONDUCTANCES_MS, 0.0),
    settlings_a=(LEAKY_END_A, -LEAKY_END_A),
    limits_a=LIMITS_A,
)
RELU = DomainWallRelu(
    name="relu-simulated",
    about="paper S's domain-wall ReLU in the solver; its profile and bias current are assumed",
    function="relu",
    wall=wall_device.RELU,
    plan=RELU_PLAN,
    end_a=RELU_FULL_SCALE_A,
    positions_a=(-RELU_FULL_SCALE_A, 0.0, RELU_FULL_SCALE_A),
    conductances_a=(-RELU_FULL_SCALE_A, 0.0, RELU_FULL_SCALE_A),
)
BY_NAME = {"leaky-relu": LEAKY_RELU, "relu": RELU}


def designed_wall(function: Literal["leaky_relu", "relu"]) -> WallDevice:
    """The shipped design of that function."""
    return read_wall_device(CURVES / f"{function}_designed_device.yaml")


def _designed(function: Literal["leaky_relu", "relu"], slope: float, about: str) -> StoredActivation:
    name = f"{function}_designed"

    def simulate(seed: int, workers: int, progress: Progress) -> Activation:
        from spingan.devices.wall_design import Goal
        from spingan.devices.wall_design_run import curve_of, design

        found = design(Goal(slope, LEAKY_LINEAR_A), seed=seed, workers=workers, progress=progress)
        return curve_of(found).model_copy(update={"name": name})

    return StoredActivation(
        name.replace("_", "-"), about, lambda: read_conductance_curve(CURVES / f"{name}.csv"), simulate
    )


DESIGNED_LEAKY_RELU = _designed("leaky_relu", 0.2, "a domain-wall leaky ReLU of slope 0.2 over ±20 µA, designed")
DESIGNED_RELU = _designed("relu", 0.0, "a domain-wall ReLU over ±20 µA, designed")
