"""What GCP Secret Manager does over REST, for the calls that Leeward makes.

https://docs.cloud.google.com/secret-manager/docs/reference/rest; errors are google.rpc.Status with
an ErrorInfo, as https://google.aip.dev/193 has them.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SECRET = "projects/my-project/secrets/mistral"
ALL = ("secretmanager.versions.access", "secretmanager.versions.add")


@dataclass(repr=False)
class SecretManager:
    """One secret.

    Attributes:
        versions: the bytes of each version, from 1.
        states: of versions that are not enabled, by number: DISABLED or DESTROYED.
        granted: the permissions of whoever asks.
        between: what somebody else adds right before the next version is added.
    """

    versions: list[bytes] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)
    granted: set[str] = field(default_factory=lambda: set(ALL))
    logged_in: bool = True
    enabled: bool = True
    between: list[bytes] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        bearer = request.headers.get("Authorization", "")
        if not self.logged_in or not bearer.startswith("Bearer ey"):
            said = "Request had invalid authentication credentials."
            return _error(401, "UNAUTHENTICATED", said, "ACCESS_TOKEN_EXPIRED")
        if not self.enabled:
            return _error(
                403, "PERMISSION_DENIED", "Secret Manager API has not been used", "SERVICE_DISABLED"
            )
        name, _, verb = request.path.removeprefix("/v1/").partition(":")
        if not name.startswith(SECRET):
            return _error(404, "NOT_FOUND", f"Secret [{name}] not found.", "")
        if verb == "testIamPermissions":
            asked = (await request.json())["permissions"]
            return web.json_response({"permissions": [one for one in asked if one in self.granted]})
        if verb == "access":
            return self._access(name.rpartition("/")[2])
        assert (request.method, verb, name) == ("POST", "addVersion", SECRET)
        return self._add(await request.json())

    def _access(self, version: str) -> web.Response:
        if ALL[0] not in self.granted:
            return _denied(ALL[0])
        number = len(self.versions) if version == "latest" else int(version)
        if not 1 <= number <= len(self.versions):
            return _error(404, "NOT_FOUND", "Secret Version not found.", "")
        if state := self.states.get(number):
            return _error(400, "FAILED_PRECONDITION", f"Secret Version is in {state} state.", "")
        data = base64.b64encode(self.versions[number - 1]).decode()
        return web.json_response({"name": _named(number), "payload": {"data": data}})

    def _add(self, body: dict[str, Any]) -> web.Response:
        if ALL[1] not in self.granted:
            return _denied(ALL[1])
        self.versions += [*self.between, base64.b64decode(body["payload"]["data"])]
        self.between = []
        made = {"name": _named(len(self.versions)), "createTime": "2026-07-01T10:00:00.123456Z"}
        return web.json_response({**made, "state": "ENABLED", "etag": '"16214584d1479c"'})


def login(folder: Path) -> str:
    """A service account's file with a key of its own; the library signs tokens with it by itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": "responder@my-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "http://127.0.0.1:9/token",
    }
    file = folder / "account.json"
    file.write_text(json.dumps(account))
    return str(file)


def _named(number: int) -> str:
    # The number of the project stands there, whatever was asked for.
    return f"projects/123456789/secrets/mistral/versions/{number}"


def _denied(permission: str) -> web.Response:
    said = f"Permission '{permission}' denied for resource '{SECRET}' (or it may not exist)."
    return _error(403, "PERMISSION_DENIED", said, "IAM_PERMISSION_DENIED")


def _error(code: int, status: str, message: str, reason: str) -> web.Response:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    details = [info] if reason else []
    error = {"code": code, "message": message, "status": status, "details": details}
    return web.json_response({"error": error}, status=code)
