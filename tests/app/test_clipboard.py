"""Copying over a network."""

import base64
import re
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tui.screens import clipboard


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_whatever_is_copied_is_one_sequence_that_no_text_can_break_out_of(text: str) -> None:
    sent = clipboard.sequences(text, in_tmux=False)
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", sent)
    assert found is not None
    assert base64.b64decode(found[1]).decode() == text


def test_inside_tmux_it_is_sent_bare_and_wrapped() -> None:
    sent = clipboard.sequences("x", in_tmux=True)
    assert sent == "\x1b]52;c;eA==\x07\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"


def test_nothing_and_too_much_are_not_sent() -> None:
    assert not clipboard.fits("")
    assert not clipboard.fits("x" * (clipboard.LIMIT + 1))
    assert clipboard.fits("x")


def test_the_file_is_private_even_where_an_older_one_was_not(tmp_path: Path) -> None:
    (tmp_path / "copied.txt").write_text("old")
    (tmp_path / "copied.txt").chmod(0o644)
    path = clipboard.keep("new", tmp_path)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
