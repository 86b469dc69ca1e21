"""Which designs of a space a search looks at next: Optuna proposes by ask and tell, none twice."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spingan.extras import needs
from spingan.studies.space import Choices, Space

if TYPE_CHECKING:
    from optuna import Study
    from optuna import Trial as Asked
    from optuna.samplers import BaseSampler

Sampler = Literal["tpe", "nsga2", "random"]
ROUND = 10  # designs proposed before any of them is judged: enough for the processes of a machine; assumed
_REPEATS = 5  # proposals in a row that were there already, after which one is drawn at random; assumed
_DRAWS = 1_000  # random designs after which a space is taken to have no other; assumed
_DIGITS = 4  # of a number from a range: more than anyone makes a device to; assumed


def study_of(sampler: Sampler, seed: int, objectives: int) -> "Study":
    """Where a sampler is asked and told; all objectives are to be small."""
    with needs("a search"):
        import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made: BaseSampler = optuna.samplers.RandomSampler(seed)
    if sampler == "tpe":
        made = optuna.samplers.TPESampler(seed=seed)
    elif sampler == "nsga2":
        made = optuna.samplers.NSGAIISampler(seed=seed, population_size=2 * ROUND)
    return optuna.create_study(sampler=made, directions=[optuna.study.StudyDirection.MINIMIZE] * objectives)


def ask(
    study: "Study", space: Space, seen: set[str], count: int, lots: np.random.Generator
) -> "list[tuple[Asked, dict[str, Any]]]":
    """So many designs that were not there yet, or as many as there are."""
    from optuna.trial import TrialState

    new, repeats = [], 0
    while len(new) < count and len(seen) < space.size:
        if repeats >= _REPEATS:
            other = _unseen(space, seen, lots)
            if other is None:
                break
            study.enqueue_trial(other)
        trial = study.ask()
        choices = _choices(trial, space)
        key = repr(sorted(choices.items()))
        if key in seen:
            study.tell(trial, state=TrialState.FAIL)  # which samplers pass over
            repeats += 1
            continue
        repeats = 0
        seen.add(key)
        new.append((trial, choices))
    return new


def _choices(trial: "Asked", space: Space) -> dict[str, Any]:
    """What the sampler proposes. Of choices it chooses the place, so that anything can be one."""
    found = {}
    for key, each in space.keys.items():
        if isinstance(each, Choices):
            places = len(each.values)
            place = (
                trial.suggest_int(key, 0, places - 1)
                if each.ordered
                else trial.suggest_categorical(key, list(range(places)))
            )
            found[key] = each.values[place]
        elif each.whole:
            found[key] = trial.suggest_int(key, int(each.low), int(each.high), log=each.log)
        else:
            found[key] = float(f"{trial.suggest_float(key, each.low, each.high, log=each.log):.{_DIGITS}g}")
    return found


def _unseen(space: Space, seen: set[str], lots: np.random.Generator) -> dict[str, Any] | None:
    """A random design that was not there yet, as the sampler's own parameters; None where none is met."""
    for _ in range(_DRAWS):
        given: dict[str, Any] = {}
        choices: dict[str, Any] = {}
        for key, each in space.keys.items():
            if isinstance(each, Choices):
                given[key] = int(lots.integers(len(each.values)))
                choices[key] = each.values[given[key]]
            elif each.whole:
                given[key] = choices[key] = int(lots.integers(int(each.low), int(each.high) + 1))
            else:
                given[key] = choices[key] = float(f"{lots.uniform(each.low, each.high):.{_DIGITS}g}")
        if repr(sorted(choices.items())) not in seen:
            return given
    return None
