"""Checks, chart, tree and actions: what they say, how they move, what gives way first."""

from dataclasses import replace

import pytest

from tests.widgets.looks import ACTIONS, CHECKS, TREE, Tiny, chart_view, wide
from widgets.actions import ActionRow, ActionsPanel
from widgets.chart import ChartSeries, ChartView, RateChart, _ceiling
from widgets.checks import CheckRow, ChecksPanel, ChecksStrip
from widgets.panel import Panel, Tab
from widgets.tree import TreePanel, TreeRow


async def strip(rows: tuple[CheckRow, ...], width: int) -> str:
    line = ChecksStrip()
    line.show(rows)
    async with Tiny(line).run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        return line.lines_now()[0].rstrip()


async def test_the_strip_tells_the_worst_first_and_names_what_is_well() -> None:
    assert await strip(CHECKS, 80) == (
        " ✗ API 429, our limit  ▲ errors 11.8 %  ▲ service  ▲ alert  ok: page net pods"
    )


async def test_a_narrow_strip_drops_words_and_keeps_marks_and_names() -> None:
    line = await strip(CHECKS, 60)
    assert all(words in line for words in ("✗ API", "▲ errors", "▲ service", "▲ alert", "ok: 3"))


async def test_what_is_not_set_is_told_apart_from_what_is_well() -> None:
    rows = (CheckRow("Network", "net", "ok", "fine"), CheckRow("Alerts", "alert", "unset", "not set"))
    assert await strip(rows, 60) == " ok: net  not set: alert"


async def test_a_stale_answer_shows_its_age_in_place_of_its_latency() -> None:
    panel = ChecksPanel()
    panel.show((replace(CHECKS[1], stale="stale 47s"),))
    async with Tiny(panel).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        row = panel.lines_now()[1]
        assert "stale 47s" in row
        assert "18 ms" not in row


async def test_notes_give_way_where_there_are_only_rows_for_the_checks() -> None:
    panel = ChecksPanel()
    panel.show(CHECKS)
    async with Tiny(panel).run_test(size=(60, 9)) as pilot:
        await pilot.pause()
        text = "\n".join(panel.lines_now())
        assert "requests 0 of 600" not in text
        assert all(row.name in text for row in CHECKS)


async def test_the_frame_marks_focus_by_its_border_and_by_a_glyph() -> None:
    panel = TreePanel()
    panel.show_title("Decision tree", (Tab("errors"), Tab("status")))
    async with Tiny(panel).run_test(size=(50, 6)) as pilot:
        await pilot.pause()
        panel.blur()
        await pilot.pause()
        assert panel.lines_now()[0].startswith("╭─ Decision tree ─")
        assert panel.lines_now()[0].endswith(" errors │ status ─╮")
        panel.focus()
        await pilot.pause()
        assert panel.lines_now()[0].startswith("┏━ ▸ Decision tree ━")


@pytest.mark.parametrize("size", [(3, 2), (6, 3), (12, 4), (20, 3), (30, 8)])
async def test_every_panel_paints_in_hardly_any_room(size: tuple[int, int]) -> None:
    checks, chart, tree, actions = ChecksPanel(), RateChart(), TreePanel(), ActionsPanel()
    checks.show(CHECKS)
    chart.show(chart_view())
    tree.show(TREE)
    actions.show(ACTIONS)
    for panel in (checks, chart, tree, actions):
        lines = panel.paint(*size)
        assert len(lines) <= max(size[1], len(panel.paint_inside(*size)))


async def test_the_chart_has_axes_names_with_last_values_and_no_line_over_a_gap() -> None:
    chart = RateChart()
    chart.show(chart_view())
    async with Tiny(chart).run_test(size=(70, 12)) as pilot:
        await pilot.pause()
        lines = chart.lines_now()
        text = "\n".join(lines)
        assert "1.5┤" in text
        assert "0.0┼" in text
        assert "large 1.3" in text
        assert "small 0.1" in text
        assert all(words in lines[-2] for words in ("14:52", "15:02", "15:12", "UTC"))
        assert "───" in lines[-3]  # the axis shows where nothing is known


