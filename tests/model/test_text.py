"""Text from outside reaches a terminal or a file as text, whatever it tries."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.text import REPLACEMENT, clean, clean_lines, shorten

hostile = st.text(st.characters() | st.sampled_from("\x1b\x9b[]0;m\x07\r\n\t\u202e\u200b\x00"))


@given(hostile)
def test_no_control_code_survives(text: str) -> None:
    for char in clean(text):
        assert unicodedata.category(char) not in ("Cc", "Cs", "Cn") or char == REPLACEMENT
        assert char not in "\u202e\u200b\n\t"
    assert "\x1b" not in clean_lines(text)


@given(hostile)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean_lines(clean_lines(text)) == clean_lines(text)


@given(hostile, st.integers(1, 50))
def test_a_limit_is_kept(text: str, limit: int) -> None:
    assert len(clean(text, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\r\nb\tc", "a b c"),
        ("abc\u202edef", f"abc{REPLACEMENT}def"),
        ("  spaced   out  ", "spaced out"),
        ("Grüße, 漢字 → ok", "Grüße, 漢字 → ok"),
        ("nul\x00", f"nul{REPLACEMENT}"),
    ],
)
def test_known_tricks(text: str, plain: str) -> None:
    assert clean(text) == plain


def test_lines_are_kept_where_they_are_wanted() -> None:
    assert clean_lines("a\r\nb\n\tc") == "a\nb\n    c"


def test_a_cut_text_says_so() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"
    assert clean("x" * 1000, limit=10) == "x" * 9 + "…"


def test_a_text_is_cut_between_words_where_that_costs_little() -> None:
    assert shorten("unreadable: the name does not resolve", 33) == "unreadable: the name does not…"
    assert shorten("one two three", 8) == "one two…"
    assert shorten("the reason: connection refused", 15) == "the reason…"
    assert shorten("a connectionrefused", 12) == "a connectio…"
