"""Custom resources: a definition and its objects answer what the real server answered, and work."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.drill_kubernetes.conftest import Client
from tests.drill_kubernetes.recordings import load
from tests.drill_kubernetes.test_recordings import TABLE, Make, agrees
from tui.drill.kubernetes import KubeApi

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ENTRIES = "/apis/leeward.dev/v1/namespaces/prod/entries"


@pytest.fixture
async def admin(elsewhere: KubeApi, client: Make) -> Client:
    """An administrator where entries are defined."""
    found = client(elsewhere, "admin")
    assert (await found.replay("crd-create")).status_code == 201
    elsewhere.cluster.settle()
    return found


def entry(name: str, **spec: Any) -> dict[str, Any]:
    body: dict[str, Any] = load("entry-create")["request"]["body"]
    return {**body, "metadata": {"name": name}, "spec": {**body["spec"], **spec}}


async def test_a_definition_is_created_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    agrees(await client(elsewhere, "admin").replay("crd-create"), "crd-create")


@pytest.mark.parametrize("name", ["entry-create", "entry-invalid"])
async def test_an_entry_is_taken_or_refused_as_recorded(name: str, admin: Client) -> None:
    agrees(await admin.replay(name), name)


@pytest.mark.parametrize("name", ["entry-create-again", "entry-update-refused"])
async def test_an_entry_is_written_once_as_recorded(name: str, admin: Client) -> None:
    await admin.replay("entry-create")
    agrees(await admin.replay(name), name)


async def test_an_entry_without_permission_is_refused_as_recorded(admin: Client, client: Make) -> None:
    agrees(await client(admin.api, "responder").replay("entry-forbidden"), "entry-forbidden")


async def test_nothing_is_served_before_it_is_defined(elsewhere: KubeApi, client: Make) -> None:
    answer = await client(elsewhere, "admin").http.get(ENTRIES)
    assert answer.status_code == 404


async def test_entries_are_listed_by_the_field_that_the_definition_names(admin: Client) -> None:
    await admin.http.post(ENTRIES, json=entry("one"))
    await admin.http.post(ENTRIES, json=entry("two", incident="INC-2"))
    found = await admin.get(f"{ENTRIES}?fieldSelector=spec.incident%3DINC-2")
    assert [item["metadata"]["name"] for item in found["items"]] == ["two"]
    refused = await admin.http.get(f"{ENTRIES}?fieldSelector=spec.text%3Dx")
    assert refused.status_code == 400


async def test_entries_are_watched(admin: Client) -> None:
    await admin.http.post(ENTRIES, json=entry("one"))
    answer = await admin.http.get(f"{ENTRIES}?watch=true&timeoutSeconds=0.2")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["type"], line["object"]["metadata"]["name"]) for line in lines] == [("ADDED", "one")]


async def test_a_table_has_the_columns_of_the_definition(admin: Client) -> None:
    await admin.http.post(ENTRIES, json=entry("one", text="hello"))
    shown = await admin.get(ENTRIES, accept=TABLE)
    assert [column["name"] for column in shown["columnDefinitions"]] == [
        "Name", "Incident", "Kind", "At", "Text",
    ]  # fmt: skip
    assert shown["rows"][0]["cells"] == ["one", "INC-1", "note", "2026-11-23T15:00:00Z", "hello"]


async def test_discovery_names_what_was_defined(admin: Client) -> None:
    groups = (await admin.get("/apis"))["groups"]
    assert "leeward.dev" in [group["name"] for group in groups]
    (entries,) = (await admin.get("/apis/leeward.dev/v1"))["resources"]
    assert (entries["name"], entries["kind"], entries["shortNames"]) == ("entries", "Entry", ["lwe"])


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"occurredAt": "yesterday"}, "spec.occurredAt", "must be of type date-time"),
        ({"actor": 7}, "spec.actor", 'must be of type string: "integer"'),
        ({"incident": "x" * 65}, "spec.incident", "Too long"),
    ],
)
async def test_a_value_that_the_schema_refuses_is_refused(
    spec: dict[str, Any], field: str, words: str, admin: Client
) -> None:
    answer = await admin.http.post(ENTRIES, json=entry("odd", **spec))
    cause = answer.json()["details"]["causes"][0]
    assert (answer.status_code, cause["field"]) == (422, field)
    assert words in cause["message"]


async def test_unknown_fields_are_dropped_unless_the_schema_keeps_them(admin: Client) -> None:
    body = entry("one", data={"any": {"thing": 1}}, nope=True)
    answer = await admin.http.post(ENTRIES, json=body)
    assert answer.headers["warning"] == '299 - "unknown field \\"spec.nope\\""'
    spec = answer.json()["spec"]
    assert (spec["data"], "nope" in spec) == ({"any": {"thing": 1}}, False)


async def test_a_strategic_merge_is_not_for_custom_objects(admin: Client) -> None:
    await admin.http.post(ENTRIES, json=entry("one"))
    answer = await admin.patch(f"{ENTRIES}/one", {"metadata": {"labels": {"a": "b"}}})
    assert answer.status_code == 415
    answer = await admin.patch(f"{ENTRIES}/one", {"metadata": {"labels": {"a": "b"}}}, "merge-patch+json")
    assert (answer.status_code, answer.json()["metadata"]["generation"]) == (200, 1)


async def test_a_rule_that_is_not_simulated_is_refused_rather_than_ignored(
    elsewhere: KubeApi, client: Make
) -> None:
    body = load("crd-create")["request"]["body"]
    schema = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["x-kubernetes-validations"][0]["rule"] = "self.kind != 'x'"
    answer = await client(elsewhere, "admin").http.post(DEFINITIONS, json=body)
    assert answer.status_code == 422
    assert "self == oldSelf" in answer.json()["message"]


async def test_with_its_definition_everything_goes(admin: Client) -> None:
    await admin.http.post(ENTRIES, json=entry("one"))
    answer = await admin.http.delete(f"{DEFINITIONS}/entries.leeward.dev")
    assert answer.json()["status"] == "Success"
    assert (await admin.http.get(ENTRIES)).status_code == 404
