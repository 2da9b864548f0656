"""Leases of the shared place: as a real server has them, changed only by who read the newest version."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from aiohttp import web

from tests.clients.shared.stub import LEASES, SharedStub, streaming
from tests.clients.shared.support import RECORDINGS, SECONDS, refusal, until
from tests.support.api_stub import Answer, status
from tui.clients.cluster_errors import Reason
from tui.clients.leases import LEEWARD, MANAGED_BY, LeaseObject, Leases, labelled, micro_time

RECORDED_AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
RECORDED = LeaseObject(
    "leeward", "responder-1", 30, renewed_at=RECORDED_AT, acquired_at=RECORDED_AT, transitions=0
)
PATH = f"{LEASES}/leeward"
HOSTILE: list[Any] = [
    7, None, "lease", [], {}, {"metadata": None}, {"metadata": {"name": 7}}, {"metadata": {"labels": {}}},
]  # fmt: skip


def recording(name: str) -> Any:
    return json.loads((RECORDINGS / f"lease-{name}.json").read_text())


def answer(name: str) -> tuple[int, Any]:
    response = recording(name)["response"]
    return response["status"], response["body"]


def raw(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {MANAGED_BY: LEEWARD}}, "spec": spec}


def losing(stub: SharedStub) -> Any:
    """Does what is asked, and tears the connection before it says so."""

    async def loses(request: web.Request) -> Answer:
        await stub._own(request, await request.text())
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return loses


# -- creating


async def test_a_lease_is_created_as_it_was_recorded(stub: SharedStub, leases: Leases) -> None:
    stub.script("POST", LEASES, answer("create"))
    made = await leases.create(replace(RECORDED, annotations={"leeward.dev/what": "command"}))
    (_, path, sent) = stub.requests[-1]
    wanted = recording("create")["request"]["body"]
    wanted["metadata"] |= {"labels": {MANAGED_BY: LEEWARD}, "annotations": {"leeward.dev/what": "command"}}
    assert (path, sent) == (LEASES, wanted)
    assert made == replace(RECORDED, version="837", uid="1b638bb1-7eb0-4801-91c2-c55c0cd52c9f")


async def test_a_name_that_is_taken_is_told_and_nothing_is_changed(stub: SharedStub, leases: Leases) -> None:
    stub.script("POST", LEASES, answer("already-exists"))
    error = await refusal(leases.create(RECORDED))
    assert (error.reason, error.status_reason, error.sent) == (Reason.CONFLICT, "AlreadyExists", False)
    assert error.said == (
        "There is lease leeward in namespace leeward of prod-eu already; nothing was changed."
    )
    await leases.create(RECORDED)
    again = await refusal(leases.create(replace(RECORDED, holder="responder-2")))
    assert again.status_reason == "AlreadyExists"
    assert stub.objects[PATH]["spec"]["holderIdentity"] == "responder-1"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (RECORDED_AT, "2026-11-23T15:00:00.000000Z"),
        (RECORDED_AT + timedelta(microseconds=7), "2026-11-23T15:00:00.000007Z"),
        (datetime(2026, 11, 23, 16, tzinfo=timezone(timedelta(hours=1))), "2026-11-23T15:00:00.000000Z"),
        (None, None),
    ],
)
def test_a_moment_is_written_as_the_server_has_it(at: datetime | None, text: str | None) -> None:
    assert micro_time(at) == text


# -- replacing


async def test_a_lease_is_replaced_as_it_was_recorded(stub: SharedStub, leases: Leases) -> None:
    stub.objects[PATH] = recording("create")["response"]["body"]
    read = await leases.get("leeward")
    assert read is not None
    stub.script("PUT", PATH, answer("update-conflict"))
    error = await refusal(leases.replace(replace(read, holder="responder-2")))
    wanted = recording("update-conflict")["request"]["body"]
    del wanted["metadata"]["managedFields"]  # the server keeps its own
    wanted["metadata"] |= {"labels": {MANAGED_BY: LEEWARD}, "annotations": {}}
    assert stub.requests[-1] == ("PUT", PATH, wanted)
    assert (error.reason, error.status_reason) == (Reason.CONFLICT, "Conflict")
    assert error.said == (
        "Somebody changed lease leeward in namespace leeward of prod-eu at the same moment; "
        "nothing was applied."
    )
    assert error.remedy == "It is read again before anything is decided."


async def test_only_who_read_the_newest_version_replaces_it(stub: SharedStub, leases: Leases) -> None:
    first = await leases.create(RECORDED)
    second = await leases.replace(replace(first, holder="responder-2", transitions=1))
    assert second.version != first.version
    error = await refusal(leases.replace(replace(first, holder="responder-3")))
    assert (error.reason, error.status_reason) == (Reason.CONFLICT, "Conflict")
    assert await leases.get("leeward") == second
    third = await leases.replace(replace(second, holder=""))
    assert (third.holder, third.transitions, third.uid) == ("", 1, first.uid)


async def test_a_lease_that_was_made_anew_is_not_the_one_that_was_read(
    stub: SharedStub, leases: Leases
) -> None:
    first = await leases.create(RECORDED)
    stub.remove(PATH)
    gone = await refusal(leases.replace(first))
    assert (gone.reason, gone.status_reason) == (Reason.MISSING, "NotFound")
    another = await leases.create(replace(RECORDED, holder="responder-2"))
    assert (await refusal(leases.replace(first))).reason is Reason.CONFLICT
    assert await leases.delete(first) is False
    assert await leases.get("leeward") == another


async def test_what_is_not_ours_in_a_lease_is_kept_as_it_was(stub: SharedStub, leases: Leases) -> None:
    foreign = {"kubectl.kubernetes.io/last-applied-configuration": "a\tb\n" + "x" * 5_000}
    labels = {"team": "payments", MANAGED_BY: "helm"}
    metadata = {
        "name": "leeward",
        "labels": labels,
        "annotations": {**foreign, "leeward.dev/what": "command", "leeward.dev/last": "1"},
        "finalizers": ["other.example/hold"],
        "managedFields": [{"manager": "kubectl"}],
    }
    spec = {"holderIdentity": "a", "leaseDurationSeconds": 30, "strategy": "OldestEmulationVersion"}
    stub.put(LEASES, {"metadata": metadata, "spec": spec})
    read = await leases.get("leeward")
    assert read is not None
    assert read.annotations == {"leeward.dev/what": "command", "leeward.dev/last": "1"}
    await leases.replace(replace(read, holder="b", annotations={"leeward.dev/last": "2"}))
    sent = stub.requests[-1][2]
    assert sent["metadata"]["annotations"] == {**foreign, "leeward.dev/last": "2"}
    assert sent["metadata"]["labels"] == {"team": "payments", MANAGED_BY: LEEWARD}
    assert sent["metadata"]["finalizers"] == ["other.example/hold"]
    assert "managedFields" not in sent["metadata"]
    assert sent["spec"] == {**spec, "holderIdentity": "b", "leaseTransitions": 0}


async def test_what_a_lease_does_not_say_is_not_made_up(stub: SharedStub, leases: Leases) -> None:
    stub.put(LEASES, {"metadata": {"name": "leeward"}})
    read = await leases.get("leeward")
    assert read is not None
    assert read == LeaseObject("leeward", version=read.version, uid=read.uid)
    await leases.replace(read)
    sent = stub.requests[-1][2]
    # A duration of 0 would be refused: `must be greater than 0`.
    assert sent["spec"] == {"holderIdentity": "", "leaseTransitions": 0}


async def test_fields_of_a_wrong_type_are_left_out(stub: SharedStub, leases: Leases) -> None:
    spec = {
        "holderIdentity": ["a"], "leaseDurationSeconds": True, "renewTime": "yesterday", "acquireTime": 7,
        "leaseTransitions": -1,
    }  # fmt: skip
    annotations = {"leeward.dev/name": "a\u202e\x1b[31mda" * 1_000, "leeward.dev/last": 7}
    metadata = {"name": "leeward", "labels": {"a": 1}, "annotations": annotations}
    stub.put(LEASES, {"metadata": metadata, "spec": spec})
    read = await leases.get("leeward")
    assert read is not None
    assert (read.holder, read.duration_s, read.transitions) == ("", 0, 0)
    assert (read.renewed_at, read.acquired_at, read.labels) == (None, None, {})
    assert set(read.annotations) == {"leeward.dev/name"}
    assert read.annotations["leeward.dev/name"].isprintable()
    assert len(read.annotations["leeward.dev/name"]) <= 1_024


@pytest.mark.parametrize("duration", [-1, 0, 30.5, "30", 10**30, 24 * 3600 + 1])
async def test_a_duration_that_nobody_could_mean_is_none(
    stub: SharedStub, leases: Leases, duration: object
) -> None:
    stub.put(LEASES, raw("leeward", leaseDurationSeconds=duration))
    read = await leases.get("leeward")
    assert read is not None
    assert read.duration_s == 0


# -- what is not there, or no lease


async def test_a_lease_that_is_not_there_is_none_and_deleting_it_is_nothing(
    stub: SharedStub, leases: Leases
) -> None:
    assert await leases.get("leeward") is None
    made = await leases.create(RECORDED)
    assert await leases.delete(made) is True
    assert await leases.delete(made) is False
    assert stub.objects == {}


async def test_a_lease_that_was_renewed_is_not_deleted_by_who_saw_the_one_before(
    stub: SharedStub, leases: Leases
) -> None:
    first = await leases.create(RECORDED)
    renewed = await leases.replace(first)
    assert await leases.delete(first) is False
    assert await leases.get("leeward") == renewed


@pytest.mark.parametrize("body", [b"7", b"<html>", b"\xff", b"[" * 90_000, b'{"a":"\\ud800"}', b""])
async def test_what_is_no_lease_is_told_as_such(stub: SharedStub, leases: Leases, body: bytes) -> None:
    async def odd(request: web.Request) -> Answer:
        return web.Response(body=body)

    stub.script("GET", PATH, odd)
    error = await refusal(leases.get("leeward"))
    assert error.reason is Reason.SERVER
    assert "lease leeward is no lease" in error.said


# -- answers that are lost


async def test_a_lost_answer_leaves_the_lease_there_for_who_reads_it_again(
    stub: SharedStub, leases: Leases
) -> None:
    stub.script("POST", LEASES, losing(stub))
    error = await refusal(leases.create(RECORDED))
    assert (error.reason, error.sent) == (Reason.UNREACHABLE, True)
    assert (await refusal(leases.create(RECORDED))).status_reason == "AlreadyExists"
    made = await leases.get("leeward")
    assert made is not None
    assert made.holder == RECORDED.holder


async def test_a_replacement_whose_answer_was_lost_is_a_conflict_with_ourselves(
    stub: SharedStub, leases: Leases
) -> None:
    made = await leases.create(RECORDED)
    stub.script("PUT", PATH, losing(stub))
    error = await refusal(leases.replace(replace(made, holder="b")))  # the library sends it once more
    assert (error.reason, error.status_reason) == (Reason.CONFLICT, "Conflict")
    read = await leases.get("leeward")
    assert read is not None
    assert read.holder == "b"
    stub.script("PUT", PATH, losing(stub), losing(stub))
    error = await refusal(leases.replace(replace(read, holder="c")))
    assert (error.reason, error.sent) == (Reason.UNREACHABLE, True)
    assert stub.objects[PATH]["spec"]["holderIdentity"] == "c"


async def test_a_deletion_whose_answer_was_lost_is_done_all_the_same(
    stub: SharedStub, leases: Leases
) -> None:
    made = await leases.create(RECORDED)
    stub.script("DELETE", PATH, losing(stub))
    assert await leases.delete(made) is False
    assert stub.objects == {}


# -- listing


async def test_the_list_has_the_consoles_leases_and_says_from_where_to_watch(
    stub: SharedStub, leases: Leases
) -> None:
    made = [await leases.create(replace(RECORDED, name=f"leeward-{number}")) for number in range(3)]
    stub.put(LEASES, {"metadata": {"name": "kube-scheduler"}, "spec": {"holderIdentity": "x"}})
    found, version = await leases.list()
    assert found == tuple(made)
    assert version == str(stub.version)


async def test_hostile_items_cost_nothing_but_themselves(stub: SharedStub, leases: Leases) -> None:
    spec = {"holderIdentity": "\x1b]0;x\x07a", "renewTime": "9999-99-99T99:99:99Z"}
    items = [
        *HOSTILE,
        {"metadata": {"name": "leeward"}, "spec": spec},
        {"metadata": {"name": "b"}, "spec": 7},
    ]
    listed = {"metadata": {"resourceVersion": "7"}, "items": items}
    stub.script("GET", LEASES, (200, listed))
    found, version = await leases.list()
    assert [lease.name for lease in found] == ["leeward", "b"]
    assert found[0].holder.isprintable()
    assert found[0].renewed_at is None
    assert version == "7"
    stub.script("GET", LEASES, (200, {"metadata": {"resourceVersion": "8"}, "items": None}))
    assert await leases.list() == ((), "8")


# -- watching


async def test_a_watch_tells_each_change_and_where_to_go_on(stub: SharedStub, leases: Leases) -> None:
    first = await leases.create(RECORDED)
    second = await leases.replace(replace(first, holder=""))
    stub.put(LEASES, {"metadata": {"name": "kube-scheduler"}, "spec": {}})
    await leases.delete(second)
    stub.bookmark(LEASES)
    seen = await until(leases.watch("1000", 60), 4)
    assert [one.kind for one in seen] == ["changed", "changed", "deleted", "bookmark"]
    assert [one.lease for one in seen[:2]] == [first, second]
    assert [one.name for one in seen] == ["leeward", "leeward", "leeward", ""]
    assert seen[-1].version == str(stub.version)
    (again,) = await until(leases.watch(seen[1].version, 60), 1)
    assert again.kind == "deleted"
    assert "labelSelector=app.kubernetes.io" in stub.requests[-1][1].replace("%3D", "=").replace("%2F", "/")


@pytest.mark.parametrize(
    "gone",
    [
        (410, status(410, "Expired", "too old resource version: 1 (5)")),
        streaming(json.dumps({"type": "ERROR", "object": status(410, "Expired", "old")}).encode() + b"\n"),
    ],
)  # fmt: skip
async def test_a_version_that_is_forgotten_is_told_apart(stub: SharedStub, leases: Leases, gone: Any) -> None:
    stub.script("GET", LEASES, gone)
    error = await refusal(until(leases.watch("1", 30)))
    assert error.reason is Reason.EXPIRED
    assert "does not keep what happened to leases" in error.said


async def test_a_watch_that_breaks_is_told_after_what_came_whole(stub: SharedStub, leases: Leases) -> None:
    line = json.dumps({"type": "ADDED", "object": raw("leeward")}).encode() + b"\n"
    came = asyncio.Event()

    async def breaks(request: web.Request) -> Answer:
        response = await streaming(line)(request)
        assert isinstance(response, web.StreamResponse)
        await came.wait()
        await response.write(b'{"type":"MODIFIED","object":{')
        assert request.transport is not None
        request.transport.abort()
        return response

    stub.script("GET", LEASES, breaks)
    async with asyncio.timeout(SECONDS), aclosing(leases.watch("1", 60)) as events:
        assert (await anext(events)).name == "leeward"
        came.set()
        error = await refusal(anext(events))
    assert error.reason is Reason.UNREACHABLE


async def test_a_line_that_is_too_long_is_skipped_and_the_watch_lives(
    stub: SharedStub, leases: Leases
) -> None:
    good = json.dumps({"type": "MODIFIED", "object": raw("leeward")}).encode() + b"\n"
    stub.script("GET", LEASES, streaming(*[b"x" * 65_536] * 80, b"\n", good))
    over, changed = await until(leases.watch("1", 30), 2)
    assert (over.kind, over.lease, over.version) == ("bookmark", None, "")
    assert (changed.kind, changed.name) == ("changed", "leeward")


async def test_no_line_of_a_watch_is_an_exception_or_a_lease_without_a_name(
    stub: SharedStub, leases: Leases
) -> None:
    odd = [json.dumps({"type": kind, "object": one}) for kind in ("ADDED", "DELETED") for one in HOSTILE]
    lines = [*(line.encode() for line in odd), b'{"type":"NEW","object":{}}']
    stub.script("GET", LEASES, streaming(b"\n".join(lines) + b"\n"))
    seen = await until(leases.watch("1", 30))
    assert len(seen) == len(lines)
    assert {(one.kind, one.lease, one.name) for one in seen} == {("bookmark", None, "")}


async def test_a_watch_that_trickles_a_byte_at_a_time_is_read_whole(stub: SharedStub, leases: Leases) -> None:
    events = [
        {"type": "ADDED", "object": raw("leeward", holderIdentity="ä", renewTime=micro_time(RECORDED_AT))},
        {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}},
    ]
    data = "".join(json.dumps(event, ensure_ascii=False) + "\r\n" for event in events).encode()
    stub.script("GET", LEASES, streaming(*(data[at : at + 1] for at in range(len(data)))))
    added, bookmark = await until(leases.watch("1", 30))
    assert added.lease is not None
    assert (added.lease.holder, added.lease.renewed_at) == ("ä", RECORDED_AT)
    assert (bookmark.kind, bookmark.version) == ("bookmark", "9")


async def test_a_watch_that_trickles_for_ever_ends_in_its_time(stub: SharedStub, leases: Leases) -> None:
    async def trickles(request: web.Request) -> Answer:
        response = await streaming()(request)
        assert isinstance(response, web.StreamResponse)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b"x")
            await asyncio.sleep(0.01)
        return response

    stub.script("GET", LEASES, trickles)
    assert await until(leases.watch("1", 0.5)) == []


def test_a_lease_is_labelled_beside_what_it_has() -> None:
    assert labelled(replace(RECORDED, labels={"a": "b"})).labels == {"a": "b", MANAGED_BY: LEEWARD}
