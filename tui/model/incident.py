"""An incident is the fold of its entries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tui.model.severity import Severity

NO_TITLE = "incident"
# Ids of entries that wait for an incident, and are on no disk: no journal has such ones.
KEPT_ID = "kept-"
# In whose name the program writes by itself, or what a server says: no person's word.
LEEWARD = "leeward"
STATUS_PAGE = "status page"
ALERTMANAGER = "alertmanager"
NOBODY = frozenset({LEEWARD, STATUS_PAGE, ALERTMANAGER})
DECIDES = "lease"  # the kind of a change that decides about a lease, and changes nothing else


class Kind(StrEnum):
    """What an entry is about. Values are part of the journal's format: they may be added to."""

    DECLARED = "declared"
    ALERT = "alert"
    STATE = "state"
    FLAPPING = "flapping"
    DIAGNOSIS = "diagnosis"
    PINNED = "pinned"
    OVERRULED = "overruled"
    ACKNOWLEDGED = "acknowledged"
    SEVERITY = "severity"
    STATUS = "status"
    COMMANDER = "commander"
    HANDOVER = "handover"
    NOTE = "note"
    ARMED = "armed"
    INTENT = "intent"  # a change is about to be sent: on disk before it is
    OUTCOME = "outcome"  # the server's answer: applied, refused or unknown
    ROLLOUT = "rollout"  # a step of the rollout
    VERDICT = "verdict"
    LEASE = "lease"  # taken, released, overwritten or ended
    RESUMED = "resumed"
    STATUS_PAGE = "page"  # the provider's own words, when they change
    RECOVERY = "recovery"  # the provider answers again for a while, or fails again
    SETTLED = "settled"  # an intent without outcome, compared with the cluster
    EXPORTED = "exported"
    RESOLVED = "resolved"
    RESET = "reset"  # a person lets a mitigation be tried again that failed twice
    EVIDENCE = "evidence"  # what was collected, with its digest
    UPDATE = "update"  # what people were told, or could not be
    SNOOZED = "snoozed"  # a person put the next update off
    CORRECTION = "correction"  # another text or moment for an earlier entry
    REDACTED = "redacted"  # the content of an earlier entry was taken out of the file
    ENTRY_PINNED = "pin"  # an earlier entry is to be found again (`pinned` is a diagnosis)
    ENTRY_UNPINNED = "unpin"
    CLOCK = "clock"  # this machine's clock and the servers' do not agree
    IMPORTED = "imported"  # journals of another machine came in
    IMPACT = "impact"  # what the metrics say of the impact, measured again for an export
    SECTION = "section"  # what a person wrote for the postmortem
    ACTION = "action"  # an action item: added, changed or removed
    MILESTONE = "milestone"  # a person says when something happened
    JOINED = "joined"  # another console takes part
    LOCK = "lock"  # a target's lock: taken, taken over, lost, or gone without


# The timeline's key entries; `f` shows the others too.
KEY_KINDS = frozenset(Kind) - {
    Kind.CORRECTION,
    Kind.ENTRY_PINNED,
    Kind.ENTRY_UNPINNED,
    Kind.ARMED,
    Kind.ROLLOUT,
    Kind.INTENT,
    Kind.RESUMED,
    Kind.PINNED,
    Kind.EXPORTED,
    Kind.IMPACT,
    Kind.SECTION,
    Kind.ACTION,
}
_LESSER: frozenset[str] = frozenset(Kind) - KEY_KINDS


