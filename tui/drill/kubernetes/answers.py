"""Between http and objects: bodies that are posted, and what is answered."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tui.drill.kubernetes import protobuf, status
from tui.drill.kubernetes.encoding import decoded, encoded
from tui.drill.kubernetes.writes import Written

Obj = dict[str, Any]
_FAILURES = {
    410: ("Expired", "The resourceVersion for the provided watch is too old."),
    500: ("InternalError", "Internal error occurred"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}


def posted(request: web.Request, raw: bytes) -> Obj:
    """The posted object: JSON, or protobuf for the few kinds that are read in it."""
    media = request.content_type
    try:
        if media == protobuf.MEDIA_TYPE:
            read = protobuf.posted(raw)
            if read is None:
                raise status.unsupported_media_type(["application/json", "application/yaml"])
            return read
        if media not in ("application/json", "application/octet-stream", "application/yaml"):
            raise status.unsupported_media_type(["application/json", "application/yaml", protobuf.MEDIA_TYPE])
        found = decoded(raw or b"{}")
    except ValueError as error:
        raise status.bad_request(f"the object provided is unrecognized: {error}") from error
    if not isinstance(found, dict):
        raise status.bad_request("the object provided is unrecognized (must be of type object)")
    return found


def name_in(body: bytes) -> str:
    """The name of a posted object; "" where there is none to be read."""
    try:
        return str(decoded(body)["metadata"]["name"])
    except (ValueError, KeyError, TypeError):
        return ""


def answer(body: Obj | bytes, code: int = 200) -> web.Response:
    """An object, or its JSON, as an answer."""
    text = body if isinstance(body, bytes) else encoded(body)
    return web.Response(body=text + b"\n", status=code, content_type="application/json")


def written(done: Written) -> web.Response:
    """What a write gives back, with its warnings."""
    response = answer(done.obj, done.code)
    for warning in done.warnings:
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


def refused(refusal: status.Refusal) -> web.Response:
    """A refusal in the server's form."""
    return answer(refusal.body, refusal.code)


def failure(code: int) -> web.Response:
    """What a server in trouble answers; too many requests are refused in plain words, before anything."""
    if code == 429:
        words = "Too many requests, please try again later.\n"
        return web.Response(text=words, status=code, headers={"Retry-After": "1"})
    reason, message = _FAILURES.get(code, _FAILURES[500])
    return refused(status.Refusal(code, reason, message))


def cut(request: web.Request) -> web.Response:
    """Ends the connection without another byte; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
