"""Sentinels through the whole console in a terminal: refused with an echo, stored, killed and resumed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.secrets.benches import bench
from tests.e2e.test_by_keys import listens, shows
from tests.e2e.test_rotation import look, paste, type_word
from tests.sentinel.watching import Watch, files, guard, in_files, in_record
from tests.sentinel.worlds import Held, beside, echo, echoing, once
from tests.support.between import HANG
from tests.support.drills import drill
from tests.support.terminal import Tmux, terminal, wait_for
from tests.support.vault_server import TOKEN
from tui.drill.serve import Drill
from tui.model.secret import Secret

pytestmark = pytest.mark.real


@pytest.fixture
async def world() -> AsyncIterator[Drill]:
    async with drill("bad-key", speed=20) as made:
        yield made


def opened(console: Tmux, config: Path, *before: str, state: Path | None = None) -> None:
    """A console on these settings; whatever it writes is below its folder."""
    (console.folder / "tmp").mkdir()
    console.open(
        "--config", str(config), *before,
        TMPDIR=str(console.folder / "tmp"),
        TEXTUAL_LOG=str(console.folder / "textual.log"),
        **({"XDG_STATE_HOME": str(state)} if state else {}),
    )  # fmt: skip
    wait_for(lambda: (console.folder / "pid").exists() and bool((console.folder / "pid").read_text()), 60)


def offered(console: Tmux, key: str, again: bool = False) -> None:
    """From the main screen to a preview that hears `y`, by keys alone; what can be copied there is."""
    shows(console, "The API key is refused (P1)")
    console.press("m")
    shows(console, "nothing is changed by looking")
    console.press("1")
    shows(console, "Mistral knows no such key (401)")
    paste(console, key + "\n")
    shows(console, "Enter tests it. It is stored nowhere.")
    console.press("Enter")
    shows(console, f"Key {Secret(key).fingerprint} works")
    if not again:
        look(console)
        type_word(console, "type prodeu to arm")
    else:
        console.press("C-s")
    type_word(console, "type prodeu to apply")
    listens(console)
    console.press("c")
    shows(console, "opied")
    listens(console)


def incident_of(state: Path) -> str:
    """The only incident that is kept there."""
    (folder,) = (state / "leeward" / "incidents").iterdir()
    return folder.name


async def test_refused_with_an_echo_then_stored_proven_and_written_up(world: Drill) -> None:
    values = guard(world)
    new = world.world.keys.candidate
    once(world, "/secrets/", echoing(values))

    def played(console: Tmux) -> None:
        opened(console, Path(world.addresses["config"]))
        with Watch(console, values) as watch:
            offered(console, new)
            console.press("y")
            shows(console, "Store a new API key, refused: ")
            offered(console, new, again=True)
            console.press("y")
            shows(console, "effective:", 120)
            console.press("x")
            shows(console, "Markdown")
            console.press("1")
            wait_for(lambda: bool(list((console.folder / "state").rglob("postmortem.md"))), 60)
            console.press("q")
            shows(console, "EXIT 0")
        assert watch.looked > 100
        assert watch.found == set()
        state = console.folder / "state"
        assert {"journal.jsonl", "postmortem.md", "copied.txt"} <= {path.name for path in files(state)}
        assert in_files(console.folder, values) == []
        assert in_record(state, incident_of(state), values) == []

    with terminal(80, 24) as console:
        await asyncio.to_thread(played, console)
    assert world.cluster.key() == new


@pytest.mark.thorough
async def test_killed_between_store_and_restart_then_resumed_and_settled(world: Drill) -> None:
    values = guard(world)
    held = Held(done=False)
    once(world, "/deployments/", held)
    with terminal(80, 24) as first, terminal(80, 24) as second:
        await asyncio.to_thread(killed, first, Path(world.addresses["config"]), world, held.came, values)
        assert world.cluster.key() == world.world.keys.candidate
        said = "stored, and the pods were not restarted"
        await asyncio.to_thread(resumed, first, second, Path(world.addresses["config"]), said, values)


async def test_vault_refuses_with_an_echo_and_the_console_is_killed_while_it_stores(
    world: Drill, tmp_path: Path
) -> None:
    values = guard(world)
    async with bench("vault", "") as (vault, way):
        vault.somebody_writes(world.world.keys.ours)
        config = beside(world, vault.named, tmp_path)
        way.fault(vault.writes, (400, echo((*values, TOKEN)), "application/json"))
        way.fault(vault.writes, HANG)
        with terminal(80, 24) as first, terminal(80, 24) as second:
            await asyncio.to_thread(
                killed, first, config, world, way.hanging, (*values, TOKEN), refused_before=True
            )
            assert vault.values()[-1] == world.world.keys.ours
            said = "left without an outcome: not applied"
            await asyncio.to_thread(resumed, first, second, config, said, (*values, TOKEN))


def killed(
    console: Tmux,
    config: Path,
    world: Drill,
    came: asyncio.Event,
    values: tuple[str, ...],
    refused_before: bool = False,
) -> None:
    """Stores the key, and is killed by the signal that nobody can hear once `came` is set."""
    opened(console, config)
    with Watch(console, values) as watch:
        offered(console, world.world.keys.candidate)
        console.press("y")
        if refused_before:
            shows(console, "Store a new API key, refused: ")
            offered(console, world.world.keys.candidate, again=True)
            console.press("y")
        wait_for(came.is_set, 60)
        os.kill(console.pid, signal.SIGKILL)
        shows(console, "EXIT 137")
    assert watch.found == set()
    assert in_files(console.folder, values) == []


def resumed(first: Tmux, second: Tmux, config: Path, said: str, values: tuple[str, ...]) -> None:
    """Another console on what the first one left: it says what became of the change, and keeps no value."""
    state = first.folder / "state"
    opened(second, config, "--resume", incident_of(state), state=state)
    with Watch(second, values) as watch:
        wait_for(lambda: said in next(state.rglob("journal.jsonl")).read_text(), 60)
        shows(second, "Checks, then and now")
        second.press("x")
        shows(second, "Markdown")
        second.press("1")
        wait_for(lambda: bool(list(state.rglob("postmortem.md"))), 60)
        second.press("q")
        shows(second, "EXIT 0")
    assert watch.found == set()
    assert in_files(first.folder, values) == in_files(second.folder, values) == []
    assert in_record(state, incident_of(state), values) == []
