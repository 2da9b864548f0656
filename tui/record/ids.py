"""Ids of incidents and of entries."""

import os
import re
from datetime import datetime
from random import Random

from tui.record.errors import NoSuchIncident

_INCIDENT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u; sorts as its values do
_LENGTH = 26
_COUNTER_BITS = 16
_RANDOM_BITS = 64
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}


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


class EntryIds:
    """Ids that sort by time of recording, and never collide between machines.

    26 lower-case characters: 48 bits of milliseconds, a counter of 16 bits, 64 random bits. They
    rise even where the clock is set back: time then stands still until the clock has caught up.
    """

    def __init__(self, last: str = "") -> None:
        """`last` is the id after which these come; "" where there is none."""
        value = _decoded(last) >> _RANDOM_BITS
        self._milliseconds, self._counter = value >> _COUNTER_BITS, value & ((1 << _COUNTER_BITS) - 1)

    def next(self, now: datetime) -> str:
        """The next id, for an entry that is recorded now."""
        milliseconds = int(now.timestamp() * 1000)
        if milliseconds > self._milliseconds:
            self._milliseconds, self._counter = milliseconds, 0
        else:
            self._counter += 1
            if self._counter >> _COUNTER_BITS:
                self._milliseconds, self._counter = self._milliseconds + 1, 0
        moment = (self._milliseconds << _COUNTER_BITS) | self._counter
        return _encoded((moment << _RANDOM_BITS) | int.from_bytes(os.urandom(8), "big"))


def _encoded(value: int) -> str:
    return "".join(_DIGITS[(value >> shift) & 31] for shift in range((_LENGTH - 1) * 5, -1, -5))


def _decoded(text: str) -> int:
    """The value of an id; 0 for what is none (an id of a later format)."""
    if len(text) != _LENGTH or not all(digit in _VALUES for digit in text):
        return 0
    value = 0
    for digit in text:
        value = value << 5 | _VALUES[digit]
    return value & ((1 << 128) - 1)
