"""A change that was not made, or of which it is not known, in words."""

from collections.abc import Mapping
from typing import Any

from tui.clients.cluster_errors import ClusterError, Reason


class Refused(Exception):
    """The protocol stops here.

    Attributes:
        said: what happened and what did not, whole sentences, safe to show.
        remedy: what to do now.
        changed: whether the world is changed all the same.
        outcome: `refused`, `unknown` where nobody can tell whether the change was made, or `failed`
            where a command ran and did not succeed.
        reason: the cluster's reason, where the cluster refused.
        kept: what the journal keeps of it beside the words.
    """

    def __init__(
        self,
        said: str,
        remedy: str = "",
        changed: bool = False,
        *,
        outcome: str = "refused",
        reason: Reason | None = None,
        kept: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{said} {remedy}".strip())
        self.said = said
        self.remedy = remedy
        self.changed = changed
        self.outcome = outcome
        self.reason = reason
        self.kept = dict(kept or {})


def refused_by(error: ClusterError) -> Refused:
    """The cluster's refusal as the protocol's; nothing was changed by what was asked."""
    return Refused(error.said, error.remedy, reason=error.reason)


def rewritten(would: str) -> Refused:
    """The refusal of a change that the cluster would store as something else, as its dry run told."""
    return Refused(
        f"The cluster would {would}: a policy rewrites it. Nothing was changed.",
        "Ask whoever owns the cluster's admission policies.",
    )
