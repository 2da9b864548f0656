"""Opening the console on this terminal: what it is opened with, and how it ends."""

import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli import USAGE, Options, allocator
from tui.cli.loading import settings_of
from tui.cli.output import Failure, failing_in_words, narrate
from tui.cli.running import leave, run
from tui.model.clock import SystemClock
from tui.model.times import span
from tui.settings import Loaded, config_file, duration, state_dir

if TYPE_CHECKING:
    from tui.app import Opening
    from tui.session.session import Session


@failing_in_words
def open_console(options: Options) -> int:
    """Open the console; its exit code. Raises Failure where the terminal cannot show it."""
    loaded = settings_of(options)
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise Failure(
            "this terminal cannot draw a screen (TERM is 'dumb' or not set). "
            "`leeward triage` prints the checks; or set TERM, for example to xterm-256color.",
            USAGE,
        )
    allocator.spare()
    from tui import app

    return leave(run(app.run(opening(options, loaded, os.environ))))


def opening(options: Options, loaded: Loaded, environ: Mapping[str, str]) -> "Opening":
    """What the app is opened with. The session's module is imported when the screen is painted."""
    from tui.app import Opening, Places

    console = loaded.settings.console
    state = state_dir(environ)
    clock = SystemClock()

    async def make() -> "Session":
        from tui.session.session import Session

        return Session(loaded, clock=clock, environ=environ, state_dir=state, read_only=options.read_only)

    def keep(error: BaseException) -> Path | None:
        from tui.cli import crash

        return crash.keep(error, environ)

    return Opening(
        make=make,
        clock=clock,
        console=console,
        places=Places(_home(str(loaded.file or config_file(environ))), _home(str(state))),
        folder=state,
        keep=keep,
        ascii=console.ascii or not speaks_unicode(environ),
        arm_for=span(duration(loaded.settings.timing.arm)),
        resume=options.resume,
        tell=narrate,
    )


def speaks_unicode(environ: Mapping[str, str]) -> bool:
    """Whether the locale has UTF-8; Linux' own console draws too few of its characters."""
    if environ.get("TERM") == "linux":
        return False
    said = next((environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(n)), "")
    if said == "C.UTF-8" and not environ.get("LC_ALL") and environ.get("LANG", "C") in ("", "C", "POSIX"):
        # Python sets LC_CTYPE to this where there is no locale at all: it is not the terminal's word.
        return False
    encodings = (said, locale.getencoding(), getattr(sys.stdout, "encoding", None) or "utf-8")
    return all("utf8" in name.replace("-", "").lower() for name in encodings)


def _home(path: str) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111 - a prefix of a text that is shown
    return "~" + path[len(home) :] if home != "/" and path.startswith(home + "/") else path
