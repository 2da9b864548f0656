"""How far this machine's clock is from the servers', by the `Date` of their answers.

Every client tells what it heard; what is kept is the last of each server. It is the machine's own clock
that is compared, whatever clock the console goes by.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tui.model.skew import Heard

MOST = 32
# `Date` has whole seconds: the moment meant is half a second later, give or take.
_HALF = timedelta(seconds=0.5)

wall: Callable[[], float] = time.time
_heard: dict[str, Heard] = {}


def hear(server: str, headers: Mapping[str, str], took: float = 0.0) -> None:
    """Take the answer of a server: its headers by lower-case names, and the seconds that it took.

    An answer out of a cache tells when it was put there, and is not taken.
    """
    said = headers.get("date")
    if not said or headers.get("age", "0") != "0":
        return
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError, OverflowError):
        return
    if at.tzinfo is None:
        return
    now = datetime.fromtimestamp(wall(), UTC)
    if server not in _heard and len(_heard) >= MOST:
        _heard.pop(next(iter(_heard)))
    _heard[server] = Heard(server, now - at - _HALF, _HALF + timedelta(seconds=min(max(took, 0.0), 60.0)))


def heard() -> tuple[Heard, ...]:
    """What was heard last of each server."""
    return tuple(_heard.values())


def ahead_of(server: str) -> timedelta:
    """How far this machine's clock is ahead of a server's; nothing where they agree, or none was heard."""
    found = _heard.get(server)
    return found.ahead if found is not None and found.differs else timedelta()


def forget() -> None:
    """Forget all of it."""
    _heard.clear()