async def test_a_chart_without_points_says_why() -> None:
    chart = RateChart()
    chart.show(
        ChartView(series=(ChartSeries("large", ((0.0, None),)),), empty="set prometheus.url to see errors")
    )
    async with Tiny(chart).run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert "set prometheus.url to see errors" in "\n".join(chart.lines_now())


async def test_an_unknown_last_value_is_not_told_as_a_number() -> None:
    chart = RateChart()
    chart.show(ChartView(series=(ChartSeries("large", ((0.0, 1.0), (60.0, 2.0), (120.0, None))),)))
    async with Tiny(chart).run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert "large ?" in "\n".join(chart.lines_now())


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.07, 0.08), (1.3, 1.5), (9.99, 10), (10, 10), (101, 150)]
)
def test_the_axis_ends_in_a_round_number_over_the_highest(value: float, top: float) -> None:
    assert _ceiling(value) == pytest.approx(top)


async def test_the_tree_lights_its_path_and_ties_branches_to_their_question() -> None:
    tree = TreePanel()
    tree.show(TREE)
    async with Tiny(tree).run_test(size=(58, 12)) as pilot:
        await pilot.pause()
        inside = [line[2:-2].rstrip() for line in tree.lines_now()[1:-2]]
        assert inside[0].startswith("→ Is the Mistral API returning errors?")
        assert inside[2].startswith("  ├→ 429  which 429?")
        assert inside[3].startswith("  │  ├→ our limit")
        assert inside[3].endswith("◂ you are here")
        assert inside[5] == "  │  └─ no allowance at all"
        assert inside[7] == "  └─ timeout  the network"


async def test_keys_walk_the_tree_and_enter_chooses() -> None:
    tree = TreePanel()
    tree.show(TREE)
    app = Tiny(tree)
    async with app.run_test(size=(58, 12)) as pilot:
        assert tree.highlighted == "ours"
        await pilot.press("j", "down", "k", "enter", "home", "up")
        assert app.said == [
            TreePanel.Highlighted("capacity"),
            TreePanel.Highlighted("none"),
            TreePanel.Highlighted("capacity"),
            TreePanel.Chosen("capacity"),
            TreePanel.Highlighted("api"),
            TreePanel.Highlighted("api"),
        ]


async def test_the_cursor_follows_the_path_until_it_is_moved_and_then_stays() -> None:
    tree = TreePanel()
    tree.show(TREE)
    moved = tuple(replace(r, here=r.id == "none", live=r.id in ("api", "429", "none")) for r in TREE)
    async with Tiny(tree).run_test(size=(58, 12)) as pilot:
        tree.show(moved)
        assert tree.highlighted == "none"
        await pilot.press("home")
        tree.show(TREE)
        assert tree.highlighted == "api"
        tree.show((TreeRow("new", 0, "first"), *TREE))
        assert tree.highlighted == "api"
        tree.to_path()
        assert tree.highlighted == "ours"


async def test_a_tree_longer_than_its_panel_scrolls_and_says_what_is_hidden() -> None:
    tree = TreePanel()
    tree.show(tuple(TreeRow(str(n), 0, f"question {n}") for n in range(30)))
    async with Tiny(tree).run_test(size=(40, 7)) as pilot:
        await pilot.press("end")
        assert "question 29" in tree.lines_now()[-2]
        assert "↑25" in tree.lines_now()[-1]
        await pilot.press("home")
        assert "↓25" in tree.lines_now()[-1]


async def test_numbers_and_enter_choose_an_action_and_a_number_too_high_does_nothing() -> None:
    actions = ActionsPanel()
    actions.show(ACTIONS)
    app = Tiny(actions)
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.press("2", "9", "down", "enter", "k", "k", "enter")
        assert [m.action for m in app.said if isinstance(m, ActionsPanel.Chosen)] == [
            "limits",
            "ask",
            "reduce-concurrency",
        ]


