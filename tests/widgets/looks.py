"""What the tests of the widgets share: a tiny app, and the incident that console.md draws."""

from collections.abc import Callable

from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from widgets.actions import ActionRow, ActionsPanel, ActionsView
from widgets.banner import Banner, BannerView
from widgets.chart import ChartSeries, ChartView, RateChart
from widgets.checks import CheckRow, ChecksPanel, ChecksStrip
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.keybar import KeyBar
from widgets.message import MessageLine
from widgets.panel import Tab
from widgets.preview import PreviewView
from widgets.themes import THEMES
from widgets.timeline import Timeline, TimelineRow
from widgets.tree import TreePanel, TreeRow

# Outside text at its worst: markup, links, escapes, bidi, wide cells, emoji, and very long.
HOSTILE = (
    "[red]x[/]",
    "[@click=app.bell]y[/]",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd",
    "日本語のとても長いエラーメッセージ" * 4,
    "👩‍👩‍👧 ⚠️ 🏳️‍🌈 é e\u0301",
    "a\nb\tc\r\x00\x7f",
    "x" * 10_000,
    "\ud800",
)

BANNER = BannerView(
    incident="inc-20261123-1503-7f3a",
    title="rate limited",
    severity="P2",
    severity_role="warn",
    response="acknowledged in 4 min",
    response_short="acknowledged",
    status="INVESTIGATING",
    open_for="open 19 min",
    context="prod-eu",
    namespace="prod",
    deployment="mistral-service",
    env_colour="red",
    user="responder",
    arming="READ-ONLY",
    update="next update in 4 min (u)",
)

CHECKS = (
    CheckRow(
        "Mistral API",
        "API",
        "fail",
        "429, our rate limit (1300)",
        "429, our limit",
        "requests 0 of 600 left this minute",
        "212 ms",
    ),
    CheckRow("Service", "service", "warn", "degraded: mistral", latency="18 ms"),
    CheckRow("Error rate", "errors", "warn", "11.8 % of 11.3 requests/s", "11.8 %", latency="31 ms"),
    CheckRow("Status page", "page", "ok", "all systems operational", latency="90 ms"),
    CheckRow("Network", "net", "ok", "dns 3, tcp 12, tls 31 ms", latency="46 ms"),
    CheckRow("Workload", "pods", "ok", "3/3 ready, no rollout", latency="9 ms"),
    CheckRow("Alerts", "alert", "warn", "MistralRateLimitWarning, 23 min"),
)

TREE = (
    TreeRow("api", 0, "Is the Mistral API returning errors?", answer="yes, 429", live=True),
    TreeRow("401", 1, "the API key", label="401"),
    TreeRow("429", 1, "which 429?", label="429", answer="code 1300", live=True),
    TreeRow("ours", 2, "our limit", live=True, here=True),
    TreeRow("capacity", 2, "the provider's capacity"),
    TreeRow("none", 2, "no allowance at all"),
    TreeRow("5xx", 1, "the provider", label="5xx"),
    TreeRow("timeout", 1, "the network", label="timeout"),
    TreeRow("own", 0, "Is our own service returning errors?", answer="not asked"),
)

ACTIONS = ActionsView(
    headline="Rate limited (P2): our own limit.",
    prose=(
        "From here: 429, code 1300, 0 of 600 left at 15:21:50.",
        "From the pods: 97 % of errors are 429. Same key (7f3a).",
        "Traffic 9.8 → 11.3/s in 30 min; last deploy 2 days ago.",
    ),
    actions=(
        ActionRow("reduce-concurrency", "Reduce concurrency", "10 → 3 per pod", "medium risk"),
        ActionRow("limits", "Open the limits page", "copy the link"),
        ActionRow("ask", "Ask for higher limits", "draft the message"),
    ),
    hints=(("m", "mitigate"), ("Enter", "details"), ("p", "pin"), ("o", "overrule")),
)

TIMELINE = (
    TimelineRow("14:58:40", "alert", "MistralRateLimitWarning fired: rate limiting detected", role="warn"),
    TimelineRow("15:03:09", "declared", "from the alert; severity P2 proposed and accepted"),
    TimelineRow(
        "15:03:11", "state", "Mistral API ok → fail: 429, code 1300, 0 of 600 requests left", role="fail"
    ),
    TimelineRow("15:03:12", "diagnosis", "rate limited, our limit"),
    TimelineRow("15:04:02", "note", "traffic rose after the newsletter went out"),
    TimelineRow("15:08:00", "update", "sent to Slack #incidents: investigating, next 15:26"),
)

KEYS = (
    ("?", "help"),
    ("i", "incident"),
    ("m", "mitigate"),
    ("n", "note"),
    ("u", "update"),
    ("e", "evidence"),
    ("x", "export"),
    ("/", "filter"),
    (":", "palette"),
)

