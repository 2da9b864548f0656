"""Whether there still is a terminal: a dropped line takes it away without a word."""

import termios
import threading
import time
from collections.abc import Callable

# Seconds between two looks.
LOOK = 1.0


def terminal_is_gone(headless: bool) -> bool:
    """Whether the terminal on standard input was taken away (EIO), as after a dropped line."""
    if headless:
        return False
    try:
        termios.tcgetattr(0)
    except termios.error as error:
        return bool(error.args) and error.args[0] == 5  # EIO; termios raises no OSError
    except OSError:
        return True
    return False


def end_without(grace: float, end: Callable[[], None], every: float = LOOK) -> None:
    """Call `end` once the terminal has been gone for `grace` seconds and the console still runs.

    It is watched from a thread: where a write to the terminal fails, Textual's writer gives up, and the loop
    may then wait for ever for room in its queue. Nothing that runs in the loop would notice.
    """

    def look() -> None:
        gone_for = 0.0
        while gone_for < grace:
            time.sleep(every)
            gone_for = gone_for + every if terminal_is_gone(headless=False) else 0.0
        end()

    threading.Thread(target=look, name="terminal", daemon=True).start()
