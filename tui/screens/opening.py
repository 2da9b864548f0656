"""What a console is opened with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.clock import Clock
from tui.screens.words import Places
from tui.settings import Console

if TYPE_CHECKING:
    from tui.session.session import Session


@dataclass(frozen=True, slots=True)
class Opening:
    """What a console is opened with.

    Attributes:
        make: makes the session; awaited after the first paint, so that it may import slowly.
        clock: where time comes from.
        console: how it looks and answers.
        places: where settings and record are.
        folder: for what is copied; private.
        keep: writes an error nobody foresaw to a file, and tells which.
        ascii: draw with ASCII alone.
        arm_for: how long an arming lasts, in words.
        resume: the incident to resume once the session is there, or "".
        notices: sentences to say at start.
        tell: says a sentence once the terminal is given back.
    """

    make: "Callable[[], Awaitable[Session]]"
    clock: Clock
    console: Console
    places: Places
    folder: Path
    keep: Callable[[BaseException], Path | None]
    ascii: bool = False
    arm_for: str = "15 minutes"
    resume: str = ""
    notices: tuple[str, ...] = ()
    tell: Callable[[str], None] = lambda sentence: None
