"""A console that may not write follows the one that does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from tests.record.helpers import INCIDENT, create, draft, journal_file
from tests.support.clock import ManualClock
from tui.model.incident import Entry
from tui.record.following import follow
from tui.record.reading import read


async def _next(news: AsyncIterator[tuple[Entry, ...]], clock: ManualClock) -> list[str]:
    waiting = asyncio.ensure_future(anext(news))
    for _ in range(500):
        await clock.advance(0.5)
        await asyncio.sleep(0.001)
        if waiting.done():
            return [entry.text for entry in await waiting]
    raise AssertionError("nothing came")


async def test_entries_come_once_and_only_when_their_line_is_whole(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await create(tmp_path) as writer:
        await writer.append(draft("known"))
        news = follow(
            tmp_path,
            INCIDENT,
            clock,
            knows={entry.id for entry in read(tmp_path, INCIDENT).entries}.__contains__,
        )
        await writer.append(draft("one"), draft("two"))
        assert await _next(news, clock) == ["one", "two"]
        await writer.append(draft("three"))
        assert await _next(news, clock) == ["three"]
    path = journal_file(tmp_path)
    line = path.read_bytes().splitlines(keepends=True)[-1].replace(b'"id":"0', b'"id":"1')
    with path.open("ab", buffering=0) as file:
        file.write(line[:50])
        waiting = asyncio.ensure_future(anext(news))
        for _ in range(10):
            await clock.advance(0.5)
            await asyncio.sleep(0.002)
        assert not waiting.done()
        file.write(line[50:])
        while not waiting.done():
            await clock.advance(0.5)
            await asyncio.sleep(0.002)
    assert [entry.text for entry in await waiting] == ["three"]
    await news.aclose()


async def test_a_folder_that_goes_and_comes_back_is_waited_for(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await create(tmp_path) as writer:
        await writer.append(draft("one"))
    folder = journal_file(tmp_path).parent
    folder.rename(tmp_path / "away")
    news = follow(tmp_path, INCIDENT, clock)
    waiting = asyncio.ensure_future(anext(news))
    for _ in range(10):
        await clock.advance(0.5)
        await asyncio.sleep(0.002)
    assert not waiting.done()
    (tmp_path / "away").rename(folder)
    while not waiting.done():
        await clock.advance(0.5)
        await asyncio.sleep(0.002)
    assert [entry.text for entry in await waiting] == ["one"]
    await news.aclose()
