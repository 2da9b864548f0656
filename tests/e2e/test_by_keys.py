"""A drill in a real terminal, by keys alone: from the first look to a postmortem on disk."""

import re
import time

import pytest

from tests.support.commands import leeward
from tests.support.terminal import Tmux, alive, terminal, wait_for

pytestmark = pytest.mark.real


def shows(console: Tmux, text: str, seconds: float = 60) -> None:
    """Wait until the screen shows this, whatever it wraps."""
    seen = ""

    def there() -> bool:
        nonlocal seen
        seen = console.seen()
        return text in re.sub(r"\s+", " ", seen)

    try:
        wait_for(there, seconds)
    except AssertionError:
        raise AssertionError(f"{text!r} is not on the screen:\n{seen}") from None


def listens(console: Tmux) -> None:
    """Wait until the preview hears `y`: it is deaf for a second, and says so."""
    shows(console, "y applies")
    wait_for(lambda: "in a moment" not in console.seen(), 60)


@pytest.mark.parametrize(
    "size", [pytest.param((120, 40), marks=pytest.mark.thorough), (80, 24)], ids=["120x40", "80x24"]
)
def test_a_rate_limit_is_mitigated_resolved_and_written_up_by_keys_alone(size: tuple[int, int]) -> None:
    with terminal(*size) as console:
        console.open("drill", "rate-limited", "--speed", "20")
        shows(console, "Rate limited: our own limit (P2)")
        shows(console, "10 → 3 per pod")
        mitigate(console)
        tell(console)
        shows(console, "effective:", 90)
        shows(console, "held: MAX_CONCURRENT_MISTRAL=3 until")
        shows(console, "Healthy, held by", 90)
        console.press("i")
        shows(console, "Resolve")
        console.press("s")
        # The list, and not the advice behind it, which says monitoring too.
        shows(console, "▸ Status")
        console.press("Down", "Down", "Enter")
        shows(console, "MONITORING")
        resolve(console)
        console.press("x")
        shows(console, "Markdown")
        console.press("1")
        shows(console, "Postmortem written to")
        wait_for(lambda: bool(list((console.folder / "state").rglob("postmortem.md"))))
        console.press("q")
        shows(console, "EXIT 0")
        (report,) = (console.folder / "state").rglob("postmortem.md")
        text = report.read_text()
        assert "# Incident: Mistral AI" in text
        assert "Verdict: effective" in text
        incident = report.parent.name
        assert leeward("verify", incident, state=console.folder / "state").returncode == 0
        assert not alive(console.pid)


def tell(console: Tmux) -> None:
    """Tell our own people: three keys, and the message is looked at before the last."""
    console.press("u")
    shows(console, "Internal update Slack #incidents")
    console.press("1")
    shows(console, "y sends e edits")
    console.press("y")
    shows(console, "Sent to Slack #incidents.")


def mitigate(console: Tmux) -> None:
    """`m`, the first one, the word, and `y` once it listens."""
    console.press("m")
    shows(console, "nothing is changed by looking")
    console.press("1")
    shows(console, "type prodeu to arm")
    # Enter on Cancel, where the focus is, would leave; nothing is applied by it.
    console.press("Tab")
    console.press("prodeu")
    shows(console, "15 min: prodeu")
    console.press("Enter")
    listens(console)
    console.press("y")
    shows(console, "MITIGATING")


def resolve(console: Tmux) -> None:
    """Once it has held: `i`, resolve, yes, and that the change which is live is kept as it is."""
    shows(console, "It has held")
    console.press("i")
    shows(console, "Resolve")
    console.press("x")
    shows(console, "Keep it open")
    console.press("y")
    shows(console, "is still live")
    console.press("k")
    shows(console, "RESOLVED")


def test_enter_alone_never_changes_anything() -> None:
    with terminal(80, 24) as console:
        console.open("drill", "rate-limited", "--speed", "20")
        shows(console, "Rate limited: our own limit (P2)")
        shows(console, "10 → 3 per pod")
        for _ in range(12):
            console.press("Enter")
            time.sleep(0.1)
        console.press("Escape")
        shows(console, "READ-ONLY")
        assert "no incident: looking" in console.seen()
        assert not list((console.folder / "state").rglob("journal.jsonl"))
