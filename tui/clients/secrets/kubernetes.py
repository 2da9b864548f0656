"""The key in a Kubernetes Secret: merged into it, if it is still the version that was read.

The same patch keeps the key that is replaced under a second name, so that the way back is there
whatever becomes of this console, and writes what the change is known by.
"""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui.clients.cluster_errors import OPEN_AGAIN, ClusterError, Reason
from tui.clients.cluster_http import at
from tui.clients.cluster_secrets import decoded, encoded, last_applied
from tui.clients.secrets.owners import declared_by, operator_of
from tui.model import deployment as workload
from tui.model.key_use import secret_of, uses
from tui.model.keys import Outcome, Stored, StoreError
from tui.model.secret import Secret

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster

PREVIOUS = ".previous"
_NO_TEXT = "holds no key that is a text"


class KubernetesStore:
    """One key of one Secret in the pinned namespace.

    Attributes:
        secret_name, key_name: `mistral` and `api-key`.
    """

    kind = "kubernetes"

    def __init__(self, cluster: "Cluster", secret_name: str, key_name: str) -> None:
        self._cluster = cluster
        self.secret_name = secret_name
        self.key_name = key_name

    @classmethod
    async def of_deployment(
        cls, cluster: "Cluster", secret_name: str = "", key_name: str = ""
    ) -> "KubernetesStore":
        """The Secret that is named, else the one that the pods get the key from. Raises StoreError."""
        if not (secret_name and key_name):
            found = await _found(cluster)
            if found is None:
                raise StoreError(
                    f"Deployment {cluster.deployment_name} takes no MISTRAL_API_KEY from a Secret; "
                    "nothing was changed.",
                    "Name the Secret and its key in the settings (key_store).",
                )
            secret_name, key_name = secret_name or found[0], key_name or found[1]
        return cls(cluster, secret_name, key_name)

    @property
    def name(self) -> str:
        """`Kubernetes Secret mistral/api-key`."""
        return f"Kubernetes Secret {self.secret_name}/{self.key_name}"

    @property
    def keeps_previous(self) -> str:
        """Where the key that is replaced stays."""
        return f"in the same Secret as {self.key_name}{PREVIOUS}, written by the same patch"

    @property
    def whom(self) -> str:
        """Who gives permissions."""
        return self._cluster.administrators

    async def read(self) -> Stored:
        """The current key, and the Secret's resourceVersion."""
        found = await self._object()
        return Stored(self._value(found, self.key_name), _version(found))

    async def write(self, key: Secret, *, after: str, token: str) -> str:
        """Merge the key in, and keep the one before; only onto the version `after`."""
        found = await self._object()
        if _known_by(found) == token:
            return _version(found)
        if _version(found) != after:
            raise self._conflict()
        before = self._value(found, self.key_name)
        body = {
            "metadata": {
                "uid": at(found, "metadata", "uid"),
                "resourceVersion": after,
                "annotations": {workload.CHANGE_MARK: token},
            },
            "data": {self.key_name: encoded(key), self.key_name + PREVIOUS: encoded(before)},
        }
        self._cluster.redact.add(key)
        return _version(await self._patch(body))

    async def previous(self) -> Stored | None:
        """The key that the newest one replaced."""
        found = await self._object()
        value = decoded(found, self.key_name + PREVIOUS)
        return Stored(value, _version(found)) if value is not None else None

    async def permissions(self) -> tuple[str, ...]:
        """`secrets/mistral patch in namespace prod`, by access reviews asked before anything is sent."""
        missing = []
        for verb in ("get", "patch"):
            try:
                allowed = await self._cluster.may(verb, "", "secrets", self.secret_name)
            except ClusterError as error:
                raise _told(error) from None
            if not allowed:
                missing.append(f"secrets/{self.secret_name} {verb} in namespace {self._cluster.namespace}")
        return tuple(missing)

    async def obstacles(self) -> tuple[str, ...]:
        """That it is immutable, or that an operator makes it, whose source is named."""
        found = await self._object()
        immutable = ("it is immutable: make another Secret and point the deployment there",)
        owner = operator_of(found)
        return (*(immutable if found.get("immutable") is True else ()), *((owner,) if owner else ()))

    async def notes(self) -> tuple[str, ...]:
        """Who else declares it, copies of the key that stay, and where its second key shows."""
        found = await self._object()
        template = workload.template(await self._deployment())
        taken = [use for use in uses(template, self.secret_name) if use.whole]
        declared = declared_by(found)
        copy = "a copy of an older key stays in its annotation last-applied-configuration (kubectl apply)"
        second = f"{self.key_name}{PREVIOUS} shows there, too, as a name that no program asks for"
        return (
            *((f"the Secret is {declared}",) if declared else ()),
            *((copy,) if last_applied(found) else ()),
            *(f"the pods take {_taken(use.how)}: {second}" for use in taken[:1]),
        )

    def by_hand(self) -> str:
        """Paste the key and press Ctrl+D: no key is in an argument, and the one before is kept, too."""
        program = '{stringData: {($name): gsub("\\\\s"; "")}, data: {($name + $suffix): $old[0].data[$name]}}'
        names = shlex.join(["--arg", "name", self.key_name, "--arg", "suffix", PREVIOUS])
        secret, kubectl = shlex.quote(self.secret_name), self._kubectl()
        old = f"--slurpfile old <({kubectl} get secret {secret} -o json)"
        jq = f"jq -Rs {names} {old} {shlex.quote(program)}"
        return f"{jq} | {kubectl} patch secret {secret} {_FROM_STDIN}"

    def back_by_hand(self) -> str:
        """The key that was replaced, put back without being shown."""
        program = "{data: {($name): .data[$name + $suffix]}}"
        jq = shlex.join(["jq", "--arg", "name", self.key_name, "--arg", "suffix", PREVIOUS, program])
        secret, kubectl = shlex.quote(self.secret_name), self._kubectl()
        return f"{kubectl} get secret {secret} -o json | {jq} | {kubectl} patch secret {secret} {_FROM_STDIN}"

    async def close(self) -> None:
        """The connection is the cluster's."""

    # -- inside

    async def _object(self) -> Mapping[str, Any]:
        try:
            return await self._cluster.secrets.read(self.secret_name)
        except ClusterError as error:
            failed = error
        if failed.reason is Reason.MISSING:
            raise StoreError(
                f"There is no Secret {self.secret_name} in namespace {self._cluster.namespace} of "
                f"{self._cluster.context}; nothing was changed.",
                "Name the right one in the settings (key_store), or make it.",
            )
        raise _told(failed)

    async def _patch(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return await self._cluster.secrets.patch(self.secret_name, body)
        except ClusterError as error:
            failed = error
        if failed.reason is Reason.CONFLICT:
            raise self._conflict()
        raise _told(failed)

    async def _deployment(self) -> Mapping[str, Any]:
        try:
            return await self._cluster.deployment()
        except ClusterError as error:
            raise _told(error) from None

    def _value(self, found: Mapping[str, Any], key: str) -> Secret:
        value = decoded(found, key)
        if value is None:
            raise StoreError(
                f"{self.name} {_NO_TEXT}; nothing was changed.",
                "Check its name in the settings (key_store), and the Secret itself.",
            )
        return value

    def _conflict(self) -> StoreError:
        return StoreError(
            f"Somebody changed secret {self.secret_name} since the preview; nothing was stored.",
            OPEN_AGAIN,
            outcome="conflict",
        )

    def _kubectl(self) -> str:
        cluster = self._cluster
        chosen = ["--kubeconfig", cluster.kubeconfig] if cluster.kubeconfig else []
        return shlex.join(["kubectl", *chosen, "--context", cluster.context, "-n", cluster.namespace])


_FROM_STDIN = "--type merge --patch-file /dev/stdin"


async def _found(cluster: "Cluster") -> tuple[str, str] | None:
    try:
        deployment = await cluster.deployment()
    except ClusterError as error:
        raise _told(error) from None
    own = cluster.container or cluster.deployment_name
    names = [str(container.get("name") or "") for container in workload.containers(deployment)]
    ordered = sorted(names, key=lambda name: name != own)
    return next((place for name in ordered if (place := secret_of(deployment, name))), None)


def _told(error: ClusterError) -> StoreError:
    """A refusal of the cluster as the store's. A write whose answer was lost is unknown."""
    outcome: Outcome = "unknown" if error.sent else "refused"
    return StoreError(error.said, error.remedy, sent=error.sent, outcome=outcome)


def _taken(how: str) -> str:
    return (
        "the whole Secret as a volume"
        if how.startswith(("a volume", "a file"))
        else "the whole Secret (envFrom)"
    )


def _version(found: Mapping[str, Any]) -> str:
    return str(at(found, "metadata", "resourceVersion") or "")


def _known_by(found: Mapping[str, Any]) -> str:
    return str(at(found, "metadata", "annotations", workload.CHANGE_MARK) or "")
