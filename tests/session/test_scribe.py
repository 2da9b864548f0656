"""What happens by itself is written once, by whoever saw it first; the others find it told."""

import asyncio
from dataclasses import replace

from tests.support.clock import START
from tui.model.clock import SystemClock
from tui.model.incident import Applied, Draft, Incident, Kind
from tui.session.scribe import Scribe

INCIDENT = Incident("inc-20261123-1503-7f3a")


class Turns(SystemClock):
    """Turns pass when they are let; nothing else does."""

    def __init__(self) -> None:
        self.at = 0.0
        self.passed = asyncio.Event()

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        ends = self.at + seconds
        while self.at < ends:
            await self.passed.wait()
            await asyncio.sleep(0)

    async def pass_by(self, seconds: float) -> None:
        self.at += seconds
        self.passed.set()
        for _ in range(20):
            await asyncio.sleep(0)
        self.passed.clear()


TURN = 2.0


class Desk:
    """A scribe, the record that it writes to, and how many consoles are before it."""

    def __init__(self, rank: int = 0) -> None:
        self.clock, self.rank, self.incident = Turns(), rank, INCIDENT
        self.written: list[Draft] = []
        self.scribe = Scribe(self.clock, lambda: self.rank, self.write, lambda: self.incident, TURN)

    async def write(self, *drafts: Draft) -> None:
        self.written += drafts
        self.hear(*drafts)

    def hear(self, *drafts: Draft) -> None:
        self.scribe.hear((d.kind, d.data, d.text) for d in drafts)

    async def sees(self, *drafts: Draft) -> None:
        await self.write(*self.scribe.offer(drafts))


def state(to: str, check: str = "service") -> Draft:
    return Draft(Kind.STATE, f"{check} {to}", START, "leeward", {"check": check, "to": to})


def found(diagnosis: str) -> Draft:
    return Draft(Kind.DIAGNOSIS, diagnosis, START, "leeward", {"id": diagnosis})


def lease(event: str) -> Draft:
    return Draft(Kind.LEASE, event, START, "leeward", {"intent": "one", "event": event})


async def test_alone_everything_is_written_at_once_and_only_news() -> None:
    desk = Desk()
    await desk.sees(state("fail"), state("fail", "network"), found("provider-outage"))
    await desk.sees(state("ok"))
    assert [d.text for d in desk.written] == ["service fail", "network fail", "provider-outage", "service ok"]
    await desk.sees(state("ok"), found("provider-outage"))
    assert len(desk.written) == 4


async def test_what_another_told_meanwhile_is_not_written_again() -> None:
    desk = Desk(rank=1)
    await desk.sees(state("fail"), found("provider-outage"))
    assert desk.written == []
    desk.hear(state("fail"))
    await desk.clock.pass_by(2.0)
    assert [d.text for d in desk.written] == ["provider-outage"]


async def test_there_and_back_within_a_turn_is_told_by_one_alone() -> None:
    desk = Desk(rank=1)
    desk.hear(state("ok"))
    await desk.sees(state("fail"))
    await desk.sees(state("ok"))
    desk.hear(state("fail"), state("ok"))
    await desk.clock.pass_by(5.0)
    assert desk.written == []
    await desk.sees(state("fail"))
    await desk.sees(state("ok"))
    await desk.clock.pass_by(5.0)
    assert [d.text for d in desk.written] == ["service fail", "service ok"]


async def test_what_was_told_while_it_waited_counts_no_more_for_what_comes_after_it() -> None:
    desk = Desk(rank=1)
    desk.hear(state("ok"))
    await desk.sees(state("warn"))
    desk.hear(state("warn"), state("ok"))
    await desk.sees(state("ok"))
    await desk.clock.pass_by(5.0)
    assert desk.written == []


async def test_the_third_waits_two_turns_and_writes_where_nobody_did() -> None:
    desk = Desk(rank=2)
    await desk.sees(state("fail"))
    await desk.clock.pass_by(3.9)
    assert desk.written == []
    await desk.clock.pass_by(0.2)
    assert [d.text for d in desk.written] == ["service fail"]


async def test_what_came_later_is_written_later_even_where_the_others_left_meanwhile() -> None:
    desk = Desk(rank=1)
    await desk.sees(state("fail"))
    desk.rank = 0
    await desk.sees(state("ok"))
    assert desk.written == []
    await desk.clock.pass_by(2.0)
    assert [d.text for d in desk.written] == ["service fail", "service ok"]


async def test_whoever_leaves_writes_what_nobody_told() -> None:
    desk = Desk(rank=3)
    await desk.sees(state("fail"), found("provider-outage"))
    desk.hear(found("provider-outage"))
    await desk.scribe.finish()
    assert [d.text for d in desk.written] == ["service fail"]


async def test_what_a_person_did_waits_for_nobody() -> None:
    desk = Desk(rank=5)
    armed = Draft(Kind.ARMED, "for 15 min", START, "ana")
    await desk.sees(armed, armed, state("fail"))
    assert desk.written == [armed, armed]


async def test_after_flapping_the_next_change_is_news() -> None:
    desk = Desk()
    data = {"check": "service", "count": 4, "to": "ok", "steady": True}
    await desk.sees(state("fail"), Draft(Kind.FLAPPING, "steady again", START, "leeward", data))
    await desk.sees(state("fail"))
    assert [d.text for d in desk.written] == ["service fail", "steady again", "service fail"]


async def test_a_lease_that_somebody_took_back_is_not_told_as_gone() -> None:
    change = Applied("one", "m", "M", "V", "1", "2", START, outcome="applied", lease="taken")
    desk = Desk(rank=1)
    desk.incident = replace(INCIDENT, mitigations=(change,))
    await desk.sees(lease("gone"))
    desk.incident = replace(INCIDENT, mitigations=(replace(change, undone=True),))
    await desk.clock.pass_by(2.0)
    assert desk.written == []
    desk.incident = replace(INCIDENT, mitigations=(change,))
    await desk.sees(lease("gone"))
    await desk.clock.pass_by(2.0)
    assert [d.text for d in desk.written] == ["gone"]


async def test_an_alert_that_fires_anew_is_another_one() -> None:
    desk = Desk()

    def fired(at: str) -> Draft:
        return Draft(Kind.ALERT, "fired", START, "am", {"fingerprint": "f", "name": "A", "starts_at": at})

    await desk.sees(fired("15:03"), fired("15:03"))
    await desk.sees(fired("16:00"))
    assert len(desk.written) == 2
