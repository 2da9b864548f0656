"""The codec of entries: whatever is split comes together again, and nothing that was found is believed."""

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clients.shared.support import AT, ENTRY, INCIDENT, line_of
from tui.clients.shared_objects import (
    MOST_PARTS,
    PART_BYTES,
    Assembler,
    NotAnEntry,
    Part,
    TooLong,
    objects,
    part,
    part_name,
    split,
)
from tui.model.sharing import SharedLine

# As the server takes it: what JSON can carry, without the newline that ends a line.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))


def stored(made: dict[str, Any], **metadata: Any) -> bytes:
    """The object as a server answers it."""
    metadata = {"uid": "u1", "resourceVersion": "7", "creationTimestamp": "2026-11-23T16:29:22Z"} | metadata
    return json.dumps({**made, "metadata": {**made["metadata"], **metadata}}).encode()


def object_of(name: str = ENTRY, /, **spec: Any) -> bytes:
    return stored({"metadata": {"name": name}, "spec": {"incident": INCIDENT, "line": "{}", **spec}})


# -- to objects


def test_an_entry_is_an_object_as_the_recording_has_it() -> None:
    (made,) = objects(line_of('{"envelope":1}', header="{head}"))
    assert made == {
        "apiVersion": "leeward.dev/v1",
        "kind": "Entry",
        "metadata": {"name": ENTRY, "labels": {"leeward.dev/incident": INCIDENT}},
        "spec": {
            "incident": INCIDENT,
            "kind": "note",
            "occurredAt": "2026-11-23T15:03:11.042Z",
            "actor": "ada",
            "text": "text",
            "line": '{"envelope":1}',
            "header": "{head}",
        },
    }


@pytest.mark.parametrize(
    "kind", ["declared", "alert", "status", "severity", "resolved", "commander", "handover"]
)
def test_what_tells_of_incidents_can_be_listed_alone(kind: str) -> None:
    for made in objects(line_of("x" * (PART_BYTES + 1), kind)):
        assert made["metadata"]["labels"]["leeward.dev/overview"] == "true"


def test_what_is_shown_beside_the_line_is_cut_and_clean() -> None:
    long = SharedLine(INCIDENT, ENTRY, "k" * 99, AT, "a\x1b[31m" * 300, "x\u202e" * 5000, "{}")
    (made,) = objects(long)
    assert len(made["spec"]["text"]) <= 1024
    assert len(made["spec"]["actor"]) <= 256
    assert len(made["spec"]["kind"]) == 64
    assert "\x1b" not in json.dumps(made, ensure_ascii=False)
    assert "\u202e" not in json.dumps(made, ensure_ascii=False)


def test_an_incidents_id_that_is_no_label_is_left_to_the_field() -> None:
    (made,) = objects(SharedLine("i" * 64, ENTRY, "note", AT, "a", "t", "{}"))
    assert made["metadata"]["labels"] == {}
    assert made["spec"]["incident"] == "i" * 64


def test_a_long_line_becomes_parts_and_the_header_goes_with_the_first() -> None:
    made = objects(line_of("ä" * PART_BYTES, header="{head}"))
    assert [one["metadata"]["name"] for one in made] == [ENTRY, f"{ENTRY}.2"]
    assert [(one["spec"]["part"], one["spec"]["parts"]) for one in made] == [(1, 2), (2, 2)]
    assert [one["spec"].get("header") for one in made] == ["{head}", None]


def test_what_cannot_be_shared_is_said_and_not_sent() -> None:
    with pytest.raises(TooLong, match="can be shared"):
        objects(line_of("x" * (PART_BYTES * MOST_PARTS + 1)))
    with pytest.raises(TooLong):
        objects(line_of("{}", header="h" * (PART_BYTES + 1)))
    with pytest.raises(ValueError, match="surrogates"):
        objects(line_of("\ud800"))


@given(TEXTS, st.integers(4, 50))
def test_parts_are_whole_characters_within_the_bound_and_lose_nothing(text: str, most: int) -> None:
    parts = split(text, most)
    assert "".join(parts) == text
    assert all(len(one.encode()) <= most for one in parts)
    # No part could have taken the next character, too: there are no more of them than there must be.
    assert all(len((a + b[0]).encode()) > most for a, b in itertools.pairwise(parts))


