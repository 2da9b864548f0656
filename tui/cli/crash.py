"""What is kept of an error that nobody foresaw: a file for whoever mends it, without secrets."""

import platform
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tui import __version__
from tui.model.redaction import Redactor, secrets_in, without_all_secrets
from tui.model.text import clean_lines
from tui.settings import state_dir

LARGEST = 256 * 1024


def keep(error: BaseException, environ: Mapping[str, str]) -> Path | None:
    """Write the error and where it came from to the state folder; None where even that fails.

    Whatever the process holds as a secret, values of variables whose name says secret, and what
    looks like one, are taken out; what servers said in it is plain text.
    """
    ours = Redactor(secrets_in(environ))
    now = datetime.now(UTC)
    text = "\n".join(
        [
            f"leeward {__version__}, {now:%Y-%m-%dT%H:%M:%SZ}",
            f"Python {platform.python_version()}, {platform.platform()}",
            " ".join(sys.argv[1:]),
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    # Cleaned first: a control code within a secret must not hide it.
    text = without_all_secrets(ours.text(clean_lines(text[:LARGEST])))
    path = state_dir(environ) / "crashes" / f"crash-{now:%Y%m%d-%H%M%S-%f}.txt"
    try:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError:
        return None
    return path
