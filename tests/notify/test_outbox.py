"""The outbox on disk: nothing is lost, and nothing goes twice unasked, wherever it is cut off."""

import asyncio
import json
import stat
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notify.messages import NOW, message
from tests.support.clock import ManualClock
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.update import Audience
from tui.notify.message import OVER, Checked, Message, Result, State
from tui.notify.outbox import NAME, STALE, Outbox
from tui.notify.rendering import Fit
from tui.notify.sender import Sender
from tui.record.errors import HeldByAnother, JournalError

REDACT = Redactor([Secret("sentinel-of-the-tests")])


def open_in(folder: Path, now=NOW) -> Outbox:  # type: ignore[no-untyped-def]
    return Outbox.open(folder, now, REDACT)


def test_what_was_put_is_there_again_private_and_without_secrets(tmp_path: Path) -> None:
    outbox = open_in(tmp_path)
    outbox.put(message("it says sentinel-of-the-tests"), message(id="m2"))
    outbox.change("m2", NOW, state=State.FAILED, said="sentinel-of-the-tests was refused")
    outbox.close()
    path = tmp_path / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "sentinel" not in path.read_text()
    again = open_in(tmp_path)
    assert [(m.id, m.state) for m in again.messages] == [("m1", State.QUEUED), ("m2", State.FAILED)]
    assert again.messages[0].text == "it says ***"
    assert [m.id for m in again.waiting] == ["m1"]
    again.close()


def test_a_text_that_is_no_text_is_kept_all_the_same(tmp_path: Path) -> None:
    outbox = open_in(tmp_path)
    outbox.put(message("half \ud800 of a letter\x1b[31m\x00", place="\udcff"))
    outbox.close()
    (found,) = open_in(tmp_path).messages
    assert found.text == "half \ufffd of a letter\ufffd"


def test_a_message_that_was_on_its_way_is_unknown_after_a_crash(tmp_path: Path) -> None:
    outbox = open_in(tmp_path)
    outbox.put(message())
    outbox.change("m1", NOW, state=State.SENDING)
    outbox.close()
    (found,) = open_in(tmp_path).messages
    assert found.state is State.UNKNOWN
    assert "may have arrived" in found.said


def test_old_news_is_not_sent_by_itself(tmp_path: Path) -> None:
    outbox = open_in(tmp_path)
    outbox.put(message())
    outbox.close()
    later = open_in(tmp_path, NOW + STALE + timedelta(seconds=1))
    assert later.messages[0].state is State.FAILED
    assert "was not sent" in later.messages[0].said
    later.close()


def test_one_process_has_it_at_a_time(tmp_path: Path) -> None:
    first = open_in(tmp_path)
    first.put(message())
    first.change("m1", NOW, state=State.SENDING)
    with pytest.raises(HeldByAnother):
        open_in(tmp_path)
    assert first.messages[0].state is State.SENDING, "what another sends is not settled by who looks"
    first.close()
    open_in(tmp_path).close()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b'{"leeward":1,"messages":[{"id":1}]}', b"[]"])
def test_a_damaged_outbox_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    outbox = open_in(tmp_path)
    assert outbox.messages == ()
    assert "outbox.json.broken-1" in outbox.problem
    assert (tmp_path / "outbox.json.broken-1").read_bytes() == content
    outbox.close()


def test_a_later_format_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(json.dumps({"leeward": 2, "messages": []}))
    with pytest.raises(JournalError, match="Use a newer leeward"):
        open_in(tmp_path)
    assert (tmp_path / NAME).exists()


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = open_in(tmp_path)
    outbox.put(message())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(JournalError, match="the disk is full"):
            outbox.change("m1", NOW, state=State.SENDING)
    assert outbox.messages[0].state is State.QUEUED
    outbox.change("m1", NOW, state=State.SENT)
    outbox.close()
    assert [m.state for m in open_in(tmp_path).messages] == [State.SENT]


# Cut off at any step


class Crash(BaseException):
    """The process ends here."""


