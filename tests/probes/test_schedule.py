"""When probes are asked: at their pace, never in each other's way, and never longer than they may."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.support.clock import ManualClock
from tui.model.reading import Check, Reading, State
from tui.probes.schedule import Schedule, bounded, once


class Scripted:
    """A probe that answers as told; each answer is a state, an exception, or None to hang."""

    interval = timedelta(seconds=10)
    deadline = timedelta(seconds=5)
    max_age = timedelta(seconds=35)

    def __init__(self, clock: ManualClock, check: Check, *answers: State | Exception | None) -> None:
        self.check = check
        self.asked: list[float] = []
        self._clock = clock
        self._answers = list(answers)

    async def ask(self) -> Reading:
        self.asked.append(self._clock.monotonic())
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, State)
        return Reading(self.check, answer, "as told", self._clock.now())


class Even(random.Random):
    """No jitter."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


Run = Callable[..., Schedule]


@pytest.fixture
async def run(clock: ManualClock) -> Iterator[Run]:
    """Start a schedule of these probes; it is stopped at the end."""
    made: list[Schedule] = []

    def start(
        *probes: Scripted, rng: random.Random | None = None, heard: list[Reading] | None = None
    ) -> Schedule:
        schedule = Schedule(probes, clock, (heard if heard is not None else []).append, rng or Even())
        made.append(schedule)
        schedule.start()
        return schedule

    yield start
    for schedule in made:
        await schedule.stop()


async def test_a_probe_is_asked_at_once_and_then_at_its_interval(clock: ManualClock, run: Run) -> None:
    probe, heard = Scripted(clock, Check.SERVICE, State.OK), []
    run(probe, heard=heard)
    await clock.advance(25)
    assert probe.asked == [0, 10, 20]
    assert len(heard) == 3


async def test_a_hung_probe_holds_up_no_other(clock: ManualClock, run: Run) -> None:
    hung, well, heard = Scripted(clock, Check.SERVICE, None), Scripted(clock, Check.ALERTS, State.OK), []
    run(hung, well, heard=heard)
    await clock.advance(20)
    assert well.asked == [0, 10, 20]
    first = next(r for r in heard if r.check is Check.SERVICE)
    assert (first.state, first.summary) == (State.UNKNOWN, "no answer within 5 s")


async def test_unknown_backs_off_up_to_a_minute_and_an_answer_ends_it(clock: ManualClock, run: Run) -> None:
    probe = Scripted(clock, Check.ALERTS, *[State.UNKNOWN] * 5, State.OK)
    run(probe)
    await clock.advance(200)
    assert probe.asked == [0, 10, 30, 70, 130, 190, 200]


async def test_a_failure_is_an_answer_and_does_not_back_off(clock: ManualClock, run: Run) -> None:
    probe = Scripted(clock, Check.MISTRAL_API, State.FAIL)
    run(probe)
    await clock.advance(30)
    assert probe.asked == [0, 10, 20, 30]


async def test_refresh_asks_everything_now(clock: ManualClock, run: Run) -> None:
    probes = [Scripted(clock, Check.SERVICE, State.OK), Scripted(clock, Check.ALERTS, State.UNSET)]
    schedule = run(*probes)
    await clock.advance(3)
    schedule.refresh()
    await clock.advance(1)
    assert [probe.asked for probe in probes] == [[0, 3], [0, 3]]


async def test_jitter_keeps_consoles_out_of_step(clock: ManualClock, run: Run) -> None:
    probes = [Scripted(clock, check, State.OK) for check in Check]
    run(*probes, rng=random.Random(7))
    await clock.advance(11.1)
    second = [probe.asked[1] for probe in probes]
    assert len(set(second)) == len(second)
    assert all(9 <= at <= 11 for at in second)


async def test_a_probe_that_raises_is_unknown_and_its_text_is_not_told(clock: ManualClock) -> None:
    reading = await bounded(Scripted(clock, Check.WORKLOAD, ValueError("sentinel")), clock)
    assert reading.state is State.UNKNOWN
    assert "sentinel" not in repr(reading)
    assert "ValueError" in reading.note


async def test_a_probe_that_ignores_cancellation_is_left_behind(clock: ManualClock) -> None:
    ended = asyncio.Event()

    class Stubborn(Scripted):
        async def ask(self) -> Reading:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await ended.wait()
            return Reading(self.check, State.OK, "too late", self._clock.now())

    asked = asyncio.create_task(bounded(Stubborn(clock, Check.SERVICE, State.OK), clock))
    await clock.advance(5)
    assert (await asked).state is State.UNKNOWN
    ended.set()
    await asyncio.sleep(0)


async def test_stopping_does_not_wait_for_what_hangs(clock: ManualClock) -> None:
    schedule = Schedule([Scripted(clock, Check.SERVICE, None)], clock, lambda _: None, Even())
    schedule.start()
    await clock.advance(1)
    await asyncio.wait_for(schedule.stop(), 60)
    before = asyncio.all_tasks()
    await clock.advance(100)
    assert asyncio.all_tasks() <= before


async def test_once_asks_all_at_the_same_time_and_keeps_the_order(clock: ManualClock) -> None:
    probes = [Scripted(clock, Check.MISTRAL_API, None), Scripted(clock, Check.SERVICE, State.OK)]
    heard: list[Reading] = []
    asked = asyncio.create_task(once(probes, clock, heard.append))
    await clock.advance(1)
    assert [reading.check for reading in heard] == [Check.SERVICE]
    await clock.advance(4)
    assert list(await asked) == [Check.MISTRAL_API, Check.SERVICE]
