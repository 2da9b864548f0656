"""Blocking work in daemon threads: bounded in time and in number."""

import asyncio
import threading

import pytest

from tui.clients.lanes import Lanes, LanesFull


async def test_what_the_work_returns_or_raises_is_handed_over() -> None:
    lanes = Lanes(2, "test-lanes")
    assert await lanes.run(lambda: 7, 1) == 7

    def fails() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        await lanes.run(fails, 1)


async def test_work_runs_in_a_daemon_thread_of_that_name() -> None:
    thread = await Lanes(1, "test-lanes").run(threading.current_thread, 1)
    assert (thread.daemon, thread.name) == (True, "test-lanes")


async def test_a_lane_is_free_again_when_its_thread_has_ended_and_not_before() -> None:
    lanes, go = Lanes(1, "test-lanes"), threading.Event()
    with pytest.raises(TimeoutError) as slow:
        await lanes.run(go.wait, 0.05)
    assert not isinstance(slow.value, LanesFull)
    with pytest.raises(LanesFull):
        await lanes.run(lambda: 1, 0.05)
    go.set()
    assert await lanes.run(lambda: 1, 1) == 1


async def test_who_waits_longest_comes_first_and_who_gave_up_is_passed_over() -> None:
    lanes, go, order = Lanes(1, "test-lanes"), threading.Event(), []
    first = asyncio.create_task(lanes.run(go.wait, 5))
    await asyncio.sleep(0.01)
    tasks = [asyncio.create_task(lanes.run(lambda n=n: order.append(n), 5)) for n in range(4)]  # type: ignore[misc]
    await asyncio.sleep(0.01)
    tasks[1].cancel()
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(first, *tasks, return_exceptions=True)
    assert order == [0, 2, 3]
    assert await lanes.run(lambda: "free", 1) == "free"


def test_a_loop_that_has_ended_keeps_no_lane() -> None:
    lanes, go = Lanes(1, "test-lanes"), threading.Event()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await lanes.run(go.wait, 0.02)

    asyncio.run(give_up())
    go.set()
    assert asyncio.run(lanes.run(lambda: 1, 1)) == 1
