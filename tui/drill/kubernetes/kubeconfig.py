"""The kubeconfig that clients are given: one context, certificate authority and token inline."""

from __future__ import annotations

import base64

import yaml

CONTEXT = "prod-eu"


def text(server: str, authority: bytes, user: str, token: str, namespace: str) -> str:
    """A kubeconfig as YAML. It holds a token: keep the file private."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [
                {"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user, "namespace": namespace}}
            ],
            "current-context": CONTEXT,
        },
        sort_keys=False,
    )
