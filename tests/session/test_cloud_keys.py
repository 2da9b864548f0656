"""A key's rotation where the key is kept in Vault, and an operator brings it into the simulated cluster."""

from pathlib import Path
from random import Random

import msgspec
import pytest
from aiohttp import web

from tests.support.drills import ENVIRON, drill, settings_for, until
from tests.support.vault_server import TOKEN, Vault, serving
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.keys import named
from tui.model.secret import Secret
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import KeyStore, Loaded, VaultSecret

OTHER = "otherVALUE0123456789abcdefABCD04"


def ready(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


class Operated(Vault):
    """Vault, and the operator that copies each new version into the cluster's Secret."""

    world: Drill

    async def handle(self, request: web.Request) -> web.Response:
        before = len(self.versions)
        answer = await super().handle(request)
        if len(self.versions) > before:
            key = str((self.versions[-1] or {})["api-key"])
            self.world.cluster.set_key(key, manager="external-secrets")
        return answer


def on(world: Drill, url: str, state_dir: Path) -> Session:
    loaded = settings_for(world)
    where = KeyStore(kind="vault", vault=VaultSecret(address=url, path="prod/mistral", field="api-key"))
    changed = Loaded(msgspec.structs.replace(loaded.settings, key_store=where), loaded.file)
    return Session(changed, clock=SystemClock(), environ=ENVIRON, state_dir=state_dir, rng=Random(7))


@pytest.mark.slow
async def test_it_is_stored_in_vault_brought_to_the_pods_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    vault = Operated()
    async with drill("healthy", speed=60) as world, serving(vault.handle) as url:
        vault.world = world
        old, new = world.world.keys.ours, world.world.keys.candidate
        vault.versions.append({"api-key": old, "other": OTHER})
        session = on(world, url, tmp_path)
        await session.start()
        await until(session, ready)
        assert session.arm(session.snapshot.arming.word)
        plan = await session.preview_rotation(Secret(new))
        await session.approve(plan)
        await until(session, lambda seen: not seen.running, 60)
        assert plan.variable == "secret Vault secret/prod/mistral (api-key)"
        assert vault.versions == [{"api-key": old, "other": OTHER}, {"api-key": new, "other": OTHER}]
        incident = session.snapshot.incident
        assert incident is not None
        assert incident.mitigations[0].outcome == "applied"
        undo = await session.preview_undo()
        assert (undo.before, undo.after) == (named(Secret(new).fingerprint), named(Secret(old).fingerprint))
        await session.approve(undo)
        await until(session, lambda seen: not seen.running, 60)
        assert vault.versions[-1] == {"api-key": old, "other": OTHER}
        await session.stop()
    texts = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert texts
    assert not [text for text in texts for secret in (old, new, OTHER, TOKEN) if secret in text]


async def test_a_missing_capability_is_named_in_the_preview_and_nothing_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    vault = Vault(able={"read"})
    async with drill("bad-key") as world, serving(vault.handle) as url:
        vault.versions.append({"api-key": world.world.keys.ours})
        session = on(world, url, tmp_path)
        await session.start()
        await until(session, ready)
        with pytest.raises(SessionError, match="patch on secret/data/prod/mistral") as caught:
            await session.preview_rotation(Secret(world.world.keys.candidate))
        assert caught.value.remedy == "Ask whoever manages the policies of Vault for it."
        await session.stop()
    assert len(vault.versions) == 1
