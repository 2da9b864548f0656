"""The provider's own words on its status page: kept when they change, and only then."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui.model.incident import STATUS_PAGE, Draft, Kind
from tui.model.reading import Check, Fact, Held, Reading


def page_words(reading: Reading, previous: Held | None, changed: list[Draft]) -> list[Draft]:
    """The drafts of a change of state, and what the page's words add to them.

    A change of state carries the words in its data; words that change while the state stays
    (another incident, minor that becomes major) are an entry of their own. A page that cannot be
    read says nothing: its words are compared with the last that were read.
    """
    if reading.check is not Check.STATUS_PAGE or not reading.known:
        return changed
    now = _words(reading.facts)
    before = _words(previous.good.facts) if previous and previous.good else None
    if before == now or (before is None and now == _NOTHING):
        return changed
    told = next((n for n, draft in enumerate(changed) if draft.kind is Kind.STATE), None)
    if told is not None:
        draft = changed[told]
        return [*changed[:told], replace(draft, data={**draft.data, **now}), *changed[told + 1 :]]
    data = {**now, "before": before}
    return [*changed, Draft(Kind.STATUS_PAGE, _said(now, before or _NOTHING), reading.at, STATUS_PAGE, data)]


_NOTHING: Mapping[str, Any] = {"indicator": "none", "incidents": []}


def _words(facts: Mapping[str, Fact]) -> Mapping[str, Any]:
    names = facts.get("incident_names")
    return {
        "indicator": str(facts.get("indicator") or "none"),
        "incidents": sorted(names) if isinstance(names, tuple) else [],
    }


def _said(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """`major, was minor; new: Completion API unavailable; over: Slow answers`."""
    parts = [now["indicator"]]
    if now["indicator"] != before["indicator"]:
        parts[0] += f", was {before['indicator']}"
    fresh = [name for name in now["incidents"] if name not in before["incidents"]]
    over = [name for name in before["incidents"] if name not in now["incidents"]]
    parts += [f"new: {', '.join(fresh)}"] if fresh else []
    parts += [f"over: {', '.join(over)}"] if over else []
    return f"Mistral's status page says {'; '.join(parts)}"
