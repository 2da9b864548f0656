"""The page for the next shift, as `leeward show ID --handover` writes it: from the record and the runbook."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.cli import Options
from tui.cli.output import moment, narrate
from tui.model.facts import TITLES
from tui.model.incident import Entry, Incident, Status
from tui.model.reading import Check
from tui.model.returning import standing
from tui.model.runbook import Runbook
from tui.model.severity import Severity
from tui.model.update import update_due
from tui.reports.handover import HandoverFacts, handover, markdown
from tui.runbooks import RunbookError, of
from tui.settings import Settings, SettingsError, duration, load


def page(options: Options, incident: Incident, entries: tuple[Entry, ...]) -> str:
    """As Markdown, which is read as it is, too."""
    return markdown(_facts(options, incident, entries))


def parts(options: Options, incident: Incident, entries: tuple[Entry, ...]) -> dict[str, Any]:
    """As JSON."""
    facts = _facts(options, incident, entries)
    return {
        "incident": incident.id,
        "at": moment(facts.now),
        "parts": [{"title": part.title, "lines": list(part.lines)} for part in handover(facts)],
    }


def _facts(options: Options, incident: Incident, entries: tuple[Entry, ...]) -> HandoverFacts:
    settings, runbook = _settings(options)
    every = _intervals(settings, runbook)
    rule = runbook.severities.get(incident.severity) if runbook and incident.severity else None
    stood = standing(entries)
    held = settings is not None and incident.status is Status.MONITORING and incident.monitoring_at
    return HandoverFacts(
        incident,
        entries,
        datetime.now(UTC),
        impact=rule.definition if rule else "",
        standing=tuple(
            (TITLES[check], stood[check].state, stood[check].summary) for check in Check if check in stood
        ),
        diagnosis=runbook.diagnoses.get(incident.diagnosis) if runbook else None,
        titles={one.id: one.title for one in runbook.mitigations.values()} if runbook else {},
        update_due=update_due(incident, every),
        resolvable_at=held + duration(settings.timing.monitoring) if settings and held else None,
    )


def _settings(options: Options) -> tuple[Settings | None, Runbook | None]:
    """What can be had of them: a handover must not fail for a setting that is wrong."""
    try:
        settings = load(options.config, os.environ).settings
        return settings, of(settings)
    except SettingsError as error:
        narrate(f"The next step is missing: {error}")
        return None, None
    except RunbookError as error:
        narrate(f"The next step is missing, the runbook cannot be used: {error.problems[0]}")
        return settings, None


def _intervals(settings: Settings | None, runbook: Runbook | None) -> dict[Severity, timedelta]:
    """How often people are told; nobody knows without the settings."""
    if settings is None or runbook is None:
        return {}
    from tui.session.openings import update_intervals

    return update_intervals(runbook, settings)
