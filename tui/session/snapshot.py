"""What a face of the program needs to know, frozen: one value, published whenever it changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tui.model.amending import NONE, Amendments
from tui.model.incident import Entry, Incident
from tui.model.mitigation import Lease, Plan, Stage
from tui.model.reading import Check, Held
from tui.model.recovery import Recovery
from tui.model.severity import Severity
from tui.model.sharing import Holder, SharingStatus
from tui.model.walk import Walk

if TYPE_CHECKING:
    from tui.model.runbook import Diagnosis


@dataclass(frozen=True, slots=True)
class Place:
    """Where we are: what the banner and every dialog name. Empty where nothing is set."""

    context: str = ""
    namespace: str = ""
    deployment: str = ""
    user: str = ""
    colour: str = ""

    @property
    def target(self) -> str:
        """What is changed from here, in a line: all of it that is known."""
        named = (self.context, self.namespace, self.deployment)
        return " / ".join(filter(None, named)) or "no deployment is set"


@dataclass(frozen=True, slots=True)
class Arming:
    """Whether mutations may run.

    `locked` says why they can never be armed here ("read-only for this context in the
    settings"), or is "". `until` is None while read-only. `word` is what must be typed.
    """

    word: str
    until: datetime | None = None
    locked: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One line of "Do here": a mitigation or a link.

    `hint` is the change in short ("10 → 3 per pod") or "copy the link"; `blocked` says why it
    cannot be chosen now, or is "".
    """

    id: str
    kind: str  # mitigation | link | page
    title: str
    hint: str = ""
    risk: str = ""
    url: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Undoable:
    """A change that can be taken back: of which mitigation, and what that does, in short."""

    mitigation: str
    title: str
    change: str


@dataclass(frozen=True, slots=True)
class Running:
    """A mitigation in progress.

    Attributes:
        target: context, namespace and deployment that it changes.
        intent: the id of its intent, "" while that is not on disk.
        locked: whether its target's lock is held here.
    """

    mitigation: str
    title: str
    stage: Stage
    text: str
    since: datetime
    target: tuple[str, str, str] = ("", "", "")
    intent: str = ""
    locked: bool = False

    def gives_way(self, plan: Plan) -> bool:
        """Whether the plan takes back the very change whose effect is only being watched."""
        return bool(plan.undoes) and plan.undoes == self.intent and self.stage is Stage.WATCHING


@dataclass(frozen=True, slots=True)
class Collecting:
    """Evidence that is being collected: which piece of how many, and the bytes read so far."""

    piece: str
    number: int
    pieces: int
    bytes: int


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that was left open, offered as a line and never as a dialog.

    `alerts` are the fingerprints of the alerts that are part of it; `shared` says that it lies in the shared
    place, and `here` that this machine has a copy of it; `commander` has command of it, as far as it tells.
    """

    id: str
    title: str
    since: datetime
    held_by_other: bool = False
    alerts: frozenset[str] = frozenset()
    shared: bool = False
    here: bool = True
    commander: str = ""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that has not arrived, or may not have.

    Attributes:
        place: where it goes: `Slack #incidents`.
        what: `internal`, `external`, or PagerDuty's event.
        state: `queued` and `sending` (it is tried by itself), `failed`, or `unknown` (the answer was lost).
        at: when it was confirmed.
        said, remedy: what is known of it.
    """

    id: str
    place: str
    what: str
    state: str
    at: datetime
    said: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole of what is known now; one that is given only its moment knows nothing yet.

    Attributes:
        at: when this was published.
        checks: each check's latest and last good answer, in screen order.
        walk: the tree, walked by live evidence (or held while flapping).
        diagnosis: where the walk ends, or what a person pinned; None while unknown.
        pinned: whether a person pinned it.
        path_changed: whether the path moved since the person last looked at the list.
        actions: what to do here, best first.
        incident: the incident being worked; None while only looking.
        entries: its timeline as it is to be read now, in the order of `occurred_at`. A new tuple only
            when it changed.
        clock: how this machine's clock differs from the servers', or "".
        amendments: what later entries say of earlier ones: corrections, redactions, pins.
        leases: temporary changes that are live on the target.
        proposed: the severity that the diagnosis proposes.
        respond_by: until when somebody must respond; None once somebody has, or without incident.
        resolvable_at: when the monitoring hold ends; None unless monitoring.
        drill: "drill" where the world is simulated, else "".
        offline: why the journal cannot be written ("held by another console"), or "".
        following: whether the incident is another console's, which this one only reads.
        unset: the checks that the settings do not name.
        evidence: the sentences that the diagnosis rests on.
        tripped: mitigations that failed twice in a row and wait for a person.
        unsettled: why nothing can be changed yet: what a crash, or a lost answer, left open; or "".
        update_due: when people are to be told next; None where nobody waits for it.
        unsent: messages that did not arrive, may not have, or still wait, oldest first.
        telling: what is wrong with the outbox itself, or "".
        undoable: what an undo could take back: mitigation, title and the change in short; what it
            takes first stands in front.
        problems: what was found wrong with the incident's record when it was opened, in sentences;
            the last says where it lies and what to do. () where it is whole.
        recovery: where the watch for the provider's recovery is; None while nothing is awaited.
        collecting: how far evidence is collected; None while it is not.
        sharing: how the incident is shared, and who is here; None where it is not shared.
        lock: who else holds the lock of the target, or is `gone` and never gave it up; None where nobody
            does, or it is not known.
        came: the id of the entry with which this console took the incident up (`returning.returned`), or "".
    """

    at: datetime
    place: Place = Place()
    arming: Arming = Arming("")
    checks: Mapping[Check, Held] = field(default_factory=dict)
    walk: Walk = field(default_factory=Walk)
    diagnosis: "Diagnosis | None" = None
    pinned: bool = False
    path_changed: bool = False
    evidence: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    incident: Incident | None = None
    entries: tuple[Entry, ...] = ()
    leases: tuple[Lease, ...] = ()
    running: tuple[Running, ...] = ()
    open_incidents: tuple[OpenIncident, ...] = ()
    proposed: Severity | None = None
    respond_by: datetime | None = None
    resolvable_at: datetime | None = None
    drill: str = ""
    offline: str = ""
    following: bool = False
    unset: tuple[str, ...] = ()
    unsettled: str = ""
    tripped: tuple[str, ...] = ()
    recovery: Recovery | None = None
    collecting: Collecting | None = None
    update_due: datetime | None = None
    unsent: tuple[Unsent, ...] = ()
    telling: str = ""
    undoable: tuple[Undoable, ...] = ()
    problems: tuple[str, ...] = ()
    amendments: Amendments = NONE
    clock: str = ""
    sharing: SharingStatus | None = None
    lock: Holder | None = None
    came: str = ""
