"""Collecting evidence, seen: what will be collected and where it goes, then how far it is."""

from pathlib import Path

from textual.app import ComposeResult

from tui.model.incident import Kind
from tui.model.sizes import told
from tui.model.text import clean
from tui.model.times import clock as hhmm
from tui.screens.desk import Desk
from tui.screens.dialog import Dialog
from tui.session.snapshot import Snapshot
from widgets.progress import ProgressPanel, ProgressView

_WHAT = (
    "Logs of every pod and container, events, the deployment and what belongs to it, readings, metrics, "
    "alerts, the status page, the journal and versions: one archive, with secrets taken out."
)


def view(snapshot: Snapshot, folder: str) -> ProgressView:
    """What the dialog says now."""
    collecting = snapshot.collecting
    if collecting is None:
        opens = () if snapshot.incident else ("This opens an incident.",)
        return ProgressView(
            (_WHAT, f"It goes to {folder}", *opens, *_last(snapshot)), keys="y collects   Esc leaves"
        )
    return ProgressView(
        ("Collecting. The console can be used meanwhile: Esc, and e comes back here.",),
        max(collecting.number - 1, 0),
        max(collecting.pieces, 1),
        f"{collecting.piece}, {told(collecting.bytes)} so far",
        "s stops and keeps nothing   Esc leaves it running",
    )


def _last(snapshot: Snapshot) -> tuple[str, ...]:
    """Where the last archive lies: perhaps on the machine of somebody else."""
    found = [entry for entry in snapshot.entries if entry.kind == Kind.EVIDENCE and not entry.redacted]
    if not found:
        return ()
    last = found[-1]
    path, host = (clean(str(last.data.get(name) or ""), limit=200) for name in ("path", "host"))
    where = f" on {host}" if host else ""
    return (f"{clean(last.actor, limit=80)} collected at {hhmm(last.occurred_at)} UTC: {path}{where}",)


class EvidenceScreen(Dialog[bool]):
    """The dialog. It answers true where collecting is to begin; what runs outlives it."""

    DEFAULT_CSS = """
    EvidenceScreen { align: center middle; }
    EvidenceScreen ProgressPanel { width: 84; max-width: 96%; height: 11; max-height: 90%; }
    """

    def __init__(self, desk: Desk, folder: Path) -> None:
        super().__init__()
        self.desk = desk
        self._folder = str(folder)
        self._ran = desk.snapshot.collecting is not None
        self.panel = ProgressPanel("Evidence", view(desk.snapshot, self._folder), glyphs=desk.glyphs)

    def compose(self) -> ComposeResult:
        """The panel alone."""
        yield self.panel

    def on_mount(self) -> None:
        """Keys go to the panel."""
        self.panel.focus()

    def take(self, snapshot: Snapshot) -> None:
        """Show how far it is; when it is done, the message line tells, and the dialog is in the way."""
        running = snapshot.collecting is not None
        if self._ran and not running:
            self.answer(False)
            return
        self._ran = running
        self.panel.show(view(snapshot, self._folder))

    def on_progress_panel_begun(self, event: ProgressPanel.Begun) -> None:
        """Begin; a second `y` in one burst begins nothing more."""
        event.stop()
        if not self._ran:
            self.answer(True)

    def on_progress_panel_stopped(self, event: ProgressPanel.Stopped) -> None:
        """Stop what runs."""
        event.stop()
        if self._ran:
            self.desk.session.end_evidence()

    def on_progress_panel_left(self, event: ProgressPanel.Left) -> None:
        """Leave; what runs goes on."""
        event.stop()
        self.answer(False)


async def collect(desk: Desk) -> None:
    """Look at what will be collected; `y` collects it, and the console stays usable."""
    if await desk.ask(EvidenceScreen(desk, desk.session.evidence_folder())):
        desk.say("Collecting evidence: e shows how far it is.", "ok")
        collected = await desk.session.collect_evidence()
        lacking = len(collected.missing)
        less = f"; {lacking} could not be had, the manifest says why" if lacking else ""
        desk.say(
            f"Evidence: {collected.pieces} files, {told(collected.size)}{less}: {collected.path}",
            "warn" if lacking else "ok",
        )
