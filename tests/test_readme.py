"""What the README promises is there: keys, commands, settings, links and screenshots."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tui.cli import COMMANDS, leeward, load
from tui.drill.world import make_keys
from tui.screens.bindings import TABLE, Bound
from tui.settings import load as load_settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What the README's table says a key does, and the bindings that must do it, one for each of its keys.
KEYS = {
    "move in a panel or a list": ("list.up", "list.down", "list.down", "list.up"),
    "next panel, previous panel": ("next", "previous"),
    "open the line; it never changes anything": ("list.choose",),
    "incident: declare (from an alert, too), join, acknowledge, status, severity, commander, hand over, "
    "milestones, resolve, reopen, resume": ("incident",),
    "who is here: each console that works the incident, and how the shared place stands": ("who",),
    "mitigate: choose a change and look at it": ("mitigate",),
    "look at how the last change is taken back": ("undo",),
    "write a note": ("note",),
    "tell people: internal and external updates, and what did not arrive": ("update",),
    "collect evidence into one archive": ("evidence",),
    "the whole diagnosis": ("details",),
    "pin a diagnosis, or in the timeline the entry; overrule an answer of the tree": ("pin", "overrule"),
    "timeline: key entries or all; filter by text, type (`kind:note`) or person (`by:bo`)": (
        "entries",
        "filter",
    ),
    "timeline: one type of entry, or what is pinned; times in UTC or local": ("kinds", "local"),
    "ask every check again": ("refresh",),
    "copy what the cursor is on": ("copy",),
    "the postmortem: write it (Markdown, HTML, JSON), its sections and action items": ("export",),
    "palette: every action by name": ("palette", "palette"),
    "help": ("help",),
    "leave; the incident stays open": ("quit",),
}


def section(title: str) -> str:
    """The text under a heading, up to the next of its kind."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[tuple[list[str], str]]:
    """A table's rows without its heading: what stands in code in the first cell, and the second cell."""
    lines = [line for line in text.splitlines() if re.match(r"\| `", line)]
    cells = [line.strip("|").split(" | ") for line in lines]
    return [(re.findall(r"`([^`]+)`", first), second.strip()) for first, second in cells]


def binding(binding_id: str) -> Bound:
    """The console's binding of this id."""
    return next(entry for entry in TABLE if entry.id == binding_id)


@pytest.mark.parametrize(("keys", "meaning"), rows(section("Keys")))
def test_a_key_of_the_table_does_in_the_console_what_the_readme_says(keys: list[str], meaning: str) -> None:
    assert len(keys) == len(KEYS[meaning])
    for key, binding_id in zip(keys, KEYS[meaning], strict=True):
        assert key in binding(binding_id).shown().split(" ")


def test_the_table_has_every_key_of_the_keybar() -> None:
    named = {key for keys, _meaning in rows(section("Keys")) for key in keys}
    assert all(set(entry.shown().split(" ")) & named for entry in TABLE if entry.label)


@pytest.mark.parametrize(
    ("key", "binding_id"), [("e", "preview.edit"), ("c", "preview.copy"), ("y", "preview.apply")]
)
def test_a_key_of_the_preview_is_as_told(key: str, binding_id: str) -> None:
    assert f"`{key}`" in section("Keys").split("In a preview")[1]
    assert binding(binding_id).shown() == key


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("In an update", {"e": "update.edit", "c": "update.copy", "y": "update.send"}),
        (
            "On an entry's page",
            {"p": "entry.pin", "e": "entry.text", "t": "entry.time", "x": "entry.redact"},
        ),
    ],
)
def test_the_keys_of_an_update_and_of_an_entry_are_as_told(words: str, keys: dict[str, str]) -> None:
    told = re.split(r"\.\s", section("Keys").split(words)[1])[0]
    assert set(re.findall(r"`(.)`", told)) == set(keys)
    assert all(binding(which).shown() == key for key, which in keys.items())


def test_every_command_is_in_the_table_and_every_row_of_the_table_is_a_command() -> None:
    told = [
        call.split() for calls, _ in rows(section("Commands")) for call in calls if call[:8] == "leeward "
    ]
    assert {words[1] for words in told} == set(COMMANDS)


@pytest.mark.parametrize("calls", [calls for calls, _ in rows(section("Commands"))])
def test_options_and_subcommands_of_the_table_exist(calls: list[str]) -> None:
    for call in calls:
        words = re.sub(r"[\[\]]", "", call).split()[1:]
        if not words:
            continue
        command: click.Command = load(COMMANDS[words[0]][0])
        if isinstance(command, click.Group):
            assert words[1] in command.commands
            command = command.commands[words[1]]
        offered = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= offered


def test_options_of_the_whole_program_exist() -> None:
    told = set(re.findall(r"--[a-z-]+", section("Commands").split("|")[0]))
    assert told
    assert told <= {name for parameter in leeward.params for name in parameter.opts}


def test_the_commands_describe_themselves_with_the_same_exit_codes() -> None:
    told = CliRunner().invoke(leeward, ["--help"]).output
    assert [code for code in "0123" if f"{code} " in " ".join(told.split("Exit codes:")[1].split())] == list(
        re.findall(r"^\| (\d) \|", section("Commands"), flags=re.MULTILINE)
    )


def test_the_settings_of_the_readme_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)[0], encoding="utf-8")
    settings = load_settings(file, {"HOME": str(tmp_path)}).settings
    assert settings.kubernetes.deployment == "mistral-service"


def test_make_has_the_targets_that_the_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)\b(?= *[`#]| SCENARIO)", README)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", README))
def test_a_link_leads_to_a_file_and_a_heading_that_exist(link: str) -> None:
    assert not link.startswith("http"), "an address outside may go away, or know who reads"
    path, _, heading = link.partition("#")
    assert (ROOT / path).exists()
    if heading:
        titles = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert heading in {title.lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("drawing", sorted((ROOT / "screenshots").glob("*.svg")), ids=lambda p: p.name)
def test_a_screenshot_fetches_nothing_and_holds_no_key_and_no_folder_of_its_maker(drawing: Path) -> None:
    text = drawing.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert not re.search(r"url\((?!#)|@import|@font-face|href=|<script|<image", text)
    # The drills that are drawn have the first seed, hence these keys.
    assert not {make_keys(1).ours, make_keys(1).candidate} & set(re.findall(r"\w+", text))
    assert not re.search(r"/(?:root|home|Users|work|workspace)/", text)


def test_there_is_a_screenshot_of_each_main_state_and_two_of_a_small_window() -> None:
    names = {path.name for path in (ROOT / "screenshots").glob("*.svg")}
    states = (
        "rate-limited preview-read-only preview-armed rollout held resolved provider-outage healthy"
        " first-run key-alone help servers-gone theme-light theme-ansi ascii mitigations key"
    )
    assert {f"{state}-120x40.svg" for state in states.split()} <= names
    assert len([name for name in names if name.endswith("-80x24.svg")]) == 2
