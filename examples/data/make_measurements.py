"""Makes the two "measurements" of 03_your_own_device.py. The device is invented; nothing here was measured.

synapse.csv: 150 potentiating pulses; the conductance saturates exponentially from 20 to 80 µS (the constant is 90
pulses), with Gaussian noise of 0.25 µS.
relu.csv: a soft rectifier, V = 12 mV ln(1 + exp(I / 0.8 µA)) over -20 to 20 µA, with Gaussian noise of 1 mV.
Seed 7.
"""

from pathlib import Path

import numpy as np

random = np.random.default_rng(7)
pulses = np.arange(151)
rise = (1 - np.exp(-pulses / 90)) / (1 - np.exp(-150 / 90))
conductance_us = 20 + 60 * rise + random.normal(0, 0.25, pulses.size)
current_ua = np.linspace(-20, 20, 161)
voltage_mv = 12 * np.logaddexp(0, current_ua / 0.8) + random.normal(0, 1.0, current_ua.size)

here = Path(__file__).parent
for name, header, columns in (
    ("synapse.csv", "pulse,conductance_us", (pulses, conductance_us)),
    ("relu.csv", "current_ua,voltage_mv", (current_ua, voltage_mv)),
):
    np.savetxt(here / name, np.column_stack(columns), fmt="%.6g", delimiter=",", header=header, comments="")