async def test_a_blocked_action_says_why_on_its_line_and_in_its_message() -> None:
    actions = ActionsPanel()
    actions.show(replace(ACTIONS, actions=(ActionRow("a", "Restart", blocked="a rollout is running"),)))
    app = Tiny(actions)
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.press("1")
        assert "○ a rollout is running" in "\n".join(actions.lines_now())
        assert app.said == [ActionsPanel.Chosen("a", "a rollout is running")]


async def test_evidence_gives_way_before_actions_do() -> None:
    actions = ActionsPanel()
    actions.show(replace(ACTIONS, trail="API errors › 429", prose=("evidence " * 40,)))
    async with Tiny(actions).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        text = "\n".join(actions.lines_now())
        assert "Ask for higher limits" in text
        assert "API errors › 429" in text
        assert "evidence" in text
        assert "…" in text


async def test_more_actions_than_lines_scroll_with_the_cursor() -> None:
    actions = ActionsPanel()
    actions.show(
        replace(ACTIONS, prose=(), actions=tuple(ActionRow(str(n), f"Action {n}") for n in range(1, 13)))
    )
    async with Tiny(actions).run_test(size=(60, 8)) as pilot:
        await pilot.press(*["down"] * 11)
        text = "\n".join(actions.lines_now())
        assert "Action 12" in text
        assert "Rate limited" in text


async def test_a_changed_path_is_marked_beside_the_headline() -> None:
    actions = ActionsPanel()
    actions.show(replace(ACTIONS, changed=True))
    async with Tiny(actions).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert "▲ path changed" in actions.lines_now()[1]


@pytest.mark.parametrize("kind", [ChecksPanel, ChecksStrip, RateChart, TreePanel, ActionsPanel])
async def test_the_same_value_again_sends_nothing_and_a_small_change_little(kind: type) -> None:
    values = {
        ChecksPanel: (CHECKS, (replace(CHECKS[0], latency="213 ms"), *CHECKS[1:])),
        ChecksStrip: (CHECKS, (replace(CHECKS[0], brief="429, ours"), *CHECKS[1:])),
        RateChart: (chart_view(), replace(chart_view(), remark="stale 47s")),
        TreePanel: (TREE, (*TREE[:-1], replace(TREE[-1], answer="no"))),
        ActionsPanel: (ACTIONS, replace(ACTIONS, changed=True)),
    }
    value, other = values[kind]
    widget = kind()
    app = Tiny(widget)
    async with app.run_test(size=(60, 14)) as pilot:
        widget.show(value)
        await pilot.pause()
        app.sent.clear()
        widget.show(tuple(value) if isinstance(value, tuple) else replace(value))
        await pilot.pause()
        assert app.sent == []
        widget.show(other)
        await pilot.pause()
        assert 0 < len("".join(app.sent)) < 600


async def test_a_plain_panel_is_a_frame() -> None:
    panel = Panel("Help")
    async with Tiny(panel).run_test(size=(20, 3)) as pilot:
        await pilot.pause()
        assert panel.lines_now() == ["╭─ Help ───────────╮", "│                  │", "╰──────────────────╯"]


async def test_another_theme_recolours_what_stands_there() -> None:
    panel = ChecksPanel()
    panel.show(CHECKS)
    app = Tiny(panel)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        dark = panel.render_line(1)
        app.theme = "leeward-light"
        await pilot.pause()
        light = panel.render_line(1)
        assert light.text == dark.text
        assert [s.style for s in light] != [s.style for s in dark]


async def test_the_first_frame_already_has_the_banner_and_the_keys() -> None:
    app = Tiny(*wide())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        first = "".join(app.sent[:1])
        assert "INVESTIGATING" in first
        assert "mitigate" in first


async def test_what_was_shown_while_hidden_stands_there_when_it_comes_back() -> None:
    panel, other = ChecksPanel(), Panel("Other")
    panel.show(CHECKS[:1])
    app = Tiny(panel, other)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        panel.display = False
        await pilot.pause()
        panel.show(CHECKS[1:2])
        await pilot.pause()
        panel.display = True
        await pilot.pause()
        screen = "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())
        assert "degraded: mistral" in screen
        assert "429" not in screen
