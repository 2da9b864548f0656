"""The draft to support: what names each failure is in it, and no secret."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.support import sights
from tests.support.clock import START, ManualClock
from tui.model.reading import Allowance, Check, Held, Reading, State
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.probes.completion import Sample
from tui.session.lookout import Lookout
from tui.session.support import Failures, draft
from tui.settings import Mistral, Settings

KEY = Secret("sentinel0sentinel0sentinel0abcde")


def failing(seconds: float = 0, **facts: Any) -> Reading:
    told = {
        "outcome": "http_error",
        "http_status": 503,
        "error_code": "1100",
        "error_type": "unreachable_backend",
        "correlation_id": "0199-abcd",
        "key_fingerprint": KEY.fingerprint,
        **facts,
    }
    details = (Allowance("requests", "minute", 600, 0),)
    at = START + timedelta(seconds=seconds)
    return Reading(Check.MISTRAL_API, State.FAIL, "503", at, told, details=details)


def snapshot(*readings: Reading) -> Any:
    checks = {r.check: Held(r, r, timedelta(minutes=1)) for r in readings}
    return replace(sights.limited(), checks=checks)


def test_every_failure_is_told_with_its_time_status_code_and_id() -> None:
    failures = Failures()
    failures.take(failing())
    failures.take(replace(failing(30), facts={"outcome": "timeout", "http_status": None}))
    failures.sampled(
        Sample(START + timedelta(seconds=60), False, "429", "http_error", 429, "3505", "x", "id-3")
    )
    text = "\n".join(draft(snapshot(failing()), failures.all, "https://api/v1", "mistral-large-latest"))
    for words in (
        "2026-11-23T15:03:11.000Z  503  code 1100  unreachable_backend  correlation id 0199-abcd",
        "2026-11-23T15:03:41.000Z  no answer (timeout)",
        "2026-11-23T15:04:11.000Z  429  code 3505  x  correlation id id-3",
        "Model: mistral-large-latest",
        "Endpoint: https://api/v1",
        f"fingerprint {KEY.fingerprint} (of its SHA-256; not the key)",
        "requests a minute: 0 of 600 left",
        "From one machine 3 calls failed within 60 s.",
    ):
        assert words in text, words


def test_what_is_well_is_no_failure_and_the_oldest_fall_off() -> None:
    failures = Failures(kept=3)
    failures.take(replace(failing(), state=State.OK))
    failures.take(replace(failing(), check=Check.SERVICE))
    failures.sampled(Sample(START, True, "one token came"))
    assert failures.all == ()
    for second in range(5):
        failures.take(failing(second))
    assert [f.at.second for f in failures.all] == [13, 14, 15]


def test_since_when_is_the_incident_s_or_the_chart_s_beginning() -> None:
    chart = Reading(Check.ERROR_RATE, State.FAIL, "all", START, {"began_s": 600})
    bare = replace(snapshot(chart), incident=None)
    assert "since 2026-11-23T14:53:11.000Z" in draft(bare, (), "https://api/v1", "m")[0]
    assert sights.INCIDENT.started_at is not None
    told = draft(replace(bare, incident=sights.INCIDENT), (), "https://api/v1", "m")[0]
    assert f"{sights.INCIDENT.started_at:since %Y-%m-%dT%H:%M}" in told


def test_without_a_failure_and_without_a_check_it_says_so() -> None:
    text = "\n".join(draft(snapshot(), (), "https://api/v1", ""))
    assert "No call from this machine has failed." in text
    assert "fingerprint not known" in text
    assert "Model: not told" in text


def test_a_secret_that_a_server_echoed_does_not_reach_the_draft() -> None:
    settings = Settings(mistral=Mistral(model=f"m-{KEY.reveal()}"))
    redact, clock = Redactor([KEY]), ManualClock()
    lookout = Lookout(settings, None, None, clock, redact, lambda _d: None, lambda: None)  # type: ignore[arg-type]
    lookout.take(failing(correlation_id=KEY.reveal(), error_type=f"key={KEY.reveal()}"))
    evidence = Reading(
        Check.ERROR_RATE, State.FAIL, "all", START, evidence=(f"Authorization: Bearer {KEY.reveal()}",)
    )
    lines = lookout.support_draft(snapshot(failing(), evidence))
    assert KEY.reveal() not in "\n".join(lines)
    assert any("***" in line for line in lines)
