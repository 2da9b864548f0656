"""Every fact that a probe can tell and a runbook can test: its name, its kind, its values.

The probes fill these in; the runbook's loader refuses a condition on anything else, so that a
misspelt fact is an error when the runbook is read and not a branch that is silently never taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tui.model.reading import Check

TITLES: Mapping[Check, str] = MappingProxyType(
    {
        Check.MISTRAL_API: "Mistral API",
        Check.SERVICE: "Service",
        Check.ERROR_RATE: "Error rate",
        Check.STATUS_PAGE: "Status page",
        Check.NETWORK: "Network",
        Check.WORKLOAD: "Workload",
        Check.ALERTS: "Alerts",
    }
)

# A fact of every check, which the tree answers itself: whether the settings name what it asks.
# It is known even of a reading that is unknown or stale.
CONFIGURED = "configured"


class Sort(StrEnum):
    """What a fact can be, besides None."""

    TEXT = "a text"
    NUMBER = "a number"
    FLAG = "true or false"
    LIST = "a list"


@dataclass(frozen=True, slots=True)
class FactKind:
    """What a fact can be; `choices` are its values where they are few, else empty."""

    sort: Sort
    choices: tuple[str, ...] = ()


_TEXT, _NUMBER, _FLAG, _LIST = (FactKind(s) for s in (Sort.TEXT, Sort.NUMBER, Sort.FLAG, Sort.LIST))
_NO_ANSWER = ("dns", "timeout", "refused", "tls", "reset", "unreachable")
_OUTCOME = FactKind(Sort.TEXT, ("ok", "http_error", *_NO_ANSWER, "not_mistral"))


def _choice(*values: str) -> FactKind:
    return FactKind(Sort.TEXT, values)


def _all(kind: FactKind, names: str) -> dict[str, FactKind]:
    return dict.fromkeys(names.split(), kind)


_OF: dict[Check, dict[str, FactKind]] = {
    Check.MISTRAL_API: {
        "outcome": _OUTCOME,
        "cause_429": _choice("our_limit", "provider_capacity", "no_allowance", "unclear"),
        "phase": _choice("dns", "connect", "tls", "send", "headers", "body"),
        **_all(_TEXT, "error_code error_type correlation_id key_fingerprint model"),
        **_all(
            _NUMBER,
            "http_status limit_requests_minute remaining_requests_minute limit_tokens_minute"
            " remaining_tokens_minute limit_tokens_month remaining_tokens_month retry_after_s key_length"
            " completion_status",
        ),
        **_all(_FLAG, "model_listed model_deprecated"),
    },
    Check.SERVICE: {"outcome": _OUTCOME, "http_status": _NUMBER, **_all(_TEXT, "mistral overall")},
    Check.ERROR_RATE: {
        "source": _choice("prometheus", "logs"),
        **_all(
            _NUMBER,
            "ratio errors_per_s requests_per_s requests_per_s_before user_errors_per_s user_error_ratio"
            " p95_s top_status_share began_s",
        ),
        **_all(_TEXT, "top_status top_error_type"),
        **_all(_FLAG, "partial has_errors"),
    },
    Check.STATUS_PAGE: {
        "readable": _FLAG,
        "indicator": _choice("none", "minor", "major", "critical", "maintenance"),
        "incidents": _NUMBER,
        "incident_names": _LIST,
        "format": _TEXT,
    },
    Check.NETWORK: {
        "outcome": _choice("ok", *_NO_ANSWER),
        **_all(_TEXT, "host phase"),
        **_all(_NUMBER, "dns_ms tcp_ms tls_ms"),
        **_all(_FLAG, "verified proxy"),
        "addresses": _LIST,
    },
    Check.WORKLOAD: {
        "outcome": _choice("ok", "login_expired", "forbidden", "unreachable", "missing", "config"),
        "rollout": _choice("complete", "progressing", "paused", "stalled"),
        "egress": _choice("allowed", "denied", "depends", "unknown"),
        "egress_names": _choice("allowed", "denied", "unknown"),
        **_all(
            _TEXT,
            "user revision change_cause image key_fingerprint max_concurrent fallback timeout_ms"
            " pods_error_code pods_error_type egress_why change_against_errors",
        ),
        **_all(
            _NUMBER,
            "replicas ready updated last_change_age_s crashlooping restarts autoscaler_max app_exceptions"
            " log_shapes errors_after_change_s",
        ),
    },
    Check.ALERTS: {
        **_all(_NUMBER, "firing oldest_s suppressed"),
        **_all(_LIST, "names severities"),
        "truncated": _FLAG,
    },
}

KINDS: Mapping[Check, Mapping[str, FactKind]] = MappingProxyType(
    {check: MappingProxyType({**facts, CONFIGURED: _FLAG}) for check, facts in _OF.items()}
)


def names() -> tuple[str, ...]:
    """Every fact as a runbook writes it: `mistral_api.http_status`."""
    return tuple(f"{check}.{fact}" for check, facts in KINDS.items() for fact in facts)
