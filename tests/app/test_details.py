"""The pages that look closer, by keys alone: the way out, log errors, limits, the draft to support."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support import sights
from tui.model.change import Change, Difference
from tui.model.log_shapes import LogShape, LogShapes
from tui.model.network_look import Certificate, Resolved
from tui.model.network_policy import Egress, EgressView, Ruling
from tui.model.reading import Allowance, Check, Reading, State
from tui.model.recovery import Recovery
from tui.screens import details, view
from tui.screens.page import text
from tui.session import offers
from tui.session.errors import SessionError
from tui.session.snapshot import Action, Snapshot

DENIED = Ruling(
    "104.18.2.1",
    443,
    "TCP",
    False,
    "default-deny",
    "",
    "default-deny isolates the pods, and no rule allows 104.18.2.1, TCP 443.",
)
NAMES = Ruling("kube-dns", 53, "UDP", True, "dns-only", "egress[0]", "dns-only allows kube-dns, UDP 53.")
VIEW = EgressView(
    Egress.DENIED,
    "api.mistral.ai",
    443,
    (DENIED,),
    (NAMES,),
    ("default-deny", "dns-only"),
    ("staging/closed",),
    caveats=("Whether this cluster's network enforces NetworkPolicies cannot be read from its API.",),
)
SHAPES = LogShapes((LogShape("KeyError: <text>", 64, "KeyError: 'locale'"),), 3, 3, 60.0)
CHANGE = Change("2", "1", "release 2.4.0", sights.ago(minutes=20), (Difference("image", "app:1", "app:2"),))


def with_details(**facts: Any) -> Snapshot:
    """The rate-limited sight, with all that the pages show."""
    pods = sights.reading(Check.WORKLOAD, State.OK, "3/3 ready", facts=facts, details=(VIEW, SHAPES, CHANGE))
    limited = sights.LIMITED[Check.MISTRAL_API].latest
    api = replace(
        limited, details=(Allowance("requests", "minute", 600, 0), Allowance("tokens", "month", 9000, 7000))
    )
    return replace(sights.limited(), checks={**sights.LIMITED, **sights.held(pods, api)})


def said(page: Any) -> str:
    return text(page)


# by keys


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_network_row_opens_the_pods_way_and_asks_from_here(console: Any, size: Any) -> None:
    async with console(with_details(), size=size) as desk:
        desk.session.gate = asyncio.Event()
        await desk.press("shift+tab", "shift+tab", "j", "j", "j", "j", "enter")
        assert desk.screen == "LivePage"
        seen = desk.seen()
        assert "denied to api.mistral.ai, port 443" in seen
        assert "no rule allows" in seen
        assert "CN=mistral.ai" not in seen
        desk.session.gate.set()
        await desk.settle()
        await desk.press("end")
        for words in ("10.0.0.54", "no answer within 3 s", "CN=mistral.ai", "r asks again"):
            assert words in desk.seen(), words
        await desk.press("r")
        assert len(desk.session.did("look_at_network")) == 2
        await desk.press("escape")
        assert desk.screen == "MainScreen"


async def test_leaving_the_page_leaves_what_hangs(console: Any) -> None:
    async with console(with_details()) as desk:
        desk.session.gate = asyncio.Event()
        await desk.press("colon", *"way out", "enter")
        assert desk.screen == "LivePage"
        await desk.press("escape", "n")
        assert desk.screen == "AskingScreen"


async def test_a_look_that_is_refused_is_said_and_closes_nothing(console: Any) -> None:
    async with console(with_details()) as desk:
        desk.session.look = SessionError("The console is still loading.", "Try again in a second.")
        await desk.press("colon", *"way out", "enter")
        assert desk.screen == "LivePage"
        assert "still loading" in desk.seen()
        desk.session.look = RuntimeError("odd")
        await desk.press("r")
        assert "could not be asked (RuntimeError)" in desk.seen()


async def test_each_check_has_a_page_and_the_palette_has_all_of_them(console: Any) -> None:
    async with console(with_details()) as desk:
        await desk.press("shift+tab", "shift+tab", "enter")
        assert "0 of 600 left" in desk.seen()
        await desk.press("escape", "j", "enter")
        assert "degraded: mistral" in desk.seen()
        assert "0 of 600 left (0 %)" not in desk.seen()
        await desk.press("escape", "colon", *"all that the checks", "enter")
        assert "all systems operational" in desk.seen()
        await desk.press("escape", "colon", *"log errors", "enter")
        assert "KeyError: <text>" in desk.seen()


async def test_the_draft_is_read_and_copied_and_never_sent(console: Any) -> None:
    async with console(with_details()) as desk:
        await desk.press("colon", *"support", "enter")
        assert "Subject: it fails" in desk.seen()
        assert "nothing is sent" in desk.seen()
        await desk.press("c")
        kept = next((desk.app.opening.folder).glob("copied*")).read_text()
        assert kept.startswith("Subject: it fails")
        await desk.press("escape")
        assert desk.session.acts == []


async def test_a_page_among_the_actions_opens_by_its_number(console: Any) -> None:
    shown = with_details()
    page = Action(offers.LIMITS, "page", offers.TITLES[offers.LIMITS], hint="what is left")
    async with console(replace(shown, actions=(*shown.actions, page))) as desk:
        await desk.press(str(len(shown.actions) + 1))
        assert desk.screen == "ReaderScreen"
        assert "tokens/month" in desk.seen()


# the pages


def test_the_network_page_says_what_it_cannot_say() -> None:
    page = said(details.network(with_details(), None, sights.NOW))
    assert details.NOT_THE_PODS in page
    assert "elsewhere: staging/closed (of other namespaces: they do not count here)" in page
    assert "enforces NetworkPolicies" in page
    unknown = replace(VIEW, verdict=Egress.UNKNOWN, unknowns=("Cilium may stand in the way.",))
    pods = sights.reading(Check.WORKLOAD, State.OK, "ok", details=(unknown,))
    shown = replace(sights.limited(), checks=sights.held(pods))
    assert "unknown: Cilium may stand in the way." in said(details.network(shown, None, sights.NOW))
    assert "egress: unknown" in said(details.network(sights.looking(), None, sights.NOW))


def test_certificates_that_end_soon_or_are_not_believed_are_marked() -> None:
    def rows(certificate: Certificate) -> str:
        look = replace(sights.LOOK, certificate=certificate)
        return said(details.network(with_details(), look, sights.NOW))

    good = sights.LOOK.certificate
    assert good is not None
    assert "in 60 days" in rows(good)
    assert "it has expired" in rows(replace(good, expires=sights.NOW - timedelta(days=1)))
    assert "no: self-signed certificate; look for a proxy" in rows(
        replace(good, trusted=False, why="self-signed certificate")
    )


def test_resolvers_that_disagree_are_marked() -> None:
    two = (Resolved("a", ("1.1.1.1",), 1.0), Resolved("b", ("2.2.2.2",), 1.0))
    page = said(details.network(with_details(), replace(sights.LOOK, resolvers=two), sights.NOW))
    assert "different addresses" in page


def test_the_logs_page_sets_the_change_against_the_errors() -> None:
    page = said(details.logs(with_details(change_against_errors="2 min after"), sights.NOW))
    assert "errors: began 2 min after revision 2" in page
    assert "differs: image  app:1 → app:2" in page
    assert "64 x: KeyError: <text>\nsuch as  KeyError: 'locale'" in page
    assert "in all: 67 error lines in the last 60 s of 3 pods" in page
    bare = said(details.logs(sights.looking(), sights.NOW))
    assert "change: not known" in bare


def test_limits_are_told_by_window_and_none_is_said_to_be_none() -> None:
    page = said(details.limits(with_details(), sights.NOW, "https://limits.example.com"))
    assert "https://limits.example.com" in page
    assert "requests/minute: 0 of 600 left (0 %)" in page
    assert "tokens/month: 7,000 of 9,000 left (77 %)" in page
    none = replace(with_details(), checks=sights.LIMITED)
    assert "the answer tells none" in said(details.limits(none, sights.NOW))
    zero = sights.reading(
        Check.MISTRAL_API, State.FAIL, "429", details=(Allowance("requests", "minute", 0, 0),)
    )
    shown = replace(sights.limited(), checks=sights.held(zero))
    assert "0 allowed: no waiting helps" in said(details.limits(shown, sights.NOW))


def test_do_here_says_where_the_recovery_watch_is_and_what_is_proposed() -> None:
    def prose(recovery: Recovery, *actions: Action) -> str:
        shown = replace(sights.limited(), recovery=recovery, actions=actions)
        return "\n".join(view.do_here(shown, sights.NOW, view.Places(), trail=False).prose)

    waiting = Recovery(12, 14, 19, 20, last="503, code 1100")
    assert "Recovery: 12 of 14 good, needs 19 of 20; the last: 503, code 1100." in prose(waiting)
    back = Recovery(20, 20, 19, 20, sights.ago(minutes=1))
    off = Action("disable-fallback", "mitigation", "Answer from Mistral again")
    assert "Mistral has recovered (15:21 UTC): 20 of 20 good." in prose(back)
    assert "Next, proposed: Answer from Mistral again." in prose(back, off)
    blind = Recovery(0, 0, 19, 20, trouble="Set mistral.model in the settings.")
    assert "Recovery: Set mistral.model in the settings." in prose(blind)


def test_every_reading_of_a_page_is_plain_values() -> None:
    reading: Reading = with_details().checks[Check.WORKLOAD].latest
    assert reading.of(EgressView) == (VIEW,)
    assert reading.of(LogShapes) == (SHAPES,)
    assert reading.of(Change) == (CHANGE,)


async def test_a_dialog_is_left_once_however_often_that_is_asked(console: Any) -> None:
    async with console(with_details()) as desk:
        await desk.press("m")
        dialog = desk.app.screen
        dialog.dismiss(None)
        dialog.dismiss(None)
        await desk.settle()
        assert desk.screen == "MainScreen"
        await desk.press("question_mark")
        assert desk.screen == "ReaderScreen"
