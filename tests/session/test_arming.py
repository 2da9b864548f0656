"""Arming: read-only until the word is typed, for a while, and never lapsing inside a dialog."""

from datetime import timedelta

import pytest

from tests.support.clock import START
from tui.session.arming import Safety
from tui.session.errors import NotArmed

QUARTER = timedelta(minutes=15)


def test_it_starts_read_only_and_the_word_arms_it_for_a_while() -> None:
    safety = Safety("prodeu", QUARTER)
    assert not safety.armed(START)
    assert safety.arm("  ProdEU ", START)
    assert safety.armed(START + timedelta(minutes=14, seconds=59))
    assert not safety.armed(START + QUARTER)


@pytest.mark.parametrize("typed", ["", "prod", "prodeu1", "y"])
def test_a_wrong_word_arms_nothing(typed: str) -> None:
    safety = Safety("prodeu", QUARTER)
    assert not safety.arm(typed, START)
    assert not safety.armed(START)


def test_no_word_is_the_word_while_the_context_is_unknown() -> None:
    assert not Safety("", QUARTER).arm("", START)


def test_what_is_locked_cannot_be_armed_and_says_why() -> None:
    safety = Safety("prodeu", QUARTER, locked="it was started with --read-only")
    with pytest.raises(NotArmed, match="--read-only"):
        safety.arm("prodeu", START)


def test_an_arming_does_not_lapse_inside_a_dialog_or_a_running_change() -> None:
    safety = Safety("prodeu", QUARTER)
    safety.arm("prodeu", START)
    safety.hold()
    safety.hold()
    late = START + 2 * QUARTER
    assert safety.armed(late)
    safety.release(late)
    assert safety.armed(late)
    safety.release(late)
    assert not safety.armed(late)
    assert safety.state().until is None


def test_a_lock_that_is_learned_later_disarms() -> None:
    safety = Safety("prodeu", QUARTER)
    safety.arm("prodeu", START)
    safety.locked = "prod-eu is read-only in the settings"
    assert not safety.armed(START)
