"""Commanding by keys: an incident from an alert, its severity, milestones and handover, a return, its end."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import sights
from tui.model.incident import Kind, Status
from tui.model.milestones import Milestone
from tui.model.reading import Alert, Check, State
from tui.screens.incident import incident_choices
from tui.session.errors import SessionError
from tui.session.snapshot import OpenIncident

SIZES = [(120, 40), (80, 24), (60, 20)]
OVER = replace(
    sights.INCIDENT,
    status=Status.RESOLVED,
    resolved_at=sights.ago(minutes=1),
    detected_at=sights.ago(minutes=19),
)
HOSTILE = "[red]x[/] \x1b[2J\u202eabc `|` <b>"


def words(desk) -> str:
    """What is seen, without frames and line breaks."""
    return " ".join(desk.seen().replace("│", " ").replace("┃", " ").split())


def alone(**changes):
    return sights.limited(incident=None, entries=(), **changes)


async def test_an_alert_that_fires_is_offered_and_its_severity_is_only_proposed(console) -> None:
    async with console(alone(), size=(80, 24)) as desk:
        await desk.press("i")
        assert "Declare from the alert MistralRateLimitWarning" in words(desk)
        assert "firing 23 min" in words(desk)
        await desk.press("2")
        assert "degraded service, proposed (now)" in words(desk)
        await desk.press("enter")
        assert desk.session.did("declare_from_alert") == [("declare_from_alert", "f1", "P2")]
        await desk.press("i", "2", "1")
        assert desk.session.did("declare_from_alert")[-1] == ("declare_from_alert", "f1", "P1")


async def test_the_graver_of_label_and_diagnosis_is_proposed(console) -> None:
    critical = Alert("f9", "MistralUnavailable", "critical", "", sights.ago(minutes=2), "active")
    checks = dict(sights.LIMITED) | sights.held(
        sights.reading(Check.ALERTS, State.FAIL, "MistralUnavailable, 2 min", details=(critical,))
    )
    async with console(alone(checks=checks)) as desk:
        await desk.press("i", "2")
        assert "complete outage, proposed (now)" in words(desk)
        await desk.press("escape")
        assert not desk.session.did("declare_from_alert")


async def test_an_alert_of_an_open_incident_is_not_offered() -> None:
    other = OpenIncident("inc-1", "t", sights.ago(minutes=5), alerts=frozenset({"f1"}))
    offered = {choice.id for choice in incident_choices(alone(), sights.NOW)}
    assert offered == {"declare", "alert:f1"}
    assert "alert:f1" not in {c.id for c in incident_choices(alone(open_incidents=(other,)), sights.NOW)}
    assert "alert:f1" not in {c.id for c in incident_choices(sights.limited(), sights.NOW)}
    late = sights.NOW + timedelta(minutes=5)
    assert "alert:f1" not in {c.id for c in incident_choices(alone(), late)}, "the answer is stale"


async def test_an_alert_that_ended_while_the_list_was_open_declares_nothing(console) -> None:
    async with console(alone()) as desk:
        await desk.press("i")
        desk.session.publish(alone(checks={}))
        await desk.press("2")
        assert "no longer fires: nothing was declared" in words(desk)
        assert not desk.session.did("declare_from_alert")


async def test_a_resolved_incident_is_opened_again_with_or_without_a_reason(console) -> None:
    async with console(sights.limited(incident=OVER)) as desk:
        await desk.press("i", "o", "escape")
        assert not desk.session.did("reopen")
        await desk.press("i", "o", "enter")
        await desk.press("i", "o", *"it is back", "enter")
        assert desk.session.did("reopen") == [("reopen", ""), ("reopen", "it is back")]


@pytest.mark.parametrize("size", SIZES)
async def test_the_severity_has_its_clock_and_its_history(console, size) -> None:
    change = sights.entry(
        sights.ago(minutes=3), Kind.SEVERITY, "P2 → P1", 30, **{"from": "P2", "to": "P1", "reason": HOSTILE}
    )
    async with console(sights.limited(entries=(*sights.ENTRIES, change)), size=size) as desk:
        await desk.press("i", "v")
        assert "respond within 60 min: acknowledged after 4 min, in time" in words(desk)
        await desk.press("h")
        assert "2026-11-23 15:03:09 UTC P2 by responder" in words(desk)
        assert "15:19 UTC P2 → P1 by responder: [red]x[/]" in words(desk)
        await desk.press("escape", "escape")
        assert desk.screen == "MainScreen"
        assert not desk.session.did("set_severity")


async def test_escape_from_the_reason_leaves_the_severity_as_it_is(console) -> None:
    async with console() as desk:
        await desk.press("i", "v", "1", "escape")
        assert not desk.session.did("set_severity")


@pytest.mark.parametrize("size", SIZES)
async def test_milestones_are_listed_set_and_corrected(console, size) -> None:
    async with console(size=size) as desk:
        await desk.press("i", "m")
        seen = words(desk)
        assert "Milestones (UTC)" in seen
        assert "Impact started 2026-11-23 15:03:09" in seen
        assert "unknown" in seen
        await desk.press("enter", "ctrl+u", *"14:50", "enter")
        assert desk.session.did("set_milestone") == [("set_milestone", Milestone.IMPACT_STARTED, "14:50")]
        assert "Impact started 2026-11-23 14:50, set" in words(desk)
        await desk.press("enter", "ctrl+u", "enter")
        assert desk.session.did("set_milestone")[-1] == ("set_milestone", Milestone.IMPACT_STARTED, "")
        await desk.press("escape")
        assert desk.screen == "MainScreen"


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_milestone_out_of_order_is_refused_and_what_was_typed_can_be_mended(console, size) -> None:
    async with console(size=size) as desk:
        await desk.press("i", "m", "4", "ctrl+u", *"15:01", "enter")
        assert "would be before impact started at 2026-11-23 15:03:09 UTC" in words(desk)
        assert "15:01" in words(desk)
        await desk.press("ctrl+u", *"nonsense", "enter")
        assert "'nonsense' is no time. Write 15:03" in words(desk)
        await desk.press("ctrl+u", *"15:05", "enter")
        assert "Acknowledged 2026-11-23 15:05, set" in words(desk)


async def test_the_history_of_the_milestones_says_who_set_them(console) -> None:
    data = {"name": "mitigated", "at": "2026-11-23T15:10:00.000Z", "before": None}
    told = replace(sights.entry(sights.NOW, Kind.MILESTONE, "Mitigated at 15:10", 40), data=data)
    async with console(sights.limited(entries=(*sights.ENTRIES, told))) as desk:
        await desk.press("i", "m", "h")
        assert "2026-11-23 15:10 UTC, set by responder, 2026-11-23 15:22 UTC" in words(desk)


@pytest.mark.parametrize("size", SIZES)
async def test_handing_over_offers_the_page(console, size) -> None:
    async with console(size=size) as desk:
        await desk.press("i", "h", *"ana", "enter")
        assert desk.session.did("hand_over") == [("hand_over", "ana")]
        assert "Read the handover page" in words(desk)
        await desk.press("p")
        assert desk.screen == "HandoverScreen"
        assert "Rate limited" in words(desk) or "rate limited" in words(desk)
        await desk.press("escape")
        assert desk.screen == "MainScreen"


async def test_the_handover_page_is_copied_as_markdown_by_c(console, tmp_path: Path) -> None:
    note = sights.entry(sights.NOW, Kind.NOTE, HOSTILE, 50)
    async with console(sights.held_by_lease(entries=(*sights.ENTRIES, note))) as desk:
        await desk.press("i", "g")
        seen = words(desk)
        assert "MAX_CONCURRENT_MISTRAL=3, held by responder until 2026-11-23 17:22 UTC" in seen
        assert "commander: responder" in seen
        await desk.press("c")
        (kept,) = (path for path in tmp_path.rglob("*") if path.is_file() and "Handover" in path.read_text())
        copied = kept.read_text()
        assert copied.startswith(f"# Handover of {sights.ID}")
        assert r"\[red\]x\[/\]" in copied
        assert "\x1b" not in copied and "\u202e" not in copied


@pytest.mark.parametrize("size", SIZES)
async def test_a_return_is_told_on_a_card_that_escape_leaves(console, size) -> None:
    async with console(sights.looking(), size=size) as desk:
        back = sights.come_back()

        async def resumed(incident_id: str) -> None:
            desk.session.publish(back)

        desk.session.resume = resumed
        await desk.press("i", "1")
        assert desk.screen == "ReturnCard"
        seen = words(desk)
        assert "2 h, 2026-11-23" in seen
        assert "ok → fail: 429, our rate limit" in seen
        await desk.press("end")
        assert "no new one" not in words(desk)
        assert "overdue by 7 min (u)" in words(desk)
        await desk.press("escape")
        assert desk.screen == "MainScreen"


async def test_the_card_follows_the_checks_and_opens_again_from_the_palette(console) -> None:
    asking = sights.come_back(checks={})
    async with console(asking) as desk:
        await desk.press("colon", *"while you were", "enter")
        assert desk.screen == "ReturnCard"
        assert "ok → asking…" in words(desk)
        assert "Reduce concurrency: applied, found on the deployment" in words(desk)
        desk.session.publish(sights.come_back())
        await desk.settle()
        assert "Network ok as before: dns 3, tcp 12" in words(desk)


@pytest.mark.parametrize(
    ("key", "screen"), [("m", "ChoosingScreen"), ("n", "AskingScreen"), ("i", "ChoosingScreen")]
)
async def test_the_card_stands_in_no_keys_way(console, key: str, screen: str) -> None:
    async with console(sights.come_back()) as desk:
        await desk.press("colon", *"while you were", "enter")
        assert desk.screen == "ReturnCard"
        await desk.press(key)
        await desk.settle()
        assert desk.screen == screen


async def test_a_resolved_incident_that_is_resumed_says_how_it_is_opened_again(console) -> None:
    async with console(sights.looking()) as desk:

        async def resumed(incident_id: str) -> None:
            desk.session.publish(sights.come_back(incident=OVER))

        desk.session.resume = resumed
        await desk.press("i", "1")
        assert desk.screen == "MainScreen"
        assert "is resolved. i, Reopen opens it again." in words(desk)


async def test_what_the_record_refuses_is_said(console) -> None:
    async with console() as desk:
        desk.session.refuse = SessionError("The disk is full.", "Make room.")
        await desk.press("i", "v", "1", "enter")
        assert "The disk is full. Make room." in words(desk)
