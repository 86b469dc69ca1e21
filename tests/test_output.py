import errno
from pathlib import Path

import pytest

from spingan.errors import UserError
from spingan.output import atomic_path, check_place, output_folder, write_text


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="the disk is full"), atomic_path(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [output_folder, check_place, lambda path: write_text(path, "text")])
def test_a_file_in_the_way_is_said_so(tmp_path, write):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="a file stands where a folder must be"):
        write(tmp_path / "file" / "folder" / "a.txt")


def test_a_folder_is_no_place_for_a_file(tmp_path):
    with pytest.raises(UserError, match="it is a folder"):
        check_place(tmp_path)


def test_checking_a_place_writes_no_file(tmp_path):
    check_place(tmp_path / "new" / "a.txt")
    assert [path for path in Path(tmp_path).rglob("*") if path.is_file()] == []
