"""One entry: its page, what is said of it there, and which entries the timeline shows."""

from dataclasses import replace
from datetime import timedelta

from tests.support import company, sights
from tui.model.amending import Amendments, amendments
from tui.model.incident import Entry, Kind
from tui.session.snapshot import Snapshot

NOTE = next(entry for entry in sights.ENTRIES if entry.kind == Kind.NOTE)


def said(*entries: Entry) -> Snapshot:
    """The sight, with entries that say something of earlier ones."""
    told = amendments((*sights.ENTRIES, *entries))
    shown = sorted(map(told.told, (*sights.ENTRIES, *entries)), key=lambda e: (e.occurred_at, e.id))
    return replace(sights.limited(), entries=tuple(shown), amendments=told)


def about(kind: Kind, number: int = 50, **data: object) -> Entry:
    at = sights.ENTRIES[-1].occurred_at
    return replace(sights.entry(at, kind, f"{kind} it", number), actor="bo", data={"entry": NOTE.id, **data})


async def to_the_note(desk) -> None:
    await desk.press("shift+tab", "home", *"jjjj")


async def test_the_page_pins_and_unpins(console) -> None:
    async with console() as desk:
        await to_the_note(desk)
        await desk.press("enter")
        assert "p pins it, e corrects its text, t its time, x redacts it" in desk.seen()
        await desk.press("p")
        assert ("pin_entry", NOTE.id) in desk.session.calls
        assert "note, pinned" in desk.seen()
        assert "p unpins it" in desk.seen()
        await desk.press("escape")
        assert "15:04:02 ◆note" in desk.seen()


async def test_p_in_the_timeline_pins_the_entry_and_elsewhere_a_diagnosis(console) -> None:
    async with console() as desk:
        await to_the_note(desk)
        await desk.press("p")
        assert ("pin_entry", NOTE.id) in desk.session.calls
        await desk.press("escape", "p")
        assert "Pin a diagnosis" in desk.seen()


async def test_a_text_is_corrected_from_what_it_says(console) -> None:
    async with console() as desk:
        await to_the_note(desk)
        await desk.press("enter", "e")
        await desk.press(*" of", "enter")
        assert desk.session.calls[-1] == ("correct_entry", NOTE.id, f"{NOTE.text} of", "")


async def test_a_time_is_corrected(console) -> None:
    async with console() as desk:
        await to_the_note(desk)
        await desk.press("enter", "t")
        assert "2026-11-23 15:04:02" in desk.seen()
        await desk.press("backspace", "5", "enter")
        assert desk.session.calls[-1] == ("correct_entry", NOTE.id, "", "2026-11-23 15:04:05")


async def test_a_redaction_needs_a_reason_and_a_word_and_names_the_entry(console) -> None:
    async with console() as desk:
        await to_the_note(desk)
        await desk.press("enter", "x")
        assert "note of 15:04 UTC by" in desk.seen()
        assert "traffic rose after the newsletter" in desk.seen()
        await desk.press(*"a name", "enter")
        assert "cannot be taken back" in desk.seen()
        await desk.press(*"redact", "enter")
        assert desk.session.calls[-1] == ("redact_entry", NOTE.id, "a name")
        assert "/e/one.tar.gz" in desk.seen()
        assert "backups and snapshots" in desk.seen()


async def test_where_incidents_are_shared_it_says_who_else_follows(console) -> None:
    async with console(company.together()) as desk:
        await to_the_note(desk)
        await desk.press("enter", "x", *"a", "enter", *"redact", "enter")
        assert "it leaves the shared place and open consoles as they hear of it" in desk.seen()


async def test_another_word_escape_or_enter_redacts_nothing(console) -> None:
    async with console() as desk:
        await to_the_note(desk)
        await desk.press("enter", "x", *"a name", "enter")
        await desk.press(*"yes", "enter")
        await desk.press("escape", "enter", "x", "enter", "enter", "enter", "escape")
        assert not [call for call in desk.session.calls if call[0] == "redact_entry"]


async def test_what_cannot_be_redacted_says_why(console) -> None:
    async with console() as desk:
        desk.session.unredactable = "The undo rests on this entry."
        await to_the_note(desk)
        await desk.press("enter", "x")
        assert "cannot be redacted. The undo rests on this entry." in desk.seen()


