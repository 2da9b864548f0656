"""The doctor's look at where keys are kept: the library, the login, the secret, and who owns it."""

from pathlib import Path

import pytest

from tests.clients.secrets.benches import NEW, OLD, bench
from tests.mitigations.keys import keyed
from tests.support.vault_server import TOKEN
from tui.clients.secrets import calling
from tui.model.keys import StoreError
from tui.model.reading import State
from tui.session.doctor_keys import look
from tui.settings import KeyStore, Settings


def on(named: KeyStore) -> Settings:
    return Settings(key_store=named)


async def test_the_secret_of_the_deployment_is_there_and_may_be_written(tmp_path: Path) -> None:
    async with keyed(tmp_path) as keys:
        found = await look(on(KeyStore()), keys.cluster)
    assert (found.state, found.remedy) == (State.OK, "")
    assert found.summary.startswith("Kubernetes Secret mistral/api-key can be read")


async def test_a_permission_that_is_missing_and_an_owner_are_warnings_with_a_remedy(tmp_path: Path) -> None:
    async with keyed(tmp_path, "viewer") as keys:
        found = await look(on(KeyStore()), keys.cluster)
        assert found.state is State.WARN
        assert "secrets/mistral patch in namespace prod" in found.summary
        assert found.remedy.startswith("Ask an administrator of ")
    async with keyed(tmp_path) as keys:
        keys.edit(
            lambda secret: secret["metadata"].update(labels={"reconcile.external-secrets.io/managed": ""})
        )
        found = await look(on(KeyStore()), keys.cluster)
        assert found.state is State.WARN
        assert "it is made by External Secrets" in found.summary
        assert found.remedy


async def test_a_cloud_store_is_read_and_what_it_lacks_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    async with keyed(tmp_path) as keys, bench("vault", "") as (vault, way):
        assert (await look(on(vault.named), keys.cluster)).state is State.OK
        assert vault.values() == [OLD], "a look writes nothing"
        vault.forbid(way)
        found = await look(on(vault.named), keys.cluster)
        assert (found.state, "patch" in found.summary, bool(found.remedy)) == (State.FAIL, True, True)
        assert not [value for value in (OLD, NEW, TOKEN) if value in found.summary + found.remedy]
        monkeypatch.setenv("VAULT_TOKEN", "another")
        assert (await look(on(vault.named), keys.cluster)).state is State.FAIL


async def test_a_library_that_is_missing_fails_and_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(extra: str, *_given: object) -> None:
        raise StoreError(f"The library of {extra} is missing.", f"Install leeward[{extra}].")

    monkeypatch.setattr(calling, "library", missing)
    monkeypatch.setattr("tui.clients.secrets.vault.library", missing, raising=False)
    async with keyed(tmp_path) as keys, bench("vault", "") as (vault, _):
        found = await look(on(vault.named), keys.cluster)
    assert (found.state, found.remedy) == (State.FAIL, "Install leeward[vault].")
