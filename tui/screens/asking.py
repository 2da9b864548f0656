"""Asking within a flow: for one of a list, for a text, or that a page is read. Each is a dialog."""

from collections.abc import Sequence

from tui.screens import view
from tui.screens.desk import Desk
from tui.screens.page import Page
from widgets.prompt import Choice


async def choose(desk: Desk, title: str, choices: Sequence[Choice], why: str = "") -> str | None:
    """One of a list, or None; `why` stands above the list."""
    from tui.screens.dialogs import ChoosingScreen

    return await desk.ask(ChoosingScreen(title, tuple(choices), desk.glyphs, why))


async def ask(
    desk: Desk, title: str, *, text: str = "", hint: str = "", draft: str = "", why: str = ""
) -> str | None:
    """A text, or None; `draft` names where what was typed is kept, `why` stands above the field."""
    from tui.screens.dialogs import AskingScreen

    if draft and (at := desk.drafts.kept_at(draft)) is not None:
        hint = f"as left {view.age(desk.clock.now() - at)} ago. {hint}"
    return await desk.ask(
        AskingScreen(title, desk.glyphs, text=text, hint=hint, drafts=desk.drafts, draft=draft, why=why)
    )


async def read(desk: Desk, title: str, page: Page) -> None:
    """Show a page."""
    from tui.screens.reader import ReaderScreen

    await desk.ask(ReaderScreen(title, page, desk.glyphs, desk.copy))
