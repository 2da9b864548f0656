"""The two messages of the runbook, filled from the record; a person may edit what comes out."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from tui.model.incident import Status
from tui.model.severity import Severity
from tui.model.text import clean
from tui.model.times import clock
from tui.model.update import Audience

# A value is a line of the message: a title or a label may be of any length.
_LONGEST = 400
_PROMISE = re.compile(r"^\W*Next update\W*?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\b", re.I | re.M)
# A clock time that is over by less than this is a promise gone by, and none of tomorrow.
_GONE_BY = timedelta(hours=12)
# One of last night, asked after midnight, is so only while it is fresh: 13:00 may well be today's.
_GONE_BY_LAST_NIGHT = timedelta(hours=2)
NOBODY = "nobody yet"
NO_WORKAROUND = "none known yet"
FEATURES = "AI-powered features"
_WE_ARE = (
    "We are experiencing issues with our AI-powered features. Some users may see slower responses"
    " or temporary unavailability."
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the record knows of an incident that people are told.

    Attributes:
        severity: None is not set.
        impact: what users notice, in words.
        action: what is being done.
        next_update: when people hear more; None is not promised.
        commander: who has command, or "".
        features: the features that users know, as they are called to them.
        workaround: what users can do meanwhile, or "".
        at: the moment that the facts are of.
    """

    severity: Severity | None
    status: Status
    impact: str
    action: str
    next_update: datetime | None
    commander: str
    features: tuple[str, ...]
    workaround: str
    at: datetime


def filled(audience: Audience, facts: Facts) -> str:
    """The message for these people."""
    return internal(facts) if audience is Audience.INTERNAL else external(facts)


def internal(facts: Facts) -> str:
    """The message to our own people, as the runbook words it."""
    following = f"{clock(facts.next_update)} UTC" if facts.next_update else _no_next(facts)
    return "\n".join(
        (
            f":red_circle: {facts.severity or 'P?'} INCIDENT: Mistral AI Integration",
            f"**Status**: {facts.status.value.upper()}",
            f"**Impact**: {_line(facts.impact)}",
            f"**Action**: {_line(facts.action)}",
            f"**Next update**: {following}",
            f"**IC**: {f'@{_line(facts.commander)}' if facts.commander.strip() else NOBODY}",
        )
    )


def external(facts: Facts) -> str:
    """The message to those who use the service, as the runbook words it. Its first line is the title."""
    return "\n".join(
        (
            "AI Feature Degradation",
            _WE_ARE,
            "Our team is investigating with our AI provider.",
            f"Affected: {_line(', '.join(facts.features)) or FEATURES}",
            f"Workaround: {_line(facts.workaround) or NO_WORKAROUND}",
            f"Updated: {facts.at:%Y-%m-%d} {clock(facts.at)} UTC",
        )
    )


def promised(text: str, now: datetime, proposed: datetime | None) -> tuple[datetime | None, str]:
    """The next update that an edited message promises, and what is wrong with it or "".

    Args:
        now: the moment at which it would be sent.
        proposed: what the record proposed: it is meant where the text has its clock time, and where
            the text has none.
    """
    found = _PROMISE.search(text)
    if found is None:
        return proposed, ""
    hhmm = f"{int(found['hour']):02}:{found['minute']}"
    if proposed is not None and clock(proposed) == hhmm and proposed > now:
        return proposed, ""
    at = now.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=0, microsecond=0)
    last_night = at - timedelta(days=1)
    if (at <= now and now - at < _GONE_BY) or now - last_night < _GONE_BY_LAST_NIGHT:
        return None, f"the next update is promised for {hhmm} UTC, which is over"
    return (at if at > now else at + timedelta(days=1)), ""


def title_and_body(text: str) -> tuple[str, str]:
    """The first line that is not empty, and the rest: a status page keeps them apart."""
    title, _, body = text.strip().partition("\n")
    return title.strip(), body.strip()


def _no_next(facts: Facts) -> str:
    return "none, it is resolved" if facts.status is Status.RESOLVED else "when we know more"


def _line(text: str) -> str:
    return clean(text, limit=_LONGEST)
