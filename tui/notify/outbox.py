"""The outbox: every message on disk before it goes, and after it went.

`outbox.json` in the incident's folder, written whole, synced and put in place by a rename, so that
a crash leaves the state before or the state after. A message that is found on its way when the
outbox is opened was interrupted there: it may have arrived, and only a person has it sent again.
"""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tui.model.redaction import Redacts
from tui.model.text import clean_lines
from tui.model.times import span
from tui.notify.message import Message, State
from tui.record.errors import JournalError, told
from tui.record.folder import free_name, put
from tui.record.lock import Lock

NAME = "outbox.json"
VERSION = 1
# What was confirmed this long ago is old news: it goes only when a person says so again.
STALE = timedelta(minutes=15)


class _File(msgspec.Struct, frozen=True):
    leeward: int
    messages: tuple[Message, ...]


class Outbox:
    """The messages of one incident, oldest first. One process has it at a time.

    Every method that changes something returns once that is on disk, and raises JournalError where
    it is not: nothing has changed then. All of it blocks; call it off the event loop.
    """

    def __init__(self, path: Path, lock: Lock, messages: tuple[Message, ...], redact: Redacts) -> None:
        """Use `open`."""
        self._path = path
        self._lock = lock
        self._redact = redact
        # A person's new message and the sender's change may come from two threads at once.
        self._changing = threading.Lock()
        self.messages = messages
        self.problem = ""

    @classmethod
    def open(cls, folder: Path, now: datetime, redact: Redacts) -> "Outbox":
        """Open it, and settle what an earlier process left.

        Raises:
            HeldByAnother: another process sends for this incident.
            JournalError: it cannot be read or written.
        """
        path = folder / NAME
        lock = Lock.take(path, now, 0.0)
        try:
            messages, problem = _read(path)
            outbox = cls(path, lock, messages, redact)
            outbox.problem = problem
            outbox._settle(now)
        except BaseException:
            lock.release()
            raise
        return outbox

    @property
    def waiting(self) -> tuple[Message, ...]:
        """What is still to be sent, in its order."""
        return tuple(m for m in self.messages if m.state is State.QUEUED)

    @property
    def untold(self) -> tuple[Message, ...]:
        """What has come to an end, or to a halt, that the journal does not tell yet."""
        return tuple(m for m in self.messages if m.state not in (State.QUEUED, State.SENDING) and not m.told)

    def refs(self, target: str, recorded: Mapping[str, str]) -> dict[str, str]:
        """What this target called the incident's messages before, the latest word of each; "" forgets one.

        Args:
            recorded: what the journal knows of it, which may have been sent from another machine. It has what
                was sent from here, too, but for what is not written down yet.
        """
        found: dict[str, str] = {}
        mine = [message for message in self.messages if message.target == target]
        told = [message.refs for message in mine if message.told]
        for words in (*told, recorded, *(message.refs for message in mine if not message.told)):
            found |= words
        return {name: value for name, value in found.items() if value}

    def put(self, *messages: Message) -> None:
        """Queue messages. What is secret is taken out of their text first."""
        clean = tuple(
            msgspec.structs.replace(
                m, text=clean_lines(self._redact.text(m.text)), place=clean_lines(self._redact.text(m.place))
            )
            for m in messages
        )
        with self._changing:
            self._commit((*self.messages, *clean))

    def change(self, message_id: str, now: datetime, **changes: Any) -> Message:
        """Change one message; a new state is told of anew. Raises KeyError where there is none such."""
        for name in ("said", "remedy"):
            if name in changes:
                changes[name] = self._redact.text(changes[name])
        with self._changing:
            old = next((m for m in self.messages if m.id == message_id), None)
            if old is None:
                raise KeyError(message_id)
            if changes.get("state", old.state) is not old.state:
                changes = {"told": False, **changes}
            new = msgspec.structs.replace(old, changed_at=now, **changes)
            self._commit(tuple(new if m.id == message_id else m for m in self.messages))
        return new

    def close(self) -> None:
        """Let another process have it. Safe to call twice."""
        self._lock.release()

    def _settle(self, now: datetime) -> None:
        for message in self.messages:
            if message.state is State.SENDING:
                said = f"{message.place}: Leeward ended while it was being sent. It may have arrived."
                remedy = "Look there, then say whether it did."
                self.change(message.id, now, state=State.UNKNOWN, said=said, remedy=remedy)
            elif message.state is State.QUEUED and now - message.asked_at > STALE:
                said = f"{message.place}: it waited for {span(now - message.asked_at)} and was not sent."
                remedy = "Send it again if it still holds, or write a new one."
                self.change(message.id, now, state=State.FAILED, said=said, remedy=remedy)

    def _commit(self, messages: tuple[Message, ...]) -> None:
        put(self._path, msgspec.json.encode(_File(VERSION, messages)))
        self.messages = messages


def _read(path: Path) -> tuple[tuple[Message, ...], str]:
    """The messages, and what is wrong with the file or "": one that cannot be read is set aside."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return (), ""
    except OSError as error:
        raise told("read", path, error) from error
    try:
        found = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError):
        aside = free_name(path, "broken")
        try:
            path.replace(aside)
        except OSError as error:
            raise told("set aside", path, error) from error
        return (), f"The outbox could not be read, and is kept as {aside}. Nothing in it is sent."
    if found.leeward > VERSION:
        raise JournalError(
            f"{path} is of format {found.leeward}, and this leeward writes {VERSION}.", "Use a newer leeward."
        )
    return found.messages, ""
