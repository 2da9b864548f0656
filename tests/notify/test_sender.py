"""Sending: once, in order, again only where that is safe, and until the disk knows of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.notify.messages import NOW, message
from tests.notify.test_outbox import World
from tests.support.clock import ManualClock
from tui.model.redaction import Redactor
from tui.notify.message import Message, Result, State
from tui.notify.outbox import Outbox
from tui.notify.sender import ATTEMPTS, Sender, backoff
from tui.record.errors import JournalError


class Desk:
    """A sender at work, and what it said."""

    def __init__(self, folder: Path, world: object) -> None:
        self.clock = ManualClock(NOW)
        self.outbox = Outbox.open(folder, NOW, Redactor(()))
        self.states: list[tuple[str, str]] = []
        self.troubles: list[str] = []
        self.sender = Sender(
            self.outbox,
            {"slack": world},  # type: ignore[dict-item]
            lambda: {"slack": {"thread_ts": "7.0"}},
            self.clock,
            self._changed,
            self.troubles.append,
        )

    async def _changed(self, one: Message) -> None:
        self.states.append((one.id, one.state.value))

    async def until(self, message_id: str, state: State) -> Message:
        """The message once it is so, and this was told; time passes until then."""
        for _ in range(4000):
            found = next(m for m in self.outbox.messages if m.id == message_id)
            if found.state is state and (message_id, state.value) in self.states:
                return found
            await asyncio.sleep(0.001)
            await self.clock.advance(1)
        raise AssertionError(f"{message_id} is {found.state}, not {state}")


@asynccontextmanager
async def at_work(folder: Path, world: object) -> AsyncIterator[Desk]:
    desk = Desk(folder, world)
    task = asyncio.create_task(desk.sender.run())
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        desk.outbox.close()


async def test_a_message_is_sending_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    class Looks(World):
        async def send(self, sent: Message, refs: object) -> Result:
            held = (tmp_path / "outbox.json").read_text()
            assert '"state":"sending"' in held
            return Result("sent")

    async with at_work(tmp_path, Looks([])) as desk:
        await desk.sender.put(message(asked_at=NOW))
        await desk.until("m1", State.SENT)
        assert desk.states == [("m1", "sending"), ("m1", "sent")]


async def test_a_busy_target_is_asked_again_and_later_messages_wait_their_turn(tmp_path: Path) -> None:
    world = World(["busy", "busy", "sent", "sent"])
    async with at_work(tmp_path, world) as desk:
        await desk.sender.put(message(), message(id="m2"))
        await desk.until("m2", State.SENT)
        sent = [name for name, state in desk.states if state == "sent"]
        assert sent == ["m1", "m2"]
        assert world.arrived == {"m1": 1, "m2": 1}
        assert desk.outbox.messages[0].attempts == 3


async def test_a_lost_answer_is_not_sent_again_until_a_person_says_so(tmp_path: Path) -> None:
    world = World(["lost"])
    async with at_work(tmp_path, world) as desk:
        await desk.sender.put(message())
        await desk.until("m1", State.UNKNOWN)
        await desk.clock.advance(10_000)
        assert world.arrived["m1"] == 1
        await desk.sender.settle("m1", State.QUEUED)
        await desk.until("m1", State.SENT)
        assert world.arrived["m1"] == 2
        with pytest.raises(KeyError):
            await desk.sender.settle("m1", State.QUEUED)


async def test_it_gives_up_at_some_time_and_says_so(tmp_path: Path) -> None:
    world = World(["busy"] * 50)
    async with at_work(tmp_path, world) as desk:
        await desk.sender.put(message())
        found = await desk.until("m1", State.FAILED)
        assert found.attempts == ATTEMPTS
        assert "It was tried 8 times." in found.said
        assert not world.arrived


async def test_what_a_target_asks_to_wait_is_waited(tmp_path: Path) -> None:
    class Waits(World):
        asked: list[float] = []  # noqa: RUF012 - one test's

        async def send(self, sent: Message, refs: object) -> Result:
            self.asked.append(desk.clock.monotonic())
            return Result("later", "429", after=37.0) if len(self.asked) == 1 else Result("sent")

    async with at_work(tmp_path, Waits([])) as desk:
        await desk.sender.put(message())
        await desk.until("m1", State.SENT)
    first, second = Waits.asked
    assert second - first >= 37.0


async def test_what_the_journal_knows_of_a_thread_is_used(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    class Threads(World):
        async def send(self, sent: Message, refs: dict[str, str]) -> Result:
            seen.append(refs)
            return Result("sent", refs={"thread_ts": "8.0"})

    async with at_work(tmp_path, Threads([])) as desk:
        await desk.sender.put(message(), message(id="m2"))
        await desk.until("m2", State.SENT)
    assert [refs["thread_ts"] for refs in seen] == ["7.0", "8.0"]


async def test_an_answer_is_kept_until_the_disk_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([])
    async with at_work(tmp_path, world) as desk:
        change, refusals = desk.outbox.change, 3

        def refusing(message_id: str, now: object, **changes: object) -> Message:
            nonlocal refusals
            if changes.get("state") is State.SENT and refusals:
                refusals -= 1
                raise JournalError("Cannot write: the disk is full.", "Free some space.")
            return change(message_id, now, **changes)  # type: ignore[arg-type]

        monkeypatch.setattr(desk.outbox, "change", refusing)
        await desk.sender.put(message())
        await desk.until("m1", State.SENT)
        assert world.arrived["m1"] == 1
        assert "the disk is full" in desk.troubles[0]
        assert desk.troubles[-1] == ""


async def test_a_target_that_is_no_longer_set_is_said(tmp_path: Path) -> None:
    async with at_work(tmp_path, World([])) as desk:
        await desk.sender.put(message(target="pager", place="the old pager"))
        found = await desk.until("m1", State.FAILED)
        assert found.said == "the old pager is no longer set."


def test_waits_grow_and_have_an_end() -> None:
    assert [backoff(n) for n in (1, 2, 3, 6, 30)] == [2.0, 4.0, 8.0, 60.0, 60.0]
