"""A reading: what one probe answered, once.

`facts` is what the tree can test. Three cases must stay apart:

- a fact that is **present** is known;
- a fact that is present and **None** is known to be nothing (a connection that timed out has
  no HTTP status), so comparing it gives a plain *no*;
- a fact that is **absent** is unknown, and so is every fact of a reading that is `unknown`,
  `unset` or stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    # They bring patterns and addresses with them, which the first paint does without.
    from tui.model.change import Change
    from tui.model.log_shapes import LogShapes
    from tui.model.network_policy import EgressView

Fact = str | int | float | bool | tuple[str, ...] | None

NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


class State(StrEnum):
    """How a thing is. `UNSET` says that the settings do not name it."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    UNSET = "unset"


class Check(StrEnum):
    """The seven checks, by the names that `leeward triage --json` promises, in screen order."""

    MISTRAL_API = "mistral_api"
    SERVICE = "service"
    ERROR_RATE = "error_rate"
    STATUS_PAGE = "status_page"
    NETWORK = "network"
    WORKLOAD = "workload"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: a value at each moment, None where nothing is known."""

    label: str
    points: tuple[tuple[datetime, float | None], ...]
    unit: str = "/s"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as Alertmanager tells it; `fingerprint` names it across polls and restarts."""

    fingerprint: str
    name: str
    severity: str
    summary: str
    starts_at: datetime
    state: str  # active | suppressed | unprocessed
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeaseSeen:
    """A temporary change that is written on an object in the cluster, as found there.

    `value` is what the lease says was set and `live` what the object has now: when they
    differ, somebody overwrote it, `overwritten_by` where the server tells. `previous` None means
    that the variable was unset.
    """

    incident: str
    mitigation: str
    variable: str
    value: str
    previous: str | None
    live: str | None
    owner: str
    until: datetime
    applied_at: datetime
    overwritten_by: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit of the provider's and what is left of it, None where only the other is told.

    `what` is `requests` or `tokens`, `window` `minute` or `month`.
    """

    what: str
    window: str
    limit: int | None
    remaining: int | None


Detail: TypeAlias = "Series | Alert | LeaseSeen | Allowance | EgressView | LogShapes | Change"
D = TypeVar("D", Series, Alert, LeaseSeen, Allowance, "EgressView", "LogShapes", "Change")


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of one probe.

    Attributes:
        check: which probe answered.
        state: ok, warn, fail, unknown or unset.
        summary: the answer in a few words, without the check's name ("429, our rate limit (1300)").
            At most about 60 columns; already redacted and free of control characters.
        at: when the answer was in (UTC).
        facts: what the tree can test; see the module's docstring.
        latency: how long the world took to answer; None where nothing was asked.
        origin: from where it was asked: `here`, `pods`, or the server that told it.
        evidence: whole sentences that stand for this reading as evidence, best first; empty
            means that the summary is the evidence.
        note: a second line for the screen ("requests 0 of 600 left this minute"), or "".
        remedy: what a person can do about it, or "".
        details: what came with the answer for a page to show: series, alerts, leases, and so on.
    """

    check: Check
    state: State
    summary: str
    at: datetime
    facts: Mapping[str, Fact] = field(default_factory=lambda: NO_FACTS)
    latency: timedelta | None = None
    origin: str = "here"
    evidence: tuple[str, ...] = ()
    note: str = ""
    remedy: str = ""
    details: tuple[Detail, ...] = ()

    @property
    def latency_ms(self) -> float | None:
        """The latency in milliseconds, to one decimal."""
        return None if self.latency is None else round(self.latency.total_seconds() * 1000, 1)

    @property
    def known(self) -> bool:
        """Whether the world said anything that can be reasoned with."""
        return self.state not in (State.UNKNOWN, State.UNSET)

    def of(self, kind: type[D]) -> tuple[D, ...]:
        """The details of one kind, in their order."""
        return tuple(detail for detail in self.details if isinstance(detail, kind))


@dataclass(frozen=True, slots=True)
class Held:
    """A check's place on the screen: its last answer, and whether that is still good.

    `good` is the last reading that was known, kept when a later one is not, so that the screen
    can show it dimmed with its age. A reading is stale after `max_age`.
    """

    latest: Reading
    good: Reading | None
    max_age: timedelta

    def stale(self, now: datetime) -> bool:
        """Whether the latest answer is too old to reason with."""
        return now - self.latest.at > self.max_age

    def usable(self, now: datetime) -> bool:
        """Whether the tree may test the latest answer's facts."""
        return self.latest.known and not self.stale(now)
