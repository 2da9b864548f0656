"""Snapshots of an incident that several consoles work, made by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import sights
from tui.model.incident import Applied, Kind
from tui.model.sharing import Holder, Link, Person, SharingStatus
from tui.session.snapshot import Arming, OpenIncident, Snapshot

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
# In the middle of a minute: a second that passes changes no word.
ARMED = Arming("prodeu", sights.NOW + timedelta(minutes=14, seconds=30))
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
    if "lock" in changes and changes["lock"] is None:
        return sights.armed(**{"arming": ARMED, "sharing": sharing(BO, CY, command=COMMAND_BO)} | changes)
    actions = (replace(sights.ACTIONS[0], blocked="bo is changing it"), *sights.ACTIONS[1:])
    held = {
        "arming": ARMED,
        "sharing": sharing(BO, CY, command=COMMAND_BO),
        "lock": LOCK_BO,
        "actions": actions,
    }
    return sights.armed(**held | changes)


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
        since=sights.ago(minutes=5),
        said="The shared place (leeward in prod-eu) refuses entries of responder.",
        remedy="Ask its administrator for the Role leeward-responder; leeward share check tells more.",
        unsent=2,
    )
    return sights.limited(**{"sharing": said} | changes)


def looking_on(**changes: Any) -> Snapshot:
    """The login may read the shared place, and not write there."""
    said = sharing(
        BO,
        CY,
        command=COMMAND_BO,
        said="viewer may not create entries.leeward.dev in leeward of prod-eu; nothing was changed.",
        remedy="Ask an administrator for a Role with create on entries.leeward.dev in leeward.",
        unsent=2,
        looks_on=True,
    )
    return sights.limited(**{"sharing": said} | changes)


def joined(**changes: Any) -> Snapshot:
    """This console joined an incident in which a change was without effect and another is being made."""
    first = replace(sights.ENTRIES[1], data={"severity": "P2"})
    came = sights.entry(sights.NOW, Kind.JOINED, "after 19 min", 80, away_s=1140, last=first.id)
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
        by=BO.name,
    )
    entries = (sights.ENTRIES[0], first, *sights.ENTRIES[2:], came)
    incident = replace(sights.INCIDENT, mitigations=(made,), commander="bo")
    return changing(**{"entries": entries, "incident": incident, "came": came.id} | changes)


def crowd(**changes: Any) -> Snapshot:
    """One whose clock is off, one of the same login, one who is gone; an entry of theirs was refused."""
    said = sharing(
        replace(BO, ahead=timedelta(minutes=3), behind=3),
        MINE,
        replace(CY, gone=True, ago=timedelta(minutes=4)),
        command=COMMAND_BO,
        awaited=2,
        problems=("An entry of cy was refused: its digest does not match what it says.",),
    )
    return changing(**{"sharing": said} | changes)


def unlocked(**changes: Any) -> Snapshot:
    """Armed, while the shared place does not answer."""
    return away(**{"arming": ARMED} | changes)


def offered(**changes: Any) -> Snapshot:
    """No incident is open here; one is shared, by ada, and not on this machine."""
    one = OpenIncident(
        sights.ID, "rate limited", sights.ago(hours=2), shared=True, here=False, commander="ada"
    )
    return sights.looking(**{"open_incidents": (one,)} | changes)


def deserted(**changes: Any) -> Snapshot:
    """bo has command, and was not heard of for 2 min."""
    gone = replace(BO, gone=True, ago=timedelta(minutes=2))
    return together(**{"sharing": sharing(gone, CY, command=replace(COMMAND_BO, gone=True))} | changes)
