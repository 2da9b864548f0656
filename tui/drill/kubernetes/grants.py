"""Service accounts: the tokens that they are given, and what role bindings let them do."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from tui.drill.kubernetes.rbac import Rule, User
from tui.drill.kubernetes.resources import ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS
from tui.drill.kubernetes.store import Store, stamp

Obj = dict[str, Any]
_LEAST_S, _USUAL_S = 600, 3600


class ServiceTokens:
    """The tokens that were asked for, with whom each is and until when it is good."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._issued: dict[str, tuple[str, str, datetime]] = {}

    def issue(self, namespace: str, name: str, body: Obj) -> Obj:
        """The answer to a TokenRequest; raises 404 for an account that is not there."""
        account = self._store.get(SERVICE_ACCOUNTS, namespace, name)
        asked = (body.get("spec") or {}).get("expirationSeconds") or _USUAL_S
        until = self._store.now() + timedelta(seconds=max(int(asked), _LEAST_S))
        token = secrets.token_urlsafe(32)
        self._issued[token] = (namespace, account["metadata"]["uid"], until)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": stamp(self._store.now())},
            "spec": {**(body.get("spec") or {}), "expirationSeconds": int(asked)},
            "status": {"token": token, "expirationTimestamp": stamp(until)},
        }

    def user(self, token: str) -> User | None:
        """Whose token it is, with the rules that are bound now; None for one that is not good."""
        for known, (namespace, uid, until) in self._issued.items():
            if secrets.compare_digest(known.encode(), token.encode()) and until > self._store.now():
                return self._account(namespace, uid)
        return None

    def _account(self, namespace: str, uid: str) -> User | None:
        for account in self._store.all(SERVICE_ACCOUNTS, namespace):
            if account["metadata"]["uid"] == uid:
                name = account["metadata"]["name"]
                groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
                rules = bound(self._store, namespace, name)
                return User(f"system:serviceaccount:{namespace}:{name}", groups, rules)
        return None


def bound(store: Store, namespace: str, account: str) -> tuple[Rule, ...]:
    """The rules that role bindings, of any namespace, give to a service account."""
    found: list[Rule] = []
    for binding in store.all(ROLE_BINDINGS):
        place = binding["metadata"]["namespace"]
        if not any(_is(subject, namespace, account, place) for subject in binding.get("subjects") or []):
            continue
        role = store.find(ROLES, place, binding["roleRef"]["name"])
        if role is not None and binding["roleRef"]["kind"] == "Role":
            found += [_rule(rule, place) for rule in role.get("rules") or []]
    return tuple(found)


def _is(subject: Obj, namespace: str, account: str, place: str) -> bool:
    return subject.get("kind") == "ServiceAccount" and (
        subject.get("namespace") or place,
        subject.get("name"),
    ) == (namespace, account)


def _rule(rule: Obj, namespace: str) -> Rule:
    verbs, groups, resources = (tuple(rule.get(name) or ()) for name in ("verbs", "apiGroups", "resources"))
    return Rule(verbs, groups, resources, (namespace,), tuple(rule.get("resourceNames") or ()))
