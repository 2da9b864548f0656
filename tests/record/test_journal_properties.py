"""Whatever is appended, and wherever a crash tears the file, what was acknowledged is there."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.helpers import INCIDENT, create, draft, journal_file, reopen
from tui.model.incident import Entry
from tui.record.reading import read
from tui.record.verification import verify

texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
drafts = st.builds(lambda text, data: draft(text, data=data), texts, values)
sessions = st.lists(st.lists(st.lists(drafts, min_size=1, max_size=4), max_size=4), min_size=1, max_size=3)


@given(sessions)
@settings(max_examples=60)
def test_every_entry_of_every_session_is_read_back(written: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        entries = asyncio.run(_write(Path(folder), written))
        assert read(Path(folder), INCIDENT).entries == entries
        report = verify(Path(folder), INCIDENT)
        assert report.whole
        assert report.entries == len(entries)


@given(st.lists(drafts, min_size=1, max_size=5), st.data())
@settings(max_examples=80)
def test_a_tear_at_any_byte_keeps_the_entries_before_it(written: list[Any], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = asyncio.run(_write(folder, [[written]]))
        path = journal_file(folder)
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        kept = max(whole[:cut].count(b"\n") - 1, 0)
        assert read(folder, INCIDENT).entries == entries[:kept]
        asyncio.run(_go_on(folder))
        assert [e.text for e in read(folder, INCIDENT).entries] == [*(e.text for e in entries[:kept]), "on"]
        # A crash can tear only what was never acknowledged; anything else is named.
        assert verify(folder, INCIDENT).whole == (kept == len(entries))


async def _write(folder: Path, written: list[Any]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    journal = await create(folder)
    for session in written:
        for batch in session:
            entries += await journal.append(*batch)
        await journal.close()
        journal = await reopen(folder)
    await journal.close()
    return tuple(entries)


async def _go_on(folder: Path) -> None:
    async with await reopen(folder) as journal:
        await journal.append(draft("on"))
