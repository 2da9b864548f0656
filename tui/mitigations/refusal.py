"""A change that was not made, or of which it is not known, in words."""

from tui.clients.cluster_errors import ClusterError, Reason


class Refused(Exception):
    """The protocol stops here.

    Attributes:
        said: what happened and what did not, whole sentences, safe to show.
        remedy: what to do now.
        changed: whether the world is changed all the same.
        outcome: `refused`, or `unknown` where nobody can tell whether the change was made.
        reason: the cluster's reason, where the cluster refused.
    """

    def __init__(
        self,
        said: str,
        remedy: str = "",
        changed: bool = False,
        *,
        outcome: str = "refused",
        reason: Reason | None = None,
    ) -> None:
        super().__init__(f"{said} {remedy}".strip())
        self.said = said
        self.remedy = remedy
        self.changed = changed
        self.outcome = outcome
        self.reason = reason


def refused_by(error: ClusterError) -> Refused:
    """The cluster's refusal as the protocol's; nothing was changed by what was asked."""
    return Refused(error.said, error.remedy, reason=error.reason)
