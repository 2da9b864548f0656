"""What an administrator applies once, so that consoles can meet: YAML, commented for who reads it first.

It is written out by hand, since a reader is to see what is granted before applying it. Every value that
comes from outside is a JSON string, which YAML reads as the same.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

# `selectableFields` is served without a feature gate from here on (KEP-4358: beta in 1.31, GA in 1.32).
LEAST_SERVER = (1, 31)
_RBAC = "rbac.authorization.k8s.io"


class Who(StrEnum):
    """What a name stands for, as RBAC has it."""

    GROUP = "Group"
    USER = "User"
    SERVICE_ACCOUNT = "ServiceAccount"


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody to whom a Role is given; `namespace` is a service account's."""

    kind: Who
    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A Role of the shared place: its name, whom it is for, and the verbs on entries and on leases."""

    name: str
    whom: str
    entries: tuple[str, ...]
    leases: tuple[str, ...]


READ = ("get", "list", "watch")
RESPONDER = Role(
    "leeward-responder",
    "Who works incidents: writes entries, and changes none.",
    ("create", *READ),
    ("create", *READ, "update"),
)
READER = Role("leeward-reader", "Who looks on.", READ, READ)
KEEPER = Role(
    "leeward-keeper",
    "Who also removes: closed incidents past an age, and entries that were redacted.",
    (*RESPONDER.entries, "delete"),
    (*RESPONDER.leases, "delete"),
)


def subject(text: str) -> Subject:
    """`group:NAME`, `user:NAME`, `serviceaccount:NAMESPACE:NAME`; a bare name is a group's.

    Raises ValueError with a sentence for what may be either, or is no name.
    """
    if not text.strip() or not text.isprintable() or text != text.strip():
        raise ValueError(f"{text!r} is no name; write group:NAME or user:NAME.")
    kind, _, name = text.partition(":")
    if kind == "serviceaccount":
        namespace, _, account = name.partition(":")
        if not namespace or not account or ":" in account:
            raise ValueError(f"{text!r} is no service account; write serviceaccount:NAMESPACE:NAME.")
        return Subject(Who.SERVICE_ACCOUNT, account, namespace)
    if kind in ("group", "user"):
        if not name:
            raise ValueError(f"{text!r} names nobody; write {kind}:NAME.")
        return Subject(Who.GROUP if kind == "group" else Who.USER, name)
    if "@" in text:
        raise ValueError(f"{text!r} may be a user or a group; write user:{text} or group:{text}.")
    return Subject(Who.GROUP, text)


def manifest(
    namespace: str,
    responders: Iterable[Subject] = (),
    readers: Iterable[Subject] = (),
    keepers: Iterable[Subject] = (),
) -> str:
    """The manifest of a shared place, for `kubectl apply -f -`.

    Args:
        namespace: where entries and leases lie; a DNS label.
        responders, readers, keepers: whom each Role is given to; where nobody is named, a comment says
            how it is given later.
    """
    given = ((RESPONDER, tuple(responders)), (READER, tuple(readers)), (KEEPER, tuple(keepers)))
    documents = [_HEAD + _NAMESPACE.format(namespace=_quoted(namespace)), DEFINITION]
    documents += [_role(role, namespace) for role, _ in given]
    documents += [_binding(role, subjects, namespace) for role, subjects in given if subjects]
    unbound = [_how_to_bind(role, namespace) for role, subjects in given if not subjects]
    return "---\n".join(documents) + "".join(unbound)


_HEAD = """\
# The place where several Leeward consoles meet. An administrator of the cluster applies it once:
#
#   leeward share manifest | kubectl apply -f -
#
# It is for Kubernetes 1.31 and newer. A server from 1.25 on works with `kubectl apply --validate=false`:
# it does not know selectableFields, so that incidents are told apart by a label, which whoever may
# update entries could change. `leeward share check` says whether all is as it should be.
#
# Take it away with care: to delete the definition or the namespace deletes every entry in it.
"""

_NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {namespace}
"""

DEFINITION = """\
# One object is one entry of an incident's journal, named by the entry's id.
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: entries.leeward.dev
spec:
  group: leeward.dev
  scope: Namespaced
  names:
    kind: Entry
    plural: entries
    singular: entry
    shortNames: [lwe]
  versions:
    - name: v1
      served: true
      storage: true
      # So that one incident alone can be listed and watched.
      selectableFields:
        - jsonPath: .spec.incident
      additionalPrinterColumns:
        - name: Incident
          type: string
          jsonPath: .spec.incident
        - name: Kind
          type: string
          jsonPath: .spec.kind
        - name: At
          type: string
          jsonPath: .spec.occurredAt
        - name: Text
          type: string
          jsonPath: .spec.text
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [incident, kind, occurredAt, actor, line]
              properties:
                incident:
                  type: string
                  maxLength: 64
                kind:
                  type: string
                  maxLength: 64
                occurredAt:
                  type: string
                  format: date-time
                actor:
                  type: string
                  maxLength: 256
                # What the entry says, shortened, for people with other tools.
                text:
                  type: string
                  maxLength: 1024
                # The line of the journal to the letter: this alone is read back.
                line:
                  type: string
                  maxLength: 32768
                # The journal's first line, with its first entry.
                header:
                  type: string
                  maxLength: 32768
                # A long line comes in several objects: which of how many this is.
                part:
                  type: integer
                  minimum: 1
                parts:
                  type: integer
                  minimum: 1
              # Whoever asks: the server itself lets nobody change what an entry says.
              x-kubernetes-validations:
                - rule: self == oldSelf
                  message: entries are immutable
"""


def _role(role: Role, namespace: str) -> str:
    return f"""\
# {role.whom}
apiVersion: {_RBAC}/v1
kind: Role
metadata:
  name: {role.name}
  namespace: {_quoted(namespace)}
rules:
  - apiGroups: [leeward.dev]
    resources: [entries]
    verbs: [{", ".join(role.entries)}]
  # Who is here, who has command, and which target is being changed.
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    verbs: [{", ".join(role.leases)}]
"""


def _binding(role: Role, subjects: Iterable[Subject], namespace: str) -> str:
    return f"""\
apiVersion: {_RBAC}/v1
kind: RoleBinding
metadata:
  name: {role.name}
  namespace: {_quoted(namespace)}
roleRef:
  apiGroup: {_RBAC}
  kind: Role
  name: {role.name}
subjects:
{"".join(line for one in subjects for line in _subject(one))}"""


def _subject(one: Subject) -> Iterator[str]:
    yield f"  - kind: {one.kind}\n    name: {_quoted(one.name)}\n"
    if one.kind is Who.SERVICE_ACCOUNT:
        yield f"    namespace: {_quoted(one.namespace)}\n"
    else:
        yield f"    apiGroup: {_RBAC}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _how_to_bind(role: Role, namespace: str) -> str:
    return (
        f"# Nobody was named for {role.name}. To give it, now or later:\n"
        f"#   kubectl --namespace {namespace} create rolebinding {role.name}"
        f" --role {role.name} --group GROUP\n"
    )
