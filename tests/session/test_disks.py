"""A session on a disk that fills up: it is said on screen, and what waited is written when space returns."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mitigations.test_protocol import world_of
from tests.support.clock import START, ManualClock
from tests.support.consoles import INCIDENT, console_on
from tests.support.disks import Disk, disk
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.errors import JournalError
from tui.record.folder import incidents_folder
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.verification import verify
from tui.session.chronicle import AGAIN, Chronicle
from tui.session.errors import SessionError

LONG = "x" * 9000


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "small") as made:
        yield made


def draft(kind: Kind, text: str, **data: object) -> Draft:
    return Draft(kind, text, START, "leeward", data)


async def until(wanted: Callable[[], object], clock: ManualClock | None = None) -> None:
    async with asyncio.timeout(60):
        while not wanted():
            if clock is not None:
                await clock.advance(AGAIN)
            await asyncio.sleep(0.01)


async def test_what_happened_on_a_full_disk_is_written_when_space_returns_and_nobody_writes(
    small: Disk,
) -> None:
    clock = ManualClock()
    kept = Chronicle(small.path, clock, Redactor(), lambda: None)
    await kept.open_new(INCIDENT, draft(Kind.DECLARED, "declared"))
    small.fill()
    kept.keep([draft(Kind.STATE, LONG, check="service", to="fail")])
    await until(lambda: "the disk is full" in kept.trouble)
    with pytest.raises(SessionError, match=r"It was not written down: .*the disk is full\. Free some space"):
        await kept.record(draft(Kind.NOTE, "a person's note, who is told"))
    assert [entry.text for entry in kept.timeline] == ["declared"]
    small.free()
    await until(lambda: len(kept.timeline) == 2, clock)
    assert kept.trouble == ""
    await kept.close()
    assert [entry.text for entry in read(small.path, INCIDENT).entries] == ["declared", LONG]
    assert verify(small.path, INCIDENT).whole


async def test_what_waited_is_written_at_the_end_and_in_no_other_incident(small: Disk) -> None:
    kept = Chronicle(small.path, ManualClock(), Redactor(), lambda: None)
    await kept.open_new(INCIDENT, draft(Kind.DECLARED, "the first"))
    small.fill()
    await kept.tell(draft(Kind.STATE, LONG, check="service", to="fail"))
    small.free()
    await kept.open_new(INCIDENT[:-1] + "b", draft(Kind.DECLARED, "the second"))
    await kept.close()
    assert [entry.text for entry in read(small.path, INCIDENT).entries] == ["the first", LONG]
    assert [entry.text for entry in read(small.path, INCIDENT[:-1] + "b").entries] == ["the second"]


async def test_an_incident_that_could_not_be_opened_leaves_nothing(small: Disk) -> None:
    incidents_folder(small.path).mkdir()
    kept = Chronicle(small.path, ManualClock(), Redactor(), lambda: None)
    for left in (0, 3 * 4096):
        small.fill(left)
        with pytest.raises(SessionError, match=r"could not be opened: .*the disk is full"):
            await kept.open_new(INCIDENT, draft(Kind.DECLARED, LONG))
        assert list(incidents_folder(small.path).iterdir()) == []
        small.free()
    await kept.open_new(INCIDENT, draft(Kind.DECLARED, "declared"))
    await kept.close()
    assert verify(small.path, INCIDENT).whole


async def test_a_change_whose_outcome_the_disk_refuses_is_followed_and_written_when_space_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The intent is on disk before anything is sent; then the disk is full."""
    append = Journal.append

    async def refuses(journal: Journal, *drafts: Draft) -> object:
        if drafts and drafts[-1].kind is not Kind.INTENT:
            raise JournalError("Cannot write: the disk is full.", "Free some space.")
        return await append(journal, *drafts)

    async with world_of(tmp_path) as world, console_on(world, tmp_path) as console:
        await console.open()
        plan = await console.plan("my-env")
        monkeypatch.setattr(Journal, "append", refuses)
        await console.operations.approve(plan)
        await console.until(lambda: not console.operations.busy)
        assert world.env("MAX_CONCURRENT_MISTRAL") == "3"
        assert "the disk is full" in console.chronicle.trouble
        assert console.incident.unsettled != ()
        monkeypatch.setattr(Journal, "append", append)
        await console.until(lambda: not console.incident.unsettled)
        assert (console.last.outcome, bool(console.last.verdict)) == ("applied", True)
        assert console.chronicle.trouble == ""
    assert verify(tmp_path, INCIDENT).whole


async def test_with_the_intent_not_on_disk_nothing_is_sent(tmp_path: Path, small: Disk) -> None:
    async with world_of(tmp_path) as world, console_on(world, small.path) as console:
        await console.open()
        plan = await console.plan("my-env")
        before = world.env("MAX_CONCURRENT_MISTRAL")
        small.fill()
        await console.chronicle.tell(draft(Kind.NOTE, LONG))
        with pytest.raises(SessionError, match="the disk is full"):
            await console.operations.approve(plan)
        assert world.env("MAX_CONCURRENT_MISTRAL") == before
        assert not console.operations.busy
        small.free()
        await console.operations.approve(plan)
        await console.until(lambda: not console.operations.busy)
        assert console.last.outcome == "applied"
