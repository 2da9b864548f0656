"""Every check once, concurrently, and the diagnosis that follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tui.model.clock import Clock
from tui.model.onset import set_against_change
from tui.model.reading import Check, Held, Reading
from tui.model.redaction import Redactor
from tui.model.runbook import Diagnosis
from tui.model.severity import Severity
from tui.model.tree import evidence, fitting, severity, walk
from tui.model.walk import Walk
from tui.session.connections import connect
from tui.settings import Loaded


@dataclass(frozen=True, slots=True)
class Triage:
    """What one look found. `diagnosis` None is unknown: `walk.missing` says what would tell."""

    at: datetime
    readings: Mapping[Check, Reading]
    walk: Walk
    diagnosis: Diagnosis | None
    severity: Severity | None
    evidence: tuple[str, ...]
    mitigations: tuple[str, ...]
    complaints: tuple[str, ...]


async def triage(loaded: Loaded, clock: Clock, environ: Mapping[str, str]) -> Triage:
    """Ask every check once. Raises RunbookError where the runbook cannot be used."""
    from tui.probes.schedule import once

    made = await connect(loaded, clock, environ, Redactor(()))
    try:
        readings = await once(made.probes, clock)
    finally:
        await made.close()
    now = clock.now()
    held = {check: Held(reading, reading, made.max_age(check)) for check, reading in readings.items()}
    joined = set_against_change(held)
    if joined is not None:
        held[Check.WORKLOAD] = joined
        readings = {**readings, Check.WORKLOAD: joined.latest}
    path = walk(made.runbook, held, now)
    found = made.runbook.diagnoses[path.diagnosis] if path.diagnosis else None
    return Triage(
        now,
        readings,
        path,
        found,
        severity(found, held, now) if found else None,
        evidence(found, held, now) if found else path.missing,
        tuple(rule.id for rule in fitting(made.runbook, found, held, now)) if found else (),
        made.complaints,
    )
