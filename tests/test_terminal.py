"""Whatever standard output is, and whenever Ctrl-C comes, the command ends with a status and without a traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spingan.terminal import PLAIN


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    line = command.replace("spingan", f"{sys.executable} -m spingan")
    return subprocess.run(["sh", "-c", line], capture_output=True, env=os.environ | environment, check=False)


def assert_one_clear_end(result: subprocess.CompletedProcess[bytes], word: str) -> None:
    said = result.stderr.decode()
    assert result.returncode == 2 and word in said and said.startswith("spingan: ")
    assert len(said.splitlines()) == 2 and "Traceback" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output_is_told():
    assert_one_clear_end(shell("spingan technology list > /dev/full"), "cannot write the output: No space left")


def test_a_closed_standard_output_is_told_and_no_file_takes_its_place(tmp_path):
    assert_one_clear_end(shell(f"spingan technology new {tmp_path}/mine >&-"), "standard output is closed")
    assert not (tmp_path / "mine").exists()


def test_a_closed_standard_error_changes_nothing_else():
    assert shell("spingan technology list 2>&-").stdout == shell("spingan technology list").stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_letters_that_an_encoding_lacks_are_written_plainly(encoding):
    code = f"from spingan import terminal; terminal.prepare(); print({''.join(PLAIN)!r} + ' ä é Δ 日 \\udcff')"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding}, check=False
    )
    assert result.returncode == 0, result.stderr
    text = result.stdout.decode(encoding)
    if encoding == "ascii":
        assert text.startswith("u") and " a e delta \\u65e5 \\udcff" in text and "Ohm" in text
    if encoding == "utf-8":
        assert text == "".join(PLAIN) + " ä é Δ 日 \\udcff\n"


def test_a_table_and_json_in_ascii_say_what_they_say_in_utf_8(tmp_path):
    table = shell("spingan technology list", PYTHONIOENCODING="ascii")
    assert table.returncode == 0 and table.stdout.isascii() and table.stdout
    told = shell(f"spingan technology new {tmp_path}/ä-µ --json", PYTHONIOENCODING="ascii")
    assert told.stdout.isascii()
    assert "ä-µ" in json.dumps(json.loads(told.stdout), ensure_ascii=False)


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3, 0.8, 1.6, 2.5])
def test_ctrl_c_while_modules_load_or_later_is_status_130_and_one_line(tmp_path, after_s):
    arguments = ["spingan", "sample", "fashion-mnist", "-n", "4000", "--out", str(tmp_path / "grid.png")]
    code = (
        "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell may have ignored it
        f"from spingan.cli import main\nsys.argv = {arguments!r}\nprint('ready', flush=True)\nmain()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"ready\n"
    time.sleep(0.02 + after_s)
    child.send_signal(signal.SIGINT)
    said = child.communicate()[1].decode()
    assert (child.returncode, said) == (130, "spingan: stopped\n")


def test_ctrl_c_waits_until_a_callback_of_the_compiler_is_done():
    from spingan import cli

    place = {"__name__": "llvmlite.binding.executionengine", "look": lambda: cli._must_end_first(sys._getframe())}
    exec("found = look()", place)
    assert place["found"] and not cli._must_end_first(sys._getframe())
