"""A simulated world seen through malicious servers: they echo what they are sent, and try every trick.

Each of its servers stands before one of a served drill, takes credentials of its own, and changes
the answers: free text gets control codes, markup, templates, and the credentials that were sent.
"""

import asyncio
import contextlib
import json
import re
import ssl
import tomllib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession, TCPConnector, web

SERVICES = ("mistral", "service", "prometheus", "alertmanager", "status_page", "kubernetes")
TRICKS = (
    "\x1b]0;PWNED\x07\x1b]2;PWNED\x1b\\\x1b]52;c;UFdORUQ=\x07\x1b[31m\x9b2J\x90PWNED\x9c\x1bPPWNED\x1b\\"
    "[bold red]MARKUP[/] [@click=app.bell]x[/] {{7*7}} {0} {mistral_api.outcome} %s ${HOME} $(id)"
    "\u202eBIDI\u2066\u200bZW\u200d\U000e0041\r\x08\x7f\x00|\n# HEADING\n"
)
# Where people's and machines' free text stands in the answers; the rest keeps the story going.
_FREE = frozenset(
    {"message", "note", "description", "summary", "detail", "warnings", "change-cause", "error"}
)
# What a console may be made to send, and what comes back of it.
_CREDENTIALS = ("Authorization", "X-Scope-OrgID", "Cookie")


@dataclass(frozen=True)
class Sentinels:
    """What must never be seen again. `secret` is the value of the workload's Secret."""

    key: str = "Qm7sentinelKey4Jt9vWx2LpRz8NcYb1"
    password: str = "prom-Sentinel/Pass+word=7712"
    token: str = "am-sentinel-bearer-token-553311"
    kubernetes: str = "kube.sentinel.token-9f8e7d6c5b4a"
    secret: str = ""

    def all(self) -> tuple[str, ...]:
        return tuple(value for value in vars(self).values() if value)


