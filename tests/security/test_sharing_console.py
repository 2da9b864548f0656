"""A console that joins what a hostile one filled: what it writes to its terminal, keeps, and can still do."""

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_by_keys import shows
from tests.security.test_console import _assert_plain
from tests.support.commands import leeward, served
from tests.support.hostile_console import Mallory
from tests.support.hostile_world import steering
from tests.support.odd_entries import HOSTILE, STRANGE, odd_entries
from tests.support.terminal import Tmux, terminal, wait_for
from tui.clients.leases import LeaseObject, labelled
from tui.clients.shared_place import Opened, SharedPlace
from tui.model.incident import Kind
from tui.model.sharing import FoundLine, SharedLine
from tui.model.times import parse_rfc3339
from tui.settings import load

pytestmark = pytest.mark.real
INCIDENT = "inc-20261123-1503-7f3a"


def as_shared(found: FoundLine) -> SharedLine:
    """As whoever writes past any console would have it: what is beside the line says what it likes."""
    envelope = json.loads(found.line)["envelope"]
    return SharedLine(
        found.incident, found.entry, envelope["kind"], parse_rfc3339(envelope["occurred_at"]), STRANGE,
        HOSTILE, found.line, found.header,
    )  # fmt: skip


async def filled(config: str) -> None:
    """The shared place as a hostile console leaves it, by the API server's own rules."""
    mallory = Mallory(INCIDENT, writer="../../\x1b[2J\nevil")
    data: dict[str, Any] = {"title": f"rate limited {HOSTILE}", "severity": "P2", "drill": True}
    mallory.says(Kind.DECLARED, data, HOSTILE, STRANGE)
    for _ in odd_entries(mallory):
        pass
    mallory.says(Kind.STATUS, {"to": "investigating", "reopened": True})
    place = SharedPlace(load(Path(config), {}).settings)
    there = await place.open()
    try:
        for found in mallory.written:
            await there.entries.create(as_shared(found))
        for number in range(60):
            fake = Mallory(f"inc-20261123-1503-{number:04x}")
            await there.entries.create(as_shared(fake.says(Kind.DECLARED, {"title": HOSTILE})))
        await _leases(there)
    finally:
        await place.close()


async def _leases(there: Opened) -> None:
    """Somebody of every odd name is here, has command, and holds locks."""
    told = {f"leeward.dev/{name}": HOSTILE for name in ("name", "host", "process", "what", "last")}
    now = datetime.now(UTC)
    names = [f"leeward-here-{number:016x}" for number in range(30)]
    for name in (*names, f"leeward-command-{INCIDENT}", "leeward-lock-x", "leeward-here-x"):
        mine = {**told, "leeward.dev/incident": INCIDENT, "leeward.dev/console": name[-16:]}
        lease = LeaseObject(
            name,
            holder=HOSTILE[:200],
            duration_s=600,
            renewed_at=now + timedelta(days=300),
            acquired_at=now - timedelta(days=30_000),
            annotations=mine,
        )
        await there.leases.create(labelled(lease))


async def test_nothing_of_a_hostile_console_gets_out_of_its_frame(tmp_path: Path) -> None:
    with served("rate-limited", tmp_path, "--speed", "20") as addresses, terminal(120, 40) as console:
        await filled(addresses["second_config"])
        await asyncio.to_thread(_played, console, addresses["config"])
        _assert_plain(console.written(), ())
        assert "PWNED" not in console.run("display-message", "-p", "#{pane_title}")
        state = console.folder / "state"
        for path in (path for path in state.rglob("*") if path.is_file()):
            assert steering(path.read_text()) == [], path
            assert path.stat().st_mode & 0o077 == 0, path
        for args in (("incidents", "--shared"), ("share", "check", "--json"), ("share", "sync", INCIDENT)):
            ran = leeward("--config", addresses["config"], *args, state=state)
            assert ran.returncode in (0, 1), ran.stderr
            assert "Traceback" not in ran.stderr
            assert steering(ran.stdout) == steering(ran.stderr) == [], args


def opens(console: Tmux, key: str) -> None:
    """A key, whatever it opens: to its end, and out again."""
    before = console.seen()
    console.press(key)
    wait_for(lambda: console.seen() != before)
    console.press("PageDown", "End")
    escape(console)


def escape(console: Tmux) -> None:
    """Out of all that is open. A key right after Escape would be an Alt key."""
    for _ in range(3):
        console.press("Escape")
        time.sleep(0.7)


def noted(console: Tmux, journal: Path) -> None:
    """A note is written and on disk: keys are answered."""

    def asked() -> bool:
        escape(console)
        console.press("n")
        with contextlib.suppress(AssertionError):
            wait_for(lambda: "Note" in console.seen(), 5)
            return True
        return False

    wait_for(asked, 60)
    console.press("-l", "still here")
    console.press("Enter")
    wait_for(lambda: "still here" in journal.read_text(), 60)


def _played(console: Tmux, config: str) -> None:
    console.open("--config", config, "join", INCIDENT)
    shows(console, INCIDENT, 120)
    journals = console.folder / "state" / "leeward" / "incidents"
    wait_for(lambda: bool(list(journals.glob(f"{INCIDENT}/journal-*.jsonl"))), 120)
    shows(console, "PWNED", 120)
    for key in ("f", "h", "d", "z", "m", "i"):
        opens(console, key)
    noted(console, journals / INCIDENT / "journal.jsonl")
    console.press("q")
    shows(console, "EXIT 0")
