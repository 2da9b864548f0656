"""What a person says of earlier entries through a whole session: corrected, pinned, redacted, handed on."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.drills import drill, session_on, until
from tui.model.clock import SystemClock
from tui.model.incident import Kind
from tui.model.redaction import Redactor
from tui.record.importing import take
from tui.record.reading import read
from tui.record.verification import verify
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import state_dir


def loaded(snapshot: Snapshot) -> bool:
    return len(snapshot.checks) == 7


def files(session: Session) -> bytes:
    folder = session._state_dir / "incidents"
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_said_of_entries_and_told_of_the_incident(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await until(session, loaded)
        note = await session.note("the custmer Jane Doe called")
        incident = session.snapshot.incident
        assert incident is not None

        # Corrected: another text at another time, the state with it.
        before = note.occurred_at - timedelta(hours=2)
        await session.correct_entry(note.id, text="Jane Doe called", when=f"{before:%Y-%m-%d %H:%M:%S}")
        shown = next(e for e in session.snapshot.entries if e.id == note.id)
        assert (shown.text, shown.occurred_at) == ("Jane Doe called", before.replace(microsecond=0))
        assert session.snapshot.entries[0].id == note.id
        with pytest.raises(SessionError, match="says that already"):
            await session.correct_entry(note.id, text="Jane Doe called")
        with pytest.raises(SessionError, match="is no time"):
            await session.correct_entry(note.id, when="soon")
        with pytest.raises(SessionError, match="in the future"):
            await session.correct_entry(note.id, when="2999-01-01 10:00")

        # A moment that the state rests on.
        declared = next(e for e in session.snapshot.entries if e.kind == Kind.ACKNOWLEDGED)
        await session.correct_entry(declared.id, when="2 h ago")
        assert session.snapshot.incident is not None and incident.acknowledged_at is not None
        assert session.snapshot.incident.acknowledged_at is not None
        moved = incident.acknowledged_at - session.snapshot.incident.acknowledged_at
        assert timedelta(hours=1, minutes=59) < moved <= timedelta(hours=2, minutes=1)

        # Pinned, and not any more.
        assert await session.pin_entry(note.id)
        assert note.id in session.snapshot.amendments.pinned
        assert not await session.pin_entry(note.id)
        assert session.snapshot.amendments.pinned == frozenset()
        pin = next(e for e in session.snapshot.entries if e.kind == Kind.ENTRY_PINNED)
        with pytest.raises(SessionError, match="about another one"):
            await session.pin_entry(pin.id)

        # Redacted: gone from the disk, whoever reads it.
        with pytest.raises(SessionError, match="needs a reason"):
            await session.redact_entry(note.id, " ")
        assert b"Jane" in files(session)
        await session.redact_entry(note.id, "names a customer")
        assert b"Jane" not in files(session)
        shown = next(e for e in session.snapshot.entries if e.id == note.id)
        assert "names a customer" in shown.text and shown.redacted
        assert not any("Jane" in e.text for e in session.snapshot.entries)
        with pytest.raises(SessionError, match="redacted already"):
            await session.redact_entry(note.id, "again")
        with pytest.raises(SessionError, match="nothing to correct"):
            await session.correct_entry(note.id, text="x y")

        # And it goes on.
        after = await session.note("and on")
        assert session.snapshot.entries[-1].id == after.id
        report = verify(session._state_dir, incident.id)
        assert (report.whole, report.redacted, report.notes) == (True, 2, ())
        on_disk = read(session._state_dir, incident.id)
        assert [e.id for e in on_disk.entries if e.id == after.id]


async def test_it_is_handed_on_while_it_is_open(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await until(session, loaded)
        await session.note("what was tried")
        assert session.snapshot.incident is not None
        path = await session.hand_on(tmp_path / "on.zip")
        with pytest.raises(SessionError, match="there already"):
            await session.hand_on(path)
        assert session.snapshot.entries[-1].kind == Kind.EXPORTED
        there = state_dir({"XDG_STATE_HOME": str(tmp_path / "elsewhere")})
        made = await take(there, path, SystemClock(), Redactor(), lambda _: "bo")
        texts = [entry.text for entry in read(there, made.incident).entries]
        assert "what was tried" in texts
        assert verify(there, made.incident).whole


async def test_without_an_incident_nothing_is_said(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await until(session, loaded)
        with pytest.raises(SessionError, match="No incident is open"):
            await session.pin_entry("kept-0")
