"""What the service in each pod counts, and exports once a second."""

from bisect import bisect_left
from itertools import accumulate

from tui.drill.logs import user_status
from tui.drill.metrics import Series, Store
from tui.drill.provider import MODELS, RATE_LIMITED, TIMED_OUT, UNAUTHORIZED, UNAVAILABLE, Failure
from tui.drill.traffic import Outcome, Request

# Seconds. Fine where a timeout of 30 s and answers of up to 40 s must be told apart.
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 120.0)
ENDPOINT = "chat"
_PROMPT_TOKENS, _COMPLETION_TOKENS = 420, 160
_DOLLARS = {"mistral-large-latest": 0.0018, "mistral-small-latest": 0.00016}
# A service that is well instrumented exports these before they first happen, so that nothing
# failed is a zero and not an absence.
_EXPECTED = (RATE_LIMITED, UNAUTHORIZED, UNAVAILABLE, TIMED_OUT)
_STATUSES = ("200", "500", "502", "503")


class _Counter:
    """A number and the series that it is exported to."""

    __slots__ = ("series", "value")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.value = 0.0


class _Histogram:
    """Observed durations of one model, by bucket, and the counters that export them."""

    __slots__ = ("_buckets", "_count", "_observed", "_sum")

    def __init__(self, buckets: list[_Counter], total: _Counter, count: _Counter) -> None:
        self._buckets = buckets
        self._sum = total
        self._count = count
        self._observed = [0] * len(buckets)

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self._observed[bisect_left(BUCKETS, seconds)] += 1
        self._sum.value += seconds

    def total(self) -> None:
        """Bring the exported counters, which are cumulative, up to date."""
        for counter, total in zip(self._buckets, accumulate(self._observed), strict=True):
            counter.value = total
        self._count.value = self._buckets[-1].value


class PodMeters:
    """One pod's registry. Its counters begin at zero when the pod does."""

    def __init__(self, store: Store, pod: str, start: int) -> None:
        self._store = store
        self._own = {"pod": pod, "job": "mistral-service", "namespace": "prod"}
        self._counters: dict[tuple[str, ...], _Counter] = {}
        self._histograms: dict[str, _Histogram] = {}
        for model in MODELS:
            for status in ("success", "error"):
                self._counter(start, "mistral_requests_total", model=model, status=status, endpoint=ENDPOINT)
            for kind in ("prompt", "completion"):
                self._counter(start, "mistral_tokens_total", model=model, type=kind)
            self._counter(start, "mistral_cost_usd_total", model=model)
            self._histogram(start, model)
            for failure in _EXPECTED:
                self._errors(failure, model, start)
        for code in _STATUSES:
            self._counter(start, "http_requests_total", code=code, handler="/v1/answers")

    def _counter(self, second: int, name: str, /, **labels: str) -> _Counter:
        key = (name, *labels.values())
        counter = self._counters.get(key)
        if counter is None:
            counter = _Counter(self._store.series(name, {**labels, **self._own}, second))
            self._counters[key] = counter
        return counter

    def _histogram(self, second: int, model: str) -> None:
        name, labels = "mistral_request_duration_seconds", {"model": model, "endpoint": ENDPOINT}
        bounds = (*(f"{bound:g}" for bound in BUCKETS), "+Inf")
        self._histograms[model] = _Histogram(
            [self._counter(second, f"{name}_bucket", **labels, le=bound) for bound in bounds],
            self._counter(second, f"{name}_sum", **labels),
            self._counter(second, f"{name}_count", **labels),
        )

    def count(self, request: Request, second: int) -> None:
        """Count a request; the sample of `second` will show it."""
        model, served = request.model, request.outcome.served
        status = "success" if served else "error"
        self._counters["mistral_requests_total", model, status, ENDPOINT].value += 1
        code = str(user_status(request.outcome))
        self._counters["http_requests_total", code, "/v1/answers"].value += 1
        self._histograms[model].observe(request.latency)
        for failure in request.failures:
            self._errors(failure, model, second).value += 1
        if request.outcome is Outcome.ANSWERED:
            self._counters["mistral_tokens_total", model, "prompt"].value += _PROMPT_TOKENS
            self._counters["mistral_tokens_total", model, "completion"].value += _COMPLETION_TOKENS
            self._counters["mistral_cost_usd_total", model].value += _DOLLARS[model]

    def _errors(self, failure: Failure, model: str, second: int) -> _Counter:
        return self._counter(
            second,
            "mistral_errors_total",
            model=model,
            error_type=failure.kind,
            status_code=str(failure.status),
        )

    def sample(self) -> None:
        """Export every counter: one sample each."""
        for histogram in self._histograms.values():
            histogram.total()
        for counter in self._counters.values():
            counter.series.append(counter.value)


class Meters:
    """The registries of all pods, scraped together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pods: dict[str, PodMeters] = {}

    def second(self, second: int, pods: set[str], requests: list[Request]) -> None:
        """Count a second's requests and take the sample at its end.

        `second` is the time of the sample. The series of a pod that is gone simply end.
        """
        for name in [name for name in self._pods if name not in pods]:
            del self._pods[name]
        for name in pods - self._pods.keys():
            self._pods[name] = PodMeters(self._store, name, second)
        for request in requests:
            self._pods[request.pod].count(request, second)
        for meters in self._pods.values():
            meters.sample()
