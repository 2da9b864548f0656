"""The place where several consoles meet, as an administrator would have made it: definition and namespace.

The definition is the drill's own copy of what `leeward share manifest` prints; a test holds both together.
"""

from __future__ import annotations

from typing import Any

from tui.drill.kubernetes.definitions import UNCHANGED, defaulted, establish
from tui.drill.kubernetes.encoding import copied
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import CUSTOM_RESOURCES, NAMESPACES
from tui.drill.kubernetes.store import Store

Obj = dict[str, Any]
GROUP, ENTRIES = "leeward.dev", "entries"
_COLUMNS = {"Incident": "incident", "Kind": "kind", "At": "occurredAt", "Text": "text"}
_WRITER = Writer("kubectl-client-side-apply")


def _text(most: int) -> Obj:
    return {"type": "string", "maxLength": most}


_SPEC: Obj = {
    "type": "object",
    "required": ["incident", "kind", "occurredAt", "actor", "line"],
    "properties": {
        "incident": _text(64),
        "kind": _text(64),
        "occurredAt": {"type": "string", "format": "date-time"},
        "actor": _text(256),
        "text": _text(1024),
        "line": _text(32768),
        "header": _text(32768),
        "part": {"type": "integer", "minimum": 1},
        "parts": {"type": "integer", "minimum": 1},
    },
    "x-kubernetes-validations": [{"rule": UNCHANGED, "message": "entries are immutable"}],
}
_VERSION: Obj = {
    "name": "v1",
    "served": True,
    "storage": True,
    "selectableFields": [{"jsonPath": ".spec.incident"}],
    "additionalPrinterColumns": [
        {"name": name, "type": "string", "jsonPath": f".spec.{field}"} for name, field in _COLUMNS.items()
    ],
    "schema": {
        "openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {"spec": _SPEC}},
    },
}


def definition() -> Obj:
    """The definition of entries, as it is applied."""
    names = {"kind": "Entry", "plural": ENTRIES, "singular": "entry", "shortNames": ["lwe"]}
    return {
        "apiVersion": CUSTOM_RESOURCES.api_version,
        "kind": CUSTOM_RESOURCES.kind,
        "metadata": {"name": f"{ENTRIES}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": names,
            "versions": [copied(_VERSION)],
        },
    }


def found(store: Store, namespace: str) -> None:
    """Makes the place: entries are served from here on."""
    labels = {"kubernetes.io/metadata.name": namespace}
    space = {"metadata": {"name": namespace, "labels": labels}, "spec": {"finalizers": ["kubernetes"]},
             "status": {"phase": "Active"}}  # fmt: skip
    store.create(NAMESPACES, space, _WRITER)
    store.create(CUSTOM_RESOURCES, defaulted(definition()), _WRITER)
    establish(store)
