"""Following a journal that somebody else writes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tui.model.clock import Clock, either
from tui.model.incident import Entry
from tui.record.folder import incident_folder, journals
from tui.record.growing import goes_on, tail_of
from tui.record.reading import parsed

POLL = 0.5
# Which file it was, up to where it was read, and what stood before that.
_Place = tuple[int, int, bytes]


async def follow(
    state_dir: Path,
    incident_id: str,
    clock: Clock,
    *,
    knows: Callable[[str], bool] | None = None,
    every: float = POLL,
    without: str = "",
    wake: asyncio.Event | None = None,
) -> AsyncIterator[tuple[Entry, ...]]:
    """Yield the entries that others add, some at a time, as they come; never ends by itself.

    A journal or folder that is gone is waited for. Only whole lines are read; an entry whose
    writer fails to put it on disk after all may have been yielded.

    Args:
        knows: whether whoever takes what is yielded has an entry, by its id. Without it what was yielded is
            kept in mind here, a second time.
        every: seconds between two looks.
        without: the name of a journal that is not followed: one's own.
        wake: to be set by whoever knows that there is something: the next look comes at once.
    """
    folder = incident_folder(state_dir, incident_id)
    yielded: set[str] = set()
    offsets: dict[str, _Place] = {}
    wake = wake or asyncio.Event()
    while True:
        # In a thread, all of it: fifty journals may have grown by thousands of entries.
        fresh = await asyncio.to_thread(
            _news, folder, offsets, incident_id, without, knows or yielded.__contains__
        )
        if knows is None:
            yielded.update(entry.id for entry in fresh)
        if fresh:
            yield fresh
        await either(wake, clock, every)
        wake.clear()


def _news(
    folder: Path, offsets: dict[str, _Place], incident_id: str, without: str, knows: Callable[[str], bool]
) -> tuple[Entry, ...]:
    """What was added and is not known, in the order of the ids.

    One journal after the other: at first all are read, and what is known already need not be kept as long.
    """
    followed = (path for path in journals(folder) if path.name != without)
    added = (entry for path in followed for entry in _added(path, offsets, incident_id))
    return tuple(sorted((entry for entry in added if not knows(entry.id)), key=lambda entry: entry.id))


def _added(path: Path, offsets: dict[str, _Place], incident_id: str) -> tuple[Entry, ...]:
    """The entries of the whole lines that were added since the last look.

    A redaction puts another file in the journal's place, which is read from its beginning.
    """
    file_was, offset, tail = offsets.get(path.name, (0, 0, b""))
    try:
        found = path.stat()
        if found.st_size < offset or found.st_ino != file_was:
            offset = 0
        if found.st_size == offset:
            return ()
        with path.open("rb") as file:
            if not offset or not goes_on(file, offset, tail):
                offset, tail = 0, b""
            file.seek(offset)
            data = file.read()
    except OSError:
        return ()
    whole = data[: data.rfind(b"\n") + 1]
    offsets[path.name] = (found.st_ino, offset + len(whole), tail_of(tail, whole))
    return parsed(path.name, whole, incident_id, header=offset == 0).entries
