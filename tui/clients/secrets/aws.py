"""The key in AWS Secrets Manager, by boto3.

A new version is put beside the current one, and then the label AWSCURRENT is moved to it from exactly
the version that was read: Secrets Manager refuses that move where the label is elsewhere, which is the
precondition that PutSecretValue alone does not have. AWSPREVIOUS follows by itself. The version's id is
made of the change's token, so that a repeat puts nothing twice.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
"""

import shlex
import subprocess
import uuid
from collections.abc import Mapping
from typing import Any

from tui.clients.cluster_errors import OPEN_AGAIN
from tui.clients.secrets import aws_errors, fields
from tui.clients.secrets.calling import ANSWERS, CONNECTS, DEADLINE, SYNC, Denied, Errand, Told, library
from tui.clients.secrets.library_store import LibraryStore
from tui.model.keys import Stored, StoreError
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean
from tui.settings import AwsSecret

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
# A version without a label may be deleted at any time, and the candidate has no other one at first.
OURS = "LEEWARD"
_TOKENS = uuid.UUID("6f6b9f0e-4f0c-5d0a-9a53-0d1f5b0c7a11")


class AwsStore(LibraryStore[AwsSecret]):
    """One secret, or one member of a secret that is a JSON object."""

    kind = "aws"
    whom = "whoever manages the IAM policies of the AWS account"
    keeps_previous = "in AWS Secrets Manager as the version AWSPREVIOUS"

    @classmethod
    async def opened(cls, where: AwsSecret, redact: Redactor, deadline: float = DEADLINE) -> "AwsStore":
        """The store; nothing is asked of it yet. Raises StoreError where boto3 is missing."""
        await library("aws", ("botocore", "boto3", "urllib3"), "boto3", "botocore.config")
        return cls(where, redact, deadline)

    @property
    def name(self) -> str:
        """`AWS Secrets Manager prod/mistral`."""
        inside = f" ({self._where.json_key})" if self._where.json_key else ""
        return clean(f"AWS Secrets Manager {self._where.secret_id}{inside}")

    async def permissions(self) -> tuple[str, ...]:
        """That the current key cannot be read; AWS tells nobody beforehand what a write would need."""
        try:
            await self.read()
        except Denied as error:
            return (error.permission,)
        return ()

    async def obstacles(self) -> tuple[str, ...]:
        """That it is deleted, a replica, or another service's; nothing where we may not describe it."""
        return aws_errors.obstacles(await self._description())

    async def notes(self) -> tuple[str, ...]:
        """That a rotation of AWS' own will replace the key, and how pods come to a new version."""
        rotates = ("AWS rotates this secret by itself, and will replace the key at the next time",)
        return (*(rotates if (await self._description()).get("RotationEnabled") else ()), SYNC)

    def by_hand(self) -> str:
        """Paste the key and press Ctrl+D: the command reads it from the standard input."""
        put = shlex.join(self._command("put-secret-value"))
        get = shlex.join([*self._command("get-secret-value"), "--query", "SecretString", "--output", "text"])
        return fields.by_hand(self._where.json_key, get, f"{put} --secret-string file:///dev/stdin")

    def back_by_hand(self) -> str:
        """AWSCURRENT moved back to the version before; no value passes through anything."""

        def version(label: str) -> str:
            get = [*self._command("get-secret-value"), "--version-stage", label, "--query", "VersionId"]
            return f'"$({shlex.join(get)} --output text)"'

        move = shlex.join([*self._command("update-secret-version-stage"), "--version-stage", CURRENT])
        to, fro = version(PREVIOUS), version(CURRENT)
        return f"{move} --move-to-version-id {to} --remove-from-version-id {fro}"

    def _shut(self, client: Any) -> None:
        client.close()

    # -- in a thread

    def _read(self, errand: Errand) -> Stored:
        """The key of AWSCURRENT, and its VersionId."""
        return self._stored(self._value(errand, CURRENT))

    def _write(self, errand: Errand, key: Secret, after: str, token: str) -> str:
        """Put the key beside, and move AWSCURRENT to it from `after` alone."""
        version = str(uuid.uuid5(_TOKENS, token))
        now = self._value(errand, CURRENT)
        if now["VersionId"] == version:
            return version  # this very change, made before
        if now["VersionId"] != after:
            raise self._conflict()
        value = fields.replaced(self._text(now), self._where.json_key, self.name, key)
        errand.writes("secretsmanager:PutSecretValue")
        put = self._connected().put_secret_value(
            SecretId=self._where.secret_id,
            ClientRequestToken=version,
            SecretString=value,
            VersionStages=[OURS],
        )
        if put.get("VersionId") != version:
            raise aws_errors.NoAnswer
        errand.writes("secretsmanager:UpdateSecretVersionStage")
        if not self._moved(version, after):
            self._settled(errand, version, after)
        return version

    def _moved(self, version: str, after: str) -> bool:
        """Move AWSCURRENT from `after` to the version; False where AWS will not."""
        from botocore.exceptions import ClientError

        try:
            answer = self._connected().update_secret_version_stage(
                SecretId=self._where.secret_id,
                VersionStage=CURRENT,
                MoveToVersionId=version,
                RemoveFromVersionId=after,
            )
        except ClientError as error:
            if aws_errors.code(error) != "InvalidParameterException":
                raise
            return False
        if not answer.get("ARN"):
            raise aws_errors.NoAnswer
        return True

    def _settled(self, errand: Errand, version: str, after: str) -> None:
        """Why the label was not moved; quietly where it is on our version already. Raises StoreError."""
        errand.sent = False  # refused, so that what is read now is no effect of ours
        now = self._value(errand, CURRENT)["VersionId"]
        if now == version:
            return
        self._forget(version)
        if now != after:
            raise self._conflict()
        raise StoreError(
            f"{self.name} refuses to move AWSCURRENT to the new version. The current key is unchanged.",
            "Look at its versions in AWS, and do it by hand.",
        )

    def _forget(self, version: str) -> None:
        """Take our label off, so that AWS may delete the version that was never used."""
        self._connected().update_secret_version_stage(
            SecretId=self._where.secret_id, VersionStage=OURS, RemoveFromVersionId=version
        )

    def _previous(self, errand: Errand) -> Stored | None:
        """The key of AWSPREVIOUS, where that is another one than the current."""
        from botocore.exceptions import ClientError

        current = self._read(errand)
        try:
            before = self._stored(self._value(errand, PREVIOUS))
        except ClientError as error:
            if aws_errors.code(error) != "ResourceNotFoundException":
                raise
            return None
        except StoreError:  # it holds no key
            return None
        return before if before.secret != current.secret else None

    def _value(self, errand: Errand, stage: str) -> Mapping[str, Any]:
        errand.needs = "secretsmanager:GetSecretValue"
        found: Mapping[str, Any] = self._connected().get_secret_value(
            SecretId=self._where.secret_id, VersionStage=stage
        )
        if not found.get("VersionId"):
            raise aws_errors.NoAnswer
        return found

    def _stored(self, found: Mapping[str, Any]) -> Stored:
        secret = fields.taken(self._text(found), self._where.json_key, self.name)
        self._redact.add(secret)
        return Stored(secret, str(found["VersionId"]))

    def _text(self, found: Mapping[str, Any]) -> str:
        if not isinstance(found.get("SecretString"), str):
            raise StoreError(
                f"{self.name} holds bytes and no text. Nothing was changed.",
                "Check in the settings (key_store) that this is where the key is kept.",
            )
        return str(found["SecretString"])

    async def _description(self) -> Mapping[str, Any]:
        def work(errand: Errand) -> Mapping[str, Any]:
            errand.needs = "secretsmanager:DescribeSecret"
            found: Mapping[str, Any] = self._connected().describe_secret(SecretId=self._where.secret_id)
            return found

        try:
            return await self._caller.run(work)
        except Denied:
            return {}

    def _made(self) -> Any:
        return _client(self._where)

    def _told(self, error: Exception, errand: Errand) -> Told | StoreError:
        return aws_errors.turned(error, errand, self.name, self.whom)

    def _conflict(self) -> StoreError:
        return StoreError(
            f"Somebody stored another version in {self.name} since it was read; that one stays in use.",
            OPEN_AGAIN,
            outcome="conflict",
        )

    def _command(self, verb: str) -> list[str]:
        chosen = (("--region", self._where.region), ("--profile", self._where.profile))
        more = [word for flag, value in chosen if value for word in (flag, value)]
        if self._where.endpoint_url:
            more += ["--endpoint-url", self._where.endpoint_url]
        return ["aws", "secretsmanager", verb, "--secret-id", self._where.secret_id, *more]


