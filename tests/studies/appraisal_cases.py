"""Trials that cost nothing: a distance that is known in closed form, so that limits can be checked against it."""

import json
import math

import numpy as np

from spingan.errors import UserError
from spingan.spec.technology import Technology
from spingan.studies.trials import Outcome, Trial

LIMITS = {  # at which the distance is 1.25 of the ideal's; the excess grows with the square
    "programming_noise": 0.03,
    "read_noise": 0.05,
    "stuck": 0.004,
    "faded": 0.2,
    "activation_offset": 0.008,
    "activation_gain": 0.07,
}
LEVELS, BITS, OHM_SIEMENS = 12.0, 5.5, 0.4
BEST = 2.0


def excess(trial: Trial) -> float:
    """By how much of the ideal's distance the trial's conditions and technology raise it."""
    conditions, harms = trial.conditions, []
    for name, limit in LIMITS.items():
        value = getattr(conditions, name)
        harms.append((getattr(value, "fraction", value) or 0.0) / limit)
    if conditions.time_s:
        harms.append(0.5 + 0.02 * math.log10(conditions.time_s))
    if trial.technology is not None:
        technology = Technology.from_dict(json.loads(trial.technology), "a case")
        synapse = technology.synapse
        if synapse is not None:
            harms.append(LEVELS / synapse.states)
            if technology.wire_resistance_ohm and technology.tile_rows and synapse.basis != "normalised":
                mean = float(np.mean(synapse.conductance))
                harms.append(technology.wire_resistance_ohm * mean * technology.tile_rows**2 / OHM_SIEMENS)
        if technology.adc.bits:
            harms.append(2.0 ** (BITS - technology.adc.bits))
    adapted = 0.5 if conditions.calibration else 1.0
    return adapted * 0.25 * sum(harm**2 for harm in harms)


def run_trial(trial: Trial) -> Outcome:
    """As `spingan.studies.trials.run_trial`, with that distance; few images have larger ones, chips differ a little."""
    if '"name": "broken"' in (trial.technology or ""):
        raise UserError("its cells have a memory", "Mend them.")
    distance = (BEST + 100.0 / trial.count) * (1 + 0.01 * (trial.seed % 3)) * (1 + excess(trial))
    values = {"distance": distance, "precision": 0.9, "recall": 0.8, "density": 1.0, "coverage": 0.85}
    images = np.random.default_rng(trial.seed).integers(0, 255, (trial.shown, 28, 28)).astype(np.uint8)
    return Outcome({name: (value,) for name, value in values.items()}, f"FD(fashion-cnn, {trial.count})", images)


def at_once(function, tasks, **options):
    """`run_parallel` in this process."""
    return [function(task) for task in tasks]
