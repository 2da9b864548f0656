"""What is offered beside the diagnosis's own mitigations: a proposal first, pages to read last."""

from collections.abc import Mapping
from dataclasses import replace

from tui.model.incident import Incident
from tui.model.mitigation import Lease
from tui.model.recovery import Recovery
from tui.model.runbook import Diagnosis, Runbook
from tui.session.recovery import PROPOSES, fallback_held
from tui.session.snapshot import Action

# A link may be called `limits`, too.
NETWORK, LOGS, LIMITS, SUPPORT = "page-network", "page-logs", "page-limits", "page-support"
TITLES: Mapping[str, str] = {
    NETWORK: "Look at the way out",
    LOGS: "Look at the log errors",
    LIMITS: "Look at the limits",
    SUPPORT: "Write to Mistral's support",
}
_HINTS: Mapping[str, str] = {
    NETWORK: "policies, resolvers",
    LOGS: "by shape, last change",
    LIMITS: "what is left of them",
    SUPPORT: "a draft to copy",
}
# Which pages help with which diagnosis; the others are in the palette.
_OF: Mapping[str, tuple[str, ...]] = {
    "network": (NETWORK,),
    "egress-mismatch": (NETWORK,),
    "app-fault": (LOGS,),
    "rate-limited": (LIMITS,),
    "provider-outage": (SUPPORT,),
    "provider-capacity": (SUPPORT,),
}


def led(
    diagnosis: Diagnosis | None, runbook: Runbook, recovery: Recovery | None, leases: tuple[Lease, ...]
) -> Diagnosis | None:
    """The diagnosis with turning the fallback off as its first mitigation, once Mistral has recovered."""
    recovered = recovery is not None and recovery.since is not None
    if diagnosis is None or not (fallback_held(leases) and recovered) or PROPOSES not in runbook.mitigations:
        return diagnosis
    return _first(diagnosis, PROPOSES)


def finishing(diagnosis: Diagnosis | None, runbook: Runbook, incident: Incident | None) -> Diagnosis | None:
    """The diagnosis with the restart first, while a key is stored that the pods were not restarted for."""
    made = [change for change in (incident.mitigations if incident else ()) if change.stands]
    restart = next((rule.id for rule in runbook.mitigations.values() if rule.change.kind == "restart"), None)
    if diagnosis is None or restart is None or not made or made[-1].outcome != "stored":
        return diagnosis
    return _first(diagnosis, restart)


def _first(diagnosis: Diagnosis, mitigation: str) -> Diagnosis:
    """The diagnosis with this mitigation in front of its others."""
    others = tuple(one for one in diagnosis.mitigations if one != mitigation)
    return replace(diagnosis, mitigations=(mitigation, *others))


def pages(diagnosis: Diagnosis | None) -> tuple[Action, ...]:
    """The pages that help with this diagnosis."""
    wanted = _OF.get(diagnosis.id, ()) if diagnosis else ()
    return tuple(Action(page, "page", TITLES[page], hint=_HINTS[page]) for page in wanted)
