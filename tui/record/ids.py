"""Ids of incidents and of entries."""

import os
import re
import threading
from datetime import datetime, timedelta
from random import Random

from tui.record.errors import NoSuchIncident

_INCIDENT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u; sorts as its values do
_LENGTH = 26
_COUNTER_BITS = 16
_RANDOM_BITS = 64
_AS_PYTHON = str.maketrans(_DIGITS, "0123456789abcdefghijklmnopqrstuv")
_ANY = re.compile(rf"[{_DIGITS}]{{{_LENGTH}}}")
_ENTRY = re.compile(rf"[0-7][{_DIGITS}]{{25}}")
# An id that was seen and is further ahead of this machine's clock than this is not followed: a console with
# a wrong clock, or a forged id, would else pull everybody's along with it.
FOLLOWED = timedelta(minutes=10)
# The year 9999. What is later is no moment, and so near the end that there may be no later one.
_LAST = 253_402_300_800_000


def new_incident_id(now: datetime, rng: Random) -> str:
    """`inc-20261123-1503-7f3a`: the minute (UTC) and four hex digits."""
    return f"inc-{now:%Y%m%d-%H%M}-{rng.getrandbits(16):04x}"


def checked(incident_id: str) -> str:
    """The id itself, if it is one. Raises NoSuchIncident: an id is used as a folder's name."""
    if _INCIDENT.fullmatch(incident_id) is None:
        raise NoSuchIncident(
            f"{incident_id[:80]!r} is no incident id: lower-case letters, digits and dashes only.",
            "`leeward incidents` lists the ids.",
        )
    return incident_id


def is_entry_id(text: str) -> bool:
    """Whether this is an id as `EntryIds` makes them: safe in names, addresses and files."""
    return _ENTRY.fullmatch(text) is not None


class EntryIds:
    """Ids that sort by time of recording, and never collide between machines. Safe for threads.

    26 lower-case characters: 48 bits of milliseconds, a counter of 16 bits, 64 random bits. They
    rise even where the clock is set back: time then stands still until the clock has caught up.
    """

    def __init__(self, last: str = "") -> None:
        """`last` is the id after which these come; "" where there is none."""
        value = _decoded(last) >> _RANDOM_BITS
        self._moment = value if value >> _COUNTER_BITS < _LAST else 0
        self._turn = threading.Lock()

    def saw(self, entry_id: str, now: datetime) -> None:
        """Make later ids come after this one of another writer, unless it is far ahead of our clock."""
        moment = _decoded(entry_id) >> _RANDOM_BITS
        if moment <= _moment(now + FOLLOWED):
            with self._turn:
                self._moment = max(self._moment, moment)

    def next(self, now: datetime) -> str:
        """The next id, for an entry that is recorded now."""
        with self._turn:
            # Where the counter is full, the next millisecond begins.
            self._moment = max(self._moment + 1, _moment(now))
            return _encoded((self._moment << _RANDOM_BITS) | int.from_bytes(os.urandom(8), "big"))


def latest_followed(now: datetime) -> str:
    """What no id is above that is followed now: see `EntryIds.saw`."""
    return _encoded(((_moment(now + FOLLOWED) + 1) << _RANDOM_BITS) - 1)


def _moment(now: datetime) -> int:
    return int(now.timestamp() * 1000) << _COUNTER_BITS


def _encoded(value: int) -> str:
    return "".join(_DIGITS[(value >> shift) & 31] for shift in range((_LENGTH - 1) * 5, -1, -5))


def _decoded(text: str) -> int:
    """The value of an id; 0 for what is none (an id of a later format)."""
    if _ANY.fullmatch(text) is None:
        return 0
    return int(text.translate(_AS_PYTHON), 32) & ((1 << 128) - 1)
