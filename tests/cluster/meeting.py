"""A shared place of its own in a cluster, as `leeward share manifest` prints it; gone when the block ends."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from tests.cluster.place import Place
from tui.clients.shared_place import SharedPlace
from tui.model.redaction import Redactor
from tui.settings import Settings, Sharing
from tui.sharing.manifest import Subject, Who, manifest

RESPONDER, READER, KEEPER = "responder", "reader", "keeper"
DEFINITION = "entries.leeward.dev"


class Meeting(Place):
    """One shared namespace, with an account for each Role of the manifest."""

    def __init__(self, kubeconfig: Path, context: str, folder: Path) -> None:
        super().__init__(kubeconfig, context, "", folder)
        self._apis = client.ApiextensionsV1Api(self._api)
        self._custom = client.CustomObjectsApi(self._api)
        self._places: list[SharedPlace] = []
        self._defined = False

    async def make(self) -> None:
        """What an administrator applies, and who is given what in it."""
        named = {
            role: [Subject(Who.SERVICE_ACCOUNT, role, self.namespace)] for role in (RESPONDER, READER, KEEPER)
        }
        text = manifest(self.namespace, named[RESPONDER], named[READER], named[KEEPER])
        for document in yaml.safe_load_all(text):
            await self._apply(document)
        for account in named:
            meta = {"metadata": {"name": account}}
            await self._do(self._core.create_namespaced_service_account, self.namespace, meta)
        await self._until(self._served, 30)

    async def _apply(self, document: Mapping[str, Any]) -> None:
        kind = document["kind"]
        if kind == "Namespace":
            await self._do(self._core.create_namespace, document)
        elif kind == "CustomResourceDefinition":
            await self._define(document)
        elif kind == "Role":
            await self._do(self._rbac.create_namespaced_role, self.namespace, document)
        elif kind == "RoleBinding":
            await self._do(self._rbac.create_namespaced_role_binding, self.namespace, document)
        else:
            raise AssertionError(f"the manifest has a {kind}, which nobody applies here")

    async def _define(self, document: Mapping[str, Any]) -> None:
        """Entries, unless the cluster has them already: that definition stays as it is."""
        try:
            await self._do(self._apis.create_custom_resource_definition, document)
            self._defined = True
        except client.ApiException as error:
            if error.status != 409:
                raise

    async def _served(self) -> bool:
        try:
            await self._do(
                self._custom.list_namespaced_custom_object, "leeward.dev", "v1", self.namespace, "entries"
            )
        except client.ApiException as error:
            if error.status != 404:
                raise
            return False
        return True

    async def remove(self) -> None:
        """Close what is open; delete the namespace, and the definition if it was made here."""
        for place in self._places:
            await place.close()
        if self._defined:
            await self._do(self._apis.delete_custom_resource_definition, DEFINITION)
        await super().remove()

    async def meet(self, account: str = RESPONDER) -> SharedPlace:
        """The shared place as a console of that account comes to it."""
        sharing = Sharing(kubeconfig=str(await self._written(account)), namespace=self.namespace)
        place = SharedPlace(Settings(sharing=sharing), Redactor(), 20.0)
        self._places.append(place)
        return place

    async def change(self, entry: str, spec: Mapping[str, Any]) -> client.ApiException:
        """The administrator changes an entry: what the server says to that."""
        try:
            await asyncio.to_thread(
                self._custom.patch_namespaced_custom_object,
                *("leeward.dev", "v1", self.namespace, "entries", entry, {"spec": dict(spec)}),
                _content_type="application/merge-patch+json",
            )
        except client.ApiException as error:
            return error
        raise AssertionError("the entry was changed")


def said(error: client.ApiException) -> str:
    """The message of the server's Status."""
    return str(json.loads(error.body)["message"])


@contextlib.asynccontextmanager
async def meeting_in(kubeconfig: Path, context: str, folder: Path) -> AsyncIterator[Meeting]:
    """A shared place that is made, and removed whatever happens."""
    made = Meeting(kubeconfig, context, folder)
    try:
        await made.make()
        yield made
    finally:
        await made.remove()
