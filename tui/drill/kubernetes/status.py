"""What the API server says when it refuses: `Status` objects, worded as a real v1.36 server words them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tui.drill.kubernetes.resources import Resource

Body = dict[str, Any]


class Refusal(Exception):
    """A request that is answered with a Status instead of an object."""

    def __init__(self, code: int, reason: str, message: str, details: Body | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body: Body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            **({} if details is None else {"details": details}),
            "code": code,
        }


@dataclass(frozen=True)
class Cause:
    """One field that is wrong: the reason's name, the words, and the field's path."""

    reason: str
    message: str
    field: str

    def body(self) -> Body:
        """The cause as it stands in `details.causes`."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


def _details(resource: Resource, name: str) -> Body:
    details = {"name": name, "group": resource.group, "kind": resource.name}
    return {key: text for key, text in details.items() if text}


def unauthorized() -> Refusal:
    """401: no token, or one that is unknown or has expired; the server does not tell which."""
    return Refusal(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str) -> Refusal:
    """403 with the reason that the authorizer or an admission plugin gave."""
    shown = f'{resource.qualified} "{name}"' if name else resource.qualified
    return Refusal(403, "Forbidden", f"{shown} is forbidden: {why}", _details(resource, name))


def not_found(resource: Resource, name: str) -> Refusal:
    """404 for a name."""
    return Refusal(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_path() -> Refusal:
    """404 for a path that nothing serves."""
    return Refusal(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> Refusal:
    """409 for a create of a name that is taken."""
    return Refusal(
        409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name)
    )


def conflict(resource: Resource, name: str) -> Refusal:
    """409 for a resourceVersion that is no longer the object's."""
    return Refusal(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again",
        _details(resource, name),
    )


def precondition_failed(resource: Resource, name: str, field: str, given: str, live: str) -> Refusal:
    """409 for a delete whose uid or resourceVersion is no longer the object's."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    became = "modified" if field == "ResourceVersion" else "deleted and then recreated"
    why = f"the {field} in the precondition ({given}) does not match the {field} in record ({live})"
    message = f'Operation cannot be fulfilled on {kind} "{name}": {why}. The object might have been {became}'
    return Refusal(409, "Conflict", message, {**_details(resource, name), "kind": resource.kind})


def another_object(resource: Resource, namespace: str, name: str, given: str, live: str) -> Refusal:
    """409 for an update of an object with another uid, or of one that is gone (`live` is "")."""
    folder = f"{resource.group}/{resource.name}" if resource.definition else resource.name
    why = (
        f"StorageError: invalid object, Code: 4, Key: /registry/{folder}/{namespace}/{name}, "
        "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
        f"UID in precondition: {given}, UID in object meta: {live}"
    )
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return Refusal(409, "Conflict", message, _details(resource, name))


def version_required(resource: Resource, name: str) -> Refusal:
    """422 for an update without a resourceVersion of what may not be written over unseen."""
    why = "Invalid value: 0x0: must be specified for an update"
    cause = Cause("FieldValueInvalid", why, "metadata.resourceVersion")
    return _invalid(resource.qualified, name, _details(resource, name), [cause])


def body_too_large(limit: int) -> Refusal:
    """413 for a body that the server does not even read."""
    return Refusal(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def object_too_large() -> Refusal:
    """500 for an object that etcd does not take; the server passes its words on, and gives no reason."""
    refusal = Refusal(500, "", "etcdserver: request is too large")
    del refusal.body["reason"]
    return refusal


def apply_conflict(found: Sequence[tuple[str, str]]) -> Refusal:
    """409 for fields that others own; `found` is (manager with version, dotted path)."""
    count = len(found)
    if count == 1:
        told = f"conflict with {found[0][0]}: {found[0][1]}"
    else:
        told = "\n".join(f"conflict with {who}: {path}" for who, path in found)
    causes = [Cause("FieldManagerConflict", f"conflict with {who}", path).body() for who, path in found]
    plural = "conflict" if count == 1 else "conflicts"
    return Refusal(409, "Conflict", f"Apply failed with {count} {plural}: {told}", {"causes": causes})


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> Refusal:
    """422 of validation, with each field that is wrong."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return _invalid(kind, name, {**_details(resource, name), "kind": resource.kind}, causes)


def _invalid(kind: str, name: str, details: Body, causes: Sequence[Cause]) -> Refusal:
    told = [f"{cause.field}: {cause.message}" for cause in causes]
    text = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    whole = {**details, "causes": [cause.body() for cause in causes]}
    return Refusal(422, "Invalid", f'{kind} "{name}" is invalid: {text}', whole)


def strict_decoding(patch: Any, unknown: Sequence[str]) -> Refusal:
    """422 of fieldValidation=Strict on a patch; the server prints the patch as Go prints a map."""
    faults = ", ".join(f'unknown field "{path}"' for path in unknown)
    message = f'Invalid value: "{go_text(patch)}": strict decoding error: {faults}'
    causes = [Cause("FieldValueInvalid", message, "patch").body()]
    return Refusal(422, "Invalid", f' "" is invalid: patch: {message}', {"causes": causes})


def patch_refused() -> Refusal:
    """422 of a JSON patch that does not apply; the server does not say which operation failed."""
    message = "the server rejected our request due to an error in our request"
    return Refusal(422, "Invalid", message, {})


def bad_request(message: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", message)


def unsupported_media_type(accepted: Sequence[str]) -> Refusal:
    """415: the body is of a type that this verb does not take."""
    types = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {types}"
    return Refusal(415, "UnsupportedMediaType", message, {})


def method_not_allowed() -> Refusal:
    """405: the path exists, the verb does not."""
    return Refusal(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {}
    )


def expired(asked: int, oldest: int) -> Refusal:
    """410 of a watch: the history no longer reaches back to that resourceVersion."""
    return Refusal(410, "Expired", f"too old resource version: {asked} ({oldest})")


def list_expired() -> Refusal:
    """410 of a list: what was at exactly that resourceVersion is forgotten."""
    return Refusal(410, "Expired", "The resourceVersion for the provided list is too old.")


def continue_expired(token: str) -> Refusal:
    """410 of a further page; `token` is with what the list goes on as it is by now."""
    refusal = Refusal(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a "
        "new list without the continue parameter, or use the continue token in this response to retrieve "
        "the remainder of the results. Continuing with the provided token results in an inconsistent list "
        "- objects that were created, modified, or deleted between the time the first chunk was returned "
        "and now may show up in the list.",
    )
    refusal.body["metadata"] = {"continue": token}
    return refusal


def version_to_come(asked: int, now: int) -> Refusal:
    """504: nothing is known of that resourceVersion yet."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {asked}, current: {now}"
    return Refusal(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1})


def invalid_options(causes: Sequence[Cause]) -> Refusal:
    """422 of list options that do not go together."""
    return _invalid("ListOptions.meta.k8s.io", "", {"group": "meta.k8s.io", "kind": "ListOptions"}, causes)


def go_text(value: Any) -> str:
    """A JSON value as Go's %v prints it: `map[a:1 b:[x y]]`."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text(item) for item in value) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
