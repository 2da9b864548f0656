"""The handover page, which the next shift reads."""

from tui.reports.handover import HandoverFacts, handover, markdown
from tui.screens import asking, company
from tui.screens.desk import Desk
from tui.screens.page import Page, Row
from tui.screens.reader import Reader, ReaderScreen
from tui.session.pages import handover_facts
from widgets.prompt import Choice


class HandoverScreen(ReaderScreen[None]):
    """The page; `c` copies it as Markdown."""

    def __init__(self, desk: Desk, facts: HandoverFacts) -> None:
        super().__init__("Handover", page(facts), desk.glyphs, desk.copy)
        self._markdown = markdown(facts)

    def on_reader_copy_asked(self, event: Reader.CopyAsked) -> None:
        """Copy it whole, as Markdown; the frame says where it went."""
        event.stop()
        event.prevent_default()
        self.reader.show_title(self.copy(self._markdown, "the page"))


async def show(desk: Desk, _which: str = "") -> None:
    """The page for the next shift."""
    if desk.snapshot.incident is None:
        desk.say("No incident is open: there is nothing to hand over. i resumes one.", "warn")
        return
    facts = handover_facts(desk.snapshot, desk.runbook, desk.clock.now())
    await desk.ask(HandoverScreen(desk, facts))


async def offer(desk: Desk, name: str) -> None:
    """Command was handed over: offer the page."""
    unheard = company.unheard(desk.snapshot)
    desk.say(f"Handed over to {name}. {unheard}".strip(), "warn" if unheard else "ok")
    choices = (
        Choice("page", "Read the handover page", "c copies it, to send it on", key="p"),
        Choice("done", "Back to the console", key="b"),
    )
    if await asking.choose(desk, f"Handed over to {name}", choices) == "page":
        await show(desk)


def page(facts: HandoverFacts) -> Page:
    """The parts of the page, a heading and a row for each line."""
    rows: list[Row] = []
    for part in handover(facts):
        rows += [Row("", part.title, "title"), *(Row("", line) for line in part.lines), Row("", " ")]
    return tuple(rows[:-1])
