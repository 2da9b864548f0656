"""What a runbook says, as data: questions, diagnoses, mitigations, queries and links.

`runbooks/loader.py` makes these from YAML and refuses what does not fit; nothing else does.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from tui.model.reading import Check, Fact
from tui.model.severity import Severity


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """What a severity means, and how soon one must respond and tell people.

    `respond_within` None is the next business day.
    """

    definition: str
    respond_within: timedelta | None
    update_every: timedelta


@dataclass(frozen=True, slots=True)
class FactName:
    """`mistral_api.http_status`: a fact of one check's reading."""

    check: Check
    fact: str

    def __str__(self) -> str:
        return f"{self.check}.{self.fact}"


@dataclass(frozen=True, slots=True)
class Equals:
    """The fact is this value; true and 1 differ, 1 and 1.0 do not."""

    name: FactName
    value: Fact


@dataclass(frozen=True, slots=True)
class OneOf:
    """The fact is one of these values."""

    name: FactName
    values: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The fact is a number from `least` to `most`, both included; None is no bound."""

    name: FactName
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class SameAs:
    """Two facts are both known, neither is nothing, and equal."""

    name: FactName
    other: FactName


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition is known not to hold."""

    condition: "Condition"


Condition = Equals | OneOf | Between | SameAs | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Branch:
    """One way on from a question: taken when its condition holds.

    `then` is the id of a question or a diagnosis; `lead` is what the trail says before the label
    (`API errors › 429`), or "". `say` is the evidence for taking it, as in a `Saying`; "" leaves
    that to the readings that decided.
    """

    label: str
    when: Condition
    then: str
    answer: str = "yes"
    lead: str = ""
    say: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the tree.

    The first branch whose condition holds is taken. When none holds and one is unknown, the
    tree waits here. When all are known not to hold, the walk goes `otherwise`.
    """

    id: str
    text: str
    branches: tuple[Branch, ...]
    otherwise: Branch | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence of evidence that is shown when its condition holds.

    `say` may name facts in braces, `{workload.key_fingerprint}`: they are filled with the
    fact's text, once; what is filled in is never looked at again.
    """

    when: Condition
    say: str


@dataclass(frozen=True, slots=True)
class Link:
    """A page that a person may open: shown and copied, never fetched."""

    id: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class SeverityCase:
    """A severity that is proposed instead of the diagnosis' own while its condition holds."""

    when: Condition
    severity: Severity


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Where the tree ends.

    Attributes:
        id: as in `triage --json` (`rate-limited`).
        title: in a few words ("Rate limited: our own limit").
        severity: what is proposed; None where nothing is wrong.
        means: what is going on, in a sentence or two.
        do: what to do by hand, a sentence each, in order.
        evidence: checks whose evidence is shown, and sayings, in order.
        mitigations: ids of mitigations that fit, the best first.
        links: ids of links.
        healthy: whether this diagnosis says that all is well.
        severity_cases: what is proposed instead, the first that holds; `tree.severity` decides.
    """

    id: str
    title: str
    severity: Severity | None
    means: str
    do: tuple[str, ...] = ()
    evidence: tuple[Check | Saying, ...] = ()
    mitigations: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    healthy: bool = False
    severity_cases: tuple[SeverityCase, ...] = ()


class Risk(StrEnum):
    """How much a mitigation can hurt: low and medium ask for `y`, high for the context's word."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Direction(StrEnum):
    """Which way a value must not be moved, since that makes it worse."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Proof:
    """A command that verifies: it is run without a shell, and its exit code is the answer."""

    argv: tuple[str, ...]
    exit_code: int = 0
    deadline: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a mitigation is judged: by a query, by a command's exit code, or by nothing.

    Attributes:
        query: id of the query that judges it (None and no proof: the verdict is `unknown`).
        better: the way the query must move to be an improvement.
        enough: the share of change that counts as an effect (0.5: it must halve).
        guards: ids of queries that must not get worse, and are told beside the verdict.
        proof: the command that judges it instead of a query.
        no_worse: whether it is enough that the figure does not get worse, over the time that the
            settings give it (`timing.afterwards`).
    """

    query: str | None
    better: Direction = Direction.LOWER
    enough: float = 0.5
    guards: tuple[str, ...] = ()
    proof: Proof | None = None
    no_worse: bool = False


