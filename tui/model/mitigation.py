"""The words of a change to the world: target, plan, verdict, lease."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tui.model.reading import LeaseSeen

if TYPE_CHECKING:
    from tui.model.runbook import MitigationRule


@dataclass(frozen=True, slots=True)
class Target:
    """The object that is changed, pinned: `uid` and `generation` are preconditions."""

    context: str
    namespace: str
    deployment: str
    container: str
    user: str
    uid: str
    generation: int

    @property
    def place(self) -> str:
        """`prod-eu / prod / deployment mistral-service`."""
        return f"{self.context} / {self.namespace} / deployment {self.deployment}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What two mitigations may not change at once."""
        return (self.context, self.namespace, self.deployment)


class Ownership(StrEnum):
    """Who else owns what is changed, in the words that the preview shows."""

    ARGOCD = "declared in git, by argocd: self-heal may undo this at any moment"
    FLUX = "declared in git, by flux: the next reconciliation may undo this"
    HELM = "owned by Helm: the next release resets it or, server-side, fails with a conflict"
    NONE = "not declared in git: should stay"


@dataclass(frozen=True, slots=True)
class Made:
    """A change as it is, or was, made: enough to know it again on the object, days later.

    Attributes:
        kind: which kind of change it is (`env`, `restart`, …).
        mitigation: the runbook's id of it.
        variable, before, after: as in `Plan`.
        container: where a variable stands; "" where it does not matter, or is not known.
        uid: of the object; "" where it is not known.
        mark: what the kind keeps beside these; never a secret.
        undoes: as in `Plan`.
    """

    kind: str
    mitigation: str
    variable: str
    before: str | None
    after: str | None
    container: str = ""
    uid: str = ""
    mark: Mapping[str, Any] = field(default_factory=dict)
    undoes: str = ""

    @property
    def token(self) -> str:
        """What the change wrote on the object to be known by; "" where it wrote nothing."""
        token = self.mark.get("known_by")
        return token if isinstance(token, str) else ""

    @property
    def rolls_out(self) -> bool:
        """Whether pods are replaced by it, where its kind usually does so."""
        return self.mark.get("rolls_out") is not False

    @property
    def more(self) -> tuple[tuple[str, str | None, str | None], ...]:
        """Further variables of the same change, with their values before and after."""
        found = self.mark.get("more")
        rows = [row for row in found if isinstance(row, list | tuple)] if isinstance(found, list) else []
        return tuple(
            (str(row[0]), _text_or_none(row[1]), _text_or_none(row[2])) for row in rows if len(row) == 3
        )


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Plan:
    """The exact change and its exact inverse. `before` None means that the variable was unset.

    Attributes:
        rule: the runbook's mitigation.
        target: what is changed.
        variable: what changes: an environment variable, `replicas`, `revision`, `restartedAt`, `command`.
        before, after: its values; `after` None unsets it (an undo).
        patch: the body that is sent, preconditions and lease included; a command's argv.
        content_type: of the patch; "" for a command.
        diff: what the server would store against what it stores, as unified lines ("- …", "+ …").
        means: the change in the app's terms.
        touches: which pods, in what way ("3 pods, one at a time").
        ownership: who else owns the field.
        notes: what else a person must know before confirming (an autoscaler, a rollout).
        apply_by_hand, undo_by_hand: the equivalent commands; "" where there is none.
        hold: how long the change is leased; zero without a lease.
        undoes: id of the entry whose change this takes back; "" for a change of its own.
        kind: which kind of change it is.
        reversible: whether it can be taken back at all.
        more: further variables of the same rollout, with their values before and after.
        git_patch: the change as it would stand in git, to copy; "" where git has nothing to say of it.
        suspend: the command that suspends who would undo it, to copy and never run; "" where nobody would.
        way_back: how it is taken back, or that it cannot be, as a sentence; "" says the usual.
        says: the change in words, where the values alone would not tell.
        mark: what the kind keeps in the journal to know the change again; never a secret.
    """

    rule: "MitigationRule"
    target: Target
    variable: str
    before: str | None
    after: str | None
    patch: Any
    content_type: str
    diff: tuple[str, ...]
    means: str
    touches: str
    ownership: Ownership
    checked: str
    notes: tuple[str, ...]
    apply_by_hand: str
    undo_by_hand: str
    hold: timedelta
    undoes: str = ""
    kind: str = "env"
    reversible: bool = True
    more: tuple[tuple[str, str | None, str | None], ...] = ()
    git_patch: str = ""
    suspend: str = ""
    way_back: str = ""
    says: str = ""
    mark: Mapping[str, Any] = field(default_factory=dict)

    @property
    def change(self) -> str:
        """`MAX_CONCURRENT_MISTRAL 10 → 3`."""
        if self.says:
            return self.says
        rows = ((self.variable, self.before, self.after), *self.more)
        return ", ".join(f"{name} {told(before)} → {told(after)}" for name, before, after in rows)

    @property
    def editable(self) -> bool:
        """Whether a person may choose another value."""
        return not self.undoes and self.kind in ("env", "scale", "rollback")

    @property
    def made(self) -> Made:
        """The change, to be known again."""
        return Made(
            self.kind,
            self.rule.id,
            self.variable,
            self.before,
            self.after,
            self.target.container,
            self.target.uid,
            self.mark,
            self.undoes,
        )


def told(value: str | None) -> str:
    """An environment value for a person: `(unset)` and `(empty)` are words."""
    if value is None:
        return "(unset)"
    return value if value else "(empty)"


class VerdictKind(StrEnum):
    """Whether it worked, measured; or that it stands no more, whatever was measured before."""

    EFFECTIVE = "effective"
    INEFFECTIVE = "ineffective"
    HARMFUL = "harmful"
    UNKNOWN = "unknown"
    OVERWRITTEN = "overwritten"


@dataclass(frozen=True, slots=True)
class Measure:
    """One query before and after; None where there was nothing to measure."""

    query: str
    what: str
    unit: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of a mitigation, with what it rests on.

    `summary` is the sentence of the timeline: `effective: 1.3/s → 0.1/s, traffic even`.
    """

    kind: VerdictKind
    summary: str
    measures: tuple[Measure, ...] = ()


class Stage(StrEnum):
    """Where a running mitigation is."""

    APPLYING = "applying"
    ROLLING_OUT = "rolling out"
    WATCHING = "watching"
    DONE = "done"
    REFUSED = "refused"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a running mitigation, as the timeline carries it."""

    stage: Stage
    text: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lease:
    """A live temporary change as the console knows it; `overwritten_by` once it is not ours."""

    seen: LeaseSeen
    overwritten_by: str = ""

    @property
    def ours(self) -> bool:
        """Whether the live value is still the one that was leased."""
        return self.seen.live == self.seen.value
