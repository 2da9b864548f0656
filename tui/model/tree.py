"""The decision tree: conditions in three values, and the walk along live evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tui.model.reading import Check, Held
from tui.model.runbook import Condition, Diagnosis, FactName, Runbook


class Truth(StrEnum):
    """Whether a condition holds: yes, no, or unknown."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One question of the walk.

    Attributes:
        question: its id.
        text: its text.
        answer: "yes", "no", "unknown" or the branch's own answer ("429").
        branch: label of the branch taken; "" where the tree waits.
        evidence: the sentences that this answer rests on.
        missing: what would answer it, where the answer is unknown.
        overruled: whether a person gave the answer.
    """

    question: str
    text: str
    answer: str
    branch: str
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    overruled: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """The live path, from the root to a diagnosis or to where the tree waits."""

    steps: tuple[Step, ...] = ()
    diagnosis: str | None = None

    @property
    def trail(self) -> str:
        """`API errors › 429 › our limit`."""
        return " › ".join(step.branch for step in self.steps if step.branch)


def holds(condition: Condition, held: Mapping[Check, Held], now: datetime) -> Truth:
    """Whether the condition holds on what is known now."""
    raise NotImplementedError


def walk(
    runbook: Runbook,
    held: Mapping[Check, Held],
    now: datetime,
    overruled: Mapping[str, str] | None = None,
) -> Walk:
    """Walk the tree. `overruled` maps a question's id to the label of the branch a person chose."""
    raise NotImplementedError


def evidence(diagnosis: Diagnosis, held: Mapping[Check, Held], now: datetime) -> tuple[str, ...]:
    """The sentences that a diagnosis rests on, in the runbook's order."""
    raise NotImplementedError


def facts_of(condition: Condition) -> tuple[FactName, ...]:
    """Every fact that a condition looks at, once, in order."""
    raise NotImplementedError