PREVIEW = PreviewView(
    title="Reduce concurrency",
    risk="medium risk",
    target="prod-eu / prod / deployment mistral-service",
    user="responder",
    env_colour="red",
    change="MAX_CONCURRENT_MISTRAL   10 → 3",
    editable=True,
    rows=(
        ("means", "3 x 3 pods = 9 at once, was 30; 36 when the autoscaler is at 12"),
        ("touches", "3 pods, one at a time, about 40 s"),
        ("checked", "permitted, server dry run accepted, no rollout running"),
        ("owner", "declared in git, by argocd: self-heal may undo this at any moment"),
        ("", "g copies the patch for git and the suspend command"),
        ("undo", "back to 10, if nobody has changed it since"),
        ("keep", "for 2 h, then you are asked"),
    ),
    diff=(
        "  spec.template.spec.containers[mistral-service].env",
        '-   MAX_CONCURRENT_MISTRAL: "10"',
        '+   MAX_CONCURRENT_MISTRAL: "3"',
    ),
    by_hand=(
        (
            "by hand",
            "kubectl --context prod-eu -n prod set env deployment/mistral-service MAX_CONCURRENT_MISTRAL=3",
        ),
        (
            "back",
            "kubectl --context prod-eu -n prod set env deployment/mistral-service MAX_CONCURRENT_MISTRAL=10",
        ),
    ),
    confirm="word",
    asks="read-only: type prodeu to arm for 15 minutes",
)


def chart_view() -> ChartView:
    """Half an hour of two models, with a gap in the second."""
    large = tuple(
        (60.0 * m, min(1.3, max(0.0, (m - 6) * 0.06)) - (0.15 if m in (25, 26) else 0)) for m in range(31)
    )
    small = tuple((60.0 * m, None if 12 <= m < 15 else 0.1) for m in range(31))
    return ChartView(
        series=(ChartSeries("large", large), ChartSeries("small", small)),
        ticks=((0.0, "14:52"), (600.0, "15:02"), (1200.0, "15:12")),
        start=0.0,
        end=1800.0,
    )


class Tiny(App[None]):
    """An app of given widgets, in one of our themes, that remembers what they said."""

    CSS = "Screen { layout: vertical; } Horizontal { height: 12; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *parts: Widget, theme: str = "leeward-dark") -> None:
        super().__init__()
        self.parts = parts
        self.said: list[object] = []
        self.sent: list[str] = []
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield from self.parts

    def _display(self, screen: Screen[object], renderable: object) -> None:
        """Keep what a terminal would be sent: the headless driver sends nothing anywhere."""
        super()._display(screen, renderable)  # type: ignore[arg-type]
        if isinstance(renderable, CompositorUpdate):
            self.sent.append(renderable.render_segments(self.console))

    async def _on_message(self, message: Message) -> None:
        await super()._on_message(message)
        if type(message).__module__.startswith("widgets."):
            self.said.append(message)


def wide(glyphs: Glyphs = UNICODE) -> list[Widget]:
    """The console of 120 x 40."""
    banner, strip = Banner(glyphs=glyphs), MessageLine(glyphs=glyphs)
    checks, chart = ChecksPanel(glyphs=glyphs), RateChart(glyphs=glyphs)
    tree, actions = TreePanel(glyphs=glyphs), ActionsPanel(glyphs=glyphs)
    timeline, keys = Timeline(glyphs=glyphs), KeyBar(glyphs=glyphs)
    banner.show(BANNER)
    strip.show("sent to the terminal; also in export/limits.txt", "ok")
    checks.show(CHECKS)
    chart.show(chart_view())
    tree.show(TREE)
    actions.show(ACTIONS)
    timeline.show(TIMELINE)
    timeline.show_title("Timeline (UTC)", "key entries, f for all")
    keys.show_keys(KEYS)
    keys.show_clock("15:22 UTC")
    return [banner, Horizontal(checks, chart), Horizontal(tree, actions), timeline, strip, keys]


def narrow(glyphs: Glyphs = UNICODE) -> list[Widget]:
    """The console of 80 x 24 and less."""
    banner, checks, actions = Banner(glyphs=glyphs), ChecksStrip(glyphs=glyphs), ActionsPanel(glyphs=glyphs)
    timeline, keys = Timeline(glyphs=glyphs), KeyBar(glyphs=glyphs)
    banner.show(BANNER)
    checks.show(CHECKS)
    actions.show(ActionsView(**{**_fields(ACTIONS), "trail": "API errors › 429 › our limit", "hints": ()}))
    actions.show_title("Do here", (Tab("tree"), Tab("errors"), Tab("status", here=True)))
    actions.styles.height = 12
    timeline.show(TIMELINE)
    keys.show_keys(KEYS)
    keys.show_clock("15:22 UTC")
    return [banner, checks, actions, timeline, keys]


def _fields(view: ActionsView) -> dict[str, object]:
    return {name: getattr(view, name) for name in ActionsView.__dataclass_fields__}


LOOKS: dict[str, Callable[[], Tiny]] = {
    "dark": lambda: Tiny(*wide()),
    "light": lambda: Tiny(*wide(), theme="leeward-light"),
    "ansi": lambda: Tiny(*wide(), theme="leeward-ansi"),
    "ascii": lambda: Tiny(*wide(ASCII)),
}
