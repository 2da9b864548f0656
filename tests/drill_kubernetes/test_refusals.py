"""What a real server refuses of leases, names and sizes, by its public source, this one refuses, too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drill_kubernetes.conftest import Client
from tests.drill_kubernetes.test_recordings import Make
from tests.drill_kubernetes.test_shared import ENTRIES, LEASES, entry, lease, shared
from tui.drill.kubernetes import KubeApi

__all__ = ["shared"]
UNREADABLE = 'Lease in version "v1" cannot be handled as a Lease: '


@pytest.fixture
def ada(shared: KubeApi, client: Make) -> Client:
    return client(shared, "ada")


def told(answer: Any) -> str:
    causes = answer.json().get("details", {}).get("causes")
    return "; ".join(f"{cause['field']}: {cause['message']}" for cause in causes)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"leaseDurationSeconds": 0}, "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"),
        (
            {"leaseDurationSeconds": -1},
            "spec.leaseDurationSeconds: Invalid value: -1: must be greater than 0",
        ),
        (
            {"leaseTransitions": -1},
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ),
    ],
)
async def test_a_lease_that_is_not_valid_is_refused(spec: dict[str, Any], words: str, ada: Client) -> None:
    answer = await ada.http.post(LEASES, json=lease("one", **spec))
    assert (answer.status_code, told(answer)) == (422, words)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"leaseDurationSeconds": "30"},
            "cannot unmarshal string into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32",
        ),
        (
            {"holderIdentity": 7},
            "cannot unmarshal number 7 into Go struct field LeaseSpec.spec.holderIdentity of type string",
        ),
        ({"renewTime": "2026-11-23T15:00:00Z"}, 'parsing time "2026-11-23T15:00:00Z"'),
        ({"renewTime": "2026-13-23T15:00:00.000000Z"}, 'parsing time "2026-13-23T15:00:00.000000Z"'),
        ({"acquireTime": "yesterday"}, 'parsing time "yesterday"'),
    ],
)
async def test_a_lease_that_cannot_be_read_is_a_bad_request(
    spec: dict[str, Any], words: str, ada: Client
) -> None:
    answer = await ada.http.post(LEASES, json=lease("one", **spec))
    assert (answer.status_code, answer.json()["message"][: len(UNREADABLE)]) == (400, UNREADABLE)
    assert words in answer.json()["message"]


async def test_a_lease_may_be_nobodys_and_its_times_are_kept_in_utc(ada: Client) -> None:
    spec = {"holderIdentity": "", "renewTime": "2026-11-23T16:00:00.250000+01:00", "leaseDurationSeconds": 1}
    made = (await ada.http.post(LEASES, json=lease("one", **spec))).json()["spec"]
    assert made["renewTime"] == "2026-11-23T15:00:00.250000Z"
    assert made["holderIdentity"] == ""


async def test_fields_of_an_election_that_is_off_are_dropped_without_a_word(ada: Client) -> None:
    answer = await ada.http.post(LEASES, json=lease("one", strategy="Mine", preferredHolder="b"))
    assert (answer.status_code, "warning" in answer.headers) == (201, False)
    assert not {"strategy", "preferredHolder"} & set(answer.json()["spec"])


async def test_a_lease_is_not_written_over_unseen(ada: Client) -> None:
    made = (await ada.http.post(LEASES, json=lease("one"))).json()
    blind = await ada.http.put(f"{LEASES}/one", json=lease("one", holderIdentity="b"))
    assert (blind.status_code, told(blind)) == (
        422,
        "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update",
    )
    renewed = {**made, "spec": {**made["spec"], "holderIdentity": "b"}}
    assert (await ada.http.put(f"{LEASES}/one", json=renewed)).status_code == 200
    late = await ada.http.put(f"{LEASES}/one", json=renewed)
    assert (late.status_code, late.json()["reason"]) == (409, "Conflict")


async def test_a_lease_that_was_made_anew_is_another(ada: Client, client: Make) -> None:
    made = (await ada.http.post(LEASES, json=lease("one"))).json()
    assert (await client(ada.api, "keeper").http.delete(f"{LEASES}/one")).status_code == 200
    gone = await ada.http.put(f"{LEASES}/one", json=made)
    assert (gone.status_code, "UID in precondition" in gone.json()["message"]) == (409, True)
    await ada.http.post(LEASES, json=lease("one"))
    other = await ada.http.put(f"{LEASES}/one", json=made)
    assert (other.status_code, "UID in precondition" in other.json()["message"]) == (409, True)


async def test_a_put_makes_a_lease_for_those_who_may_create_one(ada: Client, client: Make) -> None:
    made = await ada.http.put(f"{LEASES}/one", json=lease("one"))
    assert (made.status_code, made.json()["metadata"]["name"]) == (201, "one")
    ada.api.cluster.faults.shared.forbid = frozenset({("create", "leases")})
    refused = await ada.http.put(f"{LEASES}/two", json=lease("two"))
    assert (refused.status_code, "cannot create" in refused.json()["message"]) == (403, True)
    assert (await ada.http.put(f"{ENTRIES}/e-1", json=entry("e-1"))).status_code == 403
    assert (await client(ada.api, "admin").http.put(f"{ENTRIES}/e-1", json=entry("e-1"))).status_code == 404


async def test_the_name_in_a_body_is_the_one_of_its_address(ada: Client) -> None:
    answer = await ada.http.put(f"{LEASES}/one", json=lease("two"))
    assert (answer.status_code, "does not match the name on the URL" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("E_1", 'metadata.name: Invalid value: "E_1": a lowercase RFC 1123 subdomain must consist of'),
        ("-e", 'metadata.name: Invalid value: "-e": a lowercase RFC 1123 subdomain must consist of'),
        ("e..2", 'metadata.name: Invalid value: "e..2": a lowercase RFC 1123 subdomain must consist of'),
        ("e" * 254, "must be no more than 253 bytes"),
        ("", "metadata.name: Required value: name or generateName is required"),
    ],
)
async def test_a_name_is_a_subdomain(name: str, words: str, ada: Client) -> None:
    answer = await ada.http.post(ENTRIES, json=entry(name))
    assert (answer.status_code, words in told(answer)) == (422, True), answer.text


async def test_a_part_of_an_entry_has_a_name_that_is_taken(ada: Client) -> None:
    assert (await ada.http.post(ENTRIES, json=entry("e-1.2"))).status_code == 201


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            {"labels": {"leeward.dev/incident": "not a label"}},
            'metadata.labels: Invalid value: "not a label"',
        ),
        ({"labels": {"leeward.dev/incident": "x" * 64}}, "must be no more than 63 bytes"),
        ({"labels": {"a b": "c"}}, 'metadata.labels: Invalid value: "a b": name part must consist of'),
        ({"labels": {"/b": "c"}}, "prefix part must be non-empty"),
        ({"annotations": {"a b": "c"}}, 'metadata.annotations: Invalid value: "a b"'),
        (
            {"annotations": {"a": "x" * 262_144}},
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
    ],
)
async def test_labels_and_annotations_are_checked(metadata: dict[str, Any], words: str, ada: Client) -> None:
    body = lease("one")
    answer = await ada.http.post(LEASES, json={**body, "metadata": {**body["metadata"], **metadata}})
    assert (answer.status_code, words in told(answer)) == (422, True), answer.text


async def test_what_etcd_does_not_take_is_refused_in_its_words(ada: Client, client: Make) -> None:
    admin = client(ada.api, "admin")
    body = {"metadata": {"name": "big"}, "data": {"a": "x" * 1_572_864}}
    version = ada.api.cluster.store.version
    answer = await admin.http.post("/api/v1/namespaces/prod/configmaps", json=body)
    assert (answer.status_code, answer.json()["message"]) == (500, "etcdserver: request is too large")
    assert "reason" not in answer.json()
    assert ada.api.cluster.store.version == version
    body["data"]["a"] = "x" * 1_500_000
    assert (await admin.http.post("/api/v1/namespaces/prod/configmaps", json=body)).status_code == 201


async def test_a_body_beyond_the_limit_is_not_read(ada: Client) -> None:
    answer = await ada.http.post(ENTRIES, json=entry("e-1", line="x" * (3 << 20)))
    assert (answer.status_code, answer.json()["reason"]) == (413, "RequestEntityTooLarge")


async def test_what_is_wrong_is_told_before_that_it_is_there_already(ada: Client) -> None:
    assert (await ada.http.post(ENTRIES, json=entry("e-1"))).status_code == 201
    invalid = entry("e-1", text="x" * 1025)
    assert (await ada.http.post(ENTRIES, json=invalid)).status_code == 422
    answer = await ada.http.post(ENTRIES, json=entry("e-1"))
    assert (answer.status_code, answer.json()["reason"]) == (409, "AlreadyExists")


async def test_a_namespace_that_is_not_there_or_ends_takes_nothing(shared: KubeApi, client: Make) -> None:
    admin = client(shared, "admin")
    missing = await admin.http.post(ENTRIES.replace("leeward/", "nowhere/"), json=entry("e-1"))
    assert (missing.status_code, missing.json()["message"]) == (404, 'namespaces "nowhere" not found')
    assert (await admin.get(ENTRIES.replace("leeward/", "nowhere/")))["items"] == []
    # As it is while a pod of it still stops.
    space = {"deletionTimestamp": "2026-11-23T15:00:00Z"}
    found = shared.cluster.store.find
    ended = {**namespace(shared), "status": {"phase": "Terminating"}}
    ended["metadata"] = {**ended["metadata"], **space}
    shared.cluster.store.find = lambda *of: ended if of[2] == "leeward" else found(*of)  # type: ignore[method-assign]
    answer = await admin.http.post(ENTRIES, json=entry("e-1"))
    assert answer.status_code == 403
    assert told(answer) == "metadata.namespace: namespace leeward is being terminated"


def namespace(api: KubeApi) -> dict[str, Any]:
    from tui.drill.kubernetes.resources import NAMESPACES

    return api.cluster.store.get(NAMESPACES, "", "leeward")
