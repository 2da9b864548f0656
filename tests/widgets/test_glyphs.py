"""Two sets of marks that lay out alike, and themes in which every role looks like something."""

from dataclasses import fields

import pytest
from rich.cells import cell_len
from rich.color import Color
from textual.theme import Theme

from widgets.glyphs import ASCII, UNICODE, Box, Glyphs
from widgets.themes import ANSI, DARK, LIGHT, ROLES, env_role, roles

_LONGER = ("name", "arrow", "ellipsis", "plain_only", "frame", "frame_focused")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=lambda g: g.name)
def test_every_mark_is_one_cell(glyphs: Glyphs) -> None:
    marks = [getattr(glyphs, f.name) for f in fields(Glyphs) if f.name not in _LONGER]
    for box in (glyphs.frame, glyphs.frame_focused):
        marks += [getattr(box, f.name) for f in fields(Box)]
    assert [mark for mark in marks if cell_len(mark) != 1] == []


def test_the_states_have_five_different_marks_in_each_set() -> None:
    for glyphs in (UNICODE, ASCII):
        assert len({glyphs.state(s) for s in ("ok", "warn", "fail", "unknown", "unset")}) == 5


def test_the_ascii_set_is_ascii_and_says_everything_in_it() -> None:
    assert ASCII.words("9.8 → 11.3 ≤ 5 … é 日") == "9.8 -> 11.3 <= 5 ... e ?"
    assert UNICODE.words("9.8 → 日") == "9.8 → 日"


def test_a_state_of_a_later_version_reads_as_unknown() -> None:
    assert UNICODE.state("splendid") == UNICODE.unknown


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda t: t.name)
def test_every_role_can_be_read_on_the_background(theme: Theme) -> None:
    """WCAG 2.1's 4.5 to 1 for text; frames and the series' lines need 1.6 and 3."""
    looks = roles(theme.name, theme.dark, theme.ansi)
    for role in ROLES:
        style = looks[role]
        front = style.color.triplet if style.color else Color.parse(theme.foreground or "").triplet
        back = style.bgcolor.triplet if style.bgcolor else Color.parse(theme.background or "").triplet
        assert front
        assert back
        least = 1.6 if role == "frame" else 4.5
        assert _contrast(front, back) >= least, role


def test_the_ansi_theme_uses_only_the_sixteen_colours_of_the_terminal() -> None:
    looks = roles(ANSI.name, True, True)
    assert all(not s.color or (s.color.number or 0) < 16 for s in looks.values())
    assert all(not s.color or s.color.triplet is None for s in looks.values())


def test_an_environment_colour_nobody_knows_is_still_a_role() -> None:
    assert env_role("red") == "env-red"
    assert env_role("mauve") == "env"


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
