"""The soak finds what it is there to find, and the same again by its seed."""

import time

import inputs
import pytest
from inputs import Target, soak_inputs
from mutants import mutated

from spingan.errors import UserError


def stumbles(path):
    raise KeyError(path)


def hangs(path):
    end = time.process_time() + 5
    while time.process_time() < end:
        pass


def refuses(path):
    raise UserError("one line", "what to do")


def says_much(path):
    raise UserError("two\nlines", "what to do")


@pytest.mark.parametrize(("load", "finds"), [(stumbles, 3), (hangs, 3), (says_much, 3), (refuses, 0), (len, 3)])
def test_anything_but_success_or_one_clear_line_is_a_find(monkeypatch, capsys, load, finds):
    monkeypatch.setattr(inputs, "LONGEST_S", 1)
    monkeypatch.setattr(inputs, "targets", lambda: (Target("a.txt", (b"some 1 text",), (load,)),))
    assert soak_inputs(3, seed=1) == finds
    assert capsys.readouterr().out.count("find: seed '1 a.txt ") == finds


def test_a_command_that_ends_with_another_status_is_a_find(monkeypatch, capsys):
    monkeypatch.setattr(inputs, "targets", lambda: (Target("a.txt", (b"x: 1",), (), ("technology check {}",)),))
    assert soak_inputs(1, seed=1) == 0
    monkeypatch.setattr("spingan.spec.catalogue.check", stumbles)
    assert soak_inputs(1, seed=1) == 1


def test_a_seed_spoils_a_file_in_the_same_way_again():
    whole = b"name: 1.5\nother: text\n" * 5
    assert len({mutated(whole, f"{number}") for number in range(50)}) > 40
    assert all(mutated(whole, f"{number}") == mutated(whole, f"{number}") for number in range(50))
