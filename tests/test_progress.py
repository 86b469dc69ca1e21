"""Progress without a terminal: silent for short work, then a line now and then with the time that is left."""

import pytest

from spingan.progress import duration, progress_lines


def lines(capsys, parts, seconds_a_part, total, every_s=15.0):
    clock = [0.0]
    advance = progress_lines(every_s, clock=lambda: clock[0])
    for done in range(parts):
        advance("drawing", done, total)
        clock[0] += seconds_a_part
    return capsys.readouterr().err.splitlines()


def test_short_work_is_silent(capsys):
    assert lines(capsys, parts=10, seconds_a_part=1, total=10) == []


def test_long_work_says_how_much_is_left_and_not_too_often(capsys):
    told = lines(capsys, parts=100, seconds_a_part=1, total=100)
    assert 4 <= len(told) <= 7
    assert told[0] == "drawing: 15 of 100, 85 s left"


def test_what_was_done_before_does_not_make_the_rest_look_short(capsys):
    clock = [0.0]
    advance = progress_lines(10, clock=lambda: clock[0])
    advance("training", 900, 1000)  # resumed: the first 900 took no time now
    clock[0] = 20.0
    advance("training", 910, 1000)
    assert capsys.readouterr().err == "training: 910 of 1,000, 3 min left\n"


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (720, "12 min"), (12600, "3.5 h")])
def test_a_duration_is_told_in_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text
