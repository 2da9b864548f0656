"""How the widgets look, at the sizes that matter, in each theme and in ASCII."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.widgets.looks import LOOKS, PREVIEW, Tiny, narrow
from widgets.glyphs import ASCII
from widgets.preview import ChangePreview
from widgets.prompt import Choice, ChoiceList, Prompt

Compare = Callable[..., bool]

LIST = (
    Choice("P1", "P1", "everybody, now"),
    Choice("P2", "P2", "degraded", current=True),
    Choice("P3", "P3", blocked="not while a lease is held"),
)


@pytest.mark.parametrize("look", LOOKS)
def test_the_console_at_120(snap_compare: Compare, look: str) -> None:
    assert snap_compare(LOOKS[look](), terminal_size=(120, 40))


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=["80x24", "60x20"])
def test_the_console_where_it_is_narrow(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(Tiny(*narrow()), terminal_size=size)


def test_the_console_narrow_in_ascii(snap_compare: Compare) -> None:
    assert snap_compare(Tiny(*narrow(ASCII), theme="leeward-ansi"), terminal_size=(60, 20))


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=["80x24", "60x20"])
def test_the_preview_while_read_only(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(Tiny(ChangePreview(PREVIEW)), press=["tab", "p", "r"], terminal_size=size)


def test_the_preview_while_armed(snap_compare: Compare) -> None:
    view = replace(PREVIEW, confirm="y", asks="")
    assert snap_compare(Tiny(ChangePreview(view), theme="leeward-light"), terminal_size=(80, 24))


def test_a_prompt_and_a_list(snap_compare: Compare) -> None:
    prompt, choices = Prompt("A note", text="traffic rose"), ChoiceList("Severity", LIST)
    choices.styles.height = 6
    assert snap_compare(Tiny(prompt, choices), terminal_size=(60, 12))
