"""Text is laid out in cells: nothing is ever wider than it may be, and nothing unsafe is left."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.widgets.looks import HOSTILE
from widgets.lines import Piece, both_ends, fit, fit_line, pad, plain, width_of, wrap

WORDS = st.text(max_size=60).map(plain)


@given(WORDS, st.integers(0, 50))
def test_fit_is_never_wider_and_changes_nothing_that_fits(text: str, width: int) -> None:
    fitted = fit(text, width)
    assert cell_len(fitted) <= width
    if cell_len(text) <= width:
        assert fitted == text


@given(WORDS, st.integers(0, 50))
def test_pad_is_exactly_as_wide(text: str, width: int) -> None:
    assert cell_len(pad(text, width)) == width


@given(st.lists(WORDS, max_size=5), st.integers(0, 60))
def test_a_line_is_exactly_as_wide_however_it_is_cut(texts: list[str], width: int) -> None:
    assert width_of(fit_line([Piece(text) for text in texts], width)) == width


@given(WORDS, WORDS, st.integers(1, 60))
def test_both_ends_fill_the_line_exactly(left: str, right: str, width: int) -> None:
    assert width_of(both_ends((Piece(left),), (Piece(right),), width)) == width


@given(WORDS, st.integers(4, 40), st.integers(0, 2))
def test_wrapped_lines_fit_and_lose_no_character_but_spaces(text: str, width: int, indent: int) -> None:
    lines = wrap(text, width, indent)
    assert all(cell_len(line) <= max(width, indent + 2) for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrap_breaks_at_spaces_and_indents_what_follows() -> None:
    assert wrap("From the pods: 97 % are 429", 14, 2) == ["From the pods:", "  97 % are 429"]


@given(st.text())
def test_plain_leaves_no_control_and_no_lone_surrogate(text: str) -> None:
    safe = plain(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in safe)
    safe.encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_is_one_line_of_bounded_length_without_bidi_controls(text: str) -> None:
    safe = plain(text)
    assert len(safe) <= 4000
    assert not set("\x1b\n\r\t\u202e\u200d\x9b") & set(safe)


def test_plain_keeps_markup_as_the_characters_it_is() -> None:
    assert plain("[red]x[/] [@click=app.bell]y[/]") == "[red]x[/] [@click=app.bell]y[/]"


def test_characters_that_hide_are_seen() -> None:
    for hidden in "\u202e\u200b\ufff9\U000e0041":
        assert plain(f"a{hidden}b") == "a\ufffdb"


def test_what_takes_no_cell_fits_everywhere() -> None:
    assert fit("\U0001f3fb", 0) == "\U0001f3fb"
    assert fit("a", 0) == fit("a", -1) == ""
