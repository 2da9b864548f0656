"""That a change was overwritten is its verdict, whenever that is found, and is said once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tui.mitigations.breaker import breaker_of
from tui.model.folding import fold
from tui.model.incident import Applied, Entry, Kind

START = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
MADE = ("intent", {"mitigation": "m", "title": "Less", "variable": "V", "before": "10", "after": "3"})
OUTCOME = ("outcome", {"outcome": "applied"})
OVERWRITTEN = ("lease", {"event": "overwritten", "by": "argocd"})


def judged(verdict: str) -> tuple[str, dict[str, Any]]:
    return "verdict", {"verdict": verdict}


def told(*events: tuple[str, dict[str, Any]]) -> Applied:
    """The one change that these entries, a minute apart, are about."""
    entries = []
    for number, (kind, data) in enumerate(events):
        at = START + timedelta(minutes=number)
        text = f"{data['verdict']}: measured" if kind == Kind.VERDICT else kind
        entries.append(Entry(f"{number:04}", at, at, "leeward", kind, text, {"intent": "0000", **data}))
    (change,) = fold("inc-a", entries).mitigations
    return change


def test_what_was_measured_before_is_told_with_it() -> None:
    change = told(MADE, OUTCOME, judged("effective"), OVERWRITTEN)
    assert (change.verdict, change.measured) == ("overwritten", "effective")
    assert change.verdict_text == "overwritten by argocd 15:33; before that effective: measured"


def test_a_verdict_that_comes_after_it_judges_nothing() -> None:
    change = told(MADE, OUTCOME, OVERWRITTEN, judged("effective"))
    assert change.verdict == "overwritten"
    assert change.verdict_text == (
        "overwritten by argocd 15:32, before it was judged; measured after that: effective: measured"
    )
    assert not change.unjudged


def test_it_is_the_verdict_once_and_the_first_to_overwrite_is_named() -> None:
    again = ("lease", {"event": "overwritten", "by": "flux"})
    change = told(MADE, OUTCOME, judged("harmful"), OVERWRITTEN, again)
    assert change.verdict_text == "overwritten by argocd 15:33; before that harmful: measured"


def test_found_after_a_crash_it_is_the_verdict_too() -> None:
    change = told(MADE, ("settled", {"outcome": "overwritten"}))
    assert (change.outcome, change.verdict) == ("overwritten", "overwritten")
    assert change.verdict_text == "overwritten, found at 15:31, before it was judged"


def test_nobody_named_is_somebody() -> None:
    assert (
        "overwritten by somebody 15:32"
        in told(MADE, OUTCOME, ("lease", {"event": "overwritten"})).verdict_text
    )


def test_what_helped_until_it_was_overwritten_did_not_fail() -> None:
    helped = told(MADE, OUTCOME, judged("effective"), OVERWRITTEN)
    failed = told(MADE, OUTCOME, judged("ineffective"), OVERWRITTEN)
    assert breaker_of((failed, failed)).stopped == frozenset({"m"})
    assert breaker_of((failed, helped, failed)).stopped == frozenset()
