"""The timeline: any number of rows at the same cost, following the end unless somebody reads."""

import time

import pytest

from tests.widgets.looks import TIMELINE, Tiny
from widgets.timeline import Timeline, TimelineRow


def many(count: int) -> list[TimelineRow]:
    return [TimelineRow("15:03:11", "note", f"entry {n}", key=n % 2 == 0) for n in range(count)]


async def test_it_shows_the_end_and_follows_it() -> None:
    timeline = Timeline()
    timeline.show(many(50))
    async with Tiny(timeline).run_test(size=(60, 8)) as pilot:
        timeline.append(TimelineRow("15:04:02", "note", "the newest"))
        await pilot.pause()
        assert "the newest" in timeline.lines_now()[-2]


async def test_reading_further_up_stays_put_and_counts_what_is_new() -> None:
    timeline = Timeline()
    timeline.show(many(50))
    async with Tiny(timeline).run_test(size=(60, 8)) as pilot:
        await pilot.press("home")
        before = timeline.lines_now()[:-1]
        timeline.append(*many(3))
        await pilot.pause()
        assert timeline.lines_now()[:-1] == before
        assert "3 new" in timeline.lines_now()[-1]
        await pilot.press("end")
        assert "new" not in timeline.lines_now()[-1]
        assert timeline.following


async def test_showing_rows_anew_keeps_the_row_that_is_read_under_the_cursor() -> None:
    rows = many(50)
    timeline = Timeline()
    timeline.show(rows)
    async with Tiny(timeline).run_test(size=(60, 8)) as pilot:
        await pilot.press("up", "up")
        assert timeline.cursor_index == 47
        timeline.show([TimelineRow("14:00:00", "alert", "told late"), *rows])
        assert timeline.cursor_index == 48


async def test_enter_opens_the_row_by_its_index_among_all_rows() -> None:
    timeline = Timeline()
    timeline.show(many(50))
    timeline.keep(lambda row: row.key)
    app = Tiny(timeline)
    async with app.run_test(size=(60, 8)) as pilot:
        await pilot.press("home", "j", "enter")
        assert app.said == [Timeline.Opened(2)]


async def test_a_filter_holds_for_rows_that_come_later_and_can_be_lifted() -> None:
    timeline = Timeline()
    timeline.show(many(10))
    timeline.keep(lambda row: "7" in row.text)
    async with Tiny(timeline).run_test(size=(60, 14)) as pilot:
        timeline.append(
            TimelineRow("15:04:02", "note", "entry 17"), TimelineRow("15:04:03", "note", "entry 18")
        )
        await pilot.pause()
        text = "\n".join(timeline.lines_now())
        assert "entry 7" in text
        assert "entry 17" in text
        assert "entry 18" not in text
        timeline.keep(None)
        await pilot.pause()
        assert "entry 18" in "\n".join(timeline.lines_now())
        timeline.keep(lambda row: False)
        await pilot.pause()
        assert "nothing matches the filter" in "\n".join(timeline.lines_now())


async def test_enter_on_nothing_says_nothing() -> None:
    timeline = Timeline()
    app = Tiny(timeline)
    async with app.run_test(size=(60, 8)) as pilot:
        await pilot.press("enter", "up", "end")
        assert app.said == []
        assert "nothing has happened yet" in timeline.lines_now()[1]


async def test_pages_overlap_by_a_line() -> None:
    timeline = Timeline()
    timeline.show(many(50))
    async with Tiny(timeline).run_test(size=(60, 8)) as pilot:
        await pilot.press("home", "pagedown")
        assert timeline.cursor_index == 5


async def test_the_same_rows_again_send_nothing() -> None:
    timeline = Timeline()
    timeline.show(TIMELINE)
    app = Tiny(timeline)
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        app.sent.clear()
        timeline.show(list(TIMELINE))
        await pilot.pause()
        assert app.sent == []
        timeline.append(TIMELINE[0])
        await pilot.pause()
        assert app.sent != []


def seconds(work: object) -> float:
    """Of the processor: what else the machine does is no matter."""
    best = 9.0
    for _ in range(7):
        start = time.thread_time()
        work()  # type: ignore[operator]
        best = min(best, time.thread_time() - start)
    return best


@pytest.mark.parametrize("filtered", [False, True])
async def test_100_000_rows_open_at_once_and_cost_what_1000_cost(filtered: bool) -> None:
    costs = {}
    for count in (1_000, 100_000):
        timeline = Timeline()
        rows = many(count)
        async with Tiny(timeline).run_test(size=(120, 20)) as pilot:
            if filtered:
                timeline.keep(lambda row: row.key)
            await pilot.pause()
            start = time.perf_counter()
            timeline.show(rows)
            assert len(timeline.lines_now()) == 20
            assert time.perf_counter() - start < 10
            timeline.action_move(-5)

            def use(timeline: Timeline = timeline) -> None:
                for _ in range(20):
                    timeline.append(TimelineRow("15:04:02", "note", "more"))
                    timeline.action_page(-1)
                    timeline.action_move(1)

            costs[count] = seconds(use)
    # A list copied at each append would be a hundred times slower.
    assert costs[100_000] < costs[1_000] * 3 + 0.01
