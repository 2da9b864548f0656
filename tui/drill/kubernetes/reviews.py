"""Who am I, and may I: the self-subject reviews."""

from __future__ import annotations

from typing import Any

from tui.drill.kubernetes import managed_fields, status
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.rbac import Ask, User
from tui.drill.kubernetes.resources import ACCESS_REVIEWS, SUBJECT_REVIEWS

Obj = dict[str, Any]
_ORDER = ("namespace", "verb", "group", "version", "resource", "subresource", "name")


def access(user: User, body: Obj, manager: str, at: str) -> Obj:
    """The answer to a SelfSubjectAccessReview."""
    spec = body.get("spec") or {}
    asked = spec.get("resourceAttributes")
    if asked is None and spec.get("nonResourceAttributes") is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = status.Cause("FieldValueInvalid", f"Invalid value: {why}", "spec.resourceAttributes")
        raise status.invalid(ACCESS_REVIEWS, "", [cause])
    shown: Obj = {}
    if asked is not None:
        shown["resourceAttributes"] = {key: asked[key] for key in _ORDER if asked.get(key)}
    else:
        shown["nonResourceAttributes"] = spec["nonResourceAttributes"]
    review = {
        "kind": ACCESS_REVIEWS.kind,
        "apiVersion": ACCESS_REVIEWS.api_version,
        "metadata": {},
        "spec": shown,
    }
    entries = managed_fields.updated(
        [],
        {},
        {"spec": shown},
        Writer(manager),
        schema=ACCESS_REVIEWS.schema,
        api_version=ACCESS_REVIEWS.api_version,
        at=at,
    )
    allowed = asked is not None and user.may(_ask(asked))
    return {**review, "metadata": {"managedFields": entries}, "status": {"allowed": allowed}}


def _ask(attributes: Obj) -> Ask:
    return Ask(
        verb=attributes.get("verb", ""),
        group=attributes.get("group", ""),
        resource=attributes.get("resource", ""),
        namespace=attributes.get("namespace", ""),
        name=attributes.get("name", ""),
        subresource=attributes.get("subresource", ""),
    )


def subject(user: User, credential: str, at: str) -> Obj:
    """The answer to a SelfSubjectReview."""
    extra = {"authentication.kubernetes.io/credential-id": [credential]}
    info = {"username": user.name, "groups": [*user.groups, "system:authenticated"], "extra": extra}
    return {
        "kind": SUBJECT_REVIEWS.kind,
        "apiVersion": SUBJECT_REVIEWS.api_version,
        "metadata": {"creationTimestamp": at},
        "status": {"userInfo": info},
    }
