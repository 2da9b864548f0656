"""The key in GCP Secret Manager: by Google's library over REST, against a server that speaks it."""

import json
import logging
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.clients.secrets.benches import NEW, OLD, OTHER, THEIRS, Gcp
from tests.clients.secrets.test_clouds import tells_nothing
from tests.support.between import Between
from tui.clients.secrets import StoreError
from tui.clients.secrets.gcp import GcpStore
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.settings import GcpSecret

World = tuple[Gcp, Between]


async def test_a_version_that_was_added_at_the_same_moment_is_told(
    gcp: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The API has no precondition: ours is the newest then, which must be said and not hidden."""
    bench, _ = gcp
    caplog.set_level(logging.DEBUG)
    store = await bench.open()
    before = (await store.read()).version
    bench.server.between.append(THEIRS.encode())
    with pytest.raises(StoreError) as caught:
        await store.write(Secret(NEW), after=before, token="change-1")
    assert (caught.value.outcome, caught.value.sent) == ("conflict", True)
    assert "ours is version 3 and the newest" in caught.value.said
    tells_nothing(caught.value, caplog)


async def test_the_other_members_of_an_object_stay(gcp: World) -> None:
    bench, _ = gcp
    bench.somebody_writes(json.dumps({"other": OTHER, "api-key": OLD}))
    bench.named = bench.in_json()
    store = await bench.open()
    before = await store.read()
    await store.write(Secret(NEW), after=before.version, token="change-1")
    assert json.loads(bench.values()[-1]) == {"other": OTHER, "api-key": NEW}


async def test_the_key_before_is_the_newest_other_one_that_can_be_read(gcp: World) -> None:
    bench, _ = gcp
    bench.server.versions += [THEIRS.encode(), b"a version that is disabled", NEW.encode(), NEW.encode()]
    bench.server.states[3] = "DISABLED"
    previous = await (await bench.open()).previous()
    assert previous is not None
    assert (previous.secret, previous.version) == (Secret(THEIRS), "2")


async def test_missing_permissions_are_asked_for_beforehand(gcp: World) -> None:
    bench, _ = gcp
    store = await bench.open()
    assert await store.permissions() == ()
    bench.server.granted = {"secretmanager.versions.access"}
    assert await store.permissions() == ("secretmanager.versions.add",)
    bench.server.granted = set()
    assert await store.permissions() == ("secretmanager.versions.access", "secretmanager.versions.add")
    with pytest.raises(StoreError, match=r"secretmanager.versions.access is missing"):
        await store.read()
    assert store.whom == "whoever manages IAM of the project my-project"


def set_(server: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(server, name, value)


@pytest.mark.parametrize(
    ("values", "said", "remedy"),
    [
        ({"logged_in": False}, "has expired, or is refused", "gcloud auth application-default login"),
        ({"enabled": False}, "is not enabled in the project", "enable secretmanager.googleapis.com"),
        ({"states": {1: "DISABLED"}}, "is disabled or destroyed", "gcloud secrets versions enable"),
        ({"versions": []}, "has no version", "key_store.gcp.secret"),
    ],
)
async def test_what_gcp_refuses_is_told_with_a_remedy(
    gcp: World, values: dict[str, Any], said: str, remedy: str
) -> None:
    bench, _ = gcp
    set_(bench.server, **values)
    with pytest.raises(StoreError, match=said) as caught:
        await (await bench.open()).read()
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [(409, "by somebody else", "conflict"), (429, "quota", "refused"), (418, "HTTP 418", "refused")],
)
async def test_other_statuses(gcp: World, status: int, said: str, outcome: str) -> None:
    bench, way = gcp
    store = await bench.open()
    before = (await store.read()).version
    way.fault(bench.writes, (status, b"{}", "application/json"))
    with pytest.raises(StoreError, match=said) as caught:
        await store.write(Secret(NEW), after=before, token="change-1")
    assert caught.value.outcome == outcome


async def test_no_credentials_are_said_with_what_to_do(
    gcp: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    bench, _ = gcp
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(StoreError, match="There are no usable credentials for GCP") as caught:
        await (await bench.open()).read()
    assert "GOOGLE_APPLICATION_CREDENTIALS" in caught.value.remedy


async def test_bytes_that_are_no_text_are_refused(gcp: World) -> None:
    bench, _ = gcp
    bench.server.versions.append(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="holds bytes that are no text"):
        await (await bench.open()).read()


async def test_no_warning_of_the_library_stands_on_the_screen(
    gcp: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Google's warns of a person's own login without a quota project; here a warning is an error."""
    bench, _ = gcp
    login = {
        "type": "authorized_user",
        "client_id": CLIENT_OF_GCLOUD,
        "client_secret": "a",
        "refresh_token": "b",
    }
    folder = tmp_path / "gcloud"
    folder.mkdir()
    (folder / "application_default_credentials.json").write_text(json.dumps(login))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path))  # the library asks gcloud for a project that we do not need
    store = await bench.open()
    assert isinstance(store, GcpStore)
    made = store._connected()
    assert made.transport._credentials.refresh_token == "b"


CLIENT_OF_GCLOUD = "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"


def test_the_commands_by_hand_name_project_and_place_and_quote_what_is_odd() -> None:
    where = GcpSecret(secret="projects/p/locations/europe-west1/secrets/s", json_key="it's")
    store = GcpStore(where, Redactor())
    for command in (store.by_hand(), store.back_by_hand()):
        assert "--project p --location europe-west1" in command
        assert subprocess.run(["bash", "-n", "-c", command], capture_output=True).returncode == 0
    assert msgspec.structs.asdict(where)["json_key"] == "it's"
