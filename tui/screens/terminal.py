"""Whether there still is a terminal: a dropped line takes it away without a word."""

import termios


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
