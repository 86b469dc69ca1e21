"""Paper M's WOx memristor as a Synapse: a resistance between two ends that pulses move in steps.

Paper M prints the ends (Table II: Ron 4 kΩ, Roff 25 kΩ), the threshold (0.8 V), the write voltage (1 V), three write
times, 2 to 256 "stable resistive levels" and the updates of a training (3 million). Everything else here is assumed,
and says so: how a pulse's step shrinks towards the end that it moves to, and how much it scatters.
"""

import math

import numpy as np

from spingan.devices.device import StoredSynapse
from spingan.errors import UserError
from spingan.spec.synapse import Read, Spread, Synapse, Write

ON_RESISTANCE_OHM = 4e3  # paper M, Table II
OFF_RESISTANCE_OHM = 25e3  # paper M, Table II
THRESHOLD_V = 0.8  # paper M, Table II
WRITE_V = 1.0  # paper M, Table II
WRITE_TIMES_S = (10e-9, 100e-9, 1000e-9)  # paper M, Table II
FEWEST_LEVELS, MOST_LEVELS = 2, 256  # paper M, figure 8
LEVELS = 128  # paper M, figure 7
ENDURANCE_WRITES = 3e6  # paper M, results: "maximum 3M update cycles", the updates of 50 epochs one image at a time
NONLINEARITY = 1.0  # assumed: the step at the far end is 1/e of that at the near one, mild for an oxide
CYCLE_TO_CYCLE = 0.3  # assumed: standard deviation of a pulse's step, of that step
RESISTANCE_TOLERANCE = 0.1  # assumed; paper M varies it from 0 to 50 % and holds 30 % for bearable
READ_S = 100e-9  # paper M, results: "transient response for 100ns pulses"
READ_V = 0.1  # assumed: far below the threshold; paper M drives its columns with up to the supply
READ_DISTURB = 1e-6  # of a step, at one read; assumed
LEAKAGE_S = 1e-10  # through a cell whose switch is open, 180 nm: assumed


def wox_memristor(
    levels: int = LEVELS,
    *,
    nonlinearity: float = NONLINEARITY,
    cycle_to_cycle: float = CYCLE_TO_CYCLE,
    resistance_tolerance: float = RESISTANCE_TOLERANCE,
    write_time_s: float = WRITE_TIMES_S[1],
) -> Synapse:
    """The memristor with that many levels, evenly spaced in conductance between its ends.

    A pulse up moves the normalised level x by s exp(-ν x), one down by s exp(-ν (1 - x)), with s such that levels - 1
    pulses lead from one end to the other: s = (e^ν - 1) / (ν (levels - 1)). A pulse dissipates V² G t.

    Args:
        levels: 2 to 256.
        nonlinearity: ν; 0 makes all steps equal.
        cycle_to_cycle: Standard deviation of a step, of that step.
        resistance_tolerance: A device's resistance lies anywhere within ± this fraction of what was meant.
        write_time_s: Width of a pulse.

    Raises:
        UserError: A number out of its range.
    """
    if not FEWEST_LEVELS <= levels <= MOST_LEVELS:
        raise UserError(
            f"a memristor of {levels} levels", f"Ask for {FEWEST_LEVELS} to {MOST_LEVELS}: paper M's range, figure 8"
        )
    if not 0 <= nonlinearity <= 10:
        raise UserError(f"a nonlinearity of {nonlinearity:g}", "Give 0 to 10")
    if not 0 <= resistance_tolerance < 1:
        raise UserError(
            f"variability of ±{resistance_tolerance:.0%} makes resistances zero or negative", "Stay below 1"
        )
    off, on = 1 / OFF_RESISTANCE_OHM, 1 / ON_RESISTANCE_OHM
    place = np.linspace(0, 1, levels)
    conductance = off + (on - off) * place
    first = math.expm1(nonlinearity) / nonlinearity if nonlinearity else 1.0
    step = (on - off) * first / (levels - 1)
    energy = WRITE_V**2 * conductance * write_time_s
    up, down = step * np.exp(-nonlinearity * place), step * np.exp(-nonlinearity * (1 - place))
    return Synapse(
        name="wox_memristor",
        basis="simulated",
        conductance=tuple(conductance.tolist()),
        step_up=tuple(up.tolist()),
        step_up_spread=tuple((cycle_to_cycle * up).tolist()),
        step_up_energy_j=tuple(energy.tolist()),
        step_down=tuple(down.tolist()),
        step_down_spread=tuple((cycle_to_cycle * down).tolist()),
        step_down_energy_j=tuple(energy.tolist()),
        write=Write(
            pulse_amplitude_v=WRITE_V,
            pulse_width_s=write_time_s,
            access="bidirectional",
            threshold_v=THRESHOLD_V,
            half_select_disturb=0.0,
        ),
        read=Read(voltage_v=READ_V, time_s=READ_S, law="linear", disturb=READ_DISTURB, leakage_s=LEAKAGE_S),
        spread=Spread(resistance=resistance_tolerance, cycle_to_cycle=cycle_to_cycle),
        endurance_writes=ENDURANCE_WRITES,
        source="paper M (Krestinskaya, Choubey and James, AM-DCGAN), Table II and figures 7 and 8",
        provenance="spingan.devices.wox_memristor: printed ends, evenly spaced levels, exponential steps",
        notes=(
            "Printed: Ron 4 kΩ, Roff 25 kΩ, threshold 0.8 V, write 1 V, write times 10, 100 and 1000 ns, read pulses "
            "of 100 ns, 128 levels, 3 million updates.",
            "Assumed: the steps' shape (ν = 1) and scatter (30 % of a step), ±10 % of resistance from device to "
            "device, the read (0.1 V, 1e-6 of a step of disturb), 0.1 nS of leakage through an open cell.",
            "A half-selected device sees half the write voltage, 0.5 V, below the threshold: it does not move.",
        ),
    )


WOX_MEMRISTOR = StoredSynapse("wox-memristor", "paper M's WOx memristor between its printed ends", wox_memristor)
