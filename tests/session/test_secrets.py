"""Sentinels: what the console holds is in nothing that it says, shows or keeps, whoever echoes it."""

import json
from pathlib import Path

import yaml

from tests.support import hostile
from tests.support.drills import drill, session_on, until
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.session.doctor import examine
from tui.session.snapshot import Snapshot
from tui.settings import load


def sentinels(world: Drill) -> tuple[str, str, str]:
    """The console's key, Prometheus' and Alertmanager's token, and the kubeconfig's."""
    folder = Path(world.addresses["config"]).parent
    user = yaml.safe_load(Path(world.addresses["kubeconfig"]).read_text())["users"][0]["user"]
    return (folder / "mistral.key").read_text(), (folder / "prometheus.token").read_text(), user["token"]


def seen_all(snapshot: Snapshot) -> bool:
    return len(snapshot.checks) == 7 and bool(snapshot.place.user)


async def test_a_note_loses_every_secret_that_the_console_holds(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await until(session, seen_all)
        held = sentinels(world)
        await session.note("pasted: " + " and ".join(held))
        await session.postmortem()
        shown = repr(session.snapshot)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"journal.jsonl", "postmortem.md"} <= {path.name for path in files}
    kept = "".join(path.read_text() for path in files)
    assert "pasted: " in kept
    for secret in held:
        assert len(secret) >= 16
        assert secret not in kept
        assert secret not in shown


async def echo(head: bytes, writer: hostile.Writer) -> None:
    """Says back all that it was sent, as the error of a query."""
    said = {
        "status": "error",
        "errorType": "bad_data",
        "error": head.decode()[-180:],
        "warnings": [head.decode()],
    }
    writer.write(hostile.answer(json.dumps(said).encode(), "400 Bad Request"))
    await writer.drain()


async def test_a_server_that_echoes_its_credentials_puts_them_into_no_finding(tmp_path: Path) -> None:
    token = "sentinel0" * 3
    (tmp_path / "token").write_text(token)
    async with hostile.serving(echo) as url:
        config = tmp_path / "config.toml"
        config.write_text(
            "".join(
                f'[{name}]\nurl = "{url}"\ntoken = {{ file = "token" }}\n'
                for name in ("prometheus", "alertmanager")
            )
            + f'[mistral]\nbase_url = "{url}"\nkey = {{ file = "token" }}\n'
            + f'[service]\nhealth_url = "{url}"\n[status_page]\nurl = "{url}"\n'
        )
        findings = await examine(load(config, {}), SystemClock(), {}, tmp_path / "state")
    by_name = {finding.name: finding for finding in findings}
    assert "***" in by_name["query: errors"].summary
    assert token not in repr(findings)
