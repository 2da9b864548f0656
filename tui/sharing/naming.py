"""What the leases of consoles are called and what stands in them; read as written by strangers. Pure."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from tui.clients.leases import LeaseObject
from tui.model.sharing import Holder, Person
from tui.model.text import clean

HERE = "leeward-here-"
COMMAND = "leeward-command-"
LOCK = "leeward-lock-"

CONSOLE = "leeward.dev/console"
NAME = "leeward.dev/name"
HOST = "leeward.dev/host"
PROCESS = "leeward.dev/process"
RUN = "leeward.dev/run"
INCIDENT = "leeward.dev/incident"
WHAT = "leeward.dev/what"
LAST = "leeward.dev/last"

# What tells this process from every other: of two containers, name and process number may be the same.
THIS_RUN = secrets.token_hex(8)
# The bounds of `sharing.lease`: what a lease says beyond them is not believed. Seconds.
LONGEST = 600.0
SHORTEST = 1.0

_NAME_LIMIT = 80
_HOST_LIMIT = 64
_WHAT_LIMIT = 120
_MOST_PROCESS = 2**31 - 1
_CONSOLE_ID = re.compile(r"[0-9a-f]{16}")
_ENTRY_ID = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")
_OBJECT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Console:
    """Who we are in the leases.

    Attributes:
        id: the console's id, 16 hex digits: unique, and the same after a restart.
        name: the login's own name.
        host, process: the machine, and the process there.
        run: which process it is for sure; "" where that is not known.
    """

    id: str
    name: str
    host: str
    process: int
    run: str = THIS_RUN

    @property
    def holder(self) -> str:
        """The holderIdentity."""
        return f"{self.name}@{self.host}:{self.process}"

    def is_in(self, lease: LeaseObject) -> bool:
        """Whether this very process holds the lease."""
        told = lease.annotations
        return self.was_in(lease) and (_process(told), told.get(RUN)) == (self.process, self.run)

    def was_in(self, lease: LeaseObject) -> bool:
        """Whether this console holds it, if from before a restart.

        One journal has one writer on one machine, so that there is no other process of that id here. A
        copied state directory on another machine has the same id, and is somebody else; on one of the same
        name it cannot be told from a restart: it takes the lease, and the other loses it.
        """
        told = lease.annotations
        return bool(lease.holder and self.id) and (told.get(CONSOLE), told.get(HOST)) == (self.id, self.host)


def here_name(console: str) -> str:
    """The lease that tells that a console is there."""
    return HERE + _fit(console)


def command_name(incident: str) -> str:
    """The lease of command of an incident."""
    return COMMAND + _fit(incident)


def lock_name(uid: str) -> str:
    """The lock of the target that has this uid."""
    return LOCK + _fit(uid)


def console_of(lease: LeaseObject) -> str:
    """Whose presence a lease tells; "" where it tells none, or lies about it."""
    id_ = lease.name.removeprefix(HERE)
    if not lease.name.startswith(HERE) or _CONSOLE_ID.fullmatch(id_) is None:
        return ""
    return id_ if lease.annotations.get(CONSOLE, id_) == id_ else ""


def last_of(lease: LeaseObject) -> str:
    """The id of the last entry that the console recorded; "" where it names none."""
    told = lease.annotations.get(LAST, "")
    return told if _ENTRY_ID.fullmatch(told) else ""


def lasts(lease: LeaseObject, otherwise: float) -> float:
    """Seconds that a lease lasts without being renewed; `otherwise` where it does not say."""
    said = float(lease.duration_s) if lease.duration_s > 0 else otherwise
    return min(max(said, SHORTEST), LONGEST)


def by_name(lease: LeaseObject) -> bool:
    """Whether it was given to a name alone: no console renews it."""
    return bool(lease.holder) and lease.annotations.get(CONSOLE) == "" and bool(lease.annotations.get(NAME))


def holder_of(lease: LeaseObject, us: Console, *, gone: bool) -> Holder | None:
    """Who holds a lease, in words that may be shown; None where nobody does."""
    if not lease.holder:
        return None
    name, host, process = identity_of(lease)
    told = lease.annotations
    console = told.get(CONSOLE, "")
    return Holder(
        console=console if _CONSOLE_ID.fullmatch(console) else "",
        name=name,
        host=host,
        process=process,
        since=lease.acquired_at,
        what=clean(told.get(WHAT, ""), limit=_WHAT_LIMIT),
        incident=clean(told.get(INCIDENT, ""), limit=_NAME_LIMIT),
        here=us.was_in(lease),
        gone=gone,
    )


def identity_of(lease: LeaseObject) -> tuple[str, str, int]:
    """Name, machine and process, as the annotations tell them, or else the holderIdentity."""
    told = lease.annotations
    name, at, rest = lease.holder.rpartition("@")
    host = rest.partition(":")[0] if at else ""
    name = clean(told.get(NAME) or name or lease.holder, limit=_NAME_LIMIT)
    return name or "somebody", clean(told.get(HOST) or host, limit=_HOST_LIMIT), _process(told)


def written_by(us: Console, incident: str, what: str) -> dict[str, str]:
    """The annotations of a lease that this console holds."""
    return {
        CONSOLE: us.id,
        NAME: us.name,
        HOST: us.host,
        PROCESS: str(us.process),
        RUN: us.run,
        INCIDENT: incident,
        WHAT: clean(what, limit=_WHAT_LIMIT),
    }


def given_to(whom: Person | str, incident: str) -> tuple[str, dict[str, str]]:
    """holderIdentity and annotations of a lease that is handed to a console, or to a name alone."""
    if isinstance(whom, str):
        name = clean(whom, limit=_NAME_LIMIT)
        told = {CONSOLE: "", NAME: name, HOST: "", PROCESS: "", RUN: "", INCIDENT: incident, WHAT: ""}
        return name, told
    console = Console(whom.console, whom.name, whom.host, whom.process, run="")
    return console.holder, written_by(console, incident, "")


def _process(told: Mapping[str, str]) -> int:
    text = told.get(PROCESS, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    return number if number <= _MOST_PROCESS else 0


def _fit(text: str) -> str:
    """The text where it can stand in an object's name, or a digest of it."""
    if _OBJECT_NAME.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
