"""Lines that came before the line they go on from. Pure; bounded, since anybody may send such."""

from collections import defaultdict
from collections.abc import Callable

from tui.record.arrival import Arrival

MOST = 10_000
MOST_BYTES = 64 * 1024 * 1024


class Waiting:
    """Lines by the hash of the line that must come first. The oldest go where there are too many."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._by_id: dict[str, Arrival] = {}
        self._after: defaultdict[str, list[str]] = defaultdict(list)
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._by_id

    @property
    def longest(self) -> str:
        """The id of what waits longest; "" where nothing does."""
        return next(iter(self._by_id), "")

    def add(self, one: Arrival) -> None:
        """Keep it. One whose id waits already is not kept again."""
        if one.entry.id in self._by_id:
            return
        self._by_id[one.entry.id] = one
        self._after[one.prev].append(one.entry.id)
        self._bytes += len(one.line)
        while len(self._by_id) > self._most or self._bytes > self._most_bytes:
            self._take(next(iter(self._by_id)))
            self._dropped += 1

    def after(self, hash_: str) -> list[Arrival]:
        """What waited for this line; it waits no more."""
        return [self._take(one) for one in tuple(self._after.get(hash_, ()))]

    def ready(self, linked: Callable[[str], bool]) -> list[Arrival]:
        """What could be placed by now, since it is known on what it goes on; it waits no more."""
        could = [one.entry.id for one in self._by_id.values() if one.header or linked(one.prev)]
        return [self._take(one) for one in could]

    def dropped(self) -> int:
        """How many went since this was last asked."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def _take(self, entry_id: str) -> Arrival:
        one = self._by_id.pop(entry_id)
        self._bytes -= len(one.line)
        left = self._after[one.prev]
        left.remove(entry_id)
        if not left:
            del self._after[one.prev]
        return one
