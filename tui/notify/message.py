"""A message on its way: what is sent where, and how far it has come."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

from tui.model.update import Audience
from tui.notify.rendering import Fit


class State(StrEnum):
    """How far a message has come. Values are part of the outbox's format."""

    QUEUED = "queued"  # on disk, and not on its way: sending it is safe
    SENDING = "sending"  # on its way; found so after a crash, it is unknown
    SENT = "sent"
    FAILED = "failed"  # it did not arrive, and is not tried again
    UNKNOWN = "unknown"  # it may have arrived: never sent again without asking a person
    DROPPED = "dropped"  # a person gave it up


OVER = frozenset({State.SENT, State.DROPPED})


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one target.

    Attributes:
        target: the target's name, `slack`, `statuspage` or `pagerduty`.
        place: what a person calls the target, `Slack #incidents`.
        text: as the person confirmed it; rendered for the target when it is sent.
        status, severity: the incident's, when it was confirmed.
        notify: whether subscribers are notified, where the target does that.
        event, key: of PagerDuty: `acknowledge` or `resolve`, and of what.
        next_update: the next update that it promises.
        attempts: how often it was begun to be sent.
        not_before: when it may be tried again; None is at once.
        said, remedy: what the target last said against it, and what to do.
        refs: what the target calls it: a thread, an incident.
        told: whether the journal has an entry about its state.
    """

    id: str
    incident: str
    target: str
    place: str
    asked_at: datetime
    actor: str
    audience: Audience = Audience.INTERNAL
    text: str = ""
    status: str = "investigating"
    severity: str = ""
    notify: bool = True
    event: str = ""
    key: str = ""
    next_update: datetime | None = None
    state: State = State.QUEUED
    attempts: int = 0
    not_before: datetime | None = None
    changed_at: datetime | None = None
    said: str = ""
    remedy: str = ""
    refs: dict[str, str] = {}
    told: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt.

    Attributes:
        outcome: `sent`; `later`: refused in a way that is safe to repeat; `refused`: for good;
            `unknown`: the answer was lost after something was sent.
        said, remedy: in plain words, without anything secret.
        after: seconds that the target asks to wait, where it says so.
        refs: what the target calls the message.
    """

    outcome: Literal["sent", "later", "refused", "unknown"]
    said: str = ""
    remedy: str = ""
    after: float | None = None
    refs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a target answered when it was tested without sending anything. `works` None: cannot be told."""

    works: bool | None
    said: str
    remedy: str = ""


class Target(Protocol):
    """A place to which messages go."""

    name: str
    place: str
    audience: Audience | None  # None: no text goes there
    notifies: (
        bool | None
    )  # whether subscribers are notified unless a person says otherwise; None: it has none

    def fit(self, text: str) -> Fit:
        """How long the text is there, and what speaks against it."""
        ...

    async def send(self, message: Message, refs: dict[str, str]) -> Result:
        """Send it once. `refs` is what this target called the incident's messages before. Never raises."""
        ...

    async def check(self) -> Checked:
        """Whether it can be sent to, told without sending anything."""
        ...
