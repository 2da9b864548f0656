"""The postmortem by keys: written in three formats; sections and action items kept as they are typed."""

from pathlib import Path

import pytest

from tui.model.text import clean
from tui.model.written import ActionItem, Section
from tui.reports.formats import Format
from tui.session.errors import SessionError

SIZES = [(120, 40), (80, 24), (60, 20)]


@pytest.mark.parametrize(
    ("key", "kind", "file"),
    [
        ("1", Format.MARKDOWN, "postmortem.md"),
        ("enter", Format.MARKDOWN, "postmortem.md"),
        ("2", Format.HTML, "postmortem.html"),
        ("3", Format.JSON, "postmortem.json"),
    ],
)
async def test_two_keys_write_it_and_say_where(console, key: str, kind: Format, file: str) -> None:
    async with console() as desk:
        await desk.press("x", key)
        assert desk.session.did("export") == [("export", kind, None)]
        assert f"Postmortem written to {file}." in desk.seen()


async def test_without_an_incident_it_says_so(console) -> None:
    async with console() as desk:
        desk.session.refuse = SessionError("No incident is open.", "Press i to declare one.")
        await desk.press("x")
        assert desk.screen == "MainScreen"
        assert "Press i to declare one." in desk.seen()


async def test_a_file_that_was_edited_by_hand_is_named(console) -> None:
    async with console(size=(120, 40)) as desk:
        desk.session.beside = Path("postmortem.md")
        await desk.press("x", "1")
        assert "postmortem.md was edited by hand, and was not touched." in desk.seen()


@pytest.mark.parametrize("size", SIZES)
async def test_a_section_is_written_and_saved_by_enter(console, size) -> None:
    async with console(size=size) as desk:
        await desk.press("x")
        assert "0 of 7 written" in desk.seen()
        await desk.press("w")
        assert "nothing yet" in desk.seen()
        await desk.press("1", *"Down", "ctrl+j", "a", "enter")
        assert desk.session.did("write_section") == [("write_section", Section.SUMMARY, "Down\na")]
        assert desk.screen == "ChoosingScreen"
        assert "Down a" in desk.seen()
        await desk.press("escape")
        assert desk.screen == "MainScreen"
        assert "Summary: saved." in desk.seen()


async def test_what_is_typed_is_kept_with_every_key_and_survives_escape(console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("x", "w", "2", *"why")
        assert desk.session.unsaved == {"root_cause": "why"}
        await desk.press("escape")
        assert "not saved yet: why" in desk.seen()
        await desk.press("escape", "x")
        assert "1 not saved yet" in desk.seen()
        await desk.press("1")
        assert "Typed but not saved" in desk.seen()
        await desk.press("x", "w", "2", "!", "enter")
        assert desk.session.did("write_section") == [("write_section", Section.ROOT_CAUSE, "why!")]
        assert desk.session.unsaved == {}


async def test_a_section_can_be_emptied(console) -> None:
    async with console(size=(80, 24)) as desk:
        desk.session.sections[Section.BY_LUCK] = "x"
        await desk.press("x", "w", "5", "backspace", "enter")
        assert desk.session.did("write_section") == [("write_section", Section.BY_LUCK, "")]
        assert "nothing yet" in desk.seen()


async def test_what_the_disk_refuses_is_said_and_the_text_stays(console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("x", "w", "1", "a")
        desk.session.refuse = SessionError("It was not written down: the disk is full.")
        await desk.press("enter")
        assert "It was not written down: the disk is full." in desk.seen()
        assert desk.session.unsaved == {"summary": "a"}


@pytest.mark.parametrize("size", SIZES)
async def test_an_item_is_added_and_its_fields_are_set(console, size) -> None:
    async with console(size=size) as desk:
        await desk.press("x", "a")
        assert "No alert fired" in desk.seen()
        await desk.press("a", *"Queue", "enter")
        assert desk.session.did("add_item") == [("add_item", "Queue")]
        assert "to be set" in desk.seen()
        await desk.press("p", "1")
        await desk.press("o", *"bob", "enter")
        await desk.press("d", *"2026-12-04", "enter")
        await desk.press("e", "s", "enter")
        assert desk.session.did("change_item") == [
            ("change_item", "i1", "priority", "P1"),
            ("change_item", "i1", "owner", "bob"),
            ("change_item", "i1", "due", "2026-12-04"),
            ("change_item", "i1", "action", "Queues"),
        ]
        await desk.press("escape")
        assert "P1, bob, due 2026-12-04" in desk.seen()


async def test_an_item_that_was_begun_is_offered_again(console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("x", "a", "a", *"Que", "escape", "escape")
        assert desk.screen == "MainScreen"
        await desk.press("x", "a", "a", "u", "e", "enter")
        assert desk.session.did("add_item") == [("add_item", "Queue")]


@pytest.mark.parametrize("text", ["[bold]x[/] <b>", "\x1b[31mred", "a\nb | c", "\u202egnp.exe"])
async def test_hostile_text_is_text_on_every_screen_of_it(console, text: str) -> None:
    async with console(size=(80, 24)) as desk:
        desk.session.items["alert"] = ActionItem("alert", text, text, text, text)
        desk.session.sections[Section.SUMMARY] = text
        shown = clean(text)
        for keys in (("x", "w"), ("x", "a"), ("x", "a", "2"), ("x", "a", "2", "r")):
            await desk.press(*keys)
            assert shown.partition(" ")[0] in desk.seen(), keys
            assert "\x1b" not in desk.seen() and "\u202e" not in desk.seen()
            await desk.press(*["escape"] * (len(keys) - 1))
            assert desk.screen == "MainScreen"


async def test_an_item_goes_only_after_a_second_word_and_not_by_enter(console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("x", "a", "2", "r", "enter")
        assert desk.session.did("remove_item") == []
        await desk.press("r", "y")
        assert desk.session.did("remove_item") == [("remove_item", "alert")]
        assert desk.screen == "ChoosingScreen"
        assert "No alert fired" not in desk.seen()
