"""A scheduler that the user runs: what its workers must be, and what happens when it is not there."""

import socket
import time

import pytest
from distributed import LocalCluster

from spingan.errors import UserError
from spingan.studies import cluster, results_file
from spingan.studies.cluster import local_client
from spingan.studies.parallel import Workers, run_parallel


def _double(number: int) -> int:
    return 2 * number


def _wait(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@pytest.fixture(scope="module")
def address():
    """Of a scheduler with one worker that suits."""
    with local_client(1) as client:
        yield client.scheduler.address


def test_a_scheduler_s_workers_give_what_processes_here_give(address):
    told = []
    found = run_parallel(_double, [1, 2, 3], workers=Workers(scheduler=address), progress=lambda *now: told.append(now))
    assert found == [2, 4, 6] and told[-1] == ("trials", 3, 3)


def test_a_worker_with_another_version_is_refused(address, monkeypatch):
    monkeypatch.setattr(cluster, "__version__", "9.9")
    with pytest.raises(UserError, match=r"worker tcp://.* has spingan .*, and here is 9\.9"):
        run_parallel(_double, [1], workers=Workers(scheduler=address))


def test_a_worker_with_other_code_of_the_same_version_is_refused(address, monkeypatch):
    monkeypatch.setattr(results_file, "code_digest", lambda: "another")
    with pytest.raises(UserError, match="other code than here"):
        run_parallel(_double, [1], workers=Workers(scheduler=address))


def test_a_worker_with_several_threads_is_refused():
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None) as two,
        pytest.raises(UserError, match="has 2 threads") as refused,
    ):
        run_parallel(_double, [1], workers=Workers(scheduler=two.scheduler_address))
    assert "--nthreads 1" in refused.value.remedy


def test_a_scheduler_without_workers_is_an_error_after_a_while(monkeypatch):
    monkeypatch.setattr(cluster, "WORKERS_LIMIT_S", 0.2)
    told = []
    with (
        LocalCluster(n_workers=0, protocol="tcp", dashboard_address=None) as empty,
        pytest.raises(UserError, match="has no worker") as refused,
    ):
        run_parallel(
            _double, [1], workers=Workers(scheduler=empty.scheduler_address), progress=lambda *now: told.append(now)
        )
    assert "dask worker tcp://" in refused.value.remedy and told[-1] == ("waiting for a worker", 0, 1)


@pytest.mark.parametrize("silent", [True, False], ids=["one that says nothing", "nobody"])
def test_a_scheduler_that_does_not_answer_is_an_error_within_the_limit(monkeypatch, silent):
    monkeypatch.setattr(cluster, "ANSWER_LIMIT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not silent:
            server.close()
        begun = time.monotonic()
        with pytest.raises(UserError, match=f"no Dask scheduler answers at tcp://127.0.0.1:{port} within 1 s"):
            run_parallel(_double, [1], workers=Workers(scheduler=f"tcp://127.0.0.1:{port}"))
    assert time.monotonic() - begun < 60  # a loaded machine


@pytest.mark.parametrize("text", ["", "here", "host:8786", "tcp://", "tcp://host", "tcp://host:0", "tcp://host:99999",
                                  "http://host:8786", "tcp://ho st:1", "tcp://[::1]", "8786"])  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(UserError, match="is not the address of a scheduler"):
        run_parallel(_double, [1], workers=Workers(scheduler=text))


@pytest.mark.slow
def test_a_scheduler_that_goes_away_in_mid_study_is_an_error_and_what_was_done_is_kept(tmp_path):
    kept = tmp_path / "trials.jsonl"
    with local_client(1) as client:

        def then_end(what: str, done: int, total: int) -> None:
            if done == 1:
                client.cluster.close()

        with pytest.raises(UserError, match="is gone"):
            run_parallel(
                _wait, [0.0, 1.0, 2.0], workers=Workers(None, client.scheduler.address, kept), progress=then_end
            )
    assert len(kept.read_text().splitlines()) == 1
