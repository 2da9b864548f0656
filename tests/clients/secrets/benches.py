"""A bench for each store outside the cluster: the store, a server that speaks its API, and a way between."""

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import boto3
import msgspec
from aiohttp import web

from tests.support.between import Between, between
from tests.support.gcp_server import SECRET, SecretManager
from tests.support.vault_server import TOKEN, Vault, serving
from tui.clients.secrets import KeyStore
from tui.clients.secrets.cloud import opened
from tui.model.redaction import Redactor
from tui.settings import AwsSecret, GcpSecret, VaultSecret
from tui.settings import KeyStore as Named

OLD, NEW, THEIRS = (
    "oldKEY0123456789abcdefABCDEF0001",
    "newKEY0123456789abcdefABCDEF0002",
    "theirKEY0123456789abcdefABCD0003",
)
OTHER = "otherVALUE0123456789abcdefABCD04"


class Bench(ABC):
    """One store with OLD in it, which replaced nothing."""

    kind = ""
    named: Named

    def __init__(self) -> None:
        self.redact = Redactor()

    async def open(self) -> KeyStore:
        return await opened(self.named, {"VAULT_TOKEN": TOKEN, "HOME": "/nonexistent"}, self.redact)

    @abstractmethod
    def somebody_writes(self, value: str) -> None:
        """Another person stores this key."""

    @abstractmethod
    def values(self) -> list[str]:
        """What the store holds, the value in use last; versions that nobody reads are not among them."""

    @abstractmethod
    def writes(self, request: web.Request, body: bytes) -> bool:
        """Whether this request is the one that makes the key the current one."""

    @abstractmethod
    def forbid(self, between: Between) -> str:
        """Take the permission to write away; how the store names it."""

    def in_json(self) -> Named:
        """The settings where the value is an object with the key under `api-key`."""
        where = getattr(self.named, self.kind)
        return msgspec.structs.replace(
            self.named, **{self.kind: msgspec.structs.replace(where, json_key="api-key")}
        )


class Aws(Bench):
    kind = "aws"

    def __init__(self, url: str, direct: str) -> None:
        super().__init__()
        self.client = boto3.client("secretsmanager", endpoint_url=direct, region_name="eu-west-1")
        self.id = f"prod/{uuid.uuid4()}"
        self.client.create_secret(Name=self.id, SecretString=OLD)
        self.named = Named(kind="aws", aws=AwsSecret(secret_id=self.id, region="eu-west-1", endpoint_url=url))

    def somebody_writes(self, value: str) -> None:
        self.client.put_secret_value(SecretId=self.id, SecretString=value)

    def values(self) -> list[str]:
        labels = [name for name in ("AWSPREVIOUS", "AWSCURRENT") if self.version(name)]
        return [self.value(name) for name in labels]

    def version(self, label: str) -> str:
        listed = self.client.list_secret_version_ids(SecretId=self.id, IncludeDeprecated=True)["Versions"]
        return next((v["VersionId"] for v in listed if label in v.get("VersionStages", ())), "")

    def count(self) -> int:
        return len(self.client.list_secret_version_ids(SecretId=self.id, IncludeDeprecated=True)["Versions"])

    def value(self, label: str) -> str:
        return str(self.client.get_secret_value(SecretId=self.id, VersionStage=label)["SecretString"])

    def writes(self, request: web.Request, body: bytes) -> bool:
        return request.headers.get("X-Amz-Target") == "secretsmanager.UpdateSecretVersionStage"

    def forbid(self, between: Between) -> str:
        said = "User: arn:aws:iam::1:user/ana is not authorized to perform: secretsmanager:PutSecretValue"
        between.fault(
            lambda request, _: request.headers.get("X-Amz-Target") == "secretsmanager.PutSecretValue",
            refusal("AccessDeniedException", said),
        )
        return "secretsmanager:PutSecretValue"


def refusal(code: str, message: str, status: int = 400) -> tuple[int, bytes, str]:
    """An error of AWS' JSON protocol."""
    body = json.dumps({"__type": code, "Message": message}).encode()
    return status, body, "application/x-amz-json-1.1"


class Gcp(Bench):
    kind = "gcp"

    def __init__(self, url: str, server: SecretManager) -> None:
        super().__init__()
        self.server = server
        self.server.versions.append(OLD.encode())
        self.named = Named(kind="gcp", gcp=GcpSecret(secret=SECRET, endpoint=url))

    def somebody_writes(self, value: str) -> None:
        self.server.versions.append(value.encode())

    def values(self) -> list[str]:
        return [value.decode() for value in self.server.versions]

    def writes(self, request: web.Request, body: bytes) -> bool:
        return request.path.endswith(":addVersion")

    def forbid(self, between: Between) -> str:
        self.server.granted.remove("secretmanager.versions.add")
        return "secretmanager.versions.add"


class OfVault(Bench):
    kind = "vault"

    def __init__(self, url: str, server: Vault) -> None:
        super().__init__()
        self.server = server
        self.server.versions.append({"api-key": OLD, "other": OTHER})
        self.named = Named(kind="vault", vault=VaultSecret(address=url, path=server.path, field="api-key"))

    def somebody_writes(self, value: str) -> None:
        self.server.versions.append({"api-key": value, "other": OTHER})

    def values(self) -> list[str]:
        return [str((version or {}).get("api-key")) for version in self.server.versions]

    def writes(self, request: web.Request, body: bytes) -> bool:
        return request.method == "PATCH"

    def forbid(self, between: Between) -> str:
        self.server.able = {"read"}
        return "patch (or update) on secret/data/prod/mistral"


@asynccontextmanager
async def bench(kind: str, moto: str) -> AsyncIterator[tuple[Any, Between]]:
    """The bench of this kind, and what stands between the store and its server."""
    if kind == "aws":
        async with between(moto) as way:
            yield Aws(way.url, moto), way
        return
    server: Any = SecretManager() if kind == "gcp" else Vault()
    async with serving(server.handle) as url, between(url) as way:
        yield (Gcp if kind == "gcp" else OfVault)(way.url, server), way
