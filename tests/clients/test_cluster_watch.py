"""Lines out of chunks: none is lost or torn, and none, however long, takes more than its bound."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tui.clients.cluster_watch import LineSplitter

CONTENT = st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=12)


@given(CONTENT, st.lists(st.integers(0, 150), max_size=20), st.booleans())
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], cuts: list[int], ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    splitter = LineSplitter(longest=8)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found = [line for a, b in itertools.pairwise(places) for line in splitter.feed(data[a:b])]
    whole = data.split(b"\n")[:-1]
    assert found == [
        b"" if len(line) > 8 else line.strip() for line in whole if len(line) > 8 or line.strip()
    ]


@given(st.lists(st.binary(max_size=300), max_size=30))
def test_what_is_held_is_bounded(chunks: list[bytes]) -> None:
    splitter = LineSplitter(longest=50)
    for chunk in chunks:
        splitter.feed(chunk)
        assert splitter.held <= 50


def test_a_line_without_end_costs_nothing_and_the_next_one_is_read() -> None:
    splitter = LineSplitter(longest=1000)
    for _ in range(10_000):
        assert splitter.feed(b"x" * 100) == []
        assert splitter.held <= 1000
    assert splitter.feed(b"\nnext\r\n\n  \n") == [b"", b"next"]
