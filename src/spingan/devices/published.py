"""The devices of paper S as printed, and a smooth reading of its leaky ReLU: what is in `curves/` comes from here.

`python -m spingan.devices.published` writes the files anew; a test holds them to this module.
"""

from pathlib import Path

import numpy as np

from spingan.devices.device import StoredActivation, StoredSynapse
from spingan.physics.mesh import Array
from spingan.spec.activation import Activation, EnergyItem, Reset, Settling
from spingan.spec.files import write_activation, write_synapse
from spingan.spec.synapse import Synapse, Write

CURVES = Path(__file__).parent / "curves"

PULSES_NOTE = (
    "A pulse is not a level: the paper's 57 pulses (142.57 ns at 2.5 ns) move 64 skyrmions, and whether 0.87 fJ is per "
    "pulse or per state is not said; it is billed per state (docs/derivations.md, section 2)."
)
CURRENT_NOTE = (
    "The printed currents are densities times the 23 nm x 1 nm magnet section; by the convention that fits the printed "
    "wall positions the heavy metal carries four times as much (docs/derivations.md, section 1)."
)


def skyrmion_synapse() -> Synapse:
    """The 6-bit skyrmion synapse of paper S: 64 evenly spaced levels of an unknown conductance range."""
    return Synapse(
        name="skyrmion_published",
        basis="normalised",  # Gmin and Gmax in siemens are not recoverable: docs/derivations.md, section 2
        conductance=tuple(level / 63 for level in range(64)),  # 6 bits, linear: paper S, III-A
        write=Write(
            pulse_current_density_a_per_m2=2.5e10,  # 2.5 MA/cm²: paper S, V-A1
            pulse_width_s=2.2e-9,  # paper S, V-A1
            pulse_period_s=2.5e-9,  # paper S, V-A1
            energy_j=0.87e-15,  # abstract of paper S's reference 20
            energy_per="state",  # per state update in that abstract; see PULSES_NOTE
            access="bidirectional",  # positive pulses raise, negative ones lower: paper S, III-A
        ),
        source="paper S (arXiv 2601.01441), III-A and V-A1; write energy: its reference 20 (arXiv 2407.08469)",
        provenance="printed values; levels spaced evenly because the paper calls the conductance linear",
        notes=(
            "64 levels have no zero (the nearest are ±1/63); 64 skyrmions would make 65 states, which have one "
            "(docs/derivations.md, section 2).",
            PULSES_NOTE,
            "Conductances in siemens, noise, spread, faults and retention are not printed: unknown.",
        ),
    )


DIGITS = 12  # rounding that hides the last bits, in which machines' tanh differ
RELU_FULL_SCALE_A = 34.8e-6  # paper S, V-A2
LEAKY_END_A = 34.5e-6  # paper S, III-B: driven from -34.5 to 34.5 µA
LEAKY_LINEAR_A = 20e-6  # paper S, V-A3: the range over which it claims a leaky ReLU
LEAKY_SLOPE = 0.2  # paper S, V-A3
CONDUCTANCES_MS = {LEAKY_END_A: 0.1331, -LEAKY_END_A: 0.1036}  # paper S, V-A3, by current
LEAKY_ENERGY = EnergyItem(
    name="one evaluation, parts not printed",
    energy_j=0.192e-12,
    window_s=None,
    source="paper S, V-A3: fixes only power times window; 28.1 µW x 6.8 ns is one pair "
    "(docs/derivations.md, section 1)",
)
LEAKY_RESET = Reset(required=False, time_s=10e-9)  # resets itself, 0.2 to 10 ns: paper S, V-A3
LEAKY_SETTLING = Settling(input=(-LEAKY_END_A, 0.0, LEAKY_END_A), time_s=(0.2e-9, 10e-9, 0.5e-9))  # paper S, V-A3


def relu() -> Activation:
    """The domain-wall ReLU of paper S: two straight lines between ±34.8 µA."""
    return Activation(
        name="relu_published",
        function="relu",
        input=(-RELU_FULL_SCALE_A, 0.0, RELU_FULL_SCALE_A),
        rising=(0.0, 0.0, 1.0),
        input_unit="A",
        output_unit="1",
        input_full_scale=RELU_FULL_SCALE_A,
        output_zero=0.0,
        output_full_scale=1.0,
        linear_range=(-RELU_FULL_SCALE_A, RELU_FULL_SCALE_A),
        energy_items=(
            EnergyItem(
                name="one evaluation, parts not printed",
                energy_j=9.16e-15,
                window_s=None,
                source="paper S, V-A2: fixes only power times window; 4.73 µW (its reference 20) would make the "
                "window 1.94 ns (docs/derivations.md, section 1)",
            ),
        ),
        reset=Reset(required=False),  # "self-reset within a few nanoseconds": paper S, III-B; no figure for the ReLU
        source="paper S (arXiv 2601.01441), III-B and V-A2",
        provenance="printed values; the exact function between the printed ends, clamped beyond them",
        notes=(
            "The ReLU's anisotropy profile, bias current and rails are not printed (docs/derivations.md, section 1).",
        ),
    )


