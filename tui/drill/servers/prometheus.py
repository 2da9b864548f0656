"""Prometheus' HTTP API over the world's store."""

import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web
from multidict import MultiDict, MultiMapping

from tui.drill.alerts import Alert
from tui.drill.metrics import Labels
from tui.drill.promql import ExecutionError, Value
from tui.drill.promql_nodes import Expr, Selector, is_range
from tui.drill.promql_syntax import ParseError, duration_seconds, parse
from tui.drill.servers.base import Handler, LoopbackServer, guarded
from tui.drill.world import World

_MOST_POINTS = 11_000
_LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """An error in Prometheus' envelope."""

    status: int
    kind: str
    text: str


def bad_data(text: str) -> ApiError:
    """What was asked makes no sense: 400."""
    return ApiError(400, "bad_data", text)


Answer = Callable[[MultiMapping[str]], Any]


class PrometheusServer(LoopbackServer):
    """Queries, series, labels, alerts and build information, behind a token."""

    name = "prometheus"

    def __init__(self, world: World, token: str) -> None:
        super().__init__()
        self._world = world
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        asked: dict[str, Answer] = {
            "/api/v1/query": self._query,
            "/api/v1/query_range": self._query_range,
            "/api/v1/series": self._series,
            "/api/v1/labels": self._labels,
        }
        told: dict[str, Answer] = {
            "/api/v1/label/{name}/values": self._label_values,
            "/api/v1/alerts": self._alerts,
            "/api/v1/rules": self._rules,
            "/api/v1/status/buildinfo": _buildinfo,
            "/api/v1/status/runtimeinfo": self._runtime,
        }
        routes = [web.get(path, self._enveloped(answer)) for path, answer in {**asked, **told}.items()]
        routes += [web.post(path, self._enveloped(answer)) for path, answer in asked.items()]
        for path, text in (("/-/healthy", "Healthy"), ("/-/ready", "Ready")):
            routes.append(web.get(path, guarded(self._token, _saying(f"Prometheus Server is {text}.\n"))))
        return [*routes, web.get("/", guarded(self._token, _saying("Prometheus\n")))]

    def _enveloped(self, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                data = answer(await _parameters(request))
            except ApiError as error:
                body = {"status": "error", "errorType": error.kind, "error": error.text}
                return web.json_response(body, status=error.status)
            return web.json_response({"status": "success", "data": data})

        return guarded(self._token, handle)

    def _query(self, given: MultiMapping[str]) -> dict[str, Any]:
        at = _moment(given, "time", self._world.now())
        expr = _expression(given)
        if is_range(expr):
            assert isinstance(expr, Selector)
            matrix = self._world.evaluator.matrix(expr, at)
            return _matrix({labels: _points(points) for labels, points in matrix.items()})
        value = self._value(expr, at)
        if isinstance(value, float):
            return {"resultType": "scalar", "result": [at, number(value)]}
        result = [{"metric": dict(labels), "value": [at, number(v)]} for labels, v in sorted(value.items())]
        return {"resultType": "vector", "result": result}

    def _query_range(self, given: MultiMapping[str]) -> dict[str, Any]:
        start, end, step = _moment(given, "start"), _moment(given, "end"), _step(given)
        if end < start:
            raise bad_data('invalid parameter "end": end timestamp must not be before start time')
        if (end - start) / step > _MOST_POINTS:
            raise bad_data(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        expr = _expression(given)
        if is_range(expr):
            raise bad_data(
                'invalid expression type "range vector" for range query, must be Scalar or instant Vector'
            )
        found: dict[Labels, list[list[Any]]] = {}
        for index in range(math.floor((end - start) / step + 1e-9) + 1):
            at = start + index * step
            value = self._value(expr, at)
            vector = {(): value} if isinstance(value, float) else value
            for labels, v in vector.items():
                found.setdefault(labels, []).append([at, number(v)])
        return _matrix(found)

    def _value(self, expr: Expr, at: float) -> Value:
        try:
            return self._world.evaluator.value(expr, at)
        except ExecutionError as error:
            raise ApiError(422, "execution", str(error)) from None

    def _series(self, given: MultiMapping[str]) -> list[dict[str, str]]:
        selectors = given.getall("match[]", [])
        if not selectors:
            raise bad_data("no match[] parameter provided")
        return [dict(labels) for labels in sorted(self._selected(selectors))]

    def _selected(self, selectors: Iterable[str]) -> set[Labels]:
        found: set[Labels] = set()
        for text in selectors:
            selector = _parsed(text, "match[]")
            if not isinstance(selector, Selector):
                raise bad_data('invalid parameter "match[]": expected a series selector')
            found.update(series.labels for series in self._world.store.select(selector.matchers))
        return found

    def _everything(self, given: MultiMapping[str]) -> set[Labels]:
        return self._selected(given.getall("match[]", []) or ['{__name__=~".+"}'])

    def _labels(self, given: MultiMapping[str]) -> list[str]:
        return sorted({name for labels in self._everything(given) for name, _ in labels})

    def _label_values(self, given: MultiMapping[str]) -> list[str]:
        wanted = given["name"]
        if not _LABEL_NAME.fullmatch(wanted):
            raise bad_data(f'invalid label name: "{wanted}"')
        pairs = (pair for labels in self._everything(given) for pair in labels)
        return sorted({value for name, value in pairs if name == wanted})

    def _alerts(self, _given: MultiMapping[str]) -> dict[str, Any]:
        return {"alerts": [_alert(alert) for alert in self._world.alerts.active()]}

    def _rules(self, _given: MultiMapping[str]) -> dict[str, Any]:
        active = self._world.alerts.active()
        rules = []
        for rule in self._world.alerts.rules:
            alerts = [alert for alert in active if alert.rule is rule]
            firing = any(alert.fired_at is not None for alert in alerts)
            rules.append(
                {
                    "state": "firing" if firing else "pending" if alerts else "inactive",
                    "name": rule.name,
                    "query": rule.expression.replace("$w", "5m"),
                    "duration": rule.wait,
                    "labels": {"severity": rule.severity},
                    "annotations": {"summary": rule.summary},
                    "alerts": [_alert(alert) for alert in alerts],
                    "health": "ok",
                    "type": "alerting",
                }
            )
        return {"groups": [{"name": "mistral", "file": "mistral.yml", "interval": 15, "rules": rules}]}

    def _runtime(self, _given: MultiMapping[str]) -> dict[str, Any]:
        return {"startTime": _rfc3339(self._world.start - 86400), "reloadConfigSuccess": True}


def _saying(text: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    return handle


async def _parameters(request: web.Request) -> MultiMapping[str]:
    """Parameters of the query and of a form, and those of the path."""
    given: MultiDict[str] = MultiDict(request.query)
    if request.method == "POST":
        given.extend((k, v) for k, v in (await request.post()).items() if isinstance(v, str))
    given.extend(request.match_info)
    return given


def _expression(given: MultiMapping[str]) -> Expr:
    return _parsed(given.get("query", ""), "query")


def _parsed(text: str, parameter: str) -> Expr:
    try:
        return parse(text)
    except ParseError as error:
        raise bad_data(f'invalid parameter "{parameter}": {error}') from None


def _moment(given: MultiMapping[str], name: str, default: float | None = None) -> float:
    text = given.get(name, "")
    if not text and default is not None:
        return round(default, 3)
    try:
        value = float(text)
    except ValueError:
        value = _timestamp(text)
    if not math.isfinite(value):
        raise bad_data(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')
    return value


def _timestamp(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return moment.timestamp() if moment.tzinfo else math.nan


def _step(given: MultiMapping[str]) -> float:
    text = given.get("step", "")
    try:
        step = float(text)
    except ValueError:
        try:
            step = duration_seconds(text)
        except ValueError:
            raise bad_data(f'invalid parameter "step": cannot parse "{text}" to a valid duration') from None
    if not math.isfinite(step) or step <= 0:
        raise bad_data(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer"
        )
    return step


def _points(points: list[tuple[float, float]]) -> list[list[Any]]:
    return [[at, number(value)] for at, value in points]


def _matrix(found: Mapping[Labels, list[list[Any]]]) -> dict[str, Any]:
    result = [{"metric": dict(labels), "values": values} for labels, values in sorted(found.items())]
    return {"resultType": "matrix", "result": result}


def number(value: float) -> str:
    """A sample's value as Prometheus writes it: a string, never an exponent for common sizes."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value and not 1e-6 <= abs(value) < 1e21:
        return repr(value)
    text = format(Decimal(repr(float(value))), "f")
    return text.removesuffix(".0") if "." in text else text


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": "pending" if alert.fired_at is None else "firing",
        "activeAt": _rfc3339(alert.active_at),
        "value": f"{alert.value:e}",
    }


def _buildinfo(_given: MultiMapping[str]) -> dict[str, str]:
    return {
        "version": "3.5.0",
        "revision": "drill",
        "branch": "HEAD",
        "buildUser": "leeward@drill",
        "buildDate": "20260101-00:00:00",
        "goVersion": "go1.24.5",
    }
