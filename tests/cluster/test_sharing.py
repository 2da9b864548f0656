"""What consoles that meet rely on: the same in the simulated cluster and in a real one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cluster.conftest import QUICK, named_cluster
from tests.cluster.meeting import KEEPER, READER, RESPONDER, Meeting, meeting_in, said
from tests.sharing.lines import INCIDENT, line
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject
from tui.clients.shared_entries import Created, Seen, SharedEntries
from tui.drill.kubernetes import Cluster, KubeApi
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.shared import begin
from tui.record.verification import verify
from tui.sharing.joining import copy_once

Forget = Callable[[], None]


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.cluster)])
async def found(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Meeting, Forget | None]]:
    """A shared place, and how its server is made to forget what was; None where nobody here can do that."""
    if request.param == "real":
        kubeconfig, context, _ = named_cluster()
        async with meeting_in(kubeconfig, context, tmp_path) as made:
            yield made, None
        return
    served = KubeApi(Cluster("the drill's own", pace=QUICK))
    await served.start()
    try:
        kubeconfig = tmp_path / "kubeconfig-admin"
        kubeconfig.write_text(served.kubeconfig("admin"))
        async with meeting_in(kubeconfig, "", tmp_path) as made:
            yield made, served.cluster.store.compact
    finally:
        await served.stop()


@pytest.fixture
def meeting(found: tuple[Meeting, Forget | None]) -> Meeting:
    return found[0]


async def entries_of(meeting: Meeting, account: str = RESPONDER) -> SharedEntries:
    return (await (await meeting.meet(account)).open()).entries


async def refused(awaitable: object) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value


async def watched(entries: SharedEntries, version: str, enough: int) -> list[Seen]:
    """What a watch tells first, bookmarks left out."""
    seen: list[Seen] = []
    async with asyncio.timeout(60), aclosing(entries.watch(INCIDENT, version, 50.0)) as watch:
        async for one in watch:
            seen += [one] if one.kind != "bookmark" else []
            if len(seen) >= enough:
                break
    return seen


async def test_an_entry_is_created_once_and_found_to_the_letter(meeting: Meeting) -> None:
    entries, one = await entries_of(meeting), line("a")
    assert await entries.create(one) == Created.CREATED
    assert await entries.create(one) == Created.ALREADY
    assert await entries.create(replace(one, line=line("a", "something else").line)) == Created.OTHER
    (there,) = (await entries.list(INCIDENT)).found
    assert (there.entry, there.line, there.header) == (one.entry, one.line, one.header)
    assert there.shared_at is not None


async def test_a_long_entry_comes_back_whole(meeting: Meeting) -> None:
    entries, one = await entries_of(meeting), line("a", "ä€😀" * 12_000)
    assert await entries.create(one) == Created.CREATED
    assert [there.line for there in (await entries.list(INCIDENT)).found] == [one.line]


async def test_nobody_changes_what_an_entry_says(meeting: Meeting) -> None:
    entries, one = await entries_of(meeting), line("a")
    await entries.create(one)
    error = await meeting.change(one.entry, {"line": "another"})
    assert (error.status, "entries are immutable" in said(error)) == (422, True), said(error)
    assert (await entries.list(INCIDENT)).found[0].line == one.line


async def test_each_role_may_do_what_the_manifest_says(meeting: Meeting) -> None:
    may = {
        account: {
            (verb, resource)
            for verb in ("create", "get", "list", "watch", "update", "patch", "delete")
            for group, resource in (("leeward.dev", "entries"), ("coordination.k8s.io", "leases"))
            if await (await meeting.meet(account)).may(verb, group, resource)
        }
        for account in (RESPONDER, READER, KEEPER)
    }
    reads = {(verb, resource) for verb in ("get", "list", "watch") for resource in ("entries", "leases")}
    writes = reads | {("create", "entries"), ("create", "leases"), ("update", "leases")}
    removes = writes | {("delete", "entries"), ("delete", "leases")}
    assert may == {RESPONDER: writes, READER: reads, KEEPER: removes}


async def test_who_may_not_is_refused(meeting: Meeting) -> None:
    entries, one = await entries_of(meeting), line("a")
    await entries.create(one)
    uid = (await entries.list(INCIDENT)).found[0].uid
    assert (await refused((await entries_of(meeting, READER)).create(line("b")))).reason is Reason.FORBIDDEN
    assert (await refused(entries.delete(one.entry, uid))).reason is Reason.FORBIDDEN


async def test_a_keeper_deletes_the_very_one_and_everybody_sees_it(meeting: Meeting) -> None:
    entries, keeper, one = await entries_of(meeting), await entries_of(meeting, KEEPER), line("a")
    await entries.create(one)
    listing = await entries.list(INCIDENT)
    assert await keeper.delete(one.entry, "00000000-0000-4000-8000-000000000000") is False
    assert await keeper.delete(one.entry, listing.found[0].uid) is True
    assert await keeper.delete(one.entry, listing.found[0].uid) is False
    (gone,) = await watched(entries, listing.version, 1)
    assert (gone.kind, gone.entry) == ("deleted", one.entry)


async def test_a_watch_goes_on_where_the_last_one_ended(meeting: Meeting) -> None:
    entries = await entries_of(meeting)
    await entries.create(line("a"))
    version = (await entries.list(INCIDENT)).version
    await entries.create(line("b"))
    other = replace(line("c"), incident="inc-20261123-1503-0000")
    await entries.create(other)
    (first,) = await watched(entries, version, 1)
    assert first.entry == line("b").entry
    await entries.create(line("d"))
    (second,) = await watched(entries, first.version, 1)
    assert second.entry == line("d").entry


async def test_a_version_that_is_forgotten_is_told_as_such(found: tuple[Meeting, Forget | None]) -> None:
    meeting, forget = found
    entries = await entries_of(meeting)
    await entries.create(line("a"))
    version = (await entries.list(INCIDENT)).version if forget else "1"
    await entries.create(line("b"))
    if forget:
        forget()
    error = await refused(watched(entries, version, 1))
    assert error.reason is Reason.EXPIRED


async def test_a_lease_is_taken_by_one_and_released_without_deleting_it(meeting: Meeting) -> None:
    leases, theirs = [(await (await meeting.meet()).open()).leases for _ in range(2)]
    now = datetime.now(UTC)
    mine = LeaseObject("leeward-lock-x", "a@h:1", 6, now, now, 0, {"leeward.dev/what": "Raise timeout"})
    made = await leases.create(mine)
    taken = await refused(theirs.create(replace(mine, holder="b@h:2")))
    assert (taken.reason, taken.status_reason) == (Reason.CONFLICT, "AlreadyExists")
    renewed = await leases.replace(replace(made, renewed_at=datetime.now(UTC)))
    assert renewed.version != made.version
    late = await refused(theirs.replace(replace(made, holder="b@h:2")))
    assert (late.reason, late.status_reason) == (Reason.CONFLICT, "Conflict")
    assert (await leases.replace(replace(renewed, holder=""))).holder == ""
    (left,), _ = await theirs.list()
    assert (left.holder, left.annotations["leeward.dev/what"]) == ("", "Raise timeout")


async def test_of_eight_who_take_a_lease_at_once_one_has_it(meeting: Meeting) -> None:
    leases = (await (await meeting.meet()).open()).leases
    now = datetime.now(UTC)

    async def take(number: int) -> bool:
        try:
            await leases.create(LeaseObject("leeward-command-x", f"c{number}@h:{number}", 6, now, now))
        except ClusterError as error:
            assert error.status_reason == "AlreadyExists"
            return False
        return True

    assert sum(await asyncio.gather(*map(take, range(8)))) == 1


async def test_two_consoles_come_to_the_same_record(meeting: Meeting, tmp_path: Path) -> None:
    clock, states = SystemClock(), [tmp_path / "one", tmp_path / "two"]
    places = [await meeting.meet() for _ in states]
    for state in states:
        begin(state, INCIDENT)
        async with await Journal.open(state, INCIDENT, clock, Redactor()) as journal:
            for number in range(3):
                text = f"{state.name} saw {number}"
                await journal.append(Draft(Kind.NOTE, text, datetime.now(UTC), state.name))
    for at in (0, 1, 0):
        entries = (await places[at].open()).entries
        done = await copy_once(states[at], INCIDENT, entries, clock, Redactor(), place=places[at].words)
        assert (done.unsent, done.awaited, done.problems) == (0, 0, ())
    one, two = ([entry.text for entry in read(state, INCIDENT).entries] for state in states)
    assert one == two
    assert sorted(one) == sorted(f"{name} saw {n}" for name in ("one", "two") for n in range(3))
    assert all(verify(state, INCIDENT).whole for state in states)


async def test_the_actor_is_the_logins_own_name(meeting: Meeting) -> None:
    name = await (await meeting.meet()).whoami()
    assert name == f"system:serviceaccount:{meeting.namespace}:responder"
