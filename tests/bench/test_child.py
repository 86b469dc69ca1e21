"""A computing process: it answers, is interrupted and goes on, says why it ended, and leaves nothing behind."""

import asyncio
import json
import subprocess
import sys
import time

import pytest
from pretended import COMMAND

from spingan.bench.child import Child, Drawer, Interrupted, Refused
from spingan.errors import UserError


def run(work):
    return asyncio.run(work)


def test_a_process_answers_refuses_and_is_interrupted_without_ending():
    async def work():
        child, told = Child(COMMAND), []
        try:
            assert (await child.ask({"what": "echo", "number": 3}))["number"] == 3
            before = child._process.pid
            with pytest.raises(Refused, match="it is wrong"):
                await child.ask({"what": "refuse"})

            def interrupt(what, done, total):
                told.append((what, done, total))
                child.interrupt()

            with pytest.raises(Interrupted):
                await child.ask({"what": "wait"}, interrupt)
            assert told == [("images", 1, 4)]
            assert (await child.ask({"what": "echo", "number": 4}))["number"] == 4
            assert child._process.pid == before
        finally:
            await child.stop()
        assert not child.runs

    run(work())


def test_a_process_that_ends_says_why_and_is_replaced():
    async def work():
        drawer = Drawer(COMMAND)
        try:
            with pytest.raises(UserError, match="there is no memory left"):
                await drawer.ask({"what": "die"})
            assert (await drawer.ask({"what": "echo", "number": 5}))["number"] == 5
        finally:
            await drawer.stop()

    run(work())


def test_who_goes_away_frees_the_process_for_the_next():
    async def work():
        drawer = Drawer(COMMAND)
        try:
            await drawer.ask({"what": "echo"})
            gone = asyncio.ensure_future(drawer.ask({"what": "wait"}))
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            gone.cancel()
            assert (await drawer.ask({"what": "echo", "number": 6}))["number"] == 6
            assert time.monotonic() - begun < 5
            with pytest.raises(asyncio.CancelledError):
                await gone
        finally:
            await drawer.stop()

    run(work())


def test_a_request_that_takes_too_long_is_ended():
    async def work():
        drawer = Drawer(COMMAND)
        drawer.LIMIT_S = 0.5
        try:
            with pytest.raises(UserError, match=r"longer than 0\.5 s"):
                await drawer.ask({"what": "wait"})
        finally:
            await drawer.stop()

    run(work())


def test_the_real_process_reads_a_table_and_refuses_what_is_none(tmp_path):
    table, other = tmp_path / "a.csv", tmp_path / "b.csv"
    table.write_text("input (uA),out (mV)\n0,0\n1,3\n2,6\n")
    other.write_bytes(bytes(range(256)) * 40)
    requests = [{"id": n, "what": "table", "path": str(path)} for n, path in enumerate((table, other, tmp_path / "c"))]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run(
        [sys.executable, "-m", "spingan.bench.worker"], input=lines, capture_output=True, text=True, check=True
    )
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert [column["numbers"] for column in first["result"]["columns"]] == [[0, 1, 2], [0, 3, 6]]
    assert first["result"]["columns"][0]["unit"] == "uA"
    assert second["error"]["problem"] and third["error"]["problem"]
