"""What a client reads first: version, groups, and the resources of each group.

`/apis` lists only the groups that are served: kubectl complains of every other one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tui.drill.kubernetes.resources import Resource, Subresource

Body = dict[str, Any]
VERSION: Body = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
    "gitTreeState": "clean",
    "buildDate": "2026-08-21T00:00:00Z",
    "goVersion": "go1.27.3-X:nojsonv2",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def versions(address: str) -> Body:
    """`/api`: the core versions, and where the server is."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def _group(resource: Resource) -> Body:
    version = {"groupVersion": resource.api_version, "version": resource.version}
    return {"name": resource.group, "versions": [version], "preferredVersion": version}


def groups(served: Iterable[Resource]) -> Body:
    """`/apis`: each served group once."""
    found = {resource.group: _group(resource) for resource in served if resource.group}
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(found.values())}


def group(served: Iterable[Resource], name: str) -> Body | None:
    """`/apis/{group}`, or None for a group that is not served."""
    for resource in served:
        if resource.group == name and name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(resource)}
    return None


def resources(served: Iterable[Resource], group_name: str, version: str) -> Body | None:
    """`/api/v1` or `/apis/{group}/{version}`, or None where nothing is served."""
    found = [item for item in served if (item.group, item.version) == (group_name, version)]
    if not found:
        return None
    entries = []
    for resource in sorted(found, key=lambda item: item.name):
        entries.append(_entry(resource))
        entries += [_below(resource, item) for item in resource.subresources]
    named = {"apiVersion": "v1"} if group_name else {}
    return {"kind": "APIResourceList", **named, "groupVersion": found[0].api_version, "resources": entries}


def _below(resource: Resource, item: Subresource) -> Body:
    entry: Body = {
        "name": f"{resource.name}/{item.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": item.kind,
        "verbs": list(item.verbs),
    }
    return {**entry, "group": item.group, "version": item.version} if item.group else entry


def _entry(resource: Resource) -> Body:
    entry: Body = {
        "name": resource.name,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.storage_hash:
        entry["storageVersionHash"] = resource.storage_hash
    return entry
