"""The status page's words: in the timeline when they change, and only then."""

from datetime import timedelta
from typing import Any

from tests.support import sights
from tests.support.clock import START
from tui.model.incident import Draft, Kind
from tui.model.reading import Check, Reading, State
from tui.session.board import Board

AGE = timedelta(minutes=5)
STATES = {"none": State.OK, "minor": State.WARN, "major": State.FAIL}


def page(seconds: int, indicator: str, *names: str) -> Reading:
    facts: dict[str, Any] = {"readable": True, "indicator": indicator, "incident_names": names}
    at = START + timedelta(seconds=seconds)
    return Reading(Check.STATUS_PAGE, STATES[indicator], f"{indicator} page", at, facts)


def told(*readings: Reading) -> list[Draft]:
    board = Board(sights.RUNBOOK, timedelta(minutes=10), timedelta(minutes=2))
    return [
        draft
        for reading in readings
        for draft in board.take(reading, AGE)
        if draft.kind in (Kind.STATE, Kind.STATUS_PAGE)
    ]


def test_a_page_that_is_well_says_nothing_and_the_same_words_say_it_once() -> None:
    assert told(page(0, "none"), page(60, "none")) == []
    assert len(told(page(0, "minor", "Slow"), page(60, "minor", "Slow"))) == 1


def test_a_change_of_state_carries_the_words() -> None:
    (draft,) = told(page(0, "none"), page(60, "major", "Completion API unavailable"))
    assert draft.kind is Kind.STATE
    assert draft.data["indicator"] == "major"
    assert draft.data["incidents"] == ["Completion API unavailable"]


def test_words_that_change_while_the_state_stays_are_an_entry() -> None:
    drafts = told(
        page(0, "minor", "Slow"), page(60, "minor", "Slow", "OCR down"), page(120, "minor", "OCR down")
    )
    assert [d.kind for d in drafts] == [Kind.STATE, Kind.STATUS_PAGE, Kind.STATUS_PAGE]
    assert drafts[1].text == "Mistral's status page says minor; new: OCR down"
    assert drafts[2].text == "Mistral's status page says minor; over: Slow"
    assert drafts[2].data["before"] == {"indicator": "minor", "incidents": ["OCR down", "Slow"]}


def test_a_page_that_cannot_be_read_in_between_changes_no_word() -> None:
    away = Reading(Check.STATUS_PAGE, State.UNKNOWN, "unreadable", START + timedelta(seconds=60))
    drafts = told(page(0, "minor", "Slow"), away, page(120, "minor", "Slow"))
    assert all(d.kind is Kind.STATE for d in drafts)
    assert "incidents" not in drafts[-1].data
