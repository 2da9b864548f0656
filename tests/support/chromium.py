"""Debian's Chromium without a screen: what it makes of a page, and pictures of it."""

import subprocess
import tempfile
from pathlib import Path

from tests.support.real import require

# It asks nobody but the page.
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--disable-dev-shm-usage",
)  # fmt: skip
DARK = "--blink-settings=preferredColorScheme=0"


def chromium(page: Path, *flags: str, timeout: float = 120) -> str:
    """Open a page with these flags and wait until it ends; answers its stdout."""
    program = require("chromium")
    with tempfile.TemporaryDirectory(prefix="leeward-chromium-") as folder:
        argv = [program, *QUIET, f"--user-data-dir={folder}", *flags, page.as_uri()]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=True)
    return done.stdout


def picture(page: Path, file: Path, width: int, height: int, *flags: str) -> None:
    """Draw a page as a PNG of this size."""
    chromium(page, f"--window-size={width},{height}", f"--screenshot={file}", *flags)
