"""A page that is shown at once and filled in when what it asks has answered."""

from collections.abc import Awaitable, Callable

from textual.worker import Worker, WorkerState

from tui.screens.page import Page
from tui.screens.reader import ReaderScreen
from widgets.glyphs import Glyphs


class LivePage(ReaderScreen[None]):
    """A reader whose page is asked for when it opens, and again with `r`.

    Leaving it ends the asking: nothing that hangs holds anybody up. `failed` turns an error of
    the asking into a page.
    """

    BINDINGS = [("r", "ask", "Ask again")]  # noqa: RUF012 - as Textual wants it

    def __init__(
        self,
        title: str,
        page: Page,
        ask: Callable[[], Awaitable[Page]],
        glyphs: Glyphs,
        copy: Callable[[str, str], str],
    ) -> None:
        super().__init__(title, page, glyphs, copy)
        self.ask = ask

    def on_mount(self) -> None:
        """Keys go to the page, and the world is asked."""
        super().on_mount()
        self.action_ask()

    def action_ask(self) -> None:
        """Ask; an asking that still runs is given up for the new one."""
        self.run_worker(self._asked(), group="page", exclusive=True, exit_on_error=False)

    async def _asked(self) -> None:
        page = await self.ask()
        self.reader.replace(page)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What nobody foresaw is said in the frame."""
        if event.state is WorkerState.ERROR:
            event.stop()
            self.reader.show_title(f"it could not be asked ({type(event.worker.error).__name__})")
