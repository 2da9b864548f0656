"""As much of `/openapi/v2` as kubectl 1.20 reads before `--dry-run=server`.

It takes protobuf alone, and looks for the PATCH operation of a kind and its parameter `dryRun`. Field
numbers are those of gnostic's openapi_v2/OpenAPIv2.proto.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from tui.drill.kubernetes.protobuf import message
from tui.drill.kubernetes.resources import Resource

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_DOCUMENT_SWAGGER, _DOCUMENT_PATHS, _PATHS_PATH, _ITEM_PATCH = 1, 8, 2, 8
_OPERATION_PARAMETERS, _OPERATION_EXTENSION = 8, 13


def document(served: Iterable[Resource]) -> bytes:
    """The description of every operation that can be dry run."""
    paths = [(_PATHS_PATH, _path(item)) for item in served if "patch" in item.verbs]
    return message((_DOCUMENT_SWAGGER, "2.0"), (_DOCUMENT_PATHS, message(*paths)))


def _path(resource: Resource) -> bytes:
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    name = f"{root}/namespaces/{{namespace}}/{resource.name}/{{name}}"
    return message((1, name), (2, message((_ITEM_PATCH, _operation(resource)))))


def _operation(resource: Resource) -> bytes:
    query = message((2, "query"), (4, "dryRun"))
    parameter = message((1, message((2, message((3, query))))))
    names = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    extension = message((1, "x-kubernetes-group-version-kind"), (2, message((2, json.dumps(names)))))
    return message((_OPERATION_PARAMETERS, parameter), (_OPERATION_EXTENSION, extension))
