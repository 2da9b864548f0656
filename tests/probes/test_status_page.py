"""The status page: four formats, and unreadable is neither up nor down."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.probes.support import PACE, clock, redactor, sound
from tests.probes.test_mistral_answer import json_values
from tests.support import hostile
from tui.model.reading import Reading, State
from tui.probes.status_page import StatusPage, parse
from tui.settings import StatusPage as Settings


def rootly(indicator: str = "none", *incidents: dict[str, object]) -> dict[str, object]:
    return {
        "page": {"updated_at": "2026-09-10T10:00:00Z"},
        "status": {
            "indicator": indicator,
            "description": "All Systems Operational" if indicator == "none" else "",
        },
        "incidents": list(incidents),
    }


async def reading_from(talk: hostile.Talk, *paths: str) -> Reading:
    async with hostile.serving(talk) as url:
        settings = Settings(url=url, paths=paths) if paths else Settings(url=url)
        return sound(await StatusPage(settings, {}, PACE, clock(), redactor()).ask())


def page(body: object) -> hostile.Talk:
    return hostile.says(json.dumps(body).encode())


async def test_all_well_is_said_in_the_page_s_words() -> None:
    reading = await reading_from(page(rootly()))
    assert (reading.state, reading.summary) == (State.OK, "all systems operational")
    assert reading.facts == {
        "readable": True, "indicator": "none", "incidents": 0, "incident_names": (), "format": "rootly",
    }  # fmt: skip
    assert "last changed 2026-09-10" in reading.evidence[0]


@pytest.mark.parametrize(
    ("indicator", "state"),
    [("minor", State.WARN), ("maintenance", State.WARN), ("major", State.FAIL), ("critical", State.FAIL)],
)
async def test_an_incident_is_named(indicator: str, state: State) -> None:
    old = {"name": "last year", "status": "resolved", "resolved_at": "2025-01-01T00:00:00Z"}
    live = {"name": "Completion API degraded", "status": "investigating", "resolved_at": None}
    reading = await reading_from(page(rootly(indicator, old, live)))
    assert (reading.state, reading.summary) == (state, f"{indicator}: Completion API degraded")
    assert reading.facts["incident_names"] == ("Completion API degraded",)


@pytest.mark.parametrize(
    ("body", "kind", "indicator"),
    [
        ({"status": {"indicator": "major"}, "components": []}, "statuspage", "major"),
        ({"page": {"status": "UP"}}, "instatus", "none"),
        ({"page": {"status": "HASISSUES"}, "activeIncidents": [{"name": "x"}]}, "instatus", "minor"),
        ({"data": {"attributes": {"aggregate_state": "downtime"}}}, "betterstack", "major"),
    ],
)
def test_other_formats_are_known(body: object, kind: str, indicator: str) -> None:
    found = parse(body)
    assert found is not None
    assert (found.format, found.indicator) == (kind, indicator)


@pytest.mark.parametrize(
    "body", [{}, [], None, {"error": "not found"}, {"status": "ok"}, {"status": {"indicator": "fine"}},
             {"status": {"indicator": []}}, {"page": {"status": {}}}]
)  # fmt: skip
def test_what_is_no_status_page_is_refused(body: object) -> None:
    assert parse(body) is None


@given(st.dictionaries(st.sampled_from(["status", "page", "data", "incidents", "components"]), json_values))
def test_no_json_is_too_strange(body: dict[str, object]) -> None:
    found = parse(body)
    assert found is None or found.indicator in ("none", "minor", "major", "critical", "maintenance")


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (hostile.says(b"<html>", "403 Forbidden", "text/html"), "403, a web page"),
        (hostile.says(b"", "403 Forbidden", "text/html", "cf-mitigated: challenge"), "403, a challenge"),
        (hostile.says(b"<html>up!", "200 OK", "text/html"), "200, a web page"),
        (hostile.says(b"{}"), "no known form"),
        (hostile.says(b"{", "200 OK"), "no known form"),
        (hostile.says(b"", "404 Not Found"), "404"),
        (hostile.floods, "no known form"),
        (hostile.hangs, "no answer"),
        (hostile.trickles, "no answer"),
        (hostile.resets, "the connection was cut"),
        (hostile.garbles, "what answers is no HTTP"),
    ],
)
async def test_unreadable_from_here_is_unknown_and_says_why(talk: hostile.Talk, why: str) -> None:
    reading = await reading_from(talk)
    assert reading.state is State.UNKNOWN
    assert reading.summary.startswith("unreadable: ")
    assert why in reading.summary
    assert "indicator" not in reading.facts
    assert "browser" in reading.remedy


async def test_the_paths_are_tried_in_their_order_until_one_is_readable() -> None:
    asked: list[str] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        path = head.split()[1].decode()
        asked.append(path)
        found = path == "/second.json"
        writer.write(
            hostile.answer(json.dumps(rootly()).encode() if found else b"", "200 OK" if found else "404 No")
        )

    reading = await reading_from(talk, "/first.json", "/second.json", "/third.json")
    assert reading.state is State.OK
    assert asked == ["/first.json", "/second.json"]


async def test_a_guarded_page_is_not_asked_again_on_other_paths() -> None:
    asked = 0

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        nonlocal asked
        asked += 1
        writer.write(hostile.answer(b"", "403 Forbidden", "text/html", "cf-mitigated: challenge"))

    await reading_from(talk)
    assert asked == 1
