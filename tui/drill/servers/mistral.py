"""Mistral's API: the list of models, and chat completions, with its headers and its errors."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tui.drill.provider import MODELS, Failure
from tui.drill.scenarios import Trouble
from tui.drill.servers.base import LoopbackServer, credential
from tui.drill.world import World

# How long an answer takes, in seconds.
_MODELS_SECONDS = (0.012, 0.03)
_COMPLETION_SECONDS = (0.04, 0.09)
# Beyond the five seconds that a connection test allows, while the pods wait much longer.
_SLOW_MODELS_SECONDS = (8.0, 9.0)
_SLOW_COMPLETION_SECONDS = (20.0, 40.0)
_CREATED = 1764547200
_TOKENS_PER_MINUTE = 2_000_000
_KNOWN = ("model", "messages", "max_tokens", "temperature", "top_p", "stream", "stop", "random_seed")
_ALSO_KNOWN = (
    "response_format", "tools", "tool_choice", "presence_penalty", "frequency_penalty", "n", "prediction",
    "parallel_tool_calls", "prompt_mode", "safe_prompt", "service_tier", "metadata", "reasoning_effort",
)  # fmt: skip
_FIELDS = frozenset((*_KNOWN, *_ALSO_KNOWN))
_DESCRIPTIONS = {
    "mistral-large-latest": ("mistral-large-2512", "Our top-tier reasoning model."),
    "mistral-small-latest": ("mistral-small-2603", "Our efficient small model."),
    "ministral-3b-latest": ("ministral-3b-2512", "Our smallest model."),
}


class MistralServer(LoopbackServer):
    """`/v1/models` and `/v1/chat/completions`."""

    name = "mistral"

    def __init__(self, world: World, seed: int) -> None:
        super().__init__()
        self._world = world
        self._rng = random.Random(f"api {seed}")  # noqa: S311 - latencies

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/models", self._models),
            web.get("/v1/models/{model}", self._model),
            web.post("/v1/chat/completions", self._complete),
            web.route("*", "/{path:.*}", self._nowhere),
        ]

    async def _models(self, request: web.Request) -> web.Response:
        began = time.monotonic()
        refused = await self._gate(request, completion=False)
        if refused is not None:
            return self._refuse(refused, began)
        return self._answer(200, {"object": "list", "data": [_card(name) for name in _DESCRIPTIONS]}, began)

    async def _model(self, request: web.Request) -> web.Response:
        began = time.monotonic()
        refused = await self._gate(request, completion=False)
        if refused is not None:
            return self._refuse(refused, began)
        name = _canonical(request.match_info["model"])
        if name is None:
            return self._answer(404, {"object": "error", "message": "Not Found", "type": None}, began)
        return self._answer(200, _card(name), began)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        began = time.monotonic()
        refused = await self._gate(request, completion=True)
        if refused is not None:
            return self._refuse(refused, began)
        try:
            body = json.loads(await request.read())
        except ValueError:
            problems = [_problem("json_invalid", ["body", 0], "JSON decode error", {})]
            return self._answer(422, {"detail": problems}, began)
        problems = _problems(body)
        if problems:
            return self._answer(422, {"detail": problems}, began)
        if _canonical(body["model"]) is None:
            unknown = _error(f"Invalid model: {body['model']}", "invalid_model", "1500")
            return self._answer(400, unknown, began)
        if body.get("stream"):
            return await self._stream(request, body, began)
        return self._answer(200, _completion(body), began, self._limits())

    async def _nowhere(self, _request: web.Request) -> web.Response:
        return self._answer(404, {"message": "no Route matched with those values"}, time.monotonic())

    async def _gate(self, request: web.Request, completion: bool) -> Failure | None:
        """Wait as long as the API takes, then say what it refuses; refusals are quick."""
        refused = self._world.provider.refusal(credential(request), self._world.now(), completion)
        await asyncio.sleep(self._delay(completion and refused is None, refused))
        return refused

    def _delay(self, completion: bool, refused: Failure | None) -> float:
        slow = self._world.scenario.trouble is Trouble.LATENCY and refused is None
        if slow:
            return self._rng.uniform(*(_SLOW_COMPLETION_SECONDS if completion else _SLOW_MODELS_SECONDS))
        return self._rng.uniform(*(_COMPLETION_SECONDS if completion else _MODELS_SECONDS))

    def _limits(self) -> dict[str, str]:
        limit = self._world.scenario.limit
        remaining = self._world.provider.remaining(self._world.now())
        tokens = _TOKENS_PER_MINUTE if limit else 0
        left = tokens * remaining // limit if limit else 0
        return {
            "x-ratelimit-limit-req-minute": str(limit),
            "x-ratelimit-remaining-req-minute": str(remaining),
            "x-ratelimit-limit-tokens-minute": str(tokens),
            "x-ratelimit-remaining-tokens-minute": str(left),
            "x-ratelimit-limit-tokens-month": "10000000000" if limit else "0",
            "x-ratelimit-remaining-tokens-month": "8412077310" if limit else "0",
            "x-ratelimit-tokens-query-cost": "32",
        }

    def _refuse(self, failure: Failure, began: float) -> web.Response:
        limits = self._limits() if failure.status == 429 else {}
        return self._answer(failure.status, _body(failure), began, limits)

    def _headers(self, began: float, more: Mapping[str, str] | None = None) -> dict[str, str]:
        request_id = str(uuid.uuid4())
        upstream = round((time.monotonic() - began) * 1000)
        return {
            "Server": "cloudflare",
            "cf-ray": f"{self._rng.getrandbits(64):016x}-CDG",
            "mistral-correlation-id": request_id,
            "x-kong-request-id": request_id,
            "x-kong-proxy-latency": "8",
            "x-kong-upstream-latency": str(upstream),
            "x-envoy-upstream-service-time": str(max(upstream - 1, 0)),
            **(more or {}),
        }

    def _answer(
        self, status: int, body: object, began: float, limits: Mapping[str, str] | None = None
    ) -> web.Response:
        return web.json_response(body, status=status, headers=self._headers(began, limits))

    async def _stream(
        self, request: web.Request, body: Mapping[str, Any], began: float
    ) -> web.StreamResponse:
        headers = {**self._headers(began, self._limits()), "Content-Type": "text/event-stream"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        for chunk in _chunks(body):
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response


def _canonical(name: object) -> str | None:
    for latest, (pinned, _) in _DESCRIPTIONS.items():
        if name in (latest, pinned):
            return latest
    return None


def _card(name: str) -> dict[str, Any]:
    pinned, description = _DESCRIPTIONS[name]
    can = dict.fromkeys(
        ("completion_fim", "ocr", "classification", "moderation", "audio", "audio_transcription"), False
    )
    return {
        "id": name,
        "object": "model",
        "created": _CREATED,
        "owned_by": "mistralai",
        "capabilities": {
            "completion_chat": True,
            "function_calling": True,
            "reasoning": False,
            "fine_tuning": False,
            "vision": name in MODELS,
            "audio_transcription_realtime": False,
            "audio_speech": False,
            **can,
        },
        "name": pinned,
        "description": description,
        "max_context_length": 262144,
        "aliases": [pinned],
        "deprecation": None,
        "deprecation_replacement_model": None,
        "default_model_temperature": 0.3,
        "type": "base",
    }


def _problem(kind: str, where: list[str | int], message: str, given: object) -> dict[str, Any]:
    return {"type": kind, "loc": where, "msg": message, "input": given}


def _problems(body: object) -> list[dict[str, Any]]:
    """What is wrong with a request for a completion, as the API's validation says it."""
    if not isinstance(body, dict):
        return [_problem("model_attributes_type", ["body"], "Input should be a valid dictionary", body)]
    found = [
        _problem("missing", ["body", name], "Field required", body)
        for name in ("model", "messages")
        if name not in body
    ]
    found += [
        _problem("extra_forbidden", ["body", name], "Extra inputs are not permitted", body[name])
        for name in body
        if name not in _FIELDS
    ]
    messages = body.get("messages", [])
    if not isinstance(messages, list):
        found.append(_problem("list_type", ["body", "messages"], "Input should be a valid list", messages))
    return found


def _error(message: str, kind: str, code: str) -> dict[str, Any]:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def _body(failure: Failure) -> dict[str, Any]:
    """The body of an error: the several shapes that the API really uses."""
    if failure.status == 401:
        return {"detail": failure.message}
    body = _error(failure.message, failure.kind, failure.code)
    if failure.status == 429 or failure.code == "3800":
        body["raw_status_code"] = failure.status
    return body


def _completion(body: Mapping[str, Any]) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hello.", "tool_calls": None},
        "finish_reason": "length" if body.get("max_tokens") == 1 else "stop",
    }
    return {
        "id": uuid.uuid4().hex,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [choice],
        "usage": {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5},
    }


def _chunks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    head = {
        "id": uuid.uuid4().hex,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body["model"],
    }
    first = {"index": 0, "delta": {"role": "assistant", "content": "Hello."}, "finish_reason": None}
    last = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}
    return [{**head, "choices": [first]}, {**head, "choices": [last], "usage": usage}]
