"""Exchanging a key: the one in use, the test of a new one that nobody sees, and the way to its preview.

Enter tests and never stores. Storing it is looked at with another key, in the preview that every
change has. The new key is in this screen's memory and in the session's, and leaving forgets it.
"""

from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from textual.app import ComposeResult
from textual.worker import Worker, WorkerState

from tui.model.keys import KeyTest, UnfitKey, checked
from tui.model.mitigation import Plan
from tui.model.secret import Secret
from tui.screens import key_words
from tui.screens.bindings import bound, shown_key
from tui.screens.desk import Desk
from tui.screens.dialog import Dialog
from tui.screens.dialogs import AskingScreen
from tui.screens.key_words import Stand
from tui.screens.preview import PreviewScreen
from tui.session.errors import SessionError
from tui.session.snapshot import Snapshot
from widgets.rotation import RotationPanel


class KeyScreen(Dialog[None]):
    """The dialog of a key's rotation.

    Args:
        desk: the app.
        title: the mitigation's title.
    """

    DEFAULT_CSS = """
    KeyScreen { align: center middle; }
    KeyScreen RotationPanel { width: 100; max-width: 100%; height: 24; max-height: 100%; }
    """

    def __init__(self, desk: Desk, title: str) -> None:
        super().__init__()
        self.desk = desk
        self.stand = Stand(title)
        self.panel = RotationPanel(glyphs=desk.glyphs)
        self._candidate: Secret | None = None
        self._approved = False

    def compose(self) -> ComposeResult:
        """The frame with the field."""
        yield self.panel

    def on_mount(self) -> None:
        """Keys go to the field; the key in use is tested meanwhile."""
        self.panel.focus()
        self._test_current()

    def on_unmount(self) -> None:
        """Whatever closes this screen, the new key is forgotten; but the session stores an approved one."""
        self._forget()
        if not self._approved:
            with suppress(SessionError):  # a console that ends has let its session go, keys and all
                self.desk.session.forget_keys()

    def take(self, _snapshot: Snapshot) -> None:
        """A new snapshot: who we are, and which key the pods have."""
        self._show()

    def _forget(self) -> None:
        self._candidate = None
        self.panel.reopen()

    def _show(self) -> None:
        desk = self.desk
        self.stand = replace(self.stand, typed=self.panel.typed, closed=self.panel.closed)
        store = shown_key(bound(desk.table, "key.store").keys[0])
        self.panel.show(
            key_words.rotation(self.stand, desk.snapshot, desk.runbook, desk.places, desk.glyphs, store)
        )

    # The tests

    def on_rotation_panel_tested(self, event: RotationPanel.Tested) -> None:
        """Enter: the new key is tested; without one, the key in use again. Nothing is ever stored."""
        event.stop()
        typed = self.panel.take()
        if typed and not self._taken(typed):
            return
        if self._candidate is None:
            self._test_current()
        elif not self.stand.testing:
            self._test(self._candidate)

    def _taken(self, typed: str) -> bool:
        """Hold what was typed, if it can be a key at all."""
        try:
            self._candidate = checked(typed)
        except UnfitKey as unfit:
            self.panel.reopen()
            self.stand = replace(self.stand, found=None, refusal=str(unfit))
            self._show()
            return False
        return True

    def _test_current(self) -> None:
        if not self.stand.testing_now:
            self.stand = replace(self.stand, testing_now=True, now=None, refusal="")
            self._show()
            self._work(self._ask_current(), "now", "the test of the key in use")

    async def _ask_current(self) -> None:
        try:
            current = await self.desk.session.current_key()
            self.stand = replace(self.stand, current=current, asked=True)
            self._show()
            now = await self.desk.session.test_key(None) if current is not None else None
        except SessionError as refused:
            self.stand = replace(self.stand, testing_now=False, refusal=str(refused))
        else:
            self.stand = replace(self.stand, testing_now=False, now=now)
        self._show()

    def _test(self, candidate: Secret) -> None:
        self.stand = replace(self.stand, testing=True, found=None, refusal="")
        self._show()
        self._work(self._ask(candidate), "new", "the test of a new key")

    async def _ask(self, candidate: Secret) -> None:
        try:
            found = await self.desk.session.test_key(candidate)
        except SessionError as refused:
            self.stand = replace(self.stand, testing=False, refusal=str(refused))
        else:
            self.stand = replace(self.stand, testing=False, found=found)
        self._show()

    def _work(self, asking: Coroutine[Any, Any, None], group: str, description: str) -> None:
        """Leaving ends it: nothing that hangs holds anybody up."""
        self.run_worker(asking, group=group, exclusive=True, exit_on_error=False, description=description)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault of our own, which the app tells and keeps, is no test that runs for ever."""
        if event.state is WorkerState.ERROR and event.worker.group in ("now", "new"):
            self.stand = replace(
                self.stand,
                testing=False,
                testing_now=False,
                refusal="A fault of Leeward's own ended the test: of this key nothing is known.",
            )
            self._show()

    # What is typed

    def on_rotation_panel_edited(self, event: RotationPanel.Edited) -> None:
        """The field changed; what was said about it before is over."""
        event.stop()
        self.stand = replace(self.stand, refusal=event.refusal)
        self._show()

    def on_rotation_panel_emptied(self, event: RotationPanel.Emptied) -> None:
        """The key that was taken is forgotten; its test, too, where one runs."""
        event.stop()
        self._candidate = None
        self.workers.cancel_group(self, "new")
        self.stand = replace(self.stand, testing=False, found=None, refusal="")
        self._show()

    def on_rotation_panel_left(self, event: RotationPanel.Left) -> None:
        """Escape: nothing is stored, and nothing kept."""
        event.stop()
        self._forget()
        if event.had:
            self.desk.say("The new key is forgotten; nothing was stored.", "ok")
        self.answer(None)

    # Storing it

    def on_rotation_panel_store_asked(self, event: RotationPanel.StoreAsked) -> None:
        """Look at storing the key that was tested. One that failed asks for a reason in words."""
        event.stop()
        found = self.stand.found
        if self._candidate is None or found is None:
            self.stand = replace(self.stand, refusal=self._not_yet())
            self._show()
        elif found.works:
            self._look(self._candidate, "")
        else:
            self.app.push_screen(self._asking(found), self._overruled)

    def _not_yet(self) -> str:
        if self.stand.testing:
            return "The test is not over: nothing can be stored before it has answered."
        if self.stand.typed or self.stand.closed:
            return "Test it first, with Enter: a key that nobody tested is not stored."
        return "There is no new key yet: paste it, and test it with Enter."

    def _asking(self, found: KeyTest) -> AskingScreen:
        words, _role = key_words.verdict(found, self.desk.glyphs)
        return AskingScreen(
            "Store it in spite of its test: why?",
            self.desk.glyphs,
            hint="Enter looks at the change; the reason goes on record. Esc goes back",
            why=words,
        )

    def _overruled(self, reason: str | None) -> None:
        if reason is not None and self._candidate is not None:
            self._look(self._candidate, reason)

    def _look(self, candidate: Secret, overrule: str) -> None:
        session = self.desk.session

        async def plan(_value: str | None) -> Plan:
            return await session.preview_rotation(candidate, overrule)

        self.stand = replace(self.stand, refusal="")
        self._show()
        self.app.push_screen(PreviewScreen(self.desk, self.stand.title, plan), self._looked)

    def _looked(self, approved: bool | None) -> None:
        """Back from the preview: once it was approved the session has the key, and this is over."""
        if approved:
            self._approved = True
            self.answer(None)
