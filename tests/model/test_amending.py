"""Entries as they are to be read now: corrected, redacted, pinned; and the incident that they add up to."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.model.test_incident import STORY, at, entry, folded
from tui.model.amending import NONE, amended, amendments, stays
from tui.model.erasing import redaction
from tui.model.folding import fold
from tui.model.incident import KEY_KINDS, Entry, Kind
from tui.model.times import rfc3339

NOTE = entry(8, Kind.NOTE, text="traffic rose")
ALL = (*STORY, NOTE)


def correction(of: Entry, minutes: float, **said: Any) -> Entry:
    return replace(entry(minutes, Kind.CORRECTION, "bo", "corrected"), data={"entry": of.id, **said})


def redacted(of: Entry, entries: tuple[Entry, ...], minutes: float, reason: str = "a name") -> Entry:
    draft = redaction(of, entries, reason, "bo", at(minutes))
    return replace(entry(minutes, Kind.REDACTED, "bo", draft.text), data=draft.data)


def one(of: Entry, entries: tuple[Entry, ...]) -> Entry:
    return next(found for found in amended(entries) if found.id == of.id)


def test_nothing_said_changes_nothing() -> None:
    assert amendments(ALL) is NONE
    assert amended(ALL) == ALL


def test_the_last_correction_of_each_stands() -> None:
    said = (
        *ALL,
        correction(NOTE, 30, text="traffic fell"),
        correction(NOTE, 31, occurred_at=rfc3339(at(2))),
        correction(NOTE, 32, text="traffic doubled"),
    )
    shown = one(NOTE, said)
    assert (shown.text, shown.occurred_at, shown.recorded_at) == ("traffic doubled", at(2), NOTE.recorded_at)
    assert amendments(said).original(NOTE.id) == NOTE


def test_a_corrected_moment_is_the_milestones() -> None:
    resolved = next(e for e in STORY if e.kind == Kind.RESOLVED)
    alert = next(e for e in STORY if e.kind == Kind.ALERT)
    monitoring = next(e for e in STORY if e.data.get("to") == "monitoring")
    incident = folded(
        *ALL,
        correction(resolved, 30, occurred_at=rfc3339(at(25))),
        correction(alert, 31, occurred_at=rfc3339(at(-10))),
        correction(monitoring, 32, occurred_at=rfc3339(at(17))),
    )
    assert incident.resolved_at == at(25)
    assert incident.alert_at == incident.started_at == at(-10)
    assert incident.monitoring_at == at(17)


def test_a_redaction_hides_the_text_its_corrections_and_what_a_person_wrote() -> None:
    fixed = correction(NOTE, 30, text="traffic fell")
    said = (*ALL, fixed, redacted(NOTE, (*ALL, fixed), 40))
    assert one(NOTE, said).text == one(fixed, said).text == "(redacted by bo: a name)"
    assert not any("traffic" in e.text or "traffic" in str(e.data) for e in amended(said))
    assert amendments(said).original(NOTE.id) is None


def test_a_correction_that_is_redacted_corrects_no_text_any_more() -> None:
    fixed = correction(NOTE, 30, text="Jane rose", occurred_at=rfc3339(at(3)))
    said = (*ALL, fixed, redacted(fixed, (*ALL, fixed), 40))
    assert (one(NOTE, said).text, one(NOTE, said).occurred_at) == (NOTE.text, at(3))


@given(st.sets(st.sampled_from(range(len(STORY)))))
def test_the_state_is_the_same_whatever_is_redacted(which: set[int]) -> None:
    """Times, status, severity and what became of each change stay; names, titles and values go."""
    before = folded(*STORY)
    said: tuple[Entry, ...] = STORY
    for number in which:
        said = (*said, redacted(STORY[number], said, 100 + number))
    after = fold("inc-1", said)
    for name in ("status", "severity", "diagnosis", "root_cause", "drill", "failed_requests", "coverage"):
        assert getattr(after, name) == getattr(before, name), name
    for name in (n for n in before.__slots__ if n.endswith("_at")):
        assert getattr(after, name) == getattr(before, name), name
    for was, now in zip(before.mitigations, after.mitigations, strict=True):
        assert (was.intent, was.mitigation, was.outcome, was.verdict, was.lease, was.lease_until) == (
            now.intent,
            now.mitigation,
            now.outcome,
            now.verdict,
            now.lease,
            now.lease_until,
        )


@given(st.randoms(use_true_random=False), st.data())
def test_order_and_repetition_do_not_matter(rng: Random, data: st.DataObject) -> None:
    """The union of journals comes in any order, and reading it twice reads the same."""
    said: tuple[Entry, ...] = ALL
    for number in range(data.draw(st.integers(0, 8))):
        of = data.draw(st.sampled_from(said))
        minutes = 50 + number
        what = data.draw(st.sampled_from(("text", "time", "redact", "pin")))
        if what == "redact" and of.kind != Kind.REDACTED:
            said = (*said, redacted(of, said, minutes))
        elif what == "pin":
            said = (*said, entry(minutes, Kind.ENTRY_PINNED, entry=of.id))
        else:
            moment = rfc3339(at(data.draw(st.integers(-60, 60))))
            given_ = {"text": f"as {number}"} if what == "text" else {"occurred_at": moment}
            said = (*said, correction(of, minutes, **given_))
    shuffled = list(said)
    rng.shuffle(shuffled)
    assert fold("inc-1", shuffled) == fold("inc-1", said)
    read = amended(said)
    assert amended(read) == read
    assert sorted(amended(shuffled), key=lambda e: e.id) == sorted(read, key=lambda e: e.id)


@given(
    st.dictionaries(
        st.sampled_from(("entry", "entries", "kept", "reason", "text", "occurred_at")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(NOTE.id),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just(NOTE.id), inner, max_size=1),
            max_leaves=4,
        ),
    ),
    st.sampled_from((Kind.CORRECTION, Kind.REDACTED, Kind.ENTRY_PINNED, Kind.ENTRY_UNPINNED)),
)
def test_whatever_stands_in_a_damaged_or_later_journal_breaks_nothing(
    said: dict[str, Any], kind: Kind
) -> None:
    strange = replace(entry(50, kind), data=said)
    assert len(amended((*ALL, strange))) == len(ALL) + 1
    fold("inc-1", (*ALL, strange))


def test_what_stays_of_a_redacted_entry_is_of_the_format_alone() -> None:
    long = entry(1, Kind.STATUS, to="a person's own words", from_="investigating")
    assert stays(long) == {"from": "investigating"}
    intent = entry(1, Kind.INTENT, mitigation="reduce", title="Jane's", variable="KEY", before="x", after="y")
    assert stays(intent) == {
        "mitigation": "reduce",
        "variable": "(redacted)",
        "before": "(redacted)",
        "after": "(redacted)",
    }


def test_what_only_says_something_of_others_is_no_key_entry() -> None:
    assert KEY_KINDS.isdisjoint({Kind.CORRECTION, Kind.ENTRY_PINNED, Kind.ENTRY_UNPINNED})
    assert {Kind.REDACTED, Kind.CLOCK, Kind.IMPORTED} <= KEY_KINDS
