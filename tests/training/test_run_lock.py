"""Two trainings never share a folder, a dead one holds nothing, and one that died early begins when it is resumed."""

import os
import signal
import subprocess
import sys

import pytest

from spingan.errors import UserError
from spingan.training import loop
from spingan.training.run_lock import LOCK, sole_training

HOLD = (
    "import sys, signal, pathlib\n"
    "from spingan.training.run_lock import sole_training\n"
    "with sole_training(pathlib.Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    signal.pause()\n"
)


@pytest.fixture
def holder(tmp_path):
    """Another process that trains into the folder."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("resume", [False, True])
def test_a_second_training_into_a_folder_is_refused_with_the_first_one_s_process(
    run, tmp_path, holder, devices, resume
):
    with pytest.raises(UserError, match=rf"another training runs into .*: process {holder.pid}\n"):
        run(tmp_path, devices=devices, resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_the_lock_of_a_run_that_was_killed_is_free_at_once(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with sole_training(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
    assert not (tmp_path / LOCK).exists()


def test_a_second_training_in_the_same_process_is_refused_too(tmp_path):
    with sole_training(tmp_path), pytest.raises(UserError, match="another training"), sole_training(tmp_path):
        pass


def test_a_lock_that_was_taken_away_while_it_was_waited_for_is_taken_anew(tmp_path, monkeypatch):
    import fcntl

    plain, calls = fcntl.flock, []

    def late(handle, how):
        calls.append(handle)
        if len(calls) == 1:
            (tmp_path / LOCK).unlink()  # as the run before does when it ends
        return plain(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with sole_training(tmp_path):
        assert len(calls) == 2 and (tmp_path / LOCK).exists()


def test_a_file_system_without_locks_trains_with_a_warning(tmp_path, monkeypatch):
    import fcntl

    def without(handle, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", without)
    with pytest.warns(UserWarning, match="cannot be locked"), sole_training(tmp_path):
        pass


@pytest.mark.parametrize("stop", ["make_fabric", "build_nets", "train_step"])
def test_a_run_stopped_before_its_first_checkpoint_begins_when_it_is_resumed(run, tmp_path, monkeypatch, stop):
    def stopped(*given, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, stop, stopped)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run")
    run(tmp_path / "run", "epochs=1", resume=True)
    assert (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_a_run_killed_as_soon_as_it_made_its_folder_begins_when_it_is_resumed(run, tmp_path):
    (tmp_path / LOCK).write_text("1\n")
    run(tmp_path, "epochs=1", resume=True)
    assert (tmp_path / "checkpoint.safetensors").exists()


def test_a_folder_of_other_things_is_no_run_to_go_on_with(run, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UserError, match="holds no run to go on with"):
        run(tmp_path, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
