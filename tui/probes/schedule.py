"""When the probes are asked: each in a task of its own, with jitter, backoff and a hard deadline."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from tui.model.clock import Clock, either
from tui.model.reading import Check, Reading, State
from tui.probes.probe import Probe

log = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(seconds=60)
_JITTER = 0.1


async def bounded(probe: Probe, clock: Clock) -> Reading:
    """One reading within the probe's deadline, whatever the probe does.

    A probe that raises or does not come back gives a reading that is unknown. One that ignores its
    cancellation is left behind.
    """
    asked = asyncio.ensure_future(probe.ask())
    ends = asyncio.ensure_future(clock.sleep(probe.deadline.total_seconds()))
    try:
        await asyncio.wait((asked, ends), return_when=asyncio.FIRST_COMPLETED)
    finally:
        ends.cancel()
        if not asked.done():
            asked.cancel()
            asked.add_done_callback(_forget)
    if not asked.done() or asked.cancelled():
        seconds = probe.deadline.total_seconds()
        return Reading(probe.check, State.UNKNOWN, f"no answer within {seconds:.3g} s", clock.now())
    error = asked.exception()
    return asked.result() if error is None else _broken(probe.check, error, clock)


def _forget(task: "asyncio.Future[Reading]") -> None:
    """Take the outcome of a task that nobody waits for, so that it is not reported as never taken."""
    if not task.cancelled():
        task.exception()


def _broken(check: Check, error: BaseException, clock: Clock) -> Reading:
    """A fault of ours. Its text may hold anything, so that only its kind is told."""
    kind = type(error).__name__
    log.warning("the check %s failed with %s", check, kind)
    return Reading(
        check,
        State.UNKNOWN,
        "the check itself failed",
        clock.now(),
        note=f"a fault of Leeward's ({kind}), not of what it checks",
        remedy="Please report it.",
    )


async def once(
    probes: Iterable[Probe], clock: Clock, on_reading: Callable[[Reading], None] | None = None
) -> dict[Check, Reading]:
    """Ask each probe once, all at the same time; the readings in the order of the probes.

    `on_reading` hears of each as it comes in.
    """

    async def one(probe: Probe) -> Reading:
        reading = await bounded(probe, clock)
        if on_reading:
            on_reading(reading)
        return reading

    readings = await asyncio.gather(*(one(probe) for probe in probes))
    return {reading.check: reading for reading in readings}


class Schedule:
    """Asks the probes again and again until it is stopped."""

    def __init__(
        self,
        probes: Sequence[Probe],
        clock: Clock,
        on_reading: Callable[[Reading], None],
        rng: random.Random,
    ) -> None:
        """`on_reading` is called in the loop with each reading; it must not raise."""
        self._probes = tuple(probes)
        self._clock = clock
        self._on_reading = on_reading
        self._rng = rng
        self._tasks: list[asyncio.Task[None]] = []
        self._now = {probe.check: asyncio.Event() for probe in self._probes}

    def start(self) -> None:
        """Ask everything now, and from then on each at its own pace."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._keep_asking(probe), name=f"probe {probe.check}")
                for probe in self._probes
            ]

    def refresh(self) -> None:
        """Ask everything now; what is being asked already is asked again right after."""
        for event in self._now.values():
            event.set()

    async def stop(self) -> None:
        """Stop asking. Returns at once, even when a probe hangs."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_asking(self, probe: Probe) -> None:
        failures = 0
        while True:
            self._now[probe.check].clear()
            reading = await bounded(probe, self._clock)
            failures = failures + 1 if reading.state is State.UNKNOWN else 0
            self._on_reading(reading)
            await either(self._now[probe.check], self._clock, self._wait(probe, reading.state, failures))

    def _wait(self, probe: Probe, state: State, failures: int) -> float:
        """Seconds until the next asking: the interval, doubled with each failure in a row.

        A check that is not set cannot change by itself. The jitter keeps many consoles, opened by
        the same page, from asking in step.
        """
        interval = probe.interval.total_seconds()
        longest = max(LONGEST_PAUSE.total_seconds(), interval)
        if state is State.UNSET:
            seconds = longest
        else:
            seconds = min(interval * 2 ** min(max(failures - 1, 0), 16), longest)
        return seconds * self._rng.uniform(1 - _JITTER, 1 + _JITTER)
