"""What to do here, from the snapshot: where we are in words, its evidence, and the actions."""

from datetime import datetime

from tui.model import times
from tui.model.incident import Incident, Kind, Status
from tui.model.mitigation import VerdictKind
from tui.model.reading import Check, State
from tui.screens import company
from tui.screens.words import Places
from tui.session.leases import on_object
from tui.session.obstacles import last_told, pods_reasons
from tui.session.snapshot import Action, Snapshot
from widgets.actions import ActionRow, ActionsView

# The kind of change that stores a key. Its name alone: a first paint needs none of the runbook's words.
_KEY = "rotate-key"
# Of the outcomes, those that leave something to a person.
_ENDINGS = {"refused": "refused", "failed": "failed", "stored": "half done", "unknown": "not known yet"}


def do_here(
    snapshot: Snapshot,
    now: datetime,
    places: Places,
    *,
    trail: bool,
    hints: tuple[tuple[str, str], ...] = (),
) -> ActionsView:
    """The panel "Do here". `trail` adds the path, for where the tree is not on the screen."""
    headline, role, prose = _situation(snapshot, now, places)
    return ActionsView(
        headline=headline,
        trail=snapshot.walk.trail if trail else "",
        prose=(
            *_damaged(snapshot),
            *_locked(snapshot),
            *_held_by_other(snapshot),
            *_going_on(snapshot),
            *_ended(snapshot),
            *_instead(snapshot),
            *_recovering(snapshot),
            *prose,
        ),
        actions=tuple(_action(a, snapshot) for a in snapshot.actions),
        hints=hints,
        changed=snapshot.path_changed,
        role=role,
    )


def _situation(snapshot: Snapshot, now: datetime, places: Places) -> tuple[str, str, tuple[str, ...]]:
    diagnosis = snapshot.diagnosis
    if diagnosis is not None:
        return _diagnosed(snapshot, now)
    if not snapshot.checks:
        return "Asking every check…", "bold", ()
    if _nothing_answers(snapshot):
        return "Nothing is set up yet.", "bold", _first_steps(places, snapshot.unset)
    waiting = next((s for s in snapshot.walk.steps if not s.branch), None)
    if waiting is None:
        return "No diagnosis yet.", "bold", ()
    missing = tuple(f"Would tell: {what}" for what in waiting.missing)
    return (
        f"Cannot tell yet: {waiting.text}",
        "unknown",
        (*missing, *_evidence(snapshot), *_setup(snapshot, places)),
    )


def _diagnosed(snapshot: Snapshot, now: datetime) -> tuple[str, str, tuple[str, ...]]:
    diagnosis = snapshot.diagnosis
    assert diagnosis is not None
    live = [held for held in snapshot.leases if held.ours]
    if diagnosis.healthy and live:
        names = ", ".join(f"{held.seen.variable}={held.seen.value}" for held in live)
        return (
            f"Healthy, held by {names}",
            "warn",
            (*_next(snapshot, now), *_way_back(snapshot), *_evidence(snapshot)),
        )
    severity = snapshot.proposed or diagnosis.severity
    headline = (
        diagnosis.title
        + (f" ({severity})" if severity else "")
        + (", pinned by hand" if snapshot.pinned else "")
    )
    role = "ok" if diagnosis.healthy else "bold"
    said = _evidence(snapshot) or (diagnosis.means,)
    if diagnosis.healthy:
        return headline, role, (*_next(snapshot, now), *said, *diagnosis.do)
    going_on = _resolving(snapshot, now)
    if snapshot.actions:
        return headline, role, (*said, *going_on, *diagnosis.do)
    # With no action to choose, the steps by hand are what to do here: evidence gives way to them.
    return headline, role, (*going_on, *(f"To do: {step}" for step in diagnosis.do), *said)


def _way_back(snapshot: Snapshot) -> tuple[str, ...]:
    """How a change that holds is taken back; where nothing can be changed, `_locked` says so."""
    return () if snapshot.arming.locked else ("z takes it back when the cause is gone.",)


