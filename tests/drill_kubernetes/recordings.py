"""The recorded exchanges with a real API server, and what is compared of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "recordings" / "kubernetes-api"
_CHANGING = {
    "uid", "resourceVersion", "creationTimestamp", "time", "lastUpdateTime", "lastTransitionTime",
    "startedAt", "startTime", "firstTimestamp", "lastTimestamp", "containerID", "hostIP", "podIP",
    "podIPs", "host", "nodeName", "continue", "remainingItemCount", "description", "serverAddress",
    "pod-template-hash", "buildDate",
}  # fmt: skip
_HASHED = re.compile(
    r"\b(mistral-service|broken|worker)-(?!service)[a-z0-9]{8,10}(-[a-z0-9]{5})?\b(\.[0-9a-f]{16})?"
)


def load(name: str) -> dict[str, Any]:
    """One recording."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def comparable(value: Any) -> Any:
    """The value without what differs between any two clusters: uids, times, versions, hashes, addresses.

    Managers are sorted by name: the server sorts them by the second of their writes.
    """
    if isinstance(value, dict):
        if "managedFields" in value:
            entries = sorted(
                value["managedFields"], key=lambda entry: (entry["manager"], "subresource" in entry)
            )
            value = {**value, "managedFields": entries}
        return {
            comparable(key): "*" if key in _CHANGING and not isinstance(item, dict) else comparable(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, str):
        text = re.sub(r'k:\{\\?"uid\\?":.*', "k:uid", value)
        return _HASHED.sub(r"\1-HASH", text)
    return value
