"""The preview of a change: what is pinned, what is typed, and that Enter never applies."""

from dataclasses import replace

import pytest
from textual.events import Paste

from tests.widgets.looks import PREVIEW, Tiny
from widgets.preview import ChangePreview

Y = replace(PREVIEW, confirm="y", asks="")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 12)])
@pytest.mark.parametrize("view", [PREVIEW, Y, replace(PREVIEW, confirm="none", asks="a rollout is running")])
async def test_target_change_and_the_confirming_line_are_always_there(
    size: tuple[int, int], view: object
) -> None:
    preview = ChangePreview(view)  # type: ignore[arg-type]
    async with Tiny(preview).run_test(size=size) as pilot:
        for keys in ((), ("pagedown", "pagedown", "pagedown"), ("pageup",)):
            await pilot.press(*keys)
            text = "\n".join(preview.lines_now())
            assert "prod-eu / prod / deployment" in text
            assert "MAX_CONCURRENT_MISTRAL 10 → 3" in text
            assert "[ Cancel ]" in text


async def test_the_rest_scrolls_between_and_says_how_much_is_hidden() -> None:
    preview = ChangePreview(PREVIEW)
    async with Tiny(preview).run_test(size=(60, 20)) as pilot:
        assert "=10" not in "\n".join(preview.lines_now())
        assert "↓" in preview.lines_now()[-1]
        await pilot.press(*["j"] * 30)
        assert "=10" in "\n".join(preview.lines_now())
        assert "↓" not in preview.lines_now()[-1]


async def test_enter_cancels_and_never_applies() -> None:
    preview = ChangePreview(Y)
    app = Tiny(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        assert app.said == [ChangePreview.Cancelled("")]


async def test_y_applies_only_while_it_is_listened_to() -> None:
    preview = ChangePreview(replace(Y, ready=False))
    app = Tiny(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y")
        assert app.said == []
        assert "y applies in a moment" in preview.lines_now()[-2]
        preview.show(Y)
        await pilot.press("y")
        assert app.said == [ChangePreview.Approved()]


async def test_y_is_nothing_where_a_word_is_asked_or_nothing_can_be() -> None:
    for view in (PREVIEW, replace(PREVIEW, confirm="none")):
        app = Tiny(ChangePreview(view))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("y")
            assert app.said == []


async def test_the_word_is_typed_in_its_field_where_letters_are_no_keys() -> None:
    preview = ChangePreview(PREVIEW)
    app = Tiny(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", *"yecgjkx", "backspace")
        assert app.said == []
        assert "yecgjk__" in preview.lines_now()[-2]
        await pilot.press("ctrl+u", *"prodeu", "enter")
        assert app.said == [ChangePreview.WordTyped("prodeu")]


async def test_enter_in_an_empty_field_is_nothing() -> None:
    app = Tiny(ChangePreview(PREVIEW))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "enter")
        assert app.said == []


async def test_escape_leaves_the_field_and_then_the_preview() -> None:
    preview = ChangePreview(PREVIEW)
    app = Tiny(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "p", "escape")
        assert app.said == []
        assert not preview.in_word
        await pilot.press("escape")
        assert app.said == [ChangePreview.Cancelled("p")]


async def test_edit_and_copy_are_asked_for() -> None:
    app = Tiny(ChangePreview(PREVIEW))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e", "c", "g")
        assert app.said == [
            ChangePreview.EditAsked(),
            ChangePreview.CopyAsked("command"),
            ChangePreview.CopyAsked("git"),
        ]


async def test_what_cannot_be_edited_is_not_asked_to_be() -> None:
    app = Tiny(ChangePreview(replace(PREVIEW, editable=False)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        assert app.said == []


async def test_a_word_typed_for_one_question_is_not_kept_for_another() -> None:
    preview = ChangePreview(PREVIEW)
    async with Tiny(preview).run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", *"prod")
        preview.show(replace(PREVIEW, refusal="that is not the word"))
        assert preview.typed == "prod"
        assert "▲ that is not the word" in "\n".join(preview.lines_now())
        preview.show(replace(PREVIEW, asks="type prodeu to apply"))
        assert preview.typed == ""
        assert not preview.in_word


async def test_the_same_preview_again_sends_nothing() -> None:
    preview = ChangePreview(PREVIEW)
    app = Tiny(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.sent.clear()
        preview.show(replace(PREVIEW))
        await pilot.pause()
        assert app.sent == []


async def test_a_word_begun_without_tab_lands_in_its_field() -> None:
    preview = ChangePreview(PREVIEW)
    app = Tiny(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"prodeu", "enter")
        assert app.said == [ChangePreview.WordTyped("prodeu")]


async def test_letters_begin_no_word_where_none_is_asked() -> None:
    preview = ChangePreview(Y)
    async with Tiny(preview).run_test(size=(80, 24)) as pilot:
        await pilot.press(*"prod")
        assert preview.typed == ""


async def test_pasting_fills_the_field_without_spaces_and_is_nothing_elsewhere() -> None:
    preview = ChangePreview(PREVIEW)
    async with Tiny(preview).run_test(size=(80, 24)) as pilot:
        preview.post_message(Paste("prod eu\n"))
        await pilot.pause()
        assert preview.typed == ""
        await pilot.press("tab")
        preview.post_message(Paste("prod eu\n"))
        await pilot.pause()
        assert preview.typed == "prodeu"
