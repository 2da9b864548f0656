"""Evidence through a whole session on a simulated world: one archive, one entry, and no secret in it."""

import asyncio
import json
import re
import tarfile
from pathlib import Path

import pytest

from tests.support.drills import drill, session_on, until
from tui.evidence.bundle import Collected
from tui.model.incident import Kind
from tui.record.verification import verify
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot


def all_asked(snapshot: Snapshot) -> bool:
    return len(snapshot.checks) == 7


def contents(collected: Collected) -> dict[str, bytes]:
    with tarfile.open(collected.path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


async def test_everything_that_is_known_of_an_incident_is_in_one_archive(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, all_asked)
        await session.note("the newsletter went out")
        collected = await session.collect_evidence()
        files = contents(collected)
        (entry,) = [e for e in session.snapshot.entries if e.kind == Kind.EVIDENCE]
        folder = Path(world.addresses["config"]).parent
        secrets = [path.read_text().strip() for path in folder.iterdir() if "key" in path.name]
        secrets += re.findall(r"token: (\S+)", Path(world.addresses["kubeconfig"]).read_text())
    assert {name.split("/")[0] for name in files} >= {"kubernetes", "logs", "metrics", "journal"}
    assert {"readings.json", "status-page.json", "alerts.json", "versions.json"} <= set(files)
    assert b"the newsletter went out" in files["journal/journal.jsonl"]
    assert len([name for name in files if name.startswith("logs/")]) >= 3
    assert json.loads(files["metrics/errors.json"])["series"]
    assert not collected.missing
    assert entry.data["sha256"] == collected.sha256
    assert entry.data["path"] == str(collected.path)
    assert len(secrets) > 2
    for secret in secrets:
        assert not any(secret.encode() in content for content in files.values())
    assert session.snapshot.collecting is None


async def test_it_is_stopped_by_hand_and_leaves_nothing(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, all_asked)
        await session.note("so that there is an incident")
        work = asyncio.create_task(session.collect_evidence(tmp_path / "out"))
        await until(session, lambda s: s.collecting is not None)
        with pytest.raises(SessionError, match="collected already"):
            await session.collect_evidence()
        while not work.done():
            await asyncio.sleep(0)
            try:
                session.end_evidence()
                break
            except SessionError:
                continue
        with pytest.raises(SessionError, match="nothing of it was kept"):
            await work
        assert list((tmp_path / "out").iterdir() if (tmp_path / "out").exists() else []) == []
        assert session.snapshot.collecting is None
        assert not [e for e in session.snapshot.entries if e.kind == Kind.EVIDENCE]


async def test_leaving_the_console_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            await until(session, all_asked)
            await session.note("so that there is an incident")
            work = asyncio.create_task(collecting(session))
            await until(session, lambda s: s.collecting is not None)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            incident = session.snapshot.incident
        assert incident is not None
        assert list(tmp_path.rglob("*.tar.gz*")) == []
        assert verify(tmp_path, incident.id).problems == ()


async def collecting(session: Session) -> None:
    await session.collect_evidence()
