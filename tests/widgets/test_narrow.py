"""What is said where it is narrow: whole words of what matters, rather than the beginnings of everything."""

import pytest

from tests.widgets.looks import Tiny
from widgets.actions import ActionRow, ActionsPanel, ActionsView
from widgets.panel import Panel
from widgets.prompt import Choice, ChoiceList
from widgets.timeline import Timeline, TimelineRow
from widgets.tree import TreePanel, TreeRow

ROWS = (
    TreeRow("q", 0, "Which 429?", answer="our limit", live=True),
    TreeRow("q/a", 1, "No allowance: the limit is 0", label="no allowance at all"),
    TreeRow("q/b", 1, "Rate limited: our own limit", label="our limit", live=True, here=True),
    TreeRow("q/c", 1, "No allowance: the limit is 0 here and everywhere", label="402"),
)
ACTIONS = ActionsView(
    headline="Rate limited",
    actions=(
        ActionRow("a", "Answer from the fallback", "false → true", "medium risk"),
        ActionRow("b", "Look at the limits", "what is left of them"),
    ),
    hints=(("m", "mitigate"), ("Enter", "open"), ("d", "details"), ("p", "pin"), ("o", "overrule")),
)
CHOICES = (
    Choice("a", "Reduce concurrency", "10 → 3 per pod  medium risk"),
    Choice("b", "Roll back to the revision before", "back to the revision before  not fitting now"),
    Choice("c", "Turn the fallback on", blocked="already live: z undoes it"),
)


async def painted(panel: Panel, size: tuple[int, int]) -> str:
    async with Tiny(panel).run_test(size=size) as pilot:
        await pilot.pause()
        return "\n".join(panel.lines_now())


async def tree(width: int) -> str:
    panel = TreePanel()
    panel.show(ROWS)
    return await painted(panel, (width, 9))


async def test_a_wide_tree_tells_where_each_branch_leads() -> None:
    seen = await tree(80)
    assert "no allowance at all  No allowance: the limit is 0" in seen
    assert "our limit  Rate limited: our own limit" in seen


async def test_a_narrow_tree_cuts_no_title_that_its_branch_has_told() -> None:
    seen = await tree(54)
    for line in seen.splitlines():
        if "allowance at all" in line or "you are here" in line:
            assert "…" not in line
    assert "→ our limit  " in seen and "◂ you are here" in seen
    assert "402  No allowance" in seen


async def test_a_hint_without_a_risk_beside_it_may_have_its_room() -> None:
    panel = ActionsPanel()
    panel.show(ACTIONS)
    seen = await painted(panel, (60, 12))
    assert "what is left of them" in seen
    assert "medium" in seen


async def test_keys_are_hinted_whole_or_not_at_all() -> None:
    panel = ActionsPanel()
    panel.show(ACTIONS)
    assert "o overrule" in await painted(panel, (80, 12))
    panel = ActionsPanel()
    panel.show(ACTIONS)
    seen = await painted(panel, (54, 12))
    assert "p pin" in seen
    assert "overr" not in seen


@pytest.mark.parametrize("kind", ["diagnosis", "commander", "overruled", "settled"])
async def test_a_narrow_timeline_has_the_whole_kind(kind: str) -> None:
    panel = Timeline()
    panel.show([TimelineRow("15:03:11", kind, "x")])
    assert f"{kind} " in await painted(panel, (60, 5))


async def test_a_narrow_list_says_all_of_each_choice_on_two_lines() -> None:
    panel = ChoiceList("Mitigate", CHOICES)
    seen = await painted(panel, (58, 12))
    assert panel.lines_needed(58) == 8
    for choice in CHOICES:
        assert choice.label in seen
        assert (choice.hint or choice.blocked) in seen
    assert "…" not in seen


async def test_a_wide_list_takes_a_line_each_and_the_cursor_is_never_out_of_sight() -> None:
    panel = ChoiceList("Mitigate", CHOICES)
    assert panel.lines_needed(120) == 5
    async with Tiny(panel).run_test(size=(58, 5)) as pilot:
        await pilot.pause()
        assert "Reduce concurrency" in "\n".join(panel.lines_now())
        await pilot.press("down", "down")
        seen = "\n".join(panel.lines_now())
        assert "Turn the fallback on" in seen and "already live" in seen
        assert "Reduce concurrency" not in seen
