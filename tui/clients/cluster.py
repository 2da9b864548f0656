"""A Kubernetes cluster as the console needs it: one deployment in one pinned context.

Importing this imports no kubernetes; `Cluster.connect` does, in a thread. Everything raises
`ClusterError`, whose words are safe to show. No discovery is made: the paths that are asked are
fixed, which saves every start four round trips and leaves no cache of it in the temporary folder.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from tui.clients import cluster_rights, cluster_watch
from tui.clients.cluster_config import contexts
from tui.clients.cluster_connection import Connection, items_of
from tui.clients.cluster_errors import Asked, ClusterError, Reason
from tui.clients.cluster_http import MANAGER, an_object, at
from tui.clients.cluster_once import Once
from tui.clients.cluster_secrets import Secrets
from tui.model import deployment as workload
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean_lines
from tui.settings import Kubernetes

__all__ = ["Cluster", "ClusterDoor", "ClusterError", "Reason", "contexts"]

DEADLINE = 5.0


class Cluster:
    """One deployment of one context, pinned when the connection is made.

    Attributes:
        context, namespace, deployment_name: what is pinned.
        container: the container that the settings name, or "".
        kubeconfig: the file that the settings name, or "".
        administrators: whom to ask for a permission that is missing.
        secrets: the namespace's Secrets.
    """

    def __init__(self, settings: Kubernetes, connection: Connection) -> None:
        self._connection = connection
        self._selector: str | None = None
        self.secrets = Secrets(connection)
        self.redact = connection.redact
        self.context = connection.context
        self.namespace = connection.namespace
        self.deployment_name = settings.deployment
        self.container = settings.container
        self.kubeconfig = settings.kubeconfig
        self.administrators = connection.administrators

    @classmethod
    async def connect(
        cls, settings: Kubernetes, deadline: float = DEADLINE, redact: Redactor | None = None
    ) -> "Cluster":
        """Read the kubeconfig and log in; nothing is asked of the cluster yet.

        Args:
            settings: which kubeconfig, context, namespace and deployment.
            deadline: seconds that each call may take as a whole.
            redact: learns the credentials and each secret that is read.
        """
        if not settings.deployment:
            raise ClusterError(
                Reason.CONFIG, "No deployment is named.", "Set kubernetes.deployment in the settings."
            )
        return cls(settings, await Connection.open(settings, deadline, redact or Redactor()))

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    @property
    def connection(self) -> Connection:
        """How the cluster is asked, for what wants its answers as they are."""
        return self._connection

    @property
    def user(self) -> str:
        """Who we are, once `whoami` has been asked; until then the kubeconfig's name for us."""
        return self._connection.user

    # -- who we are and what we may

    async def whoami(self) -> str:
        """Our name, by the server; the kubeconfig's name for us where it cannot tell (before 1.28)."""
        return await cluster_rights.whoami(self._connection)

    async def may(self, verb: str, group: str, resource: str, name: str = "", subresource: str = "") -> bool:
        """Whether we may do this in the namespace, by the server's own access review."""
        return await cluster_rights.may(self._connection, verb, group, resource, name, subresource)

    # -- the deployment

    async def deployment(self) -> dict[str, Any]:
        """The deployment as it is now."""
        asked = self._asked_deployment("get")
        found = an_object(await self._connection.json("GET", self._deployment_path, asked), asked)
        self._selector = workload.selector(found)
        return found

    async def patch_deployment(self, body: Any, content_type: str, dry_run: bool) -> dict[str, Any]:
        """Send a patch, under our field manager; the answer is what is stored, or would be.

        An error whose `sent` is true leaves open whether the change was made.
        """
        query = [("fieldManager", MANAGER), *([("dryRun", "All")] if dry_run else [])]
        asked = self._asked_deployment("patch")
        path = self._deployment_path
        answer = await self._connection.json(
            "PATCH", path, asked, query=query, body=body, content_type=content_type
        )
        return an_object(answer, asked)

    async def watch_deployment(self, resource_version: str, seconds: float) -> AsyncIterator[dict[str, Any]]:
        """The deployment at each change after that version, for so many seconds at most.

        It ends early where the version is too old for the server: read the deployment again.
        """
        query = [
            ("fieldSelector", f"metadata.name={self.deployment_name}"),
            ("resourceVersion", resource_version),
        ]
        asked = self._asked_deployment("watch")
        path = f"/apis/apps/v1/namespaces/{quote(self.namespace)}/deployments"
        async with aclosing(self._connection.watch(path, asked, seconds, query)) as lines:
            async for line in lines:
                event = cluster_watch.event(line)
                if event.get("type") in ("ERROR", "DELETED"):
                    return
                if event and event.get("type") != "BOOKMARK":
                    yield event["object"]

    # -- what belongs to it

    async def replica_sets(self) -> tuple[dict[str, Any], ...]:
        """The deployment's ReplicaSets, newest revision first."""
        found = await self._owned("/apis/apps/v1", "apps", "replicasets")
        own = (rs for rs in found if any(_owns(owner, self.deployment_name) for owner in _owners(rs)))
        return tuple(sorted(own, key=_revision, reverse=True))

    async def pods(self) -> tuple[dict[str, Any], ...]:
        """The pods that the deployment selects."""
        return await self._owned("/api/v1", "", "pods")

    async def events(self) -> tuple[dict[str, Any], ...]:
        """Events of the deployment, its ReplicaSets and its pods, oldest first."""
        found = await self._connection.items("/api/v1", "", "events", [("limit", "500")])
        name = self.deployment_name
        own = (e for e in found if _concerns(str(at(e, "involvedObject", "name") or ""), name))
        return tuple(sorted(own, key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or "")))

    async def autoscalers(self) -> tuple[dict[str, Any], ...]:
        """Autoscalers of the deployment; none where the group is not served or we may not look."""
        try:
            found = await self._connection.items(
                "/apis/autoscaling/v2", "autoscaling", "horizontalpodautoscalers", []
            )
        except ClusterError as error:
            if error.reason in (Reason.MISSING, Reason.FORBIDDEN):
                return ()
            raise
        return tuple(
            scaler
            for scaler in found
            if at(scaler, "spec", "scaleTargetRef", "kind") == "Deployment"
            and at(scaler, "spec", "scaleTargetRef", "name") == self.deployment_name
        )

    async def network_policies(self) -> tuple[dict[str, Any], ...]:
        """The NetworkPolicies of every namespace; of ours alone where we may not look further."""
        root, what = "/apis/networking.k8s.io/v1", "networkpolicies"
        asked = self._connection.asked("list", what, "networkpolicies of all namespaces", "networking.k8s.io")
        try:
            return items_of(await self._connection.json("GET", f"{root}/{what}", asked))
        except ClusterError as error:
            if error.reason is not Reason.FORBIDDEN:
                raise
        return await self._connection.items(root, "networking.k8s.io", what, [])

    async def api_groups(self) -> tuple[str, ...]:
        """The names of the API groups that the cluster serves, those of its own resources included."""
        asked = self._connection.asked("get", "apis", "the list of API groups")
        groups = (await self._connection.json("GET", "/apis", asked)).get("groups")
        found = groups if isinstance(groups, list) else ()
        named = (group.get("name") for group in found if isinstance(group, dict))
        return tuple(name for name in named if isinstance(name, str))

    async def secret_value(self, name: str, key: str) -> Secret | None:
        """One value of a Secret; None where it is missing or we may not read it."""
        try:
            return await self.secrets.value(name, key)
        except ClusterError as error:
            if error.reason in (Reason.MISSING, Reason.FORBIDDEN):
                return None
            raise

    async def pod_log(
        self, pod: str, container: str, since_seconds: int, tail_lines: int, limit_bytes: int
    ) -> str:
        """The end of a container's log, as plain lines; bytes that are no UTF-8 are replaced."""
        query = [
            ("container", container),
            ("sinceSeconds", str(since_seconds)),
            ("tailLines", str(tail_lines)),
            ("limitBytes", str(limit_bytes)),
        ]
        path = f"/api/v1/namespaces/{quote(self.namespace)}/pods/{quote(pod, safe='')}/log"
        asked = self._connection.asked("get", "pods/log", f"log of pod {pod}")
        content = await self._connection.content(
            "GET", path, asked, query=[(name, value) for name, value in query if value]
        )
        # Ten pods' logs take longer than a key may wait.
        return await asyncio.to_thread(self._plain, content)

    # -- asking

    @property
    def _deployment_path(self) -> str:
        name = quote(self.deployment_name, safe="")
        return f"/apis/apps/v1/namespaces/{quote(self.namespace)}/deployments/{name}"

    def _asked_deployment(self, verb: str) -> Asked:
        return self._connection.asked(verb, "deployments", f"deployment {self.deployment_name}", "apps")

    def _plain(self, content: bytes) -> str:
        return self.redact.text(clean_lines(content.decode(errors="replace")))

    async def _owned(self, root: str, group: str, resource: str) -> tuple[dict[str, Any], ...]:
        if self._selector is None:
            await self.deployment()
        chosen = self._selector  # it cannot be changed while the deployment lives
        return await self._connection.items(
            root, group, resource, [("labelSelector", chosen)] if chosen else []
        )


