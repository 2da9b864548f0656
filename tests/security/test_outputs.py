"""Hostile words and secrets in an incident: text, and nothing else, in all that leaves the console."""

import asyncio
import itertools
import json
import re
import tarfile
import zipfile
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.commands import leeward
from tests.support.drills import drill, session_on, until
from tests.support.hostile_world import TRICKS, leaked, steering
from tui.drill.serve import Drill
from tui.model.severity import Severity
from tui.model.update import Audience
from tui.model.written import Section
from tui.reports.formats import Format
from tui.session.session import Session

PINGS = "<!channel> <!here> <@U012AB3CD> @channel @here @everyone <!subteam^S0>"
MARKUP = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> </style></td> &lt;b&gt; ]]> --> "
    "[x](javascript:alert(1)) ![i](http://127.0.0.1:9/i.png) `code` **bold** | cell | cell |\n"
    "# HEADING\n---\n```\n| a | b |\n<!-- -->"
)
LONG = "long " * 2000
# What of it must still be there to be read, whatever is done to the rest.
WORDS = "alert(1)"


@dataclass
class Told:
    """What an incident full of hostile words and secrets gave out."""

    state: Path
    incident: str
    secrets: tuple[str, ...]
    sent: dict[str, str]

    @property
    def folder(self) -> Path:
        return self.state / "leeward" / "incidents" / self.incident

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """One incident with everything in it: it is played once, and looked at from every side."""
    return asyncio.run(played(tmp_path_factory.mktemp("told")))


async def played(state: Path) -> Told:
    async with drill("rate-limited") as world, session_on(world, state / "leeward") as session:
        secrets = secrets_of(world)
        await until(session, lambda s: s.diagnosis is not None)
        await play(session, " and ".join(secrets))
        incident = session.snapshot.incident
        assert incident is not None
        sent = {
            "slack": json.dumps(list(world.slack.received), ensure_ascii=False),
            "statuspage": json.dumps(world.statuspage.incidents, ensure_ascii=False),
            "pagerduty": json.dumps(list(world.pagerduty.received), ensure_ascii=False),
        }
    return Told(state, incident.id, secrets, sent)


def secrets_of(world: Drill) -> tuple[str, ...]:
    """Every secret that the console was given."""
    folder = Path(world.addresses["config"]).parent
    names = ("mistral.key", "slack.webhook", "statuspage.key", "pagerduty.key", "prometheus.token")
    return tuple((folder / name).read_text().strip() for name in names)


async def play(session: Session, secret: str) -> None:
    await session.declare(f"{MARKUP} {PINGS} {TRICKS} {secret}", Severity.P2)
    for words in (MARKUP, PINGS, TRICKS, LONG, f"pasted {secret} {MARKUP}", f"action: {MARKUP} {secret}"):
        await session.note(f"a note: {words}")
    await session.take_command(f"{PINGS} {TRICKS} {secret}"[:200])
    for audience in Audience:
        draft = await session.update_draft(audience)
        await session.keep_update(draft, f"{draft.text}\nkept {secret}")
        text = f"{draft.text}\n{MARKUP} {PINGS} {TRICKS} {secret}"
        for one in await session.send_update(draft, text):
            assert one.state == "sent", one
    await session.page("acknowledge")
    await session.write_section(Section.SUMMARY, f"{MARKUP} {TRICKS} {secret}")
    await session.add_item(f"{MARKUP} {TRICKS} {secret}")
    collected = await session.collect_evidence()
    assert collected.path.exists()
    await session.resolve(f"{MARKUP} {TRICKS} {secret}")
    for kind in Format:
        await session.export(kind)
    await session.hand_on()


# What is kept


def test_no_file_holds_a_secret_or_steers_a_terminal(told: Told) -> None:
    names = {path.name for path in told.folder.iterdir()}
    assert {"journal.jsonl", "outbox.json", "postmortem.md", "postmortem.html", "postmortem.json"} <= names
    assert [name for name in names if name.endswith(".draft")] == [], "what was sent is no draft any more"
    for path in (path for path in told.state.rglob("*") if path.is_file()):
        if path.name.endswith((".tar.gz", ".zip")):
            continue  # looked into by itself
        text = path.read_bytes().decode(errors="replace")
        assert leaked(text, told.secrets) == [], path
        if path.suffix != ".lock":
            assert steering(text) == [], path
        assert path.stat().st_mode & 0o077 == 0, path


