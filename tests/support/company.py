"""Snapshots of an incident that several consoles work, made by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import sights
from tui.model.incident import Applied, Kind
from tui.model.sharing import Holder, Link, Person, SharingStatus
from tui.session.snapshot import Snapshot

ME = Person("c0" * 8, "responder", "laptop", 41, here=True, ago=timedelta(0))
BO = Person("b0" * 8, "bo", "web1", 4711, here=False, ago=timedelta(seconds=2))
CY = Person("cc" * 8, "cy", "web2", 12, here=False, ago=timedelta(seconds=1))
MINE = Person("c1" * 8, "responder", "devbox", 71, here=False, ago=timedelta(seconds=3))
GONE = replace(BO, ago=timedelta(seconds=40), gone=True)

COMMAND_ME = Holder(
    ME.console, "responder", "laptop", 41, sights.ago(minutes=19), incident=sights.ID, here=True
)
COMMAND_BO = Holder(BO.console, "bo", "web1", 4711, sights.ago(minutes=9), incident=sights.ID)
LOCK_BO = Holder(
    BO.console,
    "bo",
    "web1",
    4711,
    datetime(2026, 11, 23, 15, 20, tzinfo=UTC),
    "Raise timeout",
    sights.ID,
)
LIVE = SharingStatus("leeward in prod-eu", Link.LIVE, since=sights.ago(minutes=19), people=(ME,))


def sharing(*others: Person, **changes: Any) -> SharingStatus:
    """A live place with these others here."""
    return replace(LIVE, **{"people": (ME, *others), "command": COMMAND_ME} | changes)


def alone(**changes: Any) -> Snapshot:
    """A console that shares its incident and is alone with it."""
    return sights.limited(**{"sharing": LIVE} | changes)


def together(**changes: Any) -> Snapshot:
    """Two others are here, and bo has command."""
    return sights.limited(**{"sharing": sharing(BO, CY, command=COMMAND_BO)} | changes)


def changing(**changes: Any) -> Snapshot:
    """bo changes the target now."""
    return sights.armed(**{"sharing": sharing(BO, CY, command=COMMAND_BO), "lock": LOCK_BO} | changes)


def away(**changes: Any) -> Snapshot:
    """The shared place does not answer; bo was last heard of 3 min ago."""
    lost = sharing(
        replace(BO, ago=timedelta(minutes=3), gone=True),
        link=Link.AWAY,
        since=sights.ago(minutes=3),
        said="The shared place (leeward in prod-eu) does not answer: no connection.",
        remedy="Entries are kept here and sent when it answers.",
        unsent=4,
    )
    return sights.limited(**{"sharing": lost} | changes)


def refused(**changes: Any) -> Snapshot:
    """The shared place lets us not write."""
    said = sharing(
        BO,
        link=Link.REFUSED,
        since=sights.ago(minutes=1),
        said="The shared place (leeward in prod-eu) refuses entries of responder.",
        remedy="Ask its administrator for the Role leeward-responder; leeward share check tells more.",
        unsent=2,
    )
    return sights.limited(**{"sharing": said} | changes)


def joined(**changes: Any) -> Snapshot:
    """This console joined an incident in which a change was without effect and another is being made."""
    first = replace(sights.ENTRIES[1], data={"severity": "P2"})
    came = sights.entry(sights.NOW, Kind.JOINED, "after 19 min", 80, away_s=1140, last="0")
    made = Applied(
        "i1",
        "reduce-concurrency",
        "Reduce concurrency",
        "MAX_CONCURRENT_MISTRAL",
        "10",
        "3",
        sights.ago(minutes=12),
        "applied",
        "ineffective",
        "ineffective: 1.3/s → 1.2/s",
        console=BO.console,
    )
    entries = (sights.ENTRIES[0], first, *sights.ENTRIES[2:], came)
    incident = replace(sights.INCIDENT, mitigations=(made,), commander="bo")
    return changing(**{"entries": entries, "incident": incident, "came": came.id} | changes)
