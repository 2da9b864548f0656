"""Mitigations change the world once they are rolled out; the wrong ones do not, or make it worse."""

from dataclasses import replace

import pytest

from tests.drill.bench import KEYS, Bench

# Enough to have a before; the whole past takes four times as long to live through.
HISTORY = 300
PROVIDER_TROUBLES = ("provider-capacity", "no-allowance", "provider-outage", "dns-failure", "bad-key")


def test_fewer_concurrent_requests_end_the_rate_limit_and_traffic_stays_even() -> None:
    bench = Bench("rate-limited", history=HISTORY)
    before = bench.requests("2m")
    bench.roll_out(MAX_CONCURRENT_MISTRAL="3")
    assert bench.mistral_errors(status_code="429") == 0
    assert bench.user_errors() < 0.2
    assert bench.requests("6s") == pytest.approx(before, rel=0.1)
    assert bench.world.provider.refusal(KEYS.ours, bench.now, completion=True) is None
    assert bench.world.provider.remaining(bench.now) > 0


def test_the_rate_limit_returns_when_the_change_is_undone() -> None:
    bench = Bench("rate-limited", history=HISTORY)
    bench.roll_out(MAX_CONCURRENT_MISTRAL="3")
    bench.roll_out(MAX_CONCURRENT_MISTRAL="10")
    assert bench.mistral_errors(status_code="429") > 1


@pytest.mark.parametrize("concurrency", ["1", "20", "40"])
def test_too_few_or_more_concurrent_requests_make_it_worse(concurrency: str) -> None:
    bench = Bench("rate-limited", history=HISTORY)
    before = bench.user_errors("2m")
    bench.roll_out(MAX_CONCURRENT_MISTRAL=concurrency)
    assert bench.user_errors() > before * 1.5


@pytest.mark.parametrize("name", [*PROVIDER_TROUBLES, "network-timeout", "app-fault"])
def test_fewer_concurrent_requests_do_not_help_against_another_trouble(name: str) -> None:
    bench = Bench(name, history=HISTORY)
    before = bench.user_errors("2m")
    bench.roll_out(MAX_CONCURRENT_MISTRAL="3")
    assert bench.user_errors() > before * 0.85


@pytest.mark.parametrize("name", [*PROVIDER_TROUBLES, "network-timeout", "rate-limited"])
def test_fallback_ends_user_facing_errors_while_mistral_goes_on_failing(name: str) -> None:
    bench = Bench(name, history=HISTORY)
    before = bench.mistral_errors("2m")
    bench.roll_out(MISTRAL_FALLBACK="true")
    assert bench.user_errors() == 0
    assert bench.mistral_errors() == pytest.approx(before, rel=0.15)
    assert bench.requests() == pytest.approx(bench.requests("2m"), rel=0.1)


def test_a_shortage_of_the_provider_passes_by_itself_and_sooner_at_speed() -> None:
    bench = Bench("provider-capacity", speed=20, history=HISTORY)
    assert bench.world.page is not None
    bench.pass_time(60)
    assert bench.mistral_errors() < 0.2
    assert bench.world.page is None


def test_fallback_does_not_help_against_a_fault_of_our_own() -> None:
    bench = Bench("app-fault", history=HISTORY)
    bench.roll_out(MISTRAL_FALLBACK="true")
    assert bench.user_errors() > 3


def test_a_longer_timeout_ends_timeouts_and_answers_take_as_long_as_they_take() -> None:
    bench = Bench("network-timeout", history=HISTORY)
    bench.roll_out(MISTRAL_TIMEOUT_MS="120000")
    assert bench.mistral_errors(status_code="0") == 0
    quantile = "histogram_quantile(0.95, sum by (le) (rate(mistral_request_duration_seconds_bucket[20s])))"
    assert 30 < bench.number(quantile) <= 40


def test_a_shorter_timeout_makes_every_call_time_out() -> None:
    bench = Bench("network-timeout", history=HISTORY)
    bench.roll_out(MISTRAL_TIMEOUT_MS="5000")
    assert bench.mistral_errors(status_code="0") == pytest.approx(bench.requests(), rel=0.05)


def test_a_valid_key_helps_only_pods_that_started_with_it() -> None:
    bench = Bench("bad-key", history=HISTORY)
    bench.env["MISTRAL_API_KEY"] = KEYS.candidate  # stored, and no pod restarted
    bench.pass_time(30)
    assert bench.user_errors() > 10
    bench.roll_out()
    assert bench.user_errors() < 0.1


def test_a_key_that_is_not_valid_is_refused_wherever_it_is_used() -> None:
    bench = Bench("healthy", history=HISTORY)
    bench.roll_out(MISTRAL_API_KEY="x" * 32)
    assert bench.mistral_errors(status_code="401") == pytest.approx(bench.requests(), rel=0.05)


def test_going_back_to_the_good_version_ends_the_fault_and_no_other_change_does() -> None:
    bench = Bench("app-fault", history=HISTORY)
    bench.roll_out(MISTRAL_TIMEOUT_MS="120000")
    assert bench.user_errors() > 3
    bench.roll_out(APP_VERSION="2.3.1")
    assert bench.user_errors() < 0.1


@pytest.mark.parametrize("value", ["", "many", "-3", "1e99", "nan"])
def test_a_value_that_is_no_number_is_the_apps_default(value: str) -> None:
    bench = Bench("rate-limited", history=HISTORY)
    before = bench.user_errors("2m")
    bench.roll_out(MAX_CONCURRENT_MISTRAL=value)
    assert bench.user_errors() == pytest.approx(before, rel=0.15)


def test_a_rollout_halfway_is_half_an_effect() -> None:
    bench = Bench("network-timeout", history=HISTORY)
    new = replace(bench.pods[0], name="new-1-a", env={**bench.env, "MISTRAL_TIMEOUT_MS": "120000"})
    before = bench.user_errors("2m")
    bench.pods = (new, *bench.pods[1:])
    bench.pass_time(40)
    assert bench.user_errors() == pytest.approx(before * 2 / 3, rel=0.15)


def test_without_a_ready_pod_nothing_is_counted() -> None:
    bench = Bench("healthy", history=HISTORY)
    bench.pods = tuple(replace(pod, ready=False) for pod in bench.pods)
    bench.pass_time(30)
    assert bench.requests() == 0
    assert bench.world.ready == 0


def test_metrics_of_a_pod_that_is_gone_end_and_those_of_a_new_one_begin_at_zero() -> None:
    bench = Bench("healthy", history=HISTORY)
    bench.roll_out(seconds=5)
    counts = bench.ask('sum by (pod) (mistral_requests_total{status="success"})')
    assert {dict(labels)["pod"] for labels in counts} == {pod.name for pod in bench.pods}
    assert sum(counts.values()) < 100


def test_an_alert_ends_when_its_cause_has_ended() -> None:
    bench = Bench("rate-limited", speed=20, history=HISTORY)
    bench.roll_out(seconds=60, MAX_CONCURRENT_MISTRAL="3")
    assert not bench.world.alerts.active()