def _next(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    """The way from a healthy path to the incident's end; nothing while a change runs."""
    incident = snapshot.incident
    if incident is None or not incident.open or snapshot.running:
        return ()
    if incident.status is Status.MONITORING:
        return (*_resolving(snapshot, now), *_revoking(incident))
    return ("Next: i sets the status to monitoring; when that has held, i resolves.", *_revoking(incident))


def _revoking(incident: Incident) -> tuple[str, ...]:
    """What a proven rotation leaves to a person: the old key is the way back until somebody revokes it."""
    last = incident.mitigations[-1] if incident.mitigations else None
    if last is None or last.kind != _KEY or last.undoes or last.undone:
        return ()
    if last.verdict != VerdictKind.EFFECTIVE:
        return ()
    return (f"Last, revoke {last.before}: the pods authenticate with {last.after}.",)


def _resolving(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    if snapshot.resolvable_at is None:
        return ()
    if snapshot.resolvable_at > now:
        return (f"Monitoring: resolving is offered at {times.clock(snapshot.resolvable_at)} UTC.",)
    return ("It has held: i resolves the incident.",)


def locked(snapshot: Snapshot) -> str:
    """Why nothing can ever be changed from here, as a sentence; "" where it can."""
    why = snapshot.arming.locked
    return f"Nothing can be changed from here: {why}. Looking is free." if why else ""


def _locked(snapshot: Snapshot) -> tuple[str, ...]:
    """In few words, in place of a key to change something, where something would be offered."""
    offered = any(action.kind == "mitigation" for action in snapshot.actions) or snapshot.leases
    why = snapshot.arming.locked
    return (f"Read-only here: {why}.",) if why and offered else ()


def _damaged(snapshot: Snapshot) -> tuple[str, ...]:
    """What was wrong with the record when it was opened; where it lies and what to do is on the page."""
    return tuple(f"Record: {problem}" for problem in snapshot.problems[:-1])


def _going_on(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(f"Running: {r.title}, {r.text or r.stage}" for r in snapshot.running)


def _ended(snapshot: Snapshot) -> tuple[str, ...]:
    """How the latest change ended, where the path alone does not tell: what is true, and what to do."""
    incident, diagnosis = snapshot.incident, snapshot.diagnosis
    if incident is None or not incident.open or snapshot.running or not incident.mitigations:
        return ()
    last, well = incident.mitigations[-1], diagnosis is not None and diagnosis.healthy
    if last.undone or (well and not last.stands):
        return ()
    if last.verdict == VerdictKind.OVERWRITTEN:
        agree = "Agree with whoever set it before it is changed again."
        return () if well else (f"{last.title}: {last.verdict_text}. {agree}",)
    if last.stalled and last.outcome == "applied":
        reasons = pods_reasons(snapshot.entries, last)
        return (f"{last.title}: {last.verdict_text}.", *((f"The pods: {reasons}.",) if reasons else ()))
    if last.verdict == VerdictKind.EFFECTIVE and not well and on_object(last):
        return (f"{last.title}: {last.verdict_text}. It is held.", *_way_back(snapshot))
    if last.outcome not in _ENDINGS:
        return ()
    told = last_told(snapshot.entries, last, Kind.SETTLED) or last_told(snapshot.entries, last, Kind.OUTCOME)
    return (f"{last.title}, {_ENDINGS[last.outcome]}: {told}",)


def _instead(snapshot: Snapshot) -> tuple[str, ...]:
    """What the runbook offers instead of a change that was without effect; until another one is made."""
    incident, diagnosis = snapshot.incident, snapshot.diagnosis
    if incident is None or not incident.open or (diagnosis is not None and diagnosis.healthy):
        return ()
    made = [change for change in incident.mitigations if not (change.undoes or change.decides)]
    if not made or made[-1].verdict != VerdictKind.INEFFECTIVE:
        return ()
    return (f"{made[-1].title}, {made[-1].verdict_text}",)


def _recovering(snapshot: Snapshot) -> tuple[str, ...]:
    """Where the recovery watch is; what it proposes is the first action."""
    watch = snapshot.recovery
    if watch is None:
        return ()
    if watch.trouble:
        return (f"Recovery: {watch.trouble}",)
    if watch.since is None:
        last = f"; the last: {watch.last}" if watch.last else ""
        needs = f"needs {watch.needed} of {watch.completions}"
        return (f"Recovery: {watch.good} of {watch.asked} good, {needs}{last}.",)
    said = f"Mistral has recovered ({times.clock(watch.since)} UTC): {watch.good} of {watch.asked} good."
    proposed = next((a for a in snapshot.actions if a.id == "disable-fallback"), None)
    return (f"{said} Next, proposed: {proposed.title}." if proposed else said,)


def _evidence(snapshot: Snapshot) -> tuple[str, ...]:
    return snapshot.evidence or tuple(
        dict.fromkeys(line for step in snapshot.walk.steps for line in step.evidence)
    )


def _nothing_answers(snapshot: Snapshot) -> bool:
    """Whether none of our own systems is named: what needs no settings always answers."""
    ours = (Check.MISTRAL_API, Check.SERVICE, Check.ERROR_RATE, Check.WORKLOAD, Check.ALERTS)
    held = [snapshot.checks.get(check) for check in ours]
    return all(h is not None and h.latest.state is State.UNSET for h in held)


def _first_steps(places: Places, unset: tuple[str, ...]) -> tuple[str, ...]:
    return (
        "To try it all in a simulated world, leave (q) and run:  leeward drill",
        "With MISTRAL_API_KEY in the environment, the Mistral API is checked.",
        f"Settings belong in {places.settings}" if places.settings else "Settings: see ? help",
        "Each check in the status panel says what to set.",
        *((f"Not set: {', '.join(unset)}",) if unset else ()),
    )


def _setup(snapshot: Snapshot, places: Places) -> tuple[str, ...]:
    if not snapshot.unset:
        return ()
    return (f"Settings belong in {places.settings}" if places.settings else "Settings: see ? help",)


def _action(action: Action, snapshot: Snapshot) -> ActionRow:
    return ActionRow(action.id, action.title, action.hint, action.risk, blocked(action, snapshot))


def blocked(action: Action, snapshot: Snapshot) -> str:
    """Why it cannot be chosen now: since somebody else changes the same target, else as the session says."""
    lock = company.locker(snapshot)
    if action.kind != "mitigation" or lock is None:
        return action.blocked
    return f"locked by {company.called(lock, company.people(snapshot))}"


def _held_by_other(snapshot: Snapshot) -> tuple[str, ...]:
    """That somebody else changes the target, with what, and since when."""
    lock = company.locker(snapshot)
    if lock is None:
        return ()
    return (f"Locked by {company.changing(lock, company.people(snapshot))}.",)
