"""`leeward` and `python -m tui`."""

import os
import sys
from collections.abc import MutableMapping

_BUG = 3
_INTERRUPTED = 130
# What Textual reads when it is imported. Over SSH an arrow key comes in pieces: 100 ms are too few.
_TEXTUAL = {"TEXTUAL_ANIMATIONS": "none", "ESCDELAY": "250"}


def main() -> int:
    """Run the command line; the exit code. Nothing here ends in a traceback."""
    prepare(os.environ)
    try:
        return _run()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort: told in a line, kept in a file
        return _bug(error)


def prepare(environ: MutableMapping[str, str]) -> None:
    """Set what Textual reads from the environment, where the person has not."""
    for name, value in _TEXTUAL.items():
        environ.setdefault(name, value)


def _run() -> int:
    import click

    from tui.cli import leeward

    try:
        code = leeward.main(prog_name="leeward", standalone_mode=False)
    except click.exceptions.Abort:
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    finally:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _discard_output() -> None:
    """Whoever read our output left (`| head`): nothing is wrong, and nobody is left to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug(error: Exception) -> int:
    from tui.cli.crash import keep

    kept = keep(error, os.environ)
    where = f"What is known of it is in {kept}" if kept else "It could not be written down"
    print(f"leeward: this is a bug ({type(error).__name__}). {where}.", file=sys.stderr)  # noqa: T201
    return _BUG


if __name__ == "__main__":
    sys.exit(main())
