"""What several consoles that work one incident tell each other, and what people are told of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# What is told of an entry beside its line, for whoever looks at the shared place with other tools.
SHOWN_TEXT = 1024


@dataclass(frozen=True, slots=True)
class SharedLine:
    """One line of a journal on its way to or from the shared place.

    Attributes:
        incident: whose journal it is.
        entry: the entry's id, under which it is shared.
        kind, occurred_at, actor, text: what the line says, for people with other tools; the text is cut
            to `SHOWN_TEXT` characters. Never read back: `line` alone counts.
        line: the journal's line to the letter, without its newline.
        header: the journal's first line to the letter, with the first entry alone; else "".
    """

    incident: str
    entry: str
    kind: str
    occurred_at: datetime
    actor: str
    text: str
    line: str
    header: str = ""


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line as it was found in the shared place: nothing of it is to be believed.

    Attributes:
        incident, entry, line, header: as they were shared.
        uid: the object's, so that this very one can be deleted.
        shared_at: when the server took it, by the server's clock; None where it does not say.
    """

    incident: str
    entry: str
    line: str
    header: str = ""
    uid: str = ""
    shared_at: datetime | None = None


class Link(StrEnum):
    """How the shared place can be reached now."""

    CONNECTING = "connecting"
    LIVE = "live"
    AWAY = "away"  # it does not answer, or not in time; it is tried again
    REFUSED = "refused"  # it answers, and lets us not read or not write


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works the incident in a console, as that console last told.

    Attributes:
        console: the console's id; unique, and the same after a restart.
        name: the login's own name.
        host: the machine.
        process: the console's process there.
        here: whether this is the very console that is asked.
        ago: since it was last heard of.
        gone: whether it left, or was not heard of for longer than its lease lasts.
        left: whether it said that it leaves; one that is gone otherwise may have crashed.
        unheard: whether all that is known of it is from before this console came: it is taken to be here.
        behind: entries of its journal that are not here yet.
        ahead: how far its clock is ahead of this machine's (negative: behind); None where not known.
    """

    console: str
    name: str
    host: str
    process: int
    here: bool
    ago: timedelta
    gone: bool = False
    behind: int = 0
    ahead: timedelta | None = None
    left: bool = False
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease: command of an incident, or the lock of a target.

    Attributes:
        console, name, host, process: as of `Person`; `console` is "" where a name alone was given.
        since: when it was taken, by the holder's clock; None where it does not say.
        what: what for, in short ("Reduce concurrency").
        incident: for which incident.
        here: whether it is the very console that is asked.
        gone: whether it was not renewed for longer than it lasts: anybody may take it over.
    """

    console: str
    name: str
    host: str = ""
    process: int = 0
    since: datetime | None = None
    what: str = ""
    incident: str = ""
    here: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class SharingStatus:
    """How an incident is shared now.

    Attributes:
        place: the shared place in a few words ("leeward in prod-eu").
        link: how it can be reached.
        said, remedy: why it cannot be, and what to do; "" while it can.
        since: since when the link is as it is.
        unsent: entries of this machine that are not there yet.
        awaited: entries of others that are not here yet, though later ones are.
        people: who is here, this console first; those who are gone last.
        command: who has command by its lease; None where nobody has, or it is not known.
        problems: what was refused of others' entries, in sentences.
        looks_on: the login may read and not write: entries of others come in, and this machine's stay here.
    """

    place: str
    link: Link = Link.CONNECTING
    said: str = ""
    remedy: str = ""
    since: datetime | None = None
    unsent: int = 0
    awaited: int = 0
    people: tuple[Person, ...] = ()
    command: Holder | None = None
    problems: tuple[str, ...] = ()
    looks_on: bool = False

    @property
    def others(self) -> tuple[Person, ...]:
        """Those who are here in other consoles."""
        return tuple(one for one in self.people if not one.here and not one.gone)


@dataclass(frozen=True, slots=True)
class SharedIncident:
    """An incident that lies in the shared place, as its entries tell.

    Attributes:
        id, title, open, drill: as the incident's.
        since: when it began; None where nothing tells.
        closed_at: when it was resolved; None while it is open.
        alerts: the fingerprints of the alerts that are part of it.
        commander: who has command.
        status_by: id of the entry that last said whether it is open; "" while it is as declared.
    """

    id: str
    title: str
    open: bool
    drill: bool
    since: datetime | None = None
    closed_at: datetime | None = None
    alerts: frozenset[str] = frozenset()
    commander: str = ""
    status_by: str = ""
