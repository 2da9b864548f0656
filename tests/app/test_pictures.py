"""The console's main states as pictures: a change in what a person sees is seen in review.

`pytest tests/app/test_pictures.py --snapshot-update` accepts new ones.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.app.conftest import opening
from tests.support import company, sights
from tests.support.clock import ManualClock
from tests.support.fake_session import FakeSession
from tui.app import LeewardApp
from tui.session.errors import LockUnreachable
from tui.session.snapshot import Snapshot
from tui.settings import Console

BIG, SMALL, LEAST = (120, 40), (80, 24), (60, 20)

STATES = {
    "limited": (sights.limited, BIG, ()),
    "limited-small": (sights.limited, SMALL, ()),
    "limited-least": (sights.limited, LEAST, ()),
    "nothing-set": (sights.nothing_set, BIG, ()),
    "nothing-set-small": (sights.nothing_set, SMALL, ()),
    "looking": (sights.looking, SMALL, ()),
    "away": (sights.away, BIG, ()),
    "held": (sights.held_by_lease, BIG, ()),
    "running-small": (sights.running, SMALL, ()),
    "hostile": (sights.hostile, BIG, ()),
    "preview": (sights.limited, BIG, ("m", "1")),
    "preview-armed-small": (sights.armed, SMALL, ("m", "1")),
    "preview-least": (sights.limited, LEAST, ("m", "1")),
    "incident-menu-small": (sights.limited, SMALL, ("i",)),
    "note-small": (sights.limited, SMALL, ("n", "h", "i")),
    "update-menu-small": (
        lambda: sights.limited(unsent=(sights.UNSENT,), update_due=sights.NOW),
        SMALL,
        ("u",),
    ),
    "update-small": (sights.limited, SMALL, ("u", "1")),
    "update-least": (sights.limited, LEAST, ("u", "2")),
    "palette-small": (sights.limited, SMALL, ("colon",)),
    "help-small": (sights.limited, SMALL, ("question_mark",)),
    "tree-small": (sights.limited, SMALL, ("tab",)),
    "errors-small": (sights.limited, SMALL, ("tab", "tab")),
    "key": (sights.refused, BIG, ("enter", *sights.NEW_KEY, "enter")),
    "key-small": (sights.refused, SMALL, ("enter",)),
    "key-tested-small": (sights.refused, SMALL, ("enter", *sights.NEW_KEY, "enter")),
    "key-least": (sights.refused, LEAST, ("enter", *sights.NEW_KEY, "enter")),
    "status-small": (sights.limited, SMALL, ("tab", "tab", "tab")),
    **{
        f"{name}{suffix}": (make, size, keys)
        for name, (make, keys) in {
            "together": (company.together, ()),
            "locked": (company.changing, ()),
            "place-away": (company.away, ()),
            "place-refuses": (company.refused, ()),
            "who-is-here": (company.crowd, ("h",)),
            "joined": (
                company.joined,
                ("colon", "open:PaletteScreen", *"while you were", "enter", "open:ReturnCard"),
            ),
            "preview-locked": (company.changing, ("m", "1")),
            "preview-without-lock": (company.unlocked, ("m", "1", "wait", "y")),
        }.items()
        for suffix, size in (("", BIG), ("-small", SMALL), ("-least", LEAST))
    },
    "join-small": (company.offered, SMALL, ("i",)),
    "take-over-small": (company.deserted, SMALL, ("i", "c")),
    "command-held-least": (company.together, LEAST, ("i", "c")),
    "hand-over-small": (company.together, SMALL, ("i", "h")),
}
# A session that refuses to change anything without its lock.
UNLOCKED = LockUnreachable(
    "Whether somebody else changes mistral-service is not known: the shared place does not answer.",
    "Ask who else works this incident before you go on.",
)


def console(snapshot: Snapshot, folder: Path, **more: object) -> tuple[LeewardApp, ManualClock]:
    """A console over this snapshot."""
    clock = ManualClock(sights.NOW)

    async def make() -> FakeSession:
        session = FakeSession(snapshot, clock)
        session.unlocked = UNLOCKED
        return session

    return LeewardApp(opening(make, clock, folder, **more)), clock


def after(clock: ManualClock, keys: tuple[str, ...]) -> Callable[[Pilot[int]], object]:
    """Press the keys, and let a preview become ready."""

    async def run(pilot: Pilot[int]) -> None:
        # The session comes after the first paint; on a busy machine, long after.
        while (session := pilot.app._session) is None or not session.started:  # type: ignore[attr-defined]
            await pilot.pause(0.01)
        await pilot.pause()
        await pilot.pause()
        for key in keys:
            if key == "wait":
                await clock.advance(1.1)
            elif key.startswith("open:"):
                while type(pilot.app.screen).__name__ != key.removeprefix("open:"):
                    await pilot.pause(0.01)
            else:
                await pilot.press(key)
            await pilot.pause()
        await clock.advance(1.1)
        # The console's own second is a real one: it comes before this moment, or after it.
        pilot.app._tick()  # type: ignore[attr-defined]
        await pilot.pause()
        for field in pilot.app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        # What is said takes its lines in another layout; on a busy machine that comes late.
        for _ in range(3):
            await pilot.pause()

    return run


@pytest.mark.parametrize("name", STATES)
def test_state(name: str, snap_compare, tmp_path: Path) -> None:
    make, size, keys = STATES[name]
    app, clock = console(make(), tmp_path)
    assert snap_compare(app, terminal_size=size, run_before=after(clock, keys))


@pytest.mark.parametrize("theme", ["light", "ansi"])
def test_theme(theme: str, snap_compare, tmp_path: Path) -> None:
    app, clock = console(sights.held_by_lease(), tmp_path, console=Console(theme=theme))
    assert snap_compare(app, terminal_size=BIG, run_before=after(clock, ()))


def test_ascii(snap_compare, tmp_path: Path) -> None:
    app, clock = console(sights.held_by_lease(), tmp_path, ascii=True)
    assert snap_compare(app, terminal_size=BIG, run_before=after(clock, ()))


async def test_ascii_is_ascii_alone(tmp_path: Path) -> None:
    for make in (sights.held_by_lease, sights.nothing_set, sights.away, sights.refused):
        for keys in ((), ("enter", "x", "enter"), ("m", "1"), ("question_mark",), ("i",), ("colon",)):
            app, clock = console(make(), tmp_path, ascii=True)
            async with app.run_test(size=SMALL) as pilot:
                await after(clock, keys)(pilot)
                for strip in app.screen._compositor.render_strips():
                    line = "".join(segment.text for segment in strip)
                    assert line.isascii(), line