class Fuse:
    """Ends the process at the n-th step that asks."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def burn(self) -> None:
        if self.left == 0:
            raise Crash
        self.left -= 1


class CrashingOutbox(Outbox):
    """One whose process may end before or after each write."""

    fuse: Fuse

    def _write(self, content: bytes) -> None:
        self.fuse.burn()
        super()._write(content)
        self.fuse.burn()


class World:
    """A target that counts what arrives, and answers as it is told."""

    name, place = "slack", "Slack #incidents"
    audience: Audience | None = Audience.INTERNAL
    notifies: bool | None = None

    def __init__(self, answers: list[str]) -> None:
        self.arrived: Counter[str] = Counter()
        self.answers = answers
        self.fuse = Fuse(-1)

    def fit(self, text: str) -> Fit:
        return Fit(len(text), 3000)

    async def check(self) -> Checked:
        return Checked(True, "")

    async def send(self, sent: Message, refs: Mapping[str, str]) -> Result:
        self.fuse.burn()  # before it leaves
        how = self.answers.pop(0) if self.answers else "sent"
        if how in ("sent", "lost"):
            self.arrived[sent.id] += 1
        self.fuse.burn()  # arrived, and the answer is on its way
        if how == "sent":
            return Result("sent", refs={"ts": "1"})
        if how == "lost":
            return Result("unknown", "no answer")
        return Result("later" if how == "busy" else "refused", how)


async def life(folder: Path, world: World, fuse: Fuse, now, new: list[str]) -> bool:  # type: ignore[no-untyped-def]
    """One process: opens the outbox, queues, sends all that it may. Whether it came to its end."""
    clock = ManualClock(now)
    CrashingOutbox.fuse = world.fuse = fuse
    outbox = None
    try:
        outbox = CrashingOutbox.open(folder, clock.now(), REDACT)
        sender = Sender(outbox, {"slack": world}, dict, clock, told, lambda _: None)
        for name in new:
            outbox.put(message(id=name, asked_at=clock.now()))
        while True:
            wait = await sender._round()
            if wait is None:
                return True
            await clock.advance(wait)
    except Crash:
        return False
    finally:
        if outbox is not None:
            outbox.close()  # as the kernel takes the lock from a process that died


async def told(_message: Message) -> None:
    return None


@settings(max_examples=120)
@given(
    answers=st.lists(st.sampled_from(["sent", "sent", "lost", "busy", "refused"]), max_size=12),
    fuses=st.lists(st.integers(0, 14), min_size=1, max_size=6),
    asked=st.lists(st.booleans(), max_size=8),
)
def test_wherever_it_is_cut_off_nothing_goes_twice_unasked(
    tmp_path_factory: pytest.TempPathFactory, answers: list[str], fuses: list[int], asked: list[bool]
) -> None:
    folder = tmp_path_factory.mktemp("outbox")
    world = World(list(answers))
    again: Counter[str] = Counter()
    confirmed: set[str] = set()

    async def lives() -> None:
        now = NOW
        for index, steps in enumerate([*fuses, 10**6]):
            names = [f"m{index}a", f"m{index}b"]
            await life(folder, world, Fuse(steps), now, names)
            CrashingOutbox.fuse = Fuse(-1)
            outbox = Outbox.open(folder, now, REDACT)
            there = {m.id: m for m in outbox.messages}
            assert confirmed <= set(there), "what was on disk once is there for good"
            confirmed.update(there)
            for one in there.values():
                if one.state is State.SENT:
                    assert world.arrived[one.id] >= 1, "sent means that it arrived"
                assert world.arrived[one.id] <= 1 + again[one.id], "twice only where a person asked"
                if world.arrived[one.id] and one.state not in OVER:
                    assert one.state is State.UNKNOWN or again[one.id], (
                        "what may be there is not called unsent"
                    )
                # A person looks at what is unknown, and says that it may go again, or not.
                if one.state is State.UNKNOWN and asked and asked.pop():
                    again[one.id] += 1
                    outbox.change(one.id, now, state=State.QUEUED, asked_at=now, not_before=None)
            outbox.close()
            now += timedelta(seconds=20)

    asyncio.run(lives())
