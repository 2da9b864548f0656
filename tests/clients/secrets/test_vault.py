"""The key in a KV store, version 2: by hvac, against a server that speaks Vault's API."""

import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.clients.secrets.benches import NEW, OLD, OTHER, THEIRS, OfVault
from tests.clients.secrets.test_clouds import tells_nothing
from tests.support.between import Between
from tests.support.hostile import trusted_by
from tests.support.vault_server import TOKEN, serving
from tui.clients.secrets import StoreError
from tui.clients.secrets.vault import VaultStore
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.settings import SecretSource

World = tuple[OfVault, Between]


async def rotate(bench: OfVault) -> None:
    store = await bench.open()
    await store.write(Secret(NEW), after=(await store.read()).version, token="change-1")


async def test_one_field_is_merged_with_the_check_and_the_others_never_travel(vault: World) -> None:
    bench, _ = vault
    await rotate(bench)
    assert bench.server.versions[-1] == {"api-key": NEW, "other": OTHER}
    assert bench.server.writes == [
        ("PATCH", "application/merge-patch+json", {"options": {"cas": 1}, "data": {"api-key": NEW}})
    ]


@pytest.mark.parametrize("values", [{"able": {"read", "update"}}, {"merges": False}])
async def test_who_may_not_merge_writes_the_whole_with_the_same_check(
    vault: World, values: dict[str, Any]
) -> None:
    bench, _ = vault
    for name, value in values.items():
        setattr(bench.server, name, value)
    await rotate(bench)
    assert bench.server.versions[-1] == {"api-key": NEW, "other": OTHER}
    assert bench.server.writes[-1][2]["options"] == {"cas": 1}


@pytest.mark.parametrize("merges", [True, False])
async def test_a_version_between_the_reading_and_the_writing_is_refused_by_vault_itself(
    vault: World, merges: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bench, way = vault
    caplog.set_level(logging.DEBUG)
    bench.server.merges = merges
    store = await bench.open()
    before = (await store.read()).version

    def theirs(request: Any, body: bytes) -> bool:
        if request.method != "GET" and len(bench.server.versions) == 1:
            bench.somebody_writes(THEIRS)
        return False

    way.fault(theirs, "")
    with pytest.raises(StoreError, match="Somebody wrote version 2") as caught:
        await store.write(Secret(NEW), after=before, token="change-1")
    assert (caught.value.outcome, caught.value.sent) == ("conflict", False)
    assert bench.values() == [OLD, THEIRS]
    tells_nothing(caught.value, caplog)


async def test_capabilities_are_asked_for_beforehand(vault: World) -> None:
    bench, _ = vault
    store = await bench.open()
    for able, missing in (
        ({"read", "patch"}, ()),
        ({"root"}, ()),
        ({"read"}, ("patch on secret/data/prod/mistral",)),
        ({"update"}, ("read on secret/data/prod/mistral",)),
        ({"deny"}, ("read on secret/data/prod/mistral", "patch on secret/data/prod/mistral")),
    ):
        bench.server.able = able
        assert await store.permissions() == missing


async def test_a_missing_capability_and_a_token_that_is_not_known_are_told_apart(vault: World) -> None:
    bench, _ = vault
    bench.server.able = set()
    with pytest.raises(StoreError, match="the capability read on secret/data/prod/mistral is missing"):
        await (await bench.open()).read()
    bench.server.token = "another"
    with pytest.raises(StoreError, match=r"does not know the token for .*, or it has expired") as caught:
        await (await bench.open()).read()
    assert "vault login" in caught.value.remedy


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b'{"errors": ["Vault is sealed"]}', "application/json"), "is sealed"),
        ((501, b'{"errors": []}', "application/json"), "was never initialised"),
        ((404, b'{"errors": []}', "application/json"), "There is nothing at Vault secret/prod/mistral"),
        ((429, b'{"errors": []}', "application/json"), "was asked too often"),
        ((400, b'{"errors": ["no"]}', "application/json"), "refuses the request as invalid"),
        ((500, b'{"errors": ["internal error"]}', "application/json"), "fails"),
        (
            (200, b'{"data": {"data": {}, "metadata": {"version": 1}}}', "application/json"),
            "no text in the field",
        ),
    ],
)
async def test_what_vault_refuses_is_told_with_a_remedy(
    vault: World, answer: tuple[int, bytes, str], said: str
) -> None:
    bench, way = vault
    way.fault(lambda *_: True, answer)
    with pytest.raises(StoreError, match=said) as caught:
        await (await bench.open()).read()
    assert caught.value.remedy


