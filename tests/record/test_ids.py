"""Ids sort by time of recording, never collide, and are safe as names."""

import re
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import START
from tui.record.ids import EntryIds, checked, new_incident_id


def test_an_incident_id_says_its_minute() -> None:
    made = new_incident_id(START, Random(1))
    assert re.fullmatch(r"inc-20261123-1503-[0-9a-f]{4}", made)
    assert checked(made) == made


@given(st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=50))
def test_ids_rise_however_the_clock_moves_and_however_often_it_is_restarted(steps: list[int]) -> None:
    now, last, made = START, "", []
    for step in steps:
        now += timedelta(milliseconds=step)
        made.append(last := EntryIds(last).next(now))
    assert made == sorted(set(made))
    assert all(re.fullmatch("[0-9a-hjkmnp-tv-z]{26}", entry_id) for entry_id in made)


def test_two_machines_at_the_same_moment_make_different_ids() -> None:
    one, other = EntryIds(), EntryIds()
    ids = [ids.next(START) for _ in range(1000) for ids in (one, other)]
    assert len(set(ids)) == 2000


def test_later_entries_of_another_machine_sort_after() -> None:
    assert EntryIds().next(START) < EntryIds().next(START + timedelta(milliseconds=1))


def test_more_than_the_counter_holds_in_one_millisecond_still_rises() -> None:
    ids = EntryIds()
    made = [ids.next(START) for _ in range(70_000)]
    assert made == sorted(set(made))


@given(st.text(max_size=30))
def test_an_id_of_another_format_is_no_obstacle(last: str) -> None:
    assert EntryIds(last).next(START)
