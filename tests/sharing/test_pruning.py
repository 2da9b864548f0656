"""What lies in the shared place as a whole: which incidents there are, and removing those that are closed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sharing.lines import INCIDENT, drafted, line, redaction_of, timeless
from tests.sharing.support import Client, Lease, LeasesThere, Server, found_of
from tests.support.clock import START
from tui.clients.cluster_errors import ClusterError
from tui.model.incident import Kind
from tui.model.sharing import FoundLine, SharedLine
from tui.record.lines import is_stone
from tui.sharing.overview import incidents, told
from tui.sharing.pruning import finish_redactions, prunable, prune

LONG = timedelta(days=30)
LATER = START + timedelta(days=31)


def declared(letter: str = "a", **data: object) -> SharedLine:
    return drafted(letter, Kind.DECLARED, "declared", title="Rate limited", severity="SEV2", **data)


def resolved(letter: str = "z") -> SharedLine:
    return drafted(letter, Kind.RESOLVED, "resolved", reason="")


def filled(*lines: SharedLine) -> Client:
    server = Server()
    for one in lines:
        server.create(one)
    return Client(server)


async def test_incidents_are_told_by_their_entries() -> None:
    client = filled(declared(alert="f1"), drafted("b", Kind.COMMANDER, "command", name="ana"))
    (one,) = await incidents(client)
    assert (one.id, one.title, one.open, one.commander, one.since) == (
        INCIDENT, "Rate limited", True, "ana", START,
    )  # fmt: skip
    client.server.create(resolved())
    (one,) = await incidents(client)
    assert not one.open
    assert one.closed_at == START


@pytest.mark.parametrize(
    "change",
    [
        lambda one: FoundLine("../../etc", one.entry, one.line),
        lambda one: FoundLine(one.incident, "b" * 26, one.line),
        lambda one: FoundLine(one.incident, one.entry, one.line.replace("Rate limited", "Hate limited")),
        lambda one: FoundLine(one.incident, one.entry, "[" * 100_000),
        lambda one: FoundLine(one.incident, one.entry, "\ud800"),
    ],
)
def test_what_is_no_entry_of_its_name_tells_nothing(change: object) -> None:
    assert callable(change)
    assert told([change(found_of(declared(), "u"))]) == ()


def test_an_entry_without_a_time_zone_tells_nothing_and_hides_no_other() -> None:
    odd = [
        timeless("b", Kind.DECLARED, title="t"),
        timeless("c", Kind.RESOLVED, reason="t"),
        replace(timeless("d", Kind.DECLARED, title="t"), incident="inc-20261123-1503-0000"),
    ]
    (one,) = told(found_of(line, "u") for line in [*odd, declared()])
    assert (one.title, one.open, one.since) == ("Rate limited", True, START)


def test_a_title_steers_no_terminal() -> None:
    one = drafted("a", Kind.DECLARED, "declared", title="\x1b[2Jgone \u202e" + "x" * 900)
    (shown,) = told([found_of(one, "u")])
    assert "\x1b" not in shown.title
    assert len(shown.title) <= 200


async def test_closed_incidents_past_the_age_are_prunable_and_no_other() -> None:
    client = filled(declared(), resolved())
    assert [one.id for one in prunable(await incidents(client), LATER, LONG)] == [INCIDENT]
    assert prunable(await incidents(client), START + timedelta(days=3), LONG) == ()
    assert prunable(await incidents(filled(declared())), LATER, LONG) == ()


async def test_pruning_removes_all_of_the_incident_and_its_leases_and_nothing_else() -> None:
    lines = [declared(), *(line(letter) for letter in "bcdefghj"), resolved()]
    client = filled(*lines)
    leases = LeasesThere([Lease.of("leeward-command", INCIDENT), Lease.of("leeward-other", "inc-other")])
    seen: list[tuple[int, int]] = []
    done = await prune(client, leases, INCIDENT, LATER, LONG, lambda *n: seen.append(n))
    assert (done.deleted, done.why_not) == (len(lines), "")
    assert client.server.objects == {}
    assert seen[-1] == (len(lines), len(lines))
    assert [one.name for one in leases.there] == ["leeward-other"]


async def test_an_open_incident_is_left() -> None:
    client = filled(declared(), line("b"))
    done = await prune(client, LeasesThere([]), INCIDENT, LATER, LONG)
    assert "open" in done.why_not
    assert len(client.server.objects) == 2


async def test_pruning_that_is_cut_off_is_begun_again_and_still_found() -> None:
    """What tells that it is closed goes last."""
    lines = [declared(), *(line(letter) for letter in "bcdefghj"), resolved()]
    client = filled(*lines)
    for _ in lines[1:]:
        client.fails_after = 1
        with pytest.raises(ClusterError):
            await prune(client, LeasesThere([]), INCIDENT, LATER, LONG)
        assert [one.id for one in prunable(await incidents(client), LATER, LONG)] == [INCIDENT]
    client.fails_after = None
    done = await prune(client, LeasesThere([]), INCIDENT, LATER, LONG)
    assert done.why_not == ""
    assert client.server.objects == {}


async def test_a_redaction_that_nobody_was_allowed_to_finish_is_finished() -> None:
    secret = line("b", "the customer's name")
    client = filled(declared(), secret, redaction_of(secret))
    assert await finish_redactions(client, INCIDENT) == 1
    there = client.server.lines()
    assert is_stone(there[secret.entry])
    assert "customer" not in repr(there)
    assert await finish_redactions(client, INCIDENT) == 0


async def test_what_tells_that_it_is_closed_goes_after_all_that_tells_of_it() -> None:
    """Else, killed in between, it would be open again for whoever looks."""
    client = filled(resolved("0"), declared("a"), drafted("b", Kind.COMMANDER, "command", name="ana"))
    await prune(client, LeasesThere([]), INCIDENT, LATER, LONG)
    gone = [one.entry[0] for _, kind, one, _ in client.server.history if kind == "deleted"]
    assert gone[-1] == "0"
    assert sorted(gone) == ["0", "a", "b"]
