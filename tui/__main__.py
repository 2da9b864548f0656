"""`leeward` and `python -m tui`."""

import io
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

_CANNOT_TELL = 3
_INTERRUPTED = 130
_READER_LEFT = 141  # as a shell reports a program that SIGPIPE ended (`| head`)
# What Textual reads when it is imported. Over SSH an arrow key comes in pieces: 100 ms are too few.
_TEXTUAL = {"TEXTUAL_ANIMATIONS": "none", "ESCDELAY": "250"}
# Its own logs have every key that is pressed and all that is pasted: a new API key, too.
_LOGS = ("TEXTUAL", "TEXTUAL_LOG")


def main() -> int:
    """Run the command line; the exit code. Nothing here ends in a traceback."""
    prepare(os.environ)
    _ready_streams()
    try:
        return _run()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: told in a line, kept in a file
        return _bug(error)


def prepare(environ: MutableMapping[str, str]) -> None:
    """Set what Textual reads from the environment, where the person has not; its logs stay off."""
    for name, value in _TEXTUAL.items():
        environ.setdefault(name, value)
    for name in _LOGS:
        environ.pop(name, None)


def _ready_streams() -> None:
    """A terminal that cannot show a character gets a replacement, and closed output is discarded."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _run() -> int:
    import click

    from tui.cli import OutputLost, leeward

    try:
        code = leeward.main(prog_name="leeward", standalone_mode=False)
        # Now, and not at the end of Python: the exit code says that all output is out.
        sys.stdout.flush()
    except click.exceptions.Abort:
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OutputLost as lost:
        return _lost(lost.error)
    except OSError as error:
        if error.filename is not None:
            raise
        return _lost(error)
    return code if isinstance(code, int) else 0


def _lost(error: OSError) -> int:
    _discard_output()
    if isinstance(error, BrokenPipeError):
        return _READER_LEFT
    print(f"leeward: the output could not be written: {error.strerror}.", file=sys.stderr)  # noqa: T201
    return _CANNOT_TELL


def _discard_output() -> None:
    """Let the rest go nowhere, so that Python's own flush at the end does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug(error: Exception) -> int:
    from tui.cli.crash import keep
    from tui.model.text import clean

    kept = keep(error, os.environ)
    where = f"What is known of it is in {kept}" if kept else "It could not be written down"
    print(clean(f"leeward: this is a bug ({type(error).__name__}). {where}."), file=sys.stderr)  # noqa: T201
    return _CANNOT_TELL


if __name__ == "__main__":
    sys.exit(main())
