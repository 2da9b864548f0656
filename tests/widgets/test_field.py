"""What is typed and pasted into a field is plain text: nothing of it steers the terminal."""

import pytest
from textual.events import Paste

from tests.widgets.looks import HOSTILE, Tiny
from widgets.field import Field, LineField

STEERS = set("\x1b\x9b\u202e\u200b\x07\x00\r")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("multiline", [True, False])
async def test_a_paste_is_plain_text(text: str, multiline: bool) -> None:
    field = Field("before \x1b[31m", multiline)
    line = LineField()
    async with Tiny(field, line).run_test(size=(60, 12)) as pilot:
        field.focus()
        field.post_message(Paste(f"{text} end"))
        line.post_message(Paste(f"{text} end"))
        await pilot.pause()
        assert field.text.startswith("before ") and ("end" in field.text or len(text) > 60_000)
        assert not STEERS & set(field.text + line.value)
        drawn = "".join(s.text for strip in pilot.app.screen._compositor.render_strips() for s in strip)
        assert not STEERS & set(drawn)


async def test_a_paste_replaces_what_is_selected_and_keeps_its_lines_where_there_may_be_some() -> None:
    several, single = Field("old", True), Field("", False)
    async with Tiny(several, single).run_test(size=(60, 12)) as pilot:
        several.select_all()
        several.post_message(Paste("one\r\ntwo"))
        single.post_message(Paste("one\r\ntwo"))
        await pilot.pause()
        assert (several.text, single.text) == ("one\ntwo", "one two")
        assert several.cursor_location == (1, 3)