def _client(where: AwsSecret) -> Any:
    """A client that tries once and asks nobody anything: the terminal's keys are the console's."""
    import boto3
    from botocore.config import Config

    of_arn = where.secret_id.split(":")[3] if where.secret_id.startswith("arn:") else ""
    session = boto3.Session(profile_name=where.profile or None, region_name=where.region or of_arn or None)
    for provider in session._session.get_component("credential_provider").providers:
        _muted(provider)
    config = Config(
        connect_timeout=CONNECTS,
        read_timeout=ANSWERS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        user_agent_extra="leeward",
    )
    return session.client("secretsmanager", endpoint_url=where.endpoint_url or None, config=config)


def _muted(provider: Any) -> Any:
    """A provider of botocore's that would start programs at our terminal, or ask there, and now does not."""
    if hasattr(provider, "_popen"):
        provider._popen = _without_terminal
    if hasattr(provider, "_prompter"):
        provider._prompter = _asks_nobody
    builder = getattr(provider, "_profile_provider_builder", None)
    make = getattr(builder, "_create_process_provider", None)
    if builder is not None and make is not None:
        builder._create_process_provider = lambda profile: _muted(make(profile))
    return provider


def _without_terminal(*args: Any, **kwargs: Any) -> "subprocess.Popen[bytes]":
    """As botocore starts a credential process, but where it can read no key that is pressed."""
    kwargs |= {"stdin": subprocess.DEVNULL, "start_new_session": True}
    return subprocess.Popen(*args, **kwargs)  # noqa: S603 - the argv of the person's own AWS profile


def _asks_nobody(prompt: str) -> str:
    raise aws_errors.AsksForInput
