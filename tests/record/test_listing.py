"""A copier looks at what may have changed, and misses nothing of it."""

import os
import time
from pathlib import Path

import pytest

from tests.record.copies import folder_of, found, shared, take, texts, together
from tests.record.helpers import INCIDENT, draft, with_entries
from tests.support.clock import ManualClock
from tui.model.redaction import Redactor
from tui.model.sharing import SharedLine
from tui.record.errors import JournalError
from tui.record.growing import Growth
from tui.record.incoming import Incoming
from tui.record.listing import Listing
from tui.record.outgoing import Outgoing
from tui.record.reading import read
from tui.record.redaction import redact
from tui.record.shared import begin
from tui.record.verification import verify

LONG_AGO = 1_600_000_000


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "a", tmp_path / "b"


def at_rest(folder: Path) -> None:
    """As if no name had changed there for a long time."""
    os.utime(folder, (LONG_AGO, LONG_AGO))


def copy_in(state: Path) -> Path:
    (copy,) = (path for path in folder_of(state).glob("journal-*.jsonl"))
    return copy


def ids(lines: tuple[SharedLine, ...]) -> set[str]:
    return {line.entry for line in lines}


async def test_copies_are_looked_at_when_a_name_changed_or_they_are_named(
    machines: tuple[Path, Path],
) -> None:
    here, there = machines
    await with_entries(here, 2)
    take(there, shared(here))
    folder, copy = folder_of(there), copy_in(there)
    at_rest(folder)
    listing = Listing(folder)
    assert copy in listing.look()
    assert copy not in listing.look()
    listing.touch(copy.name)
    assert copy in listing.look()
    assert copy not in listing.look()
    listing.forget()
    assert copy in listing.look()
    now = time.time()
    for _ in range(3):  # again within the same tick of the folder's time
        (folder / "aside").write_bytes(copy.read_bytes())
        (folder / "aside").replace(copy)
        os.utime(folder, (now, now))
        assert copy in listing.look()
        assert copy not in listing.look()


async def test_what_was_taken_in_is_not_read_again_and_all_else_is_told(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 4)
    lines = shared(here)
    folder, growth = begin(there, INCIDENT), Growth()
    incoming, outgoing = Incoming(folder, INCIDENT, growth), Outgoing(folder, INCIDENT, growth)
    incoming.take(lines[:2])
    assert ids(outgoing.look()) == {line.entry for line in lines[:2]}, "a file that is new is read"
    at_rest(folder)
    assert outgoing.look() == ()
    incoming.take(lines[2:])
    assert outgoing.look() == ()
    async with await together(there) as journal:
        (own,) = await journal.append(draft("mine"))
        assert ids(outgoing.look()) == {own.id}
        await redact(here, INCIDENT, lines[2].entry, "a name", "ana", ManualClock(), Redactor())
        (told,) = (line for line in shared(here) if '"kind":"redacted"' in line.line)
        at_rest(folder)
        incoming.take([told])
        again = outgoing.look()
    assert {told.entry, lines[2].entry} <= ids(again), "stones are told, so that they are put in place"
    assert all('body":null' in line.line for line in again if line.entry == lines[2].entry)
    assert texts(there)[:4] == texts(here)[:4]


async def test_a_copy_that_something_else_changed_is_read_anew(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 5)
    lines = shared(here)
    incoming = Incoming(begin(there, INCIDENT), INCIDENT)
    incoming.take(lines[:4])
    at_rest(folder_of(there))
    incoming.take(())
    copy = copy_in(there)
    whole = copy.read_bytes()
    copy.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    taken = incoming.take(lines[4:])
    assert (taken.entries, taken.waiting) == ((), 1)
    assert "was changed by something else" in taken.problems[0]
    assert incoming.take(()).waiting == 1, "and nothing is written over what is there"
    assert take(there, lines).problems == ()
    assert copy.read_bytes().startswith(whole)
    assert read(there, INCIDENT).entries == read(here, INCIDENT).entries
    assert verify(there, INCIDENT).problems == ()


async def test_a_journal_that_cannot_be_read_keeps_nothing_of_the_others_back(
    machines: tuple[Path, Path],
) -> None:
    here, there = machines
    await with_entries(here, 3)
    await with_entries(there, 2)
    take(there, shared(here))
    growth = Growth()
    outgoing = Outgoing(folder_of(there), INCIDENT, growth)
    at_rest(folder_of(there))
    copy = copy_in(there)
    whole = copy.read_bytes()
    copy.unlink()
    copy.mkdir()
    with pytest.raises(JournalError):
        outgoing.look()
    copy.rmdir()
    copy.write_bytes(whole)
    told = outgoing.look()
    assert ids(told) == {found(line).entry for line in told}
    assert ids(told) == {entry.id for entry in read(there, INCIDENT).entries}
    assert len(told) == len(ids(told)), "each is told once"
