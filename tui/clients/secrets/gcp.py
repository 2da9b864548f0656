"""The key in GCP Secret Manager, by google-cloud-secret-manager over HTTP.

A new version is added; the one before stays. AddSecretVersion has no precondition: the newest version
is read right before it and its number is counted right after it, so that a version that came between
is told. The credentials are the application default ones.
https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/addVersion
"""

import re
import shlex
from typing import Any

from tui.clients.cluster_errors import OPEN_AGAIN
from tui.clients.secrets import fields, gcp_errors, versions
from tui.clients.secrets.calling import ANSWERS, DEADLINE, SYNC, Errand, Told, library
from tui.clients.secrets.library_store import LibraryStore
from tui.model.keys import Stored, StoreError
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean
from tui.settings import GcpSecret

ACCESS, ADD = "secretmanager.versions.access", "secretmanager.versions.add"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_NAME = re.compile(r"projects/([^/]+)(?:/locations/([^/]+))?/secrets/([^/]+)")
_VERSION = re.compile(r".+/versions/([0-9]+)")


class GcpStore(LibraryStore[GcpSecret]):
    """The newest version of one secret, or one member of it where it is a JSON object."""

    kind = "gcp"
    keeps_previous = "in GCP Secret Manager as the version before"

    @classmethod
    async def opened(cls, where: GcpSecret, redact: Redactor, deadline: float = DEADLINE) -> "GcpStore":
        """The store; nothing is asked of it yet. Raises StoreError where the library is missing."""
        modules = ("requests", "google.auth.transport.requests", "google.cloud.secretmanager_v1")
        await library("gcp", ("google", "urllib3"), *modules)
        return cls(where, redact, deadline)

    @property
    def name(self) -> str:
        """`GCP Secret Manager my-project/mistral`."""
        project, _, secret = self._parts
        inside = f" ({self._where.json_key})" if self._where.json_key else ""
        return clean(f"GCP Secret Manager {project}/{secret}{inside}")

    @property
    def whom(self) -> str:
        """Who gives permissions."""
        return f"whoever manages IAM of the project {self._parts[0]}"

    async def permissions(self) -> tuple[str, ...]:
        """Those of reading and adding versions that Secret Manager says we lack."""

        def work(errand: Errand) -> tuple[str, ...]:
            wanted = (ACCESS, ADD)
            granted = self._connected().test_iam_permissions(
                request={"resource": self._where.secret, "permissions": list(wanted)}, **_ONCE
            )
            return tuple(name for name in wanted if name not in granted.permissions)

        return await self._caller.run(work)

    async def notes(self) -> tuple[str, ...]:
        """How pods come to a new version."""
        return (f"who reads a numbered version and not latest keeps the key before; {SYNC}",)

    def by_hand(self) -> str:
        """Paste the key and press Ctrl+D: the command reads it from the standard input."""
        add = f"{self._gcloud('versions', 'add', self._parts[2])} --data-file=-"
        return fields.by_hand(self._where.json_key, self._accessed("latest"), add)

    def back_by_hand(self) -> str:
        """The version before, added once more; its value is not shown."""
        describe = self._gcloud("versions", "describe", "latest", "--secret", self._parts[2])
        before = f"$(( $({describe} --format 'value(name.basename())') - 1 ))"
        add = f"{self._gcloud('versions', 'add', self._parts[2])} --data-file=-"
        return f'{self._accessed("")} "{before}" | {add}'

    def _shut(self, client: Any) -> None:
        client.transport.close()

    # -- in a thread

    def _read(self, errand: Errand) -> Stored:
        """The key of the newest version, and its number."""
        return self._stored(*self._access(errand, "latest"))

    def _write(self, errand: Errand, key: Secret, after: str, token: str) -> str:
        """Add a version while the newest is `after`. The same key a second time adds none.

        Raises StoreError `conflict` with `sent` where somebody's version came right between.
        """
        value, version = self._access(errand, "latest")
        if version != after:
            if fields.taken(value, self._where.json_key, self.name) == key:
                return version  # what was to be stored is there: this very change, made before
            raise self._conflict(f"Somebody added version {version} since version {after} was read.")
        data = fields.replaced(value, self._where.json_key, self.name, key).encode()
        client = self._connected()
        errand.writes(ADD)
        added = client.add_secret_version(
            request={"parent": self._where.secret, "payload": {"data": data}}, **_ONCE
        )
        number = _number(added.name)
        if int(number) != int(after) + 1:
            raise self._conflict(
                f"Somebody added a version at the same moment; ours is version {number} and the newest.",
                sent=True,
            )
        return number

    def _previous(self, errand: Errand) -> Stored | None:
        return versions.key_before(self._read(errand), lambda number: self._kept(errand, number))

    def _kept(self, errand: Errand, number: int) -> Stored | None:
        from google.api_core.exceptions import GoogleAPICallError

        try:
            return self._stored(*self._access(errand, str(number)))
        except GoogleAPICallError as error:
            if error.code not in (400, 404):  # disabled or destroyed; gone
                raise
            return None

    def _access(self, errand: Errand, version: str) -> tuple[str, str]:
        """The text of a version, and its number."""
        errand.needs = ACCESS
        found = self._connected().access_secret_version(
            request={"name": f"{self._where.secret}/versions/{version}"}, **_ONCE
        )
        return fields.text(found.payload.data, self.name), _number(found.name)

    def _stored(self, value: str, version: str) -> Stored:
        secret = fields.taken(value, self._where.json_key, self.name)
        self._redact.add(secret)
        return Stored(secret, version)

    def _made(self) -> Any:
        return _client(self._where, self._parts[1])

    def _told(self, error: Exception, errand: Errand) -> Told | StoreError:
        return gcp_errors.turned(error, errand, self.name, self.whom)

    def _conflict(self, said: str, *, sent: bool = False) -> StoreError:
        what = "Look at both" if sent else "Nothing was stored"
        return StoreError(
            f"{said} {what}.",
            OPEN_AGAIN,
            sent=sent,
            outcome="conflict",
        )

    @property
    def _parts(self) -> tuple[str, str, str]:
        """Project, location ("" for a secret of all regions) and name."""
        match = _NAME.fullmatch(self._where.secret)
        return (match[1], match[2] or "", match[3]) if match else ("", "", self._where.secret)

    def _gcloud(self, *words: str) -> str:
        project, location, _ = self._parts
        where = ["--project", project, *(["--location", location] if location else [])]
        return shlex.join(["gcloud", "secrets", *words, *where])

    def _accessed(self, version: str) -> str:
        words = ["versions", "access", *([version] if version else []), "--secret", self._parts[2]]
        return self._gcloud(*words)


# What is tried again by itself would be added twice.
_ONCE: dict[str, Any] = {"retry": None, "timeout": ANSWERS}


def _client(where: GcpSecret, location: str) -> Any:
    import google.auth
    from google.api_core.client_options import ClientOptions
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

    credentials, _ = google.auth.default(scopes=[_SCOPE])
    endpoint = where.endpoint or (f"secretmanager.{location}.rep.googleapis.com" if location else None)
    options = ClientOptions(api_endpoint=endpoint)
    return SecretManagerServiceClient(credentials=credentials, transport="rest", client_options=options)


def _number(name: str) -> str:
    match = _VERSION.fullmatch(name)
    if not match:
        raise gcp_errors.NoAnswer
    return match[1]
