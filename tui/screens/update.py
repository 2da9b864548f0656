"""A message to people on the screen: where it goes, how it looks, edited and sent."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import TextArea

from tui.model import times
from tui.model.update import Audience
from tui.notify.rendering import plain
from tui.screens.deaf import DeafDialog
from tui.screens.desk import Desk
from tui.screens.dialog import Dialog
from tui.screens.keeper import Keeper
from tui.session.errors import SessionError
from tui.session.telling import UpdateDraft
from widgets.prompt import Prompt
from widgets.update import UpdatePreview, UpdateView

TITLES = {Audience.INTERNAL: "Internal update", Audience.EXTERNAL: "External update"}
# The states of a message that is tried again by itself.
WAITING = ("queued", "sending")


class UpdateScreen(DeafDialog[None]):
    """A message before it is sent: where it goes, how it looks, `y` sends. Enter never does."""

    DEFAULT_CSS = """
    UpdateScreen { align: center middle; }
    UpdateScreen UpdatePreview { width: 88; max-width: 100%; height: 20; max-height: 100%; }
    """

    def __init__(self, desk: Desk, draft: UpdateDraft) -> None:
        super().__init__(desk)
        self.draft = draft
        self.notify_them = next((p.notifies for p in draft.places if p.notifies is not None), None)
        self.preview = UpdatePreview(glyphs=desk.glyphs)
        self._said = ""
        self._sending = False
        self._keeper = Keeper(desk, lambda text: desk.session.keep_update(self.draft, text), "a draft")

    def compose(self) -> ComposeResult:
        """The frame."""
        yield self.preview

    def on_mount(self) -> None:
        """Keys go to the preview."""
        self.preview.focus()
        self._show()

    def _show(self) -> None:
        # An edited message is looked at again.
        self.listen_to(not (self._problem() or self._sending))
        self.preview.show(self._view())

    def heard(self) -> None:
        """The message stood there for a second: `y` sends it now."""
        self._show()

    def _problem(self) -> str:
        problems = [f"{p.name}: {p.fit.problem}" for p in self.draft.places if p.fit.problem]
        if self.desk.snapshot.following:
            return "The incident is read-only here: another console has it. Copy it, or take over with i."
        return problems[0] if problems else f"Copy only. {self.draft.to_set}" if self.draft.to_set else ""

    def _view(self) -> UpdateView:
        draft = self.draft
        edited = draft.text.strip() != draft.filled.strip()
        kept = (
            f"As you left it at {times.clock(draft.kept_at)} UTC; w writes it anew from the record."
            if draft.kept_at and edited
            else ""
        )
        opens = "" if self.desk.snapshot.incident else "Sending it opens an incident."
        return UpdateView(
            title=TITLES[draft.audience] + (", edited" if edited else ""),
            to=tuple((p.name, f"{p.fit.count} of {p.fit.limit} characters") for p in draft.places)
            or (("nowhere: to copy", f"{len(draft.text)} characters"),),
            notifies=self.notify_them,
            text=draft.text,
            remarks=tuple(part for part in (kept, draft.remark, opens) if part),
            problem=self._problem(),
            ready=self.listening,
            sending=self._sending,
            said=self._said,
            edited=edited,
        )

    # What a person asks

    def on_update_preview_asked(self, event: UpdatePreview.Asked) -> None:
        """A key of the preview."""
        event.stop()
        if event.what == "leave":
            self.answer(None)
        elif not self._sending:
            {
                "send": self._send,
                "edit": self._edit,
                "copy": self._copy,
                "notify": self._toggle,
                "anew": self._anew,
            }[event.what]()

    def _send(self) -> None:
        """`y`. It is checked here again that it may count: the widget only paints."""
        if self._problem() or not self.listening:
            return
        self._sending, self._said = True, ""
        self._show()
        # Owned by the app: closing this dialog must not cancel what was confirmed.
        self.desk.own(self._sent(), "sending a confirmed update")

    async def _sent(self) -> None:
        try:
            messages = await self.desk.session.send_update(
                self.draft, self.draft.text, notify=self.notify_them is not False
            )
        except SessionError as refused:
            self._refused(refused)
            return
        said, state = outcome(tuple((m.place, m.state.value, m.said, m.remedy) for m in messages))
        self.desk.say(said, state)
        if self.is_current:
            self.answer(None)

    def _refused(self, refused: SessionError) -> None:
        self._sending = False
        if self.is_current:
            self._said = str(refused)
            self._show()
        else:
            self.desk.say(str(refused), "fail")

    def _copy(self) -> None:
        text = plain(self.draft.text)
        self._said = self.desk.copy(text, "The message")
        self._show()
        self.desk.own(self._copied(text), "recording a copied update")

    async def _copied(self, text: str) -> None:
        try:
            await self.desk.session.update_copied(self.draft, text)
        except SessionError as refused:
            self.desk.say(str(refused), "warn")

    def _toggle(self) -> None:
        if self.notify_them is not None:
            self.notify_them = not self.notify_them
            self.deafen()
            self._show()

    def _anew(self) -> None:
        async def work() -> None:
            self.draft = await self.desk.session.update_draft(self.draft.audience, anew=True)
            self._changed("Written anew from the record.")

        self.desk.own(work(), "writing an update anew")

    def _edit(self) -> None:
        self.app.push_screen(EditingScreen(self.desk, self.draft, self._keeper.keep), self._edited)

    def _edited(self, text: str | None) -> None:
        if text is not None and text.strip() != self.draft.text.strip():
            self.draft = self.desk.session.edited(self.draft, text)
            self._changed("")

    def _changed(self, said: str) -> None:
        """Another text: `y` is deaf anew."""
        self._said = said
        self.deafen()
        self._show()


class EditingScreen(Dialog[str]):
    """The message in a field, with its length; Enter and Escape go back with what stands there."""

    DEFAULT_CSS = """
    EditingScreen { align: center middle; }
    EditingScreen Prompt { width: 88; max-width: 100%; height: auto; max-height: 100%; }
    EditingScreen Field { max-height: 14; }
    """

    def __init__(self, desk: Desk, draft: UpdateDraft, keep: Callable[[str], None]) -> None:
        super().__init__()
        self.desk, self.draft = desk, draft
        self._keep = keep
        self.prompt = Prompt(
            TITLES[draft.audience],
            text=draft.text,
            hint="Enter: look at it; nothing is sent. Ctrl+J: new line",
            multiline=True,
            glyphs=desk.glyphs,
        )

    def compose(self) -> ComposeResult:
        """The field."""
        yield self.prompt

    def on_mount(self) -> None:
        """Its length is there from the start."""
        self._count(self.draft.text)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """What stands there is kept and counted."""
        text = event.text_area.text
        self._count(text)
        if text != self.draft.text:
            self._keep(text)

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Back, with this text."""
        event.stop()
        self.answer(self.prompt.text)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Back, with this text too: nothing typed is thrown away."""
        event.stop()
        self.answer(event.draft)

    def _count(self, text: str) -> None:
        places = self.desk.session.edited(self.draft, text).places
        told = [f"{p.name} {p.fit.count} of {p.fit.limit}" for p in places]
        over = next((p.fit.problem for p in places if p.fit.problem), "")
        self.prompt.refuse(over)
        self.prompt.border_subtitle = Content(", ".join(told) or f"{len(text)} characters")


def outcome(sent: tuple[tuple[str, str, str, str], ...]) -> tuple[str, str]:
    """What became of a message, place by place, in one sentence, and its state."""
    told, state = [], "ok"
    for place, how, said, remedy in sent:
        if how == "sent":
            told.append(f"Sent to {place}.")
        elif how in WAITING:
            state = "warn" if state == "ok" else state
            told.append(f"{said or f'Waits to be sent to {place}.'} {remedy}".strip())
        else:
            state = "fail"
            told.append(f"{said} {remedy} u shows it.".strip())
    return " ".join(told), state
