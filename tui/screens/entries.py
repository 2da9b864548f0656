"""One entry of the timeline: all of it, and what a person may say of it: pin, correct, redact."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.model.incident import Entry
from tui.model.milestones import HOW
from tui.model.times import clock
from tui.screens import company, pages
from tui.screens.asking import ask
from tui.screens.asking import read as read_page
from tui.screens.bindings import ENTRY, shown_key
from tui.screens.desk import Desk, Flow
from tui.screens.page import Page, Row
from tui.screens.reader import Reader, ReaderScreen

WORD = "redact"
# The rows of an entry's page down to its times.
_TIMES = 4


class EntryReader(Reader):
    """The page of an entry, with the keys that say something of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "ask('pin')", show=False, id="entry.pin"),
        Binding("e", "ask('text')", show=False, id="entry.text"),
        Binding("t", "ask('time')", show=False, id="entry.time"),
        Binding("x", "ask('redact')", show=False, id="entry.redact"),
    ]

    @dataclass
    class Asked(Message):
        """`pin`, `text`, `time` or `redact`."""

        what: str

    def action_ask(self, what: str) -> None:
        """Say what is asked."""
        self.post_message(self.Asked(what))


class EntryScreen(ReaderScreen[str]):
    """The page over the console. It answers with what is asked of the entry, None for nothing."""

    def __init__(self, desk: Desk, page: Page) -> None:
        super().__init__("Entry", page, desk.glyphs, desk.copy, EntryReader)

    def on_entry_reader_asked(self, event: EntryReader.Asked) -> None:
        """Answer with it."""
        event.stop()
        self.answer(event.what)


def read(entry_id: str) -> Flow:
    """All of one entry; what is asked of it there is done, and the page is shown again."""

    async def flow(desk: Desk) -> None:
        while (entry := _entry(desk, entry_id)) is not None:
            page = pages.entry(entry, desk.zone, desk.snapshot.amendments, _keys(desk, entry))
            page = (*page[:_TIMES], *_clock(desk, entry), *page[_TIMES:])
            asked = await desk.ask(EntryScreen(desk, page))
            if asked is None or not await _ACTS[asked](desk, entry):
                return

    return flow


def pin(entry_id: str) -> Flow:
    """Pin an entry, or unpin it."""

    async def flow(desk: Desk) -> None:
        pinned = await desk.session.pin_entry(entry_id)
        desk.say("Pinned: / with is:pinned shows what is." if pinned else "Unpinned.", "ok")

    return flow


def _entry(desk: Desk, entry_id: str) -> Entry | None:
    return next((entry for entry in desk.snapshot.entries if entry.id == entry_id), None)


def _clock(desk: Desk, entry: Entry) -> Page:
    """That the clock of who wrote it differs from ours, where that misleads."""
    written = (one for one in company.people(desk.snapshot) if one.name == entry.actor)
    told = next((said for one in written if (said := company.clock_of(one))), "")
    return (Row("", f"{entry.actor}: {told}", "warn"),) if told else ()


def _keys(desk: Desk, entry: Entry) -> str:
    """The keys of the page, in a line; none where there is nothing to say of the entry."""
    if not pages.speakable(entry) or desk.snapshot.following:
        return ""
    pinned = entry.id in desk.snapshot.amendments.pinned
    words = {
        "entry.pin": "unpins it" if pinned else "pins it",
        "entry.text": "corrects its text",
        "entry.time": "its time",
        "entry.redact": "redacts it",
    }
    if entry.redacted:
        words = {"entry.pin": words["entry.pin"]}
    keys = {one.id: shown_key(one.keys[0]) for one in desk.table if one.where == ENTRY}
    return ", ".join(f"{keys[name]} {word}" for name, word in words.items())


async def _pin(desk: Desk, entry: Entry) -> bool:
    await pin(entry.id)(desk)
    return True


async def _text(desk: Desk, entry: Entry) -> bool:
    name = f"correct-{entry.id}"
    text = await ask(desk, "What it should say", text=entry.text, draft=name, hint=_KEEPS)
    if text is not None:
        await desk.session.correct_entry(entry.id, text=text)
        desk.drafts.pop(name, None)
        desk.say("Corrected; the original is on the entry's page.", "ok")
    return True


async def _time(desk: Desk, entry: Entry) -> bool:
    at = f"{entry.occurred_at:%Y-%m-%d %H:%M:%S}"
    when = await ask(desk, "When it happened", text=at, hint=HOW)
    if when is not None:
        await desk.session.correct_entry(entry.id, when=when)
        desk.say("Corrected: it stands at its time now.", "ok")
    return True


async def _redact(desk: Desk, entry: Entry) -> bool:
    if why := desk.session.can_redact(entry.id):
        desk.say(f"It cannot be redacted. {why}", "warn")
        return False
    said = entry.text if len(entry.text) <= 60 else f"{entry.text[:59]}…"
    named = f"{entry.kind} of {clock(entry.occurred_at)} UTC by {entry.actor}: {said}"
    reason = await ask(
        desk, "Redact: why?", hint="the reason is kept; do not say what it was", draft="redact", why=named
    )
    if reason is None:
        return True
    word = await ask(
        desk,
        f"Type {WORD} to remove its text and data for good",
        hint="this cannot be taken back; Esc leaves it as it is",
        why=named,
    )
    if word is None or word.casefold() != WORD:
        desk.say("Nothing was redacted.", "ok")
        return True
    copies = await desk.session.redact_entry(entry.id, reason)
    desk.drafts.pop("redact", None)
    desk.say("Redacted: its text and data are gone from the record.", "ok")
    await read_page(desk, "Redacted", _left(copies, shared=desk.snapshot.sharing is not None))
    return False


def _left(copies: tuple[str, ...], *, shared: bool) -> Page:
    known = [Row("copy", place, "warn") for place in copies] or [Row("copies", "the record knows of none")]
    if shared:
        told = "it leaves the shared place and open consoles as they hear of it; h says what is left to do"
        known.append(Row("shared", told))
    return (
        Row("", "Text, data and salt are gone from the record; the chain is whole.", "ok"),
        Row("", " "),
        Row("", "What this does not reach", "title"),
        *known,
        Row("disk", "backups and snapshots of the disk, if there are any"),
        Row("screens", "what other consoles and terminals have shown, and what was copied"),
    )


_KEEPS = "Enter writes the correction; the original is kept; Esc keeps the draft"
_ACTS = {"pin": _pin, "text": _text, "time": _time, "redact": _redact}
