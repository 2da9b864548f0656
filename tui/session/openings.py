"""How a session begins: what is open, what is loaded, and where we are."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random

from tui.model.clock import Clock
from tui.model.incident import Draft
from tui.model.reading import Reading
from tui.model.redaction import Redactor
from tui.model.runbook import Runbook
from tui.model.severity import Severity
from tui.session.board import Board
from tui.session.connections import Connections, connect
from tui.session.errors import SessionError
from tui.session.judging import Windows
from tui.session.keys import KeyRing
from tui.session.locks import Locks
from tui.session.lookout import Lookout
from tui.session.operations import Operations
from tui.session.parts import Parts, Working
from tui.session.snapshot import Place
from tui.session.threads import in_thread
from tui.session.updates import Updates
from tui.settings import Loaded, Settings, duration

# Checks are asked at their own pace: after so many rounds each has answered to what changed.
CONFIRM = 2


def locked(settings: Settings, read_only: bool) -> str:
    """Why nothing can ever be changed from here, or "": the strictest setting wins."""
    if read_only:
        return "it was started with --read-only"
    if settings.read_only:
        return "read_only is set in the settings"
    if settings.kubernetes.read_only:
        return "kubernetes.read_only is set in the settings"
    if not settings.kubernetes.deployment:
        return "no deployment is set (kubernetes.deployment)"
    return ""


async def is_here(state_dir: Path, incident_id: str) -> bool:
    """Whether this machine has anything of an incident. Raises SessionError for what is no id."""

    def look() -> bool:
        from tui.record.errors import JournalError
        from tui.record.folder import incident_folder

        try:
            return incident_folder(state_dir, incident_id).is_dir()
        except JournalError as error:
            raise SessionError(error.said, error.remedy) from error

    return await in_thread(look)


async def of_a_drill(state_dir: Path, incident_id: str) -> bool | None:
    """Whether an incident was practised; None where its record cannot be read."""

    def find() -> bool | None:
        from tui.model.folding import fold
        from tui.record.errors import JournalError
        from tui.record.reading import read

        try:
            return fold(incident_id, read(state_dir, incident_id).entries).drill
        except JournalError:
            return None

    return await in_thread(find)


async def load(
    loaded: Loaded,
    parts: Parts,
    clock: Clock,
    environ: Mapping[str, str],
    redact: Redactor,
    on_reading: Callable[[Reading], None],
    rng: Random,
    changed: Callable[[], None],
    state_dir: Path,
) -> Working:
    """Load the clients and what works with them. Raises RunbookError."""

    def keep(draft: Draft) -> None:
        parts.chronicle.keep([draft])

    made = await connect(loaded, clock, environ, redact)
    from tui.mitigations.beside import Beside
    from tui.probes.schedule import Schedule

    timing = loaded.settings.timing
    spans = (timing.window, timing.watch, timing.hold, timing.rollout, timing.afterwards)
    windows = Windows(*map(duration, spans))
    schedule = Schedule(made.probes, clock, on_reading, rng)
    keys = KeyRing(loaded.settings, made, environ, clock, schedule.refresh)
    return Working(
        made,
        Board(
            made.runbook,
            duration(timing.flapping),
            duration(timing.steady),
            confirm=CONFIRM * duration(timing.poll),
        ),
        Operations(
            made.runbook,
            made.door,
            made.prometheus,
            parts.chronicle,
            parts.safety,
            windows,
            clock,
            parts.identity,
            changed,
            Beside(keys),
            Locks(parts.sharing, parts.chronicle, clock, lambda: parts.identity.name)
            if parts.sharing.enabled
            else None,
        ),
        schedule,
        Lookout(loaded.settings, made.completion, made.looker, clock, redact, keep, changed),
        Updates(
            made.targets,
            update_intervals(made.runbook, loaded.settings),
            parts.chronicle,
            clock,
            parts.identity,
            redact,
            state_dir,
            changed,
        ),
        keys,
    )


def update_intervals(runbook: Runbook, settings: Settings) -> dict[Severity, timedelta]:
    """How often people are told, by severity: as the settings say, else as the runbook does."""
    own = settings.updates.every
    every = {level: rule.update_every for level, rule in runbook.severities.items()}
    return every | {level: duration(own[level]) for level in Severity if own.get(level)}


async def place(made: Connections, parts: Parts) -> Place | None:
    """Where we are, and with it the arming word and the context's own lock; None while unknown."""
    from tui.clients.cluster import ClusterError
    from tui.mitigations.words import arming_word

    assert made.door is not None
    try:
        cluster = await made.door.open()
        user = await cluster.whoami()
    except ClusterError:
        return None
    own = parts.settings.contexts.get(cluster.context)
    if own is not None and own.read_only and not parts.safety.locked:
        parts.safety.locked = f"{cluster.context} is read-only in the settings"
    parts.safety.word = arming_word(cluster.context, made.contexts, own.word if own else "")
    return Place(cluster.context, cluster.namespace, cluster.deployment_name, user, own.colour if own else "")