def leaky_relu() -> Activation:
    """The domain-wall leaky ReLU of paper S: two straight lines of slopes 0.2 and 1 between ±34.5 µA."""
    return _leaky(
        name="leaky_relu_published",
        current_a=(-LEAKY_END_A, 0.0, LEAKY_END_A),
        # Full scale is the claimed linear range's end, so that u = ±1 is what the paper vouches for.
        output=tuple(round(slope * LEAKY_END_A / LEAKY_LINEAR_A, DIGITS) for slope in (-LEAKY_SLOPE, 0.0, 1.0)),
        provenance="printed values; the exact function, continued beyond the claimed ±20 µA to the driven ±34.5 µA",
        notes=(
            CURRENT_NOTE,
            "A micromagnetic trial with the printed detectors gave a slope ratio of 0.16 over ±20 µA and a dead zone "
            "below 10 µA (docs/derivations.md, section 1): this table is what the paper claims, not what its device "
            "does.",
        ),
    )


SMOOTH_STEP_A = 0.25e-6  # 277 points over ±34.5 µA
SMOOTH_KINK_A = 0.5e-6  # width of the kink at zero: assumed
SMOOTH_ROLL_OFF_A = 20e-6  # scale of the roll-off beyond ±20 µA, which leaves 0.62 of the slope at the ends: assumed


def smooth_leaky_relu() -> Activation:
    """A leaky ReLU with the corners that a real device rounds off: 277 points, 0.25 µA apart, without memory."""
    steps = round(LEAKY_END_A / SMOOTH_STEP_A)
    current_a = np.round(np.arange(-steps, steps + 1, dtype=np.float64) * SMOOTH_STEP_A, DIGITS)
    full_scale = smooth_leaky(np.array([LEAKY_LINEAR_A]))
    output = smooth_leaky(current_a) / full_scale
    return _leaky(
        name="leaky_relu_published_smooth",
        current_a=tuple(current_a.tolist()),
        output=tuple((np.round(output, DIGITS) + 0.0).tolist()),  # + 0.0 turns -0.0 into 0.0
        provenance=(
            "closed form in spingan.devices.published.smooth_leaky: slopes 0.2 and 1 and the ends are printed, the "
            "kink's width (0.5 µA) and the roll-off (tanh with a scale of 20 µA beyond ±20 µA) are assumed"
        ),
        notes=(CURRENT_NOTE, "The shape between the printed figures is assumed, not measured and not simulated."),
    )


def smooth_leaky(current_a: Array) -> Array:
    """The smooth leaky ReLU's output, in amperes of equivalent input, at currents of any shape.

    f(x) = a y + (1 - a) (y + √(y² + k²) - k) / 2 has f(0) = 0 and slopes a and 1 on either side of a kink of width k.
    y = x up to L = 20 µA, and sign(x) (L + s tanh((|x| - L) / s)) beyond, which meets it with equal slope and bend.
    """
    beyond = np.maximum(np.abs(current_a) - LEAKY_LINEAR_A, 0.0)
    within = np.minimum(np.abs(current_a), LEAKY_LINEAR_A)
    rolled = np.sign(current_a) * (within + SMOOTH_ROLL_OFF_A * np.tanh(beyond / SMOOTH_ROLL_OFF_A))
    rectified = (rolled + np.hypot(rolled, SMOOTH_KINK_A) - SMOOTH_KINK_A) / 2
    return LEAKY_SLOPE * rolled + (1 - LEAKY_SLOPE) * rectified


def _leaky(
    name: str, current_a: tuple[float, ...], output: tuple[float, ...], provenance: str, notes: tuple[str, ...]
) -> Activation:
    return Activation(
        name=name,
        function="leaky_relu",
        input=current_a,
        rising=output,
        input_unit="A",
        output_unit="1",
        input_full_scale=LEAKY_LINEAR_A,
        output_zero=0.0,
        output_full_scale=1.0,
        linear_range=(-LEAKY_LINEAR_A, LEAKY_LINEAR_A),
        energy_items=(LEAKY_ENERGY,),
        reset=LEAKY_RESET,
        settling=LEAKY_SETTLING,
        source="paper S (arXiv 2601.01441), III-B and V-A3",
        provenance=provenance,
        notes=notes,
    )


SKYRMION_SYNAPSE = StoredSynapse("skyrmion-synapse-published", "paper S's synapse as printed", skyrmion_synapse)
RELU = StoredActivation("relu-published", "paper S's ReLU as printed", relu)
LEAKY_RELU = StoredActivation("leaky-relu-published", "paper S's leaky ReLU as printed", leaky_relu)
SMOOTH_LEAKY_RELU = StoredActivation(
    "leaky-relu-published-smooth", "paper S's leaky ReLU with rounded corners", smooth_leaky_relu
)


def write_curves(folder: Path = CURVES) -> None:
    """Write every published curve into `folder`.

    Raises:
        UserError: It cannot be written.
    """
    synapse = skyrmion_synapse()
    write_synapse(synapse, folder / f"{synapse.name}.csv")
    for activation in (relu(), leaky_relu(), smooth_leaky_relu()):
        write_activation(activation, folder / f"{activation.name}.csv")


if __name__ == "__main__":
    write_curves()
