"""The preview of a change: opened at once, filled when the plan is there, applied by `y` alone."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from textual.app import ComposeResult

from tui.model.mitigation import Plan
from tui.model.mitigation import told as value_told
from tui.model.sharing import Link
from tui.screens import company, previews
from tui.screens.deaf import DeafDialog
from tui.screens.desk import Desk
from tui.screens.dialogs import AskingScreen
from tui.screens.previews import Stand
from tui.screens.reader import ReaderScreen
from tui.session.errors import LockHeld, LockUnreachable, SessionError
from tui.session.snapshot import Snapshot
from widgets.preview import ChangePreview

Planner = Callable[[str | None], Awaitable[Plan]]


class PreviewScreen(DeafDialog[bool]):
    """The dialog of one change; its answer is whether it was approved.

    Args:
        desk: the app.
        title: the mitigation's title.
        planner: makes the plan, with another value than the runbook's where one is given.
    """

    DEFAULT_CSS = """
    PreviewScreen { align: center middle; }
    PreviewScreen ChangePreview { width: 100; max-width: 100%; height: 27; max-height: 100%; }
    """

    def __init__(self, desk: Desk, title: str, planner: Planner) -> None:
        super().__init__(desk)
        self.planner = planner
        self.stand = Stand(title)
        self.preview = ChangePreview(glyphs=desk.glyphs)
        self._was_away = False
        self._was_busy = False
        self._value: str | None = None

    def compose(self) -> ComposeResult:
        """The frame."""
        yield self.preview

    def on_mount(self) -> None:
        """Look at once; plan meanwhile."""
        self.preview.focus()
        self._start_planning(None)

    # What arrives

    def take(self, snapshot: Snapshot) -> None:
        """A new snapshot: only the arming and the target's lock matter here.

        The plan stays as it is, unless another change of the target was under way: that may have made it old.
        """
        live = snapshot.sharing is not None and snapshot.sharing.link is Link.LIVE
        if self.stand.unlocked and live and self._was_away and not self.stand.sending:
            # The place is back: whoever changes the target is known again, and nobody has to go without.
            self.stand = replace(self.stand, unlocked="", no_lock=False, word_given=False)
        self._was_away = not live
        busy = bool(previews.busy(self.stand, self._room))
        over, self._was_busy = self._was_busy and not busy, busy
        if over and not self.stand.failed and not self.stand.sending:
            self._start_planning(self._value)
        self._show()

    def _start_planning(self, value: str | None) -> None:
        self._value = value
        self.stand = Stand(self.stand.title, tried=self.stand.plan or self.stand.tried)
        self._show()
        self.run_worker(
            self._plan(value),
            group="plan",
            exclusive=True,
            exit_on_error=False,
            description="planning a change",
        )

    async def _plan(self, value: str | None) -> None:
        try:
            plan = await self.planner(value)
        except SessionError as refused:
            self.stand = replace(self.stand, failed=refused.said, remedy=refused.remedy)
        else:
            self.stand = replace(self.stand, plan=plan)
            self._was_busy = bool(previews.busy(self.stand, self._room))
        self._show()

    @property
    def _room(self) -> previews.Room:
        return previews.room(self.desk.snapshot, self.desk.arm_for)

    def _show(self) -> None:
        room = self._room
        self.listen_to(previews.confirmable(self.stand, room))
        self.stand = replace(self.stand, ready=self.listening)
        self.preview.show(previews.preview(self.stand, room))

    def heard(self) -> None:
        """After a second of a complete preview, `y` counts."""
        self._show()

    # What a person answers

    def on_change_preview_cancelled(self, event: ChangePreview.Cancelled) -> None:
        """Cancel or Escape: nothing was changed, unless it is on its way already."""
        event.stop()
        self.answer(self.stand.sending)

    def on_change_preview_word_typed(self, event: ChangePreview.WordTyped) -> None:
        """The word arms; where risk is high, typed once more, it lets `y` be heard."""
        event.stop()
        arming = self.desk.snapshot.arming
        if arming.until is None:
            self._arm(event.text)
        elif self.desk.session.word_matches(event.text):
            # One word answers one question: to go without the lock is the graver one.
            self.stand = replace(self.stand, word_given=True, no_lock=bool(self.stand.unlocked), refusal="")
        else:
            self.stand = replace(self.stand, refusal="that is not the word")
        self._show()

    def _arm(self, text: str) -> None:
        try:
            armed = self.desk.session.arm(text)
        except SessionError as refused:
            self.stand = replace(self.stand, refusal=str(refused))
        else:
            self.stand = replace(self.stand, refusal="" if armed else "that is not the word")

    def on_change_preview_approved(self, event: ChangePreview.Approved) -> None:
        """`y`. It is checked here again that it may count: the widget only paints."""
        event.stop()
        plan = self.stand.plan
        if plan is None or not self.listening or not previews.confirmable(self.stand, self._room):
            return
        self.stand = replace(self.stand, sending=True, refusal="")
        self._show()
        # Owned by the app: closing this dialog must not cancel what was approved.
        self.desk.own(self._send(plan, self.stand.no_lock), "sending an approved change")

    async def _send(self, plan: Plan, without_lock: bool) -> None:
        try:
            await self.desk.session.approve(plan, without_lock=without_lock)
        except LockUnreachable as away:
            self._unlocked(away)
        except SessionError as refused:
            self._refused(refused)
        else:
            self.desk.say(f"{plan.rule.title}: on its way; the timeline tells how it goes.", "ok")
            if self.is_current:
                self.answer(True)

    def _unlocked(self, away: LockUnreachable) -> None:
        """Nothing was applied, and the plan stands: a person may go without the lock, by the word."""
        if self.is_current:
            self.stand = replace(
                self.stand, sending=False, unlocked=str(away), word_given=False, no_lock=False
            )
            self._show()
        else:
            self.desk.say(f"{away} Nothing was changed.", "fail")

    def _refused(self, refused: SessionError) -> None:
        """Nothing was applied. The plan is spent: it is made anew before it can be approved again."""
        remedy = refused.remedy
        if isinstance(refused, LockHeld):
            holder = company.called(refused.holder, company.people(self.desk.snapshot))
            remedy = f"{remedy} It is {holder}." if holder != refused.holder.name else remedy
        if self.is_current:
            self.stand = Stand(self.stand.title, failed=refused.said, remedy=remedy)
            self._show()
        else:
            self.desk.say(f"{refused.said} {remedy}".strip(), "fail")

    def on_change_preview_edit_asked(self, event: ChangePreview.EditAsked) -> None:
        """`e`: another value, and a new plan for it."""
        event.stop()
        plan = self.stand.editable
        if plan is None:
            return
        asking = AskingScreen(
            f"{plan.variable}, now {value_told(plan.before)}",
            self.desk.glyphs,
            text=plan.after or "",
            hint="Enter looks at the change with this value; Esc keeps the old one",
        )
        self.app.push_screen(asking, self._edited)

    def _edited(self, value: str | None) -> None:
        if value is not None:
            self._start_planning(value)

    def on_change_preview_whole_asked(self, event: ChangePreview.WholeAsked) -> None:
        """`v`: everything on a page of its own; closing it comes back here."""
        event.stop()
        plan = self.stand.plan
        if plan is not None:
            page = previews.whole(plan)
            self.app.push_screen(ReaderScreen(plan.rule.title, page, self.desk.glyphs, self.desk.copy))

    def on_change_preview_copy_asked(self, event: ChangePreview.CopyAsked) -> None:
        """`c` copies the commands both ways, `g` the change for git."""
        event.stop()
        plan = self.stand.plan
        if plan is None:
            return
        if event.what == "git":
            said = self.desk.copy(previews.for_git(plan), "The change for git")
        else:
            back = f"\n# back:\n{plan.undo_by_hand}" if plan.undo_by_hand else ""
            said = self.desk.copy(f"{plan.apply_by_hand}{back}", "the commands")
        self.stand = replace(self.stand, refusal=said)
        self._show()
