"""Entries of the shared place: created once, listed whole, watched without loss, refused in words."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.clients.shared.stub import (
    ENTRIES,
    LEASES,
    SharedStub,
    forbidden,
    invalid,
    no_namespace,
    not_served,
    streaming,
)
from tests.clients.shared.support import ENTRY, INCIDENT, SECONDS, line_of, refusal, until
from tests.support.api_stub import KEY, TOKEN, UNAUTHORIZED, Answer, kubeconfig, status
from tui.clients import shared_asking
from tui.clients.cluster_errors import Reason
from tui.clients.leases import Leases
from tui.clients.shared_entries import Created, SharedEntries
from tui.clients.shared_objects import PART_BYTES, objects
from tui.clients.shared_place import SharedPlace
from tui.model.redaction import Redactor
from tui.model.sharing import SharedLine

LONG = "x" * PART_BYTES + "ä" * PART_BYTES  # 24,000 and 48,000 bytes: three parts


def numbered(number: int, line: str = "{}", kind: str = "note") -> SharedLine:
    return line_of(line, kind, entry=f"01jd7m3s9zqk8v4x2b6n{number:06}")


# -- creating


async def test_an_entry_is_created_once_and_a_second_time_it_is_there(
    stub: SharedStub, entries: SharedEntries
) -> None:
    line = line_of('{"a":"ä"}', header="{head}")
    assert await entries.create(line) is Created.CREATED
    assert await entries.create(line) is Created.ALREADY
    (found,) = (await entries.list(INCIDENT)).found
    assert (found.incident, found.entry, found.line, found.header) == (INCIDENT, ENTRY, line.line, "{head}")
    assert found.uid == "uid-1001"
    assert found.shared_at is not None


@pytest.mark.parametrize("change", [{"line": "{} "}, {"header": "{other}"}, {"incident": "inc-other"}])
async def test_a_name_with_other_content_is_told_from_the_same(
    entries: SharedEntries, change: dict[str, str]
) -> None:
    await entries.create(line_of("{}", header="{head}"))
    assert await entries.create(replace(line_of("{}", header="{head}"), **change)) is Created.OTHER


async def test_a_name_that_something_else_has_is_other(stub: SharedStub, entries: SharedEntries) -> None:
    stub.put(ENTRIES, {"metadata": {"name": ENTRY}, "spec": {"line": 7}})
    assert await entries.create(line_of("{}")) is Created.OTHER


async def test_an_answer_that_is_lost_leaves_the_entry_there(
    stub: SharedStub, tmp_path: Path, entries: SharedEntries
) -> None:
    async def loses(request: web.Request) -> Answer:
        stub.put(ENTRIES, json.loads(await request.text()))
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    stub.script("POST", ENTRIES, loses)
    error = await refusal(entries.create(line_of("{}")))
    assert (error.reason, error.sent) == (Reason.UNREACHABLE, True)
    assert await entries.create(line_of("{}")) is Created.ALREADY


async def test_a_silent_server_is_a_timeout_after_which_it_may_be_there(
    stub: SharedStub, tmp_path: Path
) -> None:
    async def silent(request: web.Request) -> Answer:
        stub.put(ENTRIES, json.loads(await request.text()))
        await asyncio.sleep(3600)
        return web.Response()

    place = SharedPlace(stub.shared(tmp_path), Redactor(), 0.5)
    impatient = (await place.open()).entries
    stub.script("POST", ENTRIES, silent)
    error = await refusal(impatient.create(line_of("{}")))
    await place.close()
    assert (error.reason, error.sent) == (Reason.TIMEOUT, True)
    assert "did not answer within 0.5 s" in error.said
    assert error.remedy == "Check the VPN and the cluster. It is tried again by itself."


async def test_a_long_line_goes_in_parts_and_an_interrupted_one_is_completed(
    stub: SharedStub, entries: SharedEntries
) -> None:
    stub.script("POST", ENTRIES)
    line = line_of(LONG, header="{head}")
    first, second, third = objects(line)
    stub.put(ENTRIES, first)
    stub.put(ENTRIES, third)
    listing = await entries.list(INCIDENT)
    assert listing.found == ()
    assert [(one.have, one.parts) for one in listing.incomplete] == [((1, 3), 3)]
    assert await entries.get(ENTRY) is None
    assert await entries.create(line) is Created.CREATED
    assert await entries.create(line) is Created.ALREADY
    (found,) = (await entries.list(INCIDENT)).found
    assert (found.line, found.header) == (LONG, "{head}")
    assert await entries.get(ENTRY) == found
    assert stub.objects[f"{ENTRIES}/{ENTRY}.2"]["spec"]["line"] == second["spec"]["line"]


async def test_what_was_deleted_between_two_answers_is_not_brought_back(
    stub: SharedStub, entries: SharedEntries
) -> None:
    stub.script("POST", ENTRIES, (409, status(409, "AlreadyExists", "already exists")))
    error = await refusal(entries.create(line_of("{}")))
    assert error.reason is Reason.CONFLICT
    assert stub.objects == {}


async def test_a_line_that_nobody_could_take_in_is_not_sent(stub: SharedStub, entries: SharedEntries) -> None:
    for line in ("x" * 7_000_000, "\ud800"):
        error = await refusal(entries.create(line_of(line)))
        assert error.reason is Reason.INVALID
        assert "stays on this machine alone" in error.said
    assert stub.requests == []


# -- refusals


@pytest.mark.parametrize(
    ("answer", "reason", "said", "remedy"),
    [
        (
            forbidden("create"),
            Reason.FORBIDDEN,
            "responder may not create entries.leeward.dev in namespace leeward of prod-eu",
            "Ask #platform for a Role with create on entries.leeward.dev in leeward. `leeward share check`",
        ),
        (
            no_namespace(),
            Reason.MISSING,
            "There is no namespace leeward in prod-eu",
            "leeward share manifest | kubectl apply -f -",
        ),
        (not_served(), Reason.MISSING, "prod-eu does not serve entries.leeward.dev", "share manifest"),
        (invalid(KEY), Reason.INVALID, 'spec.actor: Invalid value: "…": no', "definition of entries"),
        ((413, status(413, "RequestEntityTooLarge", "x")), Reason.INVALID, "too large", "share check"),
        ((429, status(429, "TooManyRequests", "slow down")), Reason.SERVER, "too busy", "Ask again"),
        ((500, status(500, "InternalError", KEY)), Reason.SERVER, "answered 500", "overloaded"),
        (UNAUTHORIZED, Reason.LOGIN_EXPIRED, "login to prod-eu has expired", "Log in"),
        ((409, status(409, "Conflict", "x")), Reason.CONFLICT, "Somebody changed entry", "read again"),
        (
            (403, status(403, "Forbidden", "terminated", causes=[{"reason": "NamespaceTerminating"}])),
            Reason.FORBIDDEN,
            "Namespace leeward of prod-eu is being deleted",
            "made again",
        ),
    ],
)  # fmt: skip
async def test_each_refusal_says_what_is_missing_and_who_mends_it(
    stub: SharedStub, tmp_path: Path, answer: Any, reason: Reason, said: str, remedy: str
) -> None:
    place = SharedPlace(stub.shared(tmp_path, administrators="#platform"), Redactor(), 30.0)
    entries = (await place.open()).entries
    stub.script("POST", ENTRIES, answer, answer)
    error = await refusal(entries.create(line_of("{}")))
    await place.close()
    assert error.reason is reason
    assert said in error.said
    assert remedy in error.remedy


async def test_a_list_that_is_refused_names_verb_and_resource(
    stub: SharedStub, entries: SharedEntries
) -> None:
    stub.script("GET", ENTRIES, forbidden("list"))
    error = await refusal(entries.list(INCIDENT))
    assert error.said.startswith("responder may not list entries.leeward.dev in namespace leeward of prod-eu")
    assert "an administrator of prod-eu" in error.remedy
    stub.script("GET", ENTRIES, not_served())
    assert "does not serve entries.leeward.dev" in (await refusal(entries.overview())).said


async def test_a_login_that_was_renewed_goes_on_also_in_a_watch(
    stub: SharedStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.clients.cluster_connection._AGAIN", 0.0)
    settings = stub.shared(tmp_path)
    place = SharedPlace(settings, Redactor(), 30.0)
    entries = (await place.open()).entries
    stub.token = "another-token-entirely"
    assert (await refusal(until(entries.watch(INCIDENT, "1", 30), 1))).reason is Reason.LOGIN_EXPIRED
    fresh = kubeconfig(stub.address, {"token": stub.token})
    Path(settings.sharing.kubeconfig).write_text(json.dumps(fresh))
    stub.put(ENTRIES, objects(line_of("{}"))[0])
    (seen,) = await until(entries.watch(INCIDENT, "1", 30), 1)
    assert seen.entry == ENTRY
    await place.close()


# -- listing


async def test_a_list_has_one_incident_in_pages_and_says_from_where_to_watch(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_PAGE", 7)
    for number in range(30):
        stub.put(ENTRIES, objects(numbered(number))[0])
    other = SharedLine("inc-other", "x" * 26, "declared", line_of("").occurred_at, "a", "t", "{}")
    stub.put(ENTRIES, objects(other)[0])
    listing = await entries.list(INCIDENT)
    assert [one.entry for one in listing.found] == [numbered(number).entry for number in range(30)]
    assert listing.version == "1031"
    assert listing.problems == ()
    assert "fieldSelector=spec.incident%3D" + INCIDENT in stub.requests[0][1]
    assert len(stub.requests) == 5


async def test_an_old_server_without_selectable_fields_is_asked_by_label(
    stub: SharedStub, entries: SharedEntries
) -> None:
    stub.selectable = False
    stub.put(ENTRIES, objects(line_of("{}"))[0])
    liar = objects(SharedLine("inc-other", "y" * 26, "note", line_of("").occurred_at, "a", "t", "{}"))[0]
    liar["metadata"]["labels"]["leeward.dev/incident"] = INCIDENT
    stub.put(ENTRIES, liar)
    listing = await entries.list(INCIDENT)
    assert [one.entry for one in listing.found] == [ENTRY]
    assert listing.problems == (
        f"The label of entry {'y' * 26} names another incident than the entry itself; it was left.",
    )
    seen = await until(entries.watch(INCIDENT, "1000", 30), 2)
    assert [one.kind for one in seen] == ["added", "bookmark"]
    assert "names another incident" in seen[1].said


async def test_what_is_no_entry_costs_nothing_but_itself(stub: SharedStub, entries: SharedEntries) -> None:
    for number in range(50):
        made = {"metadata": {"name": f"junk-{number}"}, "spec": {"incident": INCIDENT, "line": number}}
        stub.put(ENTRIES, made)
    stub.put(ENTRIES, objects(line_of("{}"))[0])
    listing = await entries.list(INCIDENT)
    assert [one.entry for one in listing.found] == [ENTRY]
    assert len(listing.problems) == 21
    assert listing.problems[-1] == "30 more objects in the shared place are refused."


async def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_LARGEST_PAGE", 1 << 20)
    for number in range(100):
        stub.put(ENTRIES, objects(numbered(number, "x" * 23_000))[0])
    listing = await entries.list(INCIDENT)
    assert len(listing.found) == 100
    limits = [path.partition("limit=")[2].partition("&")[0] for _, path, _ in stub.requests]
    assert limits == ["500", "125", "31", "31", "31", "31"]


async def test_a_page_that_takes_too_long_is_asked_for_in_smaller_ones(
    stub: SharedStub, tmp_path: Path
) -> None:
    for number in range(40):
        stub.put(ENTRIES, objects(numbered(number))[0])
    place = SharedPlace(stub.shared(tmp_path), Redactor(), 0.3)
    entries = (await place.open()).entries
    slow = streaming(b'{"metadata":{},"items":[', hang=True)
    stub.script("GET", ENTRIES, slow, slow)
    listing = await entries.list(INCIDENT)
    await place.close()
    assert len(listing.found) == 40
    limits = [
        path.partition("limit=")[2].partition("&")[0] for _, path, _ in stub.requests if "limit" in path
    ]
    assert limits == ["500", "125", "31", "31"]


async def test_a_page_that_stays_too_large_is_said(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_LARGEST_PAGE", 1000)
    stub.put(ENTRIES, objects(line_of("x" * 5000))[0])
    error = await refusal(entries.list(INCIDENT))
    assert error.reason is Reason.SERVER
    assert "answered more than" in error.said


async def test_more_than_a_console_can_hold_is_left_and_said(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_PAGE", 10)
    monkeypatch.setattr(shared_asking, "_MOST_OBJECTS", 15)
    for number in range(40):
        stub.put(ENTRIES, objects(numbered(number))[0])
    listing = await entries.list(INCIDENT)
    assert len(listing.found) == 20
    assert "more in the shared place than one console can hold" in listing.problems[0]


async def test_parts_on_two_pages_are_one_line_and_what_is_left_of_one_is_a_stray(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_PAGE", 2)
    for body in objects(replace(numbered(1), line=LONG)):
        stub.put(ENTRIES, body)
    _, second, third = objects(replace(numbered(2), line=LONG))
    stub.put(ENTRIES, objects(numbered(2, "{stone}"))[0])
    for body in (second, third):
        stub.put(ENTRIES, body)
    async with aclosing(entries.pages(INCIDENT)) as pages:
        found = [page async for page in pages]
    assert [[one.line for one in page.found] for page in found] == [[], [LONG, "{stone}"], []]
    assert [page.begins for page in found] == [True, False, False]
    assert [page.whole is None for page in found] == [True, True, False]
    whole = found[-1].whole
    assert whole is not None
    assert (whole.version, whole.incomplete) == ("1006", ())
    assert [one.name for one in whole.strays] == [f"{numbered(2).entry}.{number}" for number in (2, 3)]


async def test_what_is_left_of_an_entry_on_many_pages_is_strays(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_PAGE", 1)
    stub.put(ENTRIES, objects(numbered(1, "{stone}"))[0])
    for body in objects(numbered(1, "x" * PART_BYTES * 5))[1:]:
        stub.put(ENTRIES, body)
    listing = await entries.list(INCIDENT)
    assert [one.line for one in listing.found] == ["{stone}"]
    assert [one.name for one in listing.strays] == [f"{numbered(1).entry}.{part}" for part in range(2, 6)]
    assert listing.incomplete == ()


async def test_a_page_that_expired_begins_anew_and_says_so(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_PAGE", 2)
    for number in range(3):
        stub.put(ENTRIES, objects(numbered(number))[0])
    begins = []
    async with aclosing(entries.pages(INCIDENT)) as pages:
        async for page in pages:
            if not begins:
                gone = (410, status(410, "Expired", "The provided continue parameter is too old"))
                stub.script("GET", ENTRIES, gone)
            begins.append(page.begins)
    assert begins == [True, True, False]


async def test_a_listing_whose_next_page_expired_is_begun_anew(
    stub: SharedStub, entries: SharedEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_asking, "_PAGE", 2)
    for number in range(3):
        stub.put(ENTRIES, objects(numbered(number))[0])
    gone = (410, status(410, "Expired", "The provided continue parameter is too old"))
    stub.script("GET", ENTRIES, gone)
    assert len((await entries.list(INCIDENT)).found) == 3
    stub.script("GET", ENTRIES, gone, gone, gone)
    assert (await refusal(entries.list(INCIDENT))).reason is Reason.EXPIRED


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"metadata":7}', b"[" * 200_000])
async def test_what_is_no_list_is_told_as_such(stub: SharedStub, entries: SharedEntries, body: bytes) -> None:
    async def answer(request: web.Request) -> Answer:
        return web.Response(body=body)

    stub.script("GET", ENTRIES, answer)
    error = await refusal(entries.list(INCIDENT))
    assert "is no Kubernetes API server" in error.said


async def test_parts_that_are_missing_for_long_are_told_of(stub: SharedStub, place: SharedPlace) -> None:
    now = [100.0]
    entries = SharedEntries((await place.open()).connection, lambda: now[0])
    first, second, _ = objects(line_of(LONG))
    stub.put(ENTRIES, second)
    assert (await entries.list(INCIDENT)).problems == ()
    now[0] += 59
    assert (await entries.list(INCIDENT)).problems == ()
    now[0] += 2
    assert (await entries.list(INCIDENT)).problems == (
        f"The first part of entry {ENTRY} is missing in the shared place.",
    )
    stub.put(ENTRIES, first)
    assert (await entries.list(INCIDENT)).problems == (
        f"Of entry {ENTRY} only 2 of 3 parts are in the shared place.",
    )


async def test_the_overview_has_what_tells_of_every_incident(
    stub: SharedStub, entries: SharedEntries
) -> None:
    stub.put(ENTRIES, objects(numbered(1, "{1}", "declared"))[0])
    stub.put(ENTRIES, objects(numbered(2, "{2}", "note"))[0])
    other = SharedLine("inc-other", "x" * 26, "resolved", line_of("").occurred_at, "a", "t", "{3}")
    stub.put(ENTRIES, objects(other)[0])
    found = await entries.overview()
    assert {(one.incident, one.line) for one in found} == {(INCIDENT, "{1}"), ("inc-other", "{3}")}


# -- watching


async def test_a_watch_tells_each_event_and_where_to_go_on(stub: SharedStub, entries: SharedEntries) -> None:
    listing = await entries.list(INCIDENT)
    made = objects(line_of("{}", header="h"))[0]
    stub.put(ENTRIES, made)
    stub.bookmark(ENTRIES)
    stub.put(ENTRIES, objects(replace(numbered(9), incident="inc-other"))[0])
    stub.remove(f"{ENTRIES}/{ENTRY}")
    seen = await until(entries.watch(INCIDENT, listing.version, 30), 3)
    assert [(one.kind, one.entry, one.version) for one in seen] == [
        ("added", ENTRY, "1001"),
        ("bookmark", "", "1002"),
        ("deleted", ENTRY, "1004"),
    ]
    assert seen[0].found is not None
    assert (seen[0].found.line, seen[0].found.header) == ("{}", "h")
    assert all(one.said == "" for one in seen)
    asked = stub.requests[-1][1]
    for word in ("watch=true", "allowWatchBookmarks=true", "timeoutSeconds=30", "resourceVersion=1000"):
        assert word in asked


async def test_a_watch_resumes_where_the_last_one_was(stub: SharedStub, entries: SharedEntries) -> None:
    for number in range(6):
        stub.put(ENTRIES, objects(numbered(number))[0])
    version, found = "1000", []
    for _ in range(3):
        for seen in await until(entries.watch(INCIDENT, version, 30), 2):
            found.append(seen.entry)
            version = seen.version
    assert found == [numbered(number).entry for number in range(6)]


async def test_parts_come_together_over_a_listing_and_several_watches(
    stub: SharedStub, entries: SharedEntries
) -> None:
    first, second, third = objects(line_of(LONG))
    stub.put(ENTRIES, third)
    version = (await entries.list(INCIDENT)).version
    stub.put(ENTRIES, first)
    (seen,) = await until(entries.watch(INCIDENT, version, 30), 1)
    assert (seen.kind, seen.found, seen.entry) == ("bookmark", None, ENTRY)
    stub.put(ENTRIES, second)
    (last,) = await until(entries.watch(INCIDENT, seen.version, 30), 1)
    assert last.kind == "added"
    assert last.found is not None
    assert last.found.line == LONG


@pytest.mark.parametrize(
    "answer",
    [
        (410, status(410, "Expired", "too old resource version: 1 (5)")),
        (504, status(504, "Timeout", "Too large", causes=[{"reason": "ResourceVersionTooLarge"}])),
        streaming(json.dumps({"type": "ERROR", "object": status(410, "Expired", "old")}).encode() + b"\n"),
    ],
)  # fmt: skip
async def test_a_version_from_which_the_server_cannot_go_on_is_told_apart(
    stub: SharedStub, entries: SharedEntries, answer: Any
) -> None:
    stub.script("GET", ENTRIES, answer)
    error = await refusal(until(entries.watch(INCIDENT, "1", 30), 1))
    assert error.reason is Reason.EXPIRED


async def test_an_error_in_the_stream_is_the_servers(stub: SharedStub, entries: SharedEntries) -> None:
    told = {"type": "ERROR", "object": status(500, "InternalError", TOKEN)}
    stub.script("GET", ENTRIES, streaming(json.dumps(told).encode() + b"\n"))
    error = await refusal(until(entries.watch(INCIDENT, "1", 30), 1))
    assert (error.reason, error.status) == (Reason.SERVER, 500)


async def test_the_end_of_a_stream_and_a_silent_one_are_no_errors(
    stub: SharedStub, entries: SharedEntries
) -> None:
    stub.script("GET", ENTRIES, streaming(), streaming(hang=True), streaming(b'{"type":', hang=True))
    assert await until(entries.watch(INCIDENT, "1", 30), 1) == []
    assert await until(entries.watch(INCIDENT, "1", 1), 1) == []
    assert await until(entries.watch(INCIDENT, "1", 1), 1) == []


async def test_a_stream_that_breaks_is_told(stub: SharedStub, entries: SharedEntries) -> None:
    async def breaks(request: web.Request) -> Answer:
        response = await streaming(b'{"type":')(request)
        assert request.transport is not None
        request.transport.abort()
        return response

    stub.script("GET", ENTRIES, breaks)
    assert (await refusal(until(entries.watch(INCIDENT, "1", 30), 1))).reason is Reason.UNREACHABLE


async def test_a_line_without_end_is_skipped_and_said_and_the_watch_lives(
    stub: SharedStub, entries: SharedEntries
) -> None:
    made = objects(line_of("{}"))[0]
    stub.put(ENTRIES, made)
    good = json.dumps({"type": "ADDED", "object": made}).encode() + b"\n"
    huge = [b"x" * 65536] * 80
    stub.script("GET", ENTRIES, streaming(*huge, b"\n", good))
    over, added = await until(entries.watch(INCIDENT, "1", 30), 2)
    assert (over.kind, over.version) == ("bookmark", "")
    assert "too long to be one" in over.said
    assert added.kind == "added"


async def test_no_line_of_a_watch_is_an_exception(stub: SharedStub, entries: SharedEntries) -> None:
    lines = [
        b'{"type":"ADDED","object":7}',
        b'{"type":"DELETED","object":{"metadata":{"name":"x\\u001b[31m"}}}', b'{"type":"NEW","object":{}}',
        b'{"type":"BOOKMARK","object":{}}', b'{"type":"BOOKMARK","object":null}',
    ]  # fmt: skip
    stub.script("GET", ENTRIES, streaming(b"\n".join(lines) + b"\n"))
    seen = await until(entries.watch(INCIDENT, "1", 30), 100)
    assert len(seen) == len(lines)
    assert {one.kind for one in seen} == {"bookmark"}
    assert all(one.said.isprintable() for one in seen)


@pytest.mark.parametrize(
    "line",
    [
        b"<!DOCTYPE html>", b"[]", b"{}", b'{"type":"ADDED"}', b'{"type":7,"object":{}}', b"\xff\xfe",
        b"[" * 90_000, b'{"type":"ADDED","object":' + b"[" * 90_000,
    ],
)  # fmt: skip
async def test_what_tells_no_events_is_no_shared_place(
    stub: SharedStub, entries: SharedEntries, leases: Leases, line: bytes
) -> None:
    stub.script("GET", ENTRIES, streaming(line + b"\n"))
    stub.script("GET", LEASES, streaming(line + b"\n"))
    refused = [
        await refusal(until(entries.watch(INCIDENT, "1", 30))),
        await refusal(until(leases.watch("1", 30))),
    ]
    for error in refused:
        assert error.reason is Reason.SERVER
        assert "is no Kubernetes API server; could not watch" in error.said


# -- deleting


async def test_only_this_very_entry_is_deleted_with_all_its_parts(
    stub: SharedStub, entries: SharedEntries
) -> None:
    await entries.create(line_of(LONG))
    await entries.create(numbered(1))
    (_, found) = sorted((await entries.list(INCIDENT)).found, key=lambda one: len(one.line))
    assert await entries.delete(ENTRY, "uid-of-another") is False
    assert len(stub.objects) == 4
    assert await entries.delete(ENTRY, found.uid) is True
    assert list(stub.objects) == [f"{ENTRIES}/{numbered(1).entry}"]
    assert await entries.delete(ENTRY, found.uid) is False


async def test_a_deletion_that_was_interrupted_is_finished_by_doing_it_again(
    stub: SharedStub, entries: SharedEntries
) -> None:
    await entries.create(line_of(LONG))
    (found,) = (await entries.list(INCIDENT)).found
    stub.remove(f"{ENTRIES}/{ENTRY}.2")
    (lacks,) = (await entries.list(INCIDENT)).incomplete
    assert lacks.uid == found.uid
    assert await entries.delete(ENTRY, lacks.uid) is True
    assert stub.objects == {}


async def test_parts_behind_a_stone_are_found_and_deleted_one_by_one(
    stub: SharedStub, entries: SharedEntries
) -> None:
    _, second, _ = objects(line_of(LONG))
    stub.put(ENTRIES, second)
    await entries.create(line_of("{stone}"))
    (stray,) = (await entries.list(INCIDENT)).strays
    assert (stray.name, stray.entry) == (f"{ENTRY}.2", ENTRY)
    assert await entries.delete(stray.name, stray.uid) is True
    assert list(stub.objects) == [f"{ENTRIES}/{ENTRY}"]


async def test_who_may_not_delete_is_told_whom_to_ask(stub: SharedStub, entries: SharedEntries) -> None:
    await entries.create(line_of("{}"))
    stub.script("DELETE", f"{ENTRIES}/{ENTRY}", forbidden("delete"))
    error = await refusal(entries.delete(ENTRY, "uid-1001"))
    assert error.reason is Reason.FORBIDDEN
    assert "may not delete entries.leeward.dev" in error.said


# -- together


async def test_two_open_watches_hold_up_nothing(stub: SharedStub, place: SharedPlace) -> None:
    opened = await place.open()
    count = 40

    async def watched() -> list[str]:
        found = []
        async with aclosing(opened.entries.watch(INCIDENT, "1000", 60)) as events:
            async for seen in events:
                found.append(seen.entry)
                if len(found) == count:
                    break
        return found

    leases = opened.leases.watch("1000", 60)
    waiting = asyncio.create_task(anext(leases))
    watches = [asyncio.create_task(watched()) for _ in range(2)]
    async with asyncio.timeout(SECONDS):
        while stub.watching < 3:  # noqa: ASYNC110 - nothing here says when
            await asyncio.sleep(0.01)
        made = await asyncio.gather(*(opened.entries.create(numbered(number)) for number in range(count)))
        assert set(made) == {Created.CREATED}
        for found in await asyncio.gather(*watches):
            assert sorted(found) == [numbered(number).entry for number in range(count)]
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await leases.aclose()
