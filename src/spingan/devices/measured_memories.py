"""Two measured memories as synapses, from published figures: an HfOx RRAM and a phase-change memory (PCM).

Figures marked [W] were read in the programs with which the RRAM chip's authors tested it
(github.com/weierwan/Neurram_48core), [A] in IBM's aihwkit (src/aihwkit/inference/noise), [C] in Sandia's CrossSim
(simulator/devices/custom), [H] in hwcomponents-library (neurram.py); what is marked "from memory" has not been checked,
and what is "assumed" no source says.
"""

import math

import numpy as np

from spingan.devices.device import StoredSynapse
from spingan.spec.synapse import Read, Retention, Synapse, Validity, Write

DAY_S = 86_400.0
TEN_YEARS_S = 10 * 365.25 * DAY_S

RRAM_ENDS_S = (1e-6, 40e-6)  # [W] mnist_chip_inference.ipynb: g_min, g_max
RRAM_LEVELS = 40  # assumed, the devices are analogue: 1 µS apart, as a verified cell may be off ([W], g_tol)
RRAM_PULSE_S = 1e-6  # [W] wupdate_control.py, program_array: pulse_width
RRAM_SET_V = 1.2  # [W] the same: the first pulse; each further one has 0.1 V more, to at most 3.3 V
RRAM_READ_V = 0.1  # [W] the same: vread 1.0 V against vref 0.9 V, the read that verifies
RRAM_READ_S = 1e-6  # assumed: a cycle in [H]
RRAM_READ_NOISE = 0.01  # of Gmax: [A] ReRamWan2022NoiseModel, "about 1 %"
RRAM_CELL_F2, RRAM_NODE_M = 126, 130e-9  # of the measured chip: collected figures, page not named
# [A] ReRamWan2022NoiseModel: a fit of Wan et al., Extended Data figure 3 d, deviation in µS against G / 40 µS, lowest
# power first.
RRAM_RELAXED_US = {
    1.0: (0.348, 16.030, -43.853, 45.393, -16.815),
    DAY_S: (0.701, 22.086, -50.773, 47.095, -16.458),
}
RRAM_FIT_GMAX_US = 40.0  # [A] the same

PCM_ENDS_S = (0.25e-6, 25e-6)  # [C] PCM_Joshi.py: "on/off ratio 100 (0.25 to 25 uS)"; [A] g_max 25 µS
PCM_LEVELS = 100  # 0.25 µS apart, as much as the smallest write error: assumed; the devices are analogue
PCM_WRITE_ERROR_US = (0.26348, 1.9650, -1.1731)  # [A] PCMLikeNoiseModel: against G / Gmax, lowest power first
PCM_T0_S = 20.0  # [A] the same: t_0
PCM_MEASURED_S = DAY_S  # Joshi et al.: from memory
PCM_READ_S = 250e-9  # [A] the same: t_read
PCM_READ_V = 0.2  # Joshi et al., Methods: from memory
PCM_ARRAY_READ_S = 20e-9  # assumed: amplifiers settle to 8 bits in 5.5 of their time constants, so of 3.6 ns


def hfox_rram() -> Synapse:
    """The 130 nm HfOx cell of Wan et al., Nature 608, 504 (2022): relaxation, no drift of the mean.

    The deviation is [A]'s fit at 1 s and at a day, at every eighth of Gmax, and grows with ln t between and after them.
    """
    lowest, highest = RRAM_ENDS_S
    state = np.linspace(0, 1, 9)
    first, later = (np.polynomial.polynomial.polyval(state, fit) / RRAM_FIT_GMAX_US for fit in RRAM_RELAXED_US.values())
    return Synapse(
        name="hfox_rram",
        basis="measured",
        conductance=_rounded(np.linspace(lowest, highest, RRAM_LEVELS)),
        write=Write(pulse_amplitude_v=RRAM_SET_V, pulse_width_s=RRAM_PULSE_S, access="program_and_verify"),
        read=Read(
            voltage_v=RRAM_READ_V, time_s=RRAM_READ_S, law="linear", noise_s=float(f"{RRAM_READ_NOISE * highest:.6g}")
        ),
        retention=Retention(
            law="relaxation",
            time_s=1.0,
            state=_rounded(state),
            spread=_rounded(first),
            coefficient=_rounded((later - first) / math.log(DAY_S)),
            measured_until_s=2 * DAY_S,
        ),
        area_m2=float(f"{RRAM_CELL_F2 * RRAM_NODE_M**2:.6g}"),
        validity=Validity(time_s=(1.0, TEN_YEARS_S)),
        source="Wan et al., Nature 608, 504 (2022), by its authors' test programs and by aihwkit's fit of its figure",
        provenance="spingan.devices.measured_memories, which has a source beside each figure",
        notes=(
            "Read in the authors' programs (github.com/weierwan/Neurram_48core): 1 to 40 µS, write and verify to "
            "± 1 µS with pulses of 1 µs from 1.2 V on in steps of 0.1 V, verified at 0.1 V.",
            "Relaxation: aihwkit's fit of Extended Data figure 3 d, 0.9, 5.6, 5.1, 3.8, 2.8 % of Gmax after 1 s at 0, "
            "1/4, 1/2, 3/4, 1 of Gmax, 1.8, 9.3, 9.8, 8.4, 6.6 % after a day; the fit goes on to two days, and hardly "
            "grows in the second. The write error is in the deviation after 1 s.",
            "Assumed: 40 levels of an analogue device, 1 µs a read (a cycle in hwcomponents-library), growth with ln t "
            "beyond a day.",
            "Unknown: energy and steps of a pulse (about 8.5 pulses a cell: an estimate), endurance, spread of the "
            "range. Stuck cells are left out: of another HfOx array 1.75 % stay low and 9.04 % high (Chen 2015, from "
            "memory), faults: {stuck_at_minimum: 0.0175, stuck_at_maximum: 0.0904}.",
        ),
    )


