"""The chronicle: nothing is lost before an incident opens, while the disk refuses, or across a death."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sharing.support import until
from tests.support.clock import START, ManualClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.record.adding import add
from tui.record.errors import JournalError
from tui.record.journal import Journal
from tui.session.chronicle import AGAIN, Chronicle
from tui.session.errors import NoIncident, SessionError

ID = "inc-20261123-1503-7f3a"
KEY = Secret("q8Zr2LmP0vXw7YtB4nKd6HsJ1cFg5AeU")


def draft(kind: Kind, text: str, minutes: float = 0, **data: object) -> Draft:
    return Draft(kind, text, START + timedelta(minutes=minutes), "leeward", data)


def chronicle(folder: Path, changes: list[str] | None = None) -> Chronicle:
    heard = changes if changes is not None else []
    return Chronicle(folder, ManualClock(), Redactor([KEY]), lambda: heard.append("changed"))


async def test_what_happened_before_an_incident_is_written_when_it_opens(tmp_path: Path) -> None:
    kept = chronicle(tmp_path)
    kept.keep([draft(Kind.STATE, "Mistral API fail", -5, check="mistral_api", to="fail")])
    assert [(entry.id, entry.text) for entry in kept.timeline] == [("kept-0", "Mistral API fail")]
    await kept.open_new(ID, draft(Kind.DECLARED, "rate limited, P2", title="rate limited"))
    assert [entry.text for entry in kept.timeline] == ["Mistral API fail", "rate limited, P2"]
    assert not any(entry.id.startswith("kept-") for entry in kept.timeline)
    assert kept.incident is not None and kept.incident.started_at == START - timedelta(minutes=5)
    await kept.close()


async def test_writing_without_an_incident_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoIncident):
        await chronicle(tmp_path).record(draft(Kind.NOTE, "hello"))


async def test_an_alert_is_written_once_however_often_it_is_seen(tmp_path: Path) -> None:
    kept = chronicle(tmp_path)
    alert = draft(Kind.ALERT, "fired", -20, fingerprint="f1", starts_at="2026-11-23T14:43:11.000Z")
    kept.keep([alert])
    kept.keep([alert])
    await kept.open_new(ID, draft(Kind.DECLARED, "declared"))
    kept.keep([alert])
    await kept.close()
    again = chronicle(tmp_path)
    again.keep([alert])
    await again.resume(ID)
    again.keep([alert])
    await again.close()
    assert [entry.kind for entry in again.timeline].count("alert") == 1


async def test_a_full_disk_is_said_and_what_it_refused_is_written_with_the_next_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.record.errors import JournalError
    from tui.record.journal import Journal

    kept = chronicle(tmp_path)
    await kept.open_new(ID, draft(Kind.DECLARED, "declared"))
    append = Journal.append

    async def refused(*_: object) -> None:
        raise JournalError("No space is left on the device.", "Make room.")

    monkeypatch.setattr(Journal, "append", refused)
    with pytest.raises(SessionError, match="No space"):
        await kept.record(draft(Kind.NOTE, "a note that a person waits for"))
    kept.keep([draft(Kind.STATE, "Service fail", check="service", to="fail")])
    await asyncio.sleep(0.01)
    assert "No space" in kept.trouble
    monkeypatch.setattr(Journal, "append", append)
    await kept.record(draft(Kind.NOTE, "later"))
    assert kept.trouble == ""
    assert [entry.text for entry in kept.timeline] == ["declared", "Service fail", "later"]
    await kept.close()


async def test_a_second_console_reads_and_follows_but_does_not_write(tmp_path: Path) -> None:
    first, heard = chronicle(tmp_path), list[str]()
    await first.open_new(ID, draft(Kind.DECLARED, "declared"))
    second = chronicle(tmp_path, heard)
    second._clock = second_clock = ManualClock()  # type: ignore[assignment]
    await second.resume(ID)
    assert not second.writable
    with pytest.raises(SessionError, match="read-only here"):
        await second.record(draft(Kind.NOTE, "mine"))
    await first.record(draft(Kind.NOTE, "from the first"))
    for _ in range(40):
        await second_clock.advance(1)
        await asyncio.sleep(0.02)
        if len(second.timeline) == 2:
            break
    assert [entry.text for entry in second.timeline] == ["declared", "from the first"]
    await first.close()
    await second.close()


async def test_no_known_secret_reaches_the_disk(tmp_path: Path) -> None:
    kept = chronicle(tmp_path)
    await kept.open_new(ID, draft(Kind.DECLARED, f"key {KEY.reveal()}", title=KEY.reveal()))
    await kept.record(draft(Kind.NOTE, f"I pasted {KEY.reveal()}", extra=[KEY.reveal()]))
    await kept.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.reveal().encode() not in written
    assert b"I pasted" in written


async def test_the_last_states_are_known_to_who_resumes(tmp_path: Path) -> None:
    kept = chronicle(tmp_path)
    await kept.open_new(ID, draft(Kind.DECLARED, "declared"))
    await kept.record(
        draft(Kind.STATE, "a", 1, check="service", to="fail"),
        draft(Kind.STATE, "b", 2, check="service", to="ok"),
    )
    await kept.close()
    again = chronicle(tmp_path)
    await again.resume(ID)
    assert again.last_states() == {"service": "ok"}
    await again.close()


@pytest.mark.parametrize("heard", [True, False])
async def test_what_others_redacted_and_the_disk_would_not_let_go_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    clock = ManualClock()
    kept = Chronicle(tmp_path, clock, Redactor(), lambda: None)
    await kept.open_new(ID, draft(Kind.DECLARED, "declared"))
    (name,) = await kept.record(draft(Kind.NOTE, "Jane Doe called"))
    journal = tmp_path / "incidents" / ID / "journal.jsonl"
    real, full = Journal.finish_redactions, [True]

    async def finish(self: Journal) -> None:
        if full[0]:
            raise JournalError("Cannot write: the disk is full.", "Free some space.")
        await real(self)

    monkeypatch.setattr(Journal, "finish_redactions", finish)
    told = {"entry": name.id, "entries": [name.id], "reason": "a name", "kept": {}}
    await add(tmp_path, ID, draft(Kind.REDACTED, "redacted", **told), clock, Redactor())
    await until(clock, lambda: "may still lie on this disk" in kept.trouble)
    await kept.record(draft(Kind.NOTE, "more"))
    assert "may still lie on this disk" in kept.trouble, "it may, whatever was written since"
    full[0] = False
    if heard:
        before = clock.monotonic()
        await add(tmp_path, ID, draft(Kind.NOTE, "another"), clock, Redactor())
        await until(clock, lambda: not kept.trouble)
        assert clock.monotonic() - before < AGAIN
    else:
        await until(clock, lambda: not kept.trouble, step=0.1)
    assert b"Jane Doe" not in journal.read_bytes()
    await kept.close()
