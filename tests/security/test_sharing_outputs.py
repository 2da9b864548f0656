"""A record with odd values of every kind, by a hostile console: mere text in all that is made of it."""

import json
from pathlib import Path

import pytest

from tests.support.commands import leeward
from tests.support.consoles import INCIDENT
from tests.support.hostile_console import Mallory, took
from tests.support.hostile_world import steering
from tests.support.odd_entries import ODD, odd_entries
from tui.model.folding import fold
from tui.model.incident import Kind
from tui.record.reading import read
from tui.session.memory import Memory

COMMANDS = (
    ("incidents",),
    ("incidents", "--json"),
    ("show", INCIDENT),
    ("show", INCIDENT, "--json"),
    ("postmortem", INCIDENT),
    ("postmortem", INCIDENT, "--format", "html"),
    ("postmortem", INCIDENT, "--format", "json"),
    ("verify", INCIDENT),
    ("export", INCIDENT, "away.zip"),
    ("note", INCIDENT, "from here"),
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine that took all of it in."""
    folder, mallory = tmp_path_factory.mktemp("odd"), Mallory()
    mallory.says(Kind.DECLARED, {"title": "rate limited", "severity": "P2"})
    change = {
        "mitigation": "reduce-concurrency",
        "change": "env",
        "variable": "X",
        "before": "1",
        "after": "2",
    }
    made = mallory.says(Kind.INTENT, change)
    for _ in odd_entries(mallory, made.entry):
        pass
    taken = took(folder / "leeward", mallory.written)
    assert (len(taken.entries), taken.waiting, taken.problems) == (len(mallory.written), 0, ())
    assert len(taken.entries) > len(Kind) * len(ODD) / 2
    return folder


def test_it_is_folded_the_same_in_whatever_order_it_comes(state: Path) -> None:
    entries = read(state / "leeward", INCIDENT).entries
    whole = fold(INCIDENT, entries)
    for step in (1, len(entries) // 3, len(entries)):
        memory = Memory()
        for begin in range(0, len(entries), step) if step > 1 else (0,):
            memory.take(INCIDENT, entries[begin : begin + step] if step > 1 else reversed(entries))
        assert memory.incident == whole


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_no_command_is_steered_or_falls(state: Path, args: tuple[str, ...]) -> None:
    ran = leeward(*args, state=state)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "Traceback" not in ran.stderr
    assert steering(ran.stdout) == steering(ran.stderr) == []
    if "json" in args[-1]:
        json.loads(ran.stdout)
    if args[-1] == "html":
        assert all(
            tag not in ran.stdout.lower() for tag in ("<script>alert", "<img", "<b>\n", 'href="javascript')
        )


def test_what_is_kept_is_its_owners_alone_and_lies_in_its_own_folder(state: Path) -> None:
    for path in state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name == "away.zip" or path.parent == state, path
    (folder,) = (state / "leeward" / "incidents").iterdir()
    assert folder.name == INCIDENT
    outside = {path.name for path in state.iterdir()} - {"leeward", "away.zip", "config", ".config"}
    assert outside == set()
