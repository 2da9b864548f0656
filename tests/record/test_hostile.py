"""Lines from elsewhere are believed in nothing: what is wrong is refused in words, and nothing is written."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.copies import folder_of, names, shared, take, texts, together
from tests.record.helpers import INCIDENT, draft, with_entries
from tests.support.clock import START
from tui.model.sharing import FoundLine
from tui.model.times import rfc3339
from tui.record import arrival, lines, waiting
from tui.record.arrival import Refused
from tui.record.incoming import Incoming
from tui.record.reading import read
from tui.record.shared import begin
from tui.record.verification import verify

ID = "01kaxy5q4g0000" + "a" * 12


def forged(
    *,
    entry: str = ID,
    text: str = "hello",
    data: Any = None,
    actor: str = "eve",
    kind: str = "note",
    writer: str = "evil",
    journal: str = INCIDENT,
    at: str = rfc3339(START),
    prev: str | None = None,
    body: bytes | None = None,
) -> FoundLine:
    """The first line of a chain that is right in everything that a forger can have right."""
    header = lines.header_line(journal, writer, START)[:-1]
    if body is None:
        body = msgspec.json.encode({"text": text, "data": {} if data is None else data})
    salt = "00" * 16
    envelope = lines.envelope(
        prev=lines.hash_of(header) if prev is None else prev,
        entry_id=entry,
        occurred_at=at,
        recorded_at=at,
        actor=actor,
        kind=kind,
        digest=lines.digest(salt, body),
    )
    line = lines.joined(envelope, salt, body)
    return FoundLine(
        INCIDENT, entry, line.decode("utf-8", "surrogatepass"), header.decode() if prev is None else ""
    )


def changed(of: FoundLine, old: str, new: str) -> FoundLine:
    assert old in of.line
    return FoundLine(of.incident, of.entry, of.line.replace(old, new, 1), of.header)


GOOD = forged()
DEEP = b'{"text":"x","data":{"a":' + b"[" * 100 + b"]" * 100 + b"}}"
DEEPER = b'{"text":"x","data":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"

BAD = {
    "another incident": FoundLine("inc-20261123-1503-0000", ID, GOOD.line, GOOD.header),
    "another incident's header": forged(journal="inc-20261123-1503-0000"),
    "a name that is not the id": FoundLine(INCIDENT, "0" * 26, GOOD.line, GOOD.header),
    "a path as an id": forged(entry="../../../../etc/passwd"),
    "an id with a quote": forged(entry='0"' + "0" * 24),
    "an id of 130 bits": forged(entry="z" * 26),
    "a wrong digest": changed(GOOD, "hello", "hallo"),
    "something beside the envelope": changed(GOOD, '"salt"', '"more":1,"salt"'),
    "a space beside the envelope": changed(GOOD, ',"salt"', ', "salt"'),
    "a space in the envelope": changed(GOOD, '{"prev":', '{ "prev":'),
    "a key twice in the envelope": changed(GOOD, '"actor":', '"actor":"x","actor":'),
    "a line in the line": changed(GOOD, '"body":', '"body":\n'),
    "a return in the line": changed(GOOD, '"body":', '"body":\r'),
    "half a stone": changed(GOOD, '"00000000000000000000000000000000"', "null"),
    "another moment's form": forged(at="2026-11-23T16:03:11+01:00"),
    "a moment before clocks": forged(at="0001-01-01T00:00:00.000Z"),
    "a moment after everything": forged(at="9999-12-31T23:59:59.999Z"),
    "deep data": forged(body=DEEP),
    "data deeper than any stack": forged(body=DEEPER),
    "data that are a list": forged(data=[1]),
    "an endless number": forged(body=b'{"text":"x","data":{"n":' + b"9" * 10_000 + b"}}"),
    "a raw escape": forged(body='{"text":"\x9b31m","data":{}}'.encode()),
    "a raw override": forged(body='{"text":"\u202egnp.exe","data":{}}'.encode()),
    "a hidden letter": forged(actor="ad\u200ba"),
    "a surrogate": FoundLine(INCIDENT, ID, GOOD.line.replace("hello", "\ud800"), GOOD.header),
    "half an emoji": forged(body=b'{"text":"\\ud83d","data":{}}'),
    "a long line": forged(text="x" * (arrival.LONGEST + 1)),
    "a long header": forged(writer="x" * 5000),
    "a header of something else": FoundLine(INCIDENT, ID, GOOD.line, forged(writer="other").header),
    "a later format": FoundLine(INCIDENT, ID, GOOD.line, GOOD.header.replace('"leeward":1', '"leeward":2')),
    "no line": FoundLine(INCIDENT, ID, "", GOOD.header),
    "a list": FoundLine(INCIDENT, ID, "[" * 200_000, GOOD.header),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_is_wrong_is_refused_in_words_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    await with_entries(tmp_path, 2)
    begin(tmp_path, INCIDENT)
    before = {path.name: path.read_bytes() for path in folder_of(tmp_path).iterdir()}
    taken = take(tmp_path, (BAD[what],))
    (problem,) = taken.problems
    assert problem.startswith("Entry ")
    assert "was not taken in: " in problem
    assert problem.isprintable()
    assert len(problem) < 500
    assert taken.entries == ()
    assert taken.waiting == 0
    assert {path.name: path.read_bytes() for path in folder_of(tmp_path).iterdir()} == before


@pytest.mark.parametrize(
    "line",
    [
        forged(body=b'{"text":"\\u001b[31mred\\u0007 \\u202egnp\\u200b","data":{"k\\u001b":["\\u0000"]}}'),
        forged(text="x" * 1024 * 1024),
        forged(entry="7" + "z" * 25, text="far"),
        forged(entry="0" * 26, text="long ago", at="1970-01-01T00:00:00.000Z"),
        forged(kind="\x1b]0;title\x07", actor="bold"),
        forged(writer="../../evil/\x1b[0m writer"),
        forged(data={"n": 10**30, "deep": [[[[[[[["x"]]]]]]]]}),
    ],
)
async def test_what_is_odd_is_taken_and_is_plain_text(tmp_path: Path, line: FoundLine) -> None:
    await with_entries(tmp_path, 1)
    (entry,) = take(tmp_path, (line,)).entries
    assert entry in read(tmp_path, INCIDENT).entries
    for text in (entry.text, entry.actor, entry.kind):
        assert text.isprintable()
    assert {path.parent for path in folder_of(tmp_path).rglob("journal*.jsonl")} == {folder_of(tmp_path)}
    assert verify(tmp_path, INCIDENT).whole
    async with await together(tmp_path) as journal:
        (own,) = await journal.append(draft("mine"))
    assert own.id < "7"
    assert own.recorded_at < datetime.fromisoformat("2027-01-01T00:00:00Z")


async def test_a_forged_line_on_our_own_chain_is_a_branch_and_our_file_is_as_it_was(tmp_path: Path) -> None:
    await with_entries(tmp_path, 3)
    own = folder_of(tmp_path) / "journal.jsonl"
    before = own.read_bytes()
    for number, prev in enumerate(lines.hash_of_line(line) for line in before.splitlines()[1:]):
        taken = take(tmp_path, (forged(entry=f"0{number}" + "0" * 24, prev=prev, text=f"forged {number}"),))
        assert "goes on in two ways" in taken.problems[0]
        assert "this machine" in taken.problems[0]
    assert own.read_bytes() == before
    assert len(names(tmp_path)) == 4
    assert verify(tmp_path, INCIDENT).whole
    assert sorted(texts(tmp_path)) == [*(f"forged {n}" for n in range(3)), *(f"note {n}" for n in range(3))]


async def test_another_line_under_a_known_id_is_told_and_ours_stays(tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    await with_entries(here, 1)
    (line,) = shared(here)
    take(there, (line,))
    taken = take(there, (forged(entry=line.entry),))
    assert "says something else here" in taken.problems[0]
    assert texts(there) == ["note 0"]


async def test_a_name_that_was_ground_to_be_like_another_takes_nothing_away(tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    await with_entries(here, 2)
    first, second = shared(here)
    own = (folder_of(here) / "journal.jsonl").read_bytes()
    identity = lines.first_hash(own)
    begin(there, INCIDENT)
    machine = lines.parse_header(own.splitlines()[0]).writer.lower()
    squatter = folder_of(there) / f"journal-{machine}-{identity[:8]}.jsonl"
    squatter.write_bytes(lines.header_line(INCIDENT, "other", START))
    take(there, (first, second))
    assert (folder_of(there) / f"journal-{machine}-{identity[:16]}.jsonl").read_bytes() == own
    assert squatter.read_bytes() == lines.header_line(INCIDENT, "other", START)


async def test_what_cannot_be_linked_waits_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.Waiting.__init__, "__defaults__", (10, 64 * 1024))
    incoming = Incoming(begin(tmp_path, INCIDENT), INCIDENT)
    flood = [forged(entry=f"{n:026d}", prev=f"{n:064x}") for n in range(25)]
    taken = incoming.take(flood)
    assert taken.waiting == 10
    assert "15 entries that could not be linked" in taken.problems[0]
    large = [forged(entry=f"1{n:025d}", prev=f"{n:064x}", text="x" * 20_000) for n in range(8)]
    assert incoming.take(large).waiting == 3
    await with_entries(tmp_path / "b", 3)
    assert len(incoming.take(shared(tmp_path / "b")).entries) == 3, "what is right is not kept out"


async def test_there_are_no_more_branches_and_files_than_can_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.record.incoming.MOST_BRANCHES", 3)
    monkeypatch.setattr("tui.record.incoming.MOST_FILES", 6)
    await with_entries(tmp_path, 1)
    prev = lines.first_hash((folder_of(tmp_path) / "journal.jsonl").read_bytes())
    incoming = Incoming(begin(tmp_path, INCIDENT), INCIDENT)
    taken = incoming.take(forged(entry=f"{n:026d}", prev=prev) for n in range(5))
    assert len(names(tmp_path)) == 4
    assert sum("more than 3 branches" in problem for problem in taken.problems) == 2
    taken = incoming.take(forged(entry=f"1{n:025d}", writer=f"w{n}") for n in range(5))
    assert len(names(tmp_path)) == 6
    assert sum("6 journals" in problem for problem in taken.problems) == 3
    assert taken.waiting == 0


async def test_a_thousand_complaints_are_told_in_short(tmp_path: Path) -> None:
    taken = take(tmp_path, (FoundLine(INCIDENT, f"{n:026d}", "{}") for n in range(1000)))
    assert len(taken.problems) == 21
    assert taken.problems[-1] == "980 more of this kind are not told."


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=60))
def test_rubbish_is_refused(line: str, header: str, entry: str) -> None:
    with pytest.raises(Refused):
        arrival.arrival(FoundLine(INCIDENT, entry, line, header), INCIDENT)


@given(st.integers(0, len(GOOD.line) - 1), st.characters())
@settings(max_examples=300)
def test_any_character_changed_is_refused(place: int, char: str) -> None:
    line = GOOD.line[:place] + char + GOOD.line[place + 1 :]
    found = FoundLine(INCIDENT, ID, line, GOOD.header)
    if line == GOOD.line:
        assert arrival.arrival(found, INCIDENT).entry.text == "hello"
        return
    try:
        taken = arrival.arrival(found, INCIDENT)
    except Refused:
        return
    # Of the very last line of a chain nobody vouches for the envelope: it is what it is.
    assert line[line.index('"digest"') :] == GOOD.line[GOOD.line.index('"digest"') :]
    assert taken.line == line.encode()
