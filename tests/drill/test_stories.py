"""Each scenario tells one story: metrics, logs, alerts and the API agree on what is wrong."""

import pytest

from tests.drill.bench import KEYS, Bench, story
from tui.drill.scenarios import SCENARIOS, Trouble


def firing(bench: Bench) -> set[str]:
    return {alert.rule.name for alert in bench.world.alerts.firing()}


@pytest.mark.parametrize("name", SCENARIOS)
def test_half_an_hour_of_even_traffic_lies_behind_every_world(name: str) -> None:
    bench = story(name)
    assert bench.requests("30m") == pytest.approx(11, rel=0.1)
    assert bench.requests("6s") == pytest.approx(bench.requests("2m"), rel=0.05)


@pytest.mark.parametrize(
    ("name", "status", "kind", "share", "alerts", "logged"),
    [
        ("bad-key", "401", "unauthorized", 1.0, {"MistralHighErrorRate"}, "status_code=401"),
        (
            "rate-limited",
            "429",
            "rate_limited",
            0.12,
            {"MistralHighErrorRate", "MistralRateLimitWarning"},
            "code=1300",
        ),
        (
            "provider-capacity",
            "429",
            "service_tier_capacity_exceeded",
            0.75,
            {"MistralHighErrorRate", "MistralRateLimitWarning"},
            "code=3505",
        ),
        (
            "no-allowance",
            "429",
            "rate_limited",
            1.0,
            {"MistralHighErrorRate", "MistralRateLimitWarning"},
            "code=1300",
        ),
        (
            "provider-outage",
            "503",
            "unreachable_backend",
            1.0,
            {"MistralHighErrorRate", "MistralUnavailable"},
            "status_code=503",
        ),
        (
            "network-timeout",
            "0",
            "timeout",
            0.5,
            {"MistralHighErrorRate", "MistralHighLatency"},
            "ReadTimeout",
        ),
        ("dns-failure", "0", "connection", 1.0, {"MistralHighErrorRate"}, "NameResolutionError"),
    ],
)
def test_a_trouble_with_mistral_shows_alike_everywhere(
    name: str, status: str, kind: str, share: float, alerts: set[str], logged: str
) -> None:
    bench = story(name)
    errors = bench.mistral_errors("2m", status_code=status, error_type=kind)
    assert errors / bench.requests("2m") == pytest.approx(share, rel=0.1)
    assert errors / bench.mistral_errors("2m") > 0.9
    assert bench.user_errors("2m") == pytest.approx(errors, rel=0.05)
    assert firing(bench) == alerts
    assert logged in bench.log_text()
    assert "Traceback" not in bench.log_text()
    recent = bench.world.recent()
    assert recent.mistral_errors == pytest.approx(share, rel=0.15)


def test_a_healthy_world_has_a_little_noise_and_no_alert() -> None:
    bench = story("healthy")
    assert 0 < bench.mistral_errors("30m") / bench.requests("30m") < 0.005
    assert not bench.world.alerts.active()


def test_a_fault_of_our_own_leaves_mistral_well() -> None:
    bench = story("app-fault")
    assert bench.user_errors("2m") > 3
    assert 0 < bench.mistral_errors("2m", status_code="422", error_type="invalid_request") < 0.5
    assert firing(bench) == {"ServiceInternalErrors"}
    assert "KeyError: 'locale'" in bench.log_text()
    assert bench.world.recent().mistral_errors < 0.05


def test_the_fault_began_with_its_deployment() -> None:
    bench = story("app-fault")
    before = bench.number('sum(rate(mistral_requests_total{status="error"}[5m] offset 21m))')
    assert before < 0.1


def test_demand_rose_into_the_rate_limit() -> None:
    bench = story("rate-limited")
    assert bench.number("sum(rate(mistral_requests_total[1m] offset 29m))") == pytest.approx(9.8, rel=0.03)
    assert bench.requests("1m") == pytest.approx(11.3, rel=0.03)
    assert bench.number("sum(rate(mistral_errors_total[1m] offset 29m))") < 0.1


@pytest.mark.parametrize("name", SCENARIOS)
def test_logs_count_what_the_metrics_count(name: str) -> None:
    """The console falls back to counting log lines when Prometheus is away."""
    bench = story(name)
    failed = sum("mistral call failed" in line for line in bench.log_text(60).splitlines())
    assert failed / 60 == pytest.approx(bench.mistral_errors("1m"), abs=0.1)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_caller_from_elsewhere_meets_the_same_trouble(name: str) -> None:
    bench = story(name)
    completion = bench.world.provider.refusal(KEYS.ours, bench.now, completion=True)
    models = bench.world.provider.refusal(KEYS.ours, bench.now, completion=False)
    told = (models.status if models else 200, completion.status if completion else 200)
    expected = {
        Trouble.KEY: (401, 401),
        Trouble.LIMIT: (429, 429),
        Trouble.CAPACITY: (200, 429),
        Trouble.ALLOWANCE: (200, 429),
        Trouble.OUTAGE: (503, 503),
    }
    assert told == expected.get(SCENARIOS[name].trouble, (200, 200))


def test_a_seed_repeats_a_run_and_another_does_not() -> None:
    lines = [Bench("rate-limited", seed=seed).log_text(600) for seed in (7, 7, 8)]
    assert lines[0] == lines[1] != lines[2]


def test_memory_stays_bounded_while_a_world_runs_for_hours() -> None:
    bench = story("healthy")
    bench.now += 4 * 3600
    bench.world.advance()
    series = next(iter(bench.world.store.select(())))
    assert len(series.values) < 3.5 * 3600
    assert bench.requests("2m") == pytest.approx(11, rel=0.05)
