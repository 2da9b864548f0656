"""Text from outside is text: it neither styles, binds, escapes nor breaks a frame."""

import pytest
from rich.cells import cell_len
from textual.widget import Widget

from tests.widgets.looks import HOSTILE, Tiny
from widgets.actions import ActionRow, ActionsPanel, ActionsView
from widgets.banner import Banner, BannerView
from widgets.chart import ChartSeries, ChartView, RateChart
from widgets.checks import CheckRow, ChecksPanel, ChecksStrip
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.keybar import KeyBar
from widgets.message import MessageLine
from widgets.preview import ChangePreview, PreviewView
from widgets.prompt import Choice, ChoiceList, Prompt
from widgets.timeline import Timeline, TimelineRow
from widgets.tree import TreePanel, TreeRow


def everywhere(text: str, glyphs: Glyphs) -> list[Widget]:
    """Every widget, with this text wherever a text can stand."""
    banner, checks, strip = Banner(glyphs=glyphs), ChecksPanel(glyphs=glyphs), ChecksStrip(glyphs=glyphs)
    chart, tree, actions = RateChart(glyphs=glyphs), TreePanel(glyphs=glyphs), ActionsPanel(glyphs=glyphs)
    timeline, bar, line = Timeline(glyphs=glyphs), KeyBar(glyphs=glyphs), MessageLine(glyphs=glyphs)
    banner.show(
        BannerView(
            text,
            text,
            text,
            "warn",
            text,
            text,
            text,
            text,
            text,
            text,
            "red",
            text,
            text,
            True,
            (text,),
            text,
            company=(text, text),
            command=text,
            under_change=(text,),
            shared=(text,),
        )
    )
    rows = (CheckRow(text, text, "fail", text, text, text, text, text),)
    checks.show(rows)
    strip.show(rows)
    series = ChartSeries(text, ((0.0, 1.0), (1.0, 2.0)))
    chart.show(ChartView((series, series), ((0.5, text),), 0.0, 1.0, text[:5], text, text))
    tree.show(tuple(TreeRow(text, d, text, text, text, True, True, True) for d in range(3)))
    actions.show(
        ActionsView(text, text, (text,), (ActionRow(text, text, text, text),), ((text, text),), True)
    )
    timeline.show([TimelineRow(text, text, text, who=f"bo {text}")] * 3)
    timeline.show_names(True)
    timeline.show_title(text, text)
    bar.show_keys(((text, text),))
    bar.show_clock(text[:20])
    line.show(text, "warn")
    labelled = ((text, text),)
    preview = ChangePreview(
        PreviewView(
            text,
            text,
            text,
            text,
            "",
            text,
            True,
            labelled,
            (text,),
            labelled,
            "word",
            text,
            True,
            text,
            text,
            True,
        ),
        glyphs=glyphs,
    )
    prompt = Prompt(text, hint=text, glyphs=glyphs)
    choices = ChoiceList(text, (Choice(text, text, text), Choice("b", text, text, text)), glyphs=glyphs)
    for widget in (checks, chart, tree, actions, timeline, preview, choices):
        widget.styles.height = 9
    return [banner, strip, checks, chart, tree, actions, timeline, line, bar, preview, prompt, choices]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=lambda g: g.name)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_nothing_leaves_its_cells_and_nothing_is_executed(text: str, glyphs: Glyphs) -> None:
    app = Tiny(*everywhere(text, glyphs))
    async with app.run_test(size=(60, 90)) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        lines = ["".join(s.text for s in strip) for strip in strips]
        assert {cell_len(line) for line in lines} == {60}
        assert not [s for strip in strips for s in strip if s.style and s.style.meta.get("@click")]
        assert not set("\x1b\x9b\u202e\x07\x00\n\r\t") & set("".join(lines))
        "".join(lines).encode()
        if glyphs is ASCII:
            assert [line for line in lines if not line.isascii()] == []


async def test_markup_is_shown_as_it_was_written() -> None:
    line, timeline = MessageLine(), Timeline("[b]Timeline[/b]")
    line.show("[red]x[/] [@click=app.bell]y[/]")
    timeline.show([TimelineRow("15:03", "note", "[red]x[/]")])
    async with Tiny(line, timeline).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        assert "[red]x[/] [@click=app.bell]y[/]" in line.lines_now()[0]
        assert "[b]Timeline[/b]" in timeline.lines_now()[0]
        assert "[red]x[/]" in timeline.lines_now()[1]
