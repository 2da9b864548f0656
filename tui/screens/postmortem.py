"""The postmortem: written in three formats; its sections and action items, which people write."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.widgets import TextArea

from tui.model.severity import Severity
from tui.model.text import clean
from tui.model.written import ActionItem, Section
from tui.reports.formats import Format
from tui.screens import asking
from tui.screens.desk import Desk
from tui.screens.dialog import Dialog
from tui.screens.keeper import Keeper
from tui.session.writing import NEW_ITEM, Written
from widgets.glyphs import Glyphs
from widgets.prompt import Choice, Prompt

_FORMATS = {
    Format.MARKDOWN: ("Markdown", "postmortem.md: for GitHub, pandoc and editors"),
    Format.HTML: ("HTML", "postmortem.html: one page, to read, print and send"),
    Format.JSON: ("JSON", "postmortem.json: for programs, with a schema"),
}
_SET = "to be set"
_HINTS = {
    Section.ROOT_CAUSE: "Why it happened, and what contributed. Ctrl+J: new line; `- ` begins a point",
    Section.USERS_AFFECTED: "How many, as far as anybody knows. Enter saves, Esc keeps the draft",
}
_USUAL = "Enter saves, Esc keeps the draft. Ctrl+J: new line; `- ` begins a point"


async def menu(desk: Desk) -> None:
    """The formats, Markdown first; then what people write."""
    written = await desk.session.written()
    chosen = await asking.choose(desk, "Postmortem", _choices(written))
    if chosen == "sections":
        await _sections(desk)
    elif chosen == "items":
        await _items(desk)
    elif chosen is not None:
        await _export(desk, Format(chosen))


def _choices(written: Written) -> tuple[Choice, ...]:
    unsaved = len(written.unsaved)
    sections = f"{len(written.sections)} of {len(Section)} written"
    sections += f", {unsaved} not saved yet" if unsaved else ""
    count = len(written.items)
    return (
        *(Choice(kind.value, *_FORMATS[kind]) for kind in Format),
        Choice("sections", "Write: its sections", sections, key="w"),
        Choice(
            "items", "Write: its action items", f"{count or 'no'} item{'' if count == 1 else 's'}", key="a"
        ),
    )


async def _export(desk: Desk, kind: Format) -> None:
    desk.say("Writing the postmortem…")
    made = await desk.session.export(kind)
    unsaved = (await desk.session.written()).unsaved
    said = f"Postmortem written to {made.path}."
    if made.beside is not None:
        said += f" {made.beside.name} was edited by hand, and was not touched."
    if unsaved:
        names = ", ".join(section.heading for section in unsaved)
        said += f" Typed but not saved, and not in it: {names} (x, then w)."
    desk.say(said, "warn" if made.beside or unsaved else "ok")


# Sections


async def _sections(desk: Desk) -> None:
    """One after another, until Escape."""
    while True:
        written = await desk.session.written()
        choices = tuple(_section(section, written) for section in Section)
        chosen = await asking.choose(desk, "Sections of the postmortem: yours alone", choices)
        if chosen is None:
            return
        await _write(desk, Section(chosen), written)


def _section(section: Section, written: Written) -> Choice:
    text = written.unsaved.get(section, written.text(section))
    told = clean(text, limit=40) if text else "nothing yet"
    return Choice(
        section.value, section.heading, f"not saved yet: {told}" if section in written.unsaved else told
    )


async def _write(desk: Desk, section: Section, written: Written) -> None:
    keeper = Keeper(desk, lambda text: desk.session.keep_unsaved(section.value, text))
    screen = WritingScreen(
        section.heading,
        written.unsaved.get(section, written.text(section)),
        keeper.keep,
        desk.glyphs,
        hint=_HINTS.get(section, _USUAL),
        short=section.short,
        empty=True,
    )
    text = await desk.ask(screen)
    await keeper.rest()
    if text is not None:
        await desk.session.write_section(section, text)
        desk.say(f"{section.heading}: {'saved' if text else 'emptied'}.", "ok")


# Action items


async def _items(desk: Desk) -> None:
    """The list; one is added or opened, one after another, until Escape."""
    while True:
        items = (await desk.session.written()).items
        add = Choice("add", "Add an action item", "what is to be done", key="a")
        listed = (Choice(f"item:{item.id}", clean(item.action, limit=60), _told(item)) for item in items)
        chosen = await asking.choose(desk, "Action items", (add, *listed))
        if chosen is None:
            return
        if chosen == "add":
            await _add(desk)
        else:
            await _open(desk, chosen.removeprefix("item:"))


def _told(item: ActionItem) -> str:
    return f"{item.priority or 'no priority'}, {item.owner or 'no owner'}, due {item.due or _SET}"


async def _add(desk: Desk) -> None:
    """Saved as soon as it is said what is to be done; the rest can be set then, or later."""
    keeper = Keeper(desk, lambda text: desk.session.keep_unsaved(NEW_ITEM, text))
    begun = await desk.session.unsaved_item()
    screen = WritingScreen(
        "Action item: what is to be done",
        begun,
        keeper.keep,
        desk.glyphs,
        hint="Enter saves it; Esc keeps the draft",
        short=True,
    )
    action = await desk.ask(screen)
    await keeper.rest()
    if action is not None:
        item = await desk.session.add_item(action)
        desk.say("Saved.", "ok")
        await _open(desk, item.id)


async def _open(desk: Desk, item_id: str) -> None:
    """One item: each choice sets a field, until Escape."""
    while True:
        items = (await desk.session.written()).items
        item = next((one for one in items if one.id == item_id), None)
        if item is None:
            return
        choices = (
            Choice("priority", "Priority", item.priority or _SET, key="p"),
            Choice("owner", "Owner", item.owner or _SET, key="o"),
            Choice("due", "Due", item.due or _SET, key="d"),
            Choice("action", "Action", clean(item.action, limit=60), key="e"),
            Choice("remove", "Remove it from the list", "an entry", key="r"),
        )
        chosen = await asking.choose(desk, clean(item.action, limit=70), choices)
        if chosen is None:
            return
        await (_remove(desk, item) if chosen == "remove" else _set(desk, item, chosen))


async def _set(desk: Desk, item: ActionItem, field: str) -> None:
    value = await _asked(desk, item, field)
    if value is not None:
        await desk.session.change_item(item, field, value)
        desk.say(f"{field.title()}: {value}.", "ok")


async def _asked(desk: Desk, item: ActionItem, field: str) -> str | None:
    if field == "priority":
        choices = tuple(
            Choice(level.value, level.value, current=item.priority == level) for level in Severity
        )
        return await asking.choose(desk, "Priority", choices)
    title, text, hint = {
        "owner": ("Owner", item.owner, "who does it"),
        "due": ("Due", item.due, "a day, as 2026-12-04, or in words"),
        "action": ("Action item: what is to be done", item.action, "Enter saves it"),
    }[field]
    return await asking.ask(desk, title, text=text, hint=hint, draft=f"{field} of {item.id}")


async def _remove(desk: Desk, item: ActionItem) -> None:
    choices = (
        Choice("keep", "Keep it", "Esc does, too", key="k"),
        Choice("remove", "Remove it", "the record keeps that it was there", key="y"),
    )
    if await asking.choose(desk, f"Remove: {clean(item.action, limit=60)}?", choices) == "remove":
        await desk.session.remove_item(item)
        desk.say("Removed from the list.", "ok")


# The field


class WritingScreen(Dialog[str]):
    """A text in a field; every key is kept. Enter answers with it, Escape leaves the draft."""

    DEFAULT_CSS = """
    WritingScreen { align: center middle; }
    WritingScreen Prompt { width: 88; max-width: 100%; height: auto; max-height: 100%; }
    WritingScreen Field { max-height: 14; }
    """

    def __init__(
        self,
        title: str,
        text: str,
        keep: Callable[[str], None],
        glyphs: Glyphs,
        *,
        hint: str,
        short: bool = False,
        empty: bool = False,
    ) -> None:
        super().__init__()
        self._kept, self._keep = text, keep
        self.prompt = Prompt(title, text=text, hint=hint, multiline=not short, empty=empty, glyphs=glyphs)

    def compose(self) -> ComposeResult:
        """The field."""
        yield self.prompt

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """What stands there is kept."""
        text = event.text_area.text
        if text != self._kept:
            self._kept = text
            self._keep(text)

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Answer with it."""
        event.stop()
        self.answer(event.text)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """The draft stays on disk."""
        event.stop()
        self.answer(None)
