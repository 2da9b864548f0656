"""Log lines of any app: what failed, by whose status and code."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.probes.log_lines import Line, parse, tally, top

LIMITED = (
    "2026-11-23T15:03:11.042Z ERROR mistral.client mistral call failed model=mistral-large-latest "
    'status_code=429 error_type=rate_limited code=1300 message="Rate limit exceeded"'
)
ACCESS = (
    "2026-11-23T15:03:11.050Z ERROR service.access POST /v1/answers status=502 outcome=failed "
    "model=mistral-large-latest duration_ms=210"
)
TIMEOUT = (
    "2026-11-23T15:03:11Z ERROR mistral call failed model=mistral-small status_code=0 error_type=timeout "
    'error="ReadTimeout: no answer"'
)
CRASH = [
    "2026-11-23T15:03:11Z ERROR service.handlers unhandled exception while completing model=mistral-large",
    "Traceback (most recent call last):",
    '  File "/app/service/handlers.py", line 84, in complete',
    "KeyError: 'locale'",
    ACCESS.replace("502", "500"),
]


def test_a_failed_call_is_told_by_status_code_and_type() -> None:
    assert parse(LIMITED) == Line(True, "429", "1300", "rate_limited")
    assert parse(TIMEOUT) == Line(True, "0", "", "timeout")


def test_a_json_line_says_the_same() -> None:
    record = {"level": "error", "msg": "mistral call failed", "status_code": 429, "error_code": "1300",
              "error_type": "rate_limited"}  # fmt: skip
    assert parse(json.dumps(record)) == Line(True, "429", "1300", "rate_limited")
    assert parse("app-1 | " + json.dumps(record)) == Line(True, "429", "1300", "rate_limited")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 INFO mistral call ok status_code=200 model=mistral-large",
        '{"level":"info","msg":"mistral said 429 earlier"}',
        "WARN mistral is slow",
        "",
        "no ERRORS here",
    ],
)
def test_a_line_that_tells_of_no_failure_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_model_s_name_does_not_make_a_line_one_about_mistral() -> None:
    line = parse(ACCESS)
    assert line is not None
    assert not line.mistral


def test_words_without_fields_are_understood() -> None:
    line = parse("ERROR Mistral API returned HTTP 503: unreachable_backend")
    assert line is not None
    assert (line.mistral, line.status, line.type) == (True, "503", "unreachable_backend")
    line = parse("ERROR calling mistral: connection refused")
    assert line is not None
    assert (line.status, line.type) == ("0", "connection")


def test_one_failure_in_two_logs_counts_once() -> None:
    counted = tally([LIMITED, ACCESS] * 3 + ["INFO fine"])
    assert (counted.errors, counted.mistral, counted.exceptions) == (3, 3, 0)
    assert top(counted.statuses) == ("429", 1.0)
    assert top(counted.codes) == ("1300", 1.0)


def test_an_exception_of_the_app_is_one_however_many_lines_it_takes() -> None:
    counted = tally(CRASH * 4)
    assert (counted.errors, counted.mistral, counted.exceptions) == (4, 0, 4)
    assert top(counted.statuses) == ("", 0.0)


@given(st.text(max_size=300))
def test_no_line_is_too_strange(text: str) -> None:
    for line in (parse(text), parse(f"ERROR mistral {text}"), parse('{"level":"error","m":"' + text)):
        assert line is None or line.status == "" or line.status.isdecimal()


@given(st.dictionaries(st.sampled_from(["level", "status", "code", "type", "msg", "stack"]),
                       st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=30))))  # fmt: skip
def test_no_record_is_too_strange(record: dict[str, object]) -> None:
    line = parse(json.dumps({**record, "level": "ERROR"}))
    assert line is not None
    assert line.code == "" or len(line.code) == 4


@given(st.lists(st.sampled_from([LIMITED, TIMEOUT, ACCESS, *CRASH, "INFO ok"])))
def test_the_order_of_lines_does_not_matter(lines: list[str]) -> None:
    assert tally(lines) == tally(reversed(lines))
