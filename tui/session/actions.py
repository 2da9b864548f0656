"""What can be done here: the diagnosis's mitigations and links, with what they would change."""

from collections.abc import Mapping
from datetime import datetime

from tui.model.mitigation import Lease, told
from tui.model.reading import Check, Fact, Held
from tui.model.runbook import Diagnosis, EnvChange, MitigationRule, Runbook
from tui.model.tree import fitting
from tui.session.snapshot import Action

# Where the workload's reading tells today's value of a variable.
FACT_OF_VARIABLE = {
    "MAX_CONCURRENT_MISTRAL": "max_concurrent",
    "MISTRAL_FALLBACK": "fallback",
    "MISTRAL_TIMEOUT_MS": "timeout_ms",
}


def actions_for(
    diagnosis: Diagnosis | None,
    runbook: Runbook,
    checks: Mapping[Check, Held],
    leases: tuple[Lease, ...],
    blocked: str,
    tripped: frozenset[str],
    now: datetime,
    *,
    many: bool = False,
) -> tuple[Action, ...]:
    """The numbered list of "Do here".

    Args:
        diagnosis: where we are; None offers nothing.
        runbook: whose mitigations and links these are.
        checks: for today's values.
        leases: what is already changed, and so not offered again.
        blocked: why no mitigation can run at all, or "".
        tripped: mitigations whose breaker is open.
        now: answers older than they may be tell nothing against a mitigation.
        many: several changes are live, and an undo asks which one is meant.
    """
    if diagnosis is None:
        return ()
    facts = _workload_facts(checks)
    live = {lease.seen.mitigation for lease in leases if lease.ours}
    undo = "z asks which to undo" if many else "z undoes it"
    mitigations = (
        _mitigation(rule, facts, undo if rule.id in live else "", blocked, rule.id in tripped)
        for rule in fitting(runbook, diagnosis, checks, now)
    )
    links = (
        Action(link.id, "link", link.title, hint="copy the link", url=link.url)
        for link in (runbook.links[wanted] for wanted in diagnosis.links)
    )
    return (*mitigations, *links)


def _mitigation(
    rule: MitigationRule, facts: Mapping[str, Fact], undo: str, blocked: str, tripped: bool
) -> Action:
    if undo:
        blocked = f"already live: {undo}"
    elif tripped:
        blocked = "failed twice in a row: reset it in the palette"
    return Action(
        rule.id, "mitigation", rule.title, hint=_hint(rule, facts), risk=f"{rule.risk} risk", blocked=blocked
    )


def _hint(rule: MitigationRule, facts: Mapping[str, Fact]) -> str:
    change = rule.change
    if not isinstance(change, EnvChange) or change.more:
        return change.told
    per_pod = " per pod" if change.per_pod else ""
    fact = FACT_OF_VARIABLE.get(change.variable)
    if fact is None or fact not in facts:
        return f"to {change.value}{per_pod}"
    today = facts[fact]
    return f"{told(None if today is None else str(today))} → {change.value}{per_pod}"


def _workload_facts(checks: Mapping[Check, Held]) -> Mapping[str, Fact]:
    held = checks.get(Check.WORKLOAD)
    return held.good.facts if held and held.good else {}
