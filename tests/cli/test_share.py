"""`leeward share` and `leeward join` against the simulated cluster: data on stdout, the rest on stderr."""

import asyncio
import copy
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.support.commands import environ, leeward, served
from tests.support.pseudo_terminal import Terminal, terminal
from tui.clients.shared_objects import objects
from tui.clients.shared_place import SharedPlace
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.model.sharing import SharedLine
from tui.record.journal import Journal
from tui.record.shared import Marker, write_marker
from tui.settings import load

INCIDENT = "inc-20261123-1503-7f3a"
OTHER = "inc-20261123-1700-0b0b"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A drill with its shared place; empty at the beginning of each test."""
    with served("healthy", tmp_path_factory.mktemp("world"), "--speed", "20") as addresses:
        yield addresses


@pytest.fixture(autouse=True)
def _emptied(world: dict[str, Any]) -> Iterator[None]:
    yield
    asyncio.run(_in_place(world["keeper_config"], _empty))


async def _in_place(config: str, work: Any) -> Any:
    place = SharedPlace(load(Path(config), {}).settings)
    try:
        return await work(await place.open())
    finally:
        await place.close()


async def _empty(opened: Any) -> None:
    connection = opened.connection
    path = "/apis/leeward.dev/v1/namespaces/leeward/entries"
    for one in await connection.items("/apis/leeward.dev/v1", "leeward.dev", "entries", []):
        asked = connection.asked("delete", "entries", "an entry")
        await connection.json("DELETE", f"{path}/{one['metadata']['name']}", asked)


def entries(world: dict[str, Any], incident: str = INCIDENT) -> list[str]:
    """The lines that are in the shared place."""

    async def listed(opened: Any) -> list[str]:
        return [one.line for one in (await opened.entries.list(incident)).found]

    found: list[str] = asyncio.run(_in_place(world["config"], listed))
    return found


def recorded(
    state: Path,
    incident: str = INCIDENT,
    *,
    title: str = "rate limited",
    closed: bool = False,
    drill: bool = True,
    began: datetime | None = None,
) -> str:
    """An incident on a machine; answers the id of its note."""

    async def record() -> str:
        clock = ManualClock(began or datetime.now(UTC))
        async with await Journal.create(state / "leeward", incident, clock, Redactor()) as journal:
            data = {"title": title, "severity": "P2", "drill": drill}
            await journal.append(Draft(Kind.DECLARED, "declared", clock.now(), "ana", data))
            (note,) = await journal.append(Draft(Kind.NOTE, f"seen on {state.name}", clock.now(), "ana", {}))
            if closed:
                await journal.append(Draft(Kind.RESOLVED, "resolved", clock.now(), "ana", {}))
            return note.id

    return asyncio.run(record())


def run(
    world: dict[str, Any], state: Path, *args: str, who: str = "config"
) -> subprocess.CompletedProcess[str]:
    state.mkdir(exist_ok=True)
    return leeward("--config", world[who], *args, state=state)


class TestCheck:
    def test_a_place_in_order_passes_for_who_works_there(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "share", "check", "--json")
        assert (ran.returncode, ran.stderr) == (0, "")
        states = {check["name"]: check["state"] for check in json.loads(ran.stdout)["checks"]}
        assert states["shared place"] == states["definition: fields"] == "ok"
        assert states["permission: create entries"] == "ok"
        assert states["permission: delete entries"] == "unset"

    def test_who_looks_on_is_told_so_and_is_not_failed(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "share", "check", who="viewer_config")
        assert ran.returncode == 0, ran.stdout
        assert "as viewer" in ran.stdout
        assert "for leeward-responder in leeward, for viewer" in ran.stdout

    def test_a_place_that_was_never_set_up_fails_with_the_command_that_does(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        config = tmp_path / "config.toml"
        text = Path(world["config"]).read_text()
        config.write_text(text.replace('namespace = "leeward"', 'namespace = "nowhere"'))
        ran = leeward("--config", str(config), "share", "check", state=tmp_path)
        assert ran.returncode == 1
        assert "there is no namespace nowhere" in ran.stdout
        assert "leeward share manifest | kubectl apply -f -" in ran.stdout

    def test_a_server_that_does_not_answer_is_no_verdict(self, world: dict[str, Any], tmp_path: Path) -> None:
        config = config_of_nobody(world, tmp_path)
        ran = leeward("--config", str(config), "share", "check", state=tmp_path)
        assert ran.returncode == 3, ran.stdout

    @pytest.mark.parametrize(
        "args",
        [
            ("share", "check"),
            ("share", "sync", INCIDENT),
            ("share", "prune", "--yes"),
            ("incidents", "--shared"),
        ],
        ids=" ".join,
    )
    def test_a_command_that_asks_once_names_no_key_and_promises_nothing(
        self, world: dict[str, Any], tmp_path: Path, args: tuple[str, ...]
    ) -> None:
        config = config_of_nobody(world, tmp_path)
        ran = leeward("--config", str(config), *args, state=tmp_path)
        said = ran.stdout + ran.stderr
        assert "un this again." in said
        assert "in the console" not in said
        assert "by itself" not in said

    @pytest.mark.parametrize("args", [("check",), ("sync", INCIDENT), ("prune",)], ids=lambda args: args[0])
    def test_without_a_place_it_says_what_to_set(self, args: tuple[str, ...], tmp_path: Path) -> None:
        ran = leeward("share", *args, state=tmp_path)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "sharing.namespace is not set" in ran.stderr

    def test_the_doctor_says_the_same(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "doctor", "--json")
        found = {check["name"]: check for check in json.loads(ran.stdout)["checks"]}
        assert found["shared place"]["summary"] == "leeward in prod-eu, as responder"
        assert found["definition: served"]["state"] == "ok"


def config_of_nobody(world: dict[str, Any], folder: Path) -> Path:
    """The settings of the world, whose cluster is at a closed port."""
    text = Path(world["config"]).read_text()
    kubeconfig = folder / "kubeconfig"
    lines = Path(world["kubeconfig"]).read_text().splitlines()
    address = next(line.split("server:")[1].strip().strip('"') for line in lines if "server:" in line)
    kubeconfig.write_text("\n".join(lines).replace(address, "https://127.0.0.1:9"))
    config = folder / "nobody.toml"
    config.write_text(text.replace(world["kubeconfig"], str(kubeconfig)))
    return config


class TestSync:
    def test_two_machines_have_the_same_afterwards(self, world: dict[str, Any], tmp_path: Path) -> None:
        ours, theirs = tmp_path / "ours", tmp_path / "theirs"
        for state in (ours, theirs):
            state.mkdir()
        recorded(ours)
        ran = run(world, ours, "share", "sync", INCIDENT)
        assert (ran.returncode, ran.stdout) == (0, f"{INCIDENT}\n"), ran.stderr
        assert "0 entries came, 2 entries went to leeward in prod-eu." in ran.stderr
        ran = run(world, theirs, "share", "sync", INCIDENT, who="second_config")
        assert (ran.returncode, ran.stdout) == (0, f"{INCIDENT}\n"), ran.stderr
        assert "2 entries came, 0 entries went" in ran.stderr
        run(world, theirs, "note", INCIDENT, "from the other side", who="second_config")
        run(world, theirs, "share", "sync", INCIDENT, who="second_config")
        run(world, ours, "share", "sync", INCIDENT)
        told = [
            json.loads(run(world, state, "show", INCIDENT, "--json").stdout)["entries"]
            for state in (ours, theirs)
        ]
        assert told[0] == told[1]
        assert "from the other side" in [entry["text"] for entry in told[0]]
        for state in (ours, theirs):
            assert run(world, state, "verify", INCIDENT).returncode == 0

    def test_a_second_time_changes_nothing(self, world: dict[str, Any], tmp_path: Path) -> None:
        recorded(tmp_path)
        run(world, tmp_path, "share", "sync", INCIDENT)
        before = sorted(entries(world))
        ran = run(world, tmp_path, "share", "sync", INCIDENT)
        assert "0 entries came, 0 entries went" in ran.stderr
        assert sorted(entries(world)) == before

    def test_an_incident_that_is_nowhere_makes_no_folder(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "share", "sync", INCIDENT)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert f"There is no incident {INCIDENT}" in ran.stderr
        assert not list(tmp_path.glob("leeward/incidents/*"))

    def test_a_real_incident_is_not_sent_into_a_drill(self, world: dict[str, Any], tmp_path: Path) -> None:
        recorded(tmp_path, drill=False)
        ran = run(world, tmp_path, "share", "sync", INCIDENT)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert entries(world) == []

    def test_a_secret_that_is_known_by_now_does_not_leave(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        recorded(tmp_path)
        secret = "Qm7sentinelKey4Jt9vWx2LpRz8NcYb1"
        asyncio.run(_note(tmp_path, f"it is {secret}"))
        ran = leeward(
            "--config",
            world["config"],
            "share",
            "sync",
            INCIDENT,
            state=tmp_path,
            env={"MISTRAL_API_KEY": secret},
        )
        assert ran.returncode == 1
        assert "holds what is known as a secret by now" in ran.stderr
        for text in (ran.stdout, ran.stderr, *entries(world)):
            assert secret not in text
        assert len(entries(world)) == 3

    def test_who_may_not_write_there_is_told_whom_to_ask(self, world: dict[str, Any], tmp_path: Path) -> None:
        recorded(tmp_path)
        ran = run(world, tmp_path, "share", "sync", INCIDENT, who="viewer_config")
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "viewer may not create entries.leeward.dev" in ran.stderr

    def test_a_server_that_does_not_answer_is_no_verdict(self, world: dict[str, Any], tmp_path: Path) -> None:
        recorded(tmp_path)
        config = config_of_nobody(world, tmp_path)
        ran = leeward("--config", str(config), "share", "sync", INCIDENT, state=tmp_path)
        assert (ran.returncode, ran.stdout) == (3, ""), ran.stderr

    def test_an_id_that_is_a_path_is_refused(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "share", "sync", "../../etc")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "is no incident id" in ran.stderr


async def _note(state: Path, text: str) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with await Journal.open(state / "leeward", INCIDENT, clock, Redactor()) as journal:
        await journal.append(Draft(Kind.NOTE, text, clock.now(), "ana", {}))


class TestWriting:
    def test_a_note_bears_the_logins_own_name_where_it_is_shared(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        recorded(tmp_path)
        folder = tmp_path / "leeward" / "incidents" / INCIDENT
        write_marker(folder, Marker("leeward in prod-eu", "ada@example.com\x1b[31m", datetime.now(UTC)))
        run(world, tmp_path, "note", INCIDENT, "seen")
        run(world, tmp_path, "redact", INCIDENT, _last(tmp_path)["id"], "--reason", "a name", "--yes")
        assert _last(tmp_path)["actor"] == "ada@example.com"
        there, file = tmp_path / "there", str(tmp_path / "x.zip")
        there.mkdir()
        recorded(there)
        assert leeward("export", INCIDENT, file, state=there).returncode == 0
        assert run(world, tmp_path, "import", file).returncode == 0
        assert (_last(tmp_path)["kind"], _last(tmp_path)["actor"]) == ("imported", "ada@example.com")
        # Where nothing is shared, it is whom the settings or the machine name.
        leeward("note", INCIDENT, "seen again", state=tmp_path)
        assert _last(tmp_path)["actor"] != "ada@example.com"

    def test_after_one_exchange_it_is_known(self, world: dict[str, Any], tmp_path: Path) -> None:
        recorded(tmp_path)
        other = tmp_path / "other.toml"
        other.write_text(Path(world["second_config"]).read_text().replace('= "ada"', '= "somebody"'))
        assert run({"config": str(other)}, tmp_path, "share", "sync", INCIDENT).returncode == 0
        run({"config": str(other)}, tmp_path, "note", INCIDENT, "seen")
        assert _last(tmp_path)["actor"] == "ada"


def _last(state: Path) -> dict[str, Any]:
    ran = leeward("show", INCIDENT, "--json", state=state)
    found: list[dict[str, Any]] = json.loads(ran.stdout)["entries"]
    return max(found, key=lambda entry: str(entry["id"]))


class TestPrune:
    def shared(self, world: dict[str, Any], state: Path, incident: str = INCIDENT, **how: Any) -> str:
        state.mkdir(exist_ok=True)
        note = recorded(state, incident, **how)
        assert run(world, state, "share", "sync", incident).returncode == 0
        return note

    def test_what_is_closed_goes_and_what_is_open_stays(self, world: dict[str, Any], tmp_path: Path) -> None:
        long_ago = datetime.now(UTC) - timedelta(days=40)
        self.shared(world, tmp_path, closed=True, began=long_ago)
        self.shared(world, tmp_path, OTHER, began=long_ago)
        # What the server took only now was added only now.
        ran = run(world, tmp_path, "share", "prune", "--yes", who="keeper_config")
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "Something was added" in ran.stderr
        ran = run(world, tmp_path, "share", "prune", "--yes", "--older-than", "0.01s", who="keeper_config")
        assert (ran.returncode, ran.stdout) == (0, f"{INCIDENT}\n"), ran.stderr
        assert entries(world) == []
        assert len(entries(world, OTHER)) == 2
        ran = run(world, tmp_path, "share", "sync", INCIDENT)
        assert ran.returncode == 0
        assert "nothing was sent" in ran.stderr
        assert entries(world) == []

    def test_it_asks_and_without_a_terminal_needs_to_be_told(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        self.shared(world, tmp_path, closed=True)
        ran = run(world, tmp_path, "share", "prune", "--older-than", "0.01s", who="keeper_config")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert INCIDENT in ran.stderr
        assert "--yes" in ran.stderr
        assert len(entries(world)) == 3

    def test_who_may_not_is_told_who_may(self, world: dict[str, Any], tmp_path: Path) -> None:
        self.shared(world, tmp_path, closed=True)
        ran = run(world, tmp_path, "share", "prune", "--yes", "--older-than", "0.01s")
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "responder may not delete entries in leeward in prod-eu" in ran.stderr
        assert "leeward-keeper" in ran.stderr
        assert len(entries(world)) == 3

    def test_nothing_to_do_is_well(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "share", "prune", who="keeper_config")
        assert (ran.returncode, ran.stdout) == (0, "")
        assert "Nothing in leeward in prod-eu was closed more than 30d ago." in ran.stderr

    def test_an_age_that_is_none_is_refused(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "share", "prune", "--older-than", "long", who="keeper_config")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "write 30d or 12h" in ran.stderr

    def test_a_redaction_that_nobody_could_finish_is_finished(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        note = self.shared(world, tmp_path)
        run(world, tmp_path, "redact", INCIDENT, note, "--reason", "a name", "--yes")
        ran = run(world, tmp_path, "share", "sync", INCIDENT)
        assert ran.returncode == 1
        assert "leeward share prune" in ran.stderr
        said = f"seen on {tmp_path.name}"
        assert [line for line in entries(world) if said in line]
        ran = run(world, tmp_path, "share", "prune", who="keeper_config")
        assert ran.returncode == 0, ran.stderr
        assert "the content of 1 entry was removed" in ran.stderr
        assert not [line for line in entries(world) if said in line]
        assert run(world, tmp_path, "share", "sync", INCIDENT).returncode == 0
        assert run(world, tmp_path, "verify", INCIDENT).returncode == 0


HOSTILE = "\x1b]0;PWNED\x07[bold red]M[/] {{7*7}} \u202e $(id)\n# H"


class TestListing:
    def test_shared_incidents_are_listed_whoever_works_them(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        ours, theirs = tmp_path / "ours", tmp_path / "theirs"
        for state in (ours, theirs):
            state.mkdir()
        recorded(ours)
        run(world, ours, "share", "sync", INCIDENT)
        ran = run(world, theirs, "incidents", "--shared", "--json", who="viewer_config")
        assert (ran.returncode, ran.stderr) == (0, "")
        (found,) = json.loads(ran.stdout)
        assert (found["id"], found["title"], found["status"], found["here"]) == (
            INCIDENT, "rate limited", "open", False,
        )  # fmt: skip
        assert "yes" in run(world, ours, "incidents", "--shared").stdout

    def test_a_title_that_steers_terminals_is_plain_text(self, world: dict[str, Any], tmp_path: Path) -> None:
        """Everybody with the Role may write there, also without this program."""
        recorded(tmp_path, title="fine")
        bodies = crafted(tmp_path / "mallory")

        async def share(opened: Any) -> None:
            path = "/apis/leeward.dev/v1/namespaces/leeward/entries"
            asked = opened.connection.asked("create", "entries", "an entry")
            for body in bodies:
                await opened.connection.json("POST", path, asked, body=body)

        asyncio.run(_in_place(world["config"], share))
        for args in (("incidents", "--shared"), ("incidents", "--shared", "--json")):
            ran = run(world, tmp_path, *args)
            assert ran.returncode == 0, ran.stderr
            for said in (ran.stdout, ran.stderr):
                assert not [c for c in said if (ord(c) < 32 and c != "\n") or c in "\u202e\x7f\x9b"]
                assert "../" not in said
            assert "[bold red]M[/]" in ran.stdout, "nothing hostile arrived"
        ran = run(world, tmp_path, "share", "prune", who="keeper_config")
        assert ran.returncode == 0, ran.stderr

    def test_filters_of_the_record_do_not_go_with_it(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "incidents", "--shared", "--stats")
        assert (ran.returncode, ran.stdout) == (2, "")


def crafted(folder: Path) -> tuple[dict[str, Any], ...]:
    """Objects as an attacker with the Role writes them: a title that steers, ids that are none, no lines."""

    async def record() -> str:
        clock = ManualClock(datetime.now(UTC))
        async with await Journal.create(folder, OTHER, clock, Redactor()) as journal:
            data = {"title": HOSTILE, "severity": HOSTILE, "drill": True}
            (entry,) = await journal.append(Draft(Kind.DECLARED, "declared", clock.now(), HOSTILE, data))
            return entry.id

    entry = asyncio.run(record())
    header, line = (folder / "incidents" / OTHER / "journal.jsonl").read_text().splitlines()[:2]
    whole = SharedLine(OTHER, entry, "declared", datetime.now(UTC), "mallory", HOSTILE, line, header)
    (body,) = objects(whole)
    others = [copy.deepcopy(body) for _ in range(3)]
    for number, (one, incident) in enumerate(zip(others, ("../../../etc", "a\x1b[2J", OTHER), strict=True)):
        one["metadata"] |= {"name": f"0{number}" + "z" * 24, "labels": {"leeward.dev/overview": "true"}}
        one["spec"]["incident"] = incident
    others[2]["spec"]["line"] = "{" + HOSTILE
    return (body, *others)


def ended(screen: Terminal) -> int | None:
    """The exit code of a program that ends by itself."""
    until = time.monotonic() + 60
    while screen.ended() is None and time.monotonic() < until:
        screen.read(0.05)
    return screen.ended()


class TestJoin:
    def test_without_a_terminal_it_says_what_to_do(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "join", INCIDENT)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert f"leeward share sync {INCIDENT}" in ran.stderr

    def test_an_id_that_is_a_path_is_refused(self, world: dict[str, Any], tmp_path: Path) -> None:
        ran = run(world, tmp_path, "join", "../../etc")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "is no incident id" in ran.stderr

    def test_an_incident_that_nobody_has_is_told_before_a_console_opens(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        argv = [sys.executable, "-m", "tui", "--config", world["second_config"], "join", "inc-nope"]
        with terminal(argv, environ(tmp_path, LANG="C.UTF-8"), tmp_path) as screen:
            screen.until("There is no incident inc-nope, neither on this machine nor in", 60)
            assert ended(screen) == 2
            assert b"\x1b" not in screen._seen

    def test_while_the_place_is_away_the_console_opens_and_says_so(
        self, world: dict[str, Any], tmp_path: Path
    ) -> None:
        config = config_of_nobody(world, tmp_path)
        argv = [sys.executable, "-m", "tui", "--config", str(config), "join", "inc-nope"]
        with terminal(argv, environ(tmp_path, LANG="C.UTF-8"), tmp_path) as screen:
            screen.until("Timeline", 60)
            assert screen.ended() is None

    def test_the_only_open_one_is_opened_in_the_console(self, world: dict[str, Any], tmp_path: Path) -> None:
        ours, theirs = tmp_path / "ours", tmp_path / "theirs"
        for state in (ours, theirs):
            state.mkdir()
        recorded(ours, title="the only one")
        recorded(ours, OTHER, closed=True)
        for incident in (INCIDENT, OTHER):
            assert run(world, ours, "share", "sync", incident).returncode == 0
        argv = [sys.executable, "-m", "tui", "--config", world["second_config"], "join"]
        with terminal(argv, environ(theirs, LANG="C.UTF-8"), theirs) as screen:
            screen.until("the only one", 90)
            screen.until("seen on ours", 90)
        assert [one.name for one in (theirs / "leeward" / "incidents").iterdir()] == [INCIDENT]

    def test_of_several_it_says_which_there_are(self, world: dict[str, Any], tmp_path: Path) -> None:
        for incident in (INCIDENT, OTHER):
            recorded(tmp_path, incident, title=HOSTILE)
            assert run(world, tmp_path, "share", "sync", incident).returncode == 0
        argv = [sys.executable, "-m", "tui", "--config", world["second_config"], "join"]
        with terminal(argv, environ(tmp_path, LANG="C.UTF-8"), tmp_path) as screen:
            screen.until("2 shared incidents are open: say which one.", 60)
            assert ended(screen) == 2
            said = screen.said()
            assert b"\x1b" not in screen._seen
        for incident in (INCIDENT, OTHER):
            assert f"leeward join {incident}" in said

    def test_where_none_is_open_it_says_so(self, world: dict[str, Any], tmp_path: Path) -> None:
        argv = [sys.executable, "-m", "tui", "--config", world["second_config"], "join"]
        with terminal(argv, environ(tmp_path, LANG="C.UTF-8"), tmp_path) as screen:
            screen.until("No shared incident is open.", 60)
            assert ended(screen) == 2

    def test_without_a_place_it_says_what_to_set(self, tmp_path: Path) -> None:
        ran = leeward("join", state=tmp_path)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "sharing.namespace is not set" in ran.stderr
