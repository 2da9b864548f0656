"""Matchers and silences as Alertmanager has them."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.drill.metrics import Matcher

_MATCHER = re.compile(r'\s*([A-Za-z_:][\w:]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"{},]*?)\s*')


def matcher(text: str) -> Matcher:
    """`alertname="X"` as a matcher. Raises ValueError with Alertmanager's words."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ValueError(f"bad matcher format: {text}")
    name, op, value = found.groups()
    try:
        made = Matcher(name, op, json.loads(value) if value.startswith('"') else value)
        made.test()
    except (ValueError, re.error):
        raise ValueError(f"bad matcher format: {text}") from None
    return made


def matches(matchers: tuple[Matcher, ...], labels: Mapping[str, str]) -> bool:
    """Whether every matcher accepts the labels."""
    return all(m.test()(labels.get(m.name, "")) for m in matchers)


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence; times are seconds since the epoch, `told` what the person sent."""

    id: str
    matchers: tuple[Matcher, ...]
    starts: float
    ends: float
    updated: float
    told: Mapping[str, Any]

    def state(self, now: float) -> str:
        """pending, active or expired."""
        if now < self.starts:
            return "pending"
        return "active" if now < self.ends else "expired"


class Silences:
    """All silences of an Alertmanager."""

    def __init__(self) -> None:
        self._all: dict[str, Silence] = {}

    def all(self) -> tuple[Silence, ...]:
        """Every silence, expired ones included."""
        return tuple(self._all.values())

    def get(self, silence_id: str) -> Silence | None:
        """The silence of this id."""
        return self._all.get(silence_id)

    def put(self, told: Mapping[str, Any], starts: float, ends: float, now: float) -> Silence:
        """Make or replace a silence.

        Raises ValueError in Alertmanager's words, KeyError for an id that is not known.
        """
        silence_id = str(told.get("id") or "")
        if silence_id and silence_id not in self._all:
            raise KeyError(silence_id)
        if ends <= starts:
            raise ValueError("Failed to create silence: start time must be before end time")
        if ends <= now:
            raise ValueError("Failed to create silence: end time can't be in the past")
        given = tuple(_given(one) for one in told["matchers"])
        if not given:
            raise ValueError("silence invalid: at least one matcher required")
        silence = Silence(silence_id or str(uuid.uuid4()), given, starts, ends, now, told)
        self._all[silence.id] = silence
        return silence

    def expire(self, silence_id: str, now: float) -> bool:
        """End a silence now; False where there is none."""
        found = self._all.get(silence_id)
        if found is None:
            return False
        ends = min(found.ends, now)
        self._all[silence_id] = Silence(found.id, found.matchers, found.starts, ends, now, found.told)
        return True

    def silencing(self, labels: Mapping[str, str], now: float) -> tuple[str, ...]:
        """Ids of the active silences that hold these labels."""
        return tuple(s.id for s in self.all() if s.state(now) == "active" and matches(s.matchers, labels))


def _given(one: Mapping[str, Any]) -> Matcher:
    op = ("=~" if one["isRegex"] else "=") if one.get("isEqual", True) else ("!~" if one["isRegex"] else "!=")
    made = Matcher(str(one["name"]), op, str(one["value"]))
    try:
        made.test()
    except re.error as error:
        raise ValueError(f"silence invalid: invalid label matcher: {error}") from None
    return made
