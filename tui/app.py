"""The console: the app that owns the session, its workers, and how everything ends."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from tui.record.drafts import Drafts
from tui.screens import clipboard, news, view
from tui.screens.bindings import rebind
from tui.screens.desk import Flow
from tui.screens.dialog import Dialog
from tui.screens.main import MainScreen
from tui.screens.messages import Messages
from tui.screens.opening import Opening
from tui.screens.terminal import end_without, terminal_is_gone
from tui.screens.typeahead import Typeahead
from tui.screens.view import Places
from tui.session.errors import SessionError
from tui.session.snapshot import Snapshot
from widgets.glyphs import ASCII, UNICODE
from widgets.themes import THEMES

if TYPE_CHECKING:
    from tui.model.runbook import Runbook
    from tui.session.session import Session

__all__ = ["LeewardApp", "Opening", "Places", "run", "terminal_is_gone"]

T = TypeVar("T")

# How long the session may take to put everything on disk and let go, before we end without it.
STOPPING = 5.0
_ERROR = 3


class LeewardApp(App[int]):
    """The app. Screens know it as their `Desk`."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS = "Screen { scrollbar-size: 0 0; }"

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self.opening = opening
        self.clock = opening.clock
        self.glyphs = ASCII if opening.ascii else UNICODE
        self.places = opening.places
        self.zone: tzinfo | None = self.local if opening.console.local_time else None
        self.table, self._key_problems = rebind(opening.console.keys)
        self.drafts = Drafts(opening.folder)
        self.arm_for = opening.arm_for
        self._session: Session | None = None
        self._snapshot = Snapshot(opening.clock.now())
        self._ended_leases: frozenset[object] = frozenset()
        self._messages = Messages(opening.clock, self._say)
        self._refused = ""
        self._ending = False
        self.left_behind = ""
        self._typeahead = Typeahead(self, super().on_event)
        self.main = MainScreen(self)
        for theme in THEMES:
            self.register_theme(theme)
        self.wear(opening.console.theme)

    # The app as its screens see it

    @property
    def session(self) -> "Session":
        """The session; raises SessionError while there is none."""
        if self._session is None:
            raise SessionError("The console is still starting.", "Try again in a moment.")
        return self._session

    @property
    def snapshot(self) -> Snapshot:
        """What was published last."""
        return self._snapshot

    @property
    def runbook(self) -> "Runbook | None":
        """The runbook, once the session has it."""
        try:
            return self.session.runbook
        except SessionError:
            return None

    def begin(self, flow: Flow) -> None:
        """Run a flow as a worker of the app. Keys that come before its dialog is open wait for it."""
        self.say("")
        self._typeahead.flow_began()
        self.own(self._flow(flow), "a flow of dialogs")

    def own(self, work: Coroutine[Any, Any, None], description: str) -> None:
        """Run work as a worker of the app: it outlives the screen that asked for it."""
        self.run_worker(work, group="owned", description=description, exit_on_error=False)

    async def ask(self, screen: Screen[T]) -> T | None:
        """Open a dialog and wait for its answer. Two never lie on each other: the second is Escape."""
        if len(self.screen_stack) > 1:
            return None
        try:
            return await self.push_screen_wait(screen)
        finally:
            self._typeahead.answered()

    def say(self, words: str, state: str = "") -> None:
        """Say it in the message line, until a key is pressed or some seconds are over."""
        self._messages.say(words, state)

    def _say(self, words: str, state: str) -> None:
        if self.main.is_mounted:
            self.main.say(words, state)

    def copy(self, text: str, what: str) -> str:
        """Copy to the terminal, which never answers, and to a file, which does."""
        try:
            kept = f" and to {clipboard.keep(text, self.opening.folder)}"
        except OSError as error:
            kept = f"; no file was written: {error.strerror}"
        if not clipboard.fits(text):
            return f"{what}: too long for a terminal{kept}" if text else f"{what}: there is nothing to copy"
        if self._driver is not None:
            self._driver.write(clipboard.sequences(text, "TMUX" in os.environ))
        return f"{what}: sent to the terminal{kept}"

    def wear(self, theme: str) -> None:
        """Change the theme; an unknown one is the dark one."""
        name = f"leeward-{theme}"
        self.theme = name if name in self.available_themes else "leeward-dark"

    @property
    def local(self) -> tzinfo | None:
        """This machine's zone."""
        return self.opening.clock.now().astimezone().tzinfo

    def press(self, binding_id: str) -> None:
        """Do what the key of this binding does."""
        entry = next(e for e in self.table if e.id == binding_id)
        self.call_next(self.main.run_action, entry.action)

    def leave(self) -> None:
        """End the console; the journal is whole before the terminal is given back."""
        self.own(self._end(0), "leaving")

    async def action_quit(self) -> None:
        """Ctrl+Q over a dialog: it closes the dialog's console, too, with the journal whole."""
        self.leave()

    def action_help_quit(self) -> None:
        """Ctrl+C is no way out: it is pressed to copy, or by habit."""
        self.say("q leaves the console; the incident stays open.")

    # Beginning

    def get_default_screen(self) -> Screen[Any]:
        """The one screen."""
        return self.main

    def on_mount(self) -> None:
        """Paint first; everything that is slow to load comes after."""
        self._typeahead.begin()
        self.set_keymap({e.id: ",".join(e.keys) for e in self.table if e.id in self.opening.console.keys})
        if not self.is_headless:
            self._mind_signals()
            end_without(2 * STOPPING, partial(os._exit, 128 + signal.SIGHUP))
        self.call_after_refresh(self._open)
        self.set_interval(1.0, self._tick, name="clocks")

    def _open(self) -> None:
        problems = (*self._key_problems, *self.opening.notices)
        if problems:
            self.say("  ".join(problems), "warn")
        self.own(self._make_session(), "opening the session")

    async def _make_session(self) -> None:
        # Threads load the clients now. The loop asks for its turn after 1 ms, not after Python's 5.
        sys.setswitchinterval(0.001)
        try:
            session = await self.opening.make()
        except SessionError as refused:
            self.say(str(refused), "fail")
            return
        self._session = session
        self.drafts.hides = session.without_secrets
        session.subscribe(self._published)
        if not await self._started(session):
            return
        self._published(session.snapshot)
        if self.opening.resume:
            from tui.screens import incident

            self._typeahead.flow_began()
            await self._flow(incident.resume(self.opening.resume))

    async def _started(self, session: "Session") -> bool:
        """Start it. A runbook that cannot be used leaves a console that says so, and looks at the rest."""
        from tui.runbooks import RunbookError

        try:
            await session.start()
        except (SessionError, RunbookError) as refused:
            self.say(str(refused), "fail")
            return False
        return True

    async def _flow(self, flow: Flow) -> None:
        """Run a flow to its end. Arming does not lapse in any of its dialogs, nor between them."""
        session = self._session
        if session is not None:
            session.hold_arming()
        try:
            await flow(self)
        except SessionError as refused:
            self.say(str(refused), "fail")
        finally:
            self._typeahead.flow_ended()
            self._messages.uncovered()
            if session is not None and session is self._session:
                session.release_arming()

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes wait for their turn; one that was handed to a screen comes back up here."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._typeahead.take(event)
        else:
            await super().on_event(event)

    # Going on

    def _published(self, snapshot: Snapshot) -> None:
        if not self.screen_stack:
            return  # a session that did not stop in time goes on without anybody to show it to
        before, self._snapshot = self._snapshot, snapshot
        self.drafts.incident = snapshot.incident.id if snapshot.incident else ""
        rings = view.worsened(before, snapshot)
        for one in news.news(before, snapshot):
            self._messages.tell(one.words, one.state, self._covered, one.about)
            rings = rings or one.bell
        self._tell_refusal(snapshot)
        if self.opening.console.bell and rings:
            self.bell()
        self._paint()
        if isinstance(self.screen, Dialog):
            self.screen.take(snapshot)

    @property
    def _covered(self) -> bool:
        """Whether a dialog lies over what is said."""
        return len(self.screen_stack) > 1

    def _tell_refusal(self, snapshot: Snapshot) -> None:
        """What the shared place refuses is said once, not each time that it is tried again."""
        refused = news.refusal(snapshot)
        if refused and refused != self._refused:
            self._refused = refused
            self._messages.tell(refused, "warn", self._covered)

    def _paint(self) -> None:
        if self.main.is_mounted and self.main.is_attached:
            self.main.paint()

    def _tick(self) -> None:
        """Once a second: clocks, ages, and whether there still is a terminal."""
        if terminal_is_gone(self.is_headless):
            self.own(self._end(128 + signal.SIGHUP, terminal=False), "the terminal is gone")
            return
        self._messages.tick(self._covered)
        self._typeahead.mind()
        now = self.clock.now()
        ended = view.ended(self._snapshot.leases, now)
        over = ended | view.overdue(self._snapshot, now)
        if fresh := over - self._ended_leases:
            if names := ", ".join(sorted(variable for variable, _ in fresh & ended)):
                self.say(
                    f"{names}: the time it was to be held is over. z undoes it; i, Resolve asks.", "warn"
                )
            if self.opening.console.bell:
                self.bell()
        self._ended_leases = frozenset(over)
        self._paint()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Work that failed in a way nobody foresaw is told and kept; the console goes on."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self.say(self._kept(error, f"{event.worker.description or 'something'} failed"), "fail")

    # Ending

    def _mind_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        gone = number == signal.SIGHUP and terminal_is_gone(self.is_headless)
        self.own(self._end(128 + number, terminal=not gone), f"ending on {number.name}")

    async def _end(self, code: int, *, terminal: bool = True) -> None:
        """Put everything on disk, then give the terminal back, where there still is one."""
        if self._ending:
            return
        self._ending = True
        await self.let_go()
        if not terminal:
            os._exit(code)
        if not self.is_headless:
            # Where the terminal goes away in this very moment, leaving it politely hangs for ever.
            last = threading.Timer(3.0, os._exit, (code,))
            last.daemon = True
            last.start()
        self.exit(return_code=code, result=code)

    async def let_go(self) -> None:
        """Stop the session, whatever state it is in, within `STOPPING` seconds."""
        session, self._session = self._session, None
        await asyncio.to_thread(self.drafts.flush)
        if session is None:
            return
        try:
            await asyncio.wait_for(session.stop(), STOPPING)
        except TimeoutError:
            self.log.warning("the session did not stop in time")
        self.left_behind = session.left_behind

    # What nobody foresaw

    def _kept(self, error: BaseException, what: str) -> str:
        path = self.opening.keep(error)
        where = f"what is known of it is in {path}" if path else "it could not be written down"
        return f"A fault of the console itself: {what} ({type(error).__name__}); {where}."

    def _handle_exception(self, error: Exception) -> None:
        """End with one sentence, never with a traceback; the terminal is restored on the way."""
        self._return_code = _ERROR
        if self._exception is not None:
            return
        self.panic(Text(self._kept(error, "the console had to close; the record is whole")))
        self._exception = error
        self._exception_event.set()

    def panic(self, *renderables: Any) -> None:
        """The end of a thread of Textual's own: its terminal was taken away, or it is broken."""
        if all(isinstance(r, Text) for r in renderables):
            super().panic(*renderables)
        elif terminal_is_gone(self.is_headless):
            self.own(self._end(128 + signal.SIGHUP, terminal=False), "the terminal is gone")
        else:
            error = sys.exc_info()[1] or RuntimeError("the terminal's input ended")
            super().panic(Text(self._kept(error, "the terminal's input ended")))


async def run(opening: Opening) -> int:
    """Run the console on this terminal; the exit code."""
    app = LeewardApp(opening)
    try:
        code = await app.run_async(mouse=opening.console.mouse)
    finally:
        # After a fault of our own the session is still there: what it knows goes to disk.
        await app.let_go()
    if app.left_behind:
        opening.tell(app.left_behind)
    return code if code is not None else app.return_code or 0
