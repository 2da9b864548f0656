"""Ids sort by time of recording, never collide, and are safe as names."""

import asyncio
import re
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import START
from tui.record.ids import FOLLOWED, EntryIds, checked, is_entry_id, latest_followed, new_incident_id


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


seen = st.one_of(
    st.text(max_size=30),
    st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26),
    st.integers(-(10**9), 10**9).map(lambda ms: EntryIds().next(START + timedelta(milliseconds=ms))),
)


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), st.lists(seen, max_size=4)), max_size=30))
def test_ids_rise_whatever_was_seen_and_follow_what_is_near(steps: list[tuple[int, list[str]]]) -> None:
    ids, now, last = EntryIds(), START, ""
    for step, others in steps:
        now += timedelta(milliseconds=step)
        for other in others:
            ids.saw(other, now)
        made = ids.next(now)
        assert is_entry_id(made)
        assert made > last
        assert all(made > other for other in others if is_entry_id(other) and other <= latest_followed(now))
        last = made
    # The clock may have been set back since, but nobody else's has pulled this one along.
    furthest = START + timedelta(milliseconds=sum(max(step, 0) for step, _ in steps)) + FOLLOWED
    assert last <= latest_followed(furthest)


@given(st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26))
def test_no_last_id_leads_past_the_end(last: str) -> None:
    assert is_entry_id(EntryIds(last).next(START))


def test_what_is_no_id_is_none() -> None:
    for text in (
        "",
        "0" * 25,
        "0" * 27,
        "8" + "0" * 25,
        "0" * 25 + "i",
        "0" * 25 + "\n",
        "0" * 26 + "\n",
        "../" + "0" * 23,
    ):
        assert not is_entry_id(text)
    assert is_entry_id("0" * 26)
    assert is_entry_id("7" + "z" * 25)


async def test_threads_get_each_their_own() -> None:
    ids = EntryIds()

    def some() -> list[str]:
        return [ids.next(START) for _ in range(500)]

    made = await asyncio.gather(*(asyncio.to_thread(some) for _ in range(4)))
    assert len({one[:16] for chunk in made for one in chunk}) == 2000
    assert all(chunk == sorted(chunk) for chunk in made)
