"""Log lines grouped by shape: what differs between two failures of one kind is taken out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.log_shapes import Shapes, group, shape

FAILED = (
    "{time} ERROR mistral.client mistral call failed model=mistral-large-latest status_code=429 "
    'error_type=rate_limited code=1300 request={uuid} took={n}ms message="{text}"'
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-23T15:03:11.042Z ERROR a", "<time> ERROR a"),
        ("[2026-11-23 15:03:11,042] ERROR a", "[<time>] ERROR a"),
        ("request 0f8fad5b-d9cb-469f-a165-70867728950e failed", "request <uuid> failed"),
        ("KeyError: 'locale'", "KeyError: <text>"),
        ("can't find user 123, don't retry", "can't find user <n>, don't retry"),
        ("to 10.0.0.1:443 in 0.5s after 3 tries", "to <ip> in <n>s after <n> tries"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736 at 0xdeadbeef", "trace <hex> at <hex>"),
        ("user usr_01HX9ZK3Q4R5S6T7 gone", "user <id> gone"),
        ("status_code=502 code=1100 duration_ms=12", "status_code=502 code=1100 duration_ms=<n>"),
        ("http/2 v2 mistral-large-latest", "http/<n> v2 mistral-large-latest"),
        ("", ""),
    ],
)
def test_what_differs_is_taken_out_and_what_tells_the_kind_stays(line: str, expected: str) -> None:
    assert shape(line) == expected


def test_a_json_record_is_told_by_its_message_and_its_codes() -> None:
    record = {"level": "error", "message": "call 17 failed", "status": 502, "trace_id": "4bf92f35", "ms": 4}
    assert shape(json.dumps(record)) == "error call <n> failed status=502"
    assert shape(json.dumps({**record, "status": 429})) != shape(json.dumps(record))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "time": st.datetimes().map(lambda t: t.isoformat(timespec="milliseconds") + "Z"),
                "uuid": st.uuids().map(str),
                "n": st.integers(0, 10**6).map(str),
                "text": st.text("abc 123 'x' {}[]:/.-"),
            }
        ),
        min_size=1,
        max_size=20,
    )
)
def test_lines_of_one_failure_are_one_group_whatever_their_ids(parts: list[dict[str, str]]) -> None:
    lines = [FAILED.format(**{**p, "text": p["text"][:60]}) for p in parts]
    shapes, rest = group(lines)
    assert (len(shapes), shapes[0].count, rest) == (1, len(lines), 0)
    assert shapes[0].example == lines[0][:400]


@given(st.lists(st.text(max_size=80), max_size=60), st.integers(1, 5))
def test_every_line_is_counted_once_and_the_most_frequent_come_first(lines: list[str], most: int) -> None:
    shapes, rest = group(lines, most)
    assert sum(s.count for s in shapes) + rest == sum(1 for line in lines if shape(line))
    assert [s.count for s in shapes] == sorted((s.count for s in shapes), reverse=True)
    assert len(shapes) <= most
    assert len({s.shape for s in shapes}) == len(shapes)


def test_a_flood_of_shapes_is_held_in_bounds() -> None:
    shapes = Shapes(most=10)
    for letter in range(1000):
        shapes.add(f"failure {chr(0x4E00 + letter)}")
    shown, rest = shapes.top(3)
    assert len(shown) == 3
    assert rest == 997
