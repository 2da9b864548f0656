"""Flapping: three changes in ten minutes are one entry with a count, until two minutes are steady."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import START
from tui.model.flapping import Flap


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def told(*seconds: float) -> tuple[Flap, list[bool]]:
    flap = Flap()
    return flap, [flap.changed(at(s)) for s in seconds]


def test_the_third_change_within_ten_minutes_is_flapping_and_told_once() -> None:
    flap, said = told(0, 300, 600, 610, 620)
    assert said == [False, False, True, False, False]
    assert flap.count == 5


def test_three_changes_in_more_than_ten_minutes_are_three_changes() -> None:
    flap, said = told(0, 300, 601)
    assert said == [False, False, False]
    assert not flap.holding(at(601))
    assert flap.count == 0


def test_only_the_last_ten_minutes_count() -> None:
    _, said = told(0, 500, 700, 1000)
    assert said == [False, False, False, True]


def test_the_path_holds_until_two_minutes_are_steady() -> None:
    flap, _ = told(0, 10, 20)
    assert flap.holding(at(20))
    assert flap.holding(at(139.9))
    assert not flap.holding(at(140))


def test_each_further_change_starts_the_two_minutes_anew() -> None:
    flap, _ = told(0, 10, 20, 100)
    assert flap.holding(at(219))
    assert not flap.holding(at(220))


def test_it_settles_once_with_its_count() -> None:
    flap, _ = told(0, 10, 20, 30)
    assert flap.settle(at(149)) == 0
    assert flap.settle(at(150)) == 4
    assert flap.settle(at(151)) == 0
    assert flap.count == 0


def test_after_it_settled_the_old_changes_are_forgotten() -> None:
    flap, _ = told(0, 10, 20)
    assert flap.settle(at(140)) == 3
    assert [flap.changed(at(s)) for s in (150, 160)] == [False, False]
    assert flap.changed(at(170))


def test_a_change_after_a_rest_begins_anew_even_where_nobody_asked_in_between() -> None:
    flap, _ = told(0, 10, 20)
    assert not flap.changed(at(200))
    assert flap.count == 0


def test_the_spans_are_settings() -> None:
    flap = Flap(window=timedelta(seconds=5), steady=timedelta(seconds=1))
    assert [flap.changed(at(s)) for s in (0, 2, 5)] == [False, False, True]
    assert not flap.holding(at(6))


@given(st.lists(st.integers(1, 400), max_size=60))
def test_every_flapping_that_is_told_settles_with_all_of_its_changes(gaps: list[int]) -> None:
    flap, now, begun, counted = Flap(), 0, 0, 0
    for gap in gaps:
        now += gap
        counted += flap.settle(at(now))
        begun += flap.changed(at(now))
        assert flap.holding(at(now)) == (flap.count > 0)
    counted += flap.settle(at(now + 121))
    assert not flap.holding(at(now + 121))
    assert 3 * begun <= counted <= len(gaps)
