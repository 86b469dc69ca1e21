"""Work over processes: order, errors, deaths, and one thread in each."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from spingan.errors import UserError
from spingan.studies import cluster, parallel
from spingan.studies.parallel import Workers, kept_open, run_parallel


def _square_and_threads(number: int) -> tuple[int, int]:
    import torch

    return number**2, torch.get_num_threads()


def _refuse_three(number: int) -> int:
    if number == 3:
        raise UserError("three is too many", "Give two.")
    return number


def _die(number: int) -> int:
    os._exit(1)


def _die_at_first(marker: str) -> int:
    """Ends its process the first time."""
    path = Path(marker)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def _sleep(marker: str) -> str:
    Path(marker).write_text(str(os.getpid()))
    time.sleep(1800)
    return marker


def _listening(number: int) -> list[tuple[str, int]]:
    parent = psutil.Process(os.getppid())
    while parent.name() != psutil.Process().name() or not parent.net_connections("tcp"):
        parent = parent.parent()
    family = [parent, *parent.children(recursive=True)]
    sockets = [socket for process in family for socket in process.net_connections("tcp")]
    return [(str(socket.laddr.ip), socket.laddr.port) for socket in sockets if socket.status == psutil.CONN_LISTEN]


def test_results_come_in_the_tasks_order_from_processes_of_one_thread():
    told = []
    found = run_parallel(_square_and_threads, [3, 1, 2], workers=2, progress=lambda *now: told.append(now))
    assert found == [(9, 1), (1, 1), (4, 1)]
    assert told[0] == ("trials", 0, 3) and told[-1] == ("trials", 3, 3)


def test_a_users_error_keeps_its_remedy_on_the_way_between_processes():
    with pytest.raises(UserError, match="three is too many") as refused:
        run_parallel(_refuse_three, [1, 3, 2], workers=1)
    assert refused.value.remedy == "Give two."


def test_the_work_of_a_process_that_is_killed_is_done_again(tmp_path):
    (found,) = run_parallel(_die_at_first, [str(tmp_path / "died")], workers=1)
    assert (tmp_path / "died").exists() and found != os.getpid()


def test_work_that_kills_every_process_is_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setattr(cluster, "DEATHS", 2)
    with pytest.raises(UserError, match="was begun 2 times, and each time its process was killed"):
        run_parallel(_die, [1], workers=1)


def test_a_process_that_hangs_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(parallel, "_LOOK_EVERY_S", 0.1)

    def hangs() -> None:
        run_parallel(_sleep, [str(tmp_path / "pid")], workers=1, progress=lambda *_: None)

    monkeypatch.setattr(parallel, "SILENCE_LIMIT_S", 0.1)
    with pytest.raises(UserError, match="no piece of work was done"):
        hangs()
    assert not [child for child in psutil.Process().children(recursive=True) if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _process(_: int) -> int:
    return os.getpid()


def test_processes_that_are_kept_open_do_the_next_work_too_and_end_with_the_block():
    with kept_open(Workers(1), 3) as held:
        assert not [child for child in psutil.Process().children(recursive=True) if _is_worker(child)]  # none begun yet
        first, second = (run_parallel(_process, [0, 1], workers=held) for _ in range(2))
        assert len({*first, *second}) == 1
        with pytest.raises(UserError, match="three is too many"):
            run_parallel(_refuse_three, [3], workers=held)
        assert run_parallel(_process, [2], workers=held) == first[:1]
    assert not [child for child in psutil.Process().children(recursive=True) if _is_worker(child)]
    assert run_parallel(_process, [0], workers=Workers(1)) != first[:1]


def test_no_task_needs_no_process_and_no_worker_is_refused():
    assert run_parallel(_die, []) == []
    with pytest.raises(UserError, match="0 workers"):
        run_parallel(_die, [1], workers=0)
    with pytest.raises(UserError, match="2 workers here, and those of the scheduler"):
        run_parallel(_die, [1], workers=Workers(2, "tcp://127.0.0.1:8786"))


def test_nothing_listens_beyond_this_machine_and_no_web_page_is_served():
    (found,) = run_parallel(_listening, [1], workers=1)
    assert {ip for ip, _ in found} == {"127.0.0.1"}
    assert len(found) == 3  # scheduler, the worker's process and its nurse: no fourth for a dashboard


_SCRIPT = """
import sys
from test_parallel import _sleep
from spingan.studies.parallel import run_parallel
if __name__ == "__main__":
    run_parallel(_sleep, [sys.argv[1]], workers=1)
"""


@pytest.mark.slow
def test_the_processes_end_with_the_one_that_began_them_however_that_ends(tmp_path):
    (tmp_path / "script.py").write_text(_SCRIPT)
    paths = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen([sys.executable, str(tmp_path / "script.py"), str(tmp_path / "pid")], env=paths)
    try:
        _wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    finally:
        parent.kill()
        parent.wait()
    worker = int((tmp_path / "pid").read_text())
    _wait_for(lambda: not psutil.pid_exists(worker))


def _wait_for(condition, limit_s: float = 300.0) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < limit_s
        time.sleep(0.1)
