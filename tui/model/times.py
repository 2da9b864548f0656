"""How moments and spans are written, for people and for machines. UTC everywhere."""

from datetime import UTC, datetime, timedelta


def rfc3339(moment: datetime) -> str:
    """`2026-11-23T15:03:11.042Z`: UTC, milliseconds, as JSON and the journal carry it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """The aware moment in UTC. Raises ValueError where the text has no time zone or is no time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """`15:03` or `15:03:11`, in UTC."""
    # A sixth of what strftime takes: a long timeline asks a hundred thousand times.
    text = moment.astimezone(UTC).time().isoformat("seconds")
    return text if seconds else text[:5]


def date_and_time(moment: datetime) -> str:
    """`2026-11-23 15:03 UTC`: for what may lie on another day."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """A length for a person: seconds under two minutes, then minutes, hours, days.

    `47 s`, `19 min`, `2 h 5 min`, `3 days`.
    """
    total = max(int(length.total_seconds()), 0)
    if total < 120:
        return f"{total} s"
    minutes = total // 60
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} days"


def hours_minutes(length: timedelta) -> str:
    """`1h 23m`, the form of the postmortem's Duration."""
    minutes = max(int(length.total_seconds()), 0) // 60
    return f"{minutes // 60}h {minutes % 60}m"