async def test_a_corrected_entry_stands_at_its_time_and_its_page_has_the_original(console) -> None:
    at = NOTE.occurred_at - timedelta(minutes=30)
    correction = about(Kind.CORRECTION, text="traffic fell", occurred_at=at.isoformat())
    async with console(said(correction)) as desk:
        assert "(corrected) traffic fell" in desk.seen()
        await desk.press("shift+tab", "home", "enter")
        seen = desk.seen()
        assert "traffic fell" in seen
        assert "by bo" in seen
        assert NOTE.text in seen
        assert "2026-11-23T14:34:02.000Z" in seen


async def test_a_redacted_entry_is_a_stone_that_says_who_and_why(console) -> None:
    async with console(said(about(Kind.REDACTED, entries=[NOTE.id], reason="a name"))) as desk:
        assert "(redacted by bo: a name)" in desk.seen()
        assert NOTE.text not in desk.seen()
        await to_the_note(desk)
        await desk.press("enter")
        assert "e corrects" not in desk.seen()
        assert "x redacts" not in desk.seen()


async def test_only_one_type_from_a_list_with_counts(console) -> None:
    async with console() as desk:
        await desk.press("F")
        assert "note" in desk.seen()
        assert "1 entry" in desk.seen()
        await desk.press("5")
        chosen = desk.seen()
        assert "only" in chosen
        await desk.press("escape")
        assert "key entries, f for all" in desk.seen()


async def test_types_pins_and_words_can_be_typed_into_the_filter(console) -> None:
    async with console() as desk:
        await desk.press("slash", *"kind:note", "enter")
        assert "only note, Esc for all" in desk.seen()
        assert [desk.app.main.timeline.rows[i].kind for i in desk.app.main.timeline._kept] == ["note"]
        await desk.press("escape", "slash", *"kind:pinned", "enter")
        assert "rate-limited pinned, and let go" in desk.seen()
        await desk.press("escape", "slash", *"is:pinned", "enter")
        assert "nothing matches the filter" in desk.seen()
        assert "only pinned, Esc for all" in desk.seen()
        await desk.session.pin_entry(NOTE.id)
        await desk.settle()
        assert NOTE.text in desk.seen()


async def test_times_are_utc_or_local_and_say_which(console, monkeypatch) -> None:
    from datetime import timezone

    monkeypatch.setattr("tui.app.LeewardApp.local", timezone(timedelta(hours=1), "CET"))
    async with console() as desk:
        assert "Timeline (UTC)" in desk.seen()
        await desk.press("t")
        seen = desk.seen()
        assert "Timeline (local time, CET)" in seen
        assert "16:04:02" in seen
        assert "CET" in seen.splitlines()[-1]
        await desk.press("t")
        assert "15:04:02" in desk.seen()
        assert "Timeline (UTC)" in desk.seen()


async def test_what_is_read_does_not_jump_when_entries_arrive(console) -> None:
    """Neither at the end nor before it: the same rows stand on the same lines."""
    many = tuple(
        sights.entry(NOTE.occurred_at + timedelta(seconds=n), Kind.NOTE, f"note {n:03}", 100 + n)
        for n in range(60)
    )
    async with console(replace(sights.limited(), entries=many)) as desk:
        await desk.press("shift+tab", *["k"] * 30)
        rows = desk.app.main.timeline.lines_now()[1:-1]
        late = sights.entry(NOTE.occurred_at - timedelta(hours=1), Kind.NOTE, "a late one", 900)
        new = sights.entry(NOTE.occurred_at + timedelta(hours=1), Kind.NOTE, "a new one", 901)
        desk.session.publish(replace(desk.session.snapshot, entries=(late, *many, new)))
        await desk.settle()
        assert desk.app.main.timeline.lines_now()[1:-1] == rows
        pinned = Amendments(pinned=frozenset({many[0].id}))
        desk.session.publish(replace(desk.session.snapshot, amendments=pinned))
        await desk.settle()
        assert desk.app.main.timeline.lines_now()[1:-1] == rows


async def test_the_palette_hands_the_incident_on(console) -> None:
    async with console() as desk:
        await desk.press("colon", *"one file", "enter")
        assert ("hand_on", None) in desk.session.calls
        assert "leeward import FILE" in desk.seen()


async def test_a_note_is_on_disk_as_it_is_typed_and_offered_again_with_its_age(console) -> None:
    async with console() as desk:
        await desk.press("n", *"half a no")
        desk.app.drafts.flush()
        (found,) = desk.app.opening.folder.rglob("note.draft")
        assert found.read_text() == "half a no"
        await desk.press("escape", "n")
        assert "half a no" in desk.seen()
        assert "as left" in desk.seen()
        await desk.press(*"te", "enter")
        desk.app.drafts.flush()
        assert ("note", "half a note") in desk.session.calls
        assert not list(desk.app.opening.folder.rglob("*.draft"))
