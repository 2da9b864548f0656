"""What the pages about the incident are made of, from the snapshot."""

from datetime import datetime

from tui.model.facts import TITLES
from tui.model.reading import Check, State
from tui.model.runbook import Runbook
from tui.reports.handover import HandoverFacts
from tui.session.snapshot import Snapshot
from tui.session.update_facts import impact


def handover_facts(snapshot: Snapshot, runbook: Runbook | None, now: datetime) -> HandoverFacts:
    """The facts of the handover page, as the console sees them now. There must be an incident."""
    incident = snapshot.incident
    assert incident is not None
    rules = runbook.severities if runbook else {}
    return HandoverFacts(
        incident,
        snapshot.entries,
        now,
        impact=impact(snapshot, incident.severity, rules),
        standing=tuple(
            (TITLES[check], held.latest.state.value, held.latest.summary)
            for check in Check
            if (held := snapshot.checks.get(check)) is not None and held.latest.state is not State.UNSET
        ),
        looked=True,
        leases=snapshot.leases,
        diagnosis=snapshot.diagnosis,
        titles={rule.id: rule.title for rule in runbook.mitigations.values()} if runbook else {},
        update_due=snapshot.update_due,
        unsent=tuple(f"{one.what} to {one.place}: {one.state}. {one.said}" for one in snapshot.unsent),
        resolvable_at=snapshot.resolvable_at,
    )
