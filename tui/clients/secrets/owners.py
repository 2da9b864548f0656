"""Who owns a Secret: what an operator makes must be changed at its source, or it comes back."""

import re
from collections.abc import Mapping
from typing import Any

from tui.clients.cluster_http import at
from tui.model.text import clean

Json = Mapping[str, Any]
_LONGEST = 120
# What an operator is called, by what its owner, its marks or its field manager are called.
_OPERATORS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"external-?secrets?", re.IGNORECASE), "External Secrets"),
    (re.compile(r"sealed-?secrets?", re.IGNORECASE), "Sealed Secrets"),
    (re.compile(r"secrets\.hashicorp\.com|vault", re.IGNORECASE), "the Vault operator"),
    (re.compile(r"secrets-store", re.IGNORECASE), "the Secrets Store CSI driver"),
)
_SOURCES = {
    "External Secrets": "the store that it names (kubectl describe externalsecret)",
    "Sealed Secrets": "the SealedSecret in git, sealed anew with kubeseal",
    "the Vault operator": "the Vault path that it names",
    "the Secrets Store CSI driver": "the store that its SecretProviderClass names",
}
_DECLARED = (
    (re.compile(r"argocd"), "declared in git, by argocd: self-heal may undo this at any moment"),
    (
        re.compile(r"kustomize-controller|helm-controller|toolkit\.fluxcd\.io"),
        "declared in git, by flux: the next reconciliation may undo this",
    ),
    (re.compile(r"\bhelm\b|meta\.helm\.sh"), "owned by Helm: the next release resets it"),
)


def operator_of(found: Json) -> str:
    """Why a Secret must not be patched, as a clause that names its source; "" where nobody makes it."""
    for owner in _owners(found):
        named = clean(f"{owner.get('kind') or '?'} {owner.get('name') or '?'}", limit=_LONGEST)
        operator = _operator(f"{owner.get('apiVersion')} {owner.get('kind')}")
        if operator or owner.get("controller") is True:
            return f"it is made by {named}{_source(operator)}"
    operator = _operator(" ".join((*_marks(found), *_managers(found))))
    return f"it is made by {operator}{_source(operator)}" if operator else ""


def declared_by(found: Json) -> str:
    """Who else declares it, in the words of a preview; "" where nobody is told."""
    told = " ".join((*_marks(found), *_managers(found))).lower()
    return next((words for pattern, words in _DECLARED if pattern.search(told)), "")


def _operator(text: str) -> str:
    return next((name for pattern, name in _OPERATORS if pattern.search(text)), "")


def _source(operator: str) -> str:
    return f", which would overwrite it: change {_SOURCES[operator]}" if operator else ""


def _owners(found: Json) -> list[Json]:
    owners = at(found, "metadata", "ownerReferences")
    return [owner for owner in owners if isinstance(owner, Mapping)] if isinstance(owners, list) else []


def _marks(found: Json) -> list[str]:
    """Names of labels and annotations, and who the labels say manages it."""
    labels, notes = at(found, "metadata", "labels"), at(found, "metadata", "annotations")
    names = [str(name) for marks in (labels, notes) if isinstance(marks, Mapping) for name in marks]
    manager = at(found, "metadata", "labels", "app.kubernetes.io/managed-by")
    return [*names, str(manager or "")]


def _managers(found: Json) -> list[str]:
    fields = at(found, "metadata", "managedFields")
    return (
        [str(f.get("manager") or "") for f in fields if isinstance(f, Mapping)]
        if isinstance(fields, list)
        else []
    )