@given(TEXTS, TEXTS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_line_that_went_there_in_parts_comes_back_to_the_letter_in_any_order(
    text: str, header: str, times: int, random: Any
) -> None:
    text = text * (times * PART_BYTES // max(len(text.encode()), 1) + 1)
    made = [part(stored(one)) for one in objects(line_of(text, header=header))]
    random.shuffle(made)
    assembler = Assembler()
    added = [assembler.add(one) for one in made]
    assert [one.found is not None for one in added] == [False] * (len(made) - 1) + [True]
    found = added[-1].found
    assert found is not None
    assert (found.line, found.header, found.uid) == (text, header, "u1")
    assert found.shared_at == datetime(2026, 11, 23, 16, 29, 22, tzinfo=UTC)
    assert assembler.size == 0


# -- from objects: hostile


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"{}",
        b"[" * 100_000,
        b'{"metadata":' + b'{"a":' * 100_000,
        b'{"metadata": {"name": 1}, "spec": {}}',
        b'{"metadata": {"name": "\\ud800"}, "spec": {}}',
        object_of(line=7),
        object_of(line=None),
        object_of(incident=["x"]),
        object_of(header={}),
        object_of(part="1"),
        object_of(part=True),
        object_of(part=1.5),
        object_of(part=10**30),
        object_of(parts=0),
        object_of(parts=-1),
        object_of(parts=MOST_PARTS + 1),
        object_of(parts=10**12),
        object_of(part=2, parts=2),
        object_of(f"{ENTRY}.2", part=3, parts=3),
        object_of(f"{ENTRY}.2"),
        object_of(f"{ENTRY}.1"),
        object_of(f"{ENTRY}.02", part=2, parts=2),
        object_of(f"{ENTRY}.2.2", part=2, parts=2),
        object_of(f"{ENTRY}.3", part=3, parts=2),
        object_of("../../etc/passwd"),
        object_of("a\nb"),
        object_of("A" * 26),
        object_of("x" * 64),
        object_of(""),
        object_of(line="{}\n{}"),
        object_of(header="{}\n{}"),
        object_of(line="x" * 140_000),
        object_of(header="x" * 30_000),
        object_of(f"{ENTRY}.2", part=2, parts=2, header="h"),
    ],
    ids=lambda content: repr(content[:60]),
)
def test_what_is_no_entry_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(NotAnEntry) as caught:
        part(content)
    said = str(caught.value)
    assert said.startswith("The object ")
    assert said.endswith(".")
    assert len(said) < 300
    assert said.isprintable()


def test_a_refusal_tells_where_a_watch_goes_on() -> None:
    with pytest.raises(NotAnEntry) as caught:
        part(object_of(line=7))
    assert (caught.value.name, caught.value.version) == (ENTRY, "7")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_no_object_is_an_exception_of_another_kind(found: Any) -> None:
    for content in (found, {"metadata": found, "spec": found}, {"metadata": {"name": ENTRY}, "spec": found}):
        try:
            part(json.dumps(content).encode())
        except NotAnEntry:
            continue


def test_a_time_that_is_none_is_not_known() -> None:
    assert (
        part(
            stored(
                {"metadata": {"name": ENTRY}, "spec": {"incident": "i", "line": "l"}}, creationTimestamp="x"
            )
        ).shared_at
        is None
    )


def made_part(
    number: int, parts: int, *, entry: str = ENTRY, incident: str = INCIDENT, line: str = "x"
) -> Part:
    return Part(part_name(entry, number), entry, number, parts, incident, line, "", f"u{number}", "1", None)


def test_parts_that_disagree_with_the_first_belong_to_nothing() -> None:
    assembler = Assembler()
    assembler.add(made_part(2, 3))
    assembler.add(made_part(3, 2 + 1, incident="inc-other"))
    added = assembler.add(made_part(1, 2))
    assert added.found is None
    assert {stray.name for stray in added.strays} == {f"{ENTRY}.2", f"{ENTRY}.3"}
    assert "do not belong together" in added.said
    (lacks,) = assembler.incomplete
    assert (lacks.have, lacks.parts, lacks.uid) == ((1,), 2, "u1")
    late = assembler.add(made_part(2, 5))
    assert [stray.name for stray in late.strays] == [f"{ENTRY}.2"]
    found = assembler.add(made_part(2, 2, line="y")).found
    assert found is not None
    assert found.line == "xy"


def test_a_stone_in_the_place_of_parts_leaves_the_rest_as_strays() -> None:
    assembler = Assembler()
    assembler.add(made_part(2, 2))
    added = assembler.add(made_part(1, 1))
    assert added.found is not None
    assert [(one.name, one.uid) for one in added.strays] == [(f"{ENTRY}.2", "u2")]
    assert assembler.incomplete == ()


def test_a_part_that_is_gone_is_not_counted() -> None:
    assembler = Assembler()
    assembler.add(made_part(1, 2))
    assembler.forget(ENTRY, 1)
    assert assembler.add(made_part(2, 2)).found is None
    assert assembler.incomplete[0].said == f"The first part of entry {ENTRY} is missing in the shared place."
    assert assembler.add(made_part(1, 2)).found is not None


def test_what_waits_for_parts_that_never_come_is_bounded_and_said() -> None:
    assembler = Assembler(most_bytes=10_000, most_entries=50)
    said = set()
    for number in range(500):
        said.add(assembler.add(made_part(1, MOST_PARTS, entry=f"e{number}", line="ä" * 300)).said)
        assert assembler.size <= 10_000
        assert len(assembler.incomplete) <= 50
    assert any("It was let go" in one for one in said)
    for number in range(500):
        assembler.add(made_part(2, 2, entry=f"f{number}", line=""))
        assert len(assembler.incomplete) <= 50


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.integers(1, 4), st.booleans()), max_size=60
    )
)
def test_what_is_held_is_counted_right_whatever_comes(steps: list[tuple[str, int, int, bool]]) -> None:
    assembler = Assembler(most_bytes=12, most_entries=2)
    for entry, number, parts, gone in steps:
        if gone:
            assembler.forget(entry, number)
        elif number <= parts:
            assembler.add(made_part(number, parts, entry=entry, line="ä"))
        assert assembler.size == sum(2 * len(one.have) for one in assembler.incomplete)
        assert assembler.size <= 12
