"""Mistral's bodies and headers, read whatever they are."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.clients.http import Answer
from tui.model.reading import Allowance
from tui.probes import mistral_answer as read

NOW = datetime(2026, 11, 23, 15, 3, 11, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
field_names = st.sampled_from(
    ["message", "detail", "type", "code", "error", "data", "id", "aliases", "object"]
)
bodies = st.recursive(
    json_values,
    lambda inner: st.dictionaries(field_names, inner, max_size=5) | st.lists(inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "code", "kind", "message"),
    [
        ({"detail": "Unauthorized"}, None, None, "Unauthorized"),
        ({"message": "Unauthorized", "request_id": "ab"}, None, None, "Unauthorized"),
        ({"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"},
         "1300", "rate_limited", "Rate limit exceeded"),
        ({"type": "backend_out_of_capacity", "code": 3505}, "3505", "backend_out_of_capacity", None),
        ({"detail": [{"loc": ["body"], "msg": "Field required"}]}, None, None, "Field required"),
        ({"message": {"detail": [{"msg": "bad"}]}, "type": "invalid_request_error", "code": None},
         None, "invalid_request_error", "bad"),
        ({"error": {"message": "wrapped", "code": "1100"}}, "1100", None, "wrapped"),
        ([], None, None, None),
        ("text", None, None, None),
        ({"code": True, "type": "two words\x1b[0m"}, None, None, None),
    ],
)  # fmt: skip
def test_every_known_error_body_is_read(body: object, code: str, kind: str, message: str) -> None:
    assert read.told(body) == read.Told(code, kind, message)


@given(bodies)
def test_no_body_is_too_strange(body: object) -> None:
    told = read.told(body)
    for part in (told.code, told.type):
        assert part is None or (part.isascii() and part.isprintable() and len(part) <= 64)
    models = read.models(body)
    assert models is None or models.count >= 0


LIMITED = read.Told("1300", "rate_limited")
THEIRS = read.Told("3505", "service_tier_capacity_exceeded")


@pytest.mark.parametrize(
    ("told", "headers", "cause"),
    [
        (
            LIMITED,
            {"x-ratelimit-limit-req-minute": "600", "x-ratelimit-remaining-req-minute": "0"},
            "our_limit",
        ),
        (LIMITED, {"x-ratelimit-limit-req-minute": "0"}, "no_allowance"),
        (read.Told(), {"x-ratelimit-limit-req-minute": "0"}, "no_allowance"),
        (THEIRS, {"x-ratelimit-limit-req-minute": "600"}, "provider_capacity"),
        (read.Told("3810", None), {}, "provider_capacity"),
        (read.Told(None, "backend_out_of_capacity"), {}, "provider_capacity"),
        (read.Told(None, "engine_max_pending_tokens"), {}, "provider_capacity"),
        (read.Told(), {"x-ratelimit-remaining-tokens-minute": "0"}, "our_limit"),
        (read.Told(), {"x-ratelimit-remaining-req-minute": "5"}, "unclear"),
        (read.Told(), {}, "unclear"),
    ],
)
def test_the_three_429s_are_told_apart(told: read.Told, headers: dict[str, str], cause: str) -> None:
    assert read.cause_of_429(told, read.limits(headers)) == cause


def test_the_older_names_of_the_headers_are_read_too() -> None:
    old = {"ratelimitbysize-limit": "500000", "ratelimitbysize-remaining": "499000"}
    assert read.limits(old) == {"limit_tokens_minute": 500000, "remaining_tokens_minute": 499000}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=42), usegmt=True)}, 42.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=42), usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 12}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_a_date_or_milliseconds(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert read.retry_after(headers, NOW) == seconds


header_names = st.sampled_from(
    ["retry-after", "retry-after-ms", "x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute",
     "x-kong-request-id"]
)  # fmt: skip


@given(st.dictionaries(header_names, st.text(max_size=40)))
def test_no_header_is_too_strange(headers: dict[str, str]) -> None:
    after = read.retry_after(headers, NOW)
    assert after is None or 0 <= after <= 7 * 86400
    assert all(isinstance(value, int) and value >= 0 for value in read.limits(headers).values())


@given(st.integers(0, 10**6))
def test_limits_are_read_back_as_written(number: int) -> None:
    assert read.limits({"x-ratelimit-limit-req-minute": f" {number} "}) == {"limit_requests_minute": number}


def answered(status: int, body: object, **headers: str) -> bool:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode())
    return read.from_mistral(answer, answer.json())


@pytest.mark.parametrize(
    ("status", "body", "headers", "genuine"),
    [
        (200, {"object": "list", "data": []}, {}, True),
        (200, {"choices": []}, {}, True),
        (200, {}, {}, False),
        (200, [], {}, False),
        (200, "<html>sign in</html>", {"content_type": "text/html"}, False),
        (401, {"detail": "Unauthorized"}, {}, True),
        (403, "<!DOCTYPE html><p>blocked", {}, False),
        (403, "<html>", {"cf_ray": "1", "content_type": "text/html"}, False),
        (502, "<html>", {"cf_ray": "1", "content_type": "text/html"}, True),
        (502, "<html>", {"content_type": "text/html"}, False),
        (503, "upstream connect error", {"content_type": "text/plain"}, True),
        (302, "", {}, False),
        (407, {}, {}, False),
    ],
)
def test_what_stands_in_between_is_not_taken_for_mistral(
    status: int, body: object, headers: dict[str, str], genuine: bool
) -> None:
    assert answered(status, body, **headers) is genuine


def test_models_are_known_by_id_and_alias_and_their_end_is_told() -> None:
    models = read.models(
        {
            "data": [
                {"id": "a-1", "aliases": ["a-latest", 7], "type": "base"},
                {"id": "b-1", "deprecation": "2026-12-01T00:00:00Z", "deprecation_replacement_model": "a-1"},
                {"id": "c", "type": "a kind of next year"},
                {"name": "without an id"},
                None,
            ]
        }
    )
    assert models is not None
    assert models.names == {"a-1", "a-latest", "b-1", "c"}
    assert models.deprecated == {"b-1": "a-1"}


def test_every_limit_is_told_by_window_in_the_present_names_and_the_older_ones() -> None:
    headers = {
        "x-ratelimit-limit-req-minute": "60",
        "x-ratelimit-remaining-req-minute": "59",
        "x-ratelimit-limit-tokens-month": "1000000000",
        "x-ratelimit-remaining-tokens-month": "12",
        "x-ratelimit-limit-req-second": "6",
        "x-ratelimit-tokens-query-cost": "32",
        "x-ratelimitbysize-limit-minute": "500000",
        "x-ratelimit-limit-odd-fortnight": "1",
        "x-ratelimit-remaining-tokens-day": "many",
    }
    assert read.allowances(headers) == (
        Allowance("requests", "second", 6, None),
        Allowance("requests", "minute", 60, 59),
        Allowance("tokens", "minute", 500000, None),
        Allowance("tokens", "month", 1000000000, 12),
    )
    assert read.allowances({}) == ()
    assert read.limits(headers)["limit_tokens_month"] == 1000000000
