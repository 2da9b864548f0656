"""The preview of a message to people: where it goes, how it will look, how long it is, how it is sent."""

import re
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.confirming import Confirming
from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, width_of, wrap

_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")


@dataclass(frozen=True, slots=True)
class UpdateView:
    """The preview's content.

    Attributes:
        title: `Internal update`.
        to: a line for each place, with its length: `Slack #incidents`, `312 of 3000 characters`.
        notifies: whether subscribers are notified; None where there are none.
        text: the message, as it will stand there; `**words**` are bold.
        remarks: what to look at before it goes.
        problem: why it cannot be sent, or "".
        ready: `y` is listened to (it has been complete for a second).
        sending: it is on its way.
        said: the answer to the last key ("sent to the terminal"), or "".
        edited: whether a person changed the text.
    """

    title: str = ""
    to: tuple[tuple[str, str], ...] = ()
    notifies: bool | None = None
    text: str = ""
    remarks: tuple[str, ...] = ()
    problem: str = ""
    ready: bool = False
    sending: bool = False
    said: str = ""
    edited: bool = False


class UpdatePreview(Confirming, can_focus=True):
    """The frame of the preview. It starts on Cancel: Enter and Escape leave, and `y` alone sends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "ask('send')", "Send", show=False, id="update.send"),
        Binding("e", "ask('edit')", "Edit", show=False, id="update.edit"),
        Binding("c", "ask('copy')", "Copy", show=False, id="update.copy"),
        Binding("t", "ask('notify')", "Notify subscribers", show=False, id="update.notify"),
        Binding("w", "ask('anew')", "Write anew", show=False, id="update.anew"),
        Binding("enter,escape", "ask('leave')", "Leave", show=False, id="update.leave"),
    ]

    @dataclass
    class Asked(Message):
        """A key: `send`, `edit`, `copy`, `notify`, `anew` or `leave`."""

        what: str

    def __init__(self, view: UpdateView | None = None, *, glyphs: Glyphs = UNICODE) -> None:
        super().__init__("", glyphs=glyphs)
        self.view = view or UpdateView()
        self._title = self.view.title

    def show(self, view: UpdateView) -> None:
        """Show this; the place stays."""
        if view != self.view:
            self.view = view
            self.show_title(view.title)
            self.show_changes()

    def action_ask(self, what: str) -> None:
        """A key was pressed; who opened the preview knows what it means now."""
        self.post_message(self.Asked(what))

    def pinned(self, width: int) -> list[Line]:
        """Where it goes."""
        return [*self._places(width), ()]

    def _places(self, width: int) -> list[Line]:
        label = self.label(width)
        lines: list[Line] = []
        for index, (place, count) in enumerate(self.view.to):
            lead = Piece(("to" if not index else "").ljust(label), "dim")
            line: Line = (lead, Piece(self.text(place), "bold"), Piece(f"   {self.text(count)}", "dim"))
            lines.append(line if label else line[1:])
        if self.view.notifies is not None:
            said = "subscribers are notified" if self.view.notifies else "subscribers are not notified"
            role = "warn" if self.view.notifies else ""
            lines.append((Piece(" " * label), Piece(said, role), Piece("  (t changes it)", "dim")))
        return lines

    def scrolling(self, width: int) -> list[Line]:
        """The message."""
        lines: list[Line] = []
        for text in self.view.text.split("\n"):
            lines += self._bold(wrap(self.text(text), width)) if text.strip() else [()]
        return lines

    def _bold(self, rows: list[str]) -> list[Line]:
        """What stands between two asterisks and two is bold, and they are not shown; a row at a time."""
        found: list[Line] = []
        for row in rows:
            pieces: list[Piece] = []
            at = 0
            for match in _BOLD.finditer(row):
                pieces += [Piece(row[at : match.start()]), Piece(match[1], "bold")]
                at = match.end()
            found.append((*pieces, Piece(row[at:])))
        return found

    def foot(self, width: int, height: int) -> list[Line]:
        """What to look at before it goes, Cancel, and the keys."""
        v = self.view
        lines: list[Line] = []
        told = [(remark, "warn") for remark in v.remarks]
        told += [(v.problem, "warn")] if v.problem else []
        told += [(v.said, "accent")] if v.said else []
        for text, role in told:
            lines += self.warned(text, width, role)[:3]
        cancel = Piece("[ Cancel ]", "cursor" if self.has_focus else "bold")
        keys = self._keys()
        full: Line = (cancel, Piece("   "), *keys)
        if width_of(full) <= width:
            return [*lines, full]
        return [*lines, keys if width_of(keys) <= width else keys[:4], (cancel,)]

    def _keys(self) -> Line:
        v = self.view
        if v.sending:
            return (Piece(f"sending{self.glyphs.words('…')} Esc leaves, it goes on", "dim"),)
        send: Line = ()
        if not v.problem:
            key, sends = self.yes(v.ready, "sends")
            send = (key, Piece(f"{sends.text}  ", sends.role))
        anew: Line = (Piece("  "), Piece("w", "key"), Piece(" anew")) if v.edited else ()
        edit: Line = (Piece("e", "key"), Piece(" edits  "), Piece("c", "key"), Piece(" copies"))
        return (*send, *edit, *anew)