@dataclass(frozen=True, slots=True)
class EnvChange:
    """A mitigation that sets environment variables of the service's container, as one rollout.

    `more` are further variables with their values; `worse`, `per_pod` and `numeric` are about the first.
    """

    variable: str
    value: str
    worse: Direction | None = None
    per_pod: bool = False
    numeric: bool = False
    more: tuple[tuple[str, str], ...] = ()

    kind: ClassVar[str] = "env"

    @property
    def values(self) -> tuple[tuple[str, str], ...]:
        """Every variable with its value, the first one first."""
        return ((self.variable, self.value), *self.more)

    @property
    def told(self) -> str:
        """`MAX_CONCURRENT_MISTRAL=3`."""
        return " ".join(f"{variable}={value}" for variable, value in self.values)


@dataclass(frozen=True, slots=True)
class Restart:
    """A mitigation that replaces every pod by one of the same template."""

    kind: ClassVar[str] = "restart"

    @property
    def told(self) -> str:
        """What it does, in short."""
        return "replaces every pod"


@dataclass(frozen=True, slots=True)
class Rollback:
    """A mitigation that goes back to the pod template of the revision before."""

    kind: ClassVar[str] = "rollback"

    @property
    def told(self) -> str:
        """What it does, in short."""
        return "back to the revision before"


@dataclass(frozen=True, slots=True)
class Scale:
    """A mitigation that sets the number of pods."""

    replicas: int
    worse: Direction | None = None

    kind: ClassVar[str] = "scale"

    @property
    def told(self) -> str:
        """`replicas=6`."""
        return f"replicas={self.replicas}"


@dataclass(frozen=True, slots=True)
class Command:
    """A mitigation of a user's own: a program that is run on this machine, without a shell.

    `undo` takes it back, where there is one. `environment` names the variables that it gets beside
    the few that every program needs; `deadline` ends it with everything that it started.
    """

    argv: tuple[str, ...]
    undo: tuple[str, ...] = ()
    deadline: timedelta = timedelta(seconds=60)
    environment: tuple[str, ...] = ()

    kind: ClassVar[str] = "command"

    @property
    def told(self) -> str:
        """`runs ./purge-cache --all`, quoted as for a shell."""
        return f"runs {shlex.join(self.argv)}"


@dataclass(frozen=True, slots=True)
class RotateKey:
    """A mitigation that stores a new key where the key is kept, and restarts the pods that need it."""

    kind: ClassVar[str] = "rotate-key"

    @property
    def told(self) -> str:
        """What it does, in short."""
        return "a new key, tested first"


Change = EnvChange | Restart | Rollback | Scale | Command | RotateKey


@dataclass(frozen=True, slots=True)
class MitigationRule:
    """A mitigation as the runbook declares it.

    `means` may say `{value}`, `{pods}`, `{total}`, `{before}`, `{total_before}`: the change in
    the app's own terms. `hold` is how long it is leased before a person is asked. `fits` says
    when it is worth offering: it is left out only where that is known not to hold. `confirm` is what
    a person is asked to consider before confirming, in the runbook's words.
    """

    id: str
    title: str
    risk: Risk
    change: Change
    judged: Judgement
    means: str
    hold: timedelta
    without_effect: str = ""
    fits: Condition | None = None
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL query; `$window` in it is replaced by a duration such as `5m`."""

    id: str
    promql: str
    unit: str
    what: str

    def over(self, window: timedelta) -> str:
        """The query for one window, in whole seconds."""
        return self.promql.replace("$window", f"{max(int(window.total_seconds()), 1)}s")


@dataclass(frozen=True, slots=True)
class Runbook:
    """A whole runbook. `root` is the id of the first question; every reference resolves.

    `conditions` are those that the file names; they stand written out wherever they are used.
    """

    id: str
    title: str
    version: str
    root: str
    severities: Mapping[Severity, SeverityRule]
    questions: Mapping[str, Question]
    diagnoses: Mapping[str, Diagnosis]
    mitigations: Mapping[str, MitigationRule]
    queries: Mapping[str, Query]
    links: Mapping[str, Link] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