def pcm(name: str = "pcm", read_s: float = PCM_READ_S) -> Synapse:
    """The doped Ge2Sb2Te5 cell of Joshi et al., Nat. Commun. 11, 2473 (2020), by [A]'s fit of a million devices.

    Args:
        read_s: How long a read takes; the shorter, the more of the 1/f noise is in it.
    """
    lowest, highest = PCM_ENDS_S
    conductance = np.linspace(lowest, highest, PCM_LEVELS)
    level = conductance / highest
    # [A] PCMLikeNoiseModel: linear in ln(G / Gmax) between its ends, so that a few states hold it.
    state = np.concatenate(([0.0], np.geomspace(0.0076, 1.0, 12)))
    log = np.log(np.maximum(state, 1e-7))
    exponent = np.clip(-0.0155 * log + 0.0244, 0.049, 0.1)
    exponent_spread = np.clip(-0.0125 * log - 0.0059, 0.008, 0.045)
    noise = np.minimum(0.0088 / level**0.65, 0.2) * math.sqrt(math.log((PCM_T0_S + read_s) / (2 * read_s)))
    return Synapse(
        name=name,
        basis="measured",
        conductance=_rounded(conductance),
        read_noise_s=_rounded(conductance * noise),
        write_error=_rounded(1e-6 * np.polynomial.polynomial.polyval(level, PCM_WRITE_ERROR_US)),
        write=Write(access="program_and_verify"),
        read=Read(voltage_v=PCM_READ_V, time_s=read_s, law="linear"),
        retention=Retention(
            law="power",
            time_s=PCM_T0_S,
            state=_rounded(state),
            coefficient=_rounded(exponent),
            spread=_rounded(exponent_spread),
            towards="zero",
            measured_until_s=PCM_MEASURED_S,
        ),
        validity=Validity(time_s=(PCM_T0_S, TEN_YEARS_S)),
        source="Joshi et al., Nat. Commun. 11, 2473 (2020), and Nandakumar et al., ICECS (2019), as fitted in aihwkit",
        provenance="spingan.devices.measured_memories, which has a source beside each figure",
        notes=(
            "Read in aihwkit (PCMLikeNoiseModel): Gmax 25 µS, write error 0.28 to 1.09 µS, G(t) = G (t / 20 s)^-ν, ν "
            "of 0.049 to 0.1 and its spread of 0.008 to 0.045 by state, reads of 250 ns. Smallest conductance 0.25 µS: "
            "CrossSim's reading of Joshi et al.",
            "Read noise: 1/f, the deviation 20 s after writing; it grows as the root of ln t.",
            "From memory, not checked: reads at 0.2 V, drift measured for a day. Assumed: 100 levels of an analogue "
            "device.",
            "Unknown: energy and steps of a pulse, endurance, area, faults.",
            *(() if read_s == PCM_READ_S else (f"Assumed: reads of {read_s * 1e9:g} ns in place of 250 ns.",)),
        ),
    )


def pcm_array() -> Synapse:
    """The same cell, read as fast as an array's amplifiers settle; a device's own thermal noise stays below 0.2 %."""
    return pcm("pcm_array", PCM_ARRAY_READ_S)


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    """Values of six digits, so that machines whose last bits differ write the same file."""
    return tuple(float(f"{value:.6g}") for value in values)


HFOX_RRAM = StoredSynapse("hfox-rram", "the HfOx RRAM of Wan et al. (2022), from published figures", hfox_rram)
PCM = StoredSynapse("pcm", "the phase-change memory of Joshi et al. (2020), from published figures", pcm)
PCM_ARRAY = StoredSynapse("pcm-array", "the same phase-change memory, read in 20 ns", pcm_array)