class Status(StrEnum):
    """Where the incident is."""

    INVESTIGATING = "investigating"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable fact of an incident.

    Attributes:
        id: sorts by time of recording, unique between machines.
        occurred_at: when it happened (UTC).
        recorded_at: when it was written down (UTC).
        actor: who or what said it: a login, or `leeward`.
        kind: one of `Kind`; an unknown one from a later version is kept as its text.
        text: the line of the timeline, plain.
        data: what belongs to the kind, JSON values only.
        redacted: whether its content was taken out.
    """

    id: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    kind: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    redacted: bool = False


def is_lesser(entry: Entry) -> bool:
    """Whether the timeline of key entries leaves it out; a kind of a later version it does not.

    That a lock was taken stands with the change that it was taken for; whatever else a lock's entry tells
    concerns everybody: it was taken over, lost, or the target is changed without it.
    """
    if entry.kind == Kind.LOCK:
        return entry.data.get("event") == "taken"
    return entry.kind in _LESSER


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be recorded; the journal gives it its id and `recorded_at`."""

    kind: Kind
    text: str
    occurred_at: datetime
    actor: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """A mitigation as the journal tells it: from intent to verdict.

    `outcome` is `applied`, `refused`, `failed` (a command that ran and did not succeed),
    `stored` (a key that is in its store, for which the pods were not restarted),
    `interrupted` (one of which nobody saw the end), `not applied` or `overwritten` (found after a
    crash), `unknown`, or "" while nothing is known of it. `lease` is the last that was heard of its
    lease: `taken`, `kept` (decided: `lease_owner` has it until `lease_until`), `released`,
    `overwritten`, `ended`, `gone` (from the object, by another hand), or "". `stalled` says that its
    rollout did not complete, `rolled_out_at` when it did. `verdict` is one of `VerdictKind`, or "": that
    it was overwritten stands before what was `measured`. `place` is context, namespace and deployment;
    `container`, `uid` and `mark` are what the change is known by on the object. `console` is the id of the
    console that began it, where the incident is shared; else "". `by` is who approved it.
    """

    intent: str
    mitigation: str
    title: str
    variable: str
    before: str | None
    after: str | None
    at: datetime
    outcome: str = ""
    verdict: str = ""
    verdict_text: str = ""
    measured: str = ""
    undone: bool = False
    undoes: str = ""
    lease: str = ""
    lease_until: datetime | None = None
    lease_owner: str = ""
    kind: str = "env"
    reversible: bool = True
    stalled: bool = False
    rolled_out_at: datetime | None = None
    place: tuple[str, str, str] = ("", "", "")
    container: str = ""
    uid: str = ""
    mark: Mapping[str, Any] = field(default_factory=dict)
    console: str = ""
    by: str = ""

    @property
    def deployment(self) -> str:
        """The name of what was changed."""
        return self.place[2]

    @property
    def stands(self) -> bool:
        """Whether something of it was made: a key that was stored counts, restarted for or not."""
        return self.outcome in ("applied", "stored")

    @property
    def settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.outcome not in ("", "unknown")

    @property
    def unjudged(self) -> bool:
        """Whether it is in force and nobody has said yet what it did."""
        standing = self.outcome == "applied" and not self.undone
        return standing and not self.verdict and not self.undoes and not self.decides

    @property
    def decides(self) -> bool:
        """Whether it is a decision about a lease."""
        return self.kind == DECIDES

    @property
    def held(self) -> bool:
        """Whether it is live, kept by somebody until a moment that was decided."""
        return self.lease == "kept" and self.outcome == "applied" and not self.undone


@dataclass(frozen=True, slots=True)
class Corrected:
    """A milestone that a person has set, named as in `milestones`; `derived` is what the entries tell."""

    name: str
    at: datetime
    derived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """The state of an incident: what its entries, in the order of their ids, add up to.

    Attributes:
        started_at: when the impact began: the first alert, the first failing check, or the declaration.
        detected_at: the first alert or the declaration, whichever was first.
        corrected: the milestones that a person has set; they stand in their fields.
        diagnosis: id of the diagnosis that stands now; "" while there is none.
        root_cause: id of the last diagnosis that was something wrong, with its title; it stays
            when a mitigation has made all well.
        commander_at: when somebody first took command.
        mitigated_at: when it first held: a mitigation measured effective, or monitoring began;
            None again where it was opened again.
        monitoring_at: since when it is monitored; None while it is not.
        reason: why it was resolved before its hold had ended, or "".
        resets: mitigations that a person lets be tried again, each with how many changes there were then.
        failed_requests, coverage: over the impact window, and the share of the window that the
            metrics cover; None is unknown.
        severity_at: when the severity was last changed; None while it is as declared.
        status_by: id of the entry that last said how it stands; "" while it is as declared.
        told_at: when people were last told; `told_next` is the next update that they were promised.
        snoozed_at: when a person last put the next update off, until `snoozed_until`.
    """

    id: str
    title: str = NO_TITLE
    severity: Severity | None = None
    status: Status = Status.INVESTIGATING
    started_at: datetime | None = None
    declared_at: datetime | None = None
    alert_at: datetime | None = None
    acknowledged_at: datetime | None = None
    commander: str = ""
    commander_at: datetime | None = None
    root_cause_at: datetime | None = None
    mitigated_at: datetime | None = None
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None
    diagnosis: str = ""
    drill: bool = False
    mitigations: tuple[Applied, ...] = ()
    alerts: frozenset[str] = frozenset()
    root_cause: str = ""
    root_cause_title: str = ""
    reason: str = ""
    failed_requests: float | None = None
    coverage: float | None = None
    resets: tuple[tuple[str, int], ...] = ()
    severity_at: datetime | None = None
    told_at: datetime | None = None
    told_next: datetime | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    detected_at: datetime | None = None
    corrected: tuple[Corrected, ...] = ()
    status_by: str = ""

    @property
    def open(self) -> bool:
        """Whether somebody still has to work on it."""
        return self.status is not Status.RESOLVED

    @property
    def unsettled(self) -> tuple[Applied, ...]:
        """Intents whose outcome is not known: what a crash, or a lost answer, leaves behind."""
        return tuple(a for a in self.mitigations if not a.settled)