def test_what_is_handed_on_holds_no_secret(told: Told) -> None:
    (parcel,) = told.state.rglob("*.leeward.zip")
    with zipfile.ZipFile(parcel) as files:
        for name in files.namelist():
            text = files.read(name).decode()
            assert steering(name) == [] and steering(text) == [] and leaked(text, told.secrets) == [], name


def test_the_evidence_holds_no_secret_and_its_names_are_names(told: Told) -> None:
    (archive,) = told.state.rglob("*.tar.gz")
    assert steering(archive.name) == []
    with tarfile.open(archive) as files:
        for member in files:
            assert member.isfile() and not member.name.startswith("/") and ".." not in member.name
            assert steering(member.name) == []
            content = files.extractfile(member)
            assert content is not None
            text = content.read().decode()
            assert leaked(text, told.secrets) == [], member.name
            assert steering(text) == [], member.name


# What people are sent


def test_no_message_pings_anybody_or_holds_a_secret(told: Told) -> None:
    for name, text in told.sent.items():
        assert leaked(text, told.secrets) == [], name
        assert steering(text) == [], name
    slack = told.sent["slack"]
    assert WORDS in slack, "its words are there to be read"
    assert not re.search(r"<[!@#]", slack)
    assert "&lt;!channel&gt;" in slack
    for ping in ("@channel", "@here", "@everyone"):
        # Bare names ping where an old webhook links names; a space that is none keeps them apart.
        assert f" {ping}" not in slack or '"link_names": false' in slack or '"parse": "none"' in slack


async def test_an_edited_draft_is_kept_without_secrets(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, lambda s: s.diagnosis is not None)
        secrets = secrets_of(world)
        await session.declare("kept", Severity.P3)
        draft = await session.update_draft(Audience.INTERNAL)
        await session.keep_update(draft, f"{draft.text} {' '.join(secrets)} {TRICKS}")
        await session.keep_unsaved(Section.SUMMARY.value, f"{' '.join(secrets)} {TRICKS}")
    kept = [path for path in tmp_path.rglob("*") if path.suffix in (".draft", ".txt")]
    assert kept
    for path in kept:
        assert leaked(path.read_text(), secrets) == [], path


# What people read


class Page(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_has_no_tag_of_theirs(told: Told) -> None:
    page = Page(told.read("postmortem.html"))
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "b", "form", "base"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    addresses = [value or "" for name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert not [one for one in addresses if "javascript:" in one or "127.0.0.1:9/i.png" in one]
    assert "<script>alert(1)</script>" in page.words, "it is there, as text"
    assert "{{7*7}}" in page.words


def test_the_markdown_has_no_heading_table_or_tag_of_theirs(told: Told) -> None:
    # What was sent is given as it was, in a fence longer than any of its own.
    text = re.sub(r"(?ms)^(`{3,})\w*$.*?^\1$", "", told.read("postmortem.md"))
    assert "\n# HEADING" not in text
    assert "<script>" not in text.replace("\\<script", "").replace("\\<script\\>", "")
    assert "\n```\n| a | b |" not in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    for before, line in itertools.pairwise(tables):
        if set(before) <= set("|-: "):
            assert cells(line) == cells(before), line


def cells(row: str) -> int:
    return row.replace("\\|", "").count("|")


def test_the_json_is_data(told: Told) -> None:
    data = json.loads(told.read("postmortem.json"))
    assert WORDS in json.dumps(data)


def test_every_command_tells_it_as_text(told: Told) -> None:
    for arguments in (
        ("incidents",),
        ("incidents", "--json"),
        ("show", told.incident),
        ("show", told.incident, "--json"),
        ("show", told.incident, "--handover"),
        *(("postmortem", told.incident, "--format", kind) for kind in Format),
        ("verify", told.incident),
    ):
        ran = leeward(*arguments, state=told.state)
        assert ran.returncode == 0, (arguments, ran.stderr)
        for said in (ran.stdout, ran.stderr):
            assert leaked(said, told.secrets) == [] and steering(said) == [], arguments
        if "verify" not in arguments:
            assert WORDS in ran.stdout.replace("\\", "").replace("&#40;", "(").replace("&#41;", ")"), (
                arguments
            )
