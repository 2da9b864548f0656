"""Draws a postmortem's page as PNG, as Chromium shows it: on a desk's screen, and on a phone in the dark.

`make screenshots`, or `python screenshots/page.py`. The page is the one of the golden files' rate limit;
Chromium (Debian's package `chromium`) asks nobody for anything.
"""

import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.reports.drills import DRILLS  # noqa: E402
from tests.support.chromium import DARK, picture  # noqa: E402
from tui.reports.formats import Format, render  # noqa: E402


def main() -> None:
    """Draw both."""
    if shutil.which("chromium") is None:
        sys.exit("Chromium is not installed: apt install chromium, then draw again.")
    with tempfile.TemporaryDirectory(prefix="leeward-drawn-") as folder:
        page = Path(folder) / "postmortem.html"
        page.write_text(render(DRILLS["rate-limited"](), Format.HTML), encoding="utf-8")
        picture(page, HERE / "postmortem-1100.png", 1100, 1480)
        picture(page, HERE / "postmortem-390-dark.png", 390, 1480, DARK)
    print("postmortem-1100.png, postmortem-390-dark.png")


if __name__ == "__main__":
    main()
