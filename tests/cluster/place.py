"""A namespace of its own in a cluster, with a deployment to change; gone when the block ends.

What is made here is made by the administrator of a kubeconfig; Leeward comes in as a service account
with the Role of docs/mitigations.md, and nothing else.
"""

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config

from tui.clients.cluster import Cluster
from tui.settings import Kubernetes

APP, SECRET, SECRET_KEY = "mistral-service", "mistral", "api-key"
RESPONDER, READER = "responder", "reader"
KEY = "clusterTestKey0123456789abcdefgh"
UNPULLABLE = "registry.invalid/mistral-service:2.0.0"
VARIABLES = {"MISTRAL_FALLBACK": "false", "MAX_CONCURRENT_MISTRAL": "10"}
_MANUAL = Path(__file__).parents[2] / "docs" / "mitigations.md"
_ADMIN_S = 30


class Place:
    """One namespace.

    Args:
        kubeconfig: of an administrator.
        context: of it; "" takes the current one.
        image: that the pods run: anything that stays up by itself.
        folder: for the kubeconfigs that are written.
        give_up_s: after which the deployment calls a rollout stalled.
    """

    def __init__(self, kubeconfig: Path, context: str, image: str, folder: Path, give_up_s: int = 20) -> None:
        self._kubeconfig = kubeconfig
        self._context = context or yaml.safe_load(kubeconfig.read_text())["current-context"]
        self._image = image
        self._folder = folder
        self._give_up_s = give_up_s
        self._open: list[Cluster] = []
        self.namespace = f"leeward-test-{secrets.token_hex(4)}"
        api = config.new_client_from_config(str(kubeconfig), self._context)  # type: ignore[no-untyped-call]
        self._api = api
        self._core, self._apps = client.CoreV1Api(api), client.AppsV1Api(api)
        self._rbac = client.RbacAuthorizationV1Api(api)

    # -- the administrator's hand

    async def make(self) -> None:
        """The namespace with all that is in it, rolled out."""
        labels = {"app.kubernetes.io/managed-by": "leeward-tests"}
        body = {"metadata": {"name": self.namespace, "labels": labels}}
        await self._do(self._core.create_namespace, body)
        named = {"metadata": {"name": SECRET}, "stringData": {SECRET_KEY: KEY}}
        await self._do(self._core.create_namespaced_secret, self.namespace, named)
        rules = documented_role()
        await self._grant(RESPONDER, rules)
        reading = [{**rule, "verbs": [v for v in rule["verbs"] if v != "patch"]} for rule in rules]
        await self._grant(READER, reading)
        await self._do(self._apps.create_namespaced_deployment, self.namespace, self._deployment())
        await self.rolled_out()

    async def remove(self) -> None:
        """Close what is open, delete the namespace, and wait until it is gone."""
        for cluster in self._open:
            await cluster.close()
        await self._do(self._core.delete_namespace, self.namespace)
        await self._until(self._gone, 180)
        await asyncio.to_thread(self._api.close)

    async def deployment(self) -> dict[str, Any]:
        """The deployment as it is, as JSON."""
        found = await self._do(self._apps.read_namespaced_deployment, APP, self.namespace)
        plain: dict[str, Any] = await asyncio.to_thread(self._api.sanitize_for_serialization, found)
        return plain

    async def variable(self, name: str) -> str | None:
        """A variable of the deployment; None where it is unset."""
        (container,) = (await self.deployment())["spec"]["template"]["spec"]["containers"]
        return next((item.get("value") for item in container["env"] if item["name"] == name), None)

    async def edit(self, container: Mapping[str, Any]) -> None:
        """Somebody else changes the container."""
        change = {"spec": {"template": {"spec": {"containers": [{"name": APP, **container}]}}}}
        await self._do(self._apps.patch_namespaced_deployment, APP, self.namespace, change)

    async def set_env(self, name: str, value: str) -> None:
        """Somebody else sets a variable."""
        await self.edit({"env": [{"name": name, "value": value}]})

    async def release(self, image: str) -> None:
        """Somebody else releases another image, whether it works or not; back once that is a revision."""
        before = await self._revision()
        await self.edit({"image": image})

        async def released() -> bool:
            return await self._revision() != before

        await self._until(released, 60)

    async def _revision(self) -> str:
        annotations: dict[str, str] = (await self.deployment())["metadata"].get("annotations", {})
        return annotations.get("deployment.kubernetes.io/revision", "")

    async def rolled_out(self) -> None:
        """Wait until what is asked for is what runs."""
        await self._until(self._complete, 180)

    # -- Leeward's way in

    async def connect(self, user: str = RESPONDER) -> Cluster:
        """A connection as a service account: the client that the console itself uses."""
        cluster = await Cluster.connect(
            Kubernetes(kubeconfig=str(await self._written(user)), namespace=self.namespace, deployment=APP),
            20.0,
        )
        self._open.append(cluster)
        return cluster

    async def _written(self, user: str) -> Path:
        """A kubeconfig with a token of the account, which ends by itself."""
        asked = {"spec": {"expirationSeconds": 3600}}
        made = await self._do(self._core.create_namespaced_service_account_token, user, self.namespace, asked)
        whole = yaml.safe_load(self._kubeconfig.read_text())
        named = next(entry for entry in whole["contexts"] if entry["name"] == self._context)
        wanted = named["context"]["cluster"]
        context = {"cluster": wanted, "user": user, "namespace": self.namespace}
        path = self._folder / f"kubeconfig-{user}"
        path.touch(0o600)
        own = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [entry for entry in whole["clusters"] if entry["name"] == wanted],
            "users": [{"name": user, "user": {"token": made.status.token}}],
            "contexts": [{"name": self._context, "context": context}],
            "current-context": self._context,
        }
        path.write_text(yaml.safe_dump(own))
        return path

    # -- inside

    async def _grant(self, account: str, rules: list[dict[str, Any]]) -> None:
        meta = {"metadata": {"name": account}}
        await self._do(self._core.create_namespaced_service_account, self.namespace, meta)
        await self._do(self._rbac.create_namespaced_role, self.namespace, {**meta, "rules": rules})
        binding = {
            **meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": self.namespace}],
        }
        await self._do(self._rbac.create_namespaced_role_binding, self.namespace, binding)

    def _deployment(self) -> dict[str, Any]:
        reference = {"secretKeyRef": {"name": SECRET, "key": SECRET_KEY}}
        env = [{"name": name, "value": value} for name, value in VARIABLES.items()]
        container = {
            "name": APP,
            "image": self._image,
            "env": [*env, {"name": "MISTRAL_API_KEY", "valueFrom": reference}],
            "resources": {"requests": {"cpu": "5m", "memory": "8Mi"}},
        }
        pod = {"containers": [container], "terminationGracePeriodSeconds": 1}
        spec = {
            "replicas": 2,
            "progressDeadlineSeconds": self._give_up_s,
            "selector": {"matchLabels": {"app": APP}},
            "template": {"metadata": {"labels": {"app": APP}}, "spec": pod},
        }
        return {"metadata": {"name": APP, "labels": {"app": APP}}, "spec": spec}

    async def _complete(self) -> bool:
        found = await self.deployment()
        spec, status = found["spec"]["replicas"], found.get("status", {})
        seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
        return seen and counts == {spec}

    async def _gone(self) -> bool:
        try:
            await self._do(self._core.read_namespace, self.namespace)
        except client.ApiException as error:
            return int(error.status) == 404
        return False

    @staticmethod
    async def _until(what: Callable[[], Any], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not await what():
            assert time.monotonic() < end, f"not within {seconds} s: {what.__name__}"
            await asyncio.sleep(0.1)

    @staticmethod
    async def _do(call: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.to_thread(call, *given, _request_timeout=_ADMIN_S)


def documented_role() -> list[dict[str, Any]]:
    """The rules of the Role that the manual tells people to apply."""
    (text,) = re.findall(r"```yaml\n(apiVersion: rbac[^`]*?kind: Role\n.*?)```", _MANUAL.read_text(), re.S)
    rules: list[dict[str, Any]] = yaml.safe_load(text)["rules"]
    return rules


@contextlib.asynccontextmanager
async def place_in(
    kubeconfig: Path, context: str, image: str, folder: Path, **how: int
) -> AsyncIterator[Place]:
    """A place that is made, and removed whatever happens."""
    place = Place(kubeconfig, context, image, folder, **how)
    try:
        await place.make()
        yield place
    finally:
        await place.remove()
