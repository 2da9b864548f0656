"""People at consoles in terminals of their own, on one served world: each with a login and a machine."""

import asyncio
import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.support.commands import leeward
from tests.support.partition import Partition
from tests.support.terminal import Tmux, terminal, wait_for

# Generous: a machine ten times slower is to pass. What is wrong fails by what is seen, not by time.
GUARD = 180.0
T = TypeVar("T")


@dataclass(frozen=True)
class Seat:
    """One person at one console.

    Attributes:
        state: the machine's state folder; two seats with the same one are two consoles of one machine.
    """

    console: Tmux
    state: Path

    def seen(self) -> str:
        """The screen, with its blanks and frames as one space."""
        return re.sub(r"[\s│┃]+", " ", self.console.seen())

    def shows(self, *words: str) -> str:
        """Wait until all of this is on the screen at once."""
        self._wait(lambda: all(one in self.seen() for one in words), f"{words} on the screen")
        return self.seen()

    def shows_no(self, *words: str) -> None:
        """Wait until none of this is on the screen."""
        self._wait(lambda: not any(one in self.seen() for one in words), f"{words} gone")

    def press(self, *keys: str) -> None:
        self.console.press(*keys)

    def type(self, text: str) -> None:
        """Characters as they are, whatever tmux calls keys."""
        self.console.run("send-keys", "-l", text)

    def shows_one_of(self, *words: str) -> None:
        """Wait until one of these is on the screen."""
        self._wait(lambda: any(one in self.console.seen() for one in words), f"one of {words} on the screen")

    def signal(self, number: int) -> None:
        os.kill(self.console.pid, number)

    def kill(self) -> None:
        """It dies without a word."""
        self.signal(signal.SIGKILL)
        wait_for(lambda: "EXIT 137" in self.console.seen(), GUARD)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """It does not run meanwhile; keys that are pressed wait for it."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def journals(self) -> str:
        """All that lies on its machine's disk of the incident."""
        return "".join(path.read_text() for path in sorted(self.state.rglob("journal*.jsonl")))

    def records(self, *words: str) -> None:
        """Wait until all of this is on its machine's disk."""
        self._wait(lambda: all(one in self.journals() for one in words), f"{words} on the disk")

    def run(self, *arguments: str) -> str:
        """A `leeward` command on its machine, which must succeed; what it prints."""
        done = leeward(*arguments, state=self.state, env={"XDG_STATE_HOME": str(self.state)})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _wait(self, wanted: Callable[[], bool], what: str) -> None:
        try:
            wait_for(wanted, GUARD)
        except AssertionError:
            raise AssertionError(f"Never came: {what}. The screen:\n{self.console.seen()}") from None


@contextlib.contextmanager
def seat(
    world: Mapping[str, Any],
    state: Path,
    login: str = "config",
    *,
    size: tuple[int, int] = (120, 40),
    config: Path | None = None,
) -> Iterator[Seat]:
    """A console that is open for as long as the block lasts, and has found what is wrong.

    Args:
        world: what `served` yields.
        login: which of the world's logins: `config`, `second_config`, …
        config: settings instead of that login's.
    """
    state.mkdir(exist_ok=True)
    with terminal(*size) as console:
        console.open(
            "--config",
            str(config or world[login]),
            XDG_STATE_HOME=str(state),
            LEEWARD_MISTRAL_BASE_URL=world["mistral"],
            LEEWARD_STATUS_PAGE_URL=world["status_page"],
        )
        made = Seat(console, state)
        made.shows("you: ")
        yield made


class Way:
    """A way to the world's cluster that one console alone goes to share, and that can be cut."""

    def __init__(self, world: Mapping[str, Any], login: str, folder: Path) -> None:
        folder.mkdir()
        settings = Path(world[login]).read_text()
        (kubeconfig,) = re.findall(r'^kubeconfig = "(.+)"$', settings, re.MULTILINE)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._partition = Partition(world["kubernetes"])
        self._do(self._partition.accept())
        through = folder / "shared.kubeconfig"
        through.write_text(self._partition.leads(Path(kubeconfig).read_text()))
        self.config = folder / "config.toml"
        self.config.write_text(settings.replace("[sharing]\n", f'[sharing]\nkubeconfig = "{through}"\n'))

    def cut(self) -> None:
        """Connections are refused from now on, and those that were open are gone."""
        self._do(self._partition.refuse())

    def heal(self) -> None:
        """Connections are taken again."""
        self._do(self._partition.accept())

    def close(self) -> None:
        self._do(self._partition.refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)


def took(there: Callable[[], bool], here: Callable[[], bool]) -> float:
    """Seconds from when the first was so until the second was, each looked at as often as can be."""
    end = time.monotonic() + GUARD
    began = 0.0
    while time.monotonic() < end:
        if not began and there():
            began = time.monotonic()
        if began and here():
            return time.monotonic() - began
        time.sleep(0.005)
    raise AssertionError("it did not come in time")