class ClusterDoor:
    """One connection, made when it is first needed and shared by probes and mitigations.

    A login that expires later is renewed inside the connection; one that never came about is
    tried again by the next `open`.
    """

    def __init__(
        self, settings: Kubernetes, deadline: float = DEADLINE, redact: Redactor | None = None
    ) -> None:
        self.settings = settings
        self._deadline = deadline
        self.redact = redact or Redactor()
        self._cluster: Cluster | None = None
        self._opening = Once(self._connect)

    async def open(self) -> Cluster:
        """The connection. Raises ClusterError where there can be none."""
        return self._cluster or await self._opening.get()

    async def close(self) -> None:
        """Close the connection, if there is one; `open` would make another."""
        await self._opening.stop()
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            await cluster.close()

    async def _connect(self) -> Cluster:
        if self._cluster is None:
            self._cluster = await Cluster.connect(self.settings, self._deadline, self.redact)
        return self._cluster


def _owners(item: Mapping[str, Any]) -> list[Any]:
    owners = at(item, "metadata", "ownerReferences")
    return owners if isinstance(owners, list) else []


def _owns(owner: Any, name: str) -> bool:
    return isinstance(owner, Mapping) and owner.get("kind") == "Deployment" and owner.get("name") == name


def _revision(replica_set: Mapping[str, Any]) -> int:
    revision = workload.annotations(replica_set).get(workload.REVISION, "")
    return int(revision) if revision.isdecimal() else 0


def _concerns(event_of: str, deployment: str) -> bool:
    return event_of == deployment or event_of.startswith(f"{deployment}-")
