"""A disk that fills up under an open console: said on its screen, and nothing is lost."""

from pathlib import Path

import pytest

from tests.support.commands import leeward
from tests.support.disks import disk
from tests.support.recorded import recorded

pytestmark = pytest.mark.real


def test_a_full_disk_is_said_on_screen_and_what_waited_is_written(tmp_path: Path) -> None:
    long = "x" * 5000
    with (
        disk(tmp_path / "small") as small,
        recorded(
            small.path, "full-disk", "drill", "rate-limited", "--speed", "20", beside=tmp_path
        ) as console,
    ):
        console.shows("Rate limited: our own limit (P2)", "10 → 3 per pod")
        console.press("n")
        console.shows("opens an incident")
        console.press("before", "enter")
        console.shows("Noted.")
        small.fill()
        console.press("n")
        console.shows("Note")
        for start in range(0, len(long), 250):
            console.press(long[start : start + 250])
            console.read(0.1)
        console.press("enter")
        console.shows("the disk is full", "Free some space")
        small.free()
        # What was typed is still there: the same note again, by two keys.
        console.press("n")
        console.shows("xxxxxxxx")
        console.press("enter")
        console.shows("Noted.")
        console.press("q")
        assert console.ends() == 0
        (journal,) = small.path.rglob("journal.jsonl")
        text = journal.read_text()
        assert '"text":"before"' in text and long in text
        assert leeward("verify", journal.parent.name, state=small.path).returncode == 0
