"""What the screens ask of the app, and what they know of where they run."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from textual.screen import Screen

from tui.model.clock import Clock
from tui.record.drafts import Drafts
from tui.screens.bindings import Bound
from tui.screens.view import Places
from tui.session.snapshot import Snapshot
from widgets.glyphs import Glyphs

if TYPE_CHECKING:
    from tui.model.runbook import Runbook
    from tui.session.session import Session

T = TypeVar("T")
Flow = Callable[["Desk"], Awaitable[None]]


class Desk(Protocol):
    """The app, as its screens see it. Flows run as workers of the app, and outlive every screen."""

    clock: Clock
    glyphs: Glyphs
    places: Places
    zone: tzinfo | None
    table: tuple[Bound, ...]
    drafts: Drafts
    arm_for: str

    @property
    def session(self) -> "Session":
        """The session. Raises SessionError while it is still being made."""
        ...

    @property
    def local(self) -> tzinfo | None:
        """This machine's zone."""
        ...

    @property
    def snapshot(self) -> Snapshot:
        """What was published last."""
        ...

    @property
    def runbook(self) -> "Runbook | None":
        """The runbook, once the session has it."""
        ...

    def begin(self, flow: Flow) -> None:
        """Run a flow; what a person cannot do is said in the message line."""
        ...

    def own(self, work: Coroutine[Any, Any, None], description: str) -> None:
        """Run work that must not end with the screen that asked for it."""
        ...

    async def ask(self, screen: Screen[T]) -> T | None:
        """Open a dialog over the console and wait for its answer; None is Escape."""
        ...

    def say(self, words: str, state: str = "") -> None:
        """Say it in the message line; `state` is ok, warn, fail or ""."""
        ...

    def copy(self, text: str, what: str) -> str:
        """Copy to the terminal's clipboard and a private file; returns the sentence that says so."""
        ...

    def leave(self) -> None:
        """End the console."""
        ...

    def wear(self, theme: str) -> None:
        """Change to the theme `dark`, `light` or `ansi`."""
        ...

    def press(self, binding_id: str) -> None:
        """Do what the key of this binding does."""
        ...
