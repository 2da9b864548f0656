"""Readings as the probes give them, for tests of the tree."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tests.support.clock import START
from tui.model.reading import Check, Fact, Held, Reading, State

NOW = START
MAX_AGE = timedelta(seconds=30)

OK: Mapping[str, Fact] = {
    "outcome": "ok",
    "http_status": 200,
    "error_code": None,
    "error_type": None,
    "cause_429": None,
    "key_fingerprint": "7f3a",
    "key_length": 32,
    "phase": None,
    "limit_requests_minute": 1200,
}
SILENT: Mapping[str, Fact] = {
    **OK,
    "outcome": "timeout",
    "http_status": None,
    "phase": "headers",
}


def refused(status: int, code: str | None = None, cause: str | None = None, **more: Fact) -> dict[str, Fact]:
    """The Mistral API answering with an error."""
    return {
        **OK,
        "outcome": "http_error",
        "http_status": status,
        "error_code": code,
        "cause_429": cause,
        **more,
    }


def errors(status: str, ratio: float = 0.3, kind: str = "api_error", **more: Fact) -> dict[str, Fact]:
    """The pods' calls as Prometheus tells them; a ratio above 5 % has errors."""
    return {
        "source": "prometheus",
        "ratio": ratio,
        "errors_per_s": round(11.3 * ratio, 3),
        "requests_per_s": 11.3,
        "user_errors_per_s": round(11.3 * ratio, 3),
        "p95_s": 1.2,
        "top_status": status,
        "top_status_share": 0.97 if status else 0.0,
        "top_error_type": kind,
        "partial": False,
        "requests_per_s_before": 9.8,
        "has_errors": ratio > 0.05,
        **more,
    }


FEW = errors("500", 0.003)
SERVICE_OK: Mapping[str, Fact] = {"outcome": "ok", "http_status": 200, "mistral": "ok", "overall": "ok"}
SERVICE_DEGRADED: Mapping[str, Fact] = {**SERVICE_OK, "mistral": "degraded", "overall": "degraded"}
NETWORK_OK: Mapping[str, Fact] = {"outcome": "ok", "host": "api.mistral.ai", "verified": True, "proxy": False}


def pods(**more: Fact) -> dict[str, Fact]:
    """The workload as it runs well, with the key of here."""
    return {
        "outcome": "ok",
        "replicas": 3,
        "ready": 3,
        "updated": 3,
        "rollout": "complete",
        "crashlooping": 0,
        "restarts": 0,
        "revision": "4",
        "change_cause": None,
        "last_change_age_s": 172800.0,
        "key_fingerprint": "7f3a",
        "max_concurrent": "10",
        "fallback": None,
        "timeout_ms": "30000",
        "pods_error_code": None,
        "pods_error_type": None,
        "app_exceptions": 0,
        **more,
    }


def held(
    checks: Mapping[str, Mapping[str, Fact] | State], age: float = 0, now: datetime = NOW
) -> dict[Check, Held]:
    """The checks by name: facts of a known reading, or UNKNOWN or UNSET. Others are not asked yet."""
    return {
        Check(name): _held(Check(name), facts, now - timedelta(seconds=age)) for name, facts in checks.items()
    }


def _held(check: Check, facts: Mapping[str, Fact] | State, at: datetime) -> Held:
    if isinstance(facts, State):
        unset = facts is State.UNSET
        summary, remedy = ("not set", "Set it in the settings.") if unset else ("Prometheus is down", "")
        reading = Reading(check, facts, summary, at, remedy=remedy)
        return Held(reading, None, MAX_AGE)
    reading = Reading(check, State.OK, f"{check} as it is", at, facts)
    return Held(reading, reading, MAX_AGE)


# What each scenario of the drill makes the probes say.
SCENARIOS: dict[str, dict[str, Mapping[str, Fact] | State]] = {
    "healthy": {"mistral_api": OK, "service": SERVICE_OK, "error_rate": FEW, "workload": pods()},
    "bad-key": {
        "mistral_api": refused(401),
        "service": SERVICE_DEGRADED,
        "error_rate": errors("401", 0.99),
        "workload": pods(),
    },
    "rate-limited": {
        "mistral_api": OK,  # a list of models need not count against the limit
        "service": SERVICE_DEGRADED,
        "error_rate": errors("429", 0.118),
        "workload": pods(pods_error_code="1300", pods_error_type="rate_limited"),
    },
    "provider-capacity": {
        "mistral_api": OK,
        "service": SERVICE_DEGRADED,
        "error_rate": errors("429", 0.75),
        "workload": pods(pods_error_code="3505", pods_error_type="service_tier_capacity_exceeded"),
    },
    "no-allowance": {
        "mistral_api": {**OK, "limit_requests_minute": 0},
        "service": SERVICE_DEGRADED,
        "error_rate": errors("429", 0.99),
        "workload": pods(pods_error_code="1300", pods_error_type="rate_limited"),
    },
    "provider-outage": {
        "mistral_api": refused(503, "3800"),
        "service": SERVICE_DEGRADED,
        "error_rate": errors("503", 0.99),
        "workload": pods(pods_error_code="3800"),
    },
    "network-timeout": {
        "mistral_api": SILENT,
        "service": SERVICE_DEGRADED,
        "error_rate": errors("0", 0.9, "timeout"),
        "network": NETWORK_OK,
        "workload": pods(),
    },
    "dns-failure": {
        "mistral_api": {**SILENT, "outcome": "dns", "phase": "dns"},
        "service": SERVICE_DEGRADED,
        "error_rate": errors("0", 0.99, "connection"),
        "network": {**NETWORK_OK, "outcome": "dns", "verified": False},
        "workload": pods(),
    },
    "app-fault": {
        "mistral_api": OK,
        "service": {**SERVICE_OK, "overall": "degraded"},
        "error_rate": errors("400", 0.02),
        "workload": pods(app_exceptions=40, last_change_age_s=1200.0),
    },
}
