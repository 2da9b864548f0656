"""What stood in the way is told in sentences, once each, after the reason."""

from datetime import UTC, datetime
from typing import Any

from tui.model.incident import Applied, Entry, Kind
from tui.session.errors import SessionError
from tui.session.obstacles import Obstacles, last_told

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def change(**more: Any) -> Applied:
    return Applied("i1", "reduce", "Reduce concurrency", "MAX", "10", "3", AT, **more)


def entry(kind: Kind, text: str, **data: Any) -> Entry:
    return Entry("e", AT, AT, "leeward", kind, text, {"intent": "i1", **data})


def test_without_any_the_reason_stands_alone() -> None:
    assert Obstacles().after("the cause lasts") == "the cause lasts"


def test_a_refusal_says_what_it_asks_for_and_is_told_once() -> None:
    met = Obstacles()
    for _ in range(2):
        met.refused("Store a key", SessionError("You may not patch secrets.", "Ask an administrator."))
    said = "Store a key was not made: You may not patch secrets. Ask an administrator."
    assert met.after("it lasts") == f"it lasts. {said}"


def test_a_stall_says_what_the_pods_waited_for_and_what_became_of_it() -> None:
    told = [entry(Kind.ROLLOUT, "rollout 0 of 3"), entry(Kind.ROLLOUT, "stalled", reasons=["Crash", "Image"])]
    said = Obstacles().stalled(change(stalled=True, undone=True), told)
    assert said == "Reduce concurrency: its rollout did not complete (Crash; Image), and was taken back."
    assert "is still stored" in Obstacles().stalled(change(stalled=True), [])


def test_what_somebody_else_overwrote_is_not_blamed_on_the_runbook() -> None:
    met = Obstacles()
    met.overwritten(change(verdict_text="overwritten by kubectl-set"))
    assert met.headline == "somebody else changes the same variable"
    assert "overwritten by kubectl-set. Agree with whoever set it" in met.met[0]


def test_the_last_entry_about_the_change_counts() -> None:
    other = Entry("e", AT, AT, "leeward", Kind.OUTCOME, "another's", {"intent": "i2"})
    entries = [entry(Kind.OUTCOME, "first"), entry(Kind.OUTCOME, "last"), other]
    assert last_told(entries, change(), Kind.OUTCOME) == "last"
    assert last_told(entries, change(), Kind.VERDICT) == ""