class HostileWorld:
    """The servers. `mode`: `poisons` tells the story on, `refuses` says no, `redirects`, `garbles`."""

    def __init__(self, world: Mapping[str, Any], folder: Path) -> None:
        self.mode = "poisons"
        self.folder = folder
        self.upstream = tomllib.loads(Path(world["config"]).read_text())
        kube = yaml.safe_load(Path(world["kubeconfig"]).read_text())
        self._kube = kube["clusters"][0]["cluster"]["server"]
        beside = Path(world["config"]).parent
        self._real = {
            "mistral": (beside / "mistral.key").read_text().strip(),
            "prometheus": (beside / "prometheus.token").read_text().strip(),
            "kubernetes": kube["users"][0]["user"]["token"],
        }
        self._real["alertmanager"] = self._real["prometheus"]
        self.sentinels = Sentinels(secret=self._real["mistral"])
        self.urls: dict[str, str] = {}
        self.asked: set[str] = set()

    async def handle(self, service: str, session: ClientSession, request: web.Request) -> web.StreamResponse:
        self.asked.add(service)
        sent = " ".join(request.headers.get(name, "") for name in _CREDENTIALS).strip()
        if self.mode == "refuses":
            return self._refusal(request, sent)
        if self.mode == "redirects":
            bare = sent.rpartition(" ")[2]
            return web.Response(status=302, headers={"Location": f"{self.urls[service]}/?t={bare}#{bare}"})
        if self.mode == "garbles":
            assert request.transport is not None
            request.transport.write(f"HTTP/1.1 999 {sent}\r\nX: {sent}\r\n\r\n{sent}".encode())
            request.transport.close()
            return web.Response()
        return await self._passed_on(service, session, request, sent)

    def _refusal(self, request: web.Request, sent: str) -> web.Response:
        said, bare = f"no: {sent} MISTRAL_API_KEY={self.sentinels.secret} {TRICKS}", sent.rpartition(" ")[2]
        body = {
            "object": "error", "message": said, "type": bare, "code": bare, "detail": said, "status": "error",
            "errorType": bare, "error": said, "warnings": [said], "kind": "Status", "apiVersion": "v1",
            "reason": bare, "details": {"name": bare, "causes": [{"message": said, "field": bare}]},
        }  # fmt: skip
        headers = {"mistral-correlation-id": bare, "WWW-Authenticate": f'Bearer realm="{sent}"'}
        headers |= {"Retry-After": bare or "x", "Server": bare, "X-Echo": sent}
        status = 401 if "pods" in request.path or "chat" in request.path else 400
        return web.json_response(body, status=status, headers=headers, reason=bare or "no")

    async def _passed_on(
        self, service: str, session: ClientSession, request: web.Request, sent: str
    ) -> web.StreamResponse:
        base = self._kube if service == "kubernetes" else self._base(service)
        headers = {n: v for n, v in request.headers.items() if n.lower() in ("content-type", "accept")}
        if service in self._real:
            headers["Authorization"] = f"Bearer {self._real[service]}"
        url = base + request.path_qs
        async with session.request(request.method, url, headers=headers, data=await request.read()) as answer:
            more = {"Content-Type": answer.headers.get("Content-Type", ""), "X-Echo": sent}
            more |= {n: v for n, v in answer.headers.items() if n.lower().startswith(("x-rate", "retry"))}
            if "watch" in request.query:
                return await self._watch(request, answer, more, sent)
            body = self._poisoned(service, request.path, await answer.read(), sent)
            return web.Response(status=answer.status, body=body, headers=more)

    async def _watch(
        self, request: web.Request, answer: Any, headers: Mapping[str, str], sent: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            async for line in answer.content:
                await response.write(self._poisoned("kubernetes", request.path, line, sent) + b"\n")
        return response

    def _base(self, service: str) -> str:
        section = self.upstream[service]
        url = str(section.get("url") or section.get("base_url") or section["health_url"])
        return url.removesuffix("/health")

    def _poisoned(self, service: str, path: str, body: bytes, sent: str) -> bytes:
        trick = f" {TRICKS} sent {sent} MISTRAL_API_KEY={self.sentinels.secret} "
        if path.endswith("/log"):
            lines = body.decode(errors="replace").splitlines()
            return "\n".join(f"{line} {trick.replace(chr(10), ' ')}" for line in lines).encode()
        try:
            data = json.loads(body)
        except ValueError:
            return body
        if service == "alertmanager" and isinstance(data, list):
            for alert in data:
                alert["labels"]["team"] = trick
                alert["annotations"] = {"summary": trick, "runbook": trick * 200}
        return json.dumps(self._tricked(data, trick)).encode()

    def _tricked(self, value: Any, trick: str, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._tricked(item, trick, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._tricked(item, trick, name) for item in value]
        if isinstance(value, str) and name.rpartition("/")[2] in _FREE:
            return value + trick
        return value

    def settings(self, **more: str) -> Path:
        """A settings file that leads here; its secrets come from a variable, files and a program."""
        (self.folder / "password").write_text(self.sentinels.password)
        (self.folder / "token.sh").write_text(f"#!/bin/sh\necho '{self.sentinels.token}'\n")
        (self.folder / "token.sh").chmod(0o700)
        user = {"name": "u", "user": {"token": self.sentinels.kubernetes}}
        context = {"cluster": "c", "user": "u", "namespace": "prod"}
        kubeconfig = {
            "apiVersion": "v1", "kind": "Config", "current-context": "prod-eu", "users": [user],
            "contexts": [{"name": "prod-eu", "context": context}],
            "clusters": [{"name": "c", "cluster": {"server": self.urls["kubernetes"]}}],
        }  # fmt: skip
        (self.folder / "kubeconfig").write_text(json.dumps(kubeconfig))
        timing = "".join(f'{name} = "{value}"\n' for name, value in self.upstream["timing"].items())
        text = f"""
[mistral]
base_url = "{self.urls["mistral"]}"
model = "{self.upstream["mistral"]["model"]}"
completion_probe = true
[service]
health_url = "{self.urls["service"]}/health"
[prometheus]
url = "{self.urls["prometheus"]}"
username = "watcher"
password = {{ file = "password" }}
[alertmanager]
url = "{self.urls["alertmanager"]}"
token = {{ command = ["{self.folder}/token.sh"] }}
[status_page]
url = "{self.urls["status_page"]}"
[kubernetes]
kubeconfig = "kubeconfig"
context = "prod-eu"
namespace = "prod"
deployment = "mistral-service"
container = "mistral-service"
[timing]
{timing}"""
        path = self.folder / "hostile.toml"
        path.write_text(text)
        return path


@contextlib.asynccontextmanager
async def hostile_world(world: Mapping[str, Any], folder: Path) -> AsyncIterator[HostileWorld]:
    """Serve it before a served drill (the line that `leeward drill --serve` prints)."""
    made = HostileWorld(world, folder)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    runners: list[web.AppRunner] = []
    async with ClientSession(connector=TCPConnector(ssl=context), auto_decompress=True) as session:
        try:
            for service in SERVICES:
                runners.append(await _listening(made, service, session))
            yield made
        finally:
            await asyncio.gather(*(runner.cleanup() for runner in runners))


async def _listening(made: HostileWorld, service: str, session: ClientSession) -> web.AppRunner:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await made.handle(service, session, request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.urls[service] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner


# What must not be found


def steering(text: str) -> list[str]:
    """What of it would steer a terminal, or hide: everything but line breaks and plain characters."""
    import unicodedata

    hidden = {"Cc", "Cf", "Cs", "Cn"}
    return [ascii(c) for c in text if c != "\n" and unicodedata.category(c) in hidden]


def leaked(text: str | bytes, secrets: tuple[str, ...]) -> list[str]:
    """Which of the secrets stand in it, plain, in base64 at any alignment, or quoted as in an address."""
    import base64
    from urllib.parse import quote, quote_plus

    where = text if isinstance(text, str) else text.decode("utf-8", errors="replace")
    # A terminal draws in pieces.
    where = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", where)
    found = []
    for secret in secrets:
        forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
        for shift in range(3):
            coded = base64.b64encode(b"x" * shift + secret.encode()).decode().rstrip("=")
            # The first and the last characters depend on what stands beside it.
            forms |= {coded[4:-4], coded[4:-4].replace("+", "-").replace("/", "_")}
        found += [secret for form in forms if form in where][:1]
    return found
