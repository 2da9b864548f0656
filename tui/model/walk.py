"""The path along the decision tree: what was asked, what was answered, and where it leads."""

from dataclasses import dataclass


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
        lead: what the trail says before the branch ("API errors"), or "".
    """

    question: str
    text: str
    answer: str
    branch: str
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    overruled: bool = False
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """The live path, from the root to a diagnosis or to where the tree waits."""

    steps: tuple[Step, ...] = ()
    diagnosis: str | None = None

    @property
    def trail(self) -> str:
        """`API errors › 429 › our limit`."""
        return " › ".join(part for step in self.steps for part in (step.lead, step.branch) if part)

    @property
    def missing(self) -> tuple[str, ...]:
        """What would let the tree go on; empty where it came to a diagnosis."""
        return self.steps[-1].missing if self.steps and self.diagnosis is None else ()
