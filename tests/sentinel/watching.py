"""What a console shows, starts and leaves behind, searched for values that nobody may see."""

import base64
import copy
import json
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.security.test_console import processes
from tests.support.commands import leeward
from tests.support.hostile_world import leaked
from tests.support.terminal import Tmux, alive
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import SECRETS
from tui.drill.serve import Drill

OTHER = "otherValue0123456789OfTheSecret!"
# Of a key four characters are shown, on the screen alone; more than this many are a leak.
_BEGINNING = 8
_PAUSE = 0.05


def guard(world: Drill) -> tuple[str, ...]:
    """Give the Secret another value, and name all that must never be seen."""
    old = world.cluster.store.get(SECRETS, "prod", "mistral")
    new = copy.deepcopy(old)
    new["data"]["other"] = base64.b64encode(OTHER.encode()).decode()
    world.cluster.store.replace(SECRETS, old, new, Writer("kubectl-edit"))
    return (world.world.keys.ours, world.world.keys.candidate, OTHER)


def seen(text: str | bytes, values: tuple[str, ...]) -> list[str]:
    """Which of the values stand in it, in whatever spelling; the beginning of one is one."""
    plain = text if isinstance(text, str) else text.decode("utf-8", errors="replace")
    return leaked(text, values) + [value for value in values if value[:_BEGINNING] in plain]


def files(folder: Path) -> Iterator[Path]:
    """Every regular file below, hidden ones too."""
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def in_files(folder: Path, values: tuple[str, ...]) -> list[str]:
    """The files below that hold one of the values, in their name or in themselves."""
    return [
        str(path.relative_to(folder))
        for path in files(folder)
        if seen(path.read_bytes(), values) or seen(path.name, values)
    ]


def in_chain(error: BaseException, values: tuple[str, ...]) -> list[str]:
    """What an exception says of them, with all that led to it, each one's arguments and attributes."""
    told = "".join(traceback.format_exception(error))
    arguments = "".join(repr((e.args, vars(e))) for e in _chain(error))
    return seen(told + arguments, values)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def in_record(state: Path, incident: str, values: tuple[str, ...]) -> list[str]:
    """What the record's own commands say of them; `state` is the console's XDG_STATE_HOME."""
    found = []
    for words in (("show", incident), ("show", incident, "--json"), ("postmortem", incident)):
        ran = leeward(*words, state=state)
        assert ran.returncode == 0, ran.stderr
        assert "key" in ran.stdout
        found += [" ".join(words)] if seen(ran.stdout + ran.stderr, values) else []
    assert json.loads(leeward("show", incident, "--json", state=state).stdout)["entries"]
    return found


class Watch:
    """Looks all the while at a console in tmux: its screen, and what runs below it.

    Attributes:
        found: where a value was seen.
        looked: how many processes and screens were looked at.
    """

    def __init__(self, console: Tmux, values: tuple[str, ...]) -> None:
        self.found: set[str] = set()
        self.looked = 0
        self._console, self._values = console, values
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        if seen(self._console.written(), self._values):
            self.found.add("what was written to the terminal")

    def _run(self) -> None:
        while not self._end.wait(_PAUSE):
            pid = self._console.pid
            if not alive(pid):
                return
            self._look(pid)

    def _look(self, pid: int) -> None:
        try:
            for argv, environ in processes(pid):
                self._note("arguments", argv)
                self._note("environment", environ)
        except (FileNotFoundError, ProcessLookupError):
            pass  # it ended while it was looked at
        self._note("the screen", self._console.seen())

    def _note(self, where: str, text: str | bytes) -> None:
        self.looked += 1
        if seen(text, self._values):
            self.found.add(where)