async def test_a_deleted_version_is_no_key_before(vault: World) -> None:
    bench, _ = vault
    bench.server.versions += [
        {"api-key": THEIRS},
        None,
        {"other": "no key"},
        {"api-key": NEW},
        {"api-key": NEW},
    ]
    previous = await (await bench.open()).previous()
    assert previous is not None
    assert (previous.secret, previous.version) == (Secret(THEIRS), "2")


async def test_the_token_is_sent_to_nowhere_else(vault: World, caplog: pytest.LogCaptureFixture) -> None:
    bench, way = vault

    async def elsewhere(request: Any, body: bytes) -> Any:
        from aiohttp import web

        return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/v1/secret"})

    way._forward = elsewhere  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="sends us to another address") as caught:
        await (await bench.open()).read()
    tells_nothing(caught.value, caplog)


async def test_a_certificate_of_ones_own_authority_is_believed_where_it_is_named(
    vault: World, tmp_path: Path
) -> None:
    bench, _ = vault
    tls, authority = trusted_by()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with serving(bench.server.handle, tls) as url:
        where = msgspec.structs.replace(bench.named.vault, address=url)
        bench.named = msgspec.structs.replace(bench.named, vault=where)
        with pytest.raises(StoreError, match="its certificate is not trusted") as caught:
            await (await bench.open()).read()
        assert "key_store.vault.ca_file" in caught.value.remedy
        where = msgspec.structs.replace(where, ca_file=str(tmp_path / "ca.pem"))
        bench.named = msgspec.structs.replace(bench.named, vault=where)
        store = await bench.open()
        assert (await store.read()).secret == Secret(OLD)
        await store.close()


async def test_the_token_comes_from_the_settings_else_from_the_login(vault: World, tmp_path: Path) -> None:
    bench, way = vault
    bench.server.namespace = "team"
    unset = msgspec.structs.replace(bench.named.vault, address="")
    environ = {"VAULT_ADDR": f"{way.url}/", "VAULT_NAMESPACE": "team", "HOME": str(tmp_path)}
    store = await VaultStore.opened(unset, environ, Redactor())
    with pytest.raises(StoreError, match="There is no token for Vault") as caught:
        await store.read()
    assert "vault login" in caught.value.remedy
    (tmp_path / ".vault-token").write_text(f"{TOKEN}\n")
    assert (await store.read()).secret == Secret(OLD)
    bench.server.token = "hvs.another"
    with pytest.raises(StoreError, match="does not know the token"):
        await store.read()
    (tmp_path / ".vault-token").write_text("hvs.another")
    assert (await store.read()).secret == Secret(OLD)  # whoever logged in again need not start again
    bench.server.token = TOKEN
    redact = Redactor()
    named = msgspec.structs.replace(unset, token=SecretSource(env="OURS"), namespace="team")
    store = await VaultStore.opened(named, {"VAULT_ADDR": way.url, "OURS": TOKEN}, redact)
    assert (await store.read()).secret == Secret(OLD)
    assert TOKEN not in redact.text(f"it is {TOKEN}")


async def test_what_is_not_set_is_named(vault: World) -> None:
    bench, _ = vault
    unset = msgspec.structs.replace(bench.named.vault, address="")
    with pytest.raises(StoreError, match="No address is known") as caught:
        await (await VaultStore.opened(unset, {"VAULT_TOKEN": TOKEN}, Redactor())).read()
    assert "VAULT_ADDR" in caught.value.remedy
    nowhere = msgspec.structs.replace(
        bench.named.vault, address="https://127.0.0.1:1", ca_file="/nonexistent/ca.pem"
    )
    with pytest.raises(StoreError, match=r"certificates in /nonexistent/ca.pem cannot be read"):
        await (await VaultStore.opened(nowhere, {"VAULT_TOKEN": TOKEN}, Redactor())).read()


async def test_the_commands_by_hand(vault: World) -> None:
    bench, way = vault
    store = await bench.open()
    assert store.by_hand() == (
        f"tr -d '[:space:]' | vault kv patch -address={way.url} -mount=secret prod/mistral api-key=-"
    )
    assert "-field=api-key -version=" in store.back_by_hand()
