"""A file is put in its place whole, for us alone, or it is said why not."""

from pathlib import Path

import pytest

from tui.record.errors import JournalError
from tui.record.folder import put


def test_what_was_left_open_to_others_becomes_ours_alone(tmp_path: Path) -> None:
    left = tmp_path / ".file.new"
    left.write_bytes(b"left by a process that was killed")
    left.chmod(0o644)
    put(path := tmp_path / "file", b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_tidied_up_does_not_hide_why_nothing_was_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="a part of the path is no folder"):
        put(tmp_path / "file" / "below", b"new")
