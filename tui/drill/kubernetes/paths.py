"""What a request's path and method name: a resource, a namespace, an object, and what is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui.drill.kubernetes import status
from tui.drill.kubernetes.definitions import Catalogue
from tui.drill.kubernetes.rbac import Ask
from tui.drill.kubernetes.resources import NAMESPACES, Resource


@dataclass(frozen=True)
class Target:
    """What a path names."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def ask(self, verb: str) -> Ask:
        """The attributes by which it is authorized."""
        resource = self.resource
        # As in the real one, a namespace's own name is also the namespace of the request.
        place = self.namespace or (self.name if resource == NAMESPACES else "")
        return Ask(verb, resource.group, resource.name, place, self.name, self.subresource)


def parse(parts: list[str], catalogue: Catalogue) -> Target:
    """The object or collection that a path names; raises 404 where nothing is served."""
    if parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise status.no_such_path()
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = catalogue.find(group, version, rest[0]) if rest else None
    name, subresource = [*rest[1:], "", ""][:2]
    if resource is None or len(rest) > 3 or bool(namespace) != _in_namespace(resource, namespace, name):
        raise status.no_such_path()
    if subresource and resource.subresource(subresource) is None:
        raise status.no_such_path()
    return Target(resource, namespace, name, subresource)


def _in_namespace(resource: Resource, namespace: str, name: str) -> bool:
    """Whether the path must name a namespace: an object's must, a collection's may."""
    return resource.namespaced and bool(namespace or name)


def verb_of(method: str, query: Mapping[str, str], target: Target) -> str:
    """The verb by which the request is authorized; raises 405 for what cannot be done there."""
    if method in ("GET", "HEAD"):
        if target.name:
            return "get"
        return "watch" if query.get("watch") in ("true", "1") else "list"
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    on_collection = not target.name or target.subresource == "token"
    if method not in verbs or (method == "POST") != on_collection:
        raise status.method_not_allowed()
    return verbs[method]
