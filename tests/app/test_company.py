"""Several consoles, one incident: who is here, command, joining, locked targets, and what others did."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support import company, sights
from tui.model.incident import Applied, Entry, Incident, Kind, Status
from tui.model.mitigation import Stage
from tui.model.sharing import Holder, Link
from tui.screens import company as told
from tui.screens import news, people, previews, returning, view
from tui.screens.history import alike
from tui.screens.incident import incident_choices
from tui.session.errors import CommandHeld, LockHeld, LockUnreachable, SessionError
from tui.session.snapshot import OpenIncident, Running, Snapshot

SIZES = [(120, 40), (80, 24), (60, 20)]
HOSTILE = "[red]x[/] \x1b[2J\u202eabc `|` <b>"
SHARED = OpenIncident(
    sights.ID, "rate limited", sights.ago(hours=2), shared=True, here=False, commander="ada"
)


def words(desk) -> str:
    """What is seen, without frames and line breaks."""
    return " ".join(desk.seen().replace("│", " ").replace("┃", " ").split())


def top(desk) -> list[str]:
    """The lines of the banner."""
    return desk.app.main.banner.lines_now()


def text(page) -> str:
    return "\n".join(f"{row.label} {row.text}" for row in page)


# The banner


async def test_alone_with_a_live_place_the_banner_is_as_ever(console) -> None:
    async with console(company.alone()) as desk:
        shared = top(desk)
    async with console() as desk:
        assert top(desk) == shared
        assert len(shared) == 2


@pytest.mark.parametrize("size", SIZES)
async def test_who_is_here_has_a_line_and_nothing_else_is_crowded_out(console, size) -> None:
    leases = sights.held_by_lease().leases
    async with console(company.changing(leases=leases, update_due=sights.ago(minutes=1)), size=size) as desk:
        first, second, third = top(desk)
        assert "with bo, cy" in third and "bo changes the target" in third
        assert "command: bo" in third
        assert "P2" in first and "INVESTIGATING" in first
        assert "ARMED" in first + second
        assert "held: MAX_CONC" in second
        assert "overdue" in second or size[0] < 80
        assert desk.app.main.timeline.size.height >= 3
        assert all(len(line) == size[0] for line in (first, second, third))


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((120, 40), "▲ shared place away 3 min, 4 entries wait"),
        ((80, 24), "▲ shared place away 3 min, 4 entries wait"),
        ((60, 20), "▲ away 3 min, 4 wait"),
    ],
)
async def test_a_place_that_is_away_is_told_by_a_mark_and_a_word(console, size, said) -> None:
    async with console(company.away(), size=size) as desk:
        assert said in top(desk)[2]
        assert "bo silent 3 min" in top(desk)[2]


async def test_a_lone_console_is_told_that_the_place_is_away_and_the_line_then_stays(console) -> None:
    lost = replace(company.LIVE, link=Link.AWAY, since=sights.ago(minutes=3), unsent=1)
    async with console(company.alone()) as desk:
        assert len(top(desk)) == 2
        desk.session.publish(company.alone(sharing=lost))
        await desk.settle()
        assert "shared place away 3 min, 1 entry waits" in top(desk)[2]
        desk.session.publish(company.alone())
        await desk.settle()
        assert "nobody else is here" in top(desk)[2], "nothing below moves up under a finger"


@pytest.mark.parametrize(
    ("link", "words"), [(Link.CONNECTING, "looking who is here"), (Link.AWAY, "who is here is not known")]
)
def test_that_nobody_else_is_here_is_said_only_of_a_place_that_is_live(link: Link, words: str) -> None:
    seen = company.alone(sharing=replace(company.LIVE, link=link))
    assert told.with_whom(seen, sights.NOW)[0] == words
    assert told.with_whom(company.alone(), sights.NOW) == ("nobody else is here",)


def test_nobody_is_called_live_while_the_place_is_away() -> None:
    cut_off = company.sharing(replace(company.BO, ago=timedelta(seconds=9)), link=Link.AWAY)

    def rows(link: Link) -> list[str]:
        page = people.page(company.alone(sharing=replace(cut_off, link=link)), sights.NOW)
        return [row.text for row in page if row.label == "bo"]

    assert rows(Link.LIVE)[0].startswith("live; ")
    assert rows(Link.AWAY)[0].startswith("heard of 9 s ago; ")


async def test_a_place_that_is_only_being_connected_to_is_no_news() -> None:
    soon = replace(company.LIVE, link=Link.CONNECTING, since=sights.ago(seconds=2))
    assert view.banner(company.alone(sharing=soon), sights.NOW).company == ()
    late = view.banner(company.alone(sharing=soon), sights.NOW + timedelta(seconds=8))
    assert late.shared[0] == "connecting for 10 s"


def test_names_tell_two_consoles_of_one_login_apart() -> None:
    everybody = (company.ME, company.BO, company.MINE, replace(company.BO, console="b1", process=5))
    called = [told.called(one, everybody) for one in everybody]
    assert called == [
        "you",
        "bo on web1, process 4711",
        "your console on devbox",
        "bo on web1, process 5",
    ]
    beside = replace(company.MINE, host="laptop")
    assert told.called(beside, (company.ME, beside)) == "your console on laptop, process 71"


def test_a_clock_that_misleads_is_told_with_the_name_and_on_the_page() -> None:
    fast = replace(company.BO, ahead=timedelta(minutes=3))
    near = replace(company.CY, ahead=timedelta(seconds=4))
    snapshot = company.together(sharing=company.sharing(fast, near))
    assert view.banner(snapshot, sights.NOW).company[0] == "with bo (clock +3 min), cy"
    assert "its clock is 3 min ahead of this machine's" in text(people.page(snapshot, sights.NOW))
    assert "4 s" not in text(people.page(snapshot, sights.NOW))


def test_many_are_counted_and_who_is_gone_for_long_is_left_out() -> None:
    others = [replace(company.BO, console=str(n), name=f"p{n}") for n in range(6)]
    gone = replace(company.GONE, ago=timedelta(hours=2))
    snapshot = company.together(sharing=company.sharing(*others, gone))
    assert view.banner(snapshot, sights.NOW).company[0] == "with p0, p1, p2 +3"


# Who is here


@pytest.mark.parametrize("size", SIZES)
async def test_the_page_has_each_console_with_what_it_does(console, size) -> None:
    crowd = company.sharing(
        replace(company.BO, behind=3),
        company.MINE,
        replace(company.CY, gone=True, ago=timedelta(minutes=4)),
        command=company.COMMAND_BO,
        problems=("An entry of cy was refused: its digest does not match.",),
        awaited=2,
    )
    async with console(company.changing(sharing=crowd), size=size) as desk:
        await desk.press("h")
        assert desk.screen == "PeopleScreen"
        seen = words(desk)
        await desk.press("end")
        seen += words(desk)
        assert "leeward in prod-eu, live for 19 min" in seen
        assert "bo live; on web1, process 4711" in seen
        assert "changes the target: Raise timeout" in seen
        assert "3 of its entries are not here yet" in seen
        assert "you live; responder, on devbox, process 71" in seen
        assert "gone, silent for 4 min" in seen
        assert "its digest does not match" in seen
        await desk.press("escape")
        assert desk.screen == "MainScreen"


async def test_the_page_follows_what_is_heard(console) -> None:
    async with console(company.together()) as desk:
        await desk.press("colon", *"who is here", "enter")
        desk.session.publish(company.away())
        await desk.settle()
        assert "AWAY for 3 min: it does not answer" in words(desk)
        assert "4 entries wait on this machine" in words(desk)


def test_a_lock_is_called_yours_only_where_this_console_holds_it() -> None:
    (run,) = sights.running().running

    def lock(locked: bool) -> tuple[str, str]:
        running = (replace(run, locked=locked),)
        page = people.page(company.together(running=running), sights.NOW)
        return next((row.text, row.role) for row in page if row.label == "lock")

    assert lock(True) == ("yours: Reduce concurrency", "")
    assert lock(False) == ("▲ none: Reduce concurrency goes on without it", "warn")


@pytest.mark.parametrize(("size", "said"), [((120, 40), "▲ you look on: notes"), ((60, 20), "▲ you look on")])
async def test_who_may_only_read_looks_on_and_nothing_is_at_fault(console, size, said) -> None:
    async with console(size=size) as desk:
        desk.session.publish(company.looking_on())
        await desk.settle()
        assert said in top(desk)[2] and "✗" not in top(desk)[2]
        assert "You look on: what you write stays on this machine. Ask" in words(desk)
    page = text(people.page(company.looking_on(), sights.NOW))
    assert "live for 19 min: you look on: notes stay on this machine" in page
    assert "2 entries stay on this machine, whole on its disk" in page
    assert "lock free: nobody changes the target" in page
    looks = previews.room(company.looking_on(), "15 min")
    assert looks.lock == "cannot be had: this login only looks on"


def _with(*others) -> Snapshot:
    return company.alone(sharing=company.sharing(*others))


def _fresh_of_bo(snapshot: Snapshot) -> str:
    return next(row.text for row in people.page(snapshot, sights.NOW) if row.label == "bo")


def test_who_left_is_told_from_who_crashed() -> None:
    left = replace(company.GONE, left=True)
    assert _fresh_of_bo(_with(left)).startswith("left 40 s ago; ")
    assert told.with_whom(_with(left), sights.NOW) == (
        "bo left 40 s ago",
        "bo left 40 s ago",
        "alone, 1 left",
    )
    assert told.with_whom(_with(company.GONE), sights.NOW)[0] == "▲ bo silent 40 s"
    both = _with(left, replace(company.GONE, console=company.CY.console, name="cy"))
    assert told.with_whom(both, sights.NOW)[2] == "alone, ▲ 2 not here"
    assert people.gone_for(left.console, _with(left), sights.NOW) == "gone for 40 s"
    assert told.command(company.deserted()) == "▲ command: bo, gone"


def test_who_was_only_listed_is_not_called_live() -> None:
    assert _fresh_of_bo(_with(replace(company.BO, unheard=True))).startswith("not heard yet; ")


async def test_without_an_incident_nobody_is_here_and_no_setting_is_blamed(console) -> None:
    async with console(company.offered()) as desk:
        await desk.press("h")
        assert "No incident is open here: nobody works it with you." in words(desk)
        assert "sharing.namespace" not in words(desk)


async def test_asking_again_says_that_the_shared_place_is_tried_too(console) -> None:
    async with console(company.away()) as desk:
        await desk.press("r")
        assert "Asking every check again, and trying the shared place." in words(desk)


async def test_a_machine_that_a_name_has_is_not_said_twice(console) -> None:
    other = replace(company.BO, console="b1" * 8, process=5)
    async with console(company.together(sharing=company.sharing(company.BO, other))) as desk:
        await desk.press("i", "h")
        assert "bo on web1, process 4711" in words(desk) and "4711 on web1" not in words(desk)


async def test_without_sharing_it_is_said_that_nobody_else_can_be_here(console) -> None:
    async with console() as desk:
        await desk.press("h")
        assert "This incident is not shared" in words(desk)


# Joining


@pytest.mark.parametrize("size", SIZES)
async def test_a_shared_incident_is_offered_and_joined(console, size) -> None:
    start = sights.looking(open_incidents=(SHARED,))
    async with console(start, size=size) as desk:
        assert "1 shared incident, 2 h: i joins" in top(desk)[0]
        await desk.press("i")
        assert f"Join {sights.ID}" in words(desk)
        assert "of ada, 2 h: rate limited" in words(desk)
        desk.session.joined = company.joined()
        await desk.press("j")
        assert desk.session.did("join") == [("join", sights.ID)]
        assert desk.screen == "ReturnCard"
        assert "Joined: so far" in words(desk)
        await desk.press("escape")
        assert desk.screen == "MainScreen"
        assert f"Joined {sights.ID}." in words(desk)


async def test_the_card_of_who_joins_tells_what_happened_so_far(console) -> None:
    async with console(company.joined()) as desk:
        await desk.press("colon", *"while you were", "enter")
        seen = words(desk)
        assert "began 18 min ago, 2026-11-23 15:03" in seen
        assert "declared by responder" in seen
        assert "command bo" in seen and "here bo, cy" in seen
        assert "changing bo: Raise timeout, since 15:20 UTC" in seen
        assert "15:10 Reduce concurrency, by bo: ineffective: 1.3/s → 1.2/s" in seen
        assert "responder: traffic rose after the newsletter" in seen
        await desk.press("end")
        assert "Alerts warn: MistralRateLimitWarning" in words(desk)


def wrote(number: int, minutes: float, actor: str, kind: Kind, text: str, **data: Any) -> Entry:
    at = sights.ago(minutes=minutes)
    return Entry(f"01J{number:010d}", at, at, actor, kind, text, data)


def card(snapshot: Snapshot) -> list[str]:
    """The rows of the card, each in a line."""
    return [f"{row.label} {row.text}".strip() for row in returning.page(snapshot, sights.NOW)]


MADE = company.joined().incident.mitigations[0]


def test_the_card_of_who_comes_back_tells_what_others_did_with_time_and_name() -> None:
    undo = replace(MADE, intent="i2", undoes="i1", before="3", after="10", outcome="applied", verdict="")
    incident = replace(sights.INCIDENT, mitigations=(replace(MADE, undone=True), undo), commander="bo")
    entries = (
        wrote(10, 12, "bo", Kind.LOCK, "lock of mistral-service taken", event="taken"),
        wrote(11, 11, "leeward", Kind.VERDICT, "effective: 1.3/s → 0.0/s", intent="i1"),
        wrote(12, 10, "bo", Kind.COMMANDER, "bo takes command from responder, not heard for 40 s"),
        wrote(13, 9, "bo", Kind.SEVERITY, "P2 → P1: checkout is down", to="P1"),
        wrote(14, 8, "bo", Kind.STATUS, "investigating → mitigating", to="mitigating"),
        wrote(15, 7, "leeward", Kind.OUTCOME, "applied: V 3 → 10", intent="i2", outcome="applied"),
        wrote(16, 7, "leeward", Kind.LEASE, "took back V 3 → 10", intent="i2", event="released"),
        wrote(17, 6, "cy", Kind.NOTE, "bo checked with the CDN team"),
        wrote(18, 5, "bo", Kind.LOCK, "mistral-service is changed without its lock", event="without"),
    )
    back = sights.come_back(incident=incident, sharing=company.sharing(company.BO))
    rows = card(replace(back, entries=(*back.entries, *entries)))
    for row in (
        "15:12 bo takes command from responder, not heard for 40 s",
        "15:13 bo: severity P2 → P1: checkout is down",
        "15:14 bo: status investigating → mitigating",
        "15:15 Undo: Reduce concurrency, by bo: applied: V 3 → 10",
        "lease took back V 3 → 10, by bo",
        "15:16 cy: bo checked with the CDN team",
        "15:17 bo: mistral-service is changed without its lock",
        "verdict Reduce concurrency, by bo: effective: 1.3/s → 0.0/s",
    ):
        assert row in rows, rows
    assert not [row for row in rows if "none ended" in row or "lock of mistral-service taken" in row]


def test_the_card_says_that_no_change_was_under_way_only_where_none_was() -> None:
    still = sights.come_back(entries=(sights.ENTRIES[1], sights.come_back().entries[-3]))
    assert "none was under way" in card(still)
    changing = replace(still, lock=company.LOCK_BO, sharing=company.sharing(company.BO))
    assert "changing bo: Raise timeout, since 15:20 UTC" in card(changing)
    here = replace(still, running=sights.running().running)
    assert "under way" in " ".join(card(here))
    for snapshot in (changing, here):
        assert "none was under way" not in card(snapshot)


def test_the_card_of_who_joins_tells_an_undo_from_the_change_that_it_took_back() -> None:
    undo = replace(MADE, intent="i2", undoes="i1", at=sights.ago(minutes=4), by="cy", verdict_text="")
    joined = company.joined()
    assert joined.incident is not None
    both = replace(joined.incident, mitigations=(replace(MADE, undone=True), undo))
    rows = card(replace(joined, incident=both))
    assert "15:10 Reduce concurrency, by bo: taken back" in rows
    assert "15:18 Undo: Reduce concurrency, by cy: applied" in rows


def test_an_incident_that_is_open_in_another_console_of_this_machine_is_joined_too() -> None:
    beside = replace(SHARED, here=True, held_by_other=True)
    snapshot = sights.looking(open_incidents=(beside,))
    assert next(c.label for c in incident_choices(snapshot, sights.NOW)) == f"Join {sights.ID}"
    assert view.offer(snapshot, sights.NOW) == "1 open incident, 2 h: i joins"
    both = sights.looking(open_incidents=(SHARED, OpenIncident("inc-2", "t", sights.ago(hours=3))))
    assert view.offer(both, sights.NOW) == "2 open incidents, 1 shared, 3 h: i resumes"


# Command


@pytest.mark.parametrize("size", SIZES)
async def test_command_that_somebody_has_who_is_here_is_not_taken(console, size) -> None:
    async with console(company.together(), size=size) as desk:
        await desk.press("i", "c")
        assert "bo has had command since 15:13 UTC, and is here" in words(desk)
        await desk.press("enter")
        assert desk.screen == "MainScreen"
        assert not desk.session.did("take_command")


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_taking_over_from_who_is_gone_needs_more_than_enter(console, key) -> None:
    gone = company.sharing(
        replace(company.GONE, ago=timedelta(minutes=2)), command=replace(company.COMMAND_BO, gone=True)
    )
    async with console(company.together(sharing=gone), size=(80, 24)) as desk:
        await desk.press("i", "c")
        assert "Take over from bo" in words(desk) and "silent for 2 min" in words(desk)
        await desk.press(key)
        assert not desk.session.did("take_command")
        await desk.press("i", "c", "t")
        assert desk.session.did("take_command") == [("take_command", "")]
        assert "You have command now, taken over from bo." in words(desk)


async def test_a_holder_who_came_back_meanwhile_keeps_it(console) -> None:
    gone = company.sharing(company.GONE, command=replace(company.COMMAND_BO, gone=True))
    async with console(company.together(sharing=gone)) as desk:
        await desk.press("i", "c")
        desk.session.refuse = CommandHeld(company.COMMAND_BO, sights.NOW)
        await desk.press("t")
        assert "bo has had command for 9 min. Ask bo to hand it over." in words(desk)


@pytest.mark.parametrize("name", ["responder", "carol"])
async def test_command_that_was_given_to_a_name_is_taken_up_here(console, name) -> None:
    given = Holder("", name, since=sights.ago(minutes=9), incident=sights.ID)
    async with console(company.together(sharing=company.sharing(company.BO, command=given))) as desk:
        await desk.press("i", "c")
        assert "who takes command" in words(desk)
        await desk.press("enter")
        assert desk.session.did("take_command") == [("take_command", "responder")]


async def test_of_two_consoles_of_one_name_the_one_that_was_chosen_is_handed_command(console) -> None:
    other = replace(company.BO, console="b1" * 8, host="web9", process=5)
    async with console(company.together(sharing=company.sharing(company.BO, other))) as desk:
        await desk.press("i", "h", "2")
        assert desk.session.did("hand_over") == [("hand_over", "bo", other.console)]


@pytest.mark.parametrize("size", SIZES)
async def test_command_is_handed_to_one_of_those_who_are_here(console, size) -> None:
    async with console(company.together(sharing=company.sharing(company.BO, company.CY)), size=size) as desk:
        await desk.press("i", "h")
        assert "bo" in words(desk) and "on web1" in words(desk) and "Somebody else" in words(desk)
        # The list is frozen: who comes meanwhile moves nothing.
        desk.session.publish(company.together(sharing=company.sharing(company.MINE, company.BO, company.CY)))
        await desk.press("2")
        assert desk.session.did("hand_over") == [("hand_over", "cy", company.CY.console)]
        await desk.press("escape")
        await desk.press("i", "h", "n", *"ana", "enter")
        assert desk.session.did("hand_over")[-1] == ("hand_over", "ana")


async def test_command_is_not_handed_to_who_left_while_the_list_was_open(console) -> None:
    async with console(company.together(sharing=company.sharing(company.BO, company.CY))) as desk:
        await desk.press("i", "h")
        desk.session.publish(company.together(sharing=company.sharing(company.CY)))
        await desk.press("1")
        assert "bo has left meanwhile: nothing was handed over." in words(desk)
        assert not desk.session.did("hand_over")


# Locks


@pytest.mark.parametrize("size", SIZES)
async def test_a_target_that_somebody_else_changes_waits_and_opens_when_it_is_free(console, size) -> None:
    async with console(company.changing(), size=size) as desk:
        assert "locked by bo" in words(desk)
        await desk.press("m", "1")
        await desk.advance(1.1)
        assert "held by bo: Raise timeout, since 15:20 UTC; nothing is queued" in words(desk)
        assert "locked by bo: wait for its verdict" in words(desk)
        await desk.press("y")
        assert not desk.session.did("approve")
        desk.session.publish(company.changing(lock=None))
        await desk.press("y")
        assert not desk.session.did("approve"), "deaf for a second: a finger may be on its way"
        assert "lock free" in words(desk)
        await desk.advance(1.1)
        await desk.press("y")
        assert desk.session.did("approve")


@pytest.mark.parametrize("edited", [False, True])
async def test_a_preview_that_outlived_anothers_change_is_made_anew(console, edited) -> None:
    async with console(company.changing()) as desk:
        await desk.press("m", "1")
        if edited:
            await desk.press("e", *["backspace"] * 4, "5", "enter")
        await desk.advance(1.1)
        asked = desk.session.did("preview")
        desk.session.plan = SessionError("Nothing was applied: MAX_CONCURRENT_MISTRAL is 3 now.")
        desk.session.publish(company.changing(lock=None))
        await desk.advance(1.1)
        assert desk.session.did("preview") == [*asked, asked[-1]]
        assert asked[-1][2] == ("5" if edited else None)
        assert "MAX_CONCURRENT_MISTRAL is 3 now" in words(desk)
        await desk.press("y")
        assert not desk.session.did("approve")


@pytest.mark.parametrize("size", SIZES)
async def test_ones_own_change_of_a_target_is_waited_for_too(console, size) -> None:
    (run,) = sights.running().running
    mine = replace(run, target=sights.PLAN.target.key, locked=True, title="Raise timeout")
    busy = company.changing(lock=None, running=(mine,))
    async with console(busy, size=size) as desk:
        await desk.press("m", "1")
        await desk.advance(1.1)
        assert "yours: Raise timeout; nothing is queued" in words(desk)
        assert "wait for the verdict of Raise timeout" in words(desk)
        await desk.press("y")
        assert not desk.session.did("approve")
        desk.session.publish(company.changing(lock=None))
        await desk.advance(2.1)
        assert len(desk.session.did("preview")) == 2
        await desk.press("y")
        assert desk.session.did("approve")


def test_the_undo_of_ones_own_change_waits_for_nothing() -> None:
    (run,) = sights.running().running
    undo = replace(sights.PLAN, undoes="i1")
    watched = replace(run, target=undo.target.key, stage=Stage.WATCHING, intent="i1")
    room = previews.room(company.changing(lock=None, running=(watched,)), "15 min")
    assert previews.busy(previews.Stand("Undo", plan=undo), room) == ""
    assert previews.busy(previews.Stand("Undo", plan=replace(undo, undoes="i2")), room) == run.title


async def test_a_refusal_names_the_console_of_the_same_login(console) -> None:
    mine = replace(company.LOCK_BO, console=company.MINE.console, name="responder", host="devbox", process=71)
    snapshot = company.changing(lock=None, sharing=company.sharing(company.MINE))
    async with console(snapshot) as desk:
        await desk.press("m", "1")
        await desk.advance(1.1)
        desk.session.refuse = LockHeld(mine, "mistral-service")
        await desk.press("y")
        seen = words(desk)
        assert "Nothing was changed: responder is changing mistral-service (Raise timeout)." in seen
        assert "It is your console on devbox." in seen


AWAY = LockUnreachable("Whether somebody else changes mistral-service is not known: no answer.", "Ask them.")


@pytest.mark.parametrize("size", SIZES)
async def test_without_the_lock_it_goes_by_the_word_alone(console, size) -> None:
    async with console(company.away(arming=sights.armed().arming), size=size) as desk:
        desk.session.unlocked = AWAY
        await desk.press("m", "1")
        await desk.advance(1.1)
        await desk.press("y")
        seen = words(desk)
        assert "Somebody else may be changing this very target." in seen
        assert "no lock: type prodeu to go without it" in seen
        assert "high risk, without the lock" in seen
        await desk.press("y", "enter")
        await desk.settle()
        assert not desk.session.did("approve")
        await desk.press("m", "1")
        await desk.advance(1.1)
        await desk.press("y", *"prodeu", "enter", "y")
        assert not desk.session.did("approve"), "deaf for a second after the word"
        await desk.advance(1.1)
        await desk.press("y")
        assert desk.session.did("approve") == [("approve", sights.PLAN, "without the lock")]


async def test_nobody_goes_without_a_lock_that_can_be_had_again(console) -> None:
    async with console(company.away(arming=sights.armed().arming)) as desk:
        desk.session.unlocked = AWAY
        await desk.press("m", "1")
        await desk.advance(1.1)
        await desk.press("y", *"prodeu", "enter")
        desk.session.publish(company.away(arming=sights.armed().arming))
        desk.session.publish(sights.armed(sharing=company.sharing(company.BO)))
        await desk.advance(1.1)
        desk.session.unlocked = None
        assert "without the lock" not in words(desk)
        await desk.press("y")
        assert desk.session.did("approve") == [("approve", sights.PLAN)]


async def test_a_locked_action_can_be_looked_at_from_the_list_too(console) -> None:
    async with console(company.changing()) as desk:
        await desk.press("enter")
        assert desk.screen == "PreviewScreen"
        assert "locked by bo: wait for its verdict" in words(desk)


# What others do


def _resolved(by: str) -> tuple[Incident, tuple]:
    over = replace(sights.INCIDENT, status=Status.RESOLVED, resolved_at=sights.NOW)
    entry = replace(sights.entry(sights.NOW, Kind.RESOLVED, "after 19 min", 60), actor=by)
    return over, (*sights.ENTRIES, entry)


def test_command_that_is_taken_from_here_rings_and_one_that_was_given_does_not() -> None:
    mine = company.together(sharing=company.sharing(company.BO))
    after = company.together()
    (one,) = news.news(mine, after)
    assert one.words.startswith("bo has command now, taken from you") and one.bell
    given = sights.entry(sights.NOW, Kind.HANDOVER, "command from responder to bo", 61)
    (one,) = news.news(mine, replace(after, entries=(*sights.ENTRIES, given)))
    assert one.words == "bo has command now." and not one.bell
    assert news.news(after, after) == ()


async def test_who_has_command_is_not_said_to_be_here_while_the_place_is_away(console) -> None:
    cut_off = company.sharing(
        replace(company.BO, ago=timedelta(seconds=38)), link=Link.AWAY, command=company.COMMAND_BO
    )
    async with console(company.together(sharing=cut_off), size=(80, 24)) as desk:
        await desk.press("i", "c")
        assert (
            "bo has had command since 15:13 UTC, and was not heard of for 38 s; the place is away."
            in words(desk)
        )
        assert "and is here" not in words(desk)


@pytest.mark.parametrize("size", SIZES)
async def test_command_that_is_taken_while_the_place_is_away_is_no_plain_success(console, size) -> None:
    lost = company.sharing(link=Link.AWAY, command=None)
    incident = replace(sights.INCIDENT, commander="responder")
    async with console(company.alone(sharing=lost), size=size) as desk:
        await desk.press("i", "c", "enter")
        assert desk.session.did("take_command") == [("take_command", "responder")]
        assert "▲ Commander: responder. Others hear of it when the place is back." in words(desk)
    seen = company.alone(sharing=lost, incident=incident)
    assert told.command(seen) == "command: you"
    assert "responder, by the record; others hear of it when the place is back" in text(
        people.page(seen, sights.NOW)
    )
    live = replace(seen, sharing=replace(lost, link=Link.LIVE))
    assert "responder, by the record; no console holds it" in text(people.page(live, sights.NOW))


def test_who_is_handed_command_is_told_and_it_rings() -> None:
    before = company.together()
    after = company.together(sharing=company.sharing(company.BO, company.CY))
    given = sights.entry(sights.NOW, Kind.HANDOVER, "from bo", 61, to="responder", console=company.ME.console)
    given = replace(given, actor="bo")
    for seen in (after, before):  # the entry may be here before the lease
        (one,) = news.news(before, replace(seen, entries=(*sights.ENTRIES, given)))
        assert (one.words, one.state, one.bell) == ("bo handed command to you.", "warn", True)
    by_name = replace(given, data={"to": "responder"})
    (one,) = news.news(before, replace(after, entries=(*sights.ENTRIES, by_name)))
    assert one.words == "bo handed command to you."
    for other in (
        replace(given, data={"to": "cy", "console": company.CY.console}),
        replace(given, actor="responder"),
    ):
        assert news.news(after, replace(after, entries=(*sights.ENTRIES, other))) == ()


def test_an_incident_that_another_resolves_rings_and_ones_own_act_does_not() -> None:
    before = company.together()
    over, entries = _resolved("bo")
    (one,) = news.news(before, company.together(incident=over, entries=entries))
    assert one.words == "bo resolved the incident: after 19 min" and one.bell
    over, entries = _resolved("responder")
    assert news.news(before, company.together(incident=over, entries=entries)) == ()


def test_a_change_of_another_is_told_when_it_starts_and_when_it_ends() -> None:
    free = company.together()
    (one,) = news.news(free, company.changing())
    assert one.words == "bo changes the target: Raise timeout. Nobody else can until that is over."
    made = Applied(
        "i1",
        "raise-timeout",
        "Raise timeout",
        "T",
        "1",
        "2",
        sights.NOW,
        "applied",
        "effective",
        "effective: 1.3/s → 0.1/s",
        console=company.BO.console,
    )
    over = replace(free, incident=replace(sights.INCIDENT, mitigations=(made,)))
    (one,) = news.news(company.changing(), over)
    assert (
        one.words == "bo no longer changes the target: Raise timeout, effective: 1.3/s → 0.1/s."
        and one.state == "ok"
    )


RAISED = Applied(
    "i1", "raise-timeout", "Raise timeout", "T", "1", "2", sights.NOW, "applied", console=company.BO.console
)


def _left(**changes) -> Snapshot:
    """bo is gone with the lock, and its change has no verdict."""
    middle = replace(sights.INCIDENT, mitigations=(RAISED,))
    gone = company.sharing(company.GONE, company.CY)
    lost = replace(company.LOCK_BO, gone=True)
    return company.changing(**{"incident": middle, "sharing": gone, "lock": lost} | changes)


def test_who_is_gone_in_the_middle_of_a_change_is_no_good_news_and_rings() -> None:
    (one,) = news.news(company.changing(), _left())
    assert one.words == "bo is gone in the middle of Raise timeout; nobody judges it yet."
    assert (one.state, one.bell) == ("warn", True)
    cys = replace(company.LOCK_BO, console=company.CY.console, name="cy", what="watching Raise timeout")
    (one,) = news.news(company.changing(), _left(lock=cys))
    assert one.words == "bo is gone in the middle of Raise timeout; cy watches Raise timeout."
    assert told.locker(_left()) is None


def test_who_judges_what_another_left_is_told_here() -> None:
    taken = sights.entry(sights.NOW, Kind.LOCK, "lock taken", 62, event="taken_over", intent="i1")
    run = Running("raise-timeout", "Raise timeout", Stage.WATCHING, "", sights.NOW, intent="i1", locked=True)
    after = _left(lock=None, running=(run,), entries=(*sights.ENTRIES, taken))
    (one,) = news.news(_left(), after)
    assert one.words == "bo is gone in the middle of Raise timeout; this console judges it."
    assert news.news(_left(), replace(after, running=())) == (), "settling it is told by its outcome"


def test_who_takes_up_a_change_watches_it_and_changes_nothing() -> None:
    looks = replace(company.LOCK_BO, what="watching Raise timeout")
    (one,) = news.news(company.together(), company.changing(lock=looks))
    assert one.words == "bo watches Raise timeout. Nobody else can change the target until that is over."
    assert told.under_change(company.changing(lock=looks)) == (
        "bo watches Raise timeout",
        "bo watches a change",
    )
    page = text(people.page(company.changing(lock=looks), sights.NOW))
    assert " bo watches" not in page and "\n watches Raise timeout" in page
    settles = replace(company.LOCK_BO, what="settling Raise timeout")
    assert told.under_change(company.changing(lock=settles))[0] == "bo settles Raise timeout"
    judged = replace(RAISED, console=company.CY.console, verdict="effective", verdict_text="effective: less")
    over = company.changing(lock=None, incident=replace(sights.INCIDENT, mitigations=(judged,)))
    (one,) = news.news(company.changing(lock=looks), over)
    assert one.words == "bo no longer watches Raise timeout: effective: less."


def test_a_change_that_another_made_without_the_lock_is_told_and_rings() -> None:
    said = "mistral-service is changed without its lock: the shared place does not answer"
    mine = sights.entry(sights.NOW, Kind.LOCK, said, 62, event="without")
    theirs, before = replace(mine, actor="bo"), company.together()
    (one,) = news.news(before, replace(before, entries=(*before.entries, theirs)))
    assert one.words == f"bo, at 15:22 UTC: {said}."
    assert (one.state, one.bell) == ("warn", True)
    assert news.news(before, replace(before, entries=(*before.entries, mine))) == ()
    taken = replace(theirs, data={"event": "taken"})
    assert news.news(before, replace(before, entries=(*before.entries, taken))) == ()


def test_a_lock_that_was_lost_in_the_middle_rings() -> None:
    lost = sights.entry(sights.NOW, Kind.LOCK, "lock of mistral-service lost to bo", 62, event="lost")
    before = company.together()
    (one,) = news.news(before, replace(before, entries=(*before.entries, lost)))
    assert "lost to bo" in one.words and one.bell
    theirs = replace(lost, actor="bo")
    assert news.news(before, replace(before, entries=(*before.entries, theirs))) == ()


async def test_a_refusal_takes_the_place_of_on_its_way(console) -> None:
    async with console(sights.armed()) as desk:
        await desk.press("m", "1")
        await desk.advance(1.1)
        await desk.press("y")
        assert "on its way" in words(desk)
        change = Applied("i1", "reduce-concurrency", "Reduce concurrency", "M", "10", "3", sights.NOW)
        told = sights.entry(sights.NOW, Kind.OUTCOME, "refused: 409", 63, intent="i1", outcome="refused")
        made = replace(sights.INCIDENT, mitigations=(change,))
        desk.session.publish(sights.armed(incident=made, entries=(*sights.ENTRIES, told)))
        await desk.settle()
        assert "Reduce concurrency: refused: 409." in words(desk)
        assert "on its way" not in words(desk)


def test_a_remedy_that_a_refusal_says_itself_is_said_once() -> None:
    change = Applied("i1", "reduce-concurrency", "Reduce concurrency", "M", "10", "3", sights.NOW)
    before = company.together(incident=replace(sights.INCIDENT, mitigations=(change,)))
    remedy = "Open the preview again: it shows what is there now."
    said = f"Nothing was applied: M is 3 now. {remedy}"
    data = {"intent": "i1", "outcome": "refused", "remedy": remedy}
    refused = sights.entry(sights.NOW, Kind.OUTCOME, said, 63, **data)
    (one,) = news.news(before, replace(before, entries=(*before.entries, refused)))
    assert one.words == f"Reduce concurrency: {said}"


async def test_news_that_overtake_each_other_under_a_dialog_are_not_said_together(console) -> None:
    async with console(company.together()) as desk:
        await desk.press("n", *"half")
        desk.session.publish(company.changing())
        desk.session.publish(company.changing(lock=None))
        await desk.advance(20)
        await desk.press("enter")
        assert "bo no longer changes the target." in words(desk)
        assert "bo changes the target" not in words(desk)


async def test_what_waits_for_the_lock_is_not_called_sending(console) -> None:
    async with console(company.changing(lock=None)) as desk:
        await desk.press("m", "1")
        await desk.advance(1.1)
        go_on = asyncio.Event()

        async def approve(plan, *, without_lock: bool = False) -> None:
            await go_on.wait()

        desk.session.approve = approve
        await desk.press("y")
        assert "waiting for the lock of mistral-service" in words(desk)
        (run,) = sights.running().running
        mine = replace(run, target=sights.PLAN.target.key, locked=True)
        desk.session.publish(company.changing(lock=None, running=(mine,)))
        await desk.settle()
        assert "sending: the timeline tells how it goes" in words(desk)
        go_on.set()
        await desk.settle()


async def test_what_the_place_refuses_is_said_once_with_whom_to_ask(console) -> None:
    async with console(company.together()) as desk:
        desk.session.publish(company.refused())
        await desk.settle()
        assert "refuses entries of responder. Ask its administrator" in words(desk)
        assert "Entries stay on this machine." in words(desk)
        await desk.press("j")
        desk.session.publish(company.together())
        desk.session.publish(company.refused())
        await desk.settle()
        assert "Ask its administrator" not in words(desk)
        assert "refuses us" in top(desk)[2]


async def test_news_that_come_under_a_dialog_are_there_when_it_is_closed(console) -> None:
    async with console(company.together(sharing=company.sharing(company.BO))) as desk:
        await desk.press("n", *"half")
        desk.session.publish(company.together())
        await desk.advance(40)
        await desk.press("enter")
        assert "Noted." in words(desk)
        assert "bo has command now, taken from you" in words(desk)
        await desk.press("j")
        assert "taken from you" not in words(desk)


# Others' entries


async def test_the_timeline_holds_while_others_entries_pour_in(console) -> None:
    many = tuple(
        sights.entry(sights.ago(minutes=30 - n / 2), Kind.NOTE, f"note {n}", 100 + n) for n in range(40)
    )
    async with console(company.together(entries=many), size=(80, 24)) as desk:
        desk.app.main.set_focus(desk.app.main.timeline)
        await desk.press("home", *["down"] * 9)
        at = desk.app.main.timeline.marked_row
        was = next(line for line in desk.seen().splitlines() if "note 9" in line)
        poured = [
            replace(
                sights.entry(sights.ago(minutes=29 - n / 2), Kind.NOTE, f"theirs {n}", 300 + n), actor="bo"
            )
            for n in range(50)
        ]
        entries = tuple(sorted((*many, *poured), key=lambda e: (e.occurred_at, e.id)))
        desk.session.publish(company.together(entries=entries))
        await desk.settle()
        assert desk.app.main.timeline.marked_row == at
        now = next(line for line in desk.seen().splitlines() if "note 9" in line)
        assert now[:22] == was[:22]
        assert "50 new" in desk.seen()


async def test_who_wrote_it_is_said_where_several_people_do_and_can_be_asked_for(console) -> None:
    theirs = replace(sights.entry(sights.NOW, Kind.NOTE, "the proxy is fine", 70), actor="bo")
    by_itself = replace(sights.entry(sights.NOW, Kind.STATE, "Network ok", 71), actor="leeward")
    async with console(company.together()) as desk:
        assert "responder: traffic" not in words(desk), "one person needs no name"
        desk.session.publish(company.together(entries=(*sights.ENTRIES, theirs, by_itself)))
        await desk.settle()
        assert "bo: the proxy is fine" in words(desk)
        assert "responder: traffic rose" in words(desk)
        assert "leeward: Network" not in words(desk)
        assert "ack by responder" in words(desk), "a text that has the name says it once"
        await desk.press("slash", *"by:BO", "enter")
        assert "by bo, Esc for all" in words(desk)
        assert "the proxy is fine" in words(desk) and "traffic rose" not in words(desk)
        await desk.press("escape", "F")
        assert "by bo" in words(desk)


@pytest.mark.parametrize("size", SIZES)
async def test_what_other_consoles_say_is_text_and_nothing_else(console, size) -> None:
    evil = replace(company.BO, name=HOSTILE * 40, host=HOSTILE)
    lock = replace(company.LOCK_BO, name=HOSTILE * 9, host=HOSTILE, what=HOSTILE * 9)
    sharing = company.sharing(
        evil, command=replace(company.COMMAND_BO, name=HOSTILE), said=HOSTILE, problems=(HOSTILE,)
    )
    async with console(company.changing(sharing=sharing, lock=lock), size=size) as desk:
        for keys in ((), ("h",), ("escape", "i"), ("c",), ("escape", "i", "h"), ("escape", "m", "1")):
            await desk.press(*keys)
            seen = desk.seen()
            assert "\x1b" not in seen and "\u202e" not in seen
            assert all(len(line) <= size[0] for line in seen.splitlines())


@pytest.mark.parametrize("filtered", [False, True])
async def test_rows_are_made_anew_from_where_others_came_in_alone(console, filtered, monkeypatch) -> None:
    many = tuple(
        sights.entry(sights.ago(minutes=600 - n), Kind.NOTE, f"note {n}", 1000 + n) for n in range(500)
    )
    late = replace(sights.entry(sights.ago(minutes=103.5), Kind.NOTE, "theirs", 2000), actor="bo")
    entries = tuple(sorted((*many, late), key=lambda entry: (entry.occurred_at, entry.id)))
    async with console(company.together(entries=many)) as desk:
        main = desk.app.main
        if filtered:
            main.needle = "kind:note"
            main.sift()
        made: list[int] = []
        real = view.timeline
        monkeypatch.setattr(view, "timeline", lambda new, *more: made.append(len(new)) or real(new, *more))
        desk.session.publish(company.together(entries=entries))
        await desk.settle()
        assert made == [len(entries) - 497]
        assert [row.id for row in main.timeline.rows] == [entry.id for entry in entries]
        assert len(main.timeline._kept) == len(entries)
        desk.session.publish(company.together(entries=many))
        assert [row.id for row in main.timeline.rows] == [entry.id for entry in many]


@pytest.mark.parametrize(("old", "new"), [(0, 5), (5, 5), (5, 3), (3, 5)])
def test_what_two_timelines_begin_with_is_found(old, new) -> None:
    entries = tuple(sights.entry(sights.NOW, Kind.NOTE, str(n), n) for n in range(5))
    other = sights.entry(sights.NOW, Kind.NOTE, "other", 99)
    assert alike(entries[:old], entries[:new]) == min(old, new)
    for at in range(min(old, new)):
        changed = (*entries[:at], other, *entries[at:new])
        assert alike(entries[:old], changed) == at


async def test_an_entry_says_that_its_writers_clock_misleads(console) -> None:
    fast = replace(company.BO, ahead=timedelta(minutes=3))
    theirs = replace(sights.entry(sights.NOW, Kind.NOTE, "fast", 70), actor="bo")
    snapshot = company.together(sharing=company.sharing(fast), entries=(*sights.ENTRIES, theirs))
    async with console(snapshot) as desk:
        desk.app.main.set_focus(desk.app.main.timeline)
        await desk.press("end", "enter")
        assert "bo: its clock is 3 min ahead of this machine's" in words(desk)


async def test_what_was_refused_of_others_is_pointed_to(console) -> None:
    broken = replace(company.LIVE, problems=("An entry of cy was refused.",))
    async with console(company.alone(sharing=broken), size=(60, 20)) as desk:
        assert "▲ 1 problem (h)" in top(desk)[2]
