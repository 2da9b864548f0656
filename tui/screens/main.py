"""The console's one screen: banner, checks, errors, tree, what to do here, timeline, keys."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Key, Resize
from textual.screen import Screen

from tui.model.doers import approved
from tui.model.reading import Check
from tui.screens import branches, company, sifting, view
from tui.screens.bindings import MAIN, TABLE, bar, hints
from tui.screens.desk import Desk
from tui.screens.feed import Feed
from widgets.actions import ActionsPanel
from widgets.banner import Banner
from widgets.chart import RateChart
from widgets.checks import ChecksPanel, ChecksStrip
from widgets.keybar import KeyBar
from widgets.lines import wrap
from widgets.message import MessageLine
from widgets.panel import Panel, Tab
from widgets.timeline import Timeline
from widgets.tree import TreePanel

if TYPE_CHECKING:
    from tui.session.snapshot import Snapshot

_MESSAGE_LINES = 3
# From these columns and rows on, the four panels fit beside each other.
WIDE = (100, 32)


class MainScreen(Screen[None]):
    """The screen. It shows what `paint` is given, and turns keys into flows."""

    DEFAULT_CSS = """
    MainScreen { layout: vertical; }
    MainScreen #desk { layout: grid; grid-size: 1; height: 12; }
    MainScreen.-wide #desk { grid-size: 2; grid-columns: 57fr 63fr; }
    MainScreen #strip { display: block; }
    MainScreen.-wide #strip { display: none; }
    MainScreen #desk Panel { height: 100%; }
    MainScreen Timeline { height: 1fr; }
    MainScreen MessageLine { display: none; height: 1; }
    MainScreen MessageLine.-speaks { display: block; }
    MainScreen KeyBar { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(entry.binding() for entry in TABLE if entry.where == MAIN),
        Binding("escape", "escape", show=False),
        Binding("enter", "open", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        glyphs = desk.glyphs
        self.banner = Banner(glyphs=glyphs, id="banner")
        self.strip = ChecksStrip(glyphs=glyphs, id="strip")
        self.status = ChecksPanel(glyphs=glyphs, id="status")
        self.chart = RateChart(glyphs=glyphs, id="errors")
        self.questions = TreePanel(glyphs=glyphs, id="tree")
        self.actions = ActionsPanel(glyphs=glyphs, id="here")
        self.timeline = Timeline(glyphs=glyphs, id="timeline")
        self.messages = tuple(MessageLine(glyphs=glyphs) for _ in range(_MESSAGE_LINES))
        self.keys = KeyBar(glyphs=glyphs)
        # A panel without a cursor of its own still opens its details.
        self.status.can_focus = self.chart.can_focus = True
        self.here: Panel = self.actions
        self.all_entries = False
        self.needle = ""
        self.feed = Feed(self.timeline)
        self._said = ""
        # The incident in which others were seen.
        self._together = ""

    def compose(self) -> ComposeResult:
        """Everything is there from the first paint; a narrow window shows one panel of four."""
        yield self.banner
        yield self.strip
        with Container(id="desk"):
            yield self.status
            yield self.chart
            yield self.questions
            yield self.actions
        yield self.timeline
        yield from self.messages
        yield self.keys

    def on_mount(self) -> None:
        """What is known before the session is there: the frame, the keys, and that it is asking."""
        self._show_here(self.actions)
        self.keys.show_keys(bar(self.desk.table))
        self.sift()
        self.paint()
        self.actions.focus()

    # Painting

    @property
    def wide(self) -> bool:
        """Whether the four panels stand beside each other."""
        return self.has_class("-wide")

    def paint(self) -> None:
        """Show the snapshot as of now. What is the same as before sends nothing."""
        desk, now = self.desk, self.desk.clock.now()
        snapshot = desk.snapshot
        checks = view.checks(snapshot, now)
        self._paint_banner(snapshot, now)
        self.status.show(checks)
        self.strip.show(checks)
        self.chart.show(view.chart(snapshot, now, desk.zone))
        self.questions.show(branches.rows(desk.runbook, snapshot.walk))
        self.actions.show(
            view.do_here(
                snapshot,
                now,
                desk.places,
                trail=not self.wide,
                hints=hints(desk.table, snapshot.arming.locked),
            )
        )
        self.feed.take(snapshot.entries, snapshot.amendments, approved(snapshot.incident), desk.zone)
        self.keys.show_clock(view.clock(now, desk.zone))

    def _paint_banner(self, snapshot: "Snapshot", now: datetime) -> None:
        """Once others were seen, their line stays: nothing below moves each time that somebody goes."""
        incident = snapshot.incident.id if snapshot.incident else ""
        if company.is_company(snapshot, now):
            self._together = incident
        tall = self.banner.tall
        self.banner.show(view.banner(snapshot, now, bool(incident) and incident == self._together))
        if self.banner.tall != tall:
            self._lay_out(self.size.width, self.size.height)

    def say(self, words: str, state: str = "") -> None:
        """Say it over the keybar, in as many lines as it takes; "" is silence."""
        if words == self._said:
            return
        self._said = words
        parts = wrap(words, max(self.size.width - 4, 20))[:_MESSAGE_LINES] if words else []
        for index, line in enumerate(self.messages):
            spoken = parts[index] if index < len(parts) else ""
            line.set_class(bool(spoken), "-speaks")
            line.show(spoken, state if index == 0 else "")

    # Layout

    def on_resize(self, event: Resize) -> None:
        """Two columns, or one panel of four, as the window has room."""
        self._lay_out(event.size.width, event.size.height)
        self._show_here(self.here)
        self.paint()

    def _lay_out(self, width: int, height: int) -> None:
        wide = width >= WIDE[0] and height >= WIDE[1]
        self.set_class(wide, "-wide")
        desk = self.query_one("#desk")
        if wide:
            top, middle = 10 + max(height - 40, 0) // 8, 13 + max(height - 40, 0) // 4
            if height < 38:
                middle = 11
            desk.styles.grid_rows = f"{top} {middle}"
            desk.styles.height = top + middle
        else:
            below = 8 if height >= 24 else 5 if height >= 16 else 3
            desk.styles.grid_rows = "1fr"
            above = self.banner.tall + 2
            desk.styles.height = max(height - above - below - max(height - 24, 0) // 2, 4)

    def _show_here(self, panel: Panel) -> None:
        """In a narrow window this panel is the one that is seen; the others are its tabs."""
        self.here = panel
        names = {self.actions: "Do here", self.questions: "tree", self.chart: "errors", self.status: "status"}
        titles = {
            self.actions: "Do here",
            self.questions: "Decision tree",
            self.chart: "Errors per second, by model, last 30 min",
            self.status: "Status",
        }
        for one, title in titles.items():
            one.display = self.wide or one is panel
            tabs = () if self.wide else tuple(Tab(name) for other, name in names.items() if other is not one)
            one.show_title(title, tabs)

    # Moving

    def action_panel(self, by: int) -> None:
        """To the next panel; in a narrow window it comes to the front."""
        order: tuple[Panel, ...] = (self.actions, self.questions, self.chart, self.status, self.timeline)
        at = order.index(self.focused) if self.focused in order else 0
        panel = order[(at + by) % len(order)]
        if panel is not self.timeline:
            self._show_here(panel)
        # At once, and not when the queue is empty: keys that were typed ahead go to the new panel.
        self.set_focus(panel)

    def on_key(self, _event: Key) -> None:
        """Any key: the person is here, and what was said has been read."""
        self.say("")

    def action_escape(self) -> None:
        """Harmless: ends the filter, and goes back to what to do."""
        if self.needle:
            self.needle = ""
            self.sift()
            return
        self._show_here(self.actions)
        self.set_focus(self.actions)

    def sift(self) -> None:
        """Apply key-or-all and the filter to the timeline, and say so in its frame."""
        self.timeline.keep(sifting.predicate(self.needle, self.all_entries))
        zone = view.zone_name(self.desk.clock.now(), self.desk.zone)
        self.timeline.show_title(f"Timeline ({zone})", sifting.corner(self.needle, self.all_entries))

    # What was chosen. Each flow is imported where it is begun: it brings the dialogs' widgets with it,
    # which the first paint does without.

    def on_actions_panel_chosen(self, event: ActionsPanel.Chosen) -> None:
        """Enter on an action looks at it: a preview, or a link that is copied."""
        from tui.screens import looking

        self.desk.begin(looking.look_at(event.action))

    def on_checks_panel_chosen(self, event: ChecksPanel.Chosen) -> None:
        """Enter on a check tells all of it."""
        from tui.screens import looking

        self.desk.begin(looking.read_check(tuple(Check)[event.index]))

    def on_tree_panel_chosen(self, event: TreePanel.Chosen) -> None:
        """Enter on a row of the tree tells its evidence."""
        from tui.screens import looking

        self.desk.begin(looking.read_branch(event.row))

    def on_timeline_opened(self, event: Timeline.Opened) -> None:
        """Enter on an entry opens all of it."""
        from tui.screens import entries

        self.desk.begin(entries.read(self.feed.entries[event.index].id))

    def action_open(self) -> None:
        """Enter on a panel without a cursor: all that the checks said."""
        from tui.screens import looking

        self.desk.begin(looking.read_checks)

    # Keys

    def action_help(self) -> None:
        """The help."""
        from tui.screens import looking

        self.desk.begin(looking.read_help)

    def action_palette(self) -> None:
        """Every action by name."""
        from tui.screens import commands

        self.desk.begin(commands.palette)

    def action_incident(self) -> None:
        """The incident menu."""
        from tui.screens import incident

        self.desk.begin(incident.menu)

    def action_mitigate(self) -> None:
        """The numbered list of changes."""
        from tui.screens import acting

        self.desk.begin(acting.mitigate)

    def action_note(self) -> None:
        """Write a note."""
        from tui.screens import acting

        self.desk.begin(acting.note)

    def action_update(self) -> None:
        """Tell people."""
        from tui.screens import updates

        self.desk.begin(updates.menu)

    def action_undo(self) -> None:
        """The undo's preview."""
        from tui.screens import acting

        self.desk.begin(acting.undo)

    def action_evidence(self) -> None:
        """Collect evidence, or see how far it is."""
        from tui.screens import evidence

        self.desk.begin(evidence.collect)

    def action_export(self) -> None:
        """The postmortem: write it, or what people write in it."""
        from tui.screens import postmortem

        self.desk.begin(postmortem.menu)

    def action_refresh(self) -> None:
        """Ask every check now."""
        from tui.screens import looking

        self.desk.begin(looking.refresh)

    def action_filter(self) -> None:
        """Filter the timeline."""
        from tui.screens import looking

        self.desk.begin(looking.sift(self))

    def action_who(self) -> None:
        """Who works the incident."""
        from tui.screens import people

        self.desk.begin(people.show)

    def action_entries(self) -> None:
        """Key entries, or all."""
        self.all_entries = not self.all_entries
        self.sift()

    def action_kinds(self) -> None:
        """One type of entry, from a list."""
        from tui.screens import looking

        self.desk.begin(looking.choose_kinds(self))

    def action_local(self) -> None:
        """Times in UTC, or in this machine's zone."""
        self.desk.zone = self.desk.local if self.desk.zone is None else None
        self.feed.forget()
        self.paint()
        self.sift()

    def action_pin(self) -> None:
        """Pin the entry under the cursor, where the timeline has the focus; else a diagnosis."""
        from tui.screens import acting, entries

        index = self.timeline.cursor_index if self.focused is self.timeline else None
        if index is None:
            self.desk.begin(acting.pin)
            return
        self.desk.begin(entries.pin(self.feed.entries[index].id))

    def action_overrule(self) -> None:
        """Overrule an answer: the one under the cursor, where the tree has the focus."""
        from tui.screens import acting

        row = self.questions.highlighted if self.focused is self.questions else None
        self.desk.begin(acting.overrule(branches.question_of(row) if row else ""))

    def action_details(self) -> None:
        """The whole diagnosis."""
        from tui.screens import looking

        self.desk.begin(looking.read_diagnosis)

    def action_copy(self) -> None:
        """Copy what the cursor is on."""
        from tui.screens import looking

        self.desk.begin(looking.copy(self.under_cursor()))

    def action_leave(self) -> None:
        """Leave; asks only while a mitigation runs."""
        from tui.screens import acting

        self.desk.begin(acting.leave)

    def under_cursor(self) -> tuple[str, str]:
        """What the cursor is on, as text, and what to call it."""
        from tui.screens import looking

        snapshot = self.desk.snapshot
        if self.focused is self.timeline and (index := self.timeline.cursor_index) is not None:
            return looking.entry_text(self.feed.entries[index]), "the entry"
        if self.focused in (self.status, self.chart):
            return looking.checks_text(snapshot), "the checks"
        if self.focused is self.actions and snapshot.actions:
            action = snapshot.actions[min(self.actions.cursor, len(snapshot.actions) - 1)]
            if action.url:
                return action.url, "the link"
        return looking.diagnosis_text(snapshot), "the diagnosis"
