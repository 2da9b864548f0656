"""The words of a change to the world: target, plan, verdict, lease."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tui.model.reading import LeaseSeen
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
class Plan:
    """The exact change and its exact inverse. `before` None means that the variable was unset.

    Attributes:
        rule: the runbook's mitigation.
        target: what is changed.
        variable: the environment variable.
        before, after: its values; `after` None unsets it (an undo).
        patch: the body that is sent, preconditions and lease included.
        content_type: of the patch.
        diff: what the server would store against what it stores, as unified lines ("- …", "+ …").
        means: the change in the app's terms.
        touches: which pods, in what way ("3 pods, one at a time").
        ownership: who else owns the field.
        notes: what else a person must know before confirming (an autoscaler, a rollout).
        apply_by_hand, undo_by_hand: the equivalent kubectl commands.
        hold: how long the change is leased.
        undoes: id of the entry whose change this takes back; "" for a change of its own.
    """

    rule: MitigationRule
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

    @property
    def change(self) -> str:
        """`MAX_CONCURRENT_MISTRAL 10 → 3`."""
        return f"{self.variable} {told(self.before)} → {told(self.after)}"


def told(value: str | None) -> str:
    """An environment value for a person: `(unset)` and `(empty)` are words."""
    if value is None:
        return "(unset)"
    return value if value else "(empty)"


class VerdictKind(StrEnum):
    """Whether it worked, measured."""

    EFFECTIVE = "effective"
    INEFFECTIVE = "ineffective"
    HARMFUL = "harmful"
    UNKNOWN = "unknown"


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
