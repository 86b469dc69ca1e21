"""Results stream into a file, and a study that was stopped goes on from it with the same numbers."""

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.studies import results_file
from spingan.studies.parallel import Workers, run_parallel
from spingan.studies.results_file import PackedArray, ResultsFile


@dataclass(frozen=True)
class Inner:
    """One number."""

    value: float


@dataclass(frozen=True, eq=False)
class Found:
    """What a trial of a study may hold."""

    distance: float | None
    parts: dict[str, tuple[Inner, ...]]
    images: PackedArray = field(repr=False)


@dataclass(frozen=True)
class Asked:
    """A trial that names a model."""

    model: str
    seed: int


def _found(task: Asked) -> Found:
    return Found(task.seed / 7, {"a": (Inner(math.nan), Inner(0.1))}, np.full((2, 3, 3), task.seed, np.uint8))


def _counted(task: tuple[str, int]) -> float:
    """Leaves a mark each time that it is run; the third task is refused until there is a file `ready`."""
    folder, number = Path(task[0]), task[1]
    if number == 3 and not (folder / "ready").exists():
        raise UserError("not ready", "Wait.")
    with (folder / "runs").open("a") as marks:
        marks.write(f"{number}\n")
    return number / 3


def _never(task: Asked) -> Found:
    raise AssertionError


def _back(folder: Path, result, function=_found):
    """A result as it is written and read by another."""
    path = folder / "back.jsonl"
    path.unlink(missing_ok=True)
    given = ResultsFile(path, function).add(Asked("x", 1), result)
    (read,) = ResultsFile(path, function).found([Asked("x", 1)]).values()
    assert repr(given) == repr(read)
    return read


@given(st.none() | st.floats(), st.dictionaries(st.text(max_size=3), st.lists(st.floats().map(Inner)).map(tuple)))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_every_number_comes_back_bit_for_bit_also_where_it_is_not_finite(tmp_path, distance, parts):
    result = Found(distance, parts, np.zeros((1, 2, 2), np.uint8))
    assert repr(_back(tmp_path, result)) == repr(result)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64", "bool"])
def test_arrays_keep_type_shape_and_bits(tmp_path, dtype):
    array = (np.random.default_rng(1).random((2, 3, 4)) * 9).astype(dtype)[:, ::2]
    back = _back(tmp_path, Found(1.0, {}, array)).images
    assert back.dtype == array.dtype and np.array_equal(back, array) and back.flags.writeable


def test_what_is_no_result_of_the_function_is_passed_over_and_what_json_cannot_hold_is_refused(tmp_path):
    path, task = tmp_path / "trials.jsonl", Asked("x", 3)
    ResultsFile(path, _found).add(task, _found(task))
    line = json.loads(path.read_text())
    for wrong in ({}, "text", line["result"] | {"images": "text"}, line["result"] | {"parts": {"a": [{"other": 1}]}}):
        path.write_text(json.dumps(line | {"result": wrong}) + "\n")
        assert ResultsFile(path, _found).found([task]) == {}
    with pytest.raises(TypeError, match="has no place"):
        ResultsFile(path, _found).add(task, object())  # pyright: ignore[reportArgumentType]


def test_a_line_stays_whole_beside_one_that_was_half_written(tmp_path):
    path, tasks = tmp_path / "trials.jsonl", [Asked("x", number) for number in range(4)]
    first = ResultsFile(path, _found)
    for task in tasks[:2]:
        first.add(task, _found(task))
    path.write_bytes(path.read_bytes() + b'{"key": "abc", "resu')
    second = ResultsFile(path, _found)
    assert sorted(second.found(tasks)) == [0, 1]
    second.add(tasks[2], _found(tasks[2]))
    third = ResultsFile(path, _found).found(tasks)
    assert sorted(third) == [0, 1, 2] and third[2].distance == 2 / 7


@pytest.mark.parametrize("torn", [b"", b"\n", b"\xff\xfe\x00", b"[1, 2]\n", b'{"key": 1}\n', b'{"key": "a"}'])
def test_what_is_no_result_is_passed_over(tmp_path, torn):
    path = tmp_path / "trials.jsonl"
    path.write_bytes(torn)
    assert ResultsFile(path, _found).found([Asked("x", 1)]) == {}


def test_a_result_is_not_taken_for_another_setting_function_or_code(tmp_path, monkeypatch):
    path, task = tmp_path / "trials.jsonl", Asked("x", 1)
    ResultsFile(path, _found).add(task, _found(task))
    assert ResultsFile(path, _found).found([task])
    assert not ResultsFile(path, _found).found([replace(task, seed=2)])
    assert not ResultsFile(path, _never).found([task])
    monkeypatch.setattr(results_file, "code_digest", lambda: "another")
    assert not ResultsFile(path, _found).found([task])


@pytest.mark.parametrize("name", ["weights.safetensors", "model.safetensors"])  # of a run, of save_pretrained
def test_a_result_belongs_to_what_is_in_the_model_s_files_and_not_to_where_they_are(name, tmp_path):
    path, here, there = tmp_path / "trials.jsonl", tmp_path / "run", tmp_path / "moved"
    here.mkdir()
    (here / name).write_bytes(b"weights")
    task = Asked(str(here), 1)
    ResultsFile(path, _found).add(task, _found(task))
    here.rename(there)
    assert ResultsFile(path, _found).found([Asked(str(there), 1)])
    (there / name).write_bytes(b"others!")
    assert not ResultsFile(path, _found).found([Asked(str(there), 1)])


def test_the_code_s_digest_is_of_what_numbers_depend_on(monkeypatch, tmp_path):
    package = tmp_path / "package"
    for name in ("nn/a.py", "reports/b.py", "pretrained/c.safetensors"):
        (package / name).parent.mkdir(parents=True)
        (package / name).write_text(name)
    monkeypatch.setattr(results_file, "_PACKAGE", package)
    fresh = results_file.code_digest.__wrapped__
    before = fresh()
    (package / "reports/b.py").write_text("changed")
    assert fresh() == before
    (package / "nn/a.py").write_text("changed")
    assert fresh() != before


def test_where_there_is_no_place_for_results_is_said_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write"):
        run_parallel(_never, [Asked("x", 1)], workers=Workers(1, None, tmp_path / "file" / "trials.jsonl"))


def test_a_study_whose_results_are_all_there_begins_no_process(tmp_path):
    path, task, told = tmp_path / "trials.jsonl", Asked("x", 1), []
    kept = ResultsFile(path, _never)
    kept.add(task, _found(task))
    (found,) = run_parallel(_never, [task], workers=Workers(1, None, path), progress=lambda *now: told.append(now))
    assert found.distance == 1 / 7 and told == [("trials", 1, 1)]


def test_a_study_that_was_stopped_does_only_what_is_not_done(tmp_path):
    path, tasks = tmp_path / "trials.jsonl", [(str(tmp_path), number) for number in (1, 2, 3)]
    with pytest.raises(UserError, match="not ready"):
        run_parallel(_counted, tasks, workers=Workers(1, None, path))
    before = (tmp_path / "runs").read_text().split()
    (tmp_path / "ready").touch()
    told = []
    found = run_parallel(
        _counted, tasks, workers=Workers(1, None, path), progress=lambda what, done, total: told.append(done)
    )
    assert found == [number / 3 for number in (1, 2, 3)]
    assert told[0] == len(before) >= 1
    assert sorted((tmp_path / "runs").read_text().split()) == ["1", "2", "3"]
