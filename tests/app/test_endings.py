"""How a change ended that did not go through is on the screen where one looks for what to do."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support import sights
from tests.support.sights import NOW
from tui.model.incident import Applied, Kind, Status
from tui.screens import view
from tui.screens.view import Places

PLACES = Places("~/.config/leeward/config.toml", "~/.local/state/leeward")
MADE = Applied("e1", "reduce-concurrency", "Reduce concurrency", "MAX", "10", "3", NOW, outcome="applied")
STALLED = replace(
    MADE,
    verdict="unknown",
    verdict_text="unknown: the rollout did not complete; z undoes the change",
    stalled=True,
)
REFUSED = replace(MADE, outcome="refused")
SAID = "The server refused it; nothing was changed. Ask an administrator of prod-eu."


def told(made: Applied, kind: Kind = Kind.OUTCOME, text: str = SAID, **more: object) -> dict[str, Any]:
    """A snapshot's incident and entries with this change as the latest."""
    entry = replace(sights.entry(NOW, kind, text, 50), data={"intent": "e1", **more})
    return {
        "incident": replace(sights.INCIDENT, mitigations=(made,)),
        "entries": (*sights.ENTRIES, entry),
    }


def prose(**more: Any) -> tuple[str, ...]:
    return view.do_here(sights.limited(**more), NOW, PLACES, trail=False).prose


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
async def test_a_stall_says_what_the_pods_wait_for_and_the_key_that_undoes_it(
    console: Any, size: tuple[int, int]
) -> None:
    stalled = told(STALLED, Kind.ROLLOUT, "rollout stalled", reasons=["CrashLoopBackOff: back-off"])
    async with console(sights.limited(**stalled), size=size) as desk:
        lines = desk.app.main.actions.lines_now()
        seen = " ".join(" ".join(line.strip("┃│ ") for line in lines).split())
        assert "the rollout did not complete; z undoes" in seen
        assert "CrashLoopBackOff: back-off" in seen or size == (60, 20)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("refused", "refused"), ("failed", "failed"), ("stored", "half done"), ("unknown", "not known yet")],
)
def test_what_was_refused_lost_or_half_done_is_told_with_what_to_do(outcome: str, words: str) -> None:
    assert prose(**told(replace(MADE, outcome=outcome)))[0] == f"Reduce concurrency, {words}: {SAID}"


def test_what_somebody_overwrote_asks_to_talk_to_them_first() -> None:
    theirs = replace(MADE, verdict="overwritten", verdict_text="overwritten by kubectl-set 15:10")
    said = "Reduce concurrency: overwritten by kubectl-set 15:10. Agree with whoever set it"
    assert prose(**told(theirs))[0].startswith(said)
    assert not any(
        "Agree" in line for line in prose(diagnosis=sights.RUNBOOK.diagnoses["healthy"], **told(theirs))
    )


def test_what_holds_while_its_cause_lasts_says_that_it_helped_and_how_it_ends() -> None:
    held = replace(MADE, verdict="effective", verdict_text="effective: 11.0/s → 0.0/s", lease="taken")
    assert prose(**told(held))[:2] == (
        "Reduce concurrency: effective: 11.0/s → 0.0/s. It is held.",
        "z takes it back when the cause is gone.",
    )
    assert not any("It is held" in line for line in prose(**told(replace(held, lease="gone"))))


def test_what_a_crash_left_is_told_as_it_was_settled() -> None:
    stored = told(replace(MADE, outcome="stored"), Kind.SETTLED, "stored, and not restarted: restart (m)")
    assert prose(**stored)[0].endswith("stored, and not restarted: restart (m)")


@pytest.mark.parametrize(
    "made",
    [MADE, replace(STALLED, undone=True), replace(MADE, outcome="stored", undone=True)],
    ids=["applied", "stall undone", "stored, undone"],
)
def test_what_went_through_or_was_taken_back_needs_no_word(made: Applied) -> None:
    assert not any("Reduce concurrency" in line for line in prose(**told(made)))


def test_health_and_the_end_of_the_incident_leave_a_refusal_to_the_timeline() -> None:
    refused = told(REFUSED)
    assert prose(**refused)[0].startswith("Reduce concurrency, refused")
    healthy = sights.RUNBOOK.diagnoses["healthy"]
    assert not any("refused" in line for line in prose(diagnosis=healthy, **refused))
    refused["incident"] = replace(refused["incident"], status=Status.RESOLVED)
    assert not any("refused" in line for line in prose(**refused))
