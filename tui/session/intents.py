"""What the journal keeps of a change: intent, outcome, lease and verdict, as drafts. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui.model.incident import LEEWARD, Applied, Draft, Kind
from tui.model.mitigation import Plan, Target, Verdict, told
from tui.model.times import rfc3339


def intent(
    plan: Plan, patch: Any, now: datetime, actor: str, console: str = "", *, without_lock: bool = False
) -> Draft:
    """A change is about to be made. `patch` is the plan's as it may be kept.

    `console` is the one that makes it, where incidents are shared; `without_lock` says that nobody could tell
    whether another one changes the same target.
    """
    data: dict[str, Any] = {
        "mitigation": plan.rule.id,
        "title": plan.rule.title,
        "change": plan.kind,
        "variable": plan.variable,
        "before": plan.before,
        "after": plan.after,
        "target": target_data(plan.target),
        "patch": patch,
        "diff": list(plan.diff),
        "apply_by_hand": plan.apply_by_hand,
        "undo_by_hand": plan.undo_by_hand,
        "undoes": plan.undoes,
        "reversible": plan.reversible,
        "mark": dict(plan.mark),
    }
    if plan.hold:
        data["until"] = rfc3339(now + plan.hold)
    if console:
        data["console"] = console
    if without_lock:
        data["without_lock"] = True
    what = "undo: " if plan.undoes else ""
    return Draft(Kind.INTENT, f"{what}{plan.rule.title}: {plan.change}", now, actor, data)


def intended(
    plan: Plan, patch: Any, now: datetime, actor: str, console: str = "", *, without_lock: bool = False
) -> tuple[Draft, ...]:
    """The intent, and before it what a person overruled for it, in their words."""
    drafts = (intent(plan, patch, now, actor, console, without_lock=without_lock),)
    reason = plan.mark.get("overruled")
    if not reason:
        return drafts
    said = f"{plan.after} is stored in spite of its test: {reason}"
    data = {"mitigation": plan.rule.id, "reason": reason}
    return (Draft(Kind.OVERRULED, said, now, actor, data), *drafts)


def applied(plan: Plan, intent_id: str, kept: Mapping[str, Any], now: datetime) -> tuple[Draft, ...]:
    """It was made; with it, its lease was taken, or what it undoes was released."""
    data = {**kept, "intent": intent_id, "outcome": "applied"}
    outcome = Draft(Kind.OUTCOME, f"applied: {plan.change}", now, LEEWARD, data)
    if plan.hold:
        lease: dict[str, Any] = {"event": "taken", "until": rfc3339(now + plan.hold)}
        values = ((plan.variable, plan.after), *((name, after) for name, _, after in plan.more))
        said = f"holds {', '.join(f'{name}={told(value)}' for name, value in values)}"
    elif plan.undoes:
        lease, said = {"event": "released"}, f"took back {plan.change}"
    else:
        return (outcome,)
    lease |= {"intent": intent_id, "of": plan.undoes or intent_id}
    return (outcome, Draft(Kind.LEASE, said, now, LEEWARD, lease))


def settled(change: Applied, outcome: str, now: datetime) -> tuple[Draft, ...]:
    """What was found to have become of a change of which nothing more was known."""
    data = {"intent": change.intent, "outcome": outcome}
    said = f"{change.title}, left without an outcome: {outcome}{_meaning(outcome)}"
    drafts = [Draft(Kind.SETTLED, said, now, LEEWARD, data)]
    if outcome == "applied" and change.lease_until is not None and not change.lease:
        lease = {"event": "taken", "until": rfc3339(change.lease_until)}
        said = f"holds {change.variable}={told(change.after)}"
        drafts.append(
            Draft(Kind.LEASE, said, now, LEEWARD, {**lease, "intent": change.intent, "of": change.intent})
        )
    return tuple(drafts)


def _meaning(outcome: str) -> str:
    if outcome == "stored":
        return ", and the pods were not restarted: restart them (m), and revoke no key before"
    if outcome == "interrupted":
        return ": nobody saw the program end, and it may have done a part; look before running it again"
    return ""


def verdict(intent_id: str, found: Verdict, now: datetime, *, stalled: bool = False) -> Draft:
    """The judgement, with what it rests on."""
    measures = [
        {"query": m.query, "what": m.what, "unit": m.unit, "before": m.before, "after": m.after}
        for m in found.measures
    ]
    data: dict[str, Any] = {"intent": intent_id, "verdict": found.kind.value, "measures": measures}
    if stalled:
        data["stalled"] = True
    return Draft(Kind.VERDICT, found.summary, now, LEEWARD, data)


def target_data(target: Target) -> dict[str, object]:
    """A target as the journal keeps it."""
    return {
        "context": target.context,
        "namespace": target.namespace,
        "deployment": target.deployment,
        "container": target.container,
        "uid": target.uid,
        "generation": target.generation,
        "user": target.user,
    }
