"""A console that writes what no console would: lines that are right by the format, and wrong in all else."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.consoles import INCIDENT, Console
from tui.model.incident import Draft, Kind
from tui.model.sharing import FoundLine
from tui.record import lines
from tui.record.ids import EntryIds
from tui.record.incoming import Incoming, Taken
from tui.record.shared import CopierLock, begin

MALLORY = "bad0" * 4


class Mallory:
    """Writes one chain of its own; each line is as a journal would have it, whatever it says."""

    def __init__(self, incident: str = INCIDENT, writer: str = "evil") -> None:
        self.incident = incident
        self._ids = EntryIds()
        self._header = lines.header_line(incident, writer, datetime.now(UTC))
        self._prev = lines.hash_of_line(self._header)
        self._count = itertools.count()
        self.written: list[FoundLine] = []

    def says(
        self,
        kind: Kind | str,
        data: Any = None,
        text: str = "so it was",
        actor: str = "mallory",
        at: datetime | None = None,
        entry_id: str = "",
    ) -> FoundLine:
        """One more line. `data` is anything that JSON can hold."""
        now = datetime.now(UTC)
        draft = Draft(kind, text, at or now, actor, data if data is not None else {})  # type: ignore[arg-type]
        made = lines.content(draft)
        entry, line, self._prev = lines.chained(made, entry_id or self._ids.next(now), now, self._prev)
        header = self._header.decode().rstrip("\n") if next(self._count) == 0 else ""
        found = FoundLine(self.incident, entry.id, line.decode().rstrip("\n"), header)
        self.written.append(found)
        return found


def took(state_dir: Path, found: Iterable[FoundLine], incident: str = INCIDENT) -> Taken:
    """As the copier of this machine takes it in."""
    folder = begin(state_dir, incident)
    lock = CopierLock(folder)
    assert lock.try_take()
    try:
        return Incoming(folder, incident).take(found)
    finally:
        lock.release()


async def heard(console: Console, state_dir: Path, found: Iterable[FoundLine]) -> None:
    """The console has taken it in and folded it."""
    found = tuple(found)
    assert not took(state_dir, found).problems
    console.chronicle.wake.set()
    await console.until(lambda: all(console.chronicle.knows(one.entry) for one in found))


def intent(uid: str, mitigation: str, **changed: Any) -> dict[str, Any]:
    """What an intent says, as if made on the very object that the console changes, by one that is gone."""
    data: dict[str, Any] = {
        "mitigation": mitigation,
        "title": mitigation,
        "change": "env",
        "variable": "MAX_CONCURRENT_MISTRAL",
        "before": "99",
        "after": "10",
        "reversible": True,
        "mark": {},
        "console": MALLORY,
        "target": {
            "context": "as mallory calls it",
            "namespace": "prod",
            "deployment": "mistral-service",
            "container": "mistral-service",
            "uid": uid,
        },
    }
    return {**data, **changed}
