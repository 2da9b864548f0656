"""Asking a person over the console: a text, or one of a frozen list. Escape is always harmless."""

from textual.app import ComposeResult
from textual.events import Resize
from textual.widgets import TextArea

from tui.record.drafts import Drafts
from tui.screens.dialog import Dialog
from widgets.glyphs import Glyphs
from widgets.lines import Line, Piece, wrap
from widgets.panel import Panel
from widgets.prompt import Choice, ChoiceList, Prompt


class ChoosingScreen(Dialog[str]):
    """One of a list, frozen as it was when it opened; the answer is the choice's id."""

    DEFAULT_CSS = """
    ChoosingScreen { align: center middle; }
    ChoosingScreen ChoiceList { width: 84; max-width: 96%; max-height: 90%; }
    ChoosingScreen.-explained ChoiceList { max-height: 70%; }
    ChoosingScreen Why { width: 84; max-width: 96%; height: 4; }
    """

    def __init__(self, title: str, choices: tuple[Choice, ...], glyphs: Glyphs, why: str = "") -> None:
        super().__init__(classes="-explained" if why else None)
        self._why = Why(why, glyphs) if why else None
        self.list = ChoiceList(title, choices, glyphs=glyphs)

    def compose(self) -> ComposeResult:
        """What must be known before choosing, and the list, as high as it must be."""
        if self._why is not None:
            yield self._why
        self._fit(self.app.size.width)
        yield self.list

    def on_resize(self, event: Resize) -> None:
        """A narrow list takes two lines for each choice."""
        self._fit(event.size.width)

    def _fit(self, width: int) -> None:
        self.list.styles.height = self.list.lines_needed(min(84, width * 96 // 100))

    def on_mount(self) -> None:
        """Keys go to the list."""
        self.list.focus()

    def on_choice_list_chosen(self, event: ChoiceList.Chosen) -> None:
        """Answer with it."""
        event.stop()
        self.answer(event.choice)

    def on_choice_list_left(self, event: ChoiceList.Left) -> None:
        """Nothing was chosen."""
        event.stop()
        self.answer(None)


class Why(Panel):
    """A few lines that say why something is asked."""

    def __init__(self, text: str, glyphs: Glyphs) -> None:
        super().__init__("", glyphs=glyphs)
        self.words = text

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The text, wrapped."""
        return [(Piece(part, "warn"),) for part in wrap(self.text(self.words), width)]

    def on_resize(self) -> None:
        """As high as the text."""
        self.styles.height = len(wrap(self.text(self.words), max(self.size.width - 4, 8))) + 2


class AskingScreen(Dialog[str]):
    """A text, which may be "" where it may be `empty`; `why` stands above the field.

    What was typed is kept under `draft` when Escape leaves it.
    """

    DEFAULT_CSS = """
    AskingScreen { align: center middle; }
    AskingScreen Prompt { width: 84; max-width: 96%; height: auto; }
    AskingScreen Why { width: 84; max-width: 96%; height: 4; }
    """

    def __init__(
        self,
        title: str,
        glyphs: Glyphs,
        *,
        text: str = "",
        hint: str = "",
        drafts: Drafts | None = None,
        draft: str = "",
        why: str = "",
        empty: bool = False,
    ) -> None:
        super().__init__()
        self._why = Why(why, glyphs) if why else None
        self._drafts = drafts if draft else None
        self._draft, self._offered = draft, text
        kept = self._drafts.get(draft) if self._drafts is not None else ""
        self.prompt = Prompt(title, text=kept or text, hint=hint, empty=empty, glyphs=glyphs)

    def compose(self) -> ComposeResult:
        """The reason for asking, and the prompt."""
        if self._why is not None:
            yield self._why
        yield self.prompt

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Answer with the text."""
        event.stop()
        self._keep(event.text)
        self.answer(event.text)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Nothing is asked; the draft stays for the next time."""
        event.stop()
        self._keep(event.draft)
        self.answer(None)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Each change is kept as it is typed."""
        event.stop()
        self._keep(event.text_area.text)

    def _keep(self, text: str) -> None:
        """Keep what was typed until whoever asked has it on disk and forgets it."""
        if self._drafts is not None:
            self._drafts[self._draft] = "" if text == self._offered else text
