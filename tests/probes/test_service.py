"""Our service's health page: what it says of Mistral, and what is a finding of its own."""

import pytest

from tests.probes.support import PACE, clock, redactor, sound
from tests.support import hostile
from tui.model.reading import Reading, State
from tui.probes.service import Service


async def reading_from(talk: hostile.Talk) -> Reading:
    async with hostile.serving(talk) as url:
        return sound(await Service(f"{url}/health", {}, PACE, clock(), redactor()).ask())


@pytest.mark.parametrize(
    ("status", "body", "state", "summary", "mistral"),
    [
        ("200 OK", b'{"status":"ok","services":{"mistral":"ok"}}', State.OK, "healthy, mistral ok", "ok"),
        ("200 OK", b'{"services":{"mistral":"UP"}}', State.OK, "healthy, mistral ok", "ok"),
        ("200 OK", b'{"services":{"mistral":{"status":"healthy"}}}', State.OK, "healthy, mistral ok", "ok"),
        ("200 OK", b'{"services":{"mistral":"degraded"}}', State.WARN, "degraded: mistral", "degraded"),
        ("200 OK", b'{"services":{"mistral":false}}', State.WARN, "mistral: down", "down"),
        ("200 OK", b'{"status":"bad","services":{"mistral":"ok"}}', State.WARN, "bad, but mistral ok", "ok"),
        ("200 OK", b'{"status":"ok"}', State.OK, "healthy, says nothing of mistral", None),
        ("200 OK", b'{"services":[]}', State.OK, "healthy, says nothing of mistral", None),
        ("503 Unavailable", b'{"services":{"mistral":"down"}}', State.FAIL, "503, mistral: down", "down"),
        ("500 Error", b"<html>", State.FAIL, "500", None),
    ],
)  # fmt: skip
async def test_the_page_is_judged_by_status_and_by_what_it_says_of_mistral(
    status: str, body: bytes, state: State, summary: str, mistral: str | None
) -> None:
    reading = await reading_from(hostile.says(body, status))
    assert (reading.state, reading.summary) == (state, summary)
    assert reading.facts["mistral"] == mistral
    assert reading.facts["outcome"] == ("ok" if status.startswith("200") else "http_error")


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"fine", b"[1]", b'"ok"', b"null"])
async def test_a_200_that_is_no_health_page_tells_nothing(body: bytes) -> None:
    reading = await reading_from(hostile.says(body))
    assert reading.state is State.UNKNOWN
    assert not reading.facts


@pytest.mark.parametrize(
    ("talk", "outcome"),
    [(hostile.hangs, "timeout"), (hostile.trickles, "timeout"), (hostile.resets, "reset"),
     (hostile.garbles, "http_error")],
)  # fmt: skip
async def test_a_service_that_does_not_answer_is_a_failure_of_its_own(
    talk: hostile.Talk, outcome: str
) -> None:
    reading = await reading_from(talk)
    assert reading.state is State.FAIL
    assert reading.facts["outcome"] == outcome
    assert reading.facts["http_status"] is None


async def test_a_flood_costs_this_reading_alone() -> None:
    assert (await reading_from(hostile.floods)).state is State.UNKNOWN


async def test_words_of_the_page_cannot_draw_on_the_screen() -> None:
    reading = await reading_from(hostile.says(rb'{"services":{"mistral":"\u001b[2J\u202edead"}}'))
    assert "\x1b" not in reading.summary
    assert reading.state is State.WARN
