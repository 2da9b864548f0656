"""Prompts: Enter says it, Escape keeps the draft, a list is chosen from by number or letter."""

from tests.widgets.looks import Tiny
from widgets.glyphs import ASCII
from widgets.prompt import Choice, ChoiceList, Prompt

CHOICES = (
    Choice("P1", "P1", "everybody, now"),
    Choice("P2", "P2", "degraded", current=True),
    Choice("P3", "P3", blocked="not while a lease is held"),
    Choice("none", "No severity", key="x"),
)


async def test_enter_submits_what_was_typed_on_one_line() -> None:
    app = Tiny(Prompt("A note"))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press(*"rose", "space", "ctrl+j", "x", "enter")
        assert app.said == [Prompt.Submitted("rose x")]


async def test_enter_on_nothing_is_nothing() -> None:
    app = Tiny(Prompt("A note", text="  "))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("enter")
        assert app.said == []


async def test_escape_leaves_and_hands_the_draft_over() -> None:
    app = Tiny(Prompt("A note", text="half a"))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press(*" t", "escape")
        assert app.said == [Prompt.Left("half a t")]


async def test_ctrl_j_breaks_the_line_of_a_long_text() -> None:
    app = Tiny(Prompt("An update", multiline=True))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("a", "ctrl+j", "b", "enter")
        assert app.said == [Prompt.Submitted("a\nb")]


async def test_a_refusal_is_said_under_the_text_which_stays() -> None:
    prompt = Prompt("Value", text="30", glyphs=ASCII)
    app = Tiny(prompt)
    async with app.run_test(size=(60, 10)) as pilot:
        prompt.refuse("30 is more than today's 10 [red]x[/]")
        await pilot.pause()
        screen = "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())
        assert "! 30 is more than today's 10 [red]x[/]" in screen
        assert prompt.text == "30"


async def test_the_field_is_quiet_while_nobody_types() -> None:
    app = Tiny(Prompt("A note", text="half a"))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        app.sent.clear()
        await pilot.pause(0.7)
        assert app.sent == []


async def test_a_list_is_chosen_from_by_number_letter_or_enter_and_opens_on_what_is_now() -> None:
    app = Tiny(ChoiceList("Severity", CHOICES))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("enter", "1", "x", "k", "k", "enter")
        assert app.said == [ChoiceList.Chosen(c) for c in ("P2", "P1", "none", "P2")]


async def test_what_is_blocked_cannot_be_chosen_and_says_why() -> None:
    choices = ChoiceList("Severity", CHOICES)
    app = Tiny(choices)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("3", "enter", "9", "0")
        assert app.said == []
        assert "○ not while a lease is held" in "\n".join(choices.lines_now())


async def test_escape_leaves_the_list() -> None:
    app = Tiny(ChoiceList("Severity", CHOICES))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("escape")
        assert app.said == [ChoiceList.Left()]


async def test_an_empty_list_is_harmless() -> None:
    app = Tiny(ChoiceList("Mitigate", ()))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("1", "enter", "down", "escape")
        assert app.said == [ChoiceList.Left()]
