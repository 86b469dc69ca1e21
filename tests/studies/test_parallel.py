"""Work over processes: order, errors, and one thread in each."""

import os
import time

import pytest

from spingan.errors import UserError
from spingan.studies import parallel
from spingan.studies.parallel import run_parallel


def _square_and_threads(number: int) -> tuple[int, int]:
    import torch

    return number**2, torch.get_num_threads()


def _refuse_three(number: int) -> int:
    if number == 3:
        raise UserError("three is too many", "Give two.")
    return number


def _die(number: int) -> int:
    os._exit(1)


def _sleep(number: int) -> int:
    time.sleep(60)
    return number


def test_results_come_in_the_tasks_order_from_processes_of_one_thread():
    told = []
    found = run_parallel(_square_and_threads, [3, 1, 2], workers=2, progress=lambda *now: told.append(now))
    assert found == [(9, 1), (1, 1), (4, 1)]
    assert told[0] == ("trials", 0, 3) and told[-1] == ("trials", 3, 3)


def test_a_users_error_keeps_its_remedy_on_the_way_between_processes():
    with pytest.raises(UserError, match="three is too many") as refused:
        run_parallel(_refuse_three, [1, 3, 2], workers=1)
    assert refused.value.remedy == "Give two."


def test_a_process_that_is_killed_is_an_error_with_a_remedy():
    with pytest.raises(UserError, match="was killed"):
        run_parallel(_die, [1], workers=1)


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(parallel, "SILENCE_LIMIT_S", 0.1)
    begun = time.monotonic()
    with pytest.raises(UserError, match="no piece of work was done"):
        run_parallel(_sleep, [1], workers=1)
    assert time.monotonic() - begun < 50


def test_no_task_needs_no_process_and_no_worker_is_refused():
    assert run_parallel(_die, []) == []
    with pytest.raises(UserError, match="0 workers"):
        run_parallel(_die, [1], workers=0)
